"""What a decision refused, as a family reads it, and the answer that is kept under a key."""

import json
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from fastapi import Request

from api import french
from api.french_days import DATED, SENTENCES, day_detail
from api.once import IdempotencyKey, fingerprint, kept_once, sent
from api.problems import CONTENT_TYPE, Problem, not_found
from api.refusals import HIDDEN, answer_of, problem_of
from api.tokens import Caller
from commands.outcome import Refusal, Refused, refused
from ledger.identifiers import ChildId, Commune, Slug, Subject
from ledger.store import Answer, Kept
from rulebook.town import rules_of

PARIS = ZoneInfo("Europe/Paris")
NO_RULES = rules_of([])
WEDNESDAY = date(2024, 3, 27)
DEADLINE = datetime(2024, 3, 12, 22, 59, 59, 999_999, tzinfo=UTC)
LATE = Refusal(
    code="deadline_passed", article="4.1", day=WEDNESDAY, unit=Slug("journee"), action="reserve", deadline=DEADLINE
)
FULL = Refusal(code="no_place_left", day=date(2024, 4, 3), unit=Slug("journee"), action="reserve")


def test_the_first_refusal_is_heard_first_and_every_day_is_told() -> None:
    content = json.loads(problem_of(Refused(refusals=(LATE, FULL)), NO_RULES).body())
    assert content["status"] == 409
    assert content["code"] == "deadline_passed"
    assert content["title"] == "Hors délai"
    assert content["article"] == "4.1"
    assert [(error["day"], error["code"], error["title"]) for error in content["errors"]] == [
        ("2024-03-27", "deadline_passed", "Hors délai"),
        ("2024-04-03", "no_place_left", "Complet"),
    ]
    assert content["errors"][0]["deadline"] == "2024-03-12T22:59:59.999999Z"


def test_a_single_refused_day_is_explained_with_its_deadline() -> None:
    problem = problem_of(Refused(refusals=(LATE,)), NO_RULES)
    assert problem.detail is not None
    assert problem.detail.startswith("Pour le mercredi 27 mars 2024, la date limite était le mardi 12 mars 2024")


@pytest.mark.parametrize("code", sorted(HIDDEN))
def test_what_is_unknown_reads_as_what_is_forbidden(code: str) -> None:
    hidden = Refused(refusals=(Refusal(code=code, article="2", child=ChildId("x")),))
    problem = problem_of(hidden, NO_RULES)
    assert problem.body() == not_found().body()


def test_a_code_that_nobody_listed_yet_is_still_a_refusal_and_never_a_500() -> None:
    assert problem_of(refused("a_code_of_tomorrow"), NO_RULES).status == 409


@pytest.mark.parametrize("code", sorted({*SENTENCES, *DATED}))
def test_every_refused_day_has_a_sentence_with_or_without_a_deadline(code: str) -> None:
    for instant in (DEADLINE, None):
        said = day_detail(code, WEDNESDAY, instant=instant, zone=PARIS)
        assert ("mercredi 27 mars 2024" in said) == (code != "absence_not_taken")
        assert "{" not in said


def test_a_refused_day_without_a_sentence_of_its_own_is_told_what_its_code_says() -> None:
    said = day_detail("already_enrolled", WEDNESDAY, instant=None, zone=PARIS)
    assert said == french.detail("already_enrolled")
    assert day_detail("another_code", WEDNESDAY, instant=None, zone=PARIS) == french.UNEXPLAINED


def test_a_kept_answer_is_sent_byte_for_byte_and_says_when_it_is_repeated() -> None:
    kept = answer_of(Problem("no_place_left"))
    for replayed in (False, True):
        answer = sent(Request({"type": "http"}), Kept(answer=kept, replayed=replayed))
        assert bytes(answer.body) == kept.body
        assert answer.status_code == 409
        assert answer.headers["content-type"] == CONTENT_TYPE
        assert answer.headers.get("idempotency-hit") == ("true" if replayed else None)


def test_a_kept_success_keeps_its_version() -> None:
    kept = Kept(answer=Answer(status=201, headers={"ETag": '"43"'}, body=b"{}"), replayed=True)
    answer = sent(Request({"type": "http"}), kept)
    assert answer.headers["etag"] == '"43"'
    assert answer.headers["content-type"] == "application/json"


def test_the_key_of_one_parent_is_never_the_key_of_another() -> None:
    key = IdempotencyKey("k", fingerprint("POST", "/v1/villars/demandes", "", b"{}"))
    callers = [
        Caller(Subject(subject), "guardian", Commune("villars"), client, "j", "i")
        for subject, client in (("a", "portal"), ("b", "portal"), ("a", "app"))
    ]
    assert len({(kept_once(caller, key).subject, kept_once(caller, key).client) for caller in callers}) == 3


def test_a_fingerprint_tells_apart_what_runs_together() -> None:
    said = [("POST", "/a", "", b"b"), ("POST", "/", "", b"ab"), ("POS", "T/", "", b"ab"), ("POST", "/", "a", b"b")]
    assert len({fingerprint(*parts) for parts in said}) == len(said)
