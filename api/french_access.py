"""What is said in French about who read what: the purposes, the roles, and how the header that names one is told."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

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

PURPOSE_HEADER: Final = (
    "Pourquoi le dossier est lu, quand ce n'est pas ce que l'opération laisse penser : inscrit au journal des accès. "
    "Réservé au personnel de la commune."
)
FROM_DAY: Final = "Premier jour des consultations, inclus."
TO_DAY: Final = "Dernier jour des consultations, inclus."
OF_OPERATORS: Final = ("audit", "rights_request", "family_management")
"""What somebody at the command line may read the log for."""
COLUMNS: Final = ("Quand", "Qui", "Rôle", "Par", "Quoi", "Pourquoi")
