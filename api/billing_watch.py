"""The billing beside the doors: drafts that were asked for, and titres that somebody who is gone left to be issued."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Final, NamedTuple

import psycopg
import structlog
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from api.clock import Clock
from ledger.database import open_pool
from ledger.entry import AlteredLineError
from ledger.identifiers import Commune, Month
from ledger.postgres import PostgresStore
from ledger.settings import Settings
from projections.billing.drafts import CODE
from projections.inline import project
from replay.billing.bill import left_by_others
from replay.billing.draft import draft
from replay.billing.issue import BILLING
from replay.billing.job import Job, Watching
from replay.billing.runs import BillingError, alone, connected, refuse
from replay.leader import Connection, Step, WorkError, told

STUCK: Final = "billing_stuck"
TITRES: Final = "titres"
LOOK_SECONDS: Final = 1.0
LONGEST_SECONDS: Final = 60.0
"""Between two attempts at what does not succeed."""
PROCESSES: Final = max(1, (os.cpu_count() or 1) // 2)
"""Beside the one that serves, which goes on serving."""
_WAITS: Final = "SELECT commune, month, what FROM ardoise.billing_waits(%s)"

log = structlog.stdlib.get_logger("ardoise.billing")


class _Waits(NamedTuple):
    commune: Commune
    month: Month
    what: str


class _StopsError(Exception):
    """This process was asked to stop: what is done is kept, and another goes on."""


class BillingWatch:
    """The work of the leader of the billing, and what /metrics and /readyz say of it."""

    def __init__(self, clock: Clock, settings: Settings, service_url: str, conninfo: str) -> None:
        self._clock = clock
        self._settings = replace(settings, pool_size=1)
        self._service_url = service_url
        self._conninfo = conninfo
        self._tries: dict[_Waits, tuple[int, float]] = {}
        """How often something was tried in vain, and when it is tried again."""
        self._waiting: int | None = None
        self.stops: Callable[[], bool] = lambda: False
        """Whether this process was asked to stop: a draft may take minutes."""

    def begin(self) -> Step:
        """The work, each time this process comes to lead."""
        self._tries.clear()
        return self.step

    def step(self, connection: Connection) -> float:
        """Everything that waits and is not to be let alone for now."""
        waits = _waits(connection)
        self._tries = {what: tried for what, tried in self._tries.items() if what in waits}
        for what in waits:
            if self.stops():
                break
            if self._tries.get(what, (0, 0.0))[1] <= time.monotonic():
                self._try(what)
        return LOOK_SECONDS

    def _try(self, what: _Waits) -> None:
        try:
            self._do(what)
        except _StopsError:
            return
        except psycopg.OperationalError:
            raise
        except Exception as error:  # noqa: BLE001 - the bills of a town hold no other town up
            tries = self._tries.get(what, (0, 0.0))[0] + 1
            self._tries[what] = tries, time.monotonic() + min(2.0**tries, LONGEST_SECONDS)
            log.error("unbilled", commune=what.commune, month=what.month, what=what.what, **_told(error))
        else:
            self._tries.pop(what, None)

    def _do(self, what: _Waits) -> None:
        with (
            connected(self._conninfo, what.commune) as connection,
            alone(connection, what.commune, waits=None) as is_alone,
        ):
            # Somebody may have done it meanwhile.
            if not is_alone or what not in _waits(connection):
                return
            with self._job(what.commune) as job:
                if what.what == TITRES:
                    left_by_others(connection, job)
                else:
                    self._draft(connection, job, what.month)

    def _draft(self, connection: Connection, job: Job, month: Month) -> None:
        try:
            draft(connection, job, month)
        except (_StopsError, psycopg.OperationalError, WorkError, AlteredLineError):
            raise
        except Exception as error:
            # Whoever asked hears of it, and it is not begun again and again.
            refuse(connection, job.commune, month, f"it stopped: {type(error).__name__}.", self._clock())
            raise

    @contextmanager
    def _job(self, commune: Commune) -> Iterator[Job]:
        pool = open_pool(self._service_url, self._settings)
        try:
            yield Job(
                commune=commune,
                conninfo=self._conninfo,
                store=PostgresStore(pool, project=project),
                by=BILLING,
                role="billing",
                client=BILLING,
                clock=self._clock,
                processes=PROCESSES,
                watching=Watching(done=self._done),
            )
        finally:
            pool.close()

    def _done(self, _done: int, _all: int) -> None:
        if self.stops():
            raise _StopsError

    def sample(self, connection: Connection) -> None:
        """Asks how much waits."""
        self._waiting = len(_waits(connection))

    def forget(self) -> None:
        """The gauge is absent until the database answers again."""
        self._waiting = None

    def warnings(self) -> Sequence[str]:
        """Whether the titres of a closed month cannot be issued. A draft that cannot be made says so by itself."""
        return [STUCK] if any(what.what == TITRES for what in self._tries) else []

    def collect(self) -> Iterator[Metric]:
        """How many drafts and closed months wait."""
        if self._waiting is not None:
            yield GaugeMetricFamily(
                "ardoise_billing_waiting", "Drafts to make, and closed months to issue titres of.", value=self._waiting
            )


def _waits(connection: Connection) -> list[_Waits]:
    """What waits, in every town: first the titres, which are owed for good, then the drafts."""
    with connection.transaction():
        rows = connection.execute(_WAITS, (CODE,)).fetchall()
    return sorted((_Waits(*row) for row in rows), key=lambda each: each.what != TITRES)


def _told(error: Exception) -> dict[str, str]:
    """What a log may say of it: the sentences that quote nobody."""
    return {**told(error), **({"reason": str(error)} if isinstance(error, AlteredLineError | BillingError) else {})}
