"""The words of a family's own file, as it is printed for it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TITLE: Final = "Votre dossier"
INTRODUCTION: Final = (
    "Tout ce que la commune tient à votre sujet dans le registre des réservations, au titre de votre droit d'accès"
    " (RGPD, article 15). Les informations d'un autre foyer, même d'un enfant que vous partagez, n'y figurent pas."
)
EMPTY: Final = "Rien n'est enregistré."
MADE_AT: Final = "Établi le {at}. Commune : {commune}."
CONTENTS: Final = "Sommaire"
YES, NO = "Oui", "Non"
HOME: Final = "Le foyer"
SOMEBODY: Final = "Personne {}"
"""Somebody nobody named, by the beginning of their identifier."""
UNNAMED: Final = "{} {}"
"""The same, when their role is known: Enfant 8f14e45f."""
SHOWN_OF_AN_IDENTIFIER: Final = 8
OTHER_GUARDIAN: Final = "Un autre responsable"
ACTION: Final = "{action} : {day}, {unit} ({outcome})"
PERIOD: Final = "du {first} au {last}"
OF_THE_TERMINAL: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ardoise invoice": "Une facture, à imprimer ou à envoyer",
        "ardoise why": "Pourquoi une ligne de facture",
        "ardoise tax-certificate": "L'attestation fiscale d'une année",
        "ardoise export": "L'historique de la famille et ses preuves, pour un contrôle",
        "ardoise export-person": "La copie du dossier, pour la personne concernée",
        "ardoise erase": "Ce qu'un effacement détruirait, et ce que la loi garde",
        "ardoise who-read": "Qui a consulté le dossier",
        "ardoise history": "L'histoire de la famille",
        "ardoise as-of": "Ce qui était connu à un instant",
    }
)
"""What an operator does at the terminal, by its name in the access log."""


def euros(cents: int) -> str:
    """An amount as it is printed: 1 653,00 €, with spaces that are never cut."""
    whole, rest = divmod(cents, 100)
    return f"{whole:,},{rest:02d} €".replace(",", "\u202f", f"{whole:,}".count(",")).replace(" ", "\u00a0")


def kilobytes(size_bytes: int) -> str:
    """The size of a file, rounded up."""
    return f"{-(-size_bytes // 1000)} ko"


SECTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "people": "Les personnes",
        "details": "Ce qui est connu de chacune",
        "accounts": "Ce que des comptes ont dit pour être activés",
        "children": "Les inscriptions des enfants",
        "days": "Le calendrier : réservations, présences et absences",
        "demandes": "Les demandes et leurs réponses",
        "proposals": "Les changements demandés qui attendent une réponse",
        "quotients": "Les quotients familiaux",
        "tariffs": "La situation tarifaire",
        "meals": "Les repas apportés",
        "titres": "Les factures",
        "lines": "Les lignes des factures",
        "payments": "Les paiements",
        "mandates": "Les mandats de prélèvement",
        "debits": "Les prélèvements",
        "custody": "La garde alternée",
        "keys": "Les Clés Enfance",
        "documents": "Les justificatifs",
        "reads": "Qui a consulté le dossier",
        "retention": "Combien de temps",
    }
)
COLUMNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "person": "Personne",
        "identifier": "Identifiant",
        "name": "Nom",
        "role": "Rôle",
        "account": "Compte",
        "collects": "Peut venir chercher les enfants",
        "what": "Quoi",
        "field": "Information",
        "value": "Valeur",
        "activity": "Activité",
        "site": "Site",
        "group": "Groupe",
        "first_day": "Du",
        "last_day": "Au",
        "day": "Jour",
        "unit": "Formule",
        "state": "État",
        "presence": "Présence",
        "absence": "Absence",
        "arrived_at": "Arrivée",
        "left_at": "Départ",
        "number": "Numéro",
        "kind": "Nature",
        "status": "Statut",
        "submitted_at": "Demandée le",
        "decided_at": "Décidée le",
        "asked": "Ce qui est demandé",
        "reason": "Motif",
        "amount": "Montant",
        "source": "Origine",
        "residence": "Résidence",
        "regime": "Régime",
        "said": "Ce qui est dit",
        "issued_at": "Créée le",
        "expires_at": "Valable jusqu'au",
        "uses": "Utilisations",
        "titre": "Titre",
        "month": "Mois",
        "issued_on": "Émis le",
        "due_on": "À payer avant le",
        "label": "Prestation",
        "quantity": "Quantité",
        "unit_price": "Prix unitaire",
        "received_on": "Reçu le",
        "means": "Moyen",
        "reference": "Référence",
        "cancelled": "Annulé",
        "mandate": "Mandat",
        "signed_on": "Signé le",
        "revoked_at": "Fin",
        "collect_on": "Prélevé le",
        "returned": "Rejet de la banque",
        "document": "Fichier",
        "size": "Taille",
        "kept_at": "Déposé le",
        "read_at": "Le",
        "actor": "Par",
        "purpose": "Pourquoi",
        "operation": "Quoi",
    }
)
FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "given_name": "Prénom",
        "family_name": "Nom",
        "birth_date": "Date de naissance",
        "lines": "Adresse",
        "postcode": "Code postal",
        "city": "Ville",
        "country": "Pays",
        "telephone": "Téléphone",
        "email": "Courriel",
        "situation": "Situation familiale",
        "items": "À savoir",
        "protocol": "Document du protocole",
        "identity": "Identité",
        "contact": "Moyens de contact",
        "children": "Enfants",
        "iban": "IBAN",
        "holder": "Titulaire du compte",
    }
)
STATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "reserved": "Réservé",
        "awaiting_add": "Réservation en attente",
        "awaiting_removal": "Annulation en attente",
        "present": "Présent",
        "absent": "Absent",
        "declared": "Déclarée",
        "declared_again": "Déclarée de nouveau",
        "justified": "Justifiée",
        "unjustified": "Non justifiée",
        "reserve": "réserver",
        "cancel": "annuler",
        "absence": "absence",
        "pending": "en attente",
        "approved": "accepté",
        "rejected": "refusé",
        "withdrawn": "retiré",
    }
)
