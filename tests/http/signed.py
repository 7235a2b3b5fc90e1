"""Waiting until what was just asked for is sealed and signed."""

import time

from tests.http.world import World

SECONDS = 1.0
"""How often the services of the tests sign: a town is signed soon after its first line."""


def until_signed(world: World, size: int = 1) -> None:
    """Returns once the last checkpoint of the town has so many lines."""
    give_up_at = time.monotonic() + 30
    while (said := world.who("auditor").get("/checkpoint").json()).get("size", 0) < size:
        assert time.monotonic() < give_up_at, said
        time.sleep(0.02)
