"""Demandes without days: a change in what is known of a family, its quotient, an enrolment."""

from typing import Any

from fastapi.responses import Response

from api import openapi, schemas_formalities
from api.demandes import written
from api.detail_bodies import value_of
from api.door import doors
from api.fields import IdText
from api.formality_bodies import (
    AddressChange,
    ChildDemandeAsked,
    ContactAddition,
    ContactChange,
    HouseholdDemandeAsked,
    MemberAddition,
    PersonChange,
    QuotientDeclaration,
)
from api.households import somebody_of
from api.office import AtVersionedCounter, Office, Said
from api.problems import invalid_field, not_found
from api.sealing import AtVault, given_id, key_of, known_of, refuse_unborn, sealed, unguessable
from commands.declare_quotient import DeclareQuotient
from commands.execute import Result
from commands.keep_details import SealedDetails
from commands.request_change import RequestChange
from commands.request_enrolment import RequestEnrolment
from ledger.identifiers import (
    ChildId,
    DocumentId,
    EnrolmentId,
    GuardianId,
    HouseholdId,
    PersonId,
    ProposalId,
    Slug,
    new_id,
)
from ledger.sealed import DetailsKind
from ledger.streams import child_page, household_page
from projections import families
from vault.people import Details, Erased, Vault
from vault.sealing import PersonKey

router = doors("demandes")

_REFUSALS = openapi.documented(
    "document_required",
    "document_not_taken",
    "unknown_document",
    "already_awaiting",
    "too_many_waiting",
    "person_erased",
    "no_rulebook",
)


@router.post(
    "/households/{household}/demandes",
    status_code=201,
    summary="Demander un changement pour son foyer, ou déclarer son quotient",
    responses=openapi.answered(201, schemas_formalities.Asked, etag=True)
    | _REFUSALS
    | openapi.documented("quotient_out_of_bounds"),
)
async def ask_for_household(
    household: IdText, asked: HouseholdDemandeAsked, at: AtVersionedCounter, vault: AtVault
) -> Response:
    """The answer, which is stored, holds none of the values: they wait in the vault."""
    known, body = HouseholdId(household), asked.root
    guardian = await at.office.open_household(known)
    about = household_page(at.office.commune, known)
    documents = tuple(map(DocumentId, body.documents))
    origin = at.office.origin
    if isinstance(body, QuotientDeclaration):
        quotient = DeclareQuotient(
            household=known, amount_cents=body.amount_cents, source=body.source, documents=documents, origin=origin
        )
        return await at.run(quotient, _asked, about=about)
    if isinstance(body, MemberAddition | ContactAddition):
        person = PersonId(given_id(at))
    else:
        person = await _about(at.office, known, guardian, body)
    key = await key_of(at, vault, person, forgotten="person_erased")
    [[page]] = await at.office.reader.ask(at.office.commune, families.version_of(about))
    command = RequestChange(
        household=known,
        change=body.kind,
        person=person,
        proposal=ProposalId(new_id()),
        details=await _proposed(at.office, vault, key, body),
        documents=documents,
        collects=isinstance(body, ContactAddition) and body.collects,
        asked_by=guardian,
        completed_at=page["version"] if isinstance(body, ContactChange) else None,
        origin=origin,
    )
    return await unguessable(at, key).run(command, _asked, about=about)


def _asked(result: Result) -> Said:
    return Said(status=201, content={"demandes": written(result)})


async def _about(at: Office, household: HouseholdId, guardian: GuardianId | None, body: PersonChange) -> PersonId:
    """Whom a change is about: somebody of the household."""
    if body.person is None and guardian is None:
        raise invalid_field("body", "person", "missing")
    person = PersonId(body.person or str(guardian))
    await somebody_of(at, household, person)
    return person


async def _proposed(
    at: Office, vault: Vault, key: PersonKey, body: PersonChange | MemberAddition | ContactAddition
) -> list[SealedDetails]:
    values: dict[DetailsKind, dict[str, Any]]
    if isinstance(body, AddressChange):
        values = {"address": value_of(body.address)}
    elif isinstance(body, ContactChange):
        known = await known_of(at, vault, key.person, "contact")
        values = {"contact": _changed(known, body)}
    elif isinstance(body, MemberAddition | ContactAddition):
        refuse_unborn(at, body.identity, "identity.birth_date")
        values = {"identity": value_of(body.identity)}
        if isinstance(body, ContactAddition):
            values["contact"] = value_of(body.contact)
    else:
        values = {"situation": {"situation": body.situation}}
    return [sealed(key, kind, value) for kind, value in values.items()]


def _changed(known: Details | Erased, body: ContactChange) -> dict[str, Any]:
    """How somebody is reached once what is named has changed."""
    before: dict[str, Any] = {} if isinstance(known, Erased) else known.get("contact") or {}
    said = value_of(body.contact)
    return {name: said[name] if name in body.contact.model_fields_set else before.get(name) for name in said}


@router.post(
    "/children/{child}/demandes",
    status_code=201,
    summary="Demander l'inscription d'un enfant à une activité",
    responses=openapi.answered(201, schemas_formalities.Asked, etag=True)
    | _REFUSALS
    | openapi.documented("unknown_activity", "unknown_site", "unknown_group", "period_reversed", "already_enrolled"),
)
async def ask_for_child(child: IdText, asked: ChildDemandeAsked, at: AtVersionedCounter) -> Response:
    """Waits for the town, which may change the site, the group or the period when it accepts."""
    known = ChildId(child)
    standing = (await at.office.standings([known]))[known]
    household = HouseholdId(asked.household) if asked.household else standing.households[0]
    if household not in standing.households:
        raise not_found()
    command = RequestEnrolment(
        child=known,
        household=household,
        enrolment=EnrolmentId(new_id()),
        activity=Slug(asked.activity),
        site=Slug(asked.site) if asked.site else None,
        group=Slug(asked.group) if asked.group else None,
        first_day=asked.first_day,
        last_day=asked.last_day,
        documents=tuple(map(DocumentId, asked.documents)),
        origin=at.office.origin,
    )
    return await at.run(command, _asked, about=child_page(at.office.commune, known))
