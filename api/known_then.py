"""What was known of a child, a household or a demande at an instant, gathered by the questions asked of the present."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from api.asking import Reader, Rows
from api.history import of_whom, rendered
from api.history_words import HistoryWords
from api.known_at import Known
from ledger.days import local_day
from ledger.identifiers import ChildId, Commune, DemandeNumber, HouseholdId
from ledger.streams import child_page, household_page, payer_page
from projections import demandes, families, pages_of, shared, town
from projections.billing import accounts, questions
from projections.calendar import days_of

AT_ONCE: Final = 1_000
"""Demandes read in one round trip; all of them are told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What is asked about: one of them."""

    child: ChildId | None = None
    household: HouseholdId | None = None
    demande: DemandeNumber | None = None
    by_day: bool = False
    """Whether days were named: only the demandes about them are told then."""

    @property
    def kind(self) -> str:
        """Child, household or demande."""
        if self.child is not None:
            return "child"
        return "household" if self.household is not None else "demande"


@dataclass(frozen=True, kw_only=True, slots=True)
class Then:
    """What was known at an instant, about days; `now` is how the same days stand today."""

    subject: Subject
    known_at: datetime
    first: date
    last: date
    words: HistoryWords
    about: Sequence[str]
    """Whom it is about, for the access log."""
    account: Mapping[str, Rows]
    """Rows of the account, by table."""
    demandes: Rows
    days: Rows
    now: Rows

    def said(self, commune: str) -> dict[str, Any]:
        """The same, as JSON says it."""
        whom = {"child": self.subject.child, "household": self.subject.household, "demande": self.subject.demande}
        told: dict[str, Any] = {"commune": commune, "as_of": self.known_at, **whom}
        if self.subject.child is not None:
            told |= {"from": self.first, "to": self.last, "days": self.days, "days_now": self.now}
        account = {table: [_plain(row) for row in rows] for table, rows in self.account.items()}
        return {**told, "demandes": [rendered(row, staff=True) for row in self.demandes], "account": account}


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"group" if name == "child_group" else name: value for name, value in row.items()}


def period_of(day: date | None, month: str | None, known_at: datetime, zone: ZoneInfo) -> tuple[date, date]:
    """The days that are asked about: one, a month, or the month of the instant."""
    if day is not None:
        return day, day
    first = date.fromisoformat(f"{month}-01") if month else local_day(known_at, zone).replace(day=1)
    after = (first + timedelta(days=31)).replace(day=1)
    return first, after - timedelta(days=1)


async def gathered(
    reader: Reader, commune: Commune, whom: Subject, known_at: datetime, first: date, last: date
) -> Then | None:
    """What was known; None when nothing was, of nobody."""
    found = await _found(reader, commune, whom, known_at, first, last)
    if found is None:
        return None
    [versions] = await reader.ask(commune, town.rulebooks(commune, known_at=known_at))
    words = HistoryWords(rules=await reader.rules(commune, versions))
    return Then(subject=whom, known_at=known_at, first=first, last=last, words=words, **found)


async def _found(
    reader: Reader, commune: Commune, whom: Subject, known_at: datetime, first: date, last: date
) -> dict[str, Any] | None:
    if whom.child is not None:
        return await _of_child(reader, commune, whom.child, known_at, (first, last), by_day=whom.by_day)
    if whom.household is not None:
        return await _of_household(reader, commune, whom.household, known_at)
    assert whom.demande is not None
    return await _of_demande(reader, commune, whom.demande, known_at)


async def _demandes(then: Known, commune: Commune, which: demandes.Filter) -> Rows:
    """Every demande of these, the oldest first."""
    found: Rows = []
    place: demandes.Place | None = None
    while True:
        [some] = await then.ask(commune, demandes.history(commune, which, order="oldest", after=place, limit=AT_ONCE))
        found += some
        if len(some) < AT_ONCE:
            return found
        place = demandes.Place(submitted_at=some[-1]["submitted_at"], number=some[-1]["number"])


def _names_a_day(demande: Mapping[str, Any], first: date, last: date) -> bool:
    """Whether a demande is about one of these days; one of days before and after them is not."""
    return any(first <= date.fromisoformat(str(asked["day"])) <= last for asked in demande["days"])


async def _of_child(
    reader: Reader,
    commune: Commune,
    child: ChildId,
    known_at: datetime,
    days: tuple[date, date],
    *,
    by_day: bool,
) -> dict[str, Any] | None:
    then = Known(reader, known_at, [child_page(commune, child)])
    boxes_asked = days_of(commune, child, *days, told_apart=True)
    homes, enrolled, meals, boxes = await then.ask(
        commune,
        families.households_of_child(commune, child),
        families.enrolments_of(commune, child),
        families.meals_brought_of(commune, child),
        boxes_asked,
    )
    if not homes:
        return None
    first, last = days if by_day else (None, None)
    asked = await _demandes(then, commune, demandes.Filter(child=child, first_day=first, last_day=last))
    if by_day:
        asked = [row for row in asked if _names_a_day(row, *days)]
    [now] = await reader.ask(commune, boxes_asked)
    lived = [{"child": child, **row} for row in homes]
    asking = {row["household"] for row in asked}
    return {
        "about": sorted({child, *asking, *(row["household"] for row in homes)}),
        "account": {"children": lived, "enrolments": enrolled, "meals_brought": meals},
        "demandes": asked,
        "days": boxes,
        "now": now,
    }


async def _of_household(
    reader: Reader, commune: Commune, household: HouseholdId, known_at: datetime
) -> dict[str, Any] | None:
    then = Known(reader, known_at, pages_of.families(commune, [household]))
    guardians, children, people, keys, quotients, statuses, [opened] = await then.ask(
        commune,
        families.guardians_of(commune, household),
        families.children_of(commune, household),
        shared.people_of(commune, household),
        shared.keys_of(commune, household),
        shared.quotients_of(commune, household),
        shared.tariff_statuses_of(commune, household),
        families.version_of(household_page(commune, household)),
    )
    if not opened["version"]:
        return None
    money = Known(reader, known_at, [payer_page(commune, household)])
    titres, payments, mandates, debits, owed = await money.ask(
        commune,
        questions.titres_of(commune, household),
        accounts.payments_of(commune, household),
        accounts.mandates_of(commune, household),
        accounts.debits_of(commune, household),
        accounts.balance_of(commune, household),
    )
    return {
        "about": sorted({household, *(row["child"] for row in children)}),
        "account": {
            "guardians": guardians,
            "household_people": people,
            "children": [{"household": household, **row} for row in children],
            "quotients": quotients,
            "tariff_statuses": statuses,
            "family_keys": keys,
            "titres": titres,
            "payments": payments,
            "mandates": [{name: row[name] for name in row if name != "digest"} for row in mandates],
            "direct_debits": debits,
            "payers": owed,
        },
        "demandes": await _demandes(then, commune, demandes.Filter(household=household)),
        "days": [],
        "now": [],
    }


async def _of_demande(
    reader: Reader, commune: Commune, number: DemandeNumber, known_at: datetime
) -> dict[str, Any] | None:
    then = Known(reader, known_at, pages_of.demande(commune, number))
    [rows] = await then.ask(commune, demandes.one(commune, number))
    if not rows:
        return None
    return {"about": sorted(of_whom(rows[0])), "account": {}, "demandes": rows, "days": [], "now": []}
