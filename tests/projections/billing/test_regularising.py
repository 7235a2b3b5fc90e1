"""What changes later about a closed month comes as lines of the next: the difference, each line naming its cause."""

from dataclasses import replace
from hashlib import sha256

import pytest

from ledger.events import (
    AttendanceRecorded,
    BilledLine,
    Cause,
    ChildEnrolled,
    ChildLeftHousehold,
    DayClosed,
    DayReopened,
    Fact,
    MealBroughtDecided,
    QuotientDecided,
    RulebookAdopted,
    TariffStatusDecided,
)
from ledger.identifiers import EnrolmentId
from ledger.streams import town_page
from projections.billing.bills import Bill
from rulebook.rulebook import Rulebook
from rulebook.tariffs import Conditions
from tests.asks import (
    absent,
    alternate,
    approve,
    close,
    end_enrolment,
    join,
    leave,
    mark,
    reject,
    reopen,
    reserve,
    sheet,
    swap,
)
from tests.billed import Said
from tests.formalities import accept, family
from tests.formalities import quotient as declares
from tests.projections.billing.regie import BY_QUOTIENT, MEALS, Regie, grid, missing, says, tells, told
from tests.spec import Step, about, clock, enrolled, given, registered
from tests.town import AWA, CANTINE, CHIARA, DIALLO, MATTEO, ROSSI, VALMONT, Person, day

TUESDAY, FRIDAY, FEBRUARY = "2024-01-23 repas", "2024-01-26 repas", "2024-02-06 repas"
SECOND_CHILD = grid("2.00", conditions=Conditions(rank_from=2), name="deuxième enfant")


def january(*steps: Step, tariffs=(MEALS,), change=lambda rulebook: rulebook) -> Regie:
    """Matteo had two days of January and one of February; it is the middle of February."""
    story = given(
        about(CANTINE),
        enrolled(MATTEO),
        reserve(TUESDAY, FRIDAY, FEBRUARY),
        *steps,
        clock("2024-02-10 10:00"),
    ).story
    return Regie(story=story, tariffs=tariffs, change=change)


def came(*texts: str, of: Person = MATTEO) -> list[Step]:
    return [clock("2024-02-10 10:00"), *(sheet(text, mark("present", of=of)) for text in texts)]


def then(regie: Regie, *steps: Step) -> None:
    for step in steps:
        step(regie.story)


def causes(regie: Regie, line: BilledLine) -> list[type[Fact]]:
    """The facts a regularisation names."""
    found = {
        (placed.entry.stream, placed.entry.version): type(placed.entry.fact)
        for cause in line.causes
        for placed in regie.page(cause.stream, regie.position())
    }
    return [found[cause.stream, cause.line] for cause in line.causes]


def corrected(found: Bill) -> list[BilledLine]:
    return [line for line in found.lines if line.regularises]


def test_what_did_not_change_is_not_billed_again():
    regie = january(*came(TUESDAY, FRIDAY, FEBRUARY))
    assert told(regie.close("2024-01")[ROSSI]) == ["2 x 3 Cantine 01-23 01-26"]
    assert told(regie.draft("2024-02")) == ["1 x 3 Cantine 02-06"]


def test_an_absence_accepted_after_the_close_is_given_back_the_month_after():
    regie = january(*came(TUESDAY), sheet(FRIDAY, mark("absent")), absent(FRIDAY, reason="sortie"))
    closed = regie.close("2024-01")[ROSSI]
    assert (told(closed), missing(closed)) == (["2 x 3 Cantine 01-23 01-26"], ["absence 01-26"])
    then(regie, approve(), *came(FEBRUARY))
    bill = regie.draft("2024-02")
    assert told(bill) == ["1 x 3 Cantine 02-06", "-1 x 3 Cantine 01-26 (2024-01)"]
    assert bill.total_cents == 0
    (line,) = corrected(bill)
    assert [fact.__name__ for fact in causes(regie, line)] == ["DemandeApproved"]
    assert (line.article, line.rulebook, line.days[0].basis) == ("9.1", "2023-09", "absent_pending")


