"""What a demande without days is judged by: the rulebook in force when it is made, and the papers it takes."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from commands.outcome import Known, Refusal, Refused
from commands.town_days import town_day
from ledger.demande import Demande
from ledger.household import Household
from ledger.identifiers import DemandeNumber, DocumentId, PersonId
from rulebook.formalities import Formality, FormalityKind
from rulebook.rulebook import Rulebook
from rulebook.town import Rules

MOST_WAITING = 50
"""Demandes without days that one page keeps waiting: a town never has that many to decide for one family."""


MOST_ENROLMENTS_WAITING = 10
"""Enrolments that a household keeps waiting for one child: none fills the page of a child of two."""


def governing(rules: Rules, at: datetime) -> Rulebook | None:
    """The rulebook in force on the day of an instant, by the town's clock; before them all, the first to come."""
    if not rules.rulebooks:
        return None
    return rules.on(town_day(rules, at)) or min(rules.rulebooks, key=lambda book: book.in_force_from)


def paper_code(formality: Formality, documents: Sequence[DocumentId], household: Household) -> str | None:
    """Why these documents do not do: one is missing or not wanted, or was not handed in by a guardian of the asker."""
    if formality.document == "required" and not documents:
        return "document_required"
    if formality.document == "none" and documents:
        return "document_not_taken"
    for document in documents:
        kept = household.documents.get(document)
        if kept is None or kept.owner not in household.guardians or PersonId(kept.owner) in household.erased:
            return "unknown_document"
    return None


def refused_under(formality: Formality, code: str) -> Refused:
    """One refusal about the demande as a whole, with the article it stands on."""
    return Refused(refusals=(Refusal(code=code, article=formality.article),))


def reason_refusal(known: Known, demande: Demande, reason: str | None, article: str | None) -> Refusal | None:
    """Why a demande without days may not be rejected so: no reason, or one that is not on the town's list."""
    rulebook = governing(known.rules, known.now)
    if reason is None:
        return Refusal(code="reason_required", number=demande.number, article=article)
    if rulebook is None or reason not in rulebook.refusal_reasons:
        return Refusal(code="unknown_reason", number=demande.number, article=article)
    return None


def article_of(known: Known, demande: Demande) -> str | None:
    """The article a demande without days was asked under."""
    rulebook = governing(known.rules, demande.submitted_at)
    if rulebook is None or demande.wanted is None:
        return None
    return rulebook.formalities[cast(FormalityKind, demande.kind)].article


def waiting(opened: Mapping[DemandeNumber, Demande]) -> int:
    """How many demandes without days wait on a page."""
    return sum(1 for demande in opened.values() if demande.wanted is not None)
