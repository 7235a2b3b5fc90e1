"""What is signed of a town's ledger, and the proofs of it: nothing of a family, and nothing is signed on request."""

import base64
from collections.abc import Iterable
from typing import Annotated

import structlog
from fastapi import Query
from fastapi.responses import PlainTextResponse, Response
from starlette.concurrency import run_in_threadpool

from api import french_checkpoints, openapi, schemas_checkpoints
from api.answers import JSONAnswer
from api.door import doors
from api.fields import NumberText
from api.negotiation import PLAIN, also, wants
from api.office import AtOffice, Office
from api.problems import invalid_field, not_found, retry_later
from ledger.identifiers import Commune
from replay.sealing import merkle, tree
from replay.sealing.checkpoint import Checkpoint
from replay.sealing.files import CheckpointsError
from replay.sealing.notary import Notary

router = doors("registre scellé")

RETRY_SECONDS = 5
"""The first checkpoint is signed soon after the first line; the others do not make anybody wait."""

log = structlog.stdlib.get_logger("ardoise.checkpoints")

SizeAsked = Annotated[NumberText | None, Query(description=french_checkpoints.SIZE)]


@router.get(
    "/checkpoint",
    summary="Le dernier point de contrôle signé",
    responses=also(openapi.answered(200, schemas_checkpoints.SignedHead), PLAIN, {"type": "string"})
    | openapi.documented("no_checkpoint_yet"),
)
async def latest(at: AtOffice) -> Response:
    """The signed head of the town's tree; the note itself for who accepts `text/plain`. It was signed on schedule."""
    last = await _last(at)
    if wants(at.request, PLAIN):
        return PlainTextResponse(last.note)
    head, notary = last.head, _notary(at)
    signed = {signature.key_id for signature in last.signatures}
    key = next(key for key in notary.keys.verifiers(head.origin) if key.key_id in signed)
    return JSONAnswer(
        {
            "origin": head.origin,
            "size": head.size,
            "root": _encoded(head.root),
            "checkpoint": last.note,
            "key": key.text,
        }
    )


@router.get(
    "/checkpoint/proof",
    summary="La preuve que le registre n'a fait que croître",
    responses=openapi.answered(200, schemas_checkpoints.ConsistencyProof) | openapi.documented("no_checkpoint_yet"),
)
async def consistency(
    at: AtOffice,
    first: Annotated[NumberText, Query(alias="from", description=french_checkpoints.FROM_SIZE)],
    second: Annotated[NumberText | None, Query(alias="to", description=french_checkpoints.TO_SIZE)] = None,
) -> JSONAnswer:
    """Leads from the root of one size to that of another (RFC 9162, 2.1.4)."""
    to = second if second is not None else (await _last(at)).head.size
    if first > to:
        raise invalid_field("query", "from", "from_after_to")
    hashes = await _hashes(at, "to", to, first)
    return JSONAnswer(
        {
            "from_size": first,
            "to_size": to,
            "from_root": _encoded(merkle.root_at(first, hashes)),
            "to_root": _encoded(merkle.root_at(to, hashes)),
            "proof": _all_encoded(merkle.consistency(first, to, hashes)),
        }
    )


@router.get(
    "/entries/{position:digits}/proof",
    summary="La preuve qu'une écriture est au registre",
    responses=openapi.answered(200, schemas_checkpoints.InclusionProof) | openapi.documented("no_checkpoint_yet"),
)
async def inclusion(position: NumberText, at: AtOffice, size: SizeAsked = None) -> JSONAnswer:
    """Leads from a line to the root (RFC 9162, 2.1.3)."""
    last = await _last(at) if size is None else None
    within = last.head.size if last else size or 0
    hashes = await _hashes(at, "size", within, position)
    if position > within:
        raise not_found()
    return JSONAnswer(
        {
            "position": position,
            "size": within,
            "leaf": _encoded(hashes(0, position - 1)),
            "root": _encoded(merkle.root_at(within, hashes)),
            "proof": _all_encoded(merkle.inclusion(position - 1, within, hashes)),
            "checkpoint": last.note if last else None,
        }
    )


def _notary(at: Office) -> Notary:
    notary: Notary = at.request.app.state.notary
    return notary


async def _last(at: Office) -> Checkpoint:
    """The last checkpoint, whichever process signed it. Not there yet when nothing was signed, or it cannot be read."""
    told: dict[Commune, str] = at.request.app.state.unreadable
    try:
        found = await run_in_threadpool(_notary(at).last, at.commune)
        told.pop(at.commune, None)
    except CheckpointsError as error:
        if told.get(at.commune) != str(error):
            log.error("unreadable", commune=at.commune, reason=str(error))
        told[at.commune] = str(error)
        found = None
    if found is None:
        raise retry_later("no_checkpoint_yet", seconds=RETRY_SECONDS)
    return found


async def _hashes(at: Office, field: str, size: int, *sizes: int) -> tree.Hashes:
    """What proofs about these sizes are made of; refused when the tree is not so large. One round trip."""
    [[row], rows] = await at.reader.ask(at.commune, tree.size_of(at.commune), tree.hashes_for(at.commune, size, *sizes))
    if size > row["size"]:
        raise invalid_field("query", field, "less_than_equal")
    return tree.Hashes().add(rows)


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _all_encoded(hashes: Iterable[bytes]) -> list[str]:
    return [_encoded(each) for each in hashes]
