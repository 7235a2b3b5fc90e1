"""Payments, mandates and direct debits in French: what is refused, and the words answers use."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ledger.events import CancelledBecause, DebitSequence, Means

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "unknown_payer": "Redevable inconnu",
        "unknown_titre": "Titre inconnu",
        "amount_out_of_bounds": "Montant impossible",
        "cash_over_limit": "Espèces au-delà de 300 €",
        "day_out_of_reach": "Jour impossible",
        "day_before_titre": "Jour d'avant le titre",
        "payment_already_recorded": "Paiement déjà enregistré",
        "already_cancelled": "Paiement déjà annulé",
        "debit_to_return": "Prélèvement à rejeter",
        "no_mandate": "Aucun mandat en cours",
        "mandate_lapsed": "Mandat périmé",
        "creditor_missing": "Créancier incomplet",
        "not_a_banking_day": "Jour sans échange bancaire",
        "collection_too_soon": "Date de prélèvement trop proche",
        "collection_too_far": "Date de prélèvement trop lointaine",
        "nothing_to_collect": "Rien à prélever",
        "unknown_debit": "Prélèvement inconnu",
        "already_returned": "Rejet déjà enregistré",
        "file_changed": "Fichier impossible à refaire",
    }
)
DETAILS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "unknown_payer": "Aucun titre ni mandat n'est connu de ce foyer.",
        "unknown_titre": "Ce titre n'est pas un de ceux que ce foyer a à payer.",
        "amount_out_of_bounds": "Un paiement est compris entre 0,01 € et 99 999,99 €.",
        "cash_over_limit": (
            "Un foyer paie en espèces dans la limite de 300 € par jour (article 1680 du code général des impôts)."
        ),
        "day_out_of_reach": "Un paiement est reçu au plus tôt le 1er janvier 2000.",
        "day_before_titre": (
            "Ce titre a été émis après ce jour : vérifiez le jour de réception, ou ne nommez pas le titre."
        ),
        "payment_already_recorded": (
            "Un paiement de ce foyer est déjà enregistré avec le même moyen, la même référence, le même montant et le "
            "même jour. Si c'en est un autre, envoyez-le avec again."
        ),
        "already_cancelled": "Ce paiement est déjà annulé.",
        "debit_to_return": "Un prélèvement ne s'annule pas à la main : enregistrez son rejet par la banque.",
        "no_mandate": "Aucun mandat de prélèvement n'est en cours pour ce foyer.",
        "mandate_lapsed": "Un mandat qui n'a pas servi depuis 36 mois est périmé : faites-en signer un nouveau.",
        "creditor_missing": (
            "Le règlement ne dit pas qui prélève : complétez le nom, l'identifiant créancier SEPA (ICS) et l'IBAN "
            "du créancier dans [regie]."
        ),
        "not_a_banking_day": (
            "Les banques n'échangent rien ce jour : samedi, dimanche, 1er janvier, vendredi saint, lundi de Pâques, "
            "1er mai, 25 et 26 décembre."
        ),
        "collection_too_soon": "La banque demande le fichier au moins deux jours ouvrés avant le prélèvement.",
        "collection_too_far": "Choisissez une date de prélèvement dans les 60 jours.",
        "nothing_to_collect": (
            "Aucun titre échu à cette date n'est à prélever : tout est payé, déjà demandé à la banque, ou sans mandat "
            "qui puisse servir."
        ),
        "unknown_debit": "Aucun prélèvement de ce titre n'a été demandé dans cette remise.",
        "already_returned": "Le rejet de ce prélèvement est déjà enregistré, ou donné deux fois.",
        "file_changed": (
            "Un compte de cette remise a changé ou a été effacé depuis, ou le règlement ne nomme plus le même "
            "créancier : le fichier envoyé ne peut plus être refait à l'identique. Les prélèvements restent "
            "enregistrés."
        ),
    }
)

MEANS: Final[Mapping[Means, str]] = MappingProxyType(
    {
        "card": "Carte bancaire",
        "cheque": "Chèque",
        "cash": "Espèces",
        "transfer": "Virement",
        "direct_debit": "Prélèvement",
        "voucher": "CESU",
    }
)
BECAUSE: Final[Mapping[CancelledBecause, str]] = MappingProxyType(
    {"mistake": "Erreur de saisie", "unpaid_cheque": "Chèque impayé", "returned_debit": "Prélèvement rejeté"}
)
SEQUENCES: Final[Mapping[DebitSequence, str]] = MappingProxyType(
    {"FRST": "Premier prélèvement", "RCUR": "Prélèvement suivant"}
)
LEFT_OUT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "account_erased": "Le compte a été effacé avec la personne qui l'avait donné.",
        "account_changed": "Le compte connu n'est plus celui du mandat : faites signer un nouveau mandat.",
        "mandate_lapsed": "Le mandat n'a pas servi depuis 36 mois : faites-en signer un nouveau.",
    }
)
"""Why a household that owes something under a mandate is not debited."""
RETURNS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AC01": "Coordonnées bancaires inexactes",
        "AC04": "Compte clôturé",
        "AC06": "Compte bloqué",
        "AC13": "Compte qui n'est pas celui d'un particulier",
        "AG01": "Opération interdite sur ce compte",
        "AG02": "Code d'opération incorrect",
        "AM04": "Provision insuffisante",
        "AM05": "Opération en double",
        "BE05": "Créancier non reconnu",
        "CNOR": "Banque du créancier inconnue",
        "DNOR": "Banque du débiteur inconnue",
        "FF01": "Format du fichier incorrect",
        "MD01": "Absence de mandat",
        "MD02": "Données du mandat incorrectes",
        "MD06": "Opération contestée par le débiteur",
        "MD07": "Débiteur décédé",
        "MS02": "Refus du débiteur",
        "MS03": "Raison non communiquée",
        "RC01": "Identifiant de banque incorrect",
        "RR01": "Compte ou identifiant du débiteur manquant",
        "RR02": "Nom ou adresse du débiteur manquant",
        "RR03": "Nom ou adresse du créancier manquant",
        "RR04": "Motif réglementaire",
        "SL01": "Service particulier de la banque du débiteur",
    }
)
"""Reason codes of the returns of SEPA direct debits (ISO 20022); another code is shown as it is."""
