"""Demandes over HTTP: submitted, previewed, read, listed, withdrawn."""

from typing import Any
from uuid import uuid4

import pytest

from tests.http.world import World, box, made, refused
from tests.vault import papers_made as papers

WEDNESDAY = "2024-03-27"


def numbers(answer: Any) -> list[int]:
    return [row["number"] for row in made(answer, 200)["demandes"]]


def test_a_demande_is_answered_as_the_contract_shows_it(world: World) -> None:
    parent, child = world.family("parent-1", "mercredis")
    world.clock.set("2024-03-07 19:12")
    answer = parent.ask(child, "mercredis", WEDNESDAY)
    [said] = made(answer)["demandes"]
    assert said == {
        "number": said["number"],
        "kind": "reservation",
        "kind_label": "Réservation",
        "status": "en_cours",
        "status_label": "En cours d'instruction",
        "child": child,
        "household": None,
        "activity": "mercredis",
        "origin": "family",
        "submitted_at": "2024-03-07T18:12:00Z",
        "decided_at": None,
        "partial": False,
        "derogation": None,
        "reason": None,
        "document": None,
        "documents": [],
        "wanted": None,
        "proposed": None,
        "refusal": None,
        "rulebook": "2023-09",
        "days": [
            {
                "day": WEDNESDAY,
                "unit": "journee",
                "action": "reserve",
                "outcome": "pending",
                "rulebook": "2023-09",
                "article": "4.1",
                "deadline": "2024-03-12T22:59:59.999999Z",
                "late": False,
                "surcharge": False,
                "reason": None,
            }
        ],
    }
    assert made(parent.get(f"/demandes/{said['number']}"), 200) == said
    assert made(parent.get("/demandes"), 200) == {"demandes": [said], "next": None}
    assert answer.headers["etag"] == parent.get(f"/children/{child}").headers["etag"]


def test_the_rule_decides_in_the_same_breath(world: World) -> None:
    parent, child = world.family("parent-1", "cantine")
    [said] = made(parent.ask(child, "cantine", "2024-01-22", "2024-01-23"))["demandes"]
    assert (said["status"], said["decided_at"]) == ("traitee_positivement", said["submitted_at"])
    assert {day["outcome"] for day in said["days"]} == {"approved"}


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"reserve": [box("2024-01-24 journee")]}, "deadline_passed"),
        ({"reserve": [box("2024-03-26 journee")]}, "not_a_day_of_this_activity"),
        ({"reserve": [box("2024-05-29 journee")]}, "day_closed"),
        ({"reserve": [box("2024-02-14 journee")]}, "not_a_day_of_this_activity"),
        ({"reserve": [box("2024-03-27 nuit")]}, "not_a_day_of_this_activity"),
        ({"reserve": [box("2024-09-18 journee")]}, "outside_enrolment"),
        ({"cancel": [box("2024-03-27 journee")]}, "not_reserved"),
        ({"activity": "cantine", "reserve": [box("2024-01-22 repas")]}, "not_enrolled"),
        ({"activity": "vacances", "reserve": [box("2024-04-10 journee")]}, "not_open_yet"),
        ({"activity": "etude", "reserve": [box("2024-03-26 etude")]}, "unit_required"),
        ({"reserve": [box("2024-03-27 journee"), box("2024-03-27 matinee")]}, "unit_conflict"),
        ({"reserve": [box("2024-03-20 journee")]}, "already_awaiting"),
        ({"reserve": [box("2024-03-13 journee")]}, "no_place_left"),
        ({"activity": "etude", "reserve": [box("2024-03-25 gouter")]}, "already_reserved"),
        ({}, "nothing_to_do"),
        ({"repeat": {"weekdays": ["sunday"], "from": "2024-03-01", "to": "2024-03-31", "unit": "journee"}}, None),
    ],
)
def test_an_impossible_day_is_refused_with_its_code_and_nothing_is_written(
    world: World, asked: dict[str, Any], code: str | None
) -> None:
    parent, child = world.family("parent-1", "mercredis", "etude", "vacances")
    made(parent.ask(child, "mercredis", "2024-03-20"))
    made(parent.ask(child, "etude", "2024-03-25"))
    world.places("mercredis", "2024-03-13", 0, "matinee", "grands")
    before = parent.get(f"/children/{child}").headers["etag"]
    answer = parent.post("/demandes", {"child": child, "activity": "mercredis", **asked})
    if code in (None, "nothing_to_do"):
        refused(answer, "nothing_to_do", 422)
    else:
        said = refused(answer, code)
        assert said["errors"][0]["code"] == code
        assert said["errors"][0]["title"]
        assert said["errors"][0]["detail"]
    assert parent.get(f"/children/{child}").headers["etag"] == before


