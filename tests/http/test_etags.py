"""What an answer about a child says of its page, and what a command may make of it."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
import structlog

from tests.http.world import World, box, made, refused, world_on
from tests.servers import Database

PATIENCE_MS = 25_000

ANOTHER_LINE = """
    INSERT INTO ardoise.entries
    SELECT commune, stream, version + 1, type, recorded_at, stored, digest FROM ardoise.entries
    WHERE commune = %s AND stream = %s ORDER BY version DESC LIMIT 1
"""
# What runs beside the doors may wait too: only who answers the question counts.
WAITING = """
    SELECT EXISTS (
        SELECT FROM pg_locks JOIN pg_stat_activity USING (pid)
        WHERE NOT granted AND relation = 'ardoise.entries'::regclass AND datname = current_database()
          AND application_name = 'ardoise-queries'
    )
"""


@pytest.fixture(scope="module")
def service(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A service that waits for a lock for as long as a test needs to hold it."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    patient = {"lock_timeout_ms": PATIENCE_MS, "statement_timeout_ms": PATIENCE_MS}
    with world_on(module_database, tmp_path_factory.mktemp("service"), **patient) as made:
        yield made
    structlog.reset_defaults()


@pytest.mark.parametrize("path", ["/children/{child}/enrolments", "/demandes/{number}"])
def test_a_version_is_never_newer_than_the_rows_it_comes_with(
    world: World, module_database: Database, path: str
) -> None:
    parent, child = world.family("parent-1", "mercredis")
    number = made(parent.ask(child, "mercredis", "2024-03-27"))["demandes"][0]["number"]
    path = path.format(child=child, number=number)
    before = parent.get(path)
    with (
        psycopg.connect(module_database.admin_url) as writer,
        psycopg.connect(module_database.admin_url, autocommit=True) as watcher,
        ThreadPoolExecutor(1) as threads,
    ):
        writer.execute("LOCK TABLE ardoise.entries IN ACCESS EXCLUSIVE MODE")
        reading = threads.submit(parent.get, path)
        while watcher.execute(WAITING).fetchone() != (True,):
            assert not reading.done(), reading.result().text
            time.sleep(0.005)
        writer.execute("UPDATE ardoise.enrolments SET last_day = '2024-03-01' WHERE child = %s", (child,))
        writer.execute("UPDATE ardoise.demandes SET reason = 'autre' WHERE number = %s", (number,))
        writer.execute(ANOTHER_LINE, (world.commune, f"child/{world.commune}/{child}"))
        writer.commit()
        during = reading.result()
    after = parent.get(path)
    assert before.headers["etag"] != after.headers["etag"]
    assert before.content != after.content
    assert (during.headers["etag"], during.content) in [
        (answer.headers["etag"], answer.content) for answer in (before, after)
    ]


def test_a_household_has_no_version_since_its_children_are_on_pages_of_their_own(world: World) -> None:
    opened = world.agent.post("/households")
    path = f"/households/{made(opened)['household']}"
    guardian = world.agent.post(f"{path}/guardians")
    account = f"{path}/guardians/{made(guardian)['guardian']}/account"
    answers = [opened, guardian, world.agent.post(account, {"subject": "parent-1"})]
    answers += [world.agent.get(path), world.agent.get(f"{path}/guardians")]
    assert all(answer.is_success and "etag" not in answer.headers for answer in answers)


def test_a_demande_carries_the_version_of_its_child_s_page(world: World) -> None:
    parent, child = world.family("parent-1", "mercredis")
    answer = parent.ask(child, "mercredis", "2024-03-27")
    number = made(answer)["demandes"][0]["number"]
    read = parent.get(f"/demandes/{number}")
    assert read.headers["etag"] == answer.headers["etag"] == parent.get(f"/children/{child}").headers["etag"]


def test_a_demande_is_withdrawn_only_as_it_was_last_seen(world: World) -> None:
    parent, child = world.family("parent-1", "mercredis")
    number = made(parent.ask(child, "mercredis", "2024-03-27"))["demandes"][0]["number"]
    path = f"/demandes/{number}"
    seen = parent.get(path).headers["etag"]
    made(parent.ask(child, "mercredis", "2024-04-03"))
    refused(parent.delete(path, headers={"If-Match": seen}), "version_changed", 412)
    assert made(parent.get(path), 200)["status"] == "en_cours"
    made(parent.delete(path, headers={"If-Match": parent.get(path).headers["etag"]}), 200)


def test_a_version_where_no_child_s_page_is_meant_is_refused_and_not_ignored(world: World) -> None:
    _, child = world.family("parent-1", "cantine")
    household = world.household()
    attendance: dict[str, Any] = {
        "activity": "cantine",
        "unit": "repas",
        "day": "2024-01-15",
        "children": [{"child": child, "presence": "present"}],
    }
    commands: list[tuple[str, dict[str, Any]]] = [
        ("/households", {}),
        (f"/households/{household}/guardians", {}),
        ("/children", {"household": household}),
        ("/attendance", attendance),
        ("/closures", {"day": "2024-06-12", "reason": "greve"}),
        ("/capacities", {"activity": "cantine", "unit": "repas", "days": ["2024-01-22"], "places": 5}),
        ("/decisions", {"decisions": [{"number": 1, "approve": "all"}]}),
    ]
    for path, body in commands:
        [error] = refused(world.agent.post(path, body, If_Match='"1"'), "invalid_request", 422)["errors"]
        assert (error["in"], error["field"], error["code"]) == ("header", "If-Match", "not_expected"), path
    answer = world.agent.delete("/closures/2024-06-12", headers={"If-Match": "*"})
    assert refused(answer, "invalid_request", 422)["errors"][0]["code"] == "not_expected"
    asked = {"child": child, "activity": "cantine", "reserve": [box("2024-01-22 repas")]}
    made(world.agent.post("/demandes", asked, If_Match="*"))
