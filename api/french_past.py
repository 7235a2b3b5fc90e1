"""The words of the terminal when it tells a history, or what was known at an instant."""

from typing import Final

from api.french_told import WHO

HISTORY: Final = "Histoire {whose} · {commune}"
KNOWN: Final = "Ce qui était connu le {instant} {whose} · {commune}"
ABOUT_DAY: Final = "au sujet du {day}"
ABOUT_PERIOD: Final = "au sujet de la période du {first} au {last}"
ABOUT_MONTH: Final = "au sujet du mois de {month}"
BY_RULE: Final = "décidé par la règle, à la suite de la demande de {}"
OF_CHILD: Final = "de l'enfant {}"
OF_HOUSEHOLD: Final = "du foyer {}"
OF_PAYER: Final = "du compte du foyer {}"
OF_DEMANDE: Final = "de la demande n° {}"
NOTHING: Final = "Rien n'était enregistré."
NO_LINE: Final = "Aucune écriture."
DAYS: Final = "Calendrier"
DEMANDES: Final = "Demandes"
ACCOUNT: Final = "Compte"
FREE: Final = "rien"
TODAY: Final = "aujourd'hui : {}"
SEALED: Final = "scellée à la position {}"
UNSEALED: Final = "pas encore scellée"
WHERE: Final = "ligne {version} {whose}, {sealed}"
HAPPENED: Final = "daté du {}"
ASKED_BY: Final = "demandé par {actor} ({who}), ligne {version}"
DECIDED: Final = "décidée le {}"
SUBMITTED: Final = "déposée le {}"


def who(role: str) -> str:
    """La famille, un agent."""
    return WHO.get(role, role)
