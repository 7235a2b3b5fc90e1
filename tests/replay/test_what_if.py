"""What other rules would have answered, and billed: a story, another text, and what differs."""

import re
from datetime import date

from commands.adopt_rulebook import AdoptRulebook
from ledger.events import QuotientDecided
from ledger.streams import household_page
from tests.asks import (
    absent,
    alternate,
    approve,
    cancel,
    end_enrolment,
    join,
    mark,
    reject,
    reserve,
    sheet,
    submit,
    withdraw,
)
from tests.billed import PRICED, Said, two_meals
from tests.spec import Story, about, clock, enrolled, given
from tests.town import AWA, CANTINE, CHIARA, DIALLO, GARDERIE, MATTEO, MERCREDIS, ROSSI, RULEBOOK, VACANCES, VALMONT
from tests.what_ifs import Replayed, asked_again

MEAL = "2024-01-25 repas"
MORNING = "2024-01-10 10:00"
"""A Wednesday: two weeks and a day before the meal."""
EASTER = "2024-04-08 journee"
OPENING = "2024-03-04 10:00"


def otherwise(*changes: tuple[str, str], of: str, text: str = RULEBOOK) -> str:
    """The text with an activity written otherwise; each change must be of something that is there."""
    before, head, after = text.partition(f"[activites.{of}]\n")
    assert head, of
    for old, new in changes:
        assert old in after, old
        after = after.replace(old, new, 1)
    return before + head + after


def deadline(weeks: int, text: str = RULEBOOK) -> str:
    return otherwise(("semaines_avant = 1", f"semaines_avant = {weeks}"), of="cantine", text=text)


def meals(count: int, text: str = RULEBOOK) -> str:
    head, places, tail = text.partition("[activites.cantine.places]\n")
    assert places
    return head + places + re.sub(r"nombre = \d+", f"nombre = {count}", tail, count=1)


def holidays(count: int, text: str = RULEBOOK) -> str:
    head, places, tail = text.partition("[activites.vacances.places]\n")
    assert places
    return head + places + re.sub(r"nombre = \d+", f"nombre = {count}", tail, count=1)


def canteen(*steps: object) -> Story:
    """Matteo, his sister and Awa eat at the canteen."""
    return given(enrolled(MATTEO, CHIARA, AWA, activity=CANTINE), about(CANTINE), clock(MORNING), *steps).story  # type: ignore[arg-type]


def same(replayed: Replayed) -> bool:
    """Whether nothing is answered otherwise."""
    return all(each.real == each.here for each in replayed.world.answers.compared.values())


# Requests ------------------------------------------------------------------------------------------------------------


def test_a_stricter_deadline_refuses_what_came_after_it_with_its_article():
    story = canteen(reserve(MEAL, "2024-01-16 repas"))
    replayed = asked_again(story, deadline(2))
    assert replayed.answers(MATTEO) == {
        MEAL: ("approved", "approved", None),
        "2024-01-16 repas": ("approved", "refused", "deadline_passed"),
    }
    assert replayed.article(MATTEO, "2024-01-16") == "3.2"
    assert replayed.slot(MATTEO, "2024-01-16", "repas") is None
    assert same(asked_again(story, RULEBOOK))


def test_fewer_places_refuse_who_came_later():
    for first, second in ((MATTEO, AWA), (AWA, MATTEO)):
        replayed = asked_again(canteen(reserve(MEAL, of=first), reserve(MEAL, of=second)), meals(1))
        assert replayed.answers(first) == {MEAL: ("approved", "approved", None)}
        assert replayed.answers(second) == {MEAL: ("approved", "refused", "no_place_left")}


def test_a_request_for_two_children_takes_the_last_place_for_the_first_of_them():
    replayed = asked_again(canteen(submit(reserve=[MEAL], of=[MATTEO, CHIARA])), meals(1))
    outcomes = [replayed.answers(child)[MEAL][1:] for child in (MATTEO, CHIARA)]
    assert sorted(outcomes) == [("approved", None), ("refused", "no_place_left")]


