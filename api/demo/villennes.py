"""Villennes-sur-Seine, March 2024: Matteo's Wednesday is refused in the evening and accepted in the morning."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from api.demo import asks, tables, two_parents
from api.demo.cast import Cast, enrol, settle
from api.demo.neighbours import EVENING, HOLIDAYS, NIGHT, WEDNESDAYS
from api.demo.page import Page
from api.demo.stage import AGENT, NOT_ALONE, Json, Town
from api.demo.words import counted

SITE: Final = "l-ile-aux-enfants"
GROUP: Final = "les-winners"
THAT_DAY: Final = "2024-03-27"
UNITS: Final = {"journee": "Journée"}
FIRST_NUMBER: Final = 42107
"""Of February: the town comes from another portal, and its numbers go on."""
REFUSED: Final = 43493
ON_HOLIDAY: Final = 43495
ACCEPTED: Final = 43513
BEFORE: Final = ("2024-02-28", "2024-03-06", "2024-03-13", "2024-03-20")
FRIENDS: Final = ("Jules", "Inès", "Adèle", "Samy", "Louise", "Tom", "Chloé", "Yanis")
"""Eight children of Matteo's group who have the whole spring, 27 March included."""


def play(town: Town, page: Page, next_number: Callable[[int], object]) -> Cast:
    """The first town, from the first enrolments to the day sheet. Its rulebook is adopted already."""
    next_number(FIRST_NUMBER)
    cast = _enrolled(town)
    _february(cast)
    names = _activity_names(town)
    _look(
        cast, page, "2024-03-07 19:05", f"{_elena(cast)} ouvre le calendrier de Matteo : le 27 mars est encore libre."
    )
    next_number(REFUSED)
    others = _evening(cast, page)
    _morning(cast, page, others)
    _last_demandes(cast, page, names)
    _attendance(cast, page)
    two_parents.play(cast, page)
    return cast


def _enrolled(town: Town) -> Cast:
    town.at("2023-08-28 09:30")
    cast = settle(town)
    enrol(cast, "Matteo", WEDNESDAYS, "2021-05-10", "2024-07-06", site=SITE, group=GROUP)
    enrol(cast, "Matteo", HOLIDAYS, "2023-09-01", "2024-05-30", site=SITE, group=GROUP)
    groups = dict.fromkeys((*FRIENDS, "Nino"), GROUP)
    groups |= {"Lucas": "les-explorateurs", "Maya": "les-explorateurs"}
    groups |= {"Zoé": "les-moussaillons", "Éliott": "les-moussaillons"}
    for name, group in groups.items():
        enrol(cast, name, WEDNESDAYS, "2023-09-06", "2024-07-06", site=SITE, group=group)
        enrol(cast, name, HOLIDAYS, "2023-09-06", "2024-07-06", site=SITE, group=group)
    return cast


def _submit(cast: Cast, when: str, name: str, activity: str, days: Sequence[str], *, number: int | None = None) -> Json:
    """A parent asks and waits for an agent; the guide's own demandes must get the numbers of the guide."""
    demande = asks.submit(cast, when, name, asks.wanted(activity, "journee", days))
    given, waits = demande["number"], demande["status"] == "en_cours"
    cast.town.check(
        number in (None, given),
        f"la demande du {when} devait porter le n° {number}, et porte le n° {given} ; {NOT_ALONE}",
    )
    cast.town.check(waits, f"la demande n° {given} devait attendre un agent")
    return demande


def _february(cast: Cast) -> None:
    """The Wednesdays up to 20 March, asked and accepted long before."""
    spring = (*BEFORE, THAT_DAY, "2024-04-03")
    askers: list[tuple[str, Sequence[str]]] = [(name, spring) for name in FRIENDS]
    askers.insert(4, ("Matteo", BEFORE))
    numbers = [
        _submit(cast, f"2024-02-05 20:{10 + 3 * place}", name, WEDNESDAYS, days)["number"]
        for place, (name, days) in enumerate(askers)
    ]
    asks.decide_all(cast, "2024-02-06 09:15", numbers)


def _elena(cast: Cast) -> str:
    return cast.child("Matteo").parent.name


def _activity_names(town: Town) -> dict[str, tuple[str, str | None]]:
    """The names of activities and of their site, from the rulebook."""
    found = town.ask(AGENT, "/activities", day=THAT_DAY)["activities"]
    return {each["activity"]: (each["name"], each["sites"][0]["name"] if each["sites"] else None) for each in found}


