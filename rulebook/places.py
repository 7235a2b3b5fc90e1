"""Which places a reservation takes, and how many there are."""

from datetime import date

from ledger.identifiers import Slug
from rulebook.openings import covers
from rulebook.rulebook import Activity, Capacity, Place, Rulebook, Sharing, Unit

SEPARATOR = "/"
"""Between the site and the group of a pool: neither slug may hold it."""


def pools(activity: Activity, unit: Unit, *, site: Slug | None, group: Slug | None) -> tuple[Place, ...]:
    """The places that one reservation of a unit takes, one per unit it fills, always in the same order."""
    pool = _pool(activity.sharing, site or "", group or "")
    return tuple(Place(taken, pool) for taken in sorted(unit.takes))


def capacity(rulebook: Rulebook, activity: Activity, place: Place, day: date) -> int | None:
    """How many children a place receives on a day before the town changes it; None is unlimited.

    The last line of the rulebook that applies wins. A rulebook states places per pool, never shared between pools.
    """
    site, group = _holders(activity.sharing, place.pool)
    found: int | None = None
    for line in activity.capacities:
        if _applies(line, place.unit, site, group) and _on(line, rulebook, day):
            found = line.places
    return found


def _pool(sharing: Sharing, site: str, group: str) -> str:
    match sharing:
        case Sharing.ALL:
            return ""
        case Sharing.GROUP:
            return group
        case Sharing.SITE:
            return site
        case Sharing.SITE_AND_GROUP:
            return f"{site}{SEPARATOR}{group}"


def _holders(sharing: Sharing, pool: str) -> tuple[str, str]:
    match sharing:
        case Sharing.ALL:
            return "", ""
        case Sharing.GROUP:
            return "", pool
        case Sharing.SITE:
            return pool, ""
        case Sharing.SITE_AND_GROUP:
            site, _, group = pool.partition(SEPARATOR)
            return site, group


def _applies(line: Capacity, unit: Slug, site: str, group: str) -> bool:
    if line.units and unit not in line.units:
        return False
    if line.sites and site not in line.sites:
        return False
    return not line.groups or group in line.groups


def _on(line: Capacity, rulebook: Rulebook, day: date) -> bool:
    if line.weekdays and day.weekday() not in line.weekdays:
        return False
    if line.seasons and rulebook.calendar.season(day) not in line.seasons:
        return False
    return covers(line.span, day)