def test_a_place_that_is_refused_to_one_is_there_for_the_next():
    """Who asked too late under the stricter deadline leaves the place to whoever had asked in time elsewhere."""
    story = canteen(reserve("2024-01-16 repas"), reserve("2024-01-25 repas", of=AWA))
    text = meals(1, deadline(2))
    replayed = asked_again(story, text)
    assert replayed.answers(AWA)[MEAL] == ("approved", "approved", None)
    assert replayed.answers(MATTEO)["2024-01-16 repas"][1] == "refused"


def holiday(*steps: object) -> Story:
    """Two children wish the one place of a day of the holidays, which is taken when the town accepts."""
    wishes = (reserve(EASTER), reserve(EASTER, of=AWA), approve(), reject(of=AWA))
    return given(
        enrolled(MATTEO, AWA, activity=VACANCES),
        about(VACANCES),
        clock(OPENING),
        *wishes,
        *steps,  # type: ignore[arg-type]
    ).story


def test_what_an_agent_refused_stays_refused_unless_the_council_looks_at_that_reason_again():
    story, text = holiday(), holidays(2)
    assert asked_again(story, text).answers(AWA) == {EASTER: ("rejected", "rejected", None)}
    assert asked_again(story, text, reconsidered=["autre"]).answers(AWA) == {EASTER: ("rejected", "rejected", None)}
    assert asked_again(story, text, reconsidered=["complet"]).answers(AWA) == {EASTER: ("rejected", "approved", None)}


def test_what_is_looked_at_again_is_granted_only_where_there_is_a_place():
    replayed = asked_again(holiday(), RULEBOOK, reconsidered=["complet"])
    assert replayed.answers(AWA) == {EASTER: ("rejected", "rejected", None)}
    assert replayed.answers(MATTEO) == {EASTER: ("approved", "approved", None)}


def test_an_agent_cannot_accept_where_there_are_fewer_places():
    wider = holidays(2).replace('version = "2023-09"', 'version = "2023-10"')
    wishes = (reserve(EASTER, "2024-04-09 journee"), reserve(EASTER, of=AWA), approve(), approve(of=AWA))
    story = given(
        lambda story: story.must(AdoptRulebook(content=wider)),
        enrolled(MATTEO, AWA, activity=VACANCES),
        about(VACANCES),
        clock(OPENING),
        *wishes,
    ).story
    replayed = asked_again(story, RULEBOOK)
    assert replayed.answers(AWA) == {EASTER: ("approved", "refused", "no_place_left")}
    assert replayed.slot(AWA, "2024-04-08", "journee") is None
    assert [each[1] for each in replayed.answers(MATTEO).values()] == ["approved", "approved"]


def test_a_reason_the_other_rulebook_does_not_know_still_refuses():
    text = RULEBOOK.replace('complet = "Il ne reste plus de place"\n', "")
    replayed = asked_again(holiday(), text)
    assert replayed.answers(AWA) == {EASTER: ("rejected", "rejected", None)}
    assert replayed.answers(MATTEO) == {EASTER: ("approved", "approved", None)}


def wednesday(*steps: object) -> Story:
    return given(enrolled(MATTEO, AWA), about(MERCREDIS), clock(MORNING), *steps).story  # type: ignore[arg-type]


BY_RULE = otherwise(('instruction = "agent"', 'instruction = "regle"'), of="mercredis")
DAY = "2024-01-31 journee"


def test_a_rule_grants_at_once_what_an_agent_refused():
    story = wednesday(reserve(DAY), reject())
    assert asked_again(story, BY_RULE).answers(MATTEO) == {DAY: ("rejected", "approved", None)}


