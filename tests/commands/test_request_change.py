"""A family asks that what is known of it be changed."""

import pytest

from ledger.events import (
    ChangeKind,
    ChangeRequested,
    ContactAdded,
    DemandeApproved,
    DemandeRejected,
    DemandeWithdrawn,
    DetailsKept,
    GuardianLeft,
    MemberAdded,
)
from ledger.identifiers import PersonId, Slug, new_id
from ledger.sealed import AcceptProposal, DropProposal, KeepProposal
from ledger.store import ConflictError
from tests.formalities import (
    CERTIFICATE,
    MARCO,
    PAOLA,
    accept,
    adopted,
    change,
    document,
    family,
    forgotten,
    household_of,
    row_of,
    said,
    take_back,
    turn_down,
)
from tests.spec import Step, Story, given
from tests.town import DIALLO, ROSSI

BY_RULE = '[demarches]\narticle = "9"\n[demarches.contact]\narticle = "9.1"\ninstruction = "regle"\n'


def moved(story: Story) -> list[str]:
    """What the vault was asked, in order."""
    return [type(each).__name__ for each in story.store.recorder.vault if not hasattr(each, "media_type")]


def test_a_change_waits_under_a_number_of_the_same_sequence():
    then = given(family()).when(change("situation")).then_accepted().then_wrote(ChangeRequested)
    row = row_of(then.story)
    assert (row["kind"], row["status"], row["child"], row["household"]) == ("situation", "en_cours", None, ROSSI)
    assert moved(then.story) == ["KeepProposal"]


def test_nothing_that_names_somebody_is_in_the_ledger():
    then = given(family()).when(change("contact_person", person=new_id(), collects=True))
    (fact,) = then.story.facts
    assert isinstance(fact, ChangeRequested)
    assert fact.digest == "digest-of-identity digest-of-contact"
    stored = b"".join(entry.stored for entry in then.story.entries)
    assert b'"sealed"' not in stored


@pytest.mark.parametrize("kind", ["address", "contact", "situation"])
def test_a_change_takes_effect_when_it_is_approved(kind: ChangeKind):
    documents = [CERTIFICATE] if kind == "address" else []
    then = given(family(), change(kind, documents=documents)).when(accept()).then_accepted()
    then.then_wrote(DemandeApproved, DetailsKept)
    kept = then.story.facts[1]
    assert kept == DetailsKept(person=PersonId(PAOLA), kind=kind, digest=f"digest-of-{kind}")  # type: ignore[arg-type]
    assert row_of(then.story)["status"] == "traitee_positivement"
    assert moved(then.story) == ["KeepProposal", "AcceptProposal"]


def test_somebody_new_is_of_the_household_once_approved():
    newcomer = new_id()
    then = given(family(), change("member", person=newcomer)).when(accept())
    then.then_wrote(DemandeApproved, MemberAdded, DetailsKept)
    assert household_of(then.story).members == {newcomer}


def test_somebody_to_call_has_two_details_and_may_collect_the_children():
    newcomer = new_id()
    then = given(family(), change("contact_person", person=newcomer, collects=True)).when(accept())
    then.then_wrote(DemandeApproved, ContactAdded, DetailsKept, DetailsKept)
    assert household_of(then.story).contacts == {newcomer: True}
    assert [fact.kind for fact in then.story.facts if isinstance(fact, DetailsKept)] == ["identity", "contact"]
    assert moved(then.story) == ["KeepProposal", "KeepProposal", "AcceptProposal"]


def test_a_refused_change_is_dropped():
    then = given(family(), change("situation")).when(turn_down()).then_accepted().then_wrote(DemandeRejected)
    row = row_of(then.story)
    assert (row["status"], row["refusal"]) == ("traitee_negativement", "autre")
    assert moved(then.story) == ["KeepProposal", "DropProposal"]


def test_a_change_taken_back_is_dropped():
    then = given(family(), change("situation")).when(take_back()).then_accepted().then_wrote(DemandeWithdrawn)
    assert row_of(then.story)["status"] == "retiree"
    assert moved(then.story) == ["KeepProposal", "DropProposal"]


def test_the_rule_accepts_in_the_same_breath_under_its_article():
    then = given(family(), adopted(BY_RULE)).when(change("contact"))
    then.then_wrote(ChangeRequested, DemandeApproved, DetailsKept)
    approved = then.story.facts[1]
    assert isinstance(approved, DemandeApproved)
    assert (approved.decided_by, approved.article, approved.days) == ("rule", "9.1", ())
    assert approved.demande == row_of(then.story)["number"]
    assert moved(then.story) == ["KeepProposal", "AcceptProposal"]


def test_what_a_guardian_asks_for_the_other_waits_for_an_agent_whatever_the_rule():
    given(family(), adopted(BY_RULE)).when(change("contact", person=MARCO)).then_wrote(ChangeRequested)


