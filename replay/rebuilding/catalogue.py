"""What PostgreSQL knows of a table besides its rows: to make another one that nobody can tell from it."""

from collections.abc import Iterator
from typing import Any, Final, LiteralString

from psycopg import sql

from replay.rebuilding.state import Connection, RebuildRefusedError

LIVE, NEW = "ardoise", "rebuild"

_COLUMNS: Final[LiteralString] = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
    WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_INDEXES: Final[LiteralString] = """
    SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = %s::regclass AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid
        AND k.contype IN ('p', 'u', 'x')) ORDER BY 1
"""
_CONSTRAINTS: Final[LiteralString] = """
    SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE conrelid = %s::regclass AND contype IN ('p', 'u', 'x', 'f') ORDER BY contype = 'f', 1
"""
_POLICIES: Final[LiteralString] = """
    SELECT p.polname, p.polpermissive, p.polcmd::text, pg_get_expr(p.polqual, p.polrelid),
           pg_get_expr(p.polwithcheck, p.polrelid),
           ARRAY(SELECT CASE WHEN r = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(r)) END
                 FROM unnest(p.polroles) r)
    FROM pg_policy p WHERE p.polrelid = %s::regclass ORDER BY 1
"""
_GRANTS: Final[LiteralString] = """
    SELECT a.privilege_type, CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
           a.is_grantable, NULL::text
    FROM pg_class c, aclexplode(c.relacl) a WHERE c.oid = %s::regclass AND a.grantee <> c.relowner
    UNION ALL
    SELECT a.privilege_type, CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
           a.is_grantable, t.attname
    FROM pg_attribute t, aclexplode(t.attacl) a WHERE t.attrelid = %s::regclass ORDER BY 4 NULLS FIRST, 2, 1
"""
_TRIGGERS: Final[LiteralString] = """
    SELECT tgname, pg_get_triggerdef(oid), tgenabled::text FROM pg_trigger
    WHERE tgrelid = %s::regclass AND NOT tgisinternal ORDER BY 1
"""
_REST: Final[LiteralString] = """
    SELECT relrowsecurity, relforcerowsecurity, reloptions, obj_description(oid, 'pg_class'),
           pg_get_userbyid(relowner), pg_has_role(relowner, 'MEMBER') FROM pg_class WHERE oid = %s::regclass
"""
_NOTES: Final[LiteralString] = """
    SELECT 'column ' || a.attname, col_description(a.attrelid, a.attnum), a.attnotnull,
           pg_get_expr(d.adbin, d.adrelid), a.attstorage::text, a.attcompression::text, a.attidentity::text
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
    WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
_EVERY_CONSTRAINT: Final[LiteralString] = """
    SELECT k.conname, pg_get_constraintdef(k.oid), k.convalidated, obj_description(k.oid, 'pg_constraint')
    FROM pg_constraint k WHERE k.conrelid = %s::regclass ORDER BY 1
"""
_EVERY_INDEX: Final[LiteralString] = """
    SELECT c.relname, pg_get_indexdef(i.indexrelid), i.indisvalid, obj_description(c.oid, 'pg_class')
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = %s::regclass ORDER BY 1
"""
_VIEWS: Final[LiteralString] = """
    SELECT DISTINCT v.oid::regclass::text FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
    JOIN pg_class v ON v.oid = r.ev_class
    WHERE d.classid = 'pg_rewrite'::regclass AND d.refobjid = %s::regclass AND v.oid <> d.refobjid ORDER BY 1
"""
_FOR: Final = {"*": "ALL", "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}


def named(schema: str, table: str) -> str:
    """A table as `::regclass` reads it."""
    return f"{schema}.{table}"


def columns(connection: Connection, relation: str) -> list[tuple[str, str]]:
    """The names and types of the columns, in order."""
    return [(name, kind) for name, kind in connection.execute(_COLUMNS, (relation,))]


def empty_copy(table: str) -> sql.Composed:
    """An empty table with the columns, defaults and checks of the live one; no index, no policy, nobody's right."""
    return sql.SQL(
        "CREATE TABLE {new} (LIKE {live} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING"
        " IDENTITY INCLUDING STORAGE INCLUDING COMPRESSION INCLUDING STATISTICS INCLUDING COMMENTS)"
        " WITH (autovacuum_enabled = false)"
    ).format(new=sql.Identifier(NEW, table), live=sql.Identifier(LIVE, table))


def refuse_what_cannot_be_copied(connection: Connection, table: str) -> None:
    """Views would be left on the old table; somebody else's table cannot be replaced. Raises RebuildRefusedError."""
    views = [name for (name,) in connection.execute(_VIEWS, (named(LIVE, table),))]
    if views:
        raise RebuildRefusedError(f"the view {views[0]} stands on ardoise.{table}: drop it, and make it again after.")
    *_, owner, is_owner = _row(connection, _REST, named(LIVE, table))
    if not is_owner:
        raise RebuildRefusedError(f"ardoise.{table} belongs to {owner}: rebuild as that role, in ARDOISE_OWNER_URL.")


