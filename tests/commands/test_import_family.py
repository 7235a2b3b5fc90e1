"""A family of a previous system comes in whole, or not at all."""

from commands.enrol_child import EnrolChild
from commands.import_family import ChildImported, ContactImported, GuardianImported, ImportFamily
from commands.keep_details import SealedDetails
from ledger.events import (
    ChildEnrolled,
    ChildJoinedHousehold,
    ChildRegistered,
    ContactAdded,
    DetailsKept,
    GuardianAdded,
    GuardianLinked,
    HolderChanged,
    HouseholdOpened,
    MemberAdded,
)
from ledger.identifiers import EnrolmentId, GuardianId, HouseholdId, PersonId, Slug, Subject
from tests.asks import ask
from tests.spec import Ask, given
from tests.town import DIALLO, MATTEO, ROSSI, day

PAOLA, BRUNO = GuardianId("g-paola"), GuardianId("g-bruno")


def enrolment(name: str = "e-1", *, activity: str = "cantine", site: str | None = "centre") -> EnrolChild:
    return EnrolChild(
        child=MATTEO.id,
        enrolment=EnrolmentId(name),
        activity=Slug(activity),
        first_day=day("2023-09-04"),
        last_day=day("2024-07-05"),
        site=Slug(site) if site else None,
    )


def sealed(person: str) -> SealedDetails:
    return SealedDetails(person=PersonId(person), kind="identity", digest="00" * 32, sealed=b"sealed")


def family(*enrolments: EnrolChild, household: HouseholdId = ROSSI, joins: bool = False) -> Ask:
    command = ImportFamily(
        household=household,
        guardians=[GuardianImported(guardian=PAOLA), GuardianImported(guardian=BRUNO, subject=Subject("old|bruno"))],
        holder=BRUNO,
        children=[ChildImported(child=MATTEO.id, joins=joins, enrolments=enrolments)],
        members=[PersonId("p-zio")],
        contacts=[ContactImported(person=PersonId("p-nonna"), collects=True)],
        details=[] if joins else [sealed(PAOLA), sealed(MATTEO.id)],
    )
    return ask(command)


def test_a_family_comes_in_with_everybody_and_everything() -> None:
    then = given().when(family(enrolment())).then_accepted()
    then.then_wrote(
        HouseholdOpened,
        GuardianAdded,
        GuardianAdded,
        GuardianLinked,
        HolderChanged,
        MemberAdded,
        ContactAdded,
        DetailsKept,
        ChildRegistered,
        DetailsKept,
        ChildEnrolled,
    )
    links = [fact for fact in then.story.facts if isinstance(fact, GuardianLinked)]
    assert [(link.guardian, link.how) for link in links] == [(BRUNO, "import")]
    assert len(then.story.store.recorder.vault) == 2


def test_what_a_rulebook_refuses_keeps_the_whole_family_out() -> None:
    wrong = (enrolment(), enrolment("e-2", activity="golf"), enrolment("e-3", site="nowhere"))
    given().when(family(*wrong)).then_refused("unknown_activity", "unknown_site")


def test_enrolments_of_one_line_may_not_overlap() -> None:
    given().when(family(enrolment(), enrolment("e-2"))).then_refused("already_enrolled")


def test_a_household_is_imported_once() -> None:
    given(family()).when(family()).then_refused("already_registered")


def test_a_child_comes_in_once_and_may_join_a_second_household() -> None:
    given(family()).when(family(household=DIALLO)).then_refused("already_registered")
    then = given(family()).when(family(household=DIALLO, joins=True)).then_accepted()
    assert any(isinstance(fact, ChildJoinedHousehold) for fact in then.story.facts)
    assert then.story.child(MATTEO).households == (ROSSI, DIALLO)
    given().when(family(joins=True)).then_refused("unknown_child")
