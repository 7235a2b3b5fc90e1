"""French sentences every resource may say: titles by code, statuses; those of one subject are in `french_*`."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from api import french_billing, french_erasure, french_payments
from api.french_doors import GENERAL

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **french_billing.REFUSALS,
        **french_payments.REFUSALS,
        **french_erasure.REFUSALS,
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
        "unit_required": "Une autre réservation est nécessaire",
        "exchange_refused": "Échange impossible",
        "nothing_to_do": "Rien à faire",
        "too_many_days": "Trop de jours à la fois",
        "period_reversed": "Période inversée",
        "unknown_activity": "Activité inconnue",
        "unknown_reason": "Motif inconnu",
        "unknown_site": "Site inconnu",
        "unknown_group": "Groupe inconnu",
        "unknown_place": "Place inconnue",
        "unknown_document": "Justificatif inconnu",
        "no_rulebook": "Aucun règlement en vigueur",
        "rulebook_unsound": "Règlement à corriger",
        "rulebook_of_another_town": "Règlement d'une autre commune",
        "version_already_adopted": "Version déjà adoptée",
        "already_registered": "Déjà enregistré",
        "already_linked": "Déjà rattaché",
        "not_linked": "Non rattaché",
        "last_guardian": "Dernier responsable",
        "already_suspended": "Déjà suspendu",
        "not_suspended": "Non suspendu",
        "guardian_suspended": "Responsable suspendu",
        "key_refused": "Clé Enfance refusée",
        "guardian_to_choose": "Responsable à choisir",
        "expiry_out_of_reach": "Fin de validité impossible",
        "activation_awaiting": "Activation déjà demandée",
        "already_closed": "Déjà fermé",
        "not_closed": "Non fermé",
        "day_not_come": "Jour à venir",
        "already_declared": "Absence déjà déclarée",
        "day_settled": "Jour déjà traité",
        "recorded_present": "Présence enregistrée",
        "absence_not_taken": "Absence non prise en compte",
        "reason_required": "Motif obligatoire",
        "not_in_demande": "Jour absent de la demande",
        "already_enrolled": "Déjà inscrit",
        "times_not_expected": "Horaires non attendus",
        "times_out_of_order": "Horaires incohérents",
        "child_twice": "Enfant cité deux fois",
        "still_cancellable": "Annulation encore possible",
        "document_not_taken": "Justificatif non attendu",
        "person_erased": "Personne effacée",
        "person_left": "Personne partie du foyer",
        "details_changed": "Informations modifiées depuis la demande",
        "still_enrolled": "Encore inscrit",
        "still_reserved": "Encore des réservations",
        "still_awaiting": "Demande en attente",
        "still_answering": "Encore responsable d'un enfant",
        "still_under_review": "Suspension à l'examen",
        "still_elsewhere": "Encore dans un autre foyer",
        "too_many_waiting": "Trop de demandes en attente",
        "quotient_out_of_bounds": "Quotient familial impossible",
        "correction_not_expected": "Correction sans objet",
        "in_force_too_early": "Entrée en vigueur trop ancienne",
        "places_counted_otherwise": "Places comptées autrement",
        "household_required": "Foyer à préciser",
        "not_two_households": "Un seul foyer",
        "too_many_households": "Déjà deux foyers",
        "last_household": "Dernier foyer de l'enfant",
        "custody_one_sided": "Garde d'un seul foyer",
        "custody_not_agreed": "Pas de garde alternée",
        "custody_not_ended": "Garde alternée en cours",
        "protocol_in_place": "Protocole en place",
    }
)
"""What a rule refuses. A published code is never reused."""

UNNAMED: Final = "Refusé"
UNEXPLAINED: Final = "Cette demande ne peut pas être acceptée."
TITLES: Final[Mapping[str, str]] = MappingProxyType({**REFUSALS, **GENERAL})

DETAILS: Final[Mapping[str, str]] = MappingProxyType(
    {
        **french_billing.DETAILS,
        **french_payments.DETAILS,
        **french_erasure.DETAILS,
        "deadline_passed": "La date limite est passée.",
        "not_open_yet": "Les réservations ne sont pas encore ouvertes.",
        "no_place_left": "Il n'y a plus de place.",
        "not_enrolled": "L'enfant n'est pas inscrit à cette activité.",
        "outside_enrolment": "Le jour demandé est en dehors de la période d'inscription de l'enfant.",
        "already_reserved": "Ce jour est déjà réservé.",
        "not_reserved": "Ce jour n'est pas réservé.",
        "unit_conflict": "Cette réservation ne peut pas s'ajouter à une autre du même jour.",
        "unit_required": "Cette réservation va avec une autre du même jour.",
        "exchange_refused": "La réservation est gardée : celle qui devait la remplacer n'est pas possible.",
        "custody": "C'est un jour de garde de l'autre responsable.",
        "justification_too_late": "L'absence ne peut plus être justifiée.",
        "month_closed": "Le mois est clôturé : il ne change plus.",
        "already_decided": "Cette demande est déjà traitée ou retirée.",
        "quotient_missing": "Aucun quotient familial n'est connu à cette date.",
        "document_required": "Joignez un justificatif.",
        "nothing_to_do": "La demande ne change rien à ce qui est déjà enregistré.",
        "too_many_days": "La demande porte sur trop de jours. Partagez-la en plusieurs demandes.",
        "period_reversed": "La période n'est pas possible : sa fin précède son début, ou elle sort de l'inscription.",
        "unknown_activity": "Le règlement en vigueur ne connaît pas cette activité.",
        "unknown_reason": "Ce motif ne figure pas dans la liste du règlement.",
        "unknown_site": "Indiquez un des sites de cette activité, ou aucun si elle n'en a pas.",
        "unknown_group": "Indiquez un des groupes de cette activité, ou aucun si elle n'en a pas.",
        "unknown_document": "Ce justificatif n'a pas été déposé par vous, ou ne convient pas à cette demande.",
        "unknown_place": "Ces places ne sont pas comptées ainsi : reprenez ce que donne la liste des places.",
        "no_rulebook": "La commune n'a pas encore adopté de règlement pour cette date.",
        "rulebook_unsound": "Le règlement ne peut pas être adopté tel quel ; voir le détail des erreurs.",
        "rulebook_of_another_town": "Ce règlement est écrit pour une autre commune.",
        "version_already_adopted": "Cette version est déjà adoptée. Une version adoptée ne change plus.",
        "already_registered": "Cet enregistrement a déjà été fait.",
        "already_linked": "Ce rattachement existe déjà.",
        "not_linked": "Ce compte n'est pas rattaché à ce responsable.",
        "last_guardian": "Un foyer qui a des enfants garde au moins un responsable. Ajoutez-en un autre d'abord.",
        "already_suspended": "Ce responsable, ou ce compte, est déjà suspendu.",
        "not_suspended": "Rien n'est suspendu pour ce responsable.",
        "guardian_suspended": "Ce responsable est suspendu : rien ne peut lui être rattaché.",
        "key_refused": "Cette Clé Enfance n'ouvre rien. Vérifiez-la, ou demandez-en une autre à la commune.",
        "guardian_to_choose": "Plusieurs responsables peuvent utiliser cette clé. Dites lequel vous êtes.",
        "expiry_out_of_reach": "Choisissez un dernier jour de validité à partir d'aujourd'hui, et dans les 400 jours.",
        "activation_awaiting": "Votre demande d'activation attend déjà la réponse d'un agent.",
        "already_closed": "Ce jour est déjà fermé.",
        "not_closed": "Ce jour n'est pas fermé.",
        "day_not_come": "Ce jour n'est pas encore venu.",
        "day_closed": "L'accueil est fermé ce jour.",
        "not_a_day_of_this_activity": "Cette activité ou cette formule n'est pas proposée ce jour.",
        "already_declared": "Une absence est déjà déclarée, ou déjà acceptée, pour ce jour.",
        "day_settled": "Ce jour est déjà traité. Adressez-vous au service.",
        "recorded_present": "L'enfant a été pointé présent ce jour. Adressez-vous au service.",
        "absence_not_taken": "Cette activité ne prend pas de déclaration d'absence.",
        "reason_required": "Dites pourquoi la demande, ou des jours, sont refusés, par un motif du règlement.",
        "not_in_demande": "Ce jour n'attend pas de décision dans cette demande.",
        "already_enrolled": "L'enfant est déjà inscrit à cette activité sur une partie de la période.",
        "already_awaiting": "Une demande semblable attend déjà une réponse.",
        "times_not_expected": "Les horaires ne se notent que pour un enfant présent, dans une formule à la durée.",
        "times_out_of_order": "Le départ suit l'arrivée, et aucun des deux n'est à venir.",
        "child_twice": "Un enfant ne figure qu'une fois sur une feuille.",
        "document_not_taken": "Cette démarche ne demande pas de justificatif.",
        "person_erased": "Ce qui était connu de cette personne a été effacé.",
        "person_left": "Cette personne n'est plus du foyer.",
        "details_changed": (
            "Ces informations ont changé depuis la demande : refusez-la et demandez à la famille de la refaire."
        ),
        "still_enrolled": "L'enfant est inscrit à une activité. Mettez fin à l'inscription d'abord.",
        "still_reserved": "L'enfant a des réservations à venir, de l'un ou de l'autre foyer. Annulez-les d'abord.",
        "still_awaiting": "Une demande attend une réponse. Décidez-la, ou retirez-la, d'abord.",
        "still_answering": "Cette personne répond d'un enfant qui reste connu de la commune.",
        "still_under_review": "La suspension de cette personne est à l'examen. Concluez-le d'abord.",
        "still_elsewhere": "Cette personne est aussi d'un autre foyer, ou de ses contacts. Retirez-l'en d'abord.",
        "too_many_waiting": "Trop de demandes attendent déjà une réponse. Retirez-en, ou attendez.",
        "quotient_out_of_bounds": "Un quotient familial est compris entre 0 et 99 999,99 €.",
        "correction_not_expected": "Cette correction ne va pas avec ce que la demande porte.",
        "still_cancellable": "Ce jour peut encore être annulé : une absence se déclare quand il est trop tard.",
        "in_force_too_early": (
            "Des jours passés sont déjà réservés sous un autre règlement. Choisissez une date à venir."
        ),
        "places_counted_otherwise": (
            "Des places sont déjà prises : elles ne peuvent pas être comptées entre d'autres enfants. "
            "Choisissez une entrée en vigueur après le dernier jour réservé."
        ),
        "household_required": "Ces jours sont à l'un et à l'autre foyer de l'enfant. Dites pour lequel vous agissez.",
        "not_two_households": "Une garde alternée se dit d'un enfant qui vit dans deux foyers. Ajoutez le second.",
        "too_many_households": "Un enfant vit dans deux foyers au plus.",
        "last_household": "Un enfant garde au moins un foyer.",
        "custody_one_sided": "Une garde alternée donne des jours à chacun des deux foyers.",
        "custody_not_agreed": "Aucune garde alternée n'est enregistrée pour cet enfant.",
        "custody_not_ended": "La garde alternée donne encore des jours à un foyer. Mettez-y fin d'abord.",
        "protocol_in_place": (
            "Le projet d'accueil individualisé reste en place, et dans la liste, tant que le foyer qui l'a déposé "
            "ou la commune ne l'a pas retiré."
        ),
        "too_many_attempts": "Cinq essais par heure au plus. Réessayez plus tard, ou adressez-vous à la commune.",
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
        "document_too_large": "Le document dépasse 10 Mio, 200 pages ou 50 millions de pixels.",
        "document_type_refused": "Déposez un document PDF, ou une image JPEG ou PNG : son contenu en décide.",
        "document_unsafe": (
            "Ce PDF est protégé, ou contient un programme, un autre fichier, un appel automatique ou un lien"
            " vers autre chose qu'une page web. Imprimez-le en PDF."
        ),
        "document_unreadable": "Ce document est abîmé ou incomplet : il ne peut pas être lu.",
        "idempotency_key_missing": "Cette commande exige l'en-tête Idempotency-Key.",
        "idempotency_key_invalid": "Idempotency-Key doit tenir en 1 à 255 caractères ASCII visibles, une seule fois.",
        "idempotency_key_reused": "Cette clé a déjà servi pour une autre demande. Choisissez une nouvelle clé.",
        "idempotency_in_progress": "Une demande en cours retient celle-ci. Renvoyez-la telle quelle dans un instant.",
        "version_changed": "Le dossier a changé depuis votre dernière lecture. Relisez-le avant de recommencer.",
        "conflict": "Le dossier a été modifié en même temps par quelqu'un d'autre. Recommencez.",
        "overloaded": "Trop de demandes arrivent en même temps. Réessayez dans un instant.",
        "database_unavailable": "Le registre ne répond pas. Rien n'est perdu : réessayez dans un instant.",
        "vault_unavailable": "Ce qui est connu de cette personne ne peut être lu pour l'instant. Rien n'est perdu.",
        "identity_unavailable": "Le service d'identité ne répond pas. Rien n'est perdu : réessayez dans un instant.",
        "not_ready": "Le service ne peut pas encore, ou ne peut plus, répondre.",
        "past_not_ready": (
            "Ce qui était connu à cet instant n'est pas entièrement rassemblé. Réessayez plus tard ; si cela dure, "
            "adressez-vous à la commune."
        ),
        "no_checkpoint_yet": "Aucun point de contrôle signé, ou le dernier est illisible. Réessayez dans un instant.",
        "malformed_http": "Cette requête ne respecte pas le protocole HTTP.",
        "headers_too_large": "L'adresse et les en-têtes de la requête dépassent 16 Kio.",
        "altered_line": "Une ligne du registre a été changée : rien n'en est montré. Prévenez l'exploitant.",
        "unexpected": "Une erreur inattendue s'est produite. Transmettez le numéro de corrélation à l'exploitant.",
    }
)
"""What to say when nobody said something more precise."""

STATUSES: Final[Mapping[str, str]] = {
    "en_cours": "En cours d'instruction",
    "traitee_positivement": "Traitée positivement",
    "traitee_negativement": "Traitée négativement",
    "retiree": "Retirée",
}
SESSION_EXPIRED: Final = "Votre session a expiré. Identifiez-vous de nouveau."
SESSION_INVALID: Final = "Le jeton d'accès n'est pas valable."
BODY_EMPTY: Final = "Le corps de la demande est vide."
BODY_NOT_UTF8: Final = "Le corps de la demande n'est pas en UTF-8."
BODY_DUPLICATE_KEY: Final = "Une même clé apparaît deux fois dans un objet JSON."
BODY_NOT_A_NUMBER: Final = "NaN et Infinity ne sont pas des nombres JSON."
BODY_NUMBER_TOO_LARGE: Final = "Un nombre dépasse ce qui peut être lu sans perte (2 puissance 53)."
BODY_TOO_DEEP: Final = "Le document JSON est trop imbriqué."
BODY_FORBIDDEN_CHARACTER: Final = "Un texte contient un caractère interdit."


def title(code: str) -> str:
    """The French title of a code."""
    return TITLES.get(code, UNNAMED)


def detail(code: str) -> str:
    """What to say of a code when nothing more precise is known."""
    return DETAILS.get(code, UNEXPLAINED)


def status_label(status: str) -> str:
    """How a family reads the status of a demande."""
    return STATUSES[status]
