"""The decisions of a queue about one child, each seen in the light of those before it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from commands.decision import Decision, EnrolmentCorrection
from commands.enrol_child import EnrolChild
from commands.formality import article_of, reason_refusal
from commands.outcome import Known, Refusal, Refused
from commands.remaining import Remaining
from ledger.child import Child, SlotKey, apply, copied
from ledger.demande import Demande
from ledger.events import ChildFact, DecidedDay, DemandeApproved, DemandeRejected, EnrolmentRequested
from ledger.holdings import PlaceKey, held
from ledger.identifiers import ChildId, Slug
from ledger.sealed import SealedChange
from ledger.store import Write
from rulebook.custody import whose
from rulebook.rulebook import Activity


@dataclass(kw_only=True, slots=True)
class ChildDesk:
    """The decisions about one child, each seen in the light of those before it."""

    known: Known
    child: ChildId
    state: Child | None
    remaining: Remaining
    """Shared by all the desks."""
    facts: list[ChildFact] = field(default_factory=list)

    @property
    def write(self) -> Write:
        """What is to be written on the page of the child."""
        return Write(page=self.known.child(self.child), facts=self.facts)

    @property
    def vault(self) -> Sequence[SealedChange]:
        """What moves in the vault: nothing that is asked for a child waits there."""
        return ()

    @classmethod
    def open(cls, known: Known, child: ChildId, remaining: Remaining) -> "ChildDesk":
        """The desk before any decision."""
        state = known.child(child).state
        return cls(known=known, child=child, state=copied(state) if state else None, remaining=remaining)

    def take(self, decision: Decision) -> tuple[Refusal, ...]:
        """Decides one demande, or says why not."""
        demande = self.state.open.get(decision.number) if self.state else None
        if self.state is None or demande is None:
            return (Refusal(code="already_decided", child=self.child, number=decision.number),)
        if isinstance(demande.wanted, EnrolmentRequested):
            return self._decide_enrolment(self.state, demande, demande.wanted, decision)
        trial = self.remaining.copy()
        refusals = tuple(self._refusals(demande, decision, trial))
        if not refusals:
            self.remaining.follow(trial)
            keys = _slots(demande, demande.pending())
            before = held(self.state, keys)
            self._keep(*_facts(demande, decision))
            self.remaining.give(before - held(self.state, keys))
        return refusals

    def _decide_enrolment(
        self, state: Child, demande: Demande, wanted: EnrolmentRequested, decision: Decision
    ) -> tuple[Refusal, ...]:
        """Enrols the child as the agent says, or not at all."""
        article = article_of(self.known, demande)
        refuses = decision.approved is not None
        if decision.approved or decision.quotient is not None or (refuses and decision.enrolment is not None):
            code = "not_in_demande" if decision.approved else "correction_not_expected"
            return (Refusal(code=code, child=self.child, number=demande.number, article=article),)
        if decision.approved is not None:
            wrong = reason_refusal(self.known, demande, decision.reason, article)
            if wrong is not None:
                return (replace(wrong, child=self.child),)
            assert decision.reason is not None
            self._keep(DemandeRejected(demande=demande.number, days=(), decided_by="agent", reason=decision.reason))
            return ()
        if state.erased:
            return (Refusal(code="person_erased", child=self.child, number=demande.number),)
        enrolled = self._enrol(wanted, decision.enrolment or EnrolmentCorrection()).decide(self._now_known(state))
        if isinstance(enrolled, Refused):
            return tuple(replace(refusal, number=demande.number) for refusal in enrolled.refusals)
        self._keep(DemandeApproved(demande=demande.number, days=(), decided_by="agent", article=article))
        self._keep(*(fact for write in enrolled.writes for fact in write.facts))  # type: ignore[arg-type]
        return ()

    def _enrol(self, wanted: EnrolmentRequested, said: EnrolmentCorrection) -> EnrolChild:
        return EnrolChild(
            child=self.child,
            enrolment=wanted.enrolment,
            activity=wanted.activity,
            site=said.site or wanted.site,
            group=said.group or wanted.group,
            first_day=said.first_day or wanted.first_day,
            last_day=said.last_day or wanted.last_day,
        )

    def _now_known(self, state: Child) -> Known:
        """What is known once the decisions before this one are kept."""
        page = self.known.child(self.child)
        return replace(self.known, pages={**self.known.pages, page.stream: replace(page, state=state)})

    def _keep(self, *facts: ChildFact) -> None:
        assert self.state is not None
        for fact in facts:
            apply(self.state, fact, self.known.now, self.known.now)
            self.facts.append(fact)

    def _refusals(self, demande: Demande, decision: Decision, remaining: Remaining) -> Iterator[Refusal]:
        if decision.quotient is not None or decision.enrolment is not None:
            yield self._refusal("correction_not_expected", demande)
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
        if whose(self.known.rules, self.state.custody, day.day) not in (None, demande.household):
            yield self._refusal("custody", demande, day=day.day, unit=day.unit, action=day.action)
            return
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
