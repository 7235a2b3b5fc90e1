"""What an agent sends to say whose day it is: a form for each way a judge or two parents say it."""

from typing import Any, Final, Literal, Self

from pydantic import ConfigDict, model_validator

from api.fields import Day, IdText, StrictModel
from ledger.events import ProofKind, Week
from ledger.identifiers import HouseholdId

_ONE: Final = "1b4e28ba-2fa1-4ad2-883f-0016d3cca427"
_OTHER: Final = "5b2b0a3e-8a0c-4d0e-9b0f-2f6d6f2f1c11"
_CHILD: Final = "8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b"
_PROOF: Final[dict[str, Any]] = {"kind": "judgement", "seen_on": "2024-01-08"}


_ASKED: Final[list[Any]] = [
    {
        "child": _CHILD,
        "kind": "alternating",
        "first_day": "2024-01-08",
        "even_weeks": _ONE,
        "odd_weeks": _OTHER,
        "holidays": {"even_years": _ONE, "odd_years": _OTHER},
        "proof": _PROOF,
    },
    {
        "child": _CHILD,
        "kind": "exception",
        "first_day": "2024-05-08",
        "last_day": "2024-05-12",
        "household": _OTHER,
        "proof": {"kind": "agreement_signed", "seen_on": "2024-04-29"},
    },
    {"child": _CHILD, "kind": "end", "first_day": "2024-09-02", "proof": _PROOF},
]


class WeekAsked(StrictModel):
    """Whose day each day of a week is."""

    monday: IdText
    tuesday: IdText
    wednesday: IdText
    thursday: IdText
    friday: IdText
    saturday: IdText
    sunday: IdText

    def week(self) -> Week:
        """The week from Monday to Sunday."""
        days = (self.monday, self.tuesday, self.wednesday, self.thursday, self.friday, self.saturday, self.sunday)
        return tuple(map(HouseholdId, days))  # type: ignore[return-value]


class WeeksAsked(StrictModel):
    """Two weeks that alternate, by the number of the week."""

    even: WeekAsked
    odd: WeekAsked


class HalvesAsked(StrictModel):
    """Who has the first half of the school holidays, by the year they begin in; the other has the second."""

    even_years: IdText
    odd_years: IdText


class ProofAsked(StrictModel):
    """What the agent saw, and when. The document itself is never kept."""

    kind: ProofKind
    seen_on: Day


class HouseholdJoined(StrictModel):
    """The second household of a child."""

    household: IdText

    model_config = ConfigDict(json_schema_extra={"examples": [{"household": _OTHER}]})


class CustodyAsked(StrictModel):
    """Whose day it is. `alternating` takes one form of weeks; `exception` a last day and a household; `end` neither."""

    child: IdText
    kind: Literal["alternating", "exception", "end"]
    first_day: Day
    last_day: Day | None = None
    household: IdText | None = None
    even_weeks: IdText | None = None
    odd_weeks: IdText | None = None
    weeks: WeeksAsked | None = None
    weekly: WeekAsked | None = None
    holidays: HalvesAsked | None = None
    proof: ProofAsked

    model_config = ConfigDict(json_schema_extra={"examples": _ASKED})

    @model_validator(mode="after")
    def one_form(self) -> Self:
        """Refuses the fields of another kind, and anything but one way to say the weeks."""
        whole = (self.even_weeks is not None, self.odd_weeks is not None)
        forms = (any(whole), self.weeks is not None, self.weekly is not None)
        exception = (self.last_day is not None, self.household is not None)
        sound = {
            "alternating": sum(forms) == 1 and all(whole) == any(whole) and not any(exception),
            "exception": all(exception) and not any(forms) and self.holidays is None,
            "end": not any(exception) and not any(forms) and self.holidays is None,
        }
        if not sound[self.kind]:
            raise ValueError("kind")
        return self

    def agreed_weeks(self) -> tuple[Week, Week]:
        """The even week and the odd one, whichever form said them."""
        if self.weeks is not None:
            return self.weeks.even.week(), self.weeks.odd.week()
        if self.weekly is not None:
            return self.weekly.week(), self.weekly.week()
        assert self.even_weeks is not None
        assert self.odd_weeks is not None
        return _all_week(self.even_weeks), _all_week(self.odd_weeks)


def _all_week(household: str) -> Week:
    one = HouseholdId(household)
    return (one, one, one, one, one, one, one)
