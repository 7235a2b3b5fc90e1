"""A family's history, line by line: why each was written, and what it changed on the calendar and the account.

Pure: lines come from several pages, and are told in the order in which they were recorded.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

import orjson

from ledger.child import Child
from ledger.codec import Codec, Json
from ledger.demande import Demande
from ledger.entry import AlteredLineError, Entry
from ledger.household import Household
from ledger.identifiers import ActivationId, HouseholdId, Stream
from ledger.kept import read_kept
from ledger.rows import Change, Put, Row
from projections.models import READ_MODELS
from replay.causes import Cause, Trail
from replay.folding import Folding

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    table.name: table.key for model in READ_MODELS.values() for table in model.tables
}
HIDDEN: Final[Mapping[str, frozenset[str]]] = {"family_keys": frozenset({"digest"}), "mandates": frozenset({"digest"})}
"""Columns that are nobody's to read."""
_CODEC: Final = Codec()


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """Where one line stands: on its page, in the order lines came, and under the seal once it is sealed."""

    stream: Stream
    version: int
    type: str
    recorded_at: datetime
    arrival: int
    position: int | None


def in_order(lines: Iterable[Line]) -> list[Line]:
    """The lines of several pages as they were recorded. A page keeps its own order, whatever clocks said."""
    placed: list[tuple[datetime, int, str, int, Line]] = []
    for stream, page in groupby(sorted(lines, key=attrgetter("stream", "version")), key=attrgetter("stream")):
        reached: tuple[datetime, int] | None = None
        for line in page:
            here = line.recorded_at, line.arrival
            reached = here if reached is None else max(reached, here)
            placed.append((*reached, stream, line.version, line))
    return [line for *_, line in sorted(placed, key=lambda place: place[:4])]


def known_at(lines: Iterable[Line], instant: datetime | None) -> list[Line]:
    """The lines known at an instant: each page up to its first line recorded after it. All of them for None."""
    found = list(lines)
    if instant is None:
        return found
    cut: dict[Stream, int] = {}
    for line in found:
        if line.recorded_at > instant:
            cut[line.stream] = min(line.version, cut.get(line.stream, line.version))
    return [line for line in found if line.stream not in cut or line.version < cut[line.stream]]


# Of which household a child was -------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """A child came to a household, or left it, by this line of its page."""

    stream: Stream
    version: int
    household: HouseholdId
    came: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Stay:
    """A child was of a household from one line of its page to another, both included."""

    household: HouseholdId
    first: int
    last: int | None = None

    def covers(self, version: int) -> bool:
        """Whether the line was written meanwhile: the one that brought the child, and the one it left by, too."""
        return self.first <= version and (self.last is None or version <= self.last)


def stays(moves: Iterable[Move]) -> dict[Stream, list[Stay]]:
    """Where each child was, while."""
    found: dict[Stream, list[Stay]] = {}
    for move in sorted(moves, key=attrgetter("stream", "version")):
        of_child = found.setdefault(move.stream, [])
        if move.came:
            of_child.append(Stay(household=move.household, first=move.version))
            continue
        for place, stay in enumerate(of_child):
            if stay.household == move.household and stay.last is None:
                of_child[place] = Stay(household=stay.household, first=stay.first, last=move.version)
    return found


# What a line changed ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """One row that is not what it was: None where there is none."""

    table: str
    key: Row
    """The columns of its primary key, but for the town."""
    before: Row | None
    after: Row | None

    def differing(self) -> tuple[Row | None, Row | None]:
        """Before and after: of a row that stays, the columns that differ."""
        if self.before is None or self.after is None:
            return self.before, self.after
        names = [name for name in self.after if self.after[name] != self.before[name]]
        return {name: self.before[name] for name in names}, {name: self.after[name] for name in names}


