"""What the table cannot say: bodies, lists and cursors that name another's, and accounts that come and go."""

from dataclasses import dataclass
from uuid import uuid4

import httpx
import pytest

from ledger.identifiers import Commune
from tests.http.world import Who, World, box, made, refused


@dataclass
class Town:
    """A family with a bit of everything, and everybody who could ask about it."""

    world: World
    child: str
    household: str
    guardian: str

    @classmethod
    def settle(cls, world: World) -> "Town":
        household = world.household("parent-1")
        child = world.child(household, "cantine", "mercredis")
        agent = world.agent
        guardian = made(agent.post(f"/households/{household}/guardians"))["guardian"]
        world.family("stranger-1", "mercredis")
        for day in ("2024-03-20", "2024-03-13"):
            made(agent.ask(child, "mercredis", day))
        return cls(world, child, household, guardian)

    def who(self, name: str) -> Who:
        role, subject = {"parent": ("guardian", "parent-1"), "stranger": ("guardian", "stranger-1")}[name]
        return self.world.who(role, subject)


@pytest.fixture
def town(world: World) -> Town:
    return Town.settle(world)


def test_a_body_that_names_another_s_child_reads_like_one_that_names_nobody(town: Town) -> None:
    stranger = town.who("stranger")
    own = made(stranger.get("/me"), 200)["children"][0]["child"]
    for path in ("/demandes", "/demandes/preview"):
        asked = {"activity": "mercredis", "reserve": [box("2024-03-27 journee")]}
        for also in ({"child": town.child}, {"child": own, "also_for": [town.child]}):
            foreign = seen(stranger.post(path, {**asked, **also}))
            nobody = {key: [str(uuid4())] if key == "also_for" else value for key, value in also.items()}
            nobody["child"] = own if "also_for" in also else str(uuid4())
            assert foreign == seen(stranger.post(path, {**asked, **nobody}))
            assert foreign[0] == 404
    assert made(stranger.get("/demandes"), 200) == {"demandes": [], "next": None}


def seen(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """What a stranger can compare: everything but the date and the correlation."""
    headers = {name: value for name, value in answer.headers.items() if name not in ("date", "x-request-id")}
    return answer.status_code, answer.content, headers


def test_a_list_holds_nothing_of_another_family_however_it_is_asked(town: Town) -> None:
    stranger = town.who("stranger")
    for asked in (
        {},
        {"child": town.child},
        {"household": town.household},
        {"status": "en_cours"},
        {"order": "oldest"},
    ):
        assert made(stranger.get("/demandes", **asked), 200) == {"demandes": [], "next": None}
    me = made(stranger.get("/me"), 200)
    assert town.child not in str(me)
    assert town.household not in str(me)
    mine = made(town.who("parent").get("/demandes", limit=1), 200)
    carried = made(stranger.get("/demandes", cursor=mine["next"]), 200)
    assert carried == {"demandes": [], "next": None}, "a cursor is a place in a list, not a key to it"


def test_a_town_reads_nothing_of_another(town: Town) -> None:
    neighbour = town.world.of(Commune(f"{town.world.commune}-bis"))
    agent = neighbour.agent
    assert made(agent.get("/demandes"), 200) == {"demandes": [], "next": None}
    for path in (f"/children/{town.child}", f"/households/{town.household}", "/demandes/1", "/demandes/2"):
        assert agent.get(path).status_code == 404
    assert agent.post("/children", {"household": town.household}).status_code == 404
    marks = [{"child": town.child, "presence": "present"}]
    neighbour.adopt()
    sheet = {"activity": "cantine", "unit": "repas", "day": "2024-01-15", "children": marks}
    assert agent.post("/attendance", sheet).status_code == 404


def test_a_guardian_without_an_account_in_the_ledger_has_nobody_whatever_the_token_says(town: Town) -> None:
    newcomer = town.world.guardian("newcomer")
    assert made(newcomer.get("/me"), 200)["children"] == []
    assert newcomer.get(f"/children/{town.child}").status_code == 404
    path = f"/households/{town.household}/guardians/{town.guardian}/account"
    made(town.world.agent.post(path, {"subject": "newcomer"}), 200)
    assert newcomer.get(f"/children/{town.child}").status_code == 200, "read at the moment of the question"


def test_an_account_that_is_taken_away_sees_nothing_from_that_instant(town: Town) -> None:
    newcomer = town.world.guardian("newcomer")
    path = f"/households/{town.household}/guardians/{town.guardian}/account"
    made(town.world.agent.post(path, {"subject": "newcomer"}), 200)
    assert newcomer.get(f"/children/{town.child}/calendar", month="2024-01").status_code == 200
    assert made(town.world.agent.delete(path), 200)["subject"] is None
    assert newcomer.get(f"/children/{town.child}/calendar", month="2024-01").status_code == 404
    assert made(newcomer.get("/me"), 200)["children"] == []
    refused(town.world.agent.delete(path), "not_linked")


def test_the_empty_subject_of_an_unlinked_guardian_is_nobody_s_account(town: Town) -> None:
    assert made(town.world.agent.get(f"/households/{town.household}"), 200)["guardians"][-1]["subject"] in (
        None,
        "parent-1",
    )
    token = town.world.token("guardian", "")
    empty = Who(http=town.world.http, token=token, commune=town.world.commune)
    assert empty.get("/me").status_code == 401
