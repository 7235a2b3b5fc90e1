"""Decisions of agents: on one demande, or on a queue of them."""

from typing import Annotated, Any, Literal

from fastapi.responses import Response
from pydantic import ConfigDict, Field

from api import openapi, schemas
from api.demande_bodies import DayWanted
from api.demandes import written
from api.door import doors
from api.fields import Day, Number, NumberText, SlugText, StrictModel
from api.formality_bodies import AmountCents
from api.history import Owner, found, owner_of
from api.office import AtCounter, AtVersionedCounter, Said
from api.problems import not_found
from api.refusals import errors_of
from commands.decide_demandes import DecideDemandes, Decision, EnrolmentCorrection, QuotientCorrection
from commands.execute import Result
from commands.outcome import Accepted, Refusal
from ledger.identifiers import DemandeNumber, Slug
from projections import demandes as history

router = doors("instruction")

MOST_DECISIONS = 100
MOST_APPROVED = 400


class QuotientCorrected(StrictModel):
    """The amount and the first day as the document says them; what is not said stays as it was declared."""

    amount_cents: AmountCents | None = None
    first_day: Day | None = None
    regularisation: bool = False
    """Needed where the first day is in a month that is over: the town decides to go back on it."""

    def said(self) -> QuotientCorrection:
        """The correction as the command knows it."""
        return QuotientCorrection(
            amount_cents=self.amount_cents, first_day=self.first_day, regularisation=self.regularisation
        )


class EnrolmentCorrected(StrictModel):
    """Where and when the child is enrolled; what is not said stays as it was asked."""

    site: SlugText | None = None
    group: SlugText | None = None
    first_day: Day | None = None
    last_day: Day | None = None

    def said(self) -> EnrolmentCorrection:
        """The correction as the command knows it."""
        return EnrolmentCorrection(
            site=Slug(self.site) if self.site else None,
            group=Slug(self.group) if self.group else None,
            first_day=self.first_day,
            last_day=self.last_day,
        )


class DecisionSaid(StrictModel):
    """All the days, some of them, or none; `reason` is needed as soon as a day is refused.

    A demande without days takes `all` or `none`.
    """

    approve: Literal["all", "none"] | Annotated[list[DayWanted], Field(min_length=1, max_length=MOST_APPROVED)]
    reason: SlugText | None = None
    quotient: QuotientCorrected | None = None
    """What an agent corrects of a quotient that was declared."""
    enrolment: EnrolmentCorrected | None = None
    """What an agent changes of an enrolment that was asked for."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"approve": "all"},
                {"approve": "none", "reason": "complet"},
                {"approve": [{"day": "2024-04-09", "unit": "journee"}], "reason": "effectif"},
                {"approve": "all", "quotient": {"amount_cents": 65_300, "first_day": "2024-04-01"}},
            ]
        }
    )

    def on(self, owner: Owner, number: int) -> Decision:
        """The decision as the command knows it."""
        reason = Slug(self.reason) if self.reason else None
        approved: frozenset[Any] | None = None
        if self.approve == "none":
            approved = frozenset()
        elif isinstance(self.approve, list):
            approved = frozenset((wanted.day, Slug(wanted.unit)) for wanted in self.approve)
        return Decision(
            child=owner.child,
            household=owner.household,
            number=DemandeNumber(number),
            approved=approved,
            reason=reason,
            quotient=self.quotient.said() if self.quotient else None,
            enrolment=self.enrolment.said() if self.enrolment else None,
        )


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
    "already_decided",
    "custody",
    "no_place_left",
    "unit_conflict",
    "reason_required",
    "unknown_reason",
    "not_in_demande",
    "correction_not_expected",
    "already_enrolled",
    "person_left",
    "person_erased",
    "details_changed",
)


@router.post(
    "/demandes/{number:digits}/decision",
    summary="Instruire une demande",
    responses=openapi.answered(200, schemas.Demande, etag=True) | _REFUSALS,
)
async def decide(number: NumberText, said: DecisionSaid, at: AtVersionedCounter) -> Response:
    """Decides a demande, once."""
    row, _ = await found(at.office, number)
    owner = owner_of(at.office.commune, row)
    command = DecideDemandes(decisions=[said.on(owner, number)])
    return await at.run(command, _decided, about=owner.page)


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
    owners = {row["number"]: owner_of(commune, row) for row in rows}
    known = [each for each in said.decisions if each.number in owners]
    if not known:
        raise not_found()
    unknown = tuple(Refusal(code="not_found", number=number) for number in numbers if number not in owners)
    command = DecideDemandes(decisions=[each.on(owners[each.number], each.number) for each in known])

    def decided(result: Result) -> Said:
        assert isinstance(result.outcome, Accepted)
        left_out = errors_of((*result.outcome.left_out, *unknown), result.rules)
        content = {"demandes": written(result), "left_out": [error.content() for error in left_out]}
        return Said(status=200, content=content)

    return await at.run(command, decided)
