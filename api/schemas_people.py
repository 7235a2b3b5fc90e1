"""What answers about people and their documents look like, for /openapi.json alone, with an example of each."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

from pydantic import Field
from typing_extensions import TypedDict  # the one pydantic reads before Python 3.12

from api.detail_bodies import Country, DocumentKind, HealthItem, Situation
from api.fields import IdText
from api.french_people import DOCUMENTS, HEALTH, SITUATIONS
from api.schemas import exact
from ledger.sealed import DetailsKind

Text = Annotated[str, Field(max_length=254)]


@exact
class Identity(TypedDict):
    """Who somebody is."""

    given_name: Text
    family_name: Text
    birth_date: date | None


@exact
class Address(TypedDict):
    """Where somebody lives."""

    lines: list[Text]
    postcode: Text
    city: Text
    country: Country


@exact
class Contact(TypedDict):
    """How somebody can be reached."""

    telephone: Text | None
    email: Text | None


@exact
class SituationKnown(TypedDict):
    """The family situation of an adult."""

    situation: Situation
    label: str


@exact
class Person(TypedDict):
    """What is known of somebody of a household; null where nothing is, and everywhere once they were forgotten."""

    person: IdText
    erased: bool
    identity: Identity | None
    address: Address | None
    contact: Contact | None
    situation: SituationKnown | None


@exact
class ChildIdentity(TypedDict):
    """Who a child is."""

    child: IdText
    erased: bool
    identity: Identity | None


@exact
class HealthPoint(TypedDict):
    """A word of the closed list."""

    item: HealthItem
    label: str


@exact
class Health(TypedDict):
    """What is to be known of a child's health."""

    child: IdText
    erased: bool
    items: list[HealthPoint]
    protocol: IdText | None


@exact
class DetailsKept(TypedDict):
    """Whose details are kept, and which; never what they say."""

    person: IdText
    kind: DetailsKind


MediaTypeText = Literal["application/pdf", "image/jpeg", "image/png"]


@exact
class Document(TypedDict):
    """A supporting document, without its content. `about` is the child it is about; null for its owner."""

    document: IdText
    owner: IdText
    about: IdText | None
    kind: DocumentKind
    kind_label: str
    media_type: MediaTypeText
    size_bytes: Annotated[int, Field(ge=1)]


@exact
class ListedDocument(Document):
    """A document of a list."""

    kept_at: datetime


@exact
class Documents(TypedDict):
    """A page of documents, the latest first; `next` is the cursor of the page after it."""

    documents: list[ListedDocument]
    next: str | None


_PERSON: Final = "6fa459ea-ee8a-4ca4-894e-db77e160355e"
_CHILD: Final = "8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b"
_IDENTITY: Final = {"given_name": "Matteo", "family_name": "Exemple", "birth_date": "2015-02-03"}
_DOCUMENT: Final = {
    "document": "7d793037-a076-4e6c-8f3b-2d0f5f3a8d1e",
    "owner": _PERSON,
    "about": _CHILD,
    "kind": "certificat-medical",
    "kind_label": DOCUMENTS["certificat-medical"],
    "media_type": "application/pdf",
    "size_bytes": 48_213,
}

EXAMPLES: Final[Mapping[Any, Any]] = MappingProxyType(
    {
        Person: {
            "person": _PERSON,
            "erased": False,
            "identity": {**_IDENTITY, "given_name": "Camille", "birth_date": None},
            "address": {
                "lines": ["12 rue de l'Église"],
                "postcode": "78670",
                "city": "Villennes-sur-Seine",
                "country": "FR",
            },
            "contact": {"telephone": "0612345678", "email": None},
            "situation": {"situation": "married", "label": SITUATIONS["married"]},
        },
        ChildIdentity: {"child": _CHILD, "erased": False, "identity": _IDENTITY},
        Health: {
            "child": _CHILD,
            "erased": False,
            "items": [{"item": "asthma", "label": HEALTH["asthma"]}],
            "protocol": None,
        },
        DetailsKept: {"person": _PERSON, "kind": "contact"},
        Document: _DOCUMENT,
        Documents: {"documents": [{**_DOCUMENT, "kept_at": "2024-03-08T09:43:00Z"}], "next": None},
    }
)
