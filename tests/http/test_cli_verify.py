"""A checkpoint nobody can read, or that no key that is trusted signed, is a finding: it is never passed over."""

import os
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner, Result

from api.cli import app
from replay.sealing.checkpoint import verifier_of
from replay.sealing.files import FOLDER, CheckpointFiles
from tests.faults.service import url_of
from tests.http.world import world_on
from tests.servers import Database
from tests.town import VALMONT


@pytest.fixture
def ours(database: Database, tmp_path: Path) -> dict[str, str]:
    """What an operator of a town that is sealed and signed has around them."""
    with world_on(database, tmp_path) as world:
        world.adopt()
        world.family("parent-1", "mercredis")
    return {name: "" for name in os.environ if name.startswith("ARDOISE_")} | {
        "ARDOISE_DATABASE_URL": url_of(database),
        "ARDOISE_DATA": str(tmp_path),
        "ARDOISE_DEVELOPMENT": "1",
    }


def verified(ours: dict[str, str], *words: str) -> Result:
    result = CliRunner().invoke(app, ["verify", "valmont", "--json", *words], env=ours)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_a_checkpoint_that_cannot_be_read_is_a_finding(ours: dict[str, str], tmp_path: Path) -> None:
    files = CheckpointFiles(tmp_path / FOLDER)
    [size] = files.sizes(VALMONT)
    (files.path / VALMONT / f"{size:016}.txt").write_bytes(b"nothing of the kind")
    said = verified(ours, "--checkpoints", str(files.path))
    [found] = orjson.loads(said.stdout)["findings"]
    assert (said.exit_code, found["what"]) == (1, "checkpoint_false")
    assert found["where"] == f"the checkpoint of {size} lines cannot be read"


def test_a_checkpoint_of_another_key_than_the_one_that_is_believed_is_a_finding(
    ours: dict[str, str], tmp_path: Path
) -> None:
    elsewhere = ours | {"ARDOISE_DATA": str(tmp_path / "elsewhere")}
    another = verifier_of("ardoise.local/valmont", Ed25519PrivateKey.generate().public_key()).text
    said = verified(elsewhere, "--checkpoints", str(tmp_path / FOLDER), "--key", another)
    [found] = orjson.loads(said.stdout)["findings"]
    assert (said.exit_code, found["what"]) == (1, "checkpoint_false")


def test_a_small_town_is_verified_by_one_process_unless_several_are_asked_for(ours: dict[str, str]) -> None:
    for words, processes in (((), 1), (("--processes", "2"), 2)):
        said = verified(ours, *words)
        told = orjson.loads(said.stdout)
        assert (said.exit_code, told["findings"], told["processes"]) == (0, [], processes)
