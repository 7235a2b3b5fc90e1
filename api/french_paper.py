"""What the papers of the régie say, in French: invoices, tax certificates, files for a spreadsheet."""

from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final
from unicodedata import normalize

from api.french_bills import amount, of_month
from api.history_words import short
from ledger.identifiers import HouseholdId, Month, TitreNumber
from rulebook.french_dates import french_date, french_ordinal, join
from rulebook.words import MONTHS

COLUMNS: Final = ("Prestation", "Quantité", "Prix", "Montant")
PAGE: Final = "Page"
OF: Final = "sur"
HOW_TO_PAY: Final = "Comment payer"
DEBIT: Final = "Prélèvement SEPA"
QUESTIONS: Final = "Une question, un désaccord"
WHY: Final = "Pourquoi ces montants"
WHY_INTRODUCTION: Final = "Chaque montant de la facture, et ce qui l'explique."
ERASED_PAYER: Final = "Redevable dont le dossier est effacé"
ERASED_CHILD: Final = "Enfant dont le dossier est effacé"
SLIP: Final = "Papillon à joindre à un chèque, et numéro à rappeler pour tout paiement"
TOTAL: Final = "Total de la facture"
TOTAL_OF_CREDIT: Final = "Total de l'avoir"
PAID: Final = "Déjà payé"
LEFT: Final = "Reste à payer"

LINE_COLUMNS: Final = (
    "Mois",
    "Titre",
    "Foyer",
    "Enfant",
    "Activité",
    "Formule",
    "Nature",
    "Libellé",
    "Mois rectifié",
    "Quantité",
    "Prix unitaire",
    "Montant",
    "Compte",
    "Règlement",
    "Article",
    "Premier jour",
    "Dernier jour",
    "Jours",
)
TOTAL_COLUMNS: Final = ("Mois", "Nature", "Compte", "Mois rectifié", "Lignes", "Quantité", "Montant")


def rulebook_version(version: str) -> str:
    """A version within a cell: 2022-09 alone is a date to a spreadsheet."""
    return f"version {version}"


def month_cell(month: str) -> str:
    """A month within a cell, which sorts as the calendar does: 2022-09 alone is a date to a spreadsheet."""
    return f"mois {month}"


def article_number(article: str) -> str:
    """An article within a cell: 9.1 alone is the ninth of January to a spreadsheet."""
    return f"art. {article}" if article else ""


def days_of(days: Iterable[date], within: Month) -> str:
    """The days of an invoice's line: le 5; les 1er, 5 et 8. Of another month than the invoice's, with its name."""
    by_month: dict[tuple[int, int], list[str]] = {}
    for day in sorted(set(days)):
        by_month.setdefault((day.year, day.month), []).append(french_ordinal(day.day))
    return " ; ".join(
        f"{'les' if len(told) > 1 else 'le'} {join(told)}"
        + ("" if f"{year}-{month:02d}" == within else f" {MONTHS[month - 1]}")
        for (year, month), told in by_month.items()
    )


def invoice_title(month: Month, *, credit: bool) -> str:
    """What an invoice is called."""
    return f"{'Avoir' if credit else 'Facture'} {of_month(month)}"


def titre_of(titre: TitreNumber, issued_on: date) -> str:
    """What a payer quotes."""
    return f"Titre n° {titre} du {french_date(issued_on)}"


def titre_number(titre: TitreNumber) -> str:
    """The number alone."""
    return f"Titre n° {titre}"


def footer(town: str, titre: TitreNumber) -> str:
    """What stands at the foot of each page."""
    return f"{town} · titre n° {titre}"


def due_by(day: date) -> str:
    """Until when it is to be paid."""
    return f"au plus tard le {french_date(day)}"


def debited(account: str, collect_on: date | None, due_on: date) -> str:
    """That nothing is to be done, since the bank is asked."""
    when = f"le {french_date(collect_on)}" if collect_on else f"au plus tôt le {french_date(due_on)}"
    where = f" sur le compte finissant par {account}" if account else ""
    return f"Prélevé {when}{where}. Vous n'avez rien à faire."


