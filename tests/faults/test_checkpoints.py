"""`ardoise serve` signs while it runs and when it stops, whatever kills it, and starts on no older database."""

import os
import signal
import subprocess
import time
from pathlib import Path

import psycopg
import pytest

from ledger.identifiers import Commune
from replay.sealing.files import CheckpointFiles
from tests.faults.service import ARDOISE, TOWN, Service, environment, refused, url_of
from tests.servers import Cluster, Database

OFTEN = {"ARDOISE_CHECKPOINT_SECONDS": "0.05"}
SELDOM = {"ARDOISE_CHECKPOINT_SECONDS": "3600"}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    made = tmp_path / "data"
    made.mkdir()
    return made


def own(database: Database) -> dict[str, str]:
    return {"ARDOISE_DATABASE_URL": url_of(database), "ARDOISE_DEVELOPMENT": "1"}


def lines_of(database: Database) -> int:
    with psycopg.connect(database.admin_url) as superuser:
        [[count]] = superuser.execute("SELECT count(*) FROM ardoise.entries").fetchall()
    return int(count)


def files_of(data: Path) -> CheckpointFiles:
    return CheckpointFiles(data / "checkpoints")


def run(data: Path, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [ARDOISE, *words], env=environment(data, **more), capture_output=True, text=True, timeout=60, check=False
    )


def test_a_clean_stop_signs_everything_that_was_acknowledged(place: Path, database: Database):
    service = Service.start(place, **own(database), **SELDOM)
    service.settle()
    assert service.stop() == 0
    assert files_of(place).sizes(TOWN)[-1] == lines_of(database)


def test_a_service_that_is_killed_leaves_whole_checkpoints_and_starts_again(place: Path, database: Database):
    for _ in range(3):
        service = Service.start(place, **own(database), **OFTEN)
        with service.client() as http:
            agent = service.who(http, "agent", "agent-1")
            give_up_at, before = time.monotonic() + 30, len(files_of(place).sizes(TOWN))
            while len(files_of(place).sizes(TOWN)) < before + 3:
                assert agent.post("/households").status_code == 201
                assert time.monotonic() < give_up_at
        assert service.stop(signal.SIGKILL) == -signal.SIGKILL
        files = files_of(place)
        assert [files.read(TOWN, size).head.size for size in files.sizes(TOWN)] == files.sizes(TOWN)
        assert files.sizes(TOWN)[-1] <= lines_of(database)


