"""What answers about custody look like, for /openapi.json alone, and one of each."""

from datetime import date, datetime
from typing import Any, Final, Literal

from typing_extensions import TypedDict  # the one pydantic reads before Python 3.12

from api.fields import WEEKDAYS, IdText
from api.schemas import AccountText, exact
from ledger.events import ProofKind

Holder = Literal["mine", "other"] | IdText
"""A household: for a guardian, theirs or the other; for the town's staff, its identifier."""


@exact
class CustodyWeek(TypedDict):
    """Whose day each day of a week is."""

    monday: Holder
    tuesday: Holder
    wednesday: Holder
    thursday: Holder
    friday: Holder
    saturday: Holder
    sunday: Holder


@exact
class CustodyWeeks(TypedDict):
    """The weeks that alternate, by their number."""

    even: CustodyWeek
    odd: CustodyWeek


@exact
class CustodyHolidays(TypedDict):
    """Who has the first half of the school holidays, by the year they begin in."""

    even_years: Holder
    odd_years: Holder


@exact
class CustodyProof(TypedDict):
    """What an agent saw, and when; a guardian is not told which agent."""

    kind: ProofKind
    seen_on: date
    seen_by: AccountText | None


@exact
class CustodyStatement(TypedDict):
    """What was said of custody. Of several that cover a day, the last holds."""

    kind: Literal["alternating", "exception", "end"]
    first_day: date
    last_day: date | None
    household: Holder | None
    """Of an exception: whose its days are."""
    weeks: CustodyWeeks | None
    holidays: CustodyHolidays | None
    proof: CustodyProof
    stated_at: datetime
    sentences: list[str]


@exact
class CustodyOfChild(TypedDict):
    """Everything that was said of the custody of a child, in the order it was said."""

    child: IdText
    statements: list[CustodyStatement]


@exact
class CustodyOfHousehold(TypedDict):
    """The custody of the children of a household."""

    household: IdText
    children: list[CustodyOfChild]


@exact
class CustodySaid(TypedDict):
    """The statement that was recorded."""

    child: IdText
    statement: CustodyStatement


@exact
class HouseholdsOfChild(TypedDict):
    """Where a child lives: one household, or two."""

    child: IdText
    households: list[IdText]


_CHILD: Final = "8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b"
_ONE: Final = "1b4e28ba-2fa1-4ad2-883f-0016d3cca427"
_OTHER: Final = "5b2b0a3e-8a0c-4d0e-9b0f-2f6d6f2f1c11"


def _statement(mine: str, other: str, *, seen_by: str | None, places: tuple[str, str]) -> dict[str, Any]:
    return {
        "kind": "alternating",
        "first_day": "2024-01-08",
        "last_day": None,
        "household": None,
        "weeks": {"even": dict.fromkeys(WEEKDAYS, mine), "odd": dict.fromkeys(WEEKDAYS, other)},
        "holidays": None,
        "proof": {"kind": "judgement", "seen_on": "2024-01-08", "seen_by": seen_by},
        "stated_at": "2024-01-08T09:12:00Z",
        "sentences": [
            f"À partir du lundi 8 janvier 2024, semaines paires : {places[0]} ; semaines impaires : {places[1]}.",
            "Vacances scolaires : comme les autres semaines.",
            "Jugement vu le lundi 8 janvier 2024.",
        ],
    }


EXAMPLES: Final[dict[Any, Any]] = {
    CustodyOfHousehold: {
        "household": _ONE,
        "children": [
            {
                "child": _CHILD,
                "statements": [
                    _statement("mine", "other", seen_by=None, places=("chez vous", "dans l'autre foyer")),
                ],
            }
        ],
    },
    CustodySaid: {
        "child": _CHILD,
        "statement": _statement(
            _ONE, _OTHER, seen_by="idp|agent-0007", places=("au foyer 1b4e28ba", "au foyer 5b2b0a3e")
        ),
    },
    HouseholdsOfChild: {"child": _CHILD, "households": [_ONE, _OTHER]},
}
