"""The town closes a day, or opens it again: an activity or everything, at one site or everywhere."""

from ledger.events import DayClosed, DayReopened
from tests.asks import approve, close, reopen, reserve
from tests.spec import about, enrolled, given
from tests.town import AWA, CANTINE, JEANNE, MATTEO

TUESDAY = "2024-03-26"
LUNCH = f"{TUESDAY} repas"


def test_a_day_is_closed_with_a_reason():
    then = given().when(close(TUESDAY)).then_accepted().then_wrote(DayClosed)
    assert then.story.rows("closures") == [
        {"commune": "valmont", "day": then.story.facts[0].day, "activity": "", "site": "", "reason": "greve"}
    ]


def test_a_closed_town_takes_nobody_anywhere():
    given(enrolled(MATTEO), close("2024-03-27")).when(reserve("2024-03-27")).then_refused("day_closed")


def test_a_closed_activity_leaves_the_others_open():
    then = given(enrolled(MATTEO), close("2024-03-27", activity="cantine"))
    then.when(reserve("2024-03-27")).then_accepted()


def test_a_closed_site_leaves_the_others_open():
    then = given(about(CANTINE), enrolled(MATTEO, JEANNE), close(TUESDAY, activity="cantine", site="centre"))
    then.when(reserve(LUNCH)).then_refused("day_closed")
    then.when(reserve(LUNCH, of=JEANNE)).then_accepted()


def test_a_site_closed_for_every_activity_is_closed():
    then = given(about(CANTINE), enrolled(MATTEO), close(TUESDAY, site="centre"))
    then.when(reserve(LUNCH)).then_refused("day_closed")


def test_what_was_reserved_stays_written():
    then = given(enrolled(MATTEO), reserve("2024-03-27"), approve()).when(close("2024-03-27")).then_accepted()
    then.then_day("2024-03-27", "reserved", of=MATTEO).then_taken("2024-03-27", 1, unit="matinee", pool="grands")


def test_a_day_is_closed_once_in_the_same_terms():
    given(close(TUESDAY)).when(close(TUESDAY)).then_refused("already_closed")
    given(close(TUESDAY)).when(close(TUESDAY, activity="cantine")).then_accepted()


def test_the_reason_is_one_of_the_town_s():
    given().when(close(TUESDAY, reason="soleil")).then_refused("unknown_reason")


def test_an_activity_the_town_does_not_have_is_refused():
    given().when(close(TUESDAY, activity="poney")).then_refused("unknown_activity")


def test_a_site_the_activity_does_not_have_is_refused():
    given().when(close(TUESDAY, site="plage")).then_refused("unknown_site")
    given().when(close(TUESDAY, activity="mercredis", site="centre")).then_refused("unknown_site")


def test_a_day_no_rulebook_governs_is_refused():
    given().when(close("2022-03-22")).then_refused("no_rulebook")


def test_a_day_opened_again_may_be_reserved():
    then = given(enrolled(MATTEO), close("2024-03-27"), reopen("2024-03-27")).when(reserve("2024-03-27"))
    then.then_accepted()


def test_a_day_is_opened_again_in_the_terms_it_was_closed():
    given(close(TUESDAY)).when(reopen(TUESDAY, activity="cantine")).then_refused("not_closed")
    then = given(close(TUESDAY, activity="cantine")).when(reopen(TUESDAY, activity="cantine")).then_accepted()
    then.then_wrote(DayReopened)
    assert then.story.rows("closures") == []


def test_a_day_that_was_not_closed_is_not_opened_again():
    given().when(reopen(TUESDAY)).then_refused("not_closed")
    given(close(TUESDAY), reopen(TUESDAY)).when(reopen(TUESDAY)).then_refused("not_closed")


def test_a_day_may_be_closed_again():
    then = given(enrolled(AWA), close("2024-03-27"), reopen("2024-03-27")).when(close("2024-03-27", reason="pont"))
    then.then_accepted()
