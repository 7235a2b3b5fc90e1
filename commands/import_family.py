"""A family as a previous system knew it comes into the ledger whole, or not at all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from commands.enrol_child import EnrolChild
from commands.keep_details import SealedDetails
from commands.outcome import Accepted, Known, Outcome, Refusal, Refused, refused
from ledger.child import Child, Enrolment
from ledger.events import (
    ChildEnrolled,
    ChildFact,
    ChildJoinedHousehold,
    ChildRegistered,
    ContactAdded,
    GuardianAdded,
    GuardianLinked,
    HolderChanged,
    HouseholdFact,
    HouseholdOpened,
    MemberAdded,
)
from ledger.identifiers import ChildId, Commune, GuardianId, HouseholdId, PersonId, Stream, Subject
from ledger.store import Page, Write
from ledger.streams import child_page, household_page


@dataclass(frozen=True, kw_only=True, slots=True)
class GuardianImported:
    """Somebody who answers for the children, and the account that speaks for them."""

    guardian: GuardianId
    subject: Subject | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ChildImported:
    """A child, with its enrolments; or one that came with another household and lives in this one too."""

    child: ChildId
    joins: bool = False
    enrolments: Sequence[EnrolChild] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ContactImported:
    """Somebody the town may call, who may collect the children or not."""

    person: PersonId
    collects: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportFamily:
    """Opens a household with everybody of it."""

    household: HouseholdId
    guardians: Sequence[GuardianImported] = ()
    holder: GuardianId | None = None
    children: Sequence[ChildImported] = ()
    members: Sequence[PersonId] = ()
    contacts: Sequence[ContactImported] = ()
    details: Sequence[SealedDetails] = ()
    """What is known of them, children included."""

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The pages of the household and of its children."""
        return [household_page(commune, self.household), *(child_page(commune, each.child) for each in self.children)]

    def decide(self, known: Known) -> Outcome:
        """All of it, unless the household is there already or something about a child is impossible."""
        page = known.household(self.household)
        if page.state is not None:
            return refused("already_registered")
        writes, refusals = [Write(page=page, facts=list(self._facts_of_the_household()))], list[Refusal]()
        for child in self.children:
            found = self._child(known, child)
            if isinstance(found, Write):
                writes.append(found)
            else:
                refusals.extend(found)
        if refusals:
            return Refused(refusals=tuple(refusals))
        return Accepted(writes=writes, vault=[each.record() for each in self.details])

    def _facts_of_the_household(self) -> Iterator[HouseholdFact]:
        yield HouseholdOpened(household=self.household)
        for guardian in self.guardians:
            yield GuardianAdded(guardian=guardian.guardian)
            if guardian.subject is not None:
                yield GuardianLinked(guardian=guardian.guardian, subject=guardian.subject, how="import")
        if self.holder is not None and self.holder != self.guardians[0].guardian:
            yield HolderChanged(guardian=self.holder)
        for member in self.members:
            yield MemberAdded(person=member)
        for contact in self.contacts:
            yield ContactAdded(person=contact.person, collects=contact.collects)
        children: set[str] = {child.child for child in self.children}
        yield from (each.fact() for each in self.details if each.person not in children)

    def _child(self, known: Known, child: ChildImported) -> Write | Sequence[Refusal]:
        page = known.child(child.child)
        if child.joins:
            state = page.state
            if state is None or state.erased or len(state.households) != 1 or self.household in state.households:
                return [Refusal(code="unknown_child", child=child.child)]
            return Write(page=page, facts=[ChildJoinedHousehold(household=self.household)])
        if page.state is not None:
            return [Refusal(code="already_registered", child=child.child)]
        facts: list[ChildFact] = [ChildRegistered(child=child.child, household=self.household)]
        facts += [each.fact() for each in self.details if PersonId(child.child) == each.person]
        imagined, refusals = Child(child=child.child, households=(self.household,)), list[Refusal]()
        for enrolment in child.enrolments:
            outcome = enrolment.decide(_imagining(known, page, imagined))
            if isinstance(outcome, Refused):
                refusals.extend(outcome.refusals)
                continue
            [fact] = outcome.writes[0].facts
            assert isinstance(fact, ChildEnrolled)
            facts.append(fact)
            imagined = _enrolled(imagined, fact)
        return refusals or Write(page=page, facts=facts)


def _imagining(known: Known, page: Page[Child], child: Child) -> Known:
    """What is known, with the child as it will be after the facts before."""
    return replace(known, pages={**known.pages, page.stream: Page(stream=page.stream, state=child)})


def _enrolled(child: Child, fact: ChildEnrolled) -> Child:
    enrolment = Enrolment(fact.enrolment, fact.activity, fact.site, fact.group, fact.first_day, fact.last_day)
    return replace(child, enrolments={**child.enrolments, fact.enrolment: enrolment})
