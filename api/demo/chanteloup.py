"""Chanteloup-les-Vignes: fifteen days counted inclusively, a grace until 30 September, four weeks before a session."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from api.demo import asks, family_key, tables
from api.demo.cast import Cast, enrol, settle
from api.demo.page import Page
from api.demo.stage import Json, Town

EVENINGS: Final = "accueil-soir"
HOLIDAYS: Final = "vacances"
FIRST_NUMBER: Final = 9101
YEARS: Final = (("2023-09-04", "2024-07-05"), ("2024-09-02", "2025-07-04"))


@dataclass(frozen=True, slots=True)
class Try:
    """One family asks for a day at an instant; what the town must answer."""

    when: str
    name: str
    activity: str
    day: str
    late: bool
    deadline: str
    """The last microsecond, in UTC, grace included."""


SESSIONS: Final = (
    Try("2023-09-25 23:59:59", "Awa", HOLIDAYS, "2023-10-23", False, "2023-09-30T21:59:59.999999Z"),
    Try("2023-09-30 23:59:59", "Moussa", HOLIDAYS, "2023-10-23", False, "2023-09-30T21:59:59.999999Z"),
    Try("2023-10-01 00:00:00", "Louis", HOLIDAYS, "2023-10-23", True, "2023-09-25T21:59:59.999999Z"),
    Try("2023-10-01 00:00:00", "Lina", HOLIDAYS, "2023-10-27", True, "2023-09-25T21:59:59.999999Z"),
    Try("2024-01-15 23:59:59", "Awa", HOLIDAYS, "2024-02-14", False, "2024-01-15T22:59:59.999999Z"),
    Try("2024-01-16 00:00:00", "Louis", HOLIDAYS, "2024-02-14", True, "2024-01-15T22:59:59.999999Z"),
)
FIFTEEN: Final = (
    Try("2024-09-30 23:59:59", "Awa", EVENINGS, "2024-10-03", False, "2024-09-30T21:59:59.999999Z"),
    Try("2024-10-01 00:00:00", "Louis", EVENINGS, "2024-10-03", True, "2024-09-19T21:59:59.999999Z"),
    Try("2024-10-01 23:59:59", "Lina", EVENINGS, "2024-10-15", False, "2024-10-01T21:59:59.999999Z"),
    Try("2024-10-02 00:00:00", "Moussa", EVENINGS, "2024-10-15", True, "2024-10-01T21:59:59.999999Z"),
)
UNIT: Final = {EVENINGS: "soir", HOLIDAYS: "journee"}


def play(town: Town, page: Page, next_number: Callable[[int], object]) -> Cast:
    """The town that accepts what is late, and says that it may cost more. Its rulebook is adopted already."""
    next_number(FIRST_NUMBER)
    town.at("2023-08-29 10:00")
    cast = settle(town)
    for first_day, last_day in YEARS:
        for name in cast.children:
            enrol(cast, name, EVENINGS, first_day, last_day)
            enrol(cast, name, HOLIDAYS, first_day, last_day)
    page.line()
    page.say(
        "[bold]Vacances : 4 semaines avant le premier jour de la session[/] (session du 23/10/2023 : jusqu'au"
        " 25/09/2023). [bold]Rentrée : ouvert jusqu'au 30 septembre.[/] Ensuite, c'est accepté avec majoration."
    )
    numbers: list[int] = []
    page.show(tables.answers([_one(cast, each, numbers) for each in SESSIONS]))
    page.say(
        "[bold]Soir : 15 jours comptés inclusivement[/], l'exemple de la ville : pour le 15 octobre, au plus tard"
        " le 1er octobre."
    )
    page.show(tables.answers([_one(cast, each, numbers) for each in FIFTEEN]))
    asks.decide_all(cast, "2024-10-02 09:00", numbers)
    page.say(
        f"L'agent accepte les {len(numbers)} demandes ; la majoration reste marquée sur les jours demandés trop tard."
    )
    family_key.play(cast, page)
    return cast


def _one(cast: Cast, asked: Try, numbers: list[int]) -> tuple[str, str, Json]:
    """Asks, holds the answer to the rule, and notes the number given."""
    demande = asks.submit(cast, asked.when, asked.name, asks.wanted(asked.activity, UNIT[asked.activity], [asked.day]))
    numbers.append(demande["number"])
    day: Json = demande["days"][0]
    found = (day["late"], day["surcharge"], day["deadline"])
    expected = (asked.late, asked.late, asked.deadline)
    cast.town.check(
        found == expected, f"{asked.name}, le {asked.when} pour le {asked.day} : {found}, et non {expected}"
    )
    return asked.name, demande["submitted_at"], day
