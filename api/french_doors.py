"""What the doors refuse before, around or after a rule: titles by code."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

GENERAL: Final[Mapping[str, str]] = MappingProxyType(
    {
        "unauthenticated": "Identification requise",
        "too_many_attempts": "Trop d'essais",
        "not_found": "Introuvable",
        "method_not_allowed": "Méthode non autorisée",
        "invalid_request": "Demande invalide",
        "invalid_json": "JSON invalide",
        "invalid_cursor": "Page introuvable",
        "unsupported_media_type": "Format non accepté",
        "not_acceptable": "Format de réponse indisponible",
        "body_too_large": "Demande trop volumineuse",
        "body_too_slow": "Demande trop lente",
        "unexpected_body": "Corps inattendu",
        "document_too_large": "Document trop volumineux",
        "document_type_refused": "Type de document non accepté",
        "document_unsafe": "Document non accepté",
        "document_unreadable": "Document illisible",
        "idempotency_key_missing": "Clé d'idempotence manquante",
        "idempotency_key_invalid": "Clé d'idempotence invalide",
        "idempotency_key_reused": "Clé d'idempotence déjà utilisée",
        "idempotency_in_progress": "Demande en cours de traitement",
        "version_changed": "Le dossier a changé",
        "conflict": "Modification simultanée",
        "overloaded": "Service surchargé",
        "database_unavailable": "Service momentanément indisponible",
        "vault_unavailable": "Coffre momentanément fermé",
        "identity_unavailable": "Identification momentanément impossible",
        "not_ready": "Service en préparation",
        "no_checkpoint_yet": "Pas encore de point de contrôle",
        "past_not_ready": "Passé pas encore disponible",
        "malformed_http": "Requête illisible",
        "headers_too_large": "En-têtes trop volumineux",
        "altered_line": "Registre altéré",
        "unexpected": "Erreur inattendue",
    }
)
