"""Accounts and payments: what a household owes titre by titre, what was paid, now or at an instant."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID, uuid5

from fastapi import Query
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import openapi
from api.answers import JSONAnswer
from api.billing import schemas_payments
from api.billing.payment_bodies import CancellationAsked, PaymentAsked, PaymentsAsked
from api.billing.shown import asked
from api.cursors import PageAsked, bounded_period, read_place
from api.door import doors
from api.fields import Day, IdText, read_day, read_id
from api.french_payments import BECAUSE, MEANS
from api.households import of_household
from api.office import AtCounter, AtInstant, Office, Said
from api.opening import LONGEST_PERIOD_DAYS
from api.sealing import given_id
from commands.cancel_payment import CancelPayment
from commands.direct_debits import under_way
from commands.execute import Result
from commands.record_payment import NewPayment, RecordPayments
from ledger.codec import Codec
from ledger.events import Means
from ledger.identifiers import HouseholdId, PaymentId, TitreNumber
from ledger.kept import read_kept
from ledger.payer import Payer
from ledger.store import Page, turned
from ledger.streams import payer_page
from projections import pages_of
from projections.billing import accounts
from projections.billing.allocation import Settled, account

router = doors("paiements")

_CODEC: Final = Codec()
_NAMED: Final = UUID("3d4b2f0c-0a0e-4d39-8a52-6f2f3c9f1a77")


async def payer_of(at: Office, household: HouseholdId) -> tuple[int, Payer]:
    """The version of the page of what a household owes and pays, and what it says: nothing, for one never billed."""
    stream = payer_page(at.commune, household)
    if at.as_of is None:
        page: Any = (await run_in_threadpool(at.store.pages, [stream]))[stream]
    else:
        [rows] = await at.reader.ask(at.commune, pages_of.lines(at.commune, [stream], known_at=at.as_of))
        kept = [read_kept(_CODEC, stream, row["version"], row["stored"], row["digest"], row["leaf"]) for row in rows]
        empty: Page[Payer] = Page(stream=stream)
        page = turned(empty, kept)
    return page.version, page.state or Payer(household=household)


@router.get(
    "/households/{household}/account",
    summary="Le compte d'un foyer",
    responses=openapi.answered(200, schemas_payments.Account, etag=True),
)
async def known_account(household: IdText, at: AtInstant) -> JSONAnswer:
    """Titres minus credits minus payments; a payment goes to the titre it names, the rest to the oldest unpaid."""
    known = HouseholdId(household)
    await of_household(at, known)
    version, payer = await payer_of(at, known)
    said = account(payer)
    waiting = {debit.titre for debit in under_way(payer)}
    content = {
        "household": household,
        "balance_cents": said.balance_cents,
        "owed_cents": said.owed_cents,
        "unallocated_cents": said.unallocated_cents,
        "titres": [_titre(each, under_way=each.titre.number in waiting) for each in said.settled],
        "mandate": payer.mandate.mandate if payer.mandate else None,
    }
    return at.tagged(content, version=version)


def _titre(settled: Settled, *, under_way: bool) -> dict[str, Any]:
    titre = settled.titre
    return {
        "titre": titre.number,
        "month": titre.month,
        "issued_on": titre.issued_on,
        "due_on": titre.due_on,
        "total_cents": titre.total_cents,
        "paid_cents": settled.paid_cents,
        "owed_cents": settled.owed_cents,
        "shares": [
            {"amount_cents": share.amount_cents, "on": share.on, "payment": share.payment, "credit": share.credit}
            for share in settled.shares
        ],
        "under_way": under_way,
    }


@router.get(
    "/households/{household}/payments",
    summary="Les paiements d'un foyer",
    responses=openapi.answered(200, schemas_payments.Payments),
)
async def payments(household: IdText, at: AtInstant) -> JSONAnswer:
    """In the order they were received; those that were cancelled say why."""
    known = HouseholdId(household)
    await of_household(at, known)
    [rows] = await at.known([payer_page(at.commune, known)]).ask(at.commune, accounts.payments_of(at.commune, known))
    return JSONAnswer({"household": household, "payments": [_payment(row) for row in rows]})


def _payment(row: Mapping[str, Any]) -> dict[str, Any]:
    because = row["cancelled_because"]
    cancelled = {"on": row["cancelled_on"], "because": because, "because_label": BECAUSE[because]} if because else None
    shown = ("payment", "household", "amount_cents", "means", "received_on", "titre", "reference", "recorded_at")
    return {**{name: row[name] for name in shown}, "means_label": MEANS[row["means"]], "cancelled": cancelled}


@router.get(
    "/payments",
    summary="Les paiements reçus par la commune",
    responses=openapi.answered(200, schemas_payments.PaymentsOfTown),
)
async def received(
    at: AtInstant,
    page: PageAsked,
    first: Annotated[Day, Query(alias="from", description="Premier jour de réception, inclus.")],
    last: Annotated[Day, Query(alias="to", description="Dernier jour, inclus : 400 jours au plus.")],
    household: Annotated[IdText | None, Query(description="Du foyer.")] = None,
    means: Annotated[Means | None, Query(description="Par ce moyen.")] = None,
) -> JSONAnswer:
    """In the order they were received; those that were cancelled say why."""
    bounded_period(first, last, most_days=LONGEST_PERIOD_DAYS)
    place = page.after("payments", (str, str))
    after = (
        None
        if place is None
        else accounts.PaymentPlace(
            received_on=read_place(read_day, place[0]), payment=PaymentId(read_place(read_id, place[1]))
        )
    )
    which = accounts.WhichPayments(household=HouseholdId(household) if household else None, means=means)
    question = accounts.payments_between(at.commune, first, last, which, after=after, limit=page.limit + 1)
    [rows] = await asked(at, question)
    shown, following = page.part("payments", rows, lambda row: (row["received_on"].isoformat(), row["payment"]))
    at.saw(*(row["household"] for row in shown))
    return JSONAnswer({"payments": [_payment(row) for row in shown], "next": following})


@router.post(
    "/payments",
    status_code=201,
    summary="Enregistrer des paiements",
    responses=openapi.answered(201, schemas_payments.PaymentsRecorded)
    | openapi.documented(
        "unknown_payer",
        "unknown_titre",
        "amount_out_of_bounds",
        "cash_over_limit",
        "day_not_come",
        "day_out_of_reach",
        "day_before_titre",
        "payment_already_recorded",
    ),
)
async def record(asked: PaymentsAsked, at: AtCounter) -> Response:
    """One, or those of a bank statement: all of them or none, with one error for each that cannot be recorded."""
    first = given_id(at)
    command = RecordPayments(
        payments=[_new(each, PaymentId(str(uuid5(_NAMED, f"{first}/{n}")))) for n, each in enumerate(asked.payments)]
    )
    return await at.run(command, _recorded)


def _new(asked: PaymentAsked, payment: PaymentId) -> NewPayment:
    return NewPayment(
        payment=payment,
        household=HouseholdId(asked.household),
        amount_cents=asked.amount_cents,
        means=asked.means,
        received_on=asked.received_on,
        titre=TitreNumber(asked.titre) if asked.titre else None,
        reference=asked.reference,
        again=asked.again,
    )


def _recorded(result: Result) -> Said:
    return Said(status=201, content={"payments": [_payment(row) for row in result.rows_of("payments")]})


@router.post(
    "/households/{household}/payments/{payment}/cancellation",
    summary="Annuler un paiement",
    responses=openapi.answered(200, schemas_payments.Payment)
    | openapi.documented("already_cancelled", "debit_to_return"),
)
async def cancel(household: IdText, payment: IdText, asked: CancellationAsked, at: AtCounter) -> Response:
    """What it paid is owed again."""
    command = CancelPayment(household=HouseholdId(household), payment=PaymentId(payment), because=asked.because)
    return await at.run(command, lambda result: Said(status=200, content=_payment(result.row_of("payments"))))
