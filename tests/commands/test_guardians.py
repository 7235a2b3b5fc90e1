"""Who answers for the children of a household, who is its titulaire, and who may do nothing for a while."""

import pytest

from commands.family_keys import IssueKey
from commands.guardians import (
    AddGuardian,
    LinkGuardian,
    NameHolder,
    Reinstate,
    RemoveGuardian,
    Scope,
    Suspend,
    UnlinkGuardian,
)
from commands.register_household import OpenHousehold
from ledger.events import (
    AccountReinstated,
    AccountSuspended,
    FamilyKeyRevoked,
    GuardianAdded,
    GuardianLeft,
    GuardianLinked,
    GuardianReinstated,
    GuardianSuspended,
    GuardianUnlinked,
    HolderChanged,
)
from ledger.household import Household
from ledger.identifiers import GuardianId, KeyId, Subject
from tests.asks import ask
from tests.spec import Ask, Story, Then, given, registered
from tests.town import MATTEO, ROSSI

PAOLA, BRUNO = GuardianId("g-paola"), GuardianId("g-bruno")
ACCOUNT = Subject("sub-1")

OPEN = ask(OpenHousehold(household=ROSSI))
TWO = (
    OPEN,
    ask(AddGuardian(household=ROSSI, guardian=PAOLA, subject=ACCOUNT)),
    ask(AddGuardian(household=ROSSI, guardian=BRUNO)),
)
UNLINK = ask(UnlinkGuardian(household=ROSSI, guardian=PAOLA))


def add(guardian: GuardianId = PAOLA, subject: Subject | None = None) -> Ask:
    return ask(AddGuardian(household=ROSSI, guardian=guardian, subject=subject))


def link(guardian: GuardianId = PAOLA, subject: Subject = ACCOUNT) -> Ask:
    return ask(LinkGuardian(household=ROSSI, guardian=guardian, subject=subject))


def name(guardian: GuardianId) -> Ask:
    return ask(NameHolder(household=ROSSI, guardian=guardian))


def remove(guardian: GuardianId) -> Ask:
    return ask(RemoveGuardian(household=ROSSI, guardian=guardian, children=[MATTEO.id]))


def suspend(guardian: GuardianId, scope: Scope = "guardian") -> Ask:
    return ask(Suspend(household=ROSSI, guardian=guardian, scope=scope, reason="court_order"))


def reinstate(guardian: GuardianId, scope: Scope | None = None) -> Ask:
    return ask(Reinstate(household=ROSSI, guardian=guardian, scope=scope))


def key(name: str, guardian: GuardianId | None = None) -> Ask:
    return ask(IssueKey(household=ROSSI, key=KeyId(name), digest="00" * 32, guardian=guardian))


def household(story: Story) -> Household:
    state = story.store.household(story.commune, ROSSI).state
    assert state is not None
    return state


def standings(then: Then) -> dict[str, str]:
    return {row["guardian"]: row["standing"] for row in then.story.rows("guardians")}


def test_a_guardian_may_have_no_account_yet() -> None:
    given(OPEN).when(add()).then_accepted().then_wrote(GuardianAdded)


def test_a_guardian_may_come_with_an_account() -> None:
    then = given(OPEN).when(add(subject=ACCOUNT)).then_accepted().then_wrote(GuardianAdded, GuardianLinked)
    assert [row["subject"] for row in then.story.rows("guardians")] == [ACCOUNT]


def test_a_household_nobody_opened_has_no_guardian() -> None:
    given().when(add()).then_refused("unknown_household")


def test_a_guardian_is_added_once() -> None:
    then = given(OPEN, add(subject=ACCOUNT)).when(add()).then_refused("already_registered")
    assert [row["subject"] for row in then.story.rows("guardians")] == [ACCOUNT]


def test_an_account_speaks_for_one_guardian_of_the_household() -> None:
    given(OPEN, add(subject=ACCOUNT)).when(add(BRUNO, ACCOUNT)).then_refused("already_linked")


def test_an_account_is_linked_to_a_guardian_who_had_none() -> None:
    then = given(OPEN, add()).when(link()).then_accepted().then_wrote(GuardianLinked)
    assert [row["subject"] for row in then.story.rows("guardians")] == [ACCOUNT]


def test_a_guardian_is_linked_once_and_an_account_too() -> None:
    given(OPEN, add(), link()).when(link(subject=Subject("sub-2"))).then_refused("already_linked")
    given(OPEN, add(), link(), add(BRUNO)).when(link(BRUNO)).then_refused("already_linked")


def test_nobody_is_linked_to_a_guardian_of_another_household() -> None:
    given(OPEN).when(link()).then_refused("unknown_guardian")
    given().when(link()).then_refused("unknown_guardian")


def test_an_account_linked_by_mistake_opens_nothing_any_more_and_may_be_linked_again() -> None:
    then = given(OPEN, add(subject=ACCOUNT)).when(UNLINK).then_accepted().then_wrote(GuardianUnlinked)
    assert [row["subject"] for row in then.story.rows("guardians")] == [""]
    given(OPEN, add(subject=ACCOUNT), UNLINK).when(UNLINK).then_refused("not_linked")
    then = given(OPEN, add(subject=ACCOUNT), UNLINK).when(link()).then_accepted()
    assert [row["subject"] for row in then.story.rows("guardians")] == [ACCOUNT]


