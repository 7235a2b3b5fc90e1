"""Decisions of agents: on one demande, or on a queue of them."""

from typing import Annotated, Any, Literal

from fastapi.responses import Response
from pydantic import ConfigDict, Field

from api import openapi, schemas
from api.demande_bodies import DayWanted
from api.demandes import written
from api.door import doors
from api.fields import Number, NumberText, SlugText, StrictModel
from api.history import found
from api.office import AtCounter, AtVersionedCounter, Said
from api.problems import not_found
from api.refusals import errors_of
from commands.decide_demandes import DecideDemandes, Decision
from commands.execute import Result
from commands.outcome import Accepted, Refusal
from ledger.identifiers import ChildId, DemandeNumber, Slug
from ledger.streams import child_page
from projections import demandes as history

router = doors("instruction")

MOST_DECISIONS = 100
MOST_APPROVED = 400


class DecisionSaid(StrictModel):
    """All the days, some of them, or none; `reason` is needed as soon as a day is refused."""

    approve: Literal["all", "none"] | Annotated[list[DayWanted], Field(min_length=1, max_length=MOST_APPROVED)]
    reason: SlugText | None = None

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"approve": "all"},
                {"approve": "none", "reason": "complet"},
                {"approve": [{"day": "2024-04-09", "unit": "journee"}], "reason": "effectif"},
            ]
        }
    )

    def on(self, child: ChildId, number: int) -> Decision:
        """The decision as the command knows it."""
        reason = Slug(self.reason) if self.reason else None
        approved: frozenset[Any] | None = None
        if self.approve == "none":
            approved = frozenset()
        elif isinstance(self.approve, list):
            approved = frozenset((wanted.day, Slug(wanted.unit)) for wanted in self.approve)
        return Decision(child=child, number=DemandeNumber(number), approved=approved, reason=reason)


class NumberedDecision(DecisionSaid):
    """The decision on one demande of a queue."""

    number: Number

    model_config = ConfigDict(json_schema_extra={"examples": [{"number": 43495, "approve": "all"}]})


class QueueDecided(StrictModel):
    """Decisions on several demandes. Each is kept or left out on its own; all are kept in one go."""

    decisions: Annotated[list[NumberedDecision], Field(min_length=1, max_length=MOST_DECISIONS)]

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "decisions": [
                        {"number": 43495, "approve": "all"},
                        {"number": 43493, "approve": "none", "reason": "complet"},
                    ]
                }
            ]
        }
    )


_REFUSALS = openapi.documented(
    "already_decided", "no_place_left", "unit_conflict", "reason_required", "unknown_reason", "not_in_demande"
)


@router.post(
    "/demandes/{number:digits}/decision",
    summary="Instruire une demande",
    responses=openapi.answered(200, schemas.Demande, etag=True) | _REFUSALS,
)
async def decide(number: NumberText, said: DecisionSaid, at: AtVersionedCounter) -> Response:
    """Decides a demande, once."""
    row, _ = await found(at.office, number)
    child = ChildId(row["child"])
    command = DecideDemandes(decisions=[said.on(child, number)])
    return await at.run(command, _decided, about=child_page(at.office.commune, child))


def _decided(result: Result) -> Said:
    return Said(status=200, content=written(result)[0])


@router.post(
    "/decisions",
    summary="Instruire plusieurs demandes à la fois",
    responses=openapi.answered(200, schemas.QueueDecided) | _REFUSALS,
)
async def decide_queue(said: QueueDecided, at: AtCounter) -> Response:
    """Decides a queue: what can be decided is, the rest is named."""
    commune = at.office.commune
    numbers = [DemandeNumber(each.number) for each in said.decisions]
    [rows] = await at.office.reader.ask(commune, history.owners(commune, numbers))
    children = {row["number"]: ChildId(row["child"]) for row in rows if row["child"]}
    known = [each for each in said.decisions if each.number in children]
    if not known:
        raise not_found()
    unknown = tuple(Refusal(code="not_found", number=number) for number in numbers if number not in children)
    command = DecideDemandes(decisions=[each.on(children[each.number], each.number) for each in known])

    def decided(result: Result) -> Said:
        assert isinstance(result.outcome, Accepted)
        left_out = errors_of((*result.outcome.left_out, *unknown), result.rules)
        content = {"demandes": written(result), "left_out": [error.content() for error in left_out]}
        return Said(status=200, content=content)

    return await at.run(command, decided)
