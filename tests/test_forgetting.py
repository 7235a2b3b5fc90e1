"""A family is forgotten: no table, no log, no file, no dump and no answer names it any more, and the rest holds."""

import re
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
import psycopg
import pytest
from psycopg import sql
from psycopg.types.string import TextLoader

from ledger.account import program
from ledger.directory import environment as postgresql_environment
from ledger.embedded import DATABASE, OWNER, Server
from tests.faults.service import ARDOISE, TOWN, Service, admin_url, environment
from tests.faults.service import refused as refused_to_start
from tests.http.world import Who, made, refused
from tests.losses import loss_accepted
from tests.rulebook.town import text
from tests.vault import papers_made as papers

CANARY = "Canarizoe"
DIGITS, MAIL, BORN = "0611223344", "canarizoe@exemple.fr", "1971-11-09"
SECRETS = (CANARY, DIGITS, MAIL, BORN)
TODAY = date.today()  # noqa: DTZ011 - the service lives today
RULEBOOK = text(
    'type = "heures"\nnombre = 1',
    more="""
[motifs.absence]
maladie = "Enfant malade"

[motifs.refus]
autre = "Autre motif"

[activites.accueil.absence]
article = "2"
instruction = "agent"
jours_apres = 30
""",
)
IDENTITY = {"given_name": CANARY, "family_name": f"De {CANARY}", "birth_date": BORN}
CONTACT = {"telephone": DIGITS, "email": MAIL}
ADDRESS = {"lines": [f"1 rue {CANARY}"], "postcode": "78670", "city": CANARY}
WRITE_AHEAD = re.compile("[0-9A-F]{24}")
"""A segment of the write-ahead log, which PostgreSQL writes over in its own time (docs/privacy.md)."""
AGREED = ("--agreement", "AD78-2026/12", "--agreed-by", "archives-1", "--agreed-on", TODAY.isoformat(), "--yes")


def ago(days: int) -> str:
    return (TODAY - timedelta(days=days)).isoformat()


@pytest.fixture
def service(data: Path) -> Iterator[Service]:
    started = Service.start(data, ARDOISE_LOG_LEVEL="debug")
    yield started
    assert started.stop() == 0


@dataclass(frozen=True, kw_only=True)
class Family:
    """Whom the town was told everything about."""

    household: str
    guardian: str
    other: str
    contact: str
    child: str
    activation: str
    documents: list[str]
    demandes: list[int]
    known_at: str
    """When all of it was known."""

    @property
    def people(self) -> list[str]:
        return [self.child, self.guardian, self.other, self.contact]


def put(who: Who, path: str, body: Any) -> None:
    made(who.send("PUT", path, body=body, key=uuid4().hex), 200)


def live(service: Service, http: httpx.Client) -> Family:
    """Everything that may be known of a family, over HTTP."""
    agent, parent = service.who(http, "agent", "agent-1"), service.who(http, "guardian", "parent-1")
    made(service.who(http, "admin", "admin-1").post("/rulebook/versions", {"content": RULEBOOK}))
    household = made(agent.post("/households"))["household"]
    home = f"/households/{household}"
    told = {"subject": "parent-1", "identity": IDENTITY, "contact": CONTACT}
    guardian = made(agent.post(f"{home}/guardians", told))["guardian"]
    other = made(agent.post(f"{home}/guardians", {"identity": IDENTITY}))["guardian"]
    contact = made(agent.post(f"{home}/contacts", {"identity": IDENTITY, "contact": CONTACT, "collects": True}))[
        "person"
    ]
    put(agent, f"{home}/people/{guardian}/address", ADDRESS)
    child = made(agent.post("/children", {"household": household}))["child"]
    put(agent, f"/children/{child}/identity", IDENTITY)
    put(parent, f"/children/{child}/health", {"items": ["asthma"]})
    return Family(
        household=household,
        guardian=guardian,
        other=other,
        contact=contact,
        child=child,
        activation=activated(service, http, household, other),
        documents=[made(parent.hand_in(papers.pdf(title=CANARY), about=about))["document"] for about in (child,)],
        demandes=[],
        known_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    )


