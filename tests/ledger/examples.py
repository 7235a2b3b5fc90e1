"""One example of every fact the ledger writes today."""

from datetime import UTC, date, datetime
from typing import Final

from ledger.codec import Codec
from ledger.entry import GENESIS, Entry, Signature
from ledger.events import (
    AbsenceDeclared,
    AbsentDay,
    AccountReinstated,
    AccountSuspended,
    ActivationGranted,
    ActivationRefused,
    ActivationRequested,
    AttendanceRecorded,
    CancellationRequested,
    CancelledDay,
    CapacityChanged,
    ChangeRequested,
    ChildEnrolled,
    ChildJoinedHousehold,
    ChildLeftHousehold,
    ChildRegistered,
    ContactAdded,
    ContactRemoved,
    CustodyAgreed,
    CustodyEnded,
    CustodyExcepted,
    DayClosed,
    DayReopened,
    DecidedDay,
    DemandeApproved,
    DemandeRejected,
    DemandeWithdrawn,
    DetailsKept,
    DocumentKept,
    EnrolmentEnded,
    EnrolmentRequested,
    Fact,
    FamilyKeyIssued,
    FamilyKeyRevoked,
    GuardianAdded,
    GuardianLeft,
    GuardianLinked,
    GuardianReinstated,
    GuardianSuspended,
    GuardianUnlinked,
    HolderChanged,
    HolidayHalves,
    HouseholdOpened,
    MemberAdded,
    MemberLeft,
    PersonErased,
    PlaceHeld,
    ProofSeen,
    QuotientDecided,
    QuotientDeclared,
    ReservationRequested,
    ReservedDay,
    RulebookAdopted,
)
from ledger.identifiers import (
    AccountId,
    ActivationId,
    ChildId,
    Commune,
    DemandeNumber,
    DocumentId,
    EnrolmentId,
    GuardianId,
    HouseholdId,
    KeyId,
    PersonId,
    ProposalId,
    Slug,
    Stream,
    Subject,
    Version,
)
from ledger.streams import account_page, child_page, household_page, payer_page, regie_page, town_page
from tests.ledger.examples_of_billing import EATER, ON_EATER, ON_PAYER, ON_REGIE, PAYER, STATUS

CODEC: Final = Codec()
TOWN: Final = Commune("valmont")
CHILD: Final = ChildId("4f0f6c1e-1f53-4f43-9d39-1c4c0d1c8a01")
HOUSEHOLD: Final = HouseholdId("4f0f6c1e-1f53-4f43-9d39-1c4c0d1c8a02")
GUARDIAN: Final = GuardianId("4f0f6c1e-1f53-4f43-9d39-1c4c0d1c8a03")
ENROLMENT: Final = EnrolmentId("4f0f6c1e-1f53-4f43-9d39-1c4c0d1c8a04")
FAMILY: Final = HouseholdId("4f0f6c1e-1f53-4f43-9d39-1c4c0d1c8a07")
SHARED_CHILD: Final = ChildId("4f0f6c1e-1f53-4f43-9d39-1c4c0d1c8a08")
ACTIVATION: Final = ActivationId("4f0f6c1e-1f53-4f43-9d39-1c4c0d1c8a09")
KEY: Final = KeyId("4f0f6c1e-1f53-4f43-9d39-1c4c0d1c8a0a")
PERSON: Final = PersonId("4f0f6c1e-1f53-4f43-9d39-1c4c0d1c8a0b")
DOCUMENT: Final = DocumentId("4f0f6c1e-1f53-4f43-9d39-1c4c0d1c8a0c")
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

