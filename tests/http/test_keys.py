"""Keys that rotate, and an identity provider that goes away: no valid token is ever refused for it."""

import json
import threading
import time
from pathlib import Path

import pytest

from api.issuers import Issuer
from api.keys import KeyRing, read_jwks
from tests.http.jwks_endpoint import jwks_endpoint
from tests.http.small_house import COMMUNE, ISSUER, Signer, knocking, small_app

WHERE = f"/v1/{COMMUNE}/demandes/1"


def bearer(signer: Signer) -> dict[str, str]:
    return {"Authorization": f"Bearer {signer.token()}"}


def test_a_key_published_while_requests_come_is_believed_and_none_is_refused() -> None:
    old, new = Signer.make("2024-01"), Signer.make("2024-02", "EdDSA")
    with jwks_endpoint(old) as endpoint:
        ring = KeyRing([Issuer(ISSUER, endpoint.url)], rest_seconds=0.05)
        with knocking(small_app(ring)) as client:
            statuses = [client.get(WHERE, headers=bearer(old)).status_code]
            endpoint.signers = [old, new]
            time.sleep(0.1)
            for _ in range(10):
                statuses += [client.get(WHERE, headers=bearer(signer)).status_code for signer in (old, new)]
            assert set(statuses) == {200}
            assert endpoint.fetched == 2


def test_a_key_that_was_withdrawn_is_no_longer_believed() -> None:
    old, new = Signer.make("2024-01"), Signer.make("2024-02")
    with jwks_endpoint(old) as endpoint:
        ring = KeyRing([Issuer(ISSUER, endpoint.url)], refresh_seconds=0.1, rest_seconds=60)
        with knocking(small_app(ring)) as client:
            held = bearer(old)
            assert client.get(WHERE, headers=held).status_code == 200
            endpoint.signers = [new]
            deadline = time.monotonic() + 5
            while client.get(WHERE, headers=held).status_code == 200:
                assert time.monotonic() < deadline
                time.sleep(0.02)
            assert client.get(WHERE, headers=bearer(new)).status_code == 200


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, None), (404, None), (302, None), (200, b""), (200, b"<html>"), (200, b'{"keys":[]}'), (200, b"[]"),
     (200, b'{"keys":"x"}'), (200, b'{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}')],
)  # fmt: skip
def test_the_last_good_keys_serve_while_the_endpoint_is_down(status: int, body: bytes | None) -> None:
    signer = Signer.make()
    with jwks_endpoint(signer) as endpoint:
        ring = KeyRing([Issuer(ISSUER, endpoint.url)], refresh_seconds=0.02)
        with knocking(small_app(ring)) as client:
            assert client.get(WHERE, headers=bearer(signer)).status_code == 200
            endpoint.status, endpoint.body = status, body
            fetched = endpoint.fetched
            while endpoint.fetched < fetched + 3:
                time.sleep(0.01)
            assert client.get(WHERE, headers=bearer(signer)).status_code == 200


def test_an_endpoint_that_is_down_at_the_start_is_asked_again() -> None:
    signer = Signer.make()
    with jwks_endpoint(signer) as endpoint:
        endpoint.status = 500
        ring = KeyRing([Issuer(ISSUER, endpoint.url)], rest_seconds=0.0)
        with knocking(small_app(ring)) as client:
            answer = client.get(WHERE, headers=bearer(signer))
            assert (answer.status_code, answer.json()["code"]) == (503, "identity_unavailable")
            assert int(answer.headers["retry-after"]) > 0
            endpoint.status = 200
            assert client.get(WHERE, headers=bearer(signer)).status_code == 200


def test_a_slow_endpoint_holds_up_no_request_whose_key_is_known() -> None:
    signer, unknown = Signer.make(), Signer.make("unknown")
    with jwks_endpoint(signer) as endpoint:
        ring = KeyRing([Issuer(ISSUER, endpoint.url)], rest_seconds=0.0)
        with knocking(small_app(ring)) as client:
            endpoint.delay_seconds = 1.0
            waiting = threading.Thread(target=lambda: client.get(WHERE, headers=bearer(unknown)))
            waiting.start()
            time.sleep(0.1)
            started = time.monotonic()
            assert client.get(WHERE, headers=bearer(signer)).status_code == 200
            assert time.monotonic() - started < 0.5
            waiting.join()


def test_a_flood_of_unknown_keys_costs_one_fetch() -> None:
    signer = Signer.make()
    with jwks_endpoint(signer) as endpoint:
        ring = KeyRing([Issuer(ISSUER, endpoint.url)], rest_seconds=60)
        with knocking(small_app(ring)) as client:
            for number in range(30):
                assert client.get(WHERE, headers=bearer(Signer.make(f"unknown-{number}"))).status_code == 401
            assert endpoint.fetched == 2, "at the start, and for the first of them"


def test_each_issuer_speaks_for_itself_and_one_that_is_down_costs_the_other_nothing(tmp_path: Path) -> None:
    here, there = Signer.make("key"), Signer.make("key", issuer="https://other.example")
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps({"keys": [there.jwk]}))
    with jwks_endpoint(here) as endpoint:
        endpoint.status = 503
        ring = KeyRing([Issuer(ISSUER, endpoint.url), Issuer("https://other.example", str(file))], rest_seconds=0)
        with knocking(small_app(ring)) as client:
            assert client.get(WHERE, headers=bearer(there)).status_code == 200
            impostor = Signer(there.private, "key", ISSUER)
            assert client.get(WHERE, headers=bearer(impostor)).status_code == 503
            endpoint.status = 200
            assert client.get(WHERE, headers=bearer(Signer.make("key"))).status_code == 401
            assert client.get(WHERE, headers=bearer(here)).status_code == 200
            assert client.get(WHERE, headers=bearer(impostor)).status_code == 401


def test_a_jwks_keeps_its_good_keys_and_drops_the_others() -> None:
    good = Signer.make("good", "RS256")
    other = Signer.make("other").jwk
    entries = [
        good.jwk,
        {**other, "use": "enc"},
        {**other, "alg": "ES384"},
        {**other, "x": "!"},
        {**other, "crv": "P-999"},
        {**other, "d": "AAAA"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "good"},
        {"kty": "EC"},
        {},
        "text",
        None,
    ]
    keys = read_jwks(ISSUER, json.dumps({"keys": entries}).encode())
    assert [(key.name, key.algorithm) for key in keys] == [("good", "RS256")]


@pytest.mark.parametrize("address", ["http://identity.example/jwks", "ftp://identity.example/jwks", "data:,{}"])
def test_keys_are_never_fetched_in_clear_from_another_machine(address: str) -> None:
    with pytest.raises(ValueError, match="https"):
        Issuer(ISSUER, address)
