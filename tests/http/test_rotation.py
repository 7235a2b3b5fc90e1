"""Keys rotate, and their endpoint goes away, while families book: nobody with a sound token is refused for it."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from api.issuers import Issuer
from api.keys import KeyRing
from tests.http.jwks_endpoint import Endpoint, jwks_endpoint
from tests.http.small_house import COMMUNE, ISSUER, Signer, knocking, small_app

WHERE = f"/v1/{COMMUNE}/demandes/1"
OTHER = "https://other.example"
THREADS = 4
PAUSE_SECONDS = 0.01
"""Between two requests of a thread: a steady load, not a test of the machine."""


@dataclass
class Load:
    """What several families send without a stop, each with a fresh token, and what they were answered."""

    client: httpx.Client
    signer: Signer
    """Who signs from now on."""
    statuses: Counter[int] = field(default_factory=Counter)
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stopped.is_set():
            answer = self.client.get(WHERE, headers=bearer(self.signer))
            self.statuses[answer.status_code] += 1
            time.sleep(PAUSE_SECONDS)

    def goes_on(self, requests: int) -> None:
        """Wait until so many more were answered."""
        enough = self.statuses.total() + requests
        until(lambda: self.statuses.total() >= enough)


def bearer(signer: Signer) -> dict[str, str]:
    return {"Authorization": f"Bearer {signer.token()}"}


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@contextmanager
def loaded(client: httpx.Client, signer: Signer) -> Iterator[Load]:
    load = Load(client, signer)
    threads = [threading.Thread(target=load.run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.stopped.set()
        for thread in threads:
            thread.join()


@contextmanager
def house(*issuers: Issuer, refresh_seconds: float = 300.0, rest_seconds: float = 2.0) -> Iterator[httpx.Client]:
    ring = KeyRing(issuers, refresh_seconds=refresh_seconds, rest_seconds=rest_seconds)
    with knocking(small_app(ring)) as client:
        yield client


def rotate(endpoint: Endpoint, load: Load, new: Signer) -> None:
    """As identity providers do: publish, sign with it, and withdraw the old one once its tokens are over."""
    old = load.signer
    endpoint.signers = [old, new]
    load.signer = new
    load.goes_on(40)
    endpoint.signers = [new]
    load.goes_on(40)


def test_keys_that_rotate_under_load_cost_no_request() -> None:
    first = Signer.make("2024-01")
    with jwks_endpoint(first) as endpoint, house(Issuer(ISSUER, endpoint.url)) as client, loaded(client, first) as load:
        load.goes_on(20)
        rotate(endpoint, load, Signer.make("2024-02", "EdDSA"))
        rotate(endpoint, load, Signer.make("2024-03", "RS256"))
    assert set(load.statuses) == {200}, load.statuses
    assert endpoint.fetched == 3, "at the start, and once for each new key"


def test_keys_that_rotate_behind_a_slow_endpoint_cost_no_request() -> None:
    first = Signer.make("2024-01")
    with jwks_endpoint(first) as endpoint:
        endpoint.delay_seconds = 0.5
        source = Issuer(ISSUER, endpoint.url)
        with house(source, refresh_seconds=0.1) as client, loaded(client, first) as load:
            load.goes_on(20)
            rotate(endpoint, load, Signer.make("2024-02"))
            rotate(endpoint, load, Signer.make("2024-03"))
    assert set(load.statuses) == {200}, load.statuses


def test_a_key_published_while_an_older_answer_is_on_its_way_is_fetched_again() -> None:
    first, new = Signer.make("2024-01"), Signer.make("2024-02")
    with jwks_endpoint(first) as endpoint, house(Issuer(ISSUER, endpoint.url), refresh_seconds=0.3) as client:
        endpoint.delay_seconds = 0.5
        until(lambda: endpoint.fetched == 2)
        endpoint.signers = [new]
        assert client.get(WHERE, headers=bearer(new)).status_code == 200


def test_garbage_just_before_a_rotation_costs_no_request() -> None:
    first, new = Signer.make("2024-01"), Signer.make("2024-02")
    with jwks_endpoint(first) as endpoint, house(Issuer(ISSUER, endpoint.url), rest_seconds=1.0) as client:
        assert client.get(WHERE, headers=bearer(Signer.make("garbage"))).status_code == 401
        endpoint.signers = [first, new]
        assert client.get(WHERE, headers=bearer(new)).status_code == 200


def test_the_last_good_keys_serve_for_as_long_as_the_endpoint_is_down() -> None:
    signer = Signer.make()
    with jwks_endpoint(signer) as endpoint, house(Issuer(ISSUER, endpoint.url), refresh_seconds=0.05) as client:
        with loaded(client, signer) as load:
            endpoint.status = 500
            down = endpoint.fetched
            until(lambda: endpoint.fetched > down + 10)
            load.goes_on(40)
        assert set(load.statuses) == {200}, load.statuses


def test_a_new_key_while_the_endpoint_is_down_is_asked_for_again_later_and_is_no_refusal() -> None:
    first, new = Signer.make("2024-01"), Signer.make("2024-02")
    with jwks_endpoint(first) as endpoint, house(Issuer(ISSUER, endpoint.url), rest_seconds=0.2) as client:
        endpoint.status = 503
        answer = client.get(WHERE, headers=bearer(new))
        assert (answer.status_code, answer.json()["code"]) == (503, "identity_unavailable")
        endpoint.status, endpoint.signers = 200, [new]
        assert client.get(WHERE, headers=bearer(new)).status_code == 200


def test_a_flood_of_unknown_keys_costs_one_fetch_and_holds_up_nobody() -> None:
    signer = Signer.make()
    garbage = [bearer(Signer.make(f"unknown-{number}")) for number in range(40)]
    with jwks_endpoint(signer) as endpoint, house(Issuer(ISSUER, endpoint.url), rest_seconds=60) as client:
        with loaded(client, signer) as load, ThreadPoolExecutor(8) as flood:
            statuses = list(flood.map(lambda headers: client.get(WHERE, headers=headers).status_code, garbage))
        assert set(statuses) == {401}
        assert set(load.statuses) == {200}
        assert endpoint.fetched == 2, "at the start, and for the first of them"


def test_few_wait_for_the_next_fetch_and_the_others_are_told_to_come_back() -> None:
    signer = Signer.make()
    garbage = [bearer(Signer.make(f"unknown-{number}")) for number in range(12)]
    with jwks_endpoint(signer) as endpoint, house(Issuer(ISSUER, endpoint.url), rest_seconds=1.0) as client:
        assert client.get(WHERE, headers=garbage[0]).status_code == 401
        with ThreadPoolExecutor(12) as flood:
            statuses = Counter(flood.map(lambda headers: client.get(WHERE, headers=headers).status_code, garbage))
        assert statuses == {401: 4, 503: 8}
        assert endpoint.fetched == 3


def test_an_issuer_that_hangs_holds_up_neither_the_start_of_the_others_nor_their_rotation() -> None:
    here, new = Signer.make("2024-01"), Signer.make("2024-02")
    with jwks_endpoint(here) as mine, jwks_endpoint(Signer.make(issuer=OTHER)) as slow:
        ring = KeyRing([Issuer(OTHER, slow.url), Issuer(ISSUER, mine.url)], refresh_seconds=0.1)
        with knocking(small_app(ring)) as client:
            slow.delay_seconds = 2.0
            until(lambda: slow.fetched > 1)
            mine.signers = [new]
            started = time.monotonic()
            assert client.get(WHERE, headers=bearer(new)).status_code == 200
            assert time.monotonic() - started < 1.0


@pytest.mark.parametrize("nobody_listens", ["http://127.0.0.1:1/jwks"])
def test_an_issuer_without_any_key_yet_is_a_503_and_no_refusal(nobody_listens: str) -> None:
    with house(Issuer(ISSUER, nobody_listens)) as client:
        answer = client.get(WHERE, headers=bearer(Signer.make()))
        assert (answer.status_code, answer.json()["code"]) == (503, "identity_unavailable")
