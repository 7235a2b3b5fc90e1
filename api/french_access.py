"""What is said in French about who read what: the purposes, the roles, and how the header that names one is told."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from api.french_export import OF_THE_TERMINAL

PURPOSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "own_file": "Consultation de son propre dossier",
        "instruction": "Instruction d'une demande",
        "attendance": "Accueil et pointage des enfants",
        "family_management": "Gestion du dossier de la famille",
        "billing": "Facturation",
        "audit": "Contrôle",
        "rights_request": "Exercice de ses droits par la personne concernée",
    }
)
"""Why something of a family is read: a closed list."""

ROLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "guardian": "Responsable",
        "agent": "Agent de la commune",
        "auditor": "Contrôleur",
        "billing": "Régie",
        "admin": "Administrateur",
        "portal": "Portail",
    }
)

OPERATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "GET /me": "Qui je suis, et ce que je peux faire",
        "GET /households": "Les foyers de la commune",
        "GET /households/{household}": "Un foyer",
        "GET /households/{household}/guardians": "Les responsables d'un foyer",
        "GET /households/{household}/members": "Les autres membres d'un foyer",
        "GET /households/{household}/contacts": "Les contacts d'un foyer",
        "GET /households/{household}/people/{person}": "Ce qui est connu d'une personne du foyer",
        "GET /households/{household}/keys": "Les Clés Enfance d'un foyer",
        "GET /households/{household}/custody": "La garde alternée des enfants d'un foyer",
        "GET /households/{household}/quotients": "Les quotients familiaux d'un foyer",
        "GET /households/{household}/tariff-status": "La situation tarifaire d'un foyer",
        "GET /children/{child}/meals": "Les repas apportés par un enfant",
        "GET /households/{household}/account": "Le compte d'un foyer",
        "GET /households/{household}/payments": "Les paiements d'un foyer",
        "GET /payments": "Les paiements reçus par la commune",
        "GET /households/{household}/mandate": "Le mandat de prélèvement d'un foyer",
        "GET /collections/{collection}": "Une remise de prélèvements",
        "GET /collections/{collection}/pain.008.xml": "Le fichier de prélèvements pour la banque",
        "GET /households/{household}/tax-certificates/{year}": "Les frais de garde payés dans une année",
        "GET /households/{household}/tax-certificates/{year}/certificate.pdf": (
            "L'attestation fiscale d'une année, à lire et à imprimer"
        ),
        "GET /households/{household}/titres": "Les titres d'un foyer",
        "GET /billing/{month}/missing": "Les jours d'un mois qui ne peuvent pas encore être facturés",
        "GET /billing/{month}/lines": "Les lignes de facture d'un mois",
        "GET /billing/{month}/titres": "Les titres d'un mois",
        "GET /titres/{number}": "Un titre et ses lignes",
        "GET /titres/{number}/lines/{line}": "Pourquoi une ligne de facture",
        "GET /children/{child}/entries/{line}/invoice-lines": "Les lignes de facture qui reposent sur une écriture",
        "GET /titres/{number}/invoice.pdf": "Une facture à lire et à imprimer",
        "GET /billing/{month}/lines.csv": "Les lignes d'un mois, pour un tableur",
        "GET /households/{household}/reads": "Qui a consulté le dossier d'un foyer",
        "GET /households/{household}/history": "L'histoire d'un foyer et de ses enfants",
        "GET /activations": "Les comptes à activer",
        "GET /children/{child}": "Un enfant",
        "GET /children/{child}/identity": "L'identité d'un enfant",
        "GET /children/{child}/health": "Ce que la commune doit savoir de la santé d'un enfant",
        "GET /children/{child}/enrolments": "Les inscriptions d'un enfant",
        "GET /children/{child}/calendar": "Le calendrier d'un enfant",
        "GET /children/{child}/entries": "Les écritures sur la page d'un enfant",
        "GET /demandes": "L'historique des demandes",
        "POST /demandes/preview": "Ce que donnerait une demande, sans rien écrire",
        "GET /demandes/{number}": "Une demande",
        "POST /prices/preview": "Ce que coûteraient des jours, et pourquoi",
        "GET /documents": "Les justificatifs déposés",
        "GET /documents/{document}": "Ouvrir un justificatif",
        "GET /activities/{activity}/day-sheet": "La feuille du jour",
        "GET /entries": "Le registre scellé, dans l'ordre",
        "POST /erasures/preview": "Ce qu'un effacement détruirait, et ce que la loi garde",
        **OF_THE_TERMINAL,
    }
)
"""What was read, by the operation that showed it; those of the command line too."""

PURPOSE_HEADER: Final = (
    "Pourquoi le dossier est lu, quand ce n'est pas ce que l'opération laisse penser : inscrit au journal des accès. "
    "Réservé au personnel de la commune."
)
FROM_DAY: Final = "Premier jour des consultations, inclus."
TO_DAY: Final = "Dernier jour des consultations, inclus."
OF_OPERATORS: Final = ("audit", "rights_request", "family_management")
"""What somebody at the command line may read the log for."""
COLUMNS: Final = ("Quand", "Qui", "Rôle", "Par", "Quoi", "Pourquoi")
