"""What a family or an agent sends when it submits a demande."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from api.fields import WEEKDAYS, Day, IdText, Instant, SlugText, StrictModel, Weekday
from commands.submit_demande import MOST_DAYS, Repeat
from ledger.identifiers import Slug

MOST_CHILDREN = 12
MOST_REPEATS = 20
MOST_WEEKS = 53
LONGEST_REPEAT_DAYS = 400
DayList = Annotated[list["DayWanted"], Field(max_length=MOST_DAYS)]


class DayWanted(StrictModel):
    """A box of the calendar."""

    day: Day
    unit: SlugText


class Repetition(StrictModel):
    """The same weekdays over a period, both ends included. Days without a service are passed over."""

    weekdays: Annotated[list[Weekday], Field(min_length=1, max_length=7)]
    first: Annotated[Day, Field(alias="from")]
    last: Annotated[Day, Field(alias="to")]
    unit: SlugText
    every_weeks: Annotated[int, Field(ge=1, le=MOST_WEEKS)] = 1
    action: Literal["reserve", "cancel"] = "reserve"

    @model_validator(mode="after")
    def bounded(self) -> Self:
        """Refuses a period that ends before it begins, or that no school year holds."""
        if not timedelta(0) <= self.last - self.first <= timedelta(days=LONGEST_REPEAT_DAYS):
            raise ValueError("period")
        return self

    def asked(self) -> Repeat:
        """The repetition as the command knows it."""
        return Repeat(
            weekdays=frozenset(WEEKDAYS.index(day) for day in self.weekdays),
            first_day=self.first,
            last_day=self.last,
            unit=Slug(self.unit),
            every_weeks=self.every_weeks,
            action=self.action,
        )


class CounterNote(StrictModel):
    """What only an agent may say: for whom it was asked, when, and why the deadline is set aside."""

    received_at: Instant | None = None
    """When the request reached the town, if it was on paper: the rules are judged at that instant."""
    derogation: SlugText | None = None
    """A reason of the rulebook's list, to set the deadlines aside."""
    approve: bool = False
    """Decides in the agent's favour at once."""
    household: IdText | None = None
    """Of a child of two households, the one in whose name it is asked: needed when the days are of both."""


class DemandeAsked(StrictModel):
    """What a family asks for. `kind` "absence" takes `absent`, `reason` and `document` instead of days to reserve."""

    child: IdText
    activity: SlugText
    kind: Literal["reservation", "absence"] = "reservation"
    reserve: DayList = Field(default_factory=list)
    cancel: DayList = Field(default_factory=list)
    repeat: Repetition | Annotated[list[Repetition], Field(min_length=1, max_length=MOST_REPEATS)] | None = None
    also_for: Annotated[list[IdText], Field(max_length=MOST_CHILDREN)] = Field(default_factory=list)
    partial: bool = False
    absent: DayList = Field(default_factory=list)
    reason: SlugText | None = None
    document: IdText | None = None
    """A document that was handed in before."""
    counter: CounterNote | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "child": "8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b",
                    "activity": "alsh-mercredis",
                    "reserve": [{"day": "2024-03-27", "unit": "journee"}],
                },
                {
                    "child": "8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b",
                    "activity": "restauration-scolaire",
                    "repeat": {
                        "weekdays": ["monday", "thursday"],
                        "from": "2024-04-01",
                        "to": "2024-06-30",
                        "unit": "repas",
                    },
                    "partial": True,
                },
            ]
        }
    )

    @model_validator(mode="after")
    def one_kind(self) -> Self:
        """Refuses an absence with days to reserve, and the other way round."""
        days = bool(self.reserve or self.cancel or self.repeat)
        absence = bool(self.absent or self.reason or self.document)
        if (self.kind == "absence" and (days or self.also_for or self.partial or self.reason is None)) or (
            self.kind == "reservation" and absence
        ):
            raise ValueError("kind")
        return self

    def repeats(self) -> list[Repeat]:
        """Its repetitions, one or several."""
        given = self.repeat if isinstance(self.repeat, list) else [self.repeat] if self.repeat else []
        return [repetition.asked() for repetition in given]
