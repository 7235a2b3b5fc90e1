"""A quotient familial is declared with its document, corrected, and counts from a day."""

import pytest

from commands.decide_demandes import QuotientCorrection
from commands.declare_quotient import RecordQuotient
from ledger.events import DemandeApproved, DemandeRejected, QuotientDecided, QuotientDeclared
from rulebook.quotients import begins
from rulebook.tariffs import QuotientRule
from tests.asks import ask
from tests.formalities import CERTIFICATE, accept, adopted, family, household_of, quotient, row_of, take_back, turn_down
from tests.spec import clock, given
from tests.town import DIALLO, ROSSI, day

BY_RULE = '[demarches.quotient]\narticle = "9.3"\ninstruction = "regle"\n'


def record(amount_cents: int, first_day: str = "2024-01-01", household: str = ROSSI, *, regularisation: bool = False):
    return ask(
        RecordQuotient(
            household=household,  # type: ignore[arg-type]
            amount_cents=amount_cents,
            source="msa",
            first_day=day(first_day),
            regularisation=regularisation,
        )
    )


def test_a_quotient_waits_with_its_document():
    then = given(family()).when(quotient()).then_accepted().then_wrote(QuotientDeclared)
    row = row_of(then.story)
    assert (row["kind"], row["status"], row["documents"]) == ("quotient", "en_cours", [CERTIFICATE])
    assert household_of(then.story).quotients == ()


def test_a_quotient_without_a_document_is_refused():
    given(family()).when(quotient(documents=[])).then_refused("document_required")


def test_it_counts_from_the_month_after_it_was_declared_however_late_it_is_approved():
    then = given(family(), quotient(), clock("2024-03-05 10:00")).when(accept())
    then.then_wrote(DemandeApproved, QuotientDecided)
    [decided] = household_of(then.story).quotients
    assert (decided.amount_cents, decided.first_day, decided.demande) == (65_300, day("2024-02-01"), 1)


@pytest.mark.parametrize(("now", "late"), [("2024-02-29 23:59", False), ("2024-03-01 00:00", True)])
def test_a_quotient_declared_in_time_and_decided_when_its_month_is_over_goes_back_on_it_by_itself(now: str, late: bool):
    then = given(family(), quotient(), clock(now)).when(accept()).then_accepted()
    [decided] = household_of(then.story).quotients
    assert (decided.first_day, decided.regularisation) == (day("2024-02-01"), late)
    corrected = given(family(), quotient(), clock(now)).when(accept(quotient=QuotientCorrection(amount_cents=1)))
    assert household_of(corrected.story).quotients[0].regularisation is late


def test_the_month_is_that_of_the_town_hall():
    then = given(family(), clock("2024-02-01 00:30"), quotient()).when(accept())
    assert household_of(then.story).quotients[0].first_day == day("2024-03-01")


@pytest.mark.parametrize(
    ("on", "first"), [("2024-01-31", "2024-02-01"), ("2023-12-01", "2024-01-01"), ("2024-02-29", "2024-03-01")]
)
def test_the_first_day_of_the_next_month(on: str, first: str):
    assert begins(QuotientRule(article="", effect="next_month"), day(on)) == day(first)


@pytest.mark.parametrize(("effect", "first"), [("jour", "2024-01-31"), ("mois en cours", "2024-01-01")])
def test_a_declared_quotient_counts_from_when_the_rulebook_says(effect: str, first: str):
    rule = f'[quotient]\neffet = "{effect}"\n'
    then = given(family(), adopted(rule), clock("2024-01-31 10:00"), quotient(), clock("2024-03-05 10:00"))
    then = then.when(accept()).then_accepted()
    [decided] = household_of(then.story).quotients
    assert (decided.first_day, decided.regularisation) == (day(first), True), "January is over"
    by_rule = given(family(), adopted(f"{BY_RULE}{rule}"), clock("2024-01-31 10:00")).when(quotient())
    assert household_of(by_rule.story).quotients[0].first_day == day(first)


