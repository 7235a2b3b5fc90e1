"""Who is calling: the bearer token of a request, checked against everything RFC 9068 asks and nothing a token claims.

The instants of a token are judged by the clock the checker is given. It is the time of the machine even when the ledger
lives in another year (the demo, a replay): an identity provider does not travel with it.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, cast

import jwt
from fastapi import Depends, Request

from api import french
from api.body import is_sound_text
from api.clock import Clock, utc_now
from api.keys import Key, KeyRing
from api.problems import Problem, not_found
from ledger.identifiers import Commune, Subject, is_slug

AUDIENCE: Final = "ardoise"
TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})
REQUIRED: Final = ["iss", "sub", "aud", "exp", "iat", "jti", "client_id", "commune", "role"]
ROLES: Final = frozenset({"guardian", "agent", "auditor", "billing", "admin"})
ALGORITHMS: Final = frozenset({"ES256", "RS256", "EdDSA"})
LARGEST_TOKEN: Final = 8192
LONGEST_CLAIM: Final = 255
LEEWAY_SECONDS: Final = 30
MOST_REMEMBERED: Final = 4096
WAIT_FOR_KEYS_SECONDS: Final = 3.0
CALLER: Final = "ardoise.caller"


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a request speaks for: a pseudonymous subject, in one role, in one town, through one client."""

    subject: Subject
    role: str
    commune: Commune
    client: str
    token_id: str
    issuer: str


class UnknownKeyError(Exception):
    """The token names a key nobody has published yet, as far as we know."""


class UnreadableError(Exception):
    """Why a token is not accepted: what the log may say, in RFC 6750's own words."""

    def __init__(self, reason: str, *, expired: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.expired = expired


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
        self._remembered: dict[bytes, _Verified] = {}
        self._remembered_with: tuple[Key, ...] = ring.keys

    async def authenticate(self, request: Request) -> Caller:
        """The caller of a request; waits a moment for a key that has just been published; 401 otherwise."""
        token = bearer(request.headers.getlist("authorization"))
        try:
            try:
                return self.check(token)
            except UnknownKeyError:
                fetched = asyncio.wrap_future(self._ring.refresh_soon())
                await asyncio.wait({fetched}, timeout=WAIT_FOR_KEYS_SECONDS)
                return self.check(token)
        except UnknownKeyError:
            raise unauthenticated("The key of the token is unknown") from None
        except UnreadableError as error:
            raise unauthenticated(error.reason, expired=error.expired) from None

    def check(self, token: str) -> Caller:
        """The caller a token speaks for; raises `UnreadableError` or `UnknownKeyError`."""
        keys = self._ring.keys
        if keys is not self._remembered_with:
            self._remembered, self._remembered_with = {}, keys
        digest = hashlib.sha256(token.encode()).digest()
        verified = self._remembered.get(digest)
        if verified is None:
            verified = verify(token, keys)
            if len(self._remembered) >= MOST_REMEMBERED:
                self._remembered.pop(next(iter(self._remembered)))
            self._remembered[digest] = verified
        refuse_wrong_time(verified, self._clock())
        return verified.caller


def bearer(given: Sequence[str]) -> str:
    """The token of an Authorization header; raises 401 when there is none, or more than one."""
    if not given:
        raise unauthenticated()
    scheme, _, token = given[0].partition(" ")
    if len(given) > 1 or scheme.lower() != "bearer" or not token or not token.isascii():
        raise unauthenticated("A single bearer token is expected")
    if len(token) > LARGEST_TOKEN:
        raise unauthenticated("The token is too large")
    return token


def verify(token: str, keys: Sequence[Key]) -> _Verified:
    """Check the header, the signature and the claims of a token; its instants are judged apart, at each use."""
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError as error:
        raise UnreadableError("The token is malformed") from error
    if str(header.get("typ", "")).lower() not in TYPES:
        raise UnreadableError("The token is not an access token")
    algorithm = header.get("alg")
    if (
        not isinstance(algorithm, str)
        or algorithm not in ALGORITHMS
        or "crit" in header
        or header.get("b64", True) is not True
    ):
        raise UnreadableError("The token is signed in a way that is not accepted")
    name = header.get("kid")
    candidates = [key for key in keys if name is None or key.name == name]
    if not candidates:
        raise UnknownKeyError
    for key in candidates:
        if key.algorithm != algorithm:
            continue
        claims = claims_of(token, key)
        if claims is not None:
            return read_claims(claims, key)
    raise UnreadableError("The signature of the token is not valid")


def claims_of(token: str, key: Key) -> dict[str, Any] | None:
    """The claims of a token this key signed; None when it did not."""
    options = {"require": REQUIRED, "verify_exp": False, "verify_iat": False, "verify_nbf": False}
    try:
        claims = jwt.decode(
            token, cast(Any, key.public), algorithms=[key.algorithm], audience=AUDIENCE, options=cast(Any, options)
        )
    except jwt.InvalidSignatureError:
        return None
    except jwt.MissingRequiredClaimError as error:
        raise UnreadableError("A required claim is missing") from error
    except jwt.InvalidAudienceError as error:
        raise UnreadableError("The token is for another audience") from error
    except jwt.PyJWTError as error:
        raise UnreadableError("The token is malformed") from error
    return claims


def read_claims(claims: dict[str, Any], key: Key) -> _Verified:
    """What the claims say, once each has the type and the size it must have."""
    texts = {name: claims[name] for name in ("iss", "sub", "jti", "client_id", "commune", "role")}
    for value in texts.values():
        if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_CLAIM or not is_sound_text(value):
            raise UnreadableError("A claim is malformed")
    if texts["iss"] != key.issuer:
        raise UnreadableError("The issuer of the token is not accepted")
    if texts["role"] not in ROLES or not is_slug(texts["commune"]):
        raise UnreadableError("A claim is malformed")
    caller = Caller(
        subject=Subject(texts["sub"]),
        role=texts["role"],
        commune=Commune(texts["commune"]),
        client=texts["client_id"],
        token_id=texts["jti"],
        issuer=texts["iss"],
    )
    instants = [claims["iat"], claims.get("nbf", 0), claims["exp"]]
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in instants):
        raise UnreadableError("A claim is malformed")
    return _Verified(caller, *instants)


def refuse_wrong_time(verified: _Verified, now: datetime) -> None:
    """Refuse a token that has expired or does not exist yet, give or take half a minute between two clocks."""
    leeway = timedelta(seconds=LEEWAY_SECONDS).total_seconds()
    instant = now.timestamp()
    if instant >= verified.expires_at + leeway:
        raise UnreadableError("The token has expired", expired=True)
    if max(verified.issued_at, verified.not_before) > instant + leeway:
        raise UnreadableError("The token is not valid yet")


async def caller(request: Request) -> Caller:
    """The caller the door has already recognised."""
    found = request.scope[CALLER]
    assert isinstance(found, Caller)
    return found


Signed = Annotated[Caller, Depends(caller)]


@dataclass(frozen=True, slots=True)
class Only:
    """Lets some roles alone in: to the others, the resource does not exist. The door asks before it reads anything."""

    roles: frozenset[str]

    def admit(self, who: Caller) -> None:
        """Not found for any other role."""
        if who.role not in self.roles:
            raise not_found()

    async def __call__(self, who: Signed) -> None:
        """The same, as a dependency."""
        self.admit(who)


def only(*roles: str) -> Any:
    """A dependency for what some roles alone may do."""
    assert ROLES.issuperset(roles)
    return Depends(Only(frozenset(roles)))