class Rows:
    """The rows a page has made so far."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, tuple[Any, ...]], Row] = {}

    def take(self, changes: Iterable[Change]) -> Iterator[Changed]:
        """What changes really change, in the order of the tables and their keys; of several about a row, the last."""
        last = {(change.table, change.key): change for change in changes}
        for place in sorted(last, key=lambda each: (each[0], tuple(map(str, each[1])))):
            change, names = last[place], KEYS[place[0]]
            before = self._known.get(place)
            after = change.row if isinstance(change, Put) else None
            if after is None:
                self._known.pop(place, None)
            else:
                self._known[place] = after
            if before != after:
                key = {name: change.row[name] for name in names if name != "commune"}
                hidden = {*names, *HIDDEN.get(place[0], ())}
                yield Changed(table=place[0], key=key, before=_without(before, hidden), after=_without(after, hidden))

    def pass_by(self, changes: Iterable[Change]) -> None:
        """Takes changes nobody is told."""
        for change in changes:
            if isinstance(change, Put):
                self._known[change.table, change.key] = change.row
            else:
                self._known.pop((change.table, change.key), None)


def _without(row: Row | None, hidden: set[str]) -> Row | None:
    return None if row is None else {name: value for name, value in row.items() if name not in hidden}


# What is told -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One line, told."""

    line: Line
    entry: Entry
    data: Json
    """The fact as it is stored: of another age, in the words of its age."""
    cause: Cause
    changes: tuple[Changed, ...]
    demande: Demande | None
    """The demande the line is about, whole, as it stands after it."""

    @property
    def kind(self) -> str:
        """The name of the fact without its version: `reservation_requested`."""
        return self.line.type.partition(".")[0]


class Telling:
    """One page, folded from its first line on."""

    def __init__(self, stream: Stream, activations: Mapping[tuple[str, str], ActivationId] | None = None) -> None:
        self._folding = Folding(stream)
        self._rows = Rows()
        self._trail = Trail(dict(activations or {}))

    @property
    def version(self) -> int:
        """The last line that was read."""
        return self._folding.page.version

    def take(self, entry: Entry, line: Line | None) -> Item | None:
        """The next line; an item when it is to be told. Raises AlteredLineError."""
        step = self._folding.take(entry)
        cause = self._trail.take(entry)
        if line is None:
            self._rows.pass_by(step.changes)
            return None
        changes = tuple(self._rows.take(step.changes))
        state = step.page.state
        demande = state.latest if isinstance(state, Child | Household) else None
        written = orjson.loads(entry.stored)
        if (written["type"], entry.signature.recorded_at) != (line.type, line.recorded_at):
            raise AlteredLineError(line.stream, line.version)
        data: Json = written["fact"]
        return Item(line=line, entry=entry, data=data, cause=cause, changes=changes, demande=demande)


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """Lines of one page to be read, after one and up to another."""

    stream: Stream
    after: int
    upto: int


class Timeline:
    """Several pages told together, as far as is asked: what was read is never read again."""

    def __init__(self, activations: Mapping[tuple[str, str], ActivationId] | None = None) -> None:
        self._activations = activations or {}
        self._pages: dict[Stream, Telling] = {}

    def missing(self, wanted: Sequence[Line], *, at_once: int) -> list[Span]:
        """The lines to be read before these can be told, so many of a page at most; none once all of them were."""
        upto: dict[Stream, int] = {}
        for line in wanted:
            upto[line.stream] = max(line.version, upto.get(line.stream, 0))
        found = []
        for stream, last in upto.items():
            reached = self._pages[stream].version if stream in self._pages else 0
            if reached < last:
                found.append(Span(stream=stream, after=reached, upto=min(last, reached + at_once)))
        return found

    def read(
        self, rows: Iterable[Mapping[str, Any]], wanted: Mapping[tuple[Stream, int], Line]
    ) -> dict[tuple[Stream, int], Item]:
        """Takes lines as they are kept, each page's in order; the items of those that are wanted.

        Raises AlteredLineError before anything is told of a page that has such a line.
        """
        found = {}
        for row in rows:
            stream = Stream(row["stream"])
            page = self._pages.setdefault(stream, Telling(stream, self._activations))
            place = stream, row["version"]
            entry = read_kept(_CODEC, stream, row["version"], row["stored"], row["digest"], row["leaf"])
            item = page.take(entry, wanted.get(place))
            if item is not None:
                found[place] = item
        return found