def test_nobody_is_unlinked_from_a_guardian_of_another_household() -> None:
    given(OPEN).when(UNLINK).then_refused("unknown_guardian")


def test_the_first_guardian_is_the_titulaire_until_another_is_named() -> None:
    then = given(*TWO).when(name(BRUNO)).then_accepted().then_wrote(HolderChanged)
    assert household(then.story).holder == BRUNO
    assert {row["guardian"]: row["holder"] for row in then.story.rows("guardians")} == {PAOLA: False, BRUNO: True}


def test_a_titulaire_is_not_named_twice() -> None:
    given(*TWO).when(name(PAOLA)).then_refused("nothing_to_do")


def test_a_titulaire_is_a_guardian_of_the_household() -> None:
    given(OPEN).when(name(PAOLA)).then_refused("unknown_guardian")


def test_a_guardian_who_leaves_takes_their_account_with_them() -> None:
    then = given(*TWO, registered(MATTEO)).when(remove(PAOLA)).then_accepted().then_wrote(GuardianLeft)
    assert standings(then) == {BRUNO: "active"}
    assert household(then.story).holder == BRUNO
    assert household(then.story).speaks(ACCOUNT) is None


def test_a_household_with_children_keeps_somebody_who_may_act() -> None:
    given(*TWO, registered(MATTEO), remove(BRUNO)).when(remove(PAOLA)).then_refused("last_guardian")
    given(*TWO, registered(MATTEO), suspend(BRUNO)).when(remove(PAOLA)).then_refused("last_guardian")
    given(*TWO, registered(MATTEO), suspend(BRUNO)).when(remove(BRUNO)).then_accepted()


def test_a_household_without_children_may_lose_its_last_guardian() -> None:
    given(*TWO, remove(BRUNO)).when(remove(PAOLA)).then_accepted()


def test_nobody_leaves_a_household_they_are_not_of() -> None:
    given(*TWO, remove(BRUNO)).when(remove(BRUNO)).then_refused("unknown_guardian")


def test_a_suspended_guardian_speaks_for_nobody() -> None:
    then = given(*TWO).when(suspend(PAOLA)).then_accepted().then_wrote(GuardianSuspended)
    assert standings(then) == {PAOLA: "suspended", BRUNO: "active"}
    assert household(then.story).speaks(ACCOUNT) is None


def test_a_suspended_account_opens_nothing_and_its_guardian_stays_one() -> None:
    then = given(*TWO).when(suspend(PAOLA, "account")).then_accepted().then_wrote(AccountSuspended)
    assert standings(then) == {PAOLA: "account_suspended", BRUNO: "active"}
    assert household(then.story).speaks(ACCOUNT) is None


@pytest.mark.parametrize("scope", ["guardian", "account"])
def test_nothing_is_suspended_twice(scope: Scope) -> None:
    given(*TWO, suspend(PAOLA, scope)).when(suspend(PAOLA, scope)).then_refused("already_suspended")


def test_there_is_no_account_to_suspend_where_there_is_none() -> None:
    given(*TWO).when(suspend(BRUNO, "account")).then_refused("not_linked")


def test_a_guardian_is_reinstated_with_their_account() -> None:
    both = (*TWO, suspend(PAOLA), suspend(PAOLA, "account"))
    then = given(*both).when(reinstate(PAOLA)).then_accepted().then_wrote(GuardianReinstated, AccountReinstated)
    assert household(then.story).speaks(ACCOUNT) == PAOLA


def test_a_guardian_or_an_account_may_be_reinstated_alone() -> None:
    both = (*TWO, suspend(PAOLA), suspend(PAOLA, "account"))
    then = given(*both).when(reinstate(PAOLA, "guardian")).then_wrote(GuardianReinstated)
    assert standings(then)[PAOLA] == "account_suspended"
    then = given(*both).when(reinstate(PAOLA, "account")).then_wrote(AccountReinstated)
    assert standings(then)[PAOLA] == "suspended"


def test_nothing_is_reinstated_that_was_not_suspended() -> None:
    given(*TWO).when(reinstate(PAOLA)).then_refused("not_suspended")
    given(*TWO, suspend(PAOLA)).when(reinstate(PAOLA, "account")).then_refused("not_suspended")


def test_another_account_does_not_lift_the_suspension_of_a_guardian() -> None:
    unlink = ask(UnlinkGuardian(household=ROSSI, guardian=PAOLA))
    link = ask(LinkGuardian(household=ROSSI, guardian=PAOLA, subject=Subject("sub-2")))
    then = given(*TWO, suspend(PAOLA), unlink).when(link).then_accepted()
    assert household(then.story).speaks(Subject("sub-2")) is None


def test_the_keys_a_suspended_guardian_may_hold_open_nothing_any_more() -> None:
    keys = (key("anybody"), key("bruno", BRUNO))
    then = given(*TWO, *keys).when(suspend(PAOLA)).then_wrote(GuardianSuspended, FamilyKeyRevoked)
    assert {name: found.revoked for name, found in household(then.story).keys.items()} == {
        "anybody": True,
        "bruno": False,
    }
    given(*TWO, *keys).when(remove(BRUNO)).then_wrote(GuardianLeft, FamilyKeyRevoked, FamilyKeyRevoked)
