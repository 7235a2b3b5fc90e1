"""A superuser rewrites the past as well as they can; each time the exact line is named."""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, LiteralString, cast

import orjson
import psycopg
import pytest

from benchmarks.generated import TOWN as SCHOOLS
from benchmarks.generated import fill
from ledger.codec import canonical
from ledger.database import open_pool, service_conninfo
from ledger.identifiers import Commune
from ledger.memory import MemoryStore
from ledger.postgres import PostgresStore
from ledger.settings import Settings
from projections.inline import project
from replay.following import follower
from replay.sealing.checkpoint import Checkpoint
from replay.sealing.merkle import leaf_hash
from replay.sealing.notary import Notary
from replay.sealing.seal import seal_once
from replay.verifying.findings import Finding
from replay.verifying.pool import VerificationStoppedError, pool_of
from replay.verifying.verify import Verification
from tests.asks import approve, cancel, reserve
from tests.servers import Database
from tests.spec import Story, enrolled
from tests.town import MATTEO, MERCREDIS, VALMONT, at, rulebooks

SETTINGS = Settings()
PAGE = f"child/{VALMONT}/{MATTEO.id}"
Line = dict[str, Any]


@dataclass
class Town:
    """A sealed and signed town, and somebody who may do anything to its tables."""

    database: Database
    superuser: psycopg.Connection
    notary: Notary
    positions: dict[int, int]
    """Of the lines of Matteo's page."""
    story: Story

    def lines(self) -> list[Line]:
        """The page, as JSON."""
        rows = self.superuser.execute("SELECT stored FROM entries WHERE stream = %s ORDER BY version", (PAGE,))
        return [orjson.loads(stored) for (stored,) in rows]

    def write(self, lines: list[Line], first: int, *, reseal: bool = False) -> None:
        """Puts the page's lines from one on, chained again as if they had always been so."""
        for version, line in enumerate(lines, start=1):
            if version < first:
                continue
            previous = sha256(canonical(lines[version - 2])).hexdigest()
            line.update(previous=previous, version=version)
            stored = canonical(line)
            found = self.superuser.execute(
                "UPDATE entries SET stored = %s, digest = sha256(%s), type = %s WHERE stream = %s AND version = %s",
                (stored, stored, line["type"], PAGE, version),
            )
            if not found.rowcount:
                self.superuser.execute(
                    "INSERT INTO entries (commune, stream, version, type, recorded_at, stored, digest)"
                    " VALUES (%s, %s, %s, %s, %s, %s, sha256(%s))",
                    (VALMONT, PAGE, version, line["type"], line["recorded_at"], stored, stored),
                )
            if reseal:
                self.superuser.execute(
                    "UPDATE seals SET leaf = %s WHERE stream = %s AND line = %s", (leaf_hash(stored), PAGE, version)
                )

    def checkpoints(self) -> list[Checkpoint]:
        return [self.notary.files.read(VALMONT, size) for size in self.notary.files.sizes(VALMONT)]

    def later(self) -> None:
        """The town goes on, and so does the seal."""
        self.story.now = at("2024-01-10 11:30")
        reserve("2024-03-13")(self.story)
        with self.connected() as connection:
            seal_once(connection)

    def sign(self) -> None:
        with self.connected() as connection:
            seal_once(connection)
            self.notary.sign(connection, VALMONT, at("2024-01-10 12:00"))

    def connected(self) -> psycopg.Connection:
        return psycopg.connect(service_conninfo(self.database.service_url, SETTINGS), autocommit=True)

    def verified(self, *, signed: bool = False, processes: int = 1) -> list[Finding]:
        """What is found of lines and tree, but for the triggers and what follows from the pages that are broken."""
        one = Verification(
            commune=VALMONT,
            checkpoints=self.checkpoints() if signed else (),
            rows=False,
            processes=processes,
            conninfo=service_conninfo(self.database.service_url, SETTINGS),
        )
        with self.connected() as connection:
            return [found for found in one.run(connection) if found.what not in ("guard_missing", "not_compared")]

    def only(self, *, signed: bool = False) -> Finding:
        [found] = self.verified(signed=signed)
        return found

    def named(self, what: str, line: int, *, position: bool = True, signed: bool = False) -> Finding:
        found = self.only(signed=signed)
        expected = self.positions[line] if position else None
        assert (found.what, found.stream, found.line, found.position) == (what, PAGE, line, expected)
        return found


