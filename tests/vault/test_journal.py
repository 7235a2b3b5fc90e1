"""The journal of erasures: on the disk before the database hears of it, and believed after a restore."""

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import partial
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any, cast

import orjson
import psycopg
import pytest

from commands.erase_people import Agreement, ErasePeople, Whom
from commands.guardians import AddGuardian
from ledger.database import open_pool
from ledger.identifiers import GuardianId, HouseholdId, PersonId, Subject
from ledger.memory import MemoryStore
from ledger.postgres import PostgresStore
from ledger.settings import Settings
from ledger.streams import household_page
from projections.inline import project
from replay.erasures import Replayed, replay, settle
from replay.verifying.verify import verify
from tests.servers import Cluster, Database
from tests.spec import Story, registered
from tests.town import MATTEO, ROSSI, VALMONT, at
from tests.vault.rings import new_ring
from vault.journal import Intent, Journal, Journaled, JournalError
from vault.people import ERASED, Pool, Vault
from vault.sealing import KeyRing, canonical

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
PAOLA = GuardianId("g-paola")
PEOPLE = [PersonId(MATTEO.id), PersonId(PAOLA)]
AGREEMENT = Agreement(reference="AD78-2026/12", agreed_by=Subject("archiviste"), agreed_on=date(2026, 11, 12))
ERASE = ErasePeople(whom=Whom(household=ROSSI, children=[MATTEO.id]), agreement=AGREEMENT)


def intent(person: str = "matteo", attempt: str = "t-1") -> Intent:
    return Intent(
        attempt=attempt,
        commune=VALMONT,
        person=PersonId(person),
        page=household_page(VALMONT, HouseholdId("h-1")),
        erased_at=NOW,
        agreement="A-1",
        agreed_by="archiviste",
        agreed_on=date(2026, 11, 12),
        command="c-1",
        actor="admin-1",
    )


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal.open(Settings(data=tmp_path))


def test_what_is_written_is_read_again(journal: Journal) -> None:
    journal.intend([intent("matteo"), intent("paola")])
    journal.intend([intent("awa", "t-2")])
    journal.confirm(VALMONT, "t-1")
    written = journal.read()
    assert list(written.intents) == [intent("matteo"), intent("paola"), intent("awa", "t-2")]
    assert written.confirmed == {"t-1"}
    assert journal.path.stat().st_mode & 0o777 == 0o600
    assert all(orjson.loads(line) for line in journal.path.read_bytes().splitlines())


def test_it_is_in_the_data_directory_unless_another_is_named(tmp_path: Path) -> None:
    settings = Settings.from_environment({"ARDOISE_DATA": str(tmp_path / "data")})
    assert Journal.open(settings).path == tmp_path / "data" / "erasures.ndjson"
    named = Settings.from_environment({"ARDOISE_ERASURES": str(tmp_path / "elsewhere")})
    assert Journal.open(named).path == tmp_path / "elsewhere" / "erasures.ndjson"


def test_a_line_whose_writer_died_is_not_joined_to_the_next(journal: Journal) -> None:
    journal.intend([intent("matteo")])
    with journal.path.open("ab") as file:
        file.write(b'{"state":"done","att')
    assert list(journal.read().intents) == [intent("matteo")]
    journal.confirm(VALMONT, "t-1")
    assert journal.read().confirmed == {"t-1"}


@pytest.mark.parametrize("line", [b"hello", b"[]", b'{"state":"intent"}', b"", b'{"state":"done"}', b"\xff"])
def test_a_journal_that_somebody_wrote_in_is_refused(journal: Journal, line: bytes) -> None:
    journal.intend([intent()])
    with journal.path.open("ab") as file:
        file.write(line + b"\n")
    with pytest.raises(JournalError, match=r"line 2 of .*erasures\.ndjson is not one of the journal of erasures"):
        journal.read()


def test_a_journal_that_cannot_be_written_stops_the_service(tmp_path: Path) -> None:
    (tmp_path / "erasures.ndjson").mkdir()
    with pytest.raises(
        JournalError, match=r"cannot be written: Is a directory\. Name its directory in ARDOISE_ERASURES"
    ):
        Journal.open(Settings(data=tmp_path))
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="cannot be written"):
        Journal.open(Settings(erasures=tmp_path / "file"))


def test_many_write_at_once_and_every_line_is_whole(journal: Journal) -> None:
    def write(place: int) -> None:
        Journal(journal.path).intend([intent(f"p-{place}", f"t-{place}")])
        journal.confirm(VALMONT, f"t-{place}")

    with ThreadPool(8) as threads:
        threads.map(write, range(60))
    written = journal.read()
    assert len(written.intents) == 60
    assert written.confirmed == {each.attempt for each in written.intents}


