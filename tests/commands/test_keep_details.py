"""What is known of people, and their papers, is kept once, where it belongs, and of nobody who was forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from commands.guardians import AddGuardian
from commands.keep_details import KeepChildDetails, KeepDetails, SealedDetails
from commands.keep_document import KeepDocument
from commands.outcome import Accepted, Known, Outcome
from ledger.events import DetailsKept, DocumentKept, PersonErased
from ledger.identifiers import ChildId, Commune, DocumentId, GuardianId, PersonId, Slug, Stream, Subject
from ledger.sealed import KeepDocument as Sealed
from ledger.sealed import KeepRecord
from ledger.store import Write
from ledger.streams import child_page, household_page
from tests.spec import Ask, Story, given, registered
from tests.town import AWA, CHIARA, DIALLO, MATTEO, ROSSI

CAMILLE, ADAM = GuardianId("camille"), GuardianId("adam")


@dataclass(frozen=True, kw_only=True)
class Forgotten:
    """A person was forgotten, however that came."""

    person: PersonId
    page: Any

    def pages(self, commune: Commune) -> Sequence[Stream]:
        return [self.page(commune)]

    def decide(self, known: Known) -> Outcome:
        fact = PersonErased(person=self.person, agreement="1", agreed_by=Subject("x"), agreed_on=date(2024, 1, 1))
        return Accepted(writes=[Write(page=known.pages[self.page(known.commune)], facts=[fact])])


def forgotten(person: str) -> Ask:
    def page(commune: Commune) -> Stream:
        return child_page(commune, MATTEO.id) if person == MATTEO.id else household_page(commune, ROSSI)

    return Ask(command=lambda _: Forgotten(person=PersonId(person), page=page))


def guardian(story: Story) -> None:
    registered(MATTEO)(story)
    story.must(AddGuardian(household=ROSSI, guardian=CAMILLE))


def details(person: str, kind: Any = "identity") -> SealedDetails:
    return SealedDetails(person=PersonId(person), kind=kind, digest="d" * 64, sealed=b"sealed")


def keeps(person: str) -> Ask:
    return Ask(command=lambda _: KeepDetails(household=ROSSI, details=details(person)))


def keeps_of_child(kind: str = "health", protocol: str | None = None) -> Ask:
    document = DocumentId(protocol) if protocol else None
    said = details(MATTEO.id, kind)
    return Ask(command=lambda _: KeepChildDetails(child=MATTEO.id, households=[ROSSI], details=said, protocol=document))


def hands_in(
    document: str, *, owner: GuardianId = CAMILLE, about: ChildId | None = None, match: bytes = b"m", kind: str = "avis"
) -> Ask:
    command = KeepDocument(
        household=ROSSI,
        document=DocumentId(document),
        owner=owner,
        about=about,
        kind=Slug(kind),
        media_type="image/png",
        size_bytes=4,
        match=match,
        sealed=b"sealed",
    )
    return Ask(command=lambda _: command)


def vault_of(story: Story) -> Sequence[Any]:
    assert isinstance(story.outcome, Accepted)
    return story.outcome.vault


def test_what_is_known_of_a_guardian_is_a_fact_and_a_record():
    then = given(guardian).when(keeps(CAMILLE)).then_accepted().then_wrote(DetailsKept)
    assert vault_of(then.story) == [KeepRecord(person=PersonId(CAMILLE), kind="identity", sealed=b"sealed")]
    [fact] = then.story.facts
    assert fact == DetailsKept(person=PersonId(CAMILLE), kind=Slug("identity"), digest="d" * 64)


@pytest.mark.parametrize("person", [ADAM, MATTEO.id])
def test_nothing_is_kept_of_somebody_who_is_not_of_the_household(person):
    given(guardian).when(keeps(person)).then_refused("unknown_person")


def test_nothing_is_kept_in_a_household_the_town_does_not_know():
    given().when(keeps(CAMILLE)).then_refused("unknown_household")


def test_nothing_is_kept_of_somebody_who_was_forgotten():
    given(guardian).when(forgotten(CAMILLE), keeps(CAMILLE)).then_refused("unknown_person")
    given(guardian).when(forgotten(MATTEO.id), keeps_of_child()).then_refused("unknown_child")
    given(guardian).when(forgotten(CAMILLE), hands_in("1")).then_refused("unknown_guardian")
    given(guardian).when(forgotten(MATTEO.id), hands_in("1", about=MATTEO.id)).then_refused("unknown_child")


def test_a_protocol_is_a_document_about_the_child():
    given(guardian).when(keeps_of_child(protocol="1")).then_refused("unknown_document")
    given(guardian).when(hands_in("1"), keeps_of_child(protocol="1")).then_refused("unknown_document")
    given(guardian).when(hands_in("1", about=MATTEO.id), keeps_of_child(protocol="1")).then_accepted()
    given(guardian).when(keeps_of_child()).then_accepted()


def test_a_paper_is_a_fact_and_a_document():
    then = given(guardian).when(hands_in("1", about=MATTEO.id)).then_accepted().then_wrote(DocumentKept)
    [fact] = then.story.facts
    assert isinstance(fact, DocumentKept)
    assert (fact.owner, fact.about, fact.digest) == (CAMILLE, MATTEO.id, b"m".hex())
    [kept] = vault_of(then.story)
    assert isinstance(kept, Sealed)
    assert (kept.document, kept.owner, kept.person) == ("1", CAMILLE, MATTEO.id)


def test_a_paper_about_oneself_is_sealed_with_ones_own_key():
    [kept] = vault_of(given(guardian).when(hands_in("1")).then_accepted().story)
    assert (kept.owner, kept.person) == (CAMILLE, CAMILLE)


def test_the_same_paper_for_the_same_use_writes_nothing_more():
    then = given(guardian).when(hands_in("1"), hands_in("2")).then_accepted().then_wrote()
    assert vault_of(then.story) == ()


@pytest.mark.parametrize("other", [{"about": MATTEO.id}, {"kind": "autre"}, {"match": b"n"}])
def test_another_paper_or_another_use_is_kept_beside_it(other):
    given(guardian).when(hands_in("1"), hands_in("2", **other)).then_accepted().then_wrote(DocumentKept)


def test_a_paper_is_of_a_guardian_of_the_household_and_about_a_child_of_it():
    given(guardian).when(hands_in("1", owner=ADAM)).then_refused("unknown_guardian")
    given(guardian).when(hands_in("1", about=CHIARA.id)).then_refused("unknown_child")
    assert AWA.household == DIALLO
    given(guardian, registered(AWA)).when(hands_in("1", about=AWA.id)).then_refused("unknown_child")
    given().when(hands_in("1")).then_refused("unknown_household")
