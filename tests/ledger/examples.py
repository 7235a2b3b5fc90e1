"""One example of every fact the ledger writes today."""

from datetime import UTC, date, datetime
from typing import Final

from ledger.codec import Codec
from ledger.entry import GENESIS, Entry, Signature
from ledger.events import (
    AbsenceDeclared,
    AbsentDay,
    AttendanceRecorded,
    CancellationRequested,
    CancelledDay,
    CapacityChanged,
    ChildEnrolled,
    ChildRegistered,
    DayClosed,
    DayReopened,
    DecidedDay,
    DemandeApproved,
    DemandeRejected,
    DemandeWithdrawn,
    EnrolmentEnded,
    Fact,
    GuardianAdded,
    GuardianLinked,
    GuardianUnlinked,
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

CODEC: Final = Codec()
TOWN: Final = Commune("valmont")
CHILD: Final = ChildId("4f0f6c1e-1f53-4f43-9d39-1c4c0d1c8a01")
HOUSEHOLD: Final = HouseholdId("4f0f6c1e-1f53-4f43-9d39-1c4c0d1c8a02")
GUARDIAN: Final = GuardianId("4f0f6c1e-1f53-4f43-9d39-1c4c0d1c8a03")
ENROLMENT: Final = EnrolmentId("4f0f6c1e-1f53-4f43-9d39-1c4c0d1c8a04")
WEDNESDAY: Final = date(2024, 3, 27)
BOOK: Final = Version("2023-09")
WEDNESDAYS: Final = Slug("mercredis")
WHOLE_DAY: Final = Slug("journee")
FIRST, SECOND = DemandeNumber(43493), DemandeNumber(43495)
LAST_INSTANT: Final = datetime(2024, 3, 12, 22, 59, 59, 999999, tzinfo=UTC)

SIGNATURE: Final = Signature(
    actor=Subject("8d7c"),
    role="guardian",
    client="portail",
    command="4f0f6c1e-1f53-4f43-9d39-1c4c0d1c8a05",
    correlation="4f0f6c1e-1f53-4f43-9d39-1c4c0d1c8a06",
    happened_at=datetime(2024, 3, 7, 18, 12, tzinfo=UTC),
    recorded_at=datetime(2024, 3, 7, 18, 12, 0, 42, tzinfo=UTC),
)

ON_HOUSEHOLD: Final[list[Fact]] = [
    HouseholdOpened(household=HOUSEHOLD),
    GuardianAdded(guardian=GUARDIAN),
    GuardianLinked(guardian=GUARDIAN, subject=Subject("8d7c")),
    GuardianUnlinked(guardian=GUARDIAN, subject=Subject("8d7c")),
]
ON_CHILD: Final[list[Fact]] = [
    ChildRegistered(child=CHILD, household=HOUSEHOLD),
    ChildEnrolled(
        enrolment=ENROLMENT,
        activity=WEDNESDAYS,
        site=Slug("centre"),
        group=None,
        first_day=date(2021, 5, 10),
        last_day=date(2024, 7, 6),
    ),
    ReservationRequested(
        demande=FIRST,
        household=HOUSEHOLD,
        activity=WEDNESDAYS,
        days=(
            ReservedDay(
                day=WEDNESDAY,
                unit=WHOLE_DAY,
                rulebook=BOOK,
                article="4.1",
                deadline=LAST_INSTANT,
                late=True,
                surcharge=True,
                holds=False,
                places=(PlaceHeld(unit=Slug("apres-midi"), pool="grands"), PlaceHeld(unit=Slug("matinee"))),
            ),
        ),
        origin="counter",
        derogation=Slug("urgence"),
    ),
    DemandeRejected(
        demande=FIRST,
        days=(DecidedDay(day=WEDNESDAY, unit=WHOLE_DAY, action="reserve"),),
        decided_by="agent",
        reason=Slug("complet"),
    ),
    ReservationRequested(
        demande=SECOND,
        household=HOUSEHOLD,
        activity=WEDNESDAYS,
        days=(ReservedDay(day=WEDNESDAY, unit=WHOLE_DAY, rulebook=BOOK, article="4.1", deadline=None),),
    ),
    DemandeApproved(
        demande=SECOND,
        days=(DecidedDay(day=WEDNESDAY, unit=WHOLE_DAY, action="reserve"),),
        decided_by="rule",
        article="4",
    ),
    CancellationRequested(
        demande=DemandeNumber(43496),
        household=HOUSEHOLD,
        activity=WEDNESDAYS,
        days=(CancelledDay(day=WEDNESDAY, unit=WHOLE_DAY, rulebook=BOOK, article="4.1", deadline=LAST_INSTANT),),
    ),
    DemandeWithdrawn(demande=DemandeNumber(43496)),
    AttendanceRecorded(
        activity=WEDNESDAYS,
        unit=WHOLE_DAY,
        day=WEDNESDAY,
        presence="present",
        arrived_at=datetime(2024, 3, 27, 7, 31, tzinfo=UTC),
    ),
    AttendanceRecorded(activity=WEDNESDAYS, unit=WHOLE_DAY, day=WEDNESDAY, presence="absent"),
    AbsenceDeclared(
        demande=DemandeNumber(43497),
        household=HOUSEHOLD,
        activity=WEDNESDAYS,
        days=(AbsentDay(day=WEDNESDAY, unit=WHOLE_DAY, rulebook=BOOK, article="4.4", deadline=LAST_INSTANT),),
        reason=Slug("maladie"),
        document="0" * 64,
    ),
    EnrolmentEnded(enrolment=ENROLMENT, last_day=date(2024, 4, 3)),
]
ON_TOWN: Final[list[Fact]] = [
    RulebookAdopted(version=BOOK, in_force_from=date(2023, 9, 1), content='nom = "Élémentaire"\n', digest="1" * 64),
    DayClosed(day=WEDNESDAY, reason=Slug("greve"), activity=WEDNESDAYS, site=Slug("centre")),
    DayReopened(day=WEDNESDAY, activity=WEDNESDAYS, site=Slug("centre")),
    CapacityChanged(activity=WEDNESDAYS, unit=WHOLE_DAY, day=WEDNESDAY, places=12, pool="grands"),
    CapacityChanged(activity=WEDNESDAYS, unit=WHOLE_DAY, day=WEDNESDAY, places=None),
]


def written(stream: Stream, facts: list[Fact]) -> list[Entry]:
    """These facts as the lines of a page."""
    lines: list[Entry] = []
    for version, fact in enumerate(facts, start=1):
        previous = lines[-1].digest if lines else GENESIS
        lines.append(CODEC.write(fact, stream=stream, version=version, previous=previous, signature=SIGNATURE))
    return lines


def entries() -> list[Entry]:
    """Every example on its page."""
    return [
        *written(household_page(TOWN, HOUSEHOLD), ON_HOUSEHOLD),
        *written(child_page(TOWN, CHILD), ON_CHILD),
        *written(town_page(TOWN), ON_TOWN),
    ]
