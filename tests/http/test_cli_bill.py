"""`ardoise bill`: a table for the régisseur, one line for what is wrong, and an exit code a cron can read."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from benchmarks.billing_town import ACTIVITY, CONTENT, UNIT
from ledger.events import DayClosed, DecidedDay, DemandeApproved, HouseholdOpened, ReservationRequested, ReservedDay
from ledger.identifiers import Commune, DemandeNumber, HouseholdId, Slug, Version
from ledger.streams import household_page, town_page
from tests.billing_jobs import MONTH, TOWN, alter, attendance, fill, issued, job_on, page_of, rows, say
from tests.demos import ARDOISE
from tests.faults.service import url_of
from tests.servers import Cluster, Database, as_url

CHILDREN = 16
HOUSEHOLDS = 10
DAY = date(2024, 3, 29)
PLAIN = CONTENT.partition("[tarifs")[0]
"""A rulebook that says no price."""
READS = "SELECT actor, operation, purpose, about FROM access.reads ORDER BY read_at"


@pytest.fixture(scope="module")
def month(cluster: Cluster, template: Database) -> Iterator[Database]:
    """A month that nobody billed, to be copied."""
    with cluster.database(template.name) as made:
        fill(made, CHILDREN)
        yield made


@pytest.fixture
def town(cluster: Cluster, month: Database) -> Iterator[Database]:
    """A month that nobody billed."""
    with cluster.database(month.name) as made:
        yield made


def ours(database: Database, place: Path) -> dict[str, str]:
    return {name: "" for name in os.environ if name.startswith("ARDOISE_")} | {
        "ARDOISE_DATABASE_URL": url_of(database),
        "ARDOISE_OWNER_URL": as_url(database.owner_url),
        "ARDOISE_DATA": str(place),
        "ARDOISE_DEVELOPMENT": "1",
    }


def bill(database: Database, place: Path, *words: str) -> Result:
    result = CliRunner().invoke(app, ["bill", *words, "--processes", "1"], env=ours(database, place))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def missing_one(database: Database) -> None:
    """A day reserved of which nobody wrote down who came."""
    with job_on(database) as job:
        day, demande = DecidedDay(day=DAY, unit=UNIT, action="reserve"), DemandeNumber(900_000)
        asked = ReservedDay(day=DAY, unit=UNIT, rulebook=Version("2023-09"), article="3.2", deadline=None)
        requested = ReservationRequested(
            demande=demande, household=HouseholdId("home-000000"), activity=ACTIVITY, days=(asked,)
        )
        say(job, page_of(0), requested, DemandeApproved(demande=demande, days=(day,), decided_by="rule"))


def test_a_draft_says_what_the_month_comes_to_and_how_to_close_it(town: Database, tmp_path: Path) -> None:
    said = bill(town, tmp_path, MONTH, "--commune", TOWN)
    assert (said.exit_code, said.stderr) == (0, "")
    for part in (
        "villars · mars 2024 · projet",
        "Titres à émettre",
        "Jours facturés",
        "Par compte",
        "7067",
        "Repas",
        "Réduction",
        "€",
    ):
        assert part in said.stdout
    assert "ardoise bill 2024-03 --commune villars --close" in said.stdout
    assert issued(town) == []


def test_a_close_tells_the_titres_and_again_the_same(town: Database, tmp_path: Path) -> None:
    words = (MONTH, "--commune", TOWN, "--close", "--yes", "--by", "regisseur-1")
    first, second = bill(town, tmp_path, *words), bill(town, tmp_path, *words)
    assert (first.exit_code, first.stderr) == (second.exit_code, second.stderr) == (0, "")
    year = issued(town)[0].titre[:4]
    assert (
        f"{HOUSEHOLDS} titres émis, du {year}-000001 au {year}-{HOUSEHOLDS:06d}, à payer au plus tard le"
        in first.stdout
    )
    assert second.stdout == first.stdout
    assert len(issued(town)) == HOUSEHOLDS
    [closed] = rows(town, "SELECT closed_by FROM ardoise.closed_months")
    assert closed["closed_by"] == "regisseur-1"


@pytest.mark.parametrize(("answer", "code", "titres"), [("n", 2, 0), ("y", 0, HOUSEHOLDS)])
def test_whoever_closes_on_a_terminal_is_shown_the_draft_and_asked(
    town: Database, tmp_path: Path, answer: str, code: int, titres: int
) -> None:
    typed, terminal = os.openpty()
    words = ["bill", MONTH, "--commune", TOWN, "--close", "--processes", "1"]
    env = {**os.environ, **ours(town, tmp_path)}
    try:
        os.write(typed, f"{answer}\n".encode())
        said = subprocess.run([ARDOISE, *words], stdin=terminal, capture_output=True, text=True, env=env, check=False)
    finally:
        os.close(typed)
        os.close(terminal)
    assert said.returncode == code, said.stderr
    assert f"Clôturer mars 2024 pour de bon : {HOUSEHOLDS} titres, " in said.stderr
    assert "villars · mars 2024 · projet" in said.stdout
    assert len(issued(town)) == titres


def test_a_program_reads_the_same(town: Database, tmp_path: Path) -> None:
    drafted = orjson.loads(bill(town, tmp_path, MONTH, "--commune", TOWN, "--json").stdout)
    closed = orjson.loads(bill(town, tmp_path, MONTH, "--all", "--close", "--yes", "--json").stdout)
    assert (drafted["state"], drafted["closed"], closed["state"]) == ("draft", None, "closed")
    assert drafted["digest"] == closed["digest"]
    assert drafted["summary"] == closed["summary"]
    assert closed["closed"]["titres"] == HOUSEHOLDS


def test_a_month_that_is_not_complete_is_not_closed_and_says_what_is_missing_and_ends_with_1(
    town: Database, tmp_path: Path
) -> None:
    missing_one(town)
    draft = bill(town, tmp_path, MONTH, "--commune", TOWN)
    assert draft.exit_code == 0
    assert "À compléter · Présence à noter" in draft.stdout
    assert "ardoise bill 2024-03 --commune villars --missing" in draft.stdout
    listed = bill(town, tmp_path, MONTH, "--commune", TOWN, "--missing")
    assert "child-000000" in listed.stdout
    assert "29/03/2024" in listed.stdout
    refused = bill(town, tmp_path, MONTH, "--commune", TOWN, "--close", "--yes")
    assert (refused.exit_code, refused.stderr.count("\n")) == (1, 1)
    assert refused.stderr.startswith("ardoise: villars : mars 2024 n'est pas clôturé. Mois incomplet")
    closed = bill(town, tmp_path, MONTH, "--commune", TOWN, "--close", "--yes", "--leave-out")
    assert closed.exit_code == 0
    assert "1 jour laissé de côté à la clôture : il viendra en rectification." in closed.stdout


def test_facts_that_contradict_each_other_are_told_and_keep_no_month_open(town: Database, tmp_path: Path) -> None:
    missing_one(town)
    with job_on(town) as job:
        say(job, page_of(0), attendance("present", DAY))
        say(job, town_page(TOWN), DayClosed(day=DAY, reason=Slug("greve")))
    draft = bill(town, tmp_path, MONTH, "--commune", TOWN)
    assert "À vérifier · Présent un jour fermé" in " ".join(draft.stdout.split())
    assert "À compléter" not in draft.stdout
    for sentence in ("villars --missing", "villars --close"):
        assert sentence in draft.stdout
    listed = bill(town, tmp_path, MONTH, "--commune", TOWN, "--missing", "--json")
    found = {(day["child"], day["day"], day["why"]) for day in orjson.loads(listed.stdout)["missing_days"]}
    assert ("child-000000", DAY.isoformat(), "contradiction") in found
    assert bill(town, tmp_path, MONTH, "--commune", TOWN, "--close", "--yes").exit_code == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((MONTH, "--commune", "nowhere"), "there is no line of nowhere in this database"),
        (("2099-01", "--all"), "villars: 2099-01 has not begun."),
        (("2021-01", "--all"), "villars: no rulebook of villars is in force in 2021-01."),
        ((MONTH,), "name a town with --commune, or give --all."),
        ((MONTH, "--all", "--leave-out"), "--leave-out goes with --close."),
        ((MONTH, "--all", "--yes"), "--yes goes with --close."),
        ((MONTH, "--all", "--close"), "--close is for good: read the draft, then say --yes."),
        ((MONTH, "--all", "--names"), "--names goes with --missing or --titres."),
        (("2024-3", "--all"), "a month is expected, like 2024-03"),
        (("2024-13", "--all"), "a month is expected, like 2024-03"),
        ((MONTH, "--commune", "Pas Une Commune"), "a town is named by its slug"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_ends_with_2(
    town: Database, tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    said = bill(town, tmp_path, *words)
    assert (said.exit_code, said.stdout) == (2, "")
    assert sentence in said.stderr


def test_whoever_lists_the_days_that_are_missing_leaves_a_line(town: Database, tmp_path: Path) -> None:
    missing_one(town)
    bill(town, tmp_path, MONTH, "--commune", TOWN, "--by", "regisseur-1")
    assert rows(town, READS) == []
    bill(town, tmp_path, MONTH, "--commune", TOWN, "--missing", "--by", "regisseur-1")
    [read] = rows(town, READS)
    assert (read["actor"], read["operation"], read["purpose"]) == ("regisseur-1", "ardoise bill", "billing")
    assert {"home-000000", "child-000000"} <= set(read["about"])


def test_the_titres_of_a_month_are_listed_as_a_draft_and_once_it_is_closed(town: Database, tmp_path: Path) -> None:
    words = (MONTH, "--commune", TOWN, "--titres", "--json")
    drafted = orjson.loads(bill(town, tmp_path, *words).stdout)["bills"]
    assert len(rows(town, READS)) == 1
    closed = orjson.loads(bill(town, tmp_path, *words, "--close", "--yes").stdout)["bills"]
    assert len(drafted) == HOUSEHOLDS
    assert {row["titre"] for row in drafted} == {None}
    assert [row["titre"] for row in closed] == [titre.titre for titre in issued(town)]
    assert [{**row, "titre": None} for row in closed] == drafted
    shown = bill(town, tmp_path, *words[:-1]).stdout
    for row in closed:
        assert row["titre"] in shown
        assert row["household"] in shown


def test_names_are_shown_to_whoever_asks_for_them(town: Database, tmp_path: Path) -> None:
    said = bill(town, tmp_path, MONTH, "--commune", TOWN, "--titres", "--names", "--json")
    assert said.exit_code == 0, said.stderr
    for row in orjson.loads(said.stdout)["bills"]:
        assert set(row) >= {"household_name", "child_names"}


def test_natures_and_accounts_are_told_apart_and_each_adds_up(town: Database, tmp_path: Path) -> None:
    said = bill(town, tmp_path, MONTH, "--commune", TOWN).stdout
    total = next(line for line in said.splitlines() if "Titres à émettre" in line).split("│")[-2].strip()
    for heading in ("Par nature", "Par compte"):
        assert next(line for line in said.splitlines() if heading in line).split("│")[-2].strip() == total


def test_an_empty_ledger_has_nothing_to_bill(database: Database, tmp_path: Path) -> None:
    said = bill(database, tmp_path, MONTH, "--all")
    assert (said.exit_code, "there is no line of any town" in said.stderr) == (2, True)


def test_a_town_without_tariffs_is_told_which_section_to_write(database: Database, tmp_path: Path) -> None:
    fill(database, 2, content=PLAIN)
    said = bill(database, tmp_path, MONTH, "--all")
    assert (said.exit_code, said.stderr.count("\n")) == (2, 1)
    assert "the rulebook of villars has no tariff in 2024-03: add [tarifs] and adopt it." in said.stderr


def test_what_is_wrong_with_a_town_holds_no_other_up(town: Database, tmp_path: Path) -> None:
    with job_on(town) as job:
        other = replace(job, commune=Commune("valmont"))
        home = HouseholdId("home-1")
        say(other, household_page(other.commune, home), HouseholdOpened(household=home))
    said = bill(town, tmp_path, MONTH, "--all")
    assert (said.exit_code, said.stderr.count("\n")) == (2, 1)
    assert "valmont: valmont has adopted no rulebook" in said.stderr
    assert "villars · mars 2024 · projet" in said.stdout


def test_an_altered_line_is_named_and_nothing_is_closed(town: Database, tmp_path: Path) -> None:
    alter(town, page_of(3), 6, b'"presence":"present"', b'"presence":"absent"')
    said = bill(town, tmp_path, MONTH, "--all", "--close", "--yes")
    assert (said.exit_code, issued(town)) == (2, [])
    assert said.stderr == (
        f"ardoise: villars: line 6 of {page_of(3)} is not as it was written: run `ardoise verify villars`.\n"
    )


def test_help_has_an_example(town: Database, tmp_path: Path) -> None:
    said = CliRunner().invoke(app, ["bill", "--help"], env=ours(town, tmp_path))
    assert "ardoise bill 2024-03 --commune villars" in " ".join(said.stdout.split())
