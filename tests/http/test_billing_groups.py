"""Days that read the same are told once, and a line says what became of it since."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from typer.testing import CliRunner

from api.billing.corrected import Correction, Numbered, corrections
from api.cli import app
from api.french_bill_groups import days_said
from api.french_bills import said_of_line
from ledger.events import AttendanceRecorded, BilledDay, BilledLine, DemandeApproved, Presence, ReservationRequested
from ledger.identifiers import Month, Slug, TitreNumber
from projections.billing.family import Placed
from tests.http.billing_town import MEALS, billing_town, came, closed, regie, reserved, titre_of
from tests.http.test_as_of import patiently
from tests.http.test_billing_sentences import PAGE, WORDS, a_line, asked, granted, known, line_of
from tests.http.world import World, made
from tests.papers import LINA, MATTEO, line
from tests.servers import Database, as_url

DAYS = tuple(date(2024, 1, day) for day in (22, 23, 25, 29, 30))
ABSENT = DAYS[3]
NEXT = {"titre": TitreNumber("2022-000031"), "month": Month("2022-10"), "line": 2}


def request() -> ReservationRequested:
    [day] = asked().days
    return replace(asked(), days=tuple(replace(day, day=each) for each in DAYS))


def grant() -> DemandeApproved:
    [day] = granted().days
    return replace(granted(), days=tuple(replace(day, day=each) for each in DAYS))


def noted(number: int, day: date, presence: Presence = "present") -> Placed:
    fact = AttendanceRecorded(activity=Slug("cantine"), unit=Slug("repas"), day=day, presence=presence)
    return line_of(PAGE, 3 + number, fact, f"{day} {10 + number}:40", "agent", f"sheet-{number}")


MONTH = known(
    line_of(PAGE, 1, request(), "2024-01-10 18:05"),
    line_of(PAGE, 2, grant(), "2024-01-10 18:05"),
    *(noted(number, day, "absent" if day == ABSENT else "present") for number, day in enumerate(DAYS)),
)
LINE = a_line(
    quotient=None,
    steps=(),
    quantity=5,
    amount_cents=1_635,
    days=tuple(
        BilledDay(day=day, basis="absent" if day == ABSENT else "present", lines=(1, 2, 3 + number))
        for number, day in enumerate(DAYS)
    ),
)
BILLED = Numbered(titre=TitreNumber("2024-000001"), month=Month("2024-01"), line=1, billed=LINE)


def taken_back(*days: date, price: int = 327, of: BilledLine = LINE, **said: Any) -> BilledLine:
    told = tuple(BilledDay(day=day, basis="absent", quantity=-1) for day in days)
    back = {"quantity": -len(days), "amount_cents": -len(days) * price, "regularises": Month("2024-01"), "days": told}
    return replace(of, unit_price_cents=price, **{**back, **said})


def by(billed: BilledLine, *, month: str = "2024-02", line: int = 2) -> Numbered:
    return Numbered(titre=TitreNumber("2024-000005"), month=Month(month), line=line, billed=billed)


def test_days_of_the_same_request_and_the_same_attendance_are_one_sentence() -> None:
    said = said_of_line(LINE, MONTH, WORDS)
    first, absent = said.grouped
    assert first.days == tuple(day for day in DAYS if day != ABSENT)
    assert first.sentence == (
        "Les 22, 23, 25 et 30 janvier 2024 : 1 repas à 3,27\xa0€ chaque jour. "
        "Réservé le 10 janvier 2024 à 18 h 05 par vous (demande n° 12), accordé aussitôt par la règle (article 3.2). "
        "Présence notée par le service."
    )
    assert (absent.days, absent.sentence) == ((ABSENT,), said.days[3])
    assert "Absence notée par le service le jour même à 13 h 40." in absent.sentence
    assert said.in_short == (said.heading, first.sentence, absent.sentence, said.article)
    assert len(said.sentences) == 7


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (["2022-09-06"], "mardi 6 septembre 2022"),
        (["2022-09-06", "2022-09-01", "2022-09-06"], "les 1er et 6 septembre 2022"),
        (["2022-09-30", "2022-10-03", "2022-10-04"], "les 30 septembre ; 3 et 4 octobre 2022"),
        (["2022-12-30", "2023-01-02"], "les 30 décembre 2022 ; 2 janvier 2023"),
    ],
)
def test_days_are_listed_by_month(days: list[str], said: str) -> None:
    assert days_said(map(date.fromisoformat, days)) == said


def test_what_is_taken_back_later_is_told_on_the_day_it_was_billed() -> None:
    [later] = corrections(BILLED, [BILLED, by(taken_back(ABSENT))])
    assert (later.amount_cents, later.quantities) == (-327, {ABSENT: -1})
    said = said_of_line(LINE, MONTH, WORDS, later=[later])
    since = "Depuis : rectifié sur le titre 2024-000005 (−3,27\xa0€)."
    assert [day.endswith(since) for day in said.days] == [day == ABSENT for day in DAYS]
    assert "À la clôture, aucune absence n'était acceptée" in said.days[3]
    assert said.grouped[1].sentence.endswith(since)
    assert since not in said.grouped[0].sentence


def test_days_billed_again_at_another_price_are_told_with_both_amounts() -> None:
    again = taken_back(*DAYS[:2], price=250, quantity=2, amount_cents=500)
    again = replace(again, days=tuple(BilledDay(day=day, basis="present") for day in DAYS[:2]))
    later = corrections(BILLED, [by(again, line=3), by(taken_back(*DAYS[:2]))])
    assert [(each.by.line, each.amount_cents) for each in later] == [(2, -654), (3, 500)]
    group = said_of_line(LINE, MONTH, WORDS, later=later).grouped[0]
    assert group.days == DAYS[:2]
    assert group.sentence.endswith("Depuis : rectifié sur le titre 2024-000005 (−6,54\xa0€ et +5,00\xa0€).")


@pytest.mark.parametrize(
    "other",
    [
        by(taken_back(ABSENT), month="2024-01"),
        by(taken_back(ABSENT, regularises=Month("2023-12"))),
        by(taken_back(ABSENT, regularises=None)),
        by(taken_back(ABSENT, child=LINA)),
        by(taken_back(ABSENT, activity=Slug("garderie"))),
        by(taken_back(ABSENT, nature="surcharge")),
        by(taken_back(ABSENT, price=326)),
        by(taken_back(date(2024, 1, 31))),
    ],
)
def test_another_line_corrects_nothing_of_it(other: Numbered) -> None:
    assert corrections(BILLED, [other]) == ()


def test_a_correction_may_be_corrected_in_its_turn() -> None:
    first = by(taken_back(ABSENT))
    again = replace(first.billed, quantity=1, amount_cents=327, days=(BilledDay(day=ABSENT, basis="absent"),))
    second = replace(by(again, month="2024-03"), titre=TitreNumber("2024-000009"))
    found: tuple[Correction, ...] = corrections(first, [first, second])
    assert [each.by.titre for each in found] == ["2024-000009"]
    assert len(corrections(BILLED, [first, second])) == 2
    assert corrections(replace(BILLED, billed=line(MATTEO, "Repas", 305, 1)), [first, second]) == ()


def test_a_line_points_forward_over_http_and_at_the_terminal(
    service: World, module_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARDOISE_DATABASE_URL", as_url(module_database.service_url))
    town = billing_town(service)
    household, child = reserved(town)
    came(town, child, MEALS[0], presence="absent")
    came(town, child, MEALS[1])
    town.clock.set("2024-02-01 09:00")
    closed(town)
    titre = titre_of(town, household)["titre"]
    before = made(town.guardian().get(f"/titres/{titre}/lines/1"), 200)
    assert before["corrected_by"] == []
    assert "À la clôture, aucune absence n'était acceptée" in before["days"][0]["sentence"]
    town.clock.set("2024-02-02 10:00")
    sheet = {"activity": "cantine", "unit": "repas", "day": MEALS[1]}
    marks = [{"child": child, "presence": "absent"}]
    made(town.agent.post("/attendance", {**sheet, "children": marks}), 200)
    quotient = {"amount_cents": 30_000, "source": "caf", "first_day": "2024-01-01", "regularisation": True}
    made(town.agent.post(f"/households/{household}/quotients", quotient))
    town.clock.set("2024-03-01 09:00")
    closed(town, "2024-02")
    later = titre_of(town, household, "2024-02")
    [line] = made(regie(town).get(f"/titres/{titre}"), 200)["lines"]
    forward = {(each["titre"], each["line"]): each["amount_cents"] for each in line["corrected_by"]}
    wanted = {(later["titre"], each["line"]): each["amount_cents"] for each in later["lines"]}
    assert forward == wanted
    why = made(town.guardian().get(f"/titres/{titre}/lines/1"), 200)
    assert why["corrected_by"] == line["corrected_by"]
    since = f"Depuis : rectifié sur le titre {later['titre']} ("
    assert all(since in day["sentence"] for day in why["days"])
    assert sum(each["amount_cents"] for day in why["days"] for each in day["corrected_by"]) == sum(wanted.values())
    assert [group["days"] for group in why["grouped"]] == [[day["day"]] for day in why["days"]]
    then = patiently(lambda: town.guardian().get(f"/titres/{titre}/lines/1", as_of="2024-02-15T08:00:00Z"))
    assert made(then, 200)["corrected_by"] == []
    assert since not in " ".join(then.json()["sentences"])
    result = CliRunner().invoke(app, ["why", titre, "--line", "1", "--commune", town.commune])
    assert since in " ".join(result.stdout.split())
