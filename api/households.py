"""Households: opened by the town, with those who answer for their children."""

from typing import Annotated

from fastapi.responses import Response
from pydantic import ConfigDict, Field

from api import openapi, schemas
from api.answers import JSONAnswer
from api.asking import Rows
from api.door import doors
from api.fields import IdText, StrictModel
from api.office import AtCounter, AtOffice, Office, Render, Said
from api.problems import not_found
from commands.execute import Result
from commands.register_household import AddGuardian, LinkGuardian, OpenHousehold, UnlinkGuardian
from ledger.identifiers import GuardianId, HouseholdId, Subject, new_id
from ledger.streams import household_page
from projections import families

router = doors("foyers")

SubjectText = Annotated[
    str,
    Field(min_length=1, max_length=255, pattern=r"^[!-~]+$", examples=["idp|parent-0001"]),
]
"""The `sub` of the identity provider: pseudonymous, never an e-mail address."""


class HouseholdAsked(StrictModel):
    """A household to open: the town gives it its identifier."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class GuardianAsked(StrictModel):
    """A guardian to add, with the account that speaks for them if it is known already."""

    subject: SubjectText | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"subject": "idp|parent-0001"}, {}]})


class AccountAsked(StrictModel):
    """An account of the identity provider."""

    subject: SubjectText

    model_config = ConfigDict(json_schema_extra={"examples": [{"subject": "idp|parent-0001"}]})


@router.post(
    "/households",
    status_code=201,
    summary="Ouvrir un foyer",
    responses=openapi.answered(201, schemas.Household, located=True),
)
async def opened(_: HouseholdAsked, at: AtCounter) -> Response:
    """Opens a household."""
    household, commune = HouseholdId(new_id()), at.office.commune

    def said(_: Result) -> Said:
        content = {"household": household, "guardians": [], "children": []}
        return Said(status=201, content=content, location=f"/v1/{commune}/households/{household}")

    return await at.run(OpenHousehold(household=household), said)


@router.get(
    "/households/{household}",
    summary="Un foyer",
    responses=openapi.answered(200, schemas.Household),
)
async def one(household: IdText, at: AtOffice) -> JSONAnswer:
    """The guardians and the children of a household."""
    known = HouseholdId(household)
    await at.open_household(known)
    guardians, children, [page] = await at.reader.ask(
        at.commune,
        families.guardians_of(at.commune, known),
        families.children_of(at.commune, known),
        families.version_of(household_page(at.commune, known)),
    )
    if not page["version"]:
        raise not_found()
    said = {"household": household, "guardians": _seen(at, guardians), "children": [row["child"] for row in children]}
    return JSONAnswer(said)


@router.post(
    "/households/{household}/guardians",
    status_code=201,
    summary="Ajouter un responsable",
    responses=openapi.answered(201, schemas.Guardian) | openapi.documented("already_linked"),
)
async def add_guardian(household: IdText, asked: GuardianAsked, at: AtCounter) -> Response:
    """Adds a guardian to a household."""
    known, guardian = HouseholdId(household), GuardianId(new_id())
    subject = Subject(asked.subject) if asked.subject else None
    command = AddGuardian(household=known, guardian=guardian, subject=subject)
    return await at.run(command, _guardian_said(guardian, 201))


@router.get(
    "/households/{household}/guardians",
    summary="Les responsables d'un foyer",
    responses=openapi.answered(200, schemas.Guardians),
)
async def guardians(household: IdText, at: AtOffice) -> JSONAnswer:
    """Those who answer for the children of a household."""
    known = HouseholdId(household)
    await at.open_household(known)
    rows, [page] = await at.reader.ask(
        at.commune,
        families.guardians_of(at.commune, known),
        families.version_of(household_page(at.commune, known)),
    )
    if not page["version"]:
        raise not_found()
    return JSONAnswer({"guardians": _seen(at, rows)})


def _guardian_said(guardian: GuardianId, status: int) -> Render:
    """The guardian a command is about, as they stand after it."""

    def said(result: Result) -> Said:
        rows = [change.row for change in result.prepared.changes if change.table == "guardians"]
        [row] = [row for row in rows if row["guardian"] == guardian][-1:]
        content = {name: row[name] for name in ("guardian", "holder", "standing")}
        return Said(status=status, content={**content, "subject": row["subject"] or None})

    return said


def _seen(at: Office, guardians: Rows) -> Rows:
    """The guardians as the caller may see them: of the accounts, a guardian reads only their own."""
    hidden = at.only_for is not None
    return [{**row, "subject": None} if hidden and row["subject"] != at.only_for else row for row in guardians]


@router.post(
    "/households/{household}/guardians/{guardian}/account",
    summary="Rattacher un compte à un responsable",
    responses=openapi.answered(200, schemas.Guardian) | openapi.documented("already_linked"),
)
async def link(household: IdText, guardian: IdText, asked: AccountAsked, at: AtCounter) -> Response:
    """Ties an account to a guardian who had none."""
    known = HouseholdId(household)
    command = LinkGuardian(household=known, guardian=GuardianId(guardian), subject=Subject(asked.subject))
    return await at.run(command, _guardian_said(GuardianId(guardian), 200))


@router.delete(
    "/households/{household}/guardians/{guardian}/account",
    summary="Retirer un compte à un responsable",
    responses=openapi.answered(200, schemas.Guardian) | openapi.documented("not_linked"),
)
async def unlink(household: IdText, guardian: IdText, at: AtCounter) -> Response:
    """Takes an account away from a guardian: at once, it opens nothing of the household any more."""
    command = UnlinkGuardian(household=HouseholdId(household), guardian=GuardianId(guardian))
    return await at.run(command, _guardian_said(GuardianId(guardian), 200))
