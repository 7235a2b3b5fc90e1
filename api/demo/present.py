"""Today: the current school year is open in the three towns, and somebody can really book a day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from typing import Final

from rich import box
from rich.table import Table

from api.clock import utc_now
from api.demo.cast import CHANTELOUP, VILLARS, VILLENNES, Cast, Child
from api.demo.stage import ADMIN, AGENT, PARIS, Json, Town
from api.demo.words import short_day, short_instant
from ledger.days import school_year
from ledger.identifiers import Commune
from rulebook.towns import town_files

SEARCHED_DAYS: Final = 150
"""Longer than the summer holidays."""
SUMMER_DAYS: Final = 75
"""In July, the next school year is open too."""
MARGIN: Final = timedelta(days=1)
"""What is shown must still be possible when the person has read it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Open:
    """A child enrolled for the current school year."""

    commune: Commune
    name: str
    activity: str
    unit: str
    place: Mapping[str, str]


OPEN: Final[Sequence[Open]] = (
    Open(
        commune=VILLENNES,
        name="Giulia",
        activity="alsh-mercredis",
        unit="journee",
        place={"site": "l-ile-aux-enfants", "group": "les-explorateurs"},
    ),
    Open(commune=VILLENNES, name="Giulia", activity="restauration", unit="repas", place={}),
    Open(commune=CHANTELOUP, name="Lina", activity="accueil-soir", unit="soir", place={}),
    Open(commune=CHANTELOUP, name="Moussa", activity="mercredis", unit="journee", place={}),
    Open(
        commune=VILLARS,
        name="Camille",
        activity="restauration-scolaire",
        unit="repas",
        place={"site": "pouquet-verjat"},
    ),
    Open(
        commune=VILLARS, name="Sasha", activity="restauration-scolaire", unit="repas", place={"site": "pouquet-verjat"}
    ),
    Open(commune=VILLARS, name="Noé", activity="restauration-scolaire", unit="repas", place={"site": "pouquet-verjat"}),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bookable:
    """A day that can be booked now, as a preview confirmed."""

    child: Child
    open: Open
    box: Json


def adopt(town: Town, *, first: bool) -> int:
    """Adopts the rulebook the story begins with, or those that came after it; each before it is in force."""
    shipped = [(version, text) for commune, version, text in town_files() if commune == town.commune]
    for version, text in shipped[:1] if first else shipped[1:]:
        council = datetime.combine(date(int(version[:4]), 6, 27), time(19), PARIS)
        town.stage.clock.standing = min(council, utc_now())
        adopted = town.tell(ADMIN, "/rulebook/versions", {"content": text}, key=_named(version, text), expect=None)
        known = adopted.body.get("code") == "version_already_adopted"
        town.check(adopted.status == 201 or known, f"le règlement {version} n'est pas adopté : {adopted.body}")
    return len(shipped[:1] if first else shipped[1:])


def _named(version: str, text: str) -> str:
    return f"reglement-{version}-{sha256(text.encode()).hexdigest()[:12]}"


def open_year(casts: Mapping[Commune, Cast]) -> None:
    """Enrols some children for the school year of today; in summer, for the next one too."""
    today = utc_now().astimezone(PARIS).date()
    for cast in casts.values():
        cast.town.today()
    for year in sorted({school_year(today), school_year(today + timedelta(days=SUMMER_DAYS))}):
        for place, each in enumerate(OPEN):
            _enrol(casts[each.commune], each, year, key=f"annee-{year}-{place}")


def _enrol(cast: Cast, each: Open, year: int, *, key: str) -> None:
    """For the whole school year, unless the story itself has enrolled the child for it."""
    body: Json = {"activity": each.activity, "first_day": f"{year}-09-01", "last_day": f"{year + 1}-07-10"}
    path = f"/children/{cast.child(each.name).id}/enrolments"
    told = cast.town.tell(AGENT, path, {**body, **each.place}, key=key, expect=None)
    known = told.body.get("code") == "already_enrolled"
    cast.town.check(told.status == 201 or known, f"{each.name} n'est pas inscrite pour {year} : {told.body}")


def bookable(casts: Mapping[Commune, Cast]) -> list[Bookable]:
    """For each of them the first day that can be booked, if there is one before the end of the year."""
    found = [_bookable(casts[each.commune], each) for each in OPEN]
    return [each for each in found if each is not None]


def _bookable(cast: Cast, each: Open) -> Bookable | None:
    town, child = cast.town, cast.child(each.name)
    now = utc_now()
    first = now.astimezone(PARIS).date() + timedelta(days=2)
    period = {"from_": first.isoformat(), "to": (first + timedelta(days=SEARCHED_DAYS)).isoformat()}
    boxes = town.look(child.parent, f"/children/{child.id}/calendar", activity=each.activity, **period)["days"]
    for box_ in boxes:
        right = box_["unit"] == each.unit and box_["state"] == "free" and box_["editable"] and not box_["late"]
        deadline = box_["deadline"] and datetime.fromisoformat(box_["deadline"]).astimezone(UTC)
        if right and (deadline is None or deadline > now + MARGIN):
            asked = {"child": child.id, "activity": each.activity, "reserve": [{"day": box_["day"], "unit": each.unit}]}
            if town.preview(child.parent, asked)["possible"]:
                return Bookable(child=child, open=each, box=box_)
    return None


def table(days: Sequence[Bookable], casts: Mapping[Commune, Cast]) -> Table:
    """What can be booked now."""
    shown = Table(box=box.SIMPLE_HEAD, header_style="bold", border_style="bright_black", pad_edge=False)
    for column in ("Ville", "Enfant", "Activité", "Premier jour libre", "À demander au plus tard"):
        shown.add_column(column)
    for each in days:
        town = casts[each.open.commune].town
        limit = short_instant(each.box["deadline"]) if each.box["deadline"] else ""
        shown.add_row(town.name, each.child.name, each.open.activity, short_day(each.box["day"]), limit)
    return shown
