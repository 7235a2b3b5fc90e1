"""An agent decides: all the days of a demande, some, or none; one demande or a whole queue."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from commands.outcome import Accepted, Known, Outcome, Refusal, Refused
from commands.remaining import Remaining
from ledger.child import Child, SlotKey, apply, copied
from ledger.demande import Demande
from ledger.events import ChildFact, DecidedDay, DemandeApproved, DemandeRejected
from ledger.holdings import PlaceKey, held
from ledger.identifiers import ChildId, Commune, DemandeNumber, Slug, Stream
from ledger.store import Write
from ledger.streams import child_page
from rulebook.rulebook import Activity


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What an agent says of one demande. `approved` None accepts every day; days not accepted are refused."""

    child: ChildId
    number: DemandeNumber
    approved: frozenset[tuple[date, Slug]] | None = None
    reason: Slug | None = None
    """Why days are refused: a word of the town's closed list. Needed as soon as one is."""

    def accepts(self, day: DecidedDay) -> bool:
        """Whether the agent accepts a day."""
        return self.approved is None or (day.day, day.unit) in self.approved


@dataclass(frozen=True, kw_only=True, slots=True)
class DecideDemandes:
    """Decides each demande once. Those that cannot be decided are left out and named; the others are decided."""

    decisions: Sequence[Decision]

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The pages of the children."""
        return [child_page(commune, child) for child in dict.fromkeys(each.child for each in self.decisions)]

    def decide(self, known: Known) -> Outcome:
        """The decisions that can be kept; refused when none can."""
        remaining = Remaining(known.left)
        desks = {each.child: _Desk.open(known, each.child, remaining) for each in self.decisions}
        refusals: list[Refusal] = []
        for decision in self.decisions:
            refusals.extend(desks[decision.child].take(decision))
        writes = [Write(page=known.child(child), facts=desk.facts) for child, desk in desks.items() if desk.facts]
        return Accepted(writes=writes, left_out=tuple(refusals)) if writes else Refused(refusals=tuple(refusals))


@dataclass(kw_only=True, slots=True)
class _Desk:
    """The decisions about one child, each seen in the light of those before it."""

    known: Known
    child: ChildId
    state: Child | None
    remaining: Remaining
    """Shared by all the desks."""
    facts: list[ChildFact] = field(default_factory=list)

    @classmethod
    def open(cls, known: Known, child: ChildId, remaining: Remaining) -> "_Desk":
        state = known.child(child).state
        return cls(known=known, child=child, state=copied(state) if state else None, remaining=remaining)

    def take(self, decision: Decision) -> tuple[Refusal, ...]:
        """Decides one demande, or says why not."""
        demande = self.state.open.get(decision.number) if self.state else None
        if self.state is None or demande is None:
            return (Refusal(code="already_decided", child=self.child, number=decision.number),)
        trial = self.remaining.copy()
        refusals = tuple(self._refusals(demande, decision, trial))
        if not refusals:
            self.remaining.follow(trial)
            keys = _slots(demande, demande.pending())
            before = held(self.state, keys)
            for fact in _facts(demande, decision):
                apply(self.state, fact, self.known.now, self.known.now)
                self.facts.append(fact)
            self.remaining.give(before - held(self.state, keys))
        return refusals

    def _refusals(self, demande: Demande, decision: Decision, remaining: Remaining) -> Iterator[Refusal]:
        waiting = demande.pending()
        named = frozenset((day.day, day.unit) for day in waiting)
        for day, unit in sorted((decision.approved or frozenset()) - named):
            yield self._refusal("not_in_demande", demande, day=day, unit=unit)
        if any(not decision.accepts(day) for day in waiting):
            yield from self._reason_refusals(demande, decision)
        for accepted in waiting:
            if decision.accepts(accepted):
                yield from self._day_refusals(demande, accepted, decision, remaining)

    def _reason_refusals(self, demande: Demande, decision: Decision) -> Iterator[Refusal]:
        if decision.reason is None:
            yield self._refusal("reason_required", demande)
            return
        rulebooks = [self.known.rules.on(day.day) for day in demande.pending()]
        if any(rulebook is None or decision.reason not in rulebook.refusal_reasons for rulebook in rulebooks):
            yield self._refusal("unknown_reason", demande)

    def _day_refusals(
        self, demande: Demande, day: DecidedDay, decision: Decision, remaining: Remaining
    ) -> Iterator[Refusal]:
        assert self.state is not None
        [key] = _slots(demande, [day])
        seen, activity = self.state.attendance.get(key), self.known.rules.governing(key)
        if day.action != "reserve" and seen is not None and seen.presence == "present":
            yield self._refusal("recorded_present", demande, day=day.day, unit=day.unit, action=day.action)
        if day.action == "absence" or activity is None:
            return
        if day.action == "reserve" and not remaining.take(self._wanted(key)):
            yield self._refusal("no_place_left", demande, day=day.day, unit=day.unit, action=day.action)
        unit, coming = activity.units[day.unit], self._coming(activity, demande, decision, day.day)
        if day.action == "reserve":
            excluded, missing = unit.excludes & coming, unit.requires - coming
        else:
            leaning = frozenset(other for other in coming if day.unit in activity.units[other].requires)
            excluded, missing = frozenset[Slug](), leaning
        if excluded:
            yield self._refusal(
                "unit_conflict", demande, day=day.day, unit=day.unit, action=day.action, units=tuple(sorted(excluded))
            )
        if missing:
            yield self._refusal(
                "unit_required", demande, day=day.day, unit=day.unit, action=day.action, units=tuple(sorted(missing))
            )

    def _wanted(self, key: SlotKey) -> set[PlaceKey]:
        """The places the reservation of a slot takes when it is accepted: those the child does not hold yet."""
        assert self.state is not None
        places = {PlaceKey(key.activity, place.unit, key.day, place.pool) for place in self.state.slots[key].places}
        return places - held(self.state, [key]).keys()

    def _coming(self, activity: Activity, demande: Demande, decision: Decision, day: date) -> set[Slug]:
        """The units the child would have that day after the decision; what waits to be given up is still there."""
        assert self.state is not None
        slots = {unit: self.state.slots.get(SlotKey(activity.slug, unit, day)) for unit in activity.units}
        coming = {unit for unit, slot in slots.items() if slot is not None and slot.state != "awaiting_add"}
        for accepted in demande.pending():
            if accepted.day == day and decision.accepts(accepted):
                (coming.add if accepted.action == "reserve" else coming.discard)(accepted.unit)
        return coming

    def _refusal(
        self,
        code: str,
        demande: Demande,
        *,
        day: date | None = None,
        unit: Slug | None = None,
        action: str | None = None,
        units: tuple[Slug, ...] = (),
    ) -> Refusal:
        assert demande.activity is not None
        governing = self.known.rules.activity(demande.activity, day or demande.days[0].day)
        return Refusal(
            code=code,
            article=governing.article if governing else None,
            child=self.child,
            number=demande.number,
            day=day,
            unit=unit,
            action=action,
            units=units,
        )


def _slots(demande: Demande, days: Sequence[DecidedDay]) -> list[SlotKey]:
    assert demande.activity is not None or not days
    return [SlotKey(demande.activity, day.unit, day.day) for day in days if demande.activity is not None]


def _facts(demande: Demande, decision: Decision) -> Iterator[ChildFact]:
    waiting = demande.pending()
    approved = tuple(day for day in waiting if decision.accepts(day))
    rejected = tuple(day for day in waiting if not decision.accepts(day))
    if approved:
        yield DemandeApproved(demande=demande.number, days=approved, decided_by="agent")
    if rejected:
        assert decision.reason is not None
        yield DemandeRejected(demande=demande.number, days=rejected, decided_by="agent", reason=decision.reason)
