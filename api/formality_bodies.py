"""What a family sends when it asks for something else than days."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, RootModel, model_validator
from pydantic_core import PydanticCustomError

from api.detail_bodies import AddressAsked, ContactAsked, IdentityAsked, Situation
from api.fields import Day, IdText, SlugText, StrictModel
from commands.declare_quotient import HIGHEST_QUOTIENT_CENTS
from ledger.events import QuotientSource

MOST_DOCUMENTS: Final = 10
DOCUMENT: Final = "7d793037-a076-4e6c-8f3b-2d0f5f3a8d1e"


def _each_once(documents: list[str]) -> list[str]:
    if len(set(documents)) < len(documents):
        raise PydanticCustomError("item_twice", "refused")
    return documents


Documents = Annotated[list[IdText], Field(max_length=MOST_DOCUMENTS), AfterValidator(_each_once)]
AmountCents = Annotated[int, Field(ge=0, le=HIGHEST_QUOTIENT_CENTS, examples=[65_300])]


def example(**said: Any) -> ConfigDict:
    """One body, for the document."""
    return ConfigDict(json_schema_extra={"examples": [said]})


class _Asked(StrictModel):
    documents: Documents = Field(default_factory=list)
    """Supporting documents handed in before."""


class _AboutSomebody(_Asked):
    person: IdText | None = None
    """Whom of the household it is about; the guardian who asks, unless it is said. An agent says it."""


class AddressChange(_AboutSomebody):
    """Somebody of the household lives elsewhere."""

    kind: Literal["address"]
    address: AddressAsked

    model_config = example(
        kind="address",
        address={"lines": ["12 rue de l'Église"], "postcode": "78670", "city": "Villennes-sur-Seine"},
        documents=[DOCUMENT],
    )


class ContactChange(_AboutSomebody):
    """Another telephone number or e-mail address; what is not named stays, null takes it away."""

    kind: Literal["contact"]
    contact: ContactAsked

    model_config = example(kind="contact", contact={"telephone": "06 12 34 56 78"})

    @model_validator(mode="after")
    def something(self) -> Self:
        """Refuses a change of nothing."""
        if not self.contact.model_fields_set:
            raise ValueError("contact")
        return self


class SituationChange(_AboutSomebody):
    """The family situation changed."""

    kind: Literal["situation"]
    situation: Situation

    model_config = example(kind="situation", situation="married")


class QuotientDeclaration(_Asked):
    """The quotient familial, as its document says it."""

    kind: Literal["quotient"]
    amount_cents: AmountCents
    source: QuotientSource

    model_config = example(kind="quotient", amount_cents=65_300, source="caf", documents=[DOCUMENT])


class MemberAddition(_Asked):
    """Somebody else lives in the household."""

    kind: Literal["member"]
    identity: IdentityAsked

    model_config = example(kind="member", identity={"given_name": "Lucie", "family_name": "Exemple"})


class ContactAddition(_Asked):
    """Somebody the town may call, or who may collect the children."""

    kind: Literal["contact_person"]
    identity: IdentityAsked
    contact: ContactAsked
    collects: bool = False
    """Whether they may collect the children."""

    model_config = example(
        kind="contact_person",
        identity={"given_name": "Rose", "family_name": "Exemple"},
        contact={"telephone": "06 98 76 54 32"},
        collects=True,
    )

    @model_validator(mode="after")
    def reachable(self) -> Self:
        """Refuses somebody the town could not call."""
        if self.contact.telephone is None and self.contact.email is None:
            raise ValueError("contact")
        return self


PersonChange = AddressChange | ContactChange | SituationChange
Newcomer = MemberAddition | ContactAddition


class HouseholdDemandeAsked(
    RootModel[Annotated[PersonChange | QuotientDeclaration | Newcomer, Field(discriminator="kind")]]
):
    """What a household asks for, by its `kind`."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {"kind": "contact", "contact": {"telephone": "06 12 34 56 78"}},
                {"kind": "situation", "situation": "married"},
                {"kind": "quotient", "amount_cents": 65_300, "source": "caf", "documents": [DOCUMENT]},
            ]
        },
    )


class ChildDemandeAsked(_Asked):
    """A child is to be enrolled in an activity for a period, both days included."""

    kind: Literal["enrolment"]
    activity: SlugText
    site: SlugText | None = None
    group: SlugText | None = None
    first_day: Day
    last_day: Day
    household: IdText | None = None
    """Which of the child's households asks; the caller's first, unless it is said."""

    model_config = example(
        kind="enrolment",
        activity="alsh-mercredis",
        site="l-ile-aux-enfants",
        group="les-winners",
        first_day="2024-09-04",
        last_day="2025-07-04",
    )


class QuotientRecorded(StrictModel):
    """A quotient familial an agent read on its document."""

    amount_cents: AmountCents
    source: QuotientSource
    first_day: Day
    regularisation: bool = False
    """Needed where the first day is in a month that is over: the town decides to go back on it."""

    model_config = example(amount_cents=65_300, source="caf", first_day="2024-02-01")
