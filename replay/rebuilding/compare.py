"""What a rebuild found: the served rows beside the new ones, and a digest of every table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import orjson
from psycopg import sql

from projections.models import OF_NOBODY, READ_MODELS, Table
from replay.rebuilding.catalogue import LIVE, NEW, columns, named
from replay.rebuilding.state import PLACES, Connection, Run, Sealed, one, set_town, towns

MOST_SUSPECTS: Final = 10_000
"""So many differing rows are looked at again, one by one, while nobody writes; of more, only their number is told."""
SHOWN: Final = 5

PLACES_TABLE: Final = Table(
    name=PLACES, key=("commune", "activity", "unit", "day", "pool"), pages=("child", "town"), rows=OF_NOBODY
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Differences:
    """How many rows the served table had alone, the new one has alone, and both have otherwise; some of their keys."""

    only_old: int = 0
    only_new: int = 0
    different: int = 0
    first: tuple[str, ...] = ()
    exact: bool = True
    """Whether they were counted while nobody wrote; otherwise a moment before."""

    @property
    def count(self) -> int:
        """All of them."""
        return self.only_old + self.only_new + self.different


def digest(connection: Connection, schema: str, table: Table) -> str:
    """The SHA-256 of the rows of a table as text, in the order of their keys, town after town."""
    relation = sql.Identifier(schema, table.name)
    kinds = dict(columns(connection, named(schema, table.name)))
    order = [
        sql.SQL("{} COLLATE {}").format(sql.Identifier(name), sql.Identifier("C")) if kinds[name] == "text"
        else sql.Identifier(name)
        for name in table.key
    ]  # fmt: skip
    said = sha256()
    for commune in towns(connection):
        with connection.transaction():
            set_town(connection, commune)
            question = sql.SQL("COPY (SELECT {} FROM {} WHERE commune = {} ORDER BY {}) TO STDOUT").format(
                sql.SQL(", ").join(map(sql.Identifier, kinds)),
                relation,
                sql.Literal(commune),
                sql.SQL(", ").join(order),
            )
            with connection.cursor().copy(question) as copy:
                for data in copy:
                    said.update(data)
    return said.hexdigest()


def rows_in(connection: Connection, table: Table) -> int:
    """How many rows the new table has."""
    question = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(NEW, table.name))
    row = connection.execute(question).fetchone()
    assert row is not None
    return int(row[0])


def find_suspects(connection: Connection, run: Run) -> dict[str, Differences]:
    """Compares all of both in one snapshot. What differs is kept as suspect: a line may have come in between.

    Answers the tables where too much differs for it to be looked at again.
    """
    too_many = {}
    with connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.execute("TRUNCATE rebuild.suspects")
        all_towns = towns(connection)
        if run.past:
            find_unfollowed(connection, run.sealed, positions_covered(connection, run.sealed))
        for table in run.tables:
            sides = _sides(connection, table)
            kept = 0
            for commune in all_towns:
                set_town(connection, commune)
                limit = sql.Literal(MOST_SUSPECTS + 1 - kept)
                statement = sql.SQL(
                    "INSERT INTO rebuild.suspects SELECT {name}, {key} FROM {sides} LIMIT {limit}"
                    " ON CONFLICT DO NOTHING"
                ).format(name=sql.Literal(table.name), key=_key(table), sides=sides, limit=limit)
                kept += connection.execute(statement, {"commune": commune}).rowcount
                if kept > MOST_SUSPECTS:
                    break
            if kept > MOST_SUSPECTS:
                connection.execute("DELETE FROM rebuild.suspects WHERE relation = %s", (table.name,))
                too_many[table.name] = _counted(connection, table, sides, all_towns)
    return too_many


def _sides(connection: Connection, table: Table) -> sql.Composed:
    """Rows of a town that are not the same on both sides: `o` the served one, `n` the new one."""
    names = [name for name, _ in columns(connection, named(LIVE, table.name))]
    return sql.SQL(
        "(SELECT * FROM {live} WHERE commune = %(commune)s) o FULL JOIN"
        " (SELECT * FROM {new} WHERE commune = %(commune)s) n USING ({key})"
        " WHERE (o.* IS NULL OR n.* IS NULL OR ({ours}) IS DISTINCT FROM ({theirs})) {followed}"
    ).format(
        followed=_followed(table),
        live=sql.Identifier(LIVE, table.name),
        new=sql.Identifier(NEW, table.name),
        key=sql.SQL(", ").join(map(sql.Identifier, table.key)),
        ours=_of("o", names),
        theirs=_of("n", names),
    )


def _of(side: str, names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(side, name) for name in names)


def _key(table: Table) -> sql.Composed:
    parts = [sql.SQL("{}, {}").format(sql.Literal(name), sql.Identifier(name)) for name in table.key]
    return sql.SQL("jsonb_build_object({})").format(sql.SQL(", ").join(parts))


_COUNTS: Final = """
    count(*) FILTER (WHERE n.commune IS NULL), count(*) FILTER (WHERE o.commune IS NULL),
    count(*) FILTER (WHERE o.commune IS NOT NULL AND n.commune IS NOT NULL)
