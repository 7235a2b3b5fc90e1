"""Rulebooks, activities, places, closures."""

from typing import Any

import pytest

from tests.http.world import World, made, refused
from tests.town import RULEBOOK, VALMONT


def rulebook(world: World, version: str, day: str) -> str:
    return (
        RULEBOOK.replace(f'commune = "{VALMONT}"', f'commune = "{world.commune}"')
        .replace('version = "2023-09"', f'version = "{version}"')
        .replace("en_vigueur = 2023-09-01", f"en_vigueur = {day}")
    )


def test_the_rulebook_in_force_explains_itself(world: World) -> None:
    said = made(world.guardian().get("/rulebook"), 200)
    assert (said["version"], said["name"], said["zone"]) == ("2023-09", "Valmont", "C")
    assert said["reasons"]["closure"] == {"greve": "Grève", "pont": "Pont"}
    assert said["sentences"]
    assert said["formalities"]["address"] == {
        "label": "Changement d'adresse",
        "instruction": "agent",
        "document": "required",
        "article": None,
    }
    refused(world.guardian().get("/rulebook", day="2023-08-31"), "not_found", 404)


def test_the_rulebook_is_told_as_it_was_known_at_an_instant(world: World) -> None:
    answer = world.who("admin").post("/rulebook/versions", {"content": rulebook(world, "2024-02", "2024-02-01")})
    assert made(answer)["adopted_at"] == "2024-01-15T09:00:00Z"
    asked = {"day": "2024-03-01"}
    assert made(world.agent.get("/rulebook", **asked), 200)["version"] == "2024-02"
    assert made(world.agent.get("/rulebook", **asked, as_of="2024-01-15T09:59:59+01:00"), 200)["version"] == "2023-09"
    assert made(world.agent.get("/rulebook", **asked, as_of="2024-01-15T10:00:00+01:00"), 200)["version"] == "2024-02"
    refused(world.agent.get("/rulebook", **asked, as_of="2023-01-01T00:00:00Z"), "not_found", 404)
    refused(world.agent.get("/rulebook", as_of="2024-01-15"), "invalid_request", 422)
    versions = made(world.agent.get("/rulebook/versions"), 200)["versions"]
    assert [row["version"] for row in versions] == ["2023-09", "2024-02"]
    before = made(world.agent.get("/rulebook/versions", as_of="2023-12-01T00:00:00Z"), 200)["versions"]
    assert before == versions[:1]


def test_the_text_of_a_rulebook_is_kept_as_it_was_adopted(world: World) -> None:
    said = made(world.agent.get("/rulebook/versions/2023-09"), 200)
    assert said["content"] == rulebook(world, "2023-09", "2023-09-01")
    refused(world.agent.get("/rulebook/versions/2031-09"), "not_found", 404)


@pytest.mark.parametrize(
    ("content", "code", "status"),
    [
        ("commune = ", "rulebook_unsound", 422),
        ("", "invalid_request", 422),
        (RULEBOOK, "rulebook_of_another_town", 422),
        ("same", "version_already_adopted", 409),
    ],
)
def test_a_rulebook_that_cannot_govern_is_refused(world: World, content: str, code: str, status: int) -> None:
    text = rulebook(world, "2023-09", "2023-09-01") if content == "same" else content
    said = refused(world.who("admin").post("/rulebook/versions", {"content": text}), code, status)
    if code == "rulebook_unsound":
        assert said["errors"][0]["detail"]


def test_activities_are_those_of_the_rulebook_in_force(world: World) -> None:
    said = made(world.guardian().get("/activities"), 200)["activities"]
    assert [row["activity"] for row in said] == ["mercredis", "cantine", "etude", "garderie", "vacances"]
    wednesdays = said[0]
    assert [group["group"] for group in wednesdays["groups"]] == ["petits", "grands"]
    assert wednesdays["units"][0]["excludes"] == ["apres-midi", "matinee"]
    assert made(world.guardian().get("/activities", day="2020-01-01"), 200) == {"activities": []}


def test_places_are_those_of_the_rulebook_until_the_town_sets_its_own(world: World) -> None:
    slot = {"day": "2024-01-22", "unit": "repas", "pool": "", "capacity": 2, "taken": 0, "left": 2, "excess": 0}
    asked = {"from_": "2024-01-22", "to": "2024-01-22"}
    said = made(world.agent.get("/activities/cantine/places", **asked), 200)["places"]
    assert {**slot, "set_by_town": False} in said
    world.places("cantine", "2024-01-22", 7)
    said = made(world.agent.get("/activities/cantine/places", **asked), 200)["places"]
    assert {**slot, "capacity": 7, "left": 7, "set_by_town": True} in said
    world.places("cantine", "2024-01-22", None)
    said = made(world.agent.get("/activities/cantine/places", **asked), 200)["places"]
    assert {**slot, "capacity": None, "left": None, "set_by_town": True} in said


