"""The titres of a closed month: each household's once, under its number, whoever issues them and how often."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from commands.issue_titres import BillToIssue, IssueTitres
from ledger.events import Fact, MonthClosed, TitreIssued
from ledger.identifiers import HouseholdId, Month
from ledger.store import Answer, Append, Write
from ledger.streams import payer_page, regie_page
from tests.asks import ask
from tests.ledger.examples_of_billing import CORRECTED, MEALS, SEPTEMBER
from tests.spec import Ask, Story, given, once, signed
from tests.town import DIALLO, LEFEVRE, ROSSI, VALMONT

HOUSEHOLDS = sorted([ROSSI, DIALLO, LEFEVRE])
DIGEST = "5" * 64
BILLS = [BillToIssue(household=household, lines=(MEALS, CORRECTED)) for household in HOUSEHOLDS]
CLOSED = MonthClosed(
    month=SEPTEMBER,
    position=120,
    year=2023,
    first_number=17,
    titres=3,
    total_cents=981,
    digest=DIGEST,
    issued_on=date(2023, 10, 2),
    due_on=date(2023, 10, 23),
)


def written(stream: str, *facts: Fact):
    """Facts that are there."""

    def step(story: Story) -> None:
        page = story.store.pages([stream])[stream]  # type: ignore[list-item, index]
        prepared = story.store.prepare(VALMONT, signed(story.now), [Write(page=page, facts=facts)])
        story.store.append(Append(prepared=prepared, once=once(), answer=Answer(status=201), capacity=lambda _: None))

    return step


def closed(fact: MonthClosed = CLOSED):
    return written(regie_page(VALMONT), fact)


def issue(*bills: BillToIssue, place: int = 0, digest: str = DIGEST, month: Month = SEPTEMBER) -> Ask:
    return ask(IssueTitres(month=month, digest=digest, place=place, bills=bills or BILLS))


def titres(story: Story) -> list[tuple[HouseholdId, str]]:
    return sorted((row["household"], row["titre"]) for row in story.rows("titres"))


ALL = [(household, f"2023-{number:06d}") for number, household in enumerate(HOUSEHOLDS, start=17)]


def test_numbers_go_on_in_the_order_of_the_households():
    then = given(closed()).when(issue()).then_wrote(TitreIssued, TitreIssued, TitreIssued)
    assert titres(then.story) == ALL


def test_a_titre_says_what_the_close_says_and_what_its_lines_come_to():
    [fact] = given(closed()).when(issue(BILLS[1], place=1)).story.facts
    assert fact == TitreIssued(
        titre="2023-000018",  # type: ignore[arg-type]
        household=HOUSEHOLDS[1],
        month=SEPTEMBER,
        position=120,
        issued_on=date(2023, 10, 2),
        due_on=date(2023, 10, 23),
        total_cents=654 - 327,
        lines=(MEALS, CORRECTED),
    )


def test_issued_again_nothing_is_written():
    then = given(closed(), issue()).when(issue()).then_accepted().then_wrote()
    assert titres(then.story) == ALL


def test_whatever_part_was_issued_the_rest_gets_the_numbers_that_are_left():
    then = given(closed(), issue(BILLS[1], place=1)).when(issue()).then_wrote(TitreIssued, TitreIssued)
    assert titres(then.story) == ALL


def test_a_month_that_is_not_closed_has_no_titre():
    given().when(issue()).then_refused("month_not_closed")
    given(closed()).when(issue(month=Month("2023-10"))).then_refused("month_not_closed")


def test_bills_that_are_not_those_of_the_close_are_not_issued():
    given(closed()).when(issue(digest="6" * 64)).then_refused("bills_differ")


def test_there_are_never_more_titres_than_the_close_says():
    given(closed(replace(CLOSED, titres=2))).when(issue()).then_refused("bills_differ")
    given(closed()).when(issue(*BILLS[:2], place=2)).then_refused("bills_differ")


def test_a_household_that_has_another_number_for_the_month_stops_everything():
    given(closed(), issue(BILLS[0], place=1)).when(issue()).then_refused("titre_differs")


def test_a_household_that_was_billed_another_month_is_billed_this_one():
    before: Sequence[Fact] = [
        TitreIssued(
            titre="2023-000001",  # type: ignore[arg-type]
            household=HOUSEHOLDS[0],
            month=Month("2023-08"),
            position=60,
            issued_on=date(2023, 9, 2),
            due_on=date(2023, 9, 23),
            total_cents=654,
            lines=(MEALS,),
        )
    ]
    given(closed(), written(payer_page(VALMONT, HOUSEHOLDS[0]), *before)).when(issue()).then_wrote(
        TitreIssued, TitreIssued, TitreIssued
    )
