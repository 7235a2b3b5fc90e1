"""What was known at an instant, from lines alone."""

from datetime import timedelta

import pytest

from ledger.streams import child_page
from projections import calendar, day_sheet, demandes, families, pages_of, places
from projections.question import Question
from replay.as_of import PAST, Past, mentioned
from tests.asks import reserve, withdraw
from tests.spec import Story, enrolled, given
from tests.town import MATTEO, MERCREDIS, VALMONT, at, day


def states(story: Story, instant: str) -> list[str]:
    """The demandes of Matteo as they were known."""
    past = Past(as_of=at(instant))
    past.fold(child_page(VALMONT, MATTEO.id), story.lines(MATTEO))
    return [row["status"] for row in past.rows("demandes")]


def test_a_page_is_known_up_to_its_first_line_recorded_after_the_instant() -> None:
    story = given(enrolled(MATTEO)).story
    reserve("2024-03-27")(story)
    story.now += timedelta(hours=2)
    withdraw()(story)
    # The clock of another machine is late: its line follows the one before all the same.
    story.now -= timedelta(hours=1)
    reserve("2024-04-03")(story)
    assert states(story, "2024-01-10 10:00") == ["en_cours"]
    assert states(story, "2024-01-10 11:30") == ["en_cours"], "no hole: what follows an unknown line is unknown"
    assert states(story, "2024-01-10 12:00") == ["retiree", "en_cours"]


@pytest.mark.parametrize(
    ("question", "tables"),
    [
        (
            calendar.days_of(VALMONT, MATTEO.id, day("2024-03-01"), day("2024-03-31")),
            {"calendar_days", "children", "demandes", "custody"},
        ),
        (families.version_of(child_page(VALMONT, MATTEO.id)), {"entries"}),
        (places.counts(VALMONT, MERCREDIS, day("2024-03-01"), day("2024-03-31")), {"places"}),
        (demandes.history(VALMONT, demandes.Filter(), order="newest", after=None, limit=1), {"demandes"}),
        (
            day_sheet.sheet(VALMONT, MERCREDIS, day("2024-03-27"), unit=None, site=None, group=None),
            {"calendar_days", "attendance", "enrolments", "children"},
        ),
        (pages_of.families(VALMONT, [MATTEO.household]), {"household_children", "children"}),
    ],
)
def test_every_table_a_question_reads_is_seen_in_it(question: Question, tables: set[str]) -> None:
    assert tables <= mentioned(question.sql)


def test_a_question_about_nothing_of_the_past_is_left_as_it_is() -> None:
    asked = Question(sql="SELECT stored FROM answers WHERE commune = %(commune)s", values={"commune": VALMONT})
    assert Past(as_of=at("2024-01-10 10:00")).question(asked, PAST) is asked
