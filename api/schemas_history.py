"""What a family's history looks like, for /openapi.json alone; the tests hold what orjson dumped to it."""

import re
from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict  # the one pydantic reads before Python 3.12

from api.fields import IdText, SlugText
from api.french_access import ROLES
from api.schemas import AccountText, Number, exact
from ledger.codec import UPCASTERS, WIRE_NAMES
from ledger.events import DecidedBy, Origin

FACTS: Final = tuple(sorted({name.partition(".")[0] for name in (*WIRE_NAMES.values(), *UPCASTERS)}))
"""The names of the facts, without their versions."""
VERSION: Final = re.compile(r"\.v[1-9][0-9]{0,3}$", re.ASCII)


def _fact(value: str) -> str:
    name = VERSION.sub("", value)
    if name not in FACTS:
        raise PydanticCustomError("literal_error", "refused", {"expected": ", ".join(map(repr, FACTS))})
    return name


FactName = Annotated[
    str,
    AfterValidator(_fact),
    WithJsonSchema({"type": "string", "enum": list(FACTS), "examples": ["reservation_requested"]}),
]


@exact
class WhoAsked(TypedDict):
    """Who asked for the demande a line answers, on which line of the page."""

    version: Annotated[int, Field(ge=1)]
    actor: AccountText
    role: str
    origin: Origin


@exact
class WhyWritten(TypedDict):
    """What brought a line: a demande, a rule, a key, an earlier line."""

    demande: Number | None
    asked: WhoAsked | None
    decided_by: DecidedBy | None
    article: str | None
    key: IdText | None
    activation: IdText | None
    first: Annotated[int, Field(ge=1, description="La première ligne de la même commande sur cette page.")]
    corrects: Annotated[int | None, Field(description="La ligne de cette page qu'elle remplace, arrête ou annule.")]


@exact
class DayChange(TypedDict):
    """A box of the calendar, or what was recorded of it, before and after; null where there was, or is, nothing."""

    child: IdText
    day: date
    activity: SlugText
    unit: SlugText
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@exact
class AccountChange(TypedDict):
    """Something of the family's account, before and after: what differs, or all of it when it begins or ends."""

    what: Literal[
        "demande",
        "membership",
        "enrolment",
        "custody",
        "guardian",
        "person",
        "key",
        "quotient",
        "tariff_status",
        "meal",
        "titre",
        "payment",
        "mandate",
        "direct_debit",
        "balance",
        "activation",
        "erasure",
    ]
    key: dict[str, str | int]
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@exact
class Changes(TypedDict):
    """What a line changed; what it left as it was is not told."""

    calendar: list[DayChange]
    attendance: list[DayChange]
    account: list[AccountChange]


@exact
class HistoryItem(TypedDict):
    """One line of a page, told."""

    child: IdText | None
    household: IdText | None
    """Of whom the page is: a child, or a household."""
    page: Literal["child", "household", "payer"]
    """Which of their pages: a household has one more, of what it owes and pays."""
    version: Annotated[int, Field(ge=1)]
    position: Annotated[
        int | None, Field(description="Sa place dans le registre ; null tant qu'elle n'est pas scellée.")
    ]
    type: Annotated[str, Field(examples=["reservation_requested.v1"])]
    recorded_at: datetime
    happened_at: datetime
    actor: AccountText
    role: str
    role_label: str
    client: str
    command: str
    correlation: str
    sentence: str
    cause: WhyWritten
    data: dict[str, Any]
    """The fact as it is stored."""
    changes: Changes


@exact
class History(TypedDict):
    """Lines in the order in which they were recorded; `next` is the cursor of the page after them."""

    entries: list[HistoryItem]
    next: str | None


_CHILD: Final = "8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b"
_HOME: Final = "1b4e28ba-2fa1-4ad2-883f-0016d3cca427"
_BOX: Final = {
    "state": "reserved",
    "demande": 43513,
    "household": _HOME,
    "absence": None,
    "site": "l-ile-aux-enfants",
    "group": "les-winners",
}
_DAY: Final = {"day": "2024-03-27", "unit": "journee", "action": "reserve"}
_DECIDED: Final = {**_DAY, "rulebook": "2023-09", "article": "4.1", "deadline": "2024-03-12T22:59:59.999999Z"}
_OUTCOME: Final = {**_DECIDED, "late": False, "surcharge": False, "reason": None}
_ITEM: Final = {
    "child": _CHILD,
    "household": None,
    "page": "child",
    "version": 4,
    "position": 1284,
    "type": "demande_approved.v1",
    "recorded_at": "2024-03-08T10:05:12Z",
    "happened_at": "2024-03-08T10:05:12Z",
    "actor": "idp|agent-0007",
    "role": "agent",
    "role_label": ROLES["agent"],
    "client": "guichet",
    "command": "5d4c8b1e-6f1e-4d53-9a44-0b5a6b7e2f10",
    "correlation": "0b6a3c1d2e4f40718293a4b5c6d7e8f9",
    "sentence": (
        "Demande n° 43513 : réservation du mercredi 27 mars 2024 (Mercredis récréatifs, journée) acceptée par un agent."
    ),
    "cause": {
        "demande": 43513,
        "asked": {"version": 3, "actor": "idp|parent-0001", "role": "guardian", "origin": "family"},
        "decided_by": "agent",
        "article": None,
        "key": None,
        "activation": None,
        "first": 4,
        "corrects": None,
    },
    "data": {"demande": 43513, "days": [_DAY], "decided_by": "agent", "article": None},
    "changes": {
        "calendar": [
            {
                "child": _CHILD,
                "day": "2024-03-27",
                "activity": "alsh-mercredis",
                "unit": "journee",
                "before": {**_BOX, "state": "awaiting_add"},
                "after": _BOX,
            }
        ],
        "attendance": [],
        "account": [
            {
                "what": "demande",
                "key": {"number": 43513},
                "before": {"status": "en_cours", "decided_at": None, "days": [{**_OUTCOME, "outcome": "pending"}]},
                "after": {
                    "status": "traitee_positivement",
                    "decided_at": "2024-03-08T10:05:12Z",
                    "days": [{**_OUTCOME, "outcome": "approved"}],
                },
            }
        ],
    },
}
EXAMPLES: Final[Mapping[Any, Any]] = MappingProxyType({History: {"entries": [_ITEM], "next": None}, HistoryItem: _ITEM})
