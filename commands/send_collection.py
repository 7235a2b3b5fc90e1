"""The régie asks the bank for what families owe: one file, and a line on the page of each payer."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from commands.direct_debits import Debit, to_ask
from commands.formality import governing
from commands.outcome import Accepted, Known, Outcome, refused
from commands.town_days import town_day
from ledger.events import CollectionSent
from ledger.identifiers import CollectionId, Commune, HouseholdId, Month, Stream
from ledger.store import ConflictError, Write
from ledger.streams import payer_page, regie_page
from ledger.target_days import is_target_day, target_days_after
from rulebook.tariffs import RegieRule
from rulebook.town import Rules

TARGET_DAYS_AHEAD: Final = 2
"""Banks exchange a debit one day of settlement before it, first or not (SEPA Core rulebook 9.2, since November 2016);
one more leaves the régie the time to hand the file in."""
FURTHEST: Final = timedelta(days=60)
"""A titre that is asked for is asked once: a day mistyped must not keep it from being asked for years."""
MOST_DEBITS: Final = 2_000
"""Kept in one transaction with the pages of their payers. What is over waits for the next collection."""


def creditor_of(rules: Rules, day: date) -> RegieRule | None:
    """Who debits, as the rulebook of that day says; None when it does not say all that a bank asks for."""
    rulebook = rules.on(day)
    regie = rulebook.regie if rulebook is not None else None
    complete = regie is not None and regie.creditor_name and regie.creditor_id and regie.creditor_iban
    return regie if complete else None


@dataclass(frozen=True, kw_only=True, slots=True)
class SendCollection:
    """Asks for every titre that is due once, whoever asks at the same time.

    The file is made before it is kept, for what `debits` says; what was decided meanwhile makes another file.
    """

    collection: CollectionId
    collect_on: date
    households: Sequence[HouseholdId]
    """Those who may owe something under a mandate, in order."""
    month: Month | None = None
    without: frozenset[HouseholdId] = frozenset()
    """Those whose account cannot be read."""
    debits: Sequence[Debit] | None = None
    """What the file asks for; None while it is not made."""
    digest: str = ""
    """SHA-256 of the file, in hexadecimal."""

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the régie and those of the payers."""
        return [regie_page(commune), *(payer_page(commune, household) for household in self.households)]

    def decide(self, known: Known) -> Outcome:
        """Asked, together. Raises ConflictError when the file is not of what is owed now."""
        code = self._code(known)
        if code is not None:
            return refused(code)
        debits = self.planned(known)
        if not debits:
            return refused("nothing_to_collect")
        if self.debits is not None and list(self.debits) != debits:
            raise ConflictError
        sent = CollectionSent(
            collection=self.collection,
            collect_on=self.collect_on,
            debits=len(debits),
            total_cents=sum(debit.amount_cents for debit in debits),
            digest=self.digest,
        )
        asked = [
            Write(page=known.payer(debit.household), facts=[debit.fact(self.collection, self.collect_on)])
            for debit in debits
        ]
        return Accepted(writes=[Write(page=known.regie(), facts=[sent]), *asked])

    def planned(self, known: Known) -> list[Debit]:
        """What the bank is to be asked for."""
        return list(self._all(known))[:MOST_DEBITS]

    def _all(self, known: Known) -> Iterator[Debit]:
        for household in self.households:
            payer = known.payer(household).state
            if payer is not None and household not in self.without:
                yield from to_ask(payer, self.collect_on, self.month)

    def _code(self, known: Known) -> str | None:
        today = town_day(known.rules, known.now)
        if governing(known.rules, known.now) is None:
            return "no_rulebook"
        if creditor_of(known.rules, today) is None:
            return "creditor_missing"
        # Which days banks work is known of the years around: a day is looked up once it may be one of them.
        if self.collect_on < target_days_after(today, TARGET_DAYS_AHEAD):
            return "collection_too_soon"
        if self.collect_on > today + FURTHEST:
            return "collection_too_far"
        if not is_target_day(self.collect_on):
            return "not_a_banking_day"
        regie = known.regie().state
        if regie is not None and self.collection in regie.collections:
            return "already_registered"
        return None
