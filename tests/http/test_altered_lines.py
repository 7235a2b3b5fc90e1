"""A superuser changed a line: whoever reads its page is told that the register was altered, and nothing from it."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import psycopg
import pytest
from typer.testing import CliRunner

from api.cli import app
from ledger.database import open_pool, service_conninfo
from ledger.entry import AlteredLineError
from ledger.identifiers import ChildId
from ledger.postgres import PostgresStore
from ledger.settings import Settings
from replay.sealing.seal import seal_once
from tests.http.regie import issue
from tests.http.test_as_of import patiently
from tests.http.world import World, made, refused
from tests.servers import Database, as_url

DAY = "2024-03-27"
BY = ("--by", "auditor-7")
STORED = "convert_to(replace(convert_from(stored, 'UTF8'), '\"happened_at\":\"2024', '\"happened_at\":\"2023'), 'UTF8')"
GUARD = "entries_are_never_changed"


@dataclass(frozen=True, kw_only=True)
class Town:
    """A sealed town, a child whose page has several lines, and somebody who may write anything into its tables."""

    world: World
    database: Database
    superuser: psycopg.Connection
    child: str
    household: str
    number: int
    instant: str

    @property
    def page(self) -> str:
        return f"child/{self.world.commune}/{self.child}"

    @property
    def last(self) -> int:
        [found] = self.superuser.execute("SELECT max(version) FROM ardoise.entries WHERE stream = %s", (self.page,))
        return int(found[0])

    def change(self, version: int, *, hashed: bool = False, page: str | None = None) -> None:
        """One byte of a line, with its digest or without."""
        digest = f"sha256({STORED})" if hashed else "digest"
        with self.superuser.transaction():
            self.superuser.execute(f"ALTER TABLE ardoise.entries DISABLE TRIGGER {GUARD}")
            done = self.superuser.execute(
                f"UPDATE ardoise.entries SET stored = {STORED}, digest = {digest} WHERE stream = %s AND version = %s"  # type: ignore[arg-type]
                ' AND position(\'"happened_at":"2024\'::bytea IN stored) > 0',
                (page or self.page, version),
            )
            self.superuser.execute(f"ALTER TABLE ardoise.entries ENABLE ALWAYS TRIGGER {GUARD}")
        assert done.rowcount == 1

    def lines(self) -> int:
        [(count,)] = self.superuser.execute(
            "SELECT count(*) FROM ardoise.entries WHERE commune = %s", (self.world.commune,)
        ).fetchall()
        return int(count)


@pytest.fixture
def town(world: World, module_database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    household = world.household("parent-1")
    child = world.child(household, "mercredis")
    world.clock.set("2024-01-16 09:00")
    [said] = made(world.guardian("parent-1").ask(child, "mercredis", DAY))["demandes"]
    with psycopg.connect(service_conninfo(module_database.service_url, Settings()), autocommit=True) as connection:
        seal_once(connection)
    made(patiently(lambda: world.who("auditor").get(f"/households/{household}/history")), 200)
    monkeypatch.setenv("ARDOISE_DATABASE_URL", as_url(module_database.service_url))
    with psycopg.connect(module_database.admin_url, autocommit=True) as superuser:
        yield Town(
            world=world,
            database=module_database,
            superuser=superuser,
            child=child,
            household=household,
            number=said["number"],
            instant=world.clock.instant.isoformat(),
        )


def altered(answer: httpx.Response, town: Town) -> None:
    """Whether nothing is told, and of nobody."""
    said = refused(answer, "altered_line", 500)
    assert said["title"] == "Registre altéré"
    assert said["correlation"] == answer.headers["X-Request-Id"]
    assert town.child not in answer.text
    assert DAY not in answer.text


CHANGES = {
    "the last line": (3, False),
    "a line in the middle": (2, False),
    "the last line, hashed again": (3, True),
    "a line in the middle, hashed again": (2, True),
}


@pytest.fixture(params=CHANGES.values(), ids=CHANGES.keys())
def changed(town: Town, request: pytest.FixtureRequest) -> tuple[Town, int]:
    """The town after a change, and the line."""
    version, hashed = request.param
    assert town.last == 3
    town.change(version, hashed=hashed)
    return town, version


def test_nothing_is_told_of_a_page_with_a_line_that_is_not_the_one_that_was_written(changed: tuple[Town, int]):
    town, _ = changed
    auditor = town.world.who("auditor")
    for path in (f"/children/{town.child}", f"/children/{town.child}/enrolments", f"/demandes/{town.number}"):
        altered(auditor.get(path, as_of=town.instant), town)
    altered(auditor.get(f"/children/{town.child}/calendar", month="2024-03", as_of=town.instant), town)
    altered(auditor.get(f"/children/{town.child}/entries"), town)
    altered(auditor.get(f"/households/{town.household}/history"), town)
    altered(auditor.get("/entries", limit=200), town)


def test_a_command_names_the_line_and_sends_to_verify(changed: tuple[Town, int]):
    town, version = changed
    commune = town.world.commune
    for words in (
        ("history", commune, "--child", town.child, *BY),
        ("history", commune, "--household", town.household, *BY, "--json"),
        ("as-of", commune, town.instant, "--child", town.child, *BY),
    ):
        ran = CliRunner().invoke(app, list(words))
        assert ran.exit_code == 1
        assert DAY not in ran.stdout
        [line] = ran.stderr.strip().splitlines()
        assert line == (
            f"ardoise: line {version} of {town.page} is not as it was written: run `ardoise verify {commune}`."
        )


def test_nothing_is_decided_upon_a_last_line_that_was_changed(town: Town):
    town.change(3)
    before = town.lines()
    altered(town.world.guardian("parent-1").ask(town.child, "mercredis", "2024-04-03"), town)
    assert town.lines() == before


@pytest.mark.parametrize("version", [2, 3])
def test_a_page_is_not_read_for_a_decision_when_one_of_its_lines_was_changed(town: Town, version: int):
    town.change(version)
    pool = open_pool(town.database.service_url, Settings())
    try:
        with pytest.raises(AlteredLineError, match=f"line {version} of {town.page} "):
            PostgresStore(pool).child(town.world.commune, ChildId(town.child))
    finally:
        pool.close()


def test_other_pages_are_told_as_before(town: Town):
    town.change(3)
    sibling = town.world.child(town.household, "mercredis")
    made(town.world.who("auditor").get(f"/children/{sibling}/entries"), 200)


def test_nothing_is_told_of_a_titre_whose_page_has_a_line_that_was_changed(town: Town):
    issue(town.database, town.world.commune, town.household, 501, 1_200, "2023-12")
    billing, parent = town.world.who("billing"), town.world.guardian("parent-1")
    [titre] = made(billing.get(f"/households/{town.household}/titres"), 200)["titres"]
    paths = [f"/titres/{titre['titre']}", f"/households/{town.household}/titres"]
    for reader in (billing, parent):
        made(reader.get(paths[0]), 200)
    town.change(1, page=f"payer/{town.world.commune}/{town.household}")
    for path in paths:
        altered(billing.get(path), town)
    altered(parent.get(paths[0]), town)
