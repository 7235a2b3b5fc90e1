"""The rules of a what-if: those the town had until a day, and from that day on those of another text alone."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

from ledger.town import Town
from rulebook.rulebook import Rulebook
from rulebook.town import Rules, rules_of_town


def rules_from(other: Rulebook, first_day: date) -> Callable[[Town | None], Rules]:
    """What a town of the other world goes by, whatever day the other text says it comes into force.

    The other text is known from the start, so that a request made before the first day is judged by it too; those the
    town had before, from when it adopted them, as really.
    """
    other = replace(other, in_force_from=first_day)

    def rules(known: Town | None) -> Rules:
        real = rules_of_town(known)
        before = tuple(each for each in real.rulebooks if each.in_force_from < first_day)
        return replace(real, rulebooks=(*before, other))

    return rules