def test_an_absence_refused_after_the_close_changes_nothing():
    regie = january(*came(TUESDAY), absent(FRIDAY, reason="sortie"))
    regie.close("2024-01")
    then(regie, reject())
    assert corrected(regie.draft("2024-02")) == []


def test_attendance_recorded_after_the_close_is_billed_the_month_after():
    regie = january(*came(TUESDAY))
    assert missing(regie.close("2024-01")[ROSSI]) == ["attendance 01-26"]
    assert missing(regie.draft("2024-02")) == ["attendance 01-26", "attendance 02-06"]
    then(regie, *came(FRIDAY, FEBRUARY))
    bill = regie.draft("2024-02")
    assert told(bill) == ["1 x 3 Cantine 02-06", "1 x 3 Cantine 01-26 (2024-01)"]
    assert [causes(regie, line) for line in corrected(bill)] == [[AttendanceRecorded]]


def test_a_contradiction_that_comes_after_the_close_is_told_until_the_next_one():
    regie = january(*came(TUESDAY, FRIDAY))
    regie.close("2024-01")
    then(regie, close("2024-01-23"), *came(FEBRUARY))
    assert missing(regie.draft("2024-02")) == ["contradiction 01-23"]
    regie.close("2024-02")
    assert missing(regie.draft("2024-03")) == []


def test_a_contradiction_a_month_was_closed_with_is_not_told_for_a_day_that_was_left_out():
    regie = january(*came(TUESDAY), close("2024-01-23"))
    regie.close("2024-01")
    assert missing(regie.draft("2024-03")) == ["attendance 01-26"]


def test_a_household_that_had_nothing_this_month_gets_its_regularisations_alone():
    regie = january(*came(TUESDAY, FRIDAY))
    regie.close("2024-01")
    then(regie, close("2024-01-23"))
    bill = regie.draft("2024-03")
    assert told(bill) == ["-1 x 3 Cantine 01-23 (2024-01)"]
    assert bill.total_cents == -300
    assert [causes(regie, line) for line in bill.lines] == [[DayClosed]]


def test_what_was_given_back_once_is_not_given_back_again():
    regie = january(*came(TUESDAY, FRIDAY, FEBRUARY))
    regie.close("2024-01")
    then(regie, close("2024-01-23"))
    regie.close("2024-02")
    then(regie, close("2024-02-06"))
    assert told(regie.draft("2024-03")) == ["-1 x 3 Cantine 02-06 (2024-02)"]


def test_what_was_given_back_may_be_asked_for_again():
    regie = january(*came(TUESDAY, FRIDAY))
    for month, presence in (("2024-01", "absent"), ("2024-02", "present")):
        regie.tariffs = [replace(MEALS, absent_due=False)]
        regie.close(month)
        then(regie, sheet(TUESDAY, mark(presence)))  # type: ignore[arg-type]
    assert told(regie.draft("2024-03")) == ["1 x 3 Cantine 01-23 (2024-01)"]


# The quotient -------------------------------------------------------------------------------------------------------


def quotient(amount_cents: int, since: str, *, regularisation: bool = False) -> Step:
    fact = QuotientDecided(amount_cents=amount_cents, source="caf", first_day=day(since), regularisation=regularisation)
    return says(fact)


def test_a_quotient_is_never_retroactive_unless_the_town_decides_so():
    regie = january(quotient(70_000, "2024-01-01"), *came(TUESDAY, FRIDAY, FEBRUARY), tariffs=[BY_QUOTIENT])
    regie.close("2024-01")
    then(regie, quotient(50_000, "2024-01-01"))
    assert told(regie.draft("2024-02")) == ["1 x 1 Cantine 02-06"]


