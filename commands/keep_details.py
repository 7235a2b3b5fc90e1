"""An agent, or a family for health, says what is known of a person from now on. The values are sealed already."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.outcome import Accepted, Known, Outcome, refused
from ledger.events import DetailsKept
from ledger.identifiers import ChildId, Commune, DocumentId, HouseholdId, PersonId, Slug, Stream
from ledger.sealed import DetailsKind, KeepRecord
from ledger.store import Write
from ledger.streams import child_page, household_page


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
class KeepChildDetails:
    """Keeps who a child is, or what is to be known of its health, with the protocol document it refers to."""

    child: ChildId
    households: Sequence[HouseholdId]
    """Those whose documents may be referred to: the child's."""
    details: SealedDetails
    protocol: DocumentId | None = None

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the child, and those of its households when a document is referred to."""
        households = self.households if self.protocol is not None else ()
        return [child_page(commune, self.child), *(household_page(commune, known) for known in households)]

    def decide(self, known: Known) -> Outcome:
        """Kept, unless the child was forgotten or the document is not about it."""
        page = known.child(self.child)
        if page.state is None or page.state.erased:
            return refused("unknown_child")
        if self.protocol is not None and not self._is_about_the_child(known, self.protocol):
            return refused("unknown_document")
        return Accepted(writes=[Write(page=page, facts=[self.details.fact()])], vault=[self.details.record()])

    def _is_about_the_child(self, known: Known, document: DocumentId) -> bool:
        kept = [page.state.documents for one in self.households if (page := known.household(one)).state is not None]
        return any(document in each and each[document].about == self.child for each in kept)
