"""A service that outlives lines of its database (a standby took over, a backup was restored) never builds on them."""

import threading
from collections.abc import Callable
from datetime import date

import psycopg
import pytest

from ledger.entry import AlteredLineError
from ledger.events import AttendanceRecorded, ChildFact
from ledger.store import Answer, Append, ConflictError, Write
from ledger.streams import child_page
from tests.ledger.long_pages import CHILD, LUNCH, MEAL, TOWN, keep, long_page, no_limit, once, signature
from tests.servers import Database
from tests.stores import cold, on_postgres

PAGE = child_page(TOWN, CHILD)


def came(*days: int) -> list[ChildFact]:
    """Lines that may follow any other."""
    return [AttendanceRecorded(activity=LUNCH, unit=MEAL, day=date(2019, 1, day), presence="present") for day in days]


def lose(database: Database, after: int) -> None:
    """What a standby that was a moment behind never had."""
    with psycopg.connect(database.admin_url) as connection:
        connection.execute("ALTER TABLE ardoise.entries DISABLE TRIGGER USER")
        connection.execute("DELETE FROM ardoise.entries WHERE stream = %s AND version > %s", (PAGE, after))
        connection.execute("ALTER TABLE ardoise.entries ENABLE TRIGGER USER")


def test_a_page_remembered_beyond_what_is_written_is_read_again(database: Database) -> None:
    with on_postgres(database) as kept:
        keep(kept.store, long_page(40))
        assert kept.store.child(TOWN, CHILD).version == 40
        lose(database, after=37)
        page = kept.store.child(TOWN, CHILD)
        assert page.version == 37
        fresh, _ = cold(kept)
        assert page == fresh.read(PAGE)


def test_a_page_that_was_written_otherwise_meanwhile_is_read_again(database: Database) -> None:
    with on_postgres(database) as kept, on_postgres(database) as other:
        keep(kept.store, long_page(40))
        lose(database, after=37)
        keep(other.store, came(1, 2, 3, 4, 5))
        page = kept.store.child(TOWN, CHILD)
        assert (page.version, page.head) == (42, other.store.child(TOWN, CHILD).head)


@pytest.mark.parametrize("written_otherwise", [False, True])
def test_nothing_is_written_after_a_line_that_is_not_there(database: Database, written_otherwise: bool) -> None:
    with on_postgres(database) as kept, on_postgres(database) as other:
        keep(kept.store, long_page(40))
        ahead = kept.store.child(TOWN, CHILD)
        lose(database, after=37)
        if written_otherwise:
            keep(other.store, came(1, 2, 3))
            assert other.store.child(TOWN, CHILD).version == ahead.version
        prepared = kept.store.prepare(TOWN, signature(), [Write(page=ahead, facts=came(9))])
        late = Append(prepared=prepared, once=once(), answer=Answer(status=201), capacity=no_limit)
        with pytest.raises(ConflictError):
            kept.store.append(late)
        keep(kept.store, came(9))


def test_a_number_somebody_took_ahead_is_a_conflict_and_the_next_one_is_drawn(database: Database) -> None:
    with on_postgres(database) as kept:
        keep(kept.store, long_page(10))
        with psycopg.connect(database.admin_url) as superuser:
            superuser.execute(
                "INSERT INTO ardoise.entries SELECT commune, stream || '-copy', version, type, recorded_at, stored,"
                " digest, (SELECT last_value + 2 FROM ardoise.arrivals) FROM ardoise.entries WHERE version = 1 LIMIT 1"
            )
        page = kept.store.child(TOWN, CHILD)
        prepared = kept.store.prepare(TOWN, signature(), [Write(page=page, facts=came(1, 2))])
        asked = Append(prepared=prepared, once=once(), answer=Answer(status=201), capacity=no_limit)
        with pytest.raises(ConflictError):
            kept.store.append(asked)
        kept.store.append(asked)
        assert kept.store.child(TOWN, CHILD).version == page.version + 2


def test_readers_of_one_page_do_not_wait_for_each_other(database: Database) -> None:
    with on_postgres(database) as kept:
        keep(kept.store, long_page(10))
        pages, counted = cold(kept)
        pages.read(PAGE)
        together = threading.Barrier(2)
        select: Callable[..., object] = counted.select_events

        def slow(*arguments: object, **named: object) -> object:
            together.wait(5)
            return select(*arguments, **named)

        counted.select_events = slow
        readers = [threading.Thread(target=pages.read, args=(PAGE,)) for _ in range(2)]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(10)
        assert not together.broken


def test_a_line_committed_while_its_page_is_read_is_not_taken_for_an_altered_one(database: Database) -> None:
    with on_postgres(database) as writer, on_postgres(database) as reader:
        keep(writer.store, long_page(40))
        over = threading.Event()
        troubles: list[Exception] = []

        def read() -> None:
            while not over.is_set():
                try:
                    cold(reader)[0].read(PAGE)
                except AlteredLineError as altered:
                    troubles.append(altered)

        readers = [threading.Thread(target=read) for _ in range(3)]
        for each in readers:
            each.start()
        for turn in range(300):
            keep(writer.store, came(1 + turn % 28))
        over.set()
        for each in readers:
            each.join()
        assert troubles == []
