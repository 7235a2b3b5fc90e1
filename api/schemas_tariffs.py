"""What answers about a family's tariffs look like, for /openapi.json alone, with examples."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final

from typing_extensions import TypedDict  # the one pydantic reads before Python 3.12

from api.fields import IdText, SlugText
from api.french_tariffs import REGIMES, RESIDENCES
from api.schemas import exact
from ledger.events import Regime, Residence


@exact
class TariffStatus(TypedDict):
    """Which tariffs a household is under from a day on."""

    first_day: date
    residence: Residence
    residence_label: str
    regime: Regime
    regime_label: str
    decided_at: datetime


@exact
class TariffStatuses(TypedDict):
    """What was decided, the latest first: it is what holds today once its first day has come."""

    household: IdText
    statuses: list[TariffStatus]


@exact
class MealBrought(TypedDict):
    """From a day on the child brings its own meal to the activity, or does so no more."""

    activity: SlugText
    brought: bool
    first_day: date
    decided_at: datetime


@exact
class MealsBrought(TypedDict):
    """What was decided, the latest first. Never why."""

    child: IdText
    meals: list[MealBrought]


_STATUS: Final = {
    "first_day": "2024-02-01",
    "residence": "outside",
    "residence_label": RESIDENCES["outside"],
    "regime": "msa",
    "regime_label": REGIMES["msa"],
    "decided_at": "2024-01-15T09:12:00Z",
}
_MEAL: Final = {
    "activity": "restauration-scolaire",
    "brought": True,
    "first_day": "2024-02-01",
    "decided_at": "2024-01-15T09:12:00Z",
}

EXAMPLES: Final[Mapping[Any, Any]] = MappingProxyType(
    {
        TariffStatus: _STATUS,
        TariffStatuses: {"household": "1b4e28ba-2fa1-4ad2-883f-0016d3cca427", "statuses": [_STATUS]},
        MealBrought: _MEAL,
        MealsBrought: {"child": "9c858901-8a57-4791-81fe-4c455b099bc9", "meals": [_MEAL]},
    }
)
