"""The other town, in memory: its store, its lines, and the commands that are given there again."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from commands.execute import Request, Result, execute
from commands.outcome import Accepted, Command, Outcome, Refusal
from ledger.child import Child
from ledger.demande import Demande
from ledger.entry import Signature
from ledger.events import DecidedDay, DemandeApproved, DemandeRejected, Fact
from ledger.identifiers import Commune, DemandeNumber, Slug, Stream
from ledger.memory import MemoryStore
from ledger.store import Answer, Append, Once, Prepared, Write
from ledger.town import Town
from projections.billing.family import Placed
from rulebook.town import Rules

FIRST_NUMBER: Final = 1_000_000_000
"""The demandes of this town are numbered from here: no real number comes near."""
_NO_REASON: Final = Slug("what-if")
"""Of a day that an agent accepted and that has no place here."""
_CLIENT: Final = "what-if"
_NO_ANSWER: Final = Answer(status=200)


@dataclass(kw_only=True)
class OtherTown:
    """A ledger that lasts as long as the question, and the rules it goes by."""

    commune: Commune
    rules: Callable[[Town | None], Rules]
    store: MemoryStore = field(default_factory=lambda: MemoryStore(first_number=FIRST_NUMBER))
    pages: dict[Stream, list[Placed]] = field(default_factory=dict)
    """Every line, each at its place in the order they were written here."""
    demandes: dict[DemandeNumber, Demande] = field(default_factory=dict)
    """What each demande has become."""
    _commands: int = 0
    _lines: int = 0

    def child(self, stream: Stream) -> Child:
        """A child as its page here tells it."""
        child = self.store.pages([stream])[stream].state
        assert isinstance(child, Child), f"a child's page starts with its registration: {stream}"
        return child

    def known_rules(self) -> Rules:
        """What the town goes by now."""
        return self.rules(self.store.town(self.commune).state)

    def ask(self, signature: Signature, command: Command) -> Result:
        """A command at the instant it was given."""
        request = Request(commune=self.commune, command=command, signature=signature, rules=self.rules)
        result, _ = execute(self.store, request, once=self._once(), respond=lambda _: _NO_ANSWER)
        self._keep(result.prepared)
        return result

    def write(self, signature: Signature, stream: Stream, facts: Sequence[Fact]) -> None:
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
                self.demandes[page.state.latest.number] = page.state.latest

    def _once(self) -> Once:
        self._commands += 1
        return Once(client=_CLIENT, subject=_CLIENT, key=str(self._commands), fingerprint=b"")


def refusals_of(outcome: Outcome) -> Collection[Refusal]:
    """Every day that was refused, of a command that was, or of one that left some out."""
    return outcome.left_out if isinstance(outcome, Accepted) else outcome.refusals


def as_said(demande: Demande, approved: set[tuple[date, Slug]], reason: Slug | None) -> Iterable[Fact]:
    """A decision as its facts."""
    granted: list[DecidedDay] = []
    refused: list[DecidedDay] = []
    for day in demande.pending():
        (granted if (day.day, day.unit) in approved else refused).append(day)
    if granted:
        yield DemandeApproved(demande=demande.number, days=tuple(granted), decided_by="agent")
    if refused:
        why = reason or _NO_REASON
        yield DemandeRejected(demande=demande.number, days=tuple(refused), decided_by="agent", reason=why)
