"""Supporting documents: handed in once, opened by their owner, and by the agents who decide on them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Query, Request
from fastapi.responses import Response
from pydantic_core import PydanticCustomError
from starlette.concurrency import run_in_threadpool

from api import openapi, schemas_people
from api.answers import JSONAnswer
from api.body import RawBody
from api.clock import now
from api.cursors import MAX_LIMIT, Page, PageAsked, read_place
from api.detail_bodies import DocumentKind
from api.door import doors
from api.fields import IdText, read_id, read_instant
from api.french_people import DOCUMENTS
from api.office import AtCounter, AtOffice, Counter, Office, Said, office
from api.problems import Problem, invalid_field, not_found
from api.sealing import AtVault, key_of, unguessable
from api.tokens import CALLER
from commands.execute import Result
from commands.keep_document import KeepDocument
from ledger.identifiers import ChildId, DocumentId, GuardianId, HouseholdId, PersonId, Slug, new_id
from projections import demandes, families
from vault.examining import examine_apart
from vault.papers import LARGEST_BYTES, Paper
from vault.people import Erased, KeptDocument, Vault, content_kind

router = doors("justificatifs")

TYPES: Final = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}
UPLOAD_SECONDS: Final = 60.0
MOST_UPLOADS: Final = 4
"""Documents being sent at once: the next one is told to come back, so that slow senders never hold every place."""
MOST_EXAMINED: Final = 2
"""Documents examined at once: each may take a gigabyte."""
READ_AT_ONCE: Final = MAX_LIMIT + 1
_FILE: Final = {"schema": {"type": "string", "format": "binary"}}
_FILES: Final[dict[str, Any]] = dict.fromkeys(TYPES, _FILE)

KindAsked = Annotated[DocumentKind, Query(description="Ce que c'est.", examples=["certificat-medical"])]
AboutAsked = Annotated[IdText | None, Query(description="L'enfant qu'il concerne ; son propriétaire lui-même, sinon.")]
GuardianNamed = Annotated[IdText | None, Query(description="Pour un agent : le responsable à qui il est.")]


async def admitted(request: Request) -> None:
    """Not found for whoever may hand nothing in, before the file they announce is waited for."""
    at = await office(request, request.scope[CALLER], await now(request))
    guardian, about = _named(request, "guardian"), _named(request, "about")
    await _owner(at, GuardianId(guardian) if guardian else None, ChildId(about) if about else None)


def _named(request: Request, parameter: str) -> str | None:
    try:
        return read_id(request.query_params[parameter]) if parameter in request.query_params else None
    except PydanticCustomError as wrong:
        raise invalid_field("query", parameter, wrong.type) from wrong


UPLOAD: Final = RawBody(
    admits=admitted,
    media_types=frozenset(TYPES),
    most_bytes=LARGEST_BYTES,
    seconds=UPLOAD_SECONDS,
    most_at_once=MOST_UPLOADS,
)
PaperBody = Annotated[bytes, Depends(UPLOAD)]


async def examined(request: Request, content: bytes) -> Paper:
    """The copy to keep. Raises the problem that says why there is none."""
    limiter: CapacityLimiter = request.app.state.examiners
    found = await to_thread.run_sync(examine_apart, content, limiter=limiter)
    if not isinstance(found, Paper):
        raise Problem(found.code)
    return found


async def _own(at: Office) -> list[tuple[HouseholdId, GuardianId]]:
    """The guardians the caller is, each in its household."""
    [rows] = await at.reader.ask(at.commune, families.households_of_subject(at.commune, at.caller.subject))
    return [(HouseholdId(row["household"]), GuardianId(row["guardian"])) for row in rows]


async def _owner(at: Office, guardian: GuardianId | None, about: ChildId | None) -> tuple[HouseholdId, GuardianId]:
    """Who hands the document in, and in which household. Not found for anybody else's family."""
    if at.caller.role == "guardian":
        candidates = await _own(at)
    elif guardian is None:
        raise invalid_field("query", "guardian", "missing")
    else:
        [rows] = await at.reader.ask(at.commune, families.households_of_guardian(at.commune, guardian))
        candidates = [(HouseholdId(row["household"]), guardian) for row in rows]
    if guardian is not None:
        candidates = [one for one in candidates if one[1] == guardian]
    if about is not None:
        [rows] = await at.reader.ask(at.commune, families.households_of_child(at.commune, about))
        homes = {row["household"] for row in rows}
        candidates = [one for one in candidates if one[0] in homes]
    if not candidates:
        raise not_found()
    return candidates[0]


def _said(kept: Any) -> dict[str, Any]:
    """A document as answers show it: of the page of its household, or of the vault."""
    names = ("document", "owner", "about", "kind", "media_type", "size_bytes")
    return {**{name: getattr(kept, name) for name in names}, "kind_label": DOCUMENTS.get(kept.kind, kept.kind)}


