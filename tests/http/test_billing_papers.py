"""A month that was really closed, on paper: its invoice says why, its files open in a spreadsheet, its care is told."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest

from tests.http.billing_town import JANUARY, MEALS, billing_town, came, closed, drafted, regie, reserved, titre_of
from tests.http.test_as_of import patiently
from tests.http.test_people import put
from tests.http.world import Who, World, made, refused
from tests.papers import text_of

WEDNESDAY = "2024-01-31"
LINES = f"/billing/{JANUARY}/lines.csv"


@pytest.fixture
def town(service: World) -> World:
    return billing_town(service)


def eaten(town: World) -> tuple[str, str]:
    """Two meals and a Wednesday of January, the month over."""
    household, child = reserved(town)
    town.enrol(child, "mercredis")
    [asked] = made(town.guardian().ask(child, "mercredis", WEDNESDAY))["demandes"]
    made(town.agent.post(f"/demandes/{asked['number']}/decision", {"approve": "all"}), 200)
    made(put(town.agent, f"/children/{child}/identity", {"given_name": "Lina", "family_name": "Exemple"}), 200)
    came(town, child, *MEALS)
    town.clock.set(f"{WEDNESDAY} 18:00")
    marks = [{"child": child, "presence": "present"}]
    sheet = {"activity": "mercredis", "unit": "journee", "day": WEDNESDAY, "children": marks}
    made(town.agent.post("/attendance", sheet), 200)
    town.clock.set("2024-02-01 09:00")
    return household, child


def sheet(who: Who, path: str, **asked: Any) -> tuple[str, list[dict[str, str]]]:
    """A file as a spreadsheet reads it: its name, and its rows by the words of its head."""
    answer = who.get(path, **asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    head, *rows = csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""), delimiter=";")
    name = answer.headers["content-disposition"].partition("filename=")[2].strip('"')
    return name, [dict(zip(head, row, strict=True)) for row in rows]


def cents(rows: list[dict[str, str]]) -> int:
    return int(sum(Decimal(row["Montant"].replace(",", ".")) for row in rows) * 100)


def test_an_invoice_says_who_asked_who_came_the_quotient_and_the_article(town: World) -> None:
    household, _ = eaten(town)
    closed(town)
    titre = titre_of(town, household)
    first, *others = text_of(town.guardian().get(f"/titres/{titre['titre']}/invoice.pdf").content)
    why = " ".join(others)
    assert "Régie de Valmont" in first
    assert "Par chèque à l'ordre de la régie." in first
    assert "les 22 et 23" in first
    said_there = (
        "Les 22 et 23 janvier 2024",
        "par vous",
        "Quotient familial : 650\xa0€ (CAF)",
        "article 7.1",
        "article 7.4",
    )
    for said in said_there:
        assert said in why
    assert "Lina" in first
    again = town.agent.get(f"/titres/{titre['titre']}/invoice.pdf")
    assert text_of(again.content) == [first, *others]


def test_the_lines_of_a_draft_and_of_the_closed_month_are_the_same_but_for_the_titre(town: World) -> None:
    household, child = eaten(town)
    assert sheet(regie(town), LINES) == (f"lignes-{JANUARY}-projet.csv", [])
    draft = drafted(town)
    name, proposed = sheet(regie(town), LINES)
    assert (name, cents(proposed)) == (f"lignes-{JANUARY}-projet.csv", draft["total_cents"])
    assert {(row["Foyer"], row["Enfant"], row["Titre"]) for row in proposed} == {(household, child, "")}
    closed(town)
    name, issued = sheet(town.agent, LINES)
    number = titre_of(town, household)["titre"]
    assert name == f"lignes-{JANUARY}.csv"
    assert issued == [{**row, "Titre": number} for row in proposed]
    reads = made(town.guardian().get(f"/households/{household}/reads"), 200)["reads"]
    assert "Les lignes d'un mois, pour un tableur" in {read["operation_label"] for read in reads}


def test_the_totals_of_a_draft_are_those_of_the_closed_month(town: World) -> None:
    eaten(town)
    path = f"/billing/{JANUARY}/totals.csv"
    drafted(town)
    name, proposed = sheet(regie(town), path)
    assert name == f"totaux-{JANUARY}-projet.csv"
    assert {(row["Nature"], row["Compte"], row["Lignes"]) for row in proposed} == {
        ("Garde", "7066", "1"),
        ("Repas", "7067", "1"),
    }
    closed(town)
    assert sheet(regie(town), path) == (f"totaux-{JANUARY}.csv", proposed)


def test_the_files_of_a_month_are_told_as_of_an_instant(town: World) -> None:
    eaten(town)
    closed(town)
    before = "2024-02-01T07:00:00Z"
    assert sheet(regie(town), LINES, as_of=before) == (f"lignes-{JANUARY}.csv", [])
    assert sheet(regie(town), f"/billing/{JANUARY}/totals.csv", as_of=before)[1] == []
    town.clock.set("2024-02-02 09:00")
    assert len(sheet(regie(town), LINES, as_of="2024-02-01T20:00:00Z")[1]) == 2


def test_a_file_of_many_lines_has_one_head(town: World, monkeypatch: pytest.MonkeyPatch) -> None:
    reserved(town, subject="parent-2")
    eaten(town)
    monkeypatch.setattr("api.billing.papers.LINES_ASKED_AT_ONCE", 1)
    monkeypatch.setattr("api.billing.papers.BILLS_ASKED_AT_ONCE", 1)
    drafted(town)
    assert len(sheet(regie(town), LINES)[1]) == 2
    closed(town, leave_out=True)
    assert len(sheet(regie(town), LINES)[1]) == 2
    assert regie(town).get(LINES).content.count(b"\xef\xbb\xbf") == 1


def test_the_files_of_a_month_are_no_family_s(town: World) -> None:
    eaten(town)
    for path in (LINES, f"/billing/{JANUARY}/totals.csv"):
        refused(town.guardian().get(path), "not_found", 404)
    refused(regie(town).get("/billing/2024-13/lines.csv"), "not_found", 404)


def test_what_was_paid_for_care_is_told_now_and_as_it_was_known(town: World) -> None:
    household, child = eaten(town)
    born = {"given_name": "Lina", "family_name": "Exemple", "birth_date": "2019-05-06"}
    made(put(town.agent, f"/children/{child}/identity", born), 200)
    closed(town)
    paid = {"household": household, "amount_cents": 1_304, "means": "cheque", "received_on": "2024-02-05"}
    town.clock.set("2024-02-05 10:00")
    made(regie(town).post("/payments", {"payments": [paid]}))
    town.clock.set("2024-02-06 10:00")
    path = f"/households/{household}/tax-certificates/2024"
    said = made(town.guardian().get(path), 200)
    assert (said["amount_cents"], said["final"]) == (650, False)
    assert said["children"] == [{"child": child, "amount_cents": 650}]
    then = patiently(lambda: town.guardian().get(path, as_of="2024-02-03T08:00:00Z"))
    assert (made(then, 200)["amount_cents"], then.json()["payments"]) == (0, [])
