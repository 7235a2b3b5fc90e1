"""What is known of people: identity, address, contact and situation; of a child, who it is and its health."""

from collections.abc import Callable
from typing import Any

from fastapi.responses import Response

from api import openapi, schemas_people
from api.answers import JSONAnswer
from api.detail_bodies import AddressAsked, ContactAsked, HealthAsked, IdentityAsked, SituationAsked, value_of
from api.door import doors
from api.fields import IdText, StrictModel
from api.french_people import HEALTH, SITUATIONS
from api.households import somebody_of
from api.office import AtCounter, AtOffice, Counter, Said
from api.sealing import AtVault, key_of, known_of, refuse_unborn, sealed, unguessable
from commands.keep_details import KeepChildDetails, KeepDetails
from ledger.identifiers import ChildId, DocumentId, HouseholdId, PersonId
from ledger.sealed import DetailsKind
from vault.people import Erased, Vault

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