def test_the_answer_lists_every_impossible_day_with_its_deadline_and_its_article(world: World) -> None:
    parent, child = world.family("parent-1", "mercredis")
    said = refused(
        parent.ask(child, "mercredis", "2024-01-17", "2024-01-24", WEDNESDAY, "2024-03-28"), "deadline_passed"
    )
    errors = {error["day"]: error for error in said["errors"]}
    assert sorted(errors) == ["2024-01-17", "2024-01-24", "2024-03-28"]
    assert errors["2024-01-24"]["deadline"] == "2024-01-09T22:59:59.999999Z"
    assert errors["2024-01-24"]["article"] == "4.1"
    assert "mercredi 24 janvier 2024" in errors["2024-01-24"]["detail"]
    assert errors["2024-03-28"]["code"] == "not_a_day_of_this_activity"
    assert made(parent.get("/demandes"), 200)["demandes"] == []


def test_partial_takes_what_is_possible_and_says_what_was_left_out(world: World) -> None:
    parent, child = world.family("parent-1", "mercredis")
    said = made(parent.ask(child, "mercredis", "2024-01-24", WEDNESDAY, partial=True))
    assert [day["day"] for day in said["demandes"][0]["days"]] == [WEDNESDAY]
    assert [(left["day"], left["code"]) for left in said["left_out"]] == [("2024-01-24", "deadline_passed")]
    refused(parent.ask(child, "mercredis", "2024-01-24", partial=True), "deadline_passed")


def test_the_same_request_for_a_brother_makes_one_demande_per_child_or_none(world: World) -> None:
    household = world.household("parent-1")
    first, second = world.child(household, "cantine"), world.child(household, "cantine")
    parent = world.guardian()
    said = made(parent.ask(first, "cantine", "2024-01-22", also_for=[second]))["demandes"]
    assert {row["child"] for row in said} == {first, second}
    assert len({row["number"] for row in said}) == 2
    third = world.child(household)
    answer = refused(parent.ask(first, "cantine", "2024-01-23", also_for=[third]), "not_enrolled")
    assert [error["child"] for error in answer["errors"]] == [third]
    assert len(numbers(parent.get("/demandes"))) == 2


def test_two_siblings_are_told_complet_when_one_place_is_left(world: World) -> None:
    household = world.household("parent-1")
    first, second = world.child(household, "cantine"), world.child(household, "cantine")
    world.places("cantine", "2024-01-22", 1)
    answer = refused(world.guardian().ask(first, "cantine", "2024-01-22", also_for=[second]), "no_place_left")
    assert len(answer["errors"]) == 1
    assert world.taken("cantine", "2024-01-22")["repas", ""] == (0, 1, 0)
    said = made(world.guardian().ask(first, "cantine", "2024-01-22", also_for=[second], partial=True))
    assert len(said["demandes"]) == len(said["left_out"]) == 1


def test_a_repetition_ticks_the_days_there_are_and_passes_over_the_others(world: World) -> None:
    parent, child = world.family("parent-1", "cantine")
    repeat = {"weekdays": ["monday"], "from": "2024-01-22", "to": "2024-03-10", "unit": "repas", "every_weeks": 2}
    said = made(parent.post("/demandes", {"child": child, "activity": "cantine", "repeat": repeat}))
    assert [day["day"] for day in said["demandes"][0]["days"]] == ["2024-01-22", "2024-02-05", "2024-03-04"]
    assert said["left_out"] == []


