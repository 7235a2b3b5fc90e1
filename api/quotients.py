"""The quotient familial of a household: its history, and the one an agent records."""

from collections.abc import Mapping
from typing import Any

from fastapi.responses import Response

from api import openapi, schemas_formalities
from api.answers import JSONAnswer
from api.door import doors
from api.fields import IdText
from api.formality_bodies import QuotientRecorded
from api.french_formalities import SOURCES
from api.households import of_household
from api.office import AtInstant, AtVersionedCounter, Said
from commands.declare_quotient import RecordQuotient
from commands.execute import Result
from ledger.identifiers import HouseholdId
from ledger.streams import household_page
from projections import shared

router = doors("foyers")


def _said(row: Mapping[str, Any]) -> dict[str, Any]:
    """A quotient as answers show it."""
    return {
        "first_day": row["first_day"],
        "amount_cents": row["amount_cents"],
        "source": row["source"],
        "source_label": SOURCES[row["source"]],
        "demande": row["demande"],
        "regularisation": row["regularisation"],
        "decided_at": row["decided_at"],
    }


@router.get(
    "/households/{household}/quotients",
    summary="Les quotients familiaux d'un foyer",
    responses=openapi.answered(200, schemas_formalities.Quotients, etag=True),
)
async def quotients(household: IdText, at: AtInstant) -> JSONAnswer:
    """The latest first. Of two from the same day, the one decided last counts: it comes before the other."""
    known = HouseholdId(household)
    version, [rows] = await of_household(at, known, shared.quotients_of(at.commune, known))
    said = {"household": household, "quotients": [_said(row) for row in rows]}
    return at.tagged(said, version=version)


@router.post(
    "/households/{household}/quotients",
    status_code=201,
    summary="Enregistrer un quotient familial",
    responses=openapi.answered(201, schemas_formalities.Quotient, etag=True)
    | openapi.documented("quotient_out_of_bounds", "quotient_retroactive"),
)
async def record(household: IdText, asked: QuotientRecorded, at: AtVersionedCounter) -> Response:
    """An agent read it on its document: it counts from its first day, without a demande.

    Never from a month that is over, unless the town decides a regularisation.
    """
    known = HouseholdId(household)
    command = RecordQuotient(
        household=known,
        amount_cents=asked.amount_cents,
        source=asked.source,
        first_day=asked.first_day,
        regularisation=asked.regularisation,
    )
    return await at.run(command, _recorded, about=household_page(at.office.commune, known))


def _recorded(result: Result) -> Said:
    row = result.row_of("quotients")
    return Said(status=201, content=_said(row))
