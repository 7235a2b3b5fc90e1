"""The invoice a family is handed: what it owes and until when on the first page, and why on those that follow."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from api import french_paper
from api.billing.paper.setting import as_images, as_pdf
from api.french_bills import amount
from ledger.events import BilledLine, TitreIssued
from ledger.identifiers import ChildId, Month, Slug, TitreNumber

Formula = tuple[Slug, Slug]
"""An activity and one of its units."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Debit:
    """How an invoice is paid when nobody has to do anything."""

    mandate: str
    creditor: str
    creditor_id: str
    """The SEPA creditor identifier (ICS)."""
    account: str = ""
    """The last figures of the account."""
    collect_on: date | None = None
    """The day the bank was asked for it; None as long as it was not."""
    amount_cents: int = 0
    """What the bank was asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Owed:
    """What another invoice still asks for, or was paid."""

    titre: TitreNumber
    month: Month
    amount_cents: int
    collect_on: date | None = None
    """The day the bank takes it, when it was asked to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reason:
    """Why one line is what it is."""

    heading: str
    price: str
    """From the quotient to the unit price, and the article, in sentences."""
    days: Sequence[str]
    """What happened, date by date; of a rectification, what changed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Invoice:
    """All that an invoice says. Two equal invoices are the same bytes."""

    issued: TitreIssued
    town: str
    office: str
    """The régie."""
    recipient: Sequence[str]
    """The name of who pays, then the address, line by line."""
    children: Mapping[ChildId, str]
    """What each child is called."""
    formulas: Mapping[Formula, str]
    """What the rulebook calls a unit within a sentence, where that says more than the line does."""
    how_to_pay: Sequence[str]
    contact: Sequence[str] = ()
    """Whom to ask, in the words of the town."""
    appeal: Sequence[str] = ()
    """How it is contested, in the words of the town."""
    reasons: Sequence[Reason] = ()
    """For each line of the titre, in its order."""
    paid_cents: int = 0
    """By payments and by credits."""
    owed_before: Sequence[Owed] = ()
    held_cents: int = 0
    """What the town holds for the household."""
    debit: Debit | None = None
    returned_on: date | None = None
    """The day of the debit that the bank sent back."""
    credited: Sequence[Owed] = ()
    """Of a credit: the invoices it paid."""
    credit_left_cents: int = 0
    """Of a credit: what it has not paid yet."""

    @property
    def owed_cents(self) -> int:
        """What is left to pay of it."""
        return max(self.issued.total_cents, 0) - self.paid_cents

    def child(self, child: ChildId) -> str:
        """What a child is called."""
        return self.children[child]


def invoice_pdf(invoice: Invoice) -> bytes:
    """The document, tagged for screen readers."""
    return as_pdf("invoice", _said(invoice), made_on=invoice.issued.issued_on)


def invoice_images(invoice: Invoice, *, ppi: int = 110) -> list[bytes]:
    """The same pages, to be looked at."""
    return as_images("invoice", _said(invoice), made_on=invoice.issued.issued_on, ppi=ppi)


def _said(invoice: Invoice) -> dict[str, Any]:
    issued = invoice.issued
    asks = invoice.owed_cents > 0 and invoice.debit is None
    slip = (french_paper.titre_number(issued.titre), invoice.recipient[0], amount(invoice.owed_cents))
    return {
        "title": french_paper.invoice_title(issued.month, credit=issued.total_cents < 0),
        "town": invoice.town,
        "office": invoice.office,
        "recipient": invoice.recipient,
        "reference": [french_paper.titre_of(issued.titre, issued.issued_on)],
        "due": _due(invoice),
        "columns": french_paper.COLUMNS,
        "groups": [_group(invoice, child, lines) for child, lines in _by_child(issued.lines)],
        "totals": list(_totals(invoice)),
        "beside": list(_beside(invoice)),
        "payment": _payment(invoice, asks=asks),
        "help": {
            "heading": french_paper.QUESTIONS,
            "sentences": french_paper.help_said(invoice.contact, invoice.appeal),
        },
        "slip": {"heading": french_paper.SLIP, "parts": slip if asks else ()},
        "why": {"heading": french_paper.WHY, "introduction": french_paper.WHY_INTRODUCTION},
        "reasons": _reasons(invoice),
        "footer": french_paper.footer(invoice.town, issued.titre),
        "page": french_paper.PAGE,
        "of": french_paper.OF,
    }


def _by_child(lines: Iterable[BilledLine]) -> list[tuple[ChildId, list[BilledLine]]]:
    """The lines of each child, in the order of the titre."""
    found: dict[ChildId, list[BilledLine]] = {}
    for line in lines:
        found.setdefault(line.child, []).append(line)
    return list(found.items())


def _reasons(invoice: Invoice) -> list[dict[str, Any]]:
    """Why, child by child."""
    found: dict[ChildId, list[dict[str, Any]]] = {}
    for line, reason in zip(invoice.issued.lines, invoice.reasons, strict=True):
        said = {"heading": reason.heading, "price": reason.price, "days": reason.days}
        found.setdefault(line.child, []).append(said)
    return [{"heading": invoice.child(child), "lines": lines} for child, lines in found.items()]


def _due(invoice: Invoice) -> dict[str, str]:
    """What the box says: how much is asked for, and until when."""
    total, owed, debit = invoice.issued.total_cents, invoice.owed_cents, invoice.debit
    cents, when = owed, ""
    if total <= 0:
        kind, cents = ("credit", -total) if total else ("nothing", 0)
    elif owed <= 0:
        kind = "paid"
    elif debit is not None:
        kind, when = "debit", french_paper.debited(debit.account, debit.collect_on, invoice.issued.due_on)
    elif invoice.returned_on is not None:
        kind, when = "owed", french_paper.returned(invoice.returned_on, invoice.issued.due_on)
    else:
        kind, when = "part" if invoice.paid_cents else "owed", french_paper.due_by(invoice.issued.due_on)
    said = when or french_paper.WHEN[kind]
    return {"what": french_paper.DUE[kind], "when": said, "amount": amount(cents)}


def _payment(invoice: Invoice, *, asks: bool) -> dict[str, Any]:
    """How it is paid: by whoever reads it, or by the bank, told beforehand what it takes and when."""
    debit = invoice.debit
    if debit is None or invoice.owed_cents <= 0:
        return {"heading": french_paper.HOW_TO_PAY, "sentences": invoice.how_to_pay if asks else ()}
    cents = debit.amount_cents or invoice.owed_cents
    told = french_paper.debit_notice(cents, debit.collect_on, debit.creditor, debit.creditor_id, debit.mandate)
    return {"heading": french_paper.DEBIT, "sentences": told}


def _group(invoice: Invoice, child: ChildId, lines: Sequence[BilledLine]) -> dict[str, Any]:
    """What one child's days cost."""
    name = invoice.child(child)
    rows = [_row(invoice, line) for line in lines]
    if len(rows) > 1 and len({line.child for line in invoice.issued.lines}) > 1:
        together = amount(sum(line.amount_cents for line in lines))
        total = {"label": french_paper.subtotal(name), "note": "", "quantity": "", "unit_price": ""}
        rows.append({**total, "amount": together, "strong": True})
    return {"heading": name, "rows": rows}


