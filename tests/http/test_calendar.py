"""The calendar of a child."""

from typing import Any

import pytest

from tests.http.world import Who, World, box, made, refused


def days(who: Who, child: str, **asked: str) -> dict[tuple[str, str], dict[str, Any]]:
    said = made(who.get(f"/children/{child}/calendar", **asked), 200)
    return {(row["day"], row["unit"]): row for row in said["days"]}


def test_a_day_is_answered_as_the_contract_shows_it(world: World) -> None:
    parent, child = world.family("parent-1", "mercredis")
    said = days(parent, child, from_="2024-03-27", to="2024-03-27")["2024-03-27", "journee"]
    assert said == {
        "day": "2024-03-27",
        "week": 13,
        "activity": "mercredis",
        "unit": "journee",
        "state": "free",
        "editable": True,
        "code": None,
        "title": None,
        "detail": None,
        "deadline": "2024-03-12T22:59:59.999999Z",
        "opens_at": None,
        "article": "4.1",
        "late": False,
        "surcharge": False,
        "demande": None,
        "absence": None,
        "places_left": None,
        "custody": None,
    }


def test_a_week_a_month_and_a_period_are_the_same_days(world: World) -> None:
    parent, child = world.family("parent-1", "cantine")
    month = made(parent.get(f"/children/{child}/calendar", month="2024-02"), 200)
    assert (month["from"], month["to"]) == ("2024-02-01", "2024-02-29")
    period = made(parent.get(f"/children/{child}/calendar", from_="2024-02-01", to="2024-02-29"), 200)
    assert month == period
    week = made(parent.get(f"/children/{child}/calendar", week="2024-W05"), 200)
    assert (week["from"], week["to"]) == ("2024-01-29", "2024-02-04")
    assert {row["week"] for row in week["days"]} == {5}
    everything = made(parent.get(f"/children/{child}/calendar", from_="2023-09-01", to="2024-07-31"), 200)
    assert [row for row in everything["days"] if row["day"].startswith("2024-02")] == month["days"]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "from"),
        ({"from": "2024-03-01"}, "from"),
        ({"to": "2024-03-01"}, "from"),
        ({"month": "2024-03", "week": "2024-W10"}, "from"),
        ({"month": "2024-03", "from": "2024-03-01", "to": "2024-03-02"}, "from"),
        ({"month": "2024-03", "to": "2024-03-02"}, "from"),
        ({"from": "2024-03-02", "to": "2024-03-01"}, "to"),
        ({"from": "2023-01-01", "to": "2024-03-01"}, "to"),
        ({"month": "2024-13"}, "month"),
        ({"month": "0000-01"}, "month"),
        ({"week": "2024-W54"}, "week"),
        ({"week": "2023-W53"}, "week"),
        ({"week": "0000-W01"}, "week"),
        ({"week": "9999-W52"}, "week"),
        ({"week": "2024-13"}, "week"),
        ({"week": "٢٠٢٤-W10"}, "week"),
    ],
)
def test_a_period_that_cannot_be_drawn_is_refused(world: World, asked: dict[str, str], field: str) -> None:
    parent, child = world.family("parent-1", "cantine")
    said = refused(parent.get(f"/children/{child}/calendar", **asked), "invalid_request", 422)
    assert [error["field"] for error in said["errors"]] == [field]


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [
        ("2024-03-02", "2024-03-01", "La fin de la période précède son début."),
        ("2023-01-01", "2024-02-06", "La période ne peut pas dépasser 400 jours."),
    ],
)
def test_a_period_out_of_order_and_one_too_long_are_told_apart(
    world: World, first: str, last: str, sentence: str
) -> None:
    parent, child = world.family("parent-1", "cantine")
    made(parent.get(f"/children/{child}/calendar", from_="2023-01-01", to="2024-02-05"), 200)
    said = refused(parent.get(f"/children/{child}/calendar", from_=first, to=last), "invalid_request", 422)
    assert [(error["field"], error["detail"]) for error in said["errors"]] == [("to", sentence)]


def test_the_last_week_of_a_year_of_53_weeks_is_drawn(world: World) -> None:
    parent, child = world.family("parent-1", "cantine")
    said = made(parent.get(f"/children/{child}/calendar", week="2026-W53"), 200)
    assert (said["from"], said["to"]) == ("2026-12-28", "2027-01-03")


def test_a_day_goes_from_awaiting_to_reserved_to_awaiting_its_removal(world: World) -> None:
    parent, child = world.family("parent-1", "mercredis")
    day, asked = ("2024-03-27", "journee"), {"month": "2024-03"}
    [added] = made(parent.ask(child, "mercredis", "2024-03-27"))["demandes"]
    assert (days(parent, child, **asked)[day]["state"], days(parent, child, **asked)[day]["demande"]) == (
        "awaiting_add",
        added["number"],
    )
    made(world.agent.post(f"/demandes/{added['number']}/decision", {"approve": "all"}), 200)
    seen = days(parent, child, **asked)[day]
    assert (seen["state"], seen["editable"]) == ("reserved", True)
    asked_back = {"child": child, "activity": "mercredis", "cancel": [box("2024-03-27 journee")]}
    [removed] = made(parent.post("/demandes", asked_back))["demandes"]
    seen = days(parent, child, **asked)[day]
    assert (seen["state"], seen["demande"], seen["editable"], seen["code"]) == (
        "awaiting_removal",
        removed["number"],
        False,
        "already_awaiting",
    )


