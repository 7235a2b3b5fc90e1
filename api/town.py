"""The town: its rulebooks and its activities."""

from typing import Annotated, Any

from fastapi import Query
from fastapi.responses import Response
from pydantic import Field

from api import openapi, schemas_town
from api.answers import JSONAnswer
from api.door import doors
from api.fields import Day
from api.french_formalities import KINDS
from api.office import AtCounter, AtInstant, Said
from api.problems import not_found
from api.town_bodies import RulebookText
from commands.adopt_rulebook import AdoptRulebook
from commands.execute import Result
from commands.town_days import town_day
from projections import town
from rulebook.explain import explain
from rulebook.rulebook import Activity, Rulebook

router = doors("commune")


@router.get(
    "/rulebook", summary="Le règlement en vigueur", responses=openapi.answered(200, schemas_town.RulebookInForce)
)
async def in_force(
    at: AtInstant,
    day: Annotated[
        Day | None, Query(description="Le jour concerné ; par défaut celui de `as_of`, sinon aujourd'hui.")
    ] = None,
) -> JSONAnswer:
    """The rulebook in force on a day, as it was known at an instant, with its sentences and its closed lists."""
    [versions] = await at.known([]).ask(at.commune, town.rulebooks(at.commune))
    rules = await at.reader.rules(at.commune, versions)
    wanted = day or town_day(rules, at.now)
    rulebook = rules.on(wanted)
    if rulebook is None:
        raise not_found()
    row = next(row for row in versions if row["version"] == rulebook.version)
    return JSONAnswer({**_version(row), **_described(rulebook), "sentences": explain(rulebook)})


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
        "formalities": {
            kind: {
                "label": KINDS[kind],
                "instruction": formality.instruction,
                "document": formality.document,
                "article": formality.article,
            }
            for kind, formality in rulebook.formalities.items()
        },
    }


@router.get(
    "/rulebook/versions",
    summary="Les règlements adoptés",
    responses=openapi.answered(200, schemas_town.RulebookVersions),
)
async def versions(at: AtInstant) -> JSONAnswer:
    """Every version, in the order they were adopted."""
    [rows] = await at.known([]).ask(at.commune, town.rulebooks(at.commune))
    return JSONAnswer({"versions": [_version(row) for row in rows]})


@router.get(
    "/rulebook/versions/{version}",
    summary="Le texte d'un règlement",
    responses=openapi.answered(200, schemas_town.RulebookContent),
)
async def text(version: Annotated[str, Field(max_length=64)], at: AtInstant) -> JSONAnswer:
    """The whole text of a version, as adopted."""
    [rows] = await at.known([]).ask(at.commune, town.rulebooks(at.commune))
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
    | openapi.documented(
        "rulebook_unsound", "rulebook_of_another_town", "version_already_adopted", "rulebook_over_closed_month"
    ),
)
async def adopt(asked: RulebookText, at: AtCounter) -> Response:
    """Adopts a rulebook: it governs from its day, and is kept for ever."""

    def said(result: Result) -> Said:
        row = result.row_of("rulebooks")
        return Said(status=201, content=_version(row))

    return await at.run(AdoptRulebook(content=asked.content), said)


@router.get("/activities", summary="Les activités", responses=openapi.answered(200, schemas_town.Activities))
async def activities(
    at: AtInstant,
    day: Annotated[
        Day | None, Query(description="Le jour concerné ; par défaut celui de `as_of`, sinon aujourd'hui.")
    ] = None,
) -> JSONAnswer:
    """What the rulebook in force offers."""
    [versions] = await at.known([]).ask(at.commune, town.rulebooks(at.commune))
    rules = await at.reader.rules(at.commune, versions)
    rulebook = rules.on(day or town_day(rules, at.now))
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
