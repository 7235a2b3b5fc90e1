"""Direct debits asked of the bank together, their file, and what the bank answers."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from fastapi.responses import Response

from api import openapi
from api.answers import JSONAnswer
from api.asking import Rows
from api.billing import schemas_collections
from api.billing.collecting import Asking, asking, file_again, said_of
from api.billing.pain008 import MEDIA_TYPE
from api.billing.payment_bodies import CollectionAsked, ReturnsAsked, SettledAsked
from api.billing.shown import asked as asked_then
from api.cursors import PageAsked, read_place
from api.door import doors
from api.fields import IdText, read_instant
from api.french_payments import RETURNS, SEQUENCES
from api.office import AtCounter, AtInstant, AtOffice, Office, Said
from api.problems import not_found
from api.sealing import AtVault, given_id
from commands.execute import ATTEMPTS, Result
from commands.return_debits import Return, ReturnDebits
from commands.send_collection import MOST_DEBITS, SendCollection
from commands.settle_collection import SettleCollection
from ledger.events import CollectionSent, DirectDebitAsked, PaymentCancelled, PaymentRecorded
from ledger.identifiers import CollectionId, HouseholdId, Month, TitreNumber
from ledger.store import ConflictError
from projections.billing import collecting

router = doors("prélèvements")

_FILE: Final[dict[str, Any]] = {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}


@router.post(
    "/collections",
    status_code=201,
    summary="Demander des prélèvements",
    responses=openapi.answered(201, schemas_collections.CollectionSent, located=True)
    | openapi.documented(
        "no_rulebook",
        "creditor_missing",
        "not_a_banking_day",
        "collection_too_soon",
        "collection_too_far",
        "nothing_to_collect",
    ),
)
async def ask(asked: CollectionAsked, at: AtCounter, vault: AtVault) -> Response:
    """What every family under a mandate owes by that day, each titre once, in one file for the bank."""
    office, month = at.office, Month(asked.month) if asked.month else None
    collection = CollectionId(given_id(at))
    for left in reversed(range(ATTEMPTS)):
        question = collecting.collectable(office.commune, asked.collect_on, month, limit=MOST_DEBITS)
        [rows] = await office.reader.ask(office.commune, question)
        command = SendCollection(
            collection=collection,
            collect_on=asked.collect_on,
            month=month,
            households=sorted(HouseholdId(row["household"]) for row in rows),
        )
        ready = await asking(office, vault, command)
        try:
            return await at.run(ready.command, partial(_sent, office, ready))
        except ConflictError:
            if not left:
                raise
    raise AssertionError


def _sent(at: Office, ready: Asking, result: Result) -> Said:
    facts = [entry.fact for entry in result.prepared.entries]
    [sent] = [fact for fact in facts if isinstance(fact, CollectionSent)]
    sequences = [fact.sequence for fact in facts if isinstance(fact, DirectDebitAsked)]
    content = {
        "collection": sent.collection,
        "collect_on": sent.collect_on,
        "debits": sent.debits,
        "total_cents": sent.total_cents,
        "first": sequences.count("FRST"),
        "recurrent": sequences.count("RCUR"),
        "digest": sent.digest,
        "left_out": said_of(ready.left_out),
        "more": len(ready.command.households) == MOST_DEBITS or sent.debits == MOST_DEBITS,
    }
    return Said(status=201, content=content, location=f"/v1/{at.commune}/collections/{sent.collection}")


@router.get(
    "/collections",
    summary="Les remises de prélèvements",
    responses=openapi.answered(200, schemas_collections.Collections),
)
async def listed(at: AtInstant, page: PageAsked) -> JSONAnswer:
    """The latest first."""
    place = page.after("collections", (str, str))
    after = (read_place(read_instant, place[0]), str(place[1])) if place else None
    [rows] = await asked_then(at, collecting.collections(at.commune, after=after, limit=page.limit + 1))
    shown, following = page.part("collections", rows, lambda row: (row["sent_at"].isoformat(), row["collection"]))
    return JSONAnswer({"collections": shown, "next": following})


@router.get(
    "/collections/{collection}",
    summary="Une remise de prélèvements",
    responses=openapi.answered(200, schemas_collections.CollectionDebits),
)
async def one(collection: IdText, at: AtInstant) -> JSONAnswer:
    """Debit by debit: asked, paid, or sent back and why."""
    sent, rows = await _found(at, CollectionId(collection))
    at.saw(*{row["household"] for row in rows})
    return JSONAnswer({**sent, "asked": [_debit(row) for row in rows]})


async def _found(at: Office, collection: CollectionId) -> tuple[Mapping[str, Any], Rows]:
    """A collection of the town and its debits; not found when there is none of that name."""
    [sent, rows] = await asked_then(
        at, collecting.collection(at.commune, collection), collecting.debits(at.commune, collection)
    )
    if not sent:
        raise not_found()
    return sent[0], rows


def _debit(row: Mapping[str, Any]) -> dict[str, Any]:
    reason = row["reason"]
    shown = ("titre", "household", "mandate", "amount_cents", "sequence", "reason")
    return {
        **{name: row[name] for name in shown},
        "sequence_label": SEQUENCES[row["sequence"]],
        "state": "returned" if reason else "paid" if row["paid"] else "asked",
        "reason_label": RETURNS.get(reason, reason),
    }


@router.get(
    "/collections/{collection}/pain.008.xml",
    summary="Le fichier de prélèvements pour la banque",
    response_class=Response,
    responses=openapi.documented("file_changed")
    | {200: {"description": "Le fichier, en pain.008.001.08.", "content": _FILE}},
)
async def file(collection: IdText, at: AtOffice, vault: AtVault) -> Response:
    """Made again from the facts and the vault, and held against the digest of the file that was sent."""
    content = await file_again(at, vault, CollectionId(collection))
    headers = {
        "Content-Disposition": f'attachment; filename="prelevements-{collection}.xml"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return Response(content, 200, headers, MEDIA_TYPE)


@router.post(
    "/collections/{collection}/settled",
    summary="Enregistrer les prélèvements payés",
    responses=openapi.answered(200, schemas_collections.Settled) | openapi.documented("day_not_come"),
)
async def settle(collection: IdText, _: SettledAsked, at: AtCounter) -> Response:
    """What did not come back by then is paid; again, it records what is new."""
    known = CollectionId(collection)
    _sent, rows = await _found(at.office, known)
    households = sorted({HouseholdId(row["household"]) for row in rows})
    command = SettleCollection(collection=known, households=households)
    return await at.run(command, lambda result: _settled(known, result))


def _settled(collection: CollectionId, result: Result) -> Said:
    paid = [entry.fact for entry in result.prepared.entries if isinstance(entry.fact, PaymentRecorded)]
    total = sum(fact.amount_cents for fact in paid)
    return Said(status=200, content={"collection": collection, "recorded": len(paid), "total_cents": total})


@router.post(
    "/collections/{collection}/returns",
    summary="Enregistrer les rejets de la banque",
    responses=openapi.answered(200, schemas_collections.Returned)
    | openapi.documented("unknown_debit", "already_returned"),
)
async def come_back(collection: IdText, asked: ReturnsAsked, at: AtCounter) -> Response:
    """All of them or none, with one error for each that cannot be: what they paid is owed again."""
    known = CollectionId(collection)
    _sent, rows = await _found(at.office, known)
    whose = {row["titre"]: HouseholdId(row["household"]) for row in rows}
    returns = [
        Return(household=whose.get(each.titre), titre=TitreNumber(each.titre), reason=each.reason)
        for each in asked.returns
    ]
    command = ReturnDebits(collection=known, returns=returns)
    return await at.run(command, lambda result: _returned(known, len(returns), result))


def _returned(collection: CollectionId, returned: int, result: Result) -> Said:
    cancelled = sum(isinstance(entry.fact, PaymentCancelled) for entry in result.prepared.entries)
    return Said(status=200, content={"collection": collection, "returned": returned, "cancelled": cancelled})