def test_whoever_writes_waits_for_whoever_is_writing(journal: Journal) -> None:
    with journal.path.open("rb") as held, ThreadPool(1) as threads:
        fcntl.flock(held, fcntl.LOCK_EX)
        waiting = threads.apply_async(journal.intend, ([intent()],))
        waiting.wait(0.3)
        assert not waiting.ready()
        fcntl.flock(held, fcntl.LOCK_UN)
        waiting.get(10)
    assert list(journal.read().intents) == [intent()]


# With a database ----------------------------------------------------------------------------------------------------


class House:
    """A database, its vault and its journal, and a family in it."""

    def __init__(self, database: Database, pool: Pool, journal: Journal, ring: KeyRing) -> None:
        self.database, self.pool, self.journal = database, pool, journal
        self.store = PostgresStore(pool, project=project)
        self.vault = Vault(ring, pool)

    def story(self, *, journaled: bool = True) -> Story:
        store = Journaled(self.store, self.journal, partial(settle, pool=self.pool)) if journaled else self.store
        return Story(commune=VALMONT, store=cast("MemoryStore", store), now=at("2026-11-20 10:00"))

    def live(self) -> None:
        story = self.story(journaled=False)
        registered(MATTEO)(story)
        story.must(AddGuardian(household=ROSSI, guardian=PAOLA, subject=Subject("parent-1")))
        for person in PEOPLE:
            self.know(person)

    def know(self, person: PersonId) -> None:
        key = self.vault.key_of(VALMONT, person, NOW)
        with self.pool.connection() as connection, connection.transaction():
            connection.execute("SELECT set_config('ardoise.commune', %s, true)", (VALMONT,))
            sealed = key.seal("identity", canonical({"given_name": "Zoé"}))
            values = VALMONT, person, "identity", sealed, NOW
            connection.execute("INSERT INTO vault.records VALUES (%s, %s, %s, %s, %s)", values)

    def known(self) -> set[PersonId]:
        found = self.vault.people(VALMONT, PEOPLE)
        return {person for person, details in found.items() if details is not ERASED and details}

    def replay(self) -> Replayed:
        return replay(self.journal, PostgresStore(self.pool, project=project), self.pool, now=NOW)

    def facts(self) -> list[dict[str, Any]]:
        """What the pages say of forgetting, and when it happened."""
        with psycopg.connect(self.database.admin_url) as connection:
            rows = connection.execute(
                "SELECT type, convert_from(stored, 'UTF8')::jsonb FROM ardoise.entries"
                " WHERE type LIKE 'person_erased%' ORDER BY stream"
            ).fetchall()
        return [said for _, said in rows]

    def instants(self) -> set[str]:
        """When people were forgotten, as the list of them tells it and as the vault does."""
        with psycopg.connect(self.database.admin_url) as connection:
            rows = connection.execute(
                "SELECT erased_at FROM ardoise.erased_people"
                " UNION ALL SELECT erased_at FROM vault.keys WHERE wrapped IS NULL"
            ).fetchall()
        return {said.astimezone(UTC).isoformat() for [said] in rows}

    def sound(self) -> bool:
        with psycopg.connect(self.database.service_url, autocommit=True) as connection:
            connection.execute("SET ROLE ardoise_app; SET search_path = ardoise")
            return list(verify(connection, VALMONT)) == []


@pytest.fixture
def ring() -> KeyRing:
    return new_ring()


@pytest.fixture
def house(database: Database, journal: Journal, ring: KeyRing) -> Iterator[House]:
    pool = open_pool(database.service_url, Settings(pool_size=2))
    made = House(database, pool, journal, ring)
    made.live()
    yield made
    pool.close()


@pytest.fixture
def restored(house: House, cluster: Cluster, ring: KeyRing) -> Iterator[House]:
    """The database as a backup knew it before the family was forgotten, and the journal as it is now."""
    house.pool.close()
    with cluster.database(house.database.name) as backup:
        for database in (house.database, backup):
            pool = open_pool(database.service_url, Settings(pool_size=2))
            there = House(database, pool, house.journal, ring)
            if database is house.database:
                there.story().must(ERASE)
                assert there.known() == set()
                pool.close()
                continue
            yield there
            pool.close()


def test_an_erasure_is_in_the_journal_before_and_after_its_transaction(house: House) -> None:
    house.story().must(ERASE)
    written = house.journal.read()
    assert [(each.person, each.page) for each in written.intents] == [
        (MATTEO.id, f"child/valmont/{MATTEO.id}"),
        (PAOLA, f"household/valmont/{ROSSI}"),
    ]
    assert {each.attempt for each in written.intents} == written.confirmed
    assert (written.intents[0].agreement, written.intents[0].actor) == ("AD78-2026/12", "somebody")
    assert house.known() == set()
    again = house.replay()
    assert (again.known, again.again, again.confirmed, again.unfinished) == (2, (), 0, ())


