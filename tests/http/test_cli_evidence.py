"""`ardoise export`: what an operator and an auditor hand out of a real ledger, and what anybody may check of it."""

import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import psycopg
import pytest
from psycopg.rows import dict_row
from typer.testing import CliRunner

from api.cli import app
from ledger.settings import Settings
from replay.sealing.notary import Notary
from replay.verify_evidence import checkpoint_of, key_of, verified
from tests.http.test_erasures import AFTER, AGREEMENT, CANARY, Family
from tests.http.world import World, made
from tests.servers import Database, as_url, named

BY = ("--by", "audit-1")
Json = dict[str, Any]


@pytest.fixture
def admin(module_database: Database) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    with psycopg.connect(module_database.admin_url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


@pytest.fixture(autouse=True)
def as_service(world: World, module_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARDOISE_DATABASE_URL", as_url(module_database.service_url))
    monkeypatch.setenv("ARDOISE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("ARDOISE_DEVELOPMENT", "1")


@pytest.fixture
def as_auditor(admin, module_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    admin.execute("ALTER ROLE ardoise_auditor PASSWORD 'hunter2'")
    login = named(module_database.admin_url, user="ardoise_auditor", password="hunter2")
    monkeypatch.setenv("ARDOISE_DATABASE_URL", as_url(login))
    monkeypatch.delenv("ARDOISE_DATA")
    monkeypatch.delenv("ARDOISE_DEVELOPMENT")


@pytest.fixture
def family(world: World) -> Family:
    """A family that booked, of which the town knows names."""
    family = Family(world)
    made(family.parent.ask(family.child, "cantine", "2024-02-01", "2024-02-02"))
    return family


LOGGED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} ")


def run(*words: str) -> tuple[int, str, str]:
    """What the command said; the service of the test, in the same process, may write its log meanwhile."""
    ran = CliRunner().invoke(app, ["export", *words])
    said = [line for line in ran.stdout.splitlines() if not LOGGED.match(line)]
    return ran.exit_code, "\n".join(said), ran.stderr.strip()


def exported(world: World, household: str, *words: str, name: str = "evidence.json") -> Json:
    """The evidence, which the key of the town believes."""
    code, out, err = run(world.commune, household, "--output", name, *BY, "--json", *words)
    assert code == 0, err
    said: Json = orjson.loads(out)
    believed = verified(Path(name).read_bytes(), [key_of(said["key"])] if said["key"] else [], [])
    assert said["pages"] == dict(sorted(believed["pages"].items()))
    assert said["entries"] == len(believed["lines"])
    return said


def behind_its_back(admin: psycopg.Connection[Json], statement: str, stream: str) -> None:
    """What a superuser does to a line of a page, the guard put back afterwards."""
    guard = "TRIGGER entries_are_never_changed"
    admin.execute(f"ALTER TABLE ardoise.entries DISABLE {guard}".encode())
    assert admin.execute(statement.encode(), (stream,)).rowcount == 1
    admin.execute(f"ALTER TABLE ardoise.entries ENABLE ALWAYS {guard}".encode())


def page(world: World, kind: str, name: str) -> str:
    return f"{kind}/{world.commune}/{name}"


def test_the_evidence_of_a_family_is_its_pages_under_a_signed_checkpoint(world: World, family: Family) -> None:
    sister = world.child(family.household, "mercredis")
    world.family("parent-2", "cantine")
    said = exported(world, family.household)
    home, children = (
        page(world, "household", family.household),
        [page(world, "child", c) for c in (family.child, sister)],
    )
    assert said["pages"].keys() == {home, *children}
    assert said["later"] == 0
    file = Path("evidence.json")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert CANARY.encode() not in file.read_bytes()


def test_a_program_of_one_file_verifies_it_far_from_here(world: World, family: Family, tmp_path: Path) -> None:
    away = tmp_path / "away"
    away.mkdir()
    words = (world.commune, family.household, "--output", "away/family.json", "--verifier", "away/check.py", *BY)
    code, out, err = run(*words)
    assert (code, err) == (0, "")
    assert out.startswith("away/family.json: ")
    key = Notary.open(Settings(data=tmp_path / "data", development=True)).key_of(world.commune).text
    command = [sys.executable, "-I", "-S", "check.py", "family.json", "--key", key]
    done = subprocess.run(command, cwd=away, env={}, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr, done.stdout.splitlines()[-1]) == (0, "", "OK")


def test_the_verifier_alone_needs_no_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARDOISE_DATABASE_URL", "postgresql://nobody@nowhere/nothing")
    assert run("--verifier", "check.py") == (0, "check.py: the verifier.", "")
    code, _, err = run("--verifier", "check.py")
    assert (code, err) == (1, "ardoise: check.py is there already: name a new file, or say --force.")


def test_a_child_who_left_and_one_of_two_homes_are_of_the_evidence_and_a_page_alike_are_not(world: World) -> None:
    hers, his = world.household("mother-1"), world.household("father-1")
    shared, gone = world.child(hers, "cantine"), world.child(his, "cantine")
    made(world.agent.post(f"/children/{shared}/households", {"household": his}))
    made(world.agent.post(f"/children/{gone}/households", {"household": hers}))
    made(world.agent.delete(f"/children/{gone}/households/{his}"), 200)
    made(world.guardian("mother-1").ask(shared, "cantine", "2024-02-01"))
    children = {page(world, "child", child) for child in (shared, gone)}
    assert exported(world, his)["pages"].keys() == {page(world, "household", his), *children}
    assert exported(world, hers, name="hers.json")["pages"].keys() == {page(world, "household", hers), *children}


def test_the_rulebooks_that_judged_may_be_in_it(world: World, family: Family) -> None:
    assert f"town/{world.commune}" in exported(world, family.household, "--with-town")["pages"]


def test_it_stays_good_when_the_tree_grows_and_the_tree_is_proven_to_have_grown(world: World, family: Family) -> None:
    exported(world, family.household, name="before.json")
    before = Path("before.json").read_bytes()
    Path("kept.txt").write_text(orjson.loads(before)["checkpoint"])
    for n in range(3):
        world.family(f"somebody-{n}", "cantine")
    made(family.parent.ask(family.child, "cantine", "2024-02-05"))
    said = exported(world, family.household, "--kept", "kept.txt", name="after.json")
    keys = [key_of(said["key"])]
    assert verified(before, keys, [])["later"] == 0
    kept = checkpoint_of(Path("kept.txt").read_text(), "kept")
    assert verified(Path("after.json").read_bytes(), keys, [kept])["kept"] == 1
    under = exported(world, family.household, "--under", "kept.txt", name="again.json")
    assert under["checkpoint"]["size"] == kept.size
    assert under["later"] > 0
    assert orjson.loads(before)["entries"] == orjson.loads(Path("again.json").read_bytes())["entries"]


def test_after_a_family_was_forgotten_its_evidence_still_verifies(world: World, family: Family) -> None:
    before = exported(world, family.household, name="before.json")
    world.clock.set(AFTER)
    made(world.who("admin").post("/erasures", {"household": family.household, **AGREEMENT}), 200)
    after = exported(world, family.household)
    assert after["entries"] > before["entries"]
    said = Path("evidence.json").read_bytes()
    assert b"person_erased" in said
    assert CANARY.encode() not in said
    lines = orjson.loads(said)["entries"]
    assert [one["stored"] for one in orjson.loads(Path("before.json").read_bytes())["entries"]] == [
        one["stored"] for one in lines[: before["entries"]]
    ]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("set_byte(stored, 12, get_byte(stored, 12) # 1)", "{stream} line 2: not under the root of the checkpoint"),
        ("convert_to(replace(convert_from(stored, 'UTF8'), ',', ', '), 'UTF8')", "not in the form the ledger writes"),
        ("set_byte(stored, 12, 255)", "{stream} line 2 was changed: it is no text any more."),
        ("''::bytea", "not JSON"),
    ],
)
def test_one_byte_changed_in_the_database_is_named_and_nothing_is_written(
    world: World, family: Family, admin, change: str, reason: str
) -> None:
    exported(world, family.household)
    stream = page(world, "child", family.child)
    behind_its_back(admin, f"UPDATE ardoise.entries SET stored = {change} WHERE stream = %s AND version = 2", stream)
    code, out, err = run(world.commune, family.household, "--output", "spoiled.json", *BY)
    assert (code, out) == (1, "")
    assert reason.format(stream=stream) in err
    assert not Path("spoiled.json").exists()


def test_a_line_taken_out_of_the_database_is_noticed(world: World, family: Family, admin) -> None:
    exported(world, family.household)
    stream = page(world, "child", family.child)
    behind_its_back(admin, "DELETE FROM ardoise.entries WHERE stream = %s AND version = 2", stream)
    code, _, err = run(world.commune, family.household, "--output", "spoiled.json", *BY)
    assert code == 1
    assert f"{stream} line 3: line 2 of this page should stand here. Nothing was written." in err


@pytest.mark.parametrize("login", ["service", "auditor"])
def test_handing_a_family_out_leaves_a_line_in_the_access_log(
    world: World, family: Family, admin, login: str, request: pytest.FixtureRequest
) -> None:
    exported(world, family.household)
    Path("kept.txt").write_text(orjson.loads(Path("evidence.json").read_bytes())["checkpoint"])
    admin.execute("DELETE FROM access.reads")
    if login == "auditor":
        request.getfixturevalue("as_auditor")
        said = exported(world, family.household, "--under", "kept.txt", name="audit.json")
        assert said["key"] == ""
    else:
        exported(world, family.household, name="audit.json")
    [line] = admin.execute("SELECT actor, role, client, operation, purpose, about FROM access.reads").fetchall()
    assert line == {
        "actor": "audit-1",
        "role": {"service": "admin", "auditor": "auditor"}[login],
        "client": "ardoise-cli",
        "operation": "ardoise export",
        "purpose": "audit",
        "about": sorted([family.household, family.child]),
    }


@pytest.mark.usefixtures("as_auditor")
def test_an_auditor_signs_nothing_and_is_told_what_to_give(world: World, family: Family) -> None:
    code, _, err = run(world.commune, family.household, "--output", "evidence.json", *BY)
    assert code == 1
    assert err.startswith("ardoise: ardoise_auditor signs nothing: give a checkpoint with --under")


def test_a_file_that_is_there_is_not_written_over_unless_it_is_said(world: World, family: Family) -> None:
    exported(world, family.household)
    words = (world.commune, family.household, "--output", "evidence.json", *BY)
    assert run(*words)[2] == "ardoise: evidence.json is there already: name a new file, or say --force."
    assert run(*words, "--force")[0] == 0
    Path("folder").mkdir()
    assert run(world.commune, family.household, "--output", "folder", *BY, "--force")[0] == 1
    code, _, err = run(world.commune, family.household, "--output", "nowhere/evidence.json", *BY)
    assert (code, err) == (
        1,
        f"ardoise: {Path.cwd()}/nowhere/evidence.json cannot be written: No such file or directory.",
    )


def test_what_cannot_be_proven_is_said_in_one_line(world: World, family: Family, admin) -> None:
    exported(world, family.household)
    said = orjson.loads(Path("evidence.json").read_bytes())
    Path("kept.txt").write_text(said["checkpoint"])
    Path("other.txt").write_text(said["checkpoint"].replace(world.commune, "autreville"))
    Path("large.txt").write_text(said["checkpoint"].replace(f"\n{said_size(said)}\n", "\n999999\n"))
    root = said["checkpoint"].splitlines()[2]
    Path("forged.txt").write_text(said["checkpoint"].replace(root, "A" * 43 + "="))
    late = world.household("parent-9")
    where = ("--output", "x.json", *BY)
    for words, sentence in (
        ((world.commune, str(uuid4())), "there is no household of that identifier in this town."),
        ((world.commune, late, "--under", "kept.txt"), "no line of this household is under the checkpoint"),
        ((world.commune, family.household, "--under", "large.txt"), "the checkpoint is of 999999 lines, and "),
        ((world.commune, family.household, "--under", "forged.txt"), "are not those of the checkpoint."),
        ((world.commune, family.household, "--under", "other.txt"), "other.txt is a checkpoint of autreville."),
        ((world.commune, family.household, "--under", "evidence.json"), "evidence.json is not a checkpoint: "),
        ((world.commune, family.household, "--kept", "nothing.txt"), "nothing.txt cannot be read: No such file"),
        ((world.commune, family.household, "--kept", "large.txt"), "later than that of the file"),
        (
            (world.commune, family.household, "--kept", "forged.txt"),
            "the tree did not grow from it: two histories were told",
        ),
        (("autreville", family.household), "there is no line of autreville in this database"),
    ):
        code, out, err = run(*words, *where)
        assert (code, out) == (1, ""), words
        assert sentence in err, (words, err)
        assert "\n" not in err
    assert not Path("x.json").exists()
    assert not Path("data/checkpoints/autreville").exists(), "a town that is not there is not signed"


def said_size(said: Json) -> str:
    size: str = said["checkpoint"].splitlines()[1]
    return size


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("Villars!", str(uuid4()), "--output", "x", *BY), "a town is named by its slug"),
        (("villars", "Matteo", "--output", "x", *BY), "an identifier is expected"),
        (("villars", str(uuid4()), *BY), "give a town, a household, --output and --by"),
        (("villars", str(uuid4()), "--output", "x"), "give a town, a household, --output and --by"),
        (("villars", "--output", "x", *BY), "give a town, a household, --output and --by"),
        ((), "give a town, a household, --output and --by"),
        (("villars", str(uuid4()), "--output", "x", "--by", "Zoé 0611223344"), "never a name"),
        (("villars", str(uuid4()), "--output", "x", *BY, "--purpose", "curiosity"), "--purpose is one of audit"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_read(words: tuple[str, ...], sentence: str) -> None:
    code, _, err = run(*words)
    assert code != 0
    assert sentence in " ".join(err.replace("│", " ").split())
    assert not Path("x").exists()
