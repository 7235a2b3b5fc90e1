"""Children who bring their own meal: what was decided, from when, and never why."""

from collections.abc import Mapping
from typing import Any

from fastapi.responses import Response

from api import openapi, schemas_tariffs
from api.answers import JSONAnswer
from api.door import doors
from api.fields import Day, IdText, SlugText, StrictModel
from api.formality_bodies import example
from api.office import AtInstant, AtVersionedCounter, Said
from commands.decide_meal_brought import DecideMealBrought
from commands.execute import Result
from ledger.identifiers import ChildId, Slug
from ledger.streams import child_page
from projections import families

router = doors("enfants")


class MealBroughtAsked(StrictModel):
    """From a day on, a child brings its own meal to an activity, or does so no more."""

    activity: SlugText
    brought: bool
    first_day: Day

    model_config = example(activity="restauration-scolaire", brought=True, first_day="2024-02-01")


def _said(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in ("activity", "brought", "first_day", "decided_at")}


@router.get(
    "/children/{child}/meals",
    summary="Les repas apportés par un enfant",
    responses=openapi.answered(200, schemas_tariffs.MealsBrought, etag=True),
)
async def meals(child: IdText, at: AtInstant) -> JSONAnswer:
    """The latest first. Of two from the same day, the one decided last counts: it comes before the other."""
    known = ChildId(child)
    _, (rows, [version]) = await at.ask_about(
        known, families.meals_brought_of(at.commune, known), families.version_of(child_page(at.commune, known))
    )
    return at.tagged({"child": child, "meals": [_said(row) for row in rows]}, version=version["version"])


@router.post(
    "/children/{child}/meals",
    status_code=201,
    summary="Décider qu'un enfant apporte son repas",
    responses=openapi.answered(201, schemas_tariffs.MealBrought, etag=True, located=True)
    | openapi.documented("unknown_activity"),
)
async def decide(child: IdText, asked: MealBroughtAsked, at: AtVersionedCounter) -> Response:
    """The agreement that says why (a PAI) stays where it is: the ledger knows that the meal is brought, from when."""
    known, commune = ChildId(child), at.office.commune
    await at.office.standings([known])
    command = DecideMealBrought(
        child=known, activity=Slug(asked.activity), brought=asked.brought, first_day=asked.first_day
    )

    def decided(result: Result) -> Said:
        row = result.row_of("meals_brought")
        return Said(status=201, content=_said(row), location=f"/v1/{commune}/children/{child}/meals")

    return await at.run(command, decided, about=child_page(commune, known))
