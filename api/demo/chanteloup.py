"""Chanteloup-les-Vignes: fifteen days counted inclusively, a grace until 30 September, four weeks before a session."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from api.demo import tables
from api.demo.cast import Cast, enrol, settle
from api.demo.page import Page
from api.demo.stage import AGENT, Json, Town

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


def play(town: Town, page: Page) -> Cast:
    """The town that accepts what is late, and says that it may cost more. Its rulebook is adopted already."""
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
    sessions = _tried(cast, SESSIONS)
    page.show(tables.answers(sessions))
    page.say(
        "[bold]Soir : 15 jours comptés inclusivement[/], l'exemple de la ville : pour le 15 octobre, au plus tard"
        " le 1er octobre."
    )
    fifteen = _tried(cast, FIFTEEN)
    page.show(tables.answers(fifteen))
    _decided(cast, page, "2024-10-02 09:00", len(SESSIONS) + len(FIFTEEN))
    return cast


def _tried(cast: Cast, tries: Sequence[Try]) -> list[tuple[str, str, Json]]:
    return [(each.name, cast.town.at(each.when).isoformat(), _one(cast, each)) for each in tries]


def _one(cast: Cast, asked: Try) -> Json:
    child = cast.child(asked.name)
    cast.town.at(asked.when)
    wanted = [{"day": asked.day, "unit": UNIT[asked.activity]}]
    told = cast.town.tell(child.parent, "/demandes", {"child": child.id, "activity": asked.activity, "reserve": wanted})
    day: Json = told.body["demandes"][0]["days"][0]
    found = (day["late"], day["surcharge"], day["deadline"])
    expected = (asked.late, asked.late, asked.deadline)
    cast.town.check(
        found == expected, f"{asked.name}, le {asked.when} pour le {asked.day} : {found}, et non {expected}"
    )
    return day


def _decided(cast: Cast, page: Page, when: str, number: int) -> None:
    """The agent answers the whole queue."""
    cast.town.at(when)
    decisions = [{"number": FIRST_NUMBER + place, "approve": "all"} for place in range(number)]
    said = cast.town.tell(AGENT, "/decisions", {"decisions": decisions}, expect=200).body
    statuses = {each["status_label"] for each in said["demandes"]}
    cast.town.check(statuses == {"Traitée positivement"}, f"toutes les demandes devaient être acceptées : {statuses}")
    page.say(
        f"L'agent accepte les {len(said['demandes'])} demandes ; la majoration reste marquée sur les jours demandés"
        " trop tard."
    )
