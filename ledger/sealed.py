"""What a command puts in the vault, moves within it or takes out, beside its facts: sealed bytes, never read here."""

from dataclasses import dataclass
from typing import Literal

from ledger.events import PersonErased
from ledger.identifiers import DocumentId, HouseholdId, PersonId, ProposalId, Stream

DetailsKind = Literal["identity", "address", "contact", "situation", "health", "activation", "bank"]
"""What is known of a person. `contact` holds the telephone and the e-mail address, `bank` the account to debit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KeepRecord:
    """What is known of a person, from now on."""

    person: PersonId
    kind: DetailsKind
    sealed: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class KeepProposal:
    """What a demande asks to be known of a person."""

    proposal: ProposalId
    person: PersonId
    kind: DetailsKind
    sealed: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceptProposal:
    """What was proposed is known from now on."""

    proposal: ProposalId


@dataclass(frozen=True, kw_only=True, slots=True)
class DropProposal:
    """What was proposed is forgotten."""

    proposal: ProposalId


@dataclass(frozen=True, kw_only=True, slots=True)
class KeepDocument:
    """A supporting document, once and for all."""

    document: DocumentId
    owner: PersonId
    """The guardian who may open it."""
    household: HouseholdId
    """On whose page it is kept."""
    person: PersonId
    """Whose key seals it: the child it is about, or the owner."""
    kind: str
    media_type: str
    size_bytes: int
    match: bytes
    """HMAC of the content: the same paper of the same owner is kept once."""
    sealed: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Forget:
    """The key of a person is destroyed, and all it sealed is deleted."""

    person: PersonId
    page: Stream | None = None
    """The page that says so, now or before; none for what an account said of itself."""
    told: PersonErased | None = None
    """What that page says."""


SealedChange = KeepRecord | KeepProposal | AcceptProposal | DropProposal | KeepDocument | Forget
