"""A family asks for a child to be enrolled; the town says where and when."""

from commands.decide_demandes import DecideDemandes, Decision, EnrolmentCorrection
from ledger.events import ChildEnrolled, DemandeApproved, DemandeRejected, DemandeWithdrawn, EnrolmentRequested
from ledger.identifiers import Slug
from tests.asks import alternate, approve, join, reject, withdraw
from tests.formalities import CERTIFICATE, adopted, enrolment, family, forgotten
from tests.spec import Ask, about, enrolled, given, registered
from tests.town import AWA, CANTINE, DIALLO, MATTEO, ROSSI, day

BY_RULE = '[demarches.inscription]\narticle = "9.4"\ninstruction = "regle"\n'
KNOWN = [registered(MATTEO), family()]
BOTH = [*KNOWN, registered(AWA), join(DIALLO)]
TEN_DAYS = [f"2024-03-{number:02}" for number in range(1, 11)]


def corrected(**said: object) -> Ask:
    """The agent accepts, and says otherwise."""

    def command(story) -> DecideDemandes:  # type: ignore[no-untyped-def]
        correction = EnrolmentCorrection(**said)  # type: ignore[arg-type]
        return DecideDemandes(decisions=[Decision(child=MATTEO.id, number=story.latest(MATTEO), enrolment=correction)])

    return Ask(command=command)


def test_an_enrolment_waits_and_enrols_nobody():
    then = given(*KNOWN).when(enrolment()).then_accepted().then_wrote(EnrolmentRequested)
    then.then_status("en_cours", of=MATTEO)
    assert then.story.child(MATTEO).enrolments == {}


def test_once_approved_the_child_is_enrolled_as_it_was_asked():
    then = given(*KNOWN, enrolment()).when(approve()).then_wrote(DemandeApproved, ChildEnrolled)
    [known] = then.story.child(MATTEO).enrolments.values()
    assert (known.activity, known.site, known.first_day) == ("cantine", "centre", day("2024-01-15"))
    then.then_status("traitee_positivement", of=MATTEO)


def test_the_agent_says_another_site_and_another_period():
    then = given(*KNOWN, enrolment()).when(corrected(site=Slug("prairie"), first_day=day("2024-02-01")))
    [known] = then.then_accepted().story.child(MATTEO).enrolments.values()
    assert (known.site, known.first_day, known.last_day) == ("prairie", day("2024-02-01"), day("2024-07-05"))


def test_what_the_agent_says_is_checked_like_an_enrolment():
    given(*KNOWN, enrolment()).when(corrected(site=Slug("moon"))).then_refused("unknown_site")
    given(*KNOWN, enrolment()).when(corrected(group=Slug("grands"))).then_refused("unknown_group")
    given(*KNOWN, enrolment()).when(corrected(last_day=day("2024-01-01"))).then_refused("period_reversed")


def test_a_refused_enrolment_enrols_nobody():
    then = given(*KNOWN, enrolment()).when(reject(reason="autre")).then_wrote(DemandeRejected)
    assert then.story.child(MATTEO).enrolments == {}
    [row] = [row for row in then.story.rows("demandes") if row["kind"] == "enrolment"]
    assert row["refusal"] == "autre"


def test_an_enrolment_taken_back_enrols_nobody():
    given(*KNOWN, enrolment()).when(withdraw()).then_wrote(DemandeWithdrawn)
    given(*KNOWN, enrolment(), withdraw()).when(approve()).then_refused("already_decided")


def test_what_the_town_could_not_do_is_not_asked_for():
    given(*KNOWN).when(enrolment("poney")).then_refused("unknown_activity")
    given(*KNOWN).when(enrolment(site=None)).then_refused("unknown_site")
    given(*KNOWN).when(enrolment(last_day="2024-01-01")).then_refused("period_reversed")
    given(about(CANTINE), enrolled(MATTEO), family()).when(enrolment()).then_refused("already_enrolled")
    given(family()).when(enrolment()).then_refused("unknown_child")