def activated(service: Service, http: httpx.Client, household: str, guardian: str) -> str:
    """The other guardian says who they are, and an agent recognises them."""
    stranger, agent = service.who(http, "guardian", "parent-2"), service.who(http, "agent", "agent-1")
    told = {"identity": IDENTITY, "contact": CONTACT, "children": [IDENTITY]}
    activation: str = made(stranger.post("/me/activation", told))["activation"]
    decided = {"grant": {"household": household, "guardian": guardian}}
    made(agent.post(f"/activations/{activation}/decision", decided), 200)
    return activation


def ask_and_decide(service: Service, http: httpx.Client, family: Family) -> None:
    """Days, an absence with its paper, who came; and a change of address, accepted, and of telephone, taken back."""
    agent, parent = service.who(http, "agent", "agent-1"), service.who(http, "guardian", "parent-1")
    period = {"activity": "accueil", "first_day": ago(60), "last_day": ago(1)}
    made(agent.post(f"/children/{family.child}/enrolments", period))
    days = [{"day": ago(each), "unit": "repas"} for each in (10, 9)]
    booked = {"child": family.child, "activity": "accueil", "counter": {"received_at": f"{ago(30)}T10:00:00Z"}}
    [demande] = made(agent.post("/demandes", {**booked, "reserve": days}))["demandes"]
    absent = {"child": family.child, "activity": "accueil", "kind": "absence", "absent": days[:1], "reason": "maladie"}
    [absence] = made(parent.post("/demandes", {**absent, "document": family.documents[0]}))["demandes"]
    made(agent.post(f"/demandes/{absence['number']}/decision", {"approve": "all"}), 200)
    sheet = {**days[1], "activity": "accueil", "children": [{"child": family.child, "presence": "present"}]}
    made(agent.post("/attendance", sheet), 200)
    home = f"/households/{family.household}/demandes"
    [moved] = made(parent.post(home, {"kind": "address", "address": ADDRESS, "documents": [own(parent)]}))["demandes"]
    made(agent.post(f"/demandes/{moved['number']}/decision", {"approve": "all"}), 200)
    [called] = made(parent.post(home, {"kind": "contact", "contact": CONTACT}))["demandes"]
    if called["status"] == "en_cours":
        made(parent.delete(f"/demandes/{called['number']}"), 200)
    family.demandes.extend(each["number"] for each in (demande, absence, moved, called))


def own(parent: Who) -> str:
    document: str = made(parent.hand_in(papers.pdf(title=f"{CANARY} {uuid4().hex}")))["document"]
    return document


def everything(service: Service, http: httpx.Client, family: Family) -> Iterator[httpx.Response]:
    """Every answer about the family, to everybody who might be given one."""
    paths = [
        "/me",
        "/me/activation",
        "/households",
        f"/households/{family.household}",
        *(f"/households/{family.household}/{part}" for part in ("guardians", "members", "contacts", "keys", "reads")),
        *(f"/households/{family.household}/people/{person}" for person in family.people),
        *(f"/households/{family.household}/{part}" for part in ("quotients", "custody")),
        "/activations",
        f"/children/{family.child}",
        *(f"/children/{family.child}/{part}" for part in ("identity", "health", "enrolments")),
        f"/children/{family.child}/calendar?from={ago(20)}&to={ago(0)}",
        "/demandes",
        *(f"/demandes/{number}" for number in family.demandes),
        f"/documents?guardian={family.guardian}",
        *(f"/documents/{document}" for document in family.documents),
        f"/activities/accueil/day-sheet?day={ago(9)}",
        "/erasures",
        f"/households/{family.household}/history",
        f"/children/{family.child}/entries",
        "/entries?limit=200",
        *(f"/children/{family.child}{part}?as_of={family.known_at}" for part in ("", "/enrolments")),
    ]
    people = [("agent", "agent-1"), ("auditor", "auditor-1"), ("admin", "admin-1"), ("billing", "billing-1")]
    for role, subject in [*people, ("guardian", "parent-1"), ("guardian", "parent-2")]:
        who = service.who(http, role, subject)
        yield from (who.send("GET", path) for path in paths)


