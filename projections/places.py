"""The places of an activity: how many there are, how many are taken."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from ledger.holdings import PlaceKey
from ledger.identifiers import ChildId, Commune, Slug
from projections.question import Question
from rulebook.openings import days_between, offered
from rulebook.places import pools
from rulebook.rulebook import Activity
from rulebook.town import Rules


def counts(commune: Commune, activity: Slug, first: date, last: date) -> Question:
    """The slots of an activity somebody asked for or the town set, between two days, both included."""
    return Question(
        sql="""
            SELECT activity, unit, day, pool, taken, capacity, is_set FROM places
            WHERE commune = %(commune)s AND activity = %(activity)s AND day BETWEEN %(first)s AND %(last)s
            ORDER BY activity, unit, day, pool
        """,
        values={"commune": commune, "activity": activity, "first": first, "last": last},
    )


def counts_for_child(commune: Commune, child: ChildId, first: date, last: date) -> Question:
    """The same, for the activities a child is enrolled in."""
    return Question(
        sql="""
            SELECT activity, unit, day, pool, taken, capacity, is_set FROM places
            WHERE commune = %(commune)s AND day BETWEEN %(first)s AND %(last)s
              AND activity IN (SELECT activity FROM enrolments WHERE commune = %(commune)s AND child = %(child)s)
        """,
        values={"commune": commune, "child": child, "first": first, "last": last},
    )


Taken = Mapping[PlaceKey, tuple[int, bool, int | None]]
"""Places taken; whether the town set the number itself; that number, None for no limit."""


def taken(rows: Iterable[Mapping[str, Any]]) -> Taken:
    """The rows of `counts`, by slot."""
    return {
        PlaceKey(row["activity"], row["unit"], row["day"], row["pool"]): (
            row["taken"],
            row["is_set"],
            row["capacity"] if row["is_set"] else None,
        )
        for row in rows
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class SlotPlaces:
    """One slot. `capacity` None is no limit; `excess` children are reserved above a number that was lowered."""

    day: date
    unit: Slug
    pool: str
    capacity: int | None
    taken: int
    left: int | None
    excess: int
    set_by_town: bool


def capacity_of(rules: Rules, known: Taken, key: PlaceKey) -> int | None:
    """The places of a slot now: the number the town set, or its rulebook's."""
    _, is_set, capacity = known.get(key, (0, False, None))
    return capacity if is_set else rules.places(key)


def slots(rules: Rules, known: Taken, activity: Slug, first: date, last: date) -> list[SlotPlaces]:
    """Every slot of an activity between two days, those nobody asked for included."""
    keys = set(known)
    for day in days_between(first, last):
        described = rules.activity(activity, day)
        if described is not None:
            keys.update(_offered(rules, described, day))
    return [_places(rules, known, key) for key in sorted(keys, key=lambda key: (key.day, key.unit, key.pool))]


def _offered(rules: Rules, activity: Activity, day: date) -> Iterable[PlaceKey]:
    rulebook = rules.on(day)
    assert rulebook is not None
    for site in activity.sites or (None,):
        for group in activity.groups or (None,):
            for unit in offered(rulebook, activity, day, site=site, group=group):
                for place in pools(activity, unit, site=site, group=group):
                    yield PlaceKey(activity.slug, place.unit, day, place.pool)


def _places(rules: Rules, known: Taken, key: PlaceKey) -> SlotPlaces:
    count, is_set, _ = known.get(key, (0, False, None))
    capacity = capacity_of(rules, known, key)
    return SlotPlaces(
        day=key.day,
        unit=key.unit,
        pool=key.pool,
        capacity=capacity,
        taken=count,
        left=None if capacity is None else max(capacity - count, 0),
        excess=0 if capacity is None else max(count - capacity, 0),
        set_by_town=is_set,
    )
