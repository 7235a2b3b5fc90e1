"""Whose day it is, of children who live in two households: said by an agent, read by each household for itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi.responses import Response

from api import openapi, schemas_custody
from api.answers import JSONAnswer
from api.custody_bodies import CustodyAsked, HouseholdJoined
from api.door import doors
from api.feed import named_in
from api.fields import WEEKDAYS, IdText
from api.french_custody import MINE, OTHER, household_place, sentences
from api.households import of_household
from api.office import AtInstant, AtVersionedCounter, Office, Render, Said
from commands.custody import AgreeCustody, EndCustody, ExceptCustody
from commands.execute import Result
from commands.households_of_child import JoinHousehold, LeaveHousehold
from commands.outcome import Command
from ledger.child import Child
from ledger.events import CustodyAgreed, CustodyEnded, CustodyExcepted, CustodyStatement, HolidayHalves, ProofSeen, Week
from ledger.identifiers import ChildId, HouseholdId, Subject
from ledger.streams import child_page
from projections import families
from projections.calendar import statements_from
from rulebook.custody import concerning

router = doors("foyers")


@dataclass(frozen=True, kw_only=True, slots=True)
class HouseholdReader:
    """Who reads what was said: a guardian, for whom there are theirs and the other; or the town's staff."""

    household: HouseholdId | None
    """The guardian's, of which they read; None for the town's staff."""

    @classmethod
    def of(cls, at: Office, household: HouseholdId) -> "HouseholdReader":
        """The caller, in a household they may read."""
        return cls(household=None if at.only_for is None else household)

    def name(self, household: HouseholdId) -> str:
        """A household as it may be named to them."""
        if self.household is None:
            return household
        return "mine" if household == self.household else "other"

    def place(self, household: HouseholdId) -> str:
        """The same in a sentence."""
        if self.household is None:
            return household_place(household)
        return MINE if household == self.household else OTHER

    def concerned(self, statements: Sequence[tuple[CustodyStatement, datetime]]) -> list[dict[str, Any]]:
        """What was said since their household is named; all of it for the town's staff."""
        start = 0
        if self.household is not None:
            start = concerning([said for said, _ in statements], self.household)
        return [self.shown(said, stated_at) for said, stated_at in statements[start:]]

    def shown(self, statement: CustodyStatement, stated_at: datetime) -> dict[str, Any]:
        """A statement as they may read it."""
        agreed = statement if isinstance(statement, CustodyAgreed) else None
        excepted = statement if isinstance(statement, CustodyExcepted) else None
        halves = agreed.holidays if agreed else None
        proof = statement.proof
        return {
            "kind": _kind(statement),
            "first_day": statement.first_day,
            "last_day": excepted.last_day if excepted else None,
            "household": self.name(excepted.household) if excepted else None,
            "weeks": {"even": self._week(agreed.even_week), "odd": self._week(agreed.odd_week)} if agreed else None,
            "holidays": self._halves(halves) if halves else None,
            "proof": {
                "kind": proof.kind,
                "seen_on": proof.seen_on,
                "seen_by": proof.seen_by if self.household is None else None,
            },
            "stated_at": stated_at,
            "sentences": sentences(statement, self.place),
        }

    def _week(self, week: Week) -> dict[str, str]:
        return {day: self.name(household) for day, household in zip(WEEKDAYS, week, strict=True)}

    def _halves(self, halves: HolidayHalves) -> dict[str, str]:
        return {"even_years": self.name(halves.even_years), "odd_years": self.name(halves.odd_years)}


def _kind(statement: CustodyStatement) -> str:
    match statement:
        case CustodyAgreed():
            return "alternating"
        case CustodyExcepted():
            return "exception"
        case CustodyEnded():
            return "end"


@router.get(
    "/households/{household}/custody",
    summary="La garde alternée des enfants d'un foyer",
    responses=openapi.answered(200, schemas_custody.CustodyOfHousehold),
)
async def read(household: IdText, at: AtInstant) -> JSONAnswer:
    """What was said of each child of a household, without a word of where the other household is."""
    known = HouseholdId(household)
    _, [children] = await of_household(at, known, families.children_of(at.commune, known), children=True)
    named = [ChildId(row["child"]) for row in children if row["custody"]]
    pages = at.known([child_page(at.commune, child) for child in named])
    answers = await pages.ask(at.commune, *(families.custody_of(at.commune, child) for child in named))
    at.saw(*named)
    if at.only_for is None:
        at.saw(*(seen for rows in answers for row in rows for seen in named_in(row["statement"])))
    reader = HouseholdReader.of(at, known)
    said = [
        {"child": child, "statements": reader.concerned(_stated(rows))}
        for child, rows in zip(named, answers, strict=True)
    ]
    return JSONAnswer({"household": household, "children": said})