def test_a_demande_has_a_bounded_number_of_repetitions(world: World) -> None:
    parent, child = world.family("parent-1", "cantine")
    repeat = {"weekdays": ["monday"], "from": "2024-01-22", "to": "2025-02-10", "unit": "repas"}
    asked = {"child": child, "activity": "cantine", "partial": True}
    refused(parent.post("/demandes", {**asked, "repeat": [repeat] * 21}), "invalid_request", 422)
    made(parent.post("/demandes", {**asked, "repeat": [{**repeat, "to": "2024-02-10"}] * 20}))


def test_a_preview_says_what_would_come_and_writes_nothing(world: World) -> None:
    parent, child = world.family("parent-1", "mercredis")
    before = parent.get(f"/children/{child}").headers["etag"]
    asked = {"child": child, "activity": "mercredis", "reserve": [box(f"{WEDNESDAY} journee")]}
    said = made(parent.post("/demandes/preview", asked), 200)
    assert (said["possible"], said["errors"], said["demandes"][0]["number"]) == (True, [], None)
    impossible = {**asked, "reserve": [*asked["reserve"], box("2024-01-24 journee")]}  # type: ignore[misc]
    said = made(parent.post("/demandes/preview", impossible), 200)
    assert (said["possible"], said["demandes"]) == (False, [])
    assert [error["code"] for error in said["errors"]] == ["deadline_passed"]
    refused(parent.post("/demandes/preview", {"child": child, "activity": "mercredis"}), "nothing_to_do", 422)
    assert parent.get(f"/children/{child}").headers["etag"] == before
    assert numbers(parent.get("/demandes")) == []
    [kept] = made(parent.ask(child, "mercredis", WEDNESDAY))["demandes"]
    assert kept["number"] == 1, "a preview takes no number"


def test_a_preview_needs_no_key_and_a_command_does(world: World) -> None:
    parent, child = world.family("parent-1", "mercredis")
    asked = {"child": child, "activity": "mercredis", "reserve": [box(f"{WEDNESDAY} journee")]}
    made(parent.send("POST", "/demandes/preview", body=asked), 200)
    refused(parent.send("POST", "/demandes", body=asked), "idempotency_key_missing", 400)


def test_a_preview_tells_that_a_day_is_full(world: World) -> None:
    parent, child = world.family("parent-1", "cantine")
    world.places("cantine", "2024-01-22", 0)
    asked = {"child": child, "activity": "cantine", "reserve": [box("2024-01-22 repas"), box("2024-01-23 repas")]}
    said = made(parent.post("/demandes/preview", {**asked, "partial": True}), 200)
    assert said["possible"]
    assert [(error["day"], error["code"]) for error in said["errors"]] == [("2024-01-22", "no_place_left")]


def test_an_agent_writes_down_what_came_on_paper_sets_the_deadline_aside_and_decides(world: World) -> None:
    _, child = world.family("parent-1", "mercredis")
    agent = world.agent
    refused(agent.ask(child, "mercredis", "2024-01-24"), "deadline_passed")
    note = {"received_at": "2024-01-08T09:00:00+01:00"}
    [said] = made(agent.ask(child, "mercredis", "2024-01-24", counter=note))["demandes"]
    assert (said["origin"], said["status"]) == ("counter", "en_cours")
    assert said["submitted_at"] == "2024-01-08T08:00:00Z"
    note = {"derogation": "urgence", "approve": True}
    [said] = made(agent.ask(child, "mercredis", "2024-01-17", counter=note))["demandes"]
    assert (said["status"], said["derogation"]) == ("traitee_positivement", "urgence")
    unknown = {"derogation": "caprice"}
    refused(agent.ask(child, "mercredis", "2024-01-17", counter=unknown), "unknown_reason", 422)
    later = agent.ask(child, "mercredis", WEDNESDAY, counter={"received_at": "2024-01-16T09:00:00+01:00"})
    assert refused(later, "invalid_request", 422)["errors"][0]["field"] == "counter.received_at"


def test_a_family_has_no_counter(world: World) -> None:
    parent, child = world.family("parent-1", "mercredis")
    refused(parent.ask(child, "mercredis", WEDNESDAY, counter={"approve": True}), "not_found", 404)


