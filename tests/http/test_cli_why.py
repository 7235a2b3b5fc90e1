"""`ardoise why`: from a line of an invoice to its facts, and back, at the terminal."""

import orjson
import pytest
from typer.testing import CliRunner

from api.cli import app
from tests.http.billing_town import MEALS, billing_town, came, closed, reserved, titre_of
from tests.http.world import World, made
from tests.servers import Database, as_url


@pytest.fixture(autouse=True)
def as_service(module_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARDOISE_DATABASE_URL", as_url(module_database.service_url))


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["why", *words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def test_a_line_is_explained_at_the_terminal_and_a_fact_leads_back_to_it(service: World) -> None:
    town = billing_town(service)
    household, child = reserved(town)
    came(town, child, *MEALS)
    town.clock.set("2024-02-01 09:00")
    closed(town)
    titre, where = titre_of(town, household)["titre"], ("--commune", town.commune)
    code, said, wrong = run(titre, *where, "--by", "regie-1")
    assert (code, wrong) == (0, "")
    assert said.splitlines()[0] == "Ligne 1. Cantine, repas : 2 × 3,27\u00a0€ = 6,54\u00a0€."
    assert "  Les 22 et 23 janvier 2024 : 1 repas à 3,27" in said
    assert "Présence notée par le service.\n" in said
    assert "  Lundi 22 janvier 2024 : 1 repas à 3,27" in run(titre, "--days", *where)[1]
    assert "par la famille (demande n°" in said
    assert "Tarif « Repas » : article 7.1 du règlement 2023-09." in said
    code, said, _ = run(titre, "--line", "1", *where, "--json")
    told = orjson.loads(said)
    assert (code, told["titre"], told["commune"]) == (0, titre, town.commune)
    over_http = made(town.who("billing").get(f"/titres/{titre}/lines/1"), 200)
    assert told["lines"] == [over_http]
    for entry in over_http["days"][0]["entries"]:
        code, said, _ = run("--entry", f"child/{child}/{entry['line']}", *where)
        assert (code, said.splitlines()[0].startswith(f"Titre {titre}, ligne 1. Cantine, repas : ")) == (0, True)
    priced = over_http["quotient"]["line"]
    code, said, _ = run("--entry", f"household/{town.commune}/{household}/{priced}", "--json")
    assert [line["titre"] for line in orjson.loads(said)["invoice_lines"]] == [titre]
    assert run("--entry", f"child/{child}/1", *where) == (0, "Rien n'a été facturé d'après cette écriture.\n", "")
    reads = made(town.agent.get(f"/households/{household}/reads"), 200)["reads"]
    noted = [row for row in reads if row["operation"] == "ardoise why"]
    assert {(row["operation_label"], row["purpose"]) for row in noted} == {("Pourquoi une ligne de facture", "billing")}
    assert "regie-1" in {row["actor"] for row in noted}
    assert run(titre, "--line", "9", *where)[::2] == (1, f"ardoise: titre {titre} has 1 line.\n")
    assert run("2024-999999", *where)[2] == f"ardoise: there is no titre of that number in {town.commune}.\n"


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("2024-000001", "--entry", "child/8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b/1"),
        ("2024",),
        ("2024-000001\n",),
        ("--entry", "child/x/1"),
        ("--entry", "child/8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b/0"),
        ("--entry", "town/8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b/1"),
        ("--entry", "child/8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b/1", "--line", "2"),
        ("--entry", "child/8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b/1", "--days"),
        ("--entry", "child/villars/8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b/1", "--commune", "valmont"),
    ],
)
def test_what_is_mistyped_is_one_line(service: World, words: tuple[str, ...]) -> None:
    code, said, wrong = run(*words)
    assert (code, said) == (2, "")
    assert wrong
    assert "Traceback" not in wrong
