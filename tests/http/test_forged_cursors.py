"""A cursor holds no secret: anybody can write one, and what it says is read with care."""

from typing import Any

import pytest

from api.cursors import write_cursor
from tests.http.world import World, made, refused

NOON = "2024-01-15T12:00:00+00:00"


@pytest.mark.parametrize(
    "place",
    [
        ["not a date", 5],
        ["2024-01-15", 5],
        ["2024-01-15T12:00:00", 5],
        ["0001-01-01T00:00:00+14:00", 5],
        ["9999-12-31T23:59:59-14:00", 5],
        ["2024-01-15T12:00:00\u0000", 5],
        [NOON, 2**63],
        [NOON, 2**53],
        [NOON, -1],
        [NOON, True],
        [NOON],
        [NOON, 5, 5],
    ],
)
@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_a_forged_cursor_is_refused(world: World, place: list[Any], order: str) -> None:
    cursor = write_cursor(f"demandes-{order}", place)
    refused(world.agent.get("/demandes", cursor=cursor, order=order), "invalid_cursor", 422)


def test_a_cursor_that_names_a_place_is_followed_wherever_it_comes_from(world: World) -> None:
    parent, child = world.family("parent-1", "cantine")
    made(parent.ask(child, "cantine", "2024-01-22"))
    for instant, found in (("2023-01-01T00:00:00+00:00", 0), ("2025-01-01T00:00:00.000001+00:00", 1)):
        cursor = write_cursor("demandes-newest", [instant, 5])
        assert len(made(parent.get("/demandes", cursor=cursor), 200)["demandes"]) == found
