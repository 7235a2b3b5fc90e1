"""What answers about families look like, for /openapi.json alone; the tests hold what orjson dumped to it."""

from datetime import date, datetime
from typing import Annotated, Any, Literal, NotRequired

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict  # the one pydantic reads before Python 3.12

from api.fields import IdText, SlugText
from ledger.demande import DemandeKind, Outcome, Status
from ledger.events import Origin
from projections.calendar import DayState

exact = with_config(ConfigDict(extra="forbid"))

Number = Annotated[int, Field(ge=1, examples=[43513])]
Count = Annotated[int, Field(ge=0)]
AccountText = Annotated[str, Field(max_length=255, examples=["idp|parent-0001"])]
"""An account as its identity provider names it: a token may say more than `SubjectText` lets be sent."""
VersionText = Annotated[str, Field(max_length=64, examples=["2023-09"])]
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
DocumentText = Annotated[str, Field(pattern=r"^[0-9a-f-]{36}$|^[0-9a-f]{64}$")]
"""A document of the vault; of an absence declared before there was one, its digest."""


@exact
class Refusal(TypedDict):
    """A day, or a demande, that a rule refused while the rest was accepted."""

    number: NotRequired[Number]
    child: NotRequired[IdText]
    day: NotRequired[date]
    unit: NotRequired[SlugText]
    action: NotRequired[Literal["reserve", "cancel", "absence"]]
    code: str
    title: str
    detail: str
    units: NotRequired[list[SlugText]]
    deadline: NotRequired[datetime]
    opens_at: NotRequired[datetime]
    article: NotRequired[str]


@exact
class DemandeDay(TypedDict):
    """A day of a demande: what the rule said when it was asked, and what became of it."""

    day: date
    unit: SlugText
    action: Literal["reserve", "cancel", "absence"]
    outcome: Outcome
    rulebook: VersionText
    article: str
    deadline: datetime | None
    late: bool
    surcharge: bool
    reason: SlugText | None


@exact
class Demande(TypedDict):
    """A request of a family under its number."""

    number: Number
    kind: DemandeKind
    kind_label: str
    status: Status
    status_label: str
    child: IdText | None
    """None when it is about the household."""
    household: IdText | None
    """Of a demande about a household. Of a child's, the one that asked: told to the town's staff only."""
    activity: SlugText | None
    origin: Origin
    submitted_at: datetime
    decided_at: datetime | None
    partial: bool
    derogation: SlugText | None
    reason: SlugText | None
    document: DocumentText | None
    documents: list[DocumentText]
    wanted: dict[str, str | int | bool | None] | None
    """What it asks for, when it has no days: an enrolment, a quotient, a person whose details change."""
    proposed: dict[str, Any] | None
    """The new values, by what they are of: told to the household's own guardians and to agents, who ask for this
    demande alone while it waits."""
    refusal: SlugText | None
    """Why it was refused as a whole, when it has no days."""
    rulebook: VersionText | None
    days: list[DemandeDay]


@exact
class Submitted(TypedDict):
    """One demande per child, and the days a partial request left out."""

    demandes: list[Demande]
    left_out: list[Refusal]


@exact
class DemandeList(TypedDict):
    """A page of the history; `next` is the cursor of the page after it."""

    demandes: list[Demande]
    next: str | None


@exact
class QueueDecided(TypedDict):
    """What was decided, and what could not be."""

    demandes: list[Demande]
    left_out: list[Refusal]


@exact
class CalendarDay(TypedDict):
    """A box of the calendar; `code`, `title` and `detail` say why it cannot be changed."""

    day: date
    week: Annotated[int, Field(ge=1, le=53)]
    activity: SlugText
    unit: SlugText
    state: DayState
    editable: bool
    code: str | None
    title: str | None
    detail: str | None
    deadline: datetime | None
    opens_at: datetime | None
    article: str | None
    late: bool
    surcharge: bool
    demande: Number | None
    absence: Literal["declared", "justified", "unjustified"] | None
    places_left: Count | None
    custody: Literal["mine", "other"] | IdText | None
    """Whose day it is: for a guardian, theirs or not; for the town's staff, the household; null when everybody's."""


NameToShow = Annotated[
    str | None,
    Field(description="Prénom et nom ; « effacé » après l'effacement de l'enfant ; null si nul ne les a dits."),
]
CalendarOf = TypedDict(
    "CalendarOf",
    {
        "child": IdText,
        "erased": bool,
        "name": NameToShow,
        "from": date,
        "to": date,
        "days": list[CalendarDay],
    },
    total=True,
)
CalendarOf.__doc__ = "The boxes of a period, in order."
exact(CalendarOf)


@exact
class Enrolment(TypedDict):
    """An activity, for a period; both days included."""

    enrolment: IdText
    activity: SlugText
    site: SlugText | None
    group: SlugText | None
    first_day: date
    last_day: date


@exact
class EnrolmentEnded(Enrolment):
    """The enrolment with its new end, and the demandes that give back the days reserved after it, one a household."""

    cancelled: list[Demande]


@exact
class Enrolments(TypedDict):
    """What a child is, was or will be enrolled in."""

    enrolments: list[Enrolment]


@exact
class RegisteredChild(TypedDict):
    """A child and its household."""

    child: IdText
    household: IdText


@exact
class Child(RegisteredChild):
    """A child, its household and its enrolments."""

    households: list[IdText]
    """Those the caller answers for it through; every one for the town's staff."""
    custody: bool
    """Custody alternates, or did: each household reads its own demandes only."""
    erased: bool
    name: NameToShow
    enrolments: list[Enrolment]


@exact
class OwnHousehold(TypedDict):
    """A household the caller speaks for, and as which guardian."""

    household: IdText
    guardian: IdText


@exact
class Staff(TypedDict):
    """The caller, who works for the town."""

    subject: AccountText
    role: Literal["agent", "auditor", "billing", "admin", "portal"]
    commune: SlugText
    may: list[str]


@exact
class Parent(TypedDict):
    """The caller, who answers for children."""

    subject: AccountText
    role: Literal["guardian"]
    commune: SlugText
    may: list[str]
    children: list[RegisteredChild]
    households: list[OwnHousehold]
