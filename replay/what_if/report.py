"""What the council reads of a what-if: figures of the whole town, of brackets and of months, and nobody's name."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from ledger.identifiers import Month, Slug
from replay.what_if.comparing import Comparison
from replay.what_if.effects import HouseholdEffect, Money
from replay.what_if.wishes import Ask, Became
from rulebook.rulebook import Rulebook

FEWEST: Final = 5
"""A group of fewer households is not told apart: what it pays could be read back to a family."""
LARGEST: Final = 10
EDGES_CENTS: Final = (-20_000, -10_000, -5_000, -2_000, -500, 0, 1, 501, 2_001, 5_001, 10_001, 20_001)
"""Where the classes of the distribution begin, in cents of change; from 0 to 1 are those for whom nothing changes."""


class Turned(NamedTuple):
    """Days that came to something else, and why."""

    activity: Slug
    ask: Ask
    real: Became
    here: Became
    code: str | None
    article: str | None
    days: int


class Class(NamedTuple):
    """Households whose total changes by so much: from a number of cents on, to another that is not of it."""

    first_cents: int | None
    end_cents: int | None
    households: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Households of a bracket of quotients, together. `first_cents` None: those without a quotient."""

    first_cents: int | None
    end_cents: int | None
    households: int
    money: Money
    gainers: int
    losers: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One of the largest changes: a rank, a bracket, how many children; never which household."""

    rank: int
    first_cents: int | None
    end_cents: int | None
    children: int
    money: Money


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """All of it. Gainers pay less, losers more."""

    version: str
    title: str
    position: int
    months: tuple[tuple[Month, Money], ...]
    total: Money
    asked: int
    """Days that families asked something of."""
    turned: tuple[Turned, ...]
    granted: int
    """Days that were refused and would have been granted."""
    refused: int
    """Days that were granted and would have been refused."""
    lost: int
    """Days a child came and would have been refused."""
    assumed: dict[Literal["present", "absent"], int]
    missing: dict[str, int]
    households: int
    gainers: int
    losers: int
    unchanged: int
    classes: tuple[Class, ...]
    groups: tuple[Group, ...]
    merged: int
    """Brackets that had too few households to be told apart, and are told with the one below."""
    largest: tuple[Change, ...]


def report_of(comparison: Comparison) -> Report:
    """The figures, in the order of the calendar and of the brackets. Pure: the same comparison, the same figures."""
    billed = [each for each in comparison.households if each.total != (0, 0)]
    turned = _turned(comparison)
    edges, merged = _edges(comparison.asked.other, billed)
    missing: Counter[str] = Counter()
    for each in comparison.households:
        missing.update(each.missing)
    changes = [each.total.change for each in billed]
    return Report(
        version=comparison.asked.other.version,
        title=comparison.asked.other.title,
        position=comparison.position,
        months=tuple((month, _sum(each.by_month[month] for each in billed)) for month in comparison.asked.months),
        total=_sum(each.total for each in billed),
        asked=len(comparison.wishes),
        turned=turned,
        granted=sum(each.days for each in turned if each.here == "approved"),
        refused=sum(each.days for each in turned if each.real == "approved"),
        lost=len(comparison.lost),
        assumed={
            came: sum(1 for each in comparison.assumed.values() if each == came) for came in ("present", "absent")
        },
        missing=dict(sorted(missing.items())),
        households=len(billed),
        gainers=sum(change < 0 for change in changes),
        losers=sum(change > 0 for change in changes),
        unchanged=sum(change == 0 for change in changes),
        classes=tuple(_classes(changes)),
        groups=tuple(_groups(edges, billed)),
        merged=merged,
        largest=tuple(_largest(edges, billed)),
    )


def _sum(money: Iterable[Money]) -> Money:
    known = list(money)
    return Money(sum(each.real for each in known), sum(each.here for each in known))


def _turned(comparison: Comparison) -> tuple[Turned, ...]:
    counted: Counter[tuple[Slug, Ask, Became, Became, str, str]] = Counter()
    for wanted, kept in comparison.wishes.items():
        if kept.real.became != kept.here.became:
            why, article = kept.here.code or kept.real.code or "", kept.here.article or ""
            counted[wanted.activity, wanted.ask, kept.real.became, kept.here.became, why, article] += 1
    return tuple(
        Turned(activity, ask, real, here, code or None, article or None, days)
        for (activity, ask, real, here, code, article), days in sorted(counted.items())
    )


def _classes(changes: Sequence[int]) -> Iterable[Class]:
    edges: list[int | None] = [None, *EDGES_CENTS, None]
    for first, end in pairwise(edges):
        held = [change for change in changes if (first is None or change >= first) and (end is None or change < end)]
        yield Class(first, end, len(held))


# ---- by quotient ----------------------------------------------------------------------------------------------------


def _edges(other: Rulebook, billed: Sequence[HouseholdEffect]) -> tuple[list[int], int]:
    """Where brackets begin: those of the other rulebook's own tariffs, as many as hold enough households each."""
    lowers = {
        int(bracket.lower * 100)
        for tariff in other.tariffs
        for grid in tariff.grids
        if isinstance(grid.prices, tuple)
        for bracket in grid.prices
        if bracket.lower == bracket.lower.quantize(Decimal("0.01"))
    }
    wished = sorted({0, *lowers})
    edges: list[int] = []
    for edge, following in zip(wished, [*wished[1:], None], strict=True):
        held = sum(1 for each in billed if _within(each.quotient_cents, edge, following))
        if not edges or held >= FEWEST:
            edges.append(edge)
    if len(edges) > 1 and sum(1 for each in billed if _within(each.quotient_cents, edges[0], edges[1])) < FEWEST:
        edges.pop(1)
    return edges, len(wished) - len(edges)


def _within(cents: int | None, first: int, end: int | None) -> bool:
    return cents is not None and cents >= first and (end is None or cents < end)


def _bracket(edges: Sequence[int], cents: int | None) -> tuple[int | None, int | None]:
    if cents is None:
        return None, None
    return next(
        (first, end) for first, end in zip(edges, [*edges[1:], None], strict=True) if _within(cents, first, end)
    )


def _groups(edges: Sequence[int], billed: Sequence[HouseholdEffect]) -> Iterable[Group]:
    bounds: list[tuple[int | None, int | None]] = list(zip(edges, [*edges[1:], None], strict=True))
    for first, end in [*bounds, (None, None)]:
        held = [each for each in billed if _bracket(edges, each.quotient_cents) == (first, end)]
        if held:
            yield Group(
                first_cents=first,
                end_cents=end,
                households=len(held),
                money=_sum(each.total for each in held),
                gainers=sum(each.total.change < 0 for each in held),
                losers=sum(each.total.change > 0 for each in held),
            )


def _largest(edges: Sequence[int], billed: Sequence[HouseholdEffect]) -> Iterable[Change]:
    moved = [each for each in billed if each.total.change]
    moved.sort(key=lambda each: (-abs(each.total.change), -each.total.real, each.household))
    for rank, each in enumerate(moved[:LARGEST], start=1):
        first, end = _bracket(edges, each.quotient_cents)
        yield Change(rank=rank, first_cents=first, end_cents=end, children=each.children, money=each.total)
