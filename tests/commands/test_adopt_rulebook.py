"""The council votes: the text is kept whole, and is in force from its day."""

from hashlib import sha256

from commands.adopt_rulebook import AdoptRulebook
from ledger.events import MonthClosed, RulebookAdopted
from ledger.identifiers import Month
from ledger.streams import regie_page
from rulebook.town import rules_of_town
from tests.asks import approve, ask, cancel, reserve
from tests.billed import Said
from tests.spec import about, enrolled, given
from tests.town import CANTINE, CHANTELOUP, MATTEO, RULEBOOK, VILLARS, VILLENNES, day, rulebooks

NEXT = RULEBOOK.replace('"2023-09"', '"2024-02"').replace("en_vigueur = 2023-09-01", "en_vigueur = 2024-02-01")


def adopt(text):
    return ask(AdoptRulebook(content=text))


def version_on(story, text):
    found = rules_of_town(story.store.town(story.commune).state).on(day(text))
    return found.version if found else None


def test_a_rulebook_is_kept_whole_with_its_digest():
    (fact,) = given().when(adopt(NEXT)).then_accepted().story.facts
    assert isinstance(fact, RulebookAdopted)
    assert fact.content == NEXT
    assert fact.digest == sha256(NEXT.encode()).hexdigest()


def test_a_rulebook_governs_the_days_from_its_own_on():
    story = given().when(adopt(NEXT)).then_accepted().story
    assert version_on(story, "2023-08-31") is None
    assert version_on(story, "2024-01-31") == "2023-09"
    assert version_on(story, "2024-02-01") == "2024-02"


def test_a_version_is_adopted_once():
    given(adopt(NEXT)).when(adopt(NEXT)).then_refused("version_already_adopted")


def test_of_two_in_force_from_the_same_day_the_last_adopted_governs():
    again = NEXT.replace('"2024-02"', '"2024-02-bis"')
    assert version_on(given(adopt(NEXT)).when(adopt(again)).then_accepted().story, "2024-02-01") == "2024-02-bis"


def test_the_rulebook_of_another_town_is_refused():
    given().when(adopt(rulebooks(VILLARS)[0])).then_refused("rulebook_of_another_town")


def test_an_unsound_rulebook_is_refused_with_every_problem():
    then = given().when(adopt(RULEBOOK.replace('zone = "C"', 'zone = "Z"').replace('"agent"', '"chef"', 1)))
    then.then_refused("rulebook_unsound", "rulebook_unsound")
    assert then.refusal.problem is not None


def test_a_text_that_is_no_rulebook_is_refused():
    given().when(adopt("ceci n'est pas un règlement")).then_refused("rulebook_unsound")


def test_a_reservation_names_the_rulebook_in_force_on_its_day():
    then = given(about(CANTINE), enrolled(MATTEO), adopt(NEXT)).when(reserve("2024-01-30 repas", "2024-02-06 repas"))
    asked = then.then_accepted().story.facts[0].days
    assert [each.rulebook for each in asked] == ["2023-09", "2024-02"]


def test_the_three_towns_adopt_their_own_rulebooks():
    for commune in (VILLENNES, CHANTELOUP, VILLARS):
        assert len(given(commune=commune).story.rows("rulebooks")) == len(rulebooks(commune)) >= 1


AGAIN = RULEBOOK.replace('version = "2023-09"', 'version = "2024-03"')


def next_version(in_force_from, text=AGAIN):
    return ask(AdoptRulebook(content=text.replace("en_vigueur = 2023-09-01", f"en_vigueur = {in_force_from}")))


def closed(month):
    closing = MonthClosed(
        month=Month(month),
        position=1,
        year=2024,
        first_number=1,
        titres=0,
        total_cents=0,
        digest="0" * 64,
        issued_on=day("2024-01-08"),
        due_on=day("2024-01-29"),
        left_out=0,
    )

    def say(story):
        story.must(Said(regie_page(story.commune), closing))

    return say


def test_a_version_governs_no_day_of_a_month_that_is_billed():
    story = given(closed("2023-11"), closed("2023-12"))
    refused = story.when(next_version("2023-12-31")).then_refused("rulebook_over_closed_month").refusal
    assert refused.day == day("2024-01-01")
    story.when(next_version("2024-01-01")).then_accepted()


def booked():
    return given(enrolled(MATTEO), reserve("2024-03-27"))


def test_a_version_does_not_come_into_force_on_booked_days_that_are_past():
    refused = booked().when(next_version("2024-01-09")).then_refused("in_force_too_early").refusal
    assert refused.day == day("2024-01-09")
    booked().when(next_version("2024-01-10")).then_accepted()
    given().when(next_version("2023-12-01")).then_accepted()


def test_places_that_are_taken_are_not_counted_among_other_children():
    for_all = AGAIN.replace('par = "groupe"\n', "")
    refused = booked().when(next_version("2024-02-01", for_all)).then_refused("places_counted_otherwise").refusal
    assert (refused.article, refused.day) == ("4", day("2024-03-27"))
    booked().when(next_version("2024-03-28", for_all)).then_accepted()


def test_a_unit_does_not_take_other_places_than_those_it_has_taken():
    alone = AGAIN.replace('prend_les_places_de = ["matinee", "apres-midi"]\n', "")
    booked().when(next_version("2024-02-01", alone)).then_refused("places_counted_otherwise")


def test_what_was_booked_under_a_unit_can_be_given_up_when_the_next_rulebook_drops_it():
    start, end = (
        AGAIN.index("[activites.mercredis.unites.journee]"),
        AGAIN.index("[activites.mercredis.unites.matinee]"),
    )
    dropped = AGAIN[:start] + AGAIN[end:]
    story = given(enrolled(MATTEO), reserve("2024-04-03"), approve(), next_version("2024-04-01", dropped))
    cancelled = story.when(cancel("2024-04-03")).then_accepted().story.facts[0]
    assert [each.rulebook for each in cancelled.days] == ["2023-09"]
