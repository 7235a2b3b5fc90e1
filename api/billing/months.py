"""The months of the régie: how far each is, its draft, what is missing, its close."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi.responses import Response
from pydantic import ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api import openapi, schemas_billing
from api.answers import JSONAnswer
from api.asking import Rows
from api.billing.months_shown import closed_shown, drafted_shown, nothing_of, totals_shown
from api.billing.pricing import missing_shown
from api.billing.shown import asked
from api.cursors import PageAsked, read_place
from api.door import doors
from api.fields import MAX_NUMBER, Month, StrictModel, read_id, read_instant
from api.french_billing import STATES
from api.office import AtCounter, AtInstant, AtOffice, Office, Said
from commands.ask_draft import AskDraft
from commands.close_month import CloseMonth, DraftFound
from commands.execute import Result
from ledger.codec import converter
from ledger.identifiers import Month as BilledMonth
from projections.billing import drafts, questions, standing
from projections.billing.family import MissingDay

router = doors("facturation")

COME_BACK_SECONDS: Final = 2
_CONVERTER: Final = converter()


class CloseAsked(StrictModel):
    """The draft that was looked at, by its position; `leave_out` closes without the days that cannot be billed yet.

    `from_here` lets a town that has closed no month begin with this one: nothing before it is ever billed here.
    """

    position: Annotated[int, Field(ge=0, le=MAX_NUMBER, examples=[18_342])]
    leave_out: bool = False
    from_here: bool = False

    model_config = ConfigDict(json_schema_extra={"examples": [{"position": 18_342}]})


class DraftAsked(StrictModel):
    """Nothing to say: of all that is recorded by now."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


@router.get(
    "/billing",
    summary="Les mois clôturés, et ceux qui ont un projet de facturation",
    responses=openapi.answered(200, schemas_billing.Months),
)
async def months(at: AtInstant) -> JSONAnswer:
    """In the order of the calendar. Drafts have no past: asked of an instant, only what was closed then is told."""
    closed, issued = await asked(at, questions.closed_months(at.commune), standing.issued_of_last(at.commune))
    counted: dict[str, int] = {row["month"]: row["titres"] for row in issued}
    said = [closed_shown(row, counted[row["month"]] if row["month"] in counted else row["titres"]) for row in closed]
    if at.as_of is None:
        [drafted] = await at.reader.ask(at.commune, standing.drafted_months(at.commune))
        found = await at.reader.ask(
            at.commune, *(drafts.draft_of(at.commune, BilledMonth(row["month"])) for row in drafted)
        )
        said += [drafted_shown(row) for rows in found for row in rows]
    return JSONAnswer({"months": sorted(said, key=lambda each: str(each["month"]))})


@router.get(
    "/billing/{month}",
    summary="Un mois de la régie : où il en est, ce à quoi il se monte, ce qui manque",
    responses=openapi.answered(200, schemas_billing.MonthKnown),
)
async def one(month: Month, at: AtInstant) -> JSONAnswer:
    """A month nobody has billed is open."""
    return JSONAnswer(await _known(at, BilledMonth(month)))


async def _known(at: Office, month: BilledMonth) -> dict[str, Any]:
    closed, [issued], totals = await asked(
        at,
        questions.closed_month(at.commune, month),
        questions.issued_so_far(at.commune, month),
        questions.totals_of_month(at.commune, month),
    )
    if closed:
        return {**closed_shown(closed[0], issued["titres"]), "lines": issued["lines"], **totals_shown(totals)}
    if at.as_of is None:
        [rows] = await at.reader.ask(at.commune, drafts.draft_of(at.commune, month))
        if rows:
            return drafted_shown(rows[0])
    return nothing_of(month)


@router.post(
    "/billing/{month}/draft",
    status_code=202,
    summary="Demander un projet de facturation",
    responses=openapi.answered(202, schemas_billing.DraftUnderWay, located=True)
    | openapi.documented("month_closed", "month_not_begun", "no_rulebook"),
)
async def draft(month: Month, _: DraftAsked, at: AtCounter) -> Response:
    """Worked out beside, from all that is recorded by now: come back to see how far it is."""
    wanted, office = BilledMonth(month), at.office

    def said(_: Result) -> Said:
        content = {"month": wanted, "state": "drafting", "state_label": STATES["drafting"], "asked_at": office.now}
        return Said(status=202, content=content, location=f"/v1/{office.commune}/billing/{wanted}")

    answer = await at.run(AskDraft(month=wanted), said)
    if answer.status_code != 202:
        return answer
    # What was asked under the key is asked for, were it the answer alone that was kept before a kill.
    instant = read_instant(orjson.loads(answer.body)["asked_at"])
    ask = office.request.app.state.drafts.ask
    await run_in_threadpool(ask, office.commune, wanted, by=office.caller.subject, at=instant)
    return _come_back(answer)


