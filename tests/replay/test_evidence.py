"""Evidence collected from a real database: a tree of many blocks, whatever page a line stands on."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from ledger.codec import Codec
from ledger.entry import Entry
from ledger.events import ChildRegistered, Fact, GuardianAdded, HouseholdOpened
from ledger.identifiers import ChildId, GuardianId, HouseholdId
from ledger.settings import Settings
from ledger.streams import child_page, household_page, payer_page, regie_page
from replay.evidence import Collector, Connection, Evidence, EvidenceError
from replay.sealing.notary import Notary
from replay.sealing.seal import seal_once
from replay.verify_evidence import RefusedError, key_of, verified
from tests.ledger.examples import written
from tests.ledger.examples_of_billing import ON_PAYER, ON_REGIE
from tests.replay.lines import TOWN, writer
from tests.servers import Database

CODEC = Codec()
NOW = datetime(2024, 1, 15, 9, 0, tzinfo=UTC)
HOME, OTHER = HouseholdId("rossi"), HouseholdId("rossi-2")
CHILD, STRANGER = ChildId("matteo"), ChildId("awa")
GUARDIANS = 230
"""More than the lines whose proofs are made at once."""


def town() -> list[Entry]:
    """The lines of a town, in the order they come: a family's among many of others."""
    guardians = [GuardianAdded(guardian=GuardianId(f"guardian-{n}")) for n in range(GUARDIANS)]
    home = written(household_page(TOWN, HOME), [HouseholdOpened(household=HOME), *guardians])
    others = written(household_page(TOWN, OTHER), [HouseholdOpened(household=OTHER), *guardians * 3])
    registered: list[Fact] = [ChildRegistered(child=CHILD, household=HOME)]
    stranger: list[Fact] = [ChildRegistered(child=STRANGER, household=OTHER)]
    children = [*written(child_page(TOWN, CHILD), registered), *written(child_page(TOWN, STRANGER), stranger)]
    mixed = [line for n, line in enumerate(home) for line in (line, *others[n * 3 : n * 3 + 3])]
    return [*mixed, *children]


def keep(database: Database, lines: list[Entry]) -> None:
    """These lines, committed in this order."""
    with writer(database) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO ardoise.entries (commune, stream, version, type, recorded_at, stored, digest)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    TOWN,
                    line.stream,
                    line.version,
                    CODEC.name(line.fact),
                    line.signature.recorded_at,
                    line.stored,
                    line.digest,
                )
                for line in lines
            ],
        )


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with writer(database) as made:
        made.autocommit = True
        yield made


@pytest.fixture
def notary(tmp_path: Path) -> Notary:
    return Notary.open(Settings(data=tmp_path, development=True))


def collected(connection: Connection, notary: Notary, **more: object) -> Evidence:
    """The evidence under the tree as it stands, believed by the verifier."""
    under = notary.sign(connection, TOWN, NOW) or notary.last(TOWN)
    assert under is not None
    collector = Collector(
        commune=TOWN,
        household=HOME,
        now=NOW,
        under=under,
        key=notary.key_of(TOWN).text,
        **more,  # type: ignore[arg-type]
    )
    found = collector.collect(connection)
    verified(found.content(), [key_of(found.key)], [])
    return found


def test_lines_of_many_blocks_of_the_tree_are_proven(
    database: Database, connection: Connection, notary: Notary
) -> None:
    keep(database, town())
    seal_once(connection)
    told: list[tuple[int, int]] = []
    found = collected(connection, notary, progress=lambda done, all_: told.append((done, all_)))
    assert found.checkpoint.head.size > 900
    assert found.pages == {household_page(TOWN, HOME): (GUARDIANS + 1, 0), child_page(TOWN, CHILD): (1, 0)}
    assert told == [(0, 232), (200, 232), (232, 232)]


def test_what_a_family_owes_and_pays_is_its_evidence_too_and_the_closes_are_the_town_s(
    database: Database, connection: Connection, notary: Notary
) -> None:
    own, others, regie = payer_page(TOWN, HOME), payer_page(TOWN, OTHER), regie_page(TOWN)
    keep(database, [*town(), *written(own, ON_PAYER), *written(others, ON_PAYER), *written(regie, ON_REGIE)])
    seal_once(connection)
    assert collected(connection, notary).pages.keys() == {household_page(TOWN, HOME), child_page(TOWN, CHILD), own}
    found = collected(connection, notary, with_town=True)
    assert found.pages[regie] == (len(ON_REGIE), 0)


def test_lines_that_are_not_sealed_are_counted_and_not_shown(
    database: Database, connection: Connection, notary: Notary
) -> None:
    lines = town()
    keep(database, lines[:-2])
    seal_once(connection)
    keep(database, lines[-2:])
    found = collected(connection, notary)
    assert found.pages[child_page(TOWN, CHILD)] == (0, 1)
    assert found.later == 1
    assert verified(found.content(), [], [])["later"] == 1


def test_a_household_of_which_nothing_is_sealed_has_no_evidence(
    database: Database, connection: Connection, notary: Notary
) -> None:
    keep(database, written(household_page(TOWN, OTHER), [HouseholdOpened(household=OTHER)]))
    seal_once(connection)
    keep(database, written(household_page(TOWN, HOME), [HouseholdOpened(household=HOME)]))
    with pytest.raises(EvidenceError, match="no line of this household is under the checkpoint: take a later one"):
        collected(connection, notary)


def test_a_leaf_that_is_gone_is_a_damaged_tree(database: Database, connection: Connection, notary: Notary) -> None:
    keep(database, town())
    seal_once(connection)
    assert notary.sign(connection, TOWN, NOW) is not None
    with psycopg.connect(database.admin_url, autocommit=True) as superuser:
        superuser.execute("ALTER TABLE ardoise.seals DISABLE TRIGGER USER")
        superuser.execute("DELETE FROM ardoise.seals WHERE position = 4")
    with pytest.raises(EvidenceError, match="the tree of this town was damaged: "):
        collected(connection, notary)


def test_a_page_that_is_shown_as_the_familys_and_does_not_say_so_is_noticed(
    database: Database, connection: Connection, notary: Notary
) -> None:
    """A row that brings somebody else's child among the family's: refused, not handed out."""
    keep(database, town())
    seal_once(connection)
    connection.execute("INSERT INTO ardoise.children VALUES (%s, %s, %s)", (TOWN, STRANGER, HOME))
    with pytest.raises(RefusedError, match=f"child/{TOWN}/{STRANGER}: nothing says that it is of the household"):
        collected(connection, notary)
