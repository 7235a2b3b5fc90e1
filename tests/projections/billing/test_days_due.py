"""docs/billing.md, cell by cell: what each combination of reserved, present, absent and the rest costs in Villars."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from api.french_days_due import PRESENCES, SITUATIONS, cells, placed, table
from ledger.events import QuotientDecided
from ledger.identifiers import Slug
from rulebook.dues import DayFacts, due
from rulebook.tariffs import Adjustment, Conditions, Tariff, When
from rulebook.town import rules_of
from rulebook.towns import load
from tests.projections.billing.regie import MEALS
from tests.town import VILLARS, day

PAGE = Path(__file__).parents[3] / "docs" / "billing.md"
MONDAY = day("2022-09-05")
QUOTIENT = QuotientDecided(amount_cents=70_000, source="caf", first_day=day("2022-09-01"))

CAME = "3,27 € (réservé, et présent, art. 5.1)"
BY_SURPRISE = "3,27 € (venu sans réservation, art. 5.1) ; 1,50 € (venu sans réservation, art. 5.5)"
DUE = "3,27 € (absent, sans absence acceptée, art. 5.1)"
PENDING = "3,27 € (absence en attente de décision, art. 5.1) ; en attendant : absence à décider"
WAITING = "3,27 € (absence acceptée, jour de carence, art. 5.1)"
TOO_SHORT = "3,27 € (absence acceptée, trop peu de jours de suite, art. 5.1)"
TOO_LATE = "3,27 € (absence acceptée, service prévenu trop tard, art. 5.1)"
EXPECTED = {
    "Réservé": (CAME, DUE, "présence à noter"),
    "Réservé hors délai": (CAME, DUE, "présence à noter"),
    "Réservé, annulation en attente": (CAME, "demande à décider", "demande à décider"),
    "Réservé, absence en attente de décision": (CAME, PENDING, PENDING),
    "Réservé, absence justifiée": (f"{CAME} ; à vérifier", "rien", "rien"),
    "Réservé, absence justifiée, jour de carence": (f"{CAME} ; à vérifier", WAITING, WAITING),
    "Réservé, absence justifiée, trop peu de jours de suite": (f"{CAME} ; à vérifier", TOO_SHORT, TOO_SHORT),
    "Réservé, absence justifiée, service prévenu trop tard": (f"{CAME} ; à vérifier", TOO_LATE, TOO_LATE),
    "Réservé, absence non justifiée": (CAME, DUE, DUE),
    "Réservé, absence refusée, déclarée à nouveau": (CAME, PENDING, PENDING),
    "Demandé, en attente de décision": (
        f"{BY_SURPRISE} ; en attendant : demande à décider",
        "demande à décider",
        "demande à décider",
    ),
    "Sans réservation, ou annulé à temps": (BY_SURPRISE, "rien", "rien"),
    "Annulé hors délai": (BY_SURPRISE, "rien", "rien"),
    "Jour fermé, réservé": ("à vérifier", "rien", "rien"),
    "Jour fermé, sans réservation": ("à vérifier", "rien", "rien"),
}


@pytest.fixture(scope="module")
def meals() -> Tariff:
    rulebook = rules_of(load(VILLARS)).on(MONDAY)
    assert rulebook is not None
    found = rulebook.tariff(Slug("restauration-scolaire"), Slug("repas"))
    assert found is not None
    return found


@pytest.mark.parametrize("situation", EXPECTED)
@pytest.mark.parametrize(("place", "presence"), list(enumerate(PRESENCES)))
def test_a_day_of_villars_costs_what_its_cell_says(meals: Tariff, situation: str, place: int, presence: str):
    said = {(row, column): cell for row, column, cell in cells(meals, QUOTIENT)}
    assert said[situation, presence].replace("\N{NO-BREAK SPACE}", " ") == EXPECTED[situation][place]


def test_every_situation_has_its_row_and_the_page_is_the_one_that_is_worked_out(meals: Tariff):
    assert set(EXPECTED) == set(SITUATIONS)
    page = PAGE.read_text()
    assert placed(page, table(meals, QUOTIENT)) == page


def _on_top(when: When) -> Adjustment:
    return Adjustment(
        label=when,
        article="9.9",
        when=when,
        conditions=Conditions(),
        nature="surcharge",
        amount=Decimal(1),
        share=None,
        code="",
    )


STRICT = replace(
    MEALS, adjustments=tuple(_on_top(when) for when in ("late", "late_cancellation", "unreserved", "absent"))
)


@pytest.mark.parametrize(
    ("facts", "on_top"),
    [
        (DayFacts(reserved=True, presence="present"), set()),
        (DayFacts(reserved=True, presence="present", late=True), {"late"}),
        (DayFacts(reserved=True, presence="absent"), {"absent"}),
        (DayFacts(reserved=True, presence="absent", late=True), {"absent", "late"}),
        (DayFacts(reserved=True, absence="unjustified"), {"absent"}),
        (DayFacts(reserved=True, absence="declared"), set()),
        (DayFacts(reserved=True, absence="justified", accepted="waiting_days"), set()),
        (DayFacts(reserved=False, presence="present"), {"unreserved"}),
        (DayFacts(reserved=False, late_cancellation=True), {"late_cancellation"}),
        (DayFacts(reserved=False, late_cancellation=True, closed=True), set()),
        (DayFacts(reserved=True, presence="present", late=True, closed=True), set()),
    ],
)
def test_what_comes_on_top_is_what_happened(facts: DayFacts, on_top: set[When]):
    assert due(STRICT, facts).on_top == on_top


def test_where_reservations_are_billed_nobody_has_to_write_down_who_came():
    answer = due(replace(MEALS, unrecorded="reserved"), DayFacts(reserved=True))
    assert (answer.basis, answer.missing) == ("reserved", None)


def test_where_absences_are_free_a_day_the_child_did_not_come_costs_nothing():
    answer = due(replace(MEALS, absent_due=False), DayFacts(reserved=True, presence="absent"))
    assert answer.basis is None
