"""The [quotient] and the [regie] of a rulebook: when a quotient holds, who issues an invoice."""

import re
from collections.abc import Mapping
from typing import Final

from rulebook.grids import QUOTIENT_DEFAULT, Effect, QuotientRule, RegieRule
from rulebook.tables import Table

MOST_MONTHS: Final = 36
MOST_PAYMENT_DAYS: Final = 120
EFFECT_WORDS: Final[Mapping[str, Effect]] = {
    "mois suivant": "next_month",
    "mois en cours": "same_month",
    "jour": "day",
}
IBAN: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
ICS: Final = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{3}[A-Z0-9]{1,28}")
BIC: Final = re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
LONGEST_SENTENCE: Final = 300
WAYS: Final = 'écrivez moyens = ["par chèque", "en espèces"]'
CONTACT: Final = 'écrivez contact = ["au guichet de la régie, aux heures d\'ouverture"]'
APPEAL: Final = 'écrivez recours = ["dans les deux mois, devant le juge"]'
CREDITOR: Final = ("creancier", "ics", "iban")
"""What a direct debit takes, all or none of it."""


def read_quotient(top: Table) -> QuotientRule:
    """From when a declared quotient holds, and until when; from the next month on where nothing is written."""
    table = top.table("quotient")
    if table is None:
        return QUOTIENT_DEFAULT
    rule = QuotientRule(
        article=table.text("article", ""),
        effect=table.choice("effet", EFFECT_WORDS, "next_month"),
        valid_months=table.number("validite_mois", 1, MOST_MONTHS) if table.has("validite_mois") else None,
        until=table.annual("jusqu_au") if table.has("jusqu_au") else None,
    )
    table.close()
    return rule


def read_regie(top: Table) -> RegieRule | None:
    """What the town writes of its régie; None when it writes nothing."""
    table = top.table("regie")
    if table is None:
        return None
    name = table.text("nom", example="Régie périscolaire de Bourg-Exemple")
    payment_days = table.number("delai_de_paiement_jours", 0, MOST_PAYMENT_DAYS, 30)
    ways = _sentences(table, "moyens", WAYS)
    if not ways:
        table.wrong("moyens", "une facture dit comment la payer", WAYS)
    rule = RegieRule(
        name=name,
        payment_days=payment_days,
        how_to_pay=ways,
        contact=_sentences(table, "contact", CONTACT),
        appeal=_sentences(table, "recours", APPEAL),
        creditor_name=table.text("creancier", "") if table.has("creancier") else "",
        creditor_id=_code(table, "ics", ICS),
        creditor_iban=_code(table, "iban", IBAN),
        creditor_bic=_code(table, "bic", BIC),
    )
    missing = [key for key in CREDITOR if not table.values.get(key)]
    if missing and len(missing) < len(CREDITOR):
        message = f"pour prélever, il manque « {missing[0]} »"
        table.wrong(missing[0], message, "écrivez creancier, ics et iban, ou aucun des trois")
    table.close()
    return rule


def _sentences(table: Table, key: str, remedy: str) -> tuple[str, ...]:
    """What the town writes of it, in its own words."""
    return tuple(_sentence(table, key, item, remedy) for item in table.items(key))


def _sentence(table: Table, key: str, item: object, remedy: str) -> str:
    if isinstance(item, str) and item.strip() and item.isprintable() and len(item) <= LONGEST_SENTENCE:
        return item.strip()
    table.wrong(key, f"« {key} » est une liste de phrases", remedy)
    return ""


def _code(table: Table, key: str, form: re.Pattern[str]) -> str:
    """A code of the banks, without its spaces; its check digits are checked where it has some."""
    if not table.has(key):
        return ""
    code = re.sub(r"\s", "", table.text(key, "")).upper()
    if not form.fullmatch(code):
        if code:
            table.wrong(key, f"« {key} » n'a pas la forme attendue", "recopiez-le de votre contrat, sans rien changer")
        return ""
    checked = {"iban": code[4:] + code[:4], "ics": code[7:] + code[:4]}.get(key)
    if checked is not None and int("".join(str(int(letter, 36)) for letter in checked)) % 97 != 1:
        table.wrong(key, f"la clé de contrôle de « {key} » est fausse", "vérifiez chaque chiffre")
        return ""
    return code
