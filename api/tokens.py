"""Who is calling: the bearer token of a request, checked against everything RFC 9068 asks and nothing a token claims.

The instants of a token are judged by the clock the checker is given. It is the time of the machine even when the ledger
lives in another year (the demo, a replay): an identity provider does not travel with it.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final

from fastapi import Depends, Request

from api import french, issuers
from api.body import is_sound_text
from api.clock import Clock, utc_now
from api.introspection import Introspector
from api.issuers import SEPARATOR, Issuer
from api.keys import Key, KeyRing
from api.problems import Problem, retry_later
from api.signatures import (
    FreshKeys,
    UnavailableError,
    UnknownKeyError,
    UnreadableError,
    Unverified,
    read_unverified,
    signed_claims,
)
from ledger.identifiers import Commune, Subject, is_slug

AUDIENCE: Final = "ardoise"
TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})
NAMED: Final = ("iss", "sub", "client_id", "commune", "role")
ROLES: Final = issuers.ROLES
PORTAL: Final = "portal"
"""Whoever speaks for nobody: a client with a token of its own (RFC 9068, 2.2)."""
BEARER: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
LARGEST_TOKEN: Final = 8192
LONGEST_CLAIM: Final = issuers.LONGEST_TEXT
LARGEST_INSTANT: Final = 2**53
LEEWAY_SECONDS: Final = 30
MOST_REMEMBERED: Final = 4096
RETRY_SECONDS: Final = 2
CALLER: Final = "ardoise.caller"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a request speaks for: a pseudonymous account, in one role, in one town, through one client."""

    subject: Subject
    """The name of the account in the ledger: no two issuers can say the same."""
    role: str
    commune: Commune
    client: str
    token_id: str
    issuer: str


@dataclass(frozen=True, slots=True)
class _Verified:
    caller: Caller
    issued_at: float
    not_before: float
    expires_at: float


def unauthenticated(reason: str | None = None, *, expired: bool = False) -> Problem:
    """401 with the challenge of RFC 6750; without a reason when no token was presented."""
    challenge = 'Bearer realm="ardoise"'
    if reason is None:
        return Problem("unauthenticated", headers={"WWW-Authenticate": challenge})
    challenge += f', error="invalid_token", error_description="{reason}"'
    sentence = french.SESSION_EXPIRED if expired else french.SESSION_INVALID
    return Problem("unauthenticated", detail=sentence, headers={"WWW-Authenticate": challenge})


class TokenChecker:
    """Checks tokens against a key ring; a token verified once is not verified again while the keys stay the same."""

    def __init__(self, ring: KeyRing, *, clock: Clock = utc_now) -> None:
        self._ring = ring
        self._clock = clock
        self._fresh = FreshKeys(ring)
        self._introspector = _introspector(ring, self._fresh, clock)
        self._remembered: dict[bytes, _Verified] = {}
        self._remembered_with: tuple[Key, ...] = ring.keys

    async def authenticate(self, request: Request) -> Caller:
        """The caller of a request; 401 for a token nobody should believe, 503 when nobody can tell."""
        token = bearer(request.headers.getlist("authorization"))
        try:
            return await self._recognised(token)
        except UnknownKeyError:
            raise unauthenticated("The key of the token is unknown") from None
        except UnreadableError as error:
            raise unauthenticated(error.reason, expired=error.expired) from None
        except UnavailableError:
            raise retry_later("identity_unavailable", seconds=RETRY_SECONDS) from None

    def check(self, token: str) -> Caller:
        """The caller a JWT speaks for; raises `UnreadableError` or `UnknownKeyError`."""
        verified = self._recall(token)
        if verified is None:
            verified = self._verify(token, _presented(token))
        return self._on_time(verified)

    async def _recognised(self, token: str) -> Caller:
        verified = self._recall(token)
        if verified is not None:
            return self._on_time(verified)
        presented = read_unverified(token)
        asked = self._introspector
        if asked is not None and (presented is None or self._keyless(presented.issuer)):
            return self._on_time(await asked.verdict(token))
        known = presented or _presented(token)
        return self._on_time(await self._fresh.attempt(partial(self._verify, token, known), known.issuer))

    def _keyless(self, name: str) -> bool:
        """Whether this issuer publishes no keys, and is asked about its JWT too."""
        assert self._introspector is not None
        return name == self._introspector.issuer.name and self._introspector.issuer.jwks is None

    def _recall(self, token: str) -> _Verified | None:
        keys = self._ring.keys
        if keys is not self._remembered_with:
            self._remembered, self._remembered_with = {}, keys
        return self._remembered.get(_digest(token))

    def _verify(self, token: str, presented: Unverified) -> _Verified:
        issuer = self._ring.issuers.get(presented.issuer)
        if issuer is None:
            raise UnreadableError("The issuer of the token is not accepted")
        claims = signed_claims(presented, self._ring.keys_of(issuer.name), TYPES)
        if "jti" not in claims:
            raise UnreadableError("A required claim is missing")
        verified = read_claims(claims, issuer, self._ring.issuers)
        if len(self._remembered) >= MOST_REMEMBERED:
            self._remembered.pop(next(iter(self._remembered)))
        self._remembered[_digest(token)] = verified
        return verified

    def _on_time(self, verified: _Verified) -> Caller:
        refuse_wrong_time(verified, self._clock())
        return verified.caller


