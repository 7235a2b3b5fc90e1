"""The calendar of a child: a period, a week or a month, with what may still be done about each day."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import Query
from starlette.concurrency import run_in_threadpool

from api import french, openapi
from api.answers import JSONAnswer
from api.cursors import bounded_period
from api.door import doors
from api.fields import Day, IdText, Month, SlugText, Week
from api.french_days import closed_because, day_detail
from api.office import AtInstant, Office, Standing
from api.problems import invalid_field
from api.refusals import closure_label
from api.schemas import CalendarOf
from api.sealing import AtVault, child_name, identity_of
from commands.town_days import timezone_of
from ledger.days import week_number
from ledger.identifiers import ChildId, HouseholdId, Slug
from ledger.streams import child_page
from projections import families, places, town
from projections.calendar import Calendar, CalendarDay, days_of, enrolments_from, statements_from
from rulebook.town import Rules

router = doors("enfants")

LONGEST_CALENDAR_DAYS = 400
"""A school year, seen at once."""
AT_ONCE_DAYS = 31
"""A calendar up to a month is drawn where it was asked; a longer one would keep other requests waiting."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Viewer:
    """Who looks at a calendar: of days that alternate, a parent is not told what the other household did."""

    households: tuple[HouseholdId, ...] | None
    """Those a parent acts through; None for the town's staff."""
    custody: bool

    @classmethod
    def of(cls, at: Office, standing: Standing) -> "Viewer":
        """The caller, as they stand to the child."""
        return cls(households=None if at.only_for is None else standing.households, custody=at.apart)

    def shown(self, box: CalendarDay, said: dict[str, Any]) -> dict[str, Any]:
        """A box as they may read it: its state always, a demande and an absence when they are of their household."""
        if self.households is None:
            return {**said, "custody": box.holder}
        holder = None if box.holder is None else "mine" if box.holder in self.households else "other"
        hidden: dict[str, Any] = {}
        if self.custody and box.asked_by not in self.households:
            hidden["demande"] = None
        if self.custody and box.booked_by not in self.households:
            hidden["absence"] = None
        return {**said, "custody": holder, **hidden}


@router.get(
    "/children/{child}/calendar",
    summary="Le calendrier d'un enfant",
    responses=openapi.answered(200, CalendarOf, etag=True),
)
async def calendar(
    child: IdText,
    at: AtInstant,
    vault: AtVault,
    first: Annotated[Day | None, Query(alias="from", description="Premier jour, inclus.")] = None,
    last: Annotated[Day | None, Query(alias="to", description="Dernier jour, inclus.")] = None,
    week: Annotated[Week | None, Query(description="Une semaine ISO, `2024-W13`.")] = None,
    month: Annotated[Month | None, Query(description="Un mois, `2024-03`.")] = None,
    activity: SlugText | None = None,
) -> JSONAnswer:
    """A period, a week or a month: every box with its state, and why it cannot be changed."""
    first_day, last_day = _period(first, last, week, month)
    known, commune = ChildId(child), at.commune
    standing, (rows, enrolled, said, versions, closures, counts, [version], identity) = await at.ask_about(
        known,
        days_of(commune, known, first_day, last_day, told_apart=at.as_of is not None and at.only_for is not None),
        families.enrolments_of(commune, known),
        families.custody_of(commune, known),
        town.rulebooks(commune),
        town.closures(commune, first_day, last_day),
        places.counts_for_child(commune, known, first_day, last_day),
        families.version_of(child_page(commune, known)),
        identity_of(commune, known),
    )
    at.saw(*standing.households)
    rules = await at.reader.rules(commune, versions, closures)
    viewer = Viewer.of(at, standing)
    drawing = Calendar(
        rules=rules,
        enrolments=enrolments_from(enrolled),
        rows=rows,
        taken=places.taken(counts),
        now=at.now,
        custody=statements_from(said),
        acting=viewer.households,
    )
    only_activity = Slug(activity) if activity else None
    if last_day - first_day < timedelta(days=AT_ONCE_DAYS):
        boxes = drawing.draw(first_day, last_day, activity=only_activity)
    else:
        boxes = await run_in_threadpool(drawing.draw, first_day, last_day, activity=only_activity)
    days = [viewer.shown(box, _box(rules, box)) for box in boxes]
    forgotten = {"erased": standing.erased, "name": child_name(at, vault, known, identity, erased=standing.erased)}
    content = {"child": child, **forgotten, "from": first_day, "to": last_day, "days": days}
    return at.tagged(content, version=version["version"])


def _period(first: date | None, last: date | None, week: str | None, month: str | None) -> tuple[date, date]:
    if sum(given is not None for given in (first, week, month)) != 1 or (first is None) != (last is None):
        raise invalid_field("query", "from", "period_choice")
    if week is not None:
        return _week(week)
    if month is not None:
        start = date(int(month[:4]), int(month[5:]), 1)
        after = (start.replace(day=28) + timedelta(days=4)).replace(day=1)
        return start, after - timedelta(days=1)
    assert first is not None
    assert last is not None
    return bounded_period(first, last, most_days=LONGEST_CALENDAR_DAYS)


def _week(week: str) -> tuple[date, date]:
    monday = date.fromisocalendar(int(week[:4]), int(week[6:]), 1)
    return monday, monday + timedelta(days=6)


def _box(rules: Rules, box: CalendarDay) -> dict[str, Any]:
    said = {
        "day": box.day,
        "week": week_number(box.day),
        "activity": box.activity,
        "unit": box.unit,
        "state": box.state,
        "editable": box.editable,
        "code": box.code,
        "title": french.title(box.code) if box.code else None,
        "detail": None,
        "deadline": box.deadline,
        "opens_at": box.opens_at,
        "article": box.article,
        "late": box.late,
        "surcharge": box.surcharge,
        "demande": box.demande,
        "absence": "declared" if box.absence == "declared_again" else box.absence,
        "places_left": box.places_left,
    }
    if box.code:
        instant = box.opens_at if box.code == "not_open_yet" else box.deadline
        action = "reserve" if box.booked_by is None else "cancel"
        said["detail"] = day_detail(
            box.code, box.day, instant=instant, zone=timezone_of(rules), action=action, units=box.beside
        )
    if box.closure:
        said["detail"] = closed_because(box.day, closure_label(rules, box.day, box.closure))
    return said
