"""What the régie says of payments, mandates and direct debits: bounded, and an account that exists."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError
from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

from api.billing.cheque_numbers import what_it_tells
from api.billing.pain008 import LONGEST_NAME, in_sepa_letters
from api.detail_bodies import read_line
from api.fields import Day, IdText, Month, StrictModel

MOST_PAYMENTS: Final = 300
MOST_RETURNS: Final = 500
LONGEST_IBAN: Final = 42
"""34 letters and digits, by groups of four."""
_ACCOUNT: Final = "FR14 2004 1010 0505 0001 3M02 606"


def _refused(kind: str) -> PydanticCustomError:
    return PydanticCustomError(kind, "refused")


def read_iban(value: str) -> str:
    """The number of an account that can be debited: its check digits hold, and its country is of the SEPA."""
    try:
        account = IBAN(value, validate_bban=True)
    except SchwiftyException as error:
        raise _refused("iban_expected") from error
    if not account.in_sepa_zone:
        raise _refused("iban_outside_sepa")
    return account.compact


def read_holder(value: str) -> str:
    """A name of which something is left in the letters banks exchange."""
    name = read_line(value)
    if not in_sepa_letters(name):
        raise _refused("holder_expected")
    return name


def read_reference(value: str) -> str:
    """A number of some kind, kept for ever: nobody's name, account or telephone goes with a payment."""
    if not any(letter.isdigit() for letter in value):
        raise _refused("reference_expected")
    told = what_it_tells(value)
    if told is not None:
        raise _refused(told)
    return value


TitreText = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{6,9}$", max_length=14, examples=["2022-000017"])]
Cents = Annotated[int, Field(ge=1, le=2**53 - 1, examples=[5511])]
Reference = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9 -]{0,33}[A-Za-z0-9])?$",
        max_length=35,
        description=(
            "Le numéro du chèque, du virement ou du paiement en ligne : au moins un chiffre, 6 lettres de suite au "
            "plus (espaces et tirets ne les séparent pas) ; ni nom, ni compte, ni téléphone."
        ),
        examples=["0001234"],
    ),
    AfterValidator(read_reference),
]
Holder = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST_NAME,
        pattern=r"^[^\u0000-\u001f\u007f-\u009f]+$",
        description="Le titulaire du compte, comme sur le RIB.",
        examples=["Camille Exemple"],
    ),
    AfterValidator(read_holder),
]
Iban = Annotated[
    str,
    Field(
        min_length=15,
        max_length=LONGEST_IBAN,
        pattern=r"^[A-Za-z]{2}[0-9]{2}[A-Za-z0-9 ]+$",
        description="Gardé dans le coffre, jamais redonné : seuls ses quatre derniers caractères se lisent.",
        examples=[_ACCOUNT],
    ),
    AfterValidator(read_iban),
]
ReasonCode = Annotated[
    str,
    Field(pattern=r"^[A-Z0-9]{4}$", description="Le code motif de la banque (ISO 20022).", examples=["AM04"]),
]


class PaymentAsked(StrictModel):
    """Money that came: of a titre, or of the oldest that is not paid."""

    household: IdText
    amount_cents: Cents
    means: Literal["card", "cheque", "cash", "transfer", "voucher"]
    received_on: Day
    titre: TitreText | None = None
    reference: Reference | None = None
    again: Annotated[
        bool, Field(description="C'est un autre paiement, bien qu'un paiement de même référence soit enregistré.")
    ] = False


class PaymentsAsked(StrictModel):
    """One payment, or those of a bank statement: all of them, or none."""

    payments: Annotated[list[PaymentAsked], Field(min_length=1, max_length=MOST_PAYMENTS)]

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "payments": [
                        {
                            "household": "1b4e28ba-2fa1-4ad2-883f-0016d3cca427",
                            "amount_cents": 5511,
                            "means": "cheque",
                            "received_on": "2022-10-12",
                            "titre": "2022-000017",
                            "reference": "0001234",
                        }
                    ]
                }
            ]
        }
    )


class CancellationAsked(StrictModel):
    """Why the payment did not happen after all."""

    because: Literal["mistake", "unpaid_cheque"]

    model_config = ConfigDict(json_schema_extra={"examples": [{"because": "unpaid_cheque"}]})


class MandateAsked(StrictModel):
    """What the family wrote on the mandate it signed."""

    guardian: IdText
    holder: Holder
    iban: Iban
    signed_on: Day

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "guardian": "6fa459ea-ee8a-4ca4-894e-db77e160355e",
                    "holder": "Camille Exemple",
                    "iban": _ACCOUNT,
                    "signed_on": "2022-09-05",
                }
            ]
        }
    )


class CollectionAsked(StrictModel):
    """Which day families are debited, and of which month; of every month unless said."""

    collect_on: Day
    month: Month | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"collect_on": "2022-10-24", "month": "2022-09"}]})


class SettledAsked(StrictModel):
    """Nothing more is to be said: what did not come back is paid."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class ReturnAsked(StrictModel):
    """A debit the bank sent back, and why."""

    titre: TitreText
    reason: ReasonCode


class ReturnsAsked(StrictModel):
    """The debits the bank sent back: all of them, or none."""

    returns: Annotated[list[ReturnAsked], Field(min_length=1, max_length=MOST_RETURNS)]

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"returns": [{"titre": "2022-000017", "reason": "AM04"}]}]}
    )
