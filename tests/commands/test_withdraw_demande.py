"""A family takes back what the town has not decided."""

from ledger.events import DemandeWithdrawn
from tests.asks import approve, cancel, reject, reserve, withdraw
from tests.spec import about, clock, enrolled, given
from tests.town import GARDERIE, MATTEO


def test_a_demande_that_waits_is_withdrawn_and_its_days_are_free_again():
    then = given(enrolled(MATTEO), reserve("2024-03-27")).when(withdraw()).then_accepted().then_wrote(DemandeWithdrawn)
    then.then_status("retiree", of=MATTEO).then_day("2024-03-27", None, of=MATTEO)
    then.then_taken("2024-03-27", 0, unit="matinee", pool="grands")


def test_a_cancellation_withdrawn_leaves_the_day_reserved():
    then = given(enrolled(MATTEO), reserve("2024-03-27"), approve(), cancel("2024-03-27")).when(withdraw())
    then.then_accepted().then_day("2024-03-27", "reserved", of=MATTEO).then_status("retiree", of=MATTEO)


def test_withdrawing_leaves_what_was_decided():
    late = given(about(GARDERIE), enrolled(MATTEO), clock("2024-03-25 10:00"))
    then = late.when(reserve("2024-03-26 soir", "2024-03-29 soir"), withdraw()).then_accepted()
    then.then_day("2024-03-26", None, of=MATTEO, unit="soir").then_day("2024-03-29", "reserved", of=MATTEO, unit="soir")
    then.then_status("traitee_positivement", of=MATTEO).then_taken("2024-03-29", 1, unit="soir")


def test_an_accepted_demande_cannot_be_withdrawn():
    given(enrolled(MATTEO), reserve("2024-03-27"), approve()).when(withdraw()).then_refused("already_decided")


def test_a_refused_demande_cannot_be_withdrawn():
    given(enrolled(MATTEO), reserve("2024-03-27"), reject()).when(withdraw()).then_refused("already_decided")


def test_a_demande_is_not_withdrawn_twice():
    given(enrolled(MATTEO), reserve("2024-03-27"), withdraw()).when(withdraw()).then_refused("already_decided")


def test_a_child_nobody_knows_has_nothing_to_withdraw():
    given().when(withdraw(number=1)).then_refused("already_decided")