def test_a_rule_grants_what_nobody_has_decided_yet():
    assert asked_again(wednesday(reserve(DAY)), BY_RULE).answers(MATTEO) == {DAY: ("pending", "approved", None)}


def test_an_agent_grants_what_a_rule_granted():
    story = canteen(reserve(MEAL))
    text = otherwise(('instruction = "regle"', 'instruction = "agent"'), of="cantine")
    replayed = asked_again(story, text)
    assert replayed.answers(MATTEO) == {MEAL: ("approved", "approved", None)}
    slot = replayed.slot(MATTEO, "2024-01-25", "repas")
    assert slot is not None
    assert slot.state == "reserved"


def test_what_a_family_took_back_is_taken_back():
    story = wednesday(reserve(DAY), withdraw())
    assert asked_again(story, RULEBOOK).answers(MATTEO) == {DAY: ("withdrawn", "withdrawn", None)}
    by_rule = asked_again(story, BY_RULE)
    assert by_rule.answers(MATTEO) == {DAY: ("withdrawn", "approved", None)}
    assert by_rule.slot(MATTEO, "2024-01-31", "journee") is None


# What happened -------------------------------------------------------------------------------------------------------


def test_a_day_that_can_no_longer_be_given_up_is_reserved_and_the_child_is_missed():
    story = canteen(
        reserve(MEAL),
        reserve(MEAL, of=AWA),
        clock("2024-01-17 10:00"),
        cancel(MEAL),
        clock("2024-01-25 14:00"),
        sheet(MEAL, mark("present", of=AWA)),
    )
    replayed = asked_again(story, deadline(2))
    assert replayed.answers(MATTEO, "cancel") == {MEAL: ("approved", "refused", "deadline_passed")}
    assert list(replayed.world.assumed.values()) == ["absent"]
    slot = replayed.slot(MATTEO, "2024-01-25", "repas")
    assert slot is not None
    assert (slot.state, slot.absence) == ("reserved", None)


def test_of_a_day_nobody_wrote_down_nothing_is_made_up():
    story = canteen(reserve(MEAL), clock("2024-01-17 10:00"), cancel(MEAL))
    assert asked_again(story, deadline(2)).world.assumed == {}


def test_an_enrolment_that_ends_gives_up_what_is_reserved_after_it_and_what_waits():
    later = "2024-03-27 journee"
    story = wednesday(reserve(DAY), approve(), reserve(later), approve(), end_enrolment("2024-02-01"))
    for text in (RULEBOOK, BY_RULE, deadline(2)):
        replayed = asked_again(story, text)
        assert same(replayed)
        assert replayed.answers(MATTEO, "cancel") == {}
        assert replayed.slot(MATTEO, "2024-03-27", "journee") is None
        assert replayed.slot(MATTEO, "2024-01-31", "journee") is not None
    story = canteen(reserve(MEAL), clock("2024-01-17 10:00"), cancel(MEAL), end_enrolment("2024-01-20"))
    by_agents = otherwise(('instruction = "regle"', 'instruction = "agent"'), of="cantine", text=deadline(2))
    assert asked_again(story, by_agents).slot(MATTEO, "2024-01-25", "repas") is None


def test_who_is_granted_a_day_comes():
    story = holiday(clock("2024-04-08 18:00"), sheet(EASTER, mark("present")))
    replayed = asked_again(story, holidays(2), reconsidered=["complet"])
    assert [(day[0], came) for day, came in replayed.world.assumed.items()] == [(AWA.id, "present")]


def test_who_is_refused_a_day_does_not_come():
    story = canteen(
        reserve(MEAL),
        reserve(MEAL, of=AWA),
        clock("2024-01-25 14:00"),
        sheet(MEAL, mark("present"), mark("present", of=AWA)),
    )
    world = asked_again(story, meals(1)).world
    assert [child for child, _ in world.lost] == [AWA.id]
    assert world.town.store.child(VALMONT, AWA.id).state.attendance == {}  # type: ignore[union-attr]


