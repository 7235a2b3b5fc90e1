"""A backup is restored: whoever was forgotten since stays so, whatever is sent, imported or lost on the way."""

import os
import time
from collections.abc import Callable
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import httpx
import orjson
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner

from api.cli import app
from ledger.settings import SettingsError
from tests.http.world import World, made, refused, world_on
from tests.losses import loss_accepted
from tests.servers import Cluster, Database
from vault.journal import JournalError

AGREED = {"agreement": "AD78-2026/12", "agreed_by": "archives-1", "agreed_on": "2024-01-15"}
FAMILY = {
    "ref": "F-1",
    "guardians": [{"ref": "G-1", "identity": {"given_name": "Canarizoe", "family_name": "Exemple"}}],
    "children": [{"ref": "C-1", "identity": {"given_name": "Canarileo", "family_name": "Exemple"}}],
}
Run = Callable[..., tuple[int, str, str]]


def run_on(database: Database, data: Path) -> Run:
    """The command line, on this database."""
    parts = {name: urlencode(conninfo_to_dict(getattr(database, name)), quote_via=quote) for name in URLS}
    ours = {name: "" for name in os.environ if name.startswith("ARDOISE_")} | {
        "ARDOISE_DATABASE_URL": f"postgresql:///?{parts['service_url']}",
        "ARDOISE_OWNER_URL": f"postgresql:///?{parts['owner_url']}",
        "ARDOISE_DATA": str(data),
        "ARDOISE_DEVELOPMENT": "1",
    }

    def run(*words: str) -> tuple[int, str, str]:
        result = CliRunner().invoke(app, list(words), env=ours)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.exit_code, result.stdout, result.stderr

    return run


URLS = ("service_url", "owner_url")


def erase(world: World, household: str, *, key: str | None = None) -> httpx.Response:
    return world.who("admin").post("/erasures", {"household": household, **AGREED}, key=key)


def said_of(world: World) -> tuple[list[Any], int]:
    """What an account is still told of its household, and how many the town says were forgotten."""
    homes = made(world.guardian("parent-1").get("/me"), 200)["households"]
    return homes, len(made(world.who("admin").get("/erasures"), 200)["erasures"])


@pytest.fixture
def home(database: Database, tmp_path: Path) -> str:
    """A household of a town."""
    with world_on(database, tmp_path) as world:
        world.adopt()
        return world.household("parent-1")