def test_the_same_activity_at_the_same_time_is_asked_for_once():
    given(*KNOWN, enrolment()).when(enrolment(first_day="2024-07-05", last_day="2024-07-06")).then_refused(
        "already_awaiting"
    )
    given(*KNOWN, enrolment()).when(enrolment(first_day="2024-07-06", last_day="2024-07-06")).then_accepted()
    given(*KNOWN, enrolment()).when(enrolment("etude", site=None)).then_accepted()


def test_under_an_alternating_custody_a_household_hears_nothing_of_what_the_other_one_asked():
    theirs = [*BOTH, enrolment(by=DIALLO)]
    given(*theirs).when(enrolment()).then_refused("already_awaiting")
    given(*theirs, alternate(ROSSI, DIALLO)).when(enrolment()).then_accepted()
    given(*theirs, alternate(ROSSI, DIALLO)).when(enrolment(by=DIALLO)).then_refused("already_awaiting")


def test_of_two_requests_that_waited_apart_the_town_accepts_one():
    apart = given(*BOTH, alternate(ROSSI, DIALLO), enrolment(by=DIALLO), enrolment())
    first, _ = apart.story.numbers(MATTEO)
    apart.when(approve(), approve(number=first)).then_refused("already_enrolled")


def test_a_household_keeps_ten_enrolments_waiting_and_takes_none_of_the_other_one_s():
    many = [enrolment("etude", site=None, first_day=on, last_day=on, by=DIALLO) for on in TEN_DAYS]
    more = enrolment("etude", site=None, first_day="2024-03-11", last_day="2024-03-11", by=DIALLO)
    for steps in ([*BOTH, *many], [*BOTH, alternate(ROSSI, DIALLO), *many]):
        given(*steps[:-1]).when(more).then_accepted()
        given(*steps).when(more).then_refused("too_many_waiting")
        given(*steps).when(enrolment()).then_accepted()


def test_a_child_enrolled_since_is_not_enrolled_again():
    steps = [*KNOWN, enrolment(), about(CANTINE), enrolled(MATTEO)]
    given(*steps).when(approve()).then_refused("already_enrolled")


def test_two_enrolments_that_overlap_once_corrected_are_not_both_accepted_in_one_queue():
    then = given(*KNOWN, enrolment(last_day="2024-03-01"), enrolment(first_day="2024-03-02"))
    early = EnrolmentCorrection(first_day=day("2024-02-01"))
    story = then.story
    first, second = story.numbers(MATTEO)
    decisions = [
        Decision(child=MATTEO.id, number=first),
        Decision(child=MATTEO.id, number=second, enrolment=early),
    ]
    story.must(DecideDemandes(decisions=decisions))
    assert [refusal.code for refusal in story.outcome.left_out] == ["already_enrolled"]  # type: ignore[union-attr]
    assert len(story.child(MATTEO).enrolments) == 1


def test_a_child_who_was_forgotten_is_not_enrolled_any_more():
    gone = forgotten(MATTEO.id, of=MATTEO)
    given(*KNOWN, gone).when(enrolment()).then_refused("person_erased")
    given(*KNOWN, enrolment(), gone).when(approve()).then_refused("person_erased")
    given(*KNOWN, enrolment(), gone).when(reject(reason="autre")).then_accepted()


def test_the_rule_enrols_at_once():
    then = given(*KNOWN, adopted(BY_RULE)).when(enrolment(documents=[CERTIFICATE]))
    then.then_wrote(EnrolmentRequested, DemandeApproved, ChildEnrolled)
    assert then.story.facts[1].article == "9.4"  # type: ignore[union-attr]


def test_a_paper_of_nobody_is_unknown():
    given(*KNOWN).when(enrolment(documents=["elsewhere"])).then_refused("unknown_document")


def test_a_correction_of_an_enrolment_does_not_go_with_days():
    from tests.asks import reserve
    from tests.town import MERCREDIS

    steps = [about(MERCREDIS), enrolled(MATTEO), reserve("2024-03-27")]
    given(*steps).when(corrected(site=Slug("centre"))).then_refused("correction_not_expected")