def _stated(rows: Sequence[dict[str, Any]]) -> list[tuple[CustodyStatement, datetime]]:
    return list(zip(statements_from(rows), (row["stated_at"] for row in rows), strict=True))


@router.post(
    "/households/{household}/custody",
    status_code=201,
    summary="Dire de qui est chaque jour, au vu d'un justificatif",
    responses=openapi.answered(201, schemas_custody.CustodySaid, etag=True, located=True)
    | openapi.documented(
        "not_two_households", "custody_one_sided", "custody_not_agreed", "period_reversed", "day_not_come"
    ),
)
async def state(household: IdText, asked: CustodyAsked, at: AtVersionedCounter) -> Response:
    """Records that custody alternates, a dated exception, or the end of it. The document is seen, never kept."""
    known, commune = HouseholdId(household), at.office.commune

    def said(result: Result) -> Said:
        entry = result.prepared.entries[-1]
        assert isinstance(entry.fact, CustodyStatement)
        shown = HouseholdReader(household=None).shown(entry.fact, entry.signature.recorded_at)
        return Said(
            status=201,
            content={"child": asked.child, "statement": shown},
            location=f"/v1/{commune}/households/{household}/custody",
        )

    child = ChildId(asked.child)
    await at.office.standings([child])
    at.office.saw(known)
    return await at.run(_command(asked, known, at.office.caller.subject), said, about=child_page(commune, child))


def _command(asked: CustodyAsked, household: HouseholdId, agent: Subject) -> Command:
    child = ChildId(asked.child)
    proof = ProofSeen(kind=asked.proof.kind, seen_by=agent, seen_on=asked.proof.seen_on)
    if asked.kind == "end":
        return EndCustody(child=child, household=household, first_day=asked.first_day, proof=proof)
    if asked.kind == "exception":
        assert asked.last_day is not None
        assert asked.household is not None
        return ExceptCustody(
            child=child,
            household=household,
            first_day=asked.first_day,
            last_day=asked.last_day,
            holder=HouseholdId(asked.household),
            proof=proof,
        )
    even_week, odd_week = asked.agreed_weeks()
    halves = asked.holidays
    return AgreeCustody(
        child=child,
        household=household,
        first_day=asked.first_day,
        even_week=even_week,
        odd_week=odd_week,
        holidays=HolidayHalves(even_years=HouseholdId(halves.even_years), odd_years=HouseholdId(halves.odd_years))
        if halves
        else None,
        proof=proof,
    )


@router.post(
    "/children/{child}/households",
    status_code=201,
    summary="Rattacher un enfant à un second foyer",
    responses=openapi.answered(201, schemas_custody.HouseholdsOfChild, etag=True)
    | openapi.documented("already_linked", "too_many_households"),
)
async def join(child: IdText, asked: HouseholdJoined, at: AtVersionedCounter) -> Response:
    """The child lives in a second household too: without custody, both act on everything."""
    known = ChildId(child)
    await at.office.standings([known])
    command = JoinHousehold(child=known, household=HouseholdId(asked.household))
    return await at.run(command, _households(known, 201), about=child_page(at.office.commune, known))


@router.delete(
    "/children/{child}/households/{household}",
    summary="Détacher un enfant d'un foyer",
    responses=openapi.answered(200, schemas_custody.HouseholdsOfChild, etag=True)
    | openapi.documented("last_household", "custody_not_ended", "still_awaiting"),
)
async def leave(child: IdText, household: IdText, at: AtVersionedCounter) -> Response:
    """The child is of that household no more: from that instant, its guardians see nothing of the child."""
    known = ChildId(child)
    await at.office.standings([known])
    command = LeaveHousehold(child=known, household=HouseholdId(household))
    return await at.run(command, _households(known, 200), about=child_page(at.office.commune, known))


def _households(child: ChildId, status: int) -> Render:
    """The households of a child after a command."""

    def said(result: Result) -> Said:
        [state] = [page.state for page in result.prepared.pages if isinstance(page.state, Child)]
        return Said(status=status, content={"child": child, "households": state.households})

    return said
