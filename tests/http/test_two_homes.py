"""What waits, what is asked and what is written of a child of two homes says nothing of the other one."""

import httpx
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


# What the other home does --------------------------------------------------------------------------------------------


def told(answer: httpx.Response) -> tuple[str, int, bytes, dict[str, str]]:
    """Every byte of an answer, but for its date and its own name."""
    headers = {name: value for name, value in answer.headers.items() if name not in ("date", "x-request-id")}
    return (answer.request.url.path, answer.status_code, answer.content, headers)


def all_he_reads(apart: Parents, number: int) -> list[tuple[str, int, bytes, dict[str, str]]]:
    """What the father is answered about the child and his household, a command he repeats included."""
    child, home = f"/children/{apart.child}", f"/households/{apart.his}"
    paths = ["/me", "/documents", "/demandes", "/demandes?limit=1", f"/demandes/{number}", child, f"{child}/enrolments"]
    paths += [f"{child}/health", home, f"{home}/guardians", f"{home}/custody", f"{home}/quotients"]
    paths += [f"{home}/tariff-status", f"{child}/meals"]
    paths += [f"{child}/calendar?month=2024-03", f"{child}/calendar?week=2024-W13"]
    again = [apart.father.ask(apart.child, "mercredis", OTHERS, key="kept")]
    again.append(apart.father.send("DELETE", f"/demandes/{number}", key="withdrawn"))
    return [told(answer) for answer in (*map(apart.father.get, paths), *again)]


def test_what_one_parent_does_changes_not_one_byte_of_what_the_other_is_answered(apart: Parents) -> None:
    [asked] = made(apart.father.ask(apart.child, "mercredis", OTHERS, key="kept"))["demandes"]
    made(apart.father.delete(f"/demandes/{asked['number']}", key="withdrawn"), 200)
    before = all_he_reads(apart, asked["number"])
    period = {"kind": "enrolment", "activity": "garderie", "first_day": "2024-02-01", "last_day": "2024-06-28"}
    [hers] = made(apart.mother.post(f"/children/{apart.child}/demandes", period))["demandes"]
    assert all_he_reads(apart, asked["number"]) == before
    made(apart.mother.delete(f"/demandes/{hers['number']}"), 200)
    booked = made(apart.mother.ask(apart.child, "mercredis", MINE))["demandes"][0]["number"]
    made(apart.mother.delete(f"/demandes/{booked}"), 200)
    situation = {"kind": "situation", "situation": "divorced"}
    made(apart.mother.post(f"/households/{apart.hers}/demandes", situation))
    assert all_he_reads(apart, asked["number"]) == before


def test_what_a_parent_reads_apart_is_tagged_with_what_it_shows_and_a_command_with_nothing(apart: Parents) -> None:
    path = f"/children/{apart.child}/calendar?week=2024-W13"
    first, again = apart.father.get(path), apart.father.get(path)
    assert first.headers["etag"] == again.headers["etag"]
    assert apart.father.get(path.replace("W13", "W15")).headers["etag"] != first.headers["etag"]
    asked = apart.father.ask(apart.child, "mercredis", OTHERS)
    number = made(asked)["demandes"][0]["number"]
    assert apart.father.get(path).headers["etag"] != first.headers["etag"]
    withdrawn = apart.father.delete(f"/demandes/{number}")
    assert not {"etag"} & (asked.headers.keys() | withdrawn.headers.keys())
    assert made(withdrawn, 200)["status"] == "retiree"
    version = apart.agent.get(f"/children/{apart.child}").headers["etag"]
    assert version == apart.agent.get(f"/demandes/{number}").headers["etag"]
    assert int(version.strip('"')) > 0


def test_a_parent_who_stands_apart_may_not_count_on_a_version(apart: Parents) -> None:
    number = made(apart.father.ask(apart.child, "mercredis", OTHERS))["demandes"][0]["number"]
    tag = apart.father.get(f"/demandes/{number}").headers["etag"]
    for version in (tag, '"5"', '"5", "6"'):
        for answer in (
            apart.father.delete(f"/demandes/{number}", headers={"If-Match": version}),
            apart.father.ask(apart.child, "mercredis", "2024-03-13", headers={"If_Match": version}),
        ):
            [error] = refused(answer, "invalid_request", 422)["errors"]
            assert (error["in"], error["field"], error["code"]) == ("header", "If-Match", "not_expected")
    made(apart.father.delete(f"/demandes/{number}", headers={"If-Match": "*"}), 200)
    version = apart.agent.get(f"/children/{apart.child}").headers["etag"]
    counter = {"counter": {"household": apart.his}}
    made(apart.agent.ask(apart.child, "mercredis", OTHERS, headers={"If_Match": version}, **counter))


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
