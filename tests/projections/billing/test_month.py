"""What the days of a month cost a household."""

from tests.asks import mark, reserve, sheet
from tests.projections.billing.regie import Regie, told
from tests.spec import about, clock, enrolled, given
from tests.town import CANTINE, MATTEO


def test_a_reserved_day_the_child_came_is_billed():
    story = given(
        about(CANTINE),
        enrolled(MATTEO),
        reserve("2024-01-23 repas", "2024-01-26 repas"),
        clock("2024-01-31 18:00"),
        sheet("2024-01-23 repas", mark("present")),
        sheet("2024-01-26 repas", mark("present")),
    ).story
    bill = Regie(story=story).draft("2024-01")
    assert told(bill) == ["2 x 3 Cantine 01-23 01-26"]
    assert bill.total_cents == 600
