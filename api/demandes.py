"""Demandes: submitted, previewed, read, withdrawn."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self

from fastapi import Depends, Query
from fastapi.responses import Response
from pydantic import ConfigDict, Field, model_validator

from api import french, openapi
from api.answers import JSONAnswer
from api.cursors import Page, PageAsked, write_cursor
from api.door import doors
from api.fields import Day, IdText, Instant, Number, SlugText, StrictModel
from api.office import AtCounter, AtOffice, AtVersionedCounter, Office, Said, zone_of
from api.problems import invalid_field, not_found
from api.refusals import errors_of, problem_of
from api.tokens import only
from commands.declare_absence import DeclareAbsence
from commands.execute import Result
from commands.outcome import Accepted, Command, Refused
from commands.submit_demande import MOST_DAYS, Repeat, SubmitDemande, Wish
from commands.withdraw_demande import WithdrawDemande
from ledger.identifiers import ChildId, DemandeNumber, HouseholdId, Slug
from ledger.rows import merged
from ledger.streams import child_page
from projections import demandes as history

router = doors("demandes")

MOST_CHILDREN = 12
MOST_REPEATS = 20
MOST_WEEKS = 53
LONGEST_REPEAT_DAYS = 400
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
DayList = Annotated[list["DayWanted"], Field(max_length=MOST_DAYS)]
Status = Literal["en_cours", "traitee_positivement", "traitee_negativement", "retiree"]


class DayWanted(StrictModel):
    """A box of the calendar."""

    day: Day
    unit: SlugText


class Repetition(StrictModel):
    """The same weekdays over a period, both ends included. Days without a service are passed over."""

    weekdays: Annotated[list[Weekday], Field(min_length=1, max_length=7)]
    first: Annotated[Day, Field(alias="from")]
    last: Annotated[Day, Field(alias="to")]
    unit: SlugText
    every_weeks: Annotated[int, Field(ge=1, le=MOST_WEEKS)] = 1
    action: Literal["reserve", "cancel"] = "reserve"

    @model_validator(mode="after")
    def bounded(self) -> Self:
        """Refuses a period that ends before it begins, or that no school year holds."""
        if not timedelta(0) <= self.last - self.first <= timedelta(days=LONGEST_REPEAT_DAYS):
            raise ValueError("period")
        return self

    def asked(self) -> Repeat:
        """The repetition as the command knows it."""
        return Repeat(
            weekdays=frozenset(WEEKDAYS.index(day) for day in self.weekdays),
            first_day=self.first,
            last_day=self.last,
            unit=Slug(self.unit),
            every_weeks=self.every_weeks,
            action=self.action,
        )


class CounterNote(StrictModel):
    """What only an agent may say: for whom it was asked, when, and why the deadline is set aside."""

    received_at: Instant | None = None
    """When the request reached the town, if it was on paper: the rules are judged at that instant."""
    derogation: SlugText | None = None
    """A reason of the rulebook's list, to set the deadlines aside."""
    approve: bool = False
    """Decides in the agent's favour at once."""


class DemandeAsked(StrictModel):
    """What a family asks for. `kind` "absence" takes `absent`, `reason` and `document` instead of days to reserve."""

    child: IdText
    activity: SlugText
    kind: Literal["reservation", "absence"] = "reservation"
    reserve: DayList = Field(default_factory=list)
    cancel: DayList = Field(default_factory=list)
    repeat: Repetition | list[Repetition] | None = None
    also_for: Annotated[list[IdText], Field(max_length=MOST_CHILDREN)] = Field(default_factory=list)
    partial: bool = False
    absent: DayList = Field(default_factory=list)
    reason: SlugText | None = None
    document: Annotated[str | None, Field(pattern=r"^[0-9a-f]{64}$")] = None
    """SHA-256 of the supporting document, in hexadecimal."""
    counter: CounterNote | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "child": "8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b",
                    "activity": "alsh-mercredis",
                    "reserve": [{"day": "2024-03-27", "unit": "journee"}],
                },
                {
                    "child": "8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b",
                    "activity": "restauration-scolaire",
                    "repeat": {
                        "weekdays": ["monday", "thursday"],
                        "from": "2024-04-01",
                        "to": "2024-06-30",
                        "unit": "repas",
                    },
                    "partial": True,
                },
            ]
        }
    )

    @model_validator(mode="after")
    def one_kind(self) -> Self:
        """Refuses an absence with days to reserve, and the other way round."""
        days = bool(self.reserve or self.cancel or self.repeat)
        absence = bool(self.absent or self.reason or self.document)
        if (self.kind == "absence" and (days or self.also_for or self.reason is None)) or (
            self.kind == "reservation" and absence
        ):
            raise ValueError("kind")
        return self

    def repeats(self) -> list[Repeat]:
        """Its repetitions, one or several."""
        given = self.repeat if isinstance(self.repeat, list) else [self.repeat] if self.repeat else []
        return [repetition.asked() for repetition in given]


