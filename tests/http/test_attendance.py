"""The day sheet, and what agents write on it."""

from typing import Any

import pytest

from tests.http.world import World, made, refused


def sheet(world: World, activity: str, day: str, **more: str) -> dict[str, Any]:
    said: dict[str, Any] = made(world.agent.get(f"/activities/{activity}/day-sheet", day=day, **more), 200)
    return said


def test_the_sheet_names_who_is_expected_and_who_came(world: World) -> None:
    parent, child = world.family("parent-1", "cantine")
    [demande] = made(parent.ask(child, "cantine", "2024-01-22"))["demandes"]
    _, other = world.family("parent-2", "cantine")
    world.clock.set("2024-01-22 12:00")
    marks = [{"child": child, "presence": "absent"}, {"child": other, "presence": "present"}]
    asked = {"activity": "cantine", "unit": "repas", "day": "2024-01-22", "children": marks}
    assert sorted(made(world.agent.post("/attendance", asked), 200)["recorded"]) == sorted([child, other])
    said = sheet(world, "cantine", "2024-01-22")
    rows = {row["child"]: row for row in said["children"]}
    assert (said["expected"], len(rows)) == (1, 2)
    assert rows[child] == {
        "child": child,
        "name": None,
        "erased": False,
        "unit": "repas",
        "site": "centre",
        "group": None,
        "state": "reserved",
        "demande": demande["number"],
        "expected": True,
        "absence": None,
        "presence": "absent",
        "arrived_at": None,
        "left_at": None,
    }
    assert (rows[other]["expected"], rows[other]["presence"], rows[other]["demande"]) == (False, "present", None)


def test_a_sheet_sent_again_corrects_what_changed_only(world: World) -> None:
    _, first = world.family("parent-1", "cantine")
    _, second = world.family("parent-2", "cantine")
    world.clock.set("2024-01-22 12:00")
    marks = [{"child": first, "presence": "present"}, {"child": second, "presence": "present"}]
    asked = {"activity": "cantine", "unit": "repas", "day": "2024-01-22", "children": marks}
    made(world.agent.post("/attendance", asked), 200)
    marks[1]["presence"] = "absent"
    assert made(world.agent.post("/attendance", asked), 200) == {"recorded": [second]}
    assert made(world.agent.post("/attendance", asked), 200) == {"recorded": []}
    assert {row["presence"] for row in sheet(world, "cantine", "2024-01-22")["children"]} == {"present", "absent"}


def test_hours_are_written_where_the_unit_is_by_duration(world: World) -> None:
    _, child = world.family("parent-1", "garderie")
    world.clock.set("2024-01-22 18:30")
    mark = {
        "child": child,
        "presence": "present",
        "arrived_at": "2024-01-22T16:30:00+01:00",
        "left_at": "2024-01-22T17:45:00+01:00",
    }
    asked = {"activity": "garderie", "unit": "soir", "day": "2024-01-22", "children": [mark]}
    made(world.agent.post("/attendance", asked), 200)
    [row] = sheet(world, "garderie", "2024-01-22")["children"]
    assert (row["arrived_at"], row["left_at"]) == ("2024-01-22T15:30:00Z", "2024-01-22T16:45:00Z")
    turned = {**mark, "arrived_at": mark["left_at"], "left_at": mark["arrived_at"]}
    refused(world.agent.post("/attendance", {**asked, "children": [turned]}), "times_out_of_order", 422)
    absent = {**mark, "presence": "absent"}
    refused(world.agent.post("/attendance", {**asked, "children": [absent]}), "times_not_expected", 422)
    refused(world.agent.post("/attendance", {**asked, "unit": "court"}), "times_not_expected", 422)


@pytest.mark.parametrize(
    ("change", "code", "status"),
    [
        ({"activity": "judo"}, "not_a_day_of_this_activity", 409),
        ({"unit": "nuit"}, "not_a_day_of_this_activity", 409),
        ({"day": "2024-01-29"}, "day_not_come", 409),
        ({"children": []}, "invalid_request", 422),
    ],
)
def test_a_sheet_that_cannot_be_is_refused(world: World, change: dict[str, Any], code: str, status: int) -> None:
    _, child = world.family("parent-1", "cantine")
    world.clock.set("2024-01-22 12:00")
    marks = [{"child": child, "presence": "present"}]
    asked = {"activity": "cantine", "unit": "repas", "day": "2024-01-22", "children": marks, **change}
    refused(world.agent.post("/attendance", asked), code, status)


def test_a_child_is_on_a_sheet_once_and_is_known(world: World) -> None:
    _, child = world.family("parent-1", "cantine")
    world.clock.set("2024-01-22 12:00")
    mark = {"child": child, "presence": "present"}
    asked = {"activity": "cantine", "unit": "repas", "day": "2024-01-22", "children": [mark, mark]}
    refused(world.agent.post("/attendance", asked), "child_twice", 422)
    stranger = {"child": "8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b", "presence": "present"}
    refused(world.agent.post("/attendance", {**asked, "children": [mark, stranger]}), "not_found", 404)


def test_nobody_is_expected_nor_recorded_on_a_closed_day(world: World) -> None:
    parent, child = world.family("parent-1", "cantine")
    made(parent.ask(child, "cantine", "2024-01-22"))
    made(world.agent.post("/closures", {"day": "2024-01-22", "reason": "greve"}))
    world.clock.set("2024-01-22 12:00")
    said = sheet(world, "cantine", "2024-01-22")
    assert (said["expected"], [row["expected"] for row in said["children"]]) == (0, [False])
    marks = [{"child": child, "presence": "present"}]
    asked = {"activity": "cantine", "unit": "repas", "day": "2024-01-22", "children": marks}
    refused(world.agent.post("/attendance", asked), "day_closed")


def test_a_sheet_is_narrowed_to_a_unit_a_site_a_group(world: World) -> None:
    household = world.household("parent-1")
    for group in ("petits", "grands"):
        child = world.child(household, "mercredis", group=group)
        made(world.agent.ask(child, "mercredis", "2024-03-27", counter={"approve": True}))
    assert sheet(world, "mercredis", "2024-03-27")["expected"] == 2
    assert sheet(world, "mercredis", "2024-03-27", group="petits")["expected"] == 1
    assert sheet(world, "mercredis", "2024-03-27", unit="matinee")["expected"] == 0
    assert sheet(world, "mercredis", "2024-03-27", site="plage")["expected"] == 0
    refused(world.agent.get("/activities/judo/day-sheet", day="2024-03-27"), "not_found", 404)
    refused(world.agent.get("/activities/mercredis/day-sheet"), "invalid_request", 422)
