"""Tokens that say nothing by themselves: their issuer is asked, once, briefly, and only about what it may say."""

import asyncio
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus
from uuid import uuid4

import httpx
import pytest
from fastapi import Request

from api.issuers import Introspection, Issuer
from api.keys import KeyRing
from api.tokens import Caller, TokenChecker
from tests.http.jwks_endpoint import CLIENT, SECRET, IntrospectionEndpoint, introspection_endpoint, jwks_endpoint
from tests.http.small_house import CANARY, COMMUNE, ISSUER, Signer, knocking, small_app

WHERE = f"/v1/{COMMUNE}/agents"
SIGNER = Signer.make("key-1")
OWN = Signer.make("key-1", issuer="https://families.example")
TOKEN = "ZmFrZQ.opaque~token/of+Sarah_-="


@dataclass
class House:
    """A service that asks, and the issuer that is asked."""

    client: httpx.Client
    asked: IntrospectionEndpoint
    ring: KeyRing

    def ask(self, token: str = TOKEN) -> httpx.Response:
        return self.client.get(WHERE, headers={"Authorization": f"Bearer {token}"})

    def refuses(self, token: str = TOKEN) -> None:
        answer = self.ask(token)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), answer.text

    def cannot_tell(self, token: str = TOKEN) -> None:
        answer = self.ask(token)
        assert (answer.status_code, answer.json()["code"]) == (503, "identity_unavailable"), answer.text
        assert int(answer.headers["retry-after"]) > 0


def claims(**changes: Any) -> dict[str, Any]:
    """What the issuer says of a sound token; `...` takes one away."""
    said = {"active": True, "token_type": "Bearer", "jti": ..., **SIGNER.claims(role="agent", sub="agent-1"), **changes}
    return {name: value for name, value in said.items() if value is not ...}


@contextmanager
def house_with(jwks: str | None = None, **parts: Any) -> Iterator[House]:
    with introspection_endpoint() as endpoint:
        how = Introspection(address=endpoint.url, client=CLIENT, secret=SECRET)
        asked = Issuer(ISSUER, jwks, alias="agents", introspection=how, **parts)
        ring = KeyRing([asked, Issuer(OWN.issuer)], fixed=[OWN.key])
        with knocking(small_app(ring)) as client:
            endpoint.known[TOKEN] = claims()
            yield House(client, endpoint, ring)


@pytest.fixture
def house() -> Iterator[House]:
    with house_with() as made:
        yield made


@pytest.fixture(scope="module")
def shared() -> Iterator[House]:
    """For the many small tests: each asks about a token of its own."""
    with house_with() as made:
        yield made


@pytest.fixture
def token() -> str:
    return uuid4().hex


def test_a_token_that_says_nothing_is_shown_to_its_issuer_under_our_own_name(house: House) -> None:
    assert house.ask().status_code == 200
    [question] = house.asked.asked
    assert question.token == TOKEN
    assert question.credentials == f"{quote_plus(CLIENT)}:{quote_plus(SECRET)}"
    assert question.accept == "application/json"


def test_the_account_is_that_of_the_issuer_that_was_asked() -> None:
    with house_with(roles=frozenset({"guardian"})) as house:
        house.asked.known[TOKEN] = claims(role="guardian", sub="parent-1")
        body = {"child": "8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b"}
        answer = house.client.post(
            f"/v1/{COMMUNE}/demandes", json=body, headers={"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": "k"}
        )
        assert answer.json()["by"] == "agents|parent-1"
        house.asked.known["other"] = claims()
        house.refuses("other")


def test_an_answer_is_remembered_for_a_moment_and_a_refusal_too(house: House) -> None:
    for _ in range(3):
        assert house.ask().status_code == 200
        house.refuses("unknown")
    assert sorted(question.token for question in house.asked.asked) == [TOKEN, "unknown"]


