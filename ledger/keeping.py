"""What keeping a ledger takes wherever it is kept: pages read, facts prepared, a command appended with its answer."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ledger.child import Child
from ledger.codec import Codec
from ledger.entry import Signature
from ledger.household import Household
from ledger.identifiers import ChildId, Commune, HouseholdId, Stream
from ledger.pages import Pages
from ledger.rows import Projector
from ledger.store import Append, Kept, Page, Prepared, ReplayedError, Write, prepare
from ledger.streams import child_page, household_page, town_page
from ledger.town import Town


class Keeping:
    """The part of the port that the store in memory and the one on PostgreSQL share."""

    def __init__(self, pages: Pages, codec: Codec, project: Projector) -> None:
        self._pages = pages
        self._codec = codec
        self._project = project

    def pages(self, streams: Iterable[Stream]) -> Mapping[Stream, Page[Any]]:
        """The pages a command wants to see, as they stand now."""
        return self._pages.read_all(list(streams))

    def child(self, commune: Commune, child: ChildId) -> Page[Child]:
        """The page of a child."""
        return self._pages.read(child_page(commune, child))

    def household(self, commune: Commune, household: HouseholdId) -> Page[Household]:
        """The page of a household."""
        return self._pages.read(household_page(commune, household))

    def town(self, commune: Commune) -> Page[Town]:
        """The page of a town."""
        return self._pages.read(town_page(commune))

    def prepare(self, commune: Commune, signature: Signature, writes: Sequence[Write]) -> Prepared:
        """Works out what facts write, without writing it."""
        return prepare(commune, signature, writes, codec=self._codec, project=self._project)

    def append(self, append: Append) -> Kept:
        """Keeps a command and its answer, or gives the answer its key got before."""
        prepared = append.prepared
        try:
            self._pages.entries.put(list(prepared.entries), append=append)
        except ReplayedError as replayed:
            return Kept(answer=replayed.answer, replayed=True)
        for version, page in zip(prepared.versions, prepared.pages, strict=True):
            self._pages.wrote(version, page)
        return Kept(answer=append.answer, replayed=False)
