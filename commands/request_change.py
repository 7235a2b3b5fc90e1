"""A family asks that what is known of it be changed: an address, a telephone, a situation, one more person."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from commands.formality import MOST_WAITING, governing, paper_code, refused_under, waiting
from commands.keep_details import SealedDetails
from commands.outcome import Accepted, Known, Outcome, refused
from commands.taking_effect import joined, of_change
from ledger.events import ChangeKind, ChangeRequested, DemandeApproved, HouseholdFact, Origin
from ledger.household import Household
from ledger.identifiers import (
    UNNUMBERED,
    Commune,
    DocumentId,
    GuardianId,
    HouseholdId,
    PersonId,
    ProposalId,
    Stream,
)
from ledger.sealed import AcceptProposal, KeepProposal, SealedChange
from ledger.store import ConflictError, Write
from ledger.streams import household_page
from rulebook.formalities import Formality

NEWCOMERS: frozenset[ChangeKind] = frozenset({"member", "contact_person"})
"""Changes that bring somebody the household did not have."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestChange:
    """The new values wait in the vault, sealed; once approved they are what is known.

    Where the rule decides, what a guardian asks about the household's other guardian still waits for an agent.
    """

    household: HouseholdId
    change: ChangeKind
    person: PersonId
    proposal: ProposalId
    details: Sequence[SealedDetails]
    """One for each kind of details the change brings."""
    documents: tuple[DocumentId, ...] = ()
    collects: bool = False
    asked_by: GuardianId | None = None
    """None when an agent enters it."""
    completed_at: int | None = None
    """The version of the page when what changes was completed with what is known; None when nothing else is said."""
    origin: Origin = "family"

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the household."""
        return [household_page(commune, self.household)]

    def decide(self, known: Known) -> Outcome:
        """Waiting under a number, or done at once where the rulebook says so.

        Raises ConflictError when the page has moved since the rest was read: it might undo what was said meanwhile.
        """
        page, rulebook = known.household(self.household), governing(known.rules, known.now)
        if page.state is None:
            return refused("unknown_household")
        if self.completed_at not in (None, page.version):
            raise ConflictError
        if rulebook is None:
            return refused("no_rulebook")
        formality = rulebook.formalities[self.change]
        code = self._code(page.state, formality)
        if code is not None:
            return refused_under(formality, code)
        asked = self._asked()
        facts: list[HouseholdFact] = [asked]
        vault: list[SealedChange] = [*self._proposals()]
        if self._at_once(page.state, formality):
            facts.append(DemandeApproved(demande=UNNUMBERED, days=(), decided_by="rule", article=formality.article))
            facts.extend(of_change(asked))
            vault.append(AcceptProposal(proposal=self.proposal))
        return Accepted(writes=[Write(page=page, facts=facts)], vault=vault)

    def _code(self, household: Household, formality: Formality) -> str | None:
        if self.change not in NEWCOMERS and not household.has(self.person):
            return "unknown_person"
        if self.person in household.erased:
            return "person_erased"
        if any(self._is_the_same(demande.wanted) for demande in household.open.values()):
            return "already_awaiting"
        if waiting(household.open) >= MOST_WAITING:
            return "too_many_waiting"
        return paper_code(formality, self.documents, household)

    def _is_the_same(self, wanted: object) -> bool:
        return isinstance(wanted, ChangeRequested) and (wanted.change, wanted.person) == (self.change, self.person)

    def _at_once(self, household: Household, formality: Formality) -> bool:
        others = {guardian for guardian in household.guardians if guardian != self.asked_by}
        about_another = self.asked_by is not None and GuardianId(self.person) in others
        return formality.instruction == "rule" and not about_another

    def _asked(self) -> ChangeRequested:
        return ChangeRequested(
            demande=UNNUMBERED,
            household=self.household,
            change=self.change,
            person=self.person,
            proposal=self.proposal,
            digest=joined({each.kind: each.digest for each in self.details}, self.change),
            documents=self.documents,
            origin=self.origin,
            collects=self.collects,
        )

    def _proposals(self) -> Iterator[KeepProposal]:
        for each in self.details:
            yield KeepProposal(proposal=self.proposal, person=self.person, kind=each.kind, sealed=each.sealed)
