"""The checkpoints beside the doors: signed on a schedule by one process; what went wrong shows to who operates it."""

from collections.abc import Iterator, Sequence
from typing import Final

import psycopg
import structlog
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from ledger.identifiers import Commune
from replay.leader import Connection, Step, WorkError, told
from replay.sealing.notary import Notary
from replay.sealing.seal import seal_once
from replay.sealing.signing import Signing

WARNING: Final = "checkpoint_refused"

log = structlog.stdlib.get_logger("ardoise.checkpoints")


class CheckpointWatch:
    """What /metrics and /readyz say of the checkpoints. What is refused shows on the process that leads."""

    def __init__(self, notary: Notary, seconds: float, conninfo: str) -> None:
        self._signing = Signing(notary)
        self._seconds = seconds
        self._conninfo = conninfo
        self._led = False
        self._said: dict[Commune, str] = {}

    def begin(self) -> Step:
        """The work, each time this process comes to lead."""
        self._led = True
        return self.step

    def step(self, connection: Connection) -> float:
        """Signs what grew; a refusal is told once."""
        for made in self._signing.sign(connection):
            log.info("signed", commune=made.head.town, size=made.head.size)
        for commune, reason in self._signing.refused.items():
            if self._said.get(commune) != reason:
                log.error(WARNING, commune=commune, reason=reason)
        self._said = {**self._signing.refused}
        return self._seconds

    def end(self) -> None:
        """What was refused is for the next one to say: this process signs no more."""
        self._signing.refused.clear()

    def finish(self) -> None:
        """The last checkpoint of a clean stop, by the process that signed. Nothing keeps a service from stopping."""
        if not self._led:
            return
        try:
            with psycopg.connect(self._conninfo, autocommit=True) as connection:
                seal_once(connection)
                self.step(connection)
        except (psycopg.Error, WorkError) as error:
            log.warning("unsigned", **told(error))

    def sample(self, connection: Connection) -> None:
        """Nothing to look at: what was refused is known by who signs."""

    def forget(self) -> None:
        """What was refused stays so until it is signed."""

    def warnings(self) -> Sequence[str]:
        """Whether a town's tree is not signed any more."""
        return [WARNING] if self._signing.refused else []

    def collect(self) -> Iterator[Metric]:
        """What this process signed, and the towns it did not sign the last time."""
        yield CounterMetricFamily("ardoise_checkpoints", "Checkpoints this process signed.", value=self._signing.signed)
        yield GaugeMetricFamily(
            "ardoise_checkpoints_refused",
            "Towns whose tree was not signed: another past, or a directory that cannot be written.",
            value=len(self._signing.refused),
        )
