"""A month of the régie over HTTP: drafted, completed, closed once, its titres issued, and every line explained."""

from typing import LiteralString
from uuid import uuid4

import psycopg
import pytest

from tests.http.billing_town import (
    JANUARY,
    MEALS,
    billing_town,
    came,
    closed,
    drafted,
    regie,
    reserved,
    titre_of,
    until,
)
from tests.http.world import World, made, refused
from tests.servers import Database


@pytest.fixture
def town(service: World) -> World:
    return billing_town(service)


def eaten(town: World) -> tuple[str, str]:
    """Two meals of January, the month over."""
    household, child = reserved(town)
    came(town, child, *MEALS)
    town.clock.set("2024-02-01 09:00")
    return household, child


def test_a_month_nobody_billed_is_open(town: World) -> None:
    said = made(regie(town).get("/billing/2024-01"), 200)
    assert (said["state"], said["state_label"], said["total_cents"]) == ("open", "Ouvert", 0)
    assert made(regie(town).get("/billing"), 200) == {"months": []}


def test_a_draft_says_what_is_missing_instead_of_guessing(town: World) -> None:
    household, child = reserved(town)
    came(town, child, MEALS[0])
    town.clock.set("2024-02-01 09:00")
    draft = drafted(town)
    assert (draft["total_cents"], draft["titres"]) == (327, 1)
    assert draft["missing"] == [{"why": "attendance", "why_label": "Présence à noter", "days": 1}]
    [of_household] = made(regie(town).get(f"/billing/{JANUARY}/missing"), 200)["households"]
    [day] = of_household["days"]
    assert (of_household["household"], day["child"], day["day"], day["why"]) == (
        household,
        child,
        MEALS[1],
        "attendance",
    )
    body = {"position": draft["position"]}
    refused(regie(town).post(f"/billing/{JANUARY}/close", body), "month_incomplete")
    came(town, child, MEALS[1])
    town.clock.set("2024-02-01 10:00")
    again = drafted(town)
    assert (again["total_cents"], again["missing"]) == (654, [])
    refused(regie(town).post(f"/billing/{JANUARY}/close", body), "draft_stale")


def test_a_draft_says_which_facts_contradict_each_other_and_may_be_closed(town: World) -> None:
    household, child = eaten(town)
    made(town.agent.post("/closures", {"day": MEALS[0], "reason": "greve", "activity": "cantine"}))
    draft = drafted(town)
    assert (draft["total_cents"], draft["missing"]) == (327, [])
    label = "Présent un jour fermé ou d'absence acceptée, ou deux unités qui s'excluent"
    assert draft["meanwhile"] == [{"why": "contradiction", "why_label": label, "days": 1}]
    [of_household] = made(regie(town).get(f"/billing/{JANUARY}/missing"), 200)["households"]
    [day] = of_household["days"]
    assert (day["child"], day["day"], day["why"], day["billed"]) == (child, MEALS[0], "contradiction", True)
    made(regie(town).post(f"/billing/{JANUARY}/close", {"position": draft["position"]}), 202)
    assert titre_of(town, until(town, JANUARY, "closed") and household)["total_cents"] == 327


def test_the_lines_of_a_draft_are_read_before_it_is_closed(town: World) -> None:
    household, child = eaten(town)
    drafted(town)
    [line] = made(regie(town).get(f"/billing/{JANUARY}/lines"), 200)["lines"]
    assert (line["titre"], line["household"], line["child"], line["amount_cents"]) == (None, household, child, 654)
    assert (line["nature"], line["code"]) == ("meal", "7067")
    kept = made(regie(town).get(f"/billing/{JANUARY}/lines", nature="meal", code="7067", child=child), 200)["lines"]
    assert kept == [line]
    for nothing in ({"nature": "care"}, {"code": "1"}, {"activity": "mercredis"}, {"household": child}):
        assert made(regie(town).get(f"/billing/{JANUARY}/lines", **nothing), 200)["lines"] == []


