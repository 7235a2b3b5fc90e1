"""What is known of people: identity, address, contact and situation; of a child, who it is and its health."""

from collections.abc import Callable
from typing import Any

from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import openapi, schemas_people
from api.answers import JSONAnswer
from api.detail_bodies import (
    PROTOCOL_ITEM,
    AddressAsked,
    ContactAsked,
    HealthAsked,
    IdentityAsked,
    SituationAsked,
    value_of,
)
from api.documents import open_to_agents
from api.door import doors
from api.fields import IdText, StrictModel
from api.french_people import HEALTH, SITUATIONS
from api.households import somebody_of
from api.office import AtCounter, AtOffice, Office, Said, Standing
from api.sealing import AtVault, key_of, known_of, refuse_unborn, sealed, unguessable
from commands.execute import ATTEMPTS
from commands.keep_details import InPlace, KeepChildIdentity, KeepDetails, KeepHealth
from ledger.identifiers import ChildId, DocumentId, HouseholdId, PersonId
from ledger.sealed import DetailsKind
from ledger.store import ConflictError
from ledger.streams import child_page
from vault.people import Erased, Vault
from vault.sealing import PersonKey

router = doors("personnes")

OF_ADULTS: tuple[DetailsKind, ...] = ("identity", "address", "contact", "situation")


@router.get(
    "/households/{household}/people/{person}",
    summary="Ce qui est connu d'une personne du foyer",
    responses=openapi.answered(200, schemas_people.Person),
)
async def person_known(household: IdText, person: IdText, at: AtOffice, vault: AtVault) -> JSONAnswer:
    """A guardian, another member or a contact of the household."""
    await somebody_of(at, HouseholdId(household), PersonId(person))
    known = await known_of(at, vault, PersonId(person), *OF_ADULTS)
    erased = isinstance(known, Erased)
    said = {} if isinstance(known, Erased) else known
    situation = said.get("situation")
    labelled = situation and {**situation, "label": SITUATIONS[situation["situation"]]}
    shown = {kind: said.get(kind) for kind in ("identity", "address", "contact")}
    return JSONAnswer({"person": person, "erased": erased, **shown, "situation": labelled})


def _keeps(kind: DetailsKind, body: type[StrictModel], summary: str) -> None:
    """The route by which an agent says one kind of details."""

    async def keep(household: IdText, person: IdText, asked: Any, at: AtCounter, vault: AtVault) -> Response:
        known, of = HouseholdId(household), PersonId(person)
        if isinstance(asked, IdentityAsked):
            refuse_unborn(at.office, asked, "birth_date")
        await somebody_of(at.office, known, of)
        key = await key_of(at, vault, of)
        command = KeepDetails(household=known, details=sealed(key, kind, value_of(asked)))
        return await unguessable(at, key).run(command, _kept(of, kind))

    keep.__annotations__["asked"] = body
    keep.__doc__ = "What an agent checked. A family asks for a change by a demande."
    keep.__name__ = f"keep_{kind}"
    router.put(
        f"/households/{{household}}/people/{{person}}/{kind}",
        summary=summary,
        responses=openapi.answered(200, schemas_people.DetailsKept),
    )(keep)


_keeps("identity", IdentityAsked, "Corriger l'identité d'une personne du foyer")
_keeps("address", AddressAsked, "Corriger l'adresse d'une personne du foyer")
_keeps("contact", ContactAsked, "Corriger les moyens de contact d'une personne du foyer")
_keeps("situation", SituationAsked, "Corriger la situation d'une personne du foyer")


def _kept(person: PersonId | ChildId, kind: DetailsKind) -> Callable[[Any], Said]:
    """The answer names nobody: it is stored with its key."""
    return lambda _: Said(status=200, content={"person": person, "kind": kind})


@router.get(
    "/children/{child}/identity",
    summary="L'identité d'un enfant",
    responses=openapi.answered(200, schemas_people.ChildIdentity),
)
async def child_identity(child: IdText, at: AtOffice, vault: AtVault) -> JSONAnswer:
    """The names and the birth date of a child."""
    await at.standings([ChildId(child)])
    known = await known_of(at, vault, PersonId(child), "identity")
    identity = None if isinstance(known, Erased) else known.get("identity")
    return JSONAnswer({"child": child, "erased": isinstance(known, Erased), "identity": identity})


