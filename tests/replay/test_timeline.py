"""A family's history, line by line: in which order, why, and what each changed."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given as supposing
from hypothesis import strategies as st

from ledger.identifiers import HouseholdId, Stream
from ledger.streams import child_page, household_page
from replay.timeline import HIDDEN, KEYS, Item, Line, Move, Timeline, in_order, known_at, stays
from tests.asks import approve, cancel, end_enrolment, join, mark, reserve, sheet
from tests.formalities import accept, family, quotient
from tests.histories import histories, live, town
from tests.spec import Story, about, clock, enrolled, given
from tests.telling import Rows, folded, line_of, page_of, row_of, told
from tests.town import AWA, CANTINE, DIALLO, MATTEO, ROSSI, VALMONT

T = datetime(2024, 3, 7, 18, 30, tzinfo=UTC)
A, B = child_page(VALMONT, MATTEO.id), household_page(VALMONT, ROSSI)
MATTEOS = child_page(VALMONT, MATTEO.id)


def line(stream: Stream, version: int, minute: int, arrival: int) -> Line:
    at = T + timedelta(minutes=minute)
    return Line(stream=stream, version=version, type="x.v1", recorded_at=at, arrival=arrival, position=None)


def places(lines: list[Line]) -> list[tuple[str, int]]:
    return [(each.stream, each.version) for each in lines]


def by_kind(items: list[Item], kind: str) -> list[Item]:
    return [item for item in items if item.kind == kind]


def of(story: Story, stream: Stream = MATTEOS) -> list[Item]:
    return told(page_of(story, stream))


# In which order -------------------------------------------------------------------------------------------------------


def test_lines_of_several_pages_come_in_the_order_in_which_they_were_recorded():
    lines = [line(A, 1, 0, 1), line(A, 2, 5, 4), line(B, 1, 1, 2), line(B, 2, 9, 5)]
    assert places(in_order(lines)) == [(A, 1), (B, 1), (A, 2), (B, 2)]


def test_at_one_instant_the_line_that_came_first_is_first():
    assert places(in_order([line(A, 1, 0, 7), line(B, 1, 0, 3)])) == [(B, 1), (A, 1)]


def test_a_page_keeps_its_own_order_whatever_the_clocks_said():
    lines = [line(A, 1, 10, 1), line(A, 2, 2, 2), line(B, 1, 5, 3)]
    assert places(in_order(lines)) == [(B, 1), (A, 1), (A, 2)]


some_lines = st.lists(
    st.tuples(st.sampled_from([A, B, Stream("child/valmont/other")]), st.integers(0, 20)), max_size=30
)


def written(drawn: list[tuple[Stream, int]]) -> list[Line]:
    versions: dict[Stream, int] = {}
    lines = []
    for arrival, (stream, minute) in enumerate(drawn, start=1):
        versions[stream] = versions.get(stream, 0) + 1
        lines.append(line(stream, versions[stream], minute, arrival))
    return lines


@supposing(some_lines, st.randoms())
def test_the_order_is_the_same_however_lines_are_found_and_never_turns_a_page_back(drawn: Any, chance: Any):
    lines = written(drawn)
    shuffled = list(lines)
    chance.shuffle(shuffled)
    ordered = in_order(shuffled)
    assert ordered == in_order(lines)
    for stream in {each.stream for each in lines}:
        versions = [each.version for each in ordered if each.stream == stream]
        assert versions == sorted(versions)


@supposing(some_lines, st.integers(0, 20))
def test_what_was_known_then_is_the_beginning_of_each_page_and_keeps_its_order(drawn: Any, minute: int):
    lines, instant = written(drawn), T + timedelta(minutes=minute)
    known = in_order(known_at(lines, instant))
    kept = set(places(known))
    assert [place for place in places(in_order(lines)) if place in kept] == places(known)
    assert all(each.recorded_at <= instant for each in known)
    assert known_at(lines, None) == lines


def test_a_child_is_of_a_household_from_the_line_that_brings_it_to_the_one_it_leaves_by():
    home, other = HouseholdId("home"), HouseholdId("other")
    moves = [
        Move(stream=A, version=1, household=home, came=True),
        Move(stream=A, version=4, household=other, came=True),
        Move(stream=A, version=9, household=home, came=False),
        Move(stream=A, version=12, household=home, came=True),
    ]
    found = stays(moves)[A]
    assert [(stay.household, stay.first, stay.last) for stay in found] == [
        (home, 1, 9),
        (other, 4, None),
        (home, 12, None),
    ]
    assert [version for version in range(1, 14) if any(s.household == home and s.covers(version) for s in found)] == [
        *range(1, 10), 12, 13
    ]  # fmt: skip


# Why ------------------------------------------------------------------------------------------------------------------


def test_a_decision_names_who_had_asked_and_a_rule_its_article():
    story = given(about(CANTINE), enrolled(MATTEO), reserve("2024-01-22 repas")).story
    asked, decided = of(story)[-2:]
    assert (asked.kind, decided.kind) == ("reservation_requested", "demande_approved")
    assert asked.cause.asked is None
    assert decided.cause.asked is not None
    assert (decided.cause.asked.version, decided.cause.asked.role) == (asked.line.version, "agent")
    assert (decided.cause.decided_by, decided.cause.article) == ("rule", "3")
    assert decided.cause.first == asked.cause.first == asked.line.version
    assert decided.entry.signature.command == asked.entry.signature.command


def test_what_a_demande_brings_about_says_which():
    story = given(family(), quotient(), accept()).story
    *_, asked, decided, kept = of(story, household_page(VALMONT, ROSSI))
    assert (decided.kind, kept.kind) == ("demande_approved", "quotient_decided")
    assert kept.cause.demande == decided.cause.demande == asked.cause.demande
    assert kept.cause.asked is not None
    assert kept.cause.asked.version == asked.line.version
    assert kept.cause.first == decided.line.version
    assert kept.cause.decided_by == "agent"


def test_a_line_that_corrects_another_says_which():
    steps = [enrolled(MATTEO), reserve("2024-01-31"), approve(), clock("2024-01-31 18:00")]
    present, absent = sheet("2024-01-31", mark("present")), sheet("2024-01-31", mark("absent"))
    story = given(*steps, present, absent).story
    first, second = by_kind(of(story), "attendance_recorded")
    assert (first.cause.corrects, second.cause.corrects) == (None, first.line.version)


def test_an_enrolment_that_ends_points_at_the_one_that_began():
    story = given(enrolled(MATTEO), end_enrolment("2024-03-26")).story
    [began] = by_kind(of(story), "child_enrolled")
    [ended] = by_kind(of(story), "enrolment_ended")
    assert ended.cause.corrects == began.line.version


# What it changed ------------------------------------------------------------------------------------------------------


def test_a_line_tells_the_boxes_it_changed_before_and_after():
    story = given(enrolled(MATTEO), reserve("2024-03-27"), approve(), cancel("2024-03-27")).story
    asked, approved, given_up = of(story)[-3:]
    states = []
    for item in (asked, approved, given_up):
        [box] = [changed for changed in item.changes if changed.table == "calendar_days"]
        assert box.key["child"] == MATTEO.id
        states.append((box.before and box.before["state"], box.after and box.after["state"]))
    assert states == [(None, "awaiting_add"), ("awaiting_add", "reserved"), ("reserved", "awaiting_removal")]


def test_what_is_written_again_as_it_was_is_no_change():
    story = given(enrolled(MATTEO, AWA), join(DIALLO)).story
    [joined] = by_kind(of(story), "child_joined_household")
    assert [(changed.table, changed.key["household"]) for changed in joined.changes] == [("children", DIALLO)]


def test_of_a_row_that_stays_only_what_differs_is_told():
    story = given(enrolled(MATTEO), reserve("2024-03-27"), approve()).story
    [demande] = [changed for changed in of(story)[-1].changes if changed.table == "demandes"]
    before, after = demande.differing()
    assert before is not None
    assert after is not None
    assert (before["status"], after["status"]) == ("en_cours", "traitee_positivement")
    assert before.keys() == after.keys() == {"status", "decided_at", "days"}


def test_what_comes_after_is_not_read_and_what_came_before_is_passed_by():
    story = given(enrolled(MATTEO), reserve("2024-03-27"), approve(), cancel("2024-03-27")).story
    entries = page_of(story, MATTEOS)
    asked = line_of(entries[3])
    [span] = Timeline().missing([asked], at_once=500)
    assert (span.after, span.upto) == (0, 4)
    telling = Timeline()
    rows = [row_of(entry) for entry in entries[:4]]
    assert telling.missing([asked], at_once=3)[0].upto == 3
    [item] = telling.read(rows, {(MATTEOS, 4): asked}).values()
    assert item.changes == of(story)[3].changes
    assert telling.missing([asked], at_once=500) == []


def live_rows(story: Story, *tables: str, **of_whom: str) -> Rows:
    """The rows of the read models, as a history may tell them."""
    rows: Rows = {}
    for table in tables:
        for row in story.rows(table):
            if any(row.get(name) != value for name, value in of_whom.items()):
                continue
            names = [name for name in KEYS[table] if name != "commune"]
            hidden = {*KEYS[table], *HIDDEN.get(table, ())}
            key = tuple(sorted((name, row[name]) for name in names))
            rows[table, key] = {name: value for name, value in row.items() if name not in hidden}
    return rows


@supposing(histories)
def test_what_is_told_folds_into_the_live_rows_and_nothing_is_superfluous(history: Any):
    story = live(town(), history)
    for person in (MATTEO, AWA):
        items = told(story.lines(person))
        tables = ("calendar_days", "demandes", "attendance", "children", "enrolments", "custody")
        assert folded(items) == live_rows(story, *tables, child=person.id)


@supposing(histories, st.integers(1, 7))
def test_what_is_told_in_parts_is_what_is_told_at_once(history: Any, limit: int):
    story = live(town(), history)
    entries = [entry for person in (MATTEO, AWA) for entry in story.lines(person)]
    lines = in_order([line_of(entry, arrival=number) for number, entry in enumerate(entries, start=1)])
    whole = {(item.line.stream, item.line.version): item for p in (MATTEO, AWA) for item in told(story.lines(p))}
    rows = {(entry.stream, entry.version): row_of(entry) for entry in entries}
    telling = Timeline()
    for start in range(0, len(lines), limit):
        wanted = lines[start : start + limit]
        found: dict[Any, Item] = {}
        while spans := telling.missing(wanted, at_once=3):
            read = [rows[span.stream, version] for span in spans for version in range(span.after + 1, span.upto + 1)]
            found |= telling.read(read, {(each.stream, each.version): each for each in wanted})
        for each in wanted:
            one, other = found[each.stream, each.version], whole[each.stream, each.version]
            assert (one.cause, one.changes, one.data) == (other.cause, other.changes, other.data)
