"""What an operator types about checkpoints is answered in one line or one table."""

import logging
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import psycopg
import pytest
import structlog
from typer.testing import CliRunner, Result

from api.cli import app
from ledger.identifiers import Commune
from ledger.settings import Settings
from replay.sealing.checkpoint import VerifierKey, parse, sign, verify
from replay.sealing.key import read_keys
from replay.sealing.notary import Notary
from tests.faults.service import url_of
from tests.http.world import world_on
from tests.losses import loss_accepted
from tests.servers import Database


@pytest.fixture(autouse=True)
def log_put_back() -> Iterator[None]:
    """A service that is started here writes its log to what is closed afterwards."""
    configured, root = structlog.get_config(), logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.configure(**configured)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def ours(database: Database, tmp_path: Path) -> dict[str, str]:
    return {name: "" for name in os.environ if name.startswith("ARDOISE_")} | {
        "ARDOISE_DATABASE_URL": url_of(database),
        "ARDOISE_DATA": str(tmp_path),
        "ARDOISE_DEVELOPMENT": "1",
    }


def run(ours: dict[str, str], *words: str, typed: str = "") -> Result:
    result = CliRunner().invoke(app, ["checkpoint", *words], env=ours, input=typed)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def town(database: Database, tmp_path: Path) -> None:
    with world_on(database, tmp_path) as world:
        world.adopt()
        world.family("parent-1", "mercredis")


def test_what_was_signed_is_shown_and_verifies(ours: dict[str, str], town: None):
    said = orjson.loads(run(ours, "show", "valmont", "--json").stdout)
    assert (said["commune"], said["origin"]) == ("valmont", "ardoise.local/valmont")
    found = parse(said["checkpoint"].encode())
    assert found.head.size == said["size"]
    assert verify(found, [VerifierKey.read(said["key"])])
    table = run(ours, "show").stdout
    assert said["root"] in table
    assert said["key"] in table


def test_nothing_that_was_signed_is_one_line(ours: dict[str, str], tmp_path: Path):
    assert run(ours, "show").stderr == f"ardoise: nothing was signed of any town in {tmp_path / 'checkpoints'}.\n"
    said = run(ours, "show", "villars")
    assert (said.exit_code, said.stderr.startswith("ardoise: nothing was signed of villars in ")) == (2, True)
    assert run(ours, "show", "../../etc").exit_code == 2


def test_what_grew_is_signed_when_it_is_asked_for(ours: dict[str, str], town: None, tmp_path: Path):
    assert run(ours, "write").stdout == f"No town grew since its last checkpoint in {tmp_path / 'checkpoints'}.\n"
    loss_accepted(tmp_path)
    assert run(ours, "write").stdout == f"1 checkpoint written in {tmp_path / 'checkpoints'}.\n"


def test_a_database_without_its_sequences_is_told_in_one_line_whatever_is_typed(
    ours: dict[str, str], town: None, database: Database
):
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("SELECT setval('ardoise.arrivals', 1)")
    said = run(ours, "write")
    assert (said.exit_code, "the sequence ardoise.arrivals is at 1" in said.stderr) == (1, True)
    notary = Notary.open(Settings.from_environment(ours))
    last = notary.last(Commune("valmont"))
    assert last is not None
    notary.files.write(
        last_town := Commune("valmont"), sign(replace(last.head, size=last.head.size + 3), notary.keys.private)
    )
    for words in (["serve", "--port", "1"], ["checkpoint", "accept-loss", last_town, "--yes"]):
        refused = CliRunner().invoke(app, words, env=ours)
        assert isinstance(refused.exception, SystemExit), refused.exception
        assert "the sequence ardoise.arrivals is at 1" in refused.stderr


def test_a_new_key_is_a_file_and_says_what_to_publish(ours: dict[str, str], tmp_path: Path):
    said = run({**ours, "ARDOISE_ORIGIN": "ardoise.example.fr"}, "new-key", "villars", "villennes")
    path = tmp_path / "seal"
    path.write_text(said.stdout)
    path.chmod(0o600)
    keys = read_keys(path)
    for town in ("villars", "villennes"):
        text = keys.verifier(f"ardoise.example.fr/{town}").text
        assert f"# {text}\n" in said.stdout
        assert VerifierKey.read(text).name == f"ardoise.example.fr/{town}"
    unnamed = run(ours, "new-key", "villars")
    assert (unnamed.exit_code, unnamed.stdout) == (1, "")
    assert unnamed.stderr.startswith("ardoise: ARDOISE_ORIGIN is not set: ")
    bare = run(ours, "new-key")
    assert (bare.exit_code, bare.stdout.count("private:")) == (0, 1)


def test_a_loss_is_accepted_by_typing_the_name_of_the_town(ours: dict[str, str], town: None, tmp_path: Path):
    notary = Notary.open(Settings(data=tmp_path))
    last = notary.last(Commune("valmont"))
    assert last is not None
    whole = run(ours, "accept-loss", "valmont", "--yes")
    assert (whole.exit_code, "has every line that was signed" in whole.stderr) == (1, True)
    more = sign(replace(last.head, size=last.head.size + 3), notary.keys.private)
    notary.files.write(Commune("valmont"), more)
    assert run(ours, "accept-loss", "valmont", typed="oui\n").exit_code == 1
    assert (tmp_path / "checkpoints" / "valmont").is_dir()
    said = run(ours, "accept-loss", "valmont", typed="valmont\n")
    assert said.exit_code == 0, said.output
    assert "`ardoise numbers valmont --next N`" in said.stderr
    assert not (tmp_path / "checkpoints" / "valmont").exists()
    again = run(ours, "accept-loss", "valmont", "--yes")
    assert (again.exit_code, "there is no loss to accept" in again.stderr) == (1, True)


@pytest.mark.parametrize("words", [("show",), ("write",), ("new-key",), ("accept-loss",)])
def test_every_command_says_how_it_is_typed(ours: dict[str, str], words: tuple[str, ...]):
    said = run(ours, *words, "--help")
    assert (said.exit_code, "Example: " in said.stdout) == (0, True)