def test_a_month_is_closed_once_and_its_titres_are_issued(town: World) -> None:
    household, child = eaten(town)
    draft = drafted(town)
    key, body = uuid4().hex, {"position": draft["position"]}
    first = regie(town).post(f"/billing/{JANUARY}/close", body, key=key)
    assert made(first, 202)["state"] == "closing"
    assert first.headers["Location"] == f"/v1/{town.commune}/billing/{JANUARY}"
    month = until(town, JANUARY, "closed")
    assert (month["titres"], month["issued"], month["first_number"]) == (1, 1, "2024-000001")
    assert (month["digest"], month["position"]) == (draft["digest"], draft["position"])
    assert month["by_nature"] == [{"nature": "meal", "nature_label": "Repas", "amount_cents": 654}]
    again = regie(town).post(f"/billing/{JANUARY}/close", body, key=key)
    assert (again.content, again.headers["Idempotency-Hit"]) == (first.content, "true")
    once_more = made(regie(town).post(f"/billing/{JANUARY}/close", body), 202)
    assert once_more == first.json() | {"state": "closed", "state_label": "Clôturé"}
    [listed] = made(regie(town).get("/billing"), 200)["months"]
    untold = ("lines", "by_nature", "by_code", "regularised_cents", "households", "households_done")
    assert [listed[name] for name in untold] == [None] * 6
    assert (listed["state"], listed["issued"], listed["total_cents"]) == ("closed", 1, 654)
    refused(regie(town).post(f"/billing/{JANUARY}/close", {"position": 1}), "month_closed")
    refused(regie(town).post(f"/billing/{JANUARY}/draft"), "month_closed")
    [titre] = made(regie(town).get(f"/billing/{JANUARY}/titres"), 200)["titres"]
    assert (titre["titre"], titre["household"], titre["total_cents"]) == ("2024-000001", household, 654)
    [line] = made(regie(town).get(f"/billing/{JANUARY}/lines", child=child), 200)["lines"]
    assert (line["titre"], line["line"]) == ("2024-000001", 1)


@pytest.mark.parametrize("what", ["drafts SET digest = repeat('0', 64)", "draft_bills SET bill = bill || '\\x20'"])
def test_a_draft_that_somebody_touched_is_not_closed_and_the_next_one_is_made_anew(
    town: World, module_database: Database, what: LiteralString
) -> None:
    eaten(town)
    draft = drafted(town)
    with psycopg.connect(module_database.admin_url, autocommit=True) as superuser:
        superuser.execute(f"UPDATE ardoise.{what} WHERE commune = %s", (town.commune,))
    refused(regie(town).post(f"/billing/{JANUARY}/close", {"position": draft["position"]}), "draft_stale")
    town.clock.set("2024-02-01 10:00")
    month = closed(town)
    assert (month["digest"], month["issued"]) == (draft["digest"], 1)


def test_a_month_is_closed_without_what_is_missing_when_the_regisseur_says_so(town: World) -> None:
    household, child = reserved(town)
    came(town, child, MEALS[0])
    town.clock.set("2024-02-01 09:00")
    month = closed(town, leave_out=True)
    assert (month["total_cents"], month["left_out"]) == (327, 1)
    came(town, child, MEALS[1])
    town.clock.set("2024-03-01 09:00")
    february = closed(town, "2024-02")
    assert (february["total_cents"], february["regularised_cents"]) == (327, 327)
    titre = titre_of(town, household, "2024-02")
    [line] = titre["lines"]
    assert (line["regularises"], line["amount_cents"]) == (JANUARY, 327)
    why = made(regie(town).get(f"/titres/{titre['titre']}/lines/1"), 200)
    assert why["sentences"][0].startswith("Rectification de janvier 2024 : ")
    [cause] = why["causes"]
    assert (cause["page"], cause["of"], cause["type"]) == ("child", child, "attendance_recorded.v1")
    assert cause["sentence"].startswith("Ce qui a changé : présence notée par le service")


@pytest.mark.parametrize(
    ("month", "code"), [("2024-01", "month_not_over"), ("2024-02", "month_not_over"), ("2023-12", "draft_missing")]
)
def test_a_month_that_cannot_be_closed_says_why(town: World, month: str, code: str) -> None:
    refused(regie(town).post(f"/billing/{month}/close", {"position": 1}), code)


def test_a_month_to_come_has_no_draft(town: World) -> None:
    refused(regie(town).post("/billing/2024-02/draft"), "month_not_begun")


def test_a_draft_that_cannot_be_made_says_why(service: World) -> None:
    town = billing_town(service, tariffs="")
    town.clock.set("2024-02-01 09:00")
    made(regie(town).post(f"/billing/{JANUARY}/draft"), 202)
    said = until(town, JANUARY, "draft", "open")
    while not said["error"]:
        said = until(town, JANUARY, "draft")
    assert (said["state"], said["error"]["code"]) == ("open", "no_tariffs")
    assert said["error"]["detail"].startswith("Le règlement en vigueur ce mois-là n'a aucun tarif")
    assert "tariff" in said["error"]["for_operator"]