def test_lowering_places_cancels_nobody_shows_the_excess_and_refuses_the_next(world: World) -> None:
    for subject in ("parent-1", "parent-2"):
        parent, child = world.family(subject, "cantine")
        made(parent.ask(child, "cantine", "2024-01-22"))
    world.places("cantine", "2024-01-22", 1)
    assert world.taken("cantine", "2024-01-22")["repas", ""] == (2, 1, 1)
    parent, child = world.family("parent-3", "cantine")
    refused(parent.ask(child, "cantine", "2024-01-22"), "no_place_left")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"activity": "judo"}, "unknown_activity"),
        ({"unit": "gouter"}, "unknown_place"),
        ({"pool": "petits"}, "unknown_place"),
        ({"places": -1}, "invalid_request"),
        ({"places": 1.5}, "invalid_request"),
        ({"days": []}, "invalid_request"),
    ],
)
def test_places_that_do_not_exist_cannot_be_set(world: World, change: dict[str, Any], code: str) -> None:
    asked = {"activity": "cantine", "unit": "repas", "days": ["2024-01-22"], "places": 3, **change}
    refused(world.agent.post("/capacities", asked), code, 422)


def test_places_of_a_day_without_a_service_cannot_be_set(world: World) -> None:
    asked = {"activity": "cantine", "unit": "repas", "days": ["2024-01-22", "2024-01-21"], "places": 3}
    refused(world.agent.post("/capacities", asked), "not_a_day_of_this_activity")
    assert world.taken("cantine", "2024-01-22")["repas", ""] == (0, 2, 0)


def test_a_day_is_closed_read_and_opened_again(world: World) -> None:
    asked = {"day": "2024-01-22", "reason": "greve", "activity": "cantine", "site": "centre"}
    closed = {**asked, "announced": False}
    assert made(world.agent.post("/closures", asked)) == closed
    refused(world.agent.post("/closures", asked), "already_closed")
    period = {"from_": "2024-01-01", "to": "2024-01-31"}
    assert made(world.guardian().get("/closures", **period), 200) == {"closures": [closed]}
    refused(world.agent.delete("/closures/2024-01-22"), "not_closed")
    refused(world.agent.delete("/closures/2024-01-22", activity="cantine"), "not_closed")
    made(world.agent.delete("/closures/2024-01-22", activity="cantine", site="centre"), 200)
    assert made(world.guardian().get("/closures", **period), 200) == {"closures": []}


def test_the_closures_a_rulebook_announces_are_read_beside_those_of_the_town(world: World) -> None:
    announced = {"day": "2024-05-29", "activity": "mercredis", "site": None, "reason": "pont", "announced": True}
    period = {"from_": "2024-05-20", "to": "2024-05-31"}
    assert made(world.guardian().get("/closures", **period), 200) == {"closures": [announced]}


def test_a_refusal_says_why_a_day_is_closed(world: World) -> None:
    made(world.agent.post("/closures", {"day": "2024-01-22", "reason": "greve", "activity": "cantine"}))
    _, child = world.family("parent-1", "cantine")
    problem = refused(world.guardian("parent-1").ask(child, "cantine", "2024-01-22"), "day_closed")
    assert problem["detail"] == "L'accueil est fermé le lundi 22 janvier 2024 : grève."


@pytest.mark.parametrize(
    ("change", "code", "status"),
    [
        ({"reason": "soleil"}, "unknown_reason", 422),
        ({"activity": "judo"}, "unknown_activity", 422),
        ({"activity": "cantine", "site": "plage"}, "unknown_site", 422),
        ({"site": "plage"}, "unknown_site", 422),
        ({"day": "2020-01-01"}, "no_rulebook", 409),
    ],
)
def test_a_closure_speaks_the_words_of_the_rulebook(
    world: World, change: dict[str, str], code: str, status: int
) -> None:
    refused(world.agent.post("/closures", {"day": "2024-01-22", "reason": "greve", **change}), code, status)


def test_nobody_is_booked_nor_cancelled_on_a_closed_day(world: World) -> None:
    parent, child = world.family("parent-1", "cantine")
    made(world.agent.post("/closures", {"day": "2024-01-22", "reason": "greve", "site": "centre"}))
    refused(parent.ask(child, "cantine", "2024-01-22"), "day_closed")
    made(world.agent.delete("/closures/2024-01-22", site="centre"), 200)
    made(parent.ask(child, "cantine", "2024-01-22"))


@pytest.mark.parametrize("path", ["/closures", "/activities/cantine/places"])
def test_a_period_has_two_ends_in_order_and_is_bounded(world: World, path: str) -> None:
    for asked in ({}, {"from": "2024-01-01"}, {"from": "2024-02-01", "to": "2024-01-01"}):
        refused(world.agent.get(path, **asked), "invalid_request", 422)
    refused(world.agent.get(path, from_="2022-01-01", to="2024-01-01"), "invalid_request", 422)


def test_an_activity_nobody_knows_has_no_places(world: World) -> None:
    refused(world.agent.get("/activities/judo/places", from_="2024-01-01", to="2024-01-31"), "not_found", 404)


def test_a_town_without_a_rulebook_offers_nothing(service: World) -> None:
    empty = service.of("deserte")  # type: ignore[arg-type]
    assert made(empty.agent.get("/activities"), 200) == {"activities": []}
    refused(empty.agent.get("/rulebook"), "not_found", 404)
    refused(empty.agent.post("/closures", {"day": "2024-01-22", "reason": "greve"}), "no_rulebook")
