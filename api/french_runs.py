"""Many days in few words: « les mercredis du 6 mars au 26 juin 2024 (14 jours) »."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import groupby, pairwise
from typing import Final, NamedTuple

from rulebook.french_dates import french_date, french_day, french_ordinal, join
from rulebook.words import MONTHS, WEEKDAYS

MOST_NAMED: Final = 3
"""Days that are each named; of more, what they have in common is."""


class Phrase(NamedTuple):
    """Days within a sentence: « du mercredi 27 mars 2024 »; how many, where they are not each named."""

    of_the: str
    how_many: str = ""


def days(found: Iterable[date]) -> Phrase:
    """Days, each once, in order."""
    named = sorted(set(found))
    first, last = named[0], named[-1]
    if first == last:
        return Phrase(f"du {french_day(first)}")
    if len(named) <= MOST_NAMED:
        return Phrase(f"des {_listed(named)}")
    count = f"{len(named)} jours"
    if all(after - before == timedelta(days=1) for before, after in pairwise(named)):
        return Phrase(f"du {_start(first, last, weekday=True)} au {french_day(last)}", count)
    weekdays = sorted({day.weekday() for day in named})
    if len(weekdays) <= MOST_NAMED:
        which = join([f"{WEEKDAYS[weekday]}s" for weekday in weekdays])
        return Phrase(f"des {which} du {_start(first, last, weekday=False)} au {french_date(last)}", count)
    return Phrase(f"de {count} entre le {french_day(first)} et le {french_day(last)}")


def _start(first: date, last: date, *, weekday: bool) -> str:
    """The first day of a run, without what the last one says again."""
    said = french_ordinal(first.day)
    if (first.year, first.month) != (last.year, last.month):
        said += f" {MONTHS[first.month - 1]}"
    if first.year != last.year:
        said += f" {first.year}"
    return f"{WEEKDAYS[first.weekday()]} {said}" if weekday else said


def _listed(named: Sequence[date]) -> str:
    """Each day, with its month and its year where the next one does not say the same."""
    last = named[-1]
    return join([*(_start(day, after, weekday=True) for day, after in pairwise(named)), french_day(last)])


def by_unit(found: Iterable[tuple[str, date]]) -> Mapping[str, Phrase]:
    """Days by their unit, in the order of their first day."""
    ordered = sorted(found, key=lambda each: each[0])
    groups = {unit: sorted(day for _, day in of_unit) for unit, of_unit in groupby(ordered, key=lambda each: each[0])}
    return {unit: days(groups[unit]) for unit in sorted(groups, key=lambda unit: (groups[unit][0], unit))}
