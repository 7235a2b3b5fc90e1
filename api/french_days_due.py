"""What each combination of what was reserved, who came and what was said costs: the table of docs/billing.md.

Worked out from a rulebook by the functions that bill, so that the table cannot say otherwise than an invoice.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from api.french_billing import MISSING
from api.french_bills import BASES, amount
from ledger.events import Presence, QuotientDecided
from rulebook.dues import DayFacts, Due, due
from rulebook.tariffs import Situation, Tariff, Unpriced, price

BEGINS: Final = "<!-- table -->"
ENDS: Final = "<!-- fin de la table -->"

SITUATIONS: Final[Mapping[str, DayFacts]] = MappingProxyType(
    {
        "Réservé": DayFacts(reserved=True),
        "Réservé hors délai": DayFacts(reserved=True, late=True),
        "Réservé, annulation en attente": DayFacts(reserved=True, requested=True),
        "Réservé, absence en attente de décision": DayFacts(reserved=True, absence="declared"),
        "Réservé, absence justifiée": DayFacts(reserved=True, absence="justified", accepted="at_once"),
        "Réservé, absence justifiée, jour de carence": DayFacts(
            reserved=True, absence="justified", accepted="waiting_days"
        ),
        "Réservé, absence justifiée, trop peu de jours de suite": DayFacts(
            reserved=True, absence="justified", accepted="too_short"
        ),
        "Réservé, absence justifiée, service prévenu trop tard": DayFacts(
            reserved=True, absence="justified", accepted="too_late"
        ),
        "Réservé, absence non justifiée": DayFacts(reserved=True, absence="unjustified"),
        "Réservé, absence refusée, déclarée à nouveau": DayFacts(reserved=True, absence="declared_again"),
        "Demandé, en attente de décision": DayFacts(reserved=False, requested=True),
        "Sans réservation, ou annulé à temps": DayFacts(reserved=False),
        "Annulé hors délai": DayFacts(reserved=False, late_cancellation=True),
        "Jour fermé, réservé": DayFacts(reserved=True, closed=True),
        "Jour fermé, sans réservation": DayFacts(reserved=False, closed=True),
    }
)
"""What may be known of a day beside who came."""
PRESENCES: Final[Mapping[str, Presence | None]] = MappingProxyType(
    {"Présent": "present", "Absent": "absent", "Rien de noté": None}
)
NOTHING: Final = "rien"
ODD: Final = "à vérifier"
MEANWHILE: Final = "en attendant"


def cells(tariff: Tariff, quotient: QuotientDecided) -> Iterator[tuple[str, str, str]]:
    """Each situation, each presence, and what is billed."""
    for situation, facts in SITUATIONS.items():
        for presence, seen in PRESENCES.items():
            known = DayFacts(
                reserved=facts.reserved,
                requested=facts.requested,
                presence=seen,
                absence=facts.absence,
                accepted=facts.accepted,
                late=facts.late,
                late_cancellation=facts.late_cancellation,
                closed=facts.closed,
            )
            yield situation, presence, _cell(tariff, quotient, due(tariff, known))


def table(tariff: Tariff, quotient: QuotientDecided) -> str:
    """The table, in Markdown."""
    rows: dict[str, list[str]] = {}
    for situation, _, cell in cells(tariff, quotient):
        rows.setdefault(situation, []).append(cell)
    heads = ["Ce qui est connu du jour", *PRESENCES]
    lines = [heads, ["---"] * len(heads), *([situation, *said] for situation, said in rows.items())]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def placed(page: str, made: str) -> str:
    """A page whose table is the one that was made."""
    before, rest = page.split(BEGINS)
    _, after = rest.split(ENDS)
    return f"{before}{BEGINS}\n\n{made}\n\n{ENDS}{after}"


def _cell(tariff: Tariff, quotient: QuotientDecided, answer: Due) -> str:
    said = [*_amounts(tariff, quotient, answer)]
    if answer.missing is not None:
        said.append(MISSING[answer.missing].lower() if not said else f"{MEANWHILE} : {MISSING[answer.missing].lower()}")
    if answer.odd:
        said.append(ODD)
    return " ; ".join(said) or NOTHING


def _amounts(tariff: Tariff, quotient: QuotientDecided, answer: Due) -> Iterator[str]:
    if answer.basis is None and not answer.on_top:
        return
    situation = Situation(
        quotient=quotient, residence="town", regime="caf", unit_due=answer.basis is not None, on_top=answer.on_top
    )
    parts = price(tariff, situation)
    assert not isinstance(parts, Unpriced), "the household of the table has all that a price asks for"
    for part in parts:
        basis = answer.basis if part.basis == "unit" else part.basis
        assert basis is not None
        article = f", art. {part.article}" if part.article else ""
        yield f"{amount(part.unit_price_cents * part.quantity)} ({BASES[basis].lower()}{article})"
