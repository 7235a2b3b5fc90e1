"""How long a town keeps what it need not keep for ever. Where each duration comes from: docs/privacy.md."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

Unit = Literal["day", "month"]
_DAYS_OF_MONTHS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31) * 2
"""Of two leap years."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """So many days or months; a year is twelve of them."""

    count: int
    unit: Unit

    @property
    def at_most_days(self) -> int:
        """The days of the longest such term, so that terms written in different units compare."""
        if self.unit == "day":
            return self.count
        years, rest = divmod(self.count, 12)
        longest = max(sum(_DAYS_OF_MONTHS[start + month] for month in range(rest)) for start in range(12))
        return years * 365 + -(-years // 4) + longest

    def before(self, instant: datetime) -> datetime:
        """The instant a term before this one: the last day of a shorter month when there is no such day."""
        if self.unit == "day":
            return instant - timedelta(days=self.count)
        year, month = divmod(instant.year * 12 + instant.month - 1 - self.count, 12)
        day = min(instant.day, monthrange(year, month + 1)[1])
        return instant.replace(year=year, month=month + 1, day=day)


_THIRTY_DAYS: Final = Term(count=30, unit="day")
_MONTHS: Final = {count: Term(count=count, unit="month") for count in (3, 12, 24)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """The terms of a town, each from the event its name in the file says."""

    access_log: Term = _MONTHS[12]
    """From the read. CNIL, délibération n° 2021-122: between six months and a year."""
    file: Term = _MONTHS[24]
    """From the last day a child of the household was enrolled. Common practice."""
    documents: Term = _MONTHS[12]
    """From the day they were handed in. Common practice."""
    health: Term = _MONTHS[3]
    """From the last day the child was enrolled. Common practice."""
    refused_activations: Term = _MONTHS[3]
    """From the refusal. It may be contested for two months: Code de justice administrative, R. 421-1."""
    answers: Term = _THIRTY_DAYS
    """From the answer: how long a client may send the same command again. Ours."""
    article: str | None = None
    written: bool = False
    """Whether the town wrote any of it."""


DEFAULTS: Final = Retention()