def test_who_came_while_the_day_waited_for_an_answer_still_comes():
    story = wednesday(reserve(DAY), clock("2024-01-31 18:00"), sheet(DAY, mark("present")))
    for text in (RULEBOOK, otherwise(("nombre = 15", "nombre = 30"), of="mercredis")):
        world = asked_again(story, text).world
        assert world.lost == {}
        assert len(world.town.store.child(VALMONT, MATTEO.id).state.attendance) == 1  # type: ignore[union-attr]


def test_what_a_rule_granted_stands_while_the_rest_of_the_demande_waits():
    """A day in time is granted by the rule, one too late waits for an agent; under the other text both would."""
    story = given(
        enrolled(MATTEO, activity=GARDERIE),
        about(GARDERIE),
        clock("2024-01-15 18:00"),
        reserve("2024-01-16 court", "2024-01-25 court"),
    ).story
    text = otherwise(('instruction = "regle"', 'instruction = "agent"'), of="garderie")
    for other in (RULEBOOK, text):
        assert asked_again(story, other).answers(MATTEO) == {
            "2024-01-16 court": ("pending", "pending", None),
            "2024-01-25 court": ("approved", "approved", None),
        }


def test_who_came_without_a_reservation_still_comes():
    story = canteen(reserve(MEAL), clock("2024-01-25 14:00"), sheet(MEAL, mark("present"), mark("present", of=AWA)))
    world = asked_again(story, meals(1)).world
    assert world.lost == {}
    assert len(world.town.store.child(VALMONT, AWA.id).state.attendance) == 1  # type: ignore[union-attr]


def missed(*steps: object) -> Story:
    """An absence that was accepted five days later."""
    sheets = (clock("2024-01-25 14:00"), sheet(MEAL, mark("absent")), clock("2024-01-30 09:00"))
    return canteen(*steps, reserve(MEAL), *sheets, absent(MEAL, reason="sortie"), approve())


def test_a_shorter_time_to_justify_refuses_the_absence():
    replayed = asked_again(missed(), otherwise(("jours_apres = 15", "jours_apres = 2"), of="cantine"))
    assert replayed.answers(MATTEO, "absence") == {MEAL: ("approved", "refused", "justification_too_late")}
    assert replayed.article(MATTEO, "2024-01-25", "absence") == "3.4"
    assert same(asked_again(missed(), RULEBOOK))


def test_of_two_days_of_an_absence_the_one_that_comes_in_time_is_accepted():
    other = "2024-01-29 repas"
    sheets = [clock("2024-01-29 14:00"), *(sheet(each, mark("absent")) for each in (MEAL, other))]
    story = canteen(
        reserve(MEAL, other), *sheets, clock("2024-01-30 09:00"), absent(MEAL, other, reason="sortie"), approve()
    )
    replayed = asked_again(story, otherwise(("jours_apres = 15", "jours_apres = 2"), of="cantine"))
    assert replayed.answers(MATTEO, "absence") == {
        MEAL: ("approved", "refused", "justification_too_late"),
        other: ("approved", "approved", None),
    }


def test_an_absence_of_a_day_that_is_not_reserved_is_no_absence():
    replayed = asked_again(missed(), deadline(3))
    assert replayed.answers(MATTEO, "absence") == {MEAL: ("approved", "refused", "not_reserved")}


# Which rules ---------------------------------------------------------------------------------------------------------


def test_days_before_the_first_keep_their_rules():
    story = canteen(reserve("2024-01-16 repas"), clock("2024-01-31 10:00"), reserve("2024-02-06 repas"))
    replayed = asked_again(story, deadline(2), first_day="2024-02-01")
    assert replayed.answers(MATTEO) == {
        "2024-01-16 repas": ("approved", "approved", None),
        "2024-02-06 repas": ("approved", "refused", "deadline_passed"),
    }