def test_a_quotient_regularised_goes_back_on_every_closed_month():
    regie = january(quotient(70_000, "2024-01-01"), *came(TUESDAY, FRIDAY, FEBRUARY), tariffs=[BY_QUOTIENT])
    regie.close("2024-01")
    regie.close("2024-02")
    then(regie, quotient(50_000, "2024-01-24", regularisation=True))
    bill = regie.draft("2024-03")
    assert told(bill) == [
        "-1 x 3.05 Cantine 01-26 (2024-01)",
        "1 x 1 Cantine 01-26 (2024-01)",
        "-1 x 3.05 Cantine 02-06 (2024-02)",
        "1 x 1 Cantine 02-06 (2024-02)",
    ]
    assert {cause for line in bill.lines for cause in causes(regie, line)} == {QuotientDecided}
    assert [line.quotient.amount_cents for line in bill.lines if line.quotient] == [70_000, 50_000, 70_000, 50_000]


@pytest.mark.parametrize("late", [False, True])
def test_a_quotient_declared_in_time_counts_whenever_the_office_decides_it(late: bool):
    known = (family(), quotient(70_000, "2023-09-01"), declares(50_000))
    regie = january(*known, *came(FEBRUARY), tariffs=[BY_QUOTIENT])
    if not late:
        then(regie, accept())
    regie.close("2024-01")
    then(regie, clock("2024-03-04 10:00"))
    february = told(regie.close("2024-02")[ROSSI])
    if late:
        then(regie, accept())
    march = told(regie.draft("2024-03"))
    given_back = ["-1 x 3.05 Cantine 02-06 (2024-02)", "1 x 1 Cantine 02-06 (2024-02)"]
    assert (february, march) == ((["1 x 3.05 Cantine 02-06"], given_back) if late else (["1 x 1 Cantine 02-06"], []))


def test_a_quotient_that_comes_late_prices_the_days_that_had_no_price():
    regie = january(*came(TUESDAY, FRIDAY), tariffs=[BY_QUOTIENT])
    closed = regie.close("2024-01")[ROSSI]
    assert (told(closed), missing(closed)) == ([], ["quotient 01-23", "quotient 01-26"])
    then(regie, quotient(70_000, "2024-01-01"))
    bill = regie.draft("2024-02")
    assert told(bill) == ["2 x 3.05 Cantine 01-23 01-26 (2024-01)"]
    assert [causes(regie, line) for line in bill.lines] == [[QuotientDecided]]


# Everything else a price depends on ---------------------------------------------------------------------------------


def test_a_household_said_to_live_outside_since_january_pays_the_difference():
    outside = grid("5.90", conditions=Conditions(residence="outside"))
    tariffs = [replace(MEALS, grids=(*MEALS.grids, outside), residence_unknown="town")]
    regie = january(*came(TUESDAY, FRIDAY), tariffs=tariffs)
    regie.close("2024-01")
    then(regie, says(TariffStatusDecided(residence="outside", regime="caf", first_day=day("2024-01-24"))))
    bill = regie.draft("2024-02")
    assert told(bill)[-2:] == ["-1 x 3 Cantine 01-26 (2024-01)", "1 x 5.9 Cantine 01-26 (2024-01)"]
    assert [causes(regie, line) for line in bill.lines] == [[TariffStatusDecided]] * 2


def test_a_meal_brought_since_january_makes_it_cheaper():
    tariffs = [replace(MEALS, grids=(*MEALS.grids, grid("0.64", conditions=Conditions(meal_brought=True))))]
    regie = january(*came(TUESDAY, FRIDAY), tariffs=tariffs)
    regie.close("2024-01")
    then(regie, tells(MealBroughtDecided(activity=CANTINE, brought=True, first_day=day("2024-01-24"))))
    bill = regie.draft("2024-02")
    assert told(bill) == ["-1 x 3 Cantine 01-26 (2024-01)", "1 x 0.64 Cantine 01-26 (2024-01)"]
    assert [causes(regie, line) for line in bill.lines] == [[MealBroughtDecided]] * 2


