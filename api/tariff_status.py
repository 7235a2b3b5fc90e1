"""Which tariffs a household is under: its history, and what an agent decides."""

from collections.abc import Mapping
from typing import Any

from fastapi.responses import Response

from api import openapi, schemas_tariffs
from api.answers import JSONAnswer
from api.door import doors
from api.fields import Day, IdText, StrictModel
from api.formality_bodies import example
from api.french_tariffs import REGIMES, RESIDENCES
from api.households import of_household
from api.office import AtInstant, AtVersionedCounter, Said
from commands.decide_tariff_status import DecideTariffStatus
from commands.execute import Result
from ledger.events import Regime, Residence
from ledger.identifiers import HouseholdId
from ledger.streams import household_page
from projections import shared

router = doors("foyers")


class TariffStatusAsked(StrictModel):
    """Whether a household lives in the town and what scheme it is of, from a day on."""

    residence: Residence
    regime: Regime
    first_day: Day

    model_config = example(residence="outside", regime="msa", first_day="2024-02-01")


def _said(row: Mapping[str, Any]) -> dict[str, Any]:
    """A status as answers show it."""
    return {
        "first_day": row["first_day"],
        "residence": row["residence"],
        "residence_label": RESIDENCES[row["residence"]],
        "regime": row["regime"],
        "regime_label": REGIMES[row["regime"]],
        "decided_at": row["decided_at"],
    }


@router.get(
    "/households/{household}/tariff-status",
    summary="La situation tarifaire d'un foyer",
    responses=openapi.answered(200, schemas_tariffs.TariffStatuses, etag=True),
)
async def statuses(household: IdText, at: AtInstant) -> JSONAnswer:
    """The latest first. Of two from the same day, the one decided last counts: it comes before the other."""
    known = HouseholdId(household)
    version, [rows] = await of_household(at, known, shared.tariff_statuses_of(at.commune, known))
    return at.tagged({"household": household, "statuses": [_said(row) for row in rows]}, version=version)


@router.post(
    "/households/{household}/tariff-status",
    status_code=201,
    summary="Décider de la situation tarifaire d'un foyer",
    responses=openapi.answered(201, schemas_tariffs.TariffStatus, etag=True, located=True),
)
async def decide(household: IdText, asked: TariffStatusAsked, at: AtVersionedCounter) -> Response:
    """Where it lives and its scheme, as the town's tariffs tell families apart. Past days are billed again so."""
    known, commune = HouseholdId(household), at.office.commune
    command = DecideTariffStatus(
        household=known, residence=asked.residence, regime=asked.regime, first_day=asked.first_day
    )

    def decided(result: Result) -> Said:
        row = result.row_of("tariff_statuses")
        return Said(status=201, content=_said(row), location=f"/v1/{commune}/households/{household}/tariff-status")

    return await at.run(command, decided, about=household_page(commune, known))
