"""A guardian hands in a supporting document, once: demandes name it as often as they need it."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.outcome import Accepted, Known, Outcome, Refused, refused
from ledger import sealed as vaulted
from ledger.events import DocumentKept
from ledger.household import Household
from ledger.identifiers import ChildId, Commune, DocumentId, GuardianId, HouseholdId, PersonId, Slug, Stream
from ledger.store import Write
from ledger.streams import child_page, household_page


@dataclass(frozen=True, kw_only=True, slots=True)
class KeepDocument:
    """Keeps a document of a guardian, about themselves or about a child of the household. Its bytes are sealed."""

    household: HouseholdId
    document: DocumentId
    owner: GuardianId
    about: ChildId | None
    kind: Slug
    media_type: str
    size_bytes: int
    match: bytes
    """HMAC of the content under the key of the person it is about."""
    sealed: bytes

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the household, and the child's if it is about one."""
        children = [] if self.about is None else [child_page(commune, self.about)]
        return [household_page(commune, self.household), *children]

    def decide(self, known: Known) -> Outcome:
        """Kept; nothing new when the same paper was handed in before, by the same person and for the same use."""
        page = known.household(self.household)
        refusal = self._refusal(known, page.state)
        if refusal is not None:
            return refusal
        assert page.state is not None
        if self.kept_before(page.state) is not None:
            return Accepted(writes=[Write(page=page, facts=[])])
        fact = DocumentKept(
            document=self.document,
            owner=self.owner,
            about=self.about,
            kind=self.kind,
            digest=self.match.hex(),
            media_type=self.media_type,
            size_bytes=self.size_bytes,
        )
        return Accepted(writes=[Write(page=page, facts=[fact])], vault=[self._kept()])

    def kept_before(self, household: Household) -> DocumentKept | None:
        """The same paper of the same owner, about the same person and of the same kind, on the page."""
        for kept in household.documents.values():
            same_use = (kept.owner, kept.about, kept.kind) == (self.owner, self.about, self.kind)
            if same_use and kept.digest == self.match.hex():
                return kept
        return None

    def _refusal(self, known: Known, household: Household | None) -> Refused | None:
        if household is None:
            return refused("unknown_household")
        if self.owner not in household.guardians or PersonId(self.owner) in household.erased:
            return refused("unknown_guardian")
        child = None if self.about is None else known.child(self.about).state
        if self.about is not None and (child is None or child.erased or self.household not in child.households):
            return refused("unknown_child")
        return None

    def _kept(self) -> vaulted.KeepDocument:
        return vaulted.KeepDocument(
            document=self.document,
            owner=PersonId(self.owner),
            household=self.household,
            person=PersonId(self.about or self.owner),
            kind=self.kind,
            media_type=self.media_type,
            size_bytes=self.size_bytes,
            match=self.match,
            sealed=self.sealed,
        )
