"""The port kept by eventsourcing on PostgreSQL: one call of one server-side function keeps a command.

The recorder stands on the library's abstract one, not on its PostgreSQL one, whose table lock, NOTIFY and sleeping
retries are measured obstacles (docs/decisions/0003-recorder.md).
"""

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from hashlib import sha256
from typing import Any, Final

import orjson
import psycopg
from eventsourcing.persistence import AggregateRecorder, StoredEvent
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

from ledger.codec import Codec
from ledger.entry import AlteredLineError
from ledger.holdings import PlaceKey
from ledger.identifiers import Commune, DemandeNumber, Slug, Stream
from ledger.keeping import Keeping
from ledger.pages import PageRecorder, Pages
from ledger.rows import Projector, merged, no_rows
from ledger.sealed import AcceptProposal, DropProposal, Forget, KeepDocument, KeepProposal, KeepRecord
from ledger.snapshots import FOLD
from ledger.store import (
    Answer,
    Append,
    BusyError,
    Capacity,
    ConflictError,
    ErasedError,
    FullError,
    KeyReusedError,
    Prepared,
    ReplayedError,
)
from ledger.streams import commune_of

Pool = ConnectionPool[psycopg.Connection[TupleRow]]

_FULL: Final = "AR001"
_LOST: Final = "AR002"
_ERASED: Final = "AR003"
_LAST: Final = 2**62
"""Above any version of a page."""

# Released functions answer no digest. It is asked for line by line, since they are what says which town is read.
_READ_PAGE: Final = """
    SELECT %(stream)s::text, l.version, l.type, l.stored, (
        SELECT e.digest FROM ardoise.entries e
        WHERE e.commune = %(commune)s AND e.stream = %(stream)s AND e.version = l.version
    ) FROM ardoise.read_page(%(commune)s, %(stream)s, %(after)s, %(upto)s) l
"""
_READ_PAGES: Final = """
    SELECT l.stream, l.version, l.type, l.stored, (
        SELECT e.digest FROM ardoise.entries e
        WHERE e.commune = %(commune)s AND e.stream = l.stream AND e.version = l.version
    ) FROM ardoise.read_pages(%(commune)s, %(streams)s, %(after)s::bigint[]) l
"""
_READ_SNAPSHOT: Final = "SELECT version, state FROM ardoise.read_snapshot(%s, %s, %s, %s)"
_WRITE_SNAPSHOT: Final = "SELECT ardoise.write_snapshot(%s, %s, %s, %s, %s)"
_NEXT_NUMBER: Final = "SELECT ardoise.next_demande_number(%s)"
_FULL_NOW: Final = "SELECT ardoise.full_places(%s, %s::jsonb)::text"
_BOOKED_UNTIL: Final = "SELECT activity, last_day FROM ardoise.booked_until(%s)"
_APPEND: Final = """
    SELECT replayed, fingerprint, status, headers::text, body FROM ardoise.append(
        %s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb, %s, %s::jsonb, %s::jsonb,
        %s, %s::bigint[], %s, %s::bytea[], %s::bytea[], %s::bytea[], %s::jsonb, %s::jsonb, %s::bytea[])
"""


class EntryRecorder(PageRecorder):
    """Entries in the table `entries`, with all that one append keeps beside them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        """Keeps one command: its answer, its places, its lines and its rows. One round trip, one transaction."""
        append: Append = kwargs["append"]
        try:
            with self._pool.connection() as connection:
                row = connection.execute(_APPEND, _arguments(append, stored_events)).fetchone()
        except psycopg.errors.UniqueViolation as violation:
            # A line brought by hand may stand where the numbers had not come yet: the next one is drawn.
            if violation.diag.constraint_name not in ("entries_pkey", "entries_by_arrival"):
                raise
            raise ConflictError from violation
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as locked:
            raise BusyError from locked
        except psycopg.Error as error:
            if error.sqlstate == _LOST:
                raise ConflictError from error
            if error.sqlstate == _ERASED:
                raise ErasedError from error
            if error.sqlstate != _FULL:
                raise
            raise FullError(_left(error.diag.message_primary or "[]")) from error
        assert row is not None
        replayed, fingerprint, status, headers, body = row
        if replayed and bytes(fingerprint) != append.once.fingerprint:
            raise KeyReusedError
        if replayed:
            raise ReplayedError(Answer(status=status, headers=orjson.loads(headers), body=bytes(body)))

    def select_events(
        self,
        originator_id: Any,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """The lines of a page, in order. The library asks neither for the reverse order nor for a limit here."""
        assert not desc
        assert limit is None
        commune = commune_of(Stream(originator_id))
        with self._pool.connection() as connection:
            upto = _LAST if lte is None else lte
            values = {"commune": commune, "stream": originator_id, "after": gt or 0, "upto": upto}
            return [_line(*row) for row in connection.execute(_READ_PAGE, values, binary=True)]

    def select_pages(self, after: Mapping[Stream, int]) -> Iterable[StoredEvent]:
        """The lines of each page after a version, in order. One round trip."""
        streams, versions = list(after), list(after.values())
        with self._pool.connection() as connection:
            values = {"commune": commune_of(streams[0]), "streams": streams, "after": versions}
            return [_line(*row) for row in connection.execute(_READ_PAGES, values, binary=True)]


def _line(stream: str, version: int, kind: str, stored: bytes, digest: bytes | None) -> StoredEvent:
    """A line that is what was hashed. No line after it says so when it is the last of its page.

    Without a digest, the line was committed after the question began: the function that reads pages sees it, the rest
    of the question does not yet. It is held against its digest when it is read next.
    """
    if digest is not None and sha256(stored).digest() != digest:
        raise AlteredLineError(stream, version)
    return StoredEvent(stream, version, kind, stored)


class SnapshotRecorder(AggregateRecorder):
    """The latest snapshot of each child's page, in the table `snapshots`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> None:
        """Puts snapshots in the place of older ones. Without one, a page is only slower to read: nothing is lost."""
        with contextlib.suppress(psycopg.Error), self._pool.connection() as connection:
            for snapshot in stored_events:
                stream = Stream(str(snapshot.originator_id))
                connection.execute(
                    _WRITE_SNAPSHOT,
                    (commune_of(stream), stream, snapshot.originator_version, FOLD, snapshot.state),
                )

    def select_events(
        self,
        originator_id: Any,
        *,
        gt: int | None = None,  # noqa: ARG002
        lte: int | None = None,
        desc: bool = False,  # noqa: ARG002
        limit: int | None = None,  # noqa: ARG002
    ) -> Sequence[StoredEvent]:
        """The snapshot of a page, if there is one this code can read."""
        arguments = commune_of(Stream(originator_id)), originator_id, FOLD, _LAST if lte is None else lte
        with self._pool.connection() as connection:
            rows = connection.execute(_READ_SNAPSHOT, arguments, binary=True)
            return [StoredEvent(originator_id, version, str(FOLD), state) for version, state in rows]


