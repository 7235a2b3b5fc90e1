"""The tables of a what-if, in French: their columns and their lines, for the terminal and for the page."""

from collections.abc import Iterator
from typing import Final

from api import french_what_if as french
from api.french_bill_job import number
from api.french_billing import MISSING
from api.french_bills import amount, month_name
from replay.what_if.report import Report
from rulebook.rulebook import Rulebook

MONTHS_COLUMNS: Final = ("mois", "en réalité", "avec le projet", "écart")
GROUPS_COLUMNS: Final = (
    "quotient familial", "foyers", "en réalité", "avec le projet", "écart", "paieraient moins", "paieraient plus",
)  # fmt: skip
CLASSES_COLUMNS: Final = ("écart du foyer sur la période", "foyers")
LARGEST_COLUMNS: Final = ("rang", "quotient familial", "enfants", "en réalité", "avec le projet", "écart")
TURNED_COLUMNS: Final = ("activité", "demande", "en réalité", "avec le projet", "pourquoi", "jours")
MISSING_COLUMNS: Final = ("jours qui ne peuvent pas être facturés", "en réalité", "avec le projet")
TOTAL: Final = "Total"
TURNED_TITLE: Final = "Les demandes qui auraient eu une autre réponse"
MONTHS_TITLE: Final = "Mois par mois"
GROUPS_TITLE: Final = "Par tranche de quotient familial"
CLASSES_TITLE: Final = "Combien de foyers, pour quel écart"
LARGEST_TITLE: Final = "Les dix plus grands écarts"
MISSING_TITLE: Final = "Ce qui ne peut pas encore être facturé"


def months_rows(report: Report) -> Iterator[tuple[str, ...]]:
    """Euros by month, and their sum."""
    for month, money in report.months:
        yield month_name(month), amount(money.real), amount(money.here), french.change(money.change)
    if len(report.months) > 1:
        yield TOTAL, amount(report.total.real), amount(report.total.here), french.change(report.total.change)


def groups_rows(report: Report) -> Iterator[tuple[str, ...]]:
    """Euros and households by bracket of quotients."""
    for group in report.groups:
        yield (
            french.bracket(group.first_cents, group.end_cents, with_unknown=report.unknown_merged),
            number(group.households),
            amount(group.money.real),
            amount(group.money.here),
            french.change(group.money.change),
            number(group.gainers),
            number(group.losers),
        )


def classes_rows(report: Report) -> Iterator[tuple[str, str]]:
    """How many households, from those who gain most to those who lose most."""
    for found in report.classes:
        yield french.class_name(found), number(found.households)


def largest_rows(report: Report) -> Iterator[tuple[str, ...]]:
    """The largest changes, without a name."""
    for each in report.largest:
        yield (
            str(each.rank),
            french.bracket(each.first_cents, each.end_cents, with_unknown=report.unknown_merged),
            french.children(each.children),
            amount(each.money.real),
            amount(each.money.here),
            french.change(each.money.change),
        )


def turned_rows(report: Report, rulebook: Rulebook) -> Iterator[tuple[str, ...]]:
    """What would have been answered otherwise, the most frequent first."""
    for each in sorted(report.turned, key=lambda turned: -turned.days):
        yield (
            french.activity(each, rulebook),
            french.ASKS[each.ask],
            french.BECAME[each.real],
            french.BECAME[each.here],
            french.why(each, rulebook),
            number(each.days),
        )


def missing_rows(report: Report) -> Iterator[tuple[str, ...]]:
    """Days that cannot be billed yet, by what is missing."""
    for each in report.missing:
        yield MISSING[each.why], number(each.real), number(each.here)  # type: ignore[index]
