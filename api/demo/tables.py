"""The tables of the demo: a calendar of weeks, a history, answers to a deadline, places, a day sheet."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from rich import box
from rich.table import Table
from rich.text import Text

from api.demo.words import KINDS, clock, days_said, short_day, short_instant, short_instant_to_the_second, wall_day
from rulebook.french_dates import french_date
from rulebook.words import WEEKDAYS

Json = Mapping[str, Any]

STATES: Final[Mapping[str, tuple[str, str]]] = {
    "reserved": ("●", "bold green"),
    "awaiting_add": ("◐", "bold yellow"),
    "awaiting_removal": ("◑", "bold yellow"),
    "waiting_list": ("◌", "yellow"),
    "closed": ("✕", "bold red"),
    "free": ("□", ""),
}
"""The sign of a state, and its colour."""
GREYED: Final = "bright_black"
MOST_WIDE_COLUMNS: Final = 2
"""With more weekdays than that, the reason of a grey box goes under it."""
LEGEND: Final = "● réservé   ◐ à instruire   □ libre   ✕ fermé   en gris, avec la raison : ne se change plus"

STATUSES: Final[Mapping[str, tuple[str, str]]] = {
    "en_cours": ("◐", "yellow"),
    "traitee_positivement": ("✔", "green"),
    "traitee_negativement": ("✘", "red"),
    "retiree": ("–", GREYED),
}


def calendar(boxes: Sequence[Json], first: date, last: date, units: Mapping[str, str]) -> Table:
    """The weeks between two days, as on the portal: week numbers, days, and what stands in every box."""
    by_day: dict[str, list[Json]] = {}
    for each in boxes:
        by_day.setdefault(each["day"], []).append(each)
    busy = {date.fromisoformat(day).weekday() for day in by_day}
    on_one_line = len(busy) <= MOST_WIDE_COLUMNS
    table = Table(box=box.ROUNDED, show_lines=not on_one_line, border_style=GREYED, header_style="bold")
    table.add_column("Sem.", justify="right", style=GREYED)
    for number, weekday in enumerate(WEEKDAYS):
        table.add_column(weekday if number in busy else weekday[:3], no_wrap=number not in busy)
    for start in range((first - timedelta(days=first.weekday())).toordinal(), last.toordinal() + 1, 7):
        week = [date.fromordinal(start + number) for number in range(7)]
        cells = [_cell(day, by_day.get(day.isoformat(), []), units, " · " if on_one_line else "\n") for day in week]
        table.add_row(str(week[0].isocalendar().week), *cells)
    return table


def _cell(day: date, boxes: Iterable[Json], units: Mapping[str, str], before_reason: str) -> Text:
    shown = Text(f"{day:%d/%m}", style=GREYED)
    for each in boxes:
        sign, style = STATES[each["state"]]
        shown.append(f" {sign} {units[each['unit']]}", style=style if each["editable"] else _greyed(style))
        if not each["editable"]:
            shown.append(f"{before_reason}{each['title']}", style=f"italic {GREYED}")
    return shown


def _greyed(style: str) -> str:
    return style.removeprefix("bold ") or GREYED


def status(demande: Json) -> Text:
    """✔ Traitée positivement."""
    sign, style = STATUSES[demande["status"]]
    return Text(f"{sign} {demande['status_label']}", style=style)


def history(demandes: Iterable[Json], said: Callable[[Json], str]) -> Table:
    """The demandes of a family, as « Dernières demandes effectuées » shows them."""
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", border_style=GREYED, pad_edge=False, expand=True)
    table.add_column("Le", no_wrap=True)
    table.add_column("À")
    table.add_column("Demande", justify="right", style="bold", no_wrap=True)
    table.add_column("", ratio=1)
    table.add_column("État", no_wrap=True)
    for demande in demandes:
        at = demande["submitted_at"]
        number = f"n° {demande['number']}"
        table.add_row(french_date(wall_day(at)), clock(at), number, said(demande), status(demande))
    return table


def described(demande: Json, *, child: str, activity: str, site: str | None) -> str:
    """Réservation Matteo - ALSH Mercredis - Centre de Loisirs l'île aux enfants - le 27/03/2024."""
    parts = [f"{KINDS[demande['kind']]} {child}", activity, *([site] if site else []), days_said(demande["days"])]
    return " - ".join(parts)


def answers(rows: Iterable[tuple[str, str, Json]]) -> Table:
    """What was answered to the second: who asked, when, for which day, until when it was possible."""
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", border_style=GREYED, pad_edge=False)
    for column in ("Pour", "Demandé le", "Jour", "Limite", "Art.", "Réponse"):
        table.add_column(column, no_wrap=column == "Pour")
    for child, asked_at, day in rows:
        limit = short_instant(day["deadline"]) if day.get("deadline") else ""
        asked = short_instant_to_the_second(asked_at)
        table.add_row(child, asked, short_day(day["day"]), limit, day.get("article") or "", _verdict(day))
    return table


def _verdict(day: Json) -> Text:
    if "code" in day:
        return Text(f"✘ {day['title']}", style="red")
    if day["late"]:
        return Text("✔ accepté, à majorer" if day["surcharge"] else "✔ accepté, en retard", style="yellow")
    return Text("✔ dans les temps", style="green")


def places(rows: Iterable[tuple[str, Json]]) -> Table:
    """The places of one slot, as an agent sees them one instant after the other."""
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", border_style=GREYED, pad_edge=False)
    table.add_column("")
    for column in ("Places", "Prises", "Restantes", "En trop"):
        table.add_column(column, justify="right")
    for when, slot in rows:
        left = Text(str(slot["left"]), style="" if slot["left"] else "red")
        excess = Text(str(slot["excess"] or "–"), style="bold red" if slot["excess"] else GREYED)
        table.add_row(when, str(slot["capacity"]), str(slot["taken"]), left, excess)
    return table


def day_sheet(sheet: Json) -> Table:
    """The sheet an agent holds at the door, with the names the service gives."""
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", border_style=GREYED, pad_edge=False)
    for column in ("Enfant", "Attendu", "Pointé", ""):
        table.add_column(column)
    for line in sorted(sheet["children"], key=lambda line: str(line["name"])):
        present = line["presence"] == "present"
        pointed = Text("présent" if present else "absent", style="green" if present else "red")
        odd = "présent sans réservation" if present and not line["expected"] else ""
        odd = odd or ("absent, et attendu" if line["expected"] and not present else "")
        expected = "oui" if line["expected"] else "non"
        table.add_row(line["name"], expected, pointed, Text(odd, style="yellow"))
    return table
