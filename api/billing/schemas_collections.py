"""What answers about direct debits look like, for /openapi.json alone, with examples."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import Field
from typing_extensions import TypedDict  # the one pydantic reads before Python 3.12

from api.billing.payment_bodies import TitreText
from api.billing.schemas_payments import Amount, Rum
from api.fields import IdText
from api.french_payments import LEFT_OUT, RETURNS, SEQUENCES
from api.schemas import Count, Digest, exact
from ledger.events import DebitSequence

LeftOutCode = Literal["account_erased", "account_changed", "mandate_lapsed"]


@exact
class LeftOut(TypedDict):
    """A household that owes something under a mandate, and is not debited."""

    household: IdText
    code: LeftOutCode
    detail: str


@exact
class CollectionSent(TypedDict):
    """Direct debits asked for together."""

    collection: IdText
    collect_on: date
    debits: Count
    total_cents: Amount
    first: Count
    recurrent: Count
    digest: Digest
    left_out: list[LeftOut]
    more: Annotated[bool, Field(description="D'autres foyers restent à prélever : recommencez pour une autre remise.")]


@exact
class Collection(TypedDict):
    """One file of direct debits."""

    collection: IdText
    collect_on: date
    debits: Count
    total_cents: Amount
    digest: Digest
    sent_at: datetime


@exact
class Collections(TypedDict):
    """The files of direct debits, the latest first."""

    collections: list[Collection]
    next: str | None


@exact
class Debit(TypedDict):
    """A titre the bank was asked for, and what became of it."""

    titre: TitreText
    household: IdText
    mandate: Rum
    amount_cents: Amount
    sequence: DebitSequence
    sequence_label: str
    state: Literal["asked", "paid", "returned"]
    reason: str | None
    reason_label: str | None


@exact
class CollectionDebits(TypedDict):
    """One file of direct debits, debit by debit."""

    collection: IdText
    collect_on: date
    debits: Count
    total_cents: Amount
    digest: Digest
    sent_at: datetime
    asked: list[Debit]


@exact
class Settled(TypedDict):
    """How many payments a collection came to."""

    collection: IdText
    recorded: Count
    total_cents: Amount


@exact
class Returned(TypedDict):
    """How many debits came back, and how many payments with them."""

    collection: IdText
    returned: Count
    cancelled: Count


_HOUSEHOLD: Final = "1b4e28ba-2fa1-4ad2-883f-0016d3cca427"
_COLLECTION: Final = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
_RUM: Final = "VILLARS-8F14E45FCEEA46728B6B"
_DIGEST: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_SENT: Final = {
    "collection": _COLLECTION,
    "collect_on": "2022-10-24",
    "debits": 1,
    "total_cents": 5511,
    "digest": _DIGEST,
}
_ASKED: Final = {
    "titre": "2022-000017",
    "household": _HOUSEHOLD,
    "mandate": _RUM,
    "amount_cents": 5511,
    "sequence": "FRST",
    "sequence_label": SEQUENCES["FRST"],
    "state": "returned",
    "reason": "AM04",
    "reason_label": RETURNS["AM04"],
}
_LEFT: Final = {"household": _HOUSEHOLD, "code": "account_changed", "detail": LEFT_OUT["account_changed"]}

EXAMPLES: Final[Mapping[Any, Any]] = MappingProxyType(
    {
        CollectionSent: {**_SENT, "first": 1, "recurrent": 0, "left_out": [_LEFT], "more": False},
        Collections: {"collections": [{**_SENT, "sent_at": "2022-10-17T08:15:00Z"}], "next": None},
        CollectionDebits: {**_SENT, "sent_at": "2022-10-17T08:15:00Z", "asked": [_ASKED]},
        Settled: {"collection": _COLLECTION, "recorded": 1, "total_cents": 5511},
        Returned: {"collection": _COLLECTION, "returned": 1, "cancelled": 0},
    }
)
