"""Each line gets one position, without a gap, whatever commits late, rolls back, stays open or is killed."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest

from api.background import leader_conninfo
from api.seal_watch import SealWatch
from ledger.settings import Settings
from replay.leader import SEAL_LOCK, Leader
from replay.sealing import seal as sealing
from replay.sealing.seal import MOST_COUNTED, Seal, SealError, frontier, lag, seal_once
from tests.replay.lines import (
    OTHER,
    TOWN,
    Connection,
    all_rounds,
    bring,
    committed,
    leader,
    pages,
    reference_root,
    sealed,
    waiting,
    writer,
)
from tests.servers import Database

WRITERS = 8
EACH = 60


@pytest.fixture
def leads(database: Database) -> Iterator[Connection]:
    with leader(database) as connection:
        yield connection


def test_lines_get_positions_from_one_in_each_town(database: Database, leads: Connection):
    committed(database, "a", 1, 2)
    committed(database, "z", 1, town=OTHER)
    committed(database, "b", 1)
    trees = seal_once(leads)
    assert pages(database) == ["a 1", "a 2", "b 1"]
    assert pages(database, OTHER) == ["z 1"]
    for town, lines in ((TOWN, 3), (OTHER, 1)):
        found = sealed(database, town)
        assert [line.position for line in found] == list(range(1, lines + 1))
        assert trees[town] == (lines, lines, reference_root([line.stored for line in found]))
    assert {town: grown.lines for town, grown in seal_once(leads).items()} == {TOWN: 0, OTHER: 0}


@pytest.mark.parametrize("named", ["", OTHER])
def test_lines_a_superuser_brings_to_a_town_the_session_does_not_name_are_sealed(
    database: Database, leads: Connection, named: str
):
    with psycopg.connect(database.admin_url) as superuser:
        superuser.execute("SELECT set_config('ardoise.commune', %s, false)", (named,))
        bring(superuser, "zoe", 1, 2)
    seal = Seal()
    all_rounds(seal, leads)
    assert pages(database) == ["zoe 1", "zoe 2"]


def test_what_commits_late_is_sealed_when_it_commits_and_holds_nobody_up(database: Database, leads: Connection):
    seal = Seal()
    with writer(database) as late:
        bring(late, "late", 1)
        committed(database, "early", 1)
        all_rounds(seal, leads)
        assert pages(database) == ["early 1"]
        committed(database, "early", 2)
        all_rounds(seal, leads)
        assert pages(database) == ["early 1", "early 2"]
        seal.close(leads)
        assert waiting(database) == (3, [1])
        late.commit()
    all_rounds(seal, leads)
    assert pages(database) == ["early 1", "early 2", "late 1"]
    seal.close(leads)
    assert waiting(database) == (3, [])


def test_the_first_line_of_a_town_may_commit_late(database: Database, leads: Connection):
    seal = Seal()
    with writer(database) as late:
        bring(late, "late", 1)
        committed(database, "z", 1, town=OTHER)
        all_rounds(seal, leads)
        assert pages(database, OTHER) == ["z 1"]
    all_rounds(seal, leads)
    assert pages(database) == ["late 1"]


def test_a_number_that_was_rolled_back_is_waited_for_by_nobody(database: Database, leads: Connection):
    seal = Seal()
    with writer(database) as undone:
        bring(undone, "undone", 1)
        all_rounds(seal, leads)
        undone.rollback()
        bring(undone, "undone", 1)
        undone.rollback()
    committed(database, "a", 1)
    all_rounds(seal, leads)
    seal.close(leads)
    assert (pages(database), waiting(database)) == (["a 1"], (3, []))


def test_a_long_transaction_of_somebody_else_is_not_waited_for(database: Database, leads: Connection):
    with psycopg.connect(database.admin_url) as somebody:
        somebody.execute("CREATE TABLE public.theirs AS SELECT txid_current()")
        with writer(database) as undone:
            bring(undone, "undone", 1)
            undone.rollback()
        committed(database, "a", 1)
        seal_once(leads)
        assert (pages(database), waiting(database)) == (["a 1"], (2, []))


def test_a_gap_waits_only_for_those_who_were_there_when_it_was_seen(database: Database, leads: Connection):
    seal = Seal()
    with writer(database) as undone, writer(database) as long:
        bring(undone, "undone", 1)
        all_rounds(seal, leads)
        bring(long, "long", 1)
        undone.rollback()
        all_rounds(seal, leads)
        seal.close(leads)
        assert waiting(database) == (2, [2])


def test_gaps_of_a_long_transaction_cost_nothing_while_it_stays_open(database: Database, leads: Connection):
    seal = Seal()
    with writer(database) as long, writer(database) as undone:
        bring(long, "long", 1)
        for _ in range(50):
            bring(undone, "undone", *range(1, 101))
            all_rounds(seal, leads)
            undone.rollback()
        committed(database, "a", 1)
        all_rounds(seal, leads)
        all_rounds(seal, leads)
        seal.close(leads)
        watched = Watched(leads)
        all_rounds(seal, watched)
        assert len(watched.asked) == 2, "the last number, and who holds the lock"
        with writer(database) as more:
            bring(more, "more", 1)
        all_rounds(seal, leads)
        assert pages(database) == ["a 1", "more 1"]
        long.commit()
    all_rounds(seal, leads)
    assert pages(database) == ["a 1", "more 1", "long 1"]


class Watched:
    """A connection that remembers what it was asked, and lets something happen after a question."""

    def __init__(self, connection: Connection, after: dict[str, Callable[[], None]] | None = None) -> None:
        self.asked: list[str] = []
        self._connection = connection
        self._after = after or {}

    def execute(self, question: str, *values: Any, **how: Any) -> Any:
        self.asked.append(question)
        answered = self._connection.execute(question, *values, **how)
        for words in [words for words in self._after if words in question]:
            self._after.pop(words)()
        return answered

    def transaction(self) -> Any:
        return self._connection.transaction()


def test_a_line_that_commits_while_a_round_runs_is_found_by_the_next(database: Database, leads: Connection):
    with writer(database) as late:
        bring(late, "late", 1)
        seal = Seal()
        all_rounds(seal, Watched(leads, {"ardoise.seal_lines": late.commit}))
    all_rounds(seal, leads)
    assert pages(database) == ["late 1"]


@pytest.mark.parametrize("words", ["ardoise.arrivals", "pg_locks"])
def test_a_line_that_is_brought_while_a_round_runs_is_found_when_it_commits(
    database: Database, leads: Connection, words: str
):
    seal = Seal()
    with writer(database) as other, writer(database) as late:
        bring(other, "other", 1)
        all_rounds(seal, Watched(leads, {words: lambda: bring(late, "late", 1)}))
        other.commit()
        all_rounds(seal, leads)
        late.commit()
    all_rounds(seal, leads)
    assert pages(database) == ["other 1", "late 1"]


def test_a_new_leader_goes_on_where_the_last_one_stopped(database: Database, leads: Connection):
    with writer(database) as late:
        bring(late, "late", 1)
        committed(database, "a", 1)
        all_rounds(Seal(), leads)
        committed(database, "a", 2)
        late.commit()
    all_rounds(Seal(), leads)
    assert pages(database) == ["a 1", "late 1", "a 2"]


def test_a_leader_that_wrote_nothing_down_lately_loses_nothing(database: Database, leads: Connection):
    committed(database, "a", 1)
    all_rounds(Seal(), leads)
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("UPDATE ardoise.settled SET arrival = 0, missing = '{}'")
    committed(database, "a", 2)
    all_rounds(Seal(), leads)
    assert (pages(database), waiting(database)) == (["a 1", "a 2"], (2, []))


def test_lines_are_sealed_in_windows_in_the_order_of_their_pages(
    database: Database, leads: Connection, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sealing, "WINDOW", 7)
    seal = Seal()
    with writer(database) as late:
        bring(late, "a", *range(1, 31))
        bring(late, "b", *range(1, 31))
        with writer(database) as undone:
            bring(undone, "c", *range(1, 31))
            undone.rollback()
        all_rounds(seal, leads)
        assert pages(database) == []
    committed(database, "a", *range(31, 61))
    all_rounds(seal, leads)
    expected = (
        [f"a {at}" for at in range(1, 31)] + [f"b {at}" for at in range(1, 31)] + [f"a {at}" for at in range(31, 61)]
    )
    assert pages(database) == expected


def test_many_writers_that_commit_and_roll_back_are_sealed_gaplessly_and_once(database: Database):
    made = [
        Leader(name, SEAL_LOCK, leader_conninfo(database.service_url, Settings(), name), Seal)
        for name in ("one", "two")
    ]
    for each in made:
        each.start()
    with ThreadPoolExecutor(WRITERS) as threads:
        kept = sum(threads.map(lambda number: write_for_a_while(database, number), range(WRITERS)))
    for each in made:
        each.stop()
    with leader(database) as connection:
        seal_once(connection)
    for town in (TOWN, OTHER):
        lines = sealed(database, town)
        assert [line.position for line in lines] == list(range(1, len(lines) + 1))
        assert len({line.stored for line in lines}) == len(lines)
        for page in {line.page for line in lines}:
            versions = [line.version for line in lines if line.page == page]
            assert versions == list(range(1, len(versions) + 1))
        with leader(database) as connection:
            tree = frontier(connection, town, len(lines))
        assert tree.root() == reference_root([line.stored for line in lines])
    assert len(sealed(database)) + len(sealed(database, OTHER)) == kept
    with psycopg.connect(database.admin_url) as admin:
        assert admin.execute("SELECT count(*) FROM ardoise.entries").fetchone() == (kept,)


def write_for_a_while(database: Database, number: int) -> int:
    """Transactions of a writer, some of which it takes back, some of which it lets lie; how many lines it kept."""
    chance = random.Random(number)
    town = (TOWN, OTHER)[number % 2]
    version = 0
    with writer(database, town) as connection:
        for _ in range(EACH):
            lines = chance.randint(1, 5)
            bring(connection, f"page-{number}", *range(version + 1, version + lines + 1), town=town)
            if chance.random() < 0.3:
                time.sleep(chance.random() * 0.1)
            if chance.random() < 0.3:
                connection.rollback()
            else:
                connection.commit()
                version += lines
    return version


def test_two_who_seal_at_once_make_one_tree(database: Database):
    seals = Seal(), Seal()
    stop = threading.Event()

    def write() -> int:
        version = 0
        with writer(database) as connection:
            while version < 300 or (min(seal.sealed for seal in seals) < 10 and version < 20_000):
                version += 1
                bring(connection, "a", version)
                connection.commit()
        stop.set()
        return version

    def lead(seal: Seal) -> None:
        with leader(database) as connection:
            while not stop.is_set():
                seal.round(connection)
            all_rounds(seal, connection)

    with ThreadPoolExecutor(3) as threads:
        writing = threads.submit(write)
        list(threads.map(lead, seals))
    lines = writing.result()
    assert sum(seal.sealed for seal in seals) == lines
    assert min(seal.sealed for seal in seals) >= 10, "both sealed some"
    assert pages(database) == [f"a {version}" for version in range(1, lines + 1)]
    with leader(database) as connection:
        assert frontier(connection, TOWN, lines).root() == reference_root([line.stored for line in sealed(database)])


def test_a_leader_whose_lock_is_taken_away_does_not_fork_the_tree(database: Database):
    made = [
        Leader(name, SEAL_LOCK, leader_conninfo(database.service_url, Settings(), name), Seal)
        for name in ("one", "two")
    ]
    for each in made:
        each.start()
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        for version in range(1, 201):
            committed(database, "a", version)
            if version % 40 == 0:
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks"
                    " WHERE locktype = 'advisory' AND objid = 2 AND granted AND database ="
                    " (SELECT oid FROM pg_database WHERE datname = current_database())"
                )
        give_up_at = time.monotonic() + 10
        while len(sealed(database)) < 200 and time.monotonic() < give_up_at:
            time.sleep(0.05)
    assert [each.leads for each in made].count(True) == 1
    for each in made:
        each.stop()
    lines = sealed(database)
    assert pages(database) == [f"a {version}" for version in range(1, 201)]
    with leader(database) as connection:
        assert frontier(connection, TOWN, 200).root() == reference_root([line.stored for line in lines])


def test_nothing_is_sealed_below_a_sequence_that_was_not_restored(database: Database, leads: Connection):
    committed(database, "a", 1, 2, 3)
    seal = Seal()
    all_rounds(seal, leads)
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("SELECT setval('ardoise.arrivals', 1)")
    behind = r"up to number 3, and the sequence ardoise\.arrivals is at 1"
    for ask in (lambda: seal_once(leads), lambda: seal.round(leads), lambda: lag(leads, datetime.now(UTC))):
        with pytest.raises(SealError, match=behind):
            ask()
    watch = SealWatch(lambda: datetime.now(UTC))
    watch.sample(leads)
    assert watch.warnings() == ["seal_stopped"]
    with psycopg.connect(database.admin_url) as admin:
        admin.execute(put_right())
    committed(database, "a", 4)
    seal_once(leads)
    assert pages(database) == ["a 1", "a 2", "a 3", "a 4"]


def test_nothing_is_sealed_where_nothing_says_how_far_the_seal_came(database: Database, leads: Connection):
    committed(database, "a", 1, 2)
    running = Seal()
    all_rounds(running, leads)
    running.close(leads)
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("DELETE FROM ardoise.settled")
    committed(database, "a", 3)
    all_rounds(running, leads)
    for ask in (
        lambda: running.close(leads),
        lambda: seal_once(leads),
        lambda: Seal().round(leads),
        lambda: lag(leads, datetime.now(UTC)),
    ):
        with pytest.raises(SealError, match=r"INSERT INTO ardoise\.settled DEFAULT VALUES"):
            ask()
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("INSERT INTO ardoise.settled DEFAULT VALUES")
    committed(database, "a", 4)
    seal_once(leads)
    assert pages(database) == ["a 1", "a 2", "a 3", "a 4"], "none was sealed twice"


def put_right() -> str:
    """What the page of the operator says to do."""
    page = (Path(__file__).parents[2] / "docs" / "operating.md").read_text()
    [found] = [line for line in page.splitlines() if line.startswith("| `seal_stopped` |")]
    return "SELECT " + found.split("`SELECT ")[1].split("`")[0]


def test_a_tree_whose_rows_were_taken_out_does_not_grow(database: Database, leads: Connection):
    committed(database, "a", *range(1, 301))
    seal_once(leads)
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("DELETE FROM ardoise.tree_nodes")
    committed(database, "a", 301)
    with pytest.raises(SealError, match="has 300 leaves and only 44 of them are kept"):
        seal_once(leads)


def test_a_round_that_was_rolled_back_is_not_counted(database: Database, leads: Connection):
    committed(database, "a", *range(1, 301))
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("ALTER TABLE ardoise.tree_nodes ADD CONSTRAINT no_more CHECK (false) NOT VALID")
    seal = Seal()
    with pytest.raises(psycopg.errors.CheckViolation):
        seal.round(leads)
    assert seal.sealed == 0
    with psycopg.connect(database.admin_url) as admin:
        admin.execute("ALTER TABLE ardoise.tree_nodes DROP CONSTRAINT no_more")
    again = Seal()
    all_rounds(again, leads)
    assert again.sealed == 300


def test_the_lag_counts_what_is_committed_and_not_sealed(database: Database, leads: Connection):
    assert lag(leads, datetime.now(UTC)) == {}
    with writer(database) as late:
        bring(late, "late", 1)
        committed(database, "a", 1)
        all_rounds(Seal(), leads)
        assert lag(leads, datetime.now(UTC)) == {}
        committed(database, "b", *range(1, MOST_COUNTED + 100), town=OTHER)
        late.commit()
    behind = lag(leads, datetime.now(UTC) + timedelta(hours=1))
    assert {town: each.entries for town, each in behind.items()} == {TOWN: 1, OTHER: MOST_COUNTED}
    assert all(3600 <= each.seconds < 3700 for each in behind.values())
    all_rounds(Seal(), leads)
    assert lag(leads, datetime.now(UTC)) == {}


def test_the_order_of_arrivals_is_that_of_the_lines_of_a_page(database: Database):
    with writer(database) as connection:
        bring(connection, "a", *range(200, 0, -1))
        connection.commit()
        found = connection.execute("SELECT version, arrival FROM ardoise.entries ORDER BY version").fetchall()
    assert all(two[1] == one[1] + 1 for one, two in pairwise(found))
