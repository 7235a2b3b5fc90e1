"""The règlement of a town, as data: what it offers, until when, for how many.

Everything here is immutable and was checked by `rulebook.reader`. Weekdays are numbers, Monday is 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from typing import Literal
from zoneinfo import ZoneInfo

from ledger.days import Calendar, Season
from ledger.identifiers import Commune, Slug, Version
from rulebook.formalities import DEFAULTS, Formality, FormalityKind
from rulebook.retention import DEFAULTS as KEPT
from rulebook.retention import Retention
from rulebook.tariffs import QUOTIENT_DEFAULT, QuotientRule, RegieRule, Tariff, tariff_of
from rulebook.timing import DeadlineRule, OpeningRule, Skip, Span

Instruction = Literal["agent", "rule"]
Holds = Literal["submission", "approval"]


class Verb(StrEnum):
    """What a family asks of a day."""

    BOOK = "book"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grace:
    """Requests made between two dates, both included, for some days, which are never late."""

    name: str
    article: str
    requests: Span
    days: Span
    activities: frozenset[Slug]
    """Empty for all."""
    verbs: frozenset[Verb]


# ---- what is offered ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A named run of days that is announced, opened and closed as a whole.

    `opens_at` and `last_minute` are wall times; None when the session announces none.
    """

    name: str
    first_day: date
    last_day: date
    opens_at: datetime | None = None
    last_minute: datetime | None = None


class Sessions(StrEnum):
    """How an activity is cut into sessions."""

    NONE = "none"
    PUBLISHED = "published"
    HOLIDAYS = "holidays"
    HOLIDAY_WEEKS = "holiday_weeks"
    SCHOOL_YEAR = "school_year"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Weekdays on which units are offered, in some seasons, within a span; empty sets mean all."""

    weekdays: frozenset[int]
    seasons: frozenset[Season]
    span: Span
    units: frozenset[Slug]
    sites: frozenset[Slug]
    groups: frozenset[Slug]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """Days the town announced closed when it wrote its rulebook."""

    span: Span
    reason: Slug
    activities: frozenset[Slug]
    """Empty for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What a family ticks on a day: Repas, Matin, Journée. Times are local."""

    slug: Slug
    name: str
    article: str
    starts_at: time | None
    ends_at: time | None
    excludes: frozenset[Slug]
    """Always symmetric."""
    requires: frozenset[Slug]
    takes: tuple[Slug, ...]
    """The units whose places it takes, itself by default."""
    by_duration: bool
    book: DeadlineRule | None
    """Its own rule, when it is not the activity's."""
    cancel: DeadlineRule | None


# ---- places ---------------------------------------------------------------------------------------------------------


class Sharing(StrEnum):
    """Among whom places are counted."""

    ALL = "all"
    GROUP = "group"
    SITE = "site"
    SITE_AND_GROUP = "site_and_group"


@dataclass(frozen=True, slots=True)
class Place:
    """What a reservation takes one of: a unit, among the children of a pool ("" is everybody)."""

    unit: Slug
    pool: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """So many places where every condition holds; empty sets and None mean any."""

    places: int | None
    """None is unlimited."""
    units: frozenset[Slug]
    sites: frozenset[Slug]
    groups: frozenset[Slug]
    weekdays: frozenset[int]
    seasons: frozenset[Season]
    span: Span


# ---- absences -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceRule:
    """How a family declares that a child did not come, and what stays billed.

    `days_after` is None when an absence may be declared for ever; `notice_at` is the last minute to warn, so many
    days before; `waiting_days` and `waiting_hours` stay billed; `minimum_run_days` are consecutive offered days.
    """

    article: str
    instruction: Instruction
    days_after: int | None
    skipped: frozenset[Skip]
    reasons: frozenset[Slug]
    document_reasons: frozenset[Slug]
    """The reasons that require a document."""
    notice_at: time | None
    notice_days_before: int
    waiting_days: int
    waiting_hours: int
    minimum_run_days: int


# ---- the whole ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One thing a child may be enrolled in."""

    slug: Slug
    name: str
    category: str
    article: str
    instruction: Instruction
    holds: Holds
    publishes_places: bool
    open_on_public_holidays: bool
    calendar: Calendar
    """The town's, so that an activity answers alone."""
    sessions: Sessions
    published_sessions: tuple[Session, ...]
    """In order, never overlapping."""
    units: Mapping[Slug, Unit]
    sites: Mapping[Slug, str]
    groups: Mapping[Slug, str]
    openings: tuple[Opening, ...]
    closures: tuple[Closure, ...]
    """The town's that concern it."""
    book: DeadlineRule
    cancel: DeadlineRule
    opens: OpeningRule | None
    graces: tuple[Grace, ...]
    """The town's that concern it."""
    sharing: Sharing
    capacities: tuple[Capacity, ...]
    """The last that applies wins."""
    absence: AbsenceRule | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rulebook:
    """A version of a town's règlement, in force from a day."""

    commune: Commune
    name: str
    version: Version
    title: str
    in_force_from: date
    timezone: ZoneInfo
    calendar: Calendar
    activities: Mapping[Slug, Activity]
    refusal_reasons: Mapping[Slug, str]
    derogation_reasons: Mapping[Slug, str]
    absence_reasons: Mapping[Slug, str]
    closure_reasons: Mapping[Slug, str]
    formalities: Mapping[FormalityKind, Formality] = field(default_factory=lambda: DEFAULTS)
    """What a family may ask for besides days, every kind of it."""
    retention: Retention = KEPT
    """How long what need not be kept for ever is."""
    tariffs: tuple[Tariff, ...] = ()
    """In the order of the text. A unit that none of them prices costs nothing, and the check says so."""
    quotient: QuotientRule = QUOTIENT_DEFAULT
    regie: RegieRule | None = None

    def tariff(self, activity: Slug, unit: Slug) -> Tariff | None:
        """The tariff of a unit; None when it is free."""
        return tariff_of(self.tariffs, activity, unit)

    @property
    def zone(self) -> str:
        """The school holiday zone: A, B or C."""
        return self.calendar.zone
