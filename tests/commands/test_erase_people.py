"""A family is forgotten once nothing of it lasts, waits or is to come, and never in part."""

from collections.abc import Mapping, Sequence

from commands.declare_quotient import DeclareQuotient
from commands.erase_people import AccountRequest, Agreement, EraseAgain, ErasePeople, Whom
from commands.family_keys import IssueKey, RedeemKey
from commands.guardians import AddGuardian, LinkGuardian, RemoveGuardian, Suspend
from commands.keep_document import KeepDocument
from commands.members import AddContact, AddMember, RemoveMember
from commands.register_household import OpenHousehold, RegisterChild
from ledger.events import GuardianUnlinked, PersonErased
from ledger.identifiers import (
    ActivationId,
    ChildId,
    DocumentId,
    GuardianId,
    HouseholdId,
    KeyId,
    PersonId,
    Slug,
    Subject,
)
from ledger.sealed import Forget
from ledger.streams import child_page, household_page
from tests.asks import ask, join, submit
from tests.payers import billed, money, pay
from tests.spec import Ask, Given, Then, clock, enrolled, given, registered
from tests.town import CHIARA, DIALLO, MATTEO, ROSSI, VALMONT, Person, day

PAOLA, MARCO, NONNA = GuardianId("g-paola"), GuardianId("g-marco"), PersonId("p-nonna")
ASKED = ActivationId("a-paola")
AGREEMENT = Agreement(reference="AD78-2026/12", agreed_by=Subject("archiviste"), agreed_on=day("2026-01-12"))
OPEN = ask(OpenHousehold(household=ROSSI))
WITH_PAOLA = ask(AddGuardian(household=ROSSI, guardian=PAOLA, subject=Subject("parent-1")))
WITH_NONNA = ask(AddContact(household=ROSSI, person=NONNA, collects=True))
LATER = clock("2026-02-02 10:00")
"""Years after the last day of the cast."""


def erase(
    *children: Person,
    household: HouseholdId | None = ROSSI,
    only: str | None = None,
    elsewhere: Mapping[PersonId, Sequence[HouseholdId]] | None = None,
    requests: Sequence[AccountRequest] = (),
    settled_elsewhere: bool = False,
) -> Ask:
    whom = Whom(
        household=household,
        children=[child.id for child in children],
        only=PersonId(only) if only else None,
        elsewhere=elsewhere or {},
        requests=requests,
    )
    return ask(ErasePeople(whom=whom, agreement=AGREEMENT, settled_elsewhere=settled_elsewhere))


def forgotten(then: Then) -> list[str]:
    return [change.person for change in then.story.store.recorder.vault if isinstance(change, Forget)]


def test_a_whole_family_is_forgotten_at_once_and_their_accounts_open_nothing() -> None:
    asked = AccountRequest(activation=ASKED, guardian=PAOLA, waits=False)
    then = given(OPEN, WITH_PAOLA, WITH_NONNA, enrolled(MATTEO, CHIARA), LATER).when(
        erase(MATTEO, CHIARA, requests=[asked])
    )
    then.then_accepted().then_wrote(PersonErased, PersonErased, PersonErased, GuardianUnlinked, PersonErased)
    assert forgotten(then) == [MATTEO.id, CHIARA.id, NONNA, PAOLA, ASKED]
    assert {row["subject"] for row in then.story.rows("guardians")} == {""}
    assert {row["person"] for row in then.story.rows("erased_people")} == {MATTEO.id, CHIARA.id, NONNA, PAOLA}
    assert all(row["erased"] for row in then.story.rows("children"))
    [fact] = [fact for fact in then.story.facts if isinstance(fact, PersonErased) and fact.person == PAOLA]
    assert (fact.agreement, fact.agreed_by, fact.agreed_on) == ("AD78-2026/12", "archiviste", day("2026-01-12"))


def test_those_who_left_are_forgotten_too() -> None:
    gone = ask(RemoveGuardian(household=ROSSI, guardian=MARCO, children=[]))
    moved = ask(AddMember(household=ROSSI, person=NONNA)), ask(RemoveMember(household=ROSSI, person=NONNA))
    marco = ask(AddGuardian(household=ROSSI, guardian=MARCO))
    then = given(OPEN, WITH_PAOLA, marco, gone, *moved, LATER).when(erase())
    assert sorted(forgotten(then.then_accepted())) == sorted([NONNA, MARCO, PAOLA])


