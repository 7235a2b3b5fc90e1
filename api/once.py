"""The Idempotency-Key of a command, and what it was asked with: the same key may never mean two things."""

import hashlib
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import parse_qsl, urlencode

import orjson
from fastapi import Depends, Header, Request
from fastapi.responses import Response

import ledger.store
from api.body import BODY
from api.problems import Problem
from api.tokens import Caller
from api.trace import trace_of
from ledger.store import Answer, Kept
from projections.question import Question

MAX_KEY_LENGTH: Final = 255
HIT: Final = "Idempotency-Hit"
FIRST_REFUSAL: Final = 400


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """What the client calls this command, and the 32-byte digest of what it asked."""

    key: str
    fingerprint: bytes


def fingerprint(method: str, path: str, query: str, canonical: bytes) -> bytes:
    """SHA-256 over the method, the path, the query and the canonical body, parted by a NUL none of them can hold."""
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), query.encode(), canonical))).digest()


def sorted_query(raw: bytes) -> str:
    """What a query string asks, in one spelling: the door has checked that it can be read."""
    return urlencode(sorted(parse_qsl(raw.decode("ascii"), keep_blank_values=True)))


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
    query = sorted_query(request.scope["query_string"])
    return IdempotencyKey(key, fingerprint(request.method, request.scope["path"], query, body))


Once = Annotated[IdempotencyKey, Depends(once)]


def kept_once(caller: Caller, key: IdempotencyKey) -> ledger.store.Once:
    """What the ledger needs in order to run a command once: one parent's key never meets another's."""
    return ledger.store.Once(client=caller.client, subject=caller.subject, key=key.key, fingerprint=key.fingerprint)


class AnsweredBefore(Exception):  # noqa: N818 - what it is, and no error
    """The command was answered under its key, and what it was asked with cannot be held against it any more."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("answered before")
        self.answer = answer


def answer_under(caller: Caller, key: str) -> Question:
    """The answer kept under a key of the caller, whatever it was asked with."""
    return Question(
        sql="""
            SELECT status, headers, body FROM answers
            WHERE commune = %(commune)s AND client = %(client)s AND subject = %(subject)s AND key = %(key)s
        """,
        values={"commune": caller.commune, "client": caller.client, "subject": caller.subject, "key": key},
    )


def sent(request: Request, kept: Kept) -> Response:
    """The answer kept under a key, byte for byte, refusals included; a repeated command says so."""
    answer = kept.answer
    headers = {"Content-Type": "application/json", **answer.headers}
    trace = trace_of(request.scope)
    trace.hit = kept.replayed
    if kept.replayed:
        headers[HIT] = "true"
    if answer.status >= FIRST_REFUSAL:
        trace.code = orjson.loads(answer.body).get("code")
    return Response(answer.body, answer.status, headers)


async def on_answered_before(request: Request, error: Exception) -> Response:
    """The command had its answer, and has it again."""
    assert isinstance(error, AnsweredBefore)
    return sent(request, Kept(answer=error.answer, replayed=True))