def test_a_sister_enrolled_in_january_after_all_makes_the_second_child_cheaper():
    story = given(about(CANTINE), registered(MATTEO), enrolled(CHIARA), reserve(TUESDAY, of=CHIARA)).story
    regie = Regie(story=story, tariffs=[replace(MEALS, grids=(*MEALS.grids, SECOND_CHILD))])
    then(regie, *came(TUESDAY, of=CHIARA))
    assert told(regie.close("2024-01")[ROSSI]) == ["1 x 3 Cantine 01-23"]
    brother = ChildEnrolled(
        enrolment=EnrolmentId("late"),
        activity=CANTINE,
        site=None,
        group=None,
        first_day=day("2024-01-01"),
        last_day=day("2024-07-05"),
    )
    then(regie, tells(brother))
    bill = regie.draft("2024-02")
    assert told(bill) == ["-1 x 3 Cantine 01-23 (2024-01)", "1 x 2 Cantine 01-23 (2024-01)"]
    assert [causes(regie, line) for line in bill.lines] == [[ChildEnrolled]] * 2


@pytest.mark.parametrize("closes_between", [[], ["2024-02"]])
def test_a_household_is_told_that_a_child_left_it_and_nothing_that_came_after(closes_between: list[str]):
    story = given(about(CANTINE), enrolled(MATTEO, CHIARA), registered(AWA), join(DIALLO)).story
    regie = Regie(story=story, tariffs=[replace(MEALS, grids=(*MEALS.grids, SECOND_CHILD))])
    then(regie, reserve(TUESDAY, of=CHIARA), *came(TUESDAY, of=CHIARA))
    assert told(regie.close("2024-01")[ROSSI]) == ["1 x 2 Cantine 01-23"]
    then(regie, leave(ROSSI))
    for month in closes_between:
        regie.close(month)
    then(
        regie,
        end_enrolment("2024-01-20"),
        tells(MealBroughtDecided(activity=CANTINE, brought=True, first_day=day("2024-01-20"))),
    )
    bill = regie.draft("2024-03")
    assert told(bill) == ["-1 x 2 Cantine 01-23 (2024-01)", "1 x 3 Cantine 01-23 (2024-01)"]
    assert [causes(regie, line) for line in bill.lines] == [[ChildLeftHousehold]] * 2


def test_another_day_of_the_month_may_make_the_others_cheaper_and_is_their_cause():
    often = grid("2.00", conditions=Conditions(units_from=2), name="forfait")
    regie = january(*came(TUESDAY), tariffs=[replace(MEALS, grids=(*MEALS.grids, often))])
    regie.close("2024-01")
    then(regie, *came(FRIDAY))
    bill = regie.draft("2024-02")
    assert told(bill) == ["-1 x 3 Cantine 01-23 (2024-01)", "2 x 2 Cantine 01-23 01-26 (2024-01)"]
    assert [causes(regie, line) for line in bill.lines] == [[AttendanceRecorded]] * 2


def test_custody_said_later_moves_the_days_from_one_household_to_the_other():
    regie = january(registered(AWA), join(DIALLO), alternate(DIALLO, ROSSI), *came(TUESDAY, FRIDAY))
    before = regie.close("2024-01")
    assert (told(before[DIALLO]), told(before[ROSSI])) == (["2 x 3 Cantine 01-23 01-26"], [])
    then(regie, swap("2024-01-26", "2024-01-28", ROSSI))
    after = regie.close("2024-02")
    assert told(after[DIALLO]) == ["-1 x 3 Cantine 01-26 (2024-01)"]
    assert told(after[ROSSI]) == ["1 x 3 Cantine 01-26 (2024-01)"]
    assert after[DIALLO].total_cents + after[ROSSI].total_cents == 0
    assert {cause.__name__ for line in after[ROSSI].lines for cause in causes(regie, line)} == {"CustodyExcepted"}


def adopt(regie: Regie, version: str, first_day: str) -> None:
    """A rulebook that came before it was held against the months that are closed."""
    first = regie.town()[0].entry.fact
    assert isinstance(first, RulebookAdopted)
    content = first.content.replace('version = "2023-09"', f'version = "{version}"')
    adopted = RulebookAdopted(
        version=version,
        in_force_from=day(first_day),
        content=content.replace("en_vigueur = 2023-09-01", f"en_vigueur = {first_day}"),
        digest=sha256(content.encode()).hexdigest(),
    )
    regie.story.must(Said(town_page(VALMONT), adopted))


