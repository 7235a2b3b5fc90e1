"""What may be known of a person: bounded texts, closed lists, and nothing one could tell a story in."""

import re
import unicodedata
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from api.fields import Day, IdText, StrictModel

LONGEST_NAME: Final = 80
LONGEST_LINE: Final = 100
MOST_LINES: Final = 5
LONGEST_EMAIL: Final = 254
_LONGEST_LOCAL: Final = 64
_SEPARATORS: Final = str.maketrans("", "", " .-()\u00a0\u202f")
_TELEPHONE: Final = re.compile(r"0[1-9][0-9]{8}|\+[1-9][0-9]{6,14}", re.ASCII)
_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*", re.ASCII)
_DOMAIN: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]", re.ASCII)
_POSTCODE: Final = re.compile(r"[A-Z0-9](?:[A-Z0-9 -]{0,10}[A-Z0-9])?", re.ASCII)
_FRENCH_POSTCODE: Final = re.compile(r"[0-9]{5}", re.ASCII)

Situation = Literal["single", "married", "civil_partnership", "cohabiting", "separated", "divorced", "widowed"]
HealthItem = Literal[
    "food_allergy",
    "asthma",
    "diabetes",
    "epilepsy",
    "individual_protocol",
    "mobility_aid",
    "hearing_aid",
    "vision_aid",
]
MOST_ITEMS: Final = 8
DocumentKind = Literal[
    "domicile",
    "quotient",
    "certificat-medical",
    "protocole",
    "assurance",
    "identite",
    "livret-de-famille",
    "autre",
]
"""What a document is, in words that stay in the ledger for ever."""
PROTOCOL_ITEM: Final = "individual_protocol"
"""The word of the list that says there is a protocol."""


def _refused(kind: str) -> PydanticCustomError:
    return PydanticCustomError(kind, "refused")


def read_line(value: str) -> str:
    """A line of text in its one spelling (NFC, no outer space), without anything that is not to be seen."""
    text = unicodedata.normalize("NFC", value).strip()
    if not text:
        raise _refused("string_too_short")
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp") for letter in text):
        raise _refused("string_pattern_mismatch")
    return text


def read_telephone(value: str) -> str:
    """A number that can be dialled: ten digits in France, or international with its plus sign."""
    number = value.translate(_SEPARATORS)
    if not _TELEPHONE.fullmatch(number):
        raise _refused("telephone_expected")
    return number


def read_email(value: str) -> str:
    """An address a message can be sent to: no display name, no comment, no quotes; the domain in lower case."""
    local, at, domain = value.rpartition("@")
    address = f"{local}@{domain.lower()}"
    sound = at and len(local) <= _LONGEST_LOCAL and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain.lower())
    if not sound or len(address) > LONGEST_EMAIL:
        raise _refused("email_expected")
    return address


_VISIBLE: Final = r"^[^\u0000-\u001f\u007f-\u009f]+$"
"""What a schema can say; what else is not to be seen, `read_line` refuses."""

Name = Annotated[
    str, Field(min_length=1, max_length=LONGEST_NAME, pattern=_VISIBLE, examples=["Matteo"]), AfterValidator(read_line)
]
Line = Annotated[
    str,
    Field(min_length=1, max_length=LONGEST_LINE, pattern=_VISIBLE, examples=["12 rue de l'Église"]),
    AfterValidator(read_line),
]
Telephone = Annotated[
    str,
    Field(max_length=32, pattern=r"^[0-9+ .()\u00a0\u202f-]+$", examples=["06 12 34 56 78"]),
    AfterValidator(read_telephone),
]
Email = Annotated[
    str,
    Field(max_length=LONGEST_EMAIL, pattern=r"^[!-~]+@[!-~]+$", examples=["camille@exemple.fr"]),
    AfterValidator(read_email),
]
Postcode = Annotated[str, Field(min_length=1, max_length=12, pattern=r"^[A-Z0-9 -]+$", examples=["78670"])]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$", examples=["FR"])]


class IdentityAsked(StrictModel):
    """Who somebody is."""

    given_name: Name
    family_name: Name
    birth_date: Day | None = None

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"given_name": "Matteo", "family_name": "Exemple", "birth_date": "2015-02-03"}]}
    )


class AddressAsked(StrictModel):
    """Where somebody lives."""

    lines: Annotated[list[Line], Field(min_length=1, max_length=MOST_LINES)]
    postcode: Postcode
    city: Name
    country: Country = "FR"

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"lines": ["12 rue de l'Église"], "postcode": "78670", "city": "Villennes-sur-Seine"}]
        }
    )

    @model_validator(mode="after")
    def postcode_of_the_country(self) -> Self:
        """Five digits in France; letters, digits, spaces and hyphens elsewhere."""
        form = _FRENCH_POSTCODE if self.country == "FR" else _POSTCODE
        if not form.fullmatch(self.postcode):
            raise _refused("postcode_expected")
        return self


class ContactAsked(StrictModel):
    """How somebody can be reached."""

    telephone: Telephone | None = None
    email: Email | None = None

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"telephone": "06 12 34 56 78", "email": "camille@exemple.fr"}]}
    )


class SituationAsked(StrictModel):
    """The family situation of an adult."""

    situation: Situation

    model_config = ConfigDict(json_schema_extra={"examples": [{"situation": "married"}]})


class HealthAsked(StrictModel):
    """What the town must know of a child's health: words of a closed list, and the document that says what to do."""

    items: Annotated[list[HealthItem], Field(max_length=MOST_ITEMS)]
    protocol: Annotated[
        IdText | None,
        Field(description="Sans ce champ, le protocole en place reste. `null` le retire : voir `protocol_in_place`."),
    ] = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": ["asthma"], "protocol": None}]})

    @model_validator(mode="after")
    def each_once(self) -> Self:
        """Refuses an item said twice."""
        if len(set(self.items)) < len(self.items):
            raise _refused("item_twice")
        return self

    @model_validator(mode="after")
    def protocol_in_the_list(self) -> Self:
        """Refuses a protocol the list does not announce."""
        if self.protocol is not None and PROTOCOL_ITEM not in self.items:
            raise _refused("protocol_not_in_list")
        return self


def value_of(asked: StrictModel) -> dict[str, Any]:
    """What is sealed: plain JSON, days as ISO dates."""
    said: dict[str, Any] = asked.model_dump(mode="json")
    return said
