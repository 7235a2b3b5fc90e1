"""The port: read a page, append to pages. Kept by `ledger.postgres`, and by `ledger.memory` for specifications."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Generic, Protocol, TypeVar

from ledger import activation as activations
from ledger import child as children
from ledger import household as households
from ledger import payer as payers
from ledger import regie as regies
from ledger import town as towns
from ledger.activation import Activation
from ledger.child import Child
from ledger.codec import Codec
from ledger.entry import GENESIS, AlteredLineError, Entry, Signature
from ledger.events import CapacityChanged, Fact
from ledger.holdings import PlaceKey, held, touched
from ledger.household import Household
from ledger.identifiers import Commune, DemandeNumber, Slug, Stream
from ledger.payer import Payer
from ledger.regie import Regie
from ledger.rows import Change, Projector, State
from ledger.sealed import SealedChange
from ledger.streams import kind_of
from ledger.town import Town

S = TypeVar("S", bound=State)


class ConflictError(Exception):
    """Somebody wrote on the page first: read it again and decide again."""


class FullError(Exception):
    """Some slots have fewer places left than were asked for. Nothing was written."""

    def __init__(self, left: Mapping[PlaceKey, int]) -> None:
        self.left = dict(left)
        super().__init__(f"{len(self.left)} full")


class KeyReusedError(Exception):
    """The same idempotency key came with another body."""


class ErasedError(Exception):
    """Somebody the command is about was forgotten since its bytes were sealed: decide again."""


class BusyError(Exception):
    """A lock was not obtained in time: the same key is running, or a slot is fought over. Try again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a command was answered: an HTTP status, headers worth keeping, the bytes of the body."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class ReplayedError(Exception):
    """The key was used before with the same body: this is the answer it got."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__("answered before")


@dataclass(frozen=True, kw_only=True, slots=True)
class Once:
    """What makes a command run once: who asked, through what, under which key, and the digest of what was asked."""

    client: str
    subject: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[S]):
    """A page as it was read. A page nobody wrote on has version 0 and no state."""

    stream: Stream
    version: int = 0
    head: bytes = GENESIS
    state: S | None = None


AnyPage = Page[Child] | Page[Household] | Page[Activation] | Page[Town] | Page[Payer] | Page[Regie]


def turned(page: AnyPage, entries: Iterable[Entry]) -> AnyPage:
    """The page after these entries. Raises AlteredLineError when they do not follow it, and one another."""
    lines = list(entries)
    if not lines:
        return page
    version, head = page.version, page.head
    for line in lines:
        if line.version != version + 1 or line.previous != head:
            raise AlteredLineError(page.stream, version + 1)
        version, head = line.version, line.digest
    state = _EVOLVE[kind_of(page.stream)](page.state, lines)
    return Page(stream=page.stream, version=version, head=head, state=state)


_EVOLVE: Mapping[str, Callable[..., Any]] = {
    "child": children.evolve,
    "household": households.evolve,
    "account": activations.evolve,
    "town": towns.evolve,
    "payer": payers.evolve,
    "regie": regies.evolve,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Write:
    """Facts to add to a page."""

    page: AnyPage
    facts: Sequence[Fact]


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """What a command writes: lines, places to take or give back, places set by the town, rows of read models."""

    commune: Commune
    signature: Signature
    entries: Sequence[Entry] = ()
    claims: Mapping[PlaceKey, int] = field(default_factory=dict)
    settings: Mapping[PlaceKey, int | None] = field(default_factory=dict)
    changes: Sequence[Change] = ()
    vault: Sequence[SealedChange] = ()
    """What goes into the vault, moves within it or leaves it, in the same transaction."""
    pages: Sequence[AnyPage] = ()
    """The pages as they stand afterwards."""
    versions: Sequence[int] = ()
    """The version each of them had before."""


def prepare(
    commune: Commune, signature: Signature, writes: Sequence[Write], *, codec: Codec, project: Projector
) -> Prepared:
    """Works out what facts write; of several writes on a page, each follows the one before. Pure."""
    entries: list[Entry] = []
    claims: Counter[PlaceKey] = Counter()
    settings: dict[PlaceKey, int | None] = {}
    changes: list[Change] = []
    pages: dict[Stream, AnyPage] = {}
    for write in writes:
        page = pages.get(write.page.stream, write.page)
        for fact in write.facts:
            entry = codec.write(
                fact, stream=page.stream, version=page.version + 1, previous=page.head, signature=signature
            )
            before = page.state
            page = turned(page, [entry])
            if isinstance(before, Child) and isinstance(page.state, Child):
                keys = touched(before, fact)  # type: ignore[arg-type]
                claims.update(held(page.state, keys))
                claims.subtract(held(before, keys))
            if isinstance(fact, CapacityChanged):
                settings[PlaceKey(fact.activity, fact.unit, fact.day, fact.pool)] = fact.places
            assert page.state is not None
            changes.extend(project(entry, page.state))
            entries.append(entry)
        pages[page.stream] = page
    before_all = {write.page.stream: write.page.version for write in writes}
    return Prepared(
        commune=commune,
        signature=signature,
        entries=entries,
        claims={key: delta for key, delta in sorted(claims.items()) if delta},
        settings=settings,
        changes=changes,
        pages=list(pages.values()),
        versions=[before_all[stream] for stream in pages],
    )


Capacity = Callable[[PlaceKey], int | None]
"""The places the rulebook gives; None is no limit. What the town set itself comes before it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Append:
    """One command to keep with its answer: all of it or nothing."""

    prepared: Prepared
    once: Once
    answer: Answer
    capacity: Capacity


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """What a command was answered, and whether that was decided now or long ago."""

    answer: Answer
    replayed: bool


class Store(Protocol):
    """Where pages are kept."""

    def pages(self, streams: Iterable[Stream]) -> Mapping[Stream, AnyPage]:
        """The pages a command wants to see, all of one town, as they stand now."""

    def next_number(self, commune: Commune) -> DemandeNumber:
        """A number no demande of the town has had. Gaps are normal."""

    def booked_until(self, commune: Commune) -> Mapping[Slug, date]:
        """The last day of each activity on which a place is taken."""

    def prepare(self, commune: Commune, signature: Signature, writes: Sequence[Write]) -> Prepared:
        """Works out what facts write, without writing it."""

    def full(self, prepared: Prepared, capacity: Capacity) -> Mapping[PlaceKey, int]:
        """The slots that have too few places for this now, and how many. Another writer may still be faster."""

    def append(self, append: Append) -> Kept:
        """Keeps a command and its answer, or gives the answer its key got before.

        Raises ConflictError, FullError, KeyReusedError or BusyError, having written nothing.
        """
