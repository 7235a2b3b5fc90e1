"""What answers about demandes without days and quotients look like, for /openapi.json alone, with examples."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import Field
from typing_extensions import TypedDict  # the one pydantic reads before Python 3.12

from api import french
from api.fields import IdText
from api.french_formalities import KINDS, SOURCES
from api.schemas import Demande, Number, exact
from ledger.events import QuotientSource


@exact
class Asked(TypedDict):
    """The demande that was opened; never what it proposes."""

    demandes: list[Demande]


@exact
class Quotient(TypedDict):
    """The quotient familial the town holds true from a day on, in cents."""

    first_day: date
    amount_cents: Annotated[int, Field(ge=0)]
    source: QuotientSource
    source_label: str
    demande: Number | None
    """The demande that declared it; None when an agent recorded it."""
    regularisation: bool
    """Whether the town decided to go back on months that were over."""
    decided_at: datetime


@exact
class Quotients(TypedDict):
    """The quotients of a household, the latest first."""

    household: IdText
    quotients: list[Quotient]


_HOUSEHOLD: Final = "1b4e28ba-2fa1-4ad2-883f-0016d3cca427"
_PERSON: Final = "6fa459ea-ee8a-4ca4-894e-db77e160355e"
_QUOTIENT: Final = {
    "first_day": "2024-04-01",
    "amount_cents": 65_300,
    "source": "caf",
    "source_label": SOURCES["caf"],
    "demande": 43_514,
    "regularisation": False,
    "decided_at": "2024-03-11T09:12:00Z",
}
_ADDRESS: Final = {
    "number": 43_513,
    "kind": "address",
    "kind_label": KINDS["address"],
    "status": "en_cours",
    "status_label": french.status_label("en_cours"),
    "child": None,
    "household": _HOUSEHOLD,
    "activity": None,
    "origin": "family",
    "submitted_at": "2024-03-08T09:43:00Z",
    "decided_at": None,
    "partial": False,
    "derogation": None,
    "reason": None,
    "document": None,
    "documents": ["7d793037-a076-4e6c-8f3b-2d0f5f3a8d1e"],
    "wanted": {"person": _PERSON},
    "proposed": None,
    "refusal": None,
    "rulebook": None,
    "days": [],
}

EXAMPLES: Final[Mapping[Any, Any]] = MappingProxyType(
    {
        Asked: {"demandes": [_ADDRESS]},
        Quotient: _QUOTIENT,
        Quotients: {"household": _HOUSEHOLD, "quotients": [_QUOTIENT]},
    }
)