def test_a_greyed_day_says_why_and_until_when_it_could_be_asked(world: World) -> None:
    parent, child = world.family("parent-1", "mercredis", "vacances")
    seen = days(parent, child, month="2024-01")["2024-01-24", "journee"]
    assert (seen["editable"], seen["code"], seen["title"]) == (False, "deadline_passed", "Hors délai")
    assert seen["deadline"] == "2024-01-09T22:59:59.999999Z"
    assert "9 janvier 2024" in seen["detail"]
    seen = days(parent, child, month="2024-04", activity="vacances")["2024-04-10", "journee"]
    assert (seen["code"], seen["opens_at"]) == ("not_open_yet", "2024-03-03T19:00:00Z")
    assert "3 mars 2024" in seen["detail"]


def test_a_full_day_is_greyed_for_the_next_child_only(world: World) -> None:
    world.places("cantine", "2024-01-22", 1)
    one, first = world.family("parent-1", "cantine")
    two, second = world.family("parent-2", "cantine")
    made(one.ask(first, "cantine", "2024-01-22"))
    assert days(two, second, month="2024-01")["2024-01-22", "repas"]["title"] == "Complet"
    assert days(one, first, month="2024-01")["2024-01-22", "repas"]["editable"]
    made(one.post("/demandes", {"child": first, "activity": "cantine", "cancel": [box("2024-01-22 repas")]}))
    assert days(two, second, month="2024-01")["2024-01-22", "repas"]["editable"]


def test_a_closed_day_says_why_whether_the_rulebook_or_the_town_closed_it(world: World) -> None:
    parent, child = world.family("parent-1", "mercredis", "cantine")
    made(parent.ask(child, "cantine", "2024-01-22"))
    seen = days(parent, child, month="2024-05")["2024-05-29", "journee"]
    assert (seen["state"], seen["code"]) == ("closed", "day_closed")
    made(world.agent.post("/closures", {"day": "2024-01-22", "reason": "greve"}))
    seen = days(parent, child, month="2024-01")["2024-01-22", "repas"]
    assert (seen["state"], seen["editable"]) == ("closed", False)
    assert "grève" in seen["detail"]
    made(world.agent.delete("/closures/2024-01-22"), 200)
    assert days(parent, child, month="2024-01")["2024-01-22", "repas"]["state"] == "reserved"


def test_an_absence_declared_again_reads_like_one_declared(world: World) -> None:
    parent, child = world.family("parent-1", "cantine")
    made(parent.ask(child, "cantine", "2024-01-25"))
    world.clock.set("2024-01-26 10:00")
    asked = {"child": child, "activity": "cantine", "kind": "absence", "reason": "sortie"}
    asked |= {"absent": [box("2024-01-25 repas")]}
    first = made(parent.post("/demandes", asked))["demandes"][0]["number"]
    made(world.agent.post(f"/demandes/{first}/decision", {"approve": "none", "reason": "autre"}), 200)
    assert days(parent, child, month="2024-01")["2024-01-25", "repas"]["absence"] == "unjustified"
    made(parent.post("/demandes", asked))
    assert days(parent, child, month="2024-01")["2024-01-25", "repas"]["absence"] == "declared"


def test_one_activity_may_be_asked_for(world: World) -> None:
    parent, child = world.family("parent-1", "mercredis", "cantine")
    seen = days(parent, child, month="2024-03", activity="mercredis")
    assert {row["activity"] for row in seen.values()} == {"mercredis"}
    assert days(parent, child, month="2024-03", activity="judo") == {}


def test_the_version_of_the_page_goes_with_the_calendar(world: World) -> None:
    parent, child = world.family("parent-1", "cantine")
    before = parent.get(f"/children/{child}/calendar", month="2024-01").headers["etag"]
    answer = parent.ask(child, "cantine", "2024-01-22", headers={"If_Match": before})
    assert parent.get(f"/children/{child}/calendar", month="2024-01").headers["etag"] == answer.headers["etag"]
    assert answer.headers["etag"] != before


def test_a_box_names_the_unit_that_stands_in_its_way(world: World) -> None:
    guardian, child = world.family("parent-1", "mercredis")
    made(guardian.ask(child, "mercredis", "2024-03-27", unit="matinee"))
    days = made(guardian.get(f"/children/{child}/calendar", week="2024-W13"), 200)["days"]
    whole = next(day for day in days if day["day"] == "2024-03-27" and day["unit"] == "journee")
    assert (whole["code"], whole["editable"]) == ("unit_conflict", False)
    assert "Matinée" in whole["detail"]
