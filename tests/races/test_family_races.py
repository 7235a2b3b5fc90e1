"""Keys, activations and suspensions when everybody comes at the same second."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.http.world import Who, World, box, made, world_on
from tests.servers import Database

CROWD = 50
ROUNDS = 6
TOLD = {
    "identity": {"given_name": "Paola", "family_name": "Exemple"},
    "contact": {"email": "paola@exemple.fr"},
    "children": [{"given_name": "Matteo", "family_name": "Exemple", "birth_date": "2015-02-03"}],
}


@pytest.fixture(scope="module")
def world(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world_on(module_database, tmp_path_factory.mktemp("races"), pool_size=8, read_pool_size=8) as made_:
        made_.adopt()
        for day in ("2024-01-22", "2024-01-23"):
            made_.places("cantine", day, 1_000)
        yield made_


def at_once(asks: Sequence[Callable[[], httpx.Response]]) -> list[httpx.Response]:
    """Every ask in a thread of its own, at the same moment."""
    start = threading.Barrier(len(asks))

    def go(ask: Callable[[], httpx.Response]) -> httpx.Response:
        start.wait()
        return ask()

    with ThreadPoolExecutor(len(asks)) as threads:
        return list(threads.map(go, asks))


def outcomes(answers: Sequence[httpx.Response]) -> Counter[tuple[int, str | None]]:
    return Counter((answer.status_code, answer.json().get("code")) for answer in answers)


def household_of(world: World, guardians: int) -> tuple[str, list[str]]:
    household = made(world.agent.post("/households"))["household"]
    path = f"/households/{household}/guardians"
    return household, [made(world.agent.post(path))["guardian"] for _ in range(guardians)]


def issue(world: World, household: str, **said: Any) -> str:
    text: str = made(world.agent.post(f"/households/{household}/keys", said))["text"]
    return text


def redeem(parent: Who, text: str, **said: Any) -> Callable[[], httpx.Response]:
    key = uuid4().hex
    return lambda: parent.post("/me/key", {"key": text, **said}, key=key)


def accounts(world: World, household: str) -> list[str | None]:
    rows = made(world.agent.get(f"/households/{household}/guardians"), 200)["guardians"]
    return [row["subject"] for row in rows]


def test_of_fifty_accounts_that_type_a_key_of_one_use_one_is_linked(world: World) -> None:
    household, _ = household_of(world, 1)
    text = issue(world, household)
    answers = at_once([redeem(world.guardian(f"one-{n}"), text) for n in range(CROWD)])
    assert outcomes(answers) == {(200, None): 1, (409, "key_refused"): CROWD - 1}
    [linked] = accounts(world, household)
    assert linked == f"one-{[answer.status_code for answer in answers].index(200)}"


def test_a_key_of_two_uses_links_two_accounts_to_two_guardians(world: World) -> None:
    household, guardians = household_of(world, 4)
    text = issue(world, household, uses=2)
    asks = [redeem(world.guardian(f"two-{n}"), text, guardian=guardians[n % 4]) for n in range(CROWD)]
    told = outcomes(at_once(asks))
    assert told[200, None] == 2
    assert set(told) <= {(200, None), (409, "key_refused"), (409, "guardian_to_choose")}
    assert len([subject for subject in accounts(world, household) if subject]) == 2


def test_one_command_sent_fifty_times_is_one_attempt_and_one_link(world: World) -> None:
    household, _ = household_of(world, 1)
    ask = redeem(world.guardian("same"), issue(world, household))
    answers = at_once([ask] * CROWD)
    later = [answer for answer in answers if answer.status_code != 200]
    assert all(answer.json()["code"] == "idempotency_in_progress" for answer in later), outcomes(answers)
    assert ask().json() == {"linked": True}
    assert accounts(world, household) == ["same"]


def test_an_account_that_tries_fifty_keys_at_once_has_tried_five(world: World) -> None:
    parent = world.guardian("guessing")
    answers = at_once([redeem(parent, f"GUESS-{n}") for n in range(CROWD)])
    assert outcomes(answers) == {(409, "key_refused"): 5, (429, "too_many_attempts"): CROWD - 5}


def test_an_account_that_asks_to_be_activated_twenty_times_at_once_waits_once(world: World) -> None:
    parent = world.guardian("waiting")
    answers = at_once([lambda: parent.post("/me/activation", TOLD)] * 20)
    assert outcomes(answers) == {(201, None): 1, (409, "activation_awaiting"): 19}
    queue = made(world.agent.get("/activations", limit=200), 200)["activations"]
    assert [row["subject"] for row in queue].count("waiting") == 1


def test_of_agents_who_answer_the_same_account_at_once_one_does(world: World) -> None:
    household, guardians = household_of(world, 5)
    activation = made(world.guardian("decided").post("/me/activation", TOLD))["activation"]
    path = f"/activations/{activation}/decision"
    grants: list[dict[str, Any]] = [{"grant": {"household": household, "guardian": guardian}} for guardian in guardians]

    def answer(body: dict[str, Any]) -> Callable[[], httpx.Response]:
        return lambda: world.agent.post(path, body)

    answers = at_once([answer(body) for body in grants] + [answer({"refuse": "unknown_family"})] * 5)
    assert outcomes(answers) == {(200, None): 1, (409, "already_decided"): 9}
    [status] = [answer.json()["status"] for answer in answers if answer.status_code == 200]
    assert [subject for subject in accounts(world, household) if subject] == ["decided"] * (status == "granted")


def asks_of(parent: Who, household: str, child: str) -> list[Callable[[], httpx.Response]]:
    """What a parent's portal keeps asking: reads, a page of a list, a new command, and one answered long ago."""
    asked = {"child": child, "activity": "cantine", "reserve": [box("2024-01-22 repas")]}
    made(parent.post("/demandes", asked, key="answered"))
    made(parent.post("/demandes", {**asked, "reserve": [box("2024-01-23 repas")]}))
    cursor = made(parent.get("/demandes", limit=1), 200)["next"]
    return [
        lambda: parent.get(f"/children/{child}"),
        lambda: parent.get(f"/households/{household}"),
        lambda: parent.get("/demandes", limit=1, cursor=cursor),
        lambda: parent.get(f"/children/{child}/calendar", from_="2024-01-15", to="2024-01-31", activity="cantine"),
        lambda: parent.post("/demandes", asked, key="answered"),
        lambda: parent.post("/demandes", asked),
        lambda: parent.get("/me"),
        lambda: parent.send("PUT", f"/children/{child}/health", body={"items": [], "protocol": None}, key=uuid4().hex),
    ]