def _arguments(append: Append, lines: Sequence[StoredEvent]) -> tuple[Any, ...]:
    prepared, once, answer = append.prepared, append.once, append.answer
    claims = _claims(prepared, append.capacity)
    settings = [{**key._asdict(), "capacity": places} for key, places in prepared.settings.items()]
    return (
        prepared.commune,
        once.client,
        once.subject,
        once.key,
        once.fingerprint,
        prepared.signature.command,
        prepared.signature.recorded_at,
        answer.status,
        _json(dict(answer.headers)),
        answer.body,
        _json(claims),
        _json(settings),
        [entry.stream for entry in prepared.entries],
        [entry.version for entry in prepared.entries],
        [line.topic for line in lines],
        [line.state for line in lines],
        [entry.digest for entry in prepared.entries],
        [entry.previous for entry in prepared.entries],
        _json(merged(prepared.changes)),
        *_vault(prepared),
    )


def _vault(prepared: Prepared) -> tuple[str, list[bytes]]:
    """What changes in the vault as `vault.change` reads it: words, and the sealed bytes they point at, from 1."""
    blobs: list[bytes] = []

    def placed(value: Any) -> Any:
        if not isinstance(value, bytes):
            return value
        blobs.append(value)
        return len(blobs)

    changes = []
    for change in prepared.vault:
        said = {_BLOBS.get(name, name): placed(value) for name, value in asdict(change).items()}
        changes.append({"do": _DOES[type(change)], **said})
    return _json(changes), blobs


_BLOBS: Final = {"sealed": "blob", "match": "match_blob"}
_DOES: Final[Mapping[type, str]] = {
    KeepRecord: "record",
    KeepProposal: "proposal",
    AcceptProposal: "accept",
    DropProposal: "drop",
    KeepDocument: "document",
    Forget: "forget",
}


def _claims(prepared: Prepared, capacity: Capacity) -> list[dict[str, Any]]:
    return [
        {**key._asdict(), "delta": delta, "capacity": capacity(key) if delta > 0 else None}
        for key, delta in prepared.claims.items()
    ]


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_UTC_Z).decode()


def _left(message: str) -> dict[PlaceKey, int]:
    return {
        PlaceKey(slot["activity"], slot["unit"], date.fromisoformat(slot["day"]), slot["pool"]): slot["left"]
        for slot in orjson.loads(message)
    }


class PostgresStore(Keeping):
    """The ledger of many towns in one PostgreSQL."""

    def __init__(self, pool: Pool, *, project: Projector = no_rows, codec: Codec | None = None) -> None:
        self._pool, codec = pool, codec or Codec()
        super().__init__(Pages(EntryRecorder(pool), SnapshotRecorder(pool), codec), codec, project)

    def next_number(self, commune: Commune) -> DemandeNumber:
        """A number no demande of the town has had."""
        with self._pool.connection() as connection:
            row = connection.execute(_NEXT_NUMBER, (commune,)).fetchone()
        assert row is not None
        return DemandeNumber(row[0])

    def booked_until(self, commune: Commune) -> Mapping[Slug, date]:
        """The last day of each activity on which a place is taken."""
        with self._pool.connection() as connection:
            return {Slug(activity): last for activity, last in connection.execute(_BOOKED_UNTIL, (commune,))}

    def full(self, prepared: Prepared, capacity: Capacity) -> Mapping[PlaceKey, int]:
        """The slots that have too few places for this now, and how many."""
        claims = [claim for claim in _claims(prepared, capacity) if claim["delta"] > 0]
        if not claims:
            return {}
        with self._pool.connection() as connection:
            row = connection.execute(_FULL_NOW, (prepared.commune, _json(claims))).fetchone()
        assert row is not None
        return _left(row[0])
