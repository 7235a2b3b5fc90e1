"""Why a line costs what it costs, in the words a parent reads."""

from datetime import date
from typing import Any

from api.billing.facts import Facts
from api.french_bill_steps import steps_said
from api.french_bills import amount, said_of_line, sentences_of_line
from api.history_words import HistoryWords
from ledger.codec import Codec
from ledger.entry import GENESIS, Signature
from ledger.events import (
    AttendanceRecorded,
    BilledDay,
    BilledLine,
    Cause,
    DecidedDay,
    DemandeApproved,
    Fact,
    QuotientDecided,
    QuotientUsed,
    ReservationRequested,
    ReservedDay,
    Step,
)
from ledger.identifiers import ChildId, DemandeNumber, HouseholdId, Month, Slug, Stream, Subject, Version, new_id
from ledger.streams import child_page, household_page
from projections.billing.family import Placed
from rulebook.town import rules_of
from tests.town import RULEBOOK, VALMONT, at

CHILD, HOME, OTHER = ChildId(new_id()), HouseholdId(new_id()), HouseholdId(new_id())
PAGE, HOME_PAGE = child_page(VALMONT, CHILD), household_page(VALMONT, HOME)
WORDS = HistoryWords(rules=rules_of([RULEBOOK]))
MONDAY = date(2024, 1, 22)
CODEC = Codec()


def line_of(
    stream: Stream, version: int, fact: Fact, when: str, role: str = "guardian", command: str = "one"
) -> Placed:
    signature = Signature(
        actor=Subject("idp|parent-1"),
        role=role,
        client="portal",
        command=command,
        correlation="c",
        happened_at=at(when),
        recorded_at=at(when),
    )
    return Placed(CODEC.write(fact, stream=stream, version=version, previous=GENESIS, signature=signature), version)


def asked(household: HouseholdId = HOME) -> ReservationRequested:
    day = ReservedDay(day=MONDAY, unit=Slug("repas"), rulebook=Version("2023-09"), article="3.2", deadline=None)
    return ReservationRequested(demande=DemandeNumber(12), household=household, activity=Slug("cantine"), days=(day,))


def granted(by: Any = "rule", article: str | None = "3.2") -> DemandeApproved:
    day = DecidedDay(day=MONDAY, unit=Slug("repas"), action="reserve")
    return DemandeApproved(demande=DemandeNumber(12), days=(day,), decided_by=by, article=article)


CAME = AttendanceRecorded(activity=Slug("cantine"), unit=Slug("repas"), day=MONDAY, presence="present")
QUOTIENT = QuotientDecided(amount_cents=65_000, source="caf", first_day=date(2023, 9, 1))


def known(*placed: Placed) -> Facts:
    return Facts(
        commune=VALMONT, household=HOME, lines={(each.entry.stream, each.entry.version): each for each in placed}
    )


def a_line(**parts: Any) -> BilledLine:
    usual: dict[str, Any] = {
        "child": CHILD,
        "activity": Slug("cantine"),
        "unit": Slug("repas"),
        "nature": "meal",
        "label": "Restauration scolaire",
        "unit_price_cents": 327,
        "quantity": 1,
        "amount_cents": 327,
        "rulebook": Version("2023-09"),
        "article": "7.1",
        "code": "7067",
        "quotient": QuotientUsed(amount_cents=65_000, source="caf", first_day=date(2023, 9, 1), line=1),
        "steps": (
            Step(kind="quotient", value="650"),
            Step(kind="bracket", value="600"),
            Step(kind="price", value="3.27"),
        ),
        "days": (BilledDay(day=MONDAY, basis="present", lines=(1, 2, 3)),),
    }
    return BilledLine(**{**usual, **parts})


REQUEST = line_of(PAGE, 1, asked(), "2024-01-10 18:05")
GRANT = line_of(PAGE, 2, granted(), "2024-01-10 18:05")
PRESENT = line_of(PAGE, 3, CAME, "2024-01-22 13:40", "agent", "two")
DECLARED = line_of(HOME_PAGE, 1, QUOTIENT, "2023-09-01 10:00", "agent")
FACTS = known(REQUEST, GRANT, PRESENT, DECLARED)


def test_a_day_says_who_asked_what_decided_and_who_wrote_down_who_came() -> None:
    [day] = said_of_line(a_line(), FACTS, WORDS).days
    assert day == (
        "Lundi 22 janvier 2024 : 1 repas à 3,27\u00a0€. "
        "Réservé le 10 janvier 2024 à 18 h 05 par vous (demande n° 12), accordé aussitôt par la règle (article 3.2). "
        "Présence notée par le service le jour même à 13 h 40."
    )


def test_the_towns_staff_is_told_of_the_family_and_not_spoken_to_as_one() -> None:
    [day] = said_of_line(a_line(), FACTS, WORDS, reader="staff").days
    assert "par la famille (demande n° 12)" in day
    assert "vous" not in day


