"""Under the rules it really had, a town asked again is the same town."""

from hypothesis import given

from ledger.child import Child
from ledger.identifiers import Month, Stream
from ledger.store import Page
from ledger.town import Town
from projections.billing.family import Placed
from replay.what_if.asked import said_in_order
from replay.what_if.effects import Lived, effects
from replay.what_if.world import World
from rulebook.town import Rules, rules_of, rules_of_town
from tests.histories import histories, live, town
from tests.spec import CODEC, Story
from tests.town import AWA, MATTEO, VALMONT, rulebooks


def told(story: Story) -> list[Placed]:
    """Every line of the story, in the order they were kept."""
    recorder = story.store.recorder
    kept = {
        (line.originator_id, line.originator_version): CODEC.read(bytes(line.state))
        for stream in dict.fromkeys(stream for stream, _ in recorder.digests)
        for line in recorder.select_events(stream)
    }
    return [Placed(kept[key], position) for position, key in enumerate(recorder.digests, start=1)]


def same_rules(known: Town | None) -> Rules:
    return rules_of(rulebooks(VALMONT), closures=(known or Town()).closures)


def asked_again(story: Story) -> World:
    world = World.of(VALMONT, same_rules)
    for said in said_in_order(told(story)):
        world.take(said)
    world.close()
    return world


@given(history=histories)
def test_under_the_same_rules_nothing_is_otherwise(history):
    story = live(town(), history)
    assert same_rules(None).rulebooks == rules_of_town(story.store.town(VALMONT).state).rulebooks
    world = asked_again(story)
    for person in (MATTEO, AWA):
        page: Page[Child] = world.town.store.child(VALMONT, person.id)
        there, here = story.child(person), page.state
        assert here is not None
        assert {key: (slot.state, slot.absence, slot.household) for key, slot in here.slots.items()} == {
            key: (slot.state, slot.absence, slot.household) for key, slot in there.slots.items()
        }
        assert here.attendance == there.attendance
        assert list(here.closed.values()) == list(there.closed.values())
    assert [each for each in world.answers.compared.values() if each.real != each.here] == []
    assert (world.lost, world.assumed) == ({}, {})


@given(history=histories)
def test_under_the_same_rules_every_household_owes_the_same(history):
    story = live(town(), history)
    world = asked_again(story)
    pages: dict[Stream, list[Placed]] = {}
    for placed in told(story):
        pages.setdefault(placed.entry.stream, []).append(placed)
    real = Lived(pages=pages, rules=rules_of_town(story.store.town(VALMONT).state))
    here = Lived(pages=world.town.pages, rules=world.town.known_rules())
    for effect in effects(VALMONT, real, here, [Month("2024-01"), Month("2024-03"), Month("2024-04")]):
        assert effect.total.change == 0