def debit_notice(cents: int, collect_on: date | None, creditor: str, creditor_id: str, mandate: str) -> tuple[str, ...]:
    """What a debtor is told before a SEPA direct debit: how much, when, by whom, under which mandate."""
    day = f"le {french_date(collect_on)}" if collect_on else "la date vous sera dite avec le prélèvement"
    who = (f"Créancier : {creditor}, identifiant créancier SEPA (ICS) {creditor_id}.",) if creditor_id else ()
    return (
        f"Montant : {amount(cents)}, {day}.",
        *who,
        f"Référence unique du mandat (RUM) : {mandate}.",
    )


def returned(collect_on: date, due_on: date) -> str:
    """That the bank did not pay, and that it is to be paid otherwise."""
    return (
        f"Le prélèvement du {french_date(collect_on)} a été rejeté par la banque. Payez autrement, sans attendre : "
        f"l'échéance était le {french_date(due_on)}."
    )


def being_debited(titre: TitreNumber, month: Month, cents: int, collect_on: date) -> str:
    """That another invoice is the bank's to pay."""
    return (
        f"La facture {of_month(month)} (titre {titre}) est prélevée à part : {amount(cents)} le "
        f"{french_date(collect_on)}."
    )


def credit_told(cents: int, paid: Iterable[tuple[TitreNumber, Month, int]], left_cents: int) -> str:
    """Where a credit went, to the cent."""
    told = [f"{amount(each)} ont payé la facture {of_month(month)} (titre {titre})" for titre, month, each in paid]
    kept = [f"{amount(left_cents)} paieront vos prochaines factures"] if left_cents else []
    return f"Sur les {amount(cents)} de cet avoir : {join([*told, *kept])}."


def held_in_all(cents: int) -> str:
    """What the town holds, when a credit is not all of it."""
    return f"Avec d'autres sommes reçues, la régie détient en tout {amount(cents)} pour votre compte."


def left_of_others(owed: Iterable[tuple[TitreNumber, Month, int]]) -> str:
    """What earlier invoices still ask for."""
    told = [f"{amount(cents)} de la facture {of_month(month)} (titre {titre})" for titre, month, cents in owed]
    return f"Il reste aussi à payer, sur des factures précédentes : {join(told)}."


def help_said(contact: Iterable[str], appeal: Iterable[str]) -> tuple[str, ...]:
    """Whom to ask, and how an invoice is contested, in the town's own words."""
    asked, contested = " ; ".join(_within(contact)), " ; ".join(_within(appeal))
    return tuple(
        f"{head} : {said}."
        for head, said in (("Pour toute question", asked), ("Pour contester cette facture", contested))
        if said
    )


def _within(sentences: Iterable[str]) -> Iterable[str]:
    return (each.rstrip(".") for each in sentences)


def held_for_you(cents: int) -> str:
    """What the town holds for the household."""
    return f"La régie détient {amount(cents)} pour votre compte : cette somme paiera vos prochaines factures."


