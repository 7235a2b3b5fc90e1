"""What is being decided for one child of a demande: each box in the light of those before it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from commands.acting import Acting
from commands.outcome import Known, Refusal
from commands.remaining import Remaining
from commands.wishes import Wish
from ledger.child import Child, Slot, SlotKey
from ledger.events import Action, PlaceHeld
from ledger.holdings import PlaceKey, held
from ledger.identifiers import UNNUMBERED, ChildId, HouseholdId, Slug
from rulebook.judging import Judgement, Situation, judge
from rulebook.places import pools
from rulebook.rulebook import Activity, Verb

_SKIPPED: Final[Mapping[Action, frozenset[str]]] = {
    "reserve": frozenset({"not_a_day_of_this_activity", "day_closed", "already_reserved", "already_awaiting"}),
    "cancel": frozenset({"not_a_day_of_this_activity", "day_closed", "not_reserved", "already_awaiting"}),
}
"""What a repetition passes over in silence: there is nothing to tick on those days."""


@dataclass(kw_only=True, slots=True)
class Draft:
    """Boxes accepted and refused for one child. `approve`: an agent decides at once."""

    known: Known
    child: ChildId
    household: HouseholdId
    """The household that asks."""
    activity: Slug
    approve: bool
    remaining: Remaining
    """Shared by all the children of the demande."""
    state: Child
    situation: Situation
    slots: dict[SlotKey, Slot]
    """The child's, and those it will have if the town accepts."""
    own: set[PlaceKey] = field(default_factory=set)
    """The places it holds, or is about to take, on the days it asks about."""
    accepted: list[tuple[Wish, Judgement]] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    @classmethod
    def start(
        cls,
        known: Known,
        child: ChildId,
        activity: Slug,
        *,
        acting: Acting,
        remaining: Remaining,
        derogated: bool,
        approve: bool,
    ) -> "Draft":
        """A draft with nothing decided yet."""
        state = known.child(child).state
        assert state is not None, "the child is known"
        slots = dict(state.slots)
        situation = Situation(
            enrolments=tuple(state.enrolments.values()),
            slots=slots,
            now=known.now,
            derogated=derogated,
            custody=state.custody,
            acting=acting.households,
        )
        return cls(
            known=known,
            child=child,
            household=acting.household,
            activity=activity,
            approve=approve,
            remaining=remaining,
            state=state,
            situation=situation,
            slots=slots,
        )

    def judge_all(self, wishes: Sequence[Wish]) -> None:
        """Judges until nothing changes: a unit may require one that comes later in the same demande."""
        self.own.update(held(self.state, map(self._key, wishes)))
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
                self._refuse(wish, judgement)

    def _judge(self, wish: Wish) -> Judgement | None:
        """Accepts or refuses one box; gives back what must be looked at again."""
        key = self._key(wish)
        verb = Verb.BOOK if wish.action == "reserve" else Verb.CANCEL
        judgement = judge(self.known.rules, self.situation, key, verb)
        if judgement.code == "unit_required":
            return judgement
        if judgement.code is None and wish.action == "cancel" and self._came(key):
            judgement = replace(judgement, code="recorded_present")
        if judgement.code is None and wish.action == "reserve" and not self._takes(wish):
            judgement = replace(judgement, code="no_place_left")
        if judgement.code is None:
            self.accepted.append((wish, judgement))
            self._foresee(key, wish)
        elif not (wish.repeated and judgement.code in _SKIPPED[wish.action]):
            self._refuse(wish, judgement)
        return None

    def _key(self, wish: Wish) -> SlotKey:
        return SlotKey(self.activity, wish.unit, wish.day)

    def _came(self, key: SlotKey) -> bool:
        seen = self.state.attendance.get(key)
        return seen is not None and seen.presence == "present"

    def _foresee(self, key: SlotKey, wish: Wish) -> None:
        if wish.action == "reserve":
            self.slots[key] = Slot("awaiting_add", UNNUMBERED, self.household, True, ())
        else:
            self.slots[key] = self.slots[key]._replace(state="awaiting_removal")

    def _refuse(self, wish: Wish, judgement: Judgement) -> None:
        assert judgement.code is not None
        self.refusals.append(
            Refusal(
                code=judgement.code,
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
        )

    def places(self, wish: Wish) -> tuple[PlaceHeld, ...]:
        """The places a reservation takes."""
        activity, enrolment = self.described(wish), self.situation.enrolment(self._key(wish))
        assert enrolment is not None
        taken = pools(activity, activity.units[wish.unit], site=enrolment.site, group=enrolment.group)
        return tuple(PlaceHeld(unit=place.unit, pool=place.pool) for place in taken)

    def _wanted(self, wish: Wish) -> set[PlaceKey]:
        return {PlaceKey(self.activity, place.unit, wish.day, place.pool) for place in self.places(wish)}

    def _takes(self, wish: Wish) -> bool:
        """Takes the places the child does not hold yet."""
        wanted = self._wanted(wish) - self.own
        taken = self.remaining.take(wanted)
        if taken:
            self.own |= wanted
        return taken

    def keep_exchanges_whole(self) -> None:
        """Of a unit and one it excludes, none is given up for one that cannot be had."""
        refused = {(each.day, each.unit) for each in self.refusals if each.action == "reserve"}
        for wish, terms in [each for each in self.accepted if each[0].action == "cancel"]:
            if any((wish.day, other) in refused for other in self.described(wish).units[wish.unit].excludes):
                self.accepted.remove((wish, terms))
                self.slots[self._key(wish)] = self.state.slots[self._key(wish)]
                self._refuse(wish, replace(terms, code="exchange_refused"))

    def free_places(self) -> None:
        """Leaves to the children after this one the places it gives up at once."""
        given_up = {self._key(wish) for wish in self.settled() if wish.action == "cancel"}
        kept = replace(self.state, slots={key: slot for key, slot in self.state.slots.items() if key not in given_up})
        taken = {place for wish, _ in self.accepted if wish.action == "reserve" for place in self._wanted(wish)}
        freed: Counter[PlaceKey] = held(self.state, given_up) - held(kept, given_up)
        self.remaining.give(freed.keys() - taken)

    def claimed(self) -> set[PlaceKey]:
        """The places it would take at once, beyond those the child holds."""
        settled = set(self.settled())
        reserved = [wish for wish, _ in self.accepted if wish.action == "reserve"]
        at_once = [wish for wish in reserved if wish in settled or self.described(wish).holds == "submission"]
        wanted = {place for wish in at_once for place in self._wanted(wish)}
        return wanted - held(self.state, map(self._key, at_once)).keys()

    def settled(self) -> list[Wish]:
        """The boxes decided at once. One that leans on a box still waiting for an agent waits with it."""
        settled = [
            wish
            for wish, terms in self.accepted
            if self.approve or (self.described(wish).instruction == "rule" and not terms.for_agent)
        ]
        while True:
            sure = {(wish.day, wish.unit) for wish in settled}
            kept = [wish for wish in settled if not self._leans_on_waiting(wish, sure)]
            if len(kept) == len(settled):
                return kept
            settled = kept

    def _leans_on_waiting(self, wish: Wish, settled: set[tuple[date, Slug]]) -> bool:
        units = self.described(wish).units
        if wish.unit not in units:
            return False
        leaning: Iterable[Slug] = {other.slug for other in units.values() if wish.unit in other.requires}
        for other in units[wish.unit].excludes | units[wish.unit].requires | set(leaning):
            slot = self.slots.get(SlotKey(self.activity, other, wish.day))
            if slot is not None and slot.state != "reserved" and (wish.day, other) not in settled:
                return True
        return False

    def described(self, wish: Wish) -> Activity:
        """The activity as the rulebook that judged the box describes it."""
        activity = self.known.rules.governing(self._key(wish))
        assert activity is not None
        return activity
