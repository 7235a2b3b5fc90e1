"""What closed months owe by now and did not then: the difference, line by line, each naming its cause."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from ledger.child import SlotKey
from ledger.events import BilledDay, BilledLine, MonthClosed, TitreIssued
from ledger.identifiers import ChildId, Month
from projections.billing.changes import Changes, changes_since
from projections.billing.facts_of_day import Seen
from projections.billing.family import Family, MissingDay, Placed
from projections.billing.lines import Heading, heading_of, heading_of_line, lines_of
from projections.billing.month import Charge, Stories, Worked, Working, stories_of
from projections.billing.offer import Offer


class Billed(NamedTuple):
    """What is compared: so many of this, at that price, for that day."""

    child: ChildId
    key: SlotKey
    nature: str
    label: str
    unit_price_cents: int
    code: str


class _Stands(NamedTuple):
    """What was billed of it so far, and the line that says it best: the last that asked for it."""

    quantity: int
    heading: Heading
    day: BilledDay


class _Known(NamedTuple):
    """What it comes to as now known."""

    quantity: int
    charge: Charge


def regularised(
    family: Family, stories: Stories, offer: Offer, closed: Sequence[MonthClosed], town: Sequence[Placed]
) -> tuple[list[BilledLine], list[MissingDay]]:
    """The lines that bring what was billed about closed months to what is known of them, and what is still missing.

    Only months that a line since the last close may have moved are worked out again: a month that nothing is said of
    costs what it cost, and a contradiction it was closed with is not told again. Where the last close left days out,
    every month is looked at: such a day is told in each draft until it is known, so the last close counts them all.
    """
    if not closed:
        return [], []
    since = closed[-1].position
    changes, then = changes_since(since, stories, family, town), _Then(family, offer.before(since, town), since)
    dated: list[tuple[Heading, BilledDay]] = []
    missing: list[MissingDay] = []
    for closing in closed:
        moved = changes.may_move(closing.month)
        if not moved and not closed[-1].left_out:
            continue
        now = Working(stories, offer, closing.month, closing.position)
        worked = now.worked_out()
        missing.extend(day for day in worked.missing if moved or day.why != "contradiction")
        if moved:
            for billed, was, known in _differences(family, closing.month, closed, worked):
                governed = offer.governing(billed.key)
                tariff = governed.tariff if governed is not None else None
                before = then.seen(closing, billed.child, billed.key)
                seen = now.seen(billed.child, billed.key)
                causes = changes.causes(billed.child, billed.key, tariff, before, seen)
                heading, day = _described(was, known, changes)
                dated.append(
                    (heading._replace(taken_back=day.quantity < 0, regularises=closing.month, causes=causes), day)
                )
    return lines_of(dated), missing


def billed_so_far(family: Family, month: Month, closed: Sequence[MonthClosed]) -> dict[Billed, _Stands]:
    """What the titres of the months closed so far say of one of them."""
    issued = {closing.month for closing in closed}
    found: dict[Billed, _Stands] = {}
    for entry, _ in family.payer:
        if isinstance(entry.fact, TitreIssued) and entry.fact.month in issued:
            for line in entry.fact.lines:
                if (line.regularises or entry.fact.month) == month:
                    _add(found, line)
    return found


def _add(found: dict[Billed, _Stands], line: BilledLine) -> None:
    for day in line.days:
        key = SlotKey(line.activity, line.unit, day.day)
        billed = Billed(line.child, key, line.nature, line.label, line.unit_price_cents, line.code)
        before = found.get(billed)
        if before is None or day.quantity > 0:
            quantity = day.quantity + (before.quantity if before is not None else 0)
            found[billed] = _Stands(quantity, heading_of_line(line), day)
        else:
            found[billed] = before._replace(quantity=before.quantity + day.quantity)


class _Then:
    """The family as it was when the last month was closed; told, and worked out, only where something differs."""

    def __init__(self, family: Family, offer: Offer, since: int) -> None:
        self.family, self.offer, self.since = family, offer, since
        self._stories: Stories | None = None
        self._months: dict[Month, Working] = {}

    def seen(self, closing: MonthClosed, child: ChildId, key: SlotKey) -> Seen | None:
        """What a day rested on."""
        if closing.month not in self._months:
            working = Working(self._told(), self.offer, closing.month, closing.position)
            working.worked_out()
            self._months[closing.month] = working
        return self._months[closing.month].seen(child, key)

    def _told(self) -> Stories:
        if self._stories is None:
            home = self._until(self.family.home)
            children = {child: self._until(page) for child, page in self.family.children.items()}
            self._stories = stories_of(replace(self.family, home=home, children=children), self.offer.rules)
        return self._stories

    def _until(self, page: Sequence[Placed]) -> list[Placed]:
        return [placed for placed in page if placed.position <= self.since]


def _differences(
    family: Family, month: Month, closed: Sequence[MonthClosed], worked: Worked
) -> Iterator[tuple[Billed, _Stands | None, _Known | None]]:
    stands = billed_so_far(family, month, closed)
    known: dict[Billed, _Known] = {}
    for charge in worked.charges:
        billed = billed_of(charge)
        quantity = known[billed].quantity if billed in known else 0
        known[billed] = _Known(quantity + charge.part.quantity, charge)
    for billed in sorted({**stands, **known}):
        if (billed.child, billed.key) not in worked.unknown:
            was, now = stands.get(billed), known.get(billed)
            if _more(was, now):
                yield billed, was, now


def _more(was: _Stands | None, now: _Known | None) -> int:
    return (now.quantity if now is not None else 0) - (was.quantity if was is not None else 0)


def _described(was: _Stands | None, now: _Known | None, changes: Changes) -> tuple[Heading, BilledDay]:
    """The line that asks for more, as it is now known; the one that takes back, as it was billed."""
    more = _more(was, now)
    if now is not None and (more > 0 or was is None):
        charge = now.charge
        day = BilledDay(day=charge.key.day, basis=charge.basis, quantity=more, lines=charge.lines)
        return heading_of(charge), day
    assert was is not None, "there is something to take back"
    story = changes.stories.children.get(was.heading.child)
    told = story.slots.get(SlotKey(was.heading.activity, was.heading.unit, was.day.day)) if story else None
    return was.heading, replace(was.day, quantity=more, lines=tuple(told.lines) if told else was.day.lines)


def billed_of(charge: Charge) -> Billed:
    """What a charge is compared as."""
    part = charge.part
    return Billed(charge.child, charge.key, part.nature, part.label, part.unit_price_cents, part.code)
