"""Behind the seal: the read model `past` follows the sealed positions of every town, in batches.

A batch is one transaction with the new position, so whatever is killed, rows and position agree. A town that is far
behind is followed page by page instead: its rows say what was known when, so those of later lines harm nobody who
asks about earlier instants, and the position comes last.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final

import structlog

from ledger.identifiers import Commune, Stream
from replay.following.pages import MODEL, Failure, Line, Pages, park, write
from replay.leader import Connection, Step

BATCH: Final = 500
"""Lines followed in one transaction, when nothing is late."""
FAR_BEHIND: Final = 10_000
"""Lines from which pages are followed one after the other, each from its first line to its last: no page is folded
twice, however many there are."""
CHUNK: Final = 10_000
"""Lines of whole pages followed in one transaction of a town that is far behind."""
IDLE_SECONDS: Final = 0.2
LOOK_AGAIN_SECONDS: Final = 2.0
"""How often a town nothing was sealed in is looked at: its position may have been set back, its parked pages be due."""
RETRIED: Final = 20
"""Parked pages tried again at a time, so that they never hold the others up for long."""

_TOWNS: Final = "SELECT commune, size FROM trees ORDER BY commune"
_TENANT: Final = """
    SELECT set_config('ardoise.commune', %s, true), set_config('statement_timeout', '60s', true),
           set_config('idle_in_transaction_session_timeout', '120s', true)
"""
_BEGIN: Final = "INSERT INTO followed (model, commune) VALUES (%s, %s) ON CONFLICT DO NOTHING"
_POSITION: Final = "SELECT position, xmin::text FROM followed WHERE model = %s AND commune = %s FOR UPDATE"
_ADVANCE: Final = "UPDATE followed SET position = %s WHERE model = %s AND commune = %s"
_SIZE: Final = "SELECT coalesce((SELECT size FROM trees WHERE commune = %s), 0)"
_LINES: Final = """
    SELECT s.position, e.stream, e.version, e.stored, e.digest, s.leaf
    FROM seals s LEFT JOIN entries e ON e.commune = s.commune AND e.arrival = s.arrival
    WHERE s.commune = %(commune)s AND s.position > %(after)s AND s.position <= %(upto)s ORDER BY s.position
"""
_PARKED: Final = "SELECT stream FROM parked WHERE model = %s AND commune = %s"
_DUE: Final = """
    SELECT stream FROM parked WHERE model = %s AND commune = %s AND (%s OR next_try_at <= now())
    ORDER BY next_try_at LIMIT %s
"""
_ONE_PARKED: Final = "SELECT line FROM parked WHERE model = %s AND commune = %s AND stream = %s FOR UPDATE"
_RECOVERED: Final = "DELETE FROM parked WHERE model = %s AND commune = %s AND stream = %s"
_BEHIND: Final = """
    SELECT e.stream, max(e.version) FROM seals s JOIN entries e ON e.commune = s.commune AND e.arrival = s.arrival
    WHERE s.commune = %(commune)s AND s.position > %(after)s AND s.position <= %(upto)s
    GROUP BY e.stream ORDER BY e.stream
"""
_WHOLE: Final = """
    SELECT e.stream, e.version, e.stored, e.digest, s.leaf, s.position > %(after)s
    FROM entries e JOIN seals s ON s.commune = e.commune AND s.arrival = e.arrival
    WHERE e.commune = %(commune)s AND e.stream = ANY(%(streams)s) AND s.position <= %(upto)s
    ORDER BY e.stream, e.version