def test_nobody_is_forgotten_while_a_child_is_enrolled_or_expected() -> None:
    given(OPEN, WITH_PAOLA, enrolled(MATTEO)).when(erase(MATTEO)).then_refused("still_enrolled", "still_answering")
    booked = submit(reserve=["2024-03-27"])
    told = given(OPEN, enrolled(MATTEO), booked).when(erase(MATTEO))
    told.then_refused("still_enrolled", "still_reserved", "still_awaiting")


def test_what_is_over_is_in_nobodys_way() -> None:
    given(OPEN, WITH_PAOLA, enrolled(MATTEO, last_day="2024-01-09")).when(erase(MATTEO)).then_accepted()
    given(OPEN, WITH_PAOLA, enrolled(MATTEO, last_day="2024-01-10")).when(erase(MATTEO)).then_refused(
        "still_enrolled", "still_answering"
    )


def test_what_waits_for_an_answer_is_in_the_way_however_old() -> None:
    booked = submit(reserve=["2024-03-27"])
    told = given(OPEN, WITH_PAOLA, enrolled(MATTEO), booked, LATER).when(erase(MATTEO))
    told.then_refused("still_awaiting", "still_answering")
    waiting = AccountRequest(activation=ASKED, guardian=PAOLA, waits=True)
    given(OPEN, WITH_PAOLA, LATER).when(erase(requests=[waiting])).then_refused("still_awaiting")


def test_a_child_of_two_households_waits_for_the_days_of_the_other() -> None:
    other = ask(OpenHousehold(household=DIALLO))
    booked = submit(reserve=["2024-06-26"], by=[DIALLO])
    told = given(OPEN, WITH_PAOLA, other, enrolled(MATTEO, last_day="2024-06-30"), join(DIALLO), booked)
    told.when(erase(MATTEO, household=None)).then_refused("still_enrolled", "still_reserved", "still_awaiting")
    alone = given(OPEN, other, enrolled(MATTEO), join(DIALLO), LATER).when(erase(MATTEO, household=None))
    assert forgotten(alone.then_accepted().then_wrote(PersonErased)) == [MATTEO.id]
    assert [row["erased"] for row in alone.story.rows("children")] == [True, True]


def test_a_guardian_who_answers_for_a_child_stays_and_one_who_left_goes() -> None:
    family = (OPEN, WITH_PAOLA, registered(MATTEO))
    given(*family, LATER).when(erase(MATTEO, only=PAOLA)).then_refused("still_answering")
    given(*family, LATER).when(erase(MATTEO)).then_accepted()
    marco = (
        ask(AddGuardian(household=ROSSI, guardian=MARCO)),
        ask(RemoveGuardian(household=ROSSI, guardian=MARCO, children=[])),
    )
    then = given(*family, *marco).when(erase(MATTEO, only=MARCO)).then_accepted()
    assert forgotten(then) == [MARCO]


def test_one_contact_is_forgotten_and_the_family_stays() -> None:
    then = given(OPEN, WITH_PAOLA, WITH_NONNA, enrolled(MATTEO)).when(erase(MATTEO, only=NONNA)).then_accepted()
    assert forgotten(then.then_wrote(PersonErased)) == [NONNA]


def test_a_suspension_under_review_is_concluded_first() -> None:
    review = ask(Suspend(household=ROSSI, guardian=PAOLA, scope="guardian", reason="under_review"))
    given(OPEN, WITH_PAOLA, review, LATER).when(erase()).then_refused("still_under_review")
    ordered = ask(Suspend(household=ROSSI, guardian=PAOLA, scope="guardian", reason="court_order"))
    given(OPEN, WITH_PAOLA, ordered, LATER).when(erase()).then_accepted()


def test_somebody_whom_another_household_knows_stays() -> None:
    other = ask(OpenHousehold(household=DIALLO)), ask(AddContact(household=DIALLO, person=NONNA, collects=False))
    told = given(OPEN, WITH_NONNA, *other, LATER).when(erase(elsewhere={NONNA: [DIALLO]}))
    told.then_refused("still_elsewhere")


def test_what_a_household_asks_keeps_those_who_answer_for_it() -> None:
    paper = KeepDocument(
        household=ROSSI,
        document=DocumentId("d-1"),
        owner=PAOLA,
        about=None,
        kind=Slug("attestation"),
        media_type="image/png",
        size_bytes=12,
        match=b"match",
        sealed=b"sealed",
    )
    quotient = DeclareQuotient(household=ROSSI, amount_cents=71_200, source="caf", documents=(DocumentId("d-1"),))
    asked = (OPEN, WITH_PAOLA, WITH_NONNA, ask(paper), ask(quotient), LATER)
    given(*asked).when(erase()).then_refused("still_awaiting")
    given(*asked).when(erase(only=NONNA)).then_accepted()


