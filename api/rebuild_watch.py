"""Whether the rows that are served were made by the code that runs: a new version of a model waits for a rebuild."""

from collections.abc import Iterable, Sequence
from typing import Final

from prometheus_client import Metric

from projections.models import READ_MODELS
from replay.leader import Connection
from replay.rebuilding.rebuild import served

OLD: Final = "read_model_old"


class RebuildWatch:
    """What /readyz says of the versions of read models: the old rows are served until the new ones are there."""

    def __init__(self) -> None:
        self._old = False

    def sample(self, connection: Connection) -> None:
        """Compares the versions of the rows with those of the code."""
        now = served(connection)
        self._old = any(now[name] != model.version for name, model in READ_MODELS.items())

    def forget(self) -> None:
        """Nothing is known until the database answers again."""
        self._old = False

    def warnings(self) -> Sequence[str]:
        """Whether a rebuild is wanted."""
        return [OLD] if self._old else []

    def collect(self) -> Iterable[Metric]:
        """Nothing that changes often enough to be a gauge."""
        return ()
