"""What waits, what is asked and what is written of a child of two homes says nothing of the other one."""

import pytest

from tests.http.parents import MINE, OTHERS, PROOF, Parents, two_homes
from tests.http.world import World, box, made, refused


@pytest.fixture
def parents(world: World) -> Parents:
    return two_homes(world)


@pytest.fixture
def apart(parents: Parents) -> Parents:
    """Even weeks hers, odd weeks his."""
    parents.alternate()
    return parents


# What waited when custody was said -----------------------------------------------------------------------------------


def test_what_a_parent_asked_before_a_day_became_the_other_s_is_not_approved(parents: Parents) -> None:
    given_up = {"child": parents.child, "activity": "mercredis", "cancel": [box(OTHERS, "journee")]}
    booked = made(parents.father.ask(parents.child, "mercredis", OTHERS))["demandes"][0]["number"]
    made(parents.agent.post(f"/demandes/{booked}/decision", {"approve": "all"}), 200)
    number = made(parents.mother.post("/demandes", given_up))["demandes"][0]["number"]
    parents.alternate()
    refused(parents.father.get(f"/demandes/{number}"), "not_found", 404)
    assert (
        refused(parents.father.post("/demandes", given_up), "already_awaiting")["errors"][0]
        .keys()
        .isdisjoint({"number"})
    )
    decision = f"/demandes/{number}/decision"
    said = refused(parents.agent.post(decision, {"approve": "all"}), "custody")
    assert [(error["number"], error["day"], error["action"]) for error in said["errors"]] == [
        (number, OTHERS, "cancel")
    ]
    queue = {"decisions": [{"number": number, "approve": "all"}]}
    refused(parents.agent.post("/decisions", queue), "custody")
    made(parents.agent.post(decision, {"approve": "none", "reason": "autre"}), 200)
    assert parents.days(parents.father, from_=OTHERS, to=OTHERS)[OTHERS, "journee"]["state"] == "reserved"


def test_an_agent_refuses_the_day_that_is_the_other_s_and_accepts_the_rest(parents: Parents) -> None:
    number = made(parents.mother.ask(parents.child, "mercredis", MINE, OTHERS))["demandes"][0]["number"]
    parents.alternate()
    decision = f"/demandes/{number}/decision"
    refused(parents.agent.post(decision, {"approve": "all"}), "custody")
    said = made(parents.agent.post(decision, {"approve": [box(MINE, "journee")], "reason": "autre"}), 200)
    assert {day["day"]: day["outcome"] for day in said["days"]} == {MINE: "approved", OTHERS: "rejected"}
    waiting = made(parents.mother.ask(parents.child, "mercredis", "2024-05-15"))["demandes"][0]["number"]
    made(
        parents.state(
            kind="exception", first_day="2024-05-15", last_day="2024-05-15", household=parents.his, proof=PROOF
        )
    )
    made(parents.mother.delete(f"/demandes/{waiting}"), 200)


# Who is of both ------------------------------------------------------------------------------------------------------


def test_a_parent_of_both_households_asks_each_for_its_own_days_and_each_reads_its_own(apart: Parents) -> None:
    for household in (apart.hers, apart.his):
        made(apart.agent.post(f"/households/{household}/guardians", {"subject": "both-1"}))
    both = apart.world.guardian("both-1")
    asked = made(both.ask(apart.child, "mercredis", MINE, OTHERS, key="both"))["demandes"]
    assert [[day["day"] for day in demande["days"]] for demande in asked] == [[MINE], [OTHERS]]
    hers, his = (demande["number"] for demande in asked)
    for who, own, other, day in ((apart.mother, hers, his, MINE), (apart.father, his, hers, OTHERS)):
        assert made(who.get(f"/demandes/{own}"), 200)["days"][0]["day"] == day
        refused(who.get(f"/demandes/{other}"), "not_found", 404)
        assert apart.days(who, from_=day, to=day)[day, "journee"]["demande"] == own
    refused(apart.mother.delete(f"/demandes/{his}"), "not_found", 404)
    preview = {"child": apart.child, "activity": "mercredis", "cancel": [box(MINE, "journee"), box(OTHERS, "journee")]}
    for number in (hers, his):
        made(apart.agent.post(f"/demandes/{number}/decision", {"approve": "all"}), 200)
    assert [each["number"] for each in made(both.post("/demandes/preview", preview), 200)["demandes"]] == [None, None]
    made(apart.father.delete(f"/demandes/{made(both.post('/demandes', preview))['demandes'][1]['number']}"), 200)


# What an agent says of whom ------------------------------------------------------------------------------------------


def test_an_agent_says_which_household_asks_when_no_custody_decides(parents: Parents) -> None:
    refused(parents.agent.ask(parents.child, "mercredis", MINE), "household_required", 422)
    late = {"kind": "absence", "absent": [box("2024-01-12 repas")], "reason": "maladie"}
    absent = {"child": parents.child, "activity": "cantine", **late}
    refused(parents.agent.post("/demandes", absent), "household_required", 422)
    said = made(parents.agent.ask(parents.child, "mercredis", MINE, counter={"household": parents.his}))["demandes"]
    assert said[0]["household"] == parents.his
    alone = parents.world.child(parents.hers, "mercredis")
    assert made(parents.agent.ask(alone, "mercredis", MINE))["demandes"][0]["household"] == parents.hers


# Enrolments ----------------------------------------------------------------------------------------------------------


def test_an_enrolment_the_other_parent_asked_for_is_neither_heard_of_nor_in_the_way(apart: Parents) -> None:
    path = f"/children/{apart.child}/demandes"
    period = {"kind": "enrolment", "activity": "garderie", "last_day": "2024-06-28"}
    for day in range(10):
        asked = {**period, "first_day": f"2024-02-{day + 1:02}", "last_day": f"2024-02-{day + 1:02}"}
        made(apart.father.post(path, asked))
    refused(apart.father.post(path, {**period, "first_day": "2024-03-01"}), "too_many_waiting")
    [asked] = made(apart.mother.post(path, {**period, "first_day": "2024-02-01"}))["demandes"]
    made(apart.agent.post(f"/demandes/{asked['number']}/decision", {"approve": "all"}), 200)
    theirs = made(apart.father.get("/demandes"), 200)["demandes"][0]
    refused(apart.agent.post(f"/demandes/{theirs['number']}/decision", {"approve": "all"}), "already_enrolled")
