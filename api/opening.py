"""When there is room and when there is none: the places of an activity, the days the town closes."""

from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import openapi, schemas_town
from api.answers import JSONAnswer
from api.calendar import AT_ONCE_DAYS
from api.cursors import bounded_period
from api.door import doors
from api.fields import Day, SlugText
from api.office import AtCounter, AtInstant, Office, Said
from api.problems import not_found
from api.town_bodies import CapacityAsked, ClosureAsked
from commands.change_capacity import ChangeCapacity
from commands.close_day import CloseDay, ReopenDay
from ledger.identifiers import Slug
from projections import places, town
from rulebook.town import Rules

router = doors("commune")

LONGEST_PERIOD_DAYS = 400


async def _rules(at: Office, first: date, last: date) -> Rules:
    versions, closures = await at.known([]).ask(
        at.commune, town.rulebooks(at.commune), town.closures(at.commune, first, last)
    )
    return await at.reader.rules(at.commune, versions, closures)


@router.get(
    "/activities/{activity}/places",
    summary="Les places d'une activité",
    responses=openapi.answered(200, schemas_town.ActivityPlaces),
)
async def places_of(
    activity: SlugText,
    at: AtInstant,
    first: Annotated[Day, Query(alias="from", description="Premier jour, inclus.")],
    last: Annotated[Day, Query(alias="to", description="Dernier jour, inclus.")],
) -> JSONAnswer:
    """Every slot with its places: how many there are, how many are taken, and by how many they are exceeded."""
    bounded_period(first, last, most_days=LONGEST_PERIOD_DAYS)
    slug = Slug(activity)
    rules = await _rules(at, first, last)
    [counts] = await at.known([]).ask(at.commune, places.counts(at.commune, slug, first, last))
    if not counts and all(slug not in rulebook.activities for rulebook in rules.rulebooks):
        raise not_found()
    taken = places.taken(counts)
    if last - first < timedelta(days=AT_ONCE_DAYS):
        slots = places.slots(rules, taken, slug, first, last)
    else:
        slots = await run_in_threadpool(places.slots, rules, taken, slug, first, last)
    return JSONAnswer({"activity": activity, "places": slots})


@router.get("/closures", summary="Les jours fermés", responses=openapi.answered(200, schemas_town.Closures))
async def closures(
    at: AtInstant,
    first: Annotated[Day, Query(alias="from", description="Premier jour, inclus.")],
    last: Annotated[Day, Query(alias="to", description="Dernier jour, inclus.")],
) -> JSONAnswer:
    """The days the town closed, and those its rulebook announces."""
    bounded_period(first, last, most_days=LONGEST_PERIOD_DAYS)
    versions, rows = await at.known([]).ask(
        at.commune, town.rulebooks(at.commune), town.closures(at.commune, first, last)
    )
    rules = await at.reader.rules(at.commune, versions)
    decided = [{**row, "announced": False} for row in rows]
    announced = [_announced(*closure) for closure in rules.announced_closures(first, last)]
    found = sorted(decided + announced, key=lambda row: (row["day"], row["activity"] or "", row["site"] or ""))
    return JSONAnswer({"closures": found})


def _announced(day: date, activity: Slug, reason: Slug) -> dict[str, Any]:
    return {"day": day, "activity": activity, "site": None, "reason": reason, "announced": True}


_NOT_CLOSABLE = openapi.documented(
    "no_rulebook", "unknown_activity", "unknown_site", "unknown_reason", "already_closed"
)


@router.post(
    "/closures",
    status_code=201,
    summary="Fermer un jour",
    responses=openapi.answered(201, schemas_town.Closure) | _NOT_CLOSABLE,
)
async def close(asked: ClosureAsked, at: AtCounter) -> Response:
    """Closes a day. What was reserved stays written; nobody is expected."""
    command = CloseDay(
        day=asked.day,
        reason=Slug(asked.reason),
        activity=Slug(asked.activity) if asked.activity else None,
        site=Slug(asked.site) if asked.site else None,
    )
    content = {**asked.model_dump(mode="json"), "announced": False}
    return await at.run(command, lambda _: Said(status=201, content=content))


@router.delete(
    "/closures/{day}",
    summary="Rouvrir un jour",
    responses=openapi.answered(200, schemas_town.Reopened) | openapi.documented("not_closed"),
)
async def reopen(day: Day, at: AtCounter, activity: SlugText | None = None, site: SlugText | None = None) -> Response:
    """Lifts a closure, named by the same day, activity and site."""
    command = ReopenDay(day=day, activity=Slug(activity) if activity else None, site=Slug(site) if site else None)
    said = Said(status=200, content={"day": day, "activity": activity, "site": site, "closed": False})
    return await at.run(command, lambda _: said)


@router.post(
    "/capacities",
    summary="Changer le nombre de places",
    responses=openapi.answered(200, schemas_town.Capacity)
    | openapi.documented("unknown_activity", "not_a_day_of_this_activity", "unknown_place"),
)
async def change_capacities(asked: CapacityAsked, at: AtCounter) -> Response:
    """Sets the places of some days. Nobody loses a reservation: an excess is shown, and new requests are refused."""
    command = ChangeCapacity(
        activity=Slug(asked.activity),
        unit=Slug(asked.unit),
        days=asked.days,
        places=asked.places,
        pool=asked.pool,
    )
    return await at.run(command, lambda _: Said(status=200, content=asked.model_dump(mode="json")))