def test_a_rulebook_adopted_later_for_days_gone_by_is_the_cause_of_what_it_changes():
    regie = january(*came(TUESDAY))
    regie.close("2024-01")
    regie.tariffs = [replace(MEALS, grids=(grid("3.50"),))]
    adopt(regie, "2023-09-bis", "2023-09-01")
    bill = regie.draft("2024-02")
    assert told(bill) == ["-1 x 3 Cantine 01-23 (2024-01)", "1 x 3.5 Cantine 01-23 (2024-01)"]
    assert [causes(regie, line) for line in bill.lines] == [[RulebookAdopted]] * 2


def test_of_several_rulebooks_the_one_that_governs_the_day_is_the_cause():
    regie = january(*came(TUESDAY))
    regie.close("2024-01")
    regie.tariffs = [replace(MEALS, grids=(grid("3.50"),))]
    for version, first_day in (
        ("bis", "2024-01-01"),
        ("ter", "2024-01-01"),
        ("next", "2024-01-24"),
        ("old", "2023-09-01"),
    ):
        adopt(regie, version, first_day)
    [before, after] = regie.draft("2024-02").lines
    governing = Cause(stream=town_page(VALMONT), line=3)
    assert (before.causes, after.causes) == ((governing,), (governing,))


def waiting(rulebook: Rulebook) -> Rulebook:
    """The first day of an absence stays billed."""
    canteen = rulebook.activities[CANTINE]
    assert canteen.absence is not None
    other = replace(canteen, absence=replace(canteen.absence, waiting_days=1))
    return replace(rulebook, activities={**rulebook.activities, CANTINE: other})


def test_an_absence_accepted_late_moves_the_waiting_day_of_the_month_after():
    days = ("2024-01-30 repas", "2024-02-01 repas")
    story = given(
        about(CANTINE),
        enrolled(MATTEO),
        reserve(*days),
        clock("2024-02-02 18:00"),
        absent(days[0], reason="sortie"),
        absent(days[1], reason="sortie"),
        approve(),
    ).story
    regie = Regie(story=story, change=waiting)
    regie.close("2024-01")
    assert told(regie.close("2024-02")[ROSSI]) == ["1 x 3 Cantine 02-01"]
    then(regie, approve(number=regie.story.numbers(MATTEO)[-2]))
    bill = regie.draft("2024-03")
    assert told(bill) == ["-1 x 3 Cantine 02-01 (2024-02)"]
    assert [fact.__name__ for line in bill.lines for fact in causes(regie, line)] == ["DemandeApproved"]


def test_a_day_that_becomes_unsure_keeps_what_was_billed():
    regie = january(quotient(70_000, "2024-01-01"), *came(TUESDAY, FRIDAY), tariffs=[BY_QUOTIENT])
    regie.close("2024-01")
    outside = grid("5.90", conditions=Conditions(residence="outside"))
    regie.tariffs = [replace(BY_QUOTIENT, grids=(*BY_QUOTIENT.grids, outside))]
    then(regie, quotient(50_000, "2024-01-01", regularisation=True))
    bill = regie.draft("2024-02")
    assert (corrected(bill), missing(bill)[:2]) == ([], ["residence 01-23", "residence 01-26"])


def test_a_day_closed_at_another_site_is_not_the_cause():
    regie = january(quotient(70_000, "2024-01-01"), *came(TUESDAY, FRIDAY), tariffs=[BY_QUOTIENT])
    regie.close("2024-01")
    then(
        regie,
        close("2024-01-26", site="prairie"),
        quotient(50_000, "2024-01-24", regularisation=True),
    )
    bill = regie.draft("2024-02")
    assert told(bill) == ["-1 x 3.05 Cantine 01-26 (2024-01)", "1 x 1 Cantine 01-26 (2024-01)"]
    assert [causes(regie, line) for line in bill.lines] == [[QuotientDecided]] * 2


