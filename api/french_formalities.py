"""How the kinds of demandes, and where a quotient comes from, are read in French."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ledger.demande import DemandeKind
from ledger.events import QuotientSource

KINDS: Final[Mapping[DemandeKind, str]] = MappingProxyType(
    {
        "reservation": "Réservation",
        "cancellation": "Annulation",
        "modification": "Modification de réservations",
        "absence": "Absence",
        "enrolment": "Inscription à une activité",
        "address": "Changement d'adresse",
        "contact": "Changement de téléphone ou de courriel",
        "situation": "Changement de situation familiale",
        "member": "Nouveau membre du foyer",
        "contact_person": "Nouvelle personne à contacter",
        "quotient": "Quotient familial",
    }
)

SOURCES: Final[Mapping[QuotientSource, str]] = MappingProxyType(
    {"caf": "Attestation de la CAF", "msa": "Attestation de la MSA", "tax_notice": "Avis d'imposition"}
)
