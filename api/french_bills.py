"""Why a line of an invoice costs what it costs, in French, for the parent who pays it. The one place that says it.

`said_of_line` says it in parts, to be laid out; `sentences_of_line` one after another.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from api.billing.corrected import Correction
from api.billing.facts import Facts
from api.french_bill_days import Reader, capital, happened
from api.french_bill_groups import DaysSaid, group_said, since_said
from api.french_bill_steps import euros_of, number_of, steps_said
from api.french_causes import changed
from api.history_words import HistoryWords, lowered
from ledger.events import Basis, BilledDay, BilledLine, Nature, QuotientSource, QuotientUsed
from ledger.identifiers import Month, TitreNumber
from rulebook.french_dates import french_date, french_day
from rulebook.words import MONTHS

NATURES: Final[Mapping[Nature, str]] = MappingProxyType(
    {
        "care": "Garde",
        "meal": "Repas",
        "surcharge": "Majoration",
        "penalty": "Pénalité",
        "supplement": "Supplément",
        "reduction": "Réduction",
    }
)
BASES: Final[Mapping[Basis, str]] = MappingProxyType(
    {
        "present": "Réservé, et présent",
        "reserved": "Réservé",
        "absent": "Absent, sans absence acceptée",
        "absent_pending": "Absence en attente de décision",
        "waiting_days": "Absence acceptée, jour de carence",
        "too_short": "Absence acceptée, trop peu de jours de suite",
        "too_late": "Absence acceptée, service prévenu trop tard",
        "unreserved": "Venu sans réservation",
        "late": "Réservé hors délai",
        "late_cancellation": "Annulé hors délai",
    }
)
"""Why a day costs something, in a few words."""
REASONS: Final[Mapping[Basis, str]] = MappingProxyType(
    {
        "reserved": "La réservation est due, que la présence soit notée ou non.",
        "absent": "À la clôture, aucune absence n'était acceptée : ce jour est dû.",
        "absent_pending": "À la clôture, l'absence déclarée attendait une décision : ce jour est dû en attendant.",
        "waiting_days": "L'absence est acceptée, et ce jour reste dû : délai de carence.",
        "too_short": "L'absence est acceptée, et ce jour reste dû : elle compte trop peu de jours de suite.",
        "too_late": "L'absence est acceptée, et ce jour reste dû : le service a été prévenu trop tard.",
        "unreserved": "Ce jour n'était pas réservé.",
        "late": "La réservation a été faite hors délai.",
        "late_cancellation": "L'annulation a été faite hors délai.",
    }
)
"""The same in a sentence, where what happened does not say it by itself."""
SHORT_SOURCES: Final[Mapping[QuotientSource, str]] = MappingProxyType(
    {"caf": "CAF", "msa": "MSA", "tax_notice": "avis d'imposition"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class LineSaid:
    """A line explained, each part in sentences."""

    heading: str
    """What it is and what it comes to; of a regularisation, which month it corrects."""
    days: tuple[str, ...]
    """Date by date, in order: what happened, why the day counts, and what corrected it since."""
    grouped: tuple[DaysSaid, ...]
    """The same, days that read the same told once."""
    quotient: str | None
    arithmetic: tuple[str, ...]
    """From the quotient to the unit price."""
    article: str
    changes: tuple[str, ...]
    """Of a regularisation: what changed since the month was closed."""

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of it, day by day, in the order of reading."""
        return (self.heading, *self.days, *self.rest)

    @property
    def in_short(self) -> tuple[str, ...]:
        """The same, days that read the same told once."""
        return (self.heading, *(each.sentence for each in self.grouped), *self.rest)

    @property
    def rest(self) -> tuple[str, ...]:
        """What is said after the days."""
        quotient = () if self.quotient is None else (self.quotient,)
        return (*self.changes, *quotient, *self.arithmetic, self.article)


def said_of_line(
    line: BilledLine,
    facts: Facts,
    words: HistoryWords,
    *,
    reader: Reader = "family",
    later: Sequence[Correction] = (),
) -> LineSaid:
    """Why a line costs what it costs. `reader`: the payer's own family is spoken to, the town's staff is told of it.

    `later`: what corrected it since.
    """
    return LineSaid(
        heading=heading(line, words),
        days=tuple(
            " ".join((day_said(line, day, facts, words, reader=reader), *since_said(later, [day.day])))
            for day in line.days
        ),
        grouped=tuple(_grouped(line, facts, words, reader, later)),
        quotient=quotient_said(line.quotient),
        arithmetic=steps_said(line.steps, line.quotient),
        article=article_said(line, words),
        changes=tuple(changed(facts.at(cause), facts, words, reader=reader) for cause in line.causes),
    )


def sentences_of_line(
    line: BilledLine, facts: Facts, words: HistoryWords, *, reader: Reader = "family"
) -> tuple[str, ...]:
    """The same, one sentence after another."""
    return said_of_line(line, facts, words, reader=reader).sentences