def test_a_family_that_owes_is_not_forgotten_until_its_account_is_settled() -> None:
    owing = given(OPEN, WITH_PAOLA, enrolled(MATTEO), billed(1, 5_511), LATER)
    owing.when(erase(MATTEO)).then_refused("still_owing")
    owing.when(erase(MATTEO, settled_elsewhere=True)).then_accepted()
    paid = given(OPEN, WITH_PAOLA, enrolled(MATTEO), billed(1, 5_511), LATER, pay(money(5_511)))
    paid.when(erase(MATTEO)).then_accepted()


def test_a_family_the_town_owes_to_is_paid_back_first() -> None:
    owed = given(OPEN, WITH_PAOLA, billed(1, -300), LATER)
    owed.when(erase()).then_refused("still_owed")
    owed.when(erase(settled_elsewhere=True)).then_accepted()


def test_a_debt_keeps_somebody_to_ask_and_nobody_else() -> None:
    marco = ask(AddGuardian(household=ROSSI, guardian=MARCO))
    told = given(OPEN, WITH_PAOLA, marco, WITH_NONNA, billed(1, 5_511), LATER)
    told.when(erase(only=NONNA)).then_accepted()
    told.when(erase()).then_refused("still_owing", "still_owing")
    told.when(erase(only=PAOLA)).then_accepted()
    told.when(erase(only=MARCO)).then_refused("still_owing")


def test_what_is_settled_elsewhere_lets_nothing_else_by() -> None:
    owing = given(OPEN, WITH_PAOLA, enrolled(MATTEO), billed(1, 5_511))
    owing.when(erase(MATTEO, settled_elsewhere=True)).then_refused("still_enrolled", "still_answering")


def test_nobody_is_forgotten_who_is_not_there() -> None:
    given().when(erase()).then_refused("unknown_household")
    given(OPEN, WITH_PAOLA).when(erase(only="p-nobody")).then_refused("unknown_person")
    given(OPEN).when(erase(MATTEO, household=None)).then_refused("unknown_child")
    given(OPEN, ask(OpenHousehold(household=DIALLO)), registered(MATTEO)).when(
        erase(MATTEO, household=DIALLO, only=MATTEO.id)
    ).then_refused("unknown_person")


def test_forgotten_twice_writes_nothing_more_and_destroys_again() -> None:
    family = (OPEN, WITH_PAOLA, registered(MATTEO), LATER)
    then = given(*family, erase(MATTEO)).when(erase(MATTEO)).then_accepted().then_wrote()
    assert forgotten(then) == [MATTEO.id, PAOLA] * 2


def test_an_erasure_that_was_lost_is_done_again_whatever_came_back_with_the_database() -> None:
    pages = {
        PersonId(MATTEO.id): child_page(VALMONT, MATTEO.id),
        PersonId(PAOLA): household_page(VALMONT, ROSSI),
        NONNA: household_page(VALMONT, DIALLO),
    }
    again = ask(EraseAgain(pages_of=pages, agreement=AGREEMENT))
    then = given(OPEN, WITH_PAOLA, enrolled(MATTEO)).when(again).then_accepted()
    then.then_wrote(PersonErased, GuardianUnlinked, PersonErased)
    assert forgotten(then) == [MATTEO.id, PAOLA]
    given(OPEN, WITH_PAOLA, enrolled(MATTEO), again).when(again).then_accepted().then_wrote()


def test_nothing_lets_anybody_in_again_to_a_family_that_was_forgotten() -> None:
    key, account, born = KeyId("k-1"), Subject("parent-9"), ChildId("c-new")
    issued = ask(IssueKey(household=ROSSI, key=key, digest="ab" * 32, uses=2, expires_on=day("2026-12-31")))
    then = given(OPEN, WITH_PAOLA, enrolled(MATTEO), LATER, issued).when(erase(MATTEO)).then_accepted()
    assert [row["revoked"] for row in then.story.rows("family_keys")] == [True]
    after = Given(story=then.story)
    after.when(ask(RedeemKey(subject=account, household=ROSSI, key=key))).then_refused("key_refused")
    after.when(ask(LinkGuardian(household=ROSSI, guardian=PAOLA, subject=account))).then_refused("person_erased")
    after.when(ask(AddGuardian(household=ROSSI, guardian=MARCO, subject=account))).then_refused("person_erased")
    after.when(ask(IssueKey(household=ROSSI, key=KeyId("k-2"), digest="cd" * 32))).then_refused("person_erased")
    after.when(ask(RegisterChild(child=born, household=ROSSI))).then_refused("person_erased")
