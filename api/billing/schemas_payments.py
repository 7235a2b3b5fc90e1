"""What answers about accounts, payments and mandates look like, for /openapi.json alone, with examples."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Any, Final

from pydantic import Field
from typing_extensions import TypedDict  # the one pydantic reads before Python 3.12

from api.billing.payment_bodies import TitreText
from api.fields import IdText, Month
from api.french_payments import BECAUSE, MEANS
from api.schemas import exact
from ledger.events import CancelledBecause, Means

Amount = Annotated[int, Field(description="En centimes.")]
Rum = Annotated[str, Field(max_length=35, description="La référence unique du mandat (RUM).")]


@exact
class Share(TypedDict):
    """What one payment, or one credit, pays of a titre."""

    amount_cents: Amount
    on: date
    payment: IdText | None
    credit: TitreText | None


@exact
class AccountTitre(TypedDict):
    """A titre, what was paid of it and what is left to pay."""

    titre: TitreText
    month: Month
    issued_on: date
    due_on: date
    total_cents: Annotated[int, Field(description="En centimes ; sous zéro, un avoir.")]
    paid_cents: Amount
    owed_cents: Amount
    shares: list[Share]
    under_way: Annotated[bool, Field(description="Un prélèvement est demandé à la banque, qui n'a pas encore répondu.")]


@exact
class Cancelled(TypedDict):
    """Why a payment did not happen after all."""

    on: date
    because: CancelledBecause
    because_label: str


@exact
class Payment(TypedDict):
    """Money that came."""

    payment: IdText
    household: IdText
    amount_cents: Amount
    means: Means
    means_label: str
    received_on: date
    titre: TitreText | None
    reference: str | None
    recorded_at: datetime
    cancelled: Cancelled | None


@exact
class Payments(TypedDict):
    """The payments of a household, in the order they were received."""

    household: IdText
    payments: list[Payment]


@exact
class PaymentsOfTown(TypedDict):
    """A page of the payments of a town, in the order they were received."""

    payments: list[Payment]
    next: str | None


@exact
class PaymentsRecorded(TypedDict):
    """The payments that were recorded, in the order they were sent."""

    payments: list[Payment]


@exact
class MandateSigned(TypedDict):
    """A mandate, without its account."""

    mandate: Rum
    household: IdText
    guardian: IdText
    signed_on: date


@exact
class Mandate(TypedDict):
    """A mandate, and how its account ends."""

    mandate: Rum
    guardian: IdText
    signed_on: date
    ends_with: Annotated[
        str | None, Field(description="Les quatre derniers caractères de l'IBAN ; null s'il n'est plus connu.")
    ]
    usable: Annotated[bool, Field(description="Le compte du mandat est toujours celui que la commune connaît.")]


@exact
class MandateOf(TypedDict):
    """The mandate in force of a household, if there is one."""

    household: IdText
    mandate: Mandate | None


@exact
class MandateRevoked(TypedDict):
    """A mandate that holds no more."""

    household: IdText
    mandate: Rum


@exact
class Account(TypedDict):
    """What a household owes, titre by titre."""

    household: IdText
    balance_cents: Annotated[int, Field(description="Titres moins avoirs moins paiements ; sous zéro, un trop-perçu.")]
    owed_cents: Amount
    unallocated_cents: Annotated[int, Field(description="Reçu d'avance : le prochain titre le prendra.")]
    titres: list[AccountTitre]
    mandate: Annotated[Rum | None, Field(description="Le mandat de prélèvement en cours.")]


_HOUSEHOLD: Final = "1b4e28ba-2fa1-4ad2-883f-0016d3cca427"
_GUARDIAN: Final = "6fa459ea-ee8a-4ca4-894e-db77e160355e"
_PAYMENT: Final = "0f8fad5b-d9cb-469f-a165-70867728950e"
_RUM: Final = "VILLARS-8F14E45FCEEA46728B6B"
_PAID: Final = {
    "payment": _PAYMENT,
    "household": _HOUSEHOLD,
    "amount_cents": 4000,
    "means": "cheque",
    "means_label": MEANS["cheque"],
    "received_on": "2022-10-12",
    "titre": "2022-000017",
    "reference": "0001234",
    "recorded_at": "2022-10-12T08:15:00Z",
    "cancelled": None,
}
_UNPAID: Final = {
    **_PAID,
    "cancelled": {"on": "2022-10-20", "because": "unpaid_cheque", "because_label": BECAUSE["unpaid_cheque"]},
}
_MANDATE: Final = {"mandate": _RUM, "guardian": _GUARDIAN, "signed_on": "2022-09-05"}

EXAMPLES: Final[Mapping[Any, Any]] = MappingProxyType(
    {
        Account: {
            "household": _HOUSEHOLD,
            "balance_cents": 1511,
            "owed_cents": 1511,
            "unallocated_cents": 0,
            "titres": [
                {
                    "titre": "2022-000017",
                    "month": "2022-09",
                    "issued_on": "2022-10-03",
                    "due_on": "2022-10-24",
                    "total_cents": 5511,
                    "paid_cents": 4000,
                    "owed_cents": 1511,
                    "shares": [{"amount_cents": 4000, "on": "2022-10-12", "payment": _PAYMENT, "credit": None}],
                    "under_way": False,
                }
            ],
            "mandate": _RUM,
        },
        Payment: _UNPAID,
        Payments: {"household": _HOUSEHOLD, "payments": [_PAID]},
        PaymentsOfTown: {"payments": [_PAID], "next": None},
        PaymentsRecorded: {"payments": [_PAID]},
        MandateSigned: {**_MANDATE, "household": _HOUSEHOLD},
        MandateOf: {"household": _HOUSEHOLD, "mandate": {**_MANDATE, "ends_with": "2606", "usable": True}},
        MandateRevoked: {"household": _HOUSEHOLD, "mandate": _RUM},
    }
)
