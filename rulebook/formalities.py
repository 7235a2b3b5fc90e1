"""What a family may ask for besides days, who decides it, and what paper it takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from ledger.events import DecidedBy

FormalityKind = Literal["address", "contact", "situation", "enrolment", "quotient", "member", "contact_person"]
"""The kinds of demandes without days, as `ledger.demande` names them."""
Paper = Literal["required", "optional", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Formality:
    """One kind of demande without days."""

    instruction: DecidedBy
    document: Paper
    """Whether a supporting document comes with it; of `none`, one that comes is refused."""
    article: str | None


PAPERS: Final[Mapping[FormalityKind, Paper]] = MappingProxyType(
    {
        "address": "required",
        "contact": "none",
        "situation": "none",
        "enrolment": "optional",
        "quotient": "required",
        "member": "none",
        "contact_person": "none",
    }
)
"""What paper each takes in a town that writes nothing about it."""

DEFAULTS: Final[Mapping[FormalityKind, Formality]] = MappingProxyType(
    {kind: Formality(instruction="agent", document=paper, article=None) for kind, paper in PAPERS.items()}
)
"""A town that writes no [demarches]: an agent decides everything."""
