"""What answers about forgetting look like, for /openapi.json alone, with an example of each."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict  # the one pydantic reads before Python 3.12

from api import french
from api.fields import AgreementText, IdText
from api.french_erasure import FACTS, ROLES, held
from api.schemas import AccountText, Count, Number, exact


@exact
class Reason(TypedDict):
    """What stands in the way."""

    code: str
    title: str
    detail: str
    child: NotRequired[IdText]
    number: NotRequired[Number]


@exact
class Destroyed(TypedDict):
    """What is destroyed with the key of a person: how much of it, never what it says."""

    what: Literal["record", "proposal", "document"]
    label: str
    kind: str
    count: Count
    elsewhere: Annotated[Count, Field(description="De ce nombre, ce qu'un autre foyer a remis au sujet de l'enfant.")]
    latest: datetime


@exact
class ProposedPerson(TypedDict):
    """Somebody who would be forgotten."""

    person: IdText
    role: Literal["child", "guardian", "member", "contact", "former"]
    role_label: str
    erased: bool
    allowed: bool
    reasons: list[Reason]
    destroyed: list[Destroyed]


@exact
class Kept(TypedDict):
    """What stays, until when, and on which ground."""

    what: Literal["facts", "access_log", "answers", "journal"]
    label: str
    count: Count | None
    until: date | None
    ground: str
    source: str


@exact
class Proposal(TypedDict):
    """What forgetting a family, or somebody of it, would destroy and keep."""

    household: IdText | None
    allowed: bool
    people: list[ProposedPerson]
    requests: Annotated[list[list[Destroyed]], Field(description="Ce que des comptes ont dit pour être activés.")]
    kept: list[Kept]


@exact
class Erased(TypedDict):
    """Who was forgotten."""

    agreement: AgreementText
    erased: list[IdText]
    already: list[IdText]


@exact
class Erasure(TypedDict):
    """Somebody who was forgotten, and with whose agreement."""

    person: IdText
    erased_at: datetime
    agreement: AgreementText
    agreed_by: AccountText
    agreed_on: date


@exact
class Erasures(TypedDict):
    """Those who were forgotten, the latest first."""

    erasures: list[Erasure]
    next: str | None


_CHILD: Final = "8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b"
EXAMPLES: Final[Mapping[Any, Any]] = MappingProxyType(
    {
        Proposal: {
            "household": "1b4e28ba-2fa1-4ad2-883f-0016d3cca427",
            "allowed": False,
            "people": [
                {
                    "person": _CHILD,
                    "role": "child",
                    "role_label": ROLES["child"],
                    "erased": False,
                    "allowed": False,
                    "reasons": [
                        {
                            "code": "still_enrolled",
                            "title": french.title("still_enrolled"),
                            "detail": french.detail("still_enrolled"),
                            "child": _CHILD,
                        }
                    ],
                    "destroyed": [
                        {
                            "what": "record",
                            "label": held("record", "identity"),
                            "kind": "identity",
                            "count": 1,
                            "elsewhere": 0,
                            "latest": "2024-03-08T10:05:12Z",
                        }
                    ],
                }
            ],
            "requests": [],
            "kept": [
                {
                    "what": "facts",
                    "label": FACTS.label,
                    "count": 214,
                    "until": "2036-07-03",
                    "ground": FACTS.ground,
                    "source": FACTS.source,
                }
            ],
        },
        Erased: {"agreement": "AD78-2026/12", "erased": [_CHILD], "already": []},
        Erasures: {
            "erasures": [
                {
                    "person": _CHILD,
                    "erased_at": "2026-11-20T10:05:12Z",
                    "agreement": "AD78-2026/12",
                    "agreed_by": "idp|archives-01",
                    "agreed_on": "2026-11-12",
                }
            ],
            "next": None,
        },
    }
)
