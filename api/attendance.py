"""The day sheet, and what agents write on it."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import Query
from fastapi.responses import Response
from pydantic import ConfigDict, Field

from api import openapi, schemas_town
from api.answers import JSONAnswer
from api.door import doors
from api.fields import Day, IdText, Instant, SlugText, StrictModel
from api.french_erasure import name_of
from api.office import AtCounter, AtInstant, Said
from api.problems import not_found
from api.sealing import AtVault, identities
from commands.execute import Result
from commands.record_attendance import Mark, RecordAttendance
from ledger.identifiers import ChildId, Slug
from projections import day_sheet, pages_of, town

router = doors("présences")

MOST_MARKS = 300


class Line(StrictModel):
    """One child on the sheet; hours only for a unit counted by duration."""

    child: IdText
    presence: Literal["present", "absent"]
    arrived_at: Instant | None = None
    left_at: Instant | None = None


class SheetAsked(StrictModel):
    """Who came, for one unit of one day. Sent again, it corrects what changed."""

    activity: SlugText
    unit: SlugText
    day: Day
    children: Annotated[list[Line], Field(min_length=1, max_length=MOST_MARKS)]

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "activity": "alsh-mercredis",
                    "unit": "journee",
                    "day": "2024-03-27",
                    "children": [{"child": "8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b", "presence": "present"}],
                }
            ]
        }
    )


@router.post(
    "/attendance",
    summary="Pointer les présences",
    responses=openapi.answered(200, schemas_town.Recorded)
    | openapi.documented(
        "not_a_day_of_this_activity",
        "day_not_come",
        "day_closed",
        "times_not_expected",
        "times_out_of_order",
        "child_twice",
    ),
)
async def record(asked: SheetAsked, at: AtCounter) -> Response:
    """Records or corrects a whole sheet at once; a child may be present without a reservation."""
    command = RecordAttendance(
        activity=Slug(asked.activity),
        unit=Slug(asked.unit),
        day=asked.day,
        marks=[
            Mark(child=ChildId(line.child), presence=line.presence, arrived_at=line.arrived_at, left_at=line.left_at)
            for line in asked.children
        ],
    )
    return await at.run(command, _recorded)


def _recorded(result: Result) -> Said:
    changed = [row["child"] for row in result.rows_of("attendance")]
    return Said(status=200, content={"recorded": changed})


@router.get(
    "/activities/{activity}/day-sheet",
    summary="La feuille du jour",
    responses=openapi.answered(200, schemas_town.DaySheet),
)
async def sheet(
    activity: SlugText,
    at: AtInstant,
    day: Annotated[Day, Query(description="Le jour.")],
    unit: SlugText | None = None,
    site: SlugText | None = None,
    group: SlugText | None = None,
    *,
    vault: AtVault,
) -> JSONAnswer:
    """Who is expected and who came: nobody on a closed day, nor a child whose absence is justified.

    `expected` counts children, `expected_by_unit` what is to be prepared.
    """
    slug = Slug(activity)
    question = day_sheet.sheet(
        at.commune,
        slug,
        day,
        unit=Slug(unit) if unit else None,
        site=Slug(site) if site else None,
        group=Slug(group) if group else None,
    )
    known = at.known(pages_of.day(at.commune, slug, day))
    rows, versions, closures = await known.ask(
        at.commune, question, town.rulebooks(at.commune), town.closures(at.commune, day, day)
    )
    rules = await at.reader.rules(at.commune, versions, closures)
    if not rows and rules.activity(slug, day) is None:
        raise not_found()
    names = await identities(at, vault, {row["child"] for row in rows})
    lines = [_line(row, names, closed=rules.closure(slug, day, site=row["site"]) is not None) for row in rows]
    coming = [line for line in lines if line["expected"]]
    said: dict[str, Any] = {
        "activity": activity,
        "day": day,
        "expected": len({line["child"] for line in coming}),
        "expected_by_unit": Counter(line["unit"] for line in coming),
        "children": lines,
    }
    return JSONAnswer(said)


def _line(row: dict[str, Any], names: Mapping[str, Any], *, closed: bool) -> dict[str, Any]:
    return {
        "child": row["child"],
        "name": name_of(names.get(row["child"]), erased=row["erased"]),
        "erased": row["erased"],
        "unit": row["unit"],
        "site": row["site"],
        "group": row["child_group"],
        "state": row["state"],
        "demande": row["demande"],
        "expected": row["state"] in ("reserved", "awaiting_removal") and row["absence"] != "justified" and not closed,
        "absence": "declared" if row["absence"] == "declared_again" else row["absence"],
        "presence": row["presence"],
        "arrived_at": row["arrived_at"],
        "left_at": row["left_at"],
    }
