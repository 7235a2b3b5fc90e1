"""What whoever types may expect of every command: what was not done is said, and what is printed can be compared."""

import os
from pathlib import Path

import orjson
import psycopg
import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from tests.faults.service import url_of
from tests.http.world import world_on
from tests.servers import Database, as_url

BY = ("--by", "audit-1")
SOMEBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def ours(database: Database, tmp_path: Path) -> dict[str, str]:
    return {name: "" for name in os.environ if name.startswith("ARDOISE_")} | {
        "ARDOISE_DATABASE_URL": url_of(database),
        "ARDOISE_OWNER_URL": as_url(database.owner_url),
        "ARDOISE_DATA": str(tmp_path),
        "ARDOISE_DEVELOPMENT": "1",
    }


@pytest.fixture
def household(database: Database, tmp_path: Path) -> str:
    """Of a town that is sealed and signed."""
    with world_on(database, tmp_path) as world:
        world.adopt()
        household = world.household("parent-1")
        world.child(household, "mercredis")
        return household


def run(ours: dict[str, str], *words: str) -> Result:
    result = CliRunner().invoke(app, words, env=ours)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_a_directory_of_checkpoints_that_is_named_has_one_of_the_town(
    ours: dict[str, str], household: str, tmp_path: Path
) -> None:
    for place in (tmp_path / "nonexist", tmp_path):
        said = run(ours, "verify", "valmont", "--checkpoints", str(place))
        sentence = f"ardoise: there is no checkpoint of valmont in {place}: is it the right directory?\n"
        assert (said.exit_code, said.stdout, said.stderr) == (2, "", sentence)
    place = tmp_path / "checkpoints"
    said = run(ours, "verify", "valmont", "--checkpoints", str(place))
    assert (said.exit_code, "compared with 1 checkpoint" in said.stdout) == (0, True), said.output


def test_checkpoints_that_are_named_are_believed_under_some_key(
    ours: dict[str, str], household: str, tmp_path: Path
) -> None:
    elsewhere = ours | {"ARDOISE_DATA": str(tmp_path / "elsewhere")}
    words = ("verify", "valmont", "--checkpoints", str(tmp_path / "checkpoints"))
    said = run(elsewhere, *words)
    assert (said.exit_code, said.stdout) == (2, "")
    assert "are nobody's without a key" in said.stderr
    key = orjson.loads(run(ours, "checkpoint", "show", "valmont", "--json").stdout)["key"]
    assert "compared with 1 checkpoint" in run(elsewhere, *words, "--key", key).stdout


def test_a_command_that_is_not_watched_writes_nothing_on_standard_error(
    ours: dict[str, str], household: str, tmp_path: Path
) -> None:
    for words in (
        ("verify", "valmont"),
        ("seal", "--once"),
        ("rebuild", "--all", "--check"),
        ("export", "valmont", household, "--output", str(tmp_path / "evidence.json"), *BY),
    ):
        said = run(ours, *words)
        assert (said.exit_code, said.stderr) == (0, ""), words


def test_a_root_is_written_in_one_way_everywhere(ours: dict[str, str], household: str, tmp_path: Path) -> None:
    root = orjson.loads(run(ours, "checkpoint", "show", "valmont", "--json").stdout)["root"]
    assert root in run(ours, "seal", "--once").stdout
    assert orjson.loads(run(ours, "seal", "--once", "--json").stdout)["towns"][0]["root"] == root
    words = ("export", "valmont", household, "--output", str(tmp_path / "evidence.json"), *BY, "--json")
    assert orjson.loads(run(ours, *words).stdout)["checkpoint"]["root"] == root