def test_days_with_one_cause_each_are_lines_of_their_own():
    regie = january(*came(TUESDAY, FRIDAY))
    regie.close("2024-01")
    then(regie, close("2024-01-23"), close("2024-01-26"))
    bill = regie.draft("2024-02")
    assert told(bill) == ["-1 x 3 Cantine 01-23 (2024-01)", "-1 x 3 Cantine 01-26 (2024-01)"]
    assert [causes(regie, line) for line in bill.lines] == [[DayClosed], [DayClosed]]


def test_what_a_month_left_out_is_said_again_until_it_is_known():
    regie = january(*came(TUESDAY, FEBRUARY))
    assert regie.close("2024-01")[ROSSI].missing == regie.draft("2024-02").missing
    regie.close("2024-02")
    assert missing(regie.draft("2024-03")) == ["attendance 01-26"]


def test_a_closed_month_billed_again_is_what_it_was_whatever_came_after():
    regie = january(*came(TUESDAY, FRIDAY, FEBRUARY))
    first, position = regie.close("2024-01")[ROSSI], regie.position()
    then(regie, close("2024-01-23"))
    regie.close("2024-02")
    assert regie.draft("2024-01", until=position) == first


RUN = ("2024-01-29 repas", "2024-01-30 repas", "2024-02-01 repas")


def test_a_day_closed_after_two_closes_joins_the_absences_around_it_whatever_their_months():
    story = given(
        about(CANTINE),
        enrolled(MATTEO),
        reserve(*RUN),
        clock("2024-02-03 10:00"),
        absent(RUN[0], RUN[2], reason="sortie"),
        approve(),
        sheet(RUN[1], mark("present")),
    ).story
    regie = Regie(story=story, change=waiting)
    assert told(regie.close("2024-01")[ROSSI]) == ["2 x 3 Cantine 01-29 01-30"]
    assert told(regie.close("2024-02")[ROSSI]) == ["1 x 3 Cantine 02-01"]
    then(regie, close("2024-01-30"))
    bill = regie.close("2024-03")[ROSSI]
    assert told(bill) == ["-1 x 3 Cantine 01-30 (2024-01)", "-1 x 3 Cantine 02-01 (2024-02)"]
    assert [causes(regie, line) for line in bill.lines] == [[DayClosed], [DayClosed]]
    then(regie, reopen("2024-01-30"))
    bill = regie.draft("2024-04")
    assert told(bill) == ["1 x 3 Cantine 01-30 (2024-01)", "1 x 3 Cantine 02-01 (2024-02)"]
    assert [causes(regie, line) for line in bill.lines] == [[DayReopened], [DayReopened]]


def test_a_day_nobody_can_be_billed_for_yet_is_told_in_every_draft_whichever_close_left_it_out():
    regie = january(quotient(70_000, "2024-01-01"), registered(AWA), join(DIALLO), *came(FRIDAY), tariffs=[BY_QUOTIENT])
    then(regie, *came(TUESDAY, FEBRUARY))
    assert [told(bill) for bill in regie.close("2024-01").values()] == [["2 x 3.05 Cantine 01-23 01-26"], []]
    then(regie, alternate(DIALLO, ROSSI, since="2024-01-26"))
    assert missing(regie.close("2024-02")[DIALLO]) == ["quotient 01-26", "quotient 02-06"]
    for month in ("2024-03", "2024-04"):
        assert missing(regie.close(month)[DIALLO]) == ["quotient 01-26", "quotient 02-06"]
    then(
        regie,
        says(QuotientDecided(amount_cents=50_000, source="caf", first_day=day("2024-01-01")), of=DIALLO),
    )
    bill = regie.draft("2024-05", DIALLO)
    assert told(bill) == ["1 x 1 Cantine 01-26 (2024-01)", "1 x 1 Cantine 02-06 (2024-02)"]
    assert missing(bill) == []


# What is named -----------------------------------------------------------------------------------------------------