def test_an_answer_is_forgotten_after_its_moment_and_never_kept_beyond_its_end(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.introspection.KEPT_SECONDS", 0.2)
    monkeypatch.setattr("api.introspection.REFUSED_SECONDS", 0.2)
    assert house.ask().status_code == 200
    house.refuses("new")
    house.asked.known = {"new": claims()}
    time.sleep(0.25)
    house.refuses()
    assert house.ask("new").status_code == 200
    monkeypatch.setattr("api.introspection.KEPT_SECONDS", 30.0)
    house.asked.known["short"] = claims(exp=time.time() + 0.3)
    assert house.ask("short").status_code == 200
    time.sleep(0.35)
    del house.asked.known["short"]
    house.refuses("short")


def test_a_token_that_has_expired_is_refused_whatever_its_issuer_says(house: House) -> None:
    house.asked.known[TOKEN] = claims(exp=time.time() - 3600)
    house.refuses()


def test_what_everybody_asks_at_the_same_time_is_asked_once(house: House) -> None:
    house.asked.delay_seconds = 0.3
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: house.ask(), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len(house.asked.asked) == 1


def test_whoever_asked_first_may_leave_without_costing_the_others_their_answer(house: House) -> None:
    house.asked.delay_seconds = 0.3
    request = Request({"type": "http", "headers": [(b"authorization", f"Bearer {TOKEN}".encode())]})

    async def one_leaves() -> Caller:
        checker = TokenChecker(house.ring)
        first, second = (asyncio.create_task(checker.authenticate(request)) for _ in range(2))
        await asyncio.sleep(0.1)
        first.cancel()
        return await second

    assert asyncio.run(one_leaves()).subject == "agents|agent-1"
    assert len(house.asked.asked) == 1


@pytest.mark.parametrize(
    "changes",
    [
        *({name: ...} for name in ("iss", "sub", "aud", "exp", "iat", "client_id", "commune", "role", "active")),
        {"active": "true"},
        {"active": 1},
        {"active": False},
        {"iss": OWN.issuer},
        {"aud": "portal"},
        {"aud": {"ardoise": 1}},
        {"role": "mayor"},
        {"role": ["agent"]},
        {"commune": "Villennes"},
        {"sub": "a\x00"},
        {"sub": "a" * 250},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 10**18},
        {"iat": time.time() + 3600},
        {"jti": 7},
    ],
    ids=lambda changes: re.sub(r"\b1\d{9}\.\d+", "now", str(changes)),
)  # fmt: skip
def test_what_the_issuer_says_is_judged_as_a_token_is(shared: House, token: str, changes: dict[str, Any]) -> None:
    shared.asked.known[token] = claims(**changes)
    shared.refuses(token)
    assert shared.ask().status_code == 200