def test_rulebooks_of_before_govern_from_when_they_were_adopted_and_those_of_after_never():
    stricter = deadline(2).replace('version = "2023-09"', 'version = "2024-01"')
    stricter = stricter.replace("en_vigueur = 2023-09-01", "en_vigueur = 2024-01-22")
    story = canteen(
        reserve("2024-01-25 repas"),
        lambda story: story.must(AdoptRulebook(content=stricter)),
        clock("2024-01-17 10:00"),
        reserve("2024-02-05 repas"),
    )
    replayed = asked_again(story, RULEBOOK, first_day="2024-02-01")
    versions = [each.version for each in replayed.world.town.known_rules().rulebooks]
    assert versions == ["2023-09", "2024-01", "2023-09"]
    assert same(replayed)
    later = stricter.replace('version = "2024-01"', 'version = "2024-02"').replace("2024-01-22", "2024-02-01")
    story.now = story.now.replace(day=18)
    story.must(AdoptRulebook(content=later))
    after = asked_again(story, RULEBOOK, first_day="2024-02-01").world.town.known_rules()
    assert [each.version for each in after.rulebooks] == ["2023-09", "2024-01", "2023-09"]


# Euros ---------------------------------------------------------------------------------------------------------------


def test_another_tariff_changes_nothing_but_euros():
    story = given().story
    two_meals(story)
    replayed = asked_again(story, PRICED.replace("prix = 3.27", "prix = 4.01").replace("prix = 1.10", "prix = 1.00"))
    assert same(replayed)
    assert replayed.money(ROSSI) == (2 * 327, 2 * 401)
    assert replayed.money(DIALLO) == (2 * 110, 2 * 100)
    assert replayed.money(ROSSI, "2024-02") == (0, 0)


def test_a_tariff_that_ends_a_bracket_elsewhere_moves_a_household():
    story = given().story
    two_meals(story)
    replayed = asked_again(story, PRICED.replace("a_partir_de = 500", "a_partir_de = 600"))
    assert replayed.money(ROSSI) == (2 * 327, 2 * 110)


def test_who_is_refused_owes_nothing():
    story = given().story
    two_meals(story)
    replayed = asked_again(story, meals(1, PRICED))
    assert replayed.money(ROSSI) == (654, 654)
    assert replayed.money(DIALLO) == (220, 0)


def test_a_day_of_an_accepted_absence_is_due_where_the_first_days_are():
    story = missed(lambda story: story.must(AdoptRulebook(content=PRICED)))
    waiting = otherwise(("jours_apres = 15", "jours_apres = 15\ncarence_jours = 1"), of="cantine", text=PRICED)
    quotient = QuotientDecided(amount_cents=40_000, source="caf", first_day=date(2023, 9, 1))
    story.must(Said(household_page(VALMONT, ROSSI), quotient))
    assert asked_again(story, PRICED).money(ROSSI) == (0, 0)
    assert asked_again(story, waiting).money(ROSSI) == (0, 110)


def test_a_child_of_two_households_is_paid_by_the_one_that_has_the_day():
    story = given().story
    two_meals(story)
    for step in (
        clock("2024-01-26 19:00"),
        join(DIALLO),
        alternate(ROSSI, DIALLO, since="2024-01-29"),
        clock("2024-01-29 10:00"),
        reserve("2024-02-06 repas", by=[ROSSI]),
        reserve("2024-02-27 repas", by=[DIALLO]),
        clock("2024-02-27 18:00"),
        sheet("2024-02-06 repas", mark("present")),
        sheet("2024-02-27 repas", mark("present")),
    ):
        step(story)
    replayed = asked_again(story, PRICED.replace("prix = 3.27", "prix = 4.01").replace("prix = 1.10", "prix = 1.00"))
    assert same(replayed)
    assert replayed.money(ROSSI, "2024-02") == (327, 401)
    assert replayed.money(DIALLO, "2024-02") == (110, 100)