def rows(data: Path) -> Iterator[tuple[str, bytes]]:
    """Every value of every table, the catalogues' included, as its bytes."""
    with psycopg.connect(admin_url(data)) as connection:
        connection.adapters.register_loader("timestamptz", TextLoader)  # one of them is infinity
        for schema, table in connection.execute("SELECT schemaname, tablename FROM pg_tables").fetchall():
            for row in connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, table))):
                yield from ((f"{schema}.{table}", _bytes(value)) for value in row)


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def files(data: Path) -> Iterator[tuple[str, bytes]]:
    """Every file under the data directory and beside it: tables, write-ahead log, logs, keys, journal."""
    yield from ((path.name, path.read_bytes()) for path in data.parent.rglob("*") if path.is_file())


def telling(found: Iterable[tuple[str, bytes]]) -> set[str]:
    """Where one of the canaries sings."""
    return {place for place, content in found if any(secret.encode() in content for secret in SECRETS)}


def ardoise(data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ARDOISE, *arguments], env=environment(data), capture_output=True, text=True, timeout=120, check=False
    )


def dumped(data: Path, into: Path) -> bytes:
    command = [program("pg_dump"), "--format=custom", "--compress=0", f"--file={into}", admin_url(data)]
    subprocess.run(command, env=postgresql_environment(), check=True)
    return into.read_bytes()


def wrapped(data: Path) -> list[bytes]:
    """The keys of people as the database holds them."""
    with psycopg.connect(admin_url(data)) as superuser:
        return [key for (key,) in superuser.execute("SELECT wrapped FROM vault.keys WHERE wrapped IS NOT NULL")]


def test_nothing_names_a_family_that_was_forgotten(service: Service, data: Path, tmp_path: Path) -> None:
    with service.client() as http:
        family = live(service, http)
        ask_and_decide(service, http, family)
        known = list(everything(service, http, family))
    assert sum(CANARY.encode() in answer.content for answer in known) > 10
    assert telling(rows(data)) == set()

    keys = wrapped(data)
    assert len(keys) == len(family.people) + 1
    proposal = ardoise(data, "erase", TOWN, "--household", family.household, "--json")
    assert proposal.returncode == 0, proposal.stderr
    said = orjson.loads(proposal.stdout)
    assert said["allowed"], said["people"]
    assert {one["person"] for one in said["people"]} == set(family.people)
    assert CANARY not in proposal.stdout
    done = ardoise(data, "erase", TOWN, "--household", family.household, *AGREED, "--json")
    assert done.returncode == 0, done.stderr
    said = orjson.loads(done.stdout)
    assert (set(said["erased"]), said["already"], said["swept"]) == (set(family.people), [], True)
    again = ardoise(data, "erase", TOWN, "--household", family.household, *AGREED)
    assert again.returncode == 0
    assert "Aucune personne effacée, 4 l'étaient déjà" in again.stdout

    verified = ardoise(data, "verify", TOWN)
    assert verified.returncode == 0, verified.stderr
    assert "no difference" in verified.stdout
    with service.client() as http:
        agent = service.who(http, "agent", "agent-1")
        calendar = made(agent.get(f"/children/{family.child}/calendar", from_=ago(20), to=ago(0)), 200)
        assert (calendar["name"], calendar["erased"]) == ("effacé", True)
        assert [box["state"] for box in calendar["days"] if box["day"] in (ago(10), ago(9))] == ["reserved"] * 2
        for document in family.documents:
            refused(agent.get(f"/documents/{document}"), "not_found", 404)
        answers = list(everything(service, http, family))
    assert telling((str(answer.url), answer.content) for answer in answers) == set()
    assert [str(answer.url) for answer in answers if answer.status_code not in (200, 404)] == []
    assert telling(rows(data)) == set()
    assert telling([("dump", dumped(data, tmp_path / "dump"))]) == set()
    with psycopg.connect(admin_url(data), autocommit=True) as superuser:
        superuser.execute("CHECKPOINT")
    assert telling(files(data)) == set()
    holding = {name for name, content in files(data) if any(key in content for key in keys)}
    assert all(WRITE_AHEAD.fullmatch(name) for name in holding), (
        "no table's file holds a destroyed key, sealed as it is"
    )
    assert {"erasures.ndjson", "vault.keys", "postgres.log", "service.log"} <= {name for name, _ in files(data)}
    with psycopg.connect(admin_url(data)) as superuser:
        held = superuser.execute(
            "SELECT (SELECT count(*) FROM vault.records) + (SELECT count(*) FROM vault.proposals)"
            " + (SELECT count(*) FROM vault.documents) + (SELECT count(*) FROM vault.keys WHERE wrapped IS NOT NULL)"
        ).fetchone()
    assert held == (0,)


