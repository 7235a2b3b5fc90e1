"""Whom a route is for is checked before anything they sent is read."""

from typing import Any

import pytest

from tests.http.world import World, refused

FOR_AGENTS = [
    ("POST", "/households"),
    ("POST", "/children"),
    ("POST", "/closures"),
    ("DELETE", "/closures/2024-06-12"),
    ("POST", "/capacities"),
    ("POST", "/attendance"),
    ("POST", "/decisions"),
    ("POST", "/demandes/4711/decision"),
    ("POST", "/rulebook/versions"),
    ("GET", "/activities/cantine/places"),
    ("GET", "/activities/cantine/day-sheet"),
]


@pytest.mark.parametrize(("method", "path"), FOR_AGENTS)
def test_what_a_guardian_sends_where_they_have_nothing_to_do_is_not_even_read(
    world: World, method: str, path: str
) -> None:
    guardian = world.guardian()
    sent: list[dict[str, Any]] = [{"body": {"unheard": "of"}}, {"body": b"{"}, {"body": b" " * 70_000}]
    sent = sent if method == "POST" else [{"unheard": "of"}, {}]
    answers = [guardian.send(method, path, **parts) for parts in sent]
    nothing = guardian.send("GET", "/nothing")
    for answer in answers:
        refused(answer, "not_found", 404)
        assert answer.content == nothing.content
