"""Histories told of stories: the items of the pages a story wrote, and their French sentences."""

from collections.abc import Sequence
from typing import Any

from api.french_history import sentence
from api.history_words import HistoryWords
from ledger.codec import Codec
from ledger.entry import Entry
from ledger.identifiers import Stream
from replay.timeline import Item, Line, Telling
from rulebook.town import rules_of_town
from tests.spec import Story

CODEC = Codec()
Rows = dict[tuple[str, tuple[tuple[str, Any], ...]], dict[str, Any]]
"""Rows by table and key, without the town."""


def line_of(entry: Entry, *, arrival: int = 0) -> Line:
    """Where a line stands, sealed by nobody."""
    return Line(
        stream=entry.stream,
        version=entry.version,
        type=CODEC.name(entry.fact),
        recorded_at=entry.signature.recorded_at,
        arrival=arrival or entry.version,
        position=None,
    )


def row_of(entry: Entry) -> dict[str, Any]:
    """A line as it is kept, sealed by nobody."""
    return {
        "stream": entry.stream,
        "version": entry.version,
        "stored": entry.stored,
        "digest": entry.digest,
        "leaf": None,
    }


def told(entries: Sequence[Entry]) -> list[Item]:
    """Every line of one page, told."""
    page = Telling(entries[0].stream)
    items = [page.take(entry, line_of(entry)) for entry in entries]
    return [item for item in items if item is not None]


def page_of(story: Story, stream: Stream) -> list[Entry]:
    return [CODEC.read(bytes(line.state)) for line in story.store.recorder.select_events(stream)]


def words_of(story: Story) -> HistoryWords:
    return HistoryWords(rules=rules_of_town(story.store.town(story.commune).state))


def said(story: Story, stream: Stream) -> list[str]:
    """The sentences of a page."""
    return [sentence(item, words_of(story)) for item in told(page_of(story, stream))]


def folded(items: Sequence[Item]) -> Rows:
    """The rows that what was told makes, from nothing; each change starts from what the one before left."""
    rows: Rows = {}
    for item in items:
        for changed in item.changes:
            place = changed.table, tuple(sorted(changed.key.items()))
            before, after = changed.differing()
            assert before != after, "what did not change is told"
            known = rows.get(place)
            if changed.before is None or changed.after is None:
                assert known == changed.before
            else:
                assert known is not None
                assert before is not None
                assert {name: known[name] for name in before} == before
            if after is None:
                del rows[place]
            else:
                rows[place] = {**(known or {}), **after}
    return rows
