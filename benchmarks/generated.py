"""A town of as many lines as wanted, written as fast as they can be: what the history is measured on.

A school year of children who eat at school: each asks month by month, the rule answers at once, some days are given up,
some absences justified, and every meal is recorded at the door. Lines come day after day, as in life: those of a child
are spread over the whole year. Lines, answers and places only: read models are for `rebuild` to make.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Final

import psycopg
from psycopg.rows import TupleRow

from benchmarks.bench import progress
from ledger.codec import Codec
from ledger.entry import GENESIS, Entry, Signature
from ledger.events import (
    AbsenceDeclared,
    AbsentDay,
    AttendanceRecorded,
    CancellationRequested,
    CancelledDay,
    ChildEnrolled,
    ChildRegistered,
    DecidedDay,
    DemandeApproved,
    Fact,
    GuardianAdded,
    GuardianLinked,
    HouseholdOpened,
    PlaceHeld,
    ReservationRequested,
    ReservedDay,
    RulebookAdopted,
)
from ledger.identifiers import (
    ChildId,
    Commune,
    DemandeNumber,
    EnrolmentId,
    GuardianId,
    HouseholdId,
    Slug,
    Stream,
    Subject,
    Version,
)
from ledger.streams import child_page, household_page, town_page
from rulebook.towns import load

TOWN: Final = Commune("villars")
RULEBOOK: Final = Version("2022-09")
MEALS, MEAL, SITE = Slug("restauration-scolaire"), Slug("repas"), Slug("ecole")
FIRST_DAY, LAST_DAY = date(2022, 9, 1), date(2023, 7, 7)
SCHOOL_WEEK: Final = (0, 1, 3, 4)
BATCH: Final = 5_000

_LINES: Final = """
    INSERT INTO ardoise.entries (commune, stream, version, type, recorded_at, stored, digest)
    SELECT %s, * FROM unnest(%s::text[], %s::bigint[], %s::text[], %s::timestamptz[], %s::bytea[], %s::bytea[])
"""
_ANSWERS: Final = """
    INSERT INTO ardoise.answers
        (commune, client, subject, key, fingerprint, command, status, headers, body, answered_at)
    SELECT %s, 'bench', 'parent-1', a.command, '\\x00'::bytea, a.command, 201, '{}', '{}'::bytea, a.at
    FROM unnest(%s::text[], %s::timestamptz[]) AS a (command, at)
"""
PLACES: Final = """
    INSERT INTO ardoise.places (commune, activity, unit, day, pool, taken)
    SELECT %s, %s, %s, p.day, '', p.taken FROM unnest(%s::date[], %s::integer[]) AS p (day, taken)
"""


@dataclass(slots=True)
class Written:
    """A page, as far as it is written."""

    stream: Stream
    version: int = 0
    head: bytes = GENESIS


@dataclass(slots=True)
class _Pupil:
    child: ChildId
    household: HouseholdId
    page: Written
    booked: list[date] = field(default_factory=list)


class Writer:
    """Chains lines to their pages and sends them in batches."""

    def __init__(self, connection: psycopg.Connection[TupleRow]) -> None:
        self.lines = 0
        self.commands = 0
        self._connection = connection
        self._codec = Codec()
        self._entries: list[Entry] = []
        self._answers: dict[str, datetime] = {}

    def command(self, at: datetime) -> Signature:
        """The signature of one more command, which is answered."""
        self.commands += 1
        name = f"{self.commands:032x}"
        self._answers[name] = at
        return Signature(
            actor=Subject("parent-1"),
            role="guardian",
            client="bench",
            command=name,
            correlation=name,
            happened_at=at,
            recorded_at=at,
        )

    def write(self, page: Written, signature: Signature, *facts: Fact) -> None:
        """The next lines of a page."""
        for fact in facts:
            entry = self._codec.write(
                fact, stream=page.stream, version=page.version + 1, previous=page.head, signature=signature
            )
            page.version, page.head = entry.version, entry.digest
            self._entries.append(entry)
        if len(self._entries) >= BATCH:
            self.send()

    def send(self) -> None:
        """What waits, all at once."""
        entries, self._entries = self._entries, []
        answers, self._answers = self._answers, {}
        self._connection.execute(
            _LINES,
            (
                TOWN,
                [entry.stream for entry in entries],
                [entry.version for entry in entries],
                [self._codec.name(entry.fact) for entry in entries],
                [entry.signature.recorded_at for entry in entries],
                [entry.stored for entry in entries],
                [entry.digest for entry in entries],
            ),
        )
        self._connection.execute(_ANSWERS, (TOWN, list(answers), list(answers.values())))
        self.lines += len(entries)


def fill(connection: psycopg.Connection[TupleRow], lines: int) -> int:
    """Writes so many lines or a few more in an empty ledger, as the service; how many there are."""
    with progress(f"writing {lines:,} lines"):
        connection.execute("SELECT set_config('ardoise.commune', %s, false)", (TOWN,))
        connection.execute("SET statement_timeout = 0")
        writer = Writer(connection)
        pupils = list(_enrolled(writer, -(-lines // LINES_A_YEAR)))
        taken: Counter[date] = Counter()
        month = 0
        for day in _school_days():
            if day.month != month:
                month = day.month
                _month(writer, pupils, day)
            _door(writer, pupils, day)
        writer.send()
        for pupil in pupils:
            taken.update(pupil.booked)
        days = sorted(taken)
        connection.execute(PLACES, (TOWN, MEALS, MEAL, days, [taken[day] for day in days]))
        connection.execute("ANALYZE")
    return writer.lines


def _school_days() -> Iterator[date]:
    day = FIRST_DAY
    while day <= LAST_DAY:
        if day.weekday() in SCHOOL_WEEK:
            yield day
        day += timedelta(days=1)


LINES_A_YEAR: Final = 2 + len(list(_school_days())) + 11 * 2 + 11 * 2 // 4 + 11 * 2 // 8 + 5 * 5 // 8
"""What a child writes in a year, at least: registered, enrolled, a line a meal, each month's requests; and its home."""


