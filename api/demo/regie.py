"""Villars: what September came to in euros: sheets, quotients, a draft, the close, an invoice that says why."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from rich import box
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from api.demo.cast import Cast, enrol
from api.demo.page import Page
from api.demo.stage import AGENT, REGIE, Json
from api.demo.tables import GREYED
from api.demo.words import counted, short_day

MEALS: Final = "restauration-scolaire"
EVENINGS: Final = "garderie"
UNITS: Final = {MEALS: "repas", EVENINGS: "soir"}
QUOTIENTS: Final = {"Odile": 65_000, "Nadia": 112_000, "Brigitte": 41_250}
"""Yves declares none: the rulebook says what he pays."""
WEEKDAYS: Final = {MEALS: ["tuesday", "thursday", "friday"], EVENINGS: ["monday", "tuesday", "friday"]}
GIVEN_UP: Final = "2022-09-19"
ABSENT: Final = {("Sasha", "2022-09-12"), ("Sasha", "2022-09-26")}
LATE_SHEET: Final = (EVENINGS, "2022-09-30")
OWED_CENTS: Final = 5_511
SEPTEMBER, OCTOBER = "2022-09", "2022-10"
MOST_DAYS: Final = 2


def book(cast: Cast) -> None:
    """Before the school year: what families pay by, and the meals and evenings of Lison."""
    town, lison = cast.town, cast.child("Lison")
    enrol(cast, "Lison", EVENINGS, "2022-09-01", "2023-07-07")
    town.at("2022-08-22 17:30")
    for name, cents in QUOTIENTS.items():
        said: Json = {"amount_cents": cents, "source": "caf", "first_day": "2022-09-01"}
        town.tell(AGENT, f"/households/{cast.homes[name].household}/quotients", said)
    town.at("2022-08-22 20:15")
    for activity, unit in UNITS.items():
        repeat = {"weekdays": WEEKDAYS[activity], "from": "2022-09-01", "to": "2022-09-30", "unit": unit}
        body: Json = {"child": lison.id, "activity": activity, "repeat": repeat}
        [demande] = town.tell(lison.parent, "/demandes", body).body["demandes"]
        town.check(demande["status"] == "traitee_positivement", "les jours de Lison devaient être accordés à la minute")


def give_up(cast: Cast) -> None:
    """One evening of Lison's, in time."""
    lison = cast.child("Lison")
    cast.town.at("2022-09-14 21:00")
    body: Json = {"child": lison.id, "activity": EVENINGS, "cancel": [{"day": GIVEN_UP, "unit": "soir"}]}
    cast.town.tell(lison.parent, "/demandes", body)


def sheets(cast: Cast, when: str, first: str, last: str) -> int:
    """An agent types in the sheets of some days, all at once; gives how many children came or not."""
    marked = 0
    cast.town.at(when)
    for activity, day in _school_days(first, last):
        if (activity, day) != LATE_SHEET:
            marked += _sheet(cast, activity, day)
    return marked


def _school_days(first: str, last: str) -> Iterable[tuple[str, str]]:
    day, end = date.fromisoformat(first), date.fromisoformat(last)
    while day <= end:
        if day.weekday() in (0, 1, 3, 4):
            yield from ((activity, day.isoformat()) for activity in UNITS)
        day += timedelta(days=1)


def _sheet(cast: Cast, activity: str, day: str) -> int:
    sheet = cast.town.ask(AGENT, f"/activities/{activity}/day-sheet", day=day)
    if not sheet["expected"]:
        return 0
    children = [
        {"child": each["child"], "presence": "absent" if (cast.name_of(each["child"]), day) in ABSENT else "present"}
        for each in sheet["children"]
    ]
    body: Json = {"activity": activity, "unit": UNITS[activity], "day": day, "children": children}
    cast.town.tell(AGENT, "/attendance", body, expect=200)
    return len(children)


def september(cast: Cast, page: Page) -> None:
    """A draft that says what is missing, the sheet that was, the close, and the invoice of a family."""
    town = cast.town
    town.at("2022-10-03 09:00")
    draft = _drafted(cast, SEPTEMBER)
    missing = draft["missing"]
    town.check(sum(each["days"] for each in missing) == 1, f"il devait manquer un pointage, et il manque {missing}")
    page.scene(
        town.stage.clock(),
        f"La régie demande le projet de facturation de septembre : {counted(draft['households'], 'foyer')}, et"
        f" [bold]il manque un pointage[/], celui de la garderie du {short_day(LATE_SHEET[1])}. Rien n'est deviné.",
    )
    town.at("2022-10-04 08:50")
    _sheet(cast, *LATE_SHEET)
    town.at("2022-10-05 10:00")
    _close(cast, SEPTEMBER)
    page.scene(
        town.stage.clock(), "La feuille retrouvée, il ne manque rien. La régie clôt le mois : un titre par foyer."
    )
    page.show(_titres(cast, SEPTEMBER))
    _invoice(cast, page)


