"""Quotients and enrolments that were asked for, and the one queue that decides them."""

from typing import Any
from uuid import uuid4

import pytest

from tests.http.formalities import BY_RULE, adopt, asks, decide, paper
from tests.http.world import Who, World, made, refused


@pytest.fixture
def household(world: World) -> str:
    return world.household("parent-1", "parent-2")


@pytest.fixture
def parent(world: World, household: str) -> Who:
    return world.guardian("parent-1")


# The quotient --------------------------------------------------------------------------------------------------------


def declared(parent: Who, household: str, amount_cents: int = 65_300) -> dict[str, Any]:
    return asks(parent, household, "quotient", amount_cents=amount_cents, source="caf", documents=[paper(parent)])


def test_a_quotient_counts_from_the_month_after_its_declaration(world: World, household: str, parent: Who) -> None:
    said = declared(parent, household)
    assert said["wanted"] == {"amount_cents": 65_300, "source": "caf"}
    assert made(parent.get(f"/households/{household}/quotients"), 200)["quotients"] == []
    world.clock.set("2024-02-20 09:00")
    decide(world, said)
    [row] = made(parent.get(f"/households/{household}/quotients"), 200)["quotients"]
    assert row == {
        "first_day": "2024-02-01",
        "amount_cents": 65_300,
        "source": "caf",
        "source_label": "Attestation de la CAF",
        "demande": said["number"],
        "regularisation": False,
        "decided_at": "2024-02-20T08:00:00Z",
    }


def test_an_agent_corrects_a_quotient_when_they_accept_it(world: World, household: str, parent: Who) -> None:
    said = declared(parent, household)
    decide(world, said, approve="all", quotient={"amount_cents": 56_300, "first_day": "2024-01-01"})
    [row] = made(world.who("billing").get(f"/households/{household}/quotients"), 200)["quotients"]
    assert (row["amount_cents"], row["first_day"]) == (56_300, "2024-01-01")
    assert made(parent.get(f"/demandes/{said['number']}"), 200)["wanted"]["amount_cents"] == 65_300


def test_an_agent_records_a_quotient_without_a_demande(world: World, household: str, parent: Who) -> None:
    path = f"/households/{household}/quotients"
    said = made(world.agent.post(path, {"amount_cents": 0, "source": "tax_notice", "first_day": "2024-01-01"}))
    assert (said["demande"], said["source_label"]) == (None, "Avis d'imposition")
    made(world.agent.post(path, {"amount_cents": 9_999_999, "source": "msa", "first_day": "2024-02-01"}))
    assert [row["amount_cents"] for row in made(parent.get(path), 200)["quotients"]] == [9_999_999, 0]
    body = {"amount_cents": 1, "source": "caf", "first_day": "2024-01-01"}
    for who in (parent, world.who("billing"), world.who("auditor")):
        refused(who.post(path, body), "not_found", 404)
    refused(world.agent.post(f"/households/{uuid4()}/quotients", body), "not_found", 404)
    refused(world.agent.get(f"/households/{uuid4()}/quotients"), "not_found", 404)


def test_a_quotient_goes_back_on_a_month_only_when_the_town_says_so(world: World, household: str, parent: Who) -> None:
    path, body = f"/households/{household}/quotients", {"amount_cents": 1, "source": "caf", "first_day": "2023-12-31"}
    refused(world.agent.post(path, body), "quotient_retroactive", 422)
    assert made(world.agent.post(path, {**body, "regularisation": True}))["regularisation"] is True
    [row] = made(parent.get(path), 200)["quotients"]
    assert (row["first_day"], row["regularisation"]) == ("2023-12-31", True)
    said, quotient = declared(parent, household), {"first_day": "2023-12-01"}
    decision = f"/demandes/{said['number']}/decision"
    refused(world.agent.post(decision, {"approve": "all", "quotient": quotient}), "quotient_retroactive", 422)
    made(world.agent.post(decision, {"approve": "all", "quotient": {**quotient, "regularisation": True}}), 200)


