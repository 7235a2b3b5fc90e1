"""Signing every town that grew: by one process at a time on a schedule, at a clean stop, or when it is asked for."""

from collections.abc import Callable
from datetime import UTC, datetime

from ledger.identifiers import Commune
from replay.sealing.checkpoint import Checkpoint
from replay.sealing.files import CheckpointsError
from replay.sealing.notary import AnotherPastError, Notary, towns_of
from replay.sealing.tree import Connection


def machine_time() -> datetime:
    """The time files are old by: never the ledger's, which the demo and the tests set."""
    return datetime.now(UTC)


class Signing:
    """What a process signs, and what it does not sign any more."""

    def __init__(self, notary: Notary, now: Callable[[], datetime] = machine_time) -> None:
        self.notary = notary
        self._now = now
        self.signed = 0
        """Checkpoints this process wrote."""
        self.refused: dict[Commune, str] = {}
        """The towns whose tree was not signed the last time, and why."""

    def sign(self, connection: Connection) -> list[Checkpoint]:
        """Signs every town that grew; a town that is refused holds up no other."""
        found = (self._signed(connection, commune) for commune in towns_of(connection))
        made = [checkpoint for checkpoint in found if checkpoint is not None]
        self.signed += len(made)
        return made

    def _signed(self, connection: Connection, commune: Commune) -> Checkpoint | None:
        try:
            made = self.notary.sign(connection, commune, self._now())
        except (AnotherPastError, CheckpointsError) as error:
            self.refused[commune] = str(error)
            return None
        self.refused.pop(commune, None)
        return made
