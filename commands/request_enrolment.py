"""A family asks for a child to be enrolled in an activity."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from commands.enrol_child import EnrolChild
from commands.formality import MOST_ENROLMENTS_WAITING, governing, paper_code, refused_under, waiting
from commands.outcome import Accepted, Known, Outcome, Refused, refused
from ledger.child import Child
from ledger.events import ChildEnrolled, ChildFact, DemandeApproved, EnrolmentRequested, Origin
from ledger.identifiers import (
    UNNUMBERED,
    ChildId,
    Commune,
    DocumentId,
    EnrolmentId,
    HouseholdId,
    Slug,
    Stream,
)
from ledger.store import Write
from ledger.streams import child_page, household_page


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestEnrolment:
    """Waits for an agent, who may change the site, the group and the period; done at once where the rule decides."""

    child: ChildId
    household: HouseholdId
    """Which asks: its guardians handed in the documents."""
    enrolment: EnrolmentId
    activity: Slug
    first_day: date
    last_day: date
    site: Slug | None = None
    group: Slug | None = None
    documents: tuple[DocumentId, ...] = ()
    origin: Origin = "family"

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the child, and that of the household for its documents."""
        return [child_page(commune, self.child), household_page(commune, self.household)]

    def decide(self, known: Known) -> Outcome:
        """Waiting under a number, or enrolled at once; refused when an agent could not enrol the child so either."""
        page, household = known.child(self.child), known.household(self.household).state
        if page.state is None or household is None:
            return refused("unknown_child")
        rulebook = governing(known.rules, known.now)
        if rulebook is None:
            return refused("no_rulebook")
        if page.state.erased:
            return refused("person_erased", child=self.child)
        enrolled = self._enrol().decide(known)
        if isinstance(enrolled, Refused):
            return enrolled
        formality = rulebook.formalities["enrolment"]
        code = self._waiting_code(page.state) or paper_code(formality, self.documents, household)
        if code is not None:
            return refused_under(formality, code)
        facts: list[ChildFact] = [self._asked()]
        if formality.instruction == "rule":
            facts.append(DemandeApproved(demande=UNNUMBERED, days=(), decided_by="rule", article=formality.article))
            facts.extend(fact for write in enrolled.writes for fact in write.facts if isinstance(fact, ChildEnrolled))
        return Accepted(writes=[Write(page=page, facts=facts)])

    def _enrol(self) -> EnrolChild:
        return EnrolChild(
            child=self.child,
            enrolment=self.enrolment,
            activity=self.activity,
            first_day=self.first_day,
            last_day=self.last_day,
            site=self.site,
            group=self.group,
        )

    def _waiting_code(self, child: Child) -> str | None:
        """Under an alternating custody what the other household asked is not told: the agent compares, who decides."""
        own = {number: demande for number, demande in child.open.items() if demande.household == self.household}
        told = own if child.custody else child.open
        if any(self._overlaps(demande.wanted) for demande in told.values()):
            return "already_awaiting"
        return "too_many_waiting" if waiting(own) >= MOST_ENROLMENTS_WAITING else None

    def _overlaps(self, wanted: object) -> bool:
        return (
            isinstance(wanted, EnrolmentRequested)
            and wanted.activity == self.activity
            and wanted.first_day <= self.last_day
            and self.first_day <= wanted.last_day
        )

    def _asked(self) -> EnrolmentRequested:
        return EnrolmentRequested(
            demande=UNNUMBERED,
            household=self.household,
            enrolment=self.enrolment,
            activity=self.activity,
            site=self.site,
            group=self.group,
            first_day=self.first_day,
            last_day=self.last_day,
            documents=self.documents,
            origin=self.origin,
        )