def capital(text: str) -> str:
    """With a capital, the rest as it is."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """A few words as a sentence: par chèque is « Par chèque. »."""
    return capital(text) if text.endswith((".", "!", "?", "…")) else f"{capital(text)}."


def nameless_payer(household: HouseholdId) -> str:
    """A household none of whose guardians has a name in the vault."""
    return f"Foyer {short(household)}"


def nameless_child(number: int) -> str:
    """A child without a name in the vault."""
    return f"Enfant {number}"


def regularised(month: Month) -> str:
    """What a line that corrects a closed month begins with."""
    return f"Rectification {of_month(month)}"


def whole(number: int) -> str:
    """A count; below zero, with the minus sign of amounts."""
    return f"−{-number}" if number < 0 else str(number)


def subtotal(name: str) -> str:
    """The lines of one child together."""
    return f"Total pour {name}"


DUE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "owed": "À payer",
        "part": "Reste à payer",
        "debit": "À payer par prélèvement",
        "paid": "Facture payée",
        "nothing": "Rien à payer",
        "credit": "En votre faveur",
    }
)
WHEN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "paid": "Merci. Vous n'avez rien à faire.",
        "nothing": "Vous n'avez rien à faire.",
        "credit": "Cette somme vient en déduction de vos autres factures.",
    }
)
"""What the box of an invoice says, by what becomes of its amount."""

PAYMENTS: Final = "Paiements reçus dans l'année"
GOOD_TO_KNOW: Final = "Bon à savoir"
CERTIFICATE_COLUMNS: Final = ("Enfant", "Date de naissance", "Frais de garde")
PAYMENT_COLUMNS: Final = ("Reçu le", "Moyen de paiement", "Montant")
NOT_OVER: Final = "L'année n'est pas terminée : ce document est provisoire, ne le joignez pas à une déclaration."
VOWELS: Final = frozenset("aeiouœæ")
# fmt: off
SILENT_H: Final = frozenset({
    "hector", "helena", "helene", "helie", "helier", "heloise", "henri", "henriette", "herbert", "hermance",
    "hermine", "herve", "hilaire", "hilda", "hippolyte", "honore", "honorine", "horace", "hortense", "hubert",
    "hugo", "hugues", "huguette", "humbert", "hyacinthe",
})
# fmt: on
"""Given names before which « de » is elided; an h that is not among them is heard."""
LEFT_OUT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "six_or_over": "{name} avait six ans ou plus au 1er janvier {year} : ses frais de garde ne sont pas comptés.",
        "birth_date_unknown": (
            "{name} : la date de naissance n'est pas connue de la commune, ses frais de garde ne sont pas comptés. "
            "Adressez-vous au service."
        ),
    }
)
"""Why the care of a child is not told."""


def certificate_title(year: int) -> str:
    """What the certificate of a year is called."""
    return f"Attestation de frais de garde payés en {year}"


def of_name(name: str) -> str:
    """D'Odile, d'Élise, d'Hélène, d'Yves; de Camille, de Yanis, de Hamza."""
    given = "".join(letter for letter in normalize("NFD", name.partition(" ")[0].casefold()) if letter.isalpha())
    vowel, glide = given[:1] in VOWELS, given[:2] == "ou" and given[2:3] in VOWELS
    silent = given.partition("-")[0] in SILENT_H or (given[:1] == "y" and given[1:2] not in VOWELS)
    return f"d'{name}" if silent or (vowel and not glide) else f"de {name}"


def certificate_introduction(town: str, office: str, payer: str, year: int, *, over: bool) -> str:
    """Who attests what, and for what use."""
    until = f"du 1er janvier au 31 décembre {year}" if over else f"depuis le 1er janvier {year}"
    attests = f"{town} ({office}) atteste" if office else f"{town} atteste"
    return (
        f"{attests} avoir reçu {of_name(payer)}, {until}, les sommes ci-dessous pour la garde de ses enfants de "
        f"moins de six ans (nés à partir du 1er janvier {year - 6})."
    )


def certificate_total(year: int) -> str:
    """What the amount in the box is."""
    return f"Frais de garde payés en {year}"


def certificate_notes(year: int) -> tuple[str, ...]:
    """What the amount holds, and what a household has to see to."""
    when = (
        "Sont comptées les sommes payées dans l'année, quel que soit le mois de la facture : une facture de décembre "
        "payée en janvier compte pour l'année suivante."
    )
    what = (
        "Ne sont pas comptés : les repas, les majorations, les pénalités et les suppléments. Un paiement partiel est "
        "réparti entre les prestations de sa facture."
    )
    return (
        when,
        what,
        "Déduisez vous-même les aides reçues pour cette garde (Caf, MSA, employeur, Cesu préfinancé).",
        f"Textes : article 200 quater B du code général des impôts ; BOI-IR-RICI-300. Revenus de {year}.",
    )
