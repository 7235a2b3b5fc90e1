"""Children: registered, enrolled, and their calendar."""

from typing import Any

from fastapi.responses import Response
from pydantic import ConfigDict

from api import openapi, schemas
from api.answers import JSONAnswer
from api.demandes import written
from api.detail_bodies import IdentityAsked
from api.door import doors
from api.fields import Day, IdText, SlugText, StrictModel
from api.office import AtCounter, AtInstant, AtVersionedCounter, Render, Said
from api.sealing import AtVault, child_name, given_id, identity_of, sealed_by
from commands.enrol_child import EndEnrolment, EnrolChild
from commands.execute import Result
from commands.register_household import RegisterChild
from ledger.identifiers import ChildId, Commune, EnrolmentId, HouseholdId, Slug, new_id
from ledger.streams import child_page
from projections import families

router = doors("enfants")


class ChildAsked(StrictModel):
    """A child to register, with who it is: its names go to the vault, the ledger knows an opaque identifier."""

    household: IdText
    identity: IdentityAsked | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"household": "1b4e28ba-2fa1-4ad2-883f-0016d3cca427"},
                {
                    "household": "1b4e28ba-2fa1-4ad2-883f-0016d3cca427",
                    "identity": {"given_name": "Matteo", "family_name": "Exemple", "birth_date": "2015-02-03"},
                },
            ]
        }
    )


class EnrolmentAsked(StrictModel):
    """An activity, for a period; both days included."""

    activity: SlugText
    first_day: Day
    last_day: Day
    site: SlugText | None = None
    group: SlugText | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "activity": "alsh-mercredis",
                    "first_day": "2023-09-06",
                    "last_day": "2024-07-06",
                    "site": "l-ile-aux-enfants",
                    "group": "les-winners",
                }
            ]
        }
    )


class EnrolmentEnd(StrictModel):
    """The last day the child may come."""

    last_day: Day

    model_config = ConfigDict(json_schema_extra={"examples": [{"last_day": "2024-02-09"}]})


@router.post(
    "/children",
    status_code=201,
    summary="Enregistrer un enfant",
    responses=openapi.answered(201, schemas.RegisteredChild, etag=True, located=True),
)
async def register(asked: ChildAsked, at: AtCounter, vault: AtVault) -> Response:
    """Opens the page of a child in a household."""
    child, household = ChildId(given_id(at)), HouseholdId(asked.household)
    commune = at.office.commune
    at, details = await sealed_by(at, vault, child, {"identity": asked.identity})

    def said(_: Result) -> Said:
        content = {"child": child, "household": household}
        return Said(status=201, content=content, location=f"/v1/{commune}/children/{child}")

    command = RegisterChild(child=child, household=household, details=details)
    return await at.run(command, said, about=child_page(commune, child))


@router.get(
    "/children/{child}",
    summary="Un enfant",
    responses=openapi.answered(200, schemas.Child, etag=True),
)
async def one(child: IdText, at: AtInstant, vault: AtVault) -> JSONAnswer:
    """The child, its household and its enrolments."""
    known = ChildId(child)
    standing, (rows, [version], identity) = await at.ask_about(
        known,
        families.enrolments_of(at.commune, known),
        families.version_of(child_page(at.commune, known)),
        identity_of(at.commune, known),
    )
    at.saw(*standing.households)
    said = {
        "child": child,
        "household": standing.households[0],
        "households": standing.households,
        "custody": standing.custody,
        "erased": standing.erased,
        "name": child_name(at, vault, known, identity, erased=standing.erased),
        "enrolments": [enrolment_said(row) for row in rows],
    }
    return at.tagged(said, version=version["version"])


def enrolment_said(row: dict[str, Any]) -> dict[str, Any]:
    """An enrolment as answers show it."""
    return {
        "enrolment": row["enrolment"],
        "activity": row["activity"],
        "site": row["site"],
        "group": row["child_group"],
        "first_day": row["first_day"],
        "last_day": row["last_day"],
    }


@router.get(
    "/children/{child}/enrolments",
    summary="Les inscriptions d'un enfant",
    responses=openapi.answered(200, schemas.Enrolments, etag=True),
)
async def enrolments(child: IdText, at: AtInstant) -> JSONAnswer:
    """What the child is, was or will be enrolled in."""
    known = ChildId(child)
    _, (rows, [version]) = await at.ask_about(
        known, families.enrolments_of(at.commune, known), families.version_of(child_page(at.commune, known))
    )
    return at.tagged({"enrolments": [enrolment_said(row) for row in rows]}, version=version["version"])


def _enrolled(commune: Commune, child: ChildId) -> Render:
    def said(result: Result) -> Said:
        row = result.row_of("enrolments")
        return Said(status=201, content=enrolment_said(row), location=f"/v1/{commune}/children/{child}/enrolments")

    return said


@router.post(
    "/children/{child}/enrolments",
    status_code=201,
    summary="Inscrire un enfant à une activité",
    responses=openapi.answered(201, schemas.Enrolment, etag=True, located=True)
    | openapi.documented("unknown_activity", "unknown_site", "unknown_group", "period_reversed", "already_enrolled"),
)
async def enrol(child: IdText, asked: EnrolmentAsked, at: AtVersionedCounter) -> Response:
    """Enrols the child for a period."""
    known, commune = ChildId(child), at.office.commune
    await at.office.standings([known])
    command = EnrolChild(
        child=known,
        enrolment=EnrolmentId(new_id()),
        activity=Slug(asked.activity),
        first_day=asked.first_day,
        last_day=asked.last_day,
        site=Slug(asked.site) if asked.site else None,
        group=Slug(asked.group) if asked.group else None,
    )
    return await at.run(command, _enrolled(commune, known), about=child_page(commune, known))


@router.post(
    "/children/{child}/enrolments/{enrolment}/end",
    summary="Mettre fin à une inscription",
    responses=openapi.answered(200, schemas.EnrolmentEnded, etag=True)
    | openapi.documented("period_reversed", "already_awaiting"),
)
async def end(child: IdText, enrolment: IdText, asked: EnrolmentEnd, at: AtVersionedCounter) -> Response:
    """Ends an enrolment; what each household reserved later is cancelled under a number of its own."""
    known, commune = ChildId(child), at.office.commune
    await at.office.standings([known])
    command = EndEnrolment(child=known, enrolment=EnrolmentId(enrolment), last_day=asked.last_day)

    def ended(result: Result) -> Said:
        row = result.row_of("enrolments")
        return Said(status=200, content={**enrolment_said(row), "cancelled": written(result)})

    return await at.run(command, ended, about=child_page(commune, known))
