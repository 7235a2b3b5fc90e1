"""Who read the file of a household: what a family may ask, and the town's staff for it."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query

from api import french_access, openapi, schemas_access
from api.answers import JSONAnswer
from api.asking import Rows
from api.cursors import Page, PageAsked, read_place
from api.door import doors
from api.fields import Day, IdText, read_instant
from api.households import of_household
from api.office import AtOffice, Office
from api.problems import invalid_field
from commands.town_days import timezone_of
from ledger.days import local_midnight
from ledger.identifiers import HouseholdId, Subject
from projections import reads, town

router = doors("foyers")


@router.get(
    "/households/{household}/reads",
    summary="Qui a consulté le dossier d'un foyer",
    responses=openapi.answered(200, schemas_access.Reads),
)
async def listed(
    household: IdText,
    at: AtOffice,
    page: PageAsked,
    first: Annotated[Day | None, Query(alias="from", description=french_access.FROM_DAY)] = None,
    last: Annotated[Day | None, Query(alias="to", description=french_access.TO_DAY)] = None,
) -> JSONAnswer:
    """A guardian reads what the town and their own household looked at; nothing of another household of a child."""
    known = HouseholdId(household)
    _, asked = await of_household(at, known, *reads.of_household(at.commune, known))
    log = OfHousehold(*asked)
    since, until = await _period(at, first, last)
    question = reads.reads(
        at.commune,
        log.persons,
        since=since,
        until=until,
        family=log.of_family() if at.only_for else None,
        after=_after(page),
        limit=page.limit + 1,
    )
    [rows] = await at.reader.ask(at.commune, question)
    shown, following = page.part("reads", rows, lambda row: (row["read_at"].isoformat(), str(row["line"])))
    return JSONAnswer({"reads": [rendered(row, log.names) for row in shown], "next": following})


class OfHousehold:
    """What the log of a household is read with: the answers to `reads.of_household`."""

    def __init__(self, persons: Rows, others: Rows, accounts: Rows) -> None:
        self._others, self._accounts = others, accounts
        self.persons: list[str] = [row["person"] for row in persons]
        """Whom a line is about."""

    def of_family(self) -> reads.ForFamily:
        """What is shown to a guardian of the household."""
        apart = {name for row in self._others for name in (row["household"], row["guardian"]) if name}
        return reads.ForFamily(
            accounts=[
                reads.Speaking(subject=Subject(row["subject"]), since=row["since"], until=row["until"])
                for row in self._accounts
            ],
            shared=[*{row["child"] for row in self._others}],
            others=sorted(apart - set(self.persons)),
        )

    @property
    def names(self) -> dict[str, str]:
        """The guardian each account speaks for, or spoke for; where it is several, the last of this household."""
        return {row["subject"]: row["guardian"] for row in (*self._others, *self._accounts) if row["subject"]}


def rendered(row: Mapping[str, Any], guardians: Mapping[str, str]) -> dict[str, Any]:
    """A line of the log as it is shown: a guardian is named as the household names them, not by their account."""
    actor = guardians.get(row["actor"], row["actor"]) if row["role"] == "guardian" else row["actor"]
    return {
        "read_at": row["read_at"],
        "role": row["role"],
        "role_label": french_access.ROLES[row["role"]],
        "actor": actor,
        "client": row["client"],
        "operation": row["operation"],
        "operation_label": french_access.OPERATIONS.get(row["operation"], row["operation"]),
        "purpose": row["purpose"],
        "purpose_label": french_access.PURPOSES[row["purpose"]],
        "about": row["about"],
    }


async def _period(at: Office, first: date | None, last: date | None) -> tuple[datetime | None, datetime | None]:
    if first is None and last is None:
        return None, None
    if first is not None and last is not None and last < first:
        raise invalid_field("query", "to", "period_expected")
    [versions] = await at.reader.ask(at.commune, town.rulebooks(at.commune))
    return bounds(first, last, timezone_of(await at.reader.rules(at.commune, versions)))


def bounds(first: date | None, last: date | None, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """The instants between which these days of a town are, the second one excluded."""

    def starts(day: date | None) -> datetime | None:
        return local_midnight(day, zone) if day else None

    return starts(first), starts(last + timedelta(days=1) if last else None)


def _after(page: Page) -> reads.Place | None:
    place = page.after("reads", (str, str))
    if place is None:
        return None
    return reads.Place(read_at=read_place(read_instant, place[0]), line=read_place(UUID, place[1]))