@pytest.fixture
def town(database: Database, tmp_path: Path) -> Iterator[Town]:
    pool = open_pool(database.service_url, SETTINGS)
    notary = Notary.open(Settings(data=tmp_path))
    try:
        store = PostgresStore(pool, project=project)
        story = Story(commune=VALMONT, store=cast("MemoryStore", store), now=at("2024-01-10 10:00"))
        from commands.adopt_rulebook import AdoptRulebook

        for text in rulebooks(VALMONT):
            story.must(AdoptRulebook(content=text))
        enrolled(MATTEO, activity=MERCREDIS)(story)
        reserve("2024-03-27", "2024-03-20")(story)
        with psycopg.connect(database.admin_url, autocommit=True) as superuser:
            superuser.execute("SET search_path = ardoise")
            made = Town(database, superuser, notary, {}, story)
            made.sign()
            approve()(story)
            cancel("2024-03-27")(story)
            approve()(story)
            made.sign()
            made.positions = dict(
                superuser.execute("SELECT line, position FROM seals WHERE stream = %s", (PAGE,)).fetchall()
            )
            assert max(made.positions) >= 5
            for table in ("entries", "seals"):
                superuser.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            yield made
    finally:
        pool.close()


def test_a_sealed_town_nobody_touched_has_nothing_to_say(town: Town) -> None:
    assert len(town.checkpoints()) == 2
    assert town.verified(signed=True) == []


def test_several_processes_say_the_same(town: Town) -> None:
    assert town.verified(signed=True, processes=2) == []
    town.superuser.execute(
        "UPDATE entries SET stored = set_byte(stored, 20, get_byte(stored, 20) # 1) WHERE stream = %s AND version = 3",
        (PAGE,),
    )
    assert town.verified(processes=2) == town.verified()
    town.named("line_changed", 3)


def test_an_edit_of_the_bytes(town: Town) -> None:
    town.superuser.execute(
        "UPDATE entries SET stored = set_byte(stored, 20, get_byte(stored, 20) # 1) WHERE stream = %s AND version = 4",
        (PAGE,),
    )
    town.named("line_changed", 4)


def edited(lines: list[Line]) -> None:
    lines[2]["correlation"] = "another"


def swapped(lines: list[Line]) -> None:
    lines[2], lines[3] = lines[3], lines[2]


def removed(lines: list[Line]) -> None:
    del lines[2]


REWRITINGS = {"an edit": edited, "a swap": swapped, "a removal": removed}


@pytest.mark.parametrize("rewrite", REWRITINGS.values(), ids=REWRITINGS.keys())
def test_a_page_written_anew_with_all_that_follows(town: Town, rewrite: Callable[[list[Line]], None]) -> None:
    lines = town.lines()
    rewrite(lines)
    town.write(lines, 3)
    town.superuser.execute("DELETE FROM entries WHERE stream = %s AND version > %s", (PAGE, len(lines)))
    assert " after it" in town.named("line_rewritten", 3).where


def test_a_line_put_between_two_others(town: Town) -> None:
    lines = town.lines()
    lines.insert(2, {**lines[2], "actor": "somebody-else"})
    town.superuser.execute("UPDATE entries SET version = version + 100 WHERE stream = %s AND version > 2", (PAGE,))
    town.superuser.execute("UPDATE entries SET version = version - 99 WHERE stream = %s AND version > 100", (PAGE,))
    town.write(lines, 3)
    found = town.only()
    assert (found.what, found.stream, found.line) == ("line_inserted", PAGE, 3)


def test_an_edit_whose_chain_was_not_written_anew(town: Town) -> None:
    lines = town.lines()
    edited(lines)
    stored = canonical(lines[2])
    town.superuser.execute(
        "UPDATE entries SET stored = %s, digest = sha256(%s) WHERE stream = %s AND version = 3", (stored, stored, PAGE)
    )
    town.named("line_rewritten", 3)


def test_two_lines_that_changed_places(town: Town) -> None:
    town.superuser.execute(
        "UPDATE entries SET version = 107 - version WHERE stream = %s AND version IN (3, 4)", (PAGE,)
    )
    town.superuser.execute("UPDATE entries SET version = version - 100 WHERE stream = %s AND version > 100", (PAGE,))
    found = town.only()
    assert (found.what, found.stream, found.line) == ("line_out_of_place", PAGE, 3)


def test_a_line_that_is_gone(town: Town) -> None:
    town.superuser.execute("DELETE FROM entries WHERE stream = %s AND version = 3", (PAGE,))
    assert "lines 3 to 3" in town.named("lines_missing", 3).where


def test_the_last_line_of_a_page_that_is_gone(town: Town) -> None:
    last = max(town.positions)
    town.superuser.execute("DELETE FROM entries WHERE stream = %s AND version = %s", (PAGE, last))
    town.named("sealed_line_missing", last)


def test_the_last_lines_of_a_page_and_their_seals(town: Town) -> None:
    last = max(town.positions)
    town.superuser.execute("DELETE FROM entries WHERE stream = %s AND version = %s", (PAGE, last))
    town.superuser.execute("DELETE FROM seals WHERE stream = %s AND line = %s", (PAGE, last))
    town.superuser.execute("UPDATE trees SET size = size - 1")
    assert town.positions[last] == max(town.positions.values()), "the last line of the town"
    found = town.only(signed=True)
    assert (found.what, found.position) == ("sealed_lines_gone", town.positions[last])
    assert town.verified() == [], "nothing in the database says it any more"