def test_an_absence_is_declared_with_its_document_and_decided_by_an_agent(world: World) -> None:
    parent, child = world.family("parent-1", "cantine")
    made(parent.ask(child, "cantine", "2024-01-22"))
    world.clock.set("2024-01-25 18:00")
    asked = {"child": child, "activity": "cantine", "kind": "absence", "absent": [box("2024-01-22 repas")]}
    refused(parent.post("/demandes", {**asked, "reason": "maladie"}), "document_required")
    refused(parent.post("/demandes", {**asked, "reason": "flemme"}), "unknown_reason", 422)
    unknown = {**asked, "reason": "maladie", "document": str(uuid4())}
    refused(parent.post("/demandes", unknown), "unknown_document", 422)
    refused(parent.post("/demandes/preview", unknown), "unknown_document", 422)
    document = made(parent.hand_in(papers.pdf(), about=child))["document"]
    [said] = made(parent.post("/demandes", {**asked, "reason": "maladie", "document": document}))["demandes"]
    assert (said["kind"], said["reason"], said["document"]) == ("absence", "maladie", document)
    refused(parent.post("/demandes", {**asked, "reason": "sortie"}), "already_declared")
    said = made(world.agent.post(f"/demandes/{said['number']}/decision", {"approve": "all"}), 200)
    assert said["status"] == "traitee_positivement"


def test_an_absence_is_declared_within_fifteen_days(world: World) -> None:
    parent, child = world.family("parent-1", "cantine")
    made(parent.ask(child, "cantine", "2024-01-22"))
    world.clock.set("2024-03-25 18:00")
    asked = {"child": child, "activity": "cantine", "kind": "absence", "absent": [box("2024-01-22 repas")]}
    answer = parent.post("/demandes", {**asked, "reason": "sortie"})
    assert "2024-01-22" in [error["day"] for error in refused(answer, "justification_too_late")["errors"]]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"surprise": 1}, "*"),
        ({"reserve": [{"day": "2024-02-30", "unit": "journee"}]}, "reserve[0].day"),
        ({"reserve": [{"day": 1711497600, "unit": "journee"}]}, "reserve[0].day"),
        ({"reserve": [{"day": "2024-03-27"}]}, "reserve[0].unit"),
        ({"child": "Matteo"}, "child"),
        ({"partial": "yes"}, "partial"),
        ({"also_for": ["x"] * 3}, "also_for[0]"),
        ({"repeat": {"weekdays": [], "from": "2024-01-01", "to": "2024-02-01", "unit": "journee"}}, None),
        ({"kind": "absence"}, "*"),
        ({"reserve": [box("2024-03-27 journee")], "cancel": [box("2024-03-27 journee")]}, "reserve"),
        ({"document": "z" * 64}, "document"),
    ],
)
def test_a_body_that_is_not_as_described_names_the_field(
    world: World, change: dict[str, Any], field: str | None
) -> None:
    parent, child = world.family("parent-1", "mercredis")
    said = refused(
        parent.post("/demandes", {"child": child, "activity": "mercredis", **change}), "invalid_request", 422
    )
    if field is not None:
        assert field in [error["field"] for error in said["errors"]], said


def test_a_demande_names_the_version_it_expects(world: World) -> None:
    parent, child = world.family("parent-1", "mercredis")
    seen = parent.get(f"/children/{child}/calendar", month="2024-03").headers["etag"]
    made(parent.ask(child, "mercredis", WEDNESDAY, headers={"If_Match": seen}))
    refused(parent.ask(child, "mercredis", "2024-03-20", headers={"If_Match": seen}), "version_changed", 412)
    made(parent.ask(child, "mercredis", "2024-03-20", headers={"If_Match": "*"}))
    refused(parent.ask(child, "mercredis", "2024-03-13", headers={"If_Match": 'W/"4"'}), "version_changed", 412)
    refused(parent.ask(child, "mercredis", "2024-03-13", headers={"If_Match": "4"}), "invalid_request", 422)


def test_a_family_withdraws_what_waits_and_its_places_are_free_again(world: World) -> None:
    parent, child = world.family("parent-1", "mercredis")
    [said] = made(parent.ask(child, "mercredis", WEDNESDAY))["demandes"]
    assert world.taken("mercredis", WEDNESDAY)["matinee", "grands"][0] == 1
    withdrawn = made(parent.delete(f"/demandes/{said['number']}"), 200)
    assert (withdrawn["status"], withdrawn["status_label"]) == ("retiree", "Retirée")
    assert made(parent.get(f"/demandes/{said['number']}"), 200) == withdrawn
    assert world.taken("mercredis", WEDNESDAY)["matinee", "grands"][0] == 0
    refused(parent.delete(f"/demandes/{said['number']}"), "already_decided")