def _row(invoice: Invoice, line: BilledLine) -> dict[str, Any]:
    return {
        "label": _label(invoice, line),
        "note": french_paper.days_of((day.day for day in line.days), invoice.issued.month),
        "quantity": french_paper.whole(line.quantity),
        "unit_price": amount(line.unit_price_cents),
        "amount": amount(line.amount_cents),
        "strong": False,
    }


def _label(invoice: Invoice, line: BilledLine) -> str:
    """Garderie, matin; of a closed month, that it corrects it."""
    formula = invoice.formulas.get((line.activity, line.unit), "")
    label = f"{line.label}, {formula}" if formula else line.label
    return label if line.regularises is None else f"{french_paper.regularised(line.regularises)} : {label}"


def _totals(invoice: Invoice) -> Iterable[dict[str, Any]]:
    issued = invoice.issued
    total = french_paper.TOTAL if issued.total_cents >= 0 else french_paper.TOTAL_OF_CREDIT
    yield {"what": total, "amount": amount(issued.total_cents), "strong": True}
    if invoice.paid_cents:
        yield {"what": french_paper.PAID, "amount": amount(-invoice.paid_cents), "strong": False}
        yield {"what": french_paper.LEFT, "amount": amount(invoice.owed_cents), "strong": True}


def _beside(invoice: Invoice) -> Iterable[str]:
    """What the account says besides this invoice."""
    waiting = [each for each in invoice.owed_before if each.collect_on is None]
    if waiting:
        yield french_paper.left_of_others((each.titre, each.month, each.amount_cents) for each in waiting)
    for each in invoice.owed_before:
        if each.collect_on is not None:
            yield french_paper.being_debited(each.titre, each.month, each.amount_cents, each.collect_on)
    if invoice.issued.total_cents < 0:
        paid = [(each.titre, each.month, each.amount_cents) for each in invoice.credited]
        yield french_paper.credit_told(-invoice.issued.total_cents, paid, invoice.credit_left_cents)
        if invoice.held_cents > invoice.credit_left_cents:
            yield french_paper.held_in_all(invoice.held_cents)
    elif invoice.held_cents:
        yield french_paper.held_for_you(invoice.held_cents)