def _at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), UTC)


def _enrolled(writer: Writer, children: int) -> Iterator[_Pupil]:
    start = _at(FIRST_DAY - timedelta(days=60), 8)
    content = load(TOWN)[0]
    adopted = RulebookAdopted(
        version=RULEBOOK, in_force_from=FIRST_DAY, content=content, digest=sha256(content.encode()).hexdigest()
    )
    writer.write(Written(town_page(TOWN)), writer.command(start), adopted)
    household, page = HouseholdId(""), Written(Stream(""))
    for number in range(children):
        if number % 8 not in (1, 3, 6):  # five homes for eight children
            household = HouseholdId(f"home-{number:06d}")
            page = Written(household_page(TOWN, household))
            guardians = [GuardianId(f"guardian-{number:06d}-{which}") for which in range(2)]
            facts: list[Fact] = [HouseholdOpened(household=household)]
            for guardian in guardians:
                facts.append(GuardianAdded(guardian=guardian))
                facts.append(GuardianLinked(guardian=guardian, subject=Subject(f"account-{guardian}"), how="agent"))
            writer.write(page, writer.command(start), *facts)
        child = ChildId(f"child-{number:06d}")
        pupil = _Pupil(child, household, Written(child_page(TOWN, child)))
        writer.write(pupil.page, writer.command(start), ChildRegistered(child=child, household=household))
        enrolled = ChildEnrolled(
            enrolment=EnrolmentId(f"enrolment-{number:06d}"),
            activity=MEALS,
            site=None,
            group=None,
            first_day=FIRST_DAY,
            last_day=LAST_DAY,
        )
        writer.write(pupil.page, writer.command(start + timedelta(hours=1)), enrolled)
        yield pupil


def _month(writer: Writer, pupils: Sequence[_Pupil], day: date) -> None:
    """What families ask for a month, some days before it begins: days, fewer days, and last month's absences."""
    month = [each for each in _school_days() if (each.year, each.month) == (day.year, day.month)]
    before = day - timedelta(days=9)
    for number, pupil in enumerate(pupils):
        at = _at(before, 7 + number % 12, number % 60)
        _reserve(writer, pupil, month, at)
        if number % 4 == day.month % 4:
            _give_up(writer, pupil, month[-1], at + timedelta(minutes=30))
        if number % 8 == day.month % 8:
            _absent(writer, pupil, month[0], at + timedelta(minutes=40))


def _reserve(writer: Writer, pupil: _Pupil, days: Sequence[date], at: datetime) -> None:
    number = DemandeNumber(writer.commands + 1)
    asked = tuple(
        ReservedDay(
            day=day,
            unit=MEAL,
            rulebook=RULEBOOK,
            article="3.2",
            deadline=_at(day - timedelta(days=5), 21, 59),
            places=(PlaceHeld(unit=MEAL),),
        )
        for day in days
    )
    named = tuple(DecidedDay(day=day, unit=MEAL, action="reserve") for day in days)
    writer.write(
        pupil.page,
        writer.command(at),
        ReservationRequested(demande=number, household=pupil.household, activity=MEALS, days=asked),
        DemandeApproved(demande=number, days=named, decided_by="rule", article="3.2"),
    )
    pupil.booked.extend(days)


def _give_up(writer: Writer, pupil: _Pupil, day: date, at: datetime) -> None:
    number = DemandeNumber(writer.commands + 1)
    given_up = CancelledDay(day=day, unit=MEAL, rulebook=RULEBOOK, article="3.2", deadline=at + timedelta(days=1))
    named = DecidedDay(day=day, unit=MEAL, action="cancel")
    writer.write(
        pupil.page,
        writer.command(at),
        CancellationRequested(demande=number, household=pupil.household, activity=MEALS, days=(given_up,)),
        DemandeApproved(demande=number, days=(named,), decided_by="rule", article="3.2"),
    )
    pupil.booked.remove(day)


def _absent(writer: Writer, pupil: _Pupil, day: date, at: datetime) -> None:
    number = DemandeNumber(writer.commands + 1)
    missed = AbsentDay(day=day, unit=MEAL, rulebook=RULEBOOK, article="3.5", deadline=at + timedelta(days=15))
    named = DecidedDay(day=day, unit=MEAL, action="absence")
    declared = AbsenceDeclared(
        demande=number,
        household=pupil.household,
        activity=MEALS,
        days=(missed,),
        reason=Slug("maladie"),
        document=f"document-{number}",
    )
    writer.write(pupil.page, writer.command(at), declared)
    agreed = DemandeApproved(demande=number, days=(named,), decided_by="agent")
    writer.write(pupil.page, writer.command(at + timedelta(minutes=10)), agreed)


def _door(writer: Writer, pupils: Sequence[_Pupil], day: date) -> None:
    """Who came, on a sheet for every hundred children."""
    for start in range(0, len(pupils), 100):
        sheet = writer.command(_at(day, 12, start // 100 % 60))
        for number, pupil in enumerate(pupils[start : start + 100], start):
            presence = "absent" if (number + day.toordinal()) % 40 == 0 else "present"
            recorded = AttendanceRecorded(activity=MEALS, unit=MEAL, day=day, presence=presence)
            writer.write(pupil.page, sheet, recorded)
