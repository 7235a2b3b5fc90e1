"""Demandes: submitted, previewed, withdrawn."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from fastapi.responses import Response

from api import openapi, schemas, schemas_prices
from api.answers import JSONAnswer
from api.billing.demande_prices import priced
from api.demande_bodies import DemandeAsked
from api.door import doors
from api.fields import NumberText
from api.history import found, owner_of, rendered
from api.office import AtOffice, AtVersionedCounter, Office, Said
from api.problems import invalid_field, not_found
from api.refusals import errors_of, problem_of
from commands.declare_absence import DeclareAbsence
from commands.execute import Result
from commands.outcome import Accepted, Refused
from commands.submit_demande import SubmitDemande, Wish
from commands.wishes import Repeat
from commands.withdraw_demande import WithdrawDemande
from ledger.identifiers import ChildId, DemandeNumber, DocumentId, HouseholdId, Slug
from ledger.rows import merged
from ledger.streams import child_page

router = doors("demandes")


async def _command(asked: DemandeAsked, at: Office) -> SubmitDemande | DeclareAbsence:
    """The command a family or an agent means. Raises not found for a child the caller may not act for."""
    note = asked.counter
    if note is not None and at.caller.role != "agent":
        raise not_found()
    children = dict.fromkeys(ChildId(child) for child in [asked.child, *asked.also_for])
    households = {child: standing.households for child, standing in (await at.standings(children)).items()}
    if note is not None and note.household is not None:
        households = dict.fromkeys(households, (HouseholdId(note.household),))
    derogation = Slug(note.derogation) if note and note.derogation else None
    if asked.kind == "absence":
        child = ChildId(asked.child)
        assert asked.reason is not None
        return DeclareAbsence(
            child=child,
            households=households[child],
            activity=Slug(asked.activity),
            days=[(wanted.day, Slug(wanted.unit)) for wanted in asked.absent],
            reason=Slug(asked.reason),
            document=DocumentId(asked.document) if asked.document else None,
            subject=at.only_for,
            origin=at.origin,
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
        origin=at.origin,
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


def written(result: Result) -> list[dict[str, Any]]:
    """The demandes a command wrote, in the order of their numbers, or would write, in the order they were asked for."""
    rows = merged(result.prepared.changes).get("demandes", {"put": []})["put"]
    staff = result.prepared.signature.role != "guardian"
    return [rendered(row, staff=staff) for row in sorted(rows, key=lambda row: abs(row["number"]))]


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
    "custody",
    "household_required",
    "unit_conflict",
    "unit_required",
    "exchange_refused",
    "nothing_to_do",
    "too_many_days",
    "unknown_reason",
    "already_declared",
    "day_settled",
    "recorded_present",
    "absence_not_taken",
    "justification_too_late",
    "document_required",
    "unknown_document",
)


@router.post(
    "/demandes",
    status_code=201,
    summary="Déposer une demande : réserver, annuler, déclarer une absence",
    responses=openapi.answered(201, schemas.Submitted, etag=True) | _REFUSALS,
)
async def submit(asked: DemandeAsked, at: AtVersionedCounter) -> Response:
    """One demande per child; all of it or nothing, unless `partial`."""
    command = await _command(asked, at.office)
    about = child_page(at.office.commune, ChildId(asked.child))
    return await at.run(command, _submitted, about=about, happened_at=_received(asked, at.office))


@router.post(
    "/demandes/preview",
    summary="Ce que donnerait une demande, sans rien écrire",
    responses=openapi.answered(200, schemas_prices.Previewed)
    | openapi.documented("nothing_to_do", "too_many_days", "unknown_reason", "household_required"),
)
async def preview(asked: DemandeAsked, at: AtOffice) -> JSONAnswer:
    """The second step of the portal: what will be asked, and what is impossible."""
    command = await _command(asked, at)
    result = await at.preview(command, happened_at=_received(asked, at))
    outcome = result.outcome
    if isinstance(outcome, Refused) and all(refusal.day is None for refusal in outcome.refusals):
        raise problem_of(outcome, result.rules)
    refusals = outcome.refusals if isinstance(outcome, Refused) else outcome.left_out
    errors = [error.content() for error in errors_of(refusals, result.rules)]
    possible = isinstance(outcome, Accepted)
    demandes = await priced(at, result, written(result), _acting_through(command))
    return JSONAnswer({"possible": possible, "demandes": demandes, "errors": errors})


def _acting_through(command: SubmitDemande | DeclareAbsence) -> Mapping[ChildId, Sequence[HouseholdId]]:
    """The households the caller acts through, for each child: those whose price they are told."""
    return command.children if isinstance(command, SubmitDemande) else {command.child: command.households}


@router.delete(
    "/demandes/{number:digits}",
    summary="Retirer une demande qui n'est pas décidée",
    responses=openapi.answered(200, schemas.Demande, etag=True) | openapi.documented("already_decided"),
)
async def withdraw(number: NumberText, at: AtVersionedCounter) -> Response:
    """Takes back the days that still wait, or what was proposed."""
    row, _ = await found(at.office, number)
    owner = owner_of(at.office.commune, row)
    command = WithdrawDemande(child=owner.child, household=owner.household, number=DemandeNumber(number))
    return await at.run(command, _withdrawn, about=owner.page)


def _withdrawn(result: Result) -> Said:
    return Said(status=200, content=written(result)[0])
