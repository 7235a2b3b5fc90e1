"""Who read what of a family: one line an answered read, committed before the answer leaves.

A line says who, when, through which operation, for which purpose and about whom, in identifiers: never what was asked
nor what was answered.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final, LiteralString
from uuid import UUID, uuid4

import psycopg
import structlog
from fastapi import Request
from psycopg_pool import AsyncConnectionPool

from api.asking import AsyncPool
from api.authorisation import Rights
from api.clock import Clock
from api.french_access import PURPOSE_HEADER, PURPOSES
from api.problems import invalid_field
from api.tokens import Caller
from api.trace import trace_of
from ledger.database import CONNECT_SECONDS, service_conninfo
from ledger.identifiers import Commune
from ledger.settings import Settings

SEEN: Final = "ardoise.seen"
"""Where an answer notes whom it shows, in the scope of its request."""
HEADER: Final = "Ardoise-Purpose"
NAMED_BY_PATHS: Final = ("child", "household", "person")
"""The parts of a path that name somebody: whoever is asked about by name was read, whatever the answer noted."""
MOST_GATHERING: Final = 1_000
"""Lines that may wait for one insert: more than requests may run."""
PAUSE_SECONDS: Final = 0.002
"""Between two inserts: an insert costs the process half a millisecond however many lines it has, and a line that comes
alone does not wait."""

_BY_ROLE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "guardian": ("own_file",),
        "agent": ("family_management", "instruction", "attendance", "billing", "rights_request"),
        "auditor": ("audit", "rights_request"),
        "billing": ("billing", "rights_request"),
        "admin": ("rights_request", "family_management"),
        "portal": ("own_file",),
    }
)
"""What each role may say it reads for; the first is what is understood, unless the operation says otherwise."""
_BY_OPERATION: Final = (
    ("/demandes", "instruction"),
    ("/activations", "instruction"),
    ("/documents", "instruction"),
    ("/activities", "attendance"),
    ("/billing", "billing"),
    ("/titres", "billing"),
    ("/prices", "instruction"),
)
"""What an agent reads for, by the beginning of the path."""

log = structlog.stdlib.get_logger("ardoise.access")


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One read, as the log keeps it."""

    commune: Commune
    line: UUID
    read_at: datetime
    actor: str
    role: str
    client: str
    operation: str
    purpose: str
    about: tuple[str, ...]
    """Identifiers, each once."""
    correlation: str


class UnwrittenError(psycopg.OperationalError):
    """A line could not be kept: what was read is not answered, and the client may come back."""


_TENANT: Final[LiteralString] = "SELECT set_config('ardoise.commune', %s, true)"
_TOWN: Final[LiteralString] = "INSERT INTO access.towns VALUES (%s) ON CONFLICT DO NOTHING"
_KEEP: Final[LiteralString] = """
    WITH kept AS (
        INSERT INTO access.reads
        SELECT %(commune)s, l.read_at, l.line, l.actor, l.role, l.client, l.operation, l.purpose,
               string_to_array(l.about, ' '), l.correlation
        FROM unnest(%(read_at)s::timestamptz[], %(line)s::uuid[], %(actor)s::text[], %(role)s::text[],
                    %(client)s::text[], %(operation)s::text[], %(purpose)s::text[], %(about)s::text[],
                    %(correlation)s::text[])
             AS l (read_at, line, actor, role, client, operation, purpose, about, correlation)
        ON CONFLICT DO NOTHING
        RETURNING read_at, line, about
    )
    INSERT INTO access.seen SELECT %(commune)s, a.person, k.read_at, k.line FROM kept k, unnest(k.about) AS a (person)
"""
"""An array of arrays of different lengths cannot be sent: identifiers, which hold no space, travel as one text."""


