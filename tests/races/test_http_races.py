"""The morning the bookings open: everybody wants the last places, over HTTP, at the same second."""

import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest

from tests.http.world import World, box, made, world_on
from tests.servers import Database

CROWD, PLACES, ROUNDS = 200, 10, 20
DAYS = [
    *("2024-01-22", "2024-01-23", "2024-01-25", "2024-01-26", "2024-01-29", "2024-01-30", "2024-02-01", "2024-02-02"),
    *("2024-02-05", "2024-02-06", "2024-02-08", "2024-02-09", "2024-02-26", "2024-02-27", "2024-02-29", "2024-03-01"),
    *("2024-03-04", "2024-03-05", "2024-03-07", "2024-03-08"),
]


@pytest.fixture(scope="module")
def world(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The service as it comes: 8 connections for commands, 256 requests in line, 5 seconds of patience."""
    with world_on(module_database, tmp_path_factory.mktemp("races"), pool_size=8, read_pool_size=8) as made_:
        made_.adopt()
        yield made_


@pytest.fixture(scope="module")
def families(world: World) -> list[tuple[str, str]]:
    """A token and a child each."""
    with ThreadPoolExecutor(16) as threads:
        found = list(threads.map(lambda number: world.family(f"parent-{number}", "cantine"), range(CROWD)))
    return [(str(parent.token), child) for parent, child in found]


@dataclass(frozen=True, kw_only=True)
class Told:
    """What one of the crowd was answered in the end."""

    status: int
    body: Any
    waits: int
    """How often they were told to come back before."""

    @property
    def code(self) -> str | None:
        return self.body.get("code")


def ask(world: World, family: tuple[str, str], days: Sequence[str], *, start: threading.Barrier | None = None) -> Told:
    """One demande, on a connection of its own; whoever is told to come back does, as a portal would."""
    token, child = family
    sent = {"child": child, "activity": "cantine", "reserve": [box(f"{day} repas") for day in days]}
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Idempotency-Key": uuid4().hex,
    }
    connection = HTTPConnection(world.url.removeprefix("http://"), timeout=60)
    connection.connect()
    if start is not None:
        start.wait()
    for waits in count():
        connection.request("POST", f"/v1/{world.commune}/demandes", orjson.dumps(sent), headers)
        answer = connection.getresponse()
        body = orjson.loads(answer.read())
        later = answer.getheader("retry-after")
        if later is None:
            connection.close()
            return Told(status=answer.status, body=body, waits=waits)
        assert answer.status in (409, 503)
        time.sleep(float(later) * random.uniform(0.5, 1.0))
    raise AssertionError("unreachable")


def rush(world: World, families: Sequence[tuple[str, str]], day: str) -> tuple[list[Told], float]:
    """Everybody asks for the day at once. Answers, and the seconds it took."""
    start = threading.Barrier(len(families) + 1)
    with ThreadPoolExecutor(len(families)) as threads:
        asked = [threads.submit(ask, world, family, [day], start=start) for family in families]
        start.wait()
        started = time.perf_counter()
        answers = [future.result() for future in asked]
    return answers, time.perf_counter() - started


def test_ten_places_go_to_ten_children_and_the_others_are_told_complet(
    world: World, families: list[tuple[str, str]]
) -> None:
    seconds = 0.0
    assert len(set(DAYS)) == ROUNDS
    for day in DAYS:
        world.places("cantine", day, PLACES)
        answers, took = rush(world, families, day)
        seconds += took
        told = Counter((answer.status, answer.code) for answer in answers)
        assert told == {(201, None): PLACES, (409, "no_place_left"): CROWD - PLACES}, day
        assert world.taken("cantine", day)["repas", ""] == (PLACES, PLACES, 0)
        assert sum(answer.waits for answer in answers) == 0, "the line is long enough for 200"
        for answer in answers:
            if answer.status == 409:
                [error] = answer.body["errors"]
                assert (error["day"], error["title"]) == (day, "Complet")
    sys.stdout.write(f"{CROWD * ROUNDS / seconds:.0f} requests a second\n")
    everything = made(world.agent.get("/demandes", limit=200), 200)["demandes"]
    assert len(everything) == PLACES * ROUNDS
    assert len({row["number"] for row in everything}) == PLACES * ROUNDS


def test_two_days_wanted_in_opposite_orders_never_lock_each_other(
    world: World, families: list[tuple[str, str]]
) -> None:
    first, second = "2024-03-11", "2024-03-12"
    for day in (first, second):
        world.places("cantine", day, 1_000)

    def want(numbered: tuple[int, tuple[str, str]]) -> int:
        number, family = numbered
        return ask(world, family, [first, second] if number % 2 else [second, first]).status

    with ThreadPoolExecutor(32) as threads:
        assert Counter(threads.map(want, enumerate(families))) == {201: CROWD}
    assert world.taken("cantine", first)["repas", ""][0] == CROWD


def test_a_crowd_beyond_the_line_is_told_to_come_back_and_served_when_it_does(
    database: Database, tmp_path: Path
) -> None:
    with world_on(database, tmp_path, pool_size=2, read_pool_size=2, queue_size=10) as world:
        world.adopt()
        parent, child = world.family("parent-1", "cantine")
        answers, _ = rush(world, [(str(parent.token), child)] * CROWD, "2024-01-22")
        assert Counter(answer.code for answer in answers) == {None: 1, "already_reserved": CROWD - 1}
        assert sum(answer.waits for answer in answers) > 0
