"""Pages are locked in one order by everybody: who waits for the first of them holds none of the others."""

import contextlib
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import psycopg
import pytest

from ledger.identifiers import ChildId
from ledger.postgres import PostgresStore
from ledger.store import Answer, Append, ConflictError, Write
from tests.ledger.long_pages import TOWN, keep, long_page, no_limit, once, signature
from tests.servers import Database
from tests.stores import on_postgres

FIRST, SECOND = ChildId("a-child"), ChildId("b-child")


class OneConnection:
    """A pool that always lends the same connection."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def connection(self):
        return contextlib.nullcontext(self._connection)


def wait_until_somebody_waits(watcher: psycopg.Connection) -> None:
    for _ in count():
        (waiting,) = watcher.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone() or (0,)
        if waiting:
            return


def test_who_waits_for_the_first_page_holds_none_of_the_others(database: Database):
    with (
        on_postgres(database, connections=4) as kept,
        psycopg.connect(database.admin_url, autocommit=True) as watcher,
        ThreadPoolExecutor(1) as threads,
        kept.pool.connection() as slow,
    ):
        store = kept.store
        writes = [Write(page=store.child(TOWN, child), facts=long_page(1)) for child in (SECOND, FIRST)]
        both = Append(
            prepared=store.prepare(TOWN, signature(), writes), once=once(), answer=Answer(status=201), capacity=no_limit
        )
        with slow.transaction():
            keep(PostgresStore(OneConnection(slow)), long_page(1), child=FIRST)  # type: ignore[arg-type]
            waiting = threads.submit(store.append, both)
            wait_until_somebody_waits(watcher)
            keep(store, long_page(1), child=SECOND)
        with pytest.raises(ConflictError):
            waiting.result()
        assert [store.child(TOWN, child).version for child in (FIRST, SECOND)] == [1, 1]
