"""Turns whatever is raised behind a door into a problem: nothing else ever reaches the client."""

import re
from collections.abc import Sequence
from typing import Any, Final

import psycopg
import structlog
from eventsourcing import persistence
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route

from api.french_fields import field_sentence
from api.problems import FieldError, Problem, not_found, retry_later
from api.trace import trace_of
from ledger.entry import AlteredLineError
from ledger.store import BusyError, ConflictError, KeyReusedError
from vault.sealing import LostKeyError

log = structlog.stdlib.get_logger("ardoise.handlers")

DATABASE_DOWN: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    persistence.OperationalError,
    persistence.InterfaceError,
)
"""Pool timeouts, lost connections, lock and statement timeouts: all of them pass."""

RETRY_SECONDS: Final = 2
LOST_KEY_SECONDS: Final = 60
"""Somebody has to put the key back, and to start the service again."""
METHOD_NOT_ALLOWED: Final = 405
MOST_ERRORS: Final = 100
CHOICE: Final = re.compile(r"'([^']*)'")
"""As pydantic writes one of those there are."""
CODE_OF_STATUS: Final = {404: "not_found", 405: "method_not_allowed", 406: "not_acceptable", 413: "body_too_large"}


def answer(request: Request, problem: Problem) -> Response:
    """Send a problem and leave its code in the trace of the request."""
    trace_of(request.scope).code = problem.code
    return problem.answer()


def field_path(location: Sequence[str | int], known: frozenset[str] | None = None) -> str:
    """Where an error is, as `reserve[0].day`; a name that is not ours was sent by the client and is not repeated."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            name = part if known is None or part in known else "*"
            path += f".{name}" if path else name
    return path or "*"


def field_errors(
    where: str, errors: Sequence[Any], known: frozenset[str] | None = None, *, skip: int = 0
) -> tuple[FieldError, ...]:
    """Pydantic's errors in French, without their input; `skip` drops the leading parts of a location."""
    said = []
    for error in errors[:MOST_ERRORS]:
        told = error.get("ctx", {})
        choices = CHOICE.findall(str(told.get("expected") or told.get("expected_tags") or ""))
        code, sentence = field_sentence(error["type"], choices)
        path = field_path(error["loc"][skip:], known)
        said.append(FieldError(where=where, field=path, code=code, detail=sentence))
    return tuple(said)


async def on_problem(request: Request, error: Exception) -> Response:
    """A refusal raised by a door or a resource."""
    assert isinstance(error, Problem)
    return answer(request, error)


async def on_validation(request: Request, error: Exception) -> Response:
    """Parameters FastAPI refused: a path that names nothing is unknown, the rest is to be corrected."""
    assert isinstance(error, RequestValidationError)
    errors = error.errors()
    if any(item["loc"][0] == "path" for item in errors):
        return answer(request, not_found())
    said = [field_errors(str(item["loc"][0]), [item], skip=1) for item in errors]
    return answer(request, Problem("invalid_request", errors=[error for found in said for error in found]))


async def on_http(request: Request, error: Exception) -> Response:
    """What the framework itself refuses: an unknown path, a method."""
    assert isinstance(error, HTTPException)
    code = CODE_OF_STATUS.get(error.status_code, "invalid_request" if error.status_code < 500 else "unexpected")
    headers = {"Allow": methods_of(request)} if error.status_code == METHOD_NOT_ALLOWED else error.headers
    return answer(request, Problem(code, headers=headers))


def methods_of(request: Request) -> str:
    """Every method of a path; the router alone would name those of the first route that has it."""
    found: set[str] = set()
    for route in request.app.router.routes:
        if isinstance(route, Route) and route.matches(request.scope)[0] is not Match.NONE:
            found |= route.methods or set()
    return ", ".join(sorted(found))


async def on_database(request: Request, _: Exception) -> Response:
    """The database does not answer: nothing was lost, and the client may come back."""
    heal = getattr(request.app.state, "heal", None)
    if heal is not None:
        heal()
    return answer(request, retry_later("database_unavailable", seconds=RETRY_SECONDS))


async def on_read_only(request: Request, error: Exception) -> Response:
    """The database reads and does not write: a standby took its place, or somebody said so. Nothing was written."""
    cause = error.__cause__ if isinstance(error, persistence.InternalError) else error
    if not isinstance(cause, psycopg.errors.ReadOnlySqlTransaction):
        raise error
    return await on_database(request, error)


async def on_lost_key(request: Request, error: Exception) -> Response:
    """A key of the vault is not in the file this service read: nothing is lost, and an operator is told which."""
    assert isinstance(error, LostKeyError)
    log.error("vault_unavailable", key=error.name)
    return answer(request, retry_later("vault_unavailable", seconds=LOST_KEY_SECONDS))


async def on_altered_line(request: Request, error: Exception) -> Response:
    """A line of the ledger is not the one that was written: nothing is told from it, and an operator is told which."""
    assert isinstance(error, AlteredLineError)
    log.error("altered_line", stream=error.stream, version=error.version)
    return answer(request, Problem("altered_line", correlation=trace_of(request.scope).correlation))


async def on_conflict(request: Request, _: Exception) -> Response:
    """Others were faster, five times running."""
    return answer(request, retry_later("conflict", seconds=1))


async def on_key_reused(request: Request, _: Exception) -> Response:
    """The key of a command came back with another body."""
    return answer(request, Problem("idempotency_key_reused"))


async def on_busy(request: Request, _: Exception) -> Response:
    """The same key is being handled, or a place is fought over."""
    return answer(request, retry_later("idempotency_in_progress", seconds=1))


def install(app: FastAPI) -> None:
    """Give an application these handlers; unexpected exceptions are answered by the telemetry, which logs them."""
    app.add_exception_handler(Problem, on_problem)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(LostKeyError, on_lost_key)
    app.add_exception_handler(AlteredLineError, on_altered_line)
    app.add_exception_handler(ConflictError, on_conflict)
    app.add_exception_handler(KeyReusedError, on_key_reused)
    app.add_exception_handler(BusyError, on_busy)
    for down in DATABASE_DOWN:
        app.add_exception_handler(down, on_database)
    for read_only in (psycopg.errors.ReadOnlySqlTransaction, persistence.InternalError):
        app.add_exception_handler(read_only, on_read_only)
