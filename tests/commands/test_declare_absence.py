"""A family says that a child did not come: within the window, with a document where one is needed."""

from commands.guardians import AddGuardian
from commands.keep_document import KeepDocument
from ledger.events import AbsenceDeclared, DemandeApproved
from ledger.identifiers import DocumentId, GuardianId, Slug, Subject
from tests.asks import absent, approve, end_enrolment, mark, reject, reserve, sheet, submit, withdraw
from tests.spec import about, clock, enrolled, given, registered, slot_of
from tests.town import CANTINE, CHIARA, GARDERIE, MATTEO, MERCREDIS

PAPER = "certificate-1"
GUARDIAN, OTHER = GuardianId("guardian-1"), GuardianId("guardian-2")
LUNCH = "2024-01-25 repas"


def lunch(*steps, now="2024-01-26 10:00"):
    """Matteo had a meal reserved on Thursday 25 January."""
    return given(about(CANTINE), enrolled(MATTEO), handed_in(), reserve(LUNCH), clock(now), *steps)


def handed_in(document=PAPER, owner=GUARDIAN, person=None):
    """A guardian, whose account has their name, handed in a paper about a child, or about themselves."""

    def step(story):
        household = story.store.household(story.commune, MATTEO.household).state
        if owner not in household.guardians:
            story.must(AddGuardian(household=MATTEO.household, guardian=owner, subject=Subject(owner)))
        command = KeepDocument(
            household=MATTEO.household,
            document=DocumentId(document),
            owner=owner,
            about=person,
            kind=Slug("certificat"),
            media_type="image/png",
            size_bytes=4,
            match=document.encode(),
            sealed=b"",
        )
        story.must(command)

    return step


def absence_of(then, text=LUNCH):
    slot = slot_of(then.story, MATTEO, *text.split())
    return slot.absence if slot else None


def test_an_absence_waits_for_an_agent_where_agents_decide():
    then = lunch().when(absent(LUNCH, document=PAPER)).then_accepted().then_wrote(AbsenceDeclared)
    then.then_status("en_cours", of=MATTEO)
    assert absence_of(then) == "declared"


def test_an_absence_is_accepted_by_the_article_where_the_rule_decides():
    then = given(about(GARDERIE), enrolled(MATTEO), reserve("2024-01-25 soir"), clock("2024-01-26 10:00"))
    then = then.when(absent("2024-01-25 soir")).then_accepted().then_wrote(AbsenceDeclared, DemandeApproved)
    approval = then.story.facts[1]
    assert isinstance(approval, DemandeApproved)
    assert (approval.decided_by, approval.article) == ("rule", "6.4")
    assert absence_of(then, "2024-01-25 soir") == "justified"


def test_an_absence_keeps_its_reason_and_its_document():
    (fact,) = lunch().when(absent(LUNCH, document=PAPER)).then_accepted().story.facts
    assert isinstance(fact, AbsenceDeclared)
    assert (fact.reason, fact.document) == ("maladie", PAPER)
    assert (fact.days[0].article, fact.days[0].rulebook) == ("3.4", "2023-09")


def test_a_document_that_was_never_handed_in_is_unknown():
    lunch().when(absent(LUNCH, document="another")).then_refused("unknown_document")


def test_a_family_hears_what_is_wrong_with_its_days_before_its_document():
    lunch().when(absent("2024-01-26 repas", document="another")).then_refused("not_reserved")


def test_a_guardian_joins_their_own_document_and_an_agent_anybodys():
    family = lunch(handed_in("paper-2", owner=OTHER))
    family.when(absent(LUNCH, document="paper-2", subject=GUARDIAN)).then_refused("unknown_document")
    family.when(absent(LUNCH, document="paper-2", subject="stranger")).then_refused("unknown_document")
    family.when(absent(LUNCH, document="paper-2", subject=OTHER)).then_accepted()
    lunch(handed_in("paper-2", owner=OTHER)).when(absent(LUNCH, document="paper-2")).then_accepted()


def test_a_document_about_the_child_will_do_and_one_about_another_child_will_not():
    lunch(handed_in("paper-2", person=MATTEO.id)).when(absent(LUNCH, document="paper-2")).then_accepted()
    family = lunch(registered(CHIARA), handed_in("paper-2", person=CHIARA.id))
    family.when(absent(LUNCH, document="paper-2")).then_refused("unknown_document")


def test_an_absence_takes_no_place_and_gives_none_back():
    lunch().when(absent(LUNCH, document=PAPER), approve()).then_taken("2024-01-25", 1, unit="repas")


def test_an_absence_accepted_is_justified():
    then = lunch(absent(LUNCH, document=PAPER)).when(approve())
    assert absence_of(then.then_status("traitee_positivement", of=MATTEO)) == "justified"


def test_an_absence_refused_is_unjustified():
    then = lunch(absent(LUNCH, document=PAPER)).when(reject())
    assert absence_of(then.then_status("traitee_negativement", of=MATTEO)) == "unjustified"


def test_an_absence_withdrawn_leaves_the_day_as_it_was():
    then = lunch(absent(LUNCH, document=PAPER)).when(withdraw()).then_status("retiree", of=MATTEO)
    assert absence_of(then) is None


def test_an_absence_refused_or_withdrawn_may_be_declared_again():
    lunch(absent(LUNCH, document=PAPER), reject()).when(absent(LUNCH, document=PAPER)).then_accepted()
    lunch(absent(LUNCH, document=PAPER), withdraw()).when(absent(LUNCH, document=PAPER)).then_accepted()


def test_an_absence_is_not_declared_twice():
    lunch(absent(LUNCH, document=PAPER)).when(absent(LUNCH, document=PAPER)).then_refused("already_declared")
    lunch(absent(LUNCH, document=PAPER), approve()).when(absent(LUNCH, document=PAPER)).then_refused("already_declared")


