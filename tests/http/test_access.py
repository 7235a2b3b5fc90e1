"""Every answered read of a family leaves its line, with nothing of what was read, and no line is lost."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from PIL import Image
from psycopg.rows import dict_row

from api.authorisation import FAMILY, OPERATIONS, Rights
from api.door import Door, operation_of
from api.french_access import PURPOSES, ROLES
from api.service import ROUTERS
from ledger.identifiers import Commune
from tests.http.issued import MONTH, TITRE, issue
from tests.http.matrix import owe
from tests.http.world import Who, World, box, made, refused, world_on
from tests.servers import Database
from tests.town import at

CANARY = "Canari-Prunelle"
READING = [
    rights
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, Door) and (rights := OPERATIONS[operation_of(route)]).reads
]
STAFF = ("agent", "auditor", "billing", "admin")
OF_NOBODY_YET = {
    "GET /activations",
    "GET /erasures",
    "GET /billing/{month}/missing",
    "GET /billing/{month}/lines",
    "GET /billing/{month}/lines.csv",
}
"""What these show belongs to no family of the test."""


def answered(answer: httpx.Response) -> None:
    """An answer of any media type that must be a success."""
    assert answer.status_code == 200, (answer.status_code, answer.text)


@dataclass
class Log:
    """The access log of a town, read by a superuser."""

    admin: psycopg.Connection[dict[str, Any]]
    commune: Commune

    def lines(self) -> list[dict[str, Any]]:
        """In no order: the clock of a test stands still."""
        return self.admin.execute("SELECT * FROM access.reads WHERE commune = %s", (self.commune,)).fetchall()

    def after(self, ask: Any) -> list[dict[str, Any]]:
        """The lines that a request left."""
        known = {line["line"] for line in self.lines()}
        ask()
        return [line for line in self.lines() if line["line"] not in known]


@pytest.fixture
def log(world: World, module_database: Database) -> Iterator[Log]:
    with psycopg.connect(module_database.admin_url, autocommit=True, row_factory=dict_row) as admin:
        yield Log(admin, world.commune)


@dataclass
class Family:
    """Somebody with a bit of everything."""

    world: World
    household: str
    guardian: str
    child: str
    number: int
    document: str
    collection: str

    @classmethod
    def settle(cls, world: World, database: Database) -> "Family":
        household = world.household("parent-1")
        child = world.child(household, "mercredis", "cantine")
        parent = world.guardian()
        guardian = made(parent.get("/me"), 200)["households"][0]["guardian"]
        issue(database, world.commune, household, [child])
        _, collection = owe(world, database, household, guardian)
        number = made(parent.ask(child, "mercredis", "2024-03-06"))["demandes"][0]["number"]
        picture = BytesIO()
        Image.new("RGB", (8, 8), "white").save(picture, "PNG")
        handed_in = parent.send(
            "POST", "/documents?kind=domicile", body=picture.getvalue(), key=uuid4().hex, headers=PNG
        )
        document = made(handed_in)["document"]
        move = {"kind": "address", "address": ADDRESS, "documents": [document]}
        made(parent.post(f"/households/{household}/demandes", move))
        identity = {"given_name": CANARY, "family_name": CANARY, "birth_date": "1988-02-11"}
        where = f"/households/{household}/people/{guardian}/identity"
        made(world.agent.send("PUT", where, body=identity, key=uuid4().hex), 200)
        return cls(world, household, guardian, child, number, document, collection)

    @property
    def persons(self) -> set[str]:
        return {self.household, self.guardian, self.child}

    def ask(self, rights: Rights, who: Who, **headers: str) -> httpx.Response:
        method, _, template = rights.operation.partition(" ")
        known = {
            "household": self.household,
            "child": self.child,
            "person": self.guardian,
            "number": TITRE if "/titres/" in rights.operation else str(self.number),
            "document": self.document,
            "collection": self.collection,
            "month": MONTH,
            "year": "2023",
            "line": "1",
            "activity": "mercredis",
        }
        path = re.sub(r"\{(\w+)\}", lambda found: known[found[1]], template)
        asked = {
            "GET /children/{child}/calendar": {"month": "2024-03"},
            "GET /activities/{activity}/day-sheet": {"day": "2024-03-06"},
            "GET /documents": {"guardian": self.guardian},
            "GET /payments": {"from": "2024-01-01", "to": "2024-01-31"},
        }.get(rights.operation, {})
        body = {
            "POST /demandes/preview": {
                "child": self.child,
                "activity": "mercredis",
                "reserve": [box("2024-03-27 journee")],
            },
            "POST /erasures/preview": {"household": self.household},
            "POST /prices/preview": {
                "child": self.child,
                "activity": "mercredis",
                "days": [box("2024-03-27 journee")],
            },
        }.get(rights.operation)
        return who.send(method, path, body=body, headers=headers, **asked)


PNG = {"Content-Type": "image/png"}
ADDRESS = {"lines": [f"17 impasse {CANARY}"], "postcode": "78999", "city": "Valmont"}


@pytest.fixture
def family(world: World, module_database: Database) -> Family:
    return Family.settle(world, module_database)


def named(rights: Rights) -> str:
    return rights.operation


@pytest.mark.parametrize("rights", READING, ids=named)
def test_every_reading_operation_leaves_one_line_for_each_who_may_read(family: Family, log: Log, rights: Rights):
    world = family.world
    readers = [role for role in STAFF if rights.marks[role] == "yes"]  # type: ignore[index]
    readers += ["guardian"] if rights.marks["own_guardian"] == "yes" else []
    assert readers
    for role in readers:
        who = world.who(role, "parent-1" if role == "guardian" else f"{role}-7", client="guichet")
        trace = uuid4().hex
        [line] = log.after(lambda: answered(family.ask(rights, who, **{"X-Request-Id": trace})))  # noqa: B023
        assert line["purpose"] in PURPOSES
        assert set(line["about"]) & family.persons or rights.operation in OF_NOBODY_YET
        del line["line"], line["about"], line["purpose"]
        assert line == {
            "commune": world.commune,
            "read_at": world.clock.instant,
            "actor": "parent-1" if role == "guardian" else f"{role}-7",
            "role": role,
            "client": "guichet",
            "operation": rights.operation,
            "correlation": trace,
        }


def test_no_operation_of_the_table_that_reads_is_forgotten_by_this_file():
    assert len(READING) > 15
    assert {rights.operation for rights in READING} <= set(OPERATIONS)


def test_whom_a_line_is_about_can_be_found_by_each_of_them(family: Family, log: Log):
    [line] = log.after(lambda: made(family.world.guardian().get("/me"), 200))
    assert set(line["about"]) == family.persons
    rows = log.admin.execute("SELECT person FROM access.seen WHERE line = %s", (line["line"],)).fetchall()
    assert {row["person"] for row in rows} == family.persons


def test_a_day_sheet_names_every_child_on_it_and_a_list_everybody_in_it(family: Family, log: Log):
    world = family.world
    sibling = world.child(family.household, "mercredis")
    [number] = [each["number"] for each in made(world.agent.ask(sibling, "mercredis", "2024-03-06"))["demandes"]]
    sheet = {"day": "2024-03-06"}
    [line] = log.after(lambda: made(world.agent.get("/activities/mercredis/day-sheet", **sheet), 200))
    assert set(line["about"]) == {family.child, sibling}
    [line] = log.after(lambda: made(world.agent.get("/demandes"), 200))
    assert set(line["about"]) == {family.household, family.child, sibling}
    [line] = log.after(lambda: made(world.agent.get(f"/demandes/{number}"), 200))
    assert set(line["about"]) == {family.household, sibling}


@pytest.mark.parametrize("rights", READING, ids=named)
def test_a_refused_read_leaves_nothing(family: Family, log: Log, rights: Rights):
    world = family.world
    outside = [role for role in (*STAFF, "portal") if rights.marks[role] == "no"]  # type: ignore[index]
    strangers = [world.who(role) for role in outside]
    if rights.marks["stranger"] == "no" or "{" in rights.operation:
        strangers.append(world.guardian("stranger-1"))
    for who in strangers:
        assert log.after(lambda: refused(family.ask(rights, who), "not_found", 404)) == []  # noqa: B023
    assert log.after(lambda: refused(family.ask(rights, world.nobody), "unauthenticated", 401)) == []


def test_a_mistaken_or_unknown_question_leaves_nothing(family: Family, log: Log):
    agent = family.world.agent
    assert log.after(lambda: refused(agent.get(f"/children/{uuid4()}"), "not_found", 404)) == []
    assert log.after(lambda: refused(agent.get(f"/households/{uuid4()}/reads"), "not_found", 404)) == []
    calendar = f"/children/{family.child}/calendar"
    assert log.after(lambda: refused(agent.get(calendar, month="2024-13"), "invalid_request", 422)) == []
    assert log.after(lambda: refused(agent.get("/demandes", limit="0"), "invalid_request", 422)) == []


@pytest.mark.parametrize("role", [*STAFF, "portal"])
def test_staff_who_ask_who_they_are_read_no_family(family: Family, log: Log, role: str):
    assert log.after(lambda: made(family.world.who(role).get("/me"), 200)) == []


def test_a_command_is_in_the_ledger_and_not_in_this_log(family: Family, log: Log):
    assert log.after(lambda: made(family.world.guardian().ask(family.child, "mercredis", "2024-03-13"))) == []


# Purposes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "path", "purpose"),
    [
        ("guardian", "/me", "own_file"),
        ("guardian", "/demandes", "own_file"),
        ("agent", "/demandes", "instruction"),
        ("agent", "/activities/mercredis/day-sheet?day=2024-03-06", "attendance"),
        ("agent", "/children/{child}", "family_management"),
        ("agent", "/households/{household}", "family_management"),
        ("auditor", "/demandes", "audit"),
        ("auditor", "/households/{household}", "audit"),
    ],
)
def test_what_a_read_is_for_follows_from_who_reads_and_what(
    family: Family, log: Log, role: str, path: str, purpose: str
):
    who = family.world.who(role, "parent-1" if role == "guardian" else None)
    where = path.format(child=family.child, household=family.household)
    [line] = log.after(lambda: made(who.send("GET", where), 200))
    assert line["purpose"] == purpose


def test_staff_may_say_what_they_read_for(family: Family, log: Log):
    said = {"Ardoise-Purpose": "rights_request"}
    where = f"/children/{family.child}"
    [line] = log.after(lambda: made(family.world.agent.send("GET", where, headers=said), 200))
    assert line["purpose"] == "rights_request"


@pytest.mark.parametrize("said", ["curiosity", "", "own_file", "Rights_Request", "audit", "é"])
def test_a_purpose_out_of_the_list_is_refused_before_anything_is_read(family: Family, log: Log, said: str):
    headers = {"Ardoise-Purpose": said.encode("latin-1")}
    for where in (f"/children/{family.child}", f"/children/{uuid4()}"):
        answer = family.world.agent.send("GET", where, headers=headers)
        [error] = refused(answer, "invalid_request", 422)["errors"]
        assert (error["in"], error["field"], error["code"]) == ("header", "Ardoise-Purpose", "not_a_choice")
        assert "curiosity" not in answer.text
    assert log.after(lambda: family.world.agent.send("GET", where, headers=headers)) == []


def test_a_guardian_reads_their_own_file_and_cannot_say_otherwise(family: Family):
    answer = family.world.guardian().send("GET", "/me", headers={"Ardoise-Purpose": "instruction"})
    refused(answer, "invalid_request", 422)


def test_every_reading_operation_documents_the_header_and_no_other_does(world: World):
    document = world.http.get("/openapi.json").json()["paths"]
    told = {
        f"{method.upper()} {path.removeprefix('/v1/{commune}')}": parameter["schema"]["enum"]
        for path, operations in document.items()
        for method, operation in operations.items()
        for parameter in operation.get("parameters", ())
        if parameter["name"] == "Ardoise-Purpose"
    }
    assert told == {rights.operation: list(PURPOSES) for rights in READING}


def test_every_role_has_its_french_name():
    assert set(ROLES) == {*STAFF, "guardian", "portal"}
    assert FAMILY.isdisjoint(ROLES)


# Nothing of the content ----------------------------------------------------------------------------------------------


def test_no_value_that_was_asked_or_answered_is_in_the_log(family: Family, log: Log):
    world = family.world
    for rights in READING:
        for role in STAFF:
            if rights.marks[role] == "yes":  # type: ignore[index]
                answered(family.ask(rights, world.who(role)))
    made(world.agent.get("/demandes", activity=CANARY.lower(), from_="2024-03-06"), 200)
    kept = log.admin.execute(
        "SELECT r::text AS text FROM access.reads r UNION ALL SELECT s::text FROM access.seen s"
    ).fetchall()
    assert kept
    told = "\n".join(row["text"] for row in kept)
    for content in (CANARY, CANARY.lower(), "2024-03-06", "mercredis", "impasse"):
        assert content not in told, content


# Nothing is lost -----------------------------------------------------------------------------------------------------


def test_fifty_reads_at_once_leave_fifty_lines(family: Family, log: Log):
    traces = [uuid4().hex for _ in range(50)]

    def ask(trace: str) -> int:
        answer = family.world.guardian().send("GET", "/me", headers={"X-Request-Id": trace})
        return answer.status_code

    with ThreadPoolExecutor(50) as threads:
        assert set(threads.map(ask, traces)) == {200}
    kept = [line["correlation"] for line in log.lines() if line["correlation"] in traces]
    assert sorted(kept) == sorted(traces)


def test_a_log_whose_connection_died_opens_another_and_refuses_nobody(family: Family, log: Log):
    gone = log.admin.execute(
        "SELECT pg_terminate_backend(pid) AS done FROM pg_stat_activity"
        " WHERE application_name = 'ardoise-access' AND datname = current_database()"
    ).fetchall()
    assert gone == [{"done": True}]
    [line] = log.after(lambda: made(family.world.guardian().get("/me"), 200))
    assert line["operation"] == "GET /me"


@pytest.fixture
def impatient(database: Database, tmp_path: Path) -> Iterator[World]:
    """A service that waits for no lock."""
    with world_on(database, tmp_path, lock_timeout_ms=100) as made_:
        made_.adopt()
        yield made_


@pytest.mark.parametrize(
    ("broken", "mended"),
    [
        ("BEGIN; LOCK TABLE access.reads IN ACCESS EXCLUSIVE MODE", "ROLLBACK"),
        ("REVOKE INSERT ON access.reads FROM ardoise_app", "GRANT INSERT ON access.reads TO ardoise_app"),
    ],
    ids=["locked", "forbidden"],
)
def test_what_cannot_be_logged_is_not_answered(impatient: World, database: Database, broken: str, mended: str):
    parent, child = impatient.family("parent-1", "cantine")
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute(broken)
        for path in ("/me", f"/children/{child}"):
            answer = parent.get(path)
            refused(answer, "database_unavailable", 503)
            assert answer.headers["retry-after"]
            assert child not in answer.text
        admin.execute(mended)
        made(parent.get("/me"), 200)


def test_the_clock_of_the_log_is_the_ledger_s(family: Family, log: Log):
    family.world.clock.set("2024-02-29 23:59")
    [line] = log.after(lambda: made(family.world.guardian().get("/me"), 200))
    assert line["read_at"] == at("2024-02-29 23:59")
