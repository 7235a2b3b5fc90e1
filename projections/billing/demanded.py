"""What demandes change in the bills of families: their months with each of them, and without."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final, NamedTuple

from ledger.child import SlotKey
from ledger.entry import Entry
from ledger.events import AbsenceDeclared, CancellationRequested
from ledger.identifiers import ChildId, Month, Stream
from projections.billing.family import Family, MissingDay, Placed
from projections.billing.lines import lines_of
from projections.billing.month import Charge, Stories, stories_of, worked_out
from projections.billing.story import month_of, story_of
from projections.billing.supposed import Price, Scene, dated, expected, granted

MONTHS_AROUND: Final = 3
"""How far an absence more, or a day given up, may change what other absences spare: a run goes over holidays."""


class Asked(NamedTuple):
    """A demande: the lines a command would write for it and for those before it, and the days it is about."""

    entries: Sequence[Entry]
    slots: Collection[tuple[ChildId, SlotKey]]


class _Bills(NamedTuple):
    """What some months cost some families."""

    charges: Sequence[Charge]
    missing: frozenset[MissingDay]


def changes_of(scene: Scene, families: Sequence[Family], asked: Sequence[Asked]) -> list[Price]:
    """What each demande adds to the bills of these families, or takes off them, those before it granted.

    All their days are counted: one more Wednesday may make the others cheaper, or a sister the second child.
    """
    months = months_around(asked)
    told = [_expected(scene, family, months) for family in families]
    was, prices = _worked(scene, told, months), []
    for each in asked:
        told = [
            _granted(scene, family, before, each.entries, months) for family, before in zip(families, told, strict=True)
        ]
        now = _worked(scene, told, months)
        prices.append(_difference(was, now, each.slots))
        was = now
    return prices


def months_around(asked: Sequence[Asked]) -> list[Month]:
    """The months that demandes may change, in order."""
    days = {key.day for each in asked for _, key in each.slots}
    facts = [entry.fact for each in asked for entry in each.entries]
    apart = any(isinstance(fact, AbsenceDeclared | CancellationRequested) for fact in facts)
    around = range(-MONTHS_AROUND, MONTHS_AROUND + 1) if apart else range(1)
    return sorted({_months_later(day, count) for day in days for count in around})


def _months_later(day: date, count: int) -> Month:
    months = day.year * 12 + day.month - 1 + count
    return month_of(date(min(max(months // 12, date.min.year), date.max.year), months % 12 + 1, 1))


def _expected(scene: Scene, family: Family, months: Collection[Month]) -> Stories:
    pages = {child: expected(scene, page, months) for child, page in family.children.items() if page}
    return stories_of(replace(family, children=pages), scene.rules)


def _granted(
    scene: Scene, family: Family, before: Stories, entries: Sequence[Entry], months: Collection[Month]
) -> Stories:
    """The family with these lines more: only the children they are about are told again."""
    about = {entry.stream for entry in entries}
    pages = {child: page for child, page in family.children.items() if page and _stream(page) in about}
    again = {
        child: story_of(expected(scene, granted(scene, page, entries), months), scene.rules)
        for child, page in pages.items()
    }
    siblings = tuple(again.get(story.child.child, story) for story in before.siblings)
    return replace(before, children={**before.children, **again}, siblings=siblings)


def _stream(page: Sequence[Placed]) -> Stream:
    return page[0].entry.stream


def _worked(scene: Scene, told: Iterable[Stories], months: Iterable[Month]) -> _Bills:
    found = [worked_out(stories, scene.offer, month) for stories in told for month in months]
    missing = frozenset(day for worked in found for day in worked.missing if day.why != "contradiction")
    return _Bills([charge for worked in found for charge in worked.charges], missing)


def _difference(was: _Bills, now: _Bills, slots: Collection[tuple[ChildId, SlotKey]]) -> Price:
    kept = Counter(map(_same, was.charges)) & Counter(map(_same, now.charges))
    changed = [
        *((charge, dated(charge)) for charge in _beyond(now.charges, kept)),
        *((charge, dated(charge, taken_back=True)) for charge in _beyond(was.charges, kept)),
    ]
    missing = {day for day in now.missing if (day.child, SlotKey(day.activity, day.unit, day.day)) in slots} | (
        now.missing - was.missing
    )
    return Price(
        lines=tuple(lines_of(day for charge, day in changed if (charge.child, charge.key) in slots)),
        elsewhere=tuple(lines_of(day for charge, day in changed if (charge.child, charge.key) not in slots)),
        missing=tuple(sorted(missing)),
        priced=frozenset((charge.child, charge.key) for charge, _ in changed),
    )


def _same(charge: Charge) -> tuple[object, ...]:
    return charge.child, charge.key, charge.part.label, charge.part.unit_price_cents, charge.part.quantity


def _beyond(charges: Iterable[Charge], kept: Mapping[tuple[object, ...], int]) -> Iterator[Charge]:
    left = Counter(kept)
    for charge in charges:
        if left[_same(charge)] > 0:
            left[_same(charge)] -= 1
        else:
            yield charge
