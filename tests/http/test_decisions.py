"""Agents decide: one demande, or a queue."""

from typing import Any

import pytest

from tests.http.world import Who, World, box, made, refused

FIRST, SECOND = "2024-03-20", "2024-03-27"


def asked(who: Who, child: str, *days: str) -> int:
    number: int = made(who.ask(child, "mercredis", *days))["demandes"][0]["number"]
    return number


def test_an_agent_accepts_a_demande_once(world: World) -> None:
    parent, child = world.family("parent-1", "mercredis")
    number = asked(parent, child, FIRST)
    world.clock.set("2024-01-16 11:05")
    answer = world.agent.post(f"/demandes/{number}/decision", {"approve": "all"})
    said = made(answer, 200)
    assert (said["status"], said["status_label"]) == ("traitee_positivement", "Traitée positivement")
    assert (said["decided_at"], said["partial"]) == ("2024-01-16T10:05:00Z", False)
    home = made(world.agent.get(f"/children/{child}"), 200)["household"]
    assert said == {**made(parent.get(f"/demandes/{number}"), 200), "household": home}
    assert answer.headers["etag"] == parent.get(f"/children/{child}").headers["etag"]
    refused(world.agent.post(f"/demandes/{number}/decision", {"approve": "all"}), "already_decided")
    refused(world.agent.post(f"/demandes/{number}/decision", {"approve": "none", "reason": "autre"}), "already_decided")


def test_a_demande_is_accepted_in_part(world: World) -> None:
    parent, child = world.family("parent-1", "mercredis")
    number = asked(parent, child, FIRST, SECOND)
    decision = {"approve": [box(f"{FIRST} journee")], "reason": "complet"}
    said = made(world.agent.post(f"/demandes/{number}/decision", decision), 200)
    assert (said["status"], said["partial"]) == ("traitee_positivement", True)
    assert [(day["day"], day["outcome"], day["reason"]) for day in said["days"]] == [
        (FIRST, "approved", None),
        (SECOND, "rejected", "complet"),
    ]
    assert world.taken("mercredis", FIRST)["matinee", "grands"][0] == 1
    assert world.taken("mercredis", SECOND)["matinee", "grands"][0] == 0


def test_a_refused_demande_gives_its_places_back(world: World) -> None:
    parent, child = world.family("parent-1", "mercredis")
    number = asked(parent, child, FIRST)
    said = made(world.agent.post(f"/demandes/{number}/decision", {"approve": "none", "reason": "complet"}), 200)
    assert (said["status"], said["status_label"]) == ("traitee_negativement", "Traitée négativement")
    assert world.taken("mercredis", FIRST)["matinee", "grands"][0] == 0
    made(parent.ask(child, "mercredis", FIRST))


@pytest.mark.parametrize(
    ("decision", "code"),
    [
        ({"approve": "none"}, "reason_required"),
        ({"approve": [box(f"{FIRST} journee")]}, "reason_required"),
        ({"approve": "none", "reason": "humeur"}, "unknown_reason"),
        ({"approve": [box("2024-06-05 journee")], "reason": "autre"}, "not_in_demande"),
        ({"approve": []}, "invalid_request"),
        ({"approve": "some"}, "invalid_request"),
        ({}, "invalid_request"),
    ],
)
def test_a_decision_that_cannot_be_kept_is_refused(world: World, decision: dict[str, Any], code: str) -> None:
    parent, child = world.family("parent-1", "mercredis")
    number = asked(parent, child, FIRST, SECOND)
    refused(world.agent.post(f"/demandes/{number}/decision", decision), code, 422)
    assert made(parent.get(f"/demandes/{number}"), 200)["status"] == "en_cours"


def test_a_decision_names_the_version_it_expects(world: World) -> None:
    parent, child = world.family("parent-1", "mercredis")
    number = asked(parent, child, FIRST)
    path = f"/demandes/{number}/decision"
    refused(world.agent.post(path, {"approve": "all"}, If_Match='"1"'), "version_changed", 412)
    seen = parent.get(f"/children/{child}").headers["etag"]
    made(world.agent.post(path, {"approve": "all"}, If_Match=seen), 200)


