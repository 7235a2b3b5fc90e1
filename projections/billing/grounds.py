"""Why a day costs something else than it did: what it rested on when the last month was closed, and rests on now."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, Literal

from projections.billing.facts_of_day import Seen
from rulebook.tariffs import Situation, Tariff, Unpriced, price

Ground = Literal["slot", "closure", "absences", "payer", "quotient", "status", "meal", "month", "siblings"]
"""A kind of lines that may explain it."""

_PRICES: Final[Mapping[Ground, tuple[str, ...]]] = {
    "slot": ("minutes",),
    "quotient": ("quotient",),
    "status": ("residence", "regime"),
    "meal": ("meal_brought",),
    "month": ("units_in_month",),
    "siblings": ("rank", "children"),
}
"""What a price depends on, and which lines say it."""


def grounds(before: Seen | None, now: Seen | None, tariff: Tariff) -> set[Ground]:
    """What moved and explains it; empty when nothing that pages say did."""
    if before is None or now is None:
        return {"slot"}
    found: set[Ground] = set()
    if before.payer != now.payer:
        found |= {"payer"} if before.asker == now.asker else {"payer", "slot"}
    was, known = before.situation, now.situation
    if was is None or known is None or (was.unit_due, was.on_top) != (known.unit_due, known.on_top):
        found |= _of_the_day(before, now)
    if was is not None and known is not None:
        found |= {ground for ground, names in _PRICES.items() if _matters(tariff, was, known, names)}
    return found


def _of_the_day(before: Seen, now: Seen) -> set[Ground]:
    """Of a day that is due and was not, or not so: what was closed, said of an absence, or else of the day itself."""
    was, known = before.facts, now.facts
    found: set[Ground] = {"closure"} if was.closed != known.closed else set()
    if was.absence == known.absence and was.accepted != known.accepted:
        found.add("absences")
    if was._replace(closed=known.closed, accepted=known.accepted) != known:
        found.add("slot")
    return found


def _matters(tariff: Tariff, was: Situation, known: Situation, names: tuple[str, ...]) -> bool:
    """Whether these made a difference: with them as they were, today's price would be another; or then's, likewise."""
    then, now = ({name: getattr(each, name) for name in names} for each in (was, known))
    if then == now:
        return False
    pairs = ((known, replace(known, **then)), (was, replace(was, **now)))
    return any(_cost(tariff, one) != _cost(tariff, other) for one, other in pairs)


def _cost(tariff: Tariff, situation: Situation) -> Any:
    priced = price(tariff, situation)
    if isinstance(priced, Unpriced):
        return priced.code
    return [(part.label, part.unit_price_cents, part.quantity, part.code) for part in priced]
