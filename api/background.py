"""What runs beside the doors in every process that serves: work that one of them does at a time, and a watch on it."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Protocol

import psycopg
import structlog
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from api.behind_watch import BehindWatch
from api.billing_watch import BillingWatch
from api.checkpoint_watch import CheckpointWatch
from api.clock import Clock
from api.rebuild_watch import RebuildWatch
from api.seal_watch import SealWatch
from ledger.database import service_conninfo
from ledger.settings import Settings
from replay.leader import (
    BILLING_LOCK,
    CHECKPOINTS_LOCK,
    DRIFT_LOCK,
    FOLLOWER_LOCK,
    KEEPALIVE,
    SEAL_LOCK,
    SERVER_KEEPALIVE,
    Connection,
    Leader,
    told,
)
from replay.sealing.notary import Notary

SAMPLED_SECONDS: Final = 2.0
STEP_MS: Final = 60_000
"""The longest a statement of a leader may take: a window of the seal is a few tenths of a second."""

log = structlog.stdlib.get_logger("ardoise.background")


class Watch(Protocol):
    """Something that may fall behind, or go wrong, whoever leads: every process looks at it."""

    def sample(self, connection: Connection) -> None:
        """Looks at it, every two seconds; the connection commits each statement by itself."""

    def forget(self) -> None:
        """The database could not be asked: what was known says nothing any more."""

    def warnings(self) -> Sequence[str]:
        """Codes /readyz shows to whoever operates the service, which is ready all the same."""

    def collect(self) -> Iterable[Metric]:
        """What /metrics says of it."""


class Background:
    """The threads of a process that serves. Gauges and warnings are those of the last sample."""

    def __init__(
        self,
        conninfo: str,
        *,
        leaders: Sequence[Leader],
        watches: Sequence[Watch],
        last: Callable[[], None] = lambda: None,
    ) -> None:
        """`last` is what remains to be done once nothing leads any more."""
        self._conninfo = conninfo
        self._last = last
        self._leaders = leaders
        self._watches = watches
        self._stop = threading.Event()
        self._sampler = threading.Thread(target=self._run, name="ardoise-watch", daemon=True)

    def start(self) -> None:
        """Begins to lead, or to wait for it, and to watch."""
        for leader in self._leaders:
            leader.start()
        self._sampler.start()

    def stop(self) -> None:
        """Gives every lead up, all at once, and waits until the threads are gone."""
        self._stop.set()
        for leader in self._leaders:
            leader.give_up()
        for leader in self._leaders:
            leader.stop()
        self._sampler.join()
        self._last()

    def warnings(self) -> list[str]:
        """What an operator should know, as codes."""
        return [code for watch in self._watches for code in watch.warnings()]

    def collect(self) -> Iterator[Metric]:
        """What /metrics shows of what runs beside the doors."""
        leads = GaugeMetricFamily("ardoise_leads", "Whether this process does the work now.", labels=["work"])
        for leader in self._leaders:
            leads.add_metric([leader.name], leader.leads)
        yield leads
        for watch in self._watches:
            yield from watch.collect()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with psycopg.connect(self._conninfo, autocommit=True, **KEEPALIVE) as connection:  # type: ignore[arg-type]
                    while not self._stop.is_set():
                        for watch in self._watches:
                            watch.sample(connection)
                        self._stop.wait(SAMPLED_SECONDS)
            except Exception as error:  # noqa: BLE001 - whatever stopped it, gauges must not stay as they were
                log.warning("unwatched", **told(error))
                for watch in self._watches:
                    watch.forget()
                self._stop.wait(SAMPLED_SECONDS)


def background(settings: Settings, service_url: str, *, clock: Clock, notary: Notary) -> Background:
    """All that runs beside the doors. One line a leader, one line a watch."""

    def connected(name: str) -> str:
        return leader_conninfo(service_url, settings, name)

    sealing, behind = SealWatch(clock), BehindWatch(settings.drift_percent / 100)
    signed = CheckpointWatch(notary, settings.checkpoint_seconds, connected("checkpoints"))
    billing = BillingWatch(clock, settings, service_url, connected("billing"))
    bills = Leader("billing", BILLING_LOCK, connected("billing"), billing.begin)
    billing.stops = lambda: bills.stops
    return Background(
        service_conninfo(service_url, settings, application="ardoise-watch"),
        leaders=[
            Leader("seal", SEAL_LOCK, connected("seal"), sealing.begin),
            Leader("follower", FOLLOWER_LOCK, connected("follower"), behind.follow),
            Leader("drift", DRIFT_LOCK, connected("drift"), behind.watch),
            Leader("checkpoints", CHECKPOINTS_LOCK, connected("checkpoints"), signed.begin, signed.end),
            bills,
        ],
        watches=[
            sealing,
            behind,
            signed,
            billing,
            RebuildWatch(),
        ],
        last=signed.finish,
    )


def leader_conninfo(service_url: str, settings: Settings, name: str) -> str:
    """How a leader connects: each statement sees what is committed by then, and a machine that is gone is noticed."""
    return service_conninfo(
        service_url,
        settings,
        application=f"ardoise-{name}",
        statement_timeout=str(STEP_MS),
        default_transaction_isolation="read committed",
        **SERVER_KEEPALIVE,
    )
