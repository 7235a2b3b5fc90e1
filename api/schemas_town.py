"""What answers about the town and its days look like, for /openapi.json alone."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict

from api.fields import IdText, SlugText
from api.schemas import Count, Digest, Number, VersionText, exact
from ledger.events import Presence
from rulebook.formalities import FormalityKind, Paper


@exact
class SheetLine(TypedDict):
    """A child on the sheet: expected, recorded, or both."""

    child: IdText
    name: Annotated[str | None, Field(max_length=161, description="« effacé » après l'effacement de l'enfant.")]
    erased: bool
    unit: SlugText
    site: SlugText | None
    group: SlugText | None
    state: Literal["reserved", "awaiting_add", "awaiting_removal"] | None
    demande: Number | None
    expected: bool
    absence: Literal["declared", "justified", "unjustified"] | None
    presence: Presence | None
    arrived_at: datetime | None
    left_at: datetime | None


@exact
class DaySheet(TypedDict):
    """Who is expected and who came: the children that are expected, and how many of them for each unit."""

    activity: SlugText
    day: date
    expected: Count
    expected_by_unit: dict[SlugText, Count]
    children: list[SheetLine]


@exact
class Recorded(TypedDict):
    """The children whose line changed something."""

    recorded: list[IdText]


@exact
class RulebookVersion(TypedDict):
    """A rulebook the town adopted."""

    version: VersionText
    in_force_from: date
    adopted_at: datetime
    digest: Digest


@exact
class RulebookVersions(TypedDict):
    """Every version, in the order they were adopted."""

    versions: list[RulebookVersion]


@exact
class RulebookContent(RulebookVersion):
    """A version with its text."""

    content: str


@exact
class Reasons(TypedDict):
    """The closed lists of the rulebook: a word, and how it is said."""

    refusal: dict[str, str]
    derogation: dict[str, str]
    absence: dict[str, str]
    closure: dict[str, str]


@exact
class Formality(TypedDict):
    """Who decides a demande without days, and whether a supporting document comes with it."""

    label: str
    instruction: Literal["agent", "rule"]
    document: Paper
    article: str | None


@exact
class RulebookInForce(RulebookVersion):
    """The rulebook in force, in sentences."""

    name: str
    title: str
    zone: Literal["A", "B", "C"]
    timezone: str
    reasons: Reasons
    formalities: dict[FormalityKind, Formality]
    """What a family may ask for besides days."""
    sentences: list[str]


@exact
class Unit(TypedDict):
    """What can be booked of an activity."""

    unit: SlugText
    name: str
    starts_at: Annotated[str, Field(pattern=r"^\d{2}:\d{2}$")] | None
    ends_at: Annotated[str, Field(pattern=r"^\d{2}:\d{2}$")] | None
    excludes: list[SlugText]
    requires: list[SlugText]


@exact
class Site(TypedDict):
    """Where."""

    site: SlugText
    name: str


@exact
class Group(TypedDict):
    """With whom."""

    group: SlugText
    name: str


@exact
class Activity(TypedDict):
    """An activity of the town."""

    activity: SlugText
    name: str
    category: str
    instruction: Literal["agent", "rule"]
    article: str
    units: list[Unit]
    sites: list[Site]
    groups: list[Group]


@exact
class Activities(TypedDict):
    """What the rulebook in force offers."""

    activities: list[Activity]


@exact
class SlotPlaces(TypedDict):
    """The places of a unit on a day; null is no limit."""

    day: date
    unit: SlugText
    pool: str
    capacity: Count | None
    taken: Count
    left: Count | None
    excess: Count
    set_by_town: bool


@exact
class ActivityPlaces(TypedDict):
    """Every slot of a period."""

    activity: SlugText
    places: list[SlotPlaces]


@exact
class Closure(TypedDict):
    """A closed day; null is every activity, or every site. `announced`: by the rulebook, not decided since."""

    day: date
    activity: SlugText | None
    site: SlugText | None
    reason: SlugText
    announced: bool


@exact
class Closures(TypedDict):
    """The days the town closed."""

    closures: list[Closure]


@exact
class Reopened(TypedDict):
    """A closure that was lifted."""

    day: date
    activity: SlugText | None
    site: SlugText | None
    closed: Literal[False]


@exact
class Capacity(TypedDict):
    """The places of some days, from now on."""

    activity: SlugText
    unit: SlugText
    days: list[date]
    places: Count | None
    pool: str


@exact
class Alive(TypedDict):
    """The process answers."""

    status: Literal["alive"]


@exact
class Ready(TypedDict):
    """The service may be sent requests."""

    status: Literal["ready"]
    schema: int
    warnings: list[str]
