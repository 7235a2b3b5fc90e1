"""May this child have this day, or give it up? One answer for the decision, the preview and the calendar."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from ledger.child import Enrolment, Slot, SlotKey
from ledger.events import CustodyStatement
from ledger.identifiers import HouseholdId, Slug, Version
from rulebook.custody import whose
from rulebook.deadlines import Deadline, deadline
from rulebook.openings import offered
from rulebook.rulebook import Activity, Rulebook, Unit, Verb
from rulebook.town import Rules


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """What the rulebook answers about one day. `code` is None when it may be done.

    `deadline` is the last instant at which it was in time, grace included; `closure` is why the day is closed.
    """

    code: str | None = None
    article: str | None = None
    rulebook: Version | None = None
    deadline: datetime | None = None
    opens_at: datetime | None = None
    late: bool = False
    surcharge: bool = False
    for_agent: bool = False
    """Late, and only an agent may decide it."""
    closure: Slug | None = None
    conflicts: tuple[Slug, ...] = ()
    """The units it excludes or requires."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """What is known of the child when the question is asked."""

    enrolments: tuple[Enrolment, ...]
    slots: Mapping[SlotKey, Slot]
    now: datetime
    derogated: bool = False
    """An agent set the deadlines aside."""
    custody: tuple[CustodyStatement, ...] = ()
    """Whose day it is, in the order it was said."""
    acting: tuple[HouseholdId, ...] | None = None
    """The households somebody acts through; None when days are looked at for nobody in particular."""

    def enrolment(self, key: SlotKey) -> Enrolment | None:
        """The enrolment that covers the slot."""
        return next((found for found in self.enrolments if found.covers(key.activity, key.day)), None)

    def has(self, key: SlotKey, unit: Slug) -> bool:
        """Whether the child has a unit that day, or will have it if the town accepts, and is not giving it up."""
        slot = self.slots.get(key._replace(unit=unit))
        return slot is not None and slot.state != "awaiting_removal"

    def is_of_others(self, rules: Rules, day: date) -> bool:
        """Whether it is a day of custody of a household nobody here acts through."""
        holder = None if self.acting is None else whose(rules, self.custody, day)
        return holder is not None and self.acting is not None and holder not in self.acting

    def hides_absence_of(self, slot: Slot) -> bool:
        """Whether a parent may not be told of an absence: once custody alternates, it is the other household's.

        An agent who sets deadlines aside would be told nothing else.
        """
        if self.acting is None or self.derogated:
            return False
        return bool(self.custody) and slot.household not in self.acting


def judge(rules: Rules, situation: Situation, key: SlotKey, verb: Verb) -> Judgement:
    """The first refusal a family should hear about a slot, or the terms on which it is accepted. Pure."""
    slot = situation.slots.get(key)
    rulebook = rules.rulebook_of(key) if verb is Verb.CANCEL and slot is not None else rules.on(key.day)
    activity = None if rulebook is None else rulebook.activities.get(key.activity)
    unit = None if activity is None else activity.units.get(key.unit)
    if rulebook is None or activity is None or unit is None:
        return Judgement(code="not_a_day_of_this_activity", article=activity.article if activity else None)
    terms = Judgement(article=activity.article, rulebook=rulebook.version)
    enrolment = situation.enrolment(key)
    if verb is Verb.BOOK and enrolment is None:
        enrolled = any(known.activity == key.activity for known in situation.enrolments)
        return replace(terms, code="outside_enrolment" if enrolled else "not_enrolled")
    site, group = (enrolment.site, enrolment.group) if enrolment else (None, None)
    closure = rules.closure(key.activity, key.day, site=site)
    if closure is not None:
        return replace(terms, code="day_closed", closure=closure)
    if verb is Verb.BOOK and unit not in offered(rulebook, activity, key.day, site=site, group=group):
        return replace(terms, code="not_a_day_of_this_activity", article=unit.article or activity.article)
    if situation.is_of_others(rules, key.day):
        return replace(terms, code="custody")
    held, hidden = _held(slot, verb), slot is not None and situation.hides_absence_of(slot)
    if held is not None and not (held == "already_declared" and hidden):
        return replace(terms, code=held)
    terms = _in_time(rulebook, activity, unit, key.day, verb, situation, terms)
    if terms.code is None:
        terms = _beside(activity, unit, key, verb, situation, terms)
    # Of an absence nobody here may be told of: whatever else refuses is said, so that it is seldom needed.
    return replace(terms, code="day_settled") if held is not None and terms.code is None else terms


def _held(slot: Slot | None, verb: Verb) -> str | None:
    if slot is None:
        return None if verb is Verb.BOOK else "not_reserved"
    if slot.state == "reserved":
        if verb is Verb.BOOK:
            return "already_reserved"
        return "already_declared" if slot.absence in ("declared", "declared_again", "justified") else None
    return "already_awaiting"


def _in_time(
    rulebook: Rulebook,
    activity: Activity,
    unit: Unit,
    day: date,
    verb: Verb,
    situation: Situation,
    terms: Judgement,
) -> Judgement:
    when, now = deadline(rulebook, activity, unit, day, verb=verb), situation.now
    last = _last_instant(when, now)
    terms = replace(terms, article=when.article_at(now) or activity.article, deadline=last, opens_at=when.opens_at)
    if situation.derogated:
        return replace(terms, late=when.is_late(now) or when.is_over(now))
    if not when.is_open_yet(now):
        return replace(terms, code="not_open_yet")
    if when.is_over(now):
        return replace(terms, code="deadline_passed")
    if not when.is_late(now):
        return terms
    if when.late == "refuse":
        return replace(terms, code="deadline_passed")
    return replace(terms, late=True, surcharge=when.late == "surcharge", for_agent=when.late == "agent")


def _last_instant(when: Deadline, now: datetime) -> datetime | None:
    if when.closes_at is None:
        return None
    if when.is_stretched(now):
        return replace(when, closes_at=when.grace_until).last_instant
    return when.last_instant


def _beside(
    activity: Activity, unit: Unit, key: SlotKey, verb: Verb, situation: Situation, terms: Judgement
) -> Judgement:
    if verb is Verb.BOOK:
        excluded = _sorted(other for other in unit.excludes if situation.has(key, other))
        if excluded:
            return replace(terms, code="unit_conflict", article=unit.article or activity.article, conflicts=excluded)
        missing = _sorted(other for other in unit.requires if not situation.has(key, other))
    else:
        missing = _sorted(
            other.slug
            for other in activity.units.values()
            if unit.slug in other.requires and situation.has(key, other.slug)
        )
    if missing:
        return replace(terms, code="unit_required", article=unit.article or activity.article, conflicts=missing)
    return terms


def _sorted(units: Iterable[Slug]) -> tuple[Slug, ...]:
    return tuple(sorted(units))
