"""The schedule of the checkpoints: one process at a time signs what grew, and says aloud what it does not sign."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

import psycopg
import structlog

from ledger.identifiers import Commune
from replay.checkpoint import Checkpoint
from replay.checkpoint_files import CheckpointsError
from replay.notary import AnotherPastError, Notary, towns_of
from replay.seal import seal_once
from replay.tree import Connection

LOCK: Final = 5
"""The advisory lock of the leader that signs."""
WARNING: Final = "checkpoint_refused"

log = structlog.stdlib.get_logger("ardoise.checkpoints")


def _machine_time() -> datetime:
    return datetime.now(UTC)


class Signing:
    """What a process signs while it leads, and when it stops."""

    def __init__(self, notary: Notary, seconds: float, now: Callable[[], datetime] = _machine_time) -> None:
        """`now` is the machine's time, by which files are old: never the ledger's."""
        self.notary = notary
        self.signed = 0
        """Checkpoints this process wrote."""
        self.refused: dict[Commune, str] = {}
        """The towns whose tree was not signed the last time, and why."""
        self._seconds = seconds
        self._now = now

    def step(self, connection: Connection) -> float:
        """Signs every town that grew; in how many seconds to come back."""
        for commune in towns_of(connection):
            self._sign(connection, commune)
        return self._seconds

    def finish(self, conninfo: str) -> None:
        """At a clean stop: seals what is committed, and signs it."""
        with psycopg.connect(conninfo, autocommit=True) as connection:
            seal_once(connection)
            self.step(connection)

    def _sign(self, connection: Connection, commune: Commune) -> Checkpoint | None:
        try:
            made = self.notary.sign(connection, commune, self._now())
        except (AnotherPastError, CheckpointsError) as error:
            if self.refused.get(commune) != str(error):
                log.error(WARNING, commune=commune, reason=str(error))
            self.refused[commune] = str(error)
            return None
        self.refused.pop(commune, None)
        if made is not None:
            self.signed += 1
            log.info("signed", commune=commune, size=made.head.size)
        return made
