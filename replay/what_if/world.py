"""The town again under other rules, in memory: what families asked, when they asked it, and what really happened.

What is assumed, since nobody can know it: a family that is refused asks for nothing else; a child whose day is refused
does not come, and one whose day is granted where it was not comes; a day that was given up and can no longer be is
missed without a word.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from commands.decide_demandes import DecideDemandes, Decision
from commands.declare_absence import DeclareAbsence
from commands.execute import Request, Result, execute
from commands.outcome import Accepted, Command, Outcome, Refusal
from commands.submit_demande import SubmitDemande, Wish
from ledger.child import Child, SlotKey, apply, born
from ledger.demande import Demande
from ledger.entry import Entry, Signature
from ledger.events import (
    AbsenceDeclared,
    AttendanceRecorded,
    CancellationRequested,
    ChildRegistered,
    DayDemanded,
    DemandeApproved,
    DemandeRejected,
    DemandeWithdrawn,
    Fact,
    ReservationRequested,
    RulebookAdopted,
)
from ledger.identifiers import UNNUMBERED, ChildId, Commune, DemandeNumber, DocumentId, HouseholdId, Slug, Stream
from ledger.memory import MemoryStore
from ledger.store import Answer, Append, Once, Prepared, Write
from ledger.streams import kind_of
from ledger.town import Town
from projections.billing.family import Placed
from replay.what_if.asked import Said
from replay.what_if.wishes import APPROVED, PENDING, WITHDRAWN, Ask, Compared, Verdict, Wanted
from rulebook.town import Rules

Came = Literal["present", "absent"]
Day = tuple[ChildId, SlotKey]
FIRST_NUMBER: Final = 1_000_000_000
"""The demandes of this world are numbered from here: no real number comes near."""
_CLIENT: Final = "what-if"
_NO_ANSWER: Final = Answer(status=200)


@dataclass(kw_only=True)
class World:
    """Takes what was said, one command after the other; `close` once all was."""

    commune: Commune
    rules: Callable[[Town | None], Rules]
    reconsidered: frozenset[Slug] = frozenset()
    """Reasons of agents that are not taken as said: what was refused for one is granted where there are places."""
    store: MemoryStore = field(default_factory=lambda: MemoryStore(first_number=FIRST_NUMBER))
    pages: dict[Stream, list[Placed]] = field(default_factory=dict)
    """Every line of this world."""
    compared: dict[Wanted, Compared] = field(default_factory=dict)
    lost: dict[Day, AttendanceRecorded] = field(default_factory=dict)
    """Days a child came in the real world that are refused here."""
    assumed: dict[Day, Came] = field(default_factory=dict)
    """Days of which this world had to make up who came."""
    _numbers: dict[DemandeNumber, DemandeNumber] = field(default_factory=dict)
    """Real demandes about days, and what they are called here; one that was refused whole has no name here."""
    _wishes: dict[DemandeNumber, list[Wanted]] = field(default_factory=dict)
    _demandes: dict[DemandeNumber, Demande] = field(default_factory=dict)
    """What each demande of this world has become."""
    _real: dict[Stream, Child] = field(default_factory=dict)
    _given_up: set[Day] = field(default_factory=set)
    _last: Signature | None = None
    _commands: int = 0
    _lines: int = 0

    def take(self, said: Said) -> None:
        """One command of the real world, and what it comes to here."""
        self._last = said.signature
        kind = kind_of(said.stream)
        if kind == "child":
            self._of_child(said)
        elif kind in ("household", "town"):
            # The rulebooks of this world are given; a what-if is of no account and of no bill.
            self._append(said.signature, said.stream, [f for f in said.facts if not isinstance(f, RulebookAdopted)])

    def close(self) -> None:
        """Makes up who came on the days that are reserved here and were not there."""
        for stream, real in self._real.items():
            here = self._child(stream)
            facts: list[Fact] = []
            for key, slot in sorted(here.slots.items()):
                if slot.state == "reserved" and key not in real.slots and key not in here.attendance:
                    came: Came = "absent" if (here.child, key) in self._given_up else "present"
                    self.assumed[here.child, key] = came
                    facts.append(AttendanceRecorded(activity=key.activity, unit=key.unit, day=key.day, presence=came))
            assert self._last is not None
            self._append(self._last, stream, facts)

    # ---- one page of a child ----------------------------------------------------------------------------------------

    def _of_child(self, said: Said) -> None:
        copied: list[Fact] = []
        for fact in said.facts:
            match fact:
                case ReservationRequested() | CancellationRequested() if fact.demande not in self._wishes:
                    self._submit(said, fact.demande)
                case ReservationRequested() | CancellationRequested():
                    pass
                case AbsenceDeclared():
                    self._declare(said, fact)
                case AttendanceRecorded() if not self._took_place(said.stream, fact):
                    pass
                case DemandeWithdrawn(demande=number) if number in self._wishes:
                    self._withdraw(said, number)
                case _ if getattr(fact, "demande", None) in self._wishes:
                    pass
                case _:
                    copied.append(fact)
        self._append(said.signature, said.stream, copied)
        for number in dict.fromkeys(fact.demande for fact in said.decisions() if fact.demande in self._wishes):
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
        first, child = asked[0], self._child(said.stream).child
        by_agent = any(f.decided_by == "agent" for f in said.decisions() if isinstance(f, DemandeApproved))
        wishes = [
            Wish(day=day.day, unit=day.unit, action="reserve" if isinstance(fact, ReservationRequested) else "cancel")
            for fact in asked
            for day in fact.days
        ]
        self._wished(said, number, first.household, first.activity, [(w.day, w.unit, w.action) for w in wishes])
        result = self._ask(
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
        self._asked(number, result)

    def _declare(self, said: Said, fact: AbsenceDeclared) -> None:
        child = self._child(said.stream).child
        days = [(day.day, day.unit) for day in fact.days]
        self._wished(said, fact.demande, fact.household, fact.activity, [(*day, "absence") for day in days])
        while days:
            result = self._ask(
                said.signature,
                DeclareAbsence(
                    child=child,
                    households=[fact.household],
                    activity=fact.activity,
                    days=days,
                    reason=fact.reason,
                    document=DocumentId(fact.document) if fact.document else None,
                    subject=said.signature.actor if fact.origin == "family" else None,
                    origin=fact.origin,
                    derogation=fact.derogation,
                ),
            )
            self._asked(fact.demande, result)
            refused = {(each.day, each.unit) for each in _refusals(result.outcome)}
            # A declaration is all or nothing: the days that could be declared are declared without the others.
            days = [day for day in days if day not in refused] if any(day in refused for day in days) else []

    def _decide(self, said: Said, number: DemandeNumber) -> None:
        """Once every day of a demande was decided, the days that wait here are: as they were there."""
        for fact in said.decisions():
            if fact.demande == number:
                self._settled(fact)
        here, real = self._numbers.get(number), {wanted: self.compared[wanted].real for wanted in self._wishes[number]}
        child = self._child(said.stream)
        waiting = child.open.get(here) if here is not None else None
        if here is None or waiting is None or PENDING in real.values():
            return
        pending = {(day.day, day.unit) for day in waiting.pending()}
        granted = {(wanted.day, wanted.unit) for wanted, verdict in real.items() if verdict == APPROVED}
        reason = next((verdict.reason for verdict in real.values() if verdict.reason is not None), None)
        wished = pending if reason in self.reconsidered else pending & granted
        for approved in (wished, pending & granted):
            decision = Decision(number=here, child=child.child, approved=frozenset(approved), reason=reason)
            if isinstance(self._ask(said.signature, DecideDemandes(decisions=[decision])).outcome, Accepted):
                break
        self._look_again(number)

    def _withdraw(self, said: Said, number: DemandeNumber) -> None:
        """Taken back: what waits here is; what a rule granted here at once is given up, if it still can be."""
        for wanted in self._wishes[number]:
            if self.compared[wanted].real == PENDING:
                self.compared[wanted].real = WITHDRAWN
        here = self._numbers.get(number)
        child = self._child(said.stream)
        if here is None:
            return
        if here in child.open:
            self._append(said.signature, said.stream, [DemandeWithdrawn(demande=here)])
            self._look_again(number)
            return
        boxes = [w for w in self._wishes[number] if w.ask == "reserve" and self.compared[w].here == APPROVED]
        if boxes:
            wishes = [Wish(day=wanted.day, unit=wanted.unit, action="cancel") for wanted in boxes]
            first = boxes[0]
            command = SubmitDemande(
                children={first.child: [first.household]}, activity=first.activity, wishes=wishes, partial=True
            )
            self._ask(said.signature, command)
            self._given_up.update((w.child, SlotKey(w.activity, w.unit, w.day)) for w in boxes)

    def _took_place(self, stream: Stream, fact: AttendanceRecorded) -> bool:
        """Whether the child came, or was missed, here as there."""
        key, real, here = SlotKey(fact.activity, fact.unit, fact.day), self._real[stream], self._child(stream)
        slot = here.slots.get(key)
        if slot is not None and slot.state != "awaiting_add":
            return True
        if key not in real.slots:
            return True
        if fact.presence == "present":
            self.lost[here.child, key] = fact
        return False

    # ---- what became of wishes ---------------------------------------------------------------------------------------

    def _wished(
        self,
        said: Said,
        number: DemandeNumber,
        household: HouseholdId,
        activity: Slug,
        boxes: Collection[tuple[date, Slug, Ask]],
    ) -> None:
        child = self._child(said.stream).child
        wishes = [Wanted(number, child, household, activity, unit, day, ask) for day, unit, ask in boxes]
        self._wishes[number] = wishes
        self.compared.update({wanted: Compared(asked_at=said.signature.happened_at) for wanted in wishes})

    def _asked(self, number: DemandeNumber, result: Result) -> None:
        """What a rule refused of a demande; the rest has a number here."""
        opened = [fact.demande for entry in result.prepared.entries if isinstance(fact := entry.fact, DayDemanded)]
        if opened:
            self._numbers[number] = opened[0]
        for refusal in _refusals(result.outcome):
            for wanted in self._wishes[number]:
                if refusal.day is None or (refusal.day, refusal.unit) == (wanted.day, wanted.unit):
                    verdict = Verdict(became="refused", code=refusal.code, article=refusal.article)
                    self.compared[wanted].here = verdict
        self._look_again(number)

    def _settled(self, fact: DemandeApproved | DemandeRejected) -> None:
        verdict = APPROVED if isinstance(fact, DemandeApproved) else Verdict(became="rejected", reason=fact.reason)
        named = {(day.day, day.unit, day.action) for day in fact.days}
        for wanted in self._wishes[fact.demande]:
            if (wanted.day, wanted.unit, wanted.ask) in named:
                self.compared[wanted].real = verdict

    def _look_again(self, number: DemandeNumber) -> None:
        """What the days of a demande have become here."""
        demande = self._demandes.get(self._numbers.get(number, UNNUMBERED))
        became = {(day.day, day.unit, day.action): day for day in demande.days} if demande else {}
        for wanted in self._wishes[number]:
            kept, day = self.compared[wanted], became.get((wanted.day, wanted.unit, wanted.ask))
            if kept.here.became == "pending" and day is not None:
                kept.here = Verdict(became=day.outcome, reason=day.reason)

    # ---- writing in memory -------------------------------------------------------------------------------------------

    def _child(self, stream: Stream) -> Child:
        child = self.store.pages([stream])[stream].state
        assert isinstance(child, Child), f"a child's page starts with its registration: {stream}"
        return child

    def _ask(self, signature: Signature, command: Command) -> Result:
        """A command at the instant it was given."""
        request = Request(commune=self.commune, command=command, signature=signature, rules=self.rules)
        result, _ = execute(self.store, request, once=self._once(), respond=lambda _: _NO_ANSWER)
        self._keep(result.prepared)
        return result

    def _append(self, signature: Signature, stream: Stream, facts: Sequence[Fact]) -> None:
        """Facts as they are: nobody decides them again."""
        if not facts:
            return
        page = self.store.pages([stream])[stream]
        prepared = self.store.prepare(self.commune, signature, [Write(page=page, facts=facts)])
        self.store.append(Append(prepared=prepared, once=self._once(), answer=_NO_ANSWER, capacity=lambda _: None))
        self._keep(prepared)

    def _keep(self, prepared: Prepared) -> None:
        for entry in prepared.entries:
            self._lines += 1
            self.pages.setdefault(entry.stream, []).append(Placed(entry, self._lines))
        for page in prepared.pages:
            if isinstance(page.state, Child) and page.state.latest is not None:
                self._demandes[page.state.latest.number] = page.state.latest

    def _once(self) -> Once:
        self._commands += 1
        return Once(client=_CLIENT, subject=_CLIENT, key=str(self._commands), fingerprint=b"")


def _refusals(outcome: Outcome) -> tuple[Refusal, ...]:
    return outcome.left_out if isinstance(outcome, Accepted) else outcome.refusals
