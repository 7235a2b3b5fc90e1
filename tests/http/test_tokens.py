"""Who is believed: every claim, every algorithm, every way to be wrong about a token."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from api.development import FILE, DevelopmentKey, issue_token
from api.keys import KeyRing, algorithm_of
from api.signatures import UnreadableError
from api.tokens import ROLES, TokenChecker
from ledger.identifiers import Commune, Subject
from tests.http.small_house import COMMUNE, ISSUER, Signer, knocking, small_app

SIGNER = Signer.make("key-1")
RSA = Signer.make("key-rsa", "RS256")
EDDSA = Signer.make("key-ed", "EdDSA")
OTHER_ISSUER = Signer.make("key-other", issuer="https://other.example")
STRANGER = Signer.make("key-1")
"""Somebody else, who names his key as ours."""
WHERE = f"/v1/{COMMUNE}/demandes/1"


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    ring = KeyRing(fixed=[SIGNER.key, RSA.key, EDDSA.key, OTHER_ISSUER.key])
    with knocking(small_app(ring)) as knocking_client:
        yield knocking_client


def ask(client: httpx.Client, token: str) -> httpx.Response:
    return client.get(WHERE, headers={"Authorization": f"Bearer {token}"})


def assert_refused(answer: httpx.Response) -> None:
    assert answer.status_code == 401, answer.text
    assert answer.json()["code"] == "unauthenticated"
    assert answer.headers["www-authenticate"].startswith('Bearer realm="ardoise"')


@pytest.mark.parametrize("signer", [SIGNER, RSA, EDDSA, OTHER_ISSUER], ids=["ES256", "RS256", "EdDSA", "other issuer"])
def test_a_sound_token_of_each_kind_of_key_is_believed(client: httpx.Client, signer: Signer) -> None:
    for _ in range(2):
        assert ask(client, signer.token()).status_code == 200


@pytest.mark.parametrize("kind", ["at+jwt", "application/at+jwt", "AT+JWT"])
def test_the_type_of_an_access_token_may_be_written_both_ways(client: httpx.Client, kind: str) -> None:
    assert ask(client, SIGNER.token({"typ": kind})).status_code == 200


@pytest.mark.parametrize("role", sorted(ROLES))
def test_every_role_is_recognised(client: httpx.Client, role: str) -> None:
    assert ask(client, SIGNER.token(role=role)).status_code == 200


def test_an_audience_among_others_is_accepted(client: httpx.Client) -> None:
    assert ask(client, SIGNER.token(aud=["portal", "ardoise"])).status_code == 200


NOW = int(datetime.now(UTC).timestamp())
WRONG_CLAIMS: list[dict[str, Any]] = [
    *({name: ...} for name in ("iss", "sub", "aud", "exp", "iat", "jti", "client_id", "commune", "role")),
    *({name: None} for name in ("iss", "sub", "aud", "exp", "iat", "jti", "client_id", "commune", "role")),
    *({name: ""} for name in ("iss", "sub", "aud", "jti", "client_id", "commune", "role")),
    *({name: "a" * 256} for name in ("sub", "jti", "client_id", "commune")),
    *({name: "a\x00b"} for name in ("sub", "jti", "client_id", "commune")),
    {"aud": "portal"},
    {"aud": []},
    {"aud": 1},
    {"iss": "https://other.example"},
    {"iss": "https://nobody.example"},
    {"iss": ISSUER + "/"},
    {"role": "mayor"},
    {"role": ["agent"]},
    {"role": "Agent"},
    {"commune": "Villennes sur Seine"},
    {"sub": 12},
    {"sub": {"name": "x"}},
    {"exp": NOW - 3600},
    {"exp": NOW - 31},
    {"exp": "soon"},
    {"exp": str(NOW + 600)},
    {"exp": True},
    {"exp": [NOW + 600]},
    {"exp": 10**18},
    {"exp": 10**400},
    {"exp": float("inf")},
    {"exp": float("nan")},
    {"sub": "a\ud800"},
    {"iat": NOW + 3600},
    {"iat": "yesterday"},
    {"nbf": NOW + 3600},
    {"nbf": "now"},
]


@pytest.mark.parametrize("changes", WRONG_CLAIMS, ids=lambda changes: re.sub(r"\b1\d{9}\b", "now", str(changes)))
def test_a_token_with_a_missing_or_wrong_claim_is_refused(client: httpx.Client, changes: dict[str, Any]) -> None:
    try:
        token = SIGNER.token(**changes)
    except TypeError:
        token = forged(SIGNER, changes)
    assert_refused(ask(client, token))


def forged(signer: Signer, changes: dict[str, Any]) -> str:
    """A token PyJWT would not write, truly signed."""
    written = jwt.PyJWS().encode(
        json.dumps(signer.claims(**changes)).encode(),
        signer.private,
        algorithm=signer.algorithm,
        headers={"typ": "at+jwt", "kid": signer.name},
    )
    assert isinstance(written, str)
    return written


@pytest.mark.parametrize("claims", [b"[]", b"null", b'"text"', b"not json", b"\xff", b""], ids=repr)
def test_a_signed_payload_that_is_not_a_set_of_claims_is_refused(client: httpx.Client, claims: bytes) -> None:
    token = jwt.PyJWS().encode(claims, SIGNER.private, algorithm="ES256", headers={"typ": "at+jwt", "kid": "key-1"})
    assert_refused(ask(client, token))


@pytest.mark.parametrize("kind", ["JWT", "jwt", "id+jwt", "", "at+jwt ", ..., 1, None])
def test_another_type_of_token_is_refused(client: httpx.Client, kind: Any) -> None:
    said = {} if kind is ... else {"typ": kind}
    head = {"alg": "ES256", "kid": SIGNER.name, **said}
    assert_refused(ask(client, by_hand(head, SIGNER.claims(), ecdsa(SIGNER))))


@pytest.mark.parametrize(
    "changes",
    [
        {"alg": "none"},
        {"alg": "None"},
        {"alg": "HS256"},
        {"alg": "RS256"},
        {"alg": "ES384"},
        {"alg": "PS256"},
        {"alg": None},
        {"alg": ["ES256"]},
        {"kid": "unknown"},
        {"kid": 1},
        {"kid": ["key-1"]},
        {"kid": "key-rsa"},
        {"crit": ["exp"]},
        {"crit": ["b64"], "b64": False},
        {"b64": False},
    ],
    ids=str,
)
def test_a_header_that_asks_for_another_check_is_refused(client: httpx.Client, changes: dict[str, Any]) -> None:
    head = {"alg": "ES256", "typ": "at+jwt", "kid": SIGNER.name, **changes}
    assert_refused(ask(client, by_hand(head, SIGNER.claims(), ecdsa(SIGNER))))


def test_a_token_without_a_signature_is_refused(client: httpx.Client) -> None:
    for algorithm in ("none", "NONE", "ES256"):
        head = {"alg": algorithm, "typ": "at+jwt", "kid": SIGNER.name}
        assert_refused(ask(client, by_hand(head, SIGNER.claims(), lambda _: b"")))


@pytest.mark.parametrize("signer", [SIGNER, RSA, EDDSA], ids=["ES256", "RS256", "EdDSA"])
@pytest.mark.parametrize("spelling", ["PEM", "DER", "raw jwk"])
def test_a_public_key_used_as_a_shared_secret_is_refused(client: httpx.Client, signer: Signer, spelling: str) -> None:
    public = signer.private.public_key()
    encoding = serialization.Encoding.DER if spelling == "DER" else serialization.Encoding.PEM
    secret = public.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)
    if spelling == "raw jwk":
        secret = json.dumps(signer.jwk).encode()
    for algorithm in ("HS256", signer.algorithm):
        head = {"alg": algorithm, "typ": "at+jwt", "kid": signer.name}
        token = by_hand(head, signer.claims(), lambda text: hmac.new(secret, text, hashlib.sha256).digest())
        assert_refused(ask(client, token))


def test_a_key_carried_by_the_token_itself_is_not_believed(client: httpx.Client) -> None:
    head = {"typ": "at+jwt", "jwk": STRANGER.jwk, "jku": "http://127.0.0.1:1/", "kid": "key-1"}
    assert_refused(ask(client, STRANGER.token(head)))
    assert_refused(ask(client, STRANGER.token({**head, "kid": ...})))


def test_a_signature_of_somebody_else_under_our_key_name_is_refused(client: httpx.Client) -> None:
    assert_refused(ask(client, STRANGER.token()))


def test_a_token_changed_after_it_was_signed_is_refused(client: httpx.Client) -> None:
    token = SIGNER.token()
    assert ask(client, token).status_code == 200
    head, claims, signature = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "=="))
    changed = base64.urlsafe_b64encode(json.dumps({**said, "role": "admin"}).encode()).rstrip(b"=").decode()
    assert_refused(ask(client, f"{head}.{changed}.{signature}"))
    assert_refused(ask(client, f"{head}.{claims}.{signature[:-4]}"))


def test_a_token_that_names_no_key_is_tried_with_those_there_are(client: httpx.Client) -> None:
    assert ask(client, RSA.token({"kid": ...})).status_code == 200


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Basic cGFyZW50OnNlY3JldA==", "Token abc", "Bearer a.b", "Bearer a.b.c", "Bearer ....",
     "Bearer " + "a" * 8193, "Bearer " + "a" * 9000 + ".b.c", "bearer\tabc"],
)  # fmt: skip
def test_what_is_not_a_bearer_token_is_refused(client: httpx.Client, header: str) -> None:
    assert_refused(client.get(WHERE, headers={"Authorization": header}))


@pytest.mark.parametrize("part", [0, 1])
@pytest.mark.parametrize(
    "text",
    [b"[" * 4000, b'{"typ":"at+jwt","x":' + b"[" * 1000 + b"]" * 1000 + b"}", b"{", b"[]", b"null", b"\xff", b'"iss"',
     b'{"typ":"at+jwt","alg":"ES256","iss":1}', b'{"typ":"at+jwt","alg":"ES256","kid":"key-1","iss":null}',
     b'{"iss":{"x":1}}', b'{"iss":"\\ud800"}', b'{"kid":' + b"9" * 5000 + b"}"],
)  # fmt: skip
def test_a_token_made_to_hurt_its_reader_is_refused(client: httpx.Client, part: int, text: bytes) -> None:
    parts = SIGNER.token().split(".")
    parts[part] = base64.urlsafe_b64encode(text).rstrip(b"=").decode()
    assert_refused(ask(client, ".".join(parts)))


def test_no_token_at_all_is_refused_with_a_challenge_and_no_reason(client: httpx.Client) -> None:
    answer = client.get(WHERE)
    assert_refused(answer)
    assert answer.headers["www-authenticate"] == 'Bearer realm="ardoise"'


def test_two_tokens_are_refused(client: httpx.Client) -> None:
    header = ("Authorization", f"Bearer {SIGNER.token()}")
    assert_refused(client.get(WHERE, headers=[header, header]))


def test_a_token_in_the_query_string_is_not_read(client: httpx.Client) -> None:
    assert_refused(client.get(WHERE, params={"access_token": SIGNER.token()}))


def test_an_expired_session_is_said_in_french_and_in_the_words_of_the_standard(client: httpx.Client) -> None:
    answer = ask(client, SIGNER.token(exp=NOW - 3600))
    assert answer.json()["detail"] == "Votre session a expiré. Identifiez-vous de nouveau."
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_a_stranger_to_the_town_reads_the_404_of_what_does_not_exist(client: httpx.Client) -> None:
    answer = ask(client, SIGNER.token(commune="villars"))
    assert answer.status_code == 404
    assert answer.content == client.get("/nowhere").content


def test_what_is_for_agents_does_not_exist_for_a_guardian(client: httpx.Client) -> None:
    where = f"/v1/{COMMUNE}/agents"
    statuses = {
        role: client.get(where, headers={"Authorization": f"Bearer {SIGNER.token(role=role)}"}).status_code
        for role in ("guardian", "agent", "auditor", "admin")
    }
    assert statuses == {"guardian": 404, "agent": 200, "auditor": 404, "admin": 200}


def test_the_token_is_checked_before_the_body_is_read(client: httpx.Client) -> None:
    answer = client.post(f"/v1/{COMMUNE}/demandes", content=b"{" * 70_000)
    assert_refused(answer)


def test_a_token_remembered_from_before_still_expires() -> None:
    instant = datetime(2024, 3, 7, 18, 30, tzinfo=UTC)
    times = iter([instant, instant + timedelta(seconds=89), instant + timedelta(seconds=90)])
    checker = TokenChecker(KeyRing(fixed=[SIGNER.key]), clock=lambda: next(times))
    issued = int(instant.timestamp())
    token = SIGNER.token(iat=issued, exp=issued + 60)
    assert checker.check(token).subject == "parent-1"
    assert checker.check(token).role == "guardian"
    with pytest.raises(UnreadableError):
        checker.check(token)


def test_the_instants_of_a_token_are_judged_by_the_clock_of_tokens_and_not_by_the_ledger_s() -> None:
    past = datetime(2024, 3, 7, 18, 30, tzinfo=UTC)
    app = small_app(KeyRing(fixed=[SIGNER.key]), clock=lambda: past)
    with knocking(app, SIGNER.token()) as client:
        assert client.get(WHERE).status_code == 200
    earlier = small_app(KeyRing(fixed=[SIGNER.key]), token_clock=lambda: past)
    with knocking(earlier, SIGNER.token()) as client:
        assert_refused(client.get(WHERE))


@pytest.mark.parametrize(
    "make",
    [
        lambda: ec.generate_private_key(ec.SECP384R1()),
        lambda: ec.generate_private_key(ec.SECP256K1()),
        lambda: rsa.generate_private_key(public_exponent=65537, key_size=1024),
    ],
    ids=["P-384", "secp256k1", "RSA of 1024 bits"],
)
def test_a_key_of_a_kind_we_do_not_trust_has_no_algorithm(make: Callable[[], Any]) -> None:
    assert algorithm_of(make().public_key()) is None


def test_the_development_key_is_made_once_and_read_by_its_owner_alone(tmp_path: Path) -> None:
    first, second = DevelopmentKey.open(tmp_path / "data"), DevelopmentKey.open(tmp_path / "data")
    assert first.name == second.name
    assert (tmp_path / "data" / FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "data").iterdir()] == [FILE]
    (tmp_path / "data" / FILE).chmod(0o644)
    with pytest.raises(PermissionError):
        DevelopmentKey.open(tmp_path / "data")


def test_a_token_of_the_development_key_is_believed_only_where_the_key_is(tmp_path: Path) -> None:
    key = DevelopmentKey.open(tmp_path)
    token = issue_token(
        key,
        subject=Subject("parent-1"),
        role="guardian",
        commune=Commune(COMMUNE),
        client="cli",
        lifetime=timedelta(hours=1),
        now=datetime.now(UTC),
    )
    with knocking(small_app(KeyRing(fixed=[key.public])), token) as client:
        assert client.get(WHERE).status_code == 200
    with knocking(small_app(KeyRing(fixed=[SIGNER.key])), token) as client:
        assert_refused(client.get(WHERE))


def by_hand(head: dict[str, Any], claims: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
    """A token no library would write."""
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (head, claims)]
    text = b".".join(parts)
    return (text + b"." + base64.urlsafe_b64encode(sign(text)).rstrip(b"=")).decode()


def ecdsa(signer: Signer) -> Callable[[bytes], bytes]:
    """A true signature over whatever is written."""
    return lambda text: jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256).sign(text, signer.private)  # type: ignore[arg-type]