def test_a_draft_asked_for_under_the_same_key_is_asked_for_once(town: World) -> None:
    eaten(town)
    key = uuid4().hex
    first = regie(town).post(f"/billing/{JANUARY}/draft", key=key)
    ready = until(town, JANUARY, "draft")
    town.clock.set("2024-02-01 11:00")
    again = regie(town).post(f"/billing/{JANUARY}/draft", key=key)
    assert again.content == first.content
    assert made(regie(town).get(f"/billing/{JANUARY}"), 200) == ready


# Why ----------------------------------------------------------------------------------------------------------------


def test_a_line_leads_to_its_facts_and_a_fact_to_its_lines(town: World) -> None:
    household, child = eaten(town)
    closed(town)
    titre = titre_of(town, household)["titre"]
    why = made(town.guardian().get(f"/titres/{titre}/lines/1"), 200)
    assert [day["day"] for day in why["days"]] == list(MEALS)
    kinds = [entry["type"] for entry in why["days"][0]["entries"]]
    assert kinds == ["reservation_requested.v1", "demande_approved.v1", "attendance_recorded.v1"]
    assert why["days"][0]["entries"][0]["demande"] > 0
    assert {entry["actor"] for day in why["days"] for entry in day["entries"]} == {None}
    assert all(entry["position"] for day in why["days"] for entry in day["entries"])
    assert (why["quotient"]["amount_cents"], why["quotient"]["entry"]["type"]) == (65_000, "quotient_decided.v2")
    assert why["days"][0]["sentence"] in why["sentences"]
    assert "par vous (demande n°" in why["days"][0]["sentence"]
    assert "Présence notée par le service le jour même à 13 h 40." in why["days"][0]["sentence"]
    assert why["sentences"][-1] == "Tarif « Repas » : article 7.1 du règlement 2023-09."
    for entry in why["days"][0]["entries"]:
        back = made(town.guardian().get(f"/children/{child}/entries/{entry['line']}/invoice-lines"), 200)
        assert [(line["titre"], line["line"]) for line in back["invoice_lines"]] == [(titre, 1)]
    assert made(town.guardian().get(f"/children/{child}/entries/1/invoice-lines"), 200)["invoice_lines"] == []


def test_the_towns_staff_reads_who_wrote_each_fact(town: World) -> None:
    household, _ = eaten(town)
    closed(town)
    titre = titre_of(town, household)["titre"]
    for role in ("agent", "billing", "auditor"):
        why = made(town.who(role).get(f"/titres/{titre}/lines/1"), 200)
        assert [entry["actor"] for entry in why["days"][0]["entries"]] == ["parent-1", "parent-1", "agent-1"]
        assert "par la famille" in why["days"][0]["sentence"]


def test_reading_a_titre_leaves_its_line_in_the_log(town: World) -> None:
    household, _ = eaten(town)
    closed(town)
    titre = titre_of(town, household)["titre"]
    made(town.agent.get(f"/titres/{titre}/lines/1"), 200)
    read = made(town.guardian().get(f"/households/{household}/reads"), 200)["reads"]
    [line] = [row for row in read if row["operation"] == "GET /titres/{number}/lines/{line}"]
    assert (line["purpose"], line["operation_label"]) == ("billing", "Pourquoi une ligne de facture")


# The past -----------------------------------------------------------------------------------------------------------


def test_the_books_are_read_as_they_stood(town: World) -> None:
    household, child = eaten(town)
    before = "2024-02-01T07:00:00Z"
    closed(town)
    number = titre_of(town, household)["titre"]
    town.clock.set("2024-02-02 09:00")
    who = regie(town)
    assert made(who.get("/billing", as_of=before), 200) == {"months": []}
    assert made(who.get(f"/billing/{JANUARY}", as_of=before), 200)["state"] == "open"
    assert made(who.get(f"/billing/{JANUARY}/lines", as_of=before), 200)["lines"] == []
    assert made(who.get(f"/billing/{JANUARY}/titres", as_of=before), 200)["titres"] == []
    assert made(who.get(f"/households/{household}/titres", as_of=before), 200)["titres"] == []
    refused(who.get(f"/titres/{number}", as_of=before), "not_found", 404)
    refused(who.get(f"/titres/{number}/lines/1", as_of=before), "not_found", 404)
    for path in (f"/titres/{number}", f"/titres/{number}/lines/1", f"/billing/{JANUARY}", "/billing"):
        assert made(who.get(path, as_of="2024-02-01T20:00:00Z"), 200) == made(who.get(path), 200)
    resting = f"/children/{child}/entries/3/invoice-lines"
    assert made(who.get(resting, as_of=before), 200)["invoice_lines"] == []
    assert made(who.get(resting, as_of="2024-02-01T20:00:00Z"), 200) == made(who.get(resting), 200)
