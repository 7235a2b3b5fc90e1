"""The verifier as an outside auditor runs it: one file, alone, and what its last word and its exit code are."""

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from ledger.codec import canonical
from replay import verify_evidence
from replay.sealing.merkle import leaf_hash
from replay.verify_evidence import MOST_BYTES
from tests.replay.evidences import ACCOUNT, KEY, ORIGIN, PAGE, document, evidence, sealed, signed


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A directory with the verifier, some evidence, and nothing else."""
    shutil.copy(verify_evidence.__file__, tmp_path / "verify_evidence.py")
    (tmp_path / "evidence.json").write_bytes(evidence(sealed(), kept=[8]).content())
    return tmp_path


def typed(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command as an auditor types it: a Python that sees its own library only."""
    command = [sys.executable, "-I", "-S", "-W", "error", "verify_evidence.py", *words]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, check=False, env={}, timeout=60)


def test_the_file_alone_verifies_with_the_standard_library(alone: Path) -> None:
    (alone / "kept.txt").write_text(kept_note(8))
    done = typed(alone, "evidence.json", "--key", KEY, "--checkpoint", "kept.txt")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "OK"
    assert f"signature: by the key of {ORIGIN} that you gave" in done.stdout
    assert "checkpoints you kept: 1 agree" in done.stdout
    assert done.stdout.count("not proven: ") == 3


def kept_note(size: int) -> str:
    leaves = [leaf_hash(line.stored) for line in sealed()]
    return signed(leaves[:size]).note


def test_without_a_key_or_a_kept_checkpoint_a_file_is_consistent_and_nobodys(alone: Path) -> None:
    done = typed(alone, "evidence.json")
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout.startswith("consistent, not attributed: anybody can write such a file: give the key of the town")
    assert "which proves nothing" in done.stdout
    assert done.stdout.splitlines()[-1] == "consistent, not attributed"
    said = typed(alone, "evidence.json", "--json")
    assert (said.returncode, json.loads(said.stdout)["verdict"]) == (3, "consistent")
    (alone / "kept.txt").write_text(kept_note(8))
    assert typed(alone, "evidence.json", "--checkpoint", "kept.txt").returncode == 0


def test_the_root_is_written_as_the_checkpoint_writes_it(alone: Path) -> None:
    root = document()["checkpoint"].splitlines()[2]
    assert f", root {root}\n" in typed(alone, "evidence.json", "--key", KEY).stdout
    assert json.loads(typed(alone, "evidence.json", "--key", KEY, "--json").stdout)["root"] == root


def test_a_program_may_read_what_was_found_and_the_lines(alone: Path) -> None:
    done = typed(alone, "evidence.json", "--key", KEY, "--list", "--json")
    *lines, found = [json.loads(line) for line in done.stdout.splitlines()]
    assert found["verdict"] == "OK"
    assert found["pages"][PAGE] == 9
    assert [line["stream"] for line in lines].count(PAGE) == 9
    assert {"position", "actor", "recorded_at", "type", "fact"} <= lines[0].keys()


def test_what_is_refused_ends_with_one_and_says_where(alone: Path) -> None:
    said = document()
    line = orjson.loads(said["entries"][2]["stored"]) | {"actor": "\u001b[2Jnobody"}
    said["entries"][2]["stored"] = canonical(line).decode()
    (alone / "evidence.json").write_bytes(orjson.dumps(said))
    done = typed(alone, "evidence.json", "--key", KEY)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == f"REFUSED: entry 3, position 4, {ACCOUNT} line 1: not under the root of the checkpoint\n"
    assert json.loads(typed(alone, "evidence.json", "--json").stdout)["verdict"] == "REFUSED"


def test_a_gigabyte_is_refused_unread(alone: Path) -> None:
    with (alone / "evidence.json").open("r+b") as file:
        file.truncate(2**30)
    done = typed(alone, "evidence.json", "--key", KEY)
    assert (done.returncode, done.stdout) == (1, f"REFUSED: file: more than {MOST_BYTES} bytes\n")


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["nothing.json"],
        ["."],
        ["evidence.json", "--key", "none"],
        ["evidence.json", "--checkpoint", "evidence.json"],
        ["evidence.json", "--checkpoint", "nothing.txt"],
        ["evidence.json", "--max-bytes", "much"],
        ["evidence.json", "--max-bytes", "9223372036854775807"],
        ["evidence.json", "--max-bytes", "4294967297"],
        ["evidence.json", "--max-bytes=-5"],
        ["evidence.json", "--max-bytes", "0"],
    ],
)
def test_a_command_that_was_not_well_typed_ends_with_two(alone: Path, words: list[str]) -> None:
    done = typed(alone, *words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr


def test_the_verifier_imports_the_standard_library_and_nothing_else() -> None:
    tree = ast.parse(Path(verify_evidence.__file__).read_text())
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names
