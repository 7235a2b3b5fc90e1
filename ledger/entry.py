"""A fact on its page: who acted, when, under which command, and after which entry."""

from dataclasses import dataclass
from datetime import datetime

from ledger.events import Fact
from ledger.identifiers import Commune, Stream, Subject

GENESIS = bytes(32)
"""What the first entry of a page is chained to."""


class AlteredLineError(Exception):
    """A line is not the one that was written or sealed, or is not there: nothing may be told from its page."""

    def __init__(self, stream: str, version: int) -> None:
        self.stream, self.version = stream, version
        commune = stream.split("/")[1]
        super().__init__(f"line {version} of {stream} is not as it was written: run `ardoise verify {commune}`.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """Who asked for a change, through what, and when: the same for every entry of one command.

    `happened_at` differs from `recorded_at` only for what an agent enters after the event, and for imports.
    """

    actor: Subject
    role: str
    client: str
    command: str
    correlation: str
    happened_at: datetime
    recorded_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One line of a page. `digest` is the SHA-256 of the stored bytes, `previous` that of the line before."""

    commune: Commune
    stream: Stream
    version: int
    fact: Fact
    signature: Signature
    previous: bytes
    stored: bytes
    digest: bytes

    @property
    def originator_id(self) -> str:
        """The page, as eventsourcing names it."""
        return self.stream

    @property
    def originator_version(self) -> int:
        """The line's number on its page, as eventsourcing names it. From 1."""
        return self.version
