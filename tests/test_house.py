"""The rules of the house that no tool checks: what files may say, how long they are, who may touch a machine."""

import ast
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
MOST_LINES = 300
MOST_LINES_OF_TESTS = 500
"""A file of sentences about one rule, with its tables, may be longer."""
ONE_FILE = {"replay/verify_evidence.py": 420}
"""An outside auditor is given one file, and reads it."""
FLOORS = ("ledger", "vault", "rulebook", "commands", "projections", "replay", "api")
MACHINES = {
    "ledger.account",
    "ledger.database",
    "ledger.directory",
    "ledger.embedded",
    "ledger.keeping",
    "ledger.memory",
    "ledger.migrate",
    "ledger.numbers",
    "ledger.owned_files",
    "ledger.pages",
    "ledger.postgres",
    "ledger.settings",
}
"""The modules of the ledger that may touch a database, a process or the environment. Every other one is pure."""

# Written in pieces, so that this file passes its own test.
MACHINE_PATHS = re.compile("|".join("/" + name + "/" for name in ("work", "root", "Users/[A-Za-z]+", "home/[a-z]+")))
REGISTRIES = re.compile(
    "|".join(("pypi" + r"\.org", "python" + "hosted", "registry" + r"\.npmjs", "deb" + r"\.debian"))
)
ADDRESS = re.compile(r"://|--(?:extra-)?index-url|--find-links|--trusted-host|(?:^|\s)(?:file:/|git\+)")


@cache
def files() -> tuple[Path, ...]:
    """Every file of the project: those git knows; without git, those of the directory."""
    command = ["git", "-C", str(HOUSE), "ls-files", "-z", "--cached"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split("\0")
        found = [HOUSE / name for name in listed if name]
    except (OSError, subprocess.CalledProcessError):
        hidden = {".venv", ".git", ".ardoise", "__pycache__", ".mypy_cache", ".ruff_cache", ".hypothesis", "build"}
        found = [path for path in HOUSE.rglob("*") if not hidden & set(path.parts)]
    return tuple(sorted(path for path in found if path.is_file()))


def text_of(path: Path) -> str | None:
    """What a file says; None for a binary one."""
    content = path.read_bytes()
    return None if b"\0" in content else content.decode()


def modules() -> list[Path]:
    return [path for path in files() if path.suffix == ".py"]


def name_of(path: Path) -> str:
    return str(path.relative_to(HOUSE))


def offenders(pattern: re.Pattern[str]) -> list[str]:
    """Each line that says it, as file:line."""
    return [
        f"{name_of(path)}:{number}"
        for path in files()
        for number, line in enumerate((text_of(path) or "").splitlines(), start=1)
        if pattern.search(line)
    ]


def test_there_is_a_house_to_look_at():
    assert {HOUSE / "pyproject.toml", HOUSE / "ledger" / "events.py", Path(__file__)} <= set(files())


@pytest.mark.parametrize("pattern", [MACHINE_PATHS, REGISTRIES], ids=["paths of a machine", "hosts of a registry"])
def test_no_file_names_what_only_one_machine_has(pattern: re.Pattern[str]):
    assert offenders(pattern) == []


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (MACHINE_PATHS, "data = /" + "root/.ardoise"),
        (REGISTRIES, "see https://files.python" + "hosted.example"),
        (ADDRESS, "--index-url https://x"),
        (ADDRESS, "lib @ git+ssh"),
    ],
)
def test_what_is_looked_for_would_be_found(pattern: re.Pattern[str], line: str):
    assert pattern.search(line)


@pytest.mark.parametrize("lock", ["build.txt", "run.txt", "dev.txt"])
def test_a_lock_holds_names_versions_and_hashes_only(lock: str):
    lines = (HOUSE / "requirements" / lock).read_text().splitlines()
    assert [line for line in lines if ADDRESS.search(line)] == []
    kept = [line for line in lines if line and not line.startswith("#")]
    entries = re.split(r"\n(?=\S)", "\n".join(kept))
    assert len(entries) > 1
    pinned = re.compile(r"[a-z0-9-]+==[0-9][^\s;]*(?: ; [^\\]+)?(?: \\\n    --hash=sha256:[0-9a-f]{64})+")
    assert [entry for entry in entries if not pinned.fullmatch(entry)] == []


def test_what_builds_is_part_of_what_runs_and_what_runs_of_what_develops():
    build, run, dev = (
        {line.split()[0] for line in (HOUSE / "requirements" / lock).read_text().splitlines() if "==" in line}
        for lock in ("build.txt", "run.txt", "dev.txt")
    )
    assert build < run < dev


def test_every_declared_library_is_locked():
    project = tomllib.loads((HOUSE / "pyproject.toml").read_text())
    wanted = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["dev"],
        *project["build-system"]["requires"],
    ]
    names = {re.match(r"[a-z0-9-]+", requirement)[0] for requirement in wanted}  # type: ignore[index]
    locked = {line.partition("==")[0] for line in (HOUSE / "requirements" / "dev.txt").read_text().splitlines()}
    assert names - locked == set()


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_says_what_for_and_stays_one_room(path: Path):
    source = path.read_text()
    most = MOST_LINES_OF_TESTS if path.is_relative_to(HOUSE / "tests") else ONE_FILE.get(name_of(path), MOST_LINES)
    assert source.count("\n") <= most
    tree = ast.parse(source)
    if source.strip():
        assert ast.get_docstring(tree), "a module starts with one sentence that says what for"
    relative = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level]
    assert relative == []


def test_every_module_of_the_ledger_is_pure_or_known_to_touch_a_machine():
    contracts = tomllib.loads((HOUSE / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (pure,) = (contract for contract in contracts if contract["name"] == "A decision touches no machine")
    listed = {name for name in pure["source_modules"] if name.startswith("ledger.")}
    ours = {f"ledger.{path.stem}" for path in modules() if path.parent == HOUSE / "ledger" and path.stem != "__init__"}
    assert listed & MACHINES == set()
    assert listed | MACHINES == ours, "list it in pyproject.toml (import-linter) or in MACHINES above"


@pytest.mark.parametrize("floor", FLOORS)
def test_every_floor_is_typed_for_those_who_import_it(floor: str):
    assert (HOUSE / floor / "py.typed").is_file()


def test_the_tools_are_run_from_ci_as_from_a_terminal():
    runner = HOUSE / ".ci" / "run"
    assert runner.stat().st_mode & 0o111
    assert runner.read_text().rstrip().endswith("exec make check test")
