"""What was known at an instant: the rows of the read models as they stood then, and the questions asked of them.

A page is known up to the line before its first one recorded after the instant. Its rows are made by the code that makes
the live ones, and the live questions are asked of them: a common table expression takes the place of each table.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import takewhile
from typing import Any, Final, LiteralString

import orjson

from ledger.codec import Codec
from ledger.entry import Entry
from ledger.events import CapacityChanged
from ledger.identifiers import Stream
from ledger.rows import Drop, Row
from projections.models import READ_MODELS
from projections.question import Question
from replay.folding import Folding

_CODEC: Final = Codec()
_COMMAND: Final = tuple(table for model in READ_MODELS.values() if model.behind == "command" for table in model.tables)
_SET: Final[LiteralString] = " AS MATERIALIZED (SELECT * FROM jsonb_populate_recordset(NULL::ardoise."
_FOLDED: Final[Mapping[str, LiteralString]] = {
    name: f"{name}{_SET}{name}, %(past_{name})s::jsonb))" for name in (*(table.name for table in _COMMAND), "entries")
}
_RULEBOOKS: Final[LiteralString] = (
    "rulebooks AS (SELECT * FROM ardoise.rulebooks WHERE commune = %(commune)s AND adopted_at <= %(past_as_of)s)"
)
"""A rulebook stands for ever once it was adopted: its text need not travel."""
_DEMANDES: Final[LiteralString] = """
    demandes AS NOT MATERIALIZED (
        SELECT * FROM ardoise.demande_versions
        WHERE commune = %(commune)s AND submitted_at <= %(past_as_of)s
          AND known_from <= %(past_as_of)s AND known_until > %(past_as_of)s)
"""
"""Nothing is submitted after it is recorded: with that, a page of the history starts in the index where it should."""
_PLACES: Final[LiteralString] = """
    places AS NOT MATERIALIZED (
        SELECT commune, activity, unit, day, pool, sum(delta)::integer AS taken, max(capacity) AS capacity,
               bool_or(is_set) AS is_set
        FROM (
            SELECT commune, activity, unit, day, pool, delta, NULL::integer AS capacity, false AS is_set
            FROM ardoise.place_changes WHERE commune = %(commune)s AND known_at <= %(past_as_of)s
            UNION ALL
            SELECT commune, activity, unit, day, pool, 0, capacity, true
            FROM jsonb_populate_recordset(NULL::ardoise.places, %(past_places)s::jsonb)
        ) changed
        GROUP BY commune, activity, unit, day, pool)
"""
"""The places all children took and gave back, whose pages nobody folds at once; with those the town set."""

OF_TOWN: Final = frozenset({"closures", "places"})
"""Tables the page of the town has a part in."""
OF_PAGES: Final = frozenset(_FOLDED) - {"closures", "rulebooks"}
"""Tables made of the pages of children, of households and of accounts."""
PAST: Final = OF_TOWN | OF_PAGES | {"rulebooks"}
BEHIND: Final = frozenset(table.name for table in READ_MODELS["past"].tables)
"""Tables that follow the seal: right for an instant once every line known then was followed."""


@lru_cache(maxsize=512)
def mentioned(sql: LiteralString) -> frozenset[str]:
    """The tables whose names stand in a question; a column of the same name counts too, which costs little."""
    words = re.findall(r"(?<!%\()(?<![.\w])[a-z_]+", sql)
    qualified = re.findall(r"(?<=ardoise\.)[a-z_]+", sql)
    return frozenset(words) & (PAST | BEHIND) | frozenset(qualified) & BEHIND


@dataclass(kw_only=True, slots=True)
class Past:
    """The rows of the read models at an instant, as some pages tell them."""

    as_of: datetime
    lines: int = 0
    """How many were folded."""
    _rows: dict[str, dict[tuple[Any, ...], Row]] = field(default_factory=dict)
    _texts: dict[str, str] = field(default_factory=dict)

    def fold(self, stream: Stream, entries: Iterable[Entry]) -> None:
        """Adds a page, given its lines in order; from the first one recorded after the instant on, they are left."""
        page, entry = Folding(stream), None
        for entry in takewhile(lambda line: line.signature.recorded_at <= self.as_of, entries):
            for change in page.take(entry).changes:
                rows = self._rows.setdefault(change.table, {})
                if isinstance(change, Drop):
                    rows.pop(change.key, None)
                else:
                    rows[change.key] = change.row
            if isinstance(entry.fact, CapacityChanged):
                self._set_by_town(entry, entry.fact)
            if entry.version == 1:
                self._line(entry)
        if entry is not None:
            self._line(entry)
            self.lines += entry.version
        self._texts.clear()

    def rows(self, table: str) -> list[Row]:
        """The rows of a table, in no order."""
        return list(self._rows.get(table, {}).values())

    def question(self, asked: Question, tables: frozenset[str], *, everybody: bool = False) -> Question:
        """A question asked of these rows instead of `tables`.

        For `everybody`, the demandes are those of the whole town, which follow the seal, and not those of the pages.
        """
        parts: list[LiteralString] = []
        values: dict[str, Any] = {"past_as_of": self.as_of}
        for name in sorted(mentioned(asked.sql) & tables):
            if name == "rulebooks":
                parts.append(_RULEBOOKS)
            elif name == "demandes" and everybody:
                parts.append(_DEMANDES)
            else:
                parts.append(_PLACES if name == "places" else _FOLDED[name])
                values[f"past_{name}"] = self._text(name)
        if not parts:
            return asked
        return Question(sql="WITH " + ", ".join(parts) + " (" + asked.sql + ")", values={**asked.values, **values})

    def _set_by_town(self, entry: Entry, fact: CapacityChanged) -> None:
        slot = {"activity": fact.activity, "unit": fact.unit, "day": fact.day, "pool": fact.pool}
        row = {"commune": entry.commune, **slot, "capacity": fact.places}
        self._rows.setdefault("places", {})[tuple(slot.values())] = row

    def _line(self, entry: Entry) -> None:
        """Of the entries, questions ask for the first line of a page and for the last one."""
        row = {
            "commune": entry.commune,
            "stream": entry.stream,
            "version": entry.version,
            "type": _CODEC.name(entry.fact),
            "recorded_at": entry.signature.recorded_at,
        }
        self._rows.setdefault("entries", {})[entry.stream, entry.version] = row

    def _text(self, table: str) -> str:
        if table not in self._texts:
            self._texts[table] = orjson.dumps(self.rows(table), option=orjson.OPT_UTC_Z).decode()
        return self._texts[table]


def fold(as_of: datetime, pages: Iterable[tuple[Stream, Iterable[Entry]]]) -> Past:
    """What these pages said at an instant."""
    past = Past(as_of=as_of)
    for stream, entries in pages:
        past.fold(stream, entries)
    return past
