"""Work that one process does at a time: it holds an advisory lock, and another takes over when it is gone."""

import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psycopg
import structlog
from psycopg.rows import TupleRow

Connection = psycopg.Connection[TupleRow]
Step = Callable[[Connection], float]
"""Does some of the work, and says in how many seconds to come back. Called by one leader at a time."""

LOCK_CLASS: Final = 1_634_886_756
"""The first half of the advisory locks of the seal and of those who follow it; the second half says which."""
LINES_LOCK: Final = 1
"""Held, shared, by whoever brings lines: from before their numbers are drawn until they can be seen."""
SEAL_LOCK: Final = 2
FOLLOWER_LOCK: Final = 3
DRIFT_LOCK: Final = 4
CHECKPOINTS_LOCK: Final = 5
REBUILD_LOCK: Final = 6
BILLING_LOCK: Final = 7
REACH: Final = "SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM ardoise.arrivals"
"""The last number drawn for a line; 0 before the first."""
_TOWN: Final = "SELECT set_config('ardoise.commune', %s, true)"
STANDBY_SECONDS: Final = 0.25
"""How often a standby asks whether the leader is gone: one that is killed is replaced within two seconds."""
PATIENCE_SECONDS: Final = 3.0
"""How long a step may take to end when the process stops."""
KEEPALIVE: Final = {"keepalives_idle": 1, "keepalives_interval": 1, "keepalives_count": 2, "tcp_user_timeout": 3_000}
SERVER_KEEPALIVE: Final = {"tcp_keepalives_idle": "1", "tcp_keepalives_interval": "1", "tcp_keepalives_count": "2"}
"""A leader whose machine lost its power is noticed by the server too."""


class WorkError(RuntimeError):
    """The work cannot go on; the sentence quotes nobody, says what to do, and is logged."""


def told(error: Exception) -> dict[str, str]:
    """What a log may say of an error: what it is, where it happened, and the sentence of those that quote nobody."""
    [*_, last] = traceback.extract_tb(error.__traceback__)
    reason = {"reason": str(error)} if isinstance(error, WorkError) else {}
    return {"error": type(error).__name__, "where": f"{Path(last.filename).name}:{last.lineno}", **reason}


def set_town(connection: Connection, commune: str) -> None:
    """Which town is read, in this transaction: the policies hold the owner too."""
    connection.execute(_TOWN, (commune,))


class Leader:
    """A thread that leads, or waits to."""

    def __init__(
        self, name: str, lock: int, conninfo: str, begin: Callable[[], Step], end: Callable[[], None] = lambda: None
    ) -> None:
        """`begin` makes a step for each time the thread comes to lead: what was known before may be out of date.

        `end` is told when it leads no more, whatever the reason.
        """
        self.name = name
        self.leads = False
        """Whether this process does the work now."""
        self._lock = lock
        self._conninfo = conninfo
        self._begin, self._end = begin, end
        self._stop = threading.Event()
        self._connection: Connection | None = None
        self._said: str | None = None
        self._thread = threading.Thread(target=self._run, name=f"ardoise-{name}", daemon=True)
        self._log = structlog.stdlib.get_logger(f"ardoise.{name}")

    @property
    def stops(self) -> bool:
        """Whether it was asked to end: a step that is long looks at it."""
        return self._stop.is_set()

    def start(self) -> None:
        """Begins to wait for the lead."""
        self._thread.start()

    def give_up(self) -> None:
        """Asks the thread to end, and does not wait for it."""
        self._stop.set()

    def stop(self) -> None:
        """Gives the lead up after the step that runs, which is cut short when it takes long."""
        self.give_up()
        if not self._thread.is_alive():
            return
        self._thread.join(PATIENCE_SECONDS)
        if self._thread.is_alive() and (connection := self._connection) is not None:
            try:
                connection.cancel_safe(timeout=PATIENCE_SECONDS)
            except psycopg.Error as error:  # it ends with the process
                self._log.warning("uncut", work=self.name, **told(error))
        self._thread.join(2 * PATIENCE_SECONDS)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with psycopg.connect(self._conninfo, autocommit=True, **KEEPALIVE) as connection:  # type: ignore[arg-type]
                    self._connection = connection
                    self._led(connection)
            except Exception as error:  # noqa: BLE001 - whatever stopped it, the work is taken up again
                self._warn(error)
            finally:
                if self.leads:
                    self._end()
                self.leads = False
                self._connection = None
            self._stop.wait(STANDBY_SECONDS)

    def _led(self, connection: Connection) -> None:
        while connection.execute("SELECT pg_try_advisory_lock(%s, %s)", (LOCK_CLASS, self._lock)).fetchone() != (True,):
            if self._stop.wait(STANDBY_SECONDS):
                return
        self.leads = True
        self._log.info("leads", work=self.name)
        step = self._begin()
        while not self._stop.is_set():
            seconds = step(connection)
            self._said = None
            self._stop.wait(seconds)

    def _warn(self, error: Exception) -> None:
        """Once for each kind of trouble until the work goes on: it is tried four times a second."""
        said = told(error)
        if said["error"] != self._said:
            self._log.warning("interrupted", work=self.name, **said)
        self._said = said["error"]
