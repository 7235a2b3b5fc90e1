"""A régie for sentences about bills: tariffs of Valmont, drafts and closes of what a story holds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from commands.outcome import Accepted, Known
from commands.outcome import Outcome as Answered
from ledger.entry import GENESIS, Entry
from ledger.events import BilledLine, ChildFact, HouseholdFact, MonthClosed, TitreIssued
from ledger.identifiers import ChildId, Commune, HouseholdId, Month, Slug, Stream
from ledger.regie import titre_number
from ledger.store import Write
from ledger.streams import child_page, household_page, payer_page, town_page
from ledger.town import evolve
from projections.billing.bills import Bill, bill
from projections.billing.canonical import canonical_bill, digest_of
from projections.billing.family import Family, Placed
from rulebook.rulebook import Rulebook
from rulebook.tariffs import Bracket, Conditions, Grid, Rounding, Tariff
from rulebook.town import Rules, rules_of_town
from tests.spec import CODEC, Ask, Story, signed
from tests.town import CANTINE, DIALLO, ETUDE, GARDERIE, MATTEO, MERCREDIS, ROSSI, VACANCES, Person

UNITS = {
    CANTINE: ("repas", "panier"),
    MERCREDIS: ("journee", "matinee", "apres-midi"),
    ETUDE: ("gouter", "etude"),
    GARDERIE: ("soir", "court"),
    VACANCES: ("journee",),
}
Price = Bracket | Sequence[tuple[str, str]] | str


def grid(price: Price, *, conditions: Conditions | None = None, name: str = "grille") -> Grid:
    """One price for all, or a price from each quotient on."""
    prices = (
        Bracket(lower=Decimal(0), price=Decimal(price))
        if isinstance(price, str)
        else price
        if isinstance(price, Bracket)
        else tuple(Bracket(lower=Decimal(lower), price=Decimal(each)) for lower, each in price)
    )
    return Grid(name=name, article="9.1", conditions=conditions or Conditions(), prices=prices)


def tariff(activity: Slug, price: Price | Grid, *more: Grid) -> Tariff:
    """What the units of an activity cost; `replace` says the rest."""
    return Tariff(
        slug=Slug(f"tarif-{activity}"),
        label=str(activity).capitalize(),
        article="9",
        nature="meal" if activity == CANTINE else "care",
        code="7067",
        units={activity: frozenset(Slug(unit) for unit in UNITS[activity])},
        rounding=Rounding.HALF_UP,
        without_quotient="error",
        price_without=None,
        reading="exact",
        grids=(price if isinstance(price, Grid) else grid(price), *more),
        adjustments=(),
        rank_among="enrolled",
        residence_unknown=None,
        regime_unknown=None,
        minutes=None,
        unrecorded="missing",
        absent_due=True,
        payer="custody",
    )


MEALS = tariff(CANTINE, "3.00")
BY_QUOTIENT = tariff(CANTINE, [("0", "1.00"), ("600", "3.05"), ("1000", "3.10")])

Change = Callable[[Rulebook], Rulebook]


@dataclass(kw_only=True)
class Regie:
    """What a town bills of a story."""

    story: Story
    tariffs: Sequence[Tariff] = (MEALS,)
    change: Change = field(default=lambda rulebook: rulebook)
    """What its rulebooks say otherwise than Valmont's."""
    closed: list[MonthClosed] = field(default_factory=list)
    payers: dict[HouseholdId, list[Placed]] = field(default_factory=dict)

    def position(self) -> int:
        """How far the town is sealed: to its last line."""
        return len(self.story.store.recorder.digests)

    def page(self, stream: Stream, until: int) -> list[Placed]:
        """The lines of a page up to a position."""
        order = {key: position for position, key in enumerate(self.story.store.recorder.digests, start=1)}
        kept = (CODEC.read(bytes(line.state)) for line in self.story.store.recorder.select_events(stream))
        placed = (Placed(entry, order[entry.stream, entry.version]) for entry in kept)
        return [each for each in placed if each.position <= until]

    def children(self, household: HouseholdId, until: int) -> Mapping[ChildId, Sequence[Placed]]:
        """The pages of the children that are or were of a household."""
        streams = {stream for stream, _ in self.story.store.recorder.digests if stream.startswith("child/")}
        found = {ChildId(stream.rsplit("/", 1)[1]): self.page(stream, until) for stream in sorted(streams)}
        return {child: page for child, page in found.items() if page and household in _households(page)}

    def family(self, household: HouseholdId, until: int | None = None) -> Family:
        until = self.position() if until is None else until
        return Family(
            household=household,
            home=self.page(household_page(self.story.commune, household), until),
            children=self.children(household, until),
            payer=self.payers.get(household, []),
        )

    def town(self, until: int | None = None) -> list[Placed]:
        return self.page(town_page(self.story.commune), self.position() if until is None else until)

    def rules(self, until: int | None = None) -> Rules:
        rules = rules_of_town(evolve(None, [placed.entry for placed in self.town(until)]))
        changed = (self.change(replace(each, tariffs=tuple(self.tariffs))) for each in rules.rulebooks)
        return replace(rules, rulebooks=tuple(changed))

    def draft(self, month: str, household: HouseholdId = ROSSI, *, until: int | None = None) -> Bill:
        """The bill of a household."""
        family, rules = self.family(household, until), self.rules(until)
        return bill(family, rules, Month(month), closed=self.closed, town=self.town(until))

    def close(self, month: str, households: Sequence[HouseholdId] = (ROSSI, DIALLO)) -> dict[HouseholdId, Bill]:
        """Closes a month: every household gets its titre."""
        position, first = self.position(), 1 + sum(closing.titres for closing in self.closed)
        bills = {household: self.draft(month, household) for household in sorted(households)}
        owed = {household: each for household, each in bills.items() if each.lines}
        issued_on = last_day(month) + timedelta(days=1)
        for number, (household, each) in enumerate(owed.items(), start=first):
            titre = TitreIssued(
                titre=titre_number(issued_on.year, number),
                household=household,
                month=Month(month),
                position=position,
                issued_on=issued_on,
                due_on=issued_on + timedelta(days=30),
                total_cents=each.total_cents,
                lines=each.lines,
            )
            self.payers.setdefault(household, []).append(self._issued(titre, position))
        closing = MonthClosed(
            month=Month(month),
            position=position,
            year=issued_on.year,
            first_number=first,
            titres=len(owed),
            total_cents=sum(each.total_cents for each in owed.values()),
            digest=digest_of(canonical_bill(household, each.lines) for household, each in owed.items()),
            issued_on=issued_on,
            due_on=issued_on + timedelta(days=30),
            left_out=sum(not missing.billed for each in bills.values() for missing in each.missing),
        )
        self.closed.append(closing)
        return bills

    def _issued(self, titre: TitreIssued, position: int) -> Placed:
        lines = self.payers.get(titre.household, [])
        entry: Entry = CODEC.write(
            titre,
            stream=payer_page(self.story.commune, titre.household),
            version=len(lines) + 1,
            previous=lines[-1].entry.digest if lines else GENESIS,
            signature=signed(self.story.now),
        )
        return Placed(CODEC.read(entry.stored), position)


