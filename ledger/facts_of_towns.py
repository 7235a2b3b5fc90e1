"""The facts of the town's page."""

from dataclasses import dataclass, field
from datetime import date

from ledger.identifiers import Slug, Version


@dataclass(frozen=True, kw_only=True, slots=True)
class RulebookAdopted:
    """The council voted a rulebook. In force from a day until a later one is."""

    version: Version
    in_force_from: date
    content: str
    """The whole text, as adopted."""
    digest: str
    """SHA-256 of the text in UTF-8, in hexadecimal."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DayClosed:
    """Nobody is expected that day. `activity` is None when the whole town closes, `site` when every site does."""

    day: date
    reason: Slug
    activity: Slug | None = None
    site: Slug | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DayReopened:
    """A closure is lifted. Names the same day, activity and site."""

    day: date
    activity: Slug | None = None
    site: Slug | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CapacityChanged:
    """The town set the places of one slot, whatever the rulebook says. None means no limit."""

    activity: Slug
    unit: Slug
    day: date
    places: int | None
    pool: str = field(default="")
