"""The other people of a household."""

from commands.guardians import AddGuardian
from commands.keep_details import SealedDetails
from commands.members import AddContact, AddMember, RemoveContact, RemoveMember
from commands.register_household import OpenHousehold, RegisterChild
from ledger.events import ChildRegistered, ContactAdded, ContactRemoved, DetailsKept, GuardianAdded, MemberAdded
from ledger.identifiers import GuardianId, PersonId
from tests.asks import ask
from tests.spec import Ask, given
from tests.town import MATTEO, ROSSI

NONNA = PersonId("p-nonna")
OPEN = ask(OpenHousehold(household=ROSSI))


def sealed(person: str) -> SealedDetails:
    return SealedDetails(person=PersonId(person), kind="identity", digest="00" * 32, sealed=b"sealed")


def contact(*, collects: bool = True) -> Ask:
    return ask(AddContact(household=ROSSI, person=NONNA, collects=collects, details=[sealed(NONNA)]))


MEMBER = ask(AddMember(household=ROSSI, person=NONNA))


def test_a_contact_comes_with_what_is_known_of_them_and_may_collect_the_children() -> None:
    then = given(OPEN).when(contact()).then_accepted().then_wrote(ContactAdded, DetailsKept)
    assert [(row["role"], row["collects"]) for row in then.story.rows("household_people")] == [("contact", True)]
    assert then.story.store.recorder.vault == [sealed(NONNA).record()]


def test_a_contact_may_be_one_to_call_only() -> None:
    then = given(OPEN).when(contact(collects=False)).then_accepted()
    assert [row["collects"] for row in then.story.rows("household_people")] == [False]


def test_somebody_else_lives_there() -> None:
    then = given(OPEN).when(MEMBER).then_accepted().then_wrote(MemberAdded)
    assert [row["role"] for row in then.story.rows("household_people")] == ["member"]


def test_nobody_is_added_twice_nor_to_a_household_that_is_not() -> None:
    given(OPEN, MEMBER).when(contact()).then_refused("already_registered")
    given(OPEN, contact()).when(MEMBER).then_refused("already_registered")
    given().when(contact()).then_refused("unknown_household")


def test_whoever_goes_is_there_no_more() -> None:
    gone = ask(RemoveContact(household=ROSSI, person=NONNA))
    then = given(OPEN, contact()).when(gone).then_accepted().then_wrote(ContactRemoved)
    assert then.story.rows("household_people") == []
    given(OPEN, contact(), gone).when(gone).then_refused("unknown_person")
    moved = ask(RemoveMember(household=ROSSI, person=NONNA))
    given(OPEN, MEMBER).when(moved).then_accepted()
    given(OPEN, contact()).when(moved).then_refused("unknown_person")
    given(OPEN, MEMBER).when(gone).then_refused("unknown_person")


def test_a_guardian_and_a_child_come_with_what_is_known_of_them() -> None:
    paola = GuardianId("g-paola")
    added = ask(AddGuardian(household=ROSSI, guardian=paola, details=[sealed(paola)]))
    given(OPEN).when(added).then_wrote(GuardianAdded, DetailsKept)
    child = ask(RegisterChild(child=MATTEO.id, household=ROSSI, details=[sealed(MATTEO.id)]))
    then = given(OPEN).when(child).then_wrote(ChildRegistered, DetailsKept)
    assert [kept.person for kept in then.story.store.recorder.vault] == [MATTEO.id]  # type: ignore[union-attr]
