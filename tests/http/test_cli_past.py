"""`ardoise history` and `ardoise as-of`: what an auditor types, reads, and leaves in the access log."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import orjson
import psycopg
import pytest
from psycopg.rows import dict_row
from typer.testing import CliRunner

from api.cli import app
from tests.http.regie import issue
from tests.http.world import World, made
from tests.servers import Database, as_url, named

BY = ("--by", "auditor-7")


@pytest.fixture
def admin(module_database: Database) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    with psycopg.connect(module_database.admin_url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


@pytest.fixture(autouse=True)
def as_service(world: World, module_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARDOISE_DATABASE_URL", as_url(module_database.service_url))


@pytest.fixture
def as_auditor(admin, module_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    admin.execute("ALTER ROLE ardoise_auditor PASSWORD 'hunter2'")
    login = named(module_database.admin_url, user="ardoise_auditor", password="hunter2")
    monkeypatch.setenv("ARDOISE_DATABASE_URL", as_url(login))


@dataclass
class Family:
    """A child whose Wednesday was asked for on a Tuesday and accepted on the Wednesday after."""

    town: str
    home: str
    child: str
    number: int


@pytest.fixture
def family(world: World) -> Family:
    home = world.household("parent-1")
    child = world.child(home, "mercredis")
    world.clock.set("2024-01-16 09:00")
    [said] = made(world.guardian().ask(child, "mercredis", "2024-03-27", "2024-04-03"))["demandes"]
    world.clock.set("2024-01-17 09:30")
    made(world.agent.post(f"/demandes/{said['number']}/decision", {"approve": "all"}), 200)
    return Family(world.commune, home, child, said["number"])


def run(*words: str) -> tuple[int, str, str]:
    ran = CliRunner().invoke(app, list(words))
    return ran.exit_code, ran.stdout.strip(), ran.stderr.strip()


def printed(*words: str) -> str:
    code, out, err = run(*words)
    assert (code, err) == (0, "")
    return out


def test_what_a_rule_decided_is_not_told_as_the_familys_doing(world: World):
    child = world.child(world.household("parent-2"), "cantine")
    world.clock.set("2024-01-18 09:00")
    made(world.guardian("parent-2").ask(child, "cantine", "2024-01-29"))
    lines = [line.strip() for line in printed("history", world.commune, "--child", child, *BY).splitlines()]
    [at] = [n for n, line in enumerate(lines) if line.endswith("acceptée par le règlement, article 3.")]
    assert lines[at + 1].startswith("décidé par la règle, à la suite de la demande de parent-2 (la famille, portal) · ")


def told(*words: str) -> Any:
    return orjson.loads(printed(*words, "--json"))


def log_lines(admin, family: Family, operation: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = admin.execute(
        "SELECT actor, role, client, purpose, about FROM access.reads WHERE commune = %s AND operation = %s",
        (family.town, operation),
    ).fetchall()
    return rows


# What happened --------------------------------------------------------------------------------------------------------


def test_a_history_is_read_line_by_line_at_the_terminal(family: Family, monkeypatch: pytest.MonkeyPatch):
    out = printed("history", family.town, "--child", family.child, *BY)
    lines = [line.strip() for line in out.splitlines()]
    assert lines[0] == f"Histoire de l'enfant {family.child} · {family.town}"
    assert "Mercredi 17 janvier 2024" in lines
    at = lines.index("Mercredi 17 janvier 2024")
    days = "mercredi 27 mars et mercredi 3 avril 2024"
    assert lines[at + 1] == (
        f"09:30  Demande n° {family.number} : réservation des {days} (Mercredis, journée) acceptées par un agent."
    ).replace("acceptées", "acceptée")
    assert lines[at + 2].startswith("agent-1 (un agent, portal) · ligne 4 de l'enfant ")
    assert lines[at + 3] == "demandé par parent-1 (la famille), ligne 3"
    assert lines[at + 4 :] == [
        f"- {days} (Mercredis, journée) : réservation en attente",
        f"+ {days} (Mercredis, journée) : réservé",
        f"- demande n° {family.number} (réservation) : en cours d'instruction",
        f"+ demande n° {family.number} (réservation) : traitée positivement",
    ]


def test_a_narrow_terminal_cuts_no_word(family: Family, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("api.cli_room.WIDTH_ELSEWHERE", 80)
    out = printed("history", family.town, "--household", family.home, *BY)
    assert max(map(len, out.splitlines())) <= 80
    assert not [line for line in out.splitlines() if line != line.rstrip()]
    assert "réservation en attente" in " ".join(out.split())


def test_a_family_is_told_whole_and_programs_read_the_same(world: World, family: Family):
    asked = ("history", family.town, "--household", family.home, *BY)
    over_http = made(world.agent.get(f"/households/{family.home}/history"), 200)["entries"]
    whole = told(*asked)["entries"]
    streamed = [orjson.loads(line) for line in printed(*asked, "--ndjson").splitlines()]
    for entries in (over_http, whole, streamed):
        for entry in entries:
            entry["position"] = None
    assert whole == streamed == over_http


def test_days_and_instants_are_those_of_the_town(family: Family):
    asked = ("history", family.town, "--child", family.child, *BY)
    assert len(told(*asked, "--from", "2024-01-17")["entries"]) == 1
    assert len(told(*asked, "--to", "2024-01-15")["entries"]) == 2
    assert len(told(*asked, "--as-of", "2024-01-17T09:29")["entries"]) == 3
    assert len(told(*asked, "--as-of", "2024-01-17T09:30")["entries"]) == 4
    assert len(told(*asked, "--as-of", "2024-01-17T08:29:59Z")["entries"]) == 3
    assert printed(*asked, "--from", "2024-02-01").endswith("Aucune écriture.")


# What was known -------------------------------------------------------------------------------------------------------


def test_what_was_known_is_told_beside_what_is_known_now(family: Family):
    out = printed("as-of", family.town, "2024-01-17T09:00", "--child", family.child, "--month", "2024-03", *BY)
    assert [line.strip() for line in out.splitlines()] == [
        f"Ce qui était connu le mercredi 17 janvier 2024 à 9 h de l'enfant {family.child} · {family.town}",
        "au sujet du mois de mars 2024",
        "",
        "Calendrier",
        (
            f"mercredi 27 mars 2024 (Mercredis, journée) : réservation en attente, demande n° {family.number} ; "
            f"aujourd'hui : réservé, demande n° {family.number}"
        ),
        "",
        "Demandes",
        (
            f"n° {family.number}, réservation des mercredi 27 mars et mercredi 3 avril 2024 (Mercredis, journée), "
            "déposée le mardi 16 janvier 2024 à 9 h : en cours d'instruction"
        ),
        "",
        "Compte",
        f"enfant {family.child[:8]} du foyer {family.home[:8]}",
        "inscription à Mercredis (Les grands) du 4 septembre 2023 au 5 juillet 2024",
    ]


def test_a_day_a_household_and_a_demande_are_asked_about_too(family: Family):
    then = ("as-of", family.town)
    about_day = told(*then, "2024-01-17T09:30", "--child", family.child, "--day", "2024-03-27", *BY)
    assert [(day["day"], day["state"]) for day in about_day["days"]] == [("2024-03-27", "reserved")]
    assert [demande["number"] for demande in about_day["demandes"]] == [family.number]
    assert told(*then, "2024-01-17T09:30", "--child", family.child, "--day", "2024-03-20", *BY)["demandes"] == []
    between = told(*then, "2024-01-17T09:30", "--child", family.child, "--day", "2024-03-28", *BY)
    assert between["demandes"] == [], "a demande of days before and after says nothing of a day in between"
    assert len(told(*then, "2024-01-17T09:30", "--child", family.child, *BY)["demandes"]) == 1
    home = told(*then, "2024-01-16T09:00:00+01:00", "--household", family.home, *BY)
    assert [demande["status"] for demande in home["demandes"]] == ["en_cours"]
    assert [guardian["standing"] for guardian in home["account"]["guardians"]] == ["active"]
    [demande] = told(*then, "2024-01-17T09:30", "--demande", str(family.number), *BY)["demandes"]
    assert demande["status"] == "traitee_positivement"
    out = printed(*then, "2024-01-16T12:00", "--demande", str(family.number), *BY)
    assert f"de la demande n° {family.number}" in out
    assert "en cours d'instruction" in out
    assert "titulaire, avec un compte, actif" in printed(*then, "2024-01-16T12:00", "--household", family.home, *BY)


def test_every_demande_is_told_however_many_are_read_at_once(family: Family, world: World, monkeypatch):
    made(world.guardian().ask(family.child, "mercredis", "2024-03-20"))
    made(world.guardian().ask(family.child, "mercredis", "2024-03-13"))
    now = world.clock.instant.isoformat()
    whole = told("as-of", family.town, now, "--child", family.child, *BY)["demandes"]
    assert len(whole) == 3
    for at_once in (1, 2, 3):
        monkeypatch.setattr("api.known_then.AT_ONCE", at_once)
        assert told("as-of", family.town, now, "--child", family.child, *BY)["demandes"] == whole


def test_nobody_was_known_before_they_were(family: Family):
    for whom in (("--child", family.child), ("--household", family.home), ("--demande", str(family.number))):
        code, out, err = run("as-of", family.town, "2023-12-31T00:00", *whom, *BY)
        assert (code, out) == (1, "")
        assert err == f"ardoise: there was no {whom[0].removeprefix('--')} of that identifier then."


# The line it leaves ---------------------------------------------------------------------------------------------------


def test_a_household_s_history_waits_for_what_follows_the_seal(family: Family, admin):
    page = f"child/{family.town}/{family.child}"
    admin.execute(
        "INSERT INTO ardoise.parked VALUES ('past', %s, %s, 1, 'KeyError', 1, now(), now() + interval '1 hour')",
        (family.town, page),
    )
    code, out, err = run("history", family.town, "--household", family.home, *BY)
    assert (code, out) == (1, "")
    assert err.startswith("ardoise: not yet (past_not_ready): ")
    assert "`ardoise parked`" in err
    assert len(err.splitlines()) == 1
    assert log_lines(admin, family, "ardoise history") == []
    admin.execute("DELETE FROM ardoise.parked WHERE commune = %s", (family.town,))
    assert family.child[:8] in printed("history", family.town, "--household", family.home, *BY)


@pytest.mark.parametrize("login", ["service", "auditor"])
def test_whoever_asks_leaves_a_line(family: Family, admin, login: str, request):
    if login == "auditor":
        request.getfixturevalue("as_auditor")
    printed("history", family.town, "--household", family.home, *BY)
    printed("as-of", family.town, "2024-01-17T09:00", "--child", family.child, *BY, "--purpose", "rights_request")
    role = {"service": "admin", "auditor": "auditor"}[login]
    both = sorted([family.home, family.child])
    for operation, purpose in (("ardoise history", "audit"), ("ardoise as-of", "rights_request")):
        [line] = log_lines(admin, family, operation)
        assert (line["actor"], line["role"], line["client"]) == ("auditor-7", role, "ardoise-cli")
        assert (line["purpose"], sorted(line["about"])) == (purpose, both)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("history", "Villars!", "--child", str(uuid4()), *BY), "a town is named by its slug"),
        (("history", "{town}", *BY), "give --household or --child"),
        (("history", "{town}", "--child", "Matteo", *BY), "an identifier is expected"),
        (("history", "{town}", "--child", str(uuid4()), *BY), "there is no child of that identifier"),
        (("history", "{town}", "--household", str(uuid4()), *BY), "there is no household of that identifier"),
        (("history", "autreville", "--child", "{child}", *BY), "there is no child of that identifier"),
        (("history", "{town}", "--child", "{child}"), "--by"),
        (("history", "{town}", "--child", "{child}", "--by", "Zoé"), "an account or a slug"),
        (("history", "{town}", "--child", "{child}", *BY, "--purpose", "curiosity"), "--purpose is one of audit"),
        (("history", "{town}", "--child", "{child}", *BY, "--from", "2024-02-01", "--to", "2024-01-01"), "before"),
        (("history", "{town}", "--child", "{child}", *BY, "--as-of", "2199-01-01T00:00"), "not come yet"),
        (("history", "{town}", "--child", "{child}", *BY, "--as-of", "2199-01-01T00:00:00Z"), "not come yet"),
        (("as-of", "{town}", "hier", "--child", "{child}", *BY), "an instant is expected"),
        (("as-of", "{town}", "2024-03-31T02:30", "--child", "{child}", *BY), "that hour does not exist"),
        (("as-of", "{town}", "2024-02-30T10:00", "--child", "{child}", *BY), "no such day"),
        (("as-of", "{town}", "2024-01-17T09:00", *BY), "give --child, --household or --demande"),
        (("as-of", "{town}", "2024-01-17T09:00", "--demande", "1", "--day", "2024-01-17", *BY), "about a child"),
        (("as-of", "{town}", "2024-01-17T09:00", "--child", "{child}", "--month", "mars", *BY), "a month is expected"),
        (
            (
                "as-of",
                "{town}",
                "2024-01-17T09:00",
                "--child",
                "{child}",
                *BY,
                "--month",
                "2024-03",
                "--day",
                "2024-03-01",
            ),
            "not both",
        ),
    ],
)
def test_a_mistake_is_told_and_leaves_no_line(family: Family, admin, words: tuple[str, ...], sentence: str):
    code, out, err = run(*(word.format(town=family.town, child=family.child) for word in words))
    assert code != 0
    assert out == ""
    assert sentence in " ".join(err.replace("│", "").split())
    assert log_lines(admin, family, "ardoise history") + log_lines(admin, family, "ardoise as-of") == []


def test_what_a_family_owed_and_had_paid_is_told_too(family: Family, world: World, module_database: Database):
    issue(module_database, world.commune, family.home, 17, 5_511, "2023-12")
    paid = {"household": family.home, "amount_cents": 1_000, "means": "cheque", "received_on": "2024-01-17"}
    world.clock.set("2024-01-18 09:00")
    made(world.who("billing").post("/payments", {"payments": [paid]}))
    before, after = (
        printed("as-of", family.town, f"2024-01-{day}T12:00", "--household", family.home, *BY) for day in (17, 18)
    )
    assert "titre n° 2024-000017 de décembre 2023 : 55,11\u00a0€" in after
    assert "reste à payer : 55,11\u00a0€" in before
    assert "reste à payer : 45,11\u00a0€" in after
    assert "paiement" not in before
    story = printed("history", family.town, "--household", family.home, *BY)
    assert "Paiement de 10,00\u00a0€ reçu le 17 janvier 2024 (chèque), enregistré par la régie." in story
    assert f"ligne 2 du compte du foyer {family.home[:8]}" in story
    assert "- reste à payer : 55,11\u00a0€" in story
