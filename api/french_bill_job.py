"""What a month comes to, as the terminal prints it for the régisseur."""

from collections.abc import Iterator, Mapping
from typing import Final

from api.french_billing import DETAILS, MISSING, REFUSALS
from api.french_bills import NATURES, amount, month_name
from api.french_days import SENTENCES
from ledger.events import MonthClosed
from ledger.regie import titre_number
from replay.billing.bill import Billed
from rulebook.french_dates import french_day

COLUMNS: Final = ("", "nombre", "montant")
TITRE_COLUMNS: Final = ("titre", "foyer", "enfants", "lignes", "montant")
MISSING_COLUMNS: Final = ("jour", "foyer", "enfant", "activité", "unité", "à compléter")
NOTHING: Final = "Rien à facturer."
NOTHING_MISSING: Final = "Rien à compléter."
CLOSED_ALL: Final = "{titres} titres émis, du {first} au {last}, à payer au plus tard le {due:%d/%m/%Y}."
CLOSED_ONE: Final = "Un titre émis, {first}, à payer au plus tard le {due:%d/%m/%Y}."
CLOSED_CREDIT: Final = "Un avoir émis, {first}, en faveur de la famille : rien à payer."
WITH_CREDITS: Final = "Dont {credits} avoirs, en faveur des familles : rien à payer."
WITH_A_CREDIT: Final = "Dont un avoir, en faveur de la famille : rien à payer."
CLOSED_NONE: Final = "Mois clôturé sans titre : aucun foyer n'a de ligne."
FROM_HERE: Final = "C'est le premier mois que la ville facture ici : rien d'avant ne le sera."
LEFT_OUT: Final = "{days} jours laissés de côté à la clôture : ils viendront en rectification."
ONE_LEFT_OUT: Final = "1 jour laissé de côté à la clôture : il viendra en rectification."
NOT_CLOSED: Final = "{town} : {month} n'est pas clôturé. {title} : {detail}"
SEE_MISSING: Final = "Voir les jours à compléter : ardoise bill {month} --commune {town} --missing"
CONFIRM: Final = "Clôturer {month} pour de bon : {titres}, {total} ?"
CONFIRM_NOTHING: Final = "Rien n'est à facturer. Clôturer quand même {month}, pour de bon ?"
TO_CLOSE: Final = "Clôturer : ardoise bill {month} --commune {town} --close"
TYPED: Final = (("(leave_out)", "(--leave-out)"), ("(from_here)", "(--from-here)"))
"""What portals send, as it is typed."""
NO_CODE: Final = "Sans imputation"
EVERY_LINE: Final = "toutes les lignes du mois."
MEANWHILE: Final = "Facturé en attendant"
TO_LOOK_AT: Final = "À vérifier"
CONTRADICTION: Final = "contradiction"
"""Billed as the facts stand, whichever is right."""


def title(billed: Billed) -> str:
    """What the table is of."""
    what = "clôturé" if billed.closed is not None else "projet"
    return f"{billed.commune} · {month_name(billed.month)} · {what} à la position {number(billed.position)}"


Row = tuple[str, str, str]


def sections(billed: Billed) -> Iterator[list[Row]]:
    """The table, section by section: what, how many, how much. Natures and accounts each add up to the titres."""
    summary = billed.summary
    titres = "Titres à émettre" if billed.closed is None else "Titres"
    first = [(titres, number(summary["bills"]), amount(summary["total_cents"]))]
    if summary["credits"]:
        first.append(("  dont avoirs", number(summary["credits"]), ""))
    days = "Jours facturés ou rectifiés" if summary["regularisations"] else "Jours facturés"
    yield [*first, (days, number(summary["day_prices"]), "")]
    yield _summed(
        "Par nature",
        {label: summary["by_nature"][nature] for nature, label in NATURES.items() if nature in summary["by_nature"]},
    )
    yield _summed("Par compte", {code or NO_CODE: cents for code, cents in summary["by_code"].items()})
    yield list(_about(billed))


def _summed(heading: str, amounts: Mapping[str, int]) -> list[Row]:
    if not amounts:
        return []
    lines = [(f"  {label}", "", amount(cents)) for label, cents in amounts.items()]
    return [(heading, "", amount(sum(amounts.values()))), *lines]


def _about(billed: Billed) -> Iterator[Row]:
    summary = billed.summary
    if summary["regularisations"]:
        yield "Lignes de rectification", number(summary["regularisations"]), amount(summary["regularised_cents"])
    for why, label in MISSING.items():
        if why in summary["missing"]:
            yield f"À compléter · {label}", number(summary["missing"][why]), ""
        if why in summary["meanwhile"]:
            head = TO_LOOK_AT if why == CONTRADICTION else MEANWHILE
            yield f"{head} · {label}", number(summary["meanwhile"][why]), ""


def confirmed(billed: Billed) -> str:
    """What is asked of whoever closes a month."""
    summary = billed.summary
    count, month = summary["bills"], month_name(billed.month)
    if not count:
        return CONFIRM_NOTHING.format(month=month)
    total = amount(summary["total_cents"])
    titres = "1 titre" if count == 1 else f"{number(count)} titres"
    return CONFIRM.format(month=month, titres=titres, total=total)


def closed_said(closed: MonthClosed, *, credit_notes: int) -> Iterator[str]:
    """What a close came to: the numbers of its titres, how many of them are credits, and what it left out."""
    first = titre_number(closed.year, closed.first_number)
    last = titre_number(closed.year, closed.first_number + closed.titres - 1)
    alone = CLOSED_CREDIT if credit_notes else CLOSED_ONE
    form = CLOSED_ALL if closed.titres > 1 else alone if closed.titres else CLOSED_NONE
    yield form.format(titres=number(closed.titres), first=first, last=last, due=closed.due_on)
    if credit_notes and closed.titres > 1:
        yield WITH_A_CREDIT if credit_notes == 1 else WITH_CREDITS.format(credits=number(credit_notes))
    if closed.from_here:
        yield FROM_HERE
    if closed.left_out:
        form = ONE_LEFT_OUT if closed.left_out == 1 else LEFT_OUT
        yield form.format(days=number(closed.left_out))


def number(count: int) -> str:
    """As 26 013 is written."""
    return f"{count:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def refused(billed: Billed) -> str:
    """Why a month was not closed."""
    code, day = billed.refused or "", billed.refused_day
    detail = DETAILS.get(code, "")
    if day is not None and code in SENTENCES:
        detail = SENTENCES[code].format(day=french_day(day))
    for sent, typed in TYPED:
        detail = detail.replace(sent, typed)
    title = REFUSALS.get(code, code)
    return NOT_CLOSED.format(town=billed.commune, month=month_name(billed.month), title=title, detail=detail).strip()
