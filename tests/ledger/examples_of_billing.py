"""One example of every fact of the régie."""

from datetime import date
from typing import Final

from ledger.events import (
    BilledDay,
    BilledLine,
    Cause,
    ChildRegistered,
    CollectionSent,
    DirectDebitAsked,
    DirectDebitReturned,
    Fact,
    MandateRevoked,
    MandateSigned,
    MealBroughtDecided,
    MonthClosed,
    PaymentCancelled,
    PaymentRecorded,
    QuotientUsed,
    Step,
    TariffStatusDecided,
    TitreIssued,
)
from ledger.identifiers import (
    ChildId,
    CollectionId,
    GuardianId,
    HouseholdId,
    MandateId,
    Month,
    PaymentId,
    Slug,
    Stream,
    TitreNumber,
    Version,
)

PAYER: Final = HouseholdId("4f0f6c1e-1f53-4f43-9d39-1c4c0d1c8b01")
EATER: Final = ChildId("4f0f6c1e-1f53-4f43-9d39-1c4c0d1c8b02")
DEBTOR: Final = GuardianId("4f0f6c1e-1f53-4f43-9d39-1c4c0d1c8b03")
FIRST_PAYMENT, SECOND_PAYMENT = (PaymentId(f"4f0f6c1e-1f53-4f43-9d39-1c4c0d1c8b0{n}") for n in (4, 5))
COLLECTION: Final = CollectionId("4f0f6c1e-1f53-4f43-9d39-1c4c0d1c8b06")
MANDATE: Final = MandateId("VALMONT-000001")
SEPTEMBER, OCTOBER = Month("2023-09"), Month("2023-10")
TITRE, CREDIT = TitreNumber("2023-000001"), TitreNumber("2023-000002")
ISSUED, DUE = date(2023, 10, 2), date(2023, 10, 23)

MEALS: Final = BilledLine(
    child=EATER,
    activity=Slug("cantine"),
    unit=Slug("repas"),
    nature="meal",
    label="Repas",
    unit_price_cents=327,
    quantity=2,
    amount_cents=654,
    rulebook=Version("2023-09"),
    article="7.1",
    code="7067",
    quotient=QuotientUsed(amount_cents=59_950, source="caf", first_day=date(2023, 9, 1), line=4),
    steps=(
        Step(kind="tariff", value="cantine"),
        Step(kind="quotient", value="599.50"),
        Step(kind="bracket", value="500"),
        Step(kind="price", value="3.27"),
    ),
    days=(
        BilledDay(day=date(2023, 9, 4), basis="present", lines=(3, 4, 6)),
        BilledDay(day=date(2023, 9, 5), basis="absent", lines=(3, 4, 7)),
    ),
)
CORRECTED: Final = BilledLine(
    child=EATER,
    activity=Slug("cantine"),
    unit=Slug("repas"),
    nature="meal",
    label="Repas",
    unit_price_cents=327,
    quantity=-1,
    amount_cents=-327,
    rulebook=Version("2023-09"),
    article="7.1",
    code="7067",
    quotient=None,
    steps=(),
    days=(BilledDay(day=date(2023, 9, 5), basis="absent", quantity=-1, lines=(3, 4, 7, 8, 9)),),
    regularises=SEPTEMBER,
    causes=(Cause(stream=Stream("child/valmont/4f0f6c1e-1f53-4f43-9d39-1c4c0d1c8b02"), line=9),),
)
ON_PAYER: Final[list[Fact]] = [
    TitreIssued(
        titre=TITRE,
        household=PAYER,
        month=SEPTEMBER,
        position=120,
        issued_on=ISSUED,
        due_on=DUE,
        total_cents=654,
        lines=(MEALS,),
    ),
    MandateSigned(mandate=MANDATE, household=PAYER, guardian=DEBTOR, signed_on=ISSUED, digest="4" * 64),
    DirectDebitAsked(
        collection=COLLECTION, mandate=MANDATE, titre=TITRE, amount_cents=654, sequence="FRST", collect_on=DUE
    ),
    PaymentRecorded(
        payment=FIRST_PAYMENT,
        household=PAYER,
        amount_cents=654,
        means="direct_debit",
        received_on=DUE,
        titre=TITRE,
        reference="VALMONT-000001",
    ),
    DirectDebitReturned(collection=COLLECTION, titre=TITRE, reason="AM04"),
    PaymentCancelled(payment=FIRST_PAYMENT, because="returned_debit", cancelled_on=date(2023, 10, 26)),
    PaymentRecorded(
        payment=SECOND_PAYMENT, household=PAYER, amount_cents=654, means="cheque", received_on=date(2023, 10, 30)
    ),
    TitreIssued(
        titre=CREDIT,
        household=PAYER,
        month=OCTOBER,
        position=240,
        issued_on=date(2023, 11, 2),
        due_on=date(2023, 11, 23),
        total_cents=-327,
        lines=(CORRECTED,),
    ),
    MandateRevoked(mandate=MANDATE),
]
ON_REGIE: Final[list[Fact]] = [
    MonthClosed(
        month=SEPTEMBER,
        position=120,
        year=2023,
        first_number=1,
        titres=1,
        total_cents=654,
        digest="5" * 64,
        issued_on=ISSUED,
        due_on=DUE,
        left_out=2,
    ),
    CollectionSent(collection=COLLECTION, collect_on=DUE, debits=1, total_cents=654, digest="6" * 64),
]
ON_EATER: Final[list[Fact]] = [
    ChildRegistered(child=EATER, household=PAYER),
    MealBroughtDecided(activity=Slug("cantine"), brought=True, first_day=date(2023, 9, 18)),
]
STATUS: Final[Fact] = TariffStatusDecided(residence="outside", regime="msa", first_day=date(2023, 9, 1))