def test_a_client_that_speaks_for_nobody_is_a_portal_here_too(house: House) -> None:
    house.asked.known[TOKEN] = claims(sub="portal", client_id="portal", role="agent")
    assert house.ask().status_code == 404
    assert (
        house.client.get(f"/v1/{COMMUNE}/demandes/1", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    )


def test_a_jwt_of_an_issuer_without_keys_is_shown_to_it_and_to_nobody_else(house: House) -> None:
    token = SIGNER.token(role="agent")
    house.asked.known[token] = claims()
    assert house.ask(token).status_code == 200
    assert house.ask(OWN.token(role="agent")).status_code == 200
    house.refuses(Signer.make(issuer="https://nobody.example").token(role="agent"))
    house.refuses(Signer(SIGNER.private, "key-1", OWN.issuer).token(role="agent"))
    assert [question.token for question in house.asked.asked] == [token]


@pytest.mark.parametrize("token", ["a b", "é", "a\x7f", 'a"', "=", "a=b", "a" * 8193])
def test_what_is_no_token_is_shown_to_nobody(shared: House, token: str) -> None:
    header = f"Bearer {token}".encode("latin-1")
    before = len(shared.asked.asked)
    assert shared.client.get(WHERE, headers={b"Authorization": header}).status_code in (400, 401)
    assert len(shared.asked.asked) == before


@pytest.mark.parametrize(
    ("status", "kind", "body"),
    [
        (500, "application/json", None),
        (401, "application/json", None),
        (302, "application/json", None),
        (204, "application/json", b""),
        (200, "text/html", b"<html>"),
        (200, "text/html", None),
        (200, "application/json", b""),
        (200, "application/json", b"[]"),
        (200, "application/json", b"null"),
        (200, "application/json", b"\xff"),
        (200, "application/json", b"[" * 60_000),
        (200, "application/json", b'{"active": true, "x": "' + b"a" * 70_000 + b'"}'),
        (200, "application/token-introspection+jwt", b"a.b.c"),
        (200, "application/token-introspection+jwt", b"\xff"),
        (200, "application/token-introspection+jwt", SIGNER.token().encode()),
    ],
)
def test_an_answer_that_cannot_be_used_is_nobody_s_fault(
    shared: House, token: str, status: int, kind: str, body: bytes | None
) -> None:
    asked = shared.asked
    asked.known[token] = claims()
    sound = asked.status, asked.kind, asked.body
    asked.status, asked.kind, asked.body = status, kind, body
    try:
        shared.cannot_tell(token)
    finally:
        asked.status, asked.kind, asked.body = sound
    assert shared.ask(token).status_code == 200, "it was not remembered"


def test_a_compressed_answer_is_not_blown_up(house: House) -> None:
    house.asked.headers = {"Content-Encoding": "gzip"}
    house.asked.body = b"\x1f\x8b" + b"\x00" * 100
    house.cannot_tell()
    assert house.asked.asked[0].encoding == "identity"


def test_an_issuer_that_is_down_is_said_at_once_to_those_who_come_next(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.introspection.ASK_SECONDS", 0.3)
    house.asked.delay_seconds = 1.0
    house.cannot_tell()
    house.asked.delay_seconds = 0.0
    started = time.monotonic()
    house.cannot_tell("another")
    assert time.monotonic() - started < 0.2
    assert len(house.asked.asked) == 1
    assert house.client.get(WHERE, headers={"Authorization": f"Bearer {OWN.token(role='agent')}"}).status_code == 200
    time.sleep(1.1)
    assert house.ask().status_code == 200


def test_an_issuer_nobody_listens_for_is_a_503() -> None:
    how = Introspection(address="http://127.0.0.1:1/introspect", client=CLIENT, secret=SECRET)
    with knocking(small_app(KeyRing([Issuer(ISSUER, introspection=how)]))) as client:
        answer = client.get(WHERE, headers={"Authorization": f"Bearer {TOKEN}"})
        assert (answer.status_code, answer.json()["code"]) == (503, "identity_unavailable")


def test_a_slow_issuer_holds_up_no_other_request(house: House) -> None:
    house.asked.delay_seconds = 1.0
    waiting = threading.Thread(target=house.ask)
    waiting.start()
    time.sleep(0.1)
    started = time.monotonic()
    assert house.ask(OWN.token(role="agent")).status_code == 200
    assert time.monotonic() - started < 0.5
    waiting.join()


def test_without_introspection_a_token_that_is_no_jwt_is_refused() -> None:
    with knocking(small_app(KeyRing(fixed=[OWN.key]))) as client:
        assert client.get(WHERE, headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 401


def test_a_signed_answer_is_verified_with_the_keys_of_the_issuer() -> None:
    with jwks_endpoint(SIGNER) as keys, house_with(keys.url) as house:
        house.asked.signer = SIGNER
        assert house.ask().status_code == 200
        assert house.asked.asked[0].accept.startswith("application/token-introspection+jwt")
        assert house.ask(SIGNER.token(role="agent")).status_code == 200, "a JWT needs no question when keys are known"
        assert len(house.asked.asked) == 1


def test_the_keys_of_signed_answers_rotate_without_a_refusal() -> None:
    new = Signer.make("key-2", "RS256")
    with jwks_endpoint(SIGNER) as keys, house_with(keys.url) as house:
        keys.signers = [SIGNER, new]
        house.asked.signer = new
        assert house.ask().status_code == 200
        assert keys.fetched == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": OWN.issuer},
        {"iss": ...},
        {"aud": "another-service"},
        {"aud": ["another-service"]},
        {"aud": ...},
        {"token_introspection": ...},
        {"token_introspection": "active"},
    ],
    ids=str,
)
def test_an_answer_signed_for_somebody_else_is_not_used(changes: dict[str, Any]) -> None:
    with jwks_endpoint(SIGNER) as keys, house_with(keys.url) as house:
        house.asked.signer, house.asked.signed = SIGNER, changes
        house.cannot_tell()
        house.asked.signed = {"aud": ["another-service", CLIENT]}
        assert house.ask().status_code == 200


def test_an_answer_signed_by_somebody_else_is_not_used() -> None:
    with jwks_endpoint(SIGNER) as keys, house_with(keys.url) as house:
        house.asked.signer = Signer.make("key-1")
        house.cannot_tell()
        access_token = SIGNER.token(role="agent", aud=[CLIENT, "ardoise"], token_introspection=claims())
        house.asked.kind, house.asked.body = "application/token-introspection+jwt", access_token.encode()
        house.cannot_tell()


def test_neither_the_token_nor_the_secret_is_written_anywhere(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    token = f"{CANARY}-token"
    house.asked.known[token] = claims(sub=CANARY)
    assert house.ask(token).status_code == 200
    house.asked.status = 500
    house.cannot_tell(token + "2")
    written = "".join(capfd.readouterr())
    assert CANARY not in written
    assert SECRET not in written