def _introspector(ring: KeyRing, fresh: FreshKeys, clock: Clock) -> Introspector[_Verified] | None:
    for issuer in ring.issuers.values():
        if issuer.introspection is not None:
            judge = partial(read_claims, issuer=issuer, issuers=ring.issuers)
            return Introspector(issuer, ring=ring, fresh=fresh, judge=judge, clock=clock)
    return None


def _presented(token: str) -> Unverified:
    presented = read_unverified(token)
    if presented is None:
        raise UnreadableError("The token is malformed")
    return presented


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def bearer(given: Sequence[str]) -> str:
    """The token of an Authorization header; raises 401 when there is none, or more than one."""
    if not given:
        raise unauthenticated()
    scheme, _, token = given[0].partition(" ")
    if len(given) > 1 or scheme.lower() != "bearer" or not token:
        raise unauthenticated("A single bearer token is expected")
    if len(token) > LARGEST_TOKEN:
        raise unauthenticated("The token is too large")
    if not BEARER.fullmatch(token):
        raise unauthenticated("A single bearer token is expected")
    return token


def read_claims(claims: Mapping[str, Any], issuer: Issuer, issuers: Mapping[str, Issuer]) -> _Verified:
    """What the claims of one issuer say, once each has the type and the size it must have, and is its to say."""
    if any(name not in claims for name in (*NAMED, "aud", "exp", "iat")):
        raise UnreadableError("A required claim is missing")
    texts = {name: claims[name] for name in NAMED} | {"jti": claims.get("jti", "-")}
    for value in texts.values():
        if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_CLAIM or not is_sound_text(value):
            raise UnreadableError("A claim is malformed")
    if texts["iss"] != issuer.name:
        raise UnreadableError("The issuer of the token is not accepted")
    audience = claims["aud"]
    if audience != AUDIENCE and not (isinstance(audience, list) and AUDIENCE in audience):
        raise UnreadableError("The token is for another audience")
    if texts["role"] not in ROLES or not is_slug(texts["commune"]):
        raise UnreadableError("A claim is malformed")
    role = PORTAL if texts["sub"] == texts["client_id"] else texts["role"]
    if role not in issuer.roles or (issuer.communes is not None and texts["commune"] not in issuer.communes):
        raise UnreadableError("The issuer does not speak for this role in this town")
    caller = Caller(
        subject=account_of(texts["sub"], issuer, issuers),
        role=role,
        commune=Commune(texts["commune"]),
        client=texts["client_id"],
        token_id=texts["jti"],
        issuer=texts["iss"],
    )
    return _Verified(caller, *(_instant(claims.get(name, 0)) for name in ("iat", "nbf", "exp")))


def account_of(subject: str, issuer: Issuer, issuers: Mapping[str, Issuer]) -> Subject:
    """The name of an account in the ledger; refuses a `sub` that reads like an account of another issuer."""
    account = issuer.account(subject)
    aliases = [other.alias for other in issuers.values() if other.alias is not None]
    if issuer.alias is None and any(subject.startswith(alias + SEPARATOR) for alias in aliases):
        raise UnreadableError("The subject of the token belongs to another issuer")
    if len(account) > LONGEST_CLAIM:
        raise UnreadableError("A claim is malformed")
    return Subject(account)


def _instant(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST_INSTANT:
        raise UnreadableError("A claim is malformed")
    return value


def refuse_wrong_time(verified: _Verified, now: datetime) -> None:
    """Refuse a token that has expired or does not exist yet, give or take half a minute between two clocks."""
    instant = now.timestamp()
    if instant >= verified.expires_at + LEEWAY_SECONDS:
        raise UnreadableError("The token has expired", expired=True)
    if max(verified.issued_at, verified.not_before) > instant + LEEWAY_SECONDS:
        raise UnreadableError("The token is not valid yet")


async def caller(request: Request) -> Caller:
    """The caller the door has already recognised."""
    found = request.scope[CALLER]
    assert isinstance(found, Caller)
    return found


Signed = Annotated[Caller, Depends(caller)]
