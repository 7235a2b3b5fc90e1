"""The town: its rulebooks, its activities and their places, the days it closes."""

from datetime import date, timedelta
from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import Response
from pydantic import Field

from api import openapi, schemas_town
from api.answers import JSONAnswer
from api.cursors import AsOf
from api.door import doors
from api.fields import Day, SlugText
from api.office import AtCounter, AtOffice, Office, Said
from api.problems import invalid_field, not_found
from api.tokens import only
from api.town_bodies import CapacityAsked, ClosureAsked, RulebookText
from commands.adopt_rulebook import AdoptRulebook
from commands.change_capacity import ChangeCapacity
from commands.close_day import CloseDay, ReopenDay
from commands.execute import Result
from ledger.identifiers import Slug
from projections import places, town
from rulebook.explain import explain
from rulebook.rulebook import Activity, Rulebook
from rulebook.town import Rules

router = doors("commune")

LONGEST_PERIOD_DAYS = 400


async def _rules(at: Office, first: date, last: date) -> Rules:
    versions, closures = await at.reader.ask(
        at.commune, town.rulebooks(at.commune), town.closures(at.commune, first, last)
    )
    return await at.reader.rules(at.commune, versions, closures)


@router.get(
    "/rulebook", summary="Le règlement en vigueur", responses=openapi.answered(200, schemas_town.RulebookInForce)
)
async def in_force(
    at: AtOffice,
    as_of: AsOf,
    day: Annotated[Day | None, Query(description="Le jour concerné; aujourd'hui par défaut.")] = None,
) -> JSONAnswer:
    """The rulebook in force on a day, as it was known at an instant, with its sentences and its closed lists."""
    [versions] = await at.reader.ask(at.commune, town.rulebooks(at.commune, known_at=as_of))
    rules = await at.reader.rules(at.commune, versions)
    wanted = day or _today(rules, at)
    rulebook = rules.on(wanted)
    if rulebook is None:
        raise not_found()
    row = next(row for row in versions if row["version"] == rulebook.version)
    return JSONAnswer({**_version(row), **_described(rulebook), "sentences": explain(rulebook)})


def _today(rules: Rules, at: Office) -> date:
    zone = rules.rulebooks[-1].timezone if rules.rulebooks else None
    return at.now.astimezone(zone).date()


def _version(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("version", "in_force_from", "adopted_at", "digest")}


def _described(rulebook: Rulebook) -> dict[str, Any]:
    return {
        "name": rulebook.name,
        "title": rulebook.title,
        "zone": rulebook.zone,
        "timezone": str(rulebook.timezone),
        "reasons": {
            "refusal": dict(rulebook.refusal_reasons),
            "derogation": dict(rulebook.derogation_reasons),
            "absence": dict(rulebook.absence_reasons),
            "closure": dict(rulebook.closure_reasons),
        },
    }


@router.get(
    "/rulebook/versions",
    summary="Les règlements adoptés",
    responses=openapi.answered(200, schemas_town.RulebookVersions),
)
async def versions(at: AtOffice, as_of: AsOf) -> JSONAnswer:
    """Every version, in the order they were adopted."""
    [rows] = await at.reader.ask(at.commune, town.rulebooks(at.commune, known_at=as_of))
    return JSONAnswer({"versions": [_version(row) for row in rows]})


@router.get(
    "/rulebook/versions/{version}",
    summary="Le texte d'un règlement",
    responses=openapi.answered(200, schemas_town.RulebookContent),
)
async def text(version: Annotated[str, Field(max_length=64)], at: AtOffice) -> JSONAnswer:
    """The whole text of a version, as adopted."""
    [rows] = await at.reader.ask(at.commune, town.rulebooks(at.commune))
    row = next((row for row in rows if row["version"] == version), None)
    if row is None:
        raise not_found()
    [texts] = await at.reader.ask(at.commune, town.contents(at.commune, [row["version"]]))
    return JSONAnswer({**_version(row), "content": texts[0]["content"]})


