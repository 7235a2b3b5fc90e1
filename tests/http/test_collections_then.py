"""Direct debits as they stood at an instant: what was asked of the bank by then, and what had become of it."""

from datetime import datetime, timedelta

import pytest

from tests.http.regie import Regie
from tests.http.world import World, made, refused
from tests.servers import Database


@pytest.fixture
def regie(service: World, module_database: Database) -> Regie:
    return Regie.of(service, module_database)


def test_what_became_of_a_collection_is_told_as_of_any_instant(regie: Regie) -> None:
    """Not sent yet, asked, paid, and then sent back weeks after."""
    regie.debtor("parent-1", 5_511)
    before = regie.world.clock.instant - timedelta(days=1)
    path = f"/collections/{regie.collect()['collection']}"
    instants = [regie.world.clock.instant]
    for on, said, body in (
        ("2024-01-18 10:00", "settled", None),
        ("2024-02-05 10:00", "returns", {"returns": [{"titre": "2024-000001", "reason": "MD06"}]}),
    ):
        regie.world.clock.set(on)
        made(regie.billing.post(f"{path}/{said}", body), 200)
        instants.append(regie.world.clock.instant)

    def told(instant: datetime) -> list[str]:
        [debit] = made(regie.billing.get(path, as_of=instant.isoformat()), 200)["asked"]
        return [debit["state"], debit["reason"]]

    assert [told(instant) for instant in instants] == [["asked", None], ["paid", None], ["returned", "MD06"]]
    refused(regie.billing.get(path, as_of=before.isoformat()), "not_found", 404)
    listed = [made(regie.billing.get("/collections", as_of=at.isoformat()), 200) for at in (before, *instants)]
    assert [len(each["collections"]) for each in listed] == [0, 1, 1, 1]
