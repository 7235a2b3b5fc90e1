"""How the régie speaks: of what is due and until when, of what is owed to a family, of whom it received money."""

from dataclasses import replace
from datetime import date

import pytest

from api.french_bill_job import closed_said
from api.french_bill_steps import step_said
from api.french_bills import NATURES, REASONS
from api.french_history import sentence
from api.french_history_bills import BILLING_ACCOUNT
from api.french_paper import certificate_introduction, of_name
from api.history_words import HistoryWords
from ledger.codec import Codec
from ledger.entry import GENESIS
from ledger.events import MonthClosed, Step, TitreIssued
from ledger.identifiers import Month
from ledger.streams import payer_page
from rulebook.town import rules_of
from tests.ledger.long_pages import signature
from tests.papers import COMMON
from tests.telling import told
from tests.town import RULEBOOK, VALMONT

WORDS = HistoryWords(rules=rules_of([RULEBOOK]))
CREDIT = replace(COMMON, total_cents=-5_525)
CLOSED = MonthClosed(
    month=Month("2022-09"),
    position=9,
    year=2022,
    first_number=1,
    titres=2,
    total_cents=0,
    digest="0" * 64,
    issued_on=date(2022, 10, 3),
    due_on=date(2022, 10, 24),
)


def in_the_history(fact: TitreIssued) -> str:
    page = payer_page(VALMONT, fact.household)
    entry = Codec().write(fact, stream=page, version=1, previous=GENESIS, signature=signature())
    [item] = told([entry])
    return sentence(item, WORDS)


def test_a_titre_says_its_last_day_and_a_credit_that_it_is_the_family_s() -> None:
    assert in_the_history(COMMON).endswith("52,01\xa0€, 5 lignes, à payer au plus tard le 2 novembre 2022.")
    credit = in_the_history(CREDIT)
    assert credit.startswith("Avoir n° 2022-000017 de septembre 2022 émis par ")
    assert credit.endswith(" : 55,25\xa0€ en faveur de la famille, 5 lignes.")
    assert in_the_history(replace(COMMON, total_cents=0)).endswith("0,00\xa0€, 5 lignes, rien à payer.")


def test_what_the_town_owes_a_family_is_not_left_to_pay() -> None:
    balance, titre = BILLING_ACCOUNT["payers"], BILLING_ACCOUNT["titres"]
    assert balance({}, {"balance_cents": -4_466}, WORDS) == "en faveur de la famille : 44,66\xa0€"
    assert balance({}, {"balance_cents": 4_466}, WORDS) == "reste à payer : 44,66\xa0€"
    row = {"month": Month("2022-09"), "total_cents": -4_466}
    assert titre({"titre": "2022-000017"}, row, WORDS) == (
        "avoir n° 2022-000017 de septembre 2022 : 44,66\xa0€ en faveur de la famille"
    )


def test_a_close_says_until_when_titres_are_to_be_paid_and_that_credits_are_not() -> None:
    both = "2 titres émis, du 2022-000001 au 2022-000002, à payer au plus tard le 24/10/2022."
    assert list(closed_said(CLOSED, credit_notes=0)) == [both]
    assert list(closed_said(CLOSED, credit_notes=1)) == [
        both,
        "Dont un avoir, en faveur de la famille : rien à payer.",
    ]
    one = replace(CLOSED, titres=1)
    assert list(closed_said(one, credit_notes=0)) == ["Un titre émis, 2022-000001, à payer au plus tard le 24/10/2022."]
    assert list(closed_said(one, credit_notes=1)) == [
        "Un avoir émis, 2022-000001, en faveur de la famille : rien à payer."
    ]


def test_care_is_called_by_the_word_of_the_rulebook() -> None:
    assert NATURES["care"] == "Garde"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Odile Exemple", "d'Odile Exemple"),
        ("Élise", "d'Élise"),
        ("Hélène", "d'Hélène"),
        ("Yves", "d'Yves"),
        ("Œdipe", "d'Œdipe"),
        ("Camille", "de Camille"),
        ("Yanis", "de Yanis"),
        ("Hamza", "de Hamza"),
        ("Ouassim", "de Ouassim"),
        ("Foyer 5c73c4d4", "de Foyer 5c73c4d4"),
    ],
)
def test_a_name_is_elided_as_it_is_spoken(name: str, said: str) -> None:
    assert of_name(name) == said
    introduction = certificate_introduction("Villars", "Régie", name, 2022, over=True)
    assert introduction.startswith(f"Villars (Régie) atteste avoir reçu {said}, du 1er janvier au ")


@pytest.mark.parametrize(
    ("units", "said"), [("4", "4 unités de ce tarif dans le mois."), ("1", "1 unité de ce tarif dans le mois.")]
)
def test_half_hours_of_one_evening_are_units_and_not_reservations(units: str, said: str) -> None:
    assert step_said(Step(kind="units_in_month", value=units)) == said


def test_each_reason_to_bill_an_accepted_absence_has_its_own_words() -> None:
    assert len({REASONS[basis] for basis in ("waiting_days", "too_short", "too_late")}) == 3