def test_the_rule_accepts_what_an_agent_enters():
    then = given(family(), adopted(BY_RULE)).when(change("contact", person=MARCO, by=None))
    then.then_wrote(ChangeRequested, DemandeApproved, DetailsKept)


def test_an_address_without_a_paper_is_refused_under_its_article():
    then = given(family(), adopted('[demarches.adresse]\narticle = "9.2"\n')).when(change("address"))
    assert then.then_refused("document_required").refusal.article == "9.2"


def test_a_paper_that_is_not_wanted_is_refused():
    given(family()).when(change("contact", documents=[CERTIFICATE])).then_refused("document_not_taken")


def test_a_paper_nobody_of_the_household_handed_in_is_unknown():
    given(family()).when(change("address", documents=["elsewhere"])).then_refused("unknown_document")


def test_a_paper_of_a_guardian_who_left_is_unknown():
    steps = [family(), said(GuardianLeft(guardian=PAOLA))]
    given(*steps).when(change("address", person=MARCO, by=MARCO, documents=[CERTIFICATE])).then_refused(
        "unknown_document"
    )


def test_the_same_change_of_the_same_person_waits_once():
    given(family(), change("situation")).when(change("situation")).then_refused("already_awaiting")
    given(family(), change("situation")).when(change("situation", person=MARCO)).then_accepted()
    given(family(), change("situation")).when(change("contact")).then_accepted()
    given(family(), change("situation"), turn_down()).when(change("situation")).then_accepted()


def test_a_household_keeps_so_many_demandes_waiting():
    many = [change("member", person=new_id()) for _ in range(50)]
    given(family(), *many).when(change("member", person=new_id())).then_refused("too_many_waiting")


def test_somebody_who_is_not_of_the_household_has_nothing_to_change():
    given(family()).when(change("situation", person="somebody")).then_refused("unknown_person")


def test_a_household_nobody_opened_asks_for_nothing():
    given().when(change("situation", household=DIALLO)).then_refused("unknown_household")


def test_nothing_is_asked_for_somebody_who_was_forgotten():
    given(family(), forgotten(PAOLA)).when(change("situation")).then_refused("person_erased")


def test_nothing_is_approved_of_somebody_who_was_forgotten_since_but_it_is_refused():
    steps = [family(), change("situation"), forgotten(PAOLA)]
    given(*steps).when(accept()).then_refused("person_erased")
    given(*steps).when(turn_down()).then_accepted()


def test_nothing_is_approved_of_somebody_who_left_since():
    steps = [family(), change("situation", person=MARCO), said(GuardianLeft(guardian=MARCO))]
    given(*steps).when(accept()).then_refused("person_left")


def corrected(kind: str, person: str = PAOLA) -> Step:
    """An agent writes down what is known of somebody."""
    return said(DetailsKept(person=PersonId(person), kind=Slug(kind), digest="corrected"))


def test_a_change_of_what_was_corrected_since_is_not_approved_but_refused_or_taken_back():
    steps = [family(), change("contact"), corrected("contact")]
    given(*steps).when(accept()).then_refused("details_changed")
    given(*steps, take_back(), change("contact")).when(accept()).then_accepted()
    then = given(*steps).when(turn_down()).then_accepted()
    assert household_of(then.story).overtaken == {}


def test_what_was_corrected_before_or_of_somebody_else_or_of_another_kind_stops_no_change():
    for known in (corrected("contact", MARCO), corrected("address")):
        given(family(), change("contact"), known).when(accept()).then_accepted()
    given(family(), corrected("contact"), change("contact")).when(accept()).then_accepted()
    given(family(), change("situation"), change("contact")).when(accept(number=1), accept(number=2)).then_accepted()


def test_a_contact_is_completed_with_what_is_known_when_it_is_kept_and_with_nothing_older():
    known = given(family())
    version = known.story.store.household(known.story.commune, ROSSI).version
    known.when(change("contact", completed_at=version)).then_accepted()
    with pytest.raises(ConflictError):
        known.when(corrected("contact"), change("contact", completed_at=version))


def test_a_paper_of_somebody_who_was_forgotten_is_unknown():
    steps = [family(), forgotten(PAOLA)]
    asked = change("address", person=MARCO, by=MARCO, documents=[CERTIFICATE])
    given(*steps).when(asked).then_refused("unknown_document")


def test_a_paper_of_another_household_is_unknown():
    def elsewhere(story: Story) -> None:
        family(DIALLO)(story)
        story.must(document("theirs", DIALLO))

    given(family(), elsewhere).when(change("address", documents=["theirs"])).then_refused("unknown_document")


def test_every_proposal_is_kept_once_and_ends_once():
    then = given(family(), change("situation"), change("contact")).when(accept(number=2), turn_down(number=1))
    vault = then.story.store.recorder.vault
    kept = [each.proposal for each in vault if isinstance(each, KeepProposal)]
    assert [each.proposal for each in vault if isinstance(each, AcceptProposal)] == kept[1:]
    assert [each.proposal for each in vault if isinstance(each, DropProposal)] == kept[:1]