# Tariffs -------------------------------------------------------------------------------------------------------------


def test_an_agent_says_where_a_household_lives_and_what_its_scheme_is(
    world: World, household: str, parent: Who
) -> None:
    path, body = f"/households/{household}/tariff-status", {"residence": "town", "regime": "caf"}
    assert made(parent.get(path), 200) == {"household": household, "statuses": []}
    made(world.agent.post(path, {**body, "first_day": "2023-09-01"}))
    said = made(world.agent.post(path, {"residence": "outside", "regime": "msa", "first_day": "2024-02-01"}))
    assert (said["residence_label"], said["regime_label"]) == ("Habite hors de la commune", "MSA")
    assert made(world.who("billing").get(path), 200)["statuses"][0] == said
    assert [row["regime"] for row in made(parent.get(path), 200)["statuses"]] == ["msa", "caf"]
    for who in (parent, world.who("billing"), world.who("auditor")):
        refused(who.post(path, {**body, "first_day": "2024-02-01"}), "not_found", 404)
    refused(
        world.agent.post(f"/households/{uuid4()}/tariff-status", {**body, "first_day": "2024-02-01"}), "not_found", 404
    )
    refused(world.agent.post(path, {**body, "residence": "moon", "first_day": "2024-02-01"}), "invalid_request", 422)


def test_an_agent_says_that_a_child_brings_its_meal(world: World, household: str, parent: Who) -> None:
    child = world.child(household, "cantine")
    path, body = f"/children/{child}/meals", {"activity": "cantine", "brought": True, "first_day": "2024-02-01"}
    said = made(world.agent.post(path, body))
    assert {**body, "decided_at": said["decided_at"]} == said
    made(world.agent.post(path, {**body, "brought": False, "first_day": "2024-03-01"}))
    found = made(parent.get(path), 200)
    assert [(row["brought"], row["first_day"]) for row in found["meals"]] == [
        (False, "2024-03-01"),
        (True, "2024-02-01"),
    ]
    for who in (parent, world.who("billing"), world.who("auditor")):
        refused(who.post(path, body), "not_found", 404)
    refused(world.guardian("parent-elsewhere").get(path), "not_found", 404)
    refused(world.agent.post(path, {**body, "activity": "piscine"}), "unknown_activity", 422)
    refused(world.agent.post(f"/children/{uuid4()}/meals", body), "not_found", 404)


def test_a_correction_goes_with_what_the_demande_is_about(world: World, household: str, parent: Who) -> None:
    said = asks(parent, household, "situation", situation="married")
    path, quotient = f"/demandes/{said['number']}/decision", {"amount_cents": 1}
    refused(world.agent.post(path, {"approve": "all", "quotient": quotient}), "correction_not_expected", 422)
    refused(world.agent.post(path, {"approve": "none", "reason": "humeur"}), "unknown_reason", 422)
    refused(world.agent.post(path, {"approve": "none"}), "reason_required", 422)
    days = [{"day": "2024-03-27", "unit": "journee"}]
    refused(world.agent.post(path, {"approve": days, "reason": "autre"}), "not_in_demande", 422)
    assert made(parent.get(f"/demandes/{said['number']}"), 200)["status"] == "en_cours"


# Enrolments ----------------------------------------------------------------------------------------------------------

WANTED = {"kind": "enrolment", "activity": "cantine", "first_day": "2024-01-15", "last_day": "2024-07-05"}


