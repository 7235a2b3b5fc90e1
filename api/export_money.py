"""What a family was billed, paid and signed, as its own file tells it."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from api.asking import Reader
from api.french_bills import amount, month_name
from api.french_payments import BECAUSE, MEANS, RETURNS
from ledger.identifiers import Commune, HouseholdId, Month
from projections.billing import accounts, questions

EVER: Final = (date(1900, 1, 1), date(2199, 12, 31))

Row = Mapping[str, Any]


async def money(reader: Reader, commune: Commune, household: HouseholdId) -> dict[str, list[dict[str, Any]]]:
    """Titres with their lines, payments, mandates without their accounts, direct debits."""
    titres, lines, payments, mandates, debits = await reader.ask(
        commune,
        questions.titres_of(commune, household),
        questions.lines_of_household(commune, household, *EVER),
        accounts.payments_of(commune, household),
        accounts.mandates_of(commune, household),
        accounts.debits_of(commune, household),
    )
    return {
        "titres": [_titre(row) for row in titres],
        "lines": [_line(row) for row in lines],
        "payments": [_payment(row) for row in payments],
        "mandates": [_mandate(row) for row in mandates],
        "debits": [_debit(row) for row in debits],
    }


def _titre(row: Row) -> dict[str, Any]:
    said = {"titre": row["titre"], "month": month_name(Month(row["month"]))}
    return {**said, "issued_on": row["issued_on"], "due_on": row["due_on"], "amount": amount(row["total_cents"])}


def _line(row: Row) -> dict[str, Any]:
    where = {"titre": row["titre"], "person": row["child"], "label": row["label"], "activity": row["activity"]}
    when = {"unit": row["unit"], "first_day": row["first_day"], "last_day": row["last_day"]}
    price = {"quantity": row["quantity"], "unit_price": amount(row["unit_price_cents"])}
    return {**where, **when, **price, "amount": amount(row["amount_cents"])}


def _payment(row: Row) -> dict[str, Any]:
    because = row["cancelled_because"]
    said = {"received_on": row["received_on"], "amount": amount(row["amount_cents"]), "means": MEANS[row["means"]]}
    return {
        **said,
        "titre": row["titre"],
        "reference": row["reference"],
        "cancelled": BECAUSE[because] if because else None,
    }


def _mandate(row: Row) -> dict[str, Any]:
    said = {"mandate": row["mandate"], "person": row["guardian"]}
    return {**said, "signed_on": row["signed_on"], "revoked_at": row["revoked_at"]}


def _debit(row: Row) -> dict[str, Any]:
    said = {"collect_on": row["collect_on"], "titre": row["titre"], "amount": amount(row["amount_cents"])}
    return {**said, "mandate": row["mandate"], "returned": RETURNS.get(row["reason"], row["reason"])}
