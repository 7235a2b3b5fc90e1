"""Households: opened by the town, with the people who live there and those it may call."""

from collections.abc import Mapping
from typing import Any

from fastapi.responses import Response

from api import openapi, schemas_families
from api.answers import JSONAnswer
from api.asking import Rows
from api.cursors import PageAsked
from api.door import doors
from api.family_bodies import ContactPersonAsked, HouseholdAsked, MemberAsked
from api.fields import IdText
from api.french_families import guardian_label
from api.office import AtCounter, AtInstant, Office, Said
from api.problems import not_found
from api.sealing import AtVault, given_id, identities, sealed_by
from commands.execute import Result
from commands.members import AddContact, AddMember, RemoveContact, RemoveMember
from commands.register_household import OpenHousehold
from ledger.identifiers import HouseholdId, PersonId, new_id
from ledger.streams import household_page
from projections import families, pages_of, shared
from projections.households import households
from projections.question import Question

router = doors("foyers")


@router.post(
    "/households",
    status_code=201,
    summary="Ouvrir un foyer",
    responses=openapi.answered(201, schemas_families.Household, located=True),
)
async def opened(_: HouseholdAsked, at: AtCounter) -> Response:
    """Opens a household."""
    household, commune = HouseholdId(new_id()), at.office.commune

    def said(_: Result) -> Said:
        nobody: dict[str, Any] = {"guardians": [], "children": [], "members": [], "contacts": [], "identities": {}}
        location = f"/v1/{commune}/households/{household}"
        return Said(status=201, content={"household": household, **nobody}, location=location)

    return await at.run(OpenHousehold(household=household), said)


@router.get(
    "/households",
    summary="Les foyers de la commune",
    responses=openapi.answered(200, schemas_families.Households),
)
async def listed(at: AtInstant, page: PageAsked, vault: AtVault) -> JSONAnswer:
    """The households of the town, each with its guardians and its children."""
    after = page.after("households", (str,))
    last = str(after[0]) if after else None
    known = at.known(pages_of.listed(at.commune, after=last, limit=page.limit + 1, known_at=at.now))
    [rows] = await known.ask(at.commune, households(at.commune, after=last, limit=page.limit + 1))
    shown, following = page.part("households", rows, lambda row: (row["household"],))
    people = {row["household"]: [*_guardians_of(row), *row["children"]] for row in shown}
    at.saw(*people)
    names = await identities(at, vault, {person for each in people.values() for person in each})
    said = [
        {
            "household": row["household"],
            "guardians": seen(at, row["guardians"]),
            "children": row["children"],
            "identities": _among(names, people[row["household"]]),
        }
        for row in shown
    ]
    return JSONAnswer({"households": said, "next": following})


def _guardians_of(row: Mapping[str, Any]) -> list[str]:
    return [guardian["guardian"] for guardian in row["guardians"]]


def _among(known: Mapping[str, Any], people: list[str]) -> dict[str, Any]:
    return {person: known[person] for person in people if person in known}


@router.get(
    "/households/{household}",
    summary="Un foyer",
    responses=openapi.answered(200, schemas_families.Household),
)
async def one(household: IdText, at: AtInstant, vault: AtVault) -> JSONAnswer:
    """The guardians and the children of a household, who else lives there, and who may be called."""
    known = HouseholdId(household)
    _, [guardians, children, others] = await of_household(
        at,
        known,
        families.guardians_of(at.commune, known),
        families.children_of(at.commune, known),
        shared.people_of(at.commune, known),
        children=True,
    )
    ids = [row["child"] for row in children]
    people = [*(row["guardian"] for row in guardians), *ids, *(row["person"] for row in others)]
    said = {
        "household": household,
        "guardians": seen(at, guardians),
        "children": ids,
        "members": _members(others),
        "contacts": _contacts(others),
        "identities": await identities(at, vault, people),
    }
    return JSONAnswer(said)


async def of_household(
    at: Office, household: HouseholdId, *questions: Question, children: bool = False
) -> tuple[int, list[Rows]]:
    """The version of a household the caller may open, and what is asked about it; not found when there is none.

    `children`: whether something of it is told by their pages.
    """
    await at.open_household(household)
    page = household_page(at.commune, household)
    known = at.known(pages_of.families(at.commune, [household]) if children else [page])
    *answers, [found] = await known.ask(at.commune, *questions, families.version_of(page))
    if not found["version"]:
        raise not_found()
    return found["version"], answers