def test_a_child_is_enrolled_once_the_town_accepts_where_the_town_says(
    world: World, household: str, parent: Who
) -> None:
    child = world.child(household)
    [said] = made(parent.post(f"/children/{child}/demandes", {**WANTED, "site": "centre"}))["demandes"]
    assert (said["kind"], said["child"], said["household"]) == ("enrolment", child, None)
    assert said["wanted"]["site"] == "centre"
    assert made(parent.get(f"/children/{child}/enrolments"), 200)["enrolments"] == []
    refused(parent.post(f"/children/{child}/demandes", {**WANTED, "site": "prairie"}), "already_awaiting")
    decide(world, said, approve="all", enrolment={"site": "prairie", "first_day": "2024-02-01"})
    [row] = made(parent.get(f"/children/{child}/enrolments"), 200)["enrolments"]
    assert (row["site"], row["first_day"], row["last_day"]) == ("prairie", "2024-02-01", "2024-07-05")
    made(parent.ask(child, "cantine", "2024-02-05"))


def test_an_enrolment_the_town_could_not_do_itself_is_not_asked_for(world: World, household: str, parent: Who) -> None:
    child = world.child(household, "mercredis")
    path = f"/children/{child}/demandes"
    refused(parent.post(path, WANTED), "unknown_site", 422)
    refused(parent.post(path, {**WANTED, "activity": "poney"}), "unknown_activity", 422)
    refused(parent.post(path, {**WANTED, "site": "centre", "last_day": "2023-12-01"}), "period_reversed", 422)
    enrolled = {**WANTED, "activity": "mercredis", "group": "grands"}
    refused(parent.post(path, enrolled), "already_enrolled")
    refused(world.guardian("parent-8").post(path, {**WANTED, "site": "centre"}), "not_found", 404)
    refused(parent.post(path, {**WANTED, "site": "centre", "household": world.household("parent-7")}), "not_found", 404)


def test_what_changed_since_is_seen_when_an_enrolment_is_accepted(world: World, household: str, parent: Who) -> None:
    child = world.child(household)
    [said] = made(parent.post(f"/children/{child}/demandes", {**WANTED, "site": "centre"}))["demandes"]
    world.enrol(child, "cantine")
    refused(world.agent.post(f"/demandes/{said['number']}/decision", {"approve": "all"}), "already_enrolled")
    assert decide(world, said, approve="none", reason="autre")["status"] == "traitee_negativement"


def test_an_enrolment_is_done_at_once_where_the_rule_says_so(world: World, household: str, parent: Who) -> None:
    adopt(world, BY_RULE)
    child = world.child(household)
    [said] = made(parent.post(f"/children/{child}/demandes", {**WANTED, "site": "centre"}))["demandes"]
    assert said["status"] == "traitee_positivement"
    assert len(made(parent.get(f"/children/{child}/enrolments"), 200)["enrolments"]) == 1


# The queue -----------------------------------------------------------------------------------------------------------


def test_one_queue_decides_what_a_family_asked_for_its_children_and_for_itself(
    world: World, household: str, parent: Who
) -> None:
    first, second = world.child(household, "mercredis"), world.child(household)
    days = made(parent.ask(first, "mercredis", "2024-03-27"))["demandes"][0]
    enrolment = made(parent.post(f"/children/{second}/demandes", {**WANTED, "site": "centre"}))["demandes"][0]
    situation = asks(parent, household, "situation", situation="married")
    quotient = declared(parent, household)
    queue = made(world.agent.get("/demandes", status="en_cours", order="oldest"), 200)["demandes"]
    assert [row["kind"] for row in queue] == ["reservation", "enrolment", "situation", "quotient"]
    decisions = [
        {"number": days["number"], "approve": "all"},
        {"number": enrolment["number"], "approve": "all"},
        {"number": situation["number"], "approve": "none", "reason": "autre"},
        {"number": quotient["number"], "approve": "all", "quotient": {"amount_cents": 1}},
        {"number": quotient["number"], "approve": "all"},
    ]
    said = made(world.agent.post("/decisions", {"decisions": decisions}), 200)
    assert {row["kind"]: row["status"] for row in said["demandes"]} == {
        "reservation": "traitee_positivement",
        "enrolment": "traitee_positivement",
        "situation": "traitee_negativement",
        "quotient": "traitee_positivement",
    }
    assert [(left["number"], left["code"]) for left in said["left_out"]] == [(quotient["number"], "already_decided")]
    assert len(made(parent.get(f"/children/{second}/enrolments"), 200)["enrolments"]) == 1
    assert made(parent.get(f"/households/{household}/quotients"), 200)["quotients"][0]["amount_cents"] == 1


