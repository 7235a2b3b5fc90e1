"""Days put together into the lines of a bill: one line for the same price, of the same unit, for the same reason."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ledger.events import BilledDay, BilledLine, Cause, Nature, QuotientUsed, Step
from ledger.identifiers import ChildId, Month, Slug, Version
from projections.billing.month import Charge


class Heading(NamedTuple):
    """What the days of one line have in common."""

    child: ChildId
    activity: Slug
    unit: Slug
    nature: Nature
    label: str
    unit_price_cents: int
    code: str
    rulebook: Version
    article: str
    quotient: QuotientUsed | None
    steps: tuple[Step, ...]
    taken_back: bool = False
    regularises: Month | None = None
    causes: tuple[Cause, ...] = ()


def heading_of(charge: Charge) -> Heading:
    """The line a charge belongs on."""
    part, key = charge.part, charge.key
    return Heading(
        child=charge.child,
        activity=key.activity,
        unit=key.unit,
        nature=part.nature,
        label=part.label,
        unit_price_cents=part.unit_price_cents,
        code=part.code,
        rulebook=charge.rulebook,
        article=part.article,
        quotient=charge.quotient,
        steps=part.steps,
    )


def heading_of_line(line: BilledLine) -> Heading:
    """What the days of a line that was billed have in common, whatever it corrected."""
    return Heading(
        child=line.child,
        activity=line.activity,
        unit=line.unit,
        nature=line.nature,
        label=line.label,
        unit_price_cents=line.unit_price_cents,
        code=line.code,
        rulebook=line.rulebook,
        article=line.article,
        quotient=line.quotient,
        steps=line.steps,
    )


def lines_of_month(charges: Iterable[Charge]) -> list[BilledLine]:
    """The lines of the month itself."""
    # A price is worked out once for all its days: comparing which it is, and not what it says, is much faster.
    same: dict[tuple[int, Slug, Slug, ChildId, Version, int], Heading] = {}
    grouped: dict[Heading, list[BilledDay]] = {}
    listed: dict[int, list[BilledDay]] = {}
    for charge in charges:
        part, (activity, unit, day) = charge.part, charge.key
        found = (id(part), activity, unit, charge.child, charge.rulebook, id(charge.quotient))
        heading = same.get(found)
        if heading is None:
            heading = same[found] = heading_of(charge)
            listed[id(heading)] = grouped.setdefault(heading, [])
        billed = BilledDay(day=day, basis=charge.basis, quantity=part.quantity, lines=charge.lines)
        listed[id(heading)].append(billed)
    return _lines(grouped)


def lines_of(dated: Iterable[tuple[Heading, BilledDay]]) -> list[BilledLine]:
    """The lines these days make, in the order of an invoice."""
    grouped: dict[Heading, list[BilledDay]] = {}
    for heading, day in dated:
        grouped.setdefault(heading, []).append(day)
    return _lines(grouped)


def _lines(grouped: Mapping[Heading, list[BilledDay]]) -> list[BilledLine]:
    return sorted((_line(heading, days) for heading, days in grouped.items()), key=_order)


def _line(heading: Heading, days: list[BilledDay]) -> BilledLine:
    quantity = sum(day.quantity for day in days)
    return BilledLine(
        child=heading.child,
        activity=heading.activity,
        unit=heading.unit,
        nature=heading.nature,
        label=heading.label,
        unit_price_cents=heading.unit_price_cents,
        quantity=quantity,
        amount_cents=quantity * heading.unit_price_cents,
        rulebook=heading.rulebook,
        article=heading.article,
        code=heading.code,
        quotient=heading.quotient,
        steps=heading.steps,
        days=tuple(sorted(days, key=lambda day: (day.day, day.basis, day.quantity, day.lines))),
        regularises=heading.regularises,
        causes=heading.causes,
    )


def _order(line: BilledLine) -> tuple[object, ...]:
    """The order of an invoice, and what tells any two lines apart: it must never depend on how they were found."""
    quotient = line.quotient
    return (
        line.regularises or "",
        line.child,
        line.activity,
        line.unit,
        line.nature,
        line.label,
        line.days[0].day,
        line.quantity > 0,
        line.unit_price_cents,
        line.code,
        line.rulebook,
        line.article,
        quotient.line if quotient is not None else 0,
        tuple((step.kind, step.value) for step in line.steps),
        tuple((cause.stream, cause.line) for cause in line.causes),
    )
