"""An account that nobody knows asks an agent to be tied to a guardian."""

from commands.activation import GrantActivation, RefuseActivation, RequestActivation
from commands.guardians import AddGuardian, Suspend
from commands.keep_details import SealedDetails
from commands.register_household import OpenHousehold
from ledger.events import ActivationGranted, ActivationRefused, ActivationRequested, GuardianLinked
from ledger.identifiers import ActivationId, GuardianId, PersonId, Subject, account_of
from tests.asks import ask
from tests.spec import Ask, given
from tests.town import ROSSI, VALMONT, at

PAOLA = GuardianId("g-paola")
FAMILY = (ask(OpenHousehold(household=ROSSI)), ask(AddGuardian(household=ROSSI, guardian=PAOLA)))


def request(name: str = "a-1", account: str = "sub-1") -> Ask:
    sealed = SealedDetails(person=PersonId(name), kind="activation", digest="00" * 32, sealed=b"sealed")
    subject = Subject(account)
    command = RequestActivation(
        account=account_of(VALMONT, subject), activation=ActivationId(name), subject=subject, details=sealed
    )
    return ask(command)


def grant(name: str = "a-1", account: str = "sub-1") -> Ask:
    page = account_of(VALMONT, Subject(account))
    return ask(GrantActivation(account=page, activation=ActivationId(name), household=ROSSI, guardian=PAOLA))


def refuse(name: str = "a-1", account: str = "sub-1") -> Ask:
    page = account_of(VALMONT, Subject(account))
    return ask(RefuseActivation(account=page, activation=ActivationId(name), reason="proof_missing"))


def test_what_is_asked_on_a_friday_evening_is_due_on_tuesday_evening() -> None:
    then = given(now="2024-01-12 17:00").when(request()).then_accepted().then_wrote(ActivationRequested)
    [row] = then.story.rows("activations")
    assert (row["status"], row["due_at"]) == ("waiting", at("2024-01-16 17:00"))
    assert [kept.kind for kept in then.story.store.recorder.vault] == ["activation"]  # type: ignore[union-attr]


def test_an_account_waits_once_and_may_ask_again_when_it_was_answered() -> None:
    given(request()).when(request("a-2")).then_refused("activation_awaiting")
    given(request()).when(request("a-2", "sub-2")).then_accepted()
    then = given(request(), refuse()).when(request("a-2")).then_accepted()
    assert {row["activation"]: row["status"] for row in then.story.rows("activations")} == {
        "a-1": "refused",
        "a-2": "waiting",
    }


def test_an_agent_recognises_a_guardian_and_their_account_opens_the_household() -> None:
    then = given(*FAMILY, request()).when(grant()).then_accepted().then_wrote(ActivationGranted, GuardianLinked)
    assert [(row["subject"], row["standing"]) for row in then.story.rows("guardians")] == [("sub-1", "active")]
    [row] = then.story.rows("activations")
    assert (row["status"], row["household"], row["guardian"]) == ("granted", ROSSI, PAOLA)


def test_an_agent_does_not_recognise_somebody() -> None:
    then = given(*FAMILY, request()).when(refuse()).then_accepted().then_wrote(ActivationRefused)
    assert [(row["status"], row["reason"]) for row in then.story.rows("activations")] == [("refused", "proof_missing")]


def test_nothing_is_decided_twice() -> None:
    given(*FAMILY, request(), grant()).when(refuse()).then_refused("already_decided")
    given(*FAMILY, request(), refuse()).when(grant()).then_refused("already_decided")
    given(*FAMILY, request(), refuse(), request("a-2")).when(grant("a-1")).then_refused("already_decided")


def test_nothing_is_decided_that_was_not_asked() -> None:
    given(*FAMILY).when(grant()).then_refused("unknown_activation")
    given(*FAMILY).when(refuse()).then_refused("unknown_activation")


def test_an_account_goes_to_a_guardian_who_may_have_one() -> None:
    given(request()).when(grant()).then_refused("unknown_guardian")
    taken = ask(AddGuardian(household=ROSSI, guardian=GuardianId("g-bruno"), subject=Subject("sub-1")))
    given(*FAMILY, taken, request()).when(grant()).then_refused("already_linked")
    suspended = ask(Suspend(household=ROSSI, guardian=PAOLA, scope="guardian", reason="court_order"))
    given(*FAMILY, suspended, request()).when(grant()).then_refused("guardian_suspended")