def test_every_position_that_was_cut_off_the_end_is_named_up_to_the_last_checkpoint(town: Town) -> None:
    first, second = (each.head.size for each in town.checkpoints())
    town.superuser.execute(
        "DELETE FROM entries USING seals WHERE seals.arrival = entries.arrival AND position >= %s", (first,)
    )
    town.superuser.execute("DELETE FROM seals WHERE position >= %s", (first,))
    town.superuser.execute("UPDATE trees SET size = %s", (first - 1,))
    assert second > first + 1
    [found] = [found for found in town.verified(signed=True) if found.what == "sealed_lines_gone"]
    assert (found.where, found.position) == (
        f"positions {first} to {second}, which the last checkpoint says were sealed",
        first,
    )


def test_a_tail_written_anew_and_shorter_is_told_by_what_differs_and_by_what_is_gone(town: Town) -> None:
    first, second = (each.head.size for each in town.checkpoints())
    lines, last = town.lines(), max(town.positions)
    edited(lines)
    town.write(lines, 3, reseal=True)
    town.superuser.execute("DELETE FROM entries WHERE stream = %s AND version = %s", (PAGE, last))
    town.superuser.execute("DELETE FROM seals WHERE stream = %s AND line = %s", (PAGE, last))
    town.superuser.execute("UPDATE trees SET size = size - 1")
    found = {each.what: each.where for each in town.verified(signed=True)}
    assert found.keys() == {"checkpoint_differs", "sealed_lines_gone"}
    assert found["checkpoint_differs"].startswith(f"the checkpoint of {first} lines")
    assert found["sealed_lines_gone"] == f"position {second}, which the last checkpoint says was sealed"


def test_lines_that_are_gone_with_their_seals_were_followed_before(town: Town) -> None:
    with town.connected() as connection:
        follower.follow_once(connection)
    last = max(town.positions)
    town.superuser.execute("DELETE FROM entries WHERE stream = %s AND version >= %s", (PAGE, last - 1))
    town.superuser.execute("DELETE FROM seals WHERE stream = %s AND line >= %s", (PAGE, last - 1))
    town.superuser.execute("UPDATE trees SET size = size - 2")
    positions = [town.positions[last - 1], town.positions[last]]
    found = town.only()
    assert found.where == f"positions {positions[0]} to {positions[1]}, which were followed once"


def test_a_page_that_is_gone(town: Town) -> None:
    town.superuser.execute("DELETE FROM entries WHERE stream = %s", (PAGE,))
    assert f"and {len(town.positions) - 1} after it" in town.named("sealed_line_missing", 1).where


def test_a_ledger_that_is_gone(town: Town) -> None:
    for table in ("entries", "seals"):
        town.superuser.execute(f"DELETE FROM {table}")
    town.superuser.execute("UPDATE trees SET size = 0")
    found = town.only(signed=True)
    assert (found.what, found.position) == ("sealed_lines_gone", 1)


def test_a_seal_that_is_gone(town: Town) -> None:
    town.superuser.execute("DELETE FROM seals WHERE stream = %s AND line = 3", (PAGE,))
    whats = {(found.what, found.line or found.position) for found in town.verified()}
    assert ("seal_missing", town.positions[3]) in whats
    assert ("never_sealed", 3) in whats


def test_a_line_nobody_sealed(town: Town) -> None:
    last = max(town.positions)
    town.superuser.execute("DELETE FROM seals WHERE stream = %s AND line = %s", (PAGE, last))
    town.superuser.execute("UPDATE trees SET size = size - 1")
    found = town.only()
    assert (found.what, found.stream, found.line) == ("never_sealed", PAGE, last)


SETTLED = {
    "set back": "UPDATE settled SET arrival = 0",
    "said to wait for it": "UPDATE settled SET missing = ARRAY(SELECT arrival FROM entries WHERE version = 3)",
    "gone": "DELETE FROM settled",
}


@pytest.mark.parametrize("statement", SETTLED.values(), ids=SETTLED.keys())
def test_a_seal_that_is_gone_whatever_is_written_of_how_far_the_seal_came(town: Town, statement: LiteralString) -> None:
    town.later()
    town.superuser.execute("DELETE FROM seals WHERE stream = %s AND line = 3", (PAGE,))
    town.superuser.execute(statement)
    assert ("never_sealed", 3) in {(found.what, found.line) for found in town.verified()}


def test_how_far_the_seal_came_is_not_written_any_more(town: Town) -> None:
    town.superuser.execute("DELETE FROM settled")
    found = town.only()
    assert (found.what, found.where) == ("settled_missing", "the row of ardoise.settled")