class Watch:
    """Asks the same things over and over, and remembers what was shown to an ask that began after the suspension."""

    def __init__(self, *secrets: str) -> None:
        self.secrets = secrets
        self.suspended, self.enough = threading.Event(), threading.Event()
        self.answered: Counter[bool] = Counter()
        self.shown: list[str] = []

    def keep_asking(self, ask: Callable[[], httpx.Response]) -> None:
        while not self.enough.is_set():
            after = self.suspended.is_set()
            answer = ask()
            self.answered[after] += 1
            if after and any(secret in answer.text for secret in self.secrets):
                self.shown.append(answer.text)

    def until(self, count: int, *, after: bool) -> None:
        deadline = time.monotonic() + 30
        while self.answered[after] < count:
            assert time.monotonic() < deadline
            time.sleep(0.005)


@pytest.mark.parametrize(("scope", "reason"), [("guardian", "court_order"), ("account", "account_lost")])
def test_nothing_that_begins_after_a_suspension_was_answered_shows_the_family(
    world: World, scope: str, reason: str
) -> None:
    for round_ in range(ROUNDS):
        subject = f"suspended-{scope}-{round_}"
        household = world.household(subject)
        child = world.child(household, "cantine")
        [guardian] = made(world.agent.get(f"/households/{household}/guardians"), 200)["guardians"]
        asks = asks_of(world.guardian(subject), household, child)
        watch = Watch(household, child)
        with ThreadPoolExecutor(len(asks)) as threads:
            watching = [threads.submit(watch.keep_asking, ask) for ask in asks]
            try:
                watch.until(4 * len(asks), after=False)
                path = f"/households/{household}/guardians/{guardian['guardian']}/suspension"
                made(world.agent.post(path, {"scope": scope, "reason": reason}), 200)
                watch.suspended.set()
                watch.until(8 * len(asks), after=True)
            finally:
                watch.enough.set()
            for each in watching:
                each.result()
        assert watch.shown == []
