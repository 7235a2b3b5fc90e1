"""A month the search may bill: prices for the days it asks about, and a draft that is ready to be closed."""

from typing import Any, Final

from tests.http.billing_town import TARIFFS, drafted
from tests.http.world import World, made
from tests.payers import CREDITOR

CLOSABLE: Final = "2023-10"
"""Before anybody reserved anything: closed without a titre, and no search is late for it."""
DRAFTED: Final = "2023-11"
PRICES: Final = TARIFFS.partition("[regie]")[0]


class FuzzBilling:
    """Rulebooks with prices, and a draft."""

    def __init__(self, world: World) -> None:
        self.world = world
        for version, day in (("2023-10", "2023-10-01"), ("2024-01", "2024-01-03")):
            text: str = made(world.agent.get("/rulebook/versions/2023-09"), 200)["content"]
            text = text.replace('version = "2023-09"', f'version = "{version}"').replace("2023-09-01", day)
            made(world.who("admin").post("/rulebook/versions", {"content": text + PRICES + CREDITOR}))
        self.position = drafted(world, CLOSABLE)["position"]

    @staticmethod
    def apart() -> dict[str, dict[str, list[Any]]]:
        return {
            "POST /billing/{month}/draft": {"month": [DRAFTED]},
            "POST /billing/{month}/close": {"month": [CLOSABLE]},
        }

    def bodies(self, child: str) -> dict[str, list[Any]]:
        meal = {"child": child, "activity": "cantine"}
        month = {"month": "2024-02", "weekdays": ["monday", "thursday"]}
        return {
            "CloseAsked": [{"position": self.position}, {"position": self.position, "leave_out": True}],
            "DraftAsked": [{}],
            "PriceAsked": [
                {**meal, "days": [{"day": "2024-01-22", "unit": "repas"}], "quotient_cents": 65_000},
                {**meal, **month, "unit": "repas"},
                {"child": child, "activity": "mercredis", "days": [{"day": "2024-03-27", "unit": "journee"}]},
            ],
            "SimulationAsked": [
                {"activity": "cantine", "unit": "repas", "quotient_cents": 65_000, "rank": 3},
                {"activity": "mercredis", **month, "weekdays": ["wednesday"], "unit": "journee"},
            ],
        }
