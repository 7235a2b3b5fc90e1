"""Two agents at one queue: what a household asked for is decided once, whoever comes first."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from tests.http.world import Who, World, made, world_on
from tests.servers import Database

ROUNDS = 15


@pytest.fixture
def world(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_on(database, tmp_path_factory.mktemp("races"), pool_size=8, read_pool_size=8) as made_:
        made_.adopt()
        yield made_


def asks(who: Who, household: str, **body: Any) -> int:
    answer = who.post(f"/households/{household}/demandes", body)
    return int(made(answer)["demandes"][0]["number"])


def both(first: Any, second: Any) -> list[tuple[int, str | None]]:
    """Both at once; the status and the code of each answer."""
    start = Barrier(2)

    def run(act: Any) -> tuple[int, str | None]:
        start.wait()
        answer = act()
        return answer.status_code, answer.json().get("code")

    with ThreadPoolExecutor(2) as threads:
        return list(threads.map(run, (first, second)))


def test_of_two_agents_who_decide_the_same_demande_one_wins_and_the_other_is_told(world: World) -> None:
    household = world.household("parent-1")
    parent = world.guardian()
    one, two = world.who("agent", "agent-1"), world.who("agent", "agent-2")
    for _ in range(ROUNDS):
        number = asks(parent, household, kind="situation", situation="married")
        path = f"/demandes/{number}/decision"
        told = both(
            lambda path=path: one.post(path, {"approve": "all"}),
            lambda path=path: two.post(path, {"approve": "none", "reason": "autre"}),
        )
        assert Counter(told) == {(200, None): 1, (409, "already_decided"): 1}
        positive = told[0][0] == 200
        status = made(parent.get(f"/demandes/{number}"), 200)["status"]
        assert status == ("traitee_positivement" if positive else "traitee_negativement")


def test_a_demande_is_decided_or_taken_back_and_never_both(world: World) -> None:
    household = world.household("parent-1")
    parent, agent = world.guardian(), world.agent
    for _ in range(ROUNDS):
        number = asks(parent, household, kind="situation", situation="married")
        told = both(
            lambda number=number: parent.delete(f"/demandes/{number}"),
            lambda number=number: agent.post(f"/demandes/{number}/decision", {"approve": "all"}),
        )
        assert Counter(told) == {(200, None): 1, (409, "already_decided"): 1}


def test_a_queue_somebody_wrote_beside_is_decided_again_and_kept_whole(world: World) -> None:
    household = world.household("parent-1")
    parent, agent = world.guardian(), world.agent
    child = world.child(household, "mercredis")
    for week in range(1, 9):
        days = made(parent.ask(child, "mercredis", f"2024-03-{['06', '13', '20', '27'][week % 4]}"))["demandes"]
        numbers = [days[0]["number"], asks(parent, household, kind="situation", situation="married")]
        decisions = [{"number": number, "approve": "none", "reason": "autre"} for number in numbers]
        told = both(
            lambda decisions=decisions: agent.post("/decisions", {"decisions": decisions}),
            lambda: parent.post(
                f"/households/{household}/demandes",
                {"kind": "member", "identity": {"given_name": "Rose", "family_name": "Exemple"}},
            ),
        )
        assert [status for status, _ in told] == [200, 201]
        for number in numbers:
            assert made(parent.get(f"/demandes/{number}"), 200)["status"] == "traitee_negativement"
