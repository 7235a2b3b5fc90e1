"""Reading a page: folded once, brought up to date, and never more than a snapshot away."""

from dataclasses import replace

import orjson
import psycopg
import pytest
from eventsourcing.persistence import StoredEvent

from ledger.codec import Codec
from ledger.identifiers import ChildId
from ledger.pages import SNAPSHOT_EVERY, Pages
from ledger.snapshots import FOLD
from ledger.streams import child_page, household_page, town_page
from tests.ledger.long_pages import CHILD, HOUSEHOLD, TOWN, keep, long_page
from tests.stores import Counted, InMemory, Kept, cold, on_postgres

PAGE = child_page(TOWN, CHILD)


@pytest.fixture(params=["memory", "postgres"])
def kept(request) -> Kept:
    if request.param == "memory":
        yield InMemory()
        return
    with on_postgres(request.getfixturevalue("database")) as found:
        yield found


def test_a_page_nobody_wrote_on_is_empty(kept):
    page = kept.store.child(TOWN, CHILD)
    assert (page.version, page.state, page.head) == (0, None, bytes(32))


def test_a_page_of_each_kind_is_read(kept):
    pages, _ = cold(kept)
    for stream in (PAGE, household_page(TOWN, HOUSEHOLD), town_page(TOWN)):
        assert pages.read(stream).stream == stream


def test_a_page_read_again_reads_only_what_is_new(kept):
    keep(kept.store, long_page(40))
    pages, counted = cold(kept)
    assert pages.read(PAGE).version == 40
    assert counted.lines_read == 40
    assert pages.read(PAGE).version == 40
    assert counted.lines_read == 40 + 1, "its last line, which must still be there"
    keep(kept.store, long_page(3, start=40))
    assert pages.read(PAGE).version == 43
    assert counted.lines_read == 40 + 1 + 4


def test_a_page_of_five_thousand_lines_reads_fewer_than_a_hundred_after_a_cold_start(kept):
    facts = long_page(5_050)
    for start in range(0, len(facts), 25):
        keep(kept.store, facts[start : start + 25])
    pages, counted = cold(kept)
    page = pages.read(PAGE)
    assert page.version == 5_050
    assert counted.lines_read < 100
    state = replace(kept.store.child(TOWN, CHILD).state, latest=None)
    assert replace(page.state, latest=None) == state


def test_a_snapshot_and_the_lines_after_it_make_the_page_that_all_the_lines_make(kept):
    keep(kept.store, long_page(SNAPSHOT_EVERY))
    keep(kept.store, long_page(50, start=SNAPSHOT_EVERY))
    entries, snapshots = kept.recorders()
    assert len(snapshots.select_events(PAGE, desc=True, limit=1, lte=None)) == 1
    with_snapshot, without = Pages(entries, snapshots, Codec()), Pages(entries, InMemory().recorders()[1], Codec())
    one, other = with_snapshot.read(PAGE), without.read(PAGE)
    assert (one.version, one.head) == (other.version, other.head)
    assert replace(one.state, latest=None) == replace(other.state, latest=None)


def test_a_snapshot_of_another_fold_is_ignored(database):
    with on_postgres(database) as kept:
        keep(kept.store, long_page(SNAPSHOT_EVERY))
        keep(kept.store, long_page(5, start=SNAPSHOT_EVERY))
        assert _lines_of_a_cold_read(kept) == 5
        with kept.pool.connection() as connection, connection.transaction():
            connection.execute("SELECT set_config('ardoise.commune', %s, true)", (TOWN,))
            connection.execute("UPDATE ardoise.snapshots SET fold = %s, state = 'not a child'", (FOLD + 1,))
        assert _lines_of_a_cold_read(kept) == SNAPSHOT_EVERY + 5


def test_an_older_snapshot_never_takes_the_place_of_a_newer_one(database):
    with on_postgres(database) as kept:
        keep(kept.store, long_page(2 * SNAPSHOT_EVERY))
        _, snapshots = kept.recorders()
        (newest,) = snapshots.select_events(PAGE)
        snapshots.insert_events([StoredEvent(PAGE, SNAPSHOT_EVERY, str(FOLD), b"{}")])
        assert list(snapshots.select_events(PAGE)) == [newest]
        assert orjson.loads(newest.state)["head"] == kept.lines(PAGE)[-1].digest.hex()


def test_a_command_that_was_kept_is_kept_even_when_its_snapshot_is_not(database):
    with on_postgres(database) as kept, psycopg.connect(database.owner_url, autocommit=True) as owner:
        owner.execute("REVOKE INSERT, UPDATE ON ardoise.snapshots FROM ardoise_app")
        keep(kept.store, long_page(SNAPSHOT_EVERY + 5))
        assert kept.store.child(TOWN, CHILD).version == SNAPSHOT_EVERY + 5
        assert _lines_of_a_cold_read(kept) == SNAPSHOT_EVERY + 5


def _lines_of_a_cold_read(kept: Kept) -> int:
    pages, counted = cold(kept)
    pages.read(PAGE)
    assert isinstance(counted, Counted)
    return counted.lines_read


def test_a_page_that_was_read_is_never_changed_by_what_comes_after(kept):
    keep(kept.store, long_page(20))
    before = kept.store.child(TOWN, CHILD)
    slots = dict(before.state.slots)
    keep(kept.store, long_page(20, start=20))
    assert before.version == 20
    assert before.state.slots == slots


def test_the_pages_of_a_command_are_brought_up_to_date_in_one_question(kept):
    keep(kept.store, long_page(30))
    pages, counted = cold(kept)
    wanted = [PAGE, town_page(TOWN), child_page(TOWN, ChildId("nobody"))]
    first = pages.read_all(wanted)
    assert (first[PAGE].version, first[wanted[2]].version) == (30, 0)
    keep(kept.store, long_page(2, start=30))
    before = counted.lines_read
    again = pages.read_all(wanted)
    assert again[PAGE].version == 32
    assert counted.lines_read == before + 3
    assert again[PAGE] == pages.read(PAGE)
