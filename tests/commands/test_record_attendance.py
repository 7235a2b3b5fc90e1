"""An agent writes down who came; doing it again corrects it."""

from dataclasses import replace

from ledger.child import Attendance, SlotKey
from ledger.events import AttendanceRecorded
from tests.asks import close, mark, reserve, sheet
from tests.spec import about, clock, enrolled, given, registered
from tests.town import AWA, CANTINE, GARDERIE, MATTEO, at, day

LUNCH = "2024-01-25 repas"
EVENING = "2024-01-25 soir"


def noon(*steps, now="2024-01-25 12:00"):
    return given(about(CANTINE), enrolled(MATTEO, AWA), reserve(LUNCH), clock(now), *steps)


def seen(then, person=MATTEO, unit="repas"):
    return then.story.child(person).attendance.get(SlotKey(then.story.activity, unit, day("2024-01-25")))


def test_a_whole_sheet_is_written_at_once():
    then = noon().when(sheet(LUNCH, mark("present"), mark("absent", of=AWA))).then_accepted()
    then.then_wrote(AttendanceRecorded, AttendanceRecorded)
    assert seen(then) == Attendance("present", None, None)
    assert seen(then, AWA) == Attendance("absent", None, None)


def test_a_child_without_a_reservation_is_recorded_too():
    noon().when(sheet(LUNCH, mark("present", of=AWA))).then_accepted().then_day(
        "2024-01-25", None, of=AWA, unit="repas"
    )


def test_correcting_a_line_is_another_fact():
    then = noon(sheet(LUNCH, mark("absent"))).when(sheet(LUNCH, mark("present"))).then_accepted()
    assert seen(then.then_wrote(AttendanceRecorded)) == Attendance("present", None, None)


def test_only_the_lines_that_change_something_are_written():
    then = noon(sheet(LUNCH, mark("present"))).when(sheet(LUNCH, mark("present"), mark("absent", of=AWA)))
    then.then_accepted().then_wrote(AttendanceRecorded)


def test_the_same_sheet_twice_writes_nothing():
    noon(sheet(LUNCH, mark("present"))).when(sheet(LUNCH, mark("present"))).then_accepted().then_wrote()


def test_a_sheet_is_not_filled_before_its_day():
    noon(now="2024-01-24 23:59").when(sheet(LUNCH, mark("present"))).then_refused("day_not_come")
    noon(now="2024-01-25 00:00").when(sheet(LUNCH, mark("present"))).then_accepted()


def test_nobody_comes_on_a_closed_day():
    noon(close("2024-01-25")).when(sheet(LUNCH, mark("present"))).then_refused("day_closed")


def test_nobody_comes_on_a_day_the_activity_does_not_take_place():
    noon().when(sheet("2024-01-24 repas", mark("present"))).then_refused("not_a_day_of_this_activity")


def test_a_unit_the_activity_does_not_have_is_refused():
    noon().when(sheet("2024-01-25 dessert", mark("present"))).then_refused("not_a_day_of_this_activity")


def test_a_child_nobody_knows_is_refused_and_nothing_is_written():
    stranger = replace(MATTEO, name="stranger")
    then = noon().when(sheet(LUNCH, mark("present"), mark("present", of=stranger))).then_refused("unknown_child")
    assert seen(then) is None


def test_a_child_stands_once_on_a_sheet():
    noon().when(sheet(LUNCH, mark("present"), mark("absent"))).then_refused("child_twice", "child_twice")


def test_hours_are_written_where_the_unit_is_by_duration():
    evening = given(about(GARDERIE), registered(MATTEO), clock("2024-01-25 19:00"))
    line = mark("present", arrived="2024-01-25 16:30", left="2024-01-25 18:10")
    then = evening.when(sheet(EVENING, line)).then_accepted()
    assert seen(then, unit="soir") == Attendance("present", at("2024-01-25 16:30"), at("2024-01-25 18:10"))


def test_hours_are_refused_where_nobody_asks_for_them():
    line = mark("present", arrived="2024-01-25 11:30")
    noon().when(sheet(LUNCH, line)).then_refused("times_not_expected")


def test_an_absent_child_has_no_hours():
    evening = given(about(GARDERIE), registered(MATTEO), clock("2024-01-25 19:00"))
    evening.when(sheet(EVENING, mark("absent", arrived="2024-01-25 16:30"))).then_refused("times_not_expected")


def test_a_child_does_not_leave_before_it_arrives_nor_in_the_future():
    evening = given(about(GARDERIE), registered(MATTEO), clock("2024-01-25 19:00"))
    evening.when(sheet(EVENING, mark("present", arrived="2024-01-25 18:00", left="2024-01-25 17:00"))).then_refused(
        "times_out_of_order"
    )
    evening.when(sheet(EVENING, mark("present", left="2024-01-25 19:01"))).then_refused("times_out_of_order")
