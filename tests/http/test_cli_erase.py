"""`ardoise erase`: what an archivist is shown in French, and what an operator who mistypes is told."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from typer.testing import CliRunner

from api.cli import app
from tests.http.regie import issue
from tests.http.world import World, made, world_on
from tests.servers import Database, as_url

IDENTITY = {"given_name": "Canarizoe", "family_name": "De Valmont"}
AGREED = ("--agreement", "AD42-2026/12", "--agreed-by", "archives-1", "--agreed-on", "2026-11-12", "--yes")

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def world(database: Database, tmp_path: Path) -> Iterator[World]:
    with world_on(database, tmp_path) as made_:
        made_.adopt()
        yield made_


@pytest.fixture
def run(world: World, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command, on the database of the test."""
    monkeypatch.setenv("ARDOISE_DATABASE_URL", as_url(database.service_url))
    monkeypatch.setenv("ARDOISE_OWNER_URL", as_url(database.owner_url))
    monkeypatch.setenv("ARDOISE_DATA", str(tmp_path))
    monkeypatch.setenv("ARDOISE_DEVELOPMENT", "1")

    def typed(*words: str) -> tuple[int, str, str]:
        ran = CliRunner().invoke(app, ["erase", world.commune, *words])
        return ran.exit_code, ran.stdout, " ".join(ran.stderr.replace("│", " ").split())

    return typed


@pytest.mark.parametrize("option", ["--by", "--agreed-by"])
@pytest.mark.parametrize("name", ["Zoé 0611223344", "Zoé Exemple", "zoe exemple", "", "a\nb"])
def test_who_erases_and_who_agrees_are_accounts_and_nobody_s_name(option: str, name: str) -> None:
    ran = CliRunner().invoke(app, ["erase", "villars", "--household", str(uuid4()), *AGREED, option, name])
    said = " ".join(ran.stderr.replace("│", " ").split())
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert "an account or a slug, without a space, never a name" in said


def test_a_proposal_tells_what_is_recorded_from_what_is_asked(world: World, run: Run) -> None:
    home = world.household("parent-1")
    [guardian] = made(world.agent.get(f"/households/{home}/guardians"), 200)["guardians"]
    parent = world.guardian("parent-1")
    path = f"/households/{home}/people/{guardian['guardian']}/contact"
    contact: dict[str, Any] = {"telephone": "0611223344"}
    made(world.agent.send("PUT", path, body=contact, key=uuid4().hex), 200)
    [asked] = made(parent.post(f"/households/{home}/demandes", {"kind": "contact", "contact": contact}))["demandes"]
    assert asked["status"] == "en_cours"
    code, out, err = run("--household", home)
    assert code == 0, err
    assert "Fiche (moyens de contact) : 1 (" in out
    assert "Changement demandé (moyens de contact) : 1 (" in out


def test_what_was_forgotten_is_told_in_one_language(world: World, run: Run) -> None:
    home = world.household("parent-1")
    code, out, err = run("--household", home, *AGREED)
    assert code == 0, err
    assert "1 personne effacée, accord AD42-2026/12." in out
    assert "forgotten" not in out
    code, out, err = run("--household", home, *AGREED)
    assert code == 0, err
    assert "Aucune personne effacée, 1 l'était déjà, accord AD42-2026/12." in out


def test_a_family_that_owes_is_forgotten_when_its_account_is_settled_elsewhere(
    world: World, run: Run, database: Database
) -> None:
    home = world.household("parent-1")
    issue(database, world.commune, home, 901, 5_511, "2023-11")
    code, out, err = run("--household", home)
    assert (code, "Compte non soldé" in out, "L'effacement n'est pas possible aujourd'hui." in out) == (0, True, True)
    assert run("--household", home, "--settled-elsewhere")[2].endswith("--settled-elsewhere goes with an agreement.")
    code, out, err = run("--household", home, *AGREED)
    assert (code, "Aucune personne n'a été effacée." in out) == (1, True), err
    code, out, err = run("--household", home, *AGREED, "--settled-elsewhere")
    assert (code, "1 personne effacée, accord AD42-2026/12." in out) == (0, True), err


def test_what_a_refused_account_said_is_forgotten_when_it_asks(world: World, run: Run, database: Database) -> None:
    child = {**IDENTITY, "birth_date": "2016-01-01"}
    said = {"identity": IDENTITY, "contact": {"email": "canari@exemple.fr"}, "children": [child]}
    asked = made(world.guardian("stranger-1").post("/me/activation", said))["activation"]
    assert run("--activation", asked, "--yes")[2] == "ardoise: an agent has not answered it yet: refuse it first."
    made(world.agent.post(f"/activations/{asked}/decision", {"refuse": "unknown_family"}), 200)
    assert run("--activation", asked)[2].startswith("ardoise: nothing was erased: add --yes")
    assert run("--activation", asked, "--household", asked)[2].startswith("ardoise: give --activation alone")
    assert run("--activation", str(uuid4()), "--yes")[2] == "ardoise: no account of this town asked that."
    code, out, err = run("--activation", asked, "--yes", "--by", "dpo-1")
    assert (code, out) == (0, f"Nothing is known any more of what was said for {asked}.\n"), err
    assert kept_of(database, asked) == (0, True)
    assert run("--replay")[1] == "1 person in the journal, 0 forgotten again.\n"
    assert "Canarizoe" not in world.guardian("stranger-1").get("/me/activation").text


def kept_of(database: Database, person: str) -> Any:
    """How many records the vault holds of somebody, and whether their key is destroyed."""
    with psycopg.connect(database.admin_url) as superuser:
        question = (
            "SELECT (SELECT count(*) FROM vault.records WHERE person = k.person), wrapped IS NULL"
            " FROM vault.keys k WHERE person = %s"
        )
        return superuser.execute(question, (person,)).fetchone()
