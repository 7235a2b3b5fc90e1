"""Two parents, two accounts, one child: the people of the tests about alternating custody."""

from dataclasses import dataclass
from typing import Any

import httpx

from tests.http.world import Who, World, made

PROOF = {"kind": "judgement", "seen_on": "2024-01-15"}
MINE, OTHERS = "2024-04-03", "2024-03-27"
"""Wednesdays of the weeks 14 and 13: the mother's, and the father's."""


@dataclass
class Parents:
    """A child of two households, a parent in each."""

    world: World
    child: str
    hers: str
    his: str

    @property
    def mother(self) -> Who:
        return self.world.guardian("mother-1")

    @property
    def father(self) -> Who:
        return self.world.guardian("father-1")

    @property
    def agent(self) -> Who:
        return self.world.agent

    def state(self, **asked: Any) -> httpx.Response:
        """An agent says whose day it is."""
        return self.agent.post(f"/households/{self.hers}/custody", {"child": self.child, "proof": PROOF, **asked})

    def alternate(self, **asked: Any) -> Any:
        weeks = {"even_weeks": self.hers, "odd_weeks": self.his}
        return made(self.state(kind="alternating", first_day="2023-09-01", **{**weeks, **asked}))

    def days(self, who: Who, **asked: str) -> dict[tuple[str, str], dict[str, Any]]:
        said = made(who.get(f"/children/{self.child}/calendar", **asked), 200)["days"]
        return {(day["day"], day["unit"]): day for day in said}


def two_homes(world: World) -> Parents:
    """They share everything: custody was not said to alternate yet."""
    hers, his = world.household("mother-1"), world.household("father-1")
    child = world.child(hers, "mercredis", "cantine")
    made(world.agent.post(f"/children/{child}/households", {"household": his}))
    return Parents(world, child, hers, his)


def whole(answer: httpx.Response) -> str:
    """Every byte of an answer, headers included."""
    return answer.text + str(dict(answer.headers))
