"""The books: titres line by line, payments, mandates, direct debits, balances, and the months that are closed.

What is asked of them is in `questions` (what was billed) and `accounts` (what was paid and is owed).
"""

from collections.abc import Iterable
from typing import Final

from ledger.codec import Codec
from ledger.entry import Entry
from ledger.events import (
    BilledLine,
    CollectionSent,
    DirectDebitAsked,
    DirectDebitReturned,
    MandateRevoked,
    MandateSigned,
    MonthClosed,
    PaymentCancelled,
    PaymentRecorded,
    TitreIssued,
)
from ledger.identifiers import MandateId, PaymentId
from ledger.payer import Payer
from ledger.regie import Regie
from ledger.rows import Change, Put, Row, State

_CODEC: Final = Codec()
_DETAIL: Final = ("quotient", "steps", "days", "causes")


def changes(entry: Entry, state: State) -> Iterable[Change]:
    """Rows of every table of the books."""
    if isinstance(state, Payer):
        yield from _of_payer(entry, state)
    elif isinstance(state, Regie):
        yield from _of_regie(entry)


def _of_payer(entry: Entry, payer: Payer) -> Iterable[Change]:
    match entry.fact:
        case TitreIssued() as issued:
            yield from _titre(entry, issued)
        case PaymentRecorded(payment=payment) | PaymentCancelled(payment=payment):
            yield _payment(entry, payer, payment)
        case MandateSigned(mandate=mandate) | MandateRevoked(mandate=mandate):
            yield _mandate(entry, payer, mandate)
        case DirectDebitAsked() as asked:
            yield _debit(entry, payer, asked, None)
        case DirectDebitReturned() as returned:
            key = (returned.collection, returned.titre)
            asked = next(each for each in payer.debits if (each.collection, each.titre) == key)
            yield _debit(entry, payer, asked, returned)
    in_force = payer.mandate
    row: Row = {
        "commune": entry.commune,
        "household": payer.household,
        "billed_cents": payer.billed_cents,
        "paid_cents": payer.paid_cents,
        "balance_cents": payer.balance_cents,
        "mandate": in_force.mandate if in_force else None,
    }
    yield Put(table="payers", key=(entry.commune, payer.household), row=row)


def _titre(entry: Entry, issued: TitreIssued) -> Iterable[Change]:
    row: Row = {
        "commune": entry.commune,
        "titre": issued.titre,
        "household": issued.household,
        "month": issued.month,
        "total_cents": issued.total_cents,
        "position": issued.position,
        "issued_on": issued.issued_on,
        "due_on": issued.due_on,
        "issued_at": entry.signature.recorded_at,
        "lines": len(issued.lines),
    }
    yield Put(table="titres", key=(entry.commune, issued.titre), row=row)
    said = _CODEC.fact_to_json(issued)["lines"]
    for place, (line, json) in enumerate(zip(issued.lines, said, strict=True), start=1):
        yield Put(
            table="invoice_lines",
            key=(entry.commune, issued.titre, place),
            row={
                "commune": entry.commune,
                "titre": issued.titre,
                "line": place,
                "household": issued.household,
                "month": issued.month,
                **_line(line),
                "detail": {name: json[name] for name in _DETAIL},
            },
        )


def _line(line: BilledLine) -> Row:
    days = [each.day for each in line.days]
    return {
        "regularises": line.regularises,
        "child": line.child,
        "activity": line.activity,
        "unit": line.unit,
        "nature": line.nature,
        "label": line.label,
        "unit_price_cents": line.unit_price_cents,
        "quantity": line.quantity,
        "amount_cents": line.amount_cents,
        "rulebook": line.rulebook,
        "article": line.article,
        "code": line.code,
        "first_day": min(days),
        "last_day": max(days),
    }


def _payment(entry: Entry, payer: Payer, payment: PaymentId) -> Put:
    paid, recorded_at = payer.entered[payment]
    fact = entry.fact
    cancelled = fact if isinstance(fact, PaymentCancelled) else None
    row = {
        "commune": entry.commune,
        "payment": payment,
        "household": payer.household,
        "amount_cents": paid.amount_cents,
        "means": paid.means,
        "received_on": paid.received_on,
        "titre": paid.titre,
        "reference": paid.reference,
        "recorded_at": recorded_at,
        "cancelled_on": cancelled.cancelled_on if cancelled else None,
        "cancelled_because": cancelled.because if cancelled else None,
        "cancelled_at": entry.signature.recorded_at if cancelled else None,
    }
    return Put(table="payments", key=(entry.commune, payment), row=row)


def _mandate(entry: Entry, payer: Payer, mandate: MandateId) -> Put:
    signed = payer.mandates[mandate]
    row = {
        "commune": entry.commune,
        "mandate": mandate,
        "household": payer.household,
        "guardian": signed.guardian,
        "signed_on": signed.signed_on,
        "digest": signed.digest,
        "revoked_at": entry.signature.recorded_at if isinstance(entry.fact, MandateRevoked) else None,
    }
    return Put(table="mandates", key=(entry.commune, mandate), row=row)


def _debit(entry: Entry, payer: Payer, asked: DirectDebitAsked, returned: DirectDebitReturned | None) -> Put:
    row = {
        "commune": entry.commune,
        "collection": asked.collection,
        "titre": asked.titre,
        "household": payer.household,
        "mandate": asked.mandate,
        "amount_cents": asked.amount_cents,
        "sequence": asked.sequence,
        "collect_on": asked.collect_on,
        "reason": returned.reason if returned else None,
        "returned_at": entry.signature.recorded_at if returned else None,
    }
    return Put(table="direct_debits", key=(entry.commune, asked.collection, asked.titre), row=row)


def _of_regie(entry: Entry) -> Iterable[Change]:
    match entry.fact:
        case MonthClosed() as closed:
            row: Row = {
                "commune": entry.commune,
                "month": closed.month,
                "position": closed.position,
                "year": closed.year,
                "first_number": closed.first_number,
                "titres": closed.titres,
                "total_cents": closed.total_cents,
                "digest": closed.digest,
                "issued_on": closed.issued_on,
                "due_on": closed.due_on,
                "left_out": closed.left_out,
                "closed_at": entry.signature.recorded_at,
                "closed_by": entry.signature.actor,
            }
            yield Put(table="closed_months", key=(entry.commune, closed.month), row=row)
        case CollectionSent() as sent:
            row = {
                "commune": entry.commune,
                "collection": sent.collection,
                "collect_on": sent.collect_on,
                "debits": sent.debits,
                "total_cents": sent.total_cents,
                "digest": sent.digest,
                "sent_at": entry.signature.recorded_at,
            }
            yield Put(table="collections", key=(entry.commune, sent.collection), row=row)
