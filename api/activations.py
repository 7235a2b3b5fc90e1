"""Accounts that ask to be activated: what they say of themselves, the queue of the agents, and what these answer."""

from typing import Any, Final

from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import openapi, schemas_families
from api.answers import JSONAnswer
from api.cursors import PageAsked, read_place
from api.door import doors
from api.family_bodies import ActivationAsked, ActivationDecided
from api.fields import IdText, read_instant
from api.french_families import ACTIVATION_REFUSALS, ACTIVATION_STATES
from api.office import AtCounter, AtOffice, Said
from api.problems import not_found
from api.sealing import AtVault, given_id, refuse_unborn, sealed_by
from commands.activation import GrantActivation, RefuseActivation, RequestActivation
from commands.execute import Result
from commands.outcome import Command
from commands.town_days import hours_left
from ledger.identifiers import ActivationId, GuardianId, HouseholdId, PersonId, Subject, account_of
from projections import families, shared, town
from vault.people import Details, Erased

router = doors("activations")

_QUEUE: Final = "activations"


@router.post(
    "/me/activation",
    status_code=201,
    summary="Demander l'activation de son compte",
    responses=openapi.answered(201, schemas_families.OwnActivation) | openapi.documented("activation_awaiting"),
)
async def request(asked: ActivationAsked, at: AtCounter, vault: AtVault) -> Response:
    """Queues the account for an agent, who has forty-eight working hours. What is said of people is sealed."""
    office = at.office
    refuse_unborn(office, asked.identity, "identity.birth_date")
    for place, child in enumerate(asked.children):
        refuse_unborn(office, child, f"children[{place}].birth_date")
    activation, subject = ActivationId(given_id(at)), office.caller.subject
    at, [details] = await sealed_by(at, vault, activation, {"activation": asked})
    command = RequestActivation(
        account=account_of(office.commune, subject), activation=activation, subject=subject, details=details
    )
    return await at.run(command, lambda result: Said(status=201, content=_own(_row(result))))


def _row(result: Result) -> dict[str, Any]:
    return result.row_of("activations")


def _own(row: dict[str, Any]) -> dict[str, Any]:
    """What the account itself is told: nothing of the household, which `/me` tells while it is open to it."""
    names = ("activation", "requested_at", "due_at", "status", "decided_at", "reason")
    said = {name: row[name] for name in names}
    reason = ACTIVATION_REFUSALS[row["reason"]] if row["reason"] else None
    return {**said, "status_label": ACTIVATION_STATES[row["status"]], "reason_label": reason}


@router.get(
    "/me/activation",
    summary="Où en est l'activation de son compte",
    responses=openapi.answered(200, schemas_families.OwnActivations),
)
async def own(at: AtOffice) -> JSONAnswer:
    """What the account asked, the latest first, and what became of it."""
    [rows] = await at.reader.ask(at.commune, shared.activations_of(at.commune, at.caller.subject))
    return JSONAnswer({"activations": [_own(row) for row in rows]})


@router.get(
    "/activations",
    summary="Les comptes à activer",
    responses=openapi.answered(200, schemas_families.WaitingActivations),
)
async def queue(at: AtOffice, page: PageAsked, vault: AtVault) -> JSONAnswer:
    """The accounts that wait for an agent, those due first: the overdue ones come before the others."""
    after = page.after(_QUEUE, (str, str))
    place = (read_place(read_instant, after[0]).isoformat(), str(after[1])) if after else None
    question = shared.activations_waiting(at.commune, after=place, limit=page.limit + 1)
    rows, versions = await at.reader.ask(at.commune, question, town.rulebooks(at.commune))
    shown, following = page.part(_QUEUE, rows, lambda row: (row["due_at"].isoformat(), row["activation"]))
    [standings] = await at.reader.ask(
        at.commune, families.standings_of(at.commune, [Subject(row["subject"]) for row in shown])
    )
    people = [PersonId(row["activation"]) for row in shown]
    at.saw(*people, *(row["household"] for row in standings))
    told = await run_in_threadpool(vault.people, at.commune, people, kinds=["activation"])
    rules = await at.reader.rules(at.commune, versions)
    said = [
        {
            **{name: row[name] for name in ("activation", "subject", "requested_at", "due_at")},
            "overdue": row["due_at"] <= at.now,
            "working_hours_left": hours_left(rules, at.now, row["due_at"]),
            "told": _told(told[PersonId(row["activation"])]),
            "known_as": [
                {name: known[name] for name in ("household", "guardian", "standing")}
                for known in standings
                if known["subject"] == row["subject"]
            ],
        }
        for row in shown
    ]
    return JSONAnswer({"activations": said, "next": following})


def _told(known: Details | Erased) -> Any:
    return None if isinstance(known, Erased) else known.get("activation")


@router.post(
    "/activations/{activation}/decision",
    summary="Activer un compte, ou dire pourquoi non",
    responses=openapi.answered(200, schemas_families.DecidedActivation)
    | openapi.documented("already_decided", "already_linked", "guardian_suspended"),
)
async def decide(activation: IdText, asked: ActivationDecided, at: AtCounter) -> Response:
    """Ties the account to the guardian the agent recognised, or refuses it with a reason."""
    office, known = at.office, ActivationId(activation)
    [rows] = await office.reader.ask(office.commune, shared.activation_named(office.commune, known))
    if not rows:
        raise not_found()
    account = account_of(office.commune, Subject(rows[0]["subject"]))
    command: Command
    if asked.grant is not None:
        household, guardian = HouseholdId(asked.grant.household), GuardianId(asked.grant.guardian)
        command = GrantActivation(account=account, activation=known, household=household, guardian=guardian)
    else:
        assert asked.refuse is not None
        command = RefuseActivation(account=account, activation=known, reason=asked.refuse)

    def decided(result: Result) -> Said:
        row = _row(result)
        names = ("activation", "status", "household", "guardian", "reason")
        return Said(status=200, content={name: row[name] for name in names})

    return await at.run(command, decided)
