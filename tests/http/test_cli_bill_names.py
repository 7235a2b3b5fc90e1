"""`ardoise bill --titres --names`: whom a month is billed to, by name, from the vault, with a line in the log."""

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from api.cli import app
from tests.http.billing_town import JANUARY, MEALS, billing_town, came, reserved
from tests.http.test_people import put
from tests.http.world import made, world_on
from tests.servers import Database, as_url


@pytest.fixture(autouse=True)
def terminal(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARDOISE_DATABASE_URL", as_url(database.service_url))
    monkeypatch.setenv("ARDOISE_OWNER_URL", as_url(database.owner_url))
    monkeypatch.setenv("ARDOISE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("ARDOISE_DEVELOPMENT", "1")


def test_the_bills_of_a_month_are_listed_by_name_and_the_family_reads_who_listed_them(
    database: Database, tmp_path: Path
) -> None:
    with world_on(database, tmp_path / "data") as opened:
        town = billing_town(opened)
        household, child = reserved(town)
        came(town, child, *MEALS)
        [guardian] = made(town.agent.get(f"/households/{household}/guardians"), 200)["guardians"]
        person = f"/households/{household}/people/{guardian['guardian']}/identity"
        made(put(town.agent, person, {"given_name": "Camille", "family_name": "Exemple"}), 200)
        made(put(town.agent, f"/children/{child}/identity", {"given_name": "Lina", "family_name": "Exemple"}), 200)
        words = ["bill", JANUARY, "--commune", town.commune, "--titres", "--processes", "1", "--by", "regie-1"]
        plain = CliRunner().invoke(app, [*words, "--json"])
        assert plain.exit_code == 0, plain.stderr
        [row] = orjson.loads(plain.stdout)["bills"]
        assert (row["household"], row["children"]) == (household, [child])
        assert "household_name" not in row
        named = CliRunner().invoke(app, [*words, "--names", "--json"])
        [row] = orjson.loads(named.stdout)["bills"]
        assert (row["household_name"], row["child_names"]) == ("Camille Exemple", ["Lina Exemple"])
        shown = CliRunner().invoke(app, [*words, "--names"]).stdout
        assert "Camille Exemple" in shown
        assert "Lina Exemple" in shown
        reads = made(town.agent.get(f"/households/{household}/reads"), 200)["reads"]
        assert [read["actor"] for read in reads if read["operation"] == "ardoise bill"] == ["regie-1"] * 3
