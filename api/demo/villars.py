"""Villars, September 2022: meals by rule, to the second; a sibling, a strike, two absences."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Final

from api.demo import asks, regie, tables, two_homes
from api.demo.cast import Cast, enrol, settle
from api.demo.page import Page
from api.demo.papers import certificate
from api.demo.stage import AGENT, Json, Town
from api.demo.words import clock, counted, days_said

MEALS: Final = "restauration-scolaire"
SITE: Final = "pouquet-verjat"
UNITS: Final = {"repas": "Repas"}
FIRST_NUMBER: Final = 18201
STRIKE: Final = "2022-09-29"


def play(town: Town, page: Page, next_number: Callable[[int], object]) -> Cast:
    """The town where the rule answers at once. Its rulebook is adopted already."""
    next_number(FIRST_NUMBER)
    town.at("2022-07-04 14:00")
    cast = settle(town)
    for name in cast.children:
        enrol(cast, name, MEALS, "2022-09-01", "2023-07-07", site=SITE)
    _repeated(cast, page)
    regie.book(cast)
    _deadlines(cast, page)
    regie.give_up(cast)
    regie.sheets(cast, "2022-09-16 17:00", "2022-09-01", "2022-09-16")
    _strike(cast, page)
    regie.sheets(cast, "2022-09-23 19:00", "2022-09-19", "2022-09-23")
    paper = _too_late(cast, page)
    regie.sheets(cast, "2022-09-30 19:00", "2022-09-26", "2022-09-30")
    regie.september(cast, page)
    _absence(cast, page, paper)
    two_homes.play(cast, page)
    regie.sheets(cast, "2022-10-24 21:00", "2022-10-03", "2022-10-21")
    regie.october(cast, page)
    return cast


def _repeated(cast: Cast, page: Page) -> None:
    """The same days over a period, and the same demande for the sister."""
    town, camille, sasha = cast.town, cast.child("Camille"), cast.child("Sasha")
    town.at("2022-08-22 16:54")
    body = {
        "child": camille.id,
        "activity": MEALS,
        "repeat": {
            "weekdays": ["monday", "tuesday", "thursday"],
            "from": "2022-09-01",
            "to": "2022-10-21",
            "unit": "repas",
        },
        "also_for": [sasha.id],
    }
    demandes = town.tell(camille.parent, "/demandes", body).body["demandes"]
    told = [(each["status_label"], clock(each["submitted_at"]), clock(each["decided_at"])) for each in demandes]
    at_once = [("Traitée positivement", "16:54", "16:54")] * 2
    town.check(told == at_once, f"à 16:54, deux demandes devaient être traitées à la minute, il y a {told}")
    town.check({each["child"] for each in demandes} == {camille.id, sasha.id}, "Sasha devait avoir la même demande")
    page.scene(
        town.stage.clock(),
        f"{camille.parent.name} réserve tous les lundis, mardis et jeudis jusqu'aux vacances, pour Camille et, d'un"
        f" même geste, pour Sasha : {days_said(demandes[0]['days'])}. La règle répond dans la minute.",
    )
    page.show(
        tables.history(
            demandes,
            lambda each: tables.described(
                each, child=cast.name_of(each["child"]), activity="Restauration scolaire", site=None
            ),
        )
    )


def _meal(cast: Cast, when: str, name: str, day: str, *, possible: bool) -> tuple[str, str, Json]:
    """One family asks for one meal at one second."""
    asked = asks.wanted(MEALS, "repas", [day])
    if not possible:
        child, asked_at = cast.child(name), cast.town.at(when).isoformat()
        told = cast.town.refused(child.parent, "/demandes", {"child": child.id, **asked}, "deadline_passed")
        return name, asked_at, told.error
    demande = asks.submit(cast, when, name, asked)
    cast.town.check(demande["status"] == "traitee_positivement", f"le repas du {day} devait être accordé à la minute")
    return name, demande["submitted_at"], demande["days"][0]


def _deadlines(cast: Cast, page: Page) -> None:
    """Wednesday 23:59 for the following week, honoured to its last second."""
    rows = [
        _meal(cast, "2022-08-24 23:59:59", "Jeanne", "2022-09-01", possible=True),
        _meal(cast, "2022-08-25 00:00:00", "Noé", "2022-09-01", possible=False),
        _meal(cast, "2022-09-14 23:59:59", "Noé", "2022-09-19", possible=True),
        _meal(cast, "2022-09-15 00:00:00", "Jeanne", "2022-09-19", possible=False),
        _meal(cast, "2022-09-15 00:00:01", "Jeanne", "2022-09-26", possible=True),
    ]
    limits = [row[2]["deadline"] for row in rows]
    first, second, third = "2022-08-24T21:59:59.999999Z", "2022-09-14T21:59:59.999999Z", "2022-09-21T21:59:59.999999Z"
    cast.town.check(
        limits == [first, first, second, second, third], f"les mercredis 23:59 ne sont pas tenus : {limits}"
    )
    page.line()
    page.say(
        "[bold]Jusqu'au mercredi 23:59 pour la semaine qui suit[/] : la dernière seconde compte, la suivante non."
        " Le premier repas, le 1er septembre, se réserve jusqu'au 24 août."
    )
    page.show(tables.answers(rows))


def _strike(cast: Cast, page: Page) -> None:
    """A day is closed: what was reserved stays written, nobody is expected, the calendar says why."""
    town, camille = cast.town, cast.child("Camille")
    town.at("2022-09-23 11:20")
    town.tell(AGENT, "/closures", {"day": STRIKE, "reason": "greve", "activity": MEALS})
    town.at("2022-09-23 18:30")
    first, last = "2022-09-12", "2022-10-02"
    boxes = town.ask(camille.parent, f"/children/{camille.id}/calendar", from_=first, to=last)["days"]
    closed = next(each for each in boxes if each["day"] == STRIKE)
    town.check(closed["state"] == "closed", "le 29 septembre devait être fermé")
    town.check("grève" in closed["detail"], "le calendrier devait dire la grève")
    sheet = town.ask(AGENT, f"/activities/{MEALS}/day-sheet", day=STRIKE)
    town.check(sheet["expected"] == 0 and len(sheet["children"]) == 3, "personne ne devait être attendu un jour fermé")
    page.scene(town.stage.clock(), "La ville annonce une grève : le jour se ferme, et le calendrier de Camille le dit.")
    page.show(tables.calendar(boxes, date.fromisoformat(first), date.fromisoformat(last), UNITS))
    page.legend(tables.LEGEND)
    page.say(f"[bold]{closed['title']}[/] : {closed['detail']}")
    kept = counted(len(sheet["children"]), "réservation")
    page.say(f"Sur la feuille de ce jour : {kept} gardées par écrit, personne d'attendu.")


def _absent(cast: Cast, when: str, name: str, days: Sequence[str], document: str | None) -> Json:
    cast.town.at(when)
    absent = [{"day": day, "unit": "repas"} for day in days]
    body: Json = {"kind": "absence", "child": cast.child(name).id, "activity": MEALS, "absent": absent}
    return {**body, "reason": "maladie", **({"document": document} if document else {})}


def _too_late(cast: Cast, page: Page) -> str:
    """Fifteen days after the absence; not one second more. Gives the certificate that was handed in."""
    town, sasha = cast.town, cast.child("Sasha")
    town.at("2022-09-27 18:20")
    paper = town.hand_in(sasha.parent, certificate("Certificat medical"), kind="certificat-medical", about=sasha.id)
    late = _absent(cast, "2022-09-28 00:00:00", "Sasha", ["2022-09-12"], paper)
    refused = town.refused(sasha.parent, "/demandes", late, "justification_too_late")
    page.scene(
        town.stage.clock(),
        f"{sasha.parent.name} justifie l'absence de Sasha du 12 : [red]{refused.error['title']}[/]"
        f" (article {refused.error['article']}). Les 15 jours ont pris fin le 27 septembre à 23:59.",
    )
    return paper


def _absence(cast: Cast, page: Page, paper: str) -> None:
    """With a document, at the last second; an agent reads it."""
    town, sasha = cast.town, cast.child("Sasha")
    bare = _absent(cast, "2022-10-11 23:58", "Sasha", ["2022-09-26"], None)
    without = town.refused(sasha.parent, "/demandes", bare, "document_required")
    full = _absent(cast, "2022-10-11 23:59:59", "Sasha", ["2022-09-26"], paper)
    demande = town.tell(sasha.parent, "/demandes", full).body["demandes"][0]
    page.scene(
        town.stage.clock(),
        f"Pour le 26, sans document : [red]{without.error['title']}[/]. Avec le certificat, à la dernière seconde :"
        f" [bold]n° {demande['number']}[/], {demande['status_label']}.",
    )
    number = demande["number"]
    said = asks.decide(cast, "2022-10-12 09:05", number, {"approve": "all"}, "traitee_positivement")
    page.scene(said["decided_at"], f"L'agent lit le certificat : n° {number} [green]{said['status_label']}[/].")