def _drafted(cast: Cast, month: str) -> Json:
    cast.town.tell(REGIE, f"/billing/{month}/draft", {}, expect=202)
    return cast.town.awaited(REGIE, f"/billing/{month}", "draft")


def _close(cast: Cast, month: str) -> None:
    draft = _drafted(cast, month)
    cast.town.check(not draft["missing"], f"rien ne devait manquer à {month}, et il manque {draft['missing']}")
    cast.town.tell(REGIE, f"/billing/{month}/close", {"position": draft["position"]}, expect=202)
    cast.town.awaited(REGIE, f"/billing/{month}", "closed")


def october(cast: Cast, page: Page) -> None:
    """What was accepted of September since it was closed comes back as a line of October."""
    town = cast.town
    town.at("2022-11-03 09:30")
    _close(cast, OCTOBER)
    titre = titre_of(cast, "Nadia", OCTOBER)
    lines = town.ask(REGIE, f"/titres/{titre['titre']}")["lines"]
    found = [line for line in lines if line["regularises"] == SEPTEMBER]
    town.check(len(found) == 1 and found[0]["quantity"] == -1, f"une rectification était attendue, il y a {found}")
    page.scene(
        town.stage.clock(),
        "Octobre est clôturé. L'absence de Sasha le 26 septembre a été acceptée le 12 octobre, après la clôture de"
        " septembre : son titre ne change pas, et la différence vient avec celui d'octobre.",
    )
    _lines(cast, page, titre, lines)
    why = town.ask(cast.parents["Nadia"], f"/titres/{titre['titre']}/lines/{found[0]['line']}")
    _said(page, why)


def _titres(cast: Cast, month: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", border_style=GREYED, pad_edge=False)
    for column in ("Titre", "Foyer de", "Lignes"):
        table.add_column(column)
    table.add_column("Montant", justify="right")
    names = {home.household: name for name, home in reversed(cast.homes.items())}
    titres = {names[each["household"]]: each for each in cast.town.ask(REGIE, f"/billing/{month}/titres")["titres"]}
    for name, titre in sorted(titres.items()):
        table.add_row(titre["titre"], name, str(titre["lines"]), euros(titre["total_cents"]))
    return table


def titre_of(cast: Cast, name: str, month: str = SEPTEMBER) -> Json:
    """The titre of a month, as whoever owes it reads it."""
    titres: list[Json] = cast.town.look(cast.parents[name], f"/households/{cast.homes[name].household}/titres")[
        "titres"
    ]
    found = next(titre for titre in titres if titre["month"] == month)
    cast.titres[name, month] = found["titre"]
    return found


def _invoice(cast: Cast, page: Page) -> None:
    """The invoice of Lison's family, and why each line costs what it costs."""
    town, odile = cast.town, cast.parents["Odile"]
    titre = titre_of(cast, "Odile", SEPTEMBER)
    town.check(
        titre["total_cents"] == OWED_CENTS, f"Odile devait devoir 55,11 €, et doit {euros(titre['total_cents'])}"
    )
    lines = town.ask(odile, f"/titres/{titre['titre']}")["lines"]
    page.line()
    page.say("Odile lit sa facture :")
    _lines(cast, page, titre, lines)
    for line in lines:
        why = town.ask(odile, f"/titres/{titre['titre']}/lines/{line['line']}")
        page.say(f"[bold]Pourquoi {euros(line['amount_cents'])} de {line['label'].lower()} ?[/]")
        _said(page, why)


def _lines(cast: Cast, page: Page, titre: Json, lines: Iterable[Json]) -> None:
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", border_style=GREYED, pad_edge=False, show_footer=True)
    table.add_column(f"Titre {titre['titre']}", footer=f"à payer au plus tard le {short_day(titre['due_on'])}")
    table.add_column("Quantité", justify="right")
    table.add_column("Prix", justify="right")
    table.add_column("Montant", justify="right", footer=euros(titre["total_cents"]))
    for line in lines:
        label = f"{line['label']}, {cast.name_of(line['child'])}"
        label += f" (rectification de {line['regularises']})" if line["regularises"] else ""
        table.add_row(label, str(line["quantity"]), euros(line["unit_price_cents"]), euros(line["amount_cents"]))
    page.show(table)


def _said(page: Page, why: Json) -> None:
    """The sentences of a line; of many days, the first ones: the invoice tells them all."""
    days, sentences = len(why["days"]), list(why["sentences"])
    if days > MOST_DAYS:
        sentences[1 + MOST_DAYS : 1 + days] = [f"… et de même pour {days - MOST_DAYS} autres jours."]
    for sentence in sentences:
        page.show(Padding(Text(sentence), (0, 0, 0, 2)))


def euros(cents: int) -> str:
    """As in 55,11 €; a credit is below zero."""
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100},{abs(cents) % 100:02d} €"
