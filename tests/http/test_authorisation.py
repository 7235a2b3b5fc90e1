"""Who may do what: every route, for everybody who could knock; and a stranger cannot tell forbidden from unknown."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest

from ledger.identifiers import Commune
from tests.http.world import Who, World, box, made, refused

EVERYBODY = ("nobody", "parent", "stranger", "elsewhere", "agent", "agent elsewhere", "auditor", "billing", "admin")
"""Nobody: no token. Stranger: a guardian of another family. Elsewhere: of another town, asking for this one."""

INSIDE = frozenset({"parent", "stranger", "agent", "auditor", "billing", "admin"})
FAMILY = frozenset({"parent", "agent", "auditor"})
STAFF = frozenset({"agent", "auditor"})
AGENT = frozenset({"agent"})

ALLOWED: Mapping[str, frozenset[str]] = {
    "GET /v1/{commune}/me": INSIDE,
    "POST /v1/{commune}/children": AGENT,
    "GET /v1/{commune}/children/{child}": FAMILY,
    "GET /v1/{commune}/children/{child}/enrolments": FAMILY,
    "POST /v1/{commune}/children/{child}/enrolments": AGENT,
    "POST /v1/{commune}/children/{child}/enrolments/{enrolment}/end": AGENT,
    "GET /v1/{commune}/children/{child}/calendar": FAMILY,
    "POST /v1/{commune}/demandes": frozenset({"parent", "agent"}),
    "POST /v1/{commune}/demandes/preview": frozenset({"parent", "agent"}),
    "GET /v1/{commune}/demandes": FAMILY | {"stranger"},
    "GET /v1/{commune}/demandes/{number}": FAMILY,
    "DELETE /v1/{commune}/demandes/{number}": frozenset({"parent", "agent"}),
    "POST /v1/{commune}/demandes/{number}/decision": AGENT,
    "POST /v1/{commune}/decisions": AGENT,
    "POST /v1/{commune}/households": AGENT,
    "GET /v1/{commune}/households/{household}": FAMILY,
    "POST /v1/{commune}/households/{household}/guardians": AGENT,
    "GET /v1/{commune}/households/{household}/guardians": FAMILY,
    "POST /v1/{commune}/households/{household}/guardians/{guardian}/account": AGENT,
    "DELETE /v1/{commune}/households/{household}/guardians/{guardian}/account": AGENT,
    "POST /v1/{commune}/attendance": AGENT,
    "GET /v1/{commune}/activities/{activity}/day-sheet": STAFF,
    "GET /v1/{commune}/rulebook": INSIDE,
    "GET /v1/{commune}/rulebook/versions": INSIDE,
    "GET /v1/{commune}/rulebook/versions/{version}": INSIDE,
    "POST /v1/{commune}/rulebook/versions": frozenset({"admin"}),
    "GET /v1/{commune}/activities": INSIDE,
    "GET /v1/{commune}/activities/{activity}/places": STAFF,
    "GET /v1/{commune}/closures": INSIDE,
    "POST /v1/{commune}/closures": AGENT,
    "DELETE /v1/{commune}/closures/{day}": AGENT,
    "POST /v1/{commune}/capacities": AGENT,
}
OPEN = ("GET /livez", "GET /readyz", "GET /metrics")
ABOUT_A_FAMILY = ("{child}", "{household}", "{number}")


@dataclass
class Town:
    """A family with a bit of everything, and everybody who could ask about it."""

    world: World
    child: str
    household: str
    guardian: str
    enrolment: str
    number: int
    waiting: int

    @classmethod
    def settle(cls, world: World) -> "Town":
        household = world.household("parent-1")
        child = world.child(household, "cantine", "mercredis")
        agent = world.agent
        guardian = made(agent.post(f"/households/{household}/guardians"))["guardian"]
        enrolment = world.enrol(child, "garderie")
        world.family("stranger-1", "mercredis")
        made(agent.post("/closures", {"day": "2024-05-15", "reason": "pont"}))
        asked = [
            made(agent.ask(child, "mercredis", day))["demandes"][0]["number"] for day in ("2024-03-20", "2024-03-13")
        ]
        return cls(world, child, household, guardian, enrolment, *asked)

    def linked(self) -> str:
        rows = made(self.world.agent.get(f"/households/{self.household}"), 200)["guardians"]
        return next((row["guardian"] for row in rows if row["guardian"] != self.guardian), self.guardian)

    def who(self, name: str) -> Who:
        world, here = self.world, self.world.commune
        neighbour = world.of(Commune("autreville"))
        if name == "nobody":
            return world.nobody
        if name == "elsewhere":
            return Who(http=world.http, token=neighbour.token("guardian", "parent-1"), commune=here)
        if name == "agent elsewhere":
            return Who(http=world.http, token=neighbour.token("agent", "agent-1"), commune=here)
        role, subject = {"parent": ("guardian", "parent-1"), "stranger": ("guardian", "stranger-1")}.get(
            name, (name, f"{name}-1")
        )
        return world.who(role, subject)

    def path(self, template: str, **instead: str) -> str:
        known = {
            "child": self.child,
            "household": self.household,
            "guardian": self.guardian,
            "enrolment": self.enrolment,
            "number": str(self.number),
            "activity": "cantine",
            "version": "2023-09",
            "day": "2024-05-15",
            **instead,
        }
        return re.sub(r"\{(\w+)\}", lambda found: known[found[1]], template.removeprefix("/v1/{commune}"))

    def body(self, name: str, **instead: Any) -> Any:
        child, household = instead.get("child", self.child), instead.get("household", self.household)
        demande = {"child": child, "activity": "mercredis", "reserve": [box("2024-03-27 journee")]}
        rulebook = made(self.world.who("admin").get("/rulebook/versions/2023-09"), 200)["content"]
        bodies = {
            "/children": {"household": household},
            "/children/{child}/enrolments": {
                "activity": "vacances",
                "first_day": "2024-04-08",
                "last_day": "2024-04-12",
            },
            "/children/{child}/enrolments/{enrolment}/end": {"last_day": "2024-05-31"},
            "/demandes": demande,
            "/demandes/preview": demande,
            "/demandes/{number}/decision": {"approve": "all"},
            "/decisions": {"decisions": [{"number": instead.get("number", self.waiting), "approve": "all"}]},
            "/households": {},
            "/households/{household}/guardians": {},
            "/households/{household}/guardians/{guardian}/account": {"subject": "parent-9"},
            "/attendance": {
                "activity": "cantine",
                "unit": "repas",
                "day": "2024-01-15",
                "children": [{"child": child, "presence": "present"}],
            },
            "/rulebook/versions": {
                "content": rulebook.replace('version = "2023-09"', 'version = "2024-09"').replace(
                    "en_vigueur = 2023-09-01", "en_vigueur = 2024-09-01"
                )
            },
            "/closures": {"day": "2024-06-12", "reason": "greve"},
            "/capacities": {"activity": "cantine", "unit": "repas", "days": ["2024-01-22"], "places": 5},
        }
        return bodies[name]

    def send(self, name: str, who: Who, **instead: Any) -> httpx.Response:
        method, _, template = name.partition(" ")
        asked = {"from": "2024-01-22", "to": "2024-01-26"}
        questions: dict[str, dict[str, str]] = {
            "/children/{child}/calendar": {"month": "2024-01"},
            "/activities/{activity}/day-sheet": {"day": "2024-01-22"},
            "/activities/{activity}/places": asked,
            "/closures": asked,
        }
        resource = template.removeprefix("/v1/{commune}")
        path = self.path(template, **{key: str(value) for key, value in instead.items()})
        if method == "GET":
            return who.get(path, **questions.get(resource, {}))
        if method == "DELETE":
            if resource.endswith("/account"):  # of the other guardian, who has one
                path = path.replace(self.guardian, self.linked())
            return who.delete(path)
        return who.post(path, self.body(resource, **instead))


@pytest.fixture
def town(world: World) -> Town:
    return Town.settle(world)


def routes(world: World) -> Iterator[str]:
    for path, operations in world.http.get("/openapi.json").json()["paths"].items():
        for method in operations:
            yield f"{method.upper()} {path}"


def test_every_route_has_a_line_in_the_table(service: World) -> None:
    assert set(routes(service)) == {*ALLOWED, *OPEN}


@pytest.mark.parametrize("name", ALLOWED)
def test_a_route_opens_for_those_it_is_for_and_does_not_exist_for_the_others(town: Town, name: str) -> None:
    refused = [who for who in EVERYBODY if who not in ALLOWED[name]]
    expected = {who: 401 if who == "nobody" else 404 for who in refused}
    assert {who: town.send(name, town.who(who)).status_code for who in refused} == expected
    allowed = sorted(ALLOWED[name], key=lambda who: (who == "agent", who))
    for who in allowed:
        answer = town.send(name, town.who(who))
        done_before = answer.status_code == 409 and who != allowed[0]
        assert answer.is_success or done_before, (who, answer.text)


@pytest.mark.parametrize("name", [name for name in ALLOWED if any(part in name for part in ABOUT_A_FAMILY)])
def test_what_is_another_s_reads_like_what_does_not_exist(town: Town, name: str) -> None:
    nothing = {"child": str(uuid4()), "household": str(uuid4()), "number": 987_654}
    for who in ("stranger", "parent", "elsewhere", "agent elsewhere", "billing", "agent"):
        knocking = town.who(who)
        unknown = seen(town.send(name, knocking, **nothing))
        assert unknown[0] == 404, who
        if who not in ALLOWED[name]:
            assert seen(town.send(name, knocking)) == unknown, who


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
    for path in (f"/children/{town.child}", f"/households/{town.household}", f"/demandes/{town.number}"):
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
