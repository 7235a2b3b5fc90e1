"""What was asked and what happened, command by command, in the order of the seal."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from ledger.entry import Entry, Signature
from ledger.events import (
    AbsenceDeclared,
    CancellationRequested,
    DemandeApproved,
    DemandeRejected,
    DemandeWithdrawn,
    Fact,
    ReservationRequested,
)
from ledger.identifiers import DemandeNumber, Stream
from projections.billing.family import Placed


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What one command wrote on one page."""

    stream: Stream
    position: int
    """Of its first line."""
    signature: Signature
    entries: tuple[Entry, ...]

    @property
    def facts(self) -> list[Fact]:
        """What it wrote, in order."""
        return [entry.fact for entry in self.entries]

    def asked(self) -> list[ReservationRequested | CancellationRequested]:
        """The days it asks for or gives up."""
        return [fact for fact in self.facts if isinstance(fact, ReservationRequested | CancellationRequested)]

    def absences(self) -> list[AbsenceDeclared]:
        """The absences it declares."""
        return [fact for fact in self.facts if isinstance(fact, AbsenceDeclared)]

    def decisions(self) -> list[DemandeApproved | DemandeRejected]:
        """What it decides."""
        return [fact for fact in self.facts if isinstance(fact, DemandeApproved | DemandeRejected)]

    def withdrawn(self) -> list[DemandeNumber]:
        """The demandes it takes back."""
        return [fact.demande for fact in self.facts if isinstance(fact, DemandeWithdrawn)]


def said_in_order(lines: Iterable[Placed]) -> Iterator[Said]:
    """Lines of a town in the order of the seal, put together by page and command."""
    first: dict[tuple[str, str], int] = {}
    for line in (ordered := sorted(lines, key=lambda placed: placed.position)):
        first.setdefault((line.entry.signature.command, line.entry.stream), line.position)

    def of(placed: Placed) -> tuple[int, str]:
        return first[placed.entry.signature.command, placed.entry.stream], placed.entry.stream

    for (position, stream), group in groupby(sorted(ordered, key=lambda placed: (of(placed), placed.position)), of):
        entries = tuple(placed.entry for placed in group)
        yield Said(stream=Stream(stream), position=position, signature=entries[0].signature, entries=entries)
