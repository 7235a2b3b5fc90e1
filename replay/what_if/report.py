"""What the council reads of a what-if: figures of the whole town, of brackets and of months, and nobody's name."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from ledger.identifiers import Month, Slug
from replay.what_if.brackets import Brackets, brackets_of
from replay.what_if.comparing import Comparison
from replay.what_if.effects import HouseholdEffect, Money
from replay.what_if.wishes import Ask, Became

LARGEST: Final = 10
MOST_CHILDREN: Final = 3
"""Of a household of more, no more is told: it would be known by it."""
EDGES_CENTS: Final = (-20_000, -10_000, -5_000, -2_000, -500, 0, 1, 501, 2_001, 5_001, 10_001, 20_001)
"""Where the classes of the distribution begin, in cents of change; from 0 to 1 are those for whom nothing changes."""


class Turned(NamedTuple):
    """Days that came to something else, and why."""

    activity: Slug
    ask: Ask
    real: Became
    here: Became
    code: str | None
    """Why a rule refuses, here or there."""
    article: str | None
    reason: Slug | None
    """Why an agent refused, there."""
    days: int


class Unbilled(NamedTuple):
    """Days that cannot be billed yet, really and under the other rulebook, by what is missing."""

    why: str
    real: int
    here: int


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
    """One of the largest changes: a rank, a bracket, how many children at least; never which household."""

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
    missing: tuple[Unbilled, ...]
    households: int
    gainers: int
    losers: int
    unchanged: int
    classes: tuple[Class, ...]
    groups: tuple[Group, ...]
    merged: int
    """Brackets that had too few households to be told apart, and are told with a neighbour."""
    unknown_merged: bool
    """Whether households without a quotient were too few, and are told with the last bracket."""
    largest: tuple[Change, ...]


def report_of(comparison: Comparison) -> Report:
    """The figures, in the order of the calendar and of the brackets. Pure: the same comparison, the same figures."""
    billed = [each for each in comparison.households if each.total != (0, 0)]
    turned = _turned(comparison)
    brackets = brackets_of(comparison.asked.other, [each.quotient_cents for each in billed])
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
        missing=tuple(_missing(comparison.households)),
        households=len(billed),
        gainers=sum(change < 0 for change in changes),
        losers=sum(change > 0 for change in changes),
        unchanged=sum(change == 0 for change in changes),
        classes=tuple(_classes(changes)),
        groups=tuple(_groups(brackets, billed)),
        merged=brackets.merged,
        unknown_merged=brackets.unknown_merged,
        largest=tuple(_largest(brackets, billed)),
    )


def _sum(money: Iterable[Money]) -> Money:
    known = list(money)
    return Money(sum(each.real for each in known), sum(each.here for each in known))


def _turned(comparison: Comparison) -> tuple[Turned, ...]:
    counted: Counter[tuple[str, ...]] = Counter()
    whole: dict[tuple[str, ...], Turned] = {}
    for wanted, kept in comparison.wishes.items():
        real, here = kept.real, kept.here
        if real.became == here.became:
            continue
        code, article = here.code or real.code, here.article or real.article
        one = Turned(wanted.activity, wanted.ask, real.became, here.became, code, article, real.reason, 0)
        key = tuple(str(each or "") for each in one)
        counted[key] += 1
        whole[key] = one
    return tuple(whole[key]._replace(days=days) for key, days in sorted(counted.items()))


def _missing(households: Iterable[HouseholdEffect]) -> Iterable[Unbilled]:
    real: Counter[str] = Counter()
    here: Counter[str] = Counter()
    for each in households:
        real.update(each.missing)
        here.update(each.missing_here)
    for why in sorted({*real, *here}):
        yield Unbilled(why, real[why], here[why])


def _classes(changes: Sequence[int]) -> Iterable[Class]:
    edges: list[int | None] = [None, *EDGES_CENTS, None]
    for first, end in pairwise(edges):
        held = [change for change in changes if (first is None or change >= first) and (end is None or change < end)]
        yield Class(first, end, len(held))


def _groups(brackets: Brackets, billed: Sequence[HouseholdEffect]) -> Iterable[Group]:
    for bounds in brackets.bounds():
        held = [each for each in billed if brackets.of(each.quotient_cents) == bounds]
        if held:
            yield Group(
                first_cents=bounds.first_cents,
                end_cents=bounds.end_cents,
                households=len(held),
                money=_sum(each.total for each in held),
                gainers=sum(each.total.change < 0 for each in held),
                losers=sum(each.total.change > 0 for each in held),
            )


def _largest(brackets: Brackets, billed: Sequence[HouseholdEffect]) -> Iterable[Change]:
    moved = [each for each in billed if each.total.change]
    moved.sort(key=lambda each: (-abs(each.total.change), -each.total.real, each.household))
    for rank, each in enumerate(moved[:LARGEST], start=1):
        first, end = brackets.of(each.quotient_cents)
        children = min(each.children, MOST_CHILDREN)
        yield Change(rank=rank, first_cents=first, end_cents=end, children=children, money=each.total)