@router.get(
    "/billing/{month}/missing",
    summary="Les jours d'un mois qui ne peuvent pas encore être facturés",
    responses=openapi.answered(200, schemas_billing.MissingDays),
)
async def missing(month: Month, at: AtOffice, page: PageAsked) -> JSONAnswer:
    """Household by household. Days `billed` meanwhile hold nothing up."""
    after = page.after("missing", (str,))
    wanted = drafts.missing_in_draft(
        at.commune, BilledMonth(month), after=read_place(read_id, after[0]) if after else "", limit=page.limit + 1
    )
    [rows] = await at.reader.ask(at.commune, wanted)
    shown, following = page.part("missing", rows, lambda row: (row["household"],))
    said = [{"household": row["household"], "days": _missing_days(row["missing_days"])} for row in shown]
    at.saw(*(row["household"] for row in said), *(day["child"] for row in said for day in row["days"]))
    return JSONAnswer({"month": month, "households": said, "next": following})


def _missing_days(said: list[Any]) -> list[dict[str, Any]]:
    days = _CONVERTER.structure(said, list[MissingDay])
    return [{**missing_shown(day), "billed": day.billed} for day in days]


@router.post(
    "/billing/{month}/close",
    status_code=202,
    summary="Clôturer un mois sur le projet de facturation qu'on a lu",
    responses=openapi.answered(202, schemas_billing.Closing, located=True)
    | openapi.documented(
        "month_closed",
        "month_not_over",
        "month_out_of_order",
        "month_incomplete",
        "draft_missing",
        "draft_stale",
        "regie_missing",
    ),
)
async def close(month: Month, asked: CloseAsked, at: AtCounter) -> Response:
    """Once and for ever: the titres follow by themselves. The same close again is answered the same."""
    wanted, office = BilledMonth(month), at.office
    rows, [held], [unknown], closed, [issued] = await office.reader.ask(
        office.commune,
        drafts.draft_of(office.commune, wanted),
        drafts.held(office.commune, wanted),
        drafts.unknown_since(office.commune, asked.position),
        questions.closed_month(office.commune, wanted),
        questions.issued_so_far(office.commune, wanted),
    )
    state: Literal["closing", "closed"] = "closing"
    if closed and issued["titres"] >= closed[0]["titres"]:
        state = "closed"
    command = CloseMonth(
        month=wanted,
        position=asked.position,
        draft=_found(rows, held, unknown["since"]),
        leave_out=asked.leave_out,
        from_here=asked.from_here,
    )

    def said(_: Result) -> Said:
        content = {
            "month": wanted,
            "state": state,
            "state_label": STATES[state],
            "position": asked.position,
        }
        return Said(status=202, content=content, location=f"/v1/{office.commune}/billing/{wanted}")

    answer = await at.run(command, said)
    return _come_back(answer) if answer.status_code == 202 else answer


def _found(rows: Rows, held: Mapping[str, Any], unknown_since: datetime | None) -> DraftFound | None:
    """The draft a month may be closed on: one that is ready."""
    row = next((row for row in rows if row["state"] == "ready"), None)
    if row is None:
        return None
    summary: drafts.Summary = row["summary"]
    said = (row["digest"], summary["bills"], summary["total_cents"])
    return DraftFound(
        position=row["position"],
        after=row["after_month"],
        titres=summary["bills"],
        total_cents=summary["total_cents"],
        digest=row["digest"],
        missing=sum(summary["missing"].values()),
        earliest=summary.get("earliest"),
        held=said == (held["digest"], held["titres"], held["total_cents"]),
        unknown_since=unknown_since,
    )


def _come_back(answer: Response) -> Response:
    answer.headers["Retry-After"] = str(COME_BACK_SECONDS)
    return answer