def test_an_import_older_than_the_erasure_is_not_imported_again(
    cluster: Cluster, database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "families.ndjson"
    file.write_bytes(orjson.dumps(FAMILY) + b"\n")
    with world_on(database, tmp_path) as world:
        world.adopt()
    with cluster.database(database.name) as older, cluster.database(database.name) as oldest:
        code, _, err = run_on(database, tmp_path)("import", "valmont", str(file))
        assert code == 0, err
        with world_on(database, tmp_path) as world:
            [known] = made(world.agent.get("/households"), 200)["households"]
            assert "Canarizoe" in orjson.dumps(known).decode()
            made(erase(world, known["household"]), 200)
        with world_on(older, loss_accepted(tmp_path)) as world:
            code, _, err = run_on(older, tmp_path)("import", "valmont", str(file))
            assert (code, "person_erased" in err) == (1, True), err
            assert "Canari" not in world.agent.get("/households").text
        code, _, err = run_on(oldest, loss_accepted(tmp_path))("import", "valmont", str(file))
        assert (code, "person_erased" in err) == (1, True), err


def test_a_command_that_is_sent_again_names_nobody_who_was_forgotten(
    cluster: Cluster, database: Database, tmp_path: Path
) -> None:
    told = {"subject": "parent-1", "identity": {"given_name": "Canarizoe", "family_name": "X"}}
    with world_on(database, tmp_path) as world:
        world.adopt()
        there = world.household("parent-2")
    with cluster.database(database.name) as older:
        with world_on(database, tmp_path) as world:
            home = world.household()
            made(world.agent.post(f"/households/{home}/guardians", told, key="sent-again"))
            made(erase(world, home), 200)
        with world_on(older, loss_accepted(tmp_path)) as world:
            refused(world.agent.post(f"/households/{there}/guardians", told, key="sent-again"), "not_found", 404)
            assert said_of(world) == ([], 0)


def failing(data: Path, database: Database, ask: Callable[[], httpx.Response]) -> httpx.Response:
    """The answer when the disk fails between the transaction and the line that says it was done."""
    journal, aside = data / "erasures.ndjson", data / "aside"
    before = journal.stat().st_size
    with psycopg.connect(database.admin_url) as held, ThreadPool(1) as threads:
        held.execute("LOCK TABLE vault.documents IN EXCLUSIVE MODE")
        answer = threads.apply_async(ask)
        while journal.stat().st_size == before:
            time.sleep(0.005)
        journal.rename(aside)
        journal.mkdir()
        held.rollback()
        said: httpx.Response = answer.get(30)
    journal.rmdir()
    aside.rename(journal)
    return said


def test_an_erasure_that_a_backup_could_undo_is_not_answered(
    cluster: Cluster, database: Database, tmp_path: Path, home: str
) -> None:
    key = uuid4().hex
    with cluster.database(database.name) as older:
        with world_on(database, tmp_path) as world:
            refused(failing(tmp_path, database, lambda: erase(world, home, key=key)), "database_unavailable", 503)
            assert len(made(erase(world, home, key=key), 200)["erased"]) == 1
        with world_on(older, loss_accepted(tmp_path)) as world:
            assert said_of(world) == ([], 1)


def test_asked_again_with_another_key_the_journal_says_all_of_it(
    cluster: Cluster, database: Database, tmp_path: Path, home: str
) -> None:
    with cluster.database(database.name) as older:
        with world_on(database, tmp_path) as world:
            refused(failing(tmp_path, database, lambda: erase(world, home)), "database_unavailable", 503)
            assert len(made(erase(world, home), 200)["already"]) == 1
        with world_on(older, loss_accepted(tmp_path)) as world:
            assert said_of(world) == ([], 1)


def test_a_service_whose_journal_was_lost_does_not_start_until_it_is_written_again(
    cluster: Cluster, database: Database, tmp_path: Path, home: str
) -> None:
    run = run_on(database, tmp_path)
    with cluster.database(database.name) as older:
        with world_on(database, tmp_path) as world:
            made(erase(world, home), 200)
        (tmp_path / "erasures.ndjson").unlink()
        with pytest.raises(JournalError, match="says nothing of 1 of the 1 people the database says were forgotten"):
            world_on(database, tmp_path).__enter__()
        code, _, err = run("erase", "--replay")
        assert (code, "ardoise erase --rebuild-journal" in err) == (1, True), err
        code, out, err = run("erase", "--rebuild-journal")
        assert (code, out) == (0, "The journal has the lines of 1 person more.\n"), err
        assert run("erase", "--rebuild-journal", "--json")[:2] == (0, '{"written":0}\n')
        with world_on(database, tmp_path) as world:
            assert said_of(world) == ([], 1)
        with world_on(older, loss_accepted(tmp_path)) as world:
            assert said_of(world) == ([], 1)


def test_a_service_whose_key_file_was_lost_does_not_start(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "families.ndjson"
    file.write_bytes(orjson.dumps(FAMILY) + b"\n")
    with world_on(database, tmp_path) as world:
        world.adopt()
    run = run_on(database, tmp_path)
    assert run("import", "valmont", str(file))[0] == 0
    keys = tmp_path / "vault.keys"
    keys.rename(tmp_path / "aside")
    with pytest.raises(SettingsError, match=r"vault\.keys is not there, and keys of persons"):
        world_on(database, tmp_path).__enter__()
    assert not keys.exists()
    code, _, err = run("import", "valmont", str(file))
    assert (code, "put back the file that was saved" in err) == (1, True)
    (tmp_path / "aside").rename(keys)
    with world_on(database, tmp_path) as world:
        assert "Canarizoe" in world.agent.get("/households").text
