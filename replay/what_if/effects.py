"""What another rulebook changes: what was asked, and what every household would have been asked for, month by month."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from commands.close_month import first_of_next
from ledger.days import ONE_DAY
from ledger.entry import Entry
from ledger.events import ChildJoinedHousehold, ChildRegistered, QuotientDecided
from ledger.identifiers import ChildId, Commune, HouseholdId, Month, Stream
from ledger.streams import child_page, household_page, kind_of, payer_page
from projections.billing.bills import bill
from projections.billing.family import Family, Placed
from rulebook.grids import QUOTIENT_DEFAULT
from rulebook.quotients import quotient_on
from rulebook.town import Rules

Pages = Mapping[Stream, Sequence[Placed]]


class Money(NamedTuple):
    """Cents really due, and cents due under the other rulebook."""

    real: int
    here: int

    @property
    def change(self) -> int:
        """Above zero, more is asked for."""
        return self.here - self.real


@dataclass(kw_only=True, slots=True)
class HouseholdEffect:
    """What a household would have owed."""

    household: HouseholdId
    quotient_cents: int | None
    """The one that holds on the last day of the months, there; None when none does."""
    children: int
    by_month: dict[Month, Money] = field(default_factory=dict)
    missing: Counter[str] = field(default_factory=Counter)
    """Days that really cannot be billed yet, by what is missing."""
    missing_here: Counter[str] = field(default_factory=Counter)
    """The same under the other rulebook."""

    @property
    def total(self) -> Money:
        """Over all the months."""
        return Money(
            sum(each.real for each in self.by_month.values()), sum(each.here for each in self.by_month.values())
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Lived:
    """One of the two worlds: its lines and its rules."""

    pages: Pages
    rules: Rules


def families_in(pages: Pages, commune: Commune) -> Iterator[Family]:
    """Every household with each child that ever was of it, in the order of their identifiers."""
    children: dict[HouseholdId, dict[ChildId, None]] = defaultdict(dict)
    for stream in sorted(pages):
        if kind_of(stream) == "household":
            children[HouseholdId(stream.rsplit("/", 1)[1])]
        if kind_of(stream) == "child":
            child = ChildId(stream.rsplit("/", 1)[1])
            for household in _homes(placed.entry for placed in pages[stream]):
                children[household][child] = None
    for household in sorted(children):
        yield Family(
            household=household,
            home=pages.get(household_page(commune, household), ()),
            children={child: pages[child_page(commune, child)] for child in children[household]},
            payer=pages.get(payer_page(commune, household), ()),
        )


def _homes(entries: Iterable[Entry]) -> Iterator[HouseholdId]:
    for entry in entries:
        if isinstance(entry.fact, ChildRegistered | ChildJoinedHousehold):
            yield entry.fact.household


def effects(
    commune: Commune, real: Lived, here: Lived, months: Sequence[Month], done: Callable[[], None] = lambda: None
) -> Iterator[HouseholdEffect]:
    """What each household owes for each month, there and here, by the code that bills. `done` after each household."""
    others = {family.household: family for family in families_in(here.pages, commune)}
    for family in families_in(real.pages, commune):
        yield _effect(family, others[family.household], real.rules, here.rules, months)
        done()


def _effect(there: Family, here: Family, real: Rules, other: Rules, months: Sequence[Month]) -> HouseholdEffect:
    last_day = first_of_next(months[-1]) - ONE_DAY
    effect = HouseholdEffect(
        household=there.household, quotient_cents=_quotient(there, real, last_day), children=len(there.children)
    )
    for month in months:
        billed, billed_here = bill(there, real, month), bill(here, other, month)
        effect.by_month[month] = Money(billed.total_cents, billed_here.total_cents)
        effect.missing.update(missing.why for missing in billed.missing)
        effect.missing_here.update(missing.why for missing in billed_here.missing)
    return effect


def _quotient(family: Family, rules: Rules, day: date) -> int | None:
    rulebook = rules.on(day)
    decided = [placed.entry.fact for placed in family.home if isinstance(placed.entry.fact, QuotientDecided)]
    held = quotient_on(rulebook.quotient if rulebook else QUOTIENT_DEFAULT, decided, day)
    return held.amount_cents if held else None
