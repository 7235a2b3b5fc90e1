"""Guardians: who answers for the children of a household, which account speaks for them, and who may do nothing."""

from typing import Literal

from fastapi.responses import Response

from api import openapi, schemas_families
from api.answers import JSONAnswer
from api.door import doors
from api.family_bodies import AccountAsked, GuardianAsked, HolderAsked, SuspensionAsked
from api.fields import IdText
from api.french_families import guardian_label
from api.households import of_household, seen
from api.office import AtCounter, AtInstant, Render, Said
from api.sealing import AtVault, given_id, identities, sealed_by
from commands.execute import Result
from commands.guardians import AddGuardian, LinkGuardian, NameHolder, Reinstate, RemoveGuardian, Suspend, UnlinkGuardian
from ledger.household import Household
from ledger.identifiers import ChildId, GuardianId, HouseholdId, Subject
from projections import families

router = doors("foyers")


@router.post(
    "/households/{household}/guardians",
    status_code=201,
    summary="Ajouter un responsable",
    responses=openapi.answered(201, schemas_families.Guardian) | openapi.documented("already_linked"),
)
async def add_guardian(household: IdText, asked: GuardianAsked, at: AtCounter, vault: AtVault) -> Response:
    """Adds a guardian to a household. The first one is the titulaire until another is named."""
    guardian = GuardianId(given_id(at))
    at, details = await sealed_by(at, vault, guardian, {"identity": asked.identity, "contact": asked.contact})
    command = AddGuardian(
        household=HouseholdId(household),
        guardian=guardian,
        subject=Subject(asked.subject) if asked.subject else None,
        details=details,
    )
    return await at.run(command, _guardian_said(guardian, 201))


@router.get(
    "/households/{household}/guardians",
    summary="Les responsables d'un foyer",
    responses=openapi.answered(200, schemas_families.Guardians),
)
async def guardians(household: IdText, at: AtInstant, vault: AtVault) -> JSONAnswer:
    """Those who answer for the children of a household."""
    known = HouseholdId(household)
    _, [rows] = await of_household(at, known, families.guardians_of(at.commune, known))
    people = await identities(at, vault, [row["guardian"] for row in rows])
    return JSONAnswer({"guardians": seen(at, rows), "identities": people})


def _guardian_said(guardian: GuardianId, status: int = 200) -> Render:
    """The guardian a command is about, as they stand after it."""

    def said(result: Result) -> Said:
        [row] = [row for row in result.rows_of("guardians") if row["guardian"] == guardian][-1:]
        content = {name: row[name] for name in ("guardian", "holder", "standing")}
        content |= {"subject": row["subject"] or None, "holder_label": guardian_label(holder=row["holder"])}
        return Said(status=status, content=content)

    return said


@router.delete(
    "/households/{household}/guardians/{guardian}",
    summary="Retirer un responsable du foyer",
    responses=openapi.answered(200, schemas_families.GuardianGone) | openapi.documented("last_guardian"),
)
async def remove(household: IdText, guardian: IdText, at: AtCounter) -> Response:
    """The guardian is of the household no more, and their account opens nothing of it."""
    known, office = HouseholdId(household), at.office
    [children] = await office.reader.ask(office.commune, families.children_of(office.commune, known))
    command = RemoveGuardian(
        household=known, guardian=GuardianId(guardian), children=[ChildId(row["child"]) for row in children]
    )

    def gone(result: Result) -> Said:
        [state] = [page.state for page in result.prepared.pages if isinstance(page.state, Household)]
        return Said(status=200, content={"guardian": guardian, "holder": state.holder})

    return await at.run(command, gone)


@router.post(
    "/households/{household}/guardians/{guardian}/holder",
    summary="Nommer le titulaire du foyer",
    responses=openapi.answered(200, schemas_families.Guardian) | openapi.documented("nothing_to_do"),
)
async def name_holder(household: IdText, guardian: IdText, _: HolderAsked, at: AtCounter) -> Response:
    """Makes a guardian the titulaire; the others are co-représentants."""
    command = NameHolder(household=HouseholdId(household), guardian=GuardianId(guardian))
    return await at.run(command, _guardian_said(GuardianId(guardian)))


@router.post(
    "/households/{household}/guardians/{guardian}/account",
    summary="Rattacher un compte à un responsable",
    responses=openapi.answered(200, schemas_families.Guardian) | openapi.documented("already_linked"),
)
async def link(household: IdText, guardian: IdText, asked: AccountAsked, at: AtCounter) -> Response:
    """Ties an account to a guardian who had none."""
    known = HouseholdId(household)
    command = LinkGuardian(household=known, guardian=GuardianId(guardian), subject=Subject(asked.subject))
    return await at.run(command, _guardian_said(GuardianId(guardian)))


@router.delete(
    "/households/{household}/guardians/{guardian}/account",
    summary="Retirer un compte à un responsable",
    responses=openapi.answered(200, schemas_families.Guardian) | openapi.documented("not_linked"),
)
async def unlink(household: IdText, guardian: IdText, at: AtCounter) -> Response:
    """Takes an account away from a guardian: at once, it opens nothing of the household any more."""
    command = UnlinkGuardian(household=HouseholdId(household), guardian=GuardianId(guardian))
    return await at.run(command, _guardian_said(GuardianId(guardian)))


@router.post(
    "/households/{household}/guardians/{guardian}/suspension",
    summary="Suspendre un responsable ou son compte",
    responses=openapi.answered(200, schemas_families.Guardian) | openapi.documented("already_suspended", "not_linked"),
)
async def suspend(household: IdText, guardian: IdText, asked: SuspensionAsked, at: AtCounter) -> Response:
    """Takes effect at once, whatever token is still valid: nothing of the family is answered to them any more."""
    command = Suspend(
        household=HouseholdId(household), guardian=GuardianId(guardian), scope=asked.scope, reason=asked.reason
    )
    return await at.run(command, _guardian_said(GuardianId(guardian)))


@router.delete(
    "/households/{household}/guardians/{guardian}/suspension",
    summary="Lever une suspension",
    responses=openapi.answered(200, schemas_families.Guardian) | openapi.documented("not_suspended"),
)
async def reinstate(
    household: IdText, guardian: IdText, at: AtCounter, scope: Literal["guardian", "account"] | None = None
) -> Response:
    """Ends the suspension of the guardian and of their account, or of one of the two."""
    command = Reinstate(household=HouseholdId(household), guardian=GuardianId(guardian), scope=scope)
    return await at.run(command, _guardian_said(GuardianId(guardian)))
