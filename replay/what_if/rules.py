"""The rules of a what-if: those the town had until a day, and from that day on those of another text alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from ledger.town import Town
from rulebook.rulebook import Rulebook
from rulebook.town import Rules, rules_of_town


def rules_from(town: Town, other: Rulebook, first_day: date) -> Callable[[Town | None], Rules]:
    """What a town of the other world goes by, whatever day the other text says it comes into force.

    Known from the start, so that a request made before the first day is judged by it too.
    """
    before = tuple(known for known in rules_of_town(town).rulebooks if known.in_force_from < first_day)
    rulebooks = (*before, replace(other, in_force_from=first_day))
    return lambda known: Rules(rulebooks=rulebooks, closures=known.closures if known is not None else {})
