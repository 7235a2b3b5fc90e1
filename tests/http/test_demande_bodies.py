"""What a demande may hold before any rule is asked."""

from typing import Any

import pytest

from api.demande_bodies import MOST_REPEATS
from tests.http.world import World, box, made, refused

PERIOD = {"from": "2024-03-01", "to": "2024-06-30", "unit": "repas"}
MONDAYS = {**PERIOD, "weekdays": ["monday"]}


def codes(said: Any) -> set[str]:
    return {error["code"] for error in said["errors"]}


def test_a_demande_holds_so_many_repetitions_and_no_more(world: World) -> None:
    parent, child = world.family("parent-1", "cantine")
    asked = {"child": child, "activity": "cantine", "partial": True}
    weeks = [{**MONDAYS, "from": f"2024-03-{day:02}", "to": "2024-03-31"} for day in range(1, MOST_REPEATS + 2)]
    said = refused(parent.post("/demandes", {**asked, "repeat": weeks}), "invalid_request", 422)
    assert "too_many" in codes(said)
    made(parent.post("/demandes", {**asked, "repeat": weeks[:-1]}))


def test_an_absence_is_whole(world: World) -> None:
    parent, child = world.family("parent-1", "cantine")
    absence = {
        "child": child,
        "activity": "cantine",
        "kind": "absence",
        "absent": [box("2024-01-22 repas")],
        "reason": "sortie",
    }
    assert codes(refused(parent.post("/demandes", {**absence, "partial": True}), "invalid_request", 422)) == {
        "inconsistent"
    }
    refused(parent.post("/demandes", absence), "not_reserved")


@pytest.mark.parametrize("path", ["/demandes", "/demandes/preview"])
def test_repetitions_that_want_one_box_and_do_not_want_it_are_refused(world: World, path: str) -> None:
    parent, child = world.family("parent-1", "cantine")
    cancelled = {**MONDAYS, "weekdays": ["monday", "thursday"], "from": "2024-05-01", "action": "cancel"}
    asked = {"child": child, "activity": "cantine", "repeat": [MONDAYS, cancelled]}
    said = refused(parent.post(path, asked), "invalid_request", 422)
    assert [(error["field"], error["code"]) for error in said["errors"]] == [("repeat", "asked_twice")]
    apart = {**cancelled, "weekdays": ["thursday"]}
    for repeat in ([MONDAYS, apart], [MONDAYS, MONDAYS]):
        assert parent.post("/demandes/preview", {**asked, "repeat": repeat, "partial": True}).status_code == 200


def test_a_box_ticked_by_hand_comes_before_a_repetition(world: World) -> None:
    parent, child = world.family("parent-1", "cantine")
    asked = {"child": child, "activity": "cantine", "repeat": MONDAYS, "reserve": [box("2024-03-04 panier")]}
    made(parent.post("/demandes/preview", asked), 200)
