"""`ardoise invoice` and `ardoise tax-certificate`: a file to print, a line in the log, one sentence otherwise."""

from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from api.cli import app
from tests.http.issued import TITRE, issue
from tests.http.world import World, made, world_on
from tests.papers import text_of
from tests.servers import Database, as_url


@pytest.fixture
def world(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A service, and the environment of a terminal beside it."""
    monkeypatch.setenv("ARDOISE_DATABASE_URL", as_url(database.service_url))
    monkeypatch.setenv("ARDOISE_OWNER_URL", as_url(database.owner_url))
    monkeypatch.setenv("ARDOISE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("ARDOISE_DEVELOPMENT", "1")
    with world_on(database, tmp_path / "data") as opened:
        opened.adopt()
        yield opened


@pytest.fixture
def home(world: World, database: Database) -> str:
    household = world.household("parent-1")
    issue(database, world.commune, household, [world.child(household, "garderie")])
    return household


def run(*words: str) -> tuple[int, str, str]:
    ran = CliRunner().invoke(app, list(words))
    return ran.exit_code, ran.stdout, ran.stderr


def test_an_invoice_is_a_file_of_its_owner_alone_and_leaves_its_line(world: World, home: str, tmp_path: Path) -> None:
    there = tmp_path / "facture.pdf"
    code, out, err = run("invoice", world.commune, TITRE, "--pdf", str(there), "--by", "regie-1")
    assert (code, err) == (0, "")
    assert out == f"{there}: titre {TITRE}.\n"
    assert there.stat().st_mode & 0o777 == 0o600
    assert f"Titre n° {TITRE}" in text_of(there.read_bytes())[0]
    reads = made(world.guardian().get(f"/households/{home}/reads"), 200)["reads"]
    [line] = [read for read in reads if read["operation"] == "ardoise invoice"]
    assert (line["actor"], line["purpose"]) == ("regie-1", "billing")


def test_a_file_that_is_there_is_not_written_over(world: World, home: str, tmp_path: Path) -> None:
    there = tmp_path / "facture.pdf"
    there.write_text("kept")
    code, _, err = run("invoice", world.commune, TITRE, "--pdf", str(there))
    assert (code, there.read_text()) == (1, "kept")
    assert "exists already" in err


def test_a_titre_that_was_never_issued_is_one_sentence(world: World, tmp_path: Path) -> None:
    code, _, err = run("invoice", world.commune, "2023-000007", "--pdf", str(tmp_path / "x.pdf"))
    assert code == 1
    assert err.strip().endswith("there is no titre of that number in this town.")
    assert not (tmp_path / "x.pdf").exists()


def test_a_certificate_is_told_as_json_or_written_as_a_file(world: World, home: str, tmp_path: Path) -> None:
    code, out, err = run("tax-certificate", world.commune, "2023", "--household", home)
    assert (code, err) == (0, "")
    assert orjson.loads(out) == {
        "household": home, "year": 2023, "final": True, "amount_cents": 0, "children": [], "left_out": [],
        "payments": [],
    }  # fmt: skip
    there = tmp_path / "attestation.pdf"
    assert run("tax-certificate", world.commune, "2023", "--household", home, "--pdf", str(there))[0] == 0
    assert "Attestation de frais de garde payés en 2023" in text_of(there.read_bytes())[0]


def test_a_year_to_come_and_an_unknown_household_are_one_sentence(world: World, home: str) -> None:
    assert "that year has not begun" in run("tax-certificate", world.commune, "2090", "--household", home)[2]
    nobody = "00000000-0000-4000-8000-000000000000"
    assert "there is no household" in run("tax-certificate", world.commune, "2023", "--household", nobody)[2]
