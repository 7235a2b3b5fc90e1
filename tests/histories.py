"""Random histories of one small town: asks of every kind, possible or not, in any order."""

from hypothesis import strategies as st

from tests.asks import (
    absent,
    alternate,
    approve,
    cancel,
    end_custody,
    end_enrolment,
    join,
    leave,
    mark,
    reject,
    reserve,
    sheet,
    submit,
    swap,
    withdraw,
)
from tests.spec import Ask, Story, about, clock, enrolled, given
from tests.town import AWA, CANTINE, DIALLO, GARDERIE, MATTEO, MERCREDIS, ROSSI, VACANCES

DAYS = {
    MERCREDIS: ("2024-01-31", "2024-03-27"),
    CANTINE: ("2024-01-26", "2024-03-26"),
    GARDERIE: ("2024-01-16", "2024-03-26"),
    VACANCES: ("2024-04-08", "2024-04-09"),
}
UNITS = {
    MERCREDIS: ("journee", "matinee", "apres-midi"),
    CANTINE: ("repas", "panier"),
    GARDERIE: ("soir", "court"),
    VACANCES: ("journee", "navette"),
}
NOWS = ("2024-01-10 10:00", "2024-01-15 18:00", "2024-01-27 10:00", "2024-03-04 10:00", "2024-03-26 17:00")

people = st.sampled_from([MATTEO, AWA])
households = st.sampled_from([ROSSI, DIALLO])
through = st.sampled_from([(), (ROSSI,), (DIALLO,), (ROSSI, DIALLO)])
"""Those somebody acts through; the child's own when none is named."""


@st.composite
def custody(draw: st.DrawFn) -> Ask:
    """Something said of the custody of Matteo, who lives in two households, or of where he lives."""
    one = draw(households)
    since = draw(st.sampled_from([each for days in DAYS.values() for each in days]))
    return draw(
        st.sampled_from(
            [
                alternate(one, ROSSI if one == DIALLO else DIALLO, since=since),
                alternate((one,) * 2 + (DIALLO,) * 2 + (ROSSI,) * 3, one, since=since),
                swap(since, since, one),
                end_custody(since),
                join(one),
                leave(one),
            ]
        )
    )


@st.composite
def asks(draw: st.DrawFn) -> tuple[str, Ask]:
    """An activity, and something asked about it."""
    activity = draw(st.sampled_from(sorted(DAYS)))
    person = draw(people)
    boxes = st.builds(
        lambda day, unit: f"{day} {unit}", st.sampled_from(DAYS[activity]), st.sampled_from(UNITS[activity])
    )
    some = draw(st.lists(boxes, min_size=1, max_size=3, unique=True))
    number = draw(st.none() | st.integers(1, 12))
    by = draw(through)
    ask = draw(
        st.sampled_from(
            [
                reserve(*some, of=person, partial=True, by=by),
                reserve(*some[:1], of=person, by=by),
                submit(reserve=some, of=[person], derogation="urgence", partial=True),
                approve(of=person),
                cancel(*some, of=person, by=by),
                submit(reserve=some[:1], cancel=some[1:], of=[person], derogation="urgence"),
                submit(reserve=some, of=[person], approve=True, derogation="urgence", partial=True),
                approve(of=person, number=number),
                approve(of=person, only=some[:1], number=number),
                reject(of=person, number=number),
                withdraw(of=person, number=number),
                absent(*some[:1], of=person, reason="sortie", derogation="urgence", by=by),
                sheet(some[0], mark("present", of=person)),
                sheet(some[0], mark("absent", of=person)),
                end_enrolment("2024-03-26", of=person),
                draw(custody()),
            ]
        )
    )
    return activity, ask


def town() -> Story:
    """A town with two families enrolled in everything; Matteo is of both."""
    steps = [enrolled(MATTEO, AWA, activity=activity) for activity in DAYS]
    return given(*steps, join(DIALLO), clock(NOWS[0])).story


histories = st.lists(st.tuples(st.sampled_from(NOWS), asks()), min_size=5, max_size=30)
"""Hours and asks; the hours are put in order, as they come."""


def live(story: Story, history: list[tuple[str, tuple[str, Ask]]]) -> Story:
    """Everything is tried, in the order of the hours; what is refused changes nothing."""
    for now, (activity, ask) in sorted(history, key=lambda each: each[0]):
        clock(now)(story)
        about(activity)(story)
        try:
            ask.tried(story)
        except IndexError:  # the child has no demande yet
            continue
    return story
