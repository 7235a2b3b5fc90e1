"""What is said of forgetting: what goes, what the law keeps and why, and the word that stands where a name was."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from api.french_people import DOCUMENTS

ERASED: Final = "effacé"
"""Where a name would stand."""
IDENTITY: Final[Mapping[str, str | None]] = MappingProxyType(
    {"given_name": ERASED, "family_name": "", "birth_date": None}
)
"""Who somebody forgotten is, where people are named by what is known of them."""


def name_of(identity: Mapping[str, object] | None, *, erased: bool) -> str | None:
    """A given name and a family name; the word for somebody forgotten; None for somebody nobody named."""
    if erased:
        return ERASED
    if identity is None:
        return None
    names = (identity.get("given_name"), identity.get("family_name"))
    return " ".join(str(name) for name in names if name) or None


REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {"still_owing": "Compte non soldé", "still_owed": "Compte créditeur"}
)
DETAILS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "still_owing": (
            "Le foyer doit encore de l'argent à la régie. Enregistrez le paiement, ou dites que le compte est soldé "
            "hors d'Ardoise (settled_elsewhere), par exemple admis en non-valeur."
        ),
        "still_owed": (
            "La régie doit de l'argent au foyer. Remboursez-le, et dites que le compte est soldé hors d'Ardoise "
            "(settled_elsewhere)."
        ),
    }
)
RECORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "identity": "Identité",
        "address": "Adresse",
        "contact": "Moyens de contact",
        "situation": "Situation familiale",
        "health": "Santé",
        "activation": "Ce qui a été dit pour activer un compte",
        "bank": "Compte bancaire",
    }
)
ROLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "child": "Enfant",
        "guardian": "Responsable",
        "member": "Membre du foyer",
        "contact": "Contact",
        "former": "N'est plus du foyer",
    }
)
WHAT: Final[Mapping[str, str]] = MappingProxyType(
    {"record": "Fiche", "proposal": "Changement demandé", "document": "Justificatif"}
)


def held(what: str, kind: str) -> str:
    """What is held of somebody, without what it says: Fiche (santé), Justificatif (certificat médical)."""
    return f"{WHAT[what]} ({document_kind(kind) if what == 'document' else RECORDS.get(kind, kind).lower()})"


def counted(label: str, *, count: int, elsewhere: int, latest: str) -> str:
    """A line of the proposal: how much would go, how much of it another household handed in, and the last day."""
    others = f", dont {elsewhere} d'un autre foyer" if elsewhere else ""
    return f"{label} : {count}{others} ({latest})"


def document_kind(kind: str) -> str:
    """What a document is, within a sentence."""
    label = DOCUMENTS.get(kind, kind)
    return label[:1].lower() + label[1:]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """Why something stays."""

    label: str
    ground: str
    source: str


FACTS: Final = Ground(
    label="Les faits du registre : réservations, présences, décisions, quotients, sous des identifiants sans nom",
    ground="Ce qui justifie la facturation : dix ans après le dernier fait, une durée que l'archiviste confirme",
    source="RGPD, article 17, 3, b ; code du patrimoine, articles L. 212-2 et L. 212-3",
)
ACCESS_LOG: Final = Ground(
    label="Le journal des accès : qui a consulté le dossier, sans ce qu'il y a lu",
    ground="Preuve de la sécurité du traitement, conservée {} après chaque consultation",
    source="RGPD, article 32 ; CNIL, délibération n° 2021-122 du 14 octobre 2021",
)
ANSWERS: Final = Ground(
    label="Les réponses aux commandes : des identifiants et des nombres, aucun nom",
    ground="Une même commande renvoyée reçoit la même réponse, pendant {}",
    source="Durée propre à Ardoise",
)
JOURNAL: Final = Ground(
    label="Le journal des effacements : quelle personne, sous son identifiant, et quel accord",
    ground="Ce qu'une sauvegarde restaurée ramène est effacé de nouveau : conservé aussi longtemps que les sauvegardes",
    source="RGPD, articles 5, 2 et 17, 1",
)
YEARS_OF_FACTS: Final = 10

PROPOSAL: Final = "Proposition d'effacement"
ALLOWED: Final = "Rien ne s'oppose à l'effacement. Il attend l'accord de l'archiviste."
NOT_ALLOWED: Final = "L'effacement n'est pas possible aujourd'hui."
DONE: Final = "Effacement"
COLUMNS_PEOPLE: Final = ("Personne", "Rôle", "Ce qui est détruit", "Ce qui s'y oppose")
COLUMNS_KEPT: Final = ("Ce qui reste", "Nombre", "Jusqu'au", "Fondement", "Source")
ALREADY: Final = "déjà effacé"
NOTHING_KNOWN: Final = "rien de connu"
REFUSED: Final = "Aucune personne n'a été effacée."


def done(erased: int, already: int, agreement: str) -> str:
    """How many were forgotten, how many had been."""
    now = f"{erased} personne{'s' if erased > 1 else ''} effacée{'s' if erased > 1 else ''}"
    before = f", {already} l'étai{'ent' if already > 1 else 't'} déjà" if already else ""
    return f"{now if erased else 'Aucune personne effacée'}{before}, accord {agreement}."
