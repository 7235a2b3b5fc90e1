"""What was known when: every state of a demande, how each line changed the places, which children a household had.

Town-wide questions about the past read these tables; they follow the seal, a little behind the commands.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from operator import itemgetter
from typing import Final, LiteralString

from ledger.entry import Entry
from ledger.holdings import PlaceKey
from ledger.rows import Change, Put, Row
from projections.models import READ_MODELS

FOREVER: Final = "infinity"
"""Until when the present state of a demande is known, as PostgreSQL writes it: no datetime of Python goes that far."""
_KEYS: Final = {table.name: itemgetter(*table.key) for table in READ_MODELS["past"].tables}


class PastOfPage:
    """What a page said over time. Its lines are given one after the other, from the first one on."""

    def __init__(self) -> None:
        self._known_at: datetime | None = None
        self._standing: dict[int, Row] = {}
        """Of each demande that waits, the version that stands: the next one closes it."""
        self._households: set[str] = set()

    def take(self, entry: Entry, changes: Iterable[Change], places: Mapping[PlaceKey, int]) -> list[Put]:
        """The rows the next line makes, or makes anew: given the rows of the live models and the places it changed.

        Two machines may disagree about the time: a line is known since the latest instant of the page up to it, so that
        what is known at an instant is always a page cut once.
        """
        recorded_at = entry.signature.recorded_at
        known_at = recorded_at if self._known_at is None else max(self._known_at, recorded_at)
        self._known_at = known_at
        puts: list[Put] = []
        for change in changes:
            if isinstance(change, Put) and change.table == "demandes":
                puts.extend(self._version(entry, change.row, known_at))
            elif isinstance(change, Put) and change.table == "children":
                puts.extend(self._child(change.row, known_at))
        puts.extend(_place(entry, key, delta, known_at) for key, delta in places.items())
        return puts

    def _version(self, entry: Entry, demande: Row, known_at: datetime) -> Iterable[Put]:
        number = demande["number"]
        before = self._standing.pop(number, None)
        if before is not None:
            yield _put("demande_versions", {**before, "known_until": known_at})
        since = {"line": entry.version, "stream": entry.stream, "known_from": known_at, "known_until": FOREVER}
        after = {**demande, **since}
        if demande["status"] == "en_cours":
            self._standing[number] = after
        yield _put("demande_versions", after)

    def _child(self, row: Row, known_at: datetime) -> Iterable[Put]:
        if row["household"] in self._households:
            return
        self._households.add(row["household"])
        first = {"commune": row["commune"], "household": row["household"], "child": row["child"], "known_at": known_at}
        yield _put("household_children", first)


def _place(entry: Entry, place: PlaceKey, delta: int, known_at: datetime) -> Put:
    row = {
        "commune": entry.commune,
        "activity": place.activity,
        "unit": place.unit,
        "day": place.day,
        "pool": place.pool,
        "stream": entry.stream,
        "line": entry.version,
        "known_at": known_at,
        "delta": delta,
    }
    return _put("place_changes", row)


def _put(table: str, row: Row) -> Put:
    return Put(table=table, key=_KEYS[table](row), row=row)


WRITES: Final[Mapping[str, LiteralString]] = {
    "demande_versions": """
        INSERT INTO demande_versions AS t
        SELECT * FROM jsonb_populate_recordset(NULL::demande_versions, %s::jsonb)
        ON CONFLICT (commune, number, line) DO UPDATE SET
            child = excluded.child, household = excluded.household, activity = excluded.activity, kind = excluded.kind,
            origin = excluded.origin, status = excluded.status, derogation = excluded.derogation,
            reason = excluded.reason, document = excluded.document, submitted_at = excluded.submitted_at,
            decided_at = excluded.decided_at, first_day = excluded.first_day, last_day = excluded.last_day,
            days = excluded.days, documents = excluded.documents, wanted = excluded.wanted, refusal = excluded.refusal,
            stream = excluded.stream, known_from = excluded.known_from,
            known_until = least(t.known_until, excluded.known_until)
    """,
    "place_changes": """
        INSERT INTO place_changes AS t
        SELECT * FROM jsonb_populate_recordset(NULL::place_changes, %s::jsonb)
        ON CONFLICT (commune, activity, day, unit, pool, stream, line) DO UPDATE SET
            known_at = excluded.known_at, delta = excluded.delta
        WHERE (t.known_at, t.delta) IS DISTINCT FROM (excluded.known_at, excluded.delta)
    """,
    "household_children": """
        INSERT INTO household_children AS t
        SELECT * FROM jsonb_populate_recordset(NULL::household_children, %s::jsonb)
        ON CONFLICT (commune, household, child) DO UPDATE SET known_at = excluded.known_at
        WHERE t.known_at IS DISTINCT FROM excluded.known_at
    """,
}
"""How rows are kept, given as a JSON array. Given again they change nothing: a version once closed stays closed."""