@router.put(
    "/children/{child}/identity",
    summary="Corriger l'identité d'un enfant",
    responses=openapi.answered(200, schemas_people.DetailsKept),
)
async def keep_child_identity(child: IdText, asked: IdentityAsked, at: AtCounter, vault: AtVault) -> Response:
    """What an agent read on a livret de famille."""
    refuse_unborn(at.office, asked, "birth_date")
    known = ChildId(child)
    await at.office.standings([known])
    key = await key_of(at, vault, PersonId(known))
    command = KeepChildIdentity(child=known, details=sealed(key, "identity", value_of(asked)))
    return await unguessable(at, key).run(command, _kept(known, "identity"))


@router.get(
    "/children/{child}/health",
    summary="Ce que la commune doit savoir de la santé d'un enfant",
    responses=openapi.answered(200, schemas_people.Health),
)
async def child_health(child: IdText, at: AtOffice, vault: AtVault) -> JSONAnswer:
    """Words of a closed list, and the protocol document that says what to do."""
    await at.standings([ChildId(child)])
    known = await known_of(at, vault, PersonId(child), "health")
    health = {"items": [], "protocol": None} if isinstance(known, Erased) else known.get("health") or {"items": []}
    items = [{"item": item, "label": HEALTH[item]} for item in health["items"]]
    erased = isinstance(known, Erased)
    return JSONAnswer({"child": child, "erased": erased, "items": items, "protocol": health.get("protocol")})


@router.put(
    "/children/{child}/health",
    summary="Dire ce que la commune doit savoir de la santé d'un enfant",
    responses=openapi.answered(200, schemas_people.DetailsKept)
    | openapi.documented("unknown_document", "protocol_in_place"),
)
async def keep_child_health(child: IdText, asked: HealthAsked, at: AtCounter, vault: AtVault) -> Response:
    """Either household of the child, or an agent. The list replaces the one before; the protocol stays unless said."""
    known = ChildId(child)
    standing = (await at.office.standings([known]))[known]
    key = await key_of(at, vault, PersonId(known))
    for left in reversed(range(ATTEMPTS)):
        command = await _health(known, standing, asked, at.office, vault, key)
        try:
            return await unguessable(at, key).run(command, _kept(known, "health"))
        except ConflictError:
            if not left:
                raise
    raise AssertionError


async def _health(
    child: ChildId, standing: Standing, asked: HealthAsked, at: Office, vault: Vault, key: PersonKey
) -> KeepHealth:
    """What is sealed holds the protocol: the one that is asked for, or the one in place when nothing is said of it."""
    before = await _in_place(child, at, vault)
    said = DocumentId(asked.protocol) if asked.protocol else None
    protocol = said if "protocol" in asked.model_fields_set else before.protocol
    return KeepHealth(
        child=child,
        households=standing.households,
        details=sealed(key, "health", {"items": list(asked.items), "protocol": protocol}),
        announced=PROTOCOL_ITEM in asked.items,
        before=before,
        protocol=protocol,
        subject=at.only_for,
        open=await _is_open(at, vault, protocol) if at.only_for is None else False,
    )


async def _in_place(child: ChildId, at: Office, vault: Vault) -> InPlace:
    """The protocol in place. The version comes first: what changes after it is seen when the command decides."""
    stream = child_page(at.commune, child)
    pages = await run_in_threadpool(at.store.pages, [stream])
    known = await known_of(at, vault, PersonId(child), "health")
    health = None if isinstance(known, Erased) else known.get("health")
    protocol = health and health["protocol"]
    kept = await run_in_threadpool(vault.document, at.commune, protocol) if protocol else None
    return InPlace(version=pages[stream].version, protocol=protocol, household=kept.household if kept else None)


async def _is_open(at: Office, vault: Vault, protocol: DocumentId | None) -> bool:
    """Whether agents may open the document already."""
    kept = await run_in_threadpool(vault.document, at.commune, protocol) if protocol else None
    return kept is not None and kept.document in await open_to_agents(at, vault, [kept])
