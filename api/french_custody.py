"""French sentences about alternating custody: whose day it is, and what an agent saw."""

from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from types import MappingProxyType
from typing import Final

from ledger.events import (
    CustodyAgreed,
    CustodyEnded,
    CustodyExcepted,
    CustodyStatement,
    HolidayHalves,
    ProofKind,
    ProofSeen,
    Week,
)
from ledger.identifiers import HouseholdId
from rulebook.french_dates import french_day, join
from rulebook.words import WEEKDAYS

MINE: Final = "chez vous"
OTHER: Final = "dans l'autre foyer"
PROOFS: Final[Mapping[ProofKind, str]] = MappingProxyType(
    {
        "judgement": "Jugement vu le {day}.",
        "agreement_approved": "Convention homologuée vue le {day}.",
        "agreement_signed": "Accord signé par les deux parents, vu le {day}.",
    }
)
SHOWN_OF_AN_IDENTIFIER: Final = 8

Place = Callable[[HouseholdId], str]
"""How the reader calls a household: `chez vous`, or the beginning of its identifier for the town's staff."""


def household_place(household: HouseholdId) -> str:
    """A household as the town's staff reads it."""
    return f"au foyer {household[:SHOWN_OF_AN_IDENTIFIER]}"


def sentences(statement: CustodyStatement, place: Place) -> list[str]:
    """What was said, for whoever reads it."""
    return [*_days(statement, place), _proof(statement.proof)]


def _days(statement: CustodyStatement, place: Place) -> Iterator[str]:
    match statement:
        case CustodyAgreed(even_week=even, odd_week=odd):
            yield f"À partir du {french_day(statement.first_day)}, {_weeks(even, odd, place)}."
            yield f"Vacances scolaires : {_holidays(statement.holidays, {*even, *odd}, place)}."
        case CustodyExcepted(first_day=first, last_day=last, household=household):
            period = f"Le {french_day(first)}" if first == last else f"Du {french_day(first)} au {french_day(last)}"
            yield f"{period} : {place(household)}."
        case CustodyEnded(first_day=first):
            yield f"À partir du {french_day(first)}, aucun jour n'est réservé à un seul foyer."


def _weeks(even: Week, odd: Week, place: Place) -> str:
    if even == odd:
        return f"chaque semaine : {_week(even, place)}"
    return f"semaines paires : {_week(even, place)} ; semaines impaires : {_week(odd, place)}"


def _week(week: Week, place: Place) -> str:
    """A week as runs of days: lundi et mardi chez vous, mercredi dans l'autre foyer."""
    if len(set(week)) == 1:
        return place(week[0])
    runs = groupby(range(len(week)), key=lambda weekday: week[weekday])
    return ", ".join(f"{join([WEEKDAYS[day] for day in days])} {place(household)}" for household, days in runs)


def _holidays(halves: HolidayHalves | None, households: set[HouseholdId], place: Place) -> str:
    if halves is None:
        return "comme les autres semaines"
    if halves.even_years == halves.odd_years:
        [other] = households - {halves.even_years}
        return f"première moitié {place(halves.even_years)}, seconde moitié {place(other)}"
    return (
        f"première moitié {place(halves.even_years)} quand elles commencent une année paire, "
        f"{place(halves.odd_years)} une année impaire, et l'inverse pour la seconde moitié"
    )


def _proof(proof: ProofSeen) -> str:
    return PROOFS[proof.kind].format(day=french_day(proof.seen_on))