def finish(connection: Connection, table: str) -> None:
    """Gives the new table the constraints, indexes, rights, policies, triggers and comment of the live one.

    Its policies do not hold the owner yet: until the exchange nobody else may come near it.
    """
    for statement in _missing(connection, table):
        connection.execute(statement)


def _missing(connection: Connection, table: str) -> Iterator[sql.Composed | sql.SQL]:
    live, new = named(LIVE, table), sql.Identifier(NEW, table)
    there = {name for name, *_ in connection.execute(_EVERY_CONSTRAINT, (named(NEW, table),))}
    for name, definition in connection.execute(_CONSTRAINTS, (live,)).fetchall():
        if name not in there:
            yield sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}").format(new, sql.Identifier(name), sql.SQL(definition))
    there = {name for name, *_ in connection.execute(_EVERY_INDEX, (named(NEW, table),))}
    for name, definition in connection.execute(_INDEXES, (live,)).fetchall():
        if name not in there:
            yield sql.SQL(_elsewhere(definition, table))
    for name, definition, enabled in connection.execute(_TRIGGERS, (live,)).fetchall():
        yield sql.SQL(_elsewhere(definition, table))
        how = {"D": "DISABLE TRIGGER", "A": "ENABLE ALWAYS TRIGGER", "R": "ENABLE REPLICA TRIGGER"}.get(enabled)
        if how is not None:
            yield sql.SQL("ALTER TABLE {} {} {}").format(new, sql.SQL(how), sql.Identifier(name))
    yield from _rights(connection, live, new)
    secured, _, options, comment, owner, _ = _row(connection, _REST, live)
    yield sql.SQL("ALTER TABLE {} RESET (autovacuum_enabled)").format(new)
    for option in options or ():
        yield sql.SQL("ALTER TABLE {} SET ({})").format(new, sql.SQL(option))
    if comment is not None:
        yield sql.SQL("COMMENT ON TABLE {} IS {}").format(new, sql.Literal(comment))
    if secured:
        yield sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(new)
    yield sql.SQL("ALTER TABLE {} OWNER TO {}").format(new, sql.Identifier(owner))


def _rights(connection: Connection, live: str, new: sql.Identifier) -> Iterator[sql.Composed | sql.SQL]:
    for name, permissive, command, using, check, roles in connection.execute(_POLICIES, (live,)).fetchall():
        said = [f"AS {'PERMISSIVE' if permissive else 'RESTRICTIVE'} FOR {_FOR[command]} TO {', '.join(roles)}"]
        said.extend(f"{word} ({what})" for word, what in (("USING", using), ("WITH CHECK", check)) if what is not None)
        yield sql.SQL("CREATE POLICY {} ON {} {}").format(sql.Identifier(name), new, sql.SQL(" ".join(said)))
    for privilege, role, may_grant, column in connection.execute(_GRANTS, (live, live)).fetchall():
        where = sql.SQL("") if column is None else sql.SQL(" ({})").format(sql.Identifier(column))
        option = " WITH GRANT OPTION" if may_grant else ""
        yield sql.SQL("GRANT {}{} ON {} TO {}{}").format(sql.SQL(privilege), where, new, sql.SQL(role), sql.SQL(option))


def _elsewhere(definition: str, table: str) -> Any:
    """The definition of an index or a trigger, on the new table: its name is free in the other schema."""
    there = f" ON {LIVE}.{table} "
    assert there in definition, definition
    return definition.replace(there, f" ON {NEW}.{table} ", 1)


def _row(connection: Connection, question: LiteralString, relation: str) -> tuple[Any, ...]:
    row = connection.execute(question, (relation,)).fetchone()
    assert row is not None
    return row


def refuse_another_shape(connection: Connection, table: str) -> None:
    """Nobody may have altered the live table since the new one was made from it. Raises RebuildRefusedError."""
    old, new = (
        [line for line in description(connection, schema, table) if not line.startswith("forced")]
        for schema in (LIVE, NEW)
    )
    if old != new:
        raise RebuildRefusedError(f"ardoise.{table} was altered during the rebuild: run it again with --fresh.")


def description(connection: Connection, schema: str, table: str) -> list[str]:
    """Everything a table is besides its rows, in a form in which two tables can be compared."""
    relation = named(schema, table)
    secured, forced, *rest, _ = _row(connection, _REST, relation)
    said = [f"secured {secured} {rest}", f"forced {forced}"]
    for what, question in (
        ("column", _COLUMNS),
        ("note", _NOTES),
        ("constraint", _EVERY_CONSTRAINT),
        ("index", _EVERY_INDEX),
        ("policy", _POLICIES),
        ("trigger", _TRIGGERS),
    ):
        said.extend(f"{what} {row}" for row in connection.execute(question, (relation,)))
    said.extend(f"grant {row}" for row in connection.execute(_GRANTS, (relation, relation)))
    return [line.replace(f"{schema}.{table}", table) for line in said]
