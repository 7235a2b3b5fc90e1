"""The rulebook as it was known, and on the day it was known."""

from tests.http.world import World, made, refused
from tests.town import RULEBOOK


def test_without_a_day_the_rulebook_is_the_one_of_the_instant_asked_about(world: World) -> None:
    text = RULEBOOK.replace('commune = "valmont"', f'commune = "{world.commune}"')
    later = text.replace('version = "2023-09"', 'version = "2024-02"').replace(
        "en_vigueur = 2023-09-01", "en_vigueur = 2024-02-01"
    )
    made(world.who("admin").post("/rulebook/versions", {"content": later}))
    agent = world.agent
    world.clock.set("2024-03-15 10:00")

    def version(**asked: str) -> str:
        found: str = made(agent.get("/rulebook", **asked), 200)["version"]
        return found

    assert version() == "2024-02"
    assert version(as_of="2024-01-31T22:59:59Z") == "2023-09"
    assert version(as_of="2024-01-31T23:00:00Z") == "2024-02"
    assert version(as_of="2024-01-31T23:00:00Z", day="2024-01-31") == "2023-09"
    refused(agent.get("/rulebook", as_of="2023-07-01T00:00:00Z"), "not_found", 404)


def test_a_town_that_adopted_nothing_has_no_rulebook_and_no_activity(world: World) -> None:
    stranger = world.of(type(world.commune)("bourg-neuf")).agent
    refused(stranger.get("/rulebook"), "not_found", 404)
    assert made(stranger.get("/activities"), 200) == {"activities": []}


def test_a_long_period_of_places_is_told_as_a_short_one(world: World) -> None:
    agent = world.agent
    path = "/activities/cantine/places"
    year = made(agent.get(path, from_="2024-01-01", to="2024-12-31"), 200)["places"]
    month = made(agent.get(path, from_="2024-01-01", to="2024-01-31"), 200)["places"]
    assert year[: len(month)] == month
    assert len(year) > 5 * len(month)
