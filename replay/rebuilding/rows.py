"""Pages folded into the rows they leave in the end, and rows in the form COPY reads fastest from Python."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple

import orjson

from ledger.child import Child
from ledger.codec import Codec
from ledger.entry import AlteredLineError
from ledger.holdings import PlaceKey
from ledger.identifiers import Commune, Stream
from ledger.rows import Change, Put, Row
from ledger.town import Town
from projections.past import PastOfPage
from replay.folding import Folding
from replay.rebuilding.state import Sealed

Line = tuple[Stream, int, bytes, bytes, int]
"""A page, a line of it, its stored bytes, their digest, its arrival."""
Last = dict[str, dict[tuple[Any, ...], Change]]
"""What stands in the end, by table and key."""


class UnreadableLineError(RuntimeError):
    """A line cannot be read, or does not follow the one before: nothing is rebuilt from such a page."""

    def __init__(self, stream: str, line: int, reason: str) -> None:
        super().__init__(
            f"line {line} of {stream} cannot be read ({reason}): run `ardoise verify {stream.split('/')[1]}`."
        )


class Slot(NamedTuple):
    """Whose places are counted together, in which town."""

    commune: Commune
    place: PlaceKey


@dataclass(kw_only=True, slots=True)
class Told:
    """What pages say: the rows of some tables, the places they hold, the places the town set."""

    last: Last = field(default_factory=dict)
    taken: Counter[Slot] = field(default_factory=Counter)
    set_by_town: dict[Slot, int | None] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Reader:
    """Folds pages for some tables. `past` and `places`: whether what they are made of is wanted too."""

    tables: Collection[str]
    past: bool
    places: bool
    codec: Codec = field(default_factory=Codec)

    def pages(self, lines: Iterable[Line], sealed: Sealed, *, after: int = 0) -> Iterator[tuple[int, Told]]:
        """Page by page, how many lines it has and what it says. Raises UnreadableLineError.

        Lines come page by page, each page in order. Of the past, only what the sealed ones say is told; of places, only
        what changed since the arrival `after`.
        """
        for stream, page in groupby(lines, key=itemgetter(0)):
            told = Told(last={table: {} for table in self.tables})
            yield self._page(stream, page, told, sealed, after), told

    def _page(self, stream: Stream, lines: Iterable[Line], told: Told, sealed: Sealed, after: int) -> int:
        folding, read, last = Folding(stream), self.codec.read, told.last
        past = PastOfPage() if self.past else None
        count, before, counted = 0, Counter[PlaceKey](), after == 0
        for _, version, stored, digest, arrival in lines:
            try:
                if not counted and arrival > after:
                    before, counted = Counter(folding.held()), True
                entry = read(stored)
                if entry.digest != digest or entry.stream != stream or entry.version != version:
                    raise AlteredLineError(stream, version)
                step = folding.take(entry)
                changes: Iterable[Change] = step.changes
                if past is not None and arrival <= sealed.upto and arrival not in sealed.missing:
                    changes = [*changes, *past.take(entry, step.changes, step.places)]
            except MemoryError:
                raise
            except Exception as error:
                raise UnreadableLineError(stream, version, type(error).__name__) from error
            for change in changes:
                known = last.get(change.table)
                if known is not None:
                    known[change.key] = change
            count += 1
        if self.places and counted:
            _count(folding, stream, before, told)
        return count


def _count(folding: Folding, stream: Stream, before: Counter[PlaceKey], told: Told) -> None:
    state, commune = folding.page.state, Commune(stream.split("/", 2)[1])
    if isinstance(state, Child):
        now = Counter(folding.held())
        now.subtract(before)
        told.taken.update({Slot(commune, key): delta for key, delta in now.items() if delta})
    elif isinstance(state, Town):
        told.set_by_town.update({Slot(commune, key): places for key, places in state.capacities.items()})


Encode = Callable[[Row], str]
_NULL: Final = "\\N"


def encoder(columns: Sequence[tuple[str, str]]) -> Encode:
    """What writes a row as a line of COPY's text format, given names and types of columns in order.

    Written once a table, as one expression: a million rows of twenty columns leave no time for a call a value.
    """
    parts = [f"{{{_value(name, kind)}}}" for name, kind in columns]
    names: dict[str, Any] = {"null": _NULL, "back": "\\", "escaped": _escaped, "json": _json, "array": _array}
    exec("def line(get):\n    return f'''" + "\\t".join(parts) + "\\n'''", names)  # noqa: S102 - names of columns
    line = names["line"]
    return lambda row: line(row.get)


def _value(name: str, kind: str) -> str:
    """The expression of one column. Text is looked at before it goes: most of it needs no escape."""
    plain = "v"
    if kind == "text":
        plain = "(v if v.isprintable() and back not in v else escaped(v))"
    elif kind == "jsonb":
        plain = "json(v)"
    elif kind == "text[]":
        plain = "array(v)"
    return f'null if (v := get("{name}")) is None else {plain}'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _json(value: Any) -> str:
    text = orjson.dumps(value, option=orjson.OPT_UTC_Z).decode()
    return text.replace("\\", "\\\\") if "\\" in text else text


def _array(values: Sequence[str]) -> str:
    if not values:
        return "{}"
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in values)
    return _escaped("{" + ",".join(f'"{value}"' for value in quoted) + "}")


def puts(changes: Mapping[tuple[Any, ...], Change]) -> Iterator[Row]:
    """The rows that stand in the end."""
    return (change.row for change in changes.values() if isinstance(change, Put))


def plain(row: Row) -> dict[str, Any]:
    """A row as JSON takes it."""
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
