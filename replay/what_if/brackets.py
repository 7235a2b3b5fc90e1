"""Households put together by their quotient, so that none is told apart."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from rulebook.rulebook import Rulebook

FEWEST: Final = 5
"""A group of fewer households is not told apart: what it pays could be read back to a family."""


class Bounds(NamedTuple):
    """From a quotient on, to another that is not of it. None and None: those without a quotient."""

    first_cents: int | None
    end_cents: int | None


UNKNOWN: Final = Bounds(None, None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Brackets:
    """Where brackets begin, from 0 on."""

    edges: tuple[int, ...]
    merged: int
    """How many had too few households, and are told with a neighbour."""
    unknown_merged: bool
    """Whether those without a quotient are too few, and are told with the last bracket."""

    def of(self, cents: int | None) -> Bounds:
        """The bracket of a quotient."""
        if cents is None:
            return self._at(len(self.edges) - 1) if self.unknown_merged else UNKNOWN
        return self._at(bisect_right(self.edges, cents) - 1)

    def bounds(self) -> Iterator[Bounds]:
        """All of them, the lowest quotients first and those without one at the end."""
        yield from (self._at(place) for place in range(len(self.edges)))
        if not self.unknown_merged:
            yield UNKNOWN

    def _at(self, place: int) -> Bounds:
        return Bounds(self.edges[place], self.edges[place + 1] if place + 1 < len(self.edges) else None)


def brackets_of(other: Rulebook, quotients: Sequence[int | None]) -> Brackets:
    """Those of the other rulebook's own tariffs, as many as hold enough households each, or none.

    A bracket with too few goes with the one below; the lowest, with the one above. Those without a quotient go with the
    highest, which is what they pay in most towns.
    """
    wished = _wished(other)
    held = Counter(bisect_right(wished, cents) - 1 for cents in quotients if cents is not None)
    unknown = sum(cents is None for cents in quotients)
    unknown_merged = 0 < unknown < FEWEST
    counts = [held[place] for place in range(len(wished))]
    if unknown_merged:
        counts[-1] += unknown
    edges: list[int] = []
    kept: list[int] = []
    for edge, count in zip(wished, counts, strict=True):
        if edges and (count < FEWEST or kept[-1] < FEWEST):
            kept[-1] += count
        else:
            edges.append(edge)
            kept.append(count)
    if unknown >= FEWEST and len(kept) == 1 and 0 < kept[0] < FEWEST:
        # The few who have a quotient are told with those who have none.
        unknown_merged = True
    return Brackets(edges=tuple(edges), merged=len(wished) - len(edges), unknown_merged=unknown_merged)


def _wished(other: Rulebook) -> list[int]:
    lowers = {
        int(bracket.lower * 100)
        for tariff in other.tariffs
        for grid in tariff.grids
        if isinstance(grid.prices, tuple)
        for bracket in grid.prices
        if bracket.lower * 100 == int(bracket.lower * 100)
    }
    return sorted({0, *lowers})
