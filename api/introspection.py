"""What a token that says nothing by itself is worth: its issuer is asked (RFC 7662, and RFC 9701 when it signs)."""

import asyncio
import hashlib
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar
from urllib.parse import quote_plus

import httpx
import orjson
import structlog

from api.clock import Clock
from api.issuers import Issuer
from api.keys import KeyRing
from api.signatures import (
    FreshKeys,
    UnavailableError,
    UnknownKeyError,
    UnreadableError,
    read_unverified,
    signed_claims,
)

JSON: Final = "application/json"
SIGNED: Final = "application/token-introspection+jwt"
SIGNED_TYPES: Final = frozenset({"token-introspection+jwt", SIGNED})
LARGEST_ANSWER_BYTES: Final = 64 * 1024
ASK_SECONDS: Final = 3.0
KEPT_SECONDS: Final = 30.0
"""How long an account closed by its issuer may still be believed."""
REFUSED_SECONDS: Final = 5.0
REST_SECONDS: Final = 1.0
"""After a question nobody answered: meanwhile requests are told at once, instead of waiting three seconds each."""
MOST_AT_ONCE: Final = 8
MOST_KEPT: Final = 4096

T = TypeVar("T")
Judge = Callable[[dict[str, Any]], T]
"""Reads the claims of a token, as those of any other; raises `UnreadableError`."""

log = structlog.stdlib.get_logger("ardoise.introspection")


@dataclass(frozen=True, slots=True)
class _Known(Generic[T]):
    verdict: T | UnreadableError
    until: float


class Introspector(Generic[T]):
    """Asks the one issuer that introspects, once for all who ask about the same token, and remembers for a moment."""

    def __init__(self, issuer: Issuer, *, ring: KeyRing, fresh: FreshKeys, judge: Judge[T], clock: Clock) -> None:
        assert issuer.introspection is not None
        self.issuer = issuer
        self._at = issuer.introspection
        self._ring = ring
        self._fresh = fresh
        self._judge = judge
        self._clock = clock
        self._tls = ssl.create_default_context()
        self._seats = asyncio.Semaphore(MOST_AT_ONCE)
        self._known: dict[bytes, _Known[T]] = {}
        self._asking: dict[bytes, asyncio.Task[T]] = {}
        self._rested_at = 0.0

    async def verdict(self, token: str) -> T:
        """What the judge says of a token; raises `UnreadableError`, or `UnavailableError` when nobody answers."""
        digest = hashlib.sha256(token.encode()).digest()
        known = self._known.get(digest)
        if known is not None and time.monotonic() < known.until:
            return _told(known.verdict)
        asking = self._asking.get(digest)
        if asking is None:
            asking = self._asking[digest] = asyncio.create_task(self._ask(token, digest))
            asking.add_done_callback(lambda over: self._over(digest, over))
        return await asyncio.shield(asking)  # whoever asked first may leave: the others still want to know

    def _over(self, digest: bytes, asking: "asyncio.Task[T]") -> None:
        del self._asking[digest]
        if not asking.cancelled():
            asking.exception()  # seen, even when everybody has left

    async def _ask(self, token: str, digest: bytes) -> T:
        claims = await self._claims(token)
        try:
            if claims.get("active") is not True:
                raise UnreadableError("The token is not active")
            verdict = self._judge(claims)
        except UnreadableError as refusal:
            self._keep(digest, refusal, REFUSED_SECONDS)
            raise
        self._keep(digest, verdict, min(KEPT_SECONDS, float(claims["exp"]) - self._clock().timestamp()))
        return verdict

    def _keep(self, digest: bytes, verdict: T | UnreadableError, seconds: float) -> None:
        self._known.pop(digest, None)
        if len(self._known) >= MOST_KEPT:
            self._known.pop(next(iter(self._known)))
        self._known[digest] = _Known(verdict, time.monotonic() + seconds)

    async def _claims(self, token: str) -> dict[str, Any]:
        """The members of the answer; raises `UnavailableError` for whatever is not one."""
        if time.monotonic() < self._rested_at:
            raise UnavailableError("The issuer did not answer a moment ago")
        try:
            async with asyncio.timeout(ASK_SECONDS), self._seats:
                status, kind, body = await self._posted(token)
        except (TimeoutError, OSError, httpx.HTTPError, httpx.InvalidURL) as error:
            self._rested_at = time.monotonic() + REST_SECONDS
            raise self._unusable(type(error).__name__) from error
        if status != httpx.codes.OK:
            raise self._unusable(f"status {status}")
        if kind == SIGNED:
            return await self._signed(body)
        found = _json_object(body) if kind == JSON else None
        if found is None:
            raise self._unusable("no JSON object")
        return found

    async def _posted(self, token: str) -> tuple[int, str, bytes]:
        """One question, on a connection of its own: an answer is kept for so long that few are asked."""
        at = self._at
        accepted = f"{SIGNED}, {JSON};q=0.5" if self.issuer.jwks is not None else JSON
        # Both are form-encoded before they are joined (RFC 6749, 2.3.1).
        credentials = httpx.BasicAuth(quote_plus(at.client), quote_plus(at.secret))
        form = {"token": token, "token_type_hint": "access_token"}
        headers = {"Accept": accepted, "Accept-Encoding": "identity"}
        async with (
            httpx.AsyncClient(verify=self._tls, timeout=ASK_SECONDS, follow_redirects=False) as client,
            client.stream("POST", at.address, data=form, headers=headers, auth=credentials) as answer,
        ):
            body = b""
            async for piece in answer.aiter_raw():
                body += piece
                if len(body) > LARGEST_ANSWER_BYTES:
                    return answer.status_code, "", b""
            kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
            return answer.status_code, kind, body

    async def _signed(self, body: bytes) -> dict[str, Any]:
        """The members of an answer the issuer signed for us, and for nobody else."""
        name = self.issuer.name
        try:
            document = read_unverified(body.decode("ascii").strip())
            if document is None:
                raise UnreadableError("The answer is malformed")
            claims = await self._fresh.attempt(
                lambda: signed_claims(document, self._ring.keys_of(name), SIGNED_TYPES), name
            )
        except (UnreadableError, UnknownKeyError, UnicodeDecodeError) as error:
            raise self._unusable("a signature that is not valid") from error
        audience, said = claims.get("aud"), claims.get("token_introspection")
        ours = audience == self._at.client or (isinstance(audience, list) and self._at.client in audience)
        if claims.get("iss") != name or not ours or not isinstance(said, dict):
            raise self._unusable("an answer for somebody else")
        return said

    def _unusable(self, what: str) -> UnavailableError:
        log.warning("introspection_failed", issuer=self.issuer.name, answer=what)
        return UnavailableError("The issuer cannot be asked about the token")


def _told(verdict: T | UnreadableError) -> T:
    if isinstance(verdict, UnreadableError):
        raise UnreadableError(verdict.reason, expired=verdict.expired)
    return verdict


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        found = orjson.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
