"""A month of a town of as many children as wanted, written and sealed: what the billing is measured on.

Every child is reserved twenty days, and somebody wrote down who came; some absences were justified, some children have
brothers and sisters, households pay by their quotient, and a few live elsewhere. Lines, answers and places only.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Final

import psycopg
from psycopg.rows import TupleRow

from benchmarks.generated import PLACES, TOWN, Writer, Written
from ledger.events import (
    AbsenceDeclared,
    AbsentDay,
    AttendanceRecorded,
    ChildEnrolled,
    ChildRegistered,
    DecidedDay,
    DemandeApproved,
    Fact,
    HouseholdOpened,
    PlaceHeld,
    Presence,
    QuotientDecided,
    ReservationRequested,
    ReservedDay,
    RulebookAdopted,
    TariffStatusDecided,
)
from ledger.identifiers import ChildId, DemandeNumber, EnrolmentId, HouseholdId, Month, Slug, Version
from ledger.streams import child_page, household_page, town_page
from replay.sealing.seal import seal_once

MONTH: Final = Month("2024-03")
DAYS: Final = 20
RULEBOOK: Final = Version("2023-09")
ACTIVITY, UNIT = Slug("cantine"), Slug("repas")
CONTENT: Final = f"""
commune = "{TOWN}"
nom = "Villars"
version = "{RULEBOOK}"
en_vigueur = 2023-09-01
zone = "C"

[motifs.absence]
maladie = "Enfant malade"

[activites.cantine]
nom = "Cantine"
article = "3"
instruction = "regle"
jours = ["lundi", "mardi", "mercredi", "jeudi", "vendredi"]
quand = "ecole"

[activites.cantine.unites.repas]
nom = "Repas"
debut = "11:30"

[activites.cantine.delai]
article = "3.2"
type = "jours"
nombre = 2
heure = "23:59"
retard = "refus"

[activites.cantine.absence]
article = "3.4"
instruction = "agent"
jours_apres = 15

[regie]
nom = "Régie de Villars"
delai_de_paiement_jours = 30
moyens = ["par chèque"]

[tarifs.repas]
libelle = "Repas"
article = "5"
nature = "repas"
imputation = "7067"
activites = ["cantine"]
sans_quotient = "maximum"
residence_inconnue = "commune"
tranches = [
    {{ a_partir_de = 0, prix = 1.00 }},
    {{ a_partir_de = 300, prix = 1.85 }},
    {{ a_partir_de = 500, prix = 2.70 }},
    {{ a_partir_de = 700, prix = 3.55 }},
    {{ a_partir_de = 900, prix = 4.20 }},
    {{ a_partir_de = 1200, prix = 4.95 }},
]

[[tarifs.repas.grilles]]
nom = "Hors commune"
residence = "hors commune"
prix = 6.10