"""


def _counted(connection: Connection, table: Table, sides: sql.Composed, all_towns: Sequence[str]) -> Differences:
    old = new = both = 0
    first: list[str] = []
    for commune in all_towns:
        set_town(connection, commune)
        question = sql.SQL("SELECT {}, (array_agg({}))[1:{}] FROM {}").format(
            sql.SQL(_COUNTS), _key(table), sql.Literal(SHOWN), sides
        )
        row = connection.execute(question, {"commune": commune}).fetchone()
        assert row is not None
        old, new, both = old + row[0], new + row[1], both + row[2]
        first.extend(_said(table, key) for key in row[3] or ())
    return Differences(only_old=old, only_new=new, different=both, first=tuple(first[:SHOWN]), exact=False)


def suspect(connection: Connection, table: Table, keys: Sequence[dict[str, Any]]) -> None:
    """Rows that changed since both were compared."""
    connection.execute(
        "INSERT INTO rebuild.suspects SELECT %s, k.value FROM jsonb_array_elements(%s::jsonb) k ON CONFLICT DO NOTHING",
        (table.name, orjson.dumps(keys).decode()),
    )


def look_again(connection: Connection, run: Run) -> dict[str, Differences]:
    """Which of the suspects differ now: while nobody writes, the others are innocent."""
    found = {}
    for table in run.tables:
        names = [name for name, _ in columns(connection, named(LIVE, table.name))]
        question = sql.SQL(
            "SELECT {counts}, (array_agg(s.key ORDER BY s.key))[1:{shown}] FROM rebuild.suspects s"
            " CROSS JOIN LATERAL jsonb_populate_record(NULL::{new}, s.key) k"
            " LEFT JOIN {live} o ON ({old_key}) = ({key}) LEFT JOIN {new} n ON ({new_key}) = ({key})"
            " WHERE s.relation = {name} AND k.commune = %(commune)s AND ({ours}) IS DISTINCT FROM ({theirs}) {followed}"
        ).format(
            counts=sql.SQL(_COUNTS),
            shown=sql.Literal(SHOWN),
            live=sql.Identifier(LIVE, table.name),
            new=sql.Identifier(NEW, table.name),
            key=_of("k", table.key),
            old_key=_of("o", table.key),
            new_key=_of("n", table.key),
            name=sql.Literal(table.name),
            ours=_of("o", names),
            theirs=_of("n", names),
            followed=_followed(table),
        )
        found[table.name] = _again(connection, table, question)
    return found


def _again(connection: Connection, table: Table, question: sql.Composed) -> Differences:
    rows = connection.execute(
        "SELECT DISTINCT key ->> 'commune' FROM rebuild.suspects WHERE relation = %s", (table.name,)
    ).fetchall()
    old = new = both = 0
    first: list[str] = []
    for (commune,) in sorted(rows):
        set_town(connection, commune)
        row = connection.execute(question, {"commune": commune}).fetchone()
        assert row is not None
        old, new, both = old + row[0], new + row[1], both + row[2]
        first.extend(_said(table, key) for key in row[3] or ())
    return Differences(only_old=old, only_new=new, different=both, first=tuple(first[:SHOWN]))


def _followed(table: Table) -> sql.SQL | sql.Composed:
    """Of what follows the seal, a page that was not followed to its end is not compared: it is late, not wrong."""
    if table not in READ_MODELS["past"].tables:
        return sql.SQL("")
    [rows] = table.rows
    page = sql.SQL("coalesce({}, {})").format(sql.Identifier("o", rows.column), sql.Identifier("n", rows.column))
    if rows.kind is not None:
        page = sql.SQL("concat_ws('/', {}, coalesce(o.commune, n.commune), {})").format(sql.Literal(rows.kind), page)
    return sql.SQL(
        "AND NOT EXISTS (SELECT FROM rebuild.unfollowed u"
        " WHERE u.commune = coalesce(o.commune, n.commune) AND u.stream = {})"
    ).format(page)


_COVERED: Final = """
    SELECT coalesce((SELECT min(position) - 1 FROM ardoise.seals
                     WHERE commune = %s AND (arrival > %s OR arrival = ANY(%s))),
                    (SELECT size FROM ardoise.trees WHERE commune = %s), 0)
"""
_UNFOLLOWED: Final = """
    INSERT INTO rebuild.unfollowed
    SELECT s.commune, s.stream FROM ardoise.seals s WHERE s.commune = %(commune)s AND s.position > %(position)s
    UNION
    -- Not sealed when the rows were made; they may be sealed, and followed, by now.
    SELECT e.commune, e.stream FROM ardoise.entries e
    WHERE e.commune = %(commune)s AND (e.arrival > %(upto)s OR e.arrival = ANY(%(missing)s))
"""


def positions_covered(connection: Connection, seal: Sealed) -> dict[str, int]:
    """Up to which position of each town every line is among these: the seal may be further than it wrote down."""
    positions = {}
    with connection.transaction():
        for commune in towns(connection):
            set_town(connection, commune)
            values = (commune, seal.upto, list(seal.missing), commune)
            positions[str(commune)] = int(one(connection, _COVERED, *values))
    return positions


def find_unfollowed(connection: Connection, seal: Sealed, sizes: Mapping[str, int]) -> None:
    """The pages with lines that one side holds and the other not yet: sealed after `sizes`, or not followed so far."""
    with connection.transaction():
        connection.execute("DELETE FROM rebuild.unfollowed")
        for commune in towns(connection):
            set_town(connection, commune)
            question = "SELECT position FROM ardoise.followed WHERE commune = %s AND model = 'past'"
            position = min(one(connection, question, commune) or 0, sizes.get(commune, 0))
            late = {"commune": commune, "position": position, "upto": seal.upto, "missing": list(seal.missing)}
            connection.execute(_UNFOLLOWED, late)


def _said(table: Table, key: dict[str, Any]) -> str:
    return " ".join(str(key[name]) for name in table.key)