def test_an_absence_needs_a_reservation():
    lunch().when(absent("2024-01-26 repas", document=PAPER)).then_refused("not_reserved")


def test_a_reservation_that_waits_is_not_one_yet():
    waiting = given(about(GARDERIE), enrolled(MATTEO), clock("2024-01-25 10:00"), reserve("2024-01-25 soir"))
    waiting.when(absent("2024-01-25 soir")).then_refused("not_reserved")


def test_a_child_recorded_present_was_not_absent():
    lunch(sheet(LUNCH, mark("present"))).when(absent(LUNCH, document=PAPER)).then_refused("recorded_present")


def test_a_child_recorded_absent_may_have_a_reason():
    lunch(sheet(LUNCH, mark("absent"))).when(absent(LUNCH, document=PAPER)).then_accepted()


def test_an_activity_may_take_no_absence():
    then = given(enrolled(MATTEO), reserve("2024-01-31"), approve(), clock("2024-02-01 10:00"))
    assert then.story.activity == MERCREDIS
    then.when(absent("2024-01-31")).then_refused("absence_not_taken")


def test_the_reason_is_one_of_the_town_s():
    lunch().when(absent(LUNCH, reason="flemme")).then_refused("unknown_reason")


def test_some_reasons_need_a_document():
    then = lunch().when(absent(LUNCH))
    assert then.then_refused("document_required").refusal.article == "3.4"


def test_other_reasons_need_none():
    lunch().when(absent(LUNCH, reason="sortie")).then_accepted()


def test_the_window_closes_at_the_end_of_the_fifteenth_day():
    lunch(now="2024-02-09 23:59:59").when(absent(LUNCH, document=PAPER)).then_accepted()
    then = lunch(now="2024-02-10 00:00").when(absent(LUNCH, document=PAPER))
    assert then.then_refused("justification_too_late").refusal.article == "3.4"


def test_an_agent_may_set_the_window_aside_with_a_reason_that_is_kept():
    then = lunch(now="2024-02-10 00:00").when(absent(LUNCH, document=PAPER, derogation="urgence")).then_accepted()
    (fact,) = then.story.facts
    assert isinstance(fact, AbsenceDeclared)
    assert (fact.derogation, fact.origin) == ("urgence", "counter")
    assert then.story.child(MATTEO).open[2].derogation == "urgence"


def test_setting_the_window_aside_needs_a_reason_of_the_town():
    lunch().when(absent(LUNCH, document=PAPER, derogation="caprice")).then_refused("unknown_reason")


def test_every_impossible_day_is_named_and_nothing_is_written():
    then = lunch().when(absent(LUNCH, "2024-01-26 repas", "2024-01-29 repas", document=PAPER))
    then.then_refused("not_reserved", "not_reserved")
    assert absence_of(then) is None


def test_declaring_no_day_is_refused():
    lunch().when(absent(document=PAPER)).then_refused("nothing_to_do")


def test_a_child_nobody_knows_has_no_absence():
    given(about(CANTINE)).when(absent(LUNCH)).then_refused("nothing_to_do")


def test_a_day_that_can_still_be_given_up_is_not_declared_absent():
    then = lunch(now="2024-01-10 11:00").when(absent(LUNCH, document=PAPER))
    assert then.then_refused("still_cancellable").refusal.article == "3.4"


def test_a_day_to_come_is_not_declared_absent_where_no_notice_is_asked():
    lunch(now="2024-01-24 11:00").when(absent(LUNCH, document=PAPER)).then_refused("day_not_come")


def test_the_same_day_is_not_to_come():
    lunch(now="2024-01-25 00:00").when(absent(LUNCH, document=PAPER)).then_accepted()


def test_a_declared_day_is_not_given_up_any_more_even_by_an_agent():
    then = lunch(absent(LUNCH, document=PAPER)).when(submit(cancel=[LUNCH], derogation="urgence", origin="counter"))
    then.then_refused("already_declared")
    approved = lunch(absent(LUNCH, document=PAPER), approve())
    approved.when(submit(cancel=[LUNCH], derogation="urgence")).then_refused("already_declared")


def test_a_day_with_an_unexcused_absence_may_be_given_up_by_an_agent():
    rejected = lunch(absent(LUNCH, document=PAPER), reject())
    rejected.when(submit(cancel=[LUNCH], derogation="urgence")).then_accepted()


def test_an_enrolment_does_not_end_before_an_absence_is_decided():
    lunch(absent(LUNCH, document=PAPER)).when(end_enrolment("2024-01-20")).then_refused("already_declared")


def test_a_day_that_waits_to_be_given_up_is_not_declared_absent():
    later = given(about(GARDERIE), enrolled(MATTEO), reserve("2024-01-25 soir"), clock("2024-01-25 10:00"))
    then = later.when(submit(cancel=["2024-01-25 soir"]), absent("2024-01-25 soir"))
    then.then_refused("already_awaiting")


def test_taking_back_a_second_declaration_leaves_the_refusal_of_the_first():
    again = lunch(absent(LUNCH, document=PAPER), reject(), absent(LUNCH, document=PAPER))
    then = again.when(withdraw()).then_accepted()
    assert absence_of(then) == "unjustified"
    then = lunch(absent(LUNCH, document=PAPER)).when(withdraw()).then_accepted()
    assert absence_of(then) is None


def test_an_absence_is_not_accepted_for_a_child_recorded_present_since():
    then = lunch(absent(LUNCH, document=PAPER), sheet(LUNCH, mark("present"))).when(approve())
    then.then_refused("recorded_present")
    lunch(absent(LUNCH, document=PAPER), sheet(LUNCH, mark("present"))).when(reject()).then_accepted()
