"""What governs a town: the rulebooks it adopted, the days it closed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from ledger.entry import Entry
from ledger.events import DayClosed, DayReopened, RulebookAdopted
from ledger.identifiers import Commune, Slug, Version
from ledger.rows import Change, Drop, Put, State
from ledger.town import Closure
from projections.question import Question


def changes(entry: Entry, state: State) -> Iterable[Change]:  # noqa: ARG001 - the shape every read model has
    """Rows of `rulebooks` and `closures`."""
    commune = entry.commune
    match entry.fact:
        case RulebookAdopted() as adopted:
            row = {
                "commune": commune,
                "ordinal": entry.version,
                "version": adopted.version,
                "in_force_from": adopted.in_force_from,
                "adopted_at": entry.signature.recorded_at,
                "digest": adopted.digest,
                "content": adopted.content,
            }
            yield Put(table="rulebooks", key=(commune, adopted.version), row=row)
        case DayClosed(reason=reason) as closed:
            key = _closure(commune, closed)
            yield Put(table="closures", key=tuple(key.values()), row={**key, "reason": reason})
        case DayReopened() as reopened:
            key = _closure(commune, reopened)
            yield Drop(table="closures", key=tuple(key.values()), row=key)
        case _:
            pass


def _closure(commune: Commune, fact: DayClosed | DayReopened) -> dict[str, Any]:
    return {"commune": commune, "day": fact.day, "activity": fact.activity or "", "site": fact.site or ""}


def rulebooks(commune: Commune, *, known_at: datetime | None = None) -> Question:
    """The rulebooks in the order they were adopted, up to an instant; their texts are `contents`."""
    return Question(
        sql="""
            SELECT version, in_force_from, adopted_at, digest FROM rulebooks
            WHERE commune = %(commune)s AND (%(known_at)s::timestamptz IS NULL OR adopted_at <= %(known_at)s)
            ORDER BY ordinal
        """,
        values={"commune": commune, "known_at": known_at},
    )


def closures(commune: Commune, first: date, last: date) -> Question:
    """The days the town closed between two days, both included."""
    return Question(
        sql="""
            SELECT day, nullif(activity, '') AS activity, nullif(site, '') AS site, reason FROM closures
            WHERE commune = %(commune)s AND day BETWEEN %(first)s AND %(last)s ORDER BY day, activity, site
        """,
        values={"commune": commune, "first": first, "last": last},
    )


def contents(commune: Commune, versions: Sequence[Version]) -> Question:
    """The texts of these versions. A text never changes: whoever read it once may keep it."""
    return Question(
        sql="SELECT version, content FROM rulebooks WHERE commune = %(commune)s AND version = ANY(%(versions)s)",
        values={"commune": commune, "versions": list(versions)},
    )


def closures_by_slot(rows: Iterable[Mapping[str, Any]]) -> dict[Closure, Slug]:
    """The rows of `closures`, as the rules look them up."""
    return {(row["day"], row["activity"], row["site"]): row["reason"] for row in rows}