def test_a_month_that_is_over_keeps_its_quotient_unless_the_town_goes_back_on_it():
    given(family(), clock("2024-02-15 10:00")).when(record(1, "2024-01-31")).then_refused("quotient_retroactive")
    given(family(), clock("2024-02-15 10:00")).when(record(1, "2024-02-01")).then_accepted()
    then = given(family(), clock("2024-02-15 10:00")).when(record(1, "2024-01-31", regularisation=True))
    then.then_wrote(QuotientDecided)
    assert household_of(then.story).quotients[0].regularisation
    assert [row["regularisation"] for row in then.story.rows("quotients")] == [True]


def test_a_quotient_of_the_month_is_no_regularisation_whatever_was_said():
    then = given(family()).when(record(1, regularisation=True)).then_accepted()
    assert not household_of(then.story).quotients[0].regularisation


def test_a_correction_goes_back_on_a_month_that_is_over_only_when_it_says_so():
    past = QuotientCorrection(first_day=day("2023-12-01"))
    given(family(), quotient()).when(accept(quotient=past)).then_refused("quotient_retroactive")
    said = QuotientCorrection(first_day=day("2023-12-01"), regularisation=True)
    then = given(family(), quotient()).when(accept(quotient=said)).then_accepted()
    [decided] = household_of(then.story).quotients
    assert (decided.first_day, decided.regularisation) == (day("2023-12-01"), True)


def test_an_agent_corrects_the_amount_and_the_day():
    said = QuotientCorrection(amount_cents=56_300, first_day=day("2024-01-01"))
    then = given(family(), quotient()).when(accept(quotient=said)).then_accepted()
    [decided] = household_of(then.story).quotients
    assert (decided.amount_cents, decided.first_day, decided.source) == (56_300, day("2024-01-01"), "caf")


def test_a_correction_of_nothing_keeps_what_was_declared():
    then = given(family(), quotient()).when(accept(quotient=QuotientCorrection())).then_accepted()
    assert household_of(then.story).quotients[0].amount_cents == 65_300


def test_a_correction_to_zero_is_a_correction():
    then = given(family(), quotient()).when(accept(quotient=QuotientCorrection(amount_cents=0))).then_accepted()
    assert household_of(then.story).quotients[0].amount_cents == 0


@pytest.mark.parametrize("amount", [-1, 10_000_000])
def test_an_amount_out_of_bounds_is_refused_wherever_it_comes_from(amount: int):
    given(family()).when(quotient(amount)).then_refused("quotient_out_of_bounds")
    given(family()).when(record(amount)).then_refused("quotient_out_of_bounds")
    said = QuotientCorrection(amount_cents=amount)
    given(family(), quotient()).when(accept(quotient=said)).then_refused("quotient_out_of_bounds")


@pytest.mark.parametrize("amount", [0, 9_999_999])
def test_the_bounds_are_quotients(amount: int):
    given(family()).when(quotient(amount)).then_accepted()


def test_a_refused_quotient_is_none():
    then = given(family(), quotient()).when(turn_down()).then_wrote(DemandeRejected)
    assert household_of(then.story).quotients == ()
    assert row_of(then.story)["refusal"] == "autre"


def test_a_quotient_taken_back_is_none_and_another_may_be_declared():
    given(family(), quotient(), take_back()).when(quotient(1)).then_accepted()


def test_one_quotient_waits_at_a_time():
    given(family(), quotient()).when(quotient(1)).then_refused("already_awaiting")


def test_the_rule_holds_it_true_at_once_from_the_next_month():
    then = given(family(), adopted(BY_RULE)).when(quotient())
    then.then_wrote(QuotientDeclared, DemandeApproved, QuotientDecided)
    [decided] = household_of(then.story).quotients
    assert (decided.first_day, decided.demande) == (day("2024-02-01"), row_of(then.story)["number"])


def test_an_agent_records_one_without_a_demande():
    then = given(family(), record(1)).when(record(2, "2024-02-01")).then_wrote(QuotientDecided)
    assert [each.demande for each in household_of(then.story).quotients] == [None, None]
    assert [row["amount_cents"] for row in then.story.rows("quotients")] == [1, 2]


def test_no_quotient_of_a_household_nobody_opened():
    given(family()).when(record(1, household=DIALLO)).then_refused("unknown_household")
