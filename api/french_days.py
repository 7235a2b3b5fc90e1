"""French sentences about one day that a rule refused."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from api import french
from rulebook.french_dates import french_day, french_instant, join

DATED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "deadline_passed": "Pour le {day}, la date limite était le {instant}.",
        "not_open_yet": "Pour le {day}, les réservations ouvrent le {instant}.",
        "justification_too_late": "L'absence du {day} devait être justifiée au plus tard le {instant}.",
    }
)
"""Said when the rule had an instant to tell."""

BESIDE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "unit_conflict": "Incompatible avec {units} le {day}.",
        "unit_required": "Cette réservation va avec {units} le {day}.",
        "unit_required reserve": "Réservez aussi {units} le {day}.",
        "unit_required cancel": "Annulez aussi {units} le {day}.",
    }
)
"""Said when the rule is about other units of the day; with what was asked, when that is known."""

SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "deadline_passed": "Pour le {day}, la date limite est passée.",
        "not_open_yet": "Les réservations ne sont pas encore ouvertes pour le {day}.",
        "no_place_left": "Il n'y a plus de place le {day}.",
        "day_closed": "L'accueil est fermé le {day}.",
        "not_a_day_of_this_activity": "Cette activité ou cette formule n'est pas proposée le {day}.",
        "not_enrolled": "L'enfant n'est pas inscrit à cette activité pour le {day}.",
        "outside_enrolment": "Le {day} est en dehors de la période d'inscription de l'enfant.",
        "already_reserved": "Le {day} est déjà réservé.",
        "not_reserved": "Le {day} n'est pas réservé.",
        "already_awaiting": "Une demande attend déjà une réponse pour le {day}.",
        "unit_conflict": "Cette réservation ne peut pas s'ajouter à une autre le {day}.",
        "unit_required": "Cette réservation va avec une autre le {day}.",
        "exchange_refused": "La réservation du {day} est gardée : celle qui devait la remplacer n'est pas possible.",
        "custody": "Le {day} est un jour de garde de l'autre responsable.",
        "justification_too_late": "L'absence du {day} ne peut plus être justifiée.",
        "document_required": "Un justificatif est obligatoire pour l'absence du {day}.",
        "already_decided": "La demande pour le {day} est déjà traitée.",
        "quotient_missing": "Aucun quotient familial n'est connu pour le {day}.",
        "month_closed": "Le mois du {day} est clôturé.",
        "month_out_of_order": (
            "Les mois se clôturent l'un après l'autre : celui du {day} est à clôturer d'abord. Une ville qui n'en a "
            "clôturé aucun peut commencer à un mois qu'elle choisit (from_here) : rien d'avant ne sera facturé ici."
        ),
        "day_not_come": "Le {day} n'est pas encore venu.",
        "already_declared": "Une absence est déjà déclarée pour le {day}.",
        "day_settled": "Le {day} est déjà traité. Adressez-vous au service.",
        "recorded_present": "L'enfant a été pointé présent le {day}.",
        "absence_not_taken": "Cette activité ne prend pas de déclaration d'absence.",
        "unknown_reason": "Ce motif n'est pas prévu par le règlement pour le {day}.",
        "still_cancellable": "Le {day} peut encore être annulé.",
        "rulebook_over_closed_month": (
            "Les mois d'avant sont clôturés et facturés : ce règlement peut s'appliquer à partir du {day}."
        ),
        "in_force_too_early": "Des jours sont déjà réservés depuis le {day} sous un autre règlement.",
        "places_counted_otherwise": "Des places sont déjà prises jusqu'au {day} : elles restent comptées de même.",
        "not_in_demande": "Le {day} n'attend pas de décision dans cette demande.",
        "unknown_activity": "Le règlement en vigueur le {day} ne connaît pas cette activité.",
        "unknown_place": "Le {day}, ces places ne sont pas comptées ainsi : reprenez la liste des places.",
    }
)


def day_detail(
    code: str,
    day: date,
    *,
    instant: datetime | None,
    zone: ZoneInfo,
    action: str | None = None,
    units: Sequence[str] = (),
) -> str:
    """What to tell a family about one refused day.

    The deadline or the opening is said when the rule had one, and the names of the units when it was about others.
    """
    if units and code in BESIDE:
        sentence = BESIDE.get(f"{code} {action}", BESIDE[code])
        return sentence.format(day=french_day(day), units=join(list(units)))
    if instant is not None and code in DATED:
        return DATED[code].format(day=french_day(day), instant=french_instant(instant, zone))
    return SENTENCES[code].format(day=french_day(day)) if code in SENTENCES else french.detail(code)


def closed_because(day: date, reason: str | None) -> str:
    """What to tell a family about a closed day; `reason` is the town's own words for it."""
    said = SENTENCES["day_closed"].format(day=french_day(day))
    return f"{said.removesuffix('.')} : {reason[0].lower()}{reason[1:]}." if reason else said
