"""French sentences about what a family is billed and pays, and about what its prices depend on."""

from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from api.french_bills import amount, of_month
from api.french_payments import BECAUSE, MEANS, RETURNS, SEQUENCES
from api.french_tariffs import REGIMES, RESIDENCES
from api.french_told import Told, counted
from api.history_words import HistoryWords, lowered, short
from ledger import events
from ledger.rows import Row
from rulebook.french_dates import french_date

Say = Callable[[Any, Told], str]


# What is said of a line -----------------------------------------------------------------------------------------------


def _status(fact: events.TariffStatusDecided, told: Told) -> str:
    lives, regime, since = lowered(RESIDENCES[fact.residence]), REGIMES[fact.regime], french_date(fact.first_day)
    return f"Situation tarifaire du foyer : {lives}, régime {regime}, à partir du {since}, dite {told.by}."


def _meal(fact: events.MealBroughtDecided, told: Told) -> str:
    brings = "apporte son repas" if fact.brought else "n'apporte plus son repas"
    activity, since = told.words.activity(fact.activity, fact.first_day), french_date(fact.first_day)
    return f"L'enfant {brings} ({activity}) à partir du {since}, dit {told.by}."


def _issued(fact: events.TitreIssued, told: Told) -> str:
    what, cents = "Avoir" if fact.total_cents < 0 else "Titre", fact.total_cents
    issued = f"{what} n° {fact.titre} {of_month(fact.month)} émis {told.by}"
    lines = counted(len(fact.lines), "ligne")
    if cents < 0:
        return f"{issued} : {amount(-cents)} en faveur de la famille, {lines}."
    due = f", à payer au plus tard le {french_date(fact.due_on)}" if cents else ", rien à payer"
    return f"{issued} : {amount(cents)}, {lines}{due}."


def _paid(fact: events.PaymentRecorded, told: Told) -> str:
    of_titre = f" pour le titre n° {fact.titre}" if fact.titre else ""
    how, day = lowered(MEANS[fact.means]), french_date(fact.received_on)
    return f"Paiement de {amount(fact.amount_cents)} reçu le {day} ({how}){of_titre}, enregistré {told.by}."


def _payment_cancelled(fact: events.PaymentCancelled, told: Told) -> str:
    why, day = lowered(BECAUSE[fact.because]), french_date(fact.cancelled_on)
    return f"Paiement {short(fact.payment)} annulé le {day} {told.by}, motif : {why}."


def _mandate(fact: events.MandateSigned, told: Told) -> str:
    day = french_date(fact.signed_on)
    return (
        f"Mandat de prélèvement {fact.mandate} signé le {day} par le responsable {short(fact.guardian)},"
        f" enregistré {told.by}."
    )


def _mandate_revoked(fact: events.MandateRevoked, told: Told) -> str:
    return f"Mandat de prélèvement {fact.mandate} révoqué {told.by}."


def _debited(fact: events.DirectDebitAsked, told: Told) -> str:
    which, day = lowered(SEQUENCES[fact.sequence]), french_date(fact.collect_on)
    money = amount(fact.amount_cents)
    return (
        f"Prélèvement de {money} demandé à la banque {told.by} pour le {day} : titre n° {fact.titre},"
        f" mandat {fact.mandate}, {which}."
    )


def _returned(fact: events.DirectDebitReturned, told: Told) -> str:
    why = RETURNS.get(fact.reason)
    said = f"{fact.reason} ({lowered(why)})" if why else fact.reason
    return f"Prélèvement du titre n° {fact.titre} rejeté par la banque, motif {said}, enregistré {told.by}."


def _closed(fact: events.MonthClosed, told: Told) -> str:
    titres = counted(fact.titres, "titre")
    left = f", {counted(fact.left_out, 'jour laissé', 'jours laissés')} de côté" if fact.left_out else ""
    again = " Remplace une clôture que les faits ne donnent pas, sans aucun titre." if fact.instead_of else ""
    first = " Rien d'avant ce mois ne sera facturé ici." if fact.from_here else ""
    said = f"Mois {of_month(fact.month)} clôturé {told.by} : {titres}, {amount(fact.total_cents)} en tout{left}."
    return said + first + again


def _collected(fact: events.CollectionSent, told: Told) -> str:
    debits, day = counted(fact.debits, "prélèvement"), french_date(fact.collect_on)
    return f"Remise de {debits} faite {told.by} pour le {day} : {amount(fact.total_cents)} en tout."


BILLING_SENTENCES: Final[Mapping[type, Say]] = MappingProxyType(
    {
        events.TariffStatusDecided: _status,
        events.MealBroughtDecided: _meal,
        events.TitreIssued: _issued,
        events.PaymentRecorded: _paid,
        events.PaymentCancelled: _payment_cancelled,
        events.MandateSigned: _mandate,
        events.MandateRevoked: _mandate_revoked,
        events.DirectDebitAsked: _debited,
        events.DirectDebitReturned: _returned,
        events.MonthClosed: _closed,
        events.CollectionSent: _collected,
    }
)
"""How each fact of the régie is said, and those its prices depend on."""


# What a line changed --------------------------------------------------------------------------------------------------


def _titre_row(key: Row, row: Row, _: HistoryWords) -> str:
    cents = row["total_cents"]
    if cents < 0:
        return f"avoir n° {key['titre']} {of_month(row['month'])} : {amount(-cents)} en faveur de la famille"
    return f"titre n° {key['titre']} {of_month(row['month'])} : {amount(cents)}"


def _payment_row(key: Row, row: Row, _: HistoryWords) -> str:
    cancelled = ", annulé" if row["cancelled_on"] is not None else ""
    day = french_date(_day(row["received_on"]))
    return f"paiement {short(key['payment'])} de {amount(row['amount_cents'])} reçu le {day}{cancelled}"


def _mandate_row(key: Row, row: Row, _: HistoryWords) -> str:
    revoked = "révoqué" if row["revoked_at"] is not None else f"signé le {french_date(_day(row['signed_on']))}"
    return f"mandat de prélèvement {key['mandate']} : {revoked}"


def _debit_row(key: Row, row: Row, _: HistoryWords) -> str:
    returned = f"rejeté, motif {row['reason']}" if row["reason"] else "demandé à la banque"
    return f"prélèvement du titre n° {key['titre']} : {amount(row['amount_cents'])}, {returned}"


def _balance_row(_: Row, row: Row, __: HistoryWords) -> str:
    cents = row["balance_cents"]
    return f"en faveur de la famille : {amount(-cents)}" if cents < 0 else f"reste à payer : {amount(cents)}"


def _day(value: date | str) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)


BILLING_ACCOUNT: Final[Mapping[str, Callable[[Row, Row, HistoryWords], str]]] = MappingProxyType(
    {
        "titres": _titre_row,
        "payments": _payment_row,
        "mandates": _mandate_row,
        "direct_debits": _debit_row,
        "payers": _balance_row,
    }
)
"""What of what a family owes each row says, by its table."""
