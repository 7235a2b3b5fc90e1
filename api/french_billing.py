"""The régie and the price of days in French: what is refused, what is missing, how far a month is."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from rulebook.dues import Missing

REFUSALS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "month_not_begun": "Mois à venir",
        "month_not_over": "Mois en cours",
        "month_out_of_order": "Mois précédent à clôturer d'abord",
        "month_incomplete": "Mois incomplet",
        "draft_missing": "Aucun projet de facturation",
        "draft_stale": "Projet de facturation remplacé",
        "regie_missing": "Régie non décrite",
        "month_not_closed": "Mois non clôturé",
        "bills_differ": "Factures différentes de la clôture",
        "titre_differs": "Titre déjà émis autrement",
        "times_missing": "Heures manquantes",
        "quotient_retroactive": "Quotient familial rétroactif",
        "rulebook_over_closed_month": "Règlement sur un mois clôturé",
    }
)
DETAILS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "month_not_begun": "Ce mois n'a pas encore commencé.",
        "month_not_over": "Ce mois n'est pas terminé : il se clôture à partir du premier jour du mois suivant.",
        "month_out_of_order": "Les mois se clôturent l'un après l'autre, dans l'ordre du calendrier.",
        "month_incomplete": (
            "Des jours ne peuvent pas encore être facturés. Complétez-les, ou clôturez sans eux (leave_out) : ils "
            "viendront plus tard, en rectification."
        ),
        "draft_missing": "Demandez un projet de facturation du mois, et relisez-le, avant de clôturer.",
        "draft_stale": (
            "Le projet de facturation n'est plus celui que vous avez lu, un mois a été clôturé depuis, ou quelque "
            "chose a été noté entre ce projet et la fin du mois. Relisez-le, ou demandez-en un autre."
        ),
        "month_not_closed": "Les titres d'un mois sont émis quand il est clôturé.",
        "bills_differ": (
            "Les factures calculées à nouveau ne sont pas celles de la clôture : rien n'est émis. Vérifiez le registre."
        ),
        "titre_differs": "Un titre de ce foyer est déjà émis pour ce mois, et il est différent. Vérifiez le registre.",
        "times_missing": "Les heures d'arrivée et de départ de ce jour ne sont pas notées.",
        "quotient_retroactive": (
            "Un quotient familial ne revient pas sur un mois passé, sauf si la ville décide une régularisation "
            "(regularisation)."
        ),
        "rulebook_over_closed_month": (
            "Des mois que ce règlement couvrirait sont clôturés et facturés : un tarif n'est pas rétroactif. "
            "Choisissez une entrée en vigueur après le dernier mois clôturé."
        ),
        "regie_missing": "Le règlement en vigueur ne décrit pas la régie ([regie]) : aucun titre ne peut être émis.",
    }
)

STATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "open": "Ouvert",
        "drafting": "Projet en préparation",
        "draft": "Projet de facturation",
        "closing": "Clôturé, titres en cours d'émission",
        "closed": "Clôturé",
    }
)
MISSING: Final[Mapping[Missing, str]] = MappingProxyType(
    {
        "attendance": "Présence à noter",
        "times": "Heures d'arrivée et de départ à noter",
        "request": "Demande à décider",
        "absence": "Absence à décider",
        "contradiction": "Présent un jour fermé ou d'absence acceptée, ou deux unités qui s'excluent",
        "quotient": "Quotient familial manquant",
        "residence": "Résidence du foyer à préciser",
        "regime": "Régime du foyer à préciser",
        "tariff": "Aucun tarif pour ce jour",
    }
)
"""Why a day cannot be billed yet."""
NO_TARIFFS: Final = "Le règlement de la commune ne contient pas de tarifs."
INCOMPLETE: Final = "Prix incomplet : {why}."
FREE: Final = "Gratuit."
TOTAL: Final = "Total : {amount}."
SUPPOSED_QUOTIENT: Final = "Quotient familial supposé : {amount}."
DAYS: Final = "Pour le service {days}."
DRAFT_ERRORS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "not as it was written": "line_altered",
        "seals of": "line_altered",
        "no tariff": "no_tariffs",
        "no rulebook": "no_rulebook",
        "has not begun": "month_not_begun",
    }
)
"""What the sentence of a draft that failed holds, and its code; any other is `draft_failed`."""
DRAFT_FAILED: Final[Mapping[str, str]] = MappingProxyType(
    {
        "line_altered": (
            "Une ligne du registre n'est plus celle qui a été écrite : appelez l'exploitant, ne clôturez pas."
        ),
        "no_tariffs": "Le règlement en vigueur ce mois-là n'a aucun tarif : ajoutez-le ([tarifs]) et adoptez-le.",
        "no_rulebook": "Aucun règlement n'est en vigueur ce mois-là.",
        "month_not_begun": "Ce mois n'a pas commencé.",
        "draft_failed": "Le projet n'a pas pu être calculé : refaites-le, ou appelez l'exploitant.",
    }
)
