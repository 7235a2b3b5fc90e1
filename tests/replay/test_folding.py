"""The fast fold says what the pure one says, line by line, of any history."""

from collections.abc import Iterable, Sequence

import orjson
import pytest
from hypothesis import given

from ledger.child import Child, evolve
from ledger.codec import converter
from ledger.entry import AlteredLineError, Entry
from ledger.holdings import held
from ledger.identifiers import Stream
from ledger.rows import Change
from ledger.store import Page, turned
from ledger.structures import UNREADABLE, reader
from projections.inline import CHANGES
from replay.folding import Folding
from tests.histories import histories, live, town
from tests.ledger.examples import entries
from tests.stores import CODEC
from tests.town import AWA, MATTEO


def by_row(changes: Iterable[Change]) -> dict[tuple[str, tuple[object, ...]], Change]:
    return {(change.table, change.key): change for change in changes}


def agree(lines: Sequence[Entry]) -> None:
    folding, page = Folding(lines[0].stream), Page(stream=lines[0].stream)
    for line in lines:
        before = page.state
        page = turned(page, [line])  # type: ignore[assignment]
        step = folding.take(CODEC.read(line.stored))
        assert step.page == page
        assert page.state is not None
        asked = [change for changes in CHANGES for change in changes(line, page.state)]
        assert by_row(step.changes) == by_row(asked)
        if isinstance(page.state, Child):
            counted = held(page.state, page.state.slots)
            counted.subtract(held(before, before.slots) if before else {})
            assert step.places == {key: delta for key, delta in counted.items() if delta}
            assert set(folding.held()) == set(held(page.state, page.state.slots))


@given(histories)
def test_a_page_folded_line_by_line_is_what_its_lines_make_it(history):
    story = live(town(), history)
    for person in (MATTEO, AWA):
        agree(story.lines(person))


def test_every_kind_of_page_is_folded_alike():
    pages: dict[Stream, list[Entry]] = {}
    for entry in entries():
        pages.setdefault(entry.stream, []).append(entry)
    for lines in pages.values():
        agree(lines)


def test_the_child_a_decision_was_given_is_left_as_it_was():
    lines = [entry for entry in entries() if entry.stream.startswith("child/")]
    page = [line for line in lines if line.stream == lines[0].stream]
    before, same = evolve(None, page[:-1]), evolve(None, page[:-1])
    evolve(before, page[-1:])
    assert before == same


def test_a_line_that_does_not_follow_is_not_taken():
    first, second, *_ = (entry for entry in entries() if entry.stream == entries()[-1].stream)
    with pytest.raises(AlteredLineError, match="line 1 of "):
        Folding(first.stream).take(second)


def test_facts_are_read_as_cattrs_reads_them():
    for entry in entries():
        json = orjson.loads(entry.stored)["fact"]
        assert reader(type(entry.fact))(json) == converter().structure(json, type(entry.fact)) == entry.fact


def test_what_a_quick_reader_cannot_read_it_says_so():
    for entry in entries():
        if orjson.loads(entry.stored)["fact"]:
            with pytest.raises(UNREADABLE):
                reader(type(entry.fact))({})


def test_a_fact_that_lacks_what_has_a_default_is_still_read():
    asked = next(entry for entry in entries() if CODEC.name(entry.fact) == "reservation_requested.v1")
    older = {name: value for name, value in orjson.loads(asked.stored)["fact"].items() if name != "origin"}
    assert CODEC.fact_from_json("reservation_requested.v1", older).origin == "family"  # type: ignore[union-attr]
    with pytest.raises(Exception, match="ReservationRequested"):
        CODEC.fact_from_json("reservation_requested.v1", {"demande": 1})
