"""What forgetting a family would destroy, what stands in its way, and what the law keeps: for an agreement."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool

from api import french
from api.asking import Reader, Rows
from api.french_erasure import (
    ACCESS_LOG,
    ANSWERS,
    FACTS,
    JOURNAL,
    ROLES,
    YEARS_OF_FACTS,
    Ground,
)
from api.french_erasure import held as held_as
from commands.erase_people import AccountRequest, Proposed, Whom, proposed
from commands.outcome import Known, Refusal
from commands.town_days import town_day
from ledger.child import Child
from ledger.household import Household
from ledger.identifiers import ActivationId, ChildId, Commune, GuardianId, HouseholdId, PersonId
from ledger.store import AnyPage, Store
from ledger.streams import household_page, town_page
from projections import erasures, families
from rulebook.reading_retention import words
from rulebook.town import Rules, retention_of, rules_of_town


@dataclass(frozen=True, kw_only=True, slots=True)
class Archive:
    """Where what is held of a family is looked up."""

    commune: Commune
    store: Store
    reader: Reader
    now: datetime

    async def whom(self, household: HouseholdId | None, child: ChildId | None, person: PersonId | None) -> Whom:
        """Everybody a household knows or knew, one of them, or a child alone."""
        if household is None:
            assert child is not None
            return Whom(household=None, children=[child])
        stream = household_page(self.commune, household)
        page = (await run_in_threadpool(self.store.pages, [stream]))[stream]
        everybody = sorted(page.state.everybody) if isinstance(page.state, Household) else []
        children, others, asked = await self.reader.ask(
            self.commune,
            families.children_of(self.commune, household),
            erasures.elsewhere(self.commune, household, everybody),
            erasures.requests(self.commune, household),
        )
        elsewhere: dict[PersonId, list[HouseholdId]] = {}
        for row in others:
            elsewhere.setdefault(PersonId(row["person"]), []).append(HouseholdId(row["household"]))
        return Whom(
            household=household,
            children=[ChildId(row["child"]) for row in children],
            only=person,
            elsewhere=elsewhere,
            requests=[_request(row) for row in asked],
        )

    async def knew(self, household: HouseholdId, person: PersonId) -> bool:
        """Whether a household ever spoke of somebody, those who left included."""
        stream = household_page(self.commune, household)
        page = (await run_in_threadpool(self.store.pages, [stream]))[stream]
        return isinstance(page.state, Household) and person in page.state.everybody

    async def known(self, whom: Whom) -> Known:
        """What a decision about them would be told now."""
        town = town_page(self.commune)
        pages = await run_in_threadpool(self.store.pages, [town, *whom.pages(self.commune)])
        rules = rules_of_town(pages[town].state)  # type: ignore[arg-type]
        return Known(commune=self.commune, now=self.now, rules=rules, pages=pages)

    async def proposal(self, whom: Whom) -> dict[str, Any] | None:
        """Person by person; None when there is nobody of that name."""
        known = await self.known(whom)
        found = proposed(known, whom)
        if isinstance(found, str):
            return None
        requests = [one for one in whom.requests if whom.only is None or one.guardian == GuardianId(whom.only)]
        persons = [each.person for each in found]
        asked = [PersonId(request.activation) for request in requests]
        streams = list(dict.fromkeys(each.page.stream for each in found))
        held, [lines], [reads] = await self.reader.ask(
            self.commune,
            erasures.held(self.commune, [*persons, *asked], whom.household),
            erasures.facts(self.commune, streams),
            erasures.looked_at(self.commune, [*persons, *([whom.household] if whom.household else [])]),
        )
        return {
            "household": whom.household,
            "allowed": not any(each.refusals for each in found),
            "people": [_person(each, held) for each in found],
            "requests": [_destroyed(held, activation) for activation in asked if _destroyed(held, activation)],
            "kept": _kept(known.rules, self.now, lines, reads),
        }


def _request(row: dict[str, Any]) -> AccountRequest:
    guardian = GuardianId(row["guardian"]) if row["guardian"] else None
    return AccountRequest(activation=ActivationId(row["activation"]), guardian=guardian, waits=row["waits"])


def _person(each: Proposed, held: Rows) -> dict[str, Any]:
    role = _role(each.page, each.person)
    return {
        "person": each.person,
        "role": role,
        "role_label": ROLES[role],
        "erased": each.erased,
        "allowed": not each.refusals,
        "reasons": [_reason(refusal) for refusal in each.refusals],
        "destroyed": _destroyed(held, each.person),
    }


def _role(page: AnyPage, person: PersonId) -> str:
    home = page.state
    if isinstance(home, Child):
        return "child"
    assert isinstance(home, Household)
    if GuardianId(person) in home.guardians:
        return "guardian"
    if person in home.members:
        return "member"
    return "contact" if person in home.contacts else "former"


def _reason(refusal: Refusal) -> dict[str, Any]:
    said = {
        "code": refusal.code,
        "title": french.title(refusal.code),
        "detail": french.detail(refusal.code),
        "child": refusal.child,
        "number": refusal.number,
    }
    return {name: value for name, value in said.items() if value is not None}


def _destroyed(held: Iterable[dict[str, Any]], person: PersonId) -> list[dict[str, Any]]:
    """Kinds, counts and dates: never a content."""
    return [
        {
            "what": row["what"],
            "label": held_as(row["what"], row["kind"]),
            "kind": row["kind"],
            "count": row["count"],
            "elsewhere": row["elsewhere"],
            "latest": row["latest"],
        }
        for row in held
        if row["person"] == person
    ]


def _kept(rules: Rules, now: datetime, lines: dict[str, Any], reads: dict[str, Any]) -> Sequence[dict[str, Any]]:
    retention = retention_of(rules, now)
    latest = town_day(rules, lines["latest"]) if lines["latest"] else None
    return [
        _ground("facts", FACTS, count=lines["count"], until=_years_after(latest, YEARS_OF_FACTS) if latest else None),
        _ground("access_log", ACCESS_LOG, count=reads["count"], term=words(retention.access_log)),
        _ground("answers", ANSWERS, term=words(retention.answers)),
        _ground("journal", JOURNAL),
    ]


def _ground(
    what: str, ground: Ground, *, count: int | None = None, until: date | None = None, term: str = ""
) -> dict[str, Any]:
    said = ground.ground.format(term)
    return {
        "what": what,
        "label": ground.label,
        "count": count,
        "until": until,
        "ground": said,
        "source": ground.source,
    }


def _years_after(day: date, years: int) -> date:
    leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year + years, day=28 if leap_day else day.day)
