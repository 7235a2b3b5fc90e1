"""A snapshot is the child again, or it is ignored."""

from dataclasses import replace

import orjson
from hypothesis import given

from ledger.child import evolve
from ledger.snapshots import pack, unpack
from ledger.streams import child_page
from tests.histories import histories, live, town
from tests.ledger.examples import CHILD, ON_CHILD, TOWN, written
from tests.town import AWA, MATTEO


def through_json(child):
    return unpack(orjson.loads(orjson.dumps(pack(child))))


@given(histories)
def test_a_child_comes_back_from_its_snapshot(history):
    story = live(town(), history)
    for person in (MATTEO, AWA):
        child = story.child(person)
        again = through_json(child)
        assert again == replace(child, latest=None)
        assert list(again.enrolments) == list(child.enrolments), "the first enrolment that covers a day is the one"


def test_a_child_comes_back_at_every_line_of_its_page():
    lines = written(child_page(TOWN, CHILD), ON_CHILD)
    for count in range(1, len(lines) + 1):
        child = evolve(None, lines[:count])
        assert child is not None
        assert through_json(child) == replace(child, latest=None)


def test_a_page_goes_on_from_a_snapshot_as_if_nothing_had_happened():
    lines = written(child_page(TOWN, CHILD), ON_CHILD)
    for count in range(1, len(lines)):
        child = evolve(None, lines[:count])
        assert child is not None
        assert evolve(through_json(child), lines[count:]) == evolve(None, lines)
