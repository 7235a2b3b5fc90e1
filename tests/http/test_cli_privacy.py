"""`ardoise who-read` and `ardoise purge`: what an operator and an auditor type, and the lines they leave."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import psycopg
import pytest
from psycopg.rows import dict_row
from typer.testing import CliRunner

from api.cli import app
from tests.http.world import World, made
from tests.servers import Database, as_url, named

WHY = ("--by", "dpo", "--purpose", "rights_request")


@pytest.fixture
def admin(module_database: Database) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    with psycopg.connect(module_database.admin_url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


@pytest.fixture(autouse=True)
def as_service(
    world: World, module_database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.setenv("ARDOISE_DATABASE_URL", as_url(module_database.service_url))
    monkeypatch.setenv("ARDOISE_DEVELOPMENT", "1")
    monkeypatch.setenv("ARDOISE_DATA", str(tmp_path_factory.mktemp("data")))


@pytest.fixture
def as_auditor(admin, module_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    admin.execute("ALTER ROLE ardoise_auditor PASSWORD 'hunter2'")
    login = named(module_database.admin_url, user="ardoise_auditor", password="hunter2")
    monkeypatch.setenv("ARDOISE_DATABASE_URL", as_url(login))


def run(*words: str) -> tuple[int, str, str]:
    ran = CliRunner().invoke(app, list(words))
    return ran.exit_code, ran.stdout.strip(), ran.stderr.strip()


def told(*words: str) -> Any:
    code, out, err = run(*words, "--json")
    assert code == 0, err
    return orjson.loads(out)


@pytest.fixture
def read(world: World) -> tuple[str, str]:
    """A household whose child an agent looked at, and whose guardian looked too."""
    household = world.household("parent-1")
    child = world.child(household, "cantine")
    made(world.who("agent", "agent-7", "guichet").get(f"/children/{child}"), 200)
    made(world.guardian().get("/me"), 200)
    return household, child


def test_the_reads_of_a_household_are_told_in_a_table_a_person_reads(world: World, read: tuple[str, str]):
    code, out, err = run("who-read", world.commune, "--household", read[0], *WHY)
    assert (code, err) == (0, "")
    for word in ("Quand", "Qui", "Pourquoi", "15/01/2024 10:00:00", "agent-7", "guichet", "Agent de la commune",
                 "GET /children/{child}", "Gestion du dossier de la famille"):  # fmt: skip
        assert word in out
    assert "parent-1" not in out


@pytest.mark.parametrize("what", ["household", "child"])
def test_nobody_of_that_name_is_said_and_leaves_no_line(world: World, read: tuple[str, str], admin, what: str):
    stranger = str(uuid4())
    code, out, err = run("who-read", world.commune, f"--{what}", stranger, *WHY)
    assert (code, out, err) == (1, "", f"ardoise: there is no {what} of that identifier in this town.")
    assert admin.execute("SELECT FROM access.reads WHERE %s = ANY(about)", (stranger,)).fetchall() == []


@pytest.mark.parametrize("login", ["service", "auditor"])
def test_whoever_asks_leaves_a_line_too(world: World, read: tuple[str, str], admin, login: str, request):
    if login == "auditor":
        request.getfixturevalue("as_auditor")
    household, child = read
    said = told("who-read", world.commune, "--child", child, *WHY)["reads"]
    assert sorted(line["operation"] for line in said) == ["GET /children/{child}", "GET /me"]
    again = told("who-read", world.commune, "--child", child, *WHY)["reads"]
    [own] = [line for line in again if line["operation"] == "ardoise who-read"]
    role = {"service": "admin", "auditor": "auditor"}[login]
    assert (own["actor"], own["role"], own["client"], own["purpose"]) == ("dpo", role, "ardoise-cli", "rights_request")
    assert household not in str(own)


def test_the_days_are_those_of_the_town(world: World, read: tuple[str, str]):
    asked = ("who-read", world.commune, "--child", read[1], *WHY)
    assert len(told(*asked, "--from", "2024-01-15", "--to", "2024-01-15")["reads"]) == 2
    assert told(*asked, "--to", "2024-01-14")["reads"] == []
    assert told(*asked, "--from", "2024-01-16", "--to", "2024-12-31")["reads"] == []


def test_another_town_s_child_is_of_nobody(world: World, read: tuple[str, str]):
    assert run("who-read", "autreville", "--child", read[1], *WHY)[0] == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("Villars!", "--child", str(uuid4()), *WHY), "a town is named by its slug"),
        (("villars", *WHY), "give --household or --child"),
        (("villars", "--child", str(uuid4()), "--household", str(uuid4()), *WHY), "give --household or --child"),
        (("villars", "--child", "Matteo", *WHY), "an identifier is expected"),
        (("villars", "--child", str(uuid4()), "--by", "x", "--purpose", "curiosity"), "--purpose is one of audit"),
        (("villars", "--child", str(uuid4()), "--by", "a\nb", "--purpose", "audit"), "an account or a slug"),
        (("villars", "--child", str(uuid4()), "--by", "", "--purpose", "audit"), "an account or a slug"),
        (("villars", "--child", str(uuid4()), "--by", "Zoé 0611223344", "--purpose", "audit"), "never a name"),
        (("villars", "--child", str(uuid4()), *WHY, "--from", "hier"), "a day is expected"),
        (("villars", "--child", str(uuid4()), *WHY, "--from", "2024-02-01", "--to", "2024-01-01"), "before --from"),
        (("villars", "--child", str(uuid4()), "--purpose", "audit"), "--by"),
    ],
)
def test_a_mistake_is_told_and_nothing_is_read(words: tuple[str, ...], sentence: str):
    code, out, err = run("who-read", *words)
    assert code != 0
    assert out == ""
    assert sentence in " ".join(err.replace("│", " ").split())


# Purge ---------------------------------------------------------------------------------------------------------------


def kept(admin, commune: str) -> int:
    [row] = admin.execute("SELECT count(*) AS n FROM access.reads WHERE commune = %s", (commune,)).fetchall()
    return int(row["n"])


def dated(admin, commune: str, *, days_ago: int) -> None:
    """The lines of a town, as if they were so many days old."""
    instant = datetime.now(UTC) - timedelta(days=days_ago)
    admin.execute("UPDATE access.reads SET read_at = %s WHERE commune = %s", (instant, commune))
    admin.execute("UPDATE access.seen SET read_at = %s WHERE commune = %s", (instant, commune))


def conserved(world: World, terms: str) -> None:
    """A rulebook in force since yesterday, with these terms."""
    content = made(world.who("admin").get("/rulebook/versions/2023-09"), 200)["content"]
    content = content.replace('version = "2023-09"', 'version = "2024-01"').replace("2023-09-01", "2024-01-14")
    made(world.who("admin").post("/rulebook/versions", {"content": f"{content}\n[conservation]\n{terms}\n"}))


@pytest.mark.parametrize(("days_ago", "left"), [(360, 2), (370, 0)])
def test_a_town_that_writes_nothing_keeps_its_log_twelve_months(
    world: World, read: tuple[str, str], admin, days_ago: int, left: int
):
    dated(admin, world.commune, days_ago=days_ago)
    code, out, _ = run("purge", world.commune)
    assert code == 0
    assert kept(admin, world.commune) == left
    assert out.startswith(f"{world.commune}: {2 - left} line")


@pytest.mark.parametrize(("days_ago", "left"), [(180, 2), (190, 0)])
def test_a_town_keeps_its_log_as_long_as_its_rulebook_says(
    world: World, read: tuple[str, str], admin, days_ago: int, left: int
):
    conserved(world, 'journal_des_acces = "6 mois"')
    dated(admin, world.commune, days_ago=days_ago)
    assert told("purge", world.commune)["access_log"]["deleted"] == 2 - left
    assert kept(admin, world.commune) == left


def test_a_purge_again_finds_nothing_and_leaves_the_others_alone(world: World, read: tuple[str, str], admin):
    neighbour = world.of(world.commune + "-bis")  # type: ignore[arg-type]
    neighbour.adopt()
    child = neighbour.child(neighbour.household("parent-1"))
    made(neighbour.agent.get(f"/children/{child}"), 200)
    for commune in (world.commune, neighbour.commune):
        dated(admin, commune, days_ago=400)
    assert [told("purge", world.commune)["access_log"]["deleted"] for _ in range(2)] == [2, 0]
    assert kept(admin, neighbour.commune) == 1


def test_without_a_name_every_town_is_purged(world: World, read: tuple[str, str], admin):
    dated(admin, world.commune, days_ago=400)
    code, out, _ = run("purge")
    assert code == 0
    assert f"{world.commune}: 2 lines of the access log deleted" in out
    assert kept(admin, world.commune) == 0


def test_what_else_is_past_its_term_is_counted(world: World, read: tuple[str, str], admin):
    conserved(world, 'dossier = "1 mois"\nreponses = "1 jour"')
    said = told("purge", world.commune)["past_their_term"]
    assert said["file"] == 1
    assert said["answers"] >= 4
    assert said.keys() <= {"file", "documents", "health", "answers"}
    _, out, _ = run("purge", world.commune)
    assert "past its term: 1 file of a family, " in out
    assert " kept answers." in out


def test_a_town_nobody_knows_is_a_mistake(world: World):
    code, out, err = run("purge", "villlars")
    assert (code, out) == (1, "")
    assert "nothing is known of villlars" in err


def test_an_auditor_purges_nothing(world: World, read: tuple[str, str], as_auditor, admin):
    dated(admin, world.commune, days_ago=400)
    code, _, err = run("purge", world.commune)
    assert code == 1
    assert "may not act as ardoise_app" in err
    assert kept(admin, world.commune) == 2


def test_what_people_said_of_themselves_is_forgotten_once_their_refusal_is_past_its_term(world: World, admin):
    told_of = {"given_name": "Canari-Purge", "family_name": "Exemple", "birth_date": "2016-05-04"}
    body = {"identity": told_of, "contact": {"email": "canari@example.org"}, "children": [told_of]}
    asked = [made(world.guardian(who).post("/me/activation", body))["activation"] for who in ("refused", "waiting")]
    made(world.agent.post(f"/activations/{asked[0]}/decision", {"refuse": "unknown_family"}), 200)
    assert told("purge", world.commune)["refused_activations"] == {"forgotten": 1}
    held = admin.execute("SELECT person FROM vault.records WHERE commune = %s", [world.commune]).fetchall()
    assert [row["person"] for row in held] == asked[1:]
    assert told("purge", world.commune)["refused_activations"] == {"forgotten": 0}
    assert made(world.agent.get("/activations"), 200)["activations"][0]["activation"] == asked[1]
