"""The decisions of a queue about one household, each seen in the light of those before it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from commands.decision import Decision, QuotientCorrection
from commands.declare_quotient import is_possible
from commands.formality import article_of, governing, reason_refusal
from commands.outcome import Known, Refusal
from commands.request_change import NEWCOMERS
from commands.taking_effect import KINDS, of_change, of_quotient
from commands.town_days import town_day
from ledger.demande import Demande
from ledger.events import ChangeRequested, DemandeApproved, DemandeRejected, HouseholdFact, QuotientDeclared
from ledger.household import Household
from ledger.identifiers import DemandeNumber, HouseholdId
from ledger.sealed import AcceptProposal, DropProposal, SealedChange
from ledger.store import Write
from rulebook.grids import QUOTIENT_DEFAULT
from rulebook.quotients import begins, is_past


@dataclass(kw_only=True, slots=True)
class HouseholdDesk:
    """What was decided so far; nothing that one demande brings about changes what another may."""

    known: Known
    household: HouseholdId
    state: Household | None
    waiting: dict[DemandeNumber, Demande]
    facts: list[HouseholdFact] = field(default_factory=list)
    vault: list[SealedChange] = field(default_factory=list)

    @property
    def write(self) -> Write:
        """What is to be written on the page of the household."""
        return Write(page=self.known.household(self.household), facts=self.facts)

    @classmethod
    def open(cls, known: Known, household: HouseholdId) -> "HouseholdDesk":
        """The desk before any decision."""
        state = known.household(household).state
        return cls(known=known, household=household, state=state, waiting=dict(state.open) if state else {})

    def take(self, decision: Decision) -> tuple[Refusal, ...]:
        """Decides one demande, or says why not."""
        demande = self.waiting.get(decision.number)
        if self.state is None or demande is None:
            return (Refusal(code="already_decided", number=decision.number),)
        refusals = tuple(self._refusals(self.state, demande, decision))
        if not refusals:
            self.facts.extend(self._facts(demande, decision))
            self.vault.extend(_moved(demande, decision))
            del self.waiting[decision.number]
        return refusals

    def _refusals(self, household: Household, demande: Demande, decision: Decision) -> Iterator[Refusal]:
        article = article_of(self.known, demande)
        may_correct = isinstance(demande.wanted, QuotientDeclared) and decision.approved is None
        if decision.approved:
            yield Refusal(code="not_in_demande", number=demande.number, article=article)
        if decision.enrolment is not None or (decision.quotient is not None and not may_correct):
            yield Refusal(code="correction_not_expected", number=demande.number, article=article)
        if decision.approved is not None:
            wrong = reason_refusal(self.known, demande, decision.reason, article)
            yield from () if wrong is None else (wrong,)
            return
        code = self._approval_code(household, demande, decision)
        if code is not None:
            yield Refusal(code=code, number=demande.number, article=article)

    def _approval_code(self, household: Household, demande: Demande, decision: Decision) -> str | None:
        match demande.wanted:
            case ChangeRequested(person=person) if person in household.erased:
                return "person_erased"
            case ChangeRequested(person=person, change=change) if change not in NEWCOMERS and not household.has(person):
                return "person_left"
            case ChangeRequested(change=change) if not household.overtaken.get(demande.number, frozenset()).isdisjoint(
                KINDS[change]
            ):
                return "details_changed"
            case QuotientDeclared() as declared:
                return self._quotient_code(self._quotient(demande, declared, decision.quotient), decision.quotient)
            case _:
                return None

    def _facts(self, demande: Demande, decision: Decision) -> Iterator[HouseholdFact]:
        if decision.approved is not None:
            assert decision.reason is not None
            yield DemandeRejected(demande=demande.number, days=(), decided_by="agent", reason=decision.reason)
            return
        article = article_of(self.known, demande)
        yield DemandeApproved(demande=demande.number, days=(), decided_by="agent", article=article)
        match demande.wanted:
            case ChangeRequested() as asked:
                yield from of_change(asked)
            case QuotientDeclared() as declared:
                amount, first_day = self._quotient(demande, declared, decision.quotient)
                # What a family declared in time counts, however late the town decides it.
                over = is_past(first_day, town_day(self.known.rules, self.known.now))
                yield of_quotient(declared, amount_cents=amount, first_day=first_day, regularisation=over)
            case _:
                raise AssertionError("a household asks for a change or for its quotient")

    def _quotient(
        self, demande: Demande, declared: QuotientDeclared, said: QuotientCorrection | None
    ) -> tuple[int, date]:
        """The amount and the first day, as declared or as the agent corrects them."""
        said = said or QuotientCorrection()
        amount = declared.amount_cents if said.amount_cents is None else said.amount_cents
        rulebook = governing(self.known.rules, demande.submitted_at)
        rule = QUOTIENT_DEFAULT if rulebook is None else rulebook.quotient
        return amount, said.first_day or begins(rule, town_day(self.known.rules, demande.submitted_at))

    def _quotient_code(self, decided: tuple[int, date], said: QuotientCorrection | None) -> str | None:
        amount, first_day = decided
        if not is_possible(amount):
            return "quotient_out_of_bounds"
        goes_back = said is not None and self._goes_back(first_day, said) and not said.regularisation
        return "quotient_retroactive" if goes_back else None

    def _goes_back(self, first_day: date, said: QuotientCorrection | None) -> bool:
        """Whether an agent makes it begin in a month that is over; a declaration decided late is none of it."""
        chosen = said is not None and said.first_day is not None
        return chosen and is_past(first_day, town_day(self.known.rules, self.known.now))


def _moved(demande: Demande, decision: Decision) -> Iterator[SealedChange]:
    """What was proposed becomes what is known, or is dropped."""
    if isinstance(demande.wanted, ChangeRequested):
        proposal = demande.wanted.proposal
        yield AcceptProposal(proposal=proposal) if decision.approved is None else DropProposal(proposal=proposal)
