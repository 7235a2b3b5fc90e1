"""How a price is shown: its lines, its total, its arithmetic in words, and what could not be priced."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from api.french import title
from api.french_bill_steps import euros_of, step_said, steps_said
from api.french_billing import DAYS, FREE, INCOMPLETE, MISSING, NO_TARIFFS, SUPPOSED_QUOTIENT, TOTAL
from api.french_bills import BASES, NATURES, SHORT_SOURCES, amount, article_said, heading, quotient_said
from api.french_days import closed_because, day_detail
from api.french_prices import ELSEWHERE
from api.french_runs import days as days_said
from api.history_words import HistoryWords, lowered
from api.problems import RuleError
from api.refusals import closure_label
from ledger.child import SlotKey
from ledger.events import BilledLine, QuotientUsed
from ledger.identifiers import ChildId, Slug
from projections.billing.family import MissingDay
from projections.billing.offer import Offer
from projections.billing.supposed import NOWHERE, Price
from rulebook.town import Rules


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """A day that was asked about and cannot be had, or is not the caller's to pay."""

    key: SlotKey
    code: str
    closure: Slug | None = None


def why_not(offer: Offer, key: SlotKey, site: Slug | None = None, group: Slug | None = None) -> LeftOut | None:
    """Why a day cannot be had at all; None when it can."""
    closure = offer.rules.closure(key.activity, key.day, site=site)
    if closure is not None:
        return LeftOut(key=key, code="day_closed", closure=closure)
    if key.unit not in offer.units_on(key.activity, key.day, site, group):
        return LeftOut(key=key, code="not_a_day_of_this_activity")
    return None


def has_tariffs(rules: Rules, days: Iterable[date]) -> bool:
    """Whether a rulebook in force on one of these days prices anything."""
    books = (rules.on(day) for day in set(days))
    return any(book is not None and book.tariffs for book in books)


def rendered(
    price: Price, offer: Offer, wanted: Collection[tuple[ChildId, SlotKey]], *, of_child: bool = True
) -> dict[str, Any]:
    """A price as every answer shows it. `of_child`: whether the child is somebody."""
    words = HistoryWords(rules=offer.rules)
    free = [
        key
        for child, key in sorted(wanted)
        if (child, key) not in price.priced and not _missing(price, child, key) and _is_free(offer, key)
    ]
    return {
        "total_cents": price.total_cents,
        "complete": not price.missing,
        "lines": [line_shown(line, words, of_child=of_child) for line in price.lines],
        "elsewhere": [line_shown(line, words, of_child=of_child) for line in price.elsewhere],
        "missing": [missing_shown(day, of_child=of_child) for day in price.missing],
        "free": [{"day": key.day, "unit": key.unit} for key in free],
        "sentences": list(sentences(price, words, free=free)),
    }


def _missing(price: Price, child: ChildId, key: SlotKey) -> bool:
    return any((day.child, day.activity, day.unit, day.day) == (child, *key) for day in price.missing)


def _is_free(offer: Offer, key: SlotKey) -> bool:
    governed = offer.governing(key)
    return governed is not None and governed.tariff is None


def absent(rules: Rules, days: Iterable[date]) -> dict[str, str] | None:
    """Why there is no price at all: a town without tariffs; None when there is one."""
    return None if has_tariffs(rules, days) else {"code": "no_tariffs", "detail": NO_TARIFFS}


def line_shown(line: BilledLine, words: HistoryWords, *, of_child: bool = True) -> dict[str, Any]:
    """A line of a price."""
    return {
        "child": line.child if of_child else None,
        "activity": line.activity,
        "unit": line.unit,
        "nature": line.nature,
        "nature_label": NATURES[line.nature],
        "label": line.label,
        "unit_price_cents": line.unit_price_cents,
        "quantity": line.quantity,
        "amount_cents": line.amount_cents,
        "rulebook": line.rulebook,
        "article": line.article,
        "code": line.code,
        "quotient": quotient_shown(line.quotient),
        "days": [
            {"day": day.day, "quantity": day.quantity, "basis": day.basis, "basis_label": BASES[day.basis]}
            for day in line.days
        ],
        "arithmetic": arithmetic_shown(line),
        "sentences": list(line_sentences(line, words)),
    }


def quotient_shown(used: QuotientUsed | None) -> dict[str, Any] | None:
    """The quotient a price was worked out with; one that was only supposed has no source."""
    if used is None:
        return None
    supposed = used.line == NOWHERE
    return {
        "amount_cents": used.amount_cents,
        "source": None if supposed else used.source,
        "source_label": None if supposed else SHORT_SOURCES[used.source],
        "first_day": None if supposed else used.first_day,
        "line": None if supposed else used.line,
        "supposed": supposed,
    }


def arithmetic_shown(line: BilledLine) -> list[dict[str, Any]]:
    """The steps of a unit price; the sentence of one that is told elsewhere is null."""
    return [{"kind": step.kind, "value": step.value, "sentence": step_said(step)} for step in line.steps]


def missing_shown(day: MissingDay, *, of_child: bool = True) -> dict[str, Any]:
    """A day no price can be told of, and why."""
    shown = {
        "activity": day.activity,
        "unit": day.unit,
        "day": day.day,
        "why": day.why,
        "why_label": MISSING[day.why],
        "article": day.article or None,
    }
    return {"child": day.child, **shown} if of_child else shown


def left_out_shown(found: LeftOut, rules: Rules, child: ChildId | None = None) -> dict[str, Any]:
    """A day that was left out, as a refusal of a day is shown."""
    day = found.key.day
    if found.closure is not None:
        detail = closed_because(day, closure_label(rules, day, found.closure))
    else:
        detail = day_detail(found.code, day, instant=None, zone=HistoryWords(rules=rules).zone)
    error = RuleError(code=found.code, detail=detail, child=child, day=day, unit=_known(found, rules))
    return {**error.content(), "title": title(found.code)}


def _known(found: LeftOut, rules: Rules) -> str | None:
    """The unit, unless no rulebook knows it: a word that was sent is never repeated."""
    return found.key.unit if rules.rulebook_of(found.key) is not None else None


def line_sentences(line: BilledLine, words: HistoryWords) -> tuple[str, ...]:
    """A line of a price in words: what, which days, from the quotient to the article."""
    used = line.quotient
    if used is None:
        quotient: tuple[str | None, ...] = ()
    elif used.line == NOWHERE:
        quotient = (SUPPOSED_QUOTIENT.format(amount=euros_of(Decimal(used.amount_cents) / 100)),)
    else:
        quotient = (quotient_said(used),)
    which = days_said(day.day for day in line.days).of_the
    said = (heading(line, words), DAYS.format(days=which), *quotient, *steps_said(line.steps, used))
    return (*(each for each in said if each), article_said(line, words))


def sentences(price: Price, words: HistoryWords, *, free: Sequence[SlotKey] = ()) -> Iterable[str]:
    """A price in words, its total last."""
    for line in price.lines:
        yield from line_sentences(line, words)
    if price.elsewhere:
        yield ELSEWHERE
    for line in price.elsewhere:
        yield from line_sentences(line, words)
    if free and not price.lines and not price.missing:
        yield FREE
    for why in dict.fromkeys(day.why for day in price.missing):
        yield INCOMPLETE.format(why=lowered(MISSING[why]))
    if price.lines or price.elsewhere:
        yield TOTAL.format(amount=amount(price.total_cents))
