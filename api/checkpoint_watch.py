"""The checkpoints beside the doors: signed on a schedule by one process; what went wrong shows to who operates it."""

from collections.abc import Iterator, Sequence

import psycopg
import structlog
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from replay.leader import Connection, Step
from replay.notary import Notary
from replay.signing import WARNING, Signing

log = structlog.stdlib.get_logger("ardoise.checkpoints")


class CheckpointWatch:
    """What /metrics and /readyz say of the checkpoints. What is refused shows on the process that leads."""

    def __init__(self, notary: Notary, seconds: float, conninfo: str) -> None:
        self.signing = Signing(notary, seconds)
        self._conninfo = conninfo
        self._led = False

    def begin(self) -> Step:
        """The work, each time this process comes to lead."""
        self._led = True
        return self.signing.step

    def finish(self) -> None:
        """The last checkpoint of a clean stop, by the process that signed. Nothing keeps a service from stopping."""
        if not self._led:
            return
        try:
            self.signing.finish(self._conninfo)
        except psycopg.Error as error:
            log.warning("unsigned", error=type(error).__name__)

    def sample(self, connection: Connection) -> None:
        """Nothing to look at: what was refused is known by who signs."""

    def forget(self) -> None:
        """What was refused stays so until it is signed."""

    def warnings(self) -> Sequence[str]:
        """Whether a town's tree is not signed any more."""
        return [WARNING] if self.signing.refused else []

    def collect(self) -> Iterator[Metric]:
        """What this process signed, and the towns it did not sign the last time."""
        yield CounterMetricFamily("ardoise_checkpoints", "Checkpoints this process signed.", value=self.signing.signed)
        yield GaugeMetricFamily(
            "ardoise_checkpoints_refused",
            "Towns whose tree was not signed: another past, or a directory that cannot be written.",
            value=len(self.signing.refused),
        )
