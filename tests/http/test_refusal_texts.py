"""A refusal says what a family needs: a sentence for every code, the units it is about, the demande it concerns."""

import re

import pytest

from api import french
from tests.http.world import World, box, made, refused

WEDNESDAY = "2024-03-27"


@pytest.mark.parametrize("code", sorted(french.TITLES))
def test_every_published_code_has_a_sentence_of_its_own(code: str) -> None:
    sentence = french.DETAILS[code]
    assert re.fullmatch(r"[A-ZÀ-Ý].*\.", sentence)
    assert french.detail(code) == sentence != french.UNEXPLAINED


def test_a_conflict_says_with_which_unit(world: World) -> None:
    parent, child = world.family("parent-1", "mercredis")
    made(parent.ask(child, "mercredis", f"{WEDNESDAY} matinee"))
    said = refused(parent.ask(child, "mercredis", WEDNESDAY), "unit_conflict")
    [error] = said["errors"]
    assert error["units"] == ["matinee"]
    assert said["detail"] == error["detail"] == "Incompatible avec Matinée le mercredi 27 mars 2024."
    assert said["article"] == error["article"] == "4.2"


def test_a_conflict_with_several_units_names_each(world: World) -> None:
    parent, child = world.family("parent-1", "vacances")
    world.clock.set("2024-03-10 12:00")
    [error] = refused(parent.ask(child, "vacances", "2024-04-10 navette"), "unit_required")["errors"]
    assert (error["units"], error["detail"]) == (["journee"], "Réservez aussi Journée le mercredi 10 avril 2024.")


def test_giving_up_what_another_unit_needs_says_which(world: World) -> None:
    parent, child = world.family("parent-1", "etude")
    made(parent.ask(child, "etude", "2024-03-25 gouter", "2024-03-25 etude"))
    asked = {"child": child, "activity": "etude", "cancel": [box("2024-03-25 gouter")]}
    [error] = refused(parent.post("/demandes", asked), "unit_required")["errors"]
    assert (error["units"], error["detail"]) == (["etude"], "Annulez aussi Étude le lundi 25 mars 2024.")
    [foreseen] = made(parent.post("/demandes/preview", asked), 200)["errors"]
    assert foreseen == error


def test_what_is_not_open_yet_says_when_it_opens_and_not_when_it_ends(world: World) -> None:
    parent, child = world.family("parent-1", "vacances")
    [error] = refused(parent.ask(child, "vacances", "2024-04-10"), "not_open_yet")["errors"]
    assert error["detail"] == (
        "Pour le mercredi 10 avril 2024, les réservations ouvrent le dimanche 3 mars 2024 à 20 h."
    )
    assert error["opens_at"] < error["deadline"]


def test_a_queue_of_which_nothing_can_be_decided_still_names_each_demande(world: World) -> None:
    parent, child = world.family("parent-1", "mercredis")
    numbers = [made(parent.ask(child, "mercredis", day))["demandes"][0]["number"] for day in (WEDNESDAY, "2024-04-03")]
    made(world.agent.post(f"/demandes/{numbers[0]}/decision", {"approve": "all"}), 200)
    decisions = [{"number": numbers[0], "approve": "all"}, {"number": numbers[1], "approve": "none"}]
    said = refused(world.agent.post("/decisions", {"decisions": decisions}), "already_decided")
    assert [(error["number"], error["code"]) for error in said["errors"]] == [
        (numbers[0], "already_decided"),
        (numbers[1], "reason_required"),
    ]
    assert all(error["detail"] and error["title"] and "day" not in error for error in said["errors"])


def test_a_decision_refused_names_its_demande(world: World) -> None:
    parent, child = world.family("parent-1", "mercredis")
    number = made(parent.ask(child, "mercredis", WEDNESDAY))["demandes"][0]["number"]
    path = f"/demandes/{number}/decision"
    [error] = refused(world.agent.post(path, {"approve": "none"}), "reason_required", 422)["errors"]
    assert error["number"] == number
    other = {"approve": [box("2024-06-05 journee")], "reason": "autre"}
    [error] = refused(world.agent.post(path, other), "not_in_demande", 422)["errors"]
    assert (error["number"], error["day"]) == (number, "2024-06-05")
    made(world.agent.post(path, {"approve": "all"}), 200)
    [error] = refused(world.agent.post(path, {"approve": "all"}), "already_decided")["errors"]
    assert error["number"] == number


def test_a_conflict_found_when_deciding_says_with_which_unit(world: World) -> None:
    parent, child = world.family("parent-1", "etude", "cantine")
    answer = parent.ask(child, "cantine", "2024-01-22 panier", "2024-01-22 repas")
    [error] = refused(answer, "unit_conflict")["errors"]
    assert error["detail"].startswith("Incompatible avec ")
