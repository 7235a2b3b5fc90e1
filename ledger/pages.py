"""Reading pages through eventsourcing: its repository, its cache and its snapshots, over our bytes."""

import contextlib
from collections.abc import Iterable
from typing import Any, Final, cast

import orjson
from eventsourcing.application import AggregateNotFoundError, Repository
from eventsourcing.persistence import AggregateRecorder, EventStore, JSONTranscoder, Mapper, StoredEvent

from ledger.child import Child
from ledger.codec import Codec
from ledger.entry import Entry
from ledger.identifiers import Stream
from ledger.snapshots import FOLD, pack, unpack
from ledger.store import Page, turned
from ledger.streams import kind_of

SNAPSHOT_EVERY: Final = 100
"""Lines between two snapshots of a child's page: what is folded at most after a cold start."""

CACHED_PAGES: Final = 500
"""Pages kept in memory by a process. A child of five full years weighs 1.3 MB, one of a year about 0.2 MB."""


class Snapshot:
    """A child's page as it stood at a version."""

    def __init__(self, page: Page[Any]) -> None:
        self.page = page

    @property
    def originator_id(self) -> str:
        """The page, as eventsourcing names it."""
        return self.page.stream

    @property
    def originator_version(self) -> int:
        """The line it stands at."""
        return self.page.version


class EntryMapper(Mapper[str]):
    """Entries are stored as the bytes that were hashed, under their wire name."""

    def __init__(self, codec: Codec) -> None:
        super().__init__(JSONTranscoder())
        self.codec = codec

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """The line to keep."""
        entry = cast("Entry", domain_event)
        return StoredEvent(entry.stream, entry.version, self.codec.name(entry.fact), entry.stored)

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """The line that was kept."""
        return self.codec.read(stored_event.state)


class SnapshotMapper(Mapper[str]):
    """Snapshots are stored as plain JSON under the version of the fold that made them."""

    def __init__(self) -> None:
        super().__init__(JSONTranscoder())

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """The snapshot to keep."""
        page = domain_event.page
        state = orjson.dumps({"head": page.head.hex(), "child": pack(page.state)})
        return StoredEvent(page.stream, page.version, str(FOLD), state)

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """The snapshot that was kept."""
        packed = orjson.loads(stored_event.state)
        stream = Stream(str(stored_event.originator_id))
        head, state = bytes.fromhex(packed["head"]), unpack(packed["child"])
        return Snapshot(Page(stream=stream, version=stored_event.originator_version, head=head, state=state))


def _project(page: Page[Any] | None, lines: Iterable[Any]) -> Page[Any] | None:
    entries = list(lines)
    if entries and isinstance(entries[0], Snapshot):
        page = entries.pop(0).page
    if page is None:
        if not entries:
            return None
        page = Page(stream=entries[0].stream)
    return turned(page, entries)


class Pages:
    """The pages of the ledger, folded; the ones read lately stay in memory and are only brought up to date."""

    def __init__(self, entries: AggregateRecorder, snapshots: AggregateRecorder, codec: Codec) -> None:
        self.entries = EventStore(EntryMapper(codec), entries)
        self.snapshots = EventStore(SnapshotMapper(), snapshots)
        self._children = self._repository(self.snapshots)
        self._others = self._repository(None)

    def _repository(self, snapshots: EventStore[str] | None) -> Repository[str]:
        return Repository(self.entries, snapshot_store=snapshots, cache_maxsize=CACHED_PAGES, deepcopy_from_cache=False)

    def read(self, stream: Stream) -> Page[Any]:
        """A page as it stands now. Readers of the same page do not wait for each other."""
        repository = self._repository_of(stream)
        page = self._brought_up_to_date(repository, stream)
        if page is None:
            try:
                page = cast("Page[Any]", repository.get(stream, projector_func=cast("Any", _project)))
            except AggregateNotFoundError:
                return Page(stream=stream)
        self._remember(repository, page)
        return page

    def _brought_up_to_date(self, repository: Repository[str], stream: Stream) -> Page[Any] | None:
        """The page that is remembered and the lines since; None when it must be read from its first line.

        Its last line is read again: a database that lost lines (a standby took over, a backup was restored) would
        otherwise be built upon as if it still had them.
        """
        assert repository.cache is not None
        try:
            page = cast("Page[Any]", repository.cache.get(stream))
        except KeyError:
            return None
        lines = cast("list[Entry]", list(self.entries.get(stream, gt=page.version - 1)))
        if lines and lines[0].digest == page.head:
            return cast("Page[Any]", turned(page, lines[1:]))
        with contextlib.suppress(KeyError):
            repository.cache.get(stream, evict=True)
        return None

    def wrote(self, before: int, page: Page[Any]) -> None:
        """Takes note of a page that was appended to since a version, and now and then of a snapshot of it."""
        self._remember(self._repository_of(page.stream), page)
        if isinstance(page.state, Child) and before // SNAPSHOT_EVERY < page.version // SNAPSHOT_EVERY:
            self.snapshots.put([cast("Any", Snapshot(page))])

    def _repository_of(self, stream: Stream) -> Repository[str]:
        return self._children if kind_of(stream) == "child" else self._others

    @staticmethod
    def _remember(repository: Repository[str], page: Page[Any]) -> None:
        assert repository.cache is not None
        repository.cache.put(page.stream, cast("Any", page))
