"""Every French sentence a person may read, in one place: titles by code, statuses, and what to say of a wrong field."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "deadline_passed": "Hors délai",
        "not_open_yet": "Pas encore ouvert",
        "no_place_left": "Complet",
        "day_closed": "Jour fermé",
        "not_a_day_of_this_activity": "Pas d'accueil ce jour",
        "not_enrolled": "Non inscrit",
        "outside_enrolment": "Hors période d'inscription",
        "already_reserved": "Déjà réservé",
        "not_reserved": "Non réservé",
        "already_awaiting": "Déjà en attente d'instruction",
        "unit_conflict": "Incompatible avec une autre réservation",
        "custody": "Jour de garde de l'autre responsable",
        "justification_too_late": "Justificatif hors délai",
        "document_required": "Justificatif obligatoire",
        "already_decided": "Déjà traitée",
        "quotient_missing": "Quotient familial manquant",
        "month_closed": "Mois clôturé",
    }
)
"""What a rule refuses. A published code is never reused."""

GENERAL: Final[Mapping[str, str]] = MappingProxyType(
    {
        "unauthenticated": "Identification requise",
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
        "idempotency_key_missing": "Clé d'idempotence manquante",
        "idempotency_key_invalid": "Clé d'idempotence invalide",
        "idempotency_key_reused": "Clé d'idempotence déjà utilisée",
        "idempotency_in_progress": "Demande en cours de traitement",
        "version_changed": "Le dossier a changé",
        "impossible_days": "Jours impossibles",
        "conflict": "Modification simultanée",
        "overloaded": "Service surchargé",
        "database_unavailable": "Service momentanément indisponible",
        "not_ready": "Service en préparation",
        "malformed_http": "Requête illisible",
        "headers_too_large": "En-têtes trop volumineux",
        "unexpected": "Erreur inattendue",
    }
)
"""What the doors refuse before, around or after a rule."""

TITLES: Final[Mapping[str, str]] = MappingProxyType({**REFUSALS, **GENERAL})

DETAILS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "unauthenticated": "Présentez un jeton d'accès dans l'en-tête Authorization.",
        "not_found": "Cette ressource n'existe pas, ou vous n'y avez pas accès.",
        "method_not_allowed": "Cette méthode n'existe pas pour cette ressource ; voir l'en-tête Allow.",
        "invalid_request": "Un ou plusieurs champs sont à corriger.",
        "invalid_json": "Le corps de la demande n'est pas un document JSON lisible.",
        "invalid_cursor": "Ce curseur n'est pas reconnu. Reprenez la liste depuis le début.",
        "unsupported_media_type": "Le corps doit être en JSON, avec l'en-tête Content-Type: application/json.",
        "not_acceptable": "Cette ressource n'existe pas dans le format demandé.",
        "body_too_large": "Le corps de la demande dépasse 64 Kio.",
        "body_too_slow": "Le corps de la demande n'est pas arrivé à temps.",
        "unexpected_body": "Cette ressource n'attend pas de corps.",
        "idempotency_key_missing": "Cette commande exige l'en-tête Idempotency-Key.",
        "idempotency_key_invalid": "Idempotency-Key doit tenir en 1 à 255 caractères ASCII visibles, une seule fois.",
        "idempotency_key_reused": "Cette clé a déjà servi pour une autre demande. Choisissez une nouvelle clé.",
        "idempotency_in_progress": "La première demande de cette clé n'est pas terminée. Réessayez dans un instant.",
        "version_changed": "Le dossier a changé depuis votre dernière lecture. Relisez-le avant de recommencer.",
        "impossible_days": "Rien n'a été enregistré : certains jours ne peuvent pas être acceptés.",
        "conflict": "Le dossier a été modifié en même temps par quelqu'un d'autre. Recommencez.",
        "overloaded": "Trop de demandes arrivent en même temps. Réessayez dans un instant.",
        "database_unavailable": "Le registre ne répond pas. Rien n'est perdu : réessayez dans un instant.",
        "not_ready": "Le service ne peut pas encore, ou ne peut plus, répondre.",
        "malformed_http": "Cette requête ne respecte pas le protocole HTTP.",
        "headers_too_large": "L'adresse et les en-têtes de la requête dépassent 16 Kio.",
        "unexpected": "Une erreur inattendue s'est produite. Transmettez le numéro de corrélation à l'exploitant.",
    }
)
"""What to say when nobody said something more precise."""

STATUSES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "en_cours": "En cours d'instruction",
        "traitee_positivement": "Traitée positivement",
        "traitee_negativement": "Traitée négativement",
        "retiree": "Retirée",
    }
)

FIELD_SENTENCES: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "missing": ("required", "Ce champ est obligatoire."),
        "extra_forbidden": ("unknown_field", "Ce champ n'existe pas ici."),
        "string_type": ("text_expected", "Un texte est attendu."),
        "string_too_short": ("too_short", "Ce texte est trop court."),
        "string_too_long": ("too_long", "Ce texte est trop long."),
        "string_pattern_mismatch": ("wrong_form", "Ce texte n'a pas la forme attendue."),
        "int_type": ("integer_expected", "Un nombre entier est attendu."),
        "int_parsing": ("integer_expected", "Un nombre entier est attendu."),
        "int_parsing_size": ("too_large", "Ce nombre est trop grand."),
        "int_from_float": ("integer_expected", "Un nombre entier est attendu."),
        "bool_type": ("boolean_expected", "La valeur true ou false est attendue."),
        "bool_parsing": ("boolean_expected", "La valeur true ou false est attendue."),
        "greater_than": ("too_small", "Ce nombre est trop petit."),
        "greater_than_equal": ("too_small", "Ce nombre est trop petit."),
        "less_than": ("too_large", "Ce nombre est trop grand."),
        "less_than_equal": ("too_large", "Ce nombre est trop grand."),
        "literal_error": ("not_a_choice", "Cette valeur ne fait pas partie des choix possibles."),
        "enum": ("not_a_choice", "Cette valeur ne fait pas partie des choix possibles."),
        "union_tag_invalid": ("not_a_choice", "Cette valeur ne fait pas partie des choix possibles."),
        "union_tag_not_found": ("required", "Ce champ est obligatoire."),
        "list_type": ("list_expected", "Une liste est attendue."),
        "tuple_type": ("list_expected", "Une liste est attendue."),
        "set_type": ("list_expected", "Une liste est attendue."),
        "too_short": ("too_few", "Cette liste est trop courte."),
        "too_long": ("too_many", "Cette liste est trop longue."),
        "dict_type": ("object_expected", "Un objet est attendu."),
        "model_type": ("object_expected", "Un objet est attendu."),
        "model_attributes_type": ("object_expected", "Un objet est attendu."),
        "date_type": ("day_expected", "Un jour est attendu, par exemple 2024-03-27."),
        "date_parsing": ("day_expected", "Un jour est attendu, par exemple 2024-03-27."),
        "date_from_datetime_parsing": ("day_expected", "Un jour est attendu, par exemple 2024-03-27."),
        "day_expected": ("day_expected", "Un jour est attendu, par exemple 2024-03-27."),
        "instant_expected": (
            "instant_expected",
            "Un instant avec son fuseau est attendu, par exemple 2024-03-07T19:30:00+01:00.",
        ),
        "month_expected": ("month_expected", "Un mois est attendu, par exemple 2024-03."),
        "slug_expected": ("wrong_form", "Un identifiant court est attendu : minuscules, chiffres et traits d'union."),
        "id_expected": ("wrong_form", "Un identifiant est attendu."),
        "period_expected": ("wrong_period", "La fin de la période précède son début."),
        "json_invalid": ("invalid_json", "Ce document JSON n'est pas lisible."),
    }
)
"""What a validator refuses, as our stable code and a sentence; never with the value that was sent."""

WRONG_FIELD: Final = ("wrong_value", "Cette valeur n'est pas acceptée.")

TOKEN_EXPIRED: Final = "Votre session a expiré. Identifiez-vous de nouveau."
TOKEN_INVALID: Final = "Le jeton d'accès n'est pas valable."
BODY_EMPTY: Final = "Le corps de la demande est vide."
BODY_NOT_UTF8: Final = "Le corps de la demande n'est pas en UTF-8."
BODY_DUPLICATE_KEY: Final = "Une même clé apparaît deux fois dans un objet JSON."
BODY_NOT_A_NUMBER: Final = "NaN et Infinity ne sont pas des nombres JSON."
BODY_NUMBER_TOO_LARGE: Final = "Un nombre dépasse ce qui peut être lu sans perte (2 puissance 53)."
BODY_TOO_DEEP: Final = "Le document JSON est trop imbriqué."
BODY_FORBIDDEN_CHARACTER: Final = "Un texte contient un caractère interdit."
QUERY_FORBIDDEN_CHARACTER: Final = "Ce paramètre contient un caractère interdit."
QUERY_REPEATED: Final = "Ce paramètre est donné plusieurs fois."
QUERY_TOO_LONG: Final = "Ce paramètre est trop long."
IF_MATCH_EXPECTED: Final = 'If-Match attend une version telle que "42".'


def title(code: str) -> str:
    """The French title of a code."""
    return TITLES[code]


def detail(code: str) -> str | None:
    """What to say of a code when nothing more precise is known."""
    return DETAILS.get(code)


def status_label(status: str) -> str:
    """How a family reads the status of a demande."""
    return STATUSES[status]


def field_sentence(kind: str) -> tuple[str, str]:
    """A stable code and a French sentence for one kind of validation error."""
    return FIELD_SENTENCES.get(kind, WRONG_FIELD)


def accepted_parameters(names: list[str]) -> str:
    """Say which query parameters exist, without repeating the one that does not."""
    return f"Paramètre inconnu. Paramètres acceptés : {', '.join(names) or 'aucun'}."
