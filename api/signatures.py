"""Who signed a JWT: the checks every signed document goes through before a word of it is believed."""

import asyncio
import base64
import re
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, TypeVar, cast

import jwt
import orjson

from api.keys import Key, KeyRing
from api.refreshed import LONGEST_WAIT_SECONDS

ALGORITHMS: Final = frozenset({"ES256", "RS256", "EdDSA"})
MOST_RESTING: Final = 4
"""Requests that may wait for the rest of an issuer to end: garbage must not hold the places of everybody."""

PART: Final = re.compile(r"[A-Za-z0-9_-]+")
T = TypeVar("T")
_JWS: Final = jwt.PyJWS()


class UnreadableError(Exception):
    """Why a token is not accepted: what the log may say, in RFC 6750's own words."""

    def __init__(self, reason: str, *, expired: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.expired = expired


class UnknownKeyError(Exception):
    """The document names a key its issuer has not published yet, as far as we know."""


class UnavailableError(Exception):
    """The issuer does not answer, so that nobody can tell what the token is worth."""


@dataclass(frozen=True, slots=True)
class Unverified:
    """A JWT as it presents itself. Nothing of it is believed: it only says which issuer's keys to try."""

    text: str
    header: dict[str, Any]
    issuer: str


def read_unverified(text: str) -> Unverified | None:
    """A JWT before any check; None when the text is not one at all. Raises `UnreadableError` when it is half of one."""
    parts = text.split(".")
    if len(parts) != 3 or not all(PART.fullmatch(part) for part in parts[:2]):
        return None
    header = _json_object(parts[0])
    if header is None:
        return None
    claims = _json_object(parts[1])
    issuer = None if claims is None else claims.get("iss")
    if not isinstance(issuer, str):
        raise UnreadableError("The token is malformed")
    return Unverified(text, header, issuer)


def _json_object(part: str) -> dict[str, Any] | None:
    try:
        found = orjson.loads(base64.urlsafe_b64decode(part + "=="))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def signed_claims(document: Unverified, keys: Sequence[Key], types: frozenset[str]) -> dict[str, Any]:
    """What a JWT of one of these types says, once one of these keys is known to have signed it."""
    header = document.header
    if str(header.get("typ", "")).lower() not in types:
        raise UnreadableError("The token is of another type")
    algorithm, name = header.get("alg"), header.get("kid")
    if (
        not isinstance(algorithm, str)
        or algorithm not in ALGORITHMS
        or not isinstance(name, str | None)
        or "crit" in header
        or header.get("b64", True) is not True
    ):
        raise UnreadableError("The token is signed in a way that is not accepted")
    candidates = [key for key in keys if name is None or key.name == name]
    if not candidates:
        raise UnknownKeyError
    payloads = (_payload(document.text, key) for key in candidates if key.algorithm == algorithm)
    payload = next((found for found in payloads if found is not None), None)
    if payload is None:
        raise UnreadableError("The signature of the token is not valid")
    try:
        claims = orjson.loads(payload)
    except ValueError as error:
        raise UnreadableError("The token is malformed") from error
    if not isinstance(claims, dict):
        raise UnreadableError("The token is malformed")
    return claims


def _payload(text: str, key: Key) -> bytes | None:
    """The bytes this key signed; None when it did not."""
    try:
        return cast(bytes, _JWS.decode(text, cast(Any, key.public), algorithms=[key.algorithm]))
    except jwt.InvalidSignatureError:
        return None
    except jwt.PyJWTError as error:
        raise UnreadableError("The token is malformed") from error


class FreshKeys:
    """Lets a check wait a moment for a key that has just been published: a rotation refuses nobody."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._resting = 0

    async def attempt(self, check: Callable[[], T], issuer: str) -> T:
        """What the check says, with the keys as they are or, if one is missing, as they are a moment later.

        Raises what the check raises, and `UnavailableError` when the issuer did not answer in time.
        """
        try:
            return check()
        except UnknownKeyError:
            pass
        loop = asyncio.get_running_loop()
        until = loop.time() + LONGEST_WAIT_SECONDS
        while True:
            fetch = self._ring.refresh_soon(issuer)
            answered = await self._wait(fetch.done, until - loop.time(), resting=fetch.rests)
            try:
                return check()
            except UnknownKeyError:
                if not answered:
                    raise UnavailableError("The keys of the issuer could not be read") from None
                if fetch.began_after:
                    raise

    async def _wait(self, done: Future[bool], seconds: float, *, resting: bool) -> bool:
        if resting and self._resting >= MOST_RESTING:
            return False
        self._resting += resting
        try:
            fetched = asyncio.wrap_future(done)
            await asyncio.wait({fetched}, timeout=max(0.0, seconds))
            return fetched.done() and bool(fetched.result())
        finally:
            self._resting -= resting
