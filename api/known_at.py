"""Asks what was known at an instant, by the very questions that are asked of the present.

Who may ask is a matter of the present, what is answered is a matter of then. The pages of a family are folded anew;
what is made of every page at once is read behind the seal, and waits for it.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from datetime import datetime
from itertools import groupby
from typing import Any, Final, Protocol
from weakref import WeakKeyDictionary

from starlette.concurrency import run_in_threadpool

from api.asking import Reader, Rows
from api.problems import retry_later
from ledger.codec import Codec
from ledger.entry import Entry
from ledger.identifiers import ChildId, Commune, Stream, Subject
from ledger.kept import read_kept
from ledger.streams import town_page
from projections import families, pages_of
from projections.question import Question
from replay.as_of import BEHIND, OF_PAGES, OF_TOWN, PAST, Past, mentioned
from rulebook.town import Rules

PATIENCE_SECONDS: Final = 2.0
PAUSE_SECONDS: Final = 0.05
MOST_WAITING: Final = 4
"""Requests of one service that wait for the past at once: each keeps one of the few places in which all are handled."""
RETRY_SECONDS: Final = 2
PAGES_AT_ONCE: Final = 25
"""Read in one round trip and folded in one go: other requests have their turn in between."""
RIGHTS: Final = frozenset({"guardians", "children"})
"""The tables that say who may read what, where a question holds its own rows against them."""

_CODEC: Final = Codec()
_WAITING: Final[WeakKeyDictionary[Reader, Counter[Commune]]] = WeakKeyDictionary()
"""How many wait for the past of each town, by what each service reads with."""


class Asked(Protocol):
    """Whoever answers questions: about now, or about then."""

    async def ask(self, commune: Commune, *questions: Question) -> list[Rows]:
        """The rows of each question."""

    async def rules(
        self, commune: Commune, versions: Sequence[Mapping[str, Any]], closures: Sequence[Mapping[str, Any]] = ()
    ) -> Rules:
        """The rules behind the rows of `town.rulebooks` and `town.closures`."""


class Known:
    """What was known at an instant of some pages.

    `pages` are named, or asked for; None is every page, of which demandes alone are known. The page of the town is
    always among them. The tables of `present` are read as they stand now.
    """

    def __init__(
        self,
        reader: Reader,
        as_of: datetime,
        pages: Sequence[Stream] | Question | None,
        *,
        present: frozenset[str] = frozenset(),
    ) -> None:
        self._reader = reader
        self._pages = pages
        self._tables = PAST - present
        self._past = Past(as_of=as_of)
        self._folded: set[Stream] = set()

    async def ask(self, commune: Commune, *questions: Question) -> list[Rows]:
        """The rows each question would have had then. Raises `past_not_ready` when that cannot be told yet."""
        wanted = frozenset().union(*(mentioned(question.sql) for question in questions)) & self._tables
        await self._fold(commune, await self._streams(commune, wanted))
        everybody = self._pages is None
        asked = [self._past.question(question, self._tables, everybody=everybody) for question in questions]
        return await self._answered(commune, *asked)

    async def rules(
        self, commune: Commune, versions: Sequence[Mapping[str, Any]], closures: Sequence[Mapping[str, Any]] = ()
    ) -> Rules:
        """The rules behind these rows: the texts of rulebooks never change."""
        return await self._reader.rules(commune, versions, closures)

    async def children_of(self, commune: Commune, subject: Subject) -> list[ChildId]:
        """The children that were then of the households an account speaks for now."""
        then = copy(self)
        then._tables = PAST - {"guardians"}
        [rows] = await then.ask(commune, families.children_of_subject(commune, subject))
        return [ChildId(row["child"]) for row in rows]

    async def _streams(self, commune: Commune, wanted: frozenset[str]) -> list[Stream]:
        """The pages these tables are made of."""
        streams = [town_page(commune)] if wanted & OF_TOWN else []
        if self._pages is None:
            assert not wanted & OF_PAGES - {"demandes"}, "of everybody, only demandes are known at an instant"
        elif wanted & OF_PAGES:
            streams += await self._named(commune, self._pages)
        return [stream for stream in streams if stream not in self._folded]

    async def _named(self, commune: Commune, pages: Sequence[Stream] | Question) -> Sequence[Stream]:
        if not isinstance(pages, Question):
            return pages
        [rows] = await self._answered(commune, pages)
        return [Stream(row["stream"]) for row in rows]

    async def _fold(self, commune: Commune, streams: Sequence[Stream]) -> None:
        for start in range(0, len(streams), PAGES_AT_ONCE):
            some = streams[start : start + PAGES_AT_ONCE]
            [rows] = await self._reader.ask(commune, pages_of.lines(commune, some, known_at=self._past.as_of))
            await run_in_threadpool(_fold, self._past, rows)
        self._folded.update(streams)

    async def _answered(self, commune: Commune, *asked: Question) -> list[Rows]:
        """The answers, of a state of the database that is right for the instant."""
        if not any(mentioned(question.sql) & BEHIND for question in asked):
            return await self._reader.ask(commune, *asked)
        return await once_followed(self._reader, commune, self._past.as_of, *asked)


async def once_followed(reader: Reader, commune: Commune, instant: datetime, *asked: Question) -> list[Rows]:
    """The answers, once every line recorded by an instant was followed. Raises `past_not_ready` when none comes.

    Whether it was is told of the very state that answers; while it was not, it alone is asked.
    """
    state = pages_of.followed(commune, known_at=instant)
    waiting = _WAITING.setdefault(reader, Counter())
    late = waiting[commune] > 0
    until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        if late:
            await _until_followed(reader, commune, state, waiting, until)
        [[found], *answers] = await reader.ask(commune, state, *asked)
        if found["followed"]:
            return answers
        late = True


async def _until_followed(
    reader: Reader, commune: Commune, state: Question, waiting: Counter[Commune], until: float
) -> None:
    """Waits for what is behind the seal, each time longer; raises `past_not_ready` at last, or where many wait."""
    loop = asyncio.get_running_loop()
    pause = PAUSE_SECONDS
    [[found]] = await reader.ask(commune, state)
    if not found["followed"] and waiting.total() >= MOST_WAITING:
        raise retry_later("past_not_ready", seconds=RETRY_SECONDS)
    waiting[commune] += 1
    try:
        while not found["followed"]:
            left = until - loop.time()
            if left <= 0:
                raise retry_later("past_not_ready", seconds=RETRY_SECONDS)
            await asyncio.sleep(min(pause, left))
            pause *= 2
            [[found]] = await reader.ask(commune, state)
    finally:
        waiting[commune] -= 1


def _fold(past: Past, rows: Iterable[Mapping[str, Any]]) -> None:
    for stream, lines in groupby(rows, key=lambda row: Stream(row["stream"])):
        past.fold(stream, (_entry(stream, line) for line in lines))


def _entry(stream: Stream, line: Mapping[str, Any]) -> Entry:
    return read_kept(_CODEC, stream, line["version"], line["stored"], line["digest"], line["leaf"])
