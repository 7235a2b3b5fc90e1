"""A family says that a child did not come on days that were reserved."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from commands.acting import Acting, acting
from commands.outcome import Accepted, Known, Outcome, Refusal, Refused, refused
from ledger.child import Child, SlotKey
from ledger.days import local_day
from ledger.events import AbsenceDeclared, AbsentDay, ChildFact, DecidedDay, DemandeApproved, Origin
from ledger.identifiers import UNNUMBERED, ChildId, Commune, DocumentId, HouseholdId, PersonId, Slug, Stream, Subject
from ledger.store import Write
from ledger.streams import child_page, household_page
from rulebook.absences import AbsenceWindow, window
from rulebook.judging import Situation, judge
from rulebook.rulebook import Verb


@dataclass(frozen=True, kw_only=True, slots=True)
class DeclareAbsence:
    """Nothing is written when any day is impossible. `derogation` sets the window aside, for agents."""

    child: ChildId
    households: Sequence[HouseholdId]
    """Those whoever declares it may act through."""
    activity: Slug
    days: Sequence[tuple[date, Slug]]
    reason: Slug
    document: DocumentId | None = None
    subject: Subject | None = None
    """The account that declares it, whose own document it must be; None at the counter."""
    origin: Origin = "family"
    derogation: Slug | None = None

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the child, and those of its households when a document is named."""
        households = self.households if self.document is not None else ()
        return [child_page(commune, self.child), *(household_page(commune, household) for household in households)]

    def decide(self, known: Known) -> Outcome:
        """Declared, and decided at once where the rule decides."""
        page = known.child(self.child)
        if not self.days or page.state is None:
            return refused("nothing_to_do", child=self.child)
        rulebooks = [known.rules.on(day) for day, _ in self.days]
        if self.derogation is not None and any(
            rulebook is None or self.derogation not in rulebook.derogation_reasons for rulebook in rulebooks
        ):
            return refused("unknown_reason", child=self.child)
        days = sorted(set(self.days))
        asking = acting(known, page.state, self.households, {day for day, _ in days}, origin=self.origin)
        if isinstance(asking, Refusal):
            return Refused(refusals=(asking,))
        situation = _situation(known, page.state, asking[0].households)
        refusals = tuple(
            refusal for day, unit in days for refusal in self._refusals(known, page.state, situation, day, unit)
        )
        if refusals:
            return Refused(refusals=refusals)
        if self.document is not None and not self._handed_in(known, self.document):
            return refused("unknown_document", child=self.child)
        return Accepted(writes=[Write(page=page, facts=self._declared(known, each, days)) for each in asking])

    def _declared(self, known: Known, asking: Acting, asked: Sequence[tuple[date, Slug]]) -> list[ChildFact]:
        """The demande of a household, about its days."""
        days = [(day, unit) for day, unit in asked if day in asking.days]
        declared = AbsenceDeclared(
            demande=UNNUMBERED,
            household=asking.household,
            activity=self.activity,
            days=tuple(self._day(known, day, unit) for day, unit in days),
            reason=self.reason,
            document=self.document,
            origin=self.origin,
            derogation=self.derogation,
        )
        return [declared, *self._approvals(known, days)]

    def _handed_in(self, known: Known, document: DocumentId) -> bool:
        """Whether it is a paper of whoever declares, or of any guardian at the counter, about no other child."""
        for household in self.households:
            state = known.household(household).state
            kept = state.documents.get(document) if state is not None else None
            if state is None or kept is None or kept.about not in (None, self.child):
                continue
            owned = kept.owner in state.guardians if self.subject is None else kept.owner == state.speaks(self.subject)
            if owned and PersonId(kept.owner) not in state.erased:
                return True
        return False

    def _refusals(self, known: Known, child: Child, situation: Situation, day: date, unit: Slug) -> Iterator[Refusal]:
        key = SlotKey(self.activity, unit, day)
        code, article = self._code(known, child, situation, key)
        if code is None:
            return
        activity, allowed = known.rules.governing(key), self._window(known, day)
        yield Refusal(
            code=code,
            article=article or (activity.article if activity else None),
            child=self.child,
            day=day,
            unit=unit,
            action="absence",
            deadline=allowed.last_instant if allowed and code == "justification_too_late" else None,
        )

    def _code(self, known: Known, child: Child, situation: Situation, key: SlotKey) -> tuple[str | None, str | None]:
        if situation.is_of_others(known.rules, key.day):
            return "custody", None
        slot, seen = child.slots.get(key), child.attendance.get(key)
        if slot is None or slot.state == "awaiting_add":
            return "not_reserved", None
        if slot.state == "awaiting_removal":
            return "already_awaiting", None
        if seen is not None and seen.presence == "present":
            return "recorded_present", None
        declared = slot.absence not in (None, "unjustified")
        if declared and not situation.hides_absence_of(slot):
            return "already_declared", None
        code, article = self._on_its_terms(known, situation, key)
        return ("day_settled", article) if declared and code is None else (code, article)

    def _on_its_terms(self, known: Known, situation: Situation, key: SlotKey) -> tuple[str | None, str | None]:
        allowed = self._window(known, key.day)
        if allowed is None:
            return "absence_not_taken", None
        if self._is_to_come(known, key.day):
            return self._beforehand(known, situation, key, allowed)
        return self._terms(allowed, known)

    def _is_to_come(self, known: Known, day: date) -> bool:
        rulebook = known.rules.on(day)
        return rulebook is not None and day > local_day(known.now, rulebook.timezone)

    def _beforehand(
        self, known: Known, situation: Situation, key: SlotKey, allowed: AbsenceWindow
    ) -> tuple[str | None, str | None]:
        """An absence is said in advance only where the rulebook asks for notice, and a day that can be given up is."""
        if judge(known.rules, situation, key, Verb.CANCEL).code is None:
            return "still_cancellable", allowed.article
        if allowed.notice_closes_at is None:
            return "day_not_come", allowed.article
        return self._terms(allowed, known)

    def _terms(self, allowed: AbsenceWindow, known: Known) -> tuple[str | None, str | None]:
        if self.reason not in allowed.reasons:
            return "unknown_reason", allowed.article
        if allowed.is_late(known.now) and self.derogation is None:
            return "justification_too_late", allowed.article
        if allowed.needs_document(self.reason) and self.document is None:
            return "document_required", allowed.article
        return None, None

    def _window(self, known: Known, day: date) -> AbsenceWindow | None:
        rulebook = known.rules.on(day)
        activity = rulebook.activities.get(self.activity) if rulebook else None
        return window(rulebook, activity, day) if rulebook and activity else None

    def _day(self, known: Known, day: date, unit: Slug) -> AbsentDay:
        rulebook, allowed = known.rules.on(day), self._window(known, day)
        assert rulebook is not None
        assert allowed is not None
        return AbsentDay(
            day=day, unit=unit, rulebook=rulebook.version, article=allowed.article, deadline=allowed.last_instant
        )

    def _approvals(self, known: Known, days: Sequence[tuple[date, Slug]]) -> Iterator[DemandeApproved]:
        by_rule: dict[str, list[DecidedDay]] = {}
        for day, unit in days:
            allowed = self._window(known, day)
            if allowed is not None and allowed.instruction == "rule":
                decided = DecidedDay(day=day, unit=unit, action="absence")
                by_rule.setdefault(allowed.article, []).append(decided)
        for article, decided_days in by_rule.items():
            yield DemandeApproved(demande=UNNUMBERED, days=tuple(decided_days), decided_by="rule", article=article)


def _situation(known: Known, child: Child, acting_through: Sequence[HouseholdId]) -> Situation:
    return Situation(
        enrolments=tuple(child.enrolments.values()),
        slots=child.slots,
        now=known.now,
        custody=child.custody,
        acting=tuple(acting_through),
    )
