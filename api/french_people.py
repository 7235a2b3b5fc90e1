"""How the closed lists about people are read in French."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

HEALTH: Final[Mapping[str, str]] = MappingProxyType(
    {
        "food_allergy": "Allergie alimentaire",
        "asthma": "Asthme",
        "diabetes": "Diabète",
        "epilepsy": "Épilepsie",
        "individual_protocol": "Projet d'accueil individualisé (PAI)",
        "mobility_aid": "Aide à la mobilité",
        "hearing_aid": "Appareil auditif",
        "vision_aid": "Lunettes ou lentilles",
    }
)
"""What an agent must know of a child's health. Nothing else is ever written: what to do is in the protocol."""

SITUATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "single": "Célibataire",
        "married": "Marié(e)",
        "civil_partnership": "Pacsé(e)",
        "cohabiting": "En concubinage",
        "separated": "Séparé(e)",
        "divorced": "Divorcé(e)",
        "widowed": "Veuf ou veuve",
    }
)
"""The family situation of an adult."""

DOCUMENTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "domicile": "Justificatif de domicile",
        "quotient": "Attestation de quotient familial",
        "certificat-medical": "Certificat médical",
        "protocole": "Projet d'accueil individualisé",
        "assurance": "Attestation d'assurance",
        "identite": "Pièce d'identité",
        "livret-de-famille": "Livret de famille",
        "autre": "Autre document",
    }
)
"""What a document is. The proof of a custody is seen by an agent, and never kept."""
