"""A page folded line by line: the page after each line, the rows it changes, the places it takes or gives back.

What verify, rebuild, as-of, the follower and the drift watch have in common; each does something else with a line.
Decisions fold with `evolve`, which leaves the page it was given as it was; here a child is written into, since nobody
reads it once its next line is taken.
"""

import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple, cast

from ledger.child import Child, apply, born
from ledger.entry import AlteredLineError, Entry
from ledger.events import AttendanceRecorded, ChildFact
from ledger.holdings import PlaceKey, places_of, touched
from ledger.identifiers import Stream
from ledger.rows import Change
from ledger.store import AnyPage, Page, turned
from projections.inline import project


class Step(NamedTuple):
    """What one line did."""

    entry: Entry
    page: AnyPage
    """The page after the line. Its state is only to be read before the next line is taken."""
    changes: tuple[Change, ...]
    places: Mapping[PlaceKey, int]
    """Places taken (above zero) or given back (below), by the line."""


_NO_PLACES: Mapping[PlaceKey, int] = {}


class Folding:
    """One page, from its first line on."""

    def __init__(self, stream: Stream) -> None:
        self.page: AnyPage = Page(stream=stream)
        self._slots_on: dict[PlaceKey, int] = {}
        """How many slots of the child hold each place: it sits on one chair, whatever it asked for."""

    def take(self, entry: Entry) -> Step:
        """The next line. Raises AlteredLineError when it does not follow the one before."""
        page = self.page
        if not isinstance(page.state, Child) and not page.stream.startswith("child/"):
            self.page = turned(page, [entry])
            assert self.page.state is not None
            return Step(entry, self.page, tuple(project(entry, self.page.state)), _NO_PLACES)
        if entry.version != page.version + 1 or entry.previous != page.head:
            raise AlteredLineError(page.stream, page.version + 1)
        child = cast("Child", page.state) if page.version else born(entry)
        places = self._lived(child, entry)
        self.page = Page(stream=page.stream, version=entry.version, head=entry.digest, state=child)
        return Step(entry, self.page, tuple(project(entry, child)), places)

    def held(self) -> Iterable[PlaceKey]:
        """The places the child holds now, each once."""
        return self._slots_on.keys()

    def _lived(self, child: Child, entry: Entry) -> Mapping[PlaceKey, int]:
        """Writes a line into the child, and tells how it changed the places it holds.

        Places are counted as slots change: looking through every day of the child, as a single decision does, costs 12
        microseconds a line in the first school year and more in the next.
        """
        fact, signature = cast("ChildFact", entry.fact), entry.signature
        # Nine lines of ten say who came, which takes no place: looking all the same costs 4 microseconds.
        keys = () if isinstance(fact, AttendanceRecorded) else touched(child, fact)
        if not keys:
            apply(child, fact, signature.happened_at, signature.recorded_at)
            return _NO_PLACES
        slots = child.slots
        before = {key: places_of(slots.get(key)) for key in keys}
        apply(child, fact, signature.happened_at, signature.recorded_at)
        slots_more: dict[PlaceKey, int] = {}
        for key, was in before.items():
            now = places_of(slots.get(key))
            if now != was:
                for places, more in (was, -1), (now, 1):
                    for place in places:
                        counted = PlaceKey(key.activity, place.unit, key.day, place.pool)
                        slots_more[counted] = slots_more.get(counted, 0) + more
        return self._moved(slots_more) if slots_more else _NO_PLACES

    def _moved(self, slots_more: Mapping[PlaceKey, int]) -> Mapping[PlaceKey, int]:
        """The places taken or given back, given how many more slots hold each."""
        places: dict[PlaceKey, int] = {}
        for key, more in slots_more.items():
            before = self._slots_on.pop(key, 0)
            after = before + more
            if after:
                self._slots_on[key] = after
            if bool(before) != bool(after):
                places[key] = 1 if after else -1
        return places


@contextmanager
def few_collections() -> Iterator[None]:
    """Folding makes many objects and no cycle: looking for some all the time costs a quarter of the work."""
    before = gc.get_threshold()
    gc.set_threshold(500_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
