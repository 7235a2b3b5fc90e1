"""What is known of people: identity, address, contact and situation; of a child, who it is and its health."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api import openapi, schemas_people
from api.answers import JSONAnswer
from api.detail_bodies import AddressAsked, ContactAsked, HealthAsked, IdentityAsked, SituationAsked, value_of
from api.door import doors
from api.fields import IdText, StrictModel
from api.french_people import HEALTH, SITUATIONS
from api.office import AtCounter, AtOffice, Counter, Office, Said
from api.problems import invalid_field, not_found
from api.refusals import PARIS
from commands.keep_details import KeepChildDetails, KeepDetails, SealedDetails
from ledger.identifiers import ChildId, DocumentId, HouseholdId, PersonId
from ledger.sealed import DetailsKind
from ledger.store import ErasedError
from projections import families, shared
from vault.people import Details, Erased, Vault
from vault.sealing import PersonKey, canonical

router = doors("personnes")

OF_ADULTS: tuple[DetailsKind, ...] = ("identity", "address", "contact", "situation")


async def vault_of(request: Request) -> Vault:
    """The vault of this service."""
    vault: Vault = request.app.state.vault
    return vault


AtVault = Annotated[Vault, Depends(vault_of)]


async def key_of(at: Office, vault: Vault, person: PersonId) -> PersonKey:
    """The key of a person; not found for somebody who was forgotten."""
    try:
        return await run_in_threadpool(vault.key_of, at.commune, person, at.now)
    except ErasedError as erased:
        raise not_found() from erased


def unguessable(at: Counter, key: PersonKey) -> Counter:
    """The counter with a fingerprint nobody can make again without the key: a name is soon guessed from its digest."""
    return replace(at, key=replace(at.key, fingerprint=key.fingerprint(at.key.fingerprint)))


async def known_of(at: Office, vault: Vault, person: PersonId, *kinds: DetailsKind) -> Details | Erased:
    """What is known of one person."""
    found = await run_in_threadpool(vault.people, at.commune, [person], kinds=kinds)
    return found[person]


async def of_household(at: Office, household: HouseholdId, person: PersonId) -> None:
    """Not found unless the caller may see the household, and somebody of it is meant."""
    await at.open_household(household)
    guardians, others = await at.reader.ask(
        at.commune, families.guardians_of(at.commune, household), shared.people_of(at.commune, household)
    )
    if person not in {row["guardian"] for row in guardians} | {row["person"] for row in others}:
        raise not_found()
    at.saw(person)


def sealed(key: PersonKey, kind: DetailsKind, value: Any) -> SealedDetails:
    """A value as a command carries it."""
    return SealedDetails(
        person=key.person, kind=kind, digest=key.digest(kind, value), sealed=key.seal(kind, canonical(value))
    )


@router.get(
    "/households/{household}/people/{person}",
    summary="Ce qui est connu d'une personne du foyer",
    responses=openapi.answered(200, schemas_people.Person),
)
async def person_known(household: IdText, person: IdText, at: AtOffice, vault: AtVault) -> JSONAnswer:
    """A guardian, another member or a contact of the household."""
    await of_household(at, HouseholdId(household), PersonId(person))
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
        _refuse_unborn(asked, at.office)
        await of_household(at.office, known, of)
        key = await key_of(at.office, vault, of)
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


def _refuse_unborn(asked: StrictModel, at: Office) -> None:
    if isinstance(asked, IdentityAsked) and asked.birth_date and asked.birth_date > at.now.astimezone(PARIS).date():
        raise invalid_field("body", "birth_date", "in_the_future")


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
    _refuse_unborn(asked, at.office)
    return await _keep_of_child(ChildId(child), "identity", value_of(asked), at, vault)


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
    responses=openapi.answered(200, schemas_people.DetailsKept) | openapi.documented("unknown_document"),
)
async def keep_child_health(child: IdText, asked: HealthAsked, at: AtCounter, vault: AtVault) -> Response:
    """Either household of the child, or an agent. The list replaces the one before."""
    protocol = DocumentId(asked.protocol) if asked.protocol else None
    return await _keep_of_child(ChildId(child), "health", value_of(asked), at, vault, protocol=protocol)


async def _keep_of_child(
    child: ChildId,
    kind: DetailsKind,
    value: dict[str, Any],
    at: Counter,
    vault: Vault,
    *,
    protocol: DocumentId | None = None,
) -> Response:
    standing = (await at.office.standings([child]))[child]
    key = await key_of(at.office, vault, PersonId(child))
    command = KeepChildDetails(
        child=child, households=standing.households, details=sealed(key, kind, value), protocol=protocol
    )
    return await unguessable(at, key).run(command, _kept(child, kind))
