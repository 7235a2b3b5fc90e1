"""Says over HTTP what a decision refused: its first refusal as a problem, and one error per day."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from api import french
from api.french_days import closed_because, day_detail
from api.problems import CONTENT_TYPE, FieldError, Problem, RuleError, not_found
from commands.outcome import Refusal, Refused
from commands.town_days import timezone_of
from ledger.identifiers import Slug
from ledger.store import Answer
from rulebook.town import Rules

HIDDEN: Final = frozenset(
    {
        "unknown_child",
        "unknown_household",
        "unknown_guardian",
        "unknown_enrolment",
        "unknown_demande",
        "unknown_person",
        "unknown_key",
        "unknown_activation",
        "unknown_payment",
        "unknown_collection",
    }
)
"""What a stranger may not tell from what is forbidden."""

OF_RETURNS: Final = frozenset({"unknown_debit", "already_returned"})
"""What is said of a direct debit that came back; of other things in a list, the list is that of payments."""
ABOUT_A_CHILD: Final = frozenset({"still_enrolled", "still_reserved"})
"""What is said of one child among several, and not of a day."""


def rule_error(refusal: Refusal, rules: Rules) -> RuleError:
    """One day, or one demande, a rule refused, in the words of a family; also for what a command left out."""
    return RuleError(
        code=refusal.code,
        detail=_sentence(refusal, rules),
        number=refusal.number,
        day=refusal.day,
        unit=_known_unit(refusal, rules),
        child=refusal.child,
        action=refusal.action,
        guardian=refusal.guardian,
        units=refusal.units,
        deadline=refusal.deadline,
        opens_at=refusal.opens_at,
        article=refusal.article,
    )


def _sentence(refusal: Refusal, rules: Rules) -> str:
    if refusal.day is None:
        return french.detail(refusal.code)
    if refusal.closure is not None:
        return closed_because(refusal.day, closure_label(rules, refusal.day, refusal.closure))
    return day_detail(
        refusal.code,
        refusal.day,
        instant=refusal.opens_at if refusal.code == "not_open_yet" else refusal.deadline,
        zone=timezone_of(rules),
        action=refusal.action,
        units=_names(refusal, rules),
    )


def closure_label(rules: Rules, day: date, reason: Slug) -> str | None:
    """Why a day is closed, in the town's own words."""
    rulebook = rules.on(day)
    return rulebook.closure_reasons.get(reason) if rulebook else None


def _known_unit(refusal: Refusal, rules: Rules) -> Slug | None:
    """The unit it is about, unless no rulebook knows it: a word that was sent is never repeated."""
    known = any(refusal.unit in each.units for book in rules.rulebooks for each in book.activities.values())
    return refusal.unit if known else None


def _names(refusal: Refusal, rules: Rules) -> list[str]:
    """The other units as the rulebook calls them; by their slugs if two activities call the same ones otherwise."""
    rulebook = rules.on(refusal.day) if refusal.day else None
    about = {*refusal.units, *filter(None, [refusal.unit])}
    homes = [each.units for each in rulebook.activities.values() if about <= each.units.keys()] if rulebook else []
    called = {tuple(units[unit].name for unit in refusal.units) for units in homes}
    return list(called.pop() if len(called) == 1 else refusal.units)


def field_error(refusal: Refusal) -> FieldError | None:
    """What is wrong in a rulebook, where its author reads it."""
    wrong = refusal.problem
    if wrong is None:
        return None
    return FieldError(where="body", field=wrong.path or "*", code=refusal.code, detail=str(wrong))


def place_error(refusal: Refusal) -> FieldError | None:
    """What is wrong with one of several things asked together, by its place among them."""
    if refusal.place is None:
        return None
    where = "returns" if refusal.code in OF_RETURNS else "payments"
    field = f"{where}[{refusal.place}]"
    return FieldError(where="body", field=field, code=refusal.code, detail=french.detail(refusal.code))


def errors_of(refusals: Iterable[Refusal], rules: Rules) -> list[RuleError | FieldError]:
    """One error per refused day, per demande that could not be decided, and per mistake of a rulebook."""
    found = [
        rule_error(refusal, rules)
        if refusal.day or refusal.number or refusal.guardian or refusal.code in ABOUT_A_CHILD
        else place_error(refusal) or field_error(refusal)
        for refusal in refusals
    ]
    return [error for error in found if error is not None]


def problem_of(refused: Refused, rules: Rules) -> Problem:
    """The problem a family reads: the refusal to hear first, then every day that was impossible."""
    first = refused.refusals[0]
    if first.code in HIDDEN:
        return not_found()
    errors = errors_of(refused.refusals, rules)
    detail = errors[0].detail if len(errors) == 1 else french.detail(first.code)
    return Problem(first.code, detail=detail, article=first.article, errors=errors)


def answer_of(problem: Problem) -> Answer:
    """The problem as it is kept under the key of its command."""
    return Answer(status=problem.status, headers={"Content-Type": CONTENT_TYPE, **problem.headers}, body=problem.body())