def test_a_demande_of_a_household_has_the_version_of_its_page(world: World, household: str, parent: Who) -> None:
    answer = parent.post(f"/households/{household}/demandes", {"kind": "situation", "situation": "single"})
    [said] = made(answer)["demandes"]
    read = world.agent.get(f"/demandes/{said['number']}")
    assert read.headers["etag"] == answer.headers["etag"]
    path = f"/demandes/{said['number']}/decision"
    refused(world.agent.post(path, {"approve": "all"}, If_Match='"1"'), "version_changed", 412)
    made(world.agent.post(path, {"approve": "all"}, If_Match=read.headers["etag"]), 200)


# Two households ------------------------------------------------------------------------------------------------------

PROOF = {"kind": "judgement", "seen_on": "2024-01-15"}


def shared(world: World, household: str) -> tuple[str, str]:
    """A child of two households, and the second one."""
    child, second = world.child(household, "mercredis"), world.household("parent-3")
    made(world.agent.post(f"/children/{child}/households", {"household": second}))
    return child, second


def test_both_parents_of_a_child_follow_its_enrolment_and_only_the_one_who_asks_names_papers(
    world: World, household: str, parent: Who
) -> None:
    child, _ = shared(world, household)
    other = world.guardian("parent-3")
    path = f"/children/{child}/demandes"
    wanted = {**WANTED, "site": "centre"}
    refused(other.post(path, {**wanted, "documents": [paper(parent)]}), "unknown_document", 422)
    [said] = made(other.post(path, {**wanted, "documents": [paper(other)]}))["demandes"]
    assert made(parent.get(f"/demandes/{said['number']}"), 200)["wanted"]["activity"] == "cantine"
    made(parent.delete(f"/demandes/{said['number']}"), 200)


def test_under_an_alternating_custody_a_household_follows_its_own_demandes_only(
    world: World, household: str, parent: Who
) -> None:
    child, second = shared(world, household)
    weeks = {"even_weeks": household, "odd_weeks": second}
    said = {"kind": "alternating", "first_day": "2023-09-01", "child": child, "proof": PROOF, **weeks}
    made(world.agent.post(f"/households/{household}/custody", said))
    other = world.guardian("parent-3")
    [enrolment] = made(other.post(f"/children/{child}/demandes", {**WANTED, "site": "centre"}))["demandes"]
    situation = asks(parent, household, "situation", situation="separated")
    refused(parent.get(f"/demandes/{enrolment['number']}"), "not_found", 404)
    refused(other.get(f"/demandes/{situation['number']}"), "not_found", 404)
    refused(parent.delete(f"/demandes/{enrolment['number']}"), "not_found", 404)
    assert [row["kind"] for row in made(parent.get("/demandes"), 200)["demandes"]] == ["situation"]
    assert [row["kind"] for row in made(other.get("/demandes"), 200)["demandes"]] == ["enrolment"]
    body = {"kind": "enrolment", **{name: WANTED[name] for name in ("first_day", "last_day")}, "activity": "cantine"}
    refused(
        parent.post(f"/children/{child}/demandes", {**body, "household": second, "site": "centre"}), "not_found", 404
    )


def test_an_agent_says_which_household_asks(world: World, household: str) -> None:
    child, second = shared(world, household)
    document = paper(world.guardian("parent-3"))
    wanted = {**WANTED, "site": "centre", "documents": [document], "household": second}
    [said] = made(world.agent.post(f"/children/{child}/demandes", wanted))["demandes"]
    assert said["origin"] == "counter"
    [row] = made(world.agent.get("/demandes", household=second), 200)["demandes"]
    assert row["number"] == said["number"]
