"""What answers about households, keys and activations look like, for /openapi.json alone."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypedDict  # the one pydantic reads before Python 3.12

from api.fields import IdText
from api.schemas import AccountText, exact
from api.schemas_people import Contact, Identity
from ledger.events import ActivationRefusal

Standing = Literal["active", "suspended", "account_suspended"]
KeyState = Literal["open", "used_up", "expired", "revoked"]
ActivationState = Literal["waiting", "granted", "refused"]
Uses = Annotated[int, Field(ge=0, le=10)]
KeyText = Annotated[str, Field(pattern=r"^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$")]


@exact
class Guardian(TypedDict):
    """Somebody who answers for the children of a household, and the account that speaks for them.

    A guardian is told of no account but their own.
    """

    guardian: IdText
    subject: AccountText | None
    holder: bool
    """The titulaire."""
    holder_label: Literal["Titulaire", "Co-représentant"]
    standing: Standing


@exact
class Named(TypedDict):
    """Who the people of an answer are, by identifier. Auditors are told no name."""

    identities: dict[str, Identity]


@exact
class Guardians(Named):
    """Those who answer for the children of a household."""

    guardians: list[Guardian]


@exact
class Member(TypedDict):
    """Somebody else who lives in a household."""

    person: IdText


@exact
class Members(Named):
    """Those who live in a household besides its guardians and children."""

    members: list[Member]


@exact
class ContactPerson(TypedDict):
    """Somebody the town may call."""

    person: IdText
    collects: bool
    """Whether they may collect the children."""


@exact
class Contacts(Named):
    """Those the town may call, and who among them may collect the children."""

    contacts: list[ContactPerson]


@exact
class ListedHousehold(Guardians):
    """A household of a list."""

    household: IdText
    children: list[IdText]


@exact
class Household(ListedHousehold):
    """A household: who answers for whom, who lives there, who may be called."""

    members: list[Member]
    contacts: list[ContactPerson]


@exact
class Households(TypedDict):
    """A page of the households of a town; `next` is the cursor of the page after it."""

    households: list[ListedHousehold]
    next: str | None


@exact
class GuardianGone(TypedDict):
    """The guardian is of the household no more."""

    guardian: IdText
    holder: IdText | None
    """The titulaire there is now."""


@exact
class PersonGone(TypedDict):
    """They are of the household no more."""

    person: IdText


@exact
class FamilyKey(TypedDict):
    """A Clé Enfance. Its text is told to whom it is issued, and shown nowhere else."""

    key: IdText
    guardian: IdText | None
    """Whom it is for; null for any guardian who has no account yet."""
    uses: Uses
    used: Uses
    issued_at: datetime
    expires_at: datetime
    state: KeyState
    state_label: str


@exact
class IssuedKey(FamilyKey):
    """The key as it was issued, and its text, to be handed to the family."""

    text: KeyText


@exact
class FamilyKeys(TypedDict):
    """The keys of a household, the latest first."""

    keys: list[FamilyKey]


@exact
class Linked(TypedDict):
    """The account speaks for a guardian from now on: `/me` tells of which household."""

    linked: Literal[True]


@exact
class OwnActivation(TypedDict):
    """What became of a request to be activated."""

    activation: IdText
    requested_at: datetime
    due_at: datetime
    """When forty-eight working hours will have passed."""
    status: ActivationState
    status_label: str
    decided_at: datetime | None
    reason: ActivationRefusal | None
    reason_label: str | None


@exact
class OwnActivations(TypedDict):
    """What the account asked, the latest first."""

    activations: list[OwnActivation]


@exact
class ChildTold(TypedDict):
    """A child somebody says they answer for."""

    given_name: str
    family_name: str
    birth_date: str


@exact
class ActivationTold(TypedDict):
    """What somebody said of themselves."""

    identity: Identity
    contact: Contact
    children: list[ChildTold]


@exact
class KnownAs(TypedDict):
    """A guardian the account speaks for already, or did until it was suspended."""

    household: IdText
    guardian: IdText
    standing: Standing


@exact
class WaitingActivation(TypedDict):
    """Somebody who waits for an agent."""

    activation: IdText
    subject: AccountText
    requested_at: datetime
    due_at: datetime
    overdue: bool
    working_hours_left: Annotated[int, Field(ge=0)]
    told: ActivationTold | None
    """Null once they were forgotten."""
    known_as: list[KnownAs]


@exact
class WaitingActivations(TypedDict):
    """A page of the queue, the overdue first; `next` is the cursor of the page after it."""

    activations: list[WaitingActivation]
    next: str | None


@exact
class DecidedActivation(TypedDict):
    """What an agent said."""

    activation: IdText
    status: Literal["granted", "refused"]
    household: IdText | None
    guardian: IdText | None
    reason: ActivationRefusal | None
