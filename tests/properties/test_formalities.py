"""Whatever a household asks for, takes back and is told: the read models are what the facts say, each proposal ends."""

from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from commands.decide_demandes import DecideDemandes, Decision
from commands.withdraw_demande import WithdrawDemande
from ledger.events import ChangeKind, ChangeRequested
from ledger.household import evolve
from ledger.identifiers import DemandeNumber, Slug, new_id
from ledger.sealed import AcceptProposal, DropProposal, KeepProposal
from ledger.streams import household_page
from projections.inline import project
from tests.formalities import CERTIFICATE, MARCO, PAOLA, adopted, change, family, household_of, quotient
from tests.spec import CODEC, Story, given
from tests.town import ROSSI

BY_RULE = '[demarches.contact]\ninstruction = "regle"\n[demarches.membre]\ninstruction = "regle"\n'
CHANGES: tuple[ChangeKind, ...] = ("address", "contact", "situation", "member", "contact_person")

numbers = st.integers(min_value=1, max_value=12)
asked = st.tuples(st.just("ask"), st.sampled_from([*CHANGES, "quotient"]), st.sampled_from([PAOLA, MARCO]))
decided = st.tuples(st.just("decide"), st.lists(st.tuples(numbers, st.booleans()), min_size=1, max_size=4))
withdrawn = st.tuples(st.just("withdraw"), numbers)


def run(story: Story, step: tuple) -> None:  # type: ignore[type-arg]
    match step:
        case ("ask", "quotient", _):
            quotient().tried(story)
        case ("ask", ("member" | "contact_person") as kind, guardian):
            change(kind, person=new_id(), by=guardian, collects=True).tried(story)
        case ("ask", kind, guardian):
            change(kind, person=guardian, documents=[CERTIFICATE] if kind == "address" else []).tried(story)
        case ("decide", said):
            decisions = [
                Decision(
                    household=ROSSI,
                    number=DemandeNumber(number),
                    approved=None if approve else frozenset(),
                    reason=None if approve else Slug("autre"),
                )
                for number, approve in said
            ]
            story.do(DecideDemandes(decisions=decisions))
        case ("withdraw", number):
            story.do(WithdrawDemande(household=ROSSI, number=DemandeNumber(number)))


def folded(story: Story) -> dict[str, dict]:  # type: ignore[type-arg]
    """The rows of the household, worked out again from the first line of its page."""
    tables: dict[str, dict] = {}  # type: ignore[type-arg]
    state = None
    for kept in story.store.recorder.select_events(household_page(story.commune, ROSSI)):
        entry = CODEC.read(bytes(kept.state))
        state = evolve(state, [entry])
        assert state is not None
        for row in project(entry, state):
            tables.setdefault(row.table, {})[row.key] = row.row
    return tables


@drawn(st.booleans(), st.lists(st.one_of(asked, asked, decided, withdrawn), max_size=14))
@settings(max_examples=150)
def test_the_read_models_are_the_facts_and_each_proposal_ends_once(rule: bool, steps: list) -> None:  # type: ignore[type-arg]
    story = given(family(), *([adopted(BY_RULE)] if rule else [])).story
    for step in steps:
        run(story, step)
    told = folded(story)
    for table in ("demandes", "quotients", "household_people", "guardians"):
        assert story.store.recorder.tables[table] == told.get(table, {}), table
    household = household_of(story)
    waiting = {row["number"] for row in story.rows("demandes") if row["status"] == "en_cours"}
    assert waiting == set(household.open)
    assert {row["person"]: row["collects"] for row in story.rows("household_people") if row["role"] == "contact"} == (
        dict(household.contacts)
    )
    vault = story.store.recorder.vault
    kept = {each.proposal for each in vault if isinstance(each, KeepProposal)}
    ended = [each.proposal for each in vault if isinstance(each, AcceptProposal | DropProposal)]
    still = {each.wanted.proposal for each in household.open.values() if isinstance(each.wanted, ChangeRequested)}
    assert len(ended) == len(set(ended))
    assert kept == set(ended) | still
    assert not set(ended) & still
