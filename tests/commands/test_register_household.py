"""The town gets to know a family: the household, and the children who live in it."""

from commands.register_household import OpenHousehold, RegisterChild
from ledger.events import ChildRegistered, HouseholdOpened
from tests.asks import ask
from tests.spec import given, registered
from tests.town import MATTEO, ROSSI

OPEN = ask(OpenHousehold(household=ROSSI))
REGISTER = ask(RegisterChild(child=MATTEO.id, household=ROSSI))


def test_a_household_is_opened_once():
    given().when(OPEN).then_accepted().then_wrote(HouseholdOpened)
    given(OPEN).when(OPEN).then_refused("already_registered")


def test_a_child_is_registered_once_in_a_household():
    given(OPEN).when(REGISTER).then_accepted().then_wrote(ChildRegistered)
    given(registered(MATTEO)).when(REGISTER).then_refused("already_registered")


def test_a_child_needs_a_household():
    given().when(REGISTER).then_refused("unknown_household")
