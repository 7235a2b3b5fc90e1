"""The facts of a child's demande: what is asked, and what is decided in the same breath."""

from collections.abc import Iterator

from commands.draft import Draft
from commands.wishes import Wish
from ledger.events import (
    CancellationRequested,
    CancelledDay,
    ChildFact,
    DecidedBy,
    DecidedDay,
    DemandeApproved,
    Origin,
    ReservationRequested,
    ReservedDay,
)
from ledger.identifiers import UNNUMBERED, Slug
from rulebook.judging import Judgement


def facts_of(draft: Draft, *, origin: Origin, derogation: Slug | None) -> list[ChildFact]:
    """Days given up, days asked for, then the decisions."""
    facts: list[ChildFact] = []
    cancelled = tuple(_cancelled(wish, terms) for wish, terms in draft.accepted if wish.action == "cancel")
    reserved = tuple(_reserved(draft, wish, terms) for wish, terms in draft.accepted if wish.action == "reserve")
    if cancelled:
        facts.append(
            CancellationRequested(
                demande=UNNUMBERED,
                household=draft.household,
                activity=draft.activity,
                days=cancelled,
                origin=origin,
                derogation=derogation,
            )
        )
    if reserved:
        facts.append(
            ReservationRequested(
                demande=UNNUMBERED,
                household=draft.household,
                activity=draft.activity,
                days=reserved,
                origin=origin,
                derogation=derogation,
            )
        )
    facts.extend(_approvals(draft))
    return facts


def _reserved(draft: Draft, wish: Wish, terms: Judgement) -> ReservedDay:
    assert terms.rulebook is not None
    return ReservedDay(
        day=wish.day,
        unit=wish.unit,
        rulebook=terms.rulebook,
        article=terms.article or "",
        deadline=terms.deadline,
        late=terms.late,
        surcharge=terms.surcharge,
        holds=draft.described(wish).holds == "submission",
        places=draft.places(wish),
    )


def _cancelled(wish: Wish, terms: Judgement) -> CancelledDay:
    assert terms.rulebook is not None
    return CancelledDay(
        day=wish.day,
        unit=wish.unit,
        rulebook=terms.rulebook,
        article=terms.article or "",
        deadline=terms.deadline,
        late=terms.late,
        surcharge=terms.surcharge,
    )


def _approvals(draft: Draft) -> Iterator[DemandeApproved]:
    """Decided at once: by the agent at the counter, or by the rule, article by article."""
    by: dict[tuple[DecidedBy, str | None], list[DecidedDay]] = {}
    for wish in draft.settled():
        why: tuple[DecidedBy, str | None] = (
            ("agent", None) if draft.approve else ("rule", draft.described(wish).article)
        )
        by.setdefault(why, []).append(DecidedDay(day=wish.day, unit=wish.unit, action=wish.action))
    for (decided_by, article), days in by.items():
        yield DemandeApproved(demande=UNNUMBERED, days=tuple(days), decided_by=decided_by, article=article)
