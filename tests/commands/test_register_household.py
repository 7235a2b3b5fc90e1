"""The town gets to know a family: the household, its guardians, their accounts, the children."""

from commands.guardians import AddGuardian, LinkGuardian, UnlinkGuardian
from commands.register_household import OpenHousehold, RegisterChild
from ledger.events import ChildRegistered, GuardianAdded, GuardianLinked, GuardianUnlinked, HouseholdOpened
from ledger.identifiers import GuardianId, Subject
from tests.asks import ask
from tests.spec import given, registered
from tests.town import MATTEO, ROSSI

PAOLA, BRUNO = GuardianId("g-paola"), GuardianId("g-bruno")
ACCOUNT = Subject("sub-1")

OPEN = ask(OpenHousehold(household=ROSSI))


def add(guardian=PAOLA, subject=None):
    return ask(AddGuardian(household=ROSSI, guardian=guardian, subject=subject))


def link(guardian=PAOLA, subject=ACCOUNT):
    return ask(LinkGuardian(household=ROSSI, guardian=guardian, subject=subject))


UNLINK = ask(UnlinkGuardian(household=ROSSI, guardian=PAOLA))
REGISTER = ask(RegisterChild(child=MATTEO.id, household=ROSSI))


def test_a_household_is_opened_once():
    given().when(OPEN).then_accepted().then_wrote(HouseholdOpened)
    given(OPEN).when(OPEN).then_refused("already_registered")


def test_a_guardian_may_have_no_account_yet():
    given(OPEN).when(add()).then_accepted().then_wrote(GuardianAdded)


def test_a_guardian_may_come_with_an_account():
    then = given(OPEN).when(add(subject=ACCOUNT)).then_accepted().then_wrote(GuardianAdded, GuardianLinked)
    assert [row["subject"] for row in then.story.rows("guardians")] == [ACCOUNT]


def test_a_household_nobody_opened_has_no_guardian():
    given().when(add()).then_refused("unknown_household")


def test_a_guardian_is_added_once():
    then = given(OPEN, add(subject=ACCOUNT)).when(add()).then_refused("already_registered")
    assert [row["subject"] for row in then.story.rows("guardians")] == [ACCOUNT]


def test_an_account_speaks_for_one_guardian_of_the_household():
    given(OPEN, add(subject=ACCOUNT)).when(add(BRUNO, ACCOUNT)).then_refused("already_linked")


def test_an_account_is_linked_to_a_guardian_who_had_none():
    then = given(OPEN, add()).when(link()).then_accepted().then_wrote(GuardianLinked)
    assert [row["subject"] for row in then.story.rows("guardians")] == [ACCOUNT]


def test_a_guardian_is_linked_once_and_an_account_too():
    given(OPEN, add(), link()).when(link(subject=Subject("sub-2"))).then_refused("already_linked")
    given(OPEN, add(), link(), add(BRUNO)).when(link(BRUNO)).then_refused("already_linked")


def test_nobody_is_linked_to_a_guardian_of_another_household():
    given(OPEN).when(link()).then_refused("unknown_guardian")
    given().when(link()).then_refused("unknown_guardian")


def test_an_account_linked_by_mistake_opens_nothing_any_more_and_may_be_linked_again():
    then = given(OPEN, add(subject=ACCOUNT)).when(UNLINK).then_accepted().then_wrote(GuardianUnlinked)
    assert [row["subject"] for row in then.story.rows("guardians")] == [""]
    given(OPEN, add(subject=ACCOUNT), UNLINK).when(UNLINK).then_refused("not_linked")
    then = given(OPEN, add(subject=ACCOUNT), UNLINK).when(link()).then_accepted()
    assert [row["subject"] for row in then.story.rows("guardians")] == [ACCOUNT]


def test_nobody_is_unlinked_from_a_guardian_of_another_household():
    given(OPEN).when(UNLINK).then_refused("unknown_guardian")


def test_a_child_is_registered_once_in_a_household():
    given(OPEN).when(REGISTER).then_accepted().then_wrote(ChildRegistered)
    given(registered(MATTEO)).when(REGISTER).then_refused("already_registered")


def test_a_child_needs_a_household():
    given().when(REGISTER).then_refused("unknown_household")
