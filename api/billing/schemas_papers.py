"""What an answer about a tax certificate looks like, for /openapi.json alone, with its example."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import Field
from typing_extensions import TypedDict  # the one pydantic reads before Python 3.12

from api.billing.paper.certificate import WhyLeftOut
from api.fields import IdText
from api.schemas import exact
from ledger.events import Means


@exact
class CaredFor(TypedDict):
    """A child under six on 1 January, and what was paid for its care."""

    child: IdText
    amount_cents: Annotated[int, Field(ge=1)]


@exact
class NotCounted(TypedDict):
    """A child whose care was paid and does not count, and why."""

    child: IdText
    reason: WhyLeftOut


@exact
class PaymentOfYear(TypedDict):
    """Money received in the year, whatever it was for."""

    payment: IdText
    received_on: date
    means: Means
    amount_cents: Annotated[int, Field(ge=1)]


@exact
class TaxCertificate(TypedDict):
    """What a household paid in a year for the care of its children under six."""

    household: IdText
    year: Annotated[int, Field(ge=2000, le=2099)]
    final: Annotated[bool, Field(description="Faux tant que l'année n'est pas terminée.")]
    amount_cents: Annotated[int, Field(ge=0, description="En centimes.")]
    children: list[CaredFor]
    left_out: list[NotCounted]
    payments: list[PaymentOfYear]


EXAMPLES: Final[Mapping[Any, Any]] = MappingProxyType(
    {
        TaxCertificate: {
            "household": "1b4e28ba-2fa1-4ad2-883f-0016d3cca427",
            "year": 2022,
            "final": True,
            "amount_cents": 18_430,
            "children": [{"child": "8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b", "amount_cents": 18_430}],
            "left_out": [{"child": "6fa459ea-ee8a-4ca4-894e-db77e160355e", "reason": "six_or_over"}],
            "payments": [
                {
                    "payment": "0f8fad5b-d9cb-469f-a165-70867728950e",
                    "received_on": "2022-10-12",
                    "means": "card",
                    "amount_cents": 35_511,
                }
            ],
        }
    }
)