def test_the_price_is_said_from_the_quotient_to_the_article() -> None:
    said = said_of_line(a_line(), FACTS, WORDS)
    assert said.quotient == "Quotient familial : 650\u00a0€ (CAF), valable depuis le 1er septembre 2023."
    assert said.arithmetic == ("Tranche à partir de 600\u00a0€.", "Prix : 3,27\u00a0€.")
    assert said.article == "Tarif : article 7.1 du règlement 2023-09."
    assert said.sentences == sentences_of_line(a_line(), FACTS, WORDS)


def test_a_day_another_household_asked_for_tells_nothing_of_who_asked() -> None:
    facts = known(line_of(PAGE, 1, asked(OTHER), "2024-01-10 18:05"), GRANT, PRESENT, DECLARED)
    [day] = said_of_line(a_line(), facts, WORDS).days
    assert "vous" not in day
    assert "12" not in day.partition("accordé")[0].replace("3.2", "")
    assert "par l'autre foyer" in said_of_line(a_line(), facts, WORDS, reader="staff").days[0]


def test_a_decision_of_an_agent_is_a_sentence_of_its_own() -> None:
    decision = line_of(PAGE, 2, granted("agent", None), "2024-01-11 09:10", "agent", "three")
    [day] = said_of_line(a_line(), known(REQUEST, decision, PRESENT, DECLARED), WORDS).days
    assert "Accordé le 11 janvier 2024 à 9 h 10 par le service." in day


def test_a_day_that_stays_due_says_why() -> None:
    away = line_of(
        PAGE,
        3,
        AttendanceRecorded(activity=Slug("cantine"), unit=Slug("repas"), day=MONDAY, presence="absent"),
        "2024-01-22 13:40",
        "agent",
    )
    days = (BilledDay(day=MONDAY, basis="absent", lines=(1, 2, 3)),)
    [day] = said_of_line(a_line(days=days), known(REQUEST, GRANT, away, DECLARED), WORDS).days
    assert day.endswith(
        "Absence notée par le service le jour même à 13 h 40. "
        "À la clôture, aucune absence n'était acceptée : ce jour est dû."
    )


def test_a_correction_says_which_month_it_corrects_what_is_taken_back_and_what_changed() -> None:
    new = line_of(
        HOME_PAGE,
        2,
        QuotientDecided(amount_cents=30_050, source="caf", first_day=date(2024, 1, 1)),
        "2024-02-12 09:15",
        "agent",
    )
    line = a_line(
        quantity=-1,
        amount_cents=-327,
        regularises=Month("2024-01"),
        days=(BilledDay(day=MONDAY, basis="present", quantity=-1, lines=(1, 2, 3)),),
        causes=(Cause(stream=HOME_PAGE, line=2),),
    )
    said = said_of_line(line, known(REQUEST, GRANT, PRESENT, DECLARED, new), WORDS)
    assert said.heading == "Rectification de janvier 2024 : cantine, repas : −1 × 3,27\u00a0€ = −3,27\u00a0€."
    assert said.days == ("Lundi 22 janvier 2024 : 1 repas à 3,27\u00a0€ en moins.",)
    [change] = said.changes
    assert change == (
        "Ce qui a changé : quotient familial de 300,50\u00a0€, valable depuis le 1er janvier 2024, "
        "enregistré le 12 février 2024 à 9 h 15 par le service."
    )


def test_an_amount_below_zero_has_a_true_minus_sign() -> None:
    assert amount(-327) == "−3,27\u00a0€"
    assert amount(165_300) == "1\u202f653,00\u00a0€"
    assert amount(5) == "0,05\u00a0€"


def test_every_step_of_the_arithmetic_is_a_sentence() -> None:
    steps = [
        ("rate", "0.0036", "Taux d'effort : 0,36\u00a0% du quotient."),
        ("raw", "2.3409", "Le calcul donne 2,3409\u00a0€."),
        ("rounded", "2.34", "Arrondi à 2,34\u00a0€."),
        ("rank", "3", "3e enfant du foyer."),
        ("share", "-0.2", "Soit −20\u00a0% du prix."),
        ("share", "0.25", "Soit +25\u00a0% du prix."),
        ("residence", "outside", "Le foyer réside hors de la commune."),
        ("regime", "other", "Le foyer relève d'un autre régime."),
        ("no_quotient", "highest", "Sans quotient familial connu : le tarif le plus élevé s'applique."),
        ("minutes", "90", "Par tranche commencée de 1 h 30."),
        ("lower_brackets", "1", "Tranche juste inférieure."),
        ("meal_brought", "true", "L'enfant apporte son repas."),
    ]
    for kind, value, sentence in steps:
        assert steps_said([Step(kind=kind, value=value)], None) == (sentence,)  # type: ignore[arg-type]
