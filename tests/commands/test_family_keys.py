"""The Clé Enfance: issued for a household or one guardian, for a time and a number of uses."""

from datetime import date

import pytest

from commands.family_keys import IssueKey, RedeemKey, RevokeKey
from commands.guardians import AddGuardian, Reinstate, Suspend, UnlinkGuardian
from commands.outcome import Accepted, Refused
from commands.register_household import OpenHousehold
from ledger.events import FamilyKeyIssued, FamilyKeyRevoked, GuardianLinked
from ledger.identifiers import GuardianId, KeyId, Subject
from tests.asks import ask
from tests.spec import Ask, Given, clock, given
from tests.town import ROSSI, at

PAOLA, BRUNO = GuardianId("g-paola"), GuardianId("g-bruno")
KEY, DIGEST = KeyId("k-1"), "ab" * 32

ALONE = (ask(OpenHousehold(household=ROSSI)), ask(AddGuardian(household=ROSSI, guardian=PAOLA)))
TWO = (*ALONE, ask(AddGuardian(household=ROSSI, guardian=BRUNO)))
SUSPENDED = ask(Suspend(household=ROSSI, guardian=PAOLA, scope="guardian", reason="under_review"))


def issue(guardian: GuardianId | None = None, *, uses: int = 1, until: str | None = None) -> Ask:
    last = date.fromisoformat(until) if until else None
    return ask(IssueKey(household=ROSSI, key=KEY, digest=DIGEST, uses=uses, expires_on=last, guardian=guardian))


def redeem(account: str = "sub-1", guardian: GuardianId | None = None) -> Ask:
    return ask(RedeemKey(subject=Subject(account), household=ROSSI, key=KEY, guardian=guardian))


REVOKE = ask(RevokeKey(household=ROSSI, key=KEY))


def test_a_key_lasts_sixty_days_unless_said_otherwise() -> None:
    then = given(*ALONE).when(issue()).then_accepted().then_wrote(FamilyKeyIssued)
    [row] = then.story.rows("family_keys")
    assert row["expires_at"] == at("2024-03-11 00:00"), "to the end of 10 March by the clock of the town hall"
    given(*ALONE, issue(until="2024-01-10"), clock("2024-01-10 23:59")).when(redeem()).then_accepted()
    given(*ALONE, issue(until="2024-01-10"), clock("2024-01-11 00:00")).when(redeem()).then_refused("key_refused")


@pytest.mark.parametrize("until", ["2024-01-09", "2025-02-14"])
def test_a_key_ends_neither_before_it_begins_nor_after_four_hundred_days(until: str) -> None:
    given(*ALONE).when(issue(until=until)).then_refused("expiry_out_of_reach")
    given(*ALONE).when(issue(until="2025-02-13")).then_accepted()


def test_a_key_names_a_guardian_who_may_use_it() -> None:
    given(*ALONE).when(issue(BRUNO)).then_refused("unknown_guardian")
    given(*ALONE, SUSPENDED).when(issue(PAOLA)).then_refused("guardian_suspended")
    given(*ALONE, issue(), redeem()).when(issue(PAOLA)).then_refused("already_linked")
    given().when(issue()).then_refused("unknown_household")


def test_whoever_types_the_key_speaks_for_the_guardian_it_names() -> None:
    then = given(*TWO, issue(BRUNO)).when(redeem()).then_accepted().then_wrote(GuardianLinked)
    [fact] = then.story.facts
    assert fact == GuardianLinked(guardian=BRUNO, subject=Subject("sub-1"), how="key", key=KEY)
    assert [row["used"] for row in then.story.rows("family_keys")] == [1]


def test_a_key_for_anybody_goes_to_the_guardian_who_has_no_account() -> None:
    linked = ask(AddGuardian(household=ROSSI, guardian=BRUNO, subject=Subject("sub-2")))
    then = given(*ALONE, linked, issue()).when(redeem()).then_accepted()
    assert {row["guardian"]: row["subject"] for row in then.story.rows("guardians")} == {PAOLA: "sub-1", BRUNO: "sub-2"}


