"""What bills are worked out from: sealed lines up to a position, each held against its digest and its seal.

Nothing else is read. Positions never change, so that whoever reads up to one, today or in a year, in one process or in
ten, reads the same lines.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final, NamedTuple

from ledger.codec import Codec
from ledger.entry import GENESIS, AlteredLineError
from ledger.events import MonthClosed
from ledger.identifiers import ChildId, Commune, HouseholdId, Month, Stream
from ledger.kept import read_kept
from ledger.regie import Regie
from ledger.store import Page, turned
from ledger.streams import child_page, household_page, payer_page, regie_page, town_page
from ledger.town import Town
from projections.billing.family import Family, Placed
from replay.leader import Connection
from rulebook.town import Rules, rules_of_town

HOUSEHOLDS_AT_ONCE: Final = 8
"""Few, so that what is in memory is that of a few families, whatever the size of the town."""
PAGES_AT_ONCE: Final = 100
_STREAMS: Final = "SELECT stream FROM entries WHERE commune = %(commune)s AND version = 1 ORDER BY stream"
_LINES: Final = """
    SELECT e.stream, e.version, e.stored, e.digest, s.leaf, s.position
    FROM unnest(%(streams)s::text[]) AS wanted (stream)
    CROSS JOIN LATERAL (
        SELECT k.stream, k.version, k.stored, k.digest, k.arrival FROM entries k
        WHERE k.commune = %(commune)s AND k.stream = wanted.stream OFFSET 0
    ) e
    CROSS JOIN LATERAL (
        SELECT k.leaf, k.position FROM seals k WHERE k.commune = %(commune)s AND k.arrival = e.arrival OFFSET 0
    ) s
    WHERE s.position <= %(upto)s
    ORDER BY e.stream COLLATE "C", e.version
"""
"""Page by page and line by line: joined freely, by a database that has not counted its tables lately, all seals of the
town are read for every few families (118 ms instead of 1.5 in a town of 1,000 children, and more with each line)."""
_FAMILIES: Final = """
    SELECT household, array_agg(child ORDER BY child) FROM draft_families
    WHERE commune = %(commune)s AND month = %(month)s
      AND household > %(after)s AND household <= coalesce(%(upto)s::text, chr(1114111))
    GROUP BY household ORDER BY household
"""


class Governed(NamedTuple):
    """What governs the bills of a town at a position."""

    rules: Rules
    town: Sequence[Placed]
    """The lines of the town's page."""
    closed: tuple[MonthClosed, ...]
    """The months closed by then."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """The lines of one town up to a position, over a connection that works for this town."""

    connection: Connection
    commune: Commune
    upto: int
    _codec: Codec = field(default_factory=Codec)

    def governed(self) -> Governed:
        """The rules, the town's own lines and the months that are closed. Raises AlteredLineError."""
        streams = (town_page(self.commune), regie_page(self.commune))
        pages = self._pages(streams)
        town, regie = (
            turned(Page(stream=stream), [line.entry for line in pages.get(stream, ())]).state for stream in streams
        )
        assert town is None or isinstance(town, Town)
        assert regie is None or isinstance(regie, Regie)
        return Governed(
            rules=rules_of_town(town), town=pages.get(streams[0], ()), closed=regie.months if regie is not None else ()
        )

    def families(self, month: Month, after: str, upto: str | None) -> Iterator[Family]:
        """The families of the draft of a month, from after a household up to another, in the order of their names.

        Raises AlteredLineError.
        """
        values = {"commune": self.commune, "month": month, "after": after, "upto": upto}
        named = self.connection.execute(_FAMILIES, values).fetchall()
        for start in range(0, len(named), HOUSEHOLDS_AT_ONCE):
            some = named[start : start + HOUSEHOLDS_AT_ONCE]
            yield from self.named([(HouseholdId(home), [ChildId(child) for child in own]) for home, own in some])

    def named(self, named: Sequence[tuple[HouseholdId, Sequence[ChildId]]]) -> Iterator[Family]:
        """These families, each with every child that ever was of it. Raises AlteredLineError."""
        commune = self.commune
        pages = self._pages(
            dict.fromkeys(
                stream
                for household, children in named
                for stream in (
                    household_page(commune, household),
                    payer_page(commune, household),
                    *(child_page(commune, child) for child in children),
                )
            )
        )
        for household, children in named:
            yield Family(
                household=household,
                home=pages.get(household_page(commune, household), ()),
                children={child: self._of_child(pages, child) for child in children},
                payer=pages.get(payer_page(commune, household), ()),
            )

    def everything(self) -> Iterator[tuple[Stream, list[Placed]]]:
        """Every page of the town. Raises AlteredLineError."""
        streams = [Stream(stream) for (stream,) in self.connection.execute(_STREAMS, {"commune": self.commune})]
        for start in range(0, len(streams), PAGES_AT_ONCE):
            yield from self._pages(streams[start : start + PAGES_AT_ONCE]).items()

    def _of_child(self, pages: dict[Stream, list[Placed]], child: ChildId) -> Sequence[Placed]:
        stream = child_page(self.commune, child)
        if stream not in pages:
            raise AlteredLineError(stream, 1)
        return pages[stream]

    def _pages(self, streams: Sequence[Stream] | dict[Stream, None]) -> dict[Stream, list[Placed]]:
        values = {"commune": self.commune, "streams": list(streams), "upto": self.upto}
        rows = self.connection.execute(_LINES, values, binary=True).fetchall()
        return {stream: self._page(stream, rows) for stream, rows in groupby(rows, key=lambda row: row[0])}

    def _page(self, stream: Stream, rows: Iterator[tuple[str, int, bytes, bytes, bytes, int]]) -> list[Placed]:
        """A page from its first line on, none left out. Raises AlteredLineError."""
        page: list[Placed] = []
        head = GENESIS
        for count, (_, version, stored, digest, leaf, position) in enumerate(rows, start=1):
            entry = read_kept(self._codec, stream, count, stored, digest, leaf)
            if version != count or entry.previous != head:
                raise AlteredLineError(stream, count)
            head = entry.digest
            page.append(Placed(entry, position))
        return page