class Recorder:
    """Keeps lines in the order they come: those that come while an insert is under way share the next one."""

    def __init__(self, pool: AsyncPool) -> None:
        self._pool = pool
        self._gathering: list[Line] = []
        self._coming: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._next_at = 0.0

    async def write(self, line: Line) -> None:
        """Returns once the line is committed. Raises UnwrittenError when it cannot be."""
        if len(self._gathering) >= MOST_GATHERING:
            raise UnwrittenError("too many lines wait for the access log")
        self._gathering.append(line)
        if self._coming is None:
            self._coming = asyncio.create_task(self._keep_those_gathered())
        # Shielded: a client that leaves does not take away the lines of the others.
        await asyncio.shield(self._coming)

    async def _keep_those_gathered(self) -> None:
        async with self._turn:
            loop = asyncio.get_running_loop()
            if (wait := self._next_at - loop.time()) > 0:
                await asyncio.sleep(wait)
            self._next_at = loop.time() + PAUSE_SECONDS
            lines, self._gathering, self._coming = self._gathering, [], None
            try:
                await self._keep(lines)
            except psycopg.Error as error:
                log.error("unwritten", error=type(error).__name__, lines=len(lines))
                raise UnwrittenError("the access log cannot be written") from error

    async def _keep(self, lines: list[Line]) -> None:
        """Once more on another connection when this one had died: no line is kept twice, since each has its name."""
        connection = None
        try:
            async with self._pool.connection() as connection:
                await _insert(connection, lines)
        except psycopg.OperationalError:
            if connection is None or not connection.closed:
                raise
            async with self._pool.connection() as another:
                await _insert(another, lines)


async def _insert(connection: "psycopg.AsyncConnection[Any]", lines: list[Line]) -> None:
    """All the lines in one round trip and one transaction: a pipeline without one of its own is one."""
    async with connection.pipeline():
        for statement, values in statements(lines):
            await connection.execute(statement, values)


def statements(lines: Iterable[Line]) -> Iterator[tuple[LiteralString, Any]]:
    """What keeps these lines, town by town, in one transaction."""
    by_town = attrgetter("commune")
    for commune, group in groupby(sorted(lines, key=by_town), key=by_town):
        yield _TENANT, (commune,)
        yield _TOWN, (commune,)
        yield _KEEP, _columns(commune, list(group))


def _columns(commune: Commune, lines: list[Line]) -> dict[str, Any]:
    names = ("read_at", "line", "actor", "role", "client", "operation", "purpose", "correlation")
    columns: dict[str, Any] = {name: [getattr(line, name) for line in lines] for name in names}
    return {"commune": commune, **columns, "about": [" ".join(line.about) for line in lines]}


async def open_access_pool(conninfo: str, settings: Settings) -> AsyncPool:
    """The one connection of the log, which may write; it is opened again when it dies."""
    pool: AsyncPool = AsyncConnectionPool(
        service_conninfo(conninfo, settings, application="ardoise-access"),
        kwargs={"autocommit": True},
        min_size=1,
        max_size=1,
        max_waiting=settings.queue_size,
        timeout=settings.queue_seconds,
        name="access",
        open=False,
    )
    await pool.open(wait=True, timeout=CONNECT_SECONDS * 2)
    return pool


def header() -> dict[str, Any]:
    """The header that says why, as /openapi.json tells it."""
    words = {"type": "string", "enum": list(PURPOSES), "examples": ["rights_request"]}
    return {"name": HEADER, "in": "header", "required": False, "description": PURPOSE_HEADER, "schema": words}


def purpose_of(request: Request, role: str, rights: Rights) -> str:
    """What a read is for: what the caller says, or what the role and the operation let understand."""
    known = _BY_ROLE[role]
    said = request.headers.getlist(HEADER)
    if said:
        if len(said) > 1 or said[0] not in known:
            raise invalid_field("header", HEADER, "literal_error")
        return said[0]
    if role == "agent":
        path = rights.operation.partition(" ")[2]
        return next((purpose for start, purpose in _BY_OPERATION if path.startswith(start)), known[0])
    return known[0]


async def note(request: Request, caller: Caller, rights: Rights, purpose: str) -> None:
    """Leaves the line of a read that is about to be answered."""
    if rights.marks.get(caller.role) == "own":  # type: ignore[call-overload]
        return
    clock: Clock = request.app.state.clock
    named = {request.path_params[name] for name in NAMED_BY_PATHS if name in request.path_params}
    line = Line(
        commune=caller.commune,
        line=uuid4(),
        read_at=clock().astimezone(UTC),
        actor=caller.subject,
        role=caller.role,
        client=caller.client,
        operation=rights.operation,
        purpose=purpose,
        about=tuple(sorted(named | request.scope.get(SEEN, set()))),
        correlation=trace_of(request.scope).recorded,
    )
    recorder: Recorder = request.app.state.access
    await recorder.write(line)
