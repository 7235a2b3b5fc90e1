"""The months of the régie: how far each is, its draft, what is missing, its close."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import orjson
from fastapi.responses import Response
from pydantic import ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from api import openapi, schemas_billing
from api.answers import JSONAnswer
from api.asking import Rows
from api.billing.pricing import missing_shown
from api.billing.shown import asked
from api.cursors import PageAsked, read_place
from api.door import doors
from api.fields import MAX_NUMBER, Month, StrictModel, read_id, read_instant
from api.french_billing import MISSING, STATES
from api.french_bills import NATURES
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
    """The draft that was looked at, by its position; `leave_out` closes without the days that cannot be billed yet."""

    position: Annotated[int, Field(ge=0, le=MAX_NUMBER, examples=[18_342])]
    leave_out: bool = False

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
    closed, issued = await asked(at, questions.closed_months(at.commune), standing.issued_of_months(at.commune))
    counted = {row["month"]: row["titres"] for row in issued}
    said = [_closed(row, counted.get(row["month"], 0)) for row in closed]
    if at.as_of is None:
        [drafted] = await at.reader.ask(at.commune, standing.drafted_months(at.commune))
        found = await at.reader.ask(
            at.commune, *(drafts.draft_of(at.commune, BilledMonth(row["month"])) for row in drafted)
        )
        said += [_drafted(row) for rows in found for row in rows]
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
        return {**_closed(closed[0], issued["titres"]), "lines": issued["lines"], **_totals(totals)}
    if at.as_of is None:
        [rows] = await at.reader.ask(at.commune, drafts.draft_of(at.commune, month))
        if rows:
            return _drafted(rows[0])
    return _nothing(month)


@router.post(
    "/billing/{month}/draft",
    status_code=202,
    summary="Demander un projet de facturation",
    responses=openapi.answered(202, schemas_billing.DraftUnderWay, located=True)
    | openapi.documented("month_closed", "month_not_begun"),
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
    [rows] = await office.reader.ask(office.commune, drafts.draft_of(office.commune, wanted))
    command = CloseMonth(month=wanted, position=asked.position, draft=_found(rows), leave_out=asked.leave_out)

    def said(_: Result) -> Said:
        content = {
            "month": wanted,
            "state": "closing",
            "state_label": STATES["closing"],
            "position": asked.position,
        }
        return Said(status=202, content=content, location=f"/v1/{office.commune}/billing/{wanted}")

    answer = await at.run(command, said)
    return _come_back(answer) if answer.status_code == 202 else answer


def _found(rows: Rows) -> DraftFound | None:
    """The draft a month may be closed on: one that is ready."""
    row = next((row for row in rows if row["state"] == "ready"), None)
    if row is None:
        return None
    summary: drafts.Summary = row["summary"]
    return DraftFound(
        position=row["position"],
        after=row["after_month"],
        titres=summary["bills"],
        total_cents=summary["total_cents"],
        digest=row["digest"],
        missing=sum(summary["missing"].values()),
    )


def _come_back(answer: Response) -> Response:
    answer.headers["Retry-After"] = str(COME_BACK_SECONDS)
    return answer


# How a month is shown -----------------------------------------------------------------------------------------------


def _nothing(month: str) -> dict[str, Any]:
    """A month of which nothing was billed."""
    return {
        "month": month,
        "state": "open",
        "state_label": STATES["open"],
        "position": None,
        "asked_at": None,
        "ended_at": None,
        "households": 0,
        "households_done": 0,
        "error": None,
        "digest": None,
        "titres": 0,
        "issued": 0,
        "first_number": None,
        "lines": 0,
        "total_cents": 0,
        "by_nature": [],
        "by_code": [],
        "regularised_cents": 0,
        "missing": [],
        "meanwhile": [],
        "left_out": 0,
        "issued_on": None,
        "due_on": None,
        "closed_at": None,
    }


def _closed(row: Mapping[str, Any], issued: int) -> dict[str, Any]:
    """A month that is closed; `closing` until its last titre is issued."""
    state = "closed" if issued >= row["titres"] else "closing"
    shown = ("position", "digest", "titres", "total_cents", "left_out", "issued_on", "due_on", "closed_at")
    return {
        **_nothing(row["month"]),
        **{name: row[name] for name in shown},
        "state": state,
        "state_label": STATES[state],
        "issued": issued,
        "first_number": f"{row['year']}-{row['first_number']:06d}" if row["titres"] else None,
    }


def _drafted(row: Mapping[str, Any]) -> dict[str, Any]:
    """A month that has a draft, or waits for one; one that failed is open, and says why."""
    state = {"ready": "draft", "failed": "open"}.get(row["state"], "drafting")
    shown = ("asked_at", "ended_at", "households", "households_done", "error")
    said = {**_nothing(row["month"]), **{name: row[name] for name in shown}}
    if state == "draft":
        said |= {"position": row["position"], "digest": row["digest"], **_summed(row["summary"])}
    return {**said, "state": state, "state_label": STATES[state]}


def _summed(summary: drafts.Summary) -> dict[str, Any]:
    return {
        "titres": summary["bills"],
        "lines": summary["lines"],
        "total_cents": summary["total_cents"],
        "by_nature": [
            {"nature": nature, "nature_label": NATURES[nature], "amount_cents": cents}  # type: ignore[index]
            for nature, cents in summary["by_nature"].items()
        ],
        "by_code": [{"code": code, "amount_cents": cents} for code, cents in summary["by_code"].items()],
        "regularised_cents": summary["regularised_cents"],
        "missing": _reasons(summary["missing"]),
        "meanwhile": _reasons(summary["meanwhile"]),
    }


def _reasons(counted: Mapping[str, int]) -> list[dict[str, Any]]:
    return [
        {"why": why, "why_label": MISSING[why], "days": days}  # type: ignore[index]
        for why, days in sorted(counted.items())
    ]


def _totals(rows: Rows) -> dict[str, Any]:
    """Of a closed month, as its titres were issued."""
    by_nature: dict[str, int] = {}
    by_code: dict[str, int] = {}
    for row in rows:
        by_nature[row["nature"]] = by_nature.get(row["nature"], 0) + row["amount_cents"]
        by_code[row["code"]] = by_code.get(row["code"], 0) + row["amount_cents"]
    return {
        "by_nature": [
            {"nature": nature, "nature_label": NATURES[nature], "amount_cents": cents}  # type: ignore[index]
            for nature, cents in sorted(by_nature.items())
        ],
        "by_code": [{"code": code, "amount_cents": cents} for code, cents in sorted(by_code.items())],
        "regularised_cents": sum(row["amount_cents"] for row in rows if row["regularises"] is not None),
    }
