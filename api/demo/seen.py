"""What each person sees: the same questions asked with each one's token, side by side."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from rich import box
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from api.demo.cast import Cast
from api.demo.page import WIDTH
from api.demo.stage import Json, Person
from api.demo.tables import GREYED, STATES, STATUSES
from api.demo.words import short_day, short_instant, short_instant_to_the_second

NOTHING: Final = "–"
HOLDERS: Final = {"mine": "chez vous", "other": "autre foyer", None: ""}
PANEL_WIDTH: Final = 52


def side_by_side(heads: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> Table:
    """A line for each question, a column for each person."""
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", border_style=GREYED, pad_edge=False)
    for head in heads:
        table.add_column(head)
    for row in rows:
        table.add_row(*row)
    return table


def family(cast: Cast, who: Person) -> Mapping[str, str]:
    """Who somebody is to the town and which children they may act for, by the names the service gives them."""
    said = cast.town.ask(who, "/me")
    if not said["households"]:
        cast.town.check(not said["children"], f"{who.name} ne devait avoir aucun enfant")
        return {"responsable": NOTHING, "enfants": NOTHING}
    own = said["households"][0]
    home = cast.town.ask(who, f"/households/{own['household']}")
    me = next(each for each in home["guardians"] if each["guardian"] == own["guardian"])
    named = {person: known["given_name"] for person, known in home["identities"].items()}
    whole = home["identities"][own["guardian"]]
    return {
        "responsable": f"{whole['given_name']} {whole['family_name']}, {me['holder_label']}",
        "enfants": ", ".join(sorted(named.get(each["child"], "?") for each in said["children"])) or NOTHING,
    }


def day(cast: Cast, who: Person, child: str, day: str, activity: str, unit: str) -> Text:
    """A box of the calendar as somebody sees it."""
    path = f"/children/{cast.child(child).id}/calendar"
    [found] = cast.town.ask(who, path, from_=day, to=day, activity=activity)["days"]
    return _box(found, unit)


def _box(found: Json, unit: str) -> Text:
    sign, style = STATES[found["state"]]
    number = f" n° {found['demande']}" if found["demande"] else ""
    return Text(f"{sign} {unit}{number}", style=style.removeprefix("bold "))


def demandes(said: Iterable[Json]) -> str:
    """Demandes with their state, a line each."""
    lines = [f"n° {each['number']} {STATUSES[each['status']][0]} {each['status_label']}" for each in said]
    return "\n".join(lines) or NOTHING


def signed(said: Iterable[Json]) -> str:
    """The same with the sign of their state only."""
    return "\n".join(f"{STATUSES[each['status']][0]} n° {each['number']}" for each in said) or NOTHING


def weeks(views: Mapping[str, Sequence[Json]], unit: str) -> Table:
    """The same days as several people see them: whose day, what stands there, which demande, and why it is grey."""
    shown: dict[str, list[Text]] = {}
    for boxes in views.values():
        for each in boxes:
            shown.setdefault(each["day"], []).append(_shared_box(each, unit))
    heads = ("Jour", *(f"Ce que voit {name}" for name in views))
    return side_by_side(heads, ((short_day(when), *cells) for when, cells in shown.items()))


def _shared_box(found: Json, unit: str) -> Text:
    cell = Text(f"{HOLDERS[found['custody']]:<11} ")
    cell.append(_box(found, unit))
    if not found["editable"] and found["code"] != "custody":  # the other home's: said at the beginning of the box
        cell.append(f" · {found['title']}", style=f"italic {GREYED}")
    return cell


def queue(rows: Iterable[Json]) -> Table:
    """Demandes without days, in the order an agent takes them."""
    table = side_by_side(("Demande", "Le", "Ce qui est demandé", "État"), ())
    for each in rows:
        status = f"{STATUSES[each['status']][0]} {each['status_label']}"
        table.add_row(f"n° {each['number']}", short_instant(each["submitted_at"]), each["kind_label"], status)
    return table


def reads(lines: Iterable[Mapping[str, Any]], name_of: Callable[[str], str]) -> Table:
    """Who read a file, when, through what and why; the same reading again within the second is one line."""
    rows = {}
    for each in reversed(list(lines)):
        when = short_instant_to_the_second(each["read_at"])
        rows[(when, name_of(each["actor"]), each["operation"], each["purpose_label"])] = True
    return side_by_side(("Quand", "Qui", "Par quelle opération", "Pourquoi"), rows)


def paper(lines: Sequence[str]) -> Panel:
    """What a town prints and hands over."""
    return Panel("\n".join(lines), box=box.ROUNDED, width=min(PANEL_WIDTH, WIDTH), padding=(1, 2), border_style=GREYED)
