"""Children: registered, enrolled, and their calendar."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import Response
from pydantic import ConfigDict
from starlette.concurrency import run_in_threadpool

from api import french, openapi
from api.answers import JSONAnswer
from api.door import doors
from api.fields import Day, IdText, Month, SlugText, StrictModel
from api.french_days import closed_because, day_detail
from api.office import AtCounter, AtOffice, AtVersionedCounter, Office, Said, zone_of
from api.problems import invalid_field
from api.tokens import only
from commands.enrol_child import EndEnrolment, EnrolChild
from commands.execute import Result
from commands.register_household import RegisterChild
from ledger.identifiers import ChildId, Commune, EnrolmentId, HouseholdId, Slug, new_id
from ledger.streams import child_page
from projections import families, places, town
from projections.calendar import Calendar, CalendarDay, days_of, enrolments_from
from rulebook.town import Rules

router = doors("enfants")

LONGEST_CALENDAR_DAYS = 400
"""A school year, seen at once."""
AT_ONCE_DAYS = 31
"""A calendar up to a month is drawn where it was asked; a longer one would keep other requests waiting."""


class ChildAsked(StrictModel):
    """A child to register. Names stay with the portal: the ledger knows an opaque identifier."""

    household: IdText


class EnrolmentAsked(StrictModel):
    """An activity, for a period; both days included."""

    activity: SlugText
    first_day: Day
    last_day: Day
    site: SlugText | None = None
    group: SlugText | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "activity": "alsh-mercredis",
                    "first_day": "2023-09-06",
                    "last_day": "2024-07-06",
                    "site": "l-ile-aux-enfants",
                    "group": "les-winners",
                }
            ]
        }
    )


class EnrolmentEnd(StrictModel):
    """The last day the child may come."""

    last_day: Day


@router.post(
    "/children",
    status_code=201,
    summary="Enregistrer un enfant",
    dependencies=[only("agent")],
)
async def register(asked: ChildAsked, at: AtCounter) -> Response:
    """Opens the page of a child in a household."""
    child, household = ChildId(new_id()), HouseholdId(asked.household)
    commune = at.office.commune

    def said(_: Result) -> Said:
        content = {"child": child, "household": household}
        return Said(status=201, content=content, location=f"/v1/{commune}/children/{child}")

    return await at.run(RegisterChild(child=child, household=household), said, about=child_page(commune, child))


@router.get("/children/{child}", summary="Un enfant", dependencies=[only("guardian", "agent", "auditor")])
async def one(child: IdText, at: AtOffice) -> JSONAnswer:
    """The child, its household and its enrolments."""
    household = await at.household_for(ChildId(child))
    enrolments, version = await _enrolments(at, ChildId(child))
    return JSONAnswer({"child": child, "household": household, "enrolments": enrolments}, version=version)


async def _enrolments(at: Office, child: ChildId) -> tuple[list[dict[str, Any]], int]:
    stream = child_page(at.commune, child)
    rows, [version] = await at.reader.ask(
        at.commune, families.enrolments_of(at.commune, child), families.version_of(stream)
    )
    return [enrolment(row) for row in rows], version["version"]


def enrolment(row: dict[str, Any]) -> dict[str, Any]:
    """An enrolment as answers show it."""
    return {
        "enrolment": row["enrolment"],
        "activity": row["activity"],
        "site": row["site"],
        "group": row["child_group"],
        "first_day": row["first_day"],
        "last_day": row["last_day"],
    }


@router.get(
    "/children/{child}/enrolments",
    summary="Les inscriptions d'un enfant",
    dependencies=[only("guardian", "agent", "auditor")],
)
async def enrolments(child: IdText, at: AtOffice) -> JSONAnswer:
    """What the child is, was or will be enrolled in."""
    await at.household_for(ChildId(child))
    found, version = await _enrolments(at, ChildId(child))
    return JSONAnswer({"enrolments": found}, version=version)


def _one_enrolment(status: int, commune: Commune, child: ChildId) -> Any:
    def said(result: Result) -> Said:
        [row] = [change.row for change in result.prepared.changes if change.table == "enrolments"]
        location = f"/v1/{commune}/children/{child}/enrolments" if status == 201 else None
        return Said(status=status, content=enrolment(row), location=location)

    return said


@router.post(
    "/children/{child}/enrolments",
    status_code=201,
    summary="Inscrire un enfant à une activité",
    responses=openapi.documented(
        "unknown_activity", "unknown_site", "unknown_group", "period_reversed", "already_enrolled"
    ),
    dependencies=[only("agent")],
)
async def enrol(child: IdText, asked: EnrolmentAsked, at: AtVersionedCounter) -> Response:
    """Enrols the child for a period."""
    known, commune = ChildId(child), at.office.commune
    await at.office.household_for(known)
    command = EnrolChild(
        child=known,
        enrolment=EnrolmentId(new_id()),
        activity=Slug(asked.activity),
        first_day=asked.first_day,
        last_day=asked.last_day,
        site=Slug(asked.site) if asked.site else None,
        group=Slug(asked.group) if asked.group else None,
    )
    return await at.run(command, _one_enrolment(201, commune, known), about=child_page(commune, known))


@router.post(
    "/children/{child}/enrolments/{enrolment}/end",
    summary="Mettre fin à une inscription",
    responses=openapi.documented("period_reversed", "already_awaiting"),
    dependencies=[only("agent")],
)
async def end(child: IdText, enrolment: IdText, asked: EnrolmentEnd, at: AtVersionedCounter) -> Response:
    """Ends an enrolment; what was reserved later is cancelled under a number of its own."""
    known, commune = ChildId(child), at.office.commune
    await at.office.household_for(known)
    command = EndEnrolment(child=known, enrolment=EnrolmentId(enrolment), last_day=asked.last_day)
    return await at.run(command, _one_enrolment(200, commune, known), about=child_page(commune, known))


@router.get(
    "/children/{child}/calendar",
    summary="Le calendrier d'un enfant",
    dependencies=[only("guardian", "agent", "auditor")],
)
async def calendar(
    child: IdText,
    at: AtOffice,
    first: Annotated[Day | None, Query(alias="from", description="Premier jour, inclus.")] = None,
    last: Annotated[Day | None, Query(alias="to", description="Dernier jour, inclus.")] = None,
    week: Annotated[str | None, Query(pattern=r"^\d{4}-W\d{2}$", description="Une semaine ISO, `2024-W13`.")] = None,
    month: Annotated[Month | None, Query(description="Un mois, `2024-03`.")] = None,
    activity: SlugText | None = None,
) -> JSONAnswer:
    """A period, a week or a month: every box with its state, and why it cannot be changed."""
    first_day, last_day = _period(first, last, week, month)
    known, commune = ChildId(child), at.commune
    await at.household_for(known)
    rows, enrolled, versions, closures, counts, [version] = await at.reader.ask(
        commune,
        days_of(commune, known, first_day, last_day),
        families.enrolments_of(commune, known),
        town.rulebooks(commune),
        town.closures(commune, first_day, last_day),
        places.counts_for_child(commune, known, first_day, last_day),
        families.version_of(child_page(commune, known)),
    )
    rules = await at.reader.rules(commune, versions, closures)
    drawing = Calendar(
        rules=rules, enrolments=enrolments_from(enrolled), rows=rows, taken=places.taken(counts), now=at.now
    )
    only_activity = Slug(activity) if activity else None
    if last_day - first_day < timedelta(days=AT_ONCE_DAYS):
        boxes = drawing.draw(first_day, last_day, activity=only_activity)
    else:
        boxes = await run_in_threadpool(drawing.draw, first_day, last_day, activity=only_activity)
    said = {"child": child, "from": first_day, "to": last_day, "days": [_box(rules, box) for box in boxes]}
    return JSONAnswer(said, version=version["version"])


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
    if not timedelta(0) <= last - first <= timedelta(days=LONGEST_CALENDAR_DAYS):
        raise invalid_field("query", "to", "period_expected")
    return first, last


def _week(week: str) -> tuple[date, date]:
    year, _, number = week.partition("-W")
    try:
        monday = datetime.strptime(f"{year} {number} 1", "%G %V %u").date()  # noqa: DTZ007 - a day has no zone
    except ValueError as error:
        raise invalid_field("query", "week", "week_expected") from error
    return monday, monday + timedelta(days=6)


def _box(rules: Rules, box: CalendarDay) -> dict[str, Any]:
    said = {
        "day": box.day,
        "week": box.day.isocalendar().week,
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
        "absence": box.absence,
        "places_left": box.places_left,
    }
    if box.code:
        instant = box.opens_at if box.code == "not_open_yet" else box.deadline
        said["detail"] = day_detail(box.code, box.day, instant=instant, zone=zone_of(rules))
    if box.closure:
        rulebook = rules.on(box.day)
        said["detail"] = closed_because(box.day, rulebook.closure_reasons.get(box.closure) if rulebook else None)
    return said


@router.get("/me", summary="Qui je suis, et ce que je peux faire", tags=["moi"], response_class=JSONAnswer)
async def me(at: AtOffice) -> JSONAnswer:
    """The caller, the children they may act for and the households they speak for."""
    caller = at.caller
    said: dict[str, Any] = {"subject": caller.subject, "role": caller.role, "commune": caller.commune}
    if caller.role == "guardian":
        children, households = await at.reader.ask(
            at.commune,
            families.children_of_subject(at.commune, caller.subject),
            families.households_of_subject(at.commune, caller.subject),
        )
        said |= {"children": children, "households": households}
    said["may"] = MAY[caller.role]
    return JSONAnswer(said)


MAY: dict[str, list[str]] = {
    "guardian": ["read_own_children", "submit_demandes", "withdraw_demandes"],
    "agent": [
        "read_families",
        "register_families",
        "enrol_children",
        "submit_demandes",
        "withdraw_demandes",
        "decide_demandes",
        "record_attendance",
        "close_days",
        "change_capacities",
    ],
    "auditor": ["read_families"],
    "billing": ["read_town"],
    "admin": ["read_town", "adopt_rulebooks"],
}
"""What each role may do, so that a portal draws only the buttons that work."""