[[tarifs.repas.ajustements]]
libelle = "Réduction deuxième enfant"
quand = "toujours"
a_partir_du_rang = 2
taux = "-10 %"
"""


@dataclass(slots=True)
class _Pupil:
    child: ChildId
    household: HouseholdId
    page: Written


def fill(connection: psycopg.Connection[TupleRow], children: int, *, content: str = CONTENT) -> int:
    """Writes the month of so many children in an empty ledger, as the service, and seals it; how many lines."""
    connection.execute("SELECT set_config('ardoise.commune', %s, false)", (TOWN,))
    connection.execute("SET statement_timeout = 0")
    writer = Writer(connection)
    days = _days()
    pupils = list(_enrolled(writer, children, content))
    for number, pupil in enumerate(pupils):
        _reserve(writer, pupil, days, _at(days[0] - timedelta(days=10), 7 + number % 12, number % 60))
    for day in days:
        _door(writer, pupils, day)
    for number, pupil in enumerate(pupils):
        if number % 10 == 0:
            _justified(writer, pupil, days[number % DAYS])
    writer.send()
    taken = Counter(dict.fromkeys(days, children))
    connection.execute(PLACES, (TOWN, ACTIVITY, UNIT, days, [taken[day] for day in days]))
    connection.execute("ANALYZE")
    seal_once(connection)
    connection.execute("ANALYZE ardoise.seals")
    return writer.lines


def _days() -> list[date]:
    first = date.fromisoformat(f"{MONTH}-01")
    weekdays = (first + timedelta(days=count) for count in range(31))
    return [day for day in weekdays if day.weekday() < 5][:DAYS]


def _at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), UTC)


def _enrolled(writer: Writer, children: int, content: str) -> Iterator[_Pupil]:
    start = _at(date(2023, 8, 1), 8)
    digest = sha256(content.encode()).hexdigest()
    adopted = RulebookAdopted(version=RULEBOOK, in_force_from=date(2023, 9, 1), content=content, digest=digest)
    writer.write(Written(town_page(TOWN)), writer.command(start), adopted)
    household = HouseholdId("")
    for number in range(children):
        if number % 8 not in (1, 3, 6):  # five homes for eight children
            household = HouseholdId(f"home-{number:06d}")
            facts: list[Fact] = [HouseholdOpened(household=household)]
            if number % 16:
                quotient = QuotientDecided(
                    amount_cents=20_000 + number * 7_919 % 130_000, source="caf", first_day=date(2023, 9, 1)
                )
                facts.append(quotient)
            residence = TariffStatusDecided(
                residence="outside" if number % 16 == 5 else "town",
                regime="caf",
                first_day=date(2023, 9, 1),
            )
            writer.write(Written(household_page(TOWN, household)), writer.command(start), *facts, residence)
        child = ChildId(f"child-{number:06d}")
        pupil = _Pupil(child, household, Written(child_page(TOWN, child)))
        registered = ChildRegistered(child=child, household=household)
        enrolled = ChildEnrolled(
            enrolment=EnrolmentId(f"enrolment-{number:06d}"),
            activity=ACTIVITY,
            site=None,
            group=None,
            first_day=date(2023, 9, 1),
            last_day=date(2024, 7, 5),
        )
        writer.write(pupil.page, writer.command(start), registered)
        writer.write(pupil.page, writer.command(start + timedelta(hours=1)), enrolled)
        yield pupil


def _reserve(writer: Writer, pupil: _Pupil, days: list[date], at: datetime) -> None:
    signature, number = writer.command(at), DemandeNumber(writer.commands)
    asked = tuple(
        ReservedDay(
            day=day,
            unit=UNIT,
            rulebook=RULEBOOK,
            article="3.2",
            deadline=_at(day - timedelta(days=2), 22, 59),
            places=(PlaceHeld(unit=UNIT),),
        )
        for day in days
    )
    named = tuple(DecidedDay(day=day, unit=UNIT, action="reserve") for day in days)
    writer.write(
        pupil.page,
        signature,
        ReservationRequested(demande=number, household=pupil.household, activity=ACTIVITY, days=asked),
        DemandeApproved(demande=number, days=named, decided_by="rule", article="3.2"),
    )


def _justified(writer: Writer, pupil: _Pupil, day: date) -> None:
    at = _at(day + timedelta(days=1), 9)
    signature, number = writer.command(at), DemandeNumber(writer.commands)
    missed = AbsentDay(day=day, unit=UNIT, rulebook=RULEBOOK, article="3.4", deadline=at + timedelta(days=15))
    writer.write(
        pupil.page,
        signature,
        AbsenceDeclared(
            demande=number,
            household=pupil.household,
            activity=ACTIVITY,
            days=(missed,),
            reason=Slug("maladie"),
            document=None,
        ),
    )
    named = DecidedDay(day=day, unit=UNIT, action="absence")
    agreed = DemandeApproved(demande=number, days=(named,), decided_by="agent")
    writer.write(pupil.page, writer.command(at + timedelta(minutes=10)), agreed)


def _door(writer: Writer, pupils: list[_Pupil], day: date) -> None:
    """Who came, on a sheet for every hundred children."""
    place = _days().index(day)
    for start in range(0, len(pupils), 100):
        sheet = writer.command(_at(day, 12, start // 100 % 60))
        for number, pupil in enumerate(pupils[start : start + 100], start):
            away = (number % 10 == 0 and number % DAYS == place) or (number + place) % 40 == 0
            presence: Presence = "absent" if away else "present"
            recorded = AttendanceRecorded(activity=ACTIVITY, unit=UNIT, day=day, presence=presence)
            writer.write(pupil.page, sheet, recorded)