def test_an_older_database_is_not_served_nor_written_and_can_be_read_until_the_loss_is_accepted(
    place: Path, database: Database, cluster: Cluster
):
    first = Service.start(place, **own(database), **OFTEN)
    first.settle()
    assert first.stop() == 0
    kept = lines_of(database)
    with cluster.database(database.name) as older:
        second = Service.start(place, **own(database), **OFTEN)
        with second.client() as http:
            for _ in range(5):
                assert second.who(http, "agent", "agent-1").post("/households").status_code == 201
        assert second.stop() == 0
        said = (
            f"ardoise: the database is older than the last checkpoint of ville: it has {kept} sealed lines,"
            f" and had {kept + 5} when that was signed. Restore the database that belongs here, or a newer backup of"
            " it. If those lines are lost for good: `ardoise checkpoint accept-loss ville --by ACCOUNT`."
        )
        assert refused(place, **own(older)) == said
        assert refused(place, "numbers", "ville", "--next", "500", **own(older)) == said
        verified = run(place, "verify", "ville", **own(older))
        assert (verified.returncode, f"positions {kept + 1} to {kept + 5}" in verified.stderr) == (1, True), (
            verified.stderr
        )
        shown = run(place, "checkpoint", "show", **own(older))
        assert f"{kept + 5}" in shown.stdout

        wrong = subprocess.run(
            [ARDOISE, "checkpoint", "accept-loss", "ville"],
            env=environment(place, **own(older)),
            input="villars\n",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert wrong.returncode == 1
        assert wrong.stderr.splitlines()[-1].endswith("ardoise: that is not the name of the town: nothing was changed.")
        assert refused(place, **own(older)) == said

        accepted = run(place, "checkpoint", "accept-loss", "ville", "--yes", "--by", "admin-1", **own(older))
        assert accepted.returncode == 0, accepted.stderr
        [away] = (place / "checkpoints" / ".set-aside").iterdir()
        assert "the loss was accepted by admin-1" in (away / "NOTE.txt").read_text()
        assert (
            f"ville has {kept} sealed lines in this database, and {kept + 5} when it was signed last."
            in (away / "NOTE.txt").read_text()
        )
        third = Service.start(place, **own(older), **OFTEN)
        assert third.get("/readyz").json()["warnings"] == []
        assert third.stop() == 0
        assert files_of(place).sizes(TOWN)[-1] == kept


def test_lines_a_backup_holds_unsealed_are_sealed_before_it_is_called_older(
    place: Path, database: Database, cluster: Cluster
):
    """They were committed when the backup was made, and sealed and signed a moment later: nothing was lost."""
    service = Service.start(place, **own(database), **SELDOM)
    service.settle()
    assert service.stop(signal.SIGKILL)
    with psycopg.connect(database.admin_url, autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("ALTER TABLE ardoise.seals DISABLE TRIGGER USER")
        superuser.execute("DELETE FROM ardoise.seals")
        superuser.execute("DELETE FROM ardoise.tree_nodes")
        superuser.execute("UPDATE ardoise.trees SET size = 0")
        superuser.execute("UPDATE ardoise.settled SET arrival = 0, missing = '{}'")
        for trigger in ("seals_are_never_changed", "seals_are_never_emptied"):
            superuser.execute(f"ALTER TABLE ardoise.seals ENABLE ALWAYS TRIGGER {trigger}".encode())
    with cluster.database(database.name) as backup:
        assert run(place, "checkpoint", "write", **own(database)).returncode == 0
        assert files_of(place).sizes(TOWN)[-1] == lines_of(database)
        assert run(place, "checkpoint", "write", **own(backup)).returncode == 0


def test_a_past_that_was_rewritten_is_told_by_readyz_the_metrics_and_the_log(place: Path, database: Database):
    service = Service.start(place, **own(database), **OFTEN)
    try:
        service.settle()
        give_up_at = time.monotonic() + 30
        while (files_of(place).sizes(TOWN) or [0])[-1] < lines_of(database):
            assert time.monotonic() < give_up_at
            time.sleep(0.05)
        with psycopg.connect(database.admin_url, autocommit=True) as superuser:
            superuser.execute("ALTER TABLE ardoise.seals DISABLE TRIGGER USER")
            superuser.execute("UPDATE ardoise.seals SET leaf = sha256('another past') WHERE position = 4")
            for trigger in ("seals_are_never_changed", "seals_are_never_emptied"):
                superuser.execute(f"ALTER TABLE ardoise.seals ENABLE ALWAYS TRIGGER {trigger}".encode())
        while "checkpoint_refused" not in service.get("/readyz").json()["warnings"]:
            assert time.monotonic() < give_up_at
            time.sleep(0.05)
        assert "ardoise_checkpoints_refused 1.0" in service.get("/metrics").text
        assert service.log.read_text().count('"event":"checkpoint_refused"') == 1, "said once"
    finally:
        service.stop()
    assert "is not the one the last checkpoint of ville was signed for" in refused(place, **own(database))


def test_a_directory_that_is_full_or_taken_away_stops_nothing_else(place: Path, database: Database):
    service = Service.start(place, **own(database), **OFTEN)
    try:
        service.settle()
        folder = place / "checkpoints"
        folder.rename(place / "elsewhere")
        folder.write_text("in the way")
        with service.client() as http:
            assert service.who(http, "agent", "agent-1").post("/households").status_code == 201
            give_up_at = time.monotonic() + 30
            while "checkpoint_refused" not in service.get("/readyz").json()["warnings"]:
                assert time.monotonic() < give_up_at
                time.sleep(0.05)
            said = service.who(http, "auditor", "auditor-1").get("/checkpoint")
            assert (said.status_code, said.json()["code"]) == (503, "no_checkpoint_yet")
        folder.unlink()
        (place / "elsewhere").rename(folder)
        while "checkpoint_refused" in service.get("/readyz").json()["warnings"]:
            assert time.monotonic() < give_up_at
            time.sleep(0.05)
    finally:
        assert service.stop() == 0
    assert os.listdir(place / "checkpoints") == [Commune("ville")]  # noqa: PTH208 - names
