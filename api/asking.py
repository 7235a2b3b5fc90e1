"""Asks the read models: several questions in one round trip, of one state of the database."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg.rows import TupleRow, dict_row
from psycopg_pool import AsyncConnectionPool

from ledger.identifiers import Commune, Version
from projections import town
from projections.question import Question
from rulebook.town import Rules, rules_of

AsyncPool = AsyncConnectionPool[psycopg.AsyncConnection[TupleRow]]
Rows = list[dict[str, Any]]

_TENANT = "SELECT set_config('ardoise.commune', %s, true)"


class Reader:
    """The questions of all towns, and the rulebooks' texts, which never change and are read once."""

    def __init__(self, pool: AsyncPool) -> None:
        self._pool = pool
        self._texts: dict[tuple[Commune, Version], str] = {}

    async def ask(self, commune: Commune, *questions: Question) -> list[Rows]:
        """The rows of each question.

        A pipeline without a transaction of its own is one implicit transaction, of one snapshot since the pool reads
        REPEATABLE READ: the town is set for all of it, and nothing but the answers waits for the network.
        """
        async with self._pool.connection() as connection, connection.pipeline():
            await connection.execute(_TENANT, (commune,))
            cursors = []
            for question in questions:
                cursor = connection.cursor(row_factory=dict_row)
                await cursor.execute(question.sql, question.values)
                cursors.append(cursor)
            return [await cursor.fetchall() for cursor in cursors]

    async def rules(
        self, commune: Commune, versions: Sequence[Mapping[str, Any]], closures: Sequence[Mapping[str, Any]] = ()
    ) -> Rules:
        """The rules behind the rows of `town.rulebooks` and `town.closures`."""
        names = [row["version"] for row in versions]
        missing = [name for name in names if (commune, name) not in self._texts]
        if missing:
            [rows] = await self.ask(commune, town.contents(commune, missing))
            self._texts.update({(commune, row["version"]): row["content"] for row in rows})
        texts = (self._texts[commune, name] for name in names)
        return rules_of(texts, closures=town.closures_by_slot(closures))
