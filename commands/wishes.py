"""Boxes of the calendar ticked and unticked: one by one, or the same weekdays over a period."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from ledger.days import monday_of
from ledger.events import Action
from ledger.identifiers import Slug

MOST_DAYS: Final = 400
"""Days of one demande, and of the period of a repetition: a school year of every unit of an activity fits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """A box ticked or unticked. `repeated` when it comes from a repetition."""

    day: date
    unit: Slug
    action: Action
    repeated: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Repeat:
    """The same weekdays over a period, both ends included, every so many weeks from the first. Monday is 0."""

    weekdays: frozenset[int]
    first_day: date
    last_day: date
    unit: Slug
    every_weeks: int = 1
    action: Action = "reserve"

    @property
    def length_days(self) -> int:
        """The days of the period."""
        return (self.last_day - self.first_day).days + 1

    def wishes(self) -> Iterator[Wish]:
        """The boxes it ticks, in order."""
        start = monday_of(self.first_day)
        for offset in range(self.length_days):
            day = self.first_day + timedelta(days=offset)
            weeks = (monday_of(day) - start).days // 7
            if day.weekday() in self.weekdays and weeks % self.every_weeks == 0:
                yield Wish(day=day, unit=self.unit, action=self.action, repeated=True)