async def _command(asked: DemandeAsked, at: Office) -> Command:
    """The command a family or an agent means. Raises not found for a child the caller may not act for."""
    note = asked.counter
    if note is not None and at.caller.role != "agent":
        raise not_found()
    children = dict.fromkeys(ChildId(child) for child in [asked.child, *asked.also_for])
    households: dict[ChildId, HouseholdId] = {child: await at.household_for(child) for child in children}
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
    return SubmitDemande(
        children=households,
        activity=Slug(asked.activity),
        wishes=wishes,
        repeats=asked.repeats(),
        partial=asked.partial,
        origin=origin,
        derogation=derogation,
        approve=note is not None and note.approve,
    )


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
        "number": row["number"] or None,
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
    left_out = errors_of(result.outcome.left_out, zone_of(result.rules))
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
    responses=_REFUSALS,
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
    responses=openapi.documented("nothing_to_do", "too_many_days", "unknown_reason"),
    dependencies=[only("guardian", "agent")],
)
async def preview(asked: DemandeAsked, at: AtOffice) -> JSONAnswer:
    """The second step of the portal: what will be asked, and what is impossible."""
    result = await at.preview(await _command(asked, at), happened_at=_received(asked, at))
    outcome, zone = result.outcome, zone_of(result.rules)
    if isinstance(outcome, Refused) and all(refusal.day is None for refusal in outcome.refusals):
        raise problem_of(outcome, zone)
    refusals = outcome.refusals if isinstance(outcome, Refused) else outcome.left_out
    errors = [error.content() for error in errors_of(refusals, zone)]
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


@router.get("/demandes", summary="L'historique des demandes", dependencies=[only("guardian", "agent", "auditor")])
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
    return history.Place(submitted_at=datetime.fromisoformat(str(at)), number=DemandeNumber(int(number)))


def _next(shown: Sequence[Mapping[str, Any]], order: str) -> str:
    last = shown[-1]
    return write_cursor(f"demandes-{order}", (last["submitted_at"].isoformat(), last["number"]))


async def found(at: Office, number: int) -> dict[str, Any]:
    """The row of a demande the caller may see; not found otherwise."""
    [rows] = await at.reader.ask(at.commune, history.one(at.commune, DemandeNumber(number)))
    if not rows:
        raise not_found()
    await at.household_for(ChildId(rows[0]["child"]))
    return rows[0]


@router.get("/demandes/{number}", summary="Une demande", dependencies=[only("guardian", "agent", "auditor")])
async def one(number: Number, at: AtOffice) -> JSONAnswer:
    """One demande under its number."""
    return JSONAnswer(rendered(await found(at, number)))


@router.delete(
    "/demandes/{number}",
    summary="Retirer une demande qui n'est pas décidée",
    responses=openapi.documented("already_decided"),
    dependencies=[only("guardian", "agent")],
)
async def withdraw(number: Number, at: AtCounter) -> Response:
    """Takes back the days that still wait."""
    row = await found(at.office, number)
    child = ChildId(row["child"])
    command = WithdrawDemande(child=child, number=DemandeNumber(number))
    return await at.run(command, _withdrawn, about=child_page(at.office.commune, child))


def _withdrawn(result: Result) -> Said:
    return Said(status=200, content=written(result)[0])
