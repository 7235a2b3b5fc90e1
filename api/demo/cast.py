"""The people of the story. Their names are invented; the vault keeps them, the ledger holds opaque identifiers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from api.demo.stage import AGENT, Json, Person, Town
from ledger.identifiers import Commune, Subject

VILLENNES: Final = Commune("villennes-sur-seine")
CHANTELOUP: Final = Commune("chanteloup-les-vignes")
VILLARS: Final = Commune("villars")


@dataclass(frozen=True, slots=True)
class Family:
    """One household: its name, those who answer for the children, then the children."""

    name: str
    guardians: Sequence[str]
    children: Sequence[str]
    without_account: Sequence[str] = ()
    """Guardians the town knows, whose account is not tied to them yet."""


FAMILIES: Final[Mapping[Commune, Sequence[Family]]] = {
    VILLENNES: (
        Family("Clairejonc", ("Elena", "Paolo"), ("Matteo", "Giulia"), without_account=("Paolo",)),
        Family("Ventcraie", ("Sophie", "Marc"), ("Jules",)),
        Family("Sourcevive", ("Leïla",), ("Inès",)),
        Family("Bellardoise", ("Claire", "Hervé"), ("Adèle",)),
        Family("Lunebrume", ("Karim", "Samia"), ("Samy",)),
        Family("Feuilledor", ("Élodie",), ("Louise",)),
        Family("Rivemousse", ("Hugo", "Anne"), ("Tom",)),
        Family("Champvelours", ("Marie", "Denis"), ("Chloé",)),
        Family("Solbruyère", ("Fatou", "Oumar"), ("Yanis",)),
        Family("Neigeclair", ("Anna",), ("Nino",)),
        Family("Pierreplume", ("Pauline", "Rémy"), ("Lucas", "Maya")),
        Family("Soirdété", ("Thu",), ("Zoé",)),
        Family("Sablefin", ("Ewa", "Piotr"), ("Éliott",)),
    ),
    VILLARS: (
        Family("Hautmurmure", ("Nadia", "Julien"), ("Camille", "Sasha")),
        Family("Grandécaille", ("Brigitte",), ("Jeanne",)),
        Family("Brisemer", ("Yves",), ("Noé",)),
        Family("Aubépin", ("Inaya",), ()),
        Family("Clairbourg", ("Odile",), ("Lison",)),
    ),
    CHANTELOUP: (
        Family("Ombreval", ("Aminata", "Bakary"), ("Awa", "Moussa"), without_account=("Bakary",)),
        Family("Craieblanche", ("Valérie",), ("Louis",)),
        Family("Pontrosée", ("Rosa", "Tiago"), ("Lina",)),
    ),
}
BORN: Final[Mapping[str, str]] = {"Matteo": "2015-05-14"}
"""A birth date somebody has to know."""


@dataclass(frozen=True, slots=True)
class Child:
    """A child, under the identifier the service gave, and the parent who does the asking."""

    name: str
    id: str
    parent: Person


@dataclass(frozen=True, slots=True)
class Home:
    """A guardian in their household, under the identifiers the service gave."""

    household: str
    guardian: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Cast:
    """Everybody of one town."""

    town: Town
    homes: dict[str, Home] = field(default_factory=dict)
    parents: dict[str, Person] = field(default_factory=dict)
    children: dict[str, Child] = field(default_factory=dict)
    titres: dict[tuple[str, str], str] = field(default_factory=dict)
    """The number of a titre the page speaks of, by who owes it and the month."""

    def child(self, name: str) -> Child:
        """Somebody's child."""
        return self.children[name]

    def name_of(self, child: str) -> str:
        """Who is behind an identifier; a stranger's is shown as it is."""
        return next((known.name for known in self.children.values() if known.id == child), child)


def settle(town: Town) -> Cast:
    """Opens the households of a town with their guardians, their accounts and their children, as they are called."""
    cast = Cast(town=town)
    for family in FAMILIES[town.commune]:
        household = town.tell(AGENT, "/households", {}).body["household"]
        town.stage.notes.open(household)
        for name in family.guardians:
            person = Person(name, "guardian", Subject(f"compte-{len(cast.parents) + 1:04d}"))
            account: Json = {} if name in family.without_account else {"subject": person.subject}
            body = {**account, "identity": identity(name, family.name)}
            guardian = town.tell(AGENT, f"/households/{household}/guardians", body).body["guardian"]
            cast.parents[name], cast.homes[name] = person, Home(household, guardian)
        for name in family.children:
            registered = {"household": household, "identity": identity(name, family.name)}
            child = town.tell(AGENT, "/children", registered).body["child"]
            cast.children[name] = Child(name, child, cast.parents[family.guardians[0]])
    return cast


def identity(given_name: str, family_name: str) -> Json:
    """Who somebody of the story is."""
    born = {"birth_date": BORN[given_name]} if given_name in BORN else {}
    return {"given_name": given_name, "family_name": family_name, **born}


def enrol(cast: Cast, name: str, activity: str, first_day: str, last_day: str, **where: str) -> None:
    """The town accepts a child in an activity for a period; `where` is a site and a group where there are some."""
    body: Json = {"activity": activity, "first_day": first_day, "last_day": last_day, **where}
    cast.town.tell(AGENT, f"/children/{cast.child(name).id}/enrolments", body)