async def somebody_of(at: Office, household: HouseholdId, person: PersonId) -> None:
    """Not found unless the caller may see the household, and somebody of it is meant."""
    await at.open_household(household)
    guardians, others = await at.reader.ask(
        at.commune, families.guardians_of(at.commune, household), shared.people_of(at.commune, household)
    )
    if person not in {row["guardian"] for row in guardians} | {row["person"] for row in others}:
        raise not_found()
    at.saw(person)


def seen(at: Office, guardians: Rows) -> Rows:
    """The guardians as the caller may see them: of the accounts, a guardian reads only their own."""
    hidden = at.only_for is not None
    return [
        {
            **row,
            "subject": None if hidden and row["subject"] != at.only_for else row["subject"],
            "holder_label": guardian_label(holder=row["holder"]),
        }
        for row in guardians
    ]


def _members(others: Rows) -> Rows:
    return [{"person": row["person"]} for row in others if row["role"] == "member"]


def _contacts(others: Rows) -> Rows:
    return [{"person": row["person"], "collects": row["collects"]} for row in others if row["role"] == "contact"]


@router.get(
    "/households/{household}/members",
    summary="Les autres membres d'un foyer",
    responses=openapi.answered(200, schemas_families.Members),
)
async def members(household: IdText, at: AtInstant, vault: AtVault) -> JSONAnswer:
    """Those who live in a household besides its guardians and its children."""
    known = HouseholdId(household)
    _, [others] = await of_household(at, known, shared.people_of(at.commune, known))
    found = _members(others)
    return JSONAnswer({"members": found, "identities": await identities(at, vault, [row["person"] for row in found])})


@router.post(
    "/households/{household}/members",
    status_code=201,
    summary="Ajouter un membre au foyer",
    responses=openapi.answered(201, schemas_families.Member),
)
async def add_member(household: IdText, asked: MemberAsked, at: AtCounter, vault: AtVault) -> Response:
    """Somebody else lives in the household."""
    person = PersonId(given_id(at))
    at, details = await sealed_by(at, vault, person, {"identity": asked.identity, "contact": asked.contact})
    command = AddMember(household=HouseholdId(household), person=person, details=details)
    return await at.run(command, lambda _: Said(status=201, content={"person": person}))


@router.delete(
    "/households/{household}/members/{person}",
    summary="Retirer un membre du foyer",
    responses=openapi.answered(200, schemas_families.PersonGone),
)
async def remove_member(household: IdText, person: IdText, at: AtCounter) -> Response:
    """They live there no more."""
    command = RemoveMember(household=HouseholdId(household), person=PersonId(person))
    return await at.run(command, lambda _: Said(status=200, content={"person": person}))


@router.get(
    "/households/{household}/contacts",
    summary="Les contacts d'un foyer",
    responses=openapi.answered(200, schemas_families.Contacts),
)
async def contacts(household: IdText, at: AtInstant, vault: AtVault) -> JSONAnswer:
    """Those the town may call, and who among them may collect the children."""
    known = HouseholdId(household)
    _, [others] = await of_household(at, known, shared.people_of(at.commune, known))
    found = _contacts(others)
    return JSONAnswer({"contacts": found, "identities": await identities(at, vault, [row["person"] for row in found])})


@router.post(
    "/households/{household}/contacts",
    status_code=201,
    summary="Ajouter un contact au foyer",
    responses=openapi.answered(201, schemas_families.ContactPerson),
)
async def add_contact(household: IdText, asked: ContactPersonAsked, at: AtCounter, vault: AtVault) -> Response:
    """Somebody the town may call, who may collect the children or not."""
    person = PersonId(given_id(at))
    at, details = await sealed_by(at, vault, person, {"identity": asked.identity, "contact": asked.contact})
    command = AddContact(household=HouseholdId(household), person=person, collects=asked.collects, details=details)
    return await at.run(command, lambda _: Said(status=201, content={"person": person, "collects": asked.collects}))


@router.delete(
    "/households/{household}/contacts/{person}",
    summary="Retirer un contact du foyer",
    responses=openapi.answered(200, schemas_families.PersonGone),
)
async def remove_contact(household: IdText, person: IdText, at: AtCounter) -> Response:
    """They may neither be called nor collect the children any more."""
    command = RemoveContact(household=HouseholdId(household), person=PersonId(person))
    return await at.run(command, lambda _: Said(status=200, content={"person": person}))