def _look(cast: Cast, page: Page, when: str, sentence: str) -> dict[str, Json]:
    """What the parent sees: the five weeks of the guide. Gives the boxes by day."""
    cast.town.at(when)
    matteo, first, last = cast.child("Matteo"), "2024-02-26", "2024-03-31"
    path = f"/children/{matteo.id}/calendar"
    boxes = cast.town.ask(matteo.parent, path, from_=first, to=last, activity=WEDNESDAYS)["days"]
    page.scene(cast.town.stage.clock(), sentence)
    page.show(tables.calendar(boxes, date.fromisoformat(first), date.fromisoformat(last), UNITS))
    page.legend(tables.LEGEND)
    found = {each["day"]: each for each in boxes}
    for day in BEFORE:
        cast.town.check(found[day]["state"] == "reserved", f"le {day} devait être réservé le {when}")
    return found


def _slot(cast: Cast) -> Json:
    asked = {"from_": THAT_DAY, "to": THAT_DAY}
    slots = cast.town.ask(AGENT, f"/activities/{WEDNESDAYS}/places", **asked)["places"]
    return next(slot for slot in slots if slot["pool"].endswith(GROUP))


def _set_places(cast: Cast, when: str, places: int) -> Json:
    cast.town.at(when)
    slot = _slot(cast)
    wanted = {"activity": WEDNESDAYS, "unit": "journee", "days": [THAT_DAY], "places": places, "pool": slot["pool"]}
    cast.town.tell(AGENT, "/capacities", wanted, expect=200)
    cast.town.at(f"{when}:01")
    return _slot(cast)


def _evening(cast: Cast, page: Page) -> list[int]:
    """7 March: two demandes, an animator is missing, the first is refused. Gives the numbers of the neighbours."""
    town = cast.town
    refused = _submit(cast, "2024-03-07 19:12", "Matteo", WEDNESDAYS, [THAT_DAY], number=REFUSED)
    page.scene(refused["submitted_at"], "Elle demande le 27 mars : [bold]n° 43493[/], En cours d'instruction.")
    before = _slot(cast)
    lowered = _set_places(cast, "2024-03-07 19:20", len(FRIENDS))
    page.scene(
        "2024-03-07T19:20+01:00",
        "Un animateur manquera le 27 : l'agent baisse les places des Winners. Personne n'est effacé, l'excès se voit.",
    )
    town.check(lowered["excess"] == 1, "huit places pour neuf enfants devaient montrer un enfant en trop")
    others = [_submit(cast, "2024-03-07 19:24", "Inès", HOLIDAYS, ["2024-04-11", "2024-04-12"])["number"]]
    no = asks.decide(
        cast, "2024-03-07 19:28", REFUSED, {"approve": "none", "reason": "complet"}, "traitee_negativement"
    )
    released = _slot(cast)
    town.check((released["excess"], released["left"]) == (0, 0), "le refus du n° 43493 devait rendre sa place")
    page.show(
        tables.places(
            [
                ("19:12, après la demande de Matteo", before),
                ("19:20, huit places", lowered),
                ("19:28, n° 43493 refusée", released),
            ]
        )
    )
    page.scene(no["decided_at"], "L'agent répond, motif « complet » : n° 43493 [red]Traitée négativement[/].")
    days = ["2024-04-09", "2024-04-10"]
    accepted = _submit(cast, "2024-03-07 19:32", "Matteo", HOLIDAYS, days, number=ON_HOLIDAY)
    page.scene(accepted["submitted_at"], "Elle demande deux jours des vacances, les 9 et 10 avril : [bold]n° 43495[/].")
    others += [_submit(cast, *asking)["number"] for asking in EVENING]
    _greyed(cast, page)
    return others


def _greyed(cast: Cast, page: Page) -> None:
    """Why a box is grey, as the portal's « en savoir plus » says it."""
    town = cast.town
    boxes = _look(cast, page, "2024-03-07 20:10", "Elle rouvre le calendrier. Pourquoi ces jours sont-ils grisés ?")
    late, full = boxes["2024-03-20"], boxes[THAT_DAY]
    town.check((late["code"], late["article"]) == ("deadline_passed", "4.1"), "le 20 mars devait être hors délai")
    town.check((full["code"], full["state"]) == ("no_place_left", "free"), "le 27 mars devait être complet")
    town.check(full["deadline"] == "2024-03-12T22:59:59.999999Z", "la limite du 27 mars devait être le 12 mars, 23:59")
    for each in (late, full):
        page.say(f"[bold]{each['title']}[/] (article {each['article']}) : {each['detail']}")
    nino = cast.child("Nino")
    town.at("2024-03-07 20:12")
    asked = {"child": nino.id, **asks.wanted(WEDNESDAYS, "journee", ["2024-03-20"])}
    told = town.refused(nino.parent, "/demandes", asked, "deadline_passed")
    page.say(f"La mère de Nino essaie quand même le 20 mars : [red]{told.error['title']}[/], rien n'est écrit.")


