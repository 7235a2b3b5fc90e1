"""A command runs once, however often it is sent: the same key always gets the same answer."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import uuid4

import httpx
import orjson
import psycopg
import pytest

from tests.http.world import Who, World, box, made, refused
from tests.servers import Database

DAY = "2024-01-22"


def same(first: httpx.Response, again: httpx.Response) -> None:
    """The second is the first, byte for byte, and says so."""
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers.get("etag") == first.headers.get("etag")
    assert again.headers["content-type"] == first.headers["content-type"]
    assert "idempotency-hit" not in first.headers
    assert again.headers["idempotency-hit"] == "true"


def demandes(who: Who) -> int:
    return len(made(who.get("/demandes", limit=200), 200)["demandes"])


@contextmanager
def slot_held(database: Database, world: World, day: str) -> Iterator[None]:
    """Somebody else fights over the places of a day: whoever wants one waits."""
    with psycopg.connect(database.admin_url) as connection:
        connection.execute(
            "SELECT 1 FROM ardoise.places WHERE commune = %s AND day = %s FOR UPDATE", (world.commune, day)
        )
        yield
        connection.rollback()


def test_eight_threads_with_one_key_are_one_demande(world: World) -> None:
    parent, child = world.family("parent-1", "cantine")
    start = threading.Barrier(8)

    def send(_: int) -> httpx.Response:
        start.wait()
        return parent.ask(child, "cantine", DAY, key="the-same")

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(send, range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sorted(answer.headers.get("idempotency-hit", "false") for answer in answers) == ["false", *["true"] * 7]
    assert demandes(parent) == 1
    assert world.taken("cantine", DAY)["repas", ""][0] == 1


def test_a_repeated_command_gets_its_first_answer_even_when_the_world_has_moved(world: World) -> None:
    parent, child = world.family("parent-1", "cantine")
    first = parent.ask(child, "cantine", DAY, key="k")
    made(parent.post("/demandes", {"child": child, "activity": "cantine", "cancel": [box(f"{DAY} repas")]}))
    world.clock.set("2024-06-01 12:00")
    same(first, parent.ask(child, "cantine", DAY, key="k"))
    assert world.taken("cantine", DAY)["repas", ""][0] == 0


def test_a_refusal_stays_the_answer_of_its_key_after_a_place_is_freed(world: World) -> None:
    world.places("cantine", DAY, 1)
    one, first = world.family("parent-1", "cantine")
    two, second = world.family("parent-2", "cantine")
    made(one.ask(first, "cantine", DAY))
    full = two.ask(second, "cantine", DAY, key="k")
    refused(full, "no_place_left")
    made(one.post("/demandes", {"child": first, "activity": "cantine", "cancel": [box(f"{DAY} repas")]}))
    same(full, two.ask(second, "cantine", DAY, key="k"))
    made(two.ask(second, "cantine", DAY, key="another"))


def test_a_key_belongs_to_one_account_of_one_client(world: World) -> None:
    household = world.household("parent-1", "parent-2")
    child = world.child(household, "cantine")
    made(world.guardian("parent-1").ask(child, "cantine", DAY, key="k"))
    refused(world.guardian("parent-2").ask(child, "cantine", DAY, key="k"), "already_reserved")
    elsewhere = world.who("guardian", "parent-1", client="another-portal")
    refused(elsewhere.ask(child, "cantine", DAY, key="k"), "already_reserved")


def test_a_key_means_one_thing(world: World) -> None:
    parent, child = world.family("parent-1", "cantine")
    made(parent.ask(child, "cantine", DAY, key="k"))
    refused(parent.ask(child, "cantine", "2024-01-23", key="k"), "idempotency_key_reused", 422)
    number = made(parent.get("/demandes"), 200)["demandes"][0]["number"]
    refused(parent.delete(f"/demandes/{number}", key="k"), "idempotency_key_reused", 422)
    assert demandes(parent) == 1


def test_the_same_document_written_otherwise_is_the_same_command(world: World) -> None:
    parent, child = world.family("parent-1", "cantine")
    asked = {"child": child, "activity": "cantine", "reserve": [box(f"{DAY} repas")]}
    first = parent.post("/demandes", asked, key="k")
    turned = orjson.dumps(dict(reversed(asked.items())), option=orjson.OPT_INDENT_2)
    same(first, parent.post("/demandes", turned, key="k"))


def test_what_the_doors_refuse_does_not_use_up_the_key(world: World) -> None:
    parent, child = world.family("parent-1", "cantine")
    refused(parent.ask(child, "cantine", "hier", key="k"), "invalid_request", 422)
    refused(parent.ask(str(uuid4()), "cantine", DAY, key="k"), "not_found", 404)
    made(parent.ask(child, "cantine", DAY, key="k"))


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, "idempotency_key_missing"),
        ({"Idempotency-Key": ""}, "idempotency_key_invalid"),
        ({"Idempotency-Key": "two words"}, "idempotency_key_invalid"),
        ({"Idempotency-Key": "k" * 256}, "idempotency_key_invalid"),
        ({"Idempotency-Key": "clé".encode()}, "idempotency_key_invalid"),
    ],
)
def test_a_command_without_a_sound_key_is_refused(world: World, headers: dict[str, str], code: str) -> None:
    refused(world.agent.send("POST", "/households", body={}, headers=headers), code, 400)


def test_every_kind_of_command_is_kept_under_its_key(world: World) -> None:
    agent, child = world.agent, world.child(world.household("parent-1"), "mercredis", "garderie")
    number = made(agent.ask(child, "mercredis", "2024-03-27"))["demandes"][0]["number"]
    other = made(agent.ask(child, "mercredis", "2024-03-20"))["demandes"][0]["number"]
    sent: list[tuple[str, str, dict[str, object] | None]] = [
        ("POST", "/households", {}),
        ("POST", f"/demandes/{number}/decision", {"approve": "all"}),
        ("POST", "/decisions", {"decisions": [{"number": other, "approve": "all"}]}),
        ("POST", "/closures", {"day": DAY, "reason": "greve"}),
        ("DELETE", f"/closures/{DAY}", None),
        ("POST", "/capacities", {"activity": "cantine", "unit": "repas", "days": [DAY], "places": 4}),
        (
            "POST",
            "/attendance",
            {
                "activity": "garderie",
                "unit": "soir",
                "day": "2024-01-15",
                "children": [{"child": child, "presence": "present"}],
            },
        ),
    ]
    for method, path, body in sent:
        first = agent.send(method, path, body=body, key=f"k-{method}-{path}")
        assert first.is_success, first.text
        same(first, agent.send(method, path, body=body, key=f"k-{method}-{path}"))


def test_a_family_that_gave_up_waiting_finds_its_answer_under_the_same_key(
    world: World, module_database: Database
) -> None:
    parent, child = world.family("parent-1", "cantine")
    world.places("cantine", DAY, 5)
    with slot_held(module_database, world, DAY):
        impatient = httpx.Client(base_url=world.url, timeout=0.3)
        with impatient, pytest.raises(httpx.ReadTimeout):
            Who(http=impatient, token=parent.token, commune=parent.commune).ask(child, "cantine", DAY, key="k")
    again = parent.ask(child, "cantine", DAY, key="k")
    made(again)
    assert again.headers["idempotency-hit"] == "true"
    assert demandes(parent) == 1


def test_a_command_that_still_runs_is_told_so_and_when_to_come_back(world: World, module_database: Database) -> None:
    parent, child = world.family("parent-1", "cantine")
    world.places("cantine", DAY, 5)
    with slot_held(module_database, world, DAY), ThreadPoolExecutor(2) as threads:
        both = [threads.submit(parent.ask, child, "cantine", DAY, key="k") for _ in range(2)]
        for answer in both:
            refused(answer.result(), "idempotency_in_progress")
            assert answer.result().headers["retry-after"] == "1"
    made(parent.ask(child, "cantine", DAY, key="k"))
    assert demandes(parent) == 1
