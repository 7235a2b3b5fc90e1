"""Says over HTTP what a decision refused: its first refusal as a problem, and one error per day."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final
from zoneinfo import ZoneInfo

from api import french
from api.french_days import day_detail
from api.problems import CONTENT_TYPE, DayError, FieldError, Problem, not_found
from commands.outcome import Refusal, Refused
from ledger.store import Answer
from rulebook.town import Rules

HIDDEN: Final = frozenset(
    {"unknown_child", "unknown_household", "unknown_guardian", "unknown_enrolment", "unknown_demande"}
)
"""What a stranger may not tell from what is forbidden."""


def sayable(refusals: Iterable[Refusal], rules: Rules) -> tuple[Refusal, ...]:
    """The same refusals without the units no rulebook knows: a word that was sent is never repeated."""
    known = {unit for book in rules.rulebooks for activity in book.activities.values() for unit in activity.units}
    return tuple(
        refusal if refusal.unit is None or refusal.unit in known else replace(refusal, unit=None)
        for refusal in refusals
    )


def day_error(refusal: Refusal, zone: ZoneInfo) -> DayError:
    """One day a rule refused, in the words of a family; also for what a partial command left out."""
    assert refusal.day is not None
    return DayError(
        day=refusal.day,
        code=refusal.code,
        detail=day_detail(refusal.code, refusal.day, instant=refusal.deadline or refusal.opens_at, zone=zone),
        unit=refusal.unit,
        child=refusal.child,
        action=refusal.action,
        deadline=refusal.deadline,
        opens_at=refusal.opens_at,
        article=refusal.article,
    )


def field_error(refusal: Refusal) -> FieldError | None:
    """What is wrong in a rulebook, where its author reads it."""
    wrong = refusal.problem
    if wrong is None:
        return None
    return FieldError(where="body", field=wrong.path or "*", code=refusal.code, detail=str(wrong))


def errors_of(refusals: Iterable[Refusal], zone: ZoneInfo) -> list[DayError | FieldError]:
    """One error per refused day, and per mistake of a rulebook."""
    found = [field_error(refusal) if refusal.day is None else day_error(refusal, zone) for refusal in refusals]
    return [error for error in found if error is not None]


def problem_of(refused: Refused, zone: ZoneInfo) -> Problem:
    """The problem a family reads: the refusal to hear first, then every day that was impossible."""
    first = refused.refusals[0]
    if first.code in HIDDEN:
        return not_found()
    errors = errors_of(refused.refusals, zone)
    detail = errors[0].detail if len(errors) == 1 else french.detail(first.code)
    return Problem(first.code, detail=detail, article=first.article, errors=errors)


def answer_of(problem: Problem) -> Answer:
    """The problem as it is kept under the key of its command."""
    return Answer(status=problem.status, headers={"Content-Type": CONTENT_TYPE, **problem.headers}, body=problem.body())
