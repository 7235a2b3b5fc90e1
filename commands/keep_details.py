"""An agent, or a family for health, says what is known of a person from now on. The values are sealed already."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from commands.outcome import Accepted, Known, Outcome, refused
from ledger.child import Child
from ledger.events import DetailsKept, DocumentKept
from ledger.identifiers import ChildId, Commune, DocumentId, HouseholdId, PersonId, Slug, Stream, Subject
from ledger.sealed import DetailsKind, KeepRecord
from ledger.store import ConflictError, Write
from ledger.streams import child_page, household_page

PROTOCOL: Final = Slug("protocole")
"""The kind of a document that says what to do for a child."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SealedDetails:
    """What is known of a person, sealed with their key, and what the ledger may hold of it."""

    person: PersonId
    kind: DetailsKind
    digest: str
    sealed: bytes

    def fact(self) -> DetailsKept:
        """What the page says."""
        return DetailsKept(person=self.person, kind=Slug(self.kind), digest=self.digest)

    def record(self) -> KeepRecord:
        """What the vault keeps."""
        return KeepRecord(person=self.person, kind=self.kind, sealed=self.sealed)


@dataclass(frozen=True, kw_only=True, slots=True)
class KeepDetails:
    """Keeps what is known of a guardian, a member or a contact of a household."""

    household: HouseholdId
    details: SealedDetails

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the household."""
        return [household_page(commune, self.household)]

    def decide(self, known: Known) -> Outcome:
        """Kept, unless they are not of the household or were forgotten."""
        page = known.household(self.household)
        if page.state is None:
            return refused("unknown_household")
        if not page.state.has(self.details.person) or self.details.person in page.state.erased:
            return refused("unknown_person")
        return Accepted(writes=[Write(page=page, facts=[self.details.fact()])], vault=[self.details.record()])


@dataclass(frozen=True, kw_only=True, slots=True)
class KeepChildIdentity:
    """Keeps who a child is."""

    child: ChildId
    details: SealedDetails

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the child."""
        return [child_page(commune, self.child)]

    def decide(self, known: Known) -> Outcome:
        """Kept, unless the child was forgotten."""
        page = known.child(self.child)
        if page.state is None or page.state.erased:
            return refused("unknown_child")
        return Accepted(writes=[Write(page=page, facts=[self.details.fact()])], vault=[self.details.record()])


@dataclass(frozen=True, kw_only=True, slots=True)
class InPlace:
    """The protocol a child had when what is to be kept was sealed."""

    version: int
    """Of the page of the child: what is sealed was made of what was known then."""
    protocol: DocumentId | None = None
    household: HouseholdId | None = None
    """The one whose document it is; None once the document is gone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KeepHealth:
    """Keeps what is to be known of a child's health, with the protocol document it refers to.

    What is sealed holds the protocol already: whoever seals it reads the one in place first.
    """

    child: ChildId
    households: Sequence[HouseholdId]
    """Those whoever says it may speak for."""
    details: SealedDetails
    announced: bool
    """The list says that there is a protocol."""
    before: InPlace
    protocol: DocumentId | None = None
    subject: Subject | None = None
    """The account that says it, whose own document it must be; None at the counter."""
    open: bool = False
    """At the counter: whether the document may be opened there without being a protocol."""

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the child, and those of its households when another document is referred to."""
        households = self.households if self.protocol not in (None, self.before.protocol) else ()
        return [child_page(commune, self.child), *(household_page(commune, known) for known in households)]

    def decide(self, known: Known) -> Outcome:
        """Kept, unless it would take away what another household handed in, or open a paper that is not for this.

        Raises ConflictError when the page has moved since: what is sealed might undo what was said meanwhile.
        """
        page = known.child(self.child)
        if page.state is None or page.state.erased:
            return refused("unknown_child")
        if page.version != self.before.version:
            raise ConflictError
        changed = self.protocol != self.before.protocol
        if changed and self.protocol is not None and not self._may_refer_to(known, self.protocol):
            return refused("unknown_document")
        hidden = self.protocol is not None and not self.announced
        if hidden or (changed and self._is_of_another_household(page.state)):
            return refused("protocol_in_place")
        return Accepted(writes=[Write(page=page, facts=[self.details.fact()])], vault=[self.details.record()])

    def _is_of_another_household(self, child: Child) -> bool:
        """Whether a family would touch what the child's other household handed in."""
        household = self.before.household
        return self.subject is not None and household in child.households and household not in self.households

    def _may_refer_to(self, known: Known, document: DocumentId) -> bool:
        for household in self.households:
            state = known.household(household).state
            kept = state.documents.get(document) if state is not None else None
            if state is None or kept is None or kept.about != self.child:
                continue
            return self._is_at_the_counter(kept) if self.subject is None else kept.owner == state.speaks(self.subject)
        return False

    def _is_at_the_counter(self, kept: DocumentKept) -> bool:
        """A family that hands a protocol in means it for the town; no other paper of theirs opens by a word of it."""
        return self.open or kept.kind == PROTOCOL
