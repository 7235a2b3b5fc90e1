"""What was known at an instant, over HTTP: what is asked about the past, by whom, and what is refused."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from api.asking import AsyncPool, Reader, Rows
from api.known_at import MOST_WAITING, PATIENCE_SECONDS, once_followed
from api.problems import Problem
from ledger.database import open_async_pool
from ledger.identifiers import Commune
from ledger.settings import Settings
from projections.question import Question
from tests.http.world import Who, World, made, refused
from tests.servers import Database

RESERVED, WITHDRAWN, LATER = "2024-01-16 10:00", "2024-01-17 10:00", "2024-02-01 08:00"
MONTH = {"month": "2024-03"}
DAY = "2024-03-27"


@dataclass(frozen=True, kw_only=True)
class Lived:
    """A family that asked for a day, and took it back the day after."""

    world: World
    parent: Who
    child: str
    household: str
    number: int
    reserved: str
    """The instant of the demande, as clients write it."""
    withdrawn: str

    def box(self, **asked: str) -> Any:
        """What the calendar shows of the day."""
        days = made(self.parent.get(f"/children/{self.child}/calendar", **MONTH, **asked), 200)["days"]
        return next(box for box in days if (box["day"], box["unit"]) == (DAY, "journee"))


@pytest.fixture
def lived(world: World) -> Lived:
    household = world.household("parent-1")
    child = world.child(household, "mercredis")
    parent = world.guardian("parent-1")
    world.clock.set(RESERVED)
    [asked] = made(parent.ask(child, "mercredis", DAY))["demandes"]
    reserved = world.clock.instant.isoformat()
    world.clock.set(WITHDRAWN)
    made(parent.delete(f"/demandes/{asked['number']}"), 200)
    withdrawn = world.clock.instant.isoformat()
    world.clock.set(LATER)
    return Lived(
        world=world,
        parent=parent,
        child=child,
        household=household,
        number=asked["number"],
        reserved=reserved,
        withdrawn=withdrawn,
    )


def patiently(ask: Any) -> httpx.Response:
    """The answer, once what is behind the seal has come to it."""
    until = time.monotonic() + 20
    while True:
        answer: httpx.Response = ask()
        if answer.status_code != 503 or time.monotonic() > until:
            return answer


def test_the_calendar_is_told_as_it_was_at_the_exact_instant(lived: Lived) -> None:
    assert lived.box()["state"] == "free"
    assert lived.box(as_of=lived.reserved)["state"] == "awaiting_add"
    assert lived.box(as_of=lived.reserved)["demande"] == lived.number
    assert lived.box(as_of="2024-01-16T09:59:59.999999+01:00")["state"] == "free"
    assert lived.box(as_of="2024-01-17T09:59:59.999999+01:00")["state"] == "awaiting_add"
    assert lived.box(as_of=lived.withdrawn)["state"] == "free"


def test_what_could_be_changed_is_judged_at_the_hour_asked_about(lived: Lived) -> None:
    lived.world.clock.set("2024-03-27 12:00")
    assert lived.box()["code"] == "deadline_passed"
    assert lived.box(as_of=lived.withdrawn)["editable"] is True


def test_a_demande_is_told_with_the_status_it_had(lived: Lived) -> None:
    def status(**asked: str) -> str:
        said: str = made(lived.parent.get(f"/demandes/{lived.number}", **asked), 200)["status"]
        return said

    assert status() == status(as_of=lived.withdrawn) == "retiree"
    assert status(as_of=lived.reserved) == "en_cours"
    refused(lived.parent.get(f"/demandes/{lived.number}", as_of="2024-01-16T08:00:00Z"), "not_found", 404)


@pytest.mark.parametrize("who", ["parent", "agent", "auditor"])
def test_lists_of_demandes_are_those_of_then(lived: Lived, who: str) -> None:
    caller = lived.parent if who == "parent" else lived.world.who(who)

    def statuses(**asked: str) -> list[str]:
        answer = patiently(lambda: caller.get("/demandes", **asked))
        return [demande["status"] for demande in made(answer, 200)["demandes"]]

    assert statuses(as_of=lived.reserved) == ["en_cours"]
    assert statuses(as_of=lived.withdrawn, child=lived.child) == ["retiree"]
    assert statuses(as_of=lived.reserved, household=lived.household) == ["en_cours"]
    assert statuses(as_of="2024-01-16T08:00:00Z") == []
    assert statuses(as_of=lived.withdrawn, status="en_cours") == []


def test_places_are_those_that_were_taken_and_set_then(lived: Lived) -> None:
    world = lived.world
    [asked] = made(lived.parent.ask(lived.child, "mercredis", "2024-04-03"))["demandes"]
    made(world.agent.post(f"/demandes/{asked['number']}/decision", {"approve": "all"}), 200)
    taken = world.clock.instant
    world.clock.set("2024-02-02 08:00")
    world.places("mercredis", "2024-04-03", 3, "matinee", "grands")
    counted = world.clock.instant
    world.clock.set("2024-02-03 08:00")

    def slot(as_of: str) -> tuple[Any, Any]:
        day = {"from_": "2024-04-03", "to": "2024-04-03", "as_of": as_of}
        answer = patiently(lambda: world.agent.get("/activities/mercredis/places", **day))
        found = {(each["unit"], each["pool"]): each for each in made(answer, 200)["places"]}
        morning = found["matinee", "grands"]
        return morning["taken"], morning["capacity"] if morning["set_by_town"] else None

    assert slot(lived.withdrawn) == (0, None)
    assert slot(taken.isoformat()) == (1, None)
    assert slot(counted.isoformat()) == (1, 3)


def test_a_household_is_told_as_it_was_and_names_nobody(world: World) -> None:
    household = world.household("parent-1")
    child = world.child(household)
    identity = {"given_name": "Zoé", "family_name": "Exemple", "birth_date": "2016-05-04"}
    made(world.agent.send("PUT", f"/children/{child}/identity", body=identity, key=uuid4().hex), 200)
    then = world.clock.instant.isoformat()
    world.clock.set(RESERVED)
    made(world.agent.post(f"/households/{household}/members", {"identity": {"given_name": "Rose", "family_name": "B"}}))
    now = made(world.agent.get(f"/households/{household}"), 200)
    assert len(now["members"]) == 1
    assert now["identities"]
    before = patiently(lambda: world.agent.get(f"/households/{household}", as_of=then))
    assert made(before, 200) == {**now, "members": [], "identities": {}}
    assert "Zoé" not in before.text
    assert made(world.agent.get(f"/children/{child}", as_of=then), 200)["name"] is None


def test_a_household_had_the_children_who_left_it(world: World) -> None:
    home, other = world.household("parent-1"), world.household("parent-2")
    child = world.child(home)
    made(world.agent.post(f"/children/{child}/households", {"household": other}))
    both = world.clock.instant.isoformat()
    world.clock.set(RESERVED)
    made(world.agent.delete(f"/children/{child}/households/{home}"), 200)

    def children(**asked: str) -> Any:
        return made(patiently(lambda: world.agent.get(f"/households/{home}", **asked)), 200)["children"]

    def listed(**asked: str) -> dict[str, Any]:
        found = made(patiently(lambda: world.agent.get("/households", **asked)), 200)["households"]
        return {each["household"]: each["children"] for each in found}

    assert (children(), children(as_of=both)) == ([], [child])
    assert listed() == {home: [], other: [child]}
    assert listed(as_of=both) == {home: [child], other: [child]}
    assert made(world.agent.get(f"/children/{child}", as_of=both), 200)["households"] == sorted([home, other])
    refused(world.guardian("parent-1").get(f"/children/{child}", as_of=both), "not_found", 404)


def test_a_guardian_reads_of_a_child_what_it_was_since_it_is_theirs(world: World) -> None:
    home, other = world.household("parent-1"), world.household("parent-2")
    child = world.child(home)
    before = world.clock.instant.isoformat()
    world.clock.set(RESERVED)
    made(world.agent.post(f"/children/{child}/households", {"household": other}))
    joined = world.clock.instant.isoformat()
    newcomer = world.guardian("parent-2")
    assert made(newcomer.get(f"/children/{child}", as_of=joined), 200)["households"] == [other]
    refused(newcomer.get(f"/children/{child}", as_of=before), "not_found", 404)
    assert made(world.guardian("parent-1").get(f"/children/{child}", as_of=before), 200)["households"] == [home]


def test_what_was_asked_before_a_child_was_theirs_is_nothing_to_a_guardian(world: World) -> None:
    home, other = world.household("parent-1"), world.household("parent-2")
    child = world.child(home, "mercredis")
    world.clock.set(RESERVED)
    [asked] = made(world.guardian("parent-1").ask(child, "mercredis", DAY))["demandes"]
    before = world.clock.instant.isoformat()
    world.clock.set(WITHDRAWN)
    made(world.agent.post(f"/children/{child}/households", {"household": other}))
    joined, newcomer = world.clock.instant.isoformat(), world.guardian("parent-2")

    def numbers(who: Who, as_of: str, **more: str) -> list[int]:
        found = made(who.get("/demandes", as_of=as_of, **more), 200)["demandes"]
        return [demande["number"] for demande in found]

    for more in ({}, {"child": child}):
        assert numbers(newcomer, before, **more) == []
        assert numbers(newcomer, joined, **more) == [asked["number"]]
        assert numbers(world.guardian("parent-1"), before, **more) == [asked["number"]]
    for path in (f"/demandes/{asked['number']}", f"/children/{child}"):
        refused(newcomer.get(path, as_of=before), "not_found", 404)
        made(newcomer.get(path, as_of=joined), 200)
        made(world.guardian("parent-1").get(path, as_of=before), 200)


def test_a_day_sheet_is_the_one_that_was_held_at_the_door(lived: Lived) -> None:
    world, day = lived.world, "2024-02-07"
    [asked] = made(lived.parent.ask(lived.child, "mercredis", "2024-03-13"))["demandes"]
    made(world.agent.post(f"/demandes/{asked['number']}/decision", {"approve": "all"}), 200)
    reserved = world.clock.instant.isoformat()
    world.clock.set("2024-02-07 18:00")
    marks = [{"child": lived.child, "presence": "present"}]
    sheet = {"activity": "mercredis", "unit": "journee", "day": day, "children": marks}
    made(world.agent.post("/attendance", sheet), 200)
    seen_at = world.clock.instant.isoformat()
    world.clock.set("2024-02-20 08:00")
    made(
        lived.parent.post(
            "/demandes",
            {"child": lived.child, "activity": "mercredis", "cancel": [{"day": "2024-03-13", "unit": "journee"}]},
        )
    )

    def lines(day: str, as_of: str) -> list[tuple[Any, Any]]:
        found = made(world.agent.get("/activities/mercredis/day-sheet", day=day, as_of=as_of), 200)["children"]
        return [(line["state"], line["presence"]) for line in found]

    assert lines("2024-03-13", reserved) == [("reserved", None)]
    assert lines("2024-03-13", lived.withdrawn) == []
    assert lines(day, seen_at) == [(None, "present")]
    assert lines(day, reserved) == []


def test_an_answer_about_the_past_is_tagged_by_its_bytes_so_that_no_command_expects_it(lived: Lived) -> None:
    path = f"/children/{lived.child}"
    now, then = lived.parent.get(path), lived.parent.get(path, as_of=lived.reserved)
    assert now.headers["etag"] != then.headers["etag"] == lived.parent.get(path, as_of=lived.reserved).headers["etag"]
    again = {"child": lived.child, "activity": "mercredis", "reserve": [{"day": "2024-04-10", "unit": "journee"}]}
    refused(lived.parent.post("/demandes", again, If_Match=then.headers["etag"]), "version_changed", 412)


@pytest.mark.parametrize(
    ("instant", "code"),
    [
        ("2024-02-01T07:00:00.000001Z", "in_the_future"),
        ("2030-01-01T00:00:00Z", "in_the_future"),
        ("2024-01-16", "instant_expected"),
        ("2024-01-16T10:00:00", "instant_expected"),
        ("yesterday", "instant_expected"),
    ],
)
def test_an_instant_that_has_not_come_or_is_none_is_refused(lived: Lived, instant: str, code: str) -> None:
    for path in (f"/children/{lived.child}", "/demandes", f"/households/{lived.household}"):
        said = refused(lived.parent.get(path, as_of=instant), "invalid_request", 422)
        assert [(error["field"], error["code"]) for error in said["errors"]] == [("as_of", code)]


def test_before_anything_is_known_there_is_nothing(lived: Lived) -> None:
    agent, early = lived.world.agent, "2020-01-01T00:00:00Z"
    child, home = f"/children/{lived.child}", f"/households/{lived.household}"
    for path in (child, f"{child}/enrolments", home, f"{home}/guardians", f"{home}/quotients", f"{home}/tariff-status"):
        refused(patiently(lambda path=path: agent.get(path, as_of=early)), "not_found", 404)
    for path in (f"{child}/meals", f"{home}/custody"):
        refused(patiently(lambda path=path: agent.get(path, as_of=early)), "not_found", 404)
    refused(agent.get(f"{child}/calendar", **MONTH, as_of=early), "not_found", 404)
    assert made(agent.get("/demandes", as_of=early), 200)["demandes"] == []
    assert made(agent.get("/households", as_of=early), 200)["households"] == []
    refused(agent.get("/rulebook", as_of=early), "not_found", 404)
    assert made(agent.get("/activities", as_of=early), 200) == {"activities": []}


def test_rights_are_those_of_now(lived: Lived) -> None:
    world, agent = lived.world, lived.world.agent
    [guardian] = made(agent.get(f"/households/{lived.household}/guardians"), 200)["guardians"]
    made(agent.post(f"/households/{lived.household}/guardians", {"subject": "parent-new"}))
    newcomer = world.guardian("parent-new")
    assert made(newcomer.get(f"/children/{lived.child}", as_of=lived.reserved), 200)["household"] == lived.household
    where = f"/households/{lived.household}/guardians/{guardian['guardian']}/suspension"
    made(agent.post(where, {"scope": "guardian", "reason": "authority_withdrawn"}), 200)
    for path in (
        f"/children/{lived.child}",
        f"/children/{lived.child}/enrolments",
        f"/households/{lived.household}",
        f"/demandes/{lived.number}",
    ):
        refused(lived.parent.get(path, as_of=lived.reserved), "not_found", 404)
    assert made(lived.parent.get("/demandes", as_of=lived.reserved), 200)["demandes"] == []


def test_a_household_reads_nothing_of_what_the_other_did_before_custody_alternated(world: World) -> None:
    one, other = world.household("parent-1"), world.household("parent-2")
    child = world.child(one, "mercredis")
    made(world.agent.post(f"/children/{child}/households", {"household": other}))
    world.clock.set(RESERVED)
    [asked] = made(world.guardian("parent-1").ask(child, "mercredis", DAY))["demandes"]
    then = world.clock.instant.isoformat()
    mother = world.guardian("parent-2")

    def number() -> Any:
        days = made(mother.get(f"/children/{child}/calendar", **MONTH, as_of=then), 200)["days"]
        return next(box for box in days if (box["day"], box["unit"]) == (DAY, "journee"))["demande"]

    assert number() == asked["number"]
    world.clock.set(WITHDRAWN)
    custody = {
        "child": child,
        "kind": "alternating",
        "first_day": "2024-01-01",
        "even_weeks": one,
        "odd_weeks": other,
        "proof": {"kind": "judgement", "seen_on": "2024-01-08"},
    }
    made(world.agent.post(f"/households/{one}/custody", custody))
    assert number() is None
    refused(mother.get(f"/demandes/{asked['number']}", as_of=then), "not_found", 404)
    assert made(mother.get("/demandes", as_of=then), 200)["demandes"] == []


@pytest.mark.parametrize(
    "path",
    ["/me", "/activations", "/documents", "/children/{child}/identity", "/children/{child}/health"],
)
def test_what_has_no_past_refuses_an_instant_as_any_unknown_word(lived: Lived, path: str) -> None:
    answer = lived.world.agent.get(path.format(child=lived.child), as_of=lived.reserved)
    assert refused(answer, "invalid_request", 422)["errors"][0]["code"] == "unknown_parameter"


def test_to_ask_about_the_past_of_a_family_is_a_read(lived: Lived) -> None:
    made(lived.world.agent.get(f"/children/{lived.child}/calendar", **MONTH, as_of=lived.reserved), 200)
    reads = made(lived.world.agent.get(f"/households/{lived.household}/reads"), 200)["reads"]
    assert "GET /children/{child}/calendar" in {read["operation"] for read in reads}


@pytest.fixture
def stopped(lived: Lived, module_database: Database) -> Iterator[psycopg.Connection[Any]]:
    """Somebody under whose eyes the follower does not advance; it has come to the end."""
    patiently(lambda: lived.world.agent.get("/demandes", as_of=lived.world.clock.instant.isoformat()))
    with psycopg.connect(module_database.admin_url, autocommit=True) as superuser, superuser.transaction():
        superuser.execute("SELECT position FROM ardoise.followed WHERE commune = %s FOR UPDATE", [lived.world.commune])
        yield superuser


def test_what_was_not_followed_yet_is_never_answered_wrongly(lived: Lived, stopped: psycopg.Connection[Any]) -> None:
    before = lived.world.clock.instant.isoformat()
    lived.world.clock.instant += timedelta(minutes=1)
    made(lived.parent.ask(lived.child, "mercredis", "2024-04-03"))
    now = lived.world.clock.instant.isoformat()
    assert len(made(lived.world.agent.get("/demandes", as_of=before), 200)["demandes"]) == 1
    answer = lived.world.agent.get("/demandes", as_of=now)
    refused(answer, "past_not_ready", 503)
    assert answer.headers["retry-after"] == "2"
    assert len(made(lived.parent.get("/demandes", as_of=now), 200)["demandes"]) == 2, "pages are folded without it"


def test_a_page_set_aside_makes_its_past_wait_and_no_earlier_one(
    lived: Lived, stopped: psycopg.Connection[Any]
) -> None:
    page = f"child/{lived.world.commune}/{lived.child}"
    [(line,)] = stopped.execute("SELECT max(version) FROM ardoise.entries WHERE stream = %s", [page]).fetchall()
    with psycopg.connect(stopped.info.dsn, password=stopped.info.password, autocommit=True) as other:
        other.execute(
            "INSERT INTO ardoise.parked VALUES ('past', %s, %s, %s, 'KeyError', 1, now(), now() + interval '1 hour')",
            [lived.world.commune, page, line],
        )
    refused(lived.world.agent.get("/demandes", as_of=lived.withdrawn), "past_not_ready", 503)
    assert made(lived.world.agent.get("/demandes", as_of=lived.reserved), 200)["demandes"]


class Tallied(Reader):
    """The reader of the service, which remembers what it was asked."""

    def __init__(self, pool: AsyncPool) -> None:
        super().__init__(pool)
        self.asked: list[Question] = []

    async def ask(self, commune: Commune, *questions: Question) -> list[Rows]:
        """The rows of each question."""
        self.asked += questions
        return await super().ask(commune, *questions)


def test_who_waits_for_the_past_asks_only_whether_it_came(
    lived: Lived, stopped: psycopg.Connection[Any], module_database: Database, tmp_path: Path
) -> None:
    town = lived.world.commune
    lived.world.clock.instant += timedelta(minutes=1)
    made(lived.parent.ask(lived.child, "mercredis", "2024-04-03"))
    costly = Question(sql="SELECT count(*) AS n FROM demande_versions WHERE commune = %(c)s", values={"c": town})

    async def ask() -> tuple[int, int]:
        async with await open_async_pool(module_database.service_url, Settings(data=tmp_path)) as pool:
            reader = Tallied(pool)
            with pytest.raises(Problem) as refusal:
                await once_followed(reader, town, lived.world.clock.instant, costly)
            assert refusal.value.code == "past_not_ready"
            return reader.asked.count(costly), len(reader.asked)

    times, questions = asyncio.run(ask())
    assert times == 1
    assert 3 < questions < 12, "each wait is longer than the one before"


def test_a_past_that_is_late_holds_back_nobody_who_asks_about_the_present(
    lived: Lived, stopped: psycopg.Connection[Any]
) -> None:
    world = lived.world
    world.clock.instant += timedelta(minutes=1)
    made(lived.parent.ask(lived.child, "mercredis", "2024-04-03"))
    now = world.clock.instant.isoformat()

    def late() -> tuple[str, float]:
        began = time.monotonic()
        return refused(world.agent.get("/demandes", as_of=now), "past_not_ready", 503)["code"], time.monotonic() - began

    with ThreadPoolExecutor(MOST_WAITING * 3) as crowd:
        asked = [crowd.submit(late) for _ in range(MOST_WAITING * 3)]
        time.sleep(0.5)
        began = time.monotonic()
        made(world.agent.get(f"/children/{lived.child}"), 200)
        assert time.monotonic() - began < 1
        waited = sorted(each.result()[1] for each in asked)
    assert waited[0] < PATIENCE_SECONDS / 2, "beyond the most that may wait, the answer comes at once"
    assert sum(seconds >= PATIENCE_SECONDS for seconds in waited) <= MOST_WAITING