def test_between_two_guardians_the_caller_says_who_they_are_and_the_key_is_not_used_up() -> None:
    then = given(*TWO, issue()).when(redeem()).then_refused("guardian_to_choose", "guardian_to_choose")
    assert isinstance(then.story.outcome, Refused)
    assert [refusal.guardian for refusal in then.story.outcome.refusals] == [PAOLA, BRUNO]
    assert isinstance(redeem(guardian=BRUNO).tried(then.story), Accepted)
    assert [row["used"] for row in then.story.rows("family_keys")] == [1]


def test_nobody_chooses_to_be_somebody_else() -> None:
    stranger = GuardianId("g-stranger")
    given(*TWO, issue()).when(redeem(guardian=stranger)).then_refused("guardian_to_choose", "guardian_to_choose")
    given(*TWO, issue(BRUNO)).when(redeem(guardian=PAOLA)).then_refused("guardian_to_choose")


def test_a_key_is_used_as_often_as_it_says() -> None:
    given(*TWO, issue(uses=1), redeem("sub-1", PAOLA)).when(redeem("sub-2", BRUNO)).then_refused("key_refused")
    given(*TWO, issue(uses=2), redeem("sub-1", PAOLA)).when(redeem("sub-2")).then_accepted()


def test_an_account_is_linked_once_in_a_household() -> None:
    given(*TWO, issue(uses=2), redeem("sub-1", PAOLA)).when(redeem("sub-1", BRUNO)).then_refused("already_linked")


def test_a_revoked_key_opens_nothing() -> None:
    then = given(*ALONE, issue()).when(REVOKE).then_accepted().then_wrote(FamilyKeyRevoked)
    assert [row["revoked"] for row in then.story.rows("family_keys")] == [True]
    given(*ALONE, issue(), REVOKE).when(redeem()).then_refused("key_refused")
    given(*ALONE, issue(), REVOKE).when(REVOKE).then_refused("nothing_to_do")
    given(*ALONE).when(REVOKE).then_refused("unknown_key")


def test_a_key_nobody_issued_is_refused_as_one_that_is_used_up() -> None:
    unknown = ask(RedeemKey(subject=Subject("sub-1"), household=None, key=None))
    given(*ALONE).when(unknown).then_refused("key_refused")


def test_no_key_lets_a_suspended_guardian_in() -> None:
    given(*ALONE, SUSPENDED, issue()).when(redeem()).then_refused("key_refused")
    given(*ALONE, issue(PAOLA), SUSPENDED).when(redeem()).then_refused("key_refused")
    linked = ask(AddGuardian(household=ROSSI, guardian=BRUNO, subject=Subject("sub-2")))
    given(*ALONE, linked, SUSPENDED, issue()).when(redeem("sub-3")).then_refused("key_refused")


def test_a_key_revoked_by_a_suspension_stays_so() -> None:
    back = ask(Reinstate(household=ROSSI, guardian=PAOLA))
    given(*ALONE, issue(PAOLA), SUSPENDED, back).when(redeem()).then_refused("key_refused")


@pytest.mark.parametrize(
    "taken_away",
    [
        UnlinkGuardian(household=ROSSI, guardian=PAOLA),
        Suspend(household=ROSSI, guardian=PAOLA, scope="account", reason="account_lost"),
    ],
    ids=["unlinked", "suspended"],
)
def test_an_account_that_was_taken_away_does_not_come_back_with_a_key(taken_away: UnlinkGuardian | Suspend) -> None:
    then = given(*TWO, issue(uses=3), redeem("sub-1", PAOLA)).when(ask(taken_away)).then_accepted()
    assert [row["revoked"] for row in then.story.rows("family_keys")] == [True]
    for account in ("sub-1", "sub-of-the-same-person"):
        Given(story=then.story).when(redeem(account)).then_refused("key_refused")
