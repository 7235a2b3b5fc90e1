"""What is known of people, and their papers, is kept once, where it belongs, and of nobody who was forgotten."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from commands.guardians import AddGuardian
from commands.keep_details import InPlace, KeepChildIdentity, KeepDetails, KeepHealth, SealedDetails
from commands.keep_document import KeepDocument
from commands.outcome import Accepted, Known, Outcome
from ledger.events import DetailsKept, DocumentKept, PersonErased
from ledger.identifiers import ChildId, Commune, DocumentId, GuardianId, PersonId, Slug, Stream, Subject
from ledger.sealed import KeepDocument as Sealed
from ledger.sealed import KeepRecord
from ledger.store import ConflictError, Write
from ledger.streams import child_page, household_page
from tests.spec import Ask, Story, given, registered
from tests.town import AWA, CHIARA, DIALLO, MATTEO, ROSSI

CAMILLE, ADAM = GuardianId("camille"), GuardianId("adam")
PARENT = Subject("account-of-camille")


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
    story.must(AddGuardian(household=ROSSI, guardian=CAMILLE, subject=PARENT))


def details(person: str, kind: Any = "identity") -> SealedDetails:
    return SealedDetails(person=PersonId(person), kind=kind, digest="d" * 64, sealed=b"sealed")


def keeps(person: str) -> Ask:
    return Ask(command=lambda _: KeepDetails(household=ROSSI, details=details(person)))


def keeps_of_child() -> Ask:
    return Ask(command=lambda _: KeepChildIdentity(child=MATTEO.id, details=details(MATTEO.id)))


def keeps_health(protocol: str | None = None, *, version: int | None = None, **said: Any) -> Ask:
    """By an account of the household unless said otherwise, sealed after the last line of the page."""

    def command(story: Story) -> KeepHealth:
        page = story.store.pages([child_page(story.commune, MATTEO.id)])[child_page(story.commune, MATTEO.id)]
        before = InPlace(version=page.version if version is None else version, **said.pop("before", {}))
        asked: dict[str, Any] = {"announced": True, "subject": PARENT, "households": [ROSSI], **said}
        return KeepHealth(
            child=MATTEO.id,
            details=details(MATTEO.id, "health"),
            before=before,
            protocol=DocumentId(protocol) if protocol else None,
            **asked,
        )

    return Ask(command=command)


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
    given(guardian).when(keeps_health("1")).then_refused("unknown_document")
    given(guardian).when(hands_in("1"), keeps_health("1")).then_refused("unknown_document")
    given(guardian).when(hands_in("1", about=MATTEO.id), keeps_health("1")).then_accepted()
    given(guardian).when(keeps_health()).then_accepted()


def test_a_family_refers_to_its_own_paper_and_the_counter_to_one_that_is_open_or_handed_in_for_it():
    paper, protocol = hands_in("1", about=MATTEO.id), hands_in("1", about=MATTEO.id, kind="protocole")
    given(guardian).when(paper, keeps_health("1", subject=Subject("other"))).then_refused("unknown_document")
    given(guardian).when(paper, keeps_health("1", subject=None)).then_refused("unknown_document")
    given(guardian).when(paper, keeps_health("1", subject=None, open=True)).then_accepted()
    given(guardian).when(protocol, keeps_health("1", subject=None)).then_accepted()


def test_the_protocol_in_place_is_kept_by_everybody_and_announced():
    hers = {"protocol": DocumentId("1"), "household": ROSSI}
    for asked in ({"before": hers}, {"before": hers, "households": [DIALLO]}, {"before": hers, "subject": None}):
        given(guardian).when(keeps_health("1", **asked)).then_accepted()
        given(guardian).when(keeps_health("1", announced=False, **asked)).then_refused("protocol_in_place")


def test_the_protocol_in_place_goes_by_its_household_or_the_counter():
    hers, gone = {"protocol": DocumentId("1"), "household": ROSSI}, {"protocol": DocumentId("1"), "household": None}
    given(guardian).when(keeps_health(before=hers, households=[DIALLO])).then_refused("protocol_in_place")
    for asked in ({"before": hers}, {"before": hers, "subject": None}, {"before": gone, "households": [DIALLO]}):
        given(guardian).when(keeps_health(**asked)).then_accepted()


def test_what_was_sealed_before_the_page_moved_is_sealed_again():
    story = given(guardian).story
    with pytest.raises(ConflictError):
        story.do(keeps_health(version=0).command(story))


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
