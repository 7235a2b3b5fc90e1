"""How households, keys and activations are read in French."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

HOLDER: Final = "Titulaire"
OTHER_GUARDIAN: Final = "Co-représentant"

KEY_STATES: Final[Mapping[str, str]] = MappingProxyType(
    {"open": "Valable", "used_up": "Utilisée", "expired": "Expirée", "revoked": "Révoquée"}
)
"""What has become of a Clé Enfance."""

ACTIVATION_STATES: Final[Mapping[str, str]] = MappingProxyType(
    {"waiting": "En attente d'un agent", "granted": "Compte activé", "refused": "Activation refusée"}
)
"""What has become of a request to be activated."""

ACTIVATION_REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "unknown_family": "Famille inconnue de la commune",
        "not_a_guardian": "Pas responsable de ces enfants",
        "proof_missing": "Justificatif manquant",
        "already_active": "Compte déjà actif",
    }
)
"""Why an agent did not recognise somebody."""


def guardian_label(*, holder: bool) -> str:
    """What a guardian is in the household."""
    return HOLDER if holder else OTHER_GUARDIAN