def test_on_a_narrow_terminal_nothing_that_is_copied_is_cut(
    ours: dict[str, str], household: str, database: Database
) -> None:
    narrow = ours | {"COLUMNS": "80", "FORCE_COLOR": "1", "NO_COLOR": "1"}
    said = orjson.loads(run(ours, "checkpoint", "show", "valmont", "--json").stdout)
    shown = run(narrow, "checkpoint", "show")
    for copied in (said["root"], said["key"], "valmont", "6 lines"):
        assert copied in [line.split("  ")[-1].strip() for line in shown.stdout.splitlines()]
    rebuilt, read = run(narrow, "rebuild", "--all", "--check"), ("--household", household, "--purpose", "audit", *BY)
    for _ in range(2):
        who = run(narrow, "who-read", "valmont", *read)
    stream = f"household/valmont/{household}"
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute(
            "INSERT INTO ardoise.drift (commune, stream, what, place, found_at)"
            " VALUES ('valmont', %s, 'row_differs', 'households', now())",
            (stream,),
        )
    drift = run(narrow, "drift")
    assert stream in drift.stdout, drift.output
    for each in (shown, rebuilt, who, drift):
        assert "…" not in each.output


def test_evidence_under_our_own_checkpoint_carries_its_key(
    ours: dict[str, str], household: str, tmp_path: Path
) -> None:
    shown = orjson.loads(run(ours, "checkpoint", "show", "valmont", "--json").stdout)
    (tmp_path / "kept.txt").write_text(shown["checkpoint"])
    words = ("export", "valmont", household, *BY, "--json", "--under", str(tmp_path / "kept.txt"))
    assert orjson.loads(run(ours, *words, "--output", str(tmp_path / "a.json")).stdout)["key"] == shown["key"]
    assert orjson.loads((tmp_path / "a.json").read_bytes())["key"] == shown["key"]


@pytest.mark.parametrize(
    "words",
    [
        ("verify", "valmont"),
        ("parked",),
        ("drift", "valmont"),
        ("rebuild", "--all", "--check"),
        ("rebuild", "--status"),
        ("export", "valmont", SOMEBODY, "--output", "x.json", *BY),
        ("history", "valmont", "--household", SOMEBODY, *BY),
        ("who-read", "valmont", "--household", SOMEBODY, "--purpose", "audit", *BY),
        ("purge",),
        ("checkpoint", "write"),
        ("export-person", "valmont", "--household", SOMEBODY, "--to", "x"),
    ],
)
def test_who_reads_makes_no_ledger(tmp_path: Path, words: tuple[str, ...]) -> None:
    place = tmp_path / "typo"
    said = run({"ARDOISE_DATA": str(place), "ARDOISE_DATABASE_URL": "", "ARDOISE_OWNER_URL": ""}, *words)
    sentence = f"ardoise: there is no ledger in {place}: is it the right directory (ARDOISE_DATA)?\n"
    assert (said.exit_code in {1, 2}, said.stdout, said.stderr) == (True, "", sentence)
    assert not place.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("history", "valmont", "--child", SOMEBODY, "--json", "--ndjson", *BY),
        ("history", "valmont", *BY),
        ("history", "valmont", "--child", SOMEBODY),
        ("as-of", "valmont", "2024-03-07T19:30", *BY),
        ("who-read", "valmont", "--purpose", "audit", *BY),
        ("export", "valmont"),
        ("export-person", "valmont", "--to", "x"),
        ("rebuild",),
        ("verify",),
        ("seal", "--json"),
    ],
)
def test_a_command_that_was_not_well_typed_ends_with_two(ours: dict[str, str], words: tuple[str, ...]) -> None:
    assert run(ours, *words).exit_code == 2


def test_what_differs_ends_with_one_and_what_could_not_be_looked_at_with_two(
    ours: dict[str, str], household: str, database: Database
) -> None:
    assert [run(ours, *words, "nowhere").exit_code for words in (("verify",), ("drift",), ("parked",))] == [2, 2, 2]
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("ALTER TABLE ardoise.entries DISABLE TRIGGER entries_are_never_changed")
        admin.execute(
            "UPDATE ardoise.entries SET stored = set_byte(stored, 12, get_byte(stored, 12) # 1)"
            " WHERE stream = %s AND version = 1",
            (f"household/valmont/{household}",),
        )
        admin.execute("ALTER TABLE ardoise.entries ENABLE ALWAYS TRIGGER entries_are_never_changed")
    said = run(ours, "verify", "valmont")
    assert said.exit_code == 1
    assert "valmont: 6 lines verified, 1 difference, 1 page not compared; compared with" in said.stdout, said.output
