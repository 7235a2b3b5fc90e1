"""The only loop that writes: read the pages, decide, append; again when somebody was faster."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from commands.adopt_rulebook import AdoptRulebook
from commands.outcome import Accepted, Command, Known, Outcome, Refused, refused
from ledger.entry import Signature
from ledger.events import DemandeApproved, Demanded, DemandeRejected, Fact, QuotientDecided
from ledger.holdings import PlaceKey
from ledger.identifiers import UNNUMBERED, Commune, DemandeNumber, Stream
from ledger.rows import Row
from ledger.store import Answer, Append, ConflictError, ErasedError, FullError, Kept, Once, Prepared, Store, Write
from ledger.streams import town_page
from ledger.town import Town
from rulebook.town import Rules, rules_of_town

ATTEMPTS: Final = 5
"""How often a command is decided again before its caller is told to come back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A command with who asks, when, and what its caller holds true."""

    commune: Commune
    command: Command
    signature: Signature
    expected: Mapping[Stream, frozenset[int]] = field(default_factory=dict)
    """The versions a page may be at for its caller. Any other is refused as `version_changed`."""
    rules: Callable[[Town | None], Rules] = rules_of_town
    """What it is judged by, from the town's page: its own rulebooks, or those of a what-if."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What a command came to. `prepared` is what its facts write; empty when it was refused."""

    outcome: Outcome
    prepared: Prepared
    rules: Rules

    def rows_of(self, table: str) -> list[Row]:
        """The rows of a read model the command writes, in its order."""
        return [change.row for change in self.prepared.changes if change.table == table]

    def row_of(self, table: str) -> Row:
        """The same where a command writes one row of it."""
        [row] = self.rows_of(table)
        return row


Respond = Callable[[Result], Answer]
"""Turns a result into the answer that is kept under the command's key. Pure."""


def execute(store: Store, request: Request, *, once: Once, respond: Respond) -> tuple[Result, Kept]:
    """Decides a command and keeps it with its answer, exactly once.

    Raises ConflictError when others were faster five times running, KeyReusedError and BusyError as the store does.
    """
    left: dict[PlaceKey, int] = {}
    for _ in range(ATTEMPTS):
        known = _known(store, request, left)
        result = _decided(store, request, known, number=True)
        append = Append(prepared=result.prepared, once=once, answer=respond(result), capacity=known.rules.places)
        try:
            return result, store.append(append)
        except (ConflictError, ErasedError):
            left = {}
        except FullError as found:
            left = left | found.left
    raise ConflictError


def preview(store: Store, request: Request) -> Result:
    """What a command would come to now. Writes nothing and takes no number."""
    known = _known(store, request, {})
    result = _decided(store, request, known, number=False)
    left = store.full(result.prepared, known.rules.places)
    return _decided(store, request, replace(known, left=left), number=False) if left else result


def _known(store: Store, request: Request, left: Mapping[PlaceKey, int]) -> Known:
    commune, town = request.commune, town_page(request.commune)
    pages = store.pages([town, *request.command.pages(commune)])
    rules = request.rules(pages[town].state)  # type: ignore[arg-type]
    booked = store.booked_until(commune) if isinstance(request.command, AdoptRulebook) else {}
    now: datetime = request.signature.happened_at
    return Known(commune=commune, now=now, rules=rules, pages=pages, left=left, booked_until=booked)


def _decided(store: Store, request: Request, known: Known, *, number: bool) -> Result:
    stale = [stream for stream, seen in request.expected.items() if known.pages[stream].version not in seen]
    outcome: Outcome = refused("version_changed") if stale else request.command.decide(known)
    if isinstance(outcome, Refused) and outcome.wanted and not known.left:
        rest = Prepared(commune=request.commune, signature=request.signature, claims=outcome.wanted)
        left = store.full(rest, known.rules.places)
        outcome = request.command.decide(replace(known, left=left)) if left else outcome
    writes: list[Write] = []
    if isinstance(outcome, Accepted):
        writes = [
            _numbered(write, store.next_number(request.commune) if number else DemandeNumber(-place))
            if _opens_demande(write)
            else write
            for place, write in enumerate(outcome.writes, start=1)
        ]
    prepared = store.prepare(request.commune, request.signature, writes)
    if isinstance(outcome, Accepted) and outcome.vault:
        prepared = replace(prepared, vault=outcome.vault)
    return Result(outcome=outcome, prepared=prepared, rules=known.rules)


def _opens_demande(write: Write) -> bool:
    return any(isinstance(fact, Demanded) and fact.demande == UNNUMBERED for fact in write.facts)


def _numbered(write: Write, number: DemandeNumber) -> Write:
    """The same facts under a number of their own: below zero while nothing is written."""
    return replace(write, facts=[_under(number, fact) for fact in write.facts])


def _under(number: DemandeNumber, fact: Fact) -> Fact:
    if isinstance(fact, Demanded | DemandeApproved | DemandeRejected | QuotientDecided) and fact.demande == UNNUMBERED:
        return replace(fact, demande=number)
    return fact
