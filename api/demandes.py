"""Demandes: submitted, previewed, read, withdrawn."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Depends, Query
from fastapi.responses import Response

from api import french, openapi, schemas
from api.answers import JSONAnswer
from api.cursors import Page, PageAsked, write_cursor
from api.demande_bodies import DemandeAsked
from api.door import doors
from api.fields import Day, IdText, NumberText, SlugText, read_instant
from api.office import AtOffice, AtVersionedCounter, Office, Said
from api.problems import Problem, invalid_field, not_found
from api.refusals import errors_of, problem_of
from api.tokens import only
from commands.declare_absence import DeclareAbsence
from commands.execute import Result
from commands.outcome import Accepted, Command, Refused
from commands.submit_demande import SubmitDemande, Wish
from commands.wishes import Repeat
from commands.withdraw_demande import WithdrawDemande
from ledger.identifiers import ChildId, DemandeNumber, HouseholdId, Slug
from ledger.rows import merged
from ledger.streams import child_page
from projections import demandes as history

router = doors("demandes")

Status = Literal["en_cours", "traitee_positivement", "traitee_negativement", "retiree"]


async def _command(asked: DemandeAsked, at: Office) -> Command:
    """The command a family or an agent means. Raises not found for a child the caller may not act for."""
    note = asked.counter
    if note is not None and at.caller.role != "agent":
        raise not_found()
    children = dict.fromkeys(ChildId(child) for child in [asked.child, *asked.also_for])
    households = await at.households_for(children)
    origin: Literal["family", "counter"] = "family" if at.caller.role == "guardian" else "counter"
    derogation = Slug(note.derogation) if note and note.derogation else None
    if asked.kind == "absence":
        child = ChildId(asked.child)
        assert asked.reason is not None
        return DeclareAbsence(
            child=child,
            household=households[child],
            activity=Slug(asked.activity),
            days=[(wanted.day, Slug(wanted.unit)) for wanted in asked.absent],
            reason=Slug(asked.reason),
            document=asked.document,
            origin=origin,
            derogation=derogation,
        )
    wishes = [Wish(day=wanted.day, unit=Slug(wanted.unit), action="cancel") for wanted in asked.cancel]
    wishes += [Wish(day=wanted.day, unit=Slug(wanted.unit), action="reserve") for wanted in asked.reserve]
    if len({(wish.day, wish.unit) for wish in wishes}) < len(wishes):
        raise invalid_field("body", "reserve", "asked_twice")
    repeats = asked.repeats()
    if _contradictory(repeats):
        raise invalid_field("body", "repeat", "asked_twice")
    return SubmitDemande(
        children=households,
        activity=Slug(asked.activity),
        wishes=wishes,
        repeats=repeats,
        partial=asked.partial,
        origin=origin,
        derogation=derogation,
        approve=note is not None and note.approve,
    )


def _contradictory(repeats: Sequence[Repeat]) -> bool:
    """Whether one repetition ticks a box that another unticks."""
    ticked: dict[tuple[date, Slug], str] = {}
    wishes = (wish for repeat in repeats for wish in repeat.wishes())
    return any(ticked.setdefault((wish.day, wish.unit), wish.action) != wish.action for wish in wishes)


def _received(asked: DemandeAsked, at: Office) -> datetime | None:
    received = asked.counter.received_at if asked.counter else None
    if received is not None and received > at.now:
        raise invalid_field("body", "counter.received_at", "in_the_future")
    return received


def rendered(row: Mapping[str, Any]) -> dict[str, Any]:
    """A demande as every answer shows it."""
    days: Sequence[Mapping[str, Any]] = row["days"]
    outcomes = {day["outcome"] for day in days}
    return {
        "number": row["number"] if row["number"] > 0 else None,
        "kind": row["kind"],
        "status": row["status"],
        "status_label": french.status_label(row["status"]),
        "child": row["child"],
        "activity": row["activity"],
        "origin": row["origin"],
        "submitted_at": row["submitted_at"],
        "decided_at": row["decided_at"],
        "partial": "approved" in outcomes and len(outcomes) > 1,
        "derogation": row["derogation"],
        "reason": row["reason"],
        "document": row["document"],
        "rulebook": days[0]["rulebook"],
        "days": days,
    }


def written(result: Result) -> list[dict[str, Any]]:
    """The demandes a command wrote or would write, in the order of their numbers."""
    rows = merged(result.prepared.changes).get("demandes", {"put": []})["put"]
    return [rendered(row) for row in sorted(rows, key=lambda row: (row["number"], row["child"]))]


def _submitted(result: Result) -> Said:
    assert isinstance(result.outcome, Accepted)
    left_out = errors_of(result.outcome.left_out, result.rules)
    said = {"demandes": written(result), "left_out": [error.content() for error in left_out]}
    return Said(status=201, content=said)


_REFUSALS = openapi.documented(
    "deadline_passed",
    "not_open_yet",
    "no_place_left",
    "day_closed",
    "not_a_day_of_this_activity",
    "not_enrolled",
    "outside_enrolment",
    "already_reserved",
    "not_reserved",
    "already_awaiting",
    "unit_conflict",
    "unit_required",
    "exchange_refused",
    "nothing_to_do",
    "too_many_days",
    "unknown_reason",
    "already_declared",
    "recorded_present",
    "absence_not_taken",
    "justification_too_late",
    "document_required",
)


@router.post(
    "/demandes",
    status_code=201,
    summary="Déposer une demande : réserver, annuler, déclarer une absence",
    responses=openapi.answered(201, schemas.Submitted, etag=True) | _REFUSALS,
    dependencies=[only("guardian", "agent")],
)
async def submit(asked: DemandeAsked, at: AtVersionedCounter) -> Response:
    """One demande per child; all of it or nothing, unless `partial`."""
    command = await _command(asked, at.office)
    about = child_page(at.office.commune, ChildId(asked.child))
    return await at.run(command, _submitted, about=about, happened_at=_received(asked, at.office))


@router.post(
    "/demandes/preview",
    summary="Ce que donnerait une demande, sans rien écrire",
    responses=openapi.answered(200, schemas.Previewed)
    | openapi.documented("nothing_to_do", "too_many_days", "unknown_reason"),
    dependencies=[only("guardian", "agent")],
)
async def preview(asked: DemandeAsked, at: AtOffice) -> JSONAnswer:
    """The second step of the portal: what will be asked, and what is impossible."""
    result = await at.preview(await _command(asked, at), happened_at=_received(asked, at))
    outcome = result.outcome
    if isinstance(outcome, Refused) and all(refusal.day is None for refusal in outcome.refusals):
        raise problem_of(outcome, result.rules)
    refusals = outcome.refusals if isinstance(outcome, Refused) else outcome.left_out
    errors = [error.content() for error in errors_of(refusals, result.rules)]
    possible = isinstance(outcome, Accepted)
    return JSONAnswer({"possible": possible, "demandes": written(result), "errors": errors})


async def _wanted(
    child: IdText | None = None,
    household: IdText | None = None,
    status: Status | None = None,
    activity: SlugText | None = None,
    first: Annotated[Day | None, Query(alias="from", description="Premier jour demandé, inclus.")] = None,
    last: Annotated[Day | None, Query(alias="to", description="Dernier jour demandé, inclus.")] = None,
) -> history.Filter:
    return history.Filter(
        child=ChildId(child) if child else None,
        household=HouseholdId(household) if household else None,
        status=status,
        activity=Slug(activity) if activity else None,
        first_day=first,
        last_day=last,
    )


@router.get(
    "/demandes",
    summary="L'historique des demandes",
    responses=openapi.answered(200, schemas.DemandeList),
    dependencies=[only("guardian", "agent", "auditor")],
)
async def listed(
    at: AtOffice,
    page: PageAsked,
    wanted: Annotated[history.Filter, Depends(_wanted)],
    order: Annotated[Literal["newest", "oldest"], Query(description="`oldest` pour une file à instruire.")] = "newest",
) -> JSONAnswer:
    """A guardian reads the demandes of the children they answer for; the town's staff, everybody's."""
    which = replace(wanted, subject=at.caller.subject) if at.caller.role == "guardian" else wanted
    question = history.history(at.commune, which, order=order, after=_after(page, order), limit=page.limit + 1)
    [rows] = await at.reader.ask(at.commune, question)
    shown = rows[: page.limit]
    more = len(rows) > page.limit
    return JSONAnswer({"demandes": [rendered(row) for row in shown], "next": _next(shown, order) if more else None})


def _after(page: Page, order: str) -> history.Place | None:
    place = page.after(f"demandes-{order}", (str, int))
    if place is None:
        return None
    at, number = place
    try:
        submitted_at = read_instant(at)
    except ValueError as error:
        raise Problem("invalid_cursor") from error
    return history.Place(submitted_at=submitted_at, number=DemandeNumber(int(number)))


def _next(shown: Sequence[Mapping[str, Any]], order: str) -> str:
    last = shown[-1]
    return write_cursor(f"demandes-{order}", (last["submitted_at"].isoformat(), last["number"]))


async def found(at: Office, number: int) -> tuple[dict[str, Any], int]:
    """The row of a demande the caller may see, and the version of its child's page; not found otherwise."""
    known = DemandeNumber(number)
    rows, [page] = await at.reader.ask(
        at.commune, history.one(at.commune, known, subject=at.only_for), history.page_version(at.commune, known)
    )
    if not rows:
        raise not_found()
    return rows[0], page["version"]


@router.get(
    "/demandes/{number:digits}",
    summary="Une demande",
    responses=openapi.answered(200, schemas.Demande, etag=True),
    dependencies=[only("guardian", "agent", "auditor")],
)
async def one(number: NumberText, at: AtOffice) -> JSONAnswer:
    """One demande under its number."""
    row, version = await found(at, number)
    return JSONAnswer(rendered(row), version=version)


@router.delete(
    "/demandes/{number:digits}",
    summary="Retirer une demande qui n'est pas décidée",
    responses=openapi.answered(200, schemas.Demande, etag=True) | openapi.documented("already_decided"),
    dependencies=[only("guardian", "agent")],
)
async def withdraw(number: NumberText, at: AtVersionedCounter) -> Response:
    """Takes back the days that still wait."""
    row, _ = await found(at.office, number)
    child = ChildId(row["child"])
    command = WithdrawDemande(child=child, number=DemandeNumber(number))
    return await at.run(command, _withdrawn, about=child_page(at.office.commune, child))


def _withdrawn(result: Result) -> Said:
    return Said(status=200, content=written(result)[0])