def test_a_past_written_anew_with_its_seals_differs_from_a_checkpoint(town: Town) -> None:
    lines = town.lines()
    late = max(town.positions)
    lines[late - 1]["correlation"] = "another"
    town.write(lines, late, reseal=True)
    first, second = town.checkpoints()
    found = town.only(signed=True)
    assert (found.what, found.position) == ("checkpoint_differs", first.head.size + 1)
    assert f"between positions {first.head.size + 1} and {second.head.size}" in found.where
    assert town.verified() == [], "nothing in the database says it any more"


def test_an_older_past_differs_from_the_first_checkpoint(town: Town) -> None:
    lines = town.lines()
    edited(lines)
    town.write(lines, 3, reseal=True)
    found = town.only(signed=True)
    assert (found.what, found.position) == ("checkpoint_differs", 1)


def test_a_size_that_is_not_that_of_the_tree(town: Town) -> None:
    town.superuser.execute("UPDATE trees SET size = size + 1")
    assert town.only().what == "tree_size_differs"


def test_a_hash_of_nothing(town: Town) -> None:
    town.superuser.execute("INSERT INTO tree_nodes VALUES (%s, 8, 0, %s)", (VALMONT, bytes(32)))
    found = town.only()
    assert (found.what, found.where) == ("node_of_nothing", "the hash above positions 1 to 256")


def test_a_hash_that_is_not_that_of_its_leaves(database: Database) -> None:
    with psycopg.connect(service_conninfo(database.service_url, SETTINGS), autocommit=True) as connection:
        fill(connection, 1_000)
        seal_once(connection)
        with psycopg.connect(database.admin_url) as superuser:
            changed = superuser.execute(
                "UPDATE ardoise.tree_nodes SET hash = sha256(hash) WHERE (height, index) = (8, 0)"
            )
            assert changed.rowcount == 1
        found = list(Verification(commune=Commune(SCHOOLS), rows=False).run(connection))
    assert [(each.what, each.where) for each in found if each.what != "answer_missing"] == [
        ("node_differs", "the hash above positions 1 to 256")
    ]


def stopped(*_: object) -> None:
    """A task whose process is killed in the middle of it."""
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_that_is_killed_ends_the_verification_in_one_line(town: Town) -> None:
    conninfo = service_conninfo(town.database.service_url, SETTINGS)
    with (
        town.connected() as connection,
        connection.transaction(),
        pytest.raises(VerificationStoppedError, match="run it again"),
        pool_of(connection, VALMONT, conninfo, 2, lambda _: None) as pool,
    ):
        pool.all(stopped, [()])


def test_an_answer_that_is_gone(town: Town) -> None:
    command = town.lines()[2]["command"]
    town.superuser.execute("DELETE FROM answers WHERE command = %s", (command,))
    found = town.named("answer_missing", 3)
    assert command in found.where


def test_a_refusal_that_wrote_lines(town: Town) -> None:
    town.superuser.execute("UPDATE answers SET status = 409 WHERE command = %s", (town.lines()[2]["command"],))
    town.named("refused_with_lines", 3)


@pytest.mark.parametrize(
    "change",
    ["subject = 'somebody-else'", "client = 'another'", "answered_at = answered_at + interval '1 microsecond'"],
)
def test_an_answer_to_another_than_who_signed_or_at_another_time(town: Town, change: LiteralString) -> None:
    command = town.lines()[2]["command"]
    town.superuser.execute(f"UPDATE answers SET {change} WHERE command = %s", (command,))
    found = town.named("answer_differs", 3)
    assert command in found.where


def test_a_command_answered_under_two_keys(town: Town) -> None:
    command = town.lines()[2]["command"]
    town.superuser.execute(
        "INSERT INTO answers SELECT commune, client, subject, key || '-again', fingerprint, command, status, headers,"
        " body, answered_at FROM answers WHERE command = %s",
        (command,),
    )
    found = town.only()
    assert (found.what, found.where) == ("command_under_two_keys", f"command {command}")


PASTS = {
    "place_changes": "UPDATE place_changes SET delta = delta * 2",
    "demande_versions": "UPDATE demande_versions SET status = 'retiree' WHERE status = 'en_cours'",
    "household_children": "DELETE FROM household_children",
}


@pytest.mark.parametrize("table", PASTS)
def test_what_was_known_when_is_compared_too(town: Town, table: str) -> None:
    with town.connected() as connection:
        step = follower.begin()
        for _ in range(3):
            step(connection)

        def rows() -> set[str]:
            found = Verification(commune=VALMONT).run(connection)
            return {each.where.split()[0] for each in found if each.what == "row_differs"}

        assert rows() == set()
        assert (town.superuser.execute(PASTS[table].encode()).rowcount or 0) > 0
        assert rows() == {table}
