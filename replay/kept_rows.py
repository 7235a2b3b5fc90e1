"""The rows of the read models as the database holds them, read in the order of the pages they come from."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, LiteralString

import orjson
import psycopg
from psycopg.rows import TupleRow, dict_row

from ledger.identifiers import ChildId
from ledger.rows import Row

Key = tuple[Any, ...]
Told = dict[str, dict[Key, Row]]
"""Rows by table and primary key, as facts say them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """A read model: its rows, in the order of the pages they come from where those are children's."""

    name: LiteralString
    question: LiteralString
    key: tuple[str, ...]


BY_CHILD: Final = (
    Table(
        name="children",
        question='SELECT * FROM children ORDER BY child COLLATE "C"',
        key=("commune", "child", "household"),
    ),
    Table(
        name="enrolments",
        question='SELECT * FROM enrolments ORDER BY child COLLATE "C"',
        key=("commune", "child", "enrolment"),
    ),
    Table(
        name="calendar_days",
        question='SELECT * FROM calendar_days ORDER BY child COLLATE "C"',
        key=("commune", "child", "day", "activity", "unit"),
    ),
    Table(
        name="attendance",
        question='SELECT * FROM attendance ORDER BY child COLLATE "C"',
        key=("commune", "child", "day", "activity", "unit"),
    ),
    Table(
        name="custody",
        question='SELECT * FROM custody ORDER BY child COLLATE "C"',
        key=("commune", "child", "ordinal"),
    ),
    Table(
        name="demandes",
        question='SELECT * FROM demandes WHERE child IS NOT NULL ORDER BY child COLLATE "C"',
        key=("commune", "number"),
    ),
)
BY_TOWN: Final = (
    Table(name="guardians", question="SELECT * FROM guardians", key=("commune", "household", "guardian")),
    Table(name="household_people", question="SELECT * FROM household_people", key=("commune", "household", "person")),
    Table(name="family_keys", question="SELECT * FROM family_keys", key=("commune", "key")),
    Table(name="quotients", question="SELECT * FROM quotients", key=("commune", "household", "ordinal")),
    Table(name="activations", question="SELECT * FROM activations", key=("commune", "activation")),
    Table(name="erased_people", question="SELECT * FROM erased_people", key=("commune", "person")),
    Table(name="demandes", question="SELECT * FROM demandes WHERE child IS NULL", key=("commune", "number")),
    Table(name="rulebooks", question="SELECT * FROM rulebooks", key=("commune", "version")),
    Table(name="closures", question="SELECT * FROM closures", key=("commune", "day", "activity", "site")),
)


def rows_of(connection: psycopg.Connection[TupleRow], table: Table) -> dict[Key, Row]:
    """Every row of a table, by its key: for what is not made of children's pages, and stays small."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return {_key(table, row): row for row in cursor.execute(table.question)}


class KeptRows:
    """The rows of children in one table, read once from its beginning to its end. To be closed."""

    def __init__(self, connection: psycopg.Connection[TupleRow], table: Table) -> None:
        self.table = table
        self.passed: list[str] = []
        """Children the last question had to step over: they have rows, and no page before the one asked about."""
        self._cursor = psycopg.ServerCursor(connection, f"kept_{table.name}", row_factory=dict_row)
        self._cursor.itersize = 2_000
        rows = self._cursor.execute(table.question)
        self._by_child = groupby(rows, key=lambda row: str(row["child"]))
        self._next = self._read()

    def close(self) -> None:
        """Lets the database forget where the reading was."""
        self._cursor.close()

    def of(self, child: ChildId) -> dict[Key, Row]:
        """The rows of a child, which comes after those asked about before."""
        self.passed = []
        while self._next is not None and self._next[0] < child:
            self.passed.append(self._next[0])
            self._next = self._read()
        if self._next is None or self._next[0] != child:
            return {}
        found = self._next[1]
        self._next = self._read()
        return found

    def rest(self) -> Iterator[str]:
        """The children left, who have rows and no page."""
        while self._next is not None:
            yield self._next[0]
            self._next = self._read()

    def _read(self) -> tuple[str, dict[Key, Row]] | None:
        child, rows = next(self._by_child, (None, ()))
        return None if child is None else (child, {_key(self.table, row): row for row in rows})


def _key(table: Table, row: Row) -> Key:
    return tuple(row[name] for name in table.key)


def differing(told: dict[Key, Row], kept: dict[Key, Row]) -> list[Key]:
    """The keys whose rows are not the same on both sides."""
    keys = sorted(told.keys() | kept.keys(), key=lambda key: tuple(map(str, key)))
    return [key for key in keys if key not in told or key not in kept or _plain(told[key]) != _plain(kept[key])]


def _plain(row: Row) -> Any:
    """A row as it would be read back: instants, days and nested days in one form."""
    return orjson.loads(orjson.dumps(row, option=orjson.OPT_UTC_Z))
