"""Forgetting: what may be erased and what the law keeps, then the erasure, with the archivist's agreement."""

from datetime import datetime
from typing import Annotated, Any

import structlog
from fastapi.responses import Response
from pydantic import ConfigDict, Field

from api import openapi, schemas_erasure
from api.answers import JSONAnswer
from api.cursors import PageAsked, read_place
from api.door import doors
from api.erasure_proposal import Archive
from api.fields import AgreementText, Day, IdText, StrictModel, SubjectText, read_instant
from api.office import AtCounter, AtOffice, Office, Said
from api.problems import invalid_field, not_found, retry_later
from commands.erase_people import Agreement, ErasePeople, Whom
from commands.execute import Result
from commands.town_days import PARIS
from ledger.days import local_day
from ledger.events import PersonErased
from ledger.identifiers import ChildId, HouseholdId, PersonId, Subject
from ledger.sealed import Forget
from ledger.store import Store
from projections import erasures
from replay.erasures import Pool, Replayed, replay
from vault.journal import Journal, JournalError

router = doors("effacements")
log = structlog.stdlib.get_logger("ardoise.erasures")

"""How the reference of an agreement is written: nothing one could write a name in by accident."""
_REFUSALS = openapi.documented(
    "still_enrolled",
    "still_reserved",
    "still_awaiting",
    "still_answering",
    "still_under_review",
    "still_elsewhere",
    "still_owing",
    "still_owed",
)


class PeopleAsked(StrictModel):
    """A household, somebody of it, or a child alone."""

    household: IdText | None = None
    person: Annotated[IdText | None, Field(description="Une seule personne du foyer.")] = None
    child: Annotated[IdText | None, Field(description="Un enfant, quels que soient ses foyers.")] = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"household": "1b4e28ba-2fa1-4ad2-883f-0016d3cca427"}]})


class ErasureAsked(PeopleAsked):
    """The same, with the archivist's agreement: destroying what a public service holds needs one."""

    agreement: AgreementText
    agreed_by: Annotated[SubjectText, Field(examples=["idp|archives-01"])]
    agreed_on: Day
    settled_elsewhere: Annotated[
        bool, Field(description="Le compte du foyer est soldé hors d'Ardoise : remboursé, ou admis en non-valeur.")
    ] = False

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "household": "1b4e28ba-2fa1-4ad2-883f-0016d3cca427",
                    "agreement": "AD78-2026/12",
                    "agreed_by": "idp|archives-01",
                    "agreed_on": "2026-11-12",
                }
            ]
        }
    )


def archive_of(at: Office) -> Archive:
    """Where what is held of the town's families is looked up."""
    return Archive(commune=at.commune, store=at.store, reader=at.reader, now=at.now)


async def _whom(asked: PeopleAsked, at: Office) -> Whom:
    if asked.household is None and asked.child is None:
        raise invalid_field("body", "household", "missing")
    if asked.child is not None and (asked.household is not None or asked.person is not None):
        raise invalid_field("body", "child", "child_apart")
    return await archive_of(at).whom(
        HouseholdId(asked.household) if asked.household else None,
        ChildId(asked.child) if asked.child else None,
        PersonId(asked.person) if asked.person else None,
    )


@router.post(
    "/erasures/preview",
    summary="Ce qu'un effacement détruirait, et ce que la loi garde",
    responses=openapi.answered(200, schemas_erasure.Proposal),
)
async def preview(asked: PeopleAsked, at: AtOffice) -> JSONAnswer:
    """For the archivist to agree to: person by person, how much of what. Writes nothing."""
    proposal = await archive_of(at).proposal(await _whom(asked, at))
    if proposal is None:
        raise not_found()
    at.saw(*(one["person"] for one in proposal["people"]), *([asked.household] if asked.household else []))
    return JSONAnswer(proposal)


@router.post(
    "/erasures",
    summary="Effacer une famille, ou une personne",
    responses=openapi.answered(200, schemas_erasure.Erased) | _REFUSALS,
)
async def erase(asked: ErasureAsked, at: AtCounter) -> Response:
    """Destroys their keys and all these sealed, and writes that it was done. All of them, or nobody."""
    if asked.agreed_on > local_day(at.office.now, PARIS):
        raise invalid_field("body", "agreed_on", "in_the_future")
    agreement = Agreement(reference=asked.agreement, agreed_by=Subject(asked.agreed_by), agreed_on=asked.agreed_on)
    whom = await _whom(asked, at.office)
    command = ErasePeople(whom=whom, agreement=agreement, settled_elsewhere=asked.settled_elsewhere)
    try:
        return await at.run(command, lambda result: Said(status=200, content=erased(result, whom, agreement)))
    except JournalError as error:
        log.error("journal_unusable", reason=str(error))
        raise retry_later("database_unavailable", seconds=5) from error


def erased(result: Result, whom: Whom, agreement: Agreement) -> dict[str, Any]:
    """Who was forgotten, and who had been: identifiers alone, since the answer is kept with its key."""
    said = [entry.fact.person for entry in result.prepared.entries if isinstance(entry.fact, PersonErased)]
    accounts = {PersonId(request.activation) for request in whom.requests}
    again = [change.person for change in result.prepared.vault if isinstance(change, Forget)]
    already = [person for person in again if person not in said and person not in accounts]
    return {"agreement": agreement.reference, "erased": said, "already": already}


@router.get("/erasures", summary="Les effacements", responses=openapi.answered(200, schemas_erasure.Erasures))
async def listed(at: AtOffice, page: PageAsked) -> JSONAnswer:
    """Who was forgotten, the latest first: identifiers, and the agreements."""
    place, after = page.after("erasures", (str, str)), None
    if place is not None:
        after = erasures.Place(erased_at=read_place(read_instant, place[0]), person=PersonId(str(place[1])))
    [rows] = await at.reader.ask(at.commune, erasures.erased(at.commune, after=after, limit=page.limit + 1))
    shown, following = page.part("erasures", rows, lambda row: (row["erased_at"].isoformat(), row["person"]))
    return JSONAnswer({"erasures": shown, "next": following})


def forget_again(journal: Journal, store: Store, pool: Pool, *, now: datetime) -> Replayed:
    """Before anything is answered: tells a restored database whom it should not know, and says so in the log."""
    done = replay(journal, store, pool, now=now)
    for intent in done.again:
        log.warning("erased_again", commune=intent.commune, person=intent.person, agreement=intent.agreement)
    for intent in done.unfinished:
        log.warning("erasure_never_done", commune=intent.commune, person=intent.person, command=intent.command)
    if done.known or done.confirmed:
        log.info("erasures_replayed", known=done.known, again=len(done.again), confirmed=done.confirmed)
    return done
