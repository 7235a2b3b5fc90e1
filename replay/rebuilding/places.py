"""Places counted again from the facts, and put right where they are: they are no table of rows made of entries."""

from typing import Any, Final

from replay.rebuilding.compare import SHOWN, Differences
from replay.rebuilding.rows import Slot, Told
from replay.rebuilding.state import PLACES, Connection, Run, set_town, towns

_ADD: Final = """
    INSERT INTO rebuild.places AS p VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (commune, activity, unit, day, pool) DO UPDATE SET taken = p.taken + excluded.taken
"""
_SET: Final = """
    INSERT INTO rebuild.capacities VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (commune, activity, unit, day, pool) DO UPDATE SET capacity = excluded.capacity
"""
_SUM: Final = """
    INSERT INTO rebuild.places
    SELECT commune, activity, unit, day, pool, sum(taken) FROM rebuild.counted GROUP BY 1, 2, 3, 4, 5
"""
_SIDES: Final = """
    FROM (SELECT * FROM ardoise.places WHERE commune = %(commune)s) o
    FULL JOIN (
        SELECT commune, activity, unit, day, pool, coalesce(t.taken, 0) AS taken, c.commune IS NOT NULL AS is_set,
               c.capacity
        FROM (SELECT * FROM rebuild.places WHERE commune = %(commune)s) t
        FULL JOIN (SELECT commune AS town, * FROM rebuild.capacities WHERE commune = %(commune)s) c
            USING (commune, activity, unit, day, pool)
    ) n USING (commune, activity, unit, day, pool)
    WHERE coalesce(o.taken, 0) <> coalesce(n.taken, 0) OR coalesce(o.is_set, false) <> coalesce(n.is_set, false)
       OR (n.is_set AND o.capacity IS DISTINCT FROM n.capacity)
"""
_DIFFERING: Final = (
    "SELECT commune, activity, unit, day, pool, coalesce(n.taken, 0) AS taken, coalesce(n.is_set, false) AS is_set,"
    " n.capacity, o.taken IS NOT NULL AS was" + _SIDES + " ORDER BY 2, 3, 4, 5"
)
_MEND: Final = """
    INSERT INTO ardoise.places AS p (commune, activity, unit, day, pool, taken, capacity, is_set)
    VALUES (%(commune)s, %(activity)s, %(unit)s, %(day)s, %(pool)s, %(taken)s, %(capacity)s, %(is_set)s)
    ON CONFLICT (commune, activity, unit, day, pool) DO UPDATE SET
        taken = excluded.taken, is_set = excluded.is_set,
        capacity = CASE WHEN excluded.is_set THEN excluded.capacity ELSE p.capacity END
"""
_NAMES: Final = ("commune", "activity", "unit", "day", "pool", "taken", "is_set", "capacity", "was")


def add_places(connection: Connection, told: Told) -> None:
    """What a page changed since it was counted."""
    for slot, delta in sorted(told.taken.items()):
        connection.execute(_ADD, (*_columns(slot), delta))
    for slot, capacity in told.set_by_town.items():
        connection.execute(_SET, (*_columns(slot), capacity))


def sum_places(connection: Connection) -> None:
    """Adds up what the chunks counted; once more when that was interrupted."""
    connection.execute("TRUNCATE rebuild.places")
    connection.execute(_SUM)


def repair_places(connection: Connection, run: Run, *, mend: bool) -> dict[str, Differences]:
    """The slots that were counted wrongly, put right unless it is only a check. To be called while nobody writes."""
    if not run.places:
        return {}
    wrong: list[dict[str, Any]] = []
    for commune in towns(connection):
        set_town(connection, commune)
        rows = connection.execute(_DIFFERING, {"commune": commune}).fetchall()
        found = [dict(zip(_NAMES, row, strict=True)) for row in rows]
        if mend and found:
            connection.cursor().executemany(_MEND, found)
        wrong.extend(found)
    first = tuple(" ".join(str(row[name]) for name in _NAMES[:5]) for row in wrong[:SHOWN])
    missing = sum(not row["was"] for row in wrong)
    return {PLACES: Differences(only_new=missing, different=len(wrong) - missing, first=first)}


def _columns(slot: Slot) -> tuple[object, ...]:
    return (slot.commune, slot.place.activity, slot.place.unit, slot.place.day, slot.place.pool)
