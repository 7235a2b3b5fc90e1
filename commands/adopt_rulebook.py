"""The council voted a rulebook: it is kept whole, with its digest, and is in force from its day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from commands.close_month import first_of_next
from commands.outcome import Accepted, Known, Outcome, Refusal, Refused, refused
from ledger.days import local_day
from ledger.events import RulebookAdopted
from ledger.identifiers import Commune, Stream
from ledger.regie import Regie
from ledger.store import Write
from ledger.streams import regie_page
from ledger.town import Town
from rulebook.reader import RulebookError, read_rulebook
from rulebook.rulebook import Activity, Rulebook


@dataclass(frozen=True, kw_only=True, slots=True)
class AdoptRulebook:
    """Adopts the text of a rulebook, if it can be read without a doubt."""

    content: str

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The régie's, which says what was billed; the town's is always known."""
        return [regie_page(commune)]

    def decide(self, known: Known) -> Outcome:
        """Adopted, unless it is unsound, another town's, adopted before, or governs what is billed or booked."""
        try:
            rulebook = read_rulebook(self.content)
        except RulebookError as unsound:
            return Refused(
                refusals=tuple(
                    Refusal(code="rulebook_unsound", article=problem.article, problem=problem)
                    for problem in unsound.problems
                )
            )
        if rulebook.commune != known.commune:
            return refused("rulebook_of_another_town")
        page = known.town()
        if any(adopted.version == rulebook.version for adopted in (page.state or Town()).rulebooks):
            return refused("version_already_adopted")
        clashes = (*_billed(known, rulebook), *_clashes(known, rulebook))
        if clashes:
            return Refused(refusals=clashes)
        fact = RulebookAdopted(
            version=rulebook.version,
            in_force_from=rulebook.in_force_from,
            content=self.content,
            digest=sha256(self.content.encode()).hexdigest(),
        )
        return Accepted(writes=[Write(page=page, facts=[fact])])


def _billed(known: Known, rulebook: Rulebook) -> Iterator[Refusal]:
    """What was billed stays priced as it was voted: a tariff is not retroactive, and the next close would bill it."""
    last = (known.regie().state or Regie()).last()
    if last is not None and rulebook.in_force_from < first_of_next(last.month):
        yield Refusal(code="rulebook_over_closed_month", day=first_of_next(last.month))


def _clashes(known: Known, rulebook: Rulebook) -> Iterator[Refusal]:
    """What was booked already must stay judged, and counted, as it was.

    A rulebook does not come into force on days past that were booked under another; and places already taken cannot
    be counted among other children from one day to the next: nobody could say any more how many are left.
    """
    start, booked = rulebook.in_force_from, known.booked_until
    if start < local_day(known.now, rulebook.timezone) and any(last >= start for last in booked.values()):
        yield Refusal(code="in_force_too_early", day=start)
    for slug, last in sorted(booked.items()):
        before, after = known.rules.activity(slug, start), rulebook.activities.get(slug)
        if last >= start and before and after and _counts_otherwise(before, after):
            yield Refusal(code="places_counted_otherwise", article=after.article, day=last)


def _counts_otherwise(before: Activity, after: Activity) -> bool:
    """Whether places are counted among other children, or a unit takes other places."""
    both = before.units.keys() & after.units.keys()
    return before.sharing is not after.sharing or any(
        set(before.units[unit].takes) != set(after.units[unit].takes) for unit in both
    )