"""
_log = structlog.stdlib.get_logger("ardoise.follower")


def begin() -> Step:
    """A follower for somebody who comes to lead."""
    return Follower().step


def follow_once(connection: Connection, *, batch: int = BATCH, far_behind: int = FAR_BEHIND) -> int:
    """Follows every town to its last sealed line, and tries its parked pages that are due. Answers how many lines."""
    follower = Follower(batch=batch, far_behind=far_behind)
    while follower.step(connection) == 0:
        pass
    return follower.followed


@dataclass(kw_only=True, slots=True)
class _CatchUp:
    """A town that is far behind: what is left of the pages to follow, and the position once they all are."""

    position: int
    mark: str
    """Which write of the position it starts from: when somebody else sets it, all is begun again."""
    target: int
    chunks: list[list[Stream]]


@dataclass(kw_only=True, slots=True)
class Follower:
    """Follows towns one unit of work at a time. Knows nothing that is not in the database, but for its own speed."""

    batch: int = BATCH
    far_behind: int = FAR_BEHIND
    followed: int = 0
    """Lines so far."""
    pages: Pages = field(default_factory=Pages)
    reached: dict[Commune, int] = field(default_factory=dict)
    look_again: dict[Commune, float] = field(default_factory=dict)
    late: dict[Commune, _CatchUp] = field(default_factory=dict)
    put_off: dict[Commune, float] = field(default_factory=dict)
    """Towns that could not be followed, and until when the others go first."""
    trouble: Exception | None = None
    """What the first of them met, raised once the others have nothing left to do."""

    def step(self, connection: Connection) -> float:
        """One unit of work in every town that has some; 0 when there may be more at once.

        Raises what stopped a town, after those behind it have come to their end.
        """
        worked = False
        for name, size in connection.execute(_TOWNS).fetchall():
            worked = self._tried(connection, Commune(name), size) or worked
        if self.trouble is not None and not worked:
            trouble, self.trouble = self.trouble, None
            raise trouble
        return 0.0 if worked else IDLE_SECONDS

    def _tried(self, connection: Connection, commune: Commune, size: int) -> bool:
        begun = time.monotonic()
        idle = self.reached.get(commune) == size and begun < self.look_again.get(commune, 0.0)
        if idle or begun < self.put_off.get(commune, 0.0):
            return False
        try:
            return self._town(connection, commune, size)
        except Exception as error:
            if connection.closed:
                raise
            now = time.monotonic()
            # As long as it took: what ends after a minute must not leave the others two seconds of each.
            self.put_off[commune] = now + max(LOOK_AGAIN_SECONDS, now - begun)
            self.trouble = self.trouble or error
            return False

    def _town(self, connection: Connection, commune: Commune, size: int) -> bool:
        try:
            recovered = False
            if time.monotonic() >= self.look_again.get(commune, 0.0):
                recovered = sum(done for _, done in retried(connection, commune, self.pages, at_once=False)) > 0
                self.look_again[commune] = time.monotonic() + LOOK_AGAIN_SECONDS
            return self._follow(connection, commune, size) or recovered
        except BaseException:
            # What was folded may not have been written.
            self.pages.forget()
            self.late.pop(commune, None)
            self.reached.pop(commune, None)
            raise

    def _follow(self, connection: Connection, commune: Commune, size: int) -> bool:
        with connection.transaction():
            position, mark = _locked(connection, commune)
            if _too_far(connection, commune, position):
                return True
            plan = self.late.get(commune)
            if plan is not None and (plan.position, plan.mark) != (position, mark):
                del self.late[commune]
                plan = None
            if plan is None and size - position > self.far_behind:
                plan = self.late[commune] = _plan(connection, commune, position, mark, size)
                _log.info("catches_up", commune=commune, lines=size - position)
            if plan is not None:
                self._catch_up(connection, commune, plan)
                return True
            return self._batch(connection, commune, position)

    def _batch(self, connection: Connection, commune: Commune, position: int) -> bool:
        values = {"commune": commune, "after": position, "upto": position + self.batch}
        rows = connection.execute(_LINES, values).fetchall()
        if not rows:
            self.reached[commune] = position
            return False
        parked = {stream for (stream,) in connection.execute(_PARKED, (MODEL, commune))}
        pages: dict[Stream, list[Line]] = defaultdict(list)
        for at, stream, version, stored, digest, leaf in rows:
            if stream is None:
                _log.error("line_gone", commune=commune, position=at)
            elif stream not in parked:
                pages[stream].append(Line(version, stored, digest, leaf))
        failures = write(connection, self.pages.fold(connection, commune, pages))
        _set_aside(connection, commune, failures)
        self.reached[commune] = rows[-1][0]
        connection.execute(_ADVANCE, (self.reached[commune], MODEL, commune))
        self.followed += len(rows)
        return True

    def _catch_up(self, connection: Connection, commune: Commune, plan: _CatchUp) -> None:
        if not plan.chunks:
            del self.late[commune]
            self.reached[commune] = plan.target
            connection.execute(_ADVANCE, (plan.target, MODEL, commune))
            _log.info("caught_up", commune=commune, position=plan.target)
            return
        parked = {stream for (stream,) in connection.execute(_PARKED, (MODEL, commune))}
        streams = [stream for stream in plan.chunks.pop(0) if stream not in parked]
        lines = _whole(connection, commune, streams, after=plan.position, upto=plan.target)
        folded = [self.pages.anew(commune, stream, page) for stream, page in lines.items()]
        _set_aside(connection, commune, write(connection, folded))
        self.followed += sum(line.fresh for page in lines.values() for line in page)


def retried(
    connection: Connection, commune: Commune, pages: Pages | None = None, *, at_once: bool
) -> Iterator[tuple[Stream, bool]]:
    """Tries the parked pages of a town again, those that are due or all: each page, and whether it is followed again.

    Each in a transaction of its own, from the page's first line up to the position its town has reached.
    """
    pages = pages or Pages()
    with connection.transaction():
        connection.execute(_TENANT, (commune,))
        most = None if at_once else RETRIED
        due = [stream for (stream,) in connection.execute(_DUE, (MODEL, commune, at_once, most))]
    for stream in due:
        with connection.transaction():
            position, _ = _locked(connection, commune)
            parked = connection.execute(_ONE_PARKED, (MODEL, commune, stream)).fetchone()
            if parked is None:
                continue
            recovered = _retry(connection, commune, stream, pages, position=position, line=parked[0])
        yield stream, recovered


def _retry(connection: Connection, commune: Commune, stream: Stream, pages: Pages, *, position: int, line: int) -> bool:
    lines = _whole(connection, commune, [stream], after=0, upto=position).get(stream, [])
    if not lines or lines[-1].version < line:
        failures = {stream: Failure(line=line, error="LinesMissing")}
    else:
        failures = write(connection, [pages.anew(commune, stream, lines)])
    if failures:
        _set_aside(connection, commune, failures)
        return False
    connection.execute(_RECOVERED, (MODEL, commune, stream))
    _log.info("page_followed_again", commune=commune)
    return True


def _locked(connection: Connection, commune: Commune) -> tuple[int, str]:
    """The position of a town, which nobody else moves until the end of the transaction."""
    connection.execute(_TENANT, (commune,))
    connection.execute(_BEGIN, (MODEL, commune))
    row = connection.execute(_POSITION, (MODEL, commune)).fetchone()
    assert row is not None
    return row[0], row[1]


def _too_far(connection: Connection, commune: Commune, position: int) -> bool:
    """Whether a position is beyond the tree: nobody knows then what was followed, and all of it is again."""
    row = connection.execute(_SIZE, (commune,)).fetchone()
    assert row is not None
    if position <= row[0]:
        return False
    _log.error("followed_too_far", commune=commune, position=position, sealed=row[0])
    connection.execute(_ADVANCE, (0, MODEL, commune))
    return True


def _plan(connection: Connection, commune: Commune, position: int, mark: str, target: int) -> _CatchUp:
    values = {"commune": commune, "after": position, "upto": target}
    chunks: list[list[Stream]] = []
    room = 0
    for stream, lines in connection.execute(_BEHIND, values):
        if lines > room:
            chunks.append([])
            room = CHUNK
        chunks[-1].append(stream)
        room -= lines
    return _CatchUp(position=position, mark=mark, target=target, chunks=chunks)


def _whole(
    connection: Connection, commune: Commune, streams: Sequence[Stream], *, after: int, upto: int
) -> dict[Stream, list[Line]]:
    """Pages from their first line up to a position; those after another are the fresh ones."""
    values: dict[str, Any] = {"commune": commune, "streams": list(streams), "after": after, "upto": upto}
    rows = connection.execute(_WHOLE, values)
    pages = {stream: [Line(*line) for _, *line in group] for stream, group in groupby(rows, key=lambda row: row[0])}
    return {stream: lines for stream, lines in pages.items() if any(line.fresh for line in lines)}


def _set_aside(connection: Connection, commune: Commune, failures: Mapping[Stream, Failure]) -> None:
    park(connection, commune, failures)
    for failure in failures.values():
        # Which page: `ardoise parked`. A log outlives what is forgotten.
        _log.warning("page_parked", commune=commune, line=failure.line, error=failure.error)