def heading(line: BilledLine, words: HistoryWords) -> str:
    """As in « Restauration scolaire, repas : 18 × 3,27 € = 58,86 € »."""
    named = words.activity(line.activity, line.days[0].day) if line.days else str(line.activity)
    noun = noun_of(line, words)
    label = named if noun.casefold() == named.casefold() else f"{named}, {noun}"
    quantity = number_of(Decimal(line.quantity))
    sum_ = f"{label} : {quantity} × {amount(line.unit_price_cents)} = {amount(line.amount_cents)}."
    if line.regularises is None:
        return sum_
    return f"Rectification {of_month(line.regularises)} : {lowered(sum_)}"


def day_said(line: BilledLine, day: BilledDay, facts: Facts, words: HistoryWords, *, reader: Reader = "family") -> str:
    """As in « Mardi 6 septembre 2022 : 1 repas à 3,27 €. Réservé le 24 août 2022 à 18 h 05 par vous… »."""
    said = [f"{capital(french_day(day.day))} : {_counted(line, day, words)}."]
    return " ".join((*said, *_because(line, day, facts, words, reader)))


def _counted(line: BilledLine, day: BilledDay, words: HistoryWords) -> str:
    taken_back = " en moins" if day.quantity < 0 else ""
    return f"{abs(day.quantity)} {noun_of(line, words)} à {amount(line.unit_price_cents)}{taken_back}"


def _because(
    line: BilledLine, day: BilledDay, facts: Facts, words: HistoryWords, reader: Reader, *, timed: bool = True
) -> tuple[str, ...]:
    """What happened, and why the day counts; nothing of a day taken back, which was told when it was billed."""
    if day.quantity < 0:
        return ()
    said = happened(line, day, facts, words, reader=reader, timed=timed)
    return (*said, REASONS[day.basis]) if day.basis in REASONS else tuple(said)


def _grouped(
    line: BilledLine, facts: Facts, words: HistoryWords, reader: Reader, later: Sequence[Correction]
) -> Iterator[DaysSaid]:
    """Days of the same request, the same decision, the same attendance whenever it was noted, the same corrections."""
    alike: dict[tuple[str, tuple[str, ...], tuple[tuple[TitreNumber, int], ...]], list[BilledDay]] = {}
    for day in line.days:
        corrected = tuple((each.by.titre, each.by.line) for each in later if day.day in each.quantities)
        told = _because(line, day, facts, words, reader, timed=False)
        alike.setdefault((_counted(line, day, words), told, corrected), []).append(day)
    for (what, told, _), days in alike.items():
        dates = tuple(day.day for day in days)
        alone = day_said(line, days[0], facts, words, reader=reader)
        said = alone if len(days) == 1 else group_said(dates, what, told)
        yield DaysSaid(days=dates, sentence=" ".join((said, *since_said(later, dates))))


def quotient_said(used: QuotientUsed | None) -> str | None:
    """As in « Quotient familial : 650 € (CAF), valable depuis le 1er septembre 2022 »."""
    if used is None:
        return None
    whole = euros_of(Decimal(used.amount_cents) / 100)
    return (
        f"Quotient familial : {whole} ({SHORT_SOURCES[used.source]}), valable depuis le {french_date(used.first_day)}."
    )


def article_said(line: BilledLine, words: HistoryWords) -> str:
    """As in « Tarif « Restauration scolaire » : article 7.1 du règlement 2022-09 »."""
    slug = next((step.value for step in line.steps if step.kind == "tariff"), None)
    books = [book for book in words.rules.rulebooks if book.version == line.rulebook]
    named = next((tariff.label for book in books for tariff in book.tariffs if tariff.slug == slug), None)
    article = f"article {line.article} du règlement" if line.article else "règlement"
    tariff = f"Tarif « {named} »" if named else "Tarif"
    return f"{tariff} : {article} {line.rulebook}."


def noun_of(line: BilledLine, words: HistoryWords) -> str:
    """What a day of a line is one of, within a sentence: its unit; a part of it, or what goes with it, by its name."""
    part = any(step.kind in ("meal_part", "adjustment") for step in line.steps)
    return lowered(line.label) if part or not line.days else words.unit(line.activity, line.unit, line.days[0].day)


def amount(cents: int) -> str:
    """3,27 €; −3,27 € below zero, with a true minus sign."""
    said = euros_of(Decimal(abs(cents)) / 100, cents=True)
    return f"−{said}" if cents < 0 else said


def month_name(month: Month) -> str:
    """Septembre 2022, without a capital."""
    return f"{MONTHS[int(month[5:]) - 1]} {month[:4]}"


def of_month(month: Month) -> str:
    """De septembre 2022, d'octobre 2022."""
    named = month_name(month)
    return f"d'{named}" if named[0] in "ao" else f"de {named}"
