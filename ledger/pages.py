"""Reading pages through eventsourcing: its repository, its cache and its snapshots, over our bytes."""

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, cast

import orjson
from eventsourcing.application import AggregateNotFoundError, Repository
from eventsourcing.persistence import AggregateRecorder, EventStore, JSONTranscoder, Mapper, StoredEvent

from ledger.child import Child
from ledger.codec import Codec
from ledger.entry import Entry
from ledger.identifiers import Stream
from ledger.kept import read_kept
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
        """The line that was kept. Raises AlteredLineError."""
        return read_kept(
            self.codec, Stream(str(stored_event.originator_id)), stored_event.originator_version, stored_event.state
        )


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


class PageRecorder(AggregateRecorder, ABC):
    """A recorder of the library's that can also tell several pages at once."""

    @abstractmethod
    def select_pages(self, after: Mapping[Stream, int]) -> Iterable[StoredEvent]:
        """The lines of each page after a version, in order. All pages are of one town."""


class Pages:
    """The pages of the ledger, folded; the ones read lately stay in memory and are only brought up to date."""

    def __init__(self, entries: PageRecorder, snapshots: AggregateRecorder, codec: Codec) -> None:
        self._recorder = entries
        self.entries = EventStore(EntryMapper(codec), entries)
        self.snapshots = EventStore(SnapshotMapper(), snapshots)
        self._children = self._repository(self.snapshots)
        self._others = self._repository(None)

    def _repository(self, snapshots: EventStore[str] | None) -> Repository[str]:
        return Repository(self.entries, snapshot_store=snapshots, cache_maxsize=CACHED_PAGES, deepcopy_from_cache=False)

    def read(self, stream: Stream) -> Page[Any]:
        """A page as it stands now."""
        return self.read_all([stream])[stream]

    def read_all(self, streams: Sequence[Stream]) -> dict[Stream, Page[Any]]:
        """Pages as they stand now. Those remembered are brought up to date together, in one question."""
        known = {stream: page for stream in dict.fromkeys(streams) if (page := self._remembered(stream))}
        found = self._brought_up_to_date(known) if known else {}
        for stream in streams:
            if stream not in found:
                found[stream] = self._from_the_first_line(stream)
        for page in found.values():
            if page.version:
                self._remember(page)
        return found

    def _remembered(self, stream: Stream) -> Page[Any] | None:
        cache = self._repository_of(stream).cache
        assert cache is not None
        try:
            return cast("Page[Any]", cache.get(stream))
        except KeyError:
            return None

    def _brought_up_to_date(self, known: Mapping[Stream, Page[Any]]) -> dict[Stream, Page[Any]]:
        """The pages that are remembered, with the lines since, but for those to be read from their first line again.

        The last line of each is read again: a database that lost lines (a standby took over, a backup was restored)
        would otherwise be built upon as if it still had them.
        """
        lines: dict[Stream, list[Entry]] = {}
        for kept in self._recorder.select_pages({stream: page.version - 1 for stream, page in known.items()}):
            entry: Entry = self.entries.mapper.to_domain_event(kept)  # type: ignore[assignment]
            lines.setdefault(entry.stream, []).append(entry)
        return {
            stream: cast("Page[Any]", turned(page, lines[stream][1:]))
            for stream, page in known.items()
            if stream in lines and lines[stream][0].digest == page.head
        }

    def _from_the_first_line(self, stream: Stream) -> Page[Any]:
        repository = self._repository_of(stream)
        with contextlib.suppress(KeyError):
            repository.cache.get(stream, evict=True)  # type: ignore[union-attr]
        try:
            return cast("Page[Any]", repository.get(stream, projector_func=cast("Any", _project)))
        except AggregateNotFoundError:
            return Page(stream=stream)

    def wrote(self, before: int, page: Page[Any]) -> None:
        """Takes note of a page that was appended to since a version, and now and then of a snapshot of it."""
        self._remember(page)
        if isinstance(page.state, Child) and before // SNAPSHOT_EVERY < page.version // SNAPSHOT_EVERY:
            self.snapshots.put([cast("Any", Snapshot(page))])

    def _repository_of(self, stream: Stream) -> Repository[str]:
        return self._children if kind_of(stream) == "child" else self._others

    def _remember(self, page: Page[Any]) -> None:
        cache = self._repository_of(page.stream).cache
        assert cache is not None
        cache.put(page.stream, cast("Any", page))