def last_day(month: str) -> date:
    """The last day of a month."""
    first = date.fromisoformat(f"{month}-01")
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _households(page: Sequence[Placed]) -> set[HouseholdId]:
    facts = (placed.entry.fact for placed in page)
    return {fact.household for fact in facts if type(fact).__name__ in ("ChildRegistered", "ChildJoinedHousehold")}  # type: ignore[union-attr]


# What is said -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Says:
    """A fact on a page, as the command of its kind would write it."""

    fact: ChildFact | HouseholdFact
    child: ChildId | None = None
    household: HouseholdId | None = None

    def pages(self, commune: Commune) -> Sequence[Stream]:
        page = child_page(commune, self.child) if self.child else household_page(commune, self.household or ROSSI)
        return [page]

    def decide(self, known: Known) -> Answered:
        (stream,) = self.pages(known.commune)
        return Accepted(writes=[Write(page=known.pages[stream], facts=[self.fact])])


def says(fact: HouseholdFact, *, of: HouseholdId = ROSSI) -> Ask:
    """Something is said of a household."""
    return Ask(command=lambda _: Says(fact=fact, household=of))


def tells(fact: ChildFact, *, of: Person = MATTEO) -> Ask:
    """Something is said of a child."""
    return Ask(command=lambda _: Says(fact=fact, child=of.id))


# How a bill reads ---------------------------------------------------------------------------------------------------


def told(found: Bill) -> list[str]:
    """The lines of a bill, short: `2 x 3.00 cantine/repas 2024-01-23 2024-01-26`."""
    return [in_short(line) for line in found.lines]


def in_short(line: BilledLine) -> str:
    price = Decimal(line.unit_price_cents) / 100
    days = " ".join(f"{billed.day:%m-%d}" for billed in line.days)
    about = f" ({line.regularises})" if line.regularises else ""
    return f"{line.quantity} x {price} {line.label} {days}{about}"


def missing(found: Bill) -> list[str]:
    """What is missing, short: `attendance 01-23`."""
    return [f"{each.why} {each.day:%m-%d}" for each in found.missing]


def bases(found: Bill) -> list[str]:
    """Why each day of a bill is billed."""
    return [f"{billed.day:%m-%d} {billed.basis}" for line in found.lines for billed in line.days]