@router.post(
    "/documents",
    status_code=201,
    summary="Déposer un justificatif",
    responses=openapi.answered(201, schemas_people.Document, located=True)
    | openapi.answered(200, schemas_people.Document, located=True)
    | openapi.documented("document_unsafe", "document_unreadable"),
    openapi_extra={"requestBody": {"required": True, "content": _FILES}},
)
async def handed_in(
    content: PaperBody,
    at: AtCounter,
    vault: AtVault,
    *,
    kind: KindAsked,
    about: AboutAsked = None,
    guardian: GuardianNamed = None,
) -> Response:
    """The same paper, handed in again for the same use, gives back the same document (200)."""
    child = ChildId(about) if about else None
    household, owner = await _owner(at.office, GuardianId(guardian) if guardian else None, child)
    paper = await examined(at.office.request, content)
    key = await key_of(at, vault, PersonId(child or owner))
    document = DocumentId(new_id())
    command = KeepDocument(
        household=household,
        document=document,
        owner=owner,
        about=child,
        kind=Slug(kind),
        media_type=paper.media_type,
        size_bytes=len(paper.content),
        match=key.match(paper.content),
        sealed=key.seal(content_kind(document), paper.content),
    )
    return await unguessable(at, key).run(command, _rendered(at, command))


def _rendered(at: Counter, command: KeepDocument) -> Any:
    def said(result: Result) -> Said:
        [page] = result.prepared.pages
        kept = command.kept_before(page.state)  # type: ignore[arg-type]
        assert kept is not None
        status = 201 if kept.document == command.document else 200
        return Said(status=status, content=_said(kept), location=f"/v1/{at.office.commune}/documents/{kept.document}")

    return said


@router.get(
    "/documents",
    summary="Les justificatifs déposés",
    responses=openapi.answered(200, schemas_people.Documents),
)
async def listed(at: AtOffice, vault: AtVault, page: PageAsked, guardian: GuardianNamed = None) -> JSONAnswer:
    """A guardian reads their own; an agent, those of a guardian that a demande names."""
    if at.caller.role == "guardian":
        owners = [owner for _, owner in await _own(at) if guardian in (None, owner)]
    elif guardian is None:
        raise invalid_field("query", "guardian", "missing")
    else:
        owners = [GuardianId(guardian)]
    found = await _shown(at, vault, owners, _after(page), page.limit + 1)
    shown, following = page.part("documents", found, lambda kept: (kept.kept_at.isoformat(), kept.document))
    at.saw(*(seen for kept in shown for seen in (kept.person, kept.owner)))
    return JSONAnswer({"documents": [{**_said(kept), "kept_at": kept.kept_at} for kept in shown], "next": following})


async def _shown(
    at: Office, vault: Vault, owners: Sequence[GuardianId], after: tuple[datetime, str] | None, most: int
) -> list[KeptDocument]:
    """What the caller may open, the latest first: a list goes on after a document it shows, never after another."""
    shown: list[KeptDocument] = []
    while len(shown) < most:
        found = await run_in_threadpool(vault.documents_of, at.commune, owners, after=after, limit=READ_AT_ONCE)
        opened = {kept.document for kept in found}
        if at.caller.role != "guardian" and found:
            opened = await open_to_agents(at, vault, found)
        shown += [kept for kept in found if kept.document in opened]
        if len(found) < READ_AT_ONCE:
            break
        after = (found[-1].kept_at, found[-1].document)
    return shown[:most]


def _after(page: Page) -> tuple[datetime, str] | None:
    place = page.after("documents", (str, str))
    return None if place is None else (read_place(read_instant, place[0]), str(place[1]))


async def open_to_agents(at: Office, vault: Vault, kept: Sequence[KeptDocument]) -> set[DocumentId]:
    """Those a demande names that waits for a decision or may still be contested, and the protocols of health.

    Whoever looks after a child must be able to read what to do.
    """
    documents, households = [each.document for each in kept], [each.household for each in kept]
    named = demandes.documents_to_decide(at.commune, documents, households, now=at.now)
    [rows] = await at.reader.ask(at.commune, named)
    persons = {each.person for each in kept}
    known = await run_in_threadpool(vault.people, at.commune, persons, kinds=("health",)) if persons else {}
    protocols = {
        details.get("health", {}).get("protocol") for details in known.values() if not isinstance(details, Erased)
    }
    return {DocumentId(row["document"]) for row in rows} | protocols


async def _may_open(at: Office, vault: Vault, kept: KeptDocument) -> bool:
    if at.caller.role == "guardian":
        return any(owner == kept.owner for _, owner in await _own(at))
    return kept.document in await open_to_agents(at, vault, [kept])


@router.get(
    "/documents/{document}",
    summary="Ouvrir un justificatif",
    response_class=Response,
    responses={200: {"description": "Le document.", "content": _FILES}},
)
async def opened(document: IdText, at: AtOffice, vault: AtVault) -> Response:
    """The bytes, to be kept as a file: no browser shows them as a page of this site."""
    known = DocumentId(document)
    kept = await run_in_threadpool(vault.document, at.commune, known)
    if kept is None or not await _may_open(at, vault, kept):
        raise not_found()
    content = await run_in_threadpool(vault.content, at.commune, known)
    if content is None:
        raise not_found()
    at.saw(kept.person, kept.owner)
    headers = {
        "Content-Disposition": f'attachment; filename="{document}.{TYPES[kept.media_type]}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "no-store",
    }
    return Response(content, 200, headers, kept.media_type)
