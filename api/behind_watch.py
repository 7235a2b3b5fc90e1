"""How what stands behind the seal does, as every process sees it: followed, set aside, found to differ."""

import time
from collections.abc import Iterator, Sequence
from typing import Final

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from ledger.identifiers import Commune
from replay.following import drift, follower
from replay.following.pages import MODEL
from replay.following.watched import TownBehind, towns_behind
from replay.leader import Connection, Step

BEHIND, PARKED, DRIFTED = "follower_behind", "pages_parked", "rows_drifted"
FAR_BEHIND: Final = follower.FAR_BEHIND
STUCK_SECONDS: Final = 30.0
"""A batch takes a tenth of a second: a position that stays this long while lines wait is one nobody moves."""


class BehindWatch:
    """What /metrics and /readyz say of the read model that follows the seal, and of the drift watch."""

    def __init__(self, drift_share: float = drift.SHARE, *, stuck_seconds: float = STUCK_SECONDS) -> None:
        self._stuck_seconds = stuck_seconds
        self._share = drift_share
        self._towns: list[TownBehind] | None = None
        self._moved: dict[Commune, tuple[int, float]] = {}
        self._checked = 0

    def follow(self) -> Step:
        """The follower's work, each time this process comes to lead."""
        return follower.begin()

    def watch(self) -> Step:
        """The drift watch's work, each time this process comes to lead."""
        return drift.begin(self._count, share=self._share)

    def sample(self, connection: Connection) -> None:
        """Asks how every town does, and remembers since when each position stays."""
        now = time.monotonic()
        self._towns = towns_behind(connection)
        before = self._moved
        self._moved = {}
        for town in self._towns:
            position, since = before.get(town.commune, (-1, now))
            stays = town.lag > 0 and position == town.followed
            self._moved[town.commune] = (town.followed, since if stays else now)

    def forget(self) -> None:
        """The gauges are absent until the database answers again."""
        self._towns = None

    def warnings(self) -> Sequence[str]:
        """What somebody should look at."""
        towns = self._towns or []
        found = {
            BEHIND: any(town.lag > FAR_BEHIND for town in towns) or self._stuck(),
            PARKED: any(town.parked for town in towns),
            DRIFTED: any(town.drifted for town in towns),
        }
        return [code for code, is_so in found.items() if is_so]

    def collect(self) -> Iterator[Metric]:
        """The lag, the pages set aside and the rows that differ over all towns; the pages this process checked."""
        yield CounterMetricFamily(
            "ardoise_drift_checked", "Pages this process folded and compared.", value=self._checked
        )
        if self._towns is None:
            return
        lag = GaugeMetricFamily("ardoise_follower_lag_entries", "Entries sealed and not followed.", labels=["model"])
        lag.add_metric([MODEL], sum(town.lag for town in self._towns))
        yield lag
        parked = GaugeMetricFamily("ardoise_parked_pages", "Pages set aside, to be tried again.", labels=["model"])
        parked.add_metric([MODEL], sum(town.parked for town in self._towns))
        yield parked
        drifted = sum(town.drifted for town in self._towns)
        yield GaugeMetricFamily("ardoise_drift_rows", "Rows found not to be what the facts say.", value=drifted)

    def _stuck(self) -> bool:
        now = time.monotonic()
        waiting = [town.commune for town in self._towns or [] if town.lag > 0]
        return any(now - self._moved[commune][1] > self._stuck_seconds for commune in waiting)

    def _count(self) -> None:
        self._checked += 1