@router.post(
    "/rulebook/versions",
    status_code=201,
    summary="Adopter un règlement",
    responses=openapi.answered(201, schemas_town.RulebookVersion)
    | openapi.documented("rulebook_unsound", "rulebook_of_another_town", "version_already_adopted"),
    dependencies=[only("admin")],
)
async def adopt(asked: RulebookText, at: AtCounter) -> Response:
    """Adopts a rulebook: it governs from its day, and is kept for ever."""

    def said(result: Result) -> Said:
        [row] = [change.row for change in result.prepared.changes if change.table == "rulebooks"]
        return Said(status=201, content=_version(row))

    return await at.run(AdoptRulebook(content=asked.content), said)


@router.get("/activities", summary="Les activités", responses=openapi.answered(200, schemas_town.Activities))
async def activities(
    at: AtOffice, day: Annotated[Day | None, Query(description="Le jour concerné; aujourd'hui par défaut.")] = None
) -> JSONAnswer:
    """What the rulebook in force offers."""
    [versions] = await at.reader.ask(at.commune, town.rulebooks(at.commune))
    rules = await at.reader.rules(at.commune, versions)
    rulebook = rules.on(day or _today(rules, at))
    found = rulebook.activities.values() if rulebook else ()
    return JSONAnswer({"activities": [_activity(activity) for activity in found]})


def _activity(activity: Activity) -> dict[str, Any]:
    return {
        "activity": activity.slug,
        "name": activity.name,
        "category": activity.category,
        "instruction": activity.instruction,
        "article": activity.article,
        "units": [
            {
                "unit": unit.slug,
                "name": unit.name,
                "starts_at": unit.starts_at.isoformat("minutes") if unit.starts_at else None,
                "ends_at": unit.ends_at.isoformat("minutes") if unit.ends_at else None,
                "excludes": sorted(unit.excludes),
                "requires": sorted(unit.requires),
            }
            for unit in activity.units.values()
        ],
        "sites": [{"site": slug, "name": name} for slug, name in activity.sites.items()],
        "groups": [{"group": slug, "name": name} for slug, name in activity.groups.items()],
    }


@router.get(
    "/activities/{activity}/places",
    summary="Les places d'une activité",
    responses=openapi.answered(200, schemas_town.ActivityPlaces),
    dependencies=[only("agent", "auditor")],
)
async def places_of(
    activity: SlugText,
    at: AtOffice,
    first: Annotated[Day, Query(alias="from", description="Premier jour, inclus.")],
    last: Annotated[Day, Query(alias="to", description="Dernier jour, inclus.")],
) -> JSONAnswer:
    """Every slot with its places: how many there are, how many are taken, and by how many they are exceeded."""
    if not timedelta(0) <= last - first <= timedelta(days=LONGEST_PERIOD_DAYS):
        raise invalid_field("query", "to", "period_expected")
    slug = Slug(activity)
    rules = await _rules(at, first, last)
    [counts] = await at.reader.ask(at.commune, places.counts(at.commune, slug, first, last))
    if not counts and all(slug not in rulebook.activities for rulebook in rules.rulebooks):
        raise not_found()
    slots = places.slots(rules, places.taken(counts), slug, first, last)
    return JSONAnswer({"activity": activity, "places": slots})


@router.get("/closures", summary="Les jours fermés", responses=openapi.answered(200, schemas_town.Closures))
async def closures(
    at: AtOffice,
    first: Annotated[Day, Query(alias="from", description="Premier jour, inclus.")],
    last: Annotated[Day, Query(alias="to", description="Dernier jour, inclus.")],
) -> JSONAnswer:
    """The days the town closed, and those its rulebook announces."""
    if not timedelta(0) <= last - first <= timedelta(days=LONGEST_PERIOD_DAYS):
        raise invalid_field("query", "to", "period_expected")
    versions, rows = await at.reader.ask(at.commune, town.rulebooks(at.commune), town.closures(at.commune, first, last))
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
    dependencies=[only("agent")],
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
    dependencies=[only("agent")],
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
    dependencies=[only("agent")],
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
