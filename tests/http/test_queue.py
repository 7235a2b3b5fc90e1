"""A morning when everybody comes at once: some wait, some are told to come back, nobody is forgotten."""

import asyncio
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import pytest

from api.keys import KeyRing
from api.problems import CONTENT_TYPE
from api.queue import Places
from tests.http.small_house import COMMUNE, Latch, Signer, knocking, raw_command, read_answer, small_app

SIGNER = Signer.make()
SLOW = f"/v1/{COMMUNE}/slow"
QUICK = f"/v1/{COMMUNE}/demandes/1"


@dataclass
class Crowd:
    """A server whose places are taken by requests that stay inside until the latch opens."""

    client: httpx.Client
    latch: Latch
    places: Places
    pool: ThreadPoolExecutor

    def ask(self, path: str = QUICK) -> "Future[httpx.Response]":
        return self.pool.submit(self.client.get, path)

    def fill(self) -> list["Future[httpx.Response]"]:
        inside = [self.ask(SLOW) for _ in range(self.places.most_running)]
        for _ in inside:
            assert self.latch.inside.acquire(timeout=10)
        return inside

    def until_waiting(self, count: int) -> None:
        deadline = time.monotonic() + 10
        while self.places.waiting != count:
            assert time.monotonic() < deadline, f"{self.places.waiting} wait, {count} expected"
            time.sleep(0.005)

    def empty(self) -> None:
        """Everybody has left and given back the place they held."""
        self.latch.opened.set()
        deadline = time.monotonic() + 10
        while self.places.running or self.places.waiting:
            assert time.monotonic() < deadline, f"{self.places.running} run, {self.places.waiting} wait"
            time.sleep(0.005)


@contextmanager
def crowd(running: int, waiting: int, patience_seconds: float) -> Iterator[Crowd]:
    latch, places = Latch(), Places(running=running, waiting=waiting, patience_seconds=patience_seconds)
    app = small_app(KeyRing(fixed=[SIGNER.key]), places=places, latch=latch)
    with knocking(app, SIGNER.token()) as client, ThreadPoolExecutor(32) as pool:
        made = Crowd(client, latch, places, pool)
        try:
            yield made
        finally:
            latch.opened.set()


def assert_overloaded(answer: httpx.Response) -> None:
    assert answer.status_code == 503
    assert answer.headers["content-type"] == CONTENT_TYPE
    assert answer.json()["code"] == "overloaded"
    assert int(answer.headers["retry-after"]) >= 1


def test_a_request_waits_for_a_place_and_gets_it() -> None:
    with crowd(running=2, waiting=4, patience_seconds=10) as place:
        inside = place.fill()
        waiting = [place.ask() for _ in range(4)]
        place.until_waiting(4)
        place.latch.opened.set()
        assert {answer.result().status_code for answer in inside + waiting} == {200}
        place.empty()


def test_beyond_the_line_the_answer_is_at_once_to_come_back_later() -> None:
    with crowd(running=2, waiting=3, patience_seconds=10) as place:
        inside = place.fill()
        waiting = [place.ask() for _ in range(3)]
        place.until_waiting(3)
        started = time.monotonic()
        for _ in range(5):
            assert_overloaded(place.client.get(QUICK))
        assert time.monotonic() - started < 2
        place.latch.opened.set()
        assert {answer.result().status_code for answer in inside + waiting} == {200}
        place.empty()
        assert place.client.get(QUICK).status_code == 200


def test_nobody_waits_longer_than_the_deadline() -> None:
    with crowd(running=1, waiting=10, patience_seconds=0.2) as place:
        inside = place.fill()
        started = time.monotonic()
        for answer in [place.ask() for _ in range(3)]:
            assert_overloaded(answer.result())
        assert 0.15 < time.monotonic() - started < 2
        assert place.places.waiting == 0
        place.latch.opened.set()
        assert inside[0].result().status_code == 200
        place.empty()
        assert place.client.get(QUICK).status_code == 200


def test_first_come_is_first_served() -> None:
    async def line() -> None:
        places = Places(running=1, waiting=5)
        assert places.take()
        turns = [places.stand() for _ in range(5)]
        for served in range(5):
            places.leave()
            assert [turn is not None and turn.done() for turn in turns] == [place <= served for place in range(5)]

    asyncio.run(line())


def test_health_is_answered_however_full_the_house_is() -> None:
    with crowd(running=1, waiting=0, patience_seconds=10) as place:
        place.fill()
        assert_overloaded(place.client.get(QUICK))
        for path in ("/livez", "/readyz"):
            assert place.client.get(path).status_code == 200
        metrics = place.client.get("/metrics").text
        assert "ardoise_requests_running 1.0" in metrics
        assert "ardoise_requests_waiting 0.0" in metrics
        place.empty()


@pytest.mark.parametrize("body", [b"", b'{"child":'], ids=["before its body", "within its body"])
def test_a_client_that_leaves_the_line_frees_its_turn(body: bytes) -> None:
    with crowd(running=1, waiting=2, patience_seconds=10) as place:
        place.fill()
        address = urlsplit(str(place.client.base_url))
        for _ in range(6):
            with socket.create_connection((str(address.hostname), address.port or 80)) as connection:
                connection.sendall(raw_command(SIGNER.token(), "Content-Length: 100") + body)
                place.until_waiting(1)
            place.until_waiting(0)
        place.empty()
        assert place.client.get(QUICK).status_code == 200


def test_the_body_of_a_command_that_waited_is_whole() -> None:
    with crowd(running=1, waiting=2, patience_seconds=10) as place:
        place.fill()
        address = urlsplit(str(place.client.base_url))
        body = b'{"child":"8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b","note":"%s"}' % (b"a" * 60_000)
        with socket.create_connection((str(address.hostname), address.port or 80), timeout=10) as connection:
            connection.sendall(raw_command(SIGNER.token(), f"Content-Length: {len(body)}") + body[:30_000])
            place.until_waiting(1)
            time.sleep(0.05)
            connection.sendall(body[30_000:45_000])
            time.sleep(0.05)
            place.latch.opened.set()
            connection.sendall(body[45_000:])
            assert b" 201 " in read_answer(connection).split(b"\r\n")[0]
        place.empty()


def test_no_place_is_lost_when_clients_leave_as_they_are_admitted() -> None:
    with crowd(running=2, waiting=20, patience_seconds=0.05) as place:
        address = urlsplit(str(place.client.base_url))
        for _ in range(10):
            place.latch.opened.clear()
            place.fill()
            connections = [socket.create_connection((str(address.hostname), address.port or 80)) for _ in range(12)]
            for connection in connections:
                connection.sendall(raw_command(SIGNER.token(), "Content-Length: 100"))
            place.latch.opened.set()
            for connection in connections:
                connection.close()
        place.empty()
        assert place.client.get(QUICK).status_code == 200