PROOF: Final = ProofSeen(kind="judgement", seen_by=Subject("agent-1"), seen_on=date(2024, 1, 8))
ON_ACCOUNT: Final[list[Fact]] = [
    ActivationRequested(
        activation=ACTIVATION,
        subject=Subject("8d7c"),
        digest="2" * 64,
        due_at=datetime(2024, 3, 11, 18, 12, tzinfo=UTC),
    ),
    ActivationGranted(household=FAMILY, guardian=GUARDIAN),
    ActivationRefused(reason="unknown_family"),
]
ON_HOUSEHOLD: Final[list[Fact]] = [
    HouseholdOpened(household=FAMILY),
    GuardianAdded(guardian=GUARDIAN),
    HolderChanged(guardian=GUARDIAN),
    FamilyKeyIssued(key=KEY, digest="3" * 64, uses=2, expires_at=LAST_INSTANT, guardian=GUARDIAN),
    GuardianLinked(guardian=GUARDIAN, subject=Subject("8d7c"), how="key", key=KEY),
    AccountSuspended(guardian=GUARDIAN, subject=Subject("8d7c"), reason="account_lost"),
    AccountReinstated(guardian=GUARDIAN, subject=Subject("8d7c")),
    GuardianSuspended(guardian=GUARDIAN, reason="authority_withdrawn"),
    GuardianReinstated(guardian=GUARDIAN),
    GuardianUnlinked(guardian=GUARDIAN, subject=Subject("8d7c")),
    GuardianLinked(guardian=GUARDIAN, subject=Subject("8d7c"), how="import"),
    FamilyKeyRevoked(key=KEY),
    MemberAdded(person=PERSON),
    MemberLeft(person=PERSON),
    ContactAdded(person=PERSON, collects=True),
    DetailsKept(person=PERSON, kind=Slug("identity"), digest="4" * 64),
    DocumentKept(
        document=DOCUMENT,
        owner=GUARDIAN,
        about=CHILD,
        kind=Slug("certificat-medical"),
        digest="5" * 64,
        media_type="application/pdf",
        size_bytes=48_213,
    ),
    ChangeRequested(
        demande=DemandeNumber(43501),
        household=FAMILY,
        change="address",
        person=PersonId(GUARDIAN),
        proposal=ProposalId("4f0f6c1e-1f53-4f43-9d39-1c4c0d1c8a0d"),
        digest="6" * 64,
        documents=(DOCUMENT,),
    ),
    DemandeApproved(demande=DemandeNumber(43501), days=(), decided_by="agent"),
    QuotientDeclared(
        demande=DemandeNumber(43502), household=FAMILY, amount_cents=59_950, source="caf", documents=(DOCUMENT,)
    ),
    DemandeApproved(demande=DemandeNumber(43502), days=(), decided_by="rule", article="6"),
    QuotientDecided(amount_cents=59_950, source="caf", first_day=date(2024, 4, 1), demande=DemandeNumber(43502)),
    ContactRemoved(person=PERSON),
    PersonErased(person=PERSON, agreement="AD78-2024-12", agreed_by=Subject("archiviste"), agreed_on=date(2024, 6, 3)),
    GuardianLeft(guardian=GUARDIAN),
]
ON_SHARED_CHILD: Final[list[Fact]] = [
    ChildRegistered(child=SHARED_CHILD, household=FAMILY),
    ChildJoinedHousehold(household=HOUSEHOLD),
    CustodyAgreed(
        first_day=date(2024, 1, 8),
        even_week=(FAMILY,) * 7,  # type: ignore[arg-type]
        odd_week=(HOUSEHOLD,) * 7,  # type: ignore[arg-type]
        holidays=HolidayHalves(even_years=FAMILY, odd_years=HOUSEHOLD),
        proof=PROOF,
    ),
    CustodyExcepted(first_day=WEDNESDAY, last_day=WEDNESDAY, household=HOUSEHOLD, proof=PROOF),
    CustodyEnded(first_day=date(2024, 6, 1), proof=PROOF),
    EnrolmentRequested(
        demande=DemandeNumber(43503),
        household=FAMILY,
        enrolment=ENROLMENT,
        activity=WEDNESDAYS,
        site=Slug("centre"),
        group=None,
        first_day=date(2024, 9, 2),
        last_day=date(2025, 7, 4),
        documents=(DOCUMENT,),
    ),
    DemandeRejected(demande=DemandeNumber(43503), days=(), decided_by="agent", reason=Slug("effectif")),
    ChildLeftHousehold(household=HOUSEHOLD),
    PersonErased(
        person=PersonId(SHARED_CHILD),
        agreement="AD78-2024-12",
        agreed_by=Subject("archiviste"),
        agreed_on=date(2024, 6, 3),
    ),
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
        *written(child_page(TOWN, CHILD), ON_CHILD),
        *written(town_page(TOWN), ON_TOWN),
        *written(account_page(TOWN, AccountId(ACTIVATION)), ON_ACCOUNT),
        *written(child_page(TOWN, SHARED_CHILD), ON_SHARED_CHILD),
        *written(household_page(TOWN, PAYER), [HouseholdOpened(household=PAYER), *ON_HOUSEHOLD[1:], STATUS]),
        *written(child_page(TOWN, EATER), ON_EATER),
        *written(payer_page(TOWN, PAYER), ON_PAYER),
        *written(regie_page(TOWN), ON_REGIE),
    ]
