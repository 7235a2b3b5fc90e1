"""Work on one snapshot of the database, in this process or in several: each reads over a connection of its own.

Processes are spawned, not forked: this one may have threads, and a connection does not survive a fork.
"""

import gc
import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.queues import Queue
from queue import Empty
from typing import Any, Final, TypeVar

import psycopg
from psycopg import sql

from ledger.identifiers import Commune
from replay.folding import few_collections
from replay.leader import WorkError, set_town
from replay.verifying.lines import Connection

T = TypeVar("T")
SEEN_SECONDS: Final = 0.1
"""How often what others have read is told."""
_worker: dict[str, Any] = {}
"""Of a process that was spawned: its connection, its town, and where it tells what it has read."""


class VerificationStoppedError(WorkError):
    """One of the processes is gone, and with it what it had read: nothing is known of the town."""

    def __init__(self) -> None:
        super().__init__(
            "a process of the verification was stopped: run it again, with fewer --processes if memory is short."
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Pool:
    """Runs tasks on the snapshot; `processes` at once."""

    connection: Connection
    commune: Commune
    processes: int
    progress: Callable[[int], None]
    executor: ProcessPoolExecutor | None = None
    read: "Queue[int] | None" = None

    def all(self, task: Callable[..., T], arguments: Sequence[tuple[Any, ...]]) -> list[T]:
        """What a task answers for each of some arguments, in their order.

        It is given the connection and the town before them, and after them whom to tell how much was read.
        """
        if self.executor is None or self.read is None:
            with few_collections():
                return [task(self.connection, self.commune, *some, self.progress) for some in arguments]
        try:
            waiting = futures = [self.executor.submit(_run, task, some) for some in arguments]
        except BrokenProcessPool:
            raise VerificationStoppedError from None
        while waiting:
            waiting = list(wait(waiting, timeout=SEEN_SECONDS).not_done)
            self.progress(_sum(self.read))
        try:
            return [future.result() for future in futures]
        except BrokenProcessPool:
            raise VerificationStoppedError from None


@contextmanager
def pool_of(
    connection: Connection,
    commune: Commune,
    conninfo: str | None,
    processes: int,
    progress: Callable[[int], None],
) -> Iterator[Pool]:
    """Opens the snapshot on the connection, which is in a transaction of its own, and as many processes as wanted.

    A standby cannot share a snapshot, nor can who does not say how to connect: then this process does it alone.
    """
    begin(connection, commune)
    row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
    if conninfo is None or processes < 2 or row != (False,):
        yield Pool(connection=connection, commune=commune, processes=1, progress=progress)
        return
    [(snapshot,)] = connection.execute("SELECT pg_export_snapshot()").fetchall()
    context = multiprocessing.get_context("spawn")
    read: Queue[int] = context.Queue()
    with ProcessPoolExecutor(
        processes, mp_context=context, initializer=_join, initargs=(conninfo, commune, snapshot, read)
    ) as executor:
        try:
            yield Pool(
                connection=connection,
                commune=commune,
                processes=processes,
                progress=progress,
                executor=executor,
                read=read,
            )
        finally:
            executor.shutdown(cancel_futures=True)


def begin(connection: Connection, commune: Commune, snapshot: str = "") -> None:
    """Makes the transaction see one state of one town, for as long as it takes, and write nothing."""
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    if snapshot:
        connection.execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(snapshot)))
    set_town(connection, commune)
    connection.execute("SET LOCAL statement_timeout = 0")
    connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    # Lines are read along an index: a bitmap of it reads them in another order, and sorts them back (138,000 lines a
    # second instead of 175,000).
    connection.execute("SET LOCAL enable_bitmapscan = off")
    connection.execute("SET LOCAL jit = off")


def _join(conninfo: str, commune: Commune, snapshot: str, read: "Queue[int]") -> None:
    # Rows and pages die when they are done with; looking for cycles among them costs a fifth of the fold (15,000 lines
    # a second instead of 19,000), and this process ends with its work.
    gc.disable()
    connection = psycopg.connect(conninfo, autocommit=True)
    connection.execute("BEGIN")
    begin(connection, commune, snapshot)
    _worker.update(connection=connection, commune=commune, read=read)


def _run(task: Callable[..., T], some: tuple[Any, ...]) -> T:
    return task(_worker["connection"], _worker["commune"], *some, _worker["read"].put)


def _sum(read: "Queue[int]") -> int:
    lines = 0
    while True:
        try:
            lines += read.get_nowait()
        except Empty:
            return lines
