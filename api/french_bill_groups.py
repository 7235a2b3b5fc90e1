"""The days of a line that read the same, told once; and what became of a line since its titre was issued."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from api.billing.corrected import Correction
from api.french_bill_days import capital
from api.french_bill_steps import euros_of
from ledger.identifiers import TitreNumber
from rulebook.french_dates import french_day, french_ordinal, join
from rulebook.words import MONTHS

OF_SEVERAL: Final = (
    ("ce jour est dû", "ces jours sont dus"),
    ("ce jour reste dû", "ces jours restent dus"),
    ("Ce jour n'était pas réservé", "Ces jours n'étaient pas réservés"),
)
"""What is said of a day, as it is said of some."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DaysSaid:
    """Days told together."""

    days: tuple[date, ...]
    sentence: str


def days_said(days: Iterable[date]) -> str:
    """Mardi 6 septembre 2022; les 1er, 6 et 8 septembre 2022; les 30 septembre et 3 octobre 2022."""
    known = sorted(set(days))
    if len(known) == 1:
        return french_day(known[0])
    by_month: dict[tuple[int, int], list[str]] = {}
    for day in known:
        by_month.setdefault((day.year, day.month), []).append(french_ordinal(day.day))
    years = {year for year, _ in by_month}
    told = [
        f"{join(days)} {MONTHS[month - 1]}" + (f" {year}" if len(years) > 1 else "")
        for (year, month), days in by_month.items()
    ]
    return f"les {' ; '.join(told)}" + (f" {known[0].year}" if len(years) == 1 else "")


def group_said(days: Sequence[date], what: str, happened: Iterable[str]) -> str:
    """As in « Les 1er, 6 et 8 septembre 2022 : 1 repas à 3,27 € chaque jour. Réservé le… »."""
    said = " ".join(happened)
    for one, several in OF_SEVERAL:
        said = said.replace(one, several)
    return f"{capital(days_said(days))} : {what} chaque jour. {said}".strip()


def since_said(later: Iterable[Correction], days: Iterable[date]) -> list[str]:
    """« Depuis : rectifié sur le titre 2022-000005 (−3,92 €). », a sentence a titre that corrects one of the days."""
    wanted = list(days)
    by_titre: dict[TitreNumber, list[str]] = {}
    for each in later:
        if any(day in each.quantities for day in wanted):
            by_titre.setdefault(each.by.titre, []).append(_signed(each.cents_of(wanted)))
    return [f"Depuis : rectifié sur le titre {titre} ({join(told)})." for titre, told in by_titre.items()]


def _signed(cents: int) -> str:
    said = euros_of(Decimal(abs(cents)) / 100, cents=True)
    return f"−{said}" if cents < 0 else f"+{said}"
