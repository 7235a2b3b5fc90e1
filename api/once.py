"""The Idempotency-Key of a command, and what it was asked with: the same key may never mean two things."""

import hashlib
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Header, Request
from fastapi.responses import Response

from api.answers import JSONAnswer
from api.problems import CONTENT_TYPE, Problem, retry_later
from api.trace import trace_of

BODY: Final = "ardoise.body"
"""Where a door leaves the canonical bytes of the body in the scope of a request."""
MAX_KEY_LENGTH: Final = 255
HIT: Final = "Idempotency-Hit"


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """What the client calls this command, and the 32-byte digest of what it asked."""

    key: str
    fingerprint: bytes


def fingerprint(method: str, path: str, canonical: bytes) -> bytes:
    """SHA-256 over the method, the path and the canonical body, each closed by a NUL none of them can hold."""
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), canonical))).digest()


async def once(
    request: Request,
    declared: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="Un nom choisi par le client, 1 à 255 caractères ASCII visibles, le même à chaque essai.",
            examples=["5f0c6f2e-7a0e-4a0e-9a52-0b5b0f0a3a11"],
        ),
    ] = None,
) -> IdempotencyKey:
    """Read the key of a command: 400 without one, or with one nobody could type again."""
    given = request.headers.getlist("idempotency-key")
    if not given or declared is None:
        raise Problem("idempotency_key_missing")
    key = given[0]
    sound = len(given) == 1 and 1 <= len(key) <= MAX_KEY_LENGTH and all("!" <= letter <= "~" for letter in key)
    if not sound:
        raise Problem("idempotency_key_invalid")
    body = request.scope.get(BODY, b"")
    return IdempotencyKey(key, fingerprint(request.method, request.scope["path"], body))


Once = Annotated[IdempotencyKey, Depends(once)]


def stored_answer(request: Request, *, status: int, body: bytes, version: int | None, hit: bool) -> Response:
    """The answer kept beside a key, byte for byte, refusals included; a repeated command says so."""
    headers = {HIT: "true"} if hit else {}
    trace_of(request.scope).hit = hit
    answer = JSONAnswer(body, status, headers, version=version)
    if status >= 400:
        answer.headers["Content-Type"] = CONTENT_TYPE
    return answer


def key_reused() -> Problem:
    """The key was seen with another body."""
    return Problem("idempotency_key_reused")


def key_in_progress() -> Problem:
    """The first command with this key has not been answered yet."""
    return retry_later("idempotency_in_progress", seconds=1)
