"""What every work on bills is given, and the sealed position it stands on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ledger.entry import Signature
from ledger.identifiers import Commune, Subject, new_id
from ledger.store import Store
from replay.leader import Connection
from replay.sealing.seal import seal_once

_SIZE: Final = "SELECT coalesce((SELECT size FROM trees WHERE commune = %s), 0)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Watching:
    """Who wants to know how far it is: `done` is told households done and those there are, `say` what is done now."""

    done: Callable[[int, int], None] = lambda _done, _all: None
    say: Callable[[str], None] = lambda _what: None


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One town to bill: how to reach it, on whose behalf, with how many processes."""

    commune: Commune
    conninfo: str
    """Of connections that see what is committed by each statement."""
    store: Store
    by: Subject
    role: str
    client: str
    clock: Callable[[], datetime]
    processes: int = 0
    """How many beside this one; with none, this one works."""
    watching: Watching = Watching()

    def signature(self) -> Signature:
        """Of one more command of whoever asks."""
        return signed(self.by, self.role, self.client, self.clock())


def signed(by: Subject, role: str, client: str, now: datetime) -> Signature:
    """The signature of one more command."""
    command = new_id()
    return Signature(
        actor=by,
        role=role,
        client=client,
        command=command,
        correlation=command,
        happened_at=now,
        recorded_at=now,
    )


def sealed(connection: Connection, commune: Commune) -> int:
    """The position of the town's last line, once everything that is committed now is sealed.

    Beside the leader of the seal too: they seal one after the other, and nobody waits for a process that is gone.
    """
    seal_once(connection)
    [(size,)] = connection.execute(_SIZE, (commune,)).fetchall()
    return int(size)
