"""The story the first document hands us: three requests of one family in Villennes, exactly, at any instant of it."""

from commands.decide_demandes import DecideDemandes, Decision
from commands.outcome import Accepted
from ledger.child import Child, evolve
from ledger.identifiers import DemandeNumber, Slug
from tests.asks import approve, ask, reject, reserve
from tests.spec import Given, Step, Story, about, clock, enrolled, given
from tests.town import MATTEO, VILLENNES, at

WEDNESDAYS, HOLIDAYS = Slug("alsh-mercredis"), Slug("alsh-petites-vacances")
PLACE = {"site": "l-ile-aux-enfants", "group": "les-winners"}


def numbers_go_to_others_until(number: int) -> Step:
    """Other families of the town made their own requests meanwhile."""

    def step(story: Story) -> None:
        while story.store.next_number(story.commune) < number - 1:
            pass

    return step


EPISODES: list[Step] = [
    clock("2023-09-01 09:00"),
    about(HOLIDAYS),
    enrolled(MATTEO, first_day="2023-10-21", last_day="2024-05-12", **PLACE),
    about(WEDNESDAYS),
    enrolled(MATTEO, first_day="2021-05-10", last_day="2024-07-06", **PLACE),
    clock("2024-03-07 19:12"),
    reserve("2024-03-27"),
    numbers_go_to_others_until(43495),
    clock("2024-03-07 19:32"),
    about(HOLIDAYS),
    reserve("2024-04-09", "2024-04-10"),
    clock("2024-03-07 20:00"),
    reject(number=43493, reason="complet"),
    numbers_go_to_others_until(43513),
    clock("2024-03-08 09:00"),
    approve(number=43495),
    clock("2024-03-08 10:43"),
    about(WEDNESDAYS),
    reserve("2024-03-27"),
    clock("2024-03-08 11:05"),
    approve(number=43513),
]


def story() -> Given:
    return given(*EPISODES, commune=VILLENNES, first_number=43493)


def matteo_at(instant: str) -> Child:
    """Matteo as the ledger knew him at an instant."""
    told = story().story
    child = evolve(None, [line for line in told.lines(MATTEO) if line.signature.recorded_at <= at(instant)])
    assert child is not None
    return child


def told(child: Child) -> dict[int, str]:
    return {**{number: demande.status for number, demande in child.open.items()}, **child.closed}


def test_the_three_requests_have_their_numbers_their_minutes_and_their_ends():
    rows = {row["number"]: row for row in story().story.rows("demandes")}
    assert {number: (row["submitted_at"], row["status"]) for number, row in rows.items()} == {
        43493: (at("2024-03-07 19:12"), "traitee_negativement"),
        43495: (at("2024-03-07 19:32"), "traitee_positivement"),
        43513: (at("2024-03-08 10:43"), "traitee_positivement"),
    }
    assert [day["day"].isoformat() for day in rows[43495]["days"]] == ["2024-04-09", "2024-04-10"]


def test_at_half_past_seven_the_first_request_waits():
    child = matteo_at("2024-03-07 19:30")
    assert told(child) == {43493: "en_cours"}
    assert [(key.day.isoformat(), slot.state) for key, slot in child.slots.items()] == [("2024-03-27", "awaiting_add")]


def test_that_evening_the_27th_is_refused_and_free_again():
    child = matteo_at("2024-03-07 20:00")
    assert told(child) == {43493: "traitee_negativement", 43495: "en_cours"}
    assert "2024-03-27" not in [key.day.isoformat() for key in child.slots]


def test_the_morning_after_the_27th_is_asked_for_again():
    child = matteo_at("2024-03-08 10:43")
    assert told(child) == {43493: "traitee_negativement", 43495: "traitee_positivement", 43513: "en_cours"}


def test_in_the_end_the_three_days_are_reserved():
    child = matteo_at("2024-03-08 11:05")
    assert sorted(key.day.isoformat() for key in child.slots) == ["2024-03-27", "2024-04-09", "2024-04-10"]
    assert {slot.state for slot in child.slots.values()} == {"reserved"}


def test_the_refusal_is_never_decided_again():
    decision = Decision(child=MATTEO.id, number=DemandeNumber(43493))
    story().when(ask(DecideDemandes(decisions=[decision]))).then_refused("already_decided")


def test_looking_at_a_request_before_making_it_writes_nothing_and_takes_no_number():
    before = given(*EPISODES[:6], commune=VILLENNES, first_number=43493).story
    assert isinstance(before.preview(reserve("2024-03-27")), Accepted)
    assert before.child(MATTEO).slots == {}
    assert before.store.next_number(VILLENNES) == 43493
