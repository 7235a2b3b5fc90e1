"""What is sent to be told a price: days, or a typical month."""

from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from api.fields import WEEKDAYS, Day, IdText, Month, SlugText, StrictModel, Weekday
from commands.submit_demande import MOST_DAYS
from ledger.events import Regime, Residence

MOST_CENTS = 9_999_999
MOST_MINUTES = 24 * 60
MOST_CHILDREN = 20
Cents = Annotated[int, Field(ge=0, le=MOST_CENTS, examples=[65_000])]
Minutes = Annotated[int, Field(ge=0, le=MOST_MINUTES)]


class DayPriced(StrictModel):
    """A unit of a day, and how long the child would stay, where that counts."""

    day: Day
    unit: SlugText
    minutes: Minutes | None = None


class DaysAsked(StrictModel):
    """Days one by one, or the same weekdays of a month: a typical month."""

    activity: SlugText
    days: Annotated[list[DayPriced], Field(min_length=1, max_length=MOST_DAYS)] | None = None
    month: Month | None = None
    weekdays: Annotated[list[Weekday], Field(min_length=1, max_length=7)] | None = None
    unit: SlugText | None = None
    minutes: Minutes | None = None
    """How long the child would stay each time, of a typical month."""
    quotient_cents: Cents | None = None
    """Instead of the quotient the town knows: what if mine were this one."""

    def weekday_numbers(self) -> frozenset[int]:
        """Monday is 0."""
        return frozenset(WEEKDAYS.index(weekday) for weekday in self.weekdays or ())


class PriceAsked(DaysAsked):
    """What days would cost for a child; `household` when it is of two."""

    child: IdText
    household: IdText | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "child": "8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b",
                    "activity": "restauration-scolaire",
                    "month": "2022-10",
                    "weekdays": ["monday", "tuesday", "thursday", "friday"],
                    "unit": "repas",
                },
                {
                    "child": "8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b",
                    "activity": "alsh-mercredis",
                    "days": [{"day": "2024-03-27", "unit": "journee"}],
                    "quotient_cents": 65_000,
                },
            ]
        }
    )

    @model_validator(mode="after")
    def one_form(self) -> Self:
        """Refuses days and a month together, or neither."""
        typical = self.month is not None and self.weekdays is not None and self.unit is not None
        if typical == (self.days is not None) or (self.days is not None and _of_a_month(self)):
            raise ValueError("form")
        return self


class SimulationAsked(DaysAsked):
    """The same for nobody in particular: without days or a month, one `unit` on the next day it is offered."""

    residence: Residence | None = None
    regime: Regime | None = None
    rank: Annotated[int, Field(ge=1, le=MOST_CHILDREN)] = 1
    """Which child of the household it would be."""
    children: Annotated[int, Field(ge=1, le=MOST_CHILDREN)] | None = None
    """How many come, this one included; `rank` when it is not said."""
    meal_brought: bool = False

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"activity": "restauration-scolaire", "unit": "repas", "quotient_cents": 65_000},
                {
                    "activity": "alsh-mercredis",
                    "month": "2022-10",
                    "weekdays": ["wednesday"],
                    "unit": "journee",
                    "quotient_cents": 120_000,
                    "residence": "outside",
                    "regime": "caf",
                    "rank": 2,
                },
            ]
        }
    )

    @model_validator(mode="after")
    def one_form(self) -> Self:
        """Refuses days and a month together, a unit that is missing, half a status, fewer children than the rank."""
        days = self.days is not None
        incomplete = not days and (self.unit is None or (self.month is None) != (self.weekdays is None))
        half = (self.residence is None) != (self.regime is None)
        if (days and _of_a_month(self)) or incomplete or half or (self.children or self.rank) < self.rank:
            raise ValueError("form")
        return self


def _of_a_month(asked: DaysAsked) -> bool:
    return any(each is not None for each in (asked.month, asked.weekdays, asked.unit, asked.minutes))