def test_nobody_is_forgotten_when_the_journal_cannot_be_written(house: House) -> None:
    house.journal.path.unlink()
    house.journal.path.mkdir()
    with pytest.raises(JournalError):
        house.story().do(ERASE)
    assert house.known() == set(PEOPLE)
    assert house.facts() == []


def test_whoever_comes_back_with_a_backup_is_forgotten_again(restored: House) -> None:
    assert restored.known() == set(PEOPLE)
    done = restored.replay()
    assert {each.person for each in done.again} == set(PEOPLE)
    assert restored.known() == set()
    first, second = restored.facts()
    for said in (first, second):
        assert said["fact"]["agreement"] == "AD78-2026/12"
        assert said["happened_at"] == "2026-11-20T09:00:00.000000Z"
        assert said["actor"] == "somebody"
    assert restored.instants() == {"2026-11-20T09:00:00+00:00"}
    assert restored.sound()
    assert restored.replay().again == ()
    assert len(restored.facts()) == 2


def test_two_services_that_start_together_forget_once(restored: House) -> None:
    with ThreadPool(2) as threads:
        threads.map(lambda _: restored.replay(), range(2))
    assert restored.known() == set()
    assert len(restored.facts()) == 2
    assert restored.sound()


def test_a_key_that_came_back_alone_is_destroyed_again(house: House) -> None:
    house.story().must(ERASE)
    with psycopg.connect(house.database.admin_url, autocommit=True) as superuser:
        superuser.execute("DELETE FROM vault.keys")
    for person in PEOPLE:
        house.know(person)
    assert house.known() == set(PEOPLE)
    assert {each.person for each in house.replay().again} == set(PEOPLE)
    assert house.known() == set()
    assert len(house.facts()) == 2


def test_a_page_that_does_not_say_it_is_told_again(house: House, journal: Journal) -> None:
    told = replace(intent(PAOLA), page=household_page(VALMONT, ROSSI))
    journal.intend([told])
    journal.confirm(VALMONT, told.attempt)
    with house.pool.connection() as connection:
        connection.execute("SELECT vault.forget(%s, %s, %s)", (VALMONT, PAOLA, NOW))
    assert [each.person for each in house.replay().again] == [PersonId(PAOLA)]
    [said] = house.facts()
    assert (said["fact"]["person"], said["fact"]["agreement"]) == (PAOLA, "A-1")
    assert house.known() == {PersonId(MATTEO.id)}
    assert house.sound()


def test_a_database_older_than_the_family_has_nothing_to_forget(house: House, journal: Journal) -> None:
    stranger = replace(intent("p-nobody"), page=household_page(VALMONT, HouseholdId("h-nobody")))
    journal.intend([stranger])
    journal.confirm(VALMONT, "t-1")
    assert house.replay() == Replayed(known=1)


KILLED = """
import os, sys
from pathlib import Path
from tests.vault import test_journal as told

url, journal, when = sys.argv[1:]
pool = told.open_pool(url, told.Settings(pool_size=1))
store = told.PostgresStore(pool, project=told.project)

class Deadly:
    def append(self, append):
        os.kill(os.getpid(), 9)
    def __getattr__(self, name):
        return getattr(store, name)
kept = told.Journaled(Deadly() if when == "before the commit" else store, told.Journal(Path(journal)), lambda _: None)
if when == "after the commit":
    told.Journal.confirm = lambda *_: os.kill(os.getpid(), 9)
story = told.Story(commune=told.VALMONT, store=kept, now=told.at("2026-11-20 10:00"))
story.must(told.ERASE)
"""


def killed(house: House, when: str) -> None:
    """Erases in a process that dies by the hand of nobody, at this moment."""
    script = [sys.executable, "-c", KILLED, house.database.service_url, str(house.journal.path), when]
    root = Path(__file__).parent.parent.parent
    ours = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(script, cwd=root, env=ours, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    assert len(house.journal.read().intents) == 2
    assert house.journal.read().confirmed == frozenset()


def test_killed_before_the_commit_nobody_was_forgotten_and_it_is_said(house: House) -> None:
    killed(house, "before the commit")
    assert house.known() == set(PEOPLE)
    found = house.replay()
    assert [each.person for each in found.unfinished] == PEOPLE
    assert (found.again, found.confirmed) == ((), 0)
    assert house.known() == set(PEOPLE)
    house.story().must(ERASE)
    assert house.replay().unfinished == ()


def test_killed_after_the_commit_the_journal_is_confirmed_by_the_next_start(house: House) -> None:
    killed(house, "after the commit")
    assert house.known() == set()
    found = house.replay()
    assert (found.confirmed, found.unfinished, found.again) == (1, (), ())
    assert len(house.journal.read().confirmed) == 1
    assert house.replay().confirmed == 0
