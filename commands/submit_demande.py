"""A family asks for days and gives days up, for one child or for several at once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from commands.outcome import Accepted, Known, Outcome, Refusal, Refused, refused
from commands.remaining import Remaining
from commands.wishes import MOST_DAYS, Repeat, Wish
from ledger.child import Slot, SlotKey
from ledger.events import (
    Action,
    CancellationRequested,
    CancelledDay,
    ChildFact,
    DecidedBy,
    DecidedDay,
    DemandeApproved,
    Origin,
    PlaceHeld,
    ReservationRequested,
    ReservedDay,
)
from ledger.holdings import PlaceKey
from ledger.identifiers import UNNUMBERED, ChildId, Commune, HouseholdId, Slug, Stream
from ledger.store import Write
from ledger.streams import child_page
from rulebook.judging import Judgement, Situation, judge
from rulebook.places import pools
from rulebook.rulebook import Activity, Verb

__all__ = ["MOST_DAYS", "Repeat", "SubmitDemande", "Wish"]

_SKIPPED: Final[Mapping[Action, frozenset[str]]] = {
    "reserve": frozenset({"not_a_day_of_this_activity", "day_closed", "already_reserved", "already_awaiting"}),
    "cancel": frozenset({"not_a_day_of_this_activity", "day_closed", "not_reserved", "already_awaiting"}),
}
"""What a repetition passes over in silence: there is nothing to tick on those days."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SubmitDemande:
    """One demande per child. Nothing is written when any day is impossible, unless `partial`.

    `derogation` sets deadlines aside and `approve` decides at once: both are for agents, which the door sees to.
    """

    children: Mapping[ChildId, HouseholdId]
    """For whom, and the household that asks."""
    activity: Slug
    wishes: Sequence[Wish] = ()
    repeats: Sequence[Repeat] = ()
    partial: bool = False
    origin: Origin = "family"
    derogation: Slug | None = None
    approve: bool = False

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The pages of the children."""
        return [child_page(commune, child) for child in self.children]

    def decide(self, known: Known) -> Outcome:
        """Days accepted as the rulebook accepts them, or every day that is impossible."""
        if any(repeat.length_days > MOST_DAYS for repeat in self.repeats):
            return refused("too_many_days")
        wishes = self._wishes()
        if not wishes:
            return refused("nothing_to_do")
        if len(wishes) > MOST_DAYS:
            return refused("too_many_days")
        rulebook = known.rules.on(wishes[0].day)
        if self.derogation is not None and (rulebook is None or self.derogation not in rulebook.derogation_reasons):
            return refused("unknown_reason")
        remaining = Remaining(known.left)
        drafts = [_Draft.start(self, known, child, remaining) for child in self.children]
        for draft in drafts:
            draft.judge_all(wishes)
        refusals = tuple(refusal for draft in drafts for refusal in draft.refusals)
        writes = [draft.write() for draft in drafts if draft.accepted]
        if refusals and (not self.partial or not writes):
            return Refused(refusals=refusals)
        return Accepted(writes=writes, left_out=refusals) if writes else refused("nothing_to_do")

    def _wishes(self) -> list[Wish]:
        """Every box once, days given up first, so that a unit may take the place of another."""
        named = {(wish.day, wish.unit): wish for repeat in self.repeats for wish in repeat.wishes()}
        named.update({(wish.day, wish.unit): wish for wish in self.wishes})
        return sorted(named.values(), key=lambda wish: (wish.action != "cancel", wish.day, wish.unit))


@dataclass(kw_only=True, slots=True)
class _Draft:
    """What is being decided for one child."""

    command: SubmitDemande
    known: Known
    child: ChildId
    situation: Situation
    slots: dict[SlotKey, Slot]
    remaining: Remaining
    """Shared by all the drafts."""
    accepted: list[tuple[Wish, Judgement]] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    @classmethod
    def start(cls, command: SubmitDemande, known: Known, child: ChildId, remaining: Remaining) -> "_Draft":
        state = known.child(child).state
        slots = dict(state.slots) if state else {}
        enrolments = tuple(state.enrolments.values()) if state else ()
        derogated = command.derogation is not None
        situation = Situation(enrolments=enrolments, slots=slots, now=known.now, derogated=derogated)
        return cls(command=command, known=known, child=child, situation=situation, slots=slots, remaining=remaining)

    def judge_all(self, wishes: Sequence[Wish]) -> None:
        """Judges until nothing changes: a unit may require one that comes later in the same demande."""
        waiting, before = list(wishes), -1
        while waiting and len(waiting) != before:
            before = len(waiting)
            judged = [(wish, self._judge(wish)) for wish in waiting]
            waiting = [
                wish for wish, judgement in judged if judgement is not None and judgement.code == "unit_required"
            ]
        for wish in waiting:
            judgement = self._judge(wish)
            if judgement is not None:
                self.refusals.append(self._refusal(wish, judgement))

    def _judge(self, wish: Wish) -> Judgement | None:
        """Accepts or refuses one box; gives back what must be looked at again."""
        key = SlotKey(self.command.activity, wish.unit, wish.day)
        verb = Verb.BOOK if wish.action == "reserve" else Verb.CANCEL
        judgement = judge(self.known.rules, self.situation, key, verb)
        if judgement.code == "unit_required":
            return judgement
        if judgement.code is None and wish.action == "reserve" and not self._takes(key):
            judgement = replace(judgement, code="no_place_left")
        if judgement.code is None:
            self.accepted.append((wish, judgement))
            self._foresee(key, wish)
        elif not (wish.repeated and judgement.code in _SKIPPED[wish.action]):
            self.refusals.append(self._refusal(wish, judgement))
        return None

    def _foresee(self, key: SlotKey, wish: Wish) -> None:
        if wish.action == "reserve":
            self.slots[key] = Slot("awaiting_add", UNNUMBERED, self.command.children[self.child], True, ())
        else:
            self.slots[key] = self.slots[key]._replace(state="awaiting_removal")

    def _refusal(self, wish: Wish, judgement: Judgement) -> Refusal:
        return Refusal(
            code=judgement.code or "",
            article=judgement.article,
            rulebook=judgement.rulebook,
            child=self.child,
            day=wish.day,
            unit=wish.unit,
            action=wish.action,
            deadline=judgement.deadline,
            opens_at=judgement.opens_at,
            closure=judgement.closure,
            units=judgement.conflicts,
        )

    def _places(self, key: SlotKey) -> tuple[PlaceHeld, ...]:
        activity = self.known.rules.activity(key.activity, key.day)
        enrolment = self.situation.enrolment(key)
        assert activity is not None
        assert enrolment is not None
        taken = pools(activity, activity.units[key.unit], site=enrolment.site, group=enrolment.group)
        return tuple(PlaceHeld(unit=place.unit, pool=place.pool) for place in taken)

    def _takes(self, key: SlotKey) -> bool:
        places = self._places(key)
        return self.remaining.take(PlaceKey(key.activity, place.unit, key.day, place.pool) for place in places)

    def write(self) -> Write:
        """The facts of the child's demande."""
        facts: list[ChildFact] = []
        household = self.command.children[self.child]
        cancelled = [self._cancelled(wish, terms) for wish, terms in self.accepted if wish.action == "cancel"]
        reserved = [self._reserved(wish, terms) for wish, terms in self.accepted if wish.action == "reserve"]
        if cancelled:
            facts.append(
                CancellationRequested(
                    demande=UNNUMBERED,
                    household=household,
                    activity=self.command.activity,
                    days=tuple(cancelled),
                    origin=self.command.origin,
                    derogation=self.command.derogation,
                )
            )
        if reserved:
            facts.append(
                ReservationRequested(
                    demande=UNNUMBERED,
                    household=household,
                    activity=self.command.activity,
                    days=tuple(reserved),
                    origin=self.command.origin,
                    derogation=self.command.derogation,
                )
            )
        facts.extend(self._approvals())
        return Write(page=self.known.child(self.child), facts=facts)

    def _reserved(self, wish: Wish, terms: Judgement) -> ReservedDay:
        assert terms.rulebook is not None
        return ReservedDay(
            day=wish.day,
            unit=wish.unit,
            rulebook=terms.rulebook,
            article=terms.article or "",
            deadline=terms.deadline,
            late=terms.late,
            surcharge=terms.surcharge,
            holds=self._activity(wish).holds == "submission",
            places=self._places(SlotKey(self.command.activity, wish.unit, wish.day)),
        )

    def _cancelled(self, wish: Wish, terms: Judgement) -> CancelledDay:
        assert terms.rulebook is not None
        return CancelledDay(
            day=wish.day,
            unit=wish.unit,
            rulebook=terms.rulebook,
            article=terms.article or "",
            deadline=terms.deadline,
            late=terms.late,
            surcharge=terms.surcharge,
        )

    def _approvals(self) -> Iterator[DemandeApproved]:
        """What is decided in the same breath: by the agent at the counter, or by the rule, article by article."""
        by: dict[tuple[DecidedBy, str | None], list[DecidedDay]] = {}
        for wish in self._settled():
            activity = self._activity(wish)
            reason: tuple[DecidedBy, str | None] = (
                ("agent", None) if self.command.approve else ("rule", activity.article)
            )
            by.setdefault(reason, []).append(DecidedDay(day=wish.day, unit=wish.unit, action=wish.action))
        for (decided_by, article), days in by.items():
            yield DemandeApproved(demande=UNNUMBERED, days=tuple(days), decided_by=decided_by, article=article)

    def _settled(self) -> list[Wish]:
        """The boxes decided at once. One that leans on a box still waiting for an agent waits with it."""
        settled = [
            wish
            for wish, terms in self.accepted
            if self.command.approve or (self._activity(wish).instruction == "rule" and not terms.for_agent)
        ]
        while True:
            sure = {(wish.day, wish.unit) for wish in settled}
            kept = [wish for wish in settled if not self._leans_on_waiting(wish, sure)]
            if len(kept) == len(settled):
                return kept
            settled = kept

    def _leans_on_waiting(self, wish: Wish, settled: set[tuple[date, Slug]]) -> bool:
        units = self._activity(wish).units
        leaning = {other.slug for other in units.values() if wish.unit in other.requires}
        for other in units[wish.unit].excludes | units[wish.unit].requires | leaning:
            slot = self.slots.get(SlotKey(self.command.activity, other, wish.day))
            if slot is not None and slot.state != "reserved" and (wish.day, other) not in settled:
                return True
        return False

    def _activity(self, wish: Wish) -> Activity:
        activity = self.known.rules.activity(self.command.activity, wish.day)
        assert activity is not None
        return activity