def test_a_family_that_a_restored_backup_brings_back_is_forgotten_before_the_first_answer(
    data: Path, tmp_path: Path
) -> None:
    service = Service.start(data)
    with service.client() as http:
        family = live(service, http)
    dumped(data, tmp_path / "backup")
    done = ardoise(data, "erase", TOWN, "--household", family.household, *AGREED)
    assert done.returncode == 0, done.stderr
    assert service.stop() == 0
    restored(data, tmp_path / "backup")
    assert "the database is older than the last checkpoint of ville" in refused_to_start(data)
    loss_accepted(data)
    service = Service.start(data)
    try:
        with service.client() as http:
            agent = service.who(http, "agent", "agent-1")
            identity = made(agent.get(f"/children/{family.child}/identity"), 200)
            assert (identity["erased"], identity["identity"]) == (True, None)
            assert telling((str(one.url), one.content) for one in everything(service, http, family)) == set()
        assert service.log.read_text().count("erased_again") == len(family.people) + 1
        verified = ardoise(data, "verify", TOWN)
        assert verified.returncode == 0, verified.stderr
        replayed = ardoise(data, "erase", "--replay", "--json")
        assert orjson.loads(replayed.stdout) == {"known": 5, "again": 0, "unfinished": 0}
    finally:
        service.stop()


def restored(data: Path, backup: Path) -> None:
    """Puts the backup in the place of the database, as docs/operating.md says."""
    server = Server(data)
    try:
        running = server.start()
        with psycopg.connect(running.admin_url, autocommit=True) as superuser:
            superuser.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(DATABASE)))
            owner, name = sql.Identifier(OWNER), sql.Identifier(DATABASE)
            superuser.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, owner))
        command = [
            program("pg_restore"),
            "--exit-on-error",
            f"--dbname={running.url('postgres', DATABASE)}",
            str(backup),
        ]
        subprocess.run(command, env=postgresql_environment(), check=True)
    finally:
        server.leave()


def test_a_service_that_cannot_read_its_journal_does_not_start(data: Path) -> None:
    (data / "erasures.ndjson").write_text("hello\n")
    stopped = ardoise(data, "serve", "--port", "0")
    assert stopped.returncode == 1
    assert stopped.stderr.splitlines()[-1].startswith("ardoise: ARDOISE_ERASURES: line 1 of ")
    (data / "erasures.ndjson").unlink()
    (data / "erasures.ndjson").mkdir()
    stopped = ardoise(data, "serve", "--port", "0")
    assert (stopped.returncode, "cannot be written: Is a directory" in stopped.stderr) == (1, True)
