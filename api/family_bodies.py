"""What is sent about a household, its people and its accounts."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from api.detail_bodies import ContactAsked, IdentityAsked
from api.fields import Day, IdText, StrictModel, SubjectText
from commands.family_keys import MOST_USES
from ledger.events import ActivationRefusal, SuspensionReason

MOST_CHILDREN: Final = 12
LONGEST_TYPED: Final = 64

_IDENTITY: Final[Any] = {"given_name": "Camille", "family_name": "Exemple"}
_CONTACT: Final[Any] = {"telephone": "06 12 34 56 78", "email": "camille@exemple.fr"}
_HOUSEHOLD: Final = "1b4e28ba-2fa1-4ad2-883f-0016d3cca427"
_GUARDIAN: Final = "6fa459ea-ee8a-4ca4-894e-db77e160355e"


class HouseholdAsked(StrictModel):
    """A household to open: the town gives it its identifier."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class GuardianAsked(StrictModel):
    """A guardian to add, with what is known of them and the account that speaks for them, if there is one already."""

    subject: SubjectText | None = None
    identity: IdentityAsked | None = None
    contact: ContactAsked | None = None

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"subject": "idp|parent-0001"}, {"identity": _IDENTITY, "contact": _CONTACT}]}
    )


class HolderAsked(StrictModel):
    """A guardian to name titulaire: the path says which."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class AccountAsked(StrictModel):
    """An account of the identity provider."""

    subject: SubjectText

    model_config = ConfigDict(json_schema_extra={"examples": [{"subject": "idp|parent-0001"}]})


class SuspensionAsked(StrictModel):
    """What is suspended, and why, in a word of a closed list."""

    scope: Literal["guardian", "account"]
    reason: SuspensionReason

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"scope": "guardian", "reason": "court_order"},
                {"scope": "account", "reason": "account_lost"},
            ]
        }
    )


class MemberAsked(StrictModel):
    """Somebody else who lives in the household."""

    identity: IdentityAsked | None = None
    contact: ContactAsked | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"identity": _IDENTITY}]})


class ContactPersonAsked(StrictModel):
    """Somebody the town may call."""

    collects: bool
    """Whether they may collect the children."""
    identity: IdentityAsked | None = None
    contact: ContactAsked | None = None

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"collects": True, "identity": _IDENTITY, "contact": _CONTACT}]}
    )


class KeyAsked(StrictModel):
    """A Clé Enfance to issue: for one guardian, or for any who has no account yet."""

    guardian: IdText | None = None
    uses: Annotated[int, Field(ge=1, le=MOST_USES)] = 1
    expires_on: Day | None = None
    """Its last day; sixty days from now unless said otherwise."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"guardian": _GUARDIAN}, {"uses": 2, "expires_on": "2024-09-30"}]}
    )


class KeyTyped(StrictModel):
    """A Clé Enfance as somebody typed it, and who they are when it leaves the choice."""

    key: Annotated[
        str,
        Field(
            min_length=1,
            max_length=LONGEST_TYPED,
            examples=["7KQ2-M4XD-0PZR"],
            json_schema_extra={"pattern": r"^[^\u0000]*$"},
        ),
    ]
    guardian: IdText | None = None

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"key": "7KQ2-M4XD-0PZR"}, {"key": "7KQ2-M4XD-0PZR", "guardian": _GUARDIAN}]}
    )


class ChildTold(IdentityAsked):
    """A child somebody says they answer for."""

    birth_date: Day


class ActivationAsked(StrictModel):
    """Who somebody says they are, how they can be reached, and of which children they say they answer."""

    identity: IdentityAsked
    contact: ContactAsked
    children: Annotated[list[ChildTold], Field(min_length=1, max_length=MOST_CHILDREN)]

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "identity": _IDENTITY,
                    "contact": _CONTACT,
                    "children": [{"given_name": "Matteo", "family_name": "Exemple", "birth_date": "2015-02-03"}],
                }
            ]
        }
    )

    @model_validator(mode="after")
    def reachable(self) -> Self:
        """Refuses somebody nobody could answer."""
        if self.contact.telephone is None and self.contact.email is None:
            raise ValueError("contact")
        return self


class GuardianNamed(StrictModel):
    """A guardian of a household."""

    household: IdText
    guardian: IdText


class ActivationDecided(StrictModel):
    """What an agent says to somebody who asked: who they are, or why not."""

    grant: GuardianNamed | None = None
    refuse: ActivationRefusal | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"grant": {"household": _HOUSEHOLD, "guardian": _GUARDIAN}}, {"refuse": "unknown_family"}]
        }
    )

    @model_validator(mode="after")
    def one_answer(self) -> Self:
        """Refuses both at once, and neither."""
        if (self.grant is None) == (self.refuse is None):
            raise ValueError("decision")
        return self
