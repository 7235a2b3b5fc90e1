"""The town again under other rules, in memory: what families asked, when they asked it, and what really happened.

What is assumed, since nobody can know it: a family that is refused asks for nothing else; a child whose day is refused
does not come, and one whose day is granted where it was not comes, where somebody wrote down who came; a day that was
given up and can no longer be is missed without a word; agents decide as they decided.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from commands.decide_demandes import DecideDemandes, Decision
from commands.declare_absence import DeclareAbsence
from commands.enrol_child import EndEnrolment
from commands.outcome import Accepted
from commands.submit_demande import SubmitDemande, Wish
from ledger.child import Child, SlotKey, apply, born
from ledger.demande import Demande
from ledger.entry import Entry, Signature
from ledger.events import (
    AbsenceDeclared,
    AttendanceRecorded,
    CancellationRequested,
    ChildRegistered,
    DemandeApproved,
    DemandeWithdrawn,
    EnrolmentEnded,
    Fact,
    ReservationRequested,
)
from ledger.identifiers import ChildId, Commune, DemandeNumber, DocumentId, HouseholdId, Slug, Stream
from ledger.streams import kind_of
from ledger.town import Town
from replay.what_if.answers import Answers
from replay.what_if.asked import Said
from replay.what_if.town import OtherTown, as_said, refusals_of
from replay.what_if.wishes import APPROVED, PENDING, Ask, Wanted
from rulebook.town import Rules

Came = Literal["present", "absent"]
Day = tuple[ChildId, SlotKey]


@dataclass(kw_only=True)
class World:
    """Takes what was said, one command after the other; `close` once all was."""

    town: OtherTown
    reconsidered: frozenset[Slug] = frozenset()
    """Reasons of agents that are not taken as said: what was refused for one is granted where there are places."""
    answers: Answers = field(default_factory=Answers)
    lost: dict[Day, AttendanceRecorded] = field(default_factory=dict)
    """Days a child came in the real world that are refused here."""
    assumed: dict[Day, Came] = field(default_factory=dict)
    """Days of which this world had to make up who came."""
    _real: dict[Stream, Child] = field(default_factory=dict)
    _given_up: set[Day] = field(default_factory=set)
    _sheets: set[SlotKey] = field(default_factory=set)
    """What somebody wrote down the presences of."""
    _last: Signature | None = None

    @classmethod
    def of(
        cls, commune: Commune, rules: Callable[[Town | None], Rules], reconsidered: frozenset[Slug] = frozenset()
    ) -> "World":
        """Before anything was said."""
        return cls(town=OtherTown(commune=commune, rules=rules), reconsidered=reconsidered)

    def take(self, said: Said) -> None:
        """One command of the real world, and what it comes to here."""
        self._last = said.signature
        kind = kind_of(said.stream)
        if kind == "child":
            self._of_child(said)
        elif kind in ("household", "town"):
            # A what-if is of no account and of no bill.
            self.town.write(said.signature, said.stream, said.facts)

    def close(self) -> None:
        """Makes up who came on the days that are reserved here and were not there."""
        for stream, real in self._real.items():
            here = self.town.child(stream)
            facts: list[Fact] = []
            for key, slot in sorted(here.slots.items()):
                other = slot.state == "reserved" and key not in real.slots and key not in here.attendance
                if other and key in self._sheets:
                    came: Came = "absent" if (here.child, key) in self._given_up else "present"
                    self.assumed[here.child, key] = came
                    facts.append(AttendanceRecorded(activity=key.activity, unit=key.unit, day=key.day, presence=came))
            assert self._last is not None
            self.town.write(self._last, stream, facts)

    def _of_child(self, said: Said) -> None:
        copied: list[Fact] = []
        ends = any(isinstance(fact, EnrolmentEnded) for fact in said.facts)
        for fact in said.facts:
            match fact:
                case EnrolmentEnded():
                    self._end(said, fact)
                case CancellationRequested() | DemandeApproved() if ends:
                    pass  # the town's own: what stands here after the last day is given up with it
                case ReservationRequested() | CancellationRequested() if fact.demande not in self.answers:
                    self._submit(said, fact.demande)
                case ReservationRequested() | CancellationRequested():
                    pass
                case AbsenceDeclared():
                    self._declare(said, fact)
                case AttendanceRecorded() if not self._took_place(said.stream, fact):
                    pass
                case DemandeWithdrawn(demande=number) if number in self.answers:
                    self._withdraw(said, number)
                case _ if getattr(fact, "demande", None) in self.answers:
                    pass
                case _:
                    copied.append(fact)
        self.town.write(said.signature, said.stream, copied)
        for number in dict.fromkeys(fact.demande for fact in said.decisions() if fact.demande in self.answers):
            self._decide(said, number)
        for entry in said.entries:
            self._live(entry)

    def _live(self, entry: Entry) -> None:
        """The child as it really is after a line."""
        if isinstance(entry.fact, ChildRegistered):
            self._real[entry.stream] = born(entry)
        real, signature = self._real[entry.stream], entry.signature
        before = set(real.slots) if isinstance(entry.fact, DemandeApproved) else set()
        apply(real, entry.fact, signature.happened_at, signature.recorded_at)  # type: ignore[arg-type]
        self._given_up.update((real.child, key) for key in before - set(real.slots))

    def _submit(self, said: Said, number: DemandeNumber) -> None:
        asked = [fact for fact in said.asked() if fact.demande == number]
        first, child = asked[0], self.town.child(said.stream).child
        by_agent = any(f.decided_by == "agent" for f in said.decisions() if isinstance(f, DemandeApproved))
        wishes = [
            Wish(day=day.day, unit=day.unit, action="reserve" if isinstance(fact, ReservationRequested) else "cancel")
            for fact in asked
            for day in fact.days
        ]
        self._wished(said, number, first.household, first.activity, [(w.day, w.unit, w.action) for w in wishes])
        result = self.town.ask(
            said.signature,
            SubmitDemande(
                children={child: [first.household]},
                activity=first.activity,
                wishes=wishes,
                partial=True,
                origin=first.origin,
                derogation=first.derogation,
                approve=by_agent,
            ),
        )
        self.answers.answered(number, result, self.town.demandes)

    def _end(self, said: Said, fact: EnrolmentEnded) -> None:
        """The enrolment stops here too, with what is reserved or waits after it."""
        child = self.town.child(said.stream)
        enrolment = child.enrolments[fact.enrolment]
        waiting = {
            slot.removal or slot.demande
            for key, slot in child.slots.items()
            if slot.state != "reserved" and key.day > fact.last_day and enrolment.covers(key.activity, key.day)
        }
        for number in sorted(waiting):
            self.town.write(said.signature, said.stream, [DemandeWithdrawn(demande=number)])
        command = EndEnrolment(child=child.child, enrolment=fact.enrolment, last_day=fact.last_day)
        if not isinstance(self.town.ask(said.signature, command).outcome, Accepted):
            self.town.write(said.signature, said.stream, [fact])

    def _declare(self, said: Said, fact: AbsenceDeclared) -> None:
        child = self.town.child(said.stream)
        households: tuple[HouseholdId, ...] = (fact.household,)
        days = [(day.day, day.unit) for day in fact.days]
        self._wished(said, fact.demande, fact.household, fact.activity, [(*day, "absence") for day in days])
        while days:
            result = self.town.ask(
                said.signature,
                DeclareAbsence(
                    child=child.child,
                    households=households,
                    activity=fact.activity,
                    days=days,
                    reason=fact.reason,
                    document=DocumentId(fact.document) if fact.document else None,
                    subject=said.signature.actor if fact.origin == "family" else None,
                    origin=fact.origin,
                    derogation=fact.derogation,
                ),
            )
            refusals = refusals_of(result.outcome)
            if households != child.households and any(each.code == "unknown_document" for each in refusals):
                # A parent of both households declared it, with a paper of the other one.
                households = child.households
                continue
            self.answers.answered(fact.demande, result, self.town.demandes)
            refused = {(each.day, each.unit) for each in refusals}
            # A declaration is all or nothing: the days that could be declared are declared without the others.
            days = [day for day in days if day not in refused] if any(day in refused for day in days) else []

    def _decide(self, said: Said, number: DemandeNumber) -> None:
        """Once every day of a demande was decided, the days that wait here are: as they were there."""
        for fact in said.decisions():
            if fact.demande == number:
                self.answers.settled(fact)
        here = self.answers.here.get(number)
        real = {wanted: self.answers.compared[wanted].real for wanted in self.answers.of(number)}
        waiting = self.town.child(said.stream).open.get(here) if here is not None else None
        if waiting is None:
            self.answers.found(number, self.town.demandes)
            return
        reason = next((verdict.reason for verdict in real.values() if verdict.reason is not None), None)
        granted = {(wanted.day, wanted.unit) for wanted, verdict in real.items() if verdict == APPROVED}
        pending = {(day.day, day.unit) for day in waiting.pending()}
        if PENDING in real.values():
            # A rule granted some of it there, and the rest waits for an agent in both.
            approved = [fact for fact in as_said(waiting, granted, None) if isinstance(fact, DemandeApproved)]
            self.town.write(said.signature, said.stream, approved)
            self.answers.found(number, self.town.demandes)
            return
        wished = pending if reason in self.reconsidered else pending & granted
        self._decided(said, waiting, wished, reason, [wanted for wanted, each in real.items() if each == APPROVED])
        self.answers.found(number, self.town.demandes)

    def _decided(
        self, said: Said, demande: Demande, wished: set[tuple[date, Slug]], reason: Slug | None, granted: list[Wanted]
    ) -> None:
        """Grants as many of these days as there are places for, and refuses the rest. `granted`: really."""
        child = self.town.child(said.stream).child
        while True:
            decision = Decision(number=demande.number, child=child, approved=frozenset(wished), reason=reason)
            outcome = self.town.ask(said.signature, DecideDemandes(decisions=[decision])).outcome
            if isinstance(outcome, Accepted):
                return
            impossible = {(each.day, each.unit): each for each in outcome.refusals if (each.day, each.unit) in wished}
            for box, each in impossible.items():
                lost = [wanted for wanted in granted if (wanted.day, wanted.unit) == box]
                self.answers.refused(lost, code=each.code, article=each.article)
            wished = wished - set(impossible)
            if not impossible:
                # The other rulebook does not know the agent's reason, or it was not an agent's.
                self.town.write(said.signature, said.stream, list(as_said(demande, wished, reason)))
                return

    def _withdraw(self, said: Said, number: DemandeNumber) -> None:
        """Taken back: what waits here is; what a rule granted here at once is given up, if it still can be."""
        self.answers.withdrawn(number)
        here = self.answers.here.get(number)
        if here is None:
            return
        if here in self.town.child(said.stream).open:
            self.town.write(said.signature, said.stream, [DemandeWithdrawn(demande=here)])
            self.answers.found(number, self.town.demandes)
            return
        granted = [w for w in self.answers.of(number) if self.answers.compared[w].here == APPROVED]
        boxes = [wanted for wanted in granted if wanted.ask == "reserve"]
        if boxes:
            wishes = [Wish(day=wanted.day, unit=wanted.unit, action="cancel") for wanted in boxes]
            first = boxes[0]
            command = SubmitDemande(
                children={first.child: [first.household]}, activity=first.activity, wishes=wishes, partial=True
            )
            self.town.ask(said.signature, command)
            self._given_up.update((w.child, SlotKey(w.activity, w.unit, w.day)) for w in boxes)

    def _took_place(self, stream: Stream, fact: AttendanceRecorded) -> bool:
        """Whether the child came, or was missed, here as there."""
        key, real, here = SlotKey(fact.activity, fact.unit, fact.day), self._real[stream], self.town.child(stream)
        self._sheets.add(key)
        if not _granted(real, key) or _granted(here, key):
            return True  # who came without it there comes without it here
        if fact.presence == "present":
            self.lost[here.child, key] = fact
        return False

    def _wished(
        self,
        said: Said,
        number: DemandeNumber,
        household: HouseholdId,
        activity: Slug,
        boxes: Collection[tuple[date, Slug, Ask]],
    ) -> None:
        child = self.town.child(said.stream).child
        wishes = [Wanted(number, child, household, activity, unit, day, ask) for day, unit, ask in boxes]
        self.answers.asked(number, wishes, said.signature.happened_at)


def _granted(child: Child, key: SlotKey) -> bool:
    slot = child.slots.get(key)
    return slot is not None and slot.state != "awaiting_add"
