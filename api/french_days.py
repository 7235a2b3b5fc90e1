"""French sentences about one day that a rule refused."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from rulebook.explain import french_day, french_instant


def day_detail(code: str, day: date, *, deadline: datetime | None, zone: ZoneInfo) -> str:
    """What to tell a family about one refused day; the deadline is said when the rule had one."""
    named = french_day(day)
    match code:
        case "deadline_passed" if deadline is not None:
            return f"Pour le {named}, la date limite était le {french_instant(deadline, zone)}."
        case "not_open_yet" if deadline is not None:
            return f"Pour le {named}, les réservations ouvrent le {french_instant(deadline, zone)}."
        case "no_place_left":
            return f"Il n'y a plus de place le {named}."
        case "day_closed":
            return f"L'accueil est fermé le {named}."
        case "not_a_day_of_this_activity":
            return f"Il n'y a pas d'accueil le {named}."
        case "not_enrolled":
            return f"L'enfant n'est pas inscrit à cette activité pour le {named}."
        case "outside_enrolment":
            return f"Le {named} est en dehors de la période d'inscription de l'enfant."
        case "already_reserved":
            return f"Le {named} est déjà réservé."
        case "not_reserved":
            return f"Le {named} n'est pas réservé."
        case "already_awaiting":
            return f"Une demande attend déjà une réponse pour le {named}."
        case "unit_conflict":
            return f"Cette réservation ne peut pas s'ajouter à une autre le {named}."
        case "custody":
            return f"Le {named} est un jour de garde de l'autre responsable."
        case "justification_too_late" if deadline is not None:
            return f"L'absence du {named} devait être justifiée avant le {french_instant(deadline, zone)}."
        case "document_required":
            return f"Un justificatif est obligatoire pour l'absence du {named}."
        case "already_decided":
            return f"La demande pour le {named} est déjà traitée."
        case "quotient_missing":
            return f"Aucun quotient familial n'est connu pour le {named}."
        case "month_closed":
            return f"Le mois du {named} est clôturé."
    return f"Le {named} ne peut pas être accepté."
