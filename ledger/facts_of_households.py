"""The facts of a household's page, and of an account's page until somebody knows whose it is."""

from dataclasses import dataclass
from datetime import date, datetime

from ledger.identifiers import (
    ActivationId,
    ChildId,
    DemandeNumber,
    DocumentId,
    GuardianId,
    HouseholdId,
    KeyId,
    PersonId,
    ProposalId,
    Slug,
    Subject,
)
from ledger.parts import (
    ActivationRefusal,
    ChangeKind,
    LinkedBy,
    Origin,
    QuotientSource,
    Regime,
    Residence,
    SuspensionReason,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class ActivationRequested:
    """Somebody with an account says they answer for children of the town. What they say of themselves is sealed."""

    activation: ActivationId
    subject: Subject
    digest: str
    due_at: datetime
    """When forty-eight working hours will have passed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ActivationGranted:
    """An agent recognised them."""

    household: HouseholdId
    guardian: GuardianId


@dataclass(frozen=True, kw_only=True, slots=True)
class ActivationRefused:
    """An agent did not."""

    reason: ActivationRefusal


@dataclass(frozen=True, kw_only=True, slots=True)
class HouseholdOpened:
    """A family is known to the town."""

    household: HouseholdId


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardianAdded:
    """A person answers for the children of the household."""

    guardian: GuardianId


@dataclass(frozen=True, kw_only=True, slots=True)
class HolderChanged:
    """The titulaire of the household. Until one is named, it is the first guardian who was added."""

    guardian: GuardianId


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardianLinked:
    """An account of the identity provider speaks for this guardian from now on."""

    guardian: GuardianId
    subject: Subject
    how: LinkedBy
    key: KeyId | None = None
    """The Clé Enfance it was done with."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardianUnlinked:
    """The account speaks for this guardian no more: it was linked by mistake, or it was lost."""

    guardian: GuardianId
    subject: Subject


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountSuspended:
    """The account opens nothing of the household until it is reinstated; the guardian stays one."""

    guardian: GuardianId
    subject: Subject
    reason: SuspensionReason


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountReinstated:
    """The account opens the household again."""

    guardian: GuardianId
    subject: Subject


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardianSuspended:
    """The guardian may see and do nothing of the household, whatever account speaks for them."""

    guardian: GuardianId
    reason: SuspensionReason


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardianReinstated:
    """The guardian answers for the children again."""

    guardian: GuardianId


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardianLeft:
    """The guardian is of the household no more: they moved to another, or died. Their account opens nothing of it."""

    guardian: GuardianId


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberAdded:
    """Somebody else lives in the household."""

    person: PersonId


@dataclass(frozen=True, kw_only=True, slots=True)
class MemberLeft:
    """They live there no more."""

    person: PersonId


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactAdded:
    """Somebody the town may call; `collects` when they may collect the children."""

    person: PersonId
    collects: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactRemoved:
    """They may neither be called nor collect the children any more."""

    person: PersonId


@dataclass(frozen=True, kw_only=True, slots=True)
class FamilyKeyIssued:
    """A Clé Enfance: whoever types it ties their account to a guardian of the household."""

    key: KeyId
    digest: str
    """HMAC-SHA256 of its text, in hexadecimal: the text itself is nowhere."""
    uses: int
    expires_at: datetime
    guardian: GuardianId | None = None
    """Whom it is for; None for any guardian who has no account yet."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FamilyKeyRevoked:
    """The key opens nothing any more."""

    key: KeyId


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentKept:
    """A supporting document is in the vault."""

    document: DocumentId
    owner: GuardianId
    about: ChildId | None
    kind: Slug
    digest: str
    """HMAC-SHA256 of the content under the key of the person it is about: it says nothing once they are forgotten."""
    media_type: str
    size_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeRequested:
    """A family asks that what is known of it be changed. The new values wait in the vault."""

    demande: DemandeNumber
    household: HouseholdId
    change: ChangeKind
    person: PersonId
    proposal: ProposalId
    digest: str
    """As of `DetailsKept`; of somebody new who can be called, that of who they are, a space, and that of how."""
    documents: tuple[DocumentId, ...] = ()
    origin: Origin = "family"
    collects: bool = False
    """Of a contact: may collect the children."""


@dataclass(frozen=True, kw_only=True, slots=True)
class QuotientDeclared:
    """A family declares its quotient familial, with a document. In cents, as its source writes it."""

    demande: DemandeNumber
    household: HouseholdId
    amount_cents: int
    source: QuotientSource
    documents: tuple[DocumentId, ...] = ()
    origin: Origin = "family"


@dataclass(frozen=True, kw_only=True, slots=True)
class QuotientDecided:
    """The quotient familial the town holds true from a day on."""

    amount_cents: int
    source: QuotientSource
    first_day: date
    demande: DemandeNumber | None = None
    regularisation: bool = False
    """The town chose to go back on months that are past."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TariffStatusDecided:
    """Which tariffs the household is under from a day on: whether it lives in the town, and what scheme it is of."""

    residence: Residence
    regime: Regime
    first_day: date


# On a child's page too.


@dataclass(frozen=True, kw_only=True, slots=True)
class DetailsKept:
    """What is known of a person changed, in the vault."""

    person: PersonId
    kind: Slug
    digest: str
    """HMAC-SHA256 of the values under the person's own key: it says nothing once they are forgotten."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonErased:
    """A person was forgotten: their key was destroyed, and all that it sealed."""

    person: PersonId
    agreement: str
    """The reference of the archivist's agreement."""
    agreed_by: Subject
    agreed_on: date
