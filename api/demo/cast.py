"""The people of the story. Their names are invented and stay here: the ledger holds opaque identifiers."""

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
    """One household: those who answer for the children, then the children."""

    guardians: Sequence[str]
    children: Sequence[str]


FAMILIES: Final[Mapping[Commune, Sequence[Family]]] = {
    VILLENNES: (
        Family(("Elena", "Paolo"), ("Matteo", "Giulia")),
        Family(("Sophie", "Marc"), ("Jules",)),
        Family(("Leïla",), ("Inès",)),
        Family(("Claire", "Hervé"), ("Adèle",)),
        Family(("Karim", "Samia"), ("Samy",)),
        Family(("Élodie",), ("Louise",)),
        Family(("Hugo", "Anne"), ("Tom",)),
        Family(("Marie", "Denis"), ("Chloé",)),
        Family(("Fatou", "Oumar"), ("Yanis",)),
        Family(("Anna",), ("Nino",)),
        Family(("Pauline", "Rémy"), ("Lucas", "Maya")),
        Family(("Thu",), ("Zoé",)),
        Family(("Ewa", "Piotr"), ("Éliott",)),
    ),
    VILLARS: (
        Family(("Nadia", "Julien"), ("Camille", "Sasha")),
        Family(("Brigitte",), ("Jeanne",)),
        Family(("Yves", "Inaya"), ("Noé",)),
    ),
    CHANTELOUP: (
        Family(("Aminata", "Bakary"), ("Awa", "Moussa")),
        Family(("Valérie",), ("Louis",)),
        Family(("Rosa", "Tiago"), ("Lina",)),
    ),
}


@dataclass(frozen=True, slots=True)
class Child:
    """A child, under the identifier the service gave, and the parent who does the asking."""

    name: str
    id: str
    parent: Person


@dataclass(frozen=True, kw_only=True, slots=True)
class Cast:
    """Everybody of one town."""

    town: Town
    parents: dict[str, Person] = field(default_factory=dict)
    children: dict[str, Child] = field(default_factory=dict)

    def child(self, name: str) -> Child:
        """Somebody's child."""
        return self.children[name]

    def name_of(self, child: str) -> str:
        """Who is behind an identifier; a stranger's is shown as it is."""
        return next((known.name for known in self.children.values() if known.id == child), child)


def settle(town: Town) -> Cast:
    """Opens the households of a town, with the accounts of the guardians, and registers the children."""
    cast = Cast(town=town)
    for family in FAMILIES[town.commune]:
        household = town.tell(AGENT, "/households", {}).body["household"]
        town.stage.notes.open(household)
        for name in family.guardians:
            person = Person(name, "guardian", Subject(f"compte-{len(cast.parents) + 1:04d}"))
            town.tell(AGENT, f"/households/{household}/guardians", {"subject": person.subject})
            cast.parents[name] = person
        for name in family.children:
            child = town.tell(AGENT, "/children", {"household": household}).body["child"]
            cast.children[name] = Child(name, child, cast.parents[family.guardians[0]])
    return cast


def enrol(cast: Cast, name: str, activity: str, first_day: str, last_day: str, **where: str) -> None:
    """The town accepts a child in an activity for a period; `where` is a site and a group where there are some."""
    body: Json = {"activity": activity, "first_day": first_day, "last_day": last_day, **where}
    cast.town.tell(AGENT, f"/children/{cast.child(name).id}/enrolments", body)
