"""What governs a town: the rulebooks it adopted, the days it closed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from ledger.entry import Entry
from ledger.events import DayClosed, DayReopened, RulebookAdopted
from ledger.identifiers import Commune
from ledger.rows import Change, Drop, Put, State
from projections.question import Question
from rulebook.town import Rules, rules_of


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
    """The rulebooks in the order they were adopted, up to an instant."""
    return Question(
        sql="""
            SELECT version, in_force_from, adopted_at, digest, content FROM rulebooks
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


def rules(rulebook_rows: Sequence[Mapping[str, Any]], closure_rows: Iterable[Mapping[str, Any]] = ()) -> Rules:
    """The rules in the rows of both questions."""
    return rules_of(
        (row["content"] for row in rulebook_rows),
        closures={(row["day"], row["activity"], row["site"]): row["reason"] for row in closure_rows},
    )
