"""The whole ledger of a town as it is sealed, for those who follow it: auditor, billing, portal server."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final

import orjson
from fastapi import Query
from fastapi.responses import Response
from pydantic import BeforeValidator
from starlette.concurrency import run_in_threadpool

from api import french_checkpoints, openapi, schemas_checkpoints
from api.answers import OPTIONS, JSONAnswer
from api.cursors import DEFAULT_LIMIT, MAX_LIMIT
from api.door import doors
from api.fields import MAX_NUMBER, read_digits
from api.negotiation import NDJSON, also, wants
from api.office import AtOffice
from ledger.kept import refuse_altered
from projections.feed import sealed

router = doors("registre scellé")

MOST_AT_ONCE: Final = 100_000
"""Bytes of lines that are read and written while every other request waits; more is done beside them."""
SOMEBODY: Final = frozenset(
    ("child", "household", "guardian", "person", "owner", "about", "even_week", "odd_week", "even_years", "odd_years")
)
"""The members of a fact that name somebody, or a household."""
_ABOUT_FAMILIES: Final = ("child", "household", "account")
_KEPT_BACK: Final = dict.fromkeys(("stream", "version", "type", "recorded_at", "stored"))
"""What a client without a user is not told of a family's line: only that it is there, and its digest."""


@router.get(
    "/entries",
    summary="Le registre scellé, dans l'ordre",
    responses=also(
        openapi.answered(200, schemas_checkpoints.SealedEntries),
        NDJSON,
        {"$ref": f"#/components/schemas/{schemas_checkpoints.SealedEntry.__name__}"},
    ),
)
async def listed(
    at: AtOffice,
    after: Annotated[
        int, BeforeValidator(read_digits), Query(ge=0, le=MAX_NUMBER, description=french_checkpoints.AFTER)
    ] = 0,
    limit: Annotated[
        int, BeforeValidator(read_digits), Query(ge=1, le=MAX_LIMIT, description=french_checkpoints.LIMIT)
    ] = DEFAULT_LIMIT,
) -> Response:
    """Every line once, in one order for ever: a line that comes later has a higher position. Names nobody.

    A page stops at about four megabytes, after one line at least: `next` carries on, and an empty page is the end.
    A portal without a user reads the town's own lines; of a family's, that there is one and its digest.
    """
    [rows] = await at.reader.ask(at.commune, sealed(at.commune, after=after, limit=limit))
    told = [row if at.caller.role != "portal" or _of_the_town(row) else {**row, **_KEPT_BACK} for row in rows]
    as_lines = wants(at.request, NDJSON)
    if sum(len(row["stored"] or b"") for row in told) > MOST_AT_ONCE:
        seen, body = await run_in_threadpool(_page, told, after, as_lines=as_lines)
    else:
        seen, body = _page(told, after, as_lines=as_lines)
    at.saw(*seen)
    return Response(body, media_type=NDJSON) if as_lines else JSONAnswer(body)


def _page(told: Sequence[Mapping[str, Any]], after: int, *, as_lines: bool) -> tuple[set[str], bytes]:
    """Whom the lines say something of, and the lines as they are sent. Raises AlteredLineError: then none is."""
    for row in told:
        if row["stored"] is not None:
            refuse_altered(row["stream"], row["version"], row["stored"], row["digest"], row["leaf"])
    seen = {name for row in told for name in of_whom(row)}
    said = [rendered(row) for row in told]
    if as_lines:
        return seen, b"".join(orjson.dumps(entry, option=OPTIONS | orjson.OPT_APPEND_NEWLINE) for entry in said)
    following = said[-1]["position"] if said else after
    return seen, orjson.dumps({"entries": said, "next": following}, option=OPTIONS)


def rendered(row: Mapping[str, Any]) -> dict[str, Any]:
    """A line as it is shown: the very text that was hashed, since what is parsed and written again hashes otherwise."""
    return {
        "position": row["position"],
        "stream": row["stream"],
        "version": row["version"],
        "type": row["type"],
        "recorded_at": row["recorded_at"],
        "digest": bytes(row["digest"]).hex(),
        "stored": None if row["stored"] is None else bytes(row["stored"]).decode(),
    }


def _of_the_town(row: Mapping[str, Any]) -> bool:
    return str(row["stream"]).startswith("town/")


def of_whom(row: Mapping[str, Any]) -> Iterator[str]:
    """Whom a line says something of: whose page it is on, and whom its fact names."""
    if row["stored"] is None:
        return
    kind, _, rest = str(row["stream"]).partition("/")
    if kind in _ABOUT_FAMILIES:
        yield rest.rpartition("/")[2]
    yield from named_in(orjson.loads(bytes(row["stored"]))["fact"])


def named_in(part: Any, name: str = "") -> Iterator[str]:
    """Whom a fact names, as it is kept."""
    if isinstance(part, dict):
        for member, value in part.items():
            yield from named_in(value, member)
    elif isinstance(part, list):
        for value in part:
            yield from named_in(value, name)
    elif isinstance(part, str) and name in SOMEBODY:
        yield part
