"""The town accepts a child in an activity for a period, and ends it."""

from commands.enrol_child import EndEnrolment, EnrolChild
from ledger.events import CancellationRequested, ChildEnrolled, DemandeApproved, EnrolmentEnded
from ledger.identifiers import EnrolmentId, Slug
from tests.asks import approve, ask, cancel, end_enrolment, reserve
from tests.spec import about, day, enrolled, enrolment_id, given, registered
from tests.town import CANTINE, MATTEO, MERCREDIS


def enrol(first="2023-09-01", last="2024-07-05", *, activity="mercredis", group="grands", site=None, name="e1"):
    return ask(
        EnrolChild(
            child=MATTEO.id,
            enrolment=EnrolmentId(name),
            activity=Slug(activity),
            first_day=day(first),
            last_day=day(last),
            site=Slug(site) if site else None,
            group=Slug(group) if group else None,
        )
    )


def test_a_child_is_enrolled_for_a_period_in_its_group():
    then = given(registered(MATTEO)).when(enrol()).then_accepted().then_wrote(ChildEnrolled)
    (enrolment,) = then.story.child(MATTEO).enrolments.values()
    assert (enrolment.group, enrolment.first_day, enrolment.last_day) == (
        "grands",
        day("2023-09-01"),
        day("2024-07-05"),
    )


def test_a_child_nobody_knows_is_refused():
    given().when(enrol()).then_refused("unknown_child")


def test_an_activity_the_town_does_not_have_is_refused():
    given(registered(MATTEO)).when(enrol(activity="poney")).then_refused("unknown_activity")


def test_a_period_may_begin_before_the_first_rulebook():
    given(registered(MATTEO)).when(enrol("2021-05-10")).then_accepted()


def test_a_period_no_rulebook_governs_is_refused():
    given(registered(MATTEO)).when(enrol("2021-05-10", "2022-05-10")).then_refused("unknown_activity")


def test_a_period_that_ends_before_it_begins_is_refused():
    given(registered(MATTEO)).when(enrol("2024-03-02", "2024-03-01")).then_refused("period_reversed")


def test_a_group_of_the_activity_is_needed_and_only_one_of_its_own():
    given(registered(MATTEO)).when(enrol(group="ados")).then_refused("unknown_group")
    given(registered(MATTEO)).when(enrol(group=None)).then_refused("unknown_group")


def test_a_site_of_the_activity_is_needed_and_only_one_of_its_own():
    given(registered(MATTEO)).when(enrol(activity="cantine", group=None)).then_refused("unknown_site")
    given(registered(MATTEO)).when(enrol(site="centre")).then_refused("unknown_site")


def test_two_periods_of_one_activity_do_not_overlap():
    given(registered(MATTEO), enrol("2023-09-01", "2024-01-31")).when(
        enrol("2024-01-31", "2024-07-05", name="e2")
    ).then_refused("already_enrolled")


def test_two_periods_of_one_activity_may_follow_each_other():
    given(registered(MATTEO), enrol("2023-09-01", "2024-01-31")).when(
        enrol("2024-02-01", "2024-07-05", name="e2")
    ).then_accepted()


def test_an_enrolment_never_takes_the_identifier_of_another():
    then = given(registered(MATTEO), enrol("2023-09-01", "2024-01-31"))
    then = then.when(enrol("2024-02-01", "2024-07-05")).then_refused("already_enrolled")
    assert len(then.story.child(MATTEO).enrolments) == 1


def test_ending_an_enrolment_leaves_what_was_reserved_before():
    then = given(enrolled(MATTEO), reserve("2024-03-27"), approve()).when(end_enrolment("2024-03-27"))
    then.then_accepted().then_wrote(EnrolmentEnded).then_day("2024-03-27", "reserved", of=MATTEO)


def test_ending_an_enrolment_cancels_what_was_reserved_later_under_a_number_of_its_own():
    then = given(enrolled(MATTEO), reserve("2024-03-27", "2024-04-03"), approve()).when(end_enrolment("2024-03-27"))
    then.then_accepted().then_wrote(CancellationRequested, DemandeApproved, EnrolmentEnded)
    then.then_day("2024-03-27", "reserved", of=MATTEO).then_day("2024-04-03", None, of=MATTEO)
    then.then_taken("2024-04-03", 0, unit="matinee", pool="grands").then_status("traitee_positivement", of=MATTEO)
    assert then.story.numbers(MATTEO) == [1, 2]
    assert then.story.rows("demandes")[-1]["kind"] == "cancellation"


def test_after_the_end_nothing_may_be_reserved():
    then = given(enrolled(MATTEO), end_enrolment("2024-03-20")).when(reserve("2024-03-27"))
    then.then_refused("outside_enrolment")


def test_an_enrolment_does_not_end_while_later_days_wait():
    then = given(enrolled(MATTEO), reserve("2024-03-27")).when(end_enrolment("2024-03-20"))
    assert then.then_refused("already_awaiting").refusal.day == day("2024-03-27")
    given(enrolled(MATTEO), reserve("2024-03-27"), approve(), cancel("2024-03-27")).when(
        end_enrolment("2024-03-20")
    ).then_refused("already_awaiting")


def test_ending_one_activity_leaves_the_others():
    then = given(enrolled(MATTEO), enrolled(MATTEO, activity=CANTINE), about(CANTINE), reserve("2024-03-26 repas"))
    then = then.when(about(MERCREDIS), end_enrolment("2024-03-20")).then_accepted()
    about(CANTINE)(then.story)
    then.then_day("2024-03-26", "reserved", of=MATTEO, unit="repas")


def test_an_enrolment_is_only_ever_shortened():
    given(enrolled(MATTEO)).when(end_enrolment("2024-07-05")).then_refused("period_reversed")
    given(enrolled(MATTEO)).when(end_enrolment("2023-08-31")).then_refused("period_reversed")


def test_an_enrolment_nobody_made_does_not_end():
    given(registered(MATTEO)).when(end_enrolment("2024-03-20")).then_refused("unknown_enrolment")
    missing = EndEnrolment(child=MATTEO.id, enrolment=enrolment_id(MATTEO, MERCREDIS), last_day=day("2024-03-20"))
    given().when(ask(missing)).then_refused("unknown_enrolment")
