"""Families the bank may be asked for: what the search needs in order to go deep into payments and direct debits."""

from typing import Any

from tests.http import regie
from tests.http.world import World, made
from tests.payers import CREDITOR
from tests.servers import Database

HOMES = 12
PAYMENTS = 12
FIRST = 910
"""The number of the first titre: those before it are of others."""


class FuzzRegie:
    """Homes with something to pay and a mandate, and direct debits that can be settled or sent back."""

    def __init__(self, world: World, database: Database) -> None:
        self.world = world
        self.billing = world.who("billing")
        now = world.clock.instant
        world.clock.set("2024-01-10 10:00")
        text: str = made(world.agent.get("/rulebook/versions/2023-09"), 200)["content"]
        text = text.replace('version = "2023-09"', 'version = "2023-12"').replace("2023-09-01", "2024-01-02")
        made(world.who("admin").post("/rulebook/versions", {"content": text + CREDITOR}))
        self.homes = [self._home(database, number) for number in range(HOMES)]
        self.collection = str(made(self.billing.post("/collections", {"collect_on": "2024-01-12"}))["collection"])
        world.clock.instant = now
        for number, home in enumerate(self.homes):
            regie.issue(database, world.commune, home, FIRST + HOMES + number, 3_000, "2023-12")
        said = [self._paid(self.homes[0], 10) for _ in range(PAYMENTS)]
        kept = made(self.billing.post("/payments", {"payments": said}))["payments"]
        self.payments = [str(each["payment"]) for each in kept]

    def _home(self, database: Database, number: int) -> str:
        home = self.world.household(f"debtor-{number}")
        regie.issue(database, self.world.commune, home, FIRST + number, 5_000, "2023-11")
        [guardian] = made(self.world.agent.get(f"/households/{home}/guardians"), 200)["guardians"]
        made(self.world.agent.post(f"/households/{home}/mandate", self._mandate(guardian["guardian"])))
        return home

    @staticmethod
    def _mandate(guardian: str) -> dict[str, str]:
        return {"guardian": guardian, "holder": "Camille Exemple", "iban": regie.IBAN, "signed_on": "2024-01-08"}

    @staticmethod
    def _paid(home: str, cents: int) -> dict[str, Any]:
        return {"household": home, "amount_cents": cents, "means": "cheque", "received_on": "2024-01-10"}

    def words(self) -> dict[str, list[Any]]:
        return {"payment": self.payments, "collection": [self.collection]}

    def apart(self) -> dict[str, dict[str, list[Any]]]:
        one = "/households/{household}"
        return {
            f"DELETE {one}/mandate": {"household": self.homes[1:]},
            f"POST {one}/payments/{{payment}}/cancellation": {
                "household": self.homes[:1],
                "payment": self.payments,
            },
        }

    def bodies(self, guardian: str) -> dict[str, list[Any]]:
        """`guardian` is of the household every operation is asked about."""
        titres = [f"2024-{FIRST + number:06d}" for number in range(HOMES)]
        returns = [{"returns": [{"titre": titre, "reason": "AM04"}]} for titre in titres[:3]]
        return {
            "PaymentsAsked": [{"payments": [self._paid(self.homes[0], 1)]}],
            "MandateAsked": [self._mandate(guardian)],
            "CollectionAsked": [{"collect_on": "2024-01-18"}],
            "ReturnsAsked": returns,
            "CancellationAsked": [{"because": "mistake"}, {"because": "unpaid_cheque"}],
        }
