"""`ardoise bill --csv`: the lines of a month in a file, of its draft or of its titres, and whom it shows is noted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.billing_jobs import MONTH, TOWN, fill, issued, rows
from tests.http.test_cli_bill import bill
from tests.servers import Cluster, Database


@pytest.fixture
def town(cluster: Cluster, template: Database) -> Iterator[Database]:
    """A month that nobody billed."""
    with cluster.database(template.name) as made:
        fill(made, 6)
        yield made


def read(file: Path) -> list[list[str]]:
    content = file.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    return [line.split(";") for line in content.decode("utf-8-sig").split("\r\n") if line]


def test_the_lines_of_a_draft_and_of_its_titres_are_the_same_but_for_their_numbers(
    town: Database, tmp_path: Path
) -> None:
    drafted, closed = tmp_path / "projet.csv", tmp_path / "lignes.csv"
    said = bill(town, tmp_path, MONTH, "--commune", TOWN, "--csv", str(drafted))
    assert (said.exit_code, said.stderr) == (0, "")
    assert said.stdout.endswith(f"{drafted}: toutes les lignes du mois.\n")
    assert bill(town, tmp_path, MONTH, "--commune", TOWN, "--close", "--yes", "--csv", str(closed)).exit_code == 0
    before, after = read(drafted), read(closed)
    titres = issued(town)
    assert len(after) == len(before) == 1 + sum(len(titre.lines) for titre in titres)
    assert {row[1] for row in before[1:]} == {'""'}
    assert {row[1].strip('"') for row in after[1:]} == {titre.titre for titre in titres}
    assert [row[:1] + row[2:] for row in before] == [row[:1] + row[2:] for row in after]
    assert closed.stat().st_mode & 0o777 == 0o600
    noted = rows(town, "SELECT about, purpose FROM access.reads WHERE operation = 'ardoise bill' ORDER BY line")
    assert len(noted) == 2
    shown = {person for titre in titres for person in (titre.household, *(line.child for line in titre.lines))}
    assert all((set(line["about"]), line["purpose"]) == (shown, "billing") for line in noted)


def test_a_file_that_is_there_is_never_written_over_and_nothing_is_closed(town: Database, tmp_path: Path) -> None:
    kept = tmp_path / "lignes.csv"
    kept.write_text("kept")
    said = bill(town, tmp_path, MONTH, "--commune", TOWN, "--close", "--yes", "--csv", str(kept))
    assert (said.exit_code, "exists already: name a file that does not." in said.stderr) == (2, True)
    assert (kept.read_text(), issued(town)) == ("kept", [])


def test_a_file_that_cannot_be_written_is_said_in_one_line_and_nothing_is_closed(
    town: Database, tmp_path: Path
) -> None:
    nowhere = str(tmp_path / "nowhere" / "lignes.csv")
    said = bill(town, tmp_path, MONTH, "--commune", TOWN, "--close", "--yes", "--csv", nowhere)
    assert (said.exit_code, said.stderr.count("\n")) == (2, 1)
    assert "cannot be written: there is no such directory." in said.stderr
    assert issued(town) == []
    full = bill(town, tmp_path, MONTH, "--commune", TOWN, "--csv", "/proc/lignes.csv")
    assert (full.exit_code, full.stderr.count("\n")) == (2, 1)
    assert "/proc/lignes.csv cannot be written: " in full.stderr


@pytest.mark.parametrize("towns", [("--all",), ("--commune", "villars", "--commune", "valmont")])
def test_a_file_is_that_of_one_town(town: Database, tmp_path: Path, towns: tuple[str, ...]) -> None:
    said = bill(town, tmp_path, MONTH, *towns, "--csv", str(tmp_path / "lignes.csv"))
    assert said.exit_code == 2
    assert "--csv is the file of one town" in said.stderr
