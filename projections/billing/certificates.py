"""What a household paid in a year for the care of its young children, for its taxes. Pure.

Code général des impôts, article 200 quater B: care paid for a child under six on 1 January of the year. Only care
counts: neither meals, nor surcharges, nor penalties, nor supplements (BOI-IR-RICI-300).
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from ledger.allocation import Allocation
from ledger.events import BilledLine, PaymentRecorded, TitreIssued
from ledger.identifiers import ChildId, Slug
from ledger.payer import Payer
from projections.billing.allocation import account

UNDER: Final = 6
"""Years a child may not have on 1 January."""

Cents = Mapping[ChildId, int]
_REST: Final = ChildId("")
"""What a titre asks for besides care."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CarePaid:
    """What was paid in a year, and for whose care."""

    year: int
    by_child: Cents
    """For the care of every child that had some, whatever its age."""
    payments: tuple[PaymentRecorded, ...]
    """Those received in the year, and that stand."""

    @property
    def paid_cents(self) -> int:
        """All that was received in the year, whatever it was for."""
        return sum(payment.amount_cents for payment in self.payments)


def is_young(born: date, year: int) -> bool:
    """Whether a child counts in a year: born in the sixth year before it, or after, as the tax office counts."""
    return born >= date(year - UNDER, 1, 1)


def care_paid(payer: Payer, titres: Sequence[TitreIssued], year: int) -> CarePaid:
    """What was paid for care in a calendar year.

    Worked out from all that was paid by the end of that year and of each before it: years never overlap, and what is
    taken back in one is taken off the next. Never more than the care that was billed, nor than what was received.
    """
    payments = tuple(paid for paid in payer.payments.values() if paid.received_on.year == year)
    first = min((paid.received_on.year for paid in payer.payments.values()), default=year)
    told: dict[ChildId, int] = defaultdict(int)
    of_year: Cents = {}
    for each in range(first, year + 1):
        by_then = _by_the_end_of(payer, titres, each)
        new = {child: max(cents - told[child], 0) for child, cents in by_then.items()}
        of_year = _at_most(_received(payer, each) - sum(told.values()), new)
        for child, cents in of_year.items():
            told[child] += cents
    paid = {child: cents for child, cents in of_year.items() if cents}
    return CarePaid(year=year, by_child=paid, payments=payments)


def _received(payer: Payer, year: int) -> int:
    """All that came by the end of a year."""
    return sum(paid.amount_cents for paid in payer.payments.values() if paid.received_on.year <= year)


def _at_most(amount_cents: int, parts: Cents) -> Cents:
    """The same parts, or an amount shared between them when they come to more."""
    return parts if sum(parts.values()) <= amount_cents else shared(amount_cents, parts)


def _by_the_end_of(payer: Payer, titres: Sequence[TitreIssued], year: int) -> Cents:
    """What was paid for the care of each child since the beginning."""
    settled = account(payer, until=date(year, 12, 31))
    found: dict[ChildId, int] = defaultdict(int)
    for titre in titres:
        for child, cents in _care_settled(titre, settled).items():
            found[child] += cents
    return _at_most(_received(payer, year), {child: max(cents, 0) for child, cents in found.items()})


def _care_settled(titre: TitreIssued, settled: Allocation) -> Cents:
    """How much of a titre's care was paid; below zero, of a credit that was spent."""
    total = titre.total_cents
    if total < 0:
        left = sum(share.amount_cents for share in settled.unallocated if share.credit == titre.titre)
        moved = -total - left if settled.of(titre.titre) else 0
    else:
        of_titre = settled.of(titre.titre)
        moved = of_titre.paid_cents if of_titre else 0
    care = care_of(titre.lines)
    if not total:
        # Nothing is to be paid: what was taken back has paid what was asked.
        return care if settled.of(titre.titre) else {}
    rest = {_REST: total - sum(care.values())}
    return {child: cents for child, cents in shared(_sign(total) * moved, {**care, **rest}).items() if child != _REST}


def care_of(lines: Iterable[BilledLine]) -> Cents:
    """The care of each child among lines, less what reductions take off it.

    A reduction is a share of the price of its unit: it is taken off the care and the meal in proportion, the odd cent
    off the care, and off nothing that came on top.
    """
    groups: dict[tuple[ChildId, Slug, Slug], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for line in lines:
        groups[line.child, line.activity, line.unit][line.nature] += line.amount_cents
    found: dict[ChildId, int] = defaultdict(int)
    for (child, _, _), natures in groups.items():
        if "care" not in natures:
            continue
        care, reduction = natures["care"], natures.get("reduction", 0)
        base = care + natures.get("meal", 0)
        # Where what is taken back weighs more than what is asked, no proportion means anything.
        share = Fraction(reduction * care, base) if 0 <= care <= base and base else Fraction(reduction)
        left = care + share.numerator // share.denominator
        # What a reduction takes beyond the price of its unit is taken off what came on top of it.
        found[child] += max(left, 0) if 0 <= care <= base else left
    return dict(found)


def shared(amount_cents: int, parts: Cents) -> Cents:
    """An amount in proportion to parts, to the cent: what rounding leaves goes to the largest remainders."""
    whole = sum(parts.values())
    exact = {child: Fraction(amount_cents * cents, whole) for child, cents in sorted(parts.items())}
    floors = {child: share.numerator // share.denominator for child, share in exact.items()}
    left = amount_cents - sum(floors.values())
    largest = sorted(exact, key=lambda child: (floors[child] - exact[child], child))[:left]
    return {child: cents + (child in largest) for child, cents in floors.items()}


def _sign(amount_cents: int) -> int:
    return -1 if amount_cents < 0 else 1


def titres_among(facts: Iterable[object]) -> Iterator[TitreIssued]:
    """The titres of a payer's page, in their order."""
    return (fact for fact in facts if isinstance(fact, TitreIssued))
