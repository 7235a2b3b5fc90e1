"""Of an absence the other parent declared, a parent of alternating custody is told nothing, in no code or sentence."""

import pytest

from tests.http.parents import Parents, two_homes, whole
from tests.http.world import World, box, made, refused

MEAL = "2024-01-23"
"""A Tuesday that the mother booked, before custody was said."""
DEAF = ("absen", "declared")


@pytest.fixture
def parents(world: World) -> Parents:
    """A meal of hers that the child will not eat, then custody from another week on."""
    parents = two_homes(world)
    made(parents.mother.ask(parents.child, "cantine", MEAL))
    world.clock.set("2024-01-24 10:00")
    made(parents.mother.post("/demandes", absence(parents)))
    weeks = {"even_weeks": parents.hers, "odd_weeks": parents.his}
    made(parents.state(kind="alternating", first_day="2024-02-05", **weeks))
    return parents


def absence(parents: Parents) -> dict[str, object]:
    asked = {"child": parents.child, "activity": "cantine", "kind": "absence", "reason": "sortie"}
    return {**asked, "absent": [box(f"{MEAL} repas")]}


def given_up(parents: Parents) -> dict[str, object]:
    return {"child": parents.child, "activity": "cantine", "cancel": [box(f"{MEAL} repas")]}


def told(parents: Parents) -> tuple[str | None, list[str]]:
    """What the calendar, the preview and the decision tell the father about the meal, who must agree."""
    calendar = parents.father.get(f"/children/{parents.child}/calendar", from_=MEAL, to=MEAL)
    previewed = parents.father.post("/demandes/preview", given_up(parents))
    decided = parents.father.post("/demandes", given_up(parents))
    for answer in (calendar, previewed, decided):
        said = whole(answer).replace('"absence":null', "").lower()
        assert not [word for word in DEAF if word in said], answer.text
    [seen] = [day for day in made(calendar, 200)["days"] if day["unit"] == "repas"]
    assert (seen["state"], seen["absence"]) == ("reserved", None)
    return seen["code"], [made(previewed, 200)["errors"][0]["code"], decided.json()["code"]]


def test_an_absence_of_the_other_parent_is_in_no_code(parents: Parents) -> None:
    assert told(parents) == ("deadline_passed", ["deadline_passed"] * 2)


def test_an_absence_of_the_other_parent_is_in_no_code_when_the_day_becomes_one_s_own(parents: Parents) -> None:
    made(parents.state(kind="exception", first_day=MEAL, last_day=MEAL, household=parents.his))
    assert told(parents) == ("deadline_passed", ["deadline_passed"] * 2)


def test_a_day_that_could_still_be_given_up_is_settled(parents: Parents) -> None:
    parents.world.clock.set("2024-01-16 10:00")
    assert told(parents) == ("day_settled", ["day_settled"] * 2)
    assert parents.days(parents.father, from_=MEAL, to=MEAL)[MEAL, "repas"]["title"] == "Jour déjà traité"


def test_an_absence_that_the_other_parent_declared_is_not_declared_again(parents: Parents) -> None:
    said = refused(parents.father.post("/demandes", absence(parents)), "day_settled")
    assert "bsen" not in said["detail"]
    asked = {**absence(parents), "reason": "maladie"}
    assert "bsen" not in refused(parents.father.post("/demandes", asked), "document_required")["code"]


def test_an_agent_who_sets_the_deadline_aside_is_told_what_stands(parents: Parents) -> None:
    counter = {"household": parents.his, "derogation": "urgence", "approve": True}
    refused(parents.agent.post("/demandes", {**given_up(parents), "counter": counter}), "already_declared")


def test_who_declared_the_absence_is_told_so(parents: Parents) -> None:
    refused(parents.mother.post("/demandes", given_up(parents)), "already_declared")
    refused(parents.mother.post("/demandes", absence(parents)), "already_declared")
