"""The only loop that writes: read, decide, append; again when somebody was faster; each command once."""

import pytest

from commands.execute import ATTEMPTS, Request, execute
from commands.outcome import Accepted, Refused
from ledger.store import Answer, ConflictError, KeyReusedError
from ledger.streams import child_page
from tests.asks import at_the_counter, places, reserve, submit
from tests.spec import enrolled, given, once
from tests.town import AWA, CHIARA, MATTEO, MOUSSA

WEDNESDAY = "2024-03-27"


def answered(result):
    return Answer(status=201 if isinstance(result.outcome, Accepted) else 409, body=repr(result.outcome).encode())


def overtaking(story, *asks):
    """While the answer is being written, somebody else is faster: once for each of these."""
    others = list(asks)

    def respond(result):
        if others:
            others.pop(0)(story)
        return answered(result)

    return respond


def run(story, ask, *, respond=answered, key=None, body=b"", expected=None):
    request = story.request(ask.command(story))
    request = Request(
        commune=request.commune, command=request.command, signature=request.signature, expected=expected or {}
    )
    return execute(story.store, request, once=once(key, body=body), respond=respond)


def test_a_command_overtaken_on_its_page_is_decided_again():
    story = given(enrolled(MATTEO)).story
    result, kept = run(story, reserve(WEDNESDAY), respond=overtaking(story, reserve("2024-04-03")))
    assert isinstance(result.outcome, Accepted)
    assert not kept.replayed
    assert [line.version for line in story.lines(MATTEO)] == [1, 2, 3, 4]


def test_a_command_overtaken_on_its_own_days_hears_the_refusal_of_the_new_page():
    story = given(enrolled(MATTEO)).story
    result, kept = run(story, reserve(WEDNESDAY), respond=overtaking(story, reserve(WEDNESDAY)))
    assert isinstance(result.outcome, Refused)
    assert (result.outcome.code, kept.answer.status) == ("already_awaiting", 409)


def test_a_command_overtaken_on_the_last_place_hears_that_the_day_is_full():
    story = given(enrolled(MATTEO, AWA, MOUSSA), reserve(WEDNESDAY, of=AWA)).story
    result, kept = run(story, reserve(WEDNESDAY), respond=overtaking(story, reserve(WEDNESDAY, of=MOUSSA)))
    assert isinstance(result.outcome, Refused)
    assert (result.outcome.code, kept.answer.status) == ("no_place_left", 409)


def test_a_command_overtaken_every_time_gives_up_after_a_bounded_number_of_attempts():
    story = given(enrolled(MATTEO, AWA)).story
    others = [reserve(f"2024-04-{day} matinee") for day in ("03", "24")]
    others += [reserve(f"2024-{day} matinee") for day in ("05-15", "05-22", "06-05", "06-12", "06-19")]
    assert len(others) > ATTEMPTS
    with pytest.raises(ConflictError):
        run(story, reserve(WEDNESDAY), respond=overtaking(story, *others), key="k")
    assert len(story.lines(MATTEO)) == 2 + ATTEMPTS
    _, kept = run(story, reserve(WEDNESDAY), key="k")
    assert (kept.replayed, kept.answer.status) == (False, 201)


def test_the_same_key_with_the_same_body_gets_the_first_answer():
    story = given(enrolled(MATTEO)).story
    _, first = run(story, reserve(WEDNESDAY), key="k")
    _, second = run(story, reserve(WEDNESDAY), key="k")
    assert (first.replayed, second.replayed) == (False, True)
    assert first.answer == second.answer
    assert len(story.lines(MATTEO)) == 3


def test_a_refusal_is_kept_too_even_once_it_would_be_accepted():
    story = given(enrolled(MATTEO), places(0, f"{WEDNESDAY} matinee", pool="grands")).story
    _, first = run(story, reserve(WEDNESDAY), key="k")
    places(2, f"{WEDNESDAY} matinee", pool="grands")(story)
    _, second = run(story, reserve(WEDNESDAY), key="k")
    assert (first.answer.status, second) == (409, type(second)(answer=first.answer, replayed=True))


def test_the_same_key_with_another_body_is_an_error():
    story = given(enrolled(MATTEO)).story
    run(story, reserve(WEDNESDAY), key="k", body=b"one")
    with pytest.raises(KeyReusedError):
        run(story, reserve("2024-04-03"), key="k", body=b"two")
    assert len(story.lines(MATTEO)) == 3


def test_a_caller_that_saw_another_version_is_refused():
    story = given(enrolled(MATTEO)).story
    page = child_page(story.commune, MATTEO.id)
    result, _ = run(story, reserve(WEDNESDAY), expected={page: frozenset({1})})
    assert isinstance(result.outcome, Refused)
    assert result.outcome.code == "version_changed"
    result, _ = run(story, reserve(WEDNESDAY), expected={page: frozenset({1, 2})})
    assert isinstance(result.outcome, Accepted)


def test_a_preview_names_the_full_days_and_writes_nothing():
    story = given(enrolled(MATTEO, AWA, MOUSSA), reserve(WEDNESDAY, of=AWA), reserve(WEDNESDAY, of=MOUSSA)).story
    outcome = story.preview(reserve(WEDNESDAY, "2024-04-03"))
    assert isinstance(outcome, Refused)
    assert [(each.code, str(each.day)) for each in outcome.refusals] == [("no_place_left", WEDNESDAY)]
    assert len(story.lines(MATTEO)) == 2


def test_a_preview_shares_the_last_place_among_siblings_as_the_request_will():
    story = given(enrolled(MATTEO, CHIARA, AWA), reserve(WEDNESDAY, of=AWA)).story
    asked = submit(reserve=[WEDNESDAY], of=[MATTEO, CHIARA], partial=True)
    seen = story.preview(asked)
    assert isinstance(seen, Accepted)
    done = asked.tried(story)
    assert isinstance(done, Accepted)
    assert [each.child for each in seen.left_out] == [each.child for each in done.left_out] == [CHIARA.id]


def test_the_two_times_of_an_entry_are_those_of_the_command():
    story = given(enrolled(MATTEO)).story
    at_the_counter(reserve(WEDNESDAY), received_at="2024-01-08 09:00")(story)
    signature = story.lines(MATTEO)[-1].signature
    assert signature.happened_at < signature.recorded_at == story.now
