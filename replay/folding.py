"""A page folded line by line: the page after each line, the rows it changes, the places it takes or gives back.

What verify, rebuild, as-of, the follower and the drift watch have in common; each does something else with a line.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ledger.child import Child
from ledger.entry import Entry
from ledger.holdings import PlaceKey, held, touched
from ledger.identifiers import Stream
from ledger.rows import Change
from ledger.store import AnyPage, Page, turned
from projections.inline import project


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What one line did."""

    entry: Entry
    page: AnyPage
    """The page after the line. Its state is only to be read before the next line is taken."""
    changes: tuple[Change, ...]
    places: Mapping[PlaceKey, int]
    """Places taken (above zero) or given back (below), by the line."""


class Folding:
    """One page, from its first line on."""

    def __init__(self, stream: Stream) -> None:
        self.page: AnyPage = Page(stream=stream)

    def take(self, entry: Entry) -> Step:
        """The next line. Raises AssertionError when it does not follow the one before."""
        before = self.page.state
        self.page = turned(self.page, [entry])
        after = self.page.state
        assert after is not None
        places: dict[PlaceKey, int] = {}
        if isinstance(before, Child) and isinstance(after, Child):
            keys = touched(before, entry.fact)  # type: ignore[arg-type]
            counted = held(after, keys)
            counted.subtract(held(before, keys))
            places = {key: delta for key, delta in sorted(counted.items()) if delta}
        return Step(entry=entry, page=self.page, changes=tuple(project(entry, after)), places=places)