def test_a_list_goes_to_its_end_even_when_demandes_came_in_the_same_instant(world: World) -> None:
    parent, child = world.family("parent-1", "cantine")
    other, neighbour = world.family("parent-2", "cantine")
    days = ["2024-01-22", "2024-01-23", "2024-01-25", "2024-01-26", "2024-01-29"]
    for count, day in enumerate(days):
        if count == 3:
            world.clock.set("2024-01-15 10:01")
        made(parent.ask(child, "cantine", day))
        made(other.ask(neighbour, "cantine", day))
    everything = numbers(world.agent.get("/demandes", limit=200))
    assert everything == sorted(everything, reverse=True)
    assert len(everything) == 10
    for order, wanted in (("newest", everything), ("oldest", everything[::-1])):
        for limit in (1, 3, 10):
            seen: list[int] = []
            cursor: str | None = None
            while True:
                more = {"cursor": cursor} if cursor else {}
                page = made(world.agent.get("/demandes", limit=limit, order=order, **more), 200)
                seen += [row["number"] for row in page["demandes"]]
                assert len(page["demandes"]) <= limit
                cursor = page["next"]
                if cursor is None:
                    break
            assert seen == wanted


def test_a_cursor_is_ours_and_of_this_list(world: World) -> None:
    parent, child = world.family("parent-1", "cantine")
    for day in ("2024-01-22", "2024-01-23"):
        made(parent.ask(child, "cantine", day))
    cursor = made(parent.get("/demandes", limit=1), 200)["next"]
    refused(parent.get("/demandes", cursor=cursor, order="oldest"), "invalid_cursor", 422)
    refused(parent.get("/demandes", cursor=cursor[:-2]), "invalid_cursor", 422)
    refused(parent.get("/demandes", cursor="-"), "invalid_cursor", 422)


def test_a_list_is_filtered(world: World) -> None:
    household = world.household("parent-1")
    first, second = world.child(household, "cantine", "mercredis"), world.child(household, "cantine")
    parent = world.guardian()
    meal = made(parent.ask(first, "cantine", "2024-01-22"))["demandes"][0]["number"]
    wednesday = made(parent.ask(first, "mercredis", WEDNESDAY))["demandes"][0]["number"]
    sibling = made(parent.ask(second, "cantine", "2024-02-05", "2024-03-04"))["demandes"][0]["number"]
    assert numbers(parent.get("/demandes", child=second)) == [sibling]
    assert numbers(parent.get("/demandes", household=household)) == [sibling, wednesday, meal]
    assert numbers(parent.get("/demandes", status="en_cours")) == [wednesday]
    assert numbers(parent.get("/demandes", activity="cantine")) == [sibling, meal]
    assert numbers(parent.get("/demandes", from_="2024-02-01")) == [sibling, wednesday]
    assert numbers(parent.get("/demandes", to="2024-02-28")) == [sibling, meal]
    assert numbers(parent.get("/demandes", from_="2024-02-10", to="2024-02-20")) == [sibling]
    assert numbers(parent.get("/demandes", child=first, activity="cantine", status="traitee_positivement")) == [meal]
    assert numbers(world.guardian("stranger").get("/demandes", household=household)) == []


@pytest.mark.parametrize(
    "asked",
    [
        {"limit": "0"},
        {"limit": "201"},
        {"limit": "1.0"},
        {"limit": "-1"},
        {"status": "perdue"},
        {"order": "random"},
        {"child": "x"},
        {"from": "hier"},
        {"surprise": "1"},
    ],
)
def test_a_question_that_is_not_as_described_is_refused(world: World, asked: dict[str, str]) -> None:
    [name] = asked
    said = refused(world.agent.get("/demandes", **asked), "invalid_request", 422)
    assert [error["field"] for error in said["errors"]] == ["*" if name == "surprise" else name]
    assert "surprise" not in str(said)
