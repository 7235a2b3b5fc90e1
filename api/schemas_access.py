"""What answers about the access log look like, for /openapi.json alone; the tests hold what orjson dumped to it."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import Field
from typing_extensions import TypedDict  # the one pydantic reads before Python 3.12

from api.fields import IdText
from api.french_access import OPERATIONS, PURPOSES, ROLES
from api.schemas import exact

Purpose = Literal["own_file", "instruction", "attendance", "family_management", "billing", "audit", "rights_request"]
Reader = Literal["guardian", "agent", "auditor", "billing", "admin", "portal"]


@exact
class Read(TypedDict):
    """One time something of a household was read."""

    read_at: datetime
    role: Reader
    role_label: str
    actor: Annotated[
        str,
        Field(
            max_length=600, description="Le compte de l'agent ; pour un responsable, son identifiant de responsable."
        ),
    ]
    client: Annotated[str, Field(max_length=255, examples=["portail"])]
    operation: Annotated[str, Field(examples=["GET /children/{child}/calendar"])]
    operation_label: Annotated[str, Field(examples=["Le calendrier d'un enfant"])]
    purpose: Purpose
    purpose_label: str
    about: Annotated[list[IdText], Field(description="Le foyer, ses membres et ses enfants, et eux seuls.")]


@exact
class Reads(TypedDict):
    """Who read what of a household, the latest first."""

    reads: list[Read]
    next: str | None


EXAMPLES: Final[Mapping[Any, Any]] = MappingProxyType(
    {
        Reads: {
            "reads": [
                {
                    "read_at": "2024-03-08T10:05:12Z",
                    "role": "agent",
                    "role_label": ROLES["agent"],
                    "actor": "idp|agent-0007",
                    "client": "guichet",
                    "operation": "GET /children/{child}/calendar",
                    "operation_label": OPERATIONS["GET /children/{child}/calendar"],
                    "purpose": "family_management",
                    "purpose_label": PURPOSES["family_management"],
                    "about": ["8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b"],
                }
            ],
            "next": None,
        }
    }
)
