"""What a command writes is worked out without writing it: purely, and place by place."""

from collections import Counter

from hypothesis import given

from ledger.codec import Codec
from ledger.entry import GENESIS
from ledger.holdings import PlaceKey, held
from ledger.store import Write, prepare
from projections.inline import project
from tests.histories import histories, live, town
from tests.spec import Ask, Story, about, clock, signed
from tests.town import AWA, MATTEO

CODEC = Codec()


def holdings(story: Story) -> Counter[PlaceKey]:
    """Every place every child holds, counted box by box."""
    children = [story.child(person) for person in (MATTEO, AWA)]
    return sum((held(child, child.slots) for child in children), start=Counter[PlaceKey]())


def each_step(history: list[tuple[str, tuple[str, Ask]]], story: Story):
    """The story before and after each thing that was asked."""
    for step in sorted(history, key=lambda each: each[0]):
        before = holdings(story)
        story.result = None
        live(story, [step])
        if story.result is not None:
            yield before, story.result.prepared


@given(histories)
def test_claims_are_the_difference_of_what_is_held(history):
    story = town()
    for before, prepared in each_step(history, story):
        after = holdings(story)
        keys = {*before, *after}
        assert prepared.claims == {key: after[key] - before[key] for key in keys if after[key] != before[key]}


@given(histories)
def test_places_taken_are_the_sum_of_what_is_held(history):
    story = live(town(), history)
    taken = {key: number for (_, key), number in story.store.recorder.taken.items() if number}
    assert taken == dict(holdings(story))


@given(histories)
def test_lines_follow_one_another_from_the_first(history):
    story = live(town(), history)
    for person in (MATTEO, AWA):
        lines = story.lines(person)
        assert [line.version for line in lines] == list(range(1, len(lines) + 1))
        assert [line.previous for line in lines] == [GENESIS, *(line.digest for line in lines[:-1])]


@given(histories)
def test_the_same_facts_are_always_prepared_the_same(history):
    story = town()
    signature = signed(story.now)
    for now, (activity, ask) in history:
        clock(now)(story)
        about(activity)(story)
        try:
            command = ask.command(story)
        except IndexError:
            continue
        known = story.known(MATTEO, AWA)
        outcomes = [command.decide(known) for _ in range(2)]
        assert outcomes[0] == outcomes[1]
        writes = getattr(outcomes[0], "writes", [])
        numbered = [Write(page=write.page, facts=write.facts) for write in writes]
        prepared = [prepare(story.commune, signature, numbered, codec=CODEC, project=project) for _ in range(2)]
        assert prepared[0] == prepared[1]
        ask.tried(story)
