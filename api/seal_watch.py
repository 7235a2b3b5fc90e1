"""How far the seal is behind, as every process sees it: with no leader at all, that is how it shows."""

from collections.abc import Iterator, Sequence
from typing import Final

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from api.clock import Clock
from ledger.identifiers import Commune
from replay.leader import Connection
from replay.sealing.seal import Lag, Seal, SealError, lag

STOPPED: Final = "seal_stopped"
BEHIND: Final = "seal_behind"
BEHIND_SECONDS: Final = 30.0
"""A line waits for less than a tenth of a second: beyond this somebody should look."""


class SealWatch:
    """What /metrics and /readyz say of the seal. One leader seals all towns in the same rounds: they share a gauge."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lag: dict[Commune, Lag] | None = None
        self._seal = Seal()
        self._before = 0
        self._stopped = False

    def begin(self) -> Seal:
        """The work, each time this process comes to lead."""
        self._before += self._seal.sealed
        self._seal = Seal()
        return self._seal

    def sample(self, connection: Connection) -> None:
        """Asks how far behind each town is, by the clock lines are recorded with."""
        try:
            self._lag, self._stopped = lag(connection, self._clock()), False
        except SealError:  # whoever leads logs what to do
            self._lag, self._stopped = None, True

    def forget(self) -> None:
        """The gauges are absent until the database answers again."""
        self._lag, self._stopped = None, False

    def warnings(self) -> Sequence[str]:
        """Whether a line has been waiting for long, or lines cannot be found any more."""
        if self._stopped:
            return [STOPPED]
        return [BEHIND] if self._seconds() > BEHIND_SECONDS else []

    def collect(self) -> Iterator[Metric]:
        """The lag over all towns, and what this process sealed."""
        yield CounterMetricFamily(
            "ardoise_sealed_entries", "Entries this process sealed.", value=self._before + self._seal.sealed
        )
        if self._lag is not None:
            entries = sum(each.entries for each in self._lag.values())
            yield GaugeMetricFamily("ardoise_seal_lag_entries", "Entries committed and not sealed.", value=entries)
            yield GaugeMetricFamily(
                "ardoise_seal_lag_seconds", "Age of the first entry that is not sealed.", value=self._seconds()
            )

    def _seconds(self) -> float:
        return max((each.seconds for each in (self._lag or {}).values()), default=0.0)
