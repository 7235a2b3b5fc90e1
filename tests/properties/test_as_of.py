"""What is answered about an instant is what was answered at that instant: any history, any question, any instant."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from commands.adopt_rulebook import AdoptRulebook
from commands.guardians import AddGuardian
from ledger.identifiers import Commune, GuardianId, Subject
from ledger.memory import MemoryStore
from tests.asks import join
from tests.histories import DAYS, NOWS, asks
from tests.histories_of_families import of_household, of_town
from tests.http.world import World, world_on
from tests.servers import Database
from tests.spec import Ask, Story, about, enrolled
from tests.stores import OnPostgres, on_postgres
from tests.town import AWA, CANTINE, DIALLO, MATTEO, MERCREDIS, ROSSI, RULEBOOK, VALMONT, at

TOWNS = count(1)
PERIOD = {"from": "2024-03-01", "to": "2024-03-31"}
QUESTIONS: dict[str, tuple[str, dict[str, str]]] = {
    "child": (f"/children/{MATTEO.id}", {}),
    "enrolments": (f"/children/{MATTEO.id}/enrolments", {}),
    "month": (f"/children/{MATTEO.id}/calendar", {"month": "2024-03"}),
    "week": (f"/children/{AWA.id}/calendar", {"week": "2024-W03"}),
    "year": (f"/children/{MATTEO.id}/calendar", {"from": "2024-01-01", "to": "2024-07-31"}),
    "demandes": ("/demandes", {}),
    "demandes of a child": ("/demandes", {"child": MATTEO.id, "order": "oldest"}),
    "demandes of a household": ("/demandes", {"household": DIALLO}),
    "demandes that wait": ("/demandes", {"status": "en_cours", "order": "oldest", "limit": "2"}),
    "demandes of an activity": ("/demandes", {"activity": MERCREDIS, **PERIOD}),
    "one demande": ("/demandes/1", {}),
    "another demande": ("/demandes/3", {}),
    "households": ("/households", {}),
    "a page of households": ("/households", {"limit": "1"}),
    "household": (f"/households/{ROSSI}", {}),
    "guardians": (f"/households/{ROSSI}/guardians", {}),
    "members": (f"/households/{DIALLO}/members", {}),
    "contacts": (f"/households/{DIALLO}/contacts", {}),
    "keys": (f"/households/{ROSSI}/keys", {}),
    "custody": (f"/households/{DIALLO}/custody", {}),
    "quotients": (f"/households/{ROSSI}/quotients", {}),
    "places": (f"/activities/{MERCREDIS}/places", PERIOD),
    "places of a canteen": (f"/activities/{CANTINE}/places", PERIOD),
    "sheet": (f"/activities/{MERCREDIS}/day-sheet", {"day": "2024-03-27"}),
    "sheet of a canteen": (f"/activities/{CANTINE}/day-sheet", {"day": "2024-03-26", "unit": "repas"}),
    "closures": ("/closures", {"from": "2024-01-01", "to": "2024-07-31"}),
    "rulebook": ("/rulebook", {}),
    "rulebooks": ("/rulebook/versions", {}),
    "activities": ("/activities", {}),
}
PARENTS: dict[str, tuple[str, dict[str, str]]] = {
    "own month": (f"/children/{AWA.id}/calendar", {"month": "2024-03"}),
    "own demandes": ("/demandes", {"child": AWA.id}),
    "own child": (f"/children/{AWA.id}", {}),
}
"""What the mother of Awa reads, whose rights do not change: those are of the present."""

LATE = 3
steps = st.tuples(
    st.sampled_from(NOWS),
    st.integers(0, LATE),
    asks() | of_town() | st.tuples(st.just(MERCREDIS), of_household()),
    st.lists(st.sampled_from(sorted({**QUESTIONS, **PARENTS})), min_size=5, max_size=12, unique=True),
)
"""An hour, how many microseconds pass, something that is tried, and what is asked after it."""
RECEIVED = "2024-01-09 11:00"
"""When the town received what an agent enters `LATE` microseconds after the rest."""
histories = st.lists(steps, min_size=8, max_size=25)
Remembered = list[tuple[str, datetime, int, Any]]


@pytest.fixture(scope="module")
def store(module_database: Database) -> Iterator[OnPostgres]:
    with on_postgres(module_database) as kept:
        yield kept


@pytest.fixture(scope="module")
def service(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory: Path = tmp_path_factory.mktemp("service")
    with world_on(module_database, directory) as world:
        yield world


def begun(store: OnPostgres) -> Story:
    """A town with two families; Matteo is of both."""
    commune = Commune(f"{VALMONT}-{next(TOWNS)}")
    story = Story(commune=commune, store=cast("MemoryStore", store.store), now=at("2023-09-01 09:00"))
    story.must(AdoptRulebook(content=RULEBOOK.replace(f'"{VALMONT}"', f'"{commune}"')))
    for activity in DAYS:
        enrolled(MATTEO, AWA, activity=activity)(story)
    join(DIALLO)(story)
    mother = AddGuardian(household=DIALLO, guardian=GuardianId("mother"), subject=Subject("mother-of-awa"))
    story.must(mother)
    return story


def answered(world: World, question: str, **more: str) -> tuple[int, Any]:
    """The status of an answer, and what it says."""
    path, asked = {**QUESTIONS, **PARENTS}[question]
    who = world.agent if question in QUESTIONS else world.guardian("mother-of-awa")
    answer = who.get(path, **asked, **more)
    said = answer.json()
    said.pop("correlation", None)
    return answer.status_code, said


def lived(world: World, story: Story, history: list[Any]) -> Remembered:
    """The history happens; what is answered on the way is remembered with its instant."""
    remembered: Remembered = []
    now = story.now
    for hour, microseconds, (activity, ask), questions in sorted(history, key=lambda step: step[0]):
        now = max(now, at(hour)) + timedelta(microseconds=microseconds)
        story.now = now
        about(activity)(story)
        tried(replace(ask, received_at=RECEIVED) if microseconds == LATE else ask, story)
        # What was answered at an instant before the last line of the same instant is nobody's last word on it.
        remembered = [kept for kept in remembered if kept[1] != now]
        world.clock.instant = now
        remembered.extend((question, now, *answered(world, question)) for question in questions)
    return remembered


def tried(ask: Ask, story: Story) -> None:
    try:
        ask.tried(story)
    except IndexError:  # the child has no demande yet
        return


def followed(world: World) -> None:
    """Waits until everything that happened is known behind the seal."""
    until = time.monotonic() + 20
    while answered(world, "places", as_of=world.clock.instant.isoformat())[0] == 503:
        assert time.monotonic() < until


# Not made smaller when it fails: an example is hundreds of requests, and names the question and the instant.
@settings(
    max_examples=12,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=histories)
def test_what_is_answered_about_an_instant_is_what_was_answered_then(
    store: OnPostgres, service: World, history: list[Any]
) -> None:
    story = begun(store)
    world = service.of(story.commune)
    remembered = lived(world, story, history)
    world.clock.instant = story.now + timedelta(days=100)
    followed(world)
    for question, instant, status, said in remembered:
        assert answered(world, question, as_of=instant.isoformat()) == (status, said), (question, instant)