def test_places_taken_at_approval_only_are_refused_when_they_are_gone(world: World) -> None:
    world.clock.set("2024-03-10 12:00")
    one, first = world.family("parent-1", "vacances")
    two, second = world.family("parent-2", "vacances")
    numbers = [
        made(who.ask(child, "vacances", "2024-04-10"))["demandes"][0]["number"]
        for who, child in ((one, first), (two, second))
    ]
    assert world.taken("vacances", "2024-04-10")["journee", ""][0] == 0
    made(world.agent.post(f"/demandes/{numbers[0]}/decision", {"approve": "all"}), 200)
    said = refused(world.agent.post(f"/demandes/{numbers[1]}/decision", {"approve": "all"}), "no_place_left")
    assert said["errors"][0]["day"] == "2024-04-10"
    assert world.taken("vacances", "2024-04-10")["journee", ""] == (1, 1, 0)


def test_a_queue_is_decided_in_one_go_and_what_cannot_be_is_named(world: World) -> None:
    one, first = world.family("parent-1", "mercredis")
    two, second = world.family("parent-2", "mercredis")
    decided, waiting, other = asked(one, first, FIRST), asked(one, first, SECOND), asked(two, second, FIRST)
    made(world.agent.post(f"/demandes/{decided}/decision", {"approve": "all"}), 200)
    decisions = [
        {"number": decided, "approve": "all"},
        {"number": waiting, "approve": "none", "reason": "complet"},
        {"number": other, "approve": "all"},
    ]
    said = made(world.agent.post("/decisions", {"decisions": decisions}), 200)
    assert [(row["number"], row["status"]) for row in said["demandes"]] == [
        (waiting, "traitee_negativement"),
        (other, "traitee_positivement"),
    ]
    assert [(left["number"], left["code"]) for left in said["left_out"]] == [(decided, "already_decided")]
    refused(world.agent.post("/decisions", {"decisions": decisions}), "already_decided")


def test_an_unknown_number_in_a_queue_is_named_and_the_rest_is_decided(world: World) -> None:
    parent, child = world.family("parent-1", "mercredis")
    number = asked(parent, child, FIRST)
    decisions = [{"number": number, "approve": "all"}, {"number": 99_999, "approve": "all"}]
    said = made(world.agent.post("/decisions", {"decisions": decisions}), 200)
    assert [(left["number"], left["code"]) for left in said["left_out"]] == [(99_999, "not_found")]
    assert made(parent.get(f"/demandes/{number}"), 200)["status"] == "traitee_positivement"
    refused(world.agent.post("/decisions", {"decisions": decisions[1:]}), "not_found", 404)


def test_the_same_demande_twice_in_a_queue_is_decided_once(world: World) -> None:
    parent, child = world.family("parent-1", "mercredis")
    number = asked(parent, child, FIRST)
    decisions = [{"number": number, "approve": "all"}, {"number": number, "approve": "none", "reason": "autre"}]
    said = made(world.agent.post("/decisions", {"decisions": decisions}), 200)
    assert said["demandes"][0]["status"] == "traitee_positivement"
    assert said["left_out"][0]["code"] == "already_decided"


def test_the_story_of_a_refusal_and_a_second_request_is_told_as_it_was(world: World) -> None:
    world.clock.set("2024-03-07 19:12")
    parent, child = world.family("parent-1", "mercredis")
    first = asked(parent, child, SECOND)
    world.clock.set("2024-03-07 20:30")
    made(world.agent.post(f"/demandes/{first}/decision", {"approve": "none", "reason": "complet"}), 200)
    world.clock.set("2024-03-08 10:43")
    second = asked(parent, child, SECOND)
    world.clock.set("2024-03-08 11:05")
    made(world.agent.post(f"/demandes/{second}/decision", {"approve": "all"}), 200)
    told = made(parent.get("/demandes", child=child), 200)["demandes"]
    assert [(row["number"], row["status"]) for row in told] == [
        (second, "traitee_positivement"),
        (first, "traitee_negativement"),
    ]