def _morning(cast: Cast, page: Page, others: list[int]) -> None:
    """8 March: a place comes back, Matteo's parent asks again and is accepted."""
    for asking in NIGHT:
        if others[-1] < ACCEPTED - 1:  # a number lost to a crash is not given again: one neighbour gives way
            others.append(_submit(cast, *asking)["number"])
    asks.decide_all(cast, "2024-03-08 09:20", [ON_HOLIDAY, *others])
    found = _set_places(cast, "2024-03-08 09:40", len(FRIENDS) + 4)
    cast.town.check(found["left"] == 4, "quatre places devaient revenir le 27 mars")
    page.scene(
        "2024-03-08T09:20+01:00",
        f"Le service traite la file : la [bold]n° {ON_HOLIDAY}[/], et {len(others)} demandes d'autres familles,"
        f" n° {others[0]} à {others[-1]}. Puis il trouve un animateur pour le 27.",
    )
    again = _submit(cast, "2024-03-08 10:43", "Matteo", WEDNESDAYS, [THAT_DAY], number=ACCEPTED)
    awaited = cast.town.ask(cast.child("Matteo").parent, f"/demandes/{ACCEPTED}")
    cast.town.check(awaited["status_label"] == "En cours d'instruction", f"la n° {ACCEPTED} devait attendre à 10:43")
    page.scene(again["submitted_at"], "Elena redemande le 27 mars : [bold]n° 43513[/], En cours d'instruction.")
    yes = asks.decide(cast, "2024-03-08 11:05:12", ACCEPTED, {"approve": "all"}, "traitee_positivement")
    page.scene(yes["decided_at"], "n° 43513 : [green]Traitée positivement[/].")


def _last_demandes(cast: Cast, page: Page, names: dict[str, tuple[str, str | None]]) -> None:
    """The history and the calendar of the guide."""
    boxes = _look(
        cast, page, "2024-03-08 11:06", "Le calendrier est maintenant celui du guide : cinq mercredis réservés."
    )
    cast.town.check(boxes[THAT_DAY]["state"] == "reserved", "le 27 mars devait être réservé à la fin")
    matteo = cast.child("Matteo")
    demandes = cast.town.ask(matteo.parent, "/demandes", child=matteo.id)["demandes"]
    told = [(each["number"], each["status_label"]) for each in demandes[:3]]
    expected = [
        (ACCEPTED, "Traitée positivement"),
        (ON_HOLIDAY, "Traitée positivement"),
        (REFUSED, "Traitée négativement"),
    ]
    cast.town.check(told == expected, f"l'historique de Matteo devait être {expected}, il est {told}")
    page.say("[bold]Dernières demandes effectuées[/]")
    page.show(tables.history(demandes, lambda each: _said(each, names)))


def _said(demande: Mapping[str, Any], names: dict[str, tuple[str, str | None]]) -> str:
    name, site = names[demande["activity"]]
    return tables.described(demande, child="Matteo", activity=name, site=site)


def _attendance(cast: Cast, page: Page) -> None:
    """13 March: who was expected, who came."""
    town, day = cast.town, "2024-03-13"
    town.at(f"{day} 09:10")
    came = [name for name in (*FRIENDS, "Matteo", "Nino") if name != "Tom"]
    lines = [{"child": cast.child(name).id, "presence": "present"} for name in came]
    lines.append({"child": cast.child("Tom").id, "presence": "absent"})
    asked = {"activity": WEDNESDAYS, "unit": "journee", "day": day, "children": lines}
    recorded = town.tell(AGENT, "/attendance", asked, expect=200).body["recorded"]
    town.check(len(recorded) == len(lines), "toute la feuille devait être pointée")
    sheet = town.ask(AGENT, f"/activities/{WEDNESDAYS}/day-sheet", day=day, group=GROUP)
    town.check(sheet["expected"] == len(FRIENDS) + 1, "neuf enfants devaient être attendus le 13 mars")
    page.scene(
        town.stage.clock(),
        f"La feuille du jour des Winners : {counted(sheet['expected'], 'enfant')} attendus, l'agent pointe.",
    )
    page.show(tables.day_sheet(sheet))
