"""Two parents, two accounts, one child: whose day it is, and what neither sees of the other."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.http.parents import MINE, OTHERS, PROOF, Parents, two_homes, whole
from tests.http.world import World, box, made, refused


@pytest.fixture
def parents(world: World) -> Parents:
    return two_homes(world)


@pytest.fixture
def apart(parents: Parents) -> Parents:
    """Even weeks hers, odd weeks his."""
    parents.alternate()
    return parents


def numbers(value: Any) -> Iterator[int]:
    """Every number of a demande an answer holds, at any depth."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in ("number", "demande") and inner is not None:
                yield inner
            yield from numbers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from numbers(inner)


# Two households ------------------------------------------------------------------------------------------------------


def test_a_child_joins_a_second_household_and_each_parent_is_told_of_their_own(parents: Parents) -> None:
    said = {"child": parents.child, "households": [parents.hers, parents.his]}
    other = parents.world.household("mother-2")
    answer = parents.agent.post(f"/children/{parents.child}/households", {"household": other})
    assert refused(answer, "too_many_households")
    assert made(parents.agent.delete(f"/children/{parents.child}/households/{parents.his}"), 200) == {
        **said,
        "households": [parents.hers],
    }
    refused(parents.father.get(f"/children/{parents.child}"), "not_found", 404)
    assert made(parents.agent.post(f"/children/{parents.child}/households", {"household": parents.his})) == said
    for who, own in ((parents.mother, parents.hers), (parents.father, parents.his)):
        read = made(who.get(f"/children/{parents.child}"), 200)
        assert (read["household"], read["households"], read["custody"]) == (own, [own], False)
    read = made(parents.agent.get(f"/children/{parents.child}"), 200)
    assert sorted(read["households"]) == sorted([parents.hers, parents.his])


def test_without_custody_both_parents_act_on_everything_and_read_everything(parents: Parents) -> None:
    [asked] = made(parents.mother.ask(parents.child, "mercredis", OTHERS))["demandes"]
    number = asked["number"]
    assert made(parents.father.get(f"/demandes/{number}"), 200) == asked
    assert [row["number"] for row in made(parents.father.get("/demandes"), 200)["demandes"]] == [number]
    seen = parents.days(parents.father, month="2024-03")[OTHERS, "journee"]
    assert (seen["demande"], seen["custody"]) == (number, None)
    made(parents.father.delete(f"/demandes/{number}"), 200)


def test_without_custody_the_page_of_a_household_stays_its_own(parents: Parents) -> None:
    for path in ("", "/guardians", "/custody"):
        refused(parents.father.get(f"/households/{parents.hers}{path}"), "not_found", 404)
        assert made(parents.mother.get(f"/households/{parents.hers}{path}"), 200)


# Whose day it is -----------------------------------------------------------------------------------------------------


def test_each_parent_reserves_and_cancels_their_own_days(apart: Parents) -> None:
    made(apart.mother.ask(apart.child, "mercredis", MINE))
    made(apart.father.ask(apart.child, "mercredis", OTHERS))
    said = refused(apart.father.ask(apart.child, "mercredis", MINE), "custody")
    assert said["title"] == "Jour de garde de l'autre responsable"
    assert said["detail"] == "Le mercredi 3 avril 2024 est un jour de garde de l'autre responsable."
    cancelled = {"child": apart.child, "activity": "mercredis", "cancel": [box(f"{MINE} journee")]}
    refused(apart.father.post("/demandes", cancelled), "custody")


def test_a_greyed_day_and_a_refused_day_never_disagree(apart: Parents) -> None:
    made(apart.father.ask(apart.child, "cantine", "2024-01-29"))
    for who in (apart.mother, apart.father):
        for (day, unit), seen in apart.days(who, from_="2024-01-22", to="2024-02-09").items():
            asked = {"child": apart.child, "activity": seen["activity"]}
            what = "reserve" if seen["state"] == "free" else "cancel"
            said = made(who.post("/demandes/preview", {**asked, what: [box(f"{day} {unit}")]}), 200)
            assert said["possible"] == seen["editable"], (day, unit)
            assert [error["code"] for error in said["errors"]] == ([seen["code"]] if seen["code"] else [])


def test_the_calendar_tells_a_parent_mine_or_other_and_staff_which_household(apart: Parents) -> None:
    expected = {apart.mother: ("mine", "other"), apart.father: ("other", "mine")}
    for who, (even, odd) in expected.items():
        seen = apart.days(who, from_=OTHERS, to=MINE)
        assert (seen[MINE, "journee"]["custody"], seen[OTHERS, "journee"]["custody"]) == (even, odd)
        codes = {seen[day, "journee"]["custody"]: seen[day, "journee"]["code"] for day in (MINE, OTHERS)}
        assert codes == {"mine": None, "other": "custody"}
    for role in ("agent", "auditor"):
        seen = apart.days(apart.world.who(role), from_=OTHERS, to=MINE)
        assert (seen[MINE, "journee"]["custody"], seen[OTHERS, "journee"]["custody"]) == (apart.hers, apart.his)
        assert seen[MINE, "journee"]["editable"]
        assert seen[OTHERS, "journee"]["editable"]


def test_a_guardian_of_both_households_acts_through_either(apart: Parents) -> None:
    made(apart.agent.post(f"/households/{apart.his}/guardians", {"subject": "mother-1"}))
    for day in (MINE, OTHERS):
        made(apart.mother.ask(apart.child, "mercredis", day))
        assert apart.days(apart.mother, from_=day, to=day)[day, "journee"]["custody"] == "mine"


# What neither sees of the other --------------------------------------------------------------------------------------


def _booked(apart: Parents) -> set[int]:
    """What the father did: a Wednesday that waits, a meal that was reserved, and its absence with a reason."""
    [wednesday] = made(apart.father.ask(apart.child, "mercredis", OTHERS))["demandes"]
    [meal] = made(apart.father.ask(apart.child, "cantine", "2024-01-30"))["demandes"]
    apart.world.clock.set("2024-01-31 10:00")
    asked = {"child": apart.child, "activity": "cantine", "kind": "absence", "reason": "sortie"}
    [absence] = made(apart.father.post("/demandes", {**asked, "absent": [box("2024-01-30 repas")]}))["demandes"]
    return {wednesday["number"], meal["number"], absence["number"]}


def test_no_byte_of_an_answer_names_the_other_household_its_account_or_its_demandes(apart: Parents) -> None:
    his_numbers = _booked(apart)
    made(apart.agent.post(f"/households/{apart.his}/guardians"))
    guardians = made(apart.agent.get(f"/households/{apart.his}/guardians"), 200)["guardians"]
    secrets = {apart.his, apart.his[:8], "father-1", "agent-1", *(row["guardian"] for row in guardians)}
    child, mother = apart.child, apart.mother
    asked = {"child": child, "activity": "mercredis", "reserve": [box(f"{OTHERS} journee")]}
    taken = {"child": child, "activity": "mercredis", "cancel": [box(f"{OTHERS} journee")]}
    answers = [
        mother.get("/me"),
        mother.get(f"/children/{child}"),
        mother.get(f"/children/{child}/enrolments"),
        mother.get(f"/children/{child}/calendar", from_="2023-09-01", to="2024-07-05"),
        mother.get(f"/households/{apart.hers}"),
        mother.get(f"/households/{apart.hers}/custody"),
        mother.get("/demandes"),
        mother.get("/demandes", child=child),
        mother.get("/demandes", household=apart.his),
        mother.post("/demandes", asked),
        mother.post("/demandes", taken),
        mother.post("/demandes/preview", asked),
        mother.ask(child, "mercredis", MINE),
        *(mother.get(f"/demandes/{number}") for number in his_numbers),
        *(mother.delete(f"/demandes/{number}") for number in his_numbers),
        mother.get(f"/households/{apart.his}"),
        mother.get(f"/households/{apart.his}/custody"),
    ]
    for answer in answers:
        assert not [secret for secret in secrets if secret in whole(answer)], answer.request.url
        assert not his_numbers & set(numbers(answer.json())), answer.request.url
        assert "sortie" not in whole(answer)
    assert {answer.status_code for answer in answers[13:]} == {404}


def test_a_parent_sees_that_a_day_is_taken_and_not_by_whom(apart: Parents) -> None:
    _booked(apart)
    seen = apart.days(apart.mother, from_="2024-01-30", to="2024-03-27")
    meal, wednesday = seen["2024-01-30", "repas"], seen[OTHERS, "journee"]
    assert (meal["state"], wednesday["state"]) == ("reserved", "awaiting_add")
    for box_ in (meal, wednesday):
        assert (box_["demande"], box_["absence"], box_["late"], box_["surcharge"]) == (None, None, False, False)
        assert (box_["editable"], box_["code"]) == (False, "custody")
    seen = apart.days(apart.father, from_="2024-01-30", to="2024-03-27")
    assert seen["2024-01-30", "repas"]["absence"] == "declared"
    assert seen[OTHERS, "journee"]["demande"] is not None


def test_who_gives_up_a_day_the_other_booked_reads_their_own_number_and_not_the_others(parents: Parents) -> None:
    [booked] = made(parents.mother.ask(parents.child, "mercredis", OTHERS))["demandes"]
    made(parents.agent.post(f"/demandes/{booked['number']}/decision", {"approve": "all"}), 200)
    parents.alternate()
    asked = {"child": parents.child, "activity": "mercredis", "cancel": [box(f"{OTHERS} journee")]}
    [given_up] = made(parents.father.post("/demandes", asked))["demandes"]
    shown = [
        parents.days(who, from_=OTHERS, to=OTHERS)[OTHERS, "journee"]["demande"]
        for who in (parents.mother, parents.father)
    ]
    assert shown == [None, given_up["number"]]
    refused(parents.father.get(f"/demandes/{booked['number']}"), "not_found", 404)
    assert made(parents.mother.get(f"/demandes/{booked['number']}"), 200)["number"] == booked["number"]


def test_what_was_hidden_stays_hidden_once_custody_ended(apart: Parents) -> None:
    his_numbers = _booked(apart)
    made(apart.state(kind="end", first_day="2023-09-01"))
    assert not his_numbers & set(numbers(made(apart.mother.get("/demandes"), 200)))
    calendar = made(apart.mother.get(f"/children/{apart.child}/calendar", month="2024-03"), 200)
    assert not set(numbers(calendar))
    assert {day["custody"] for day in calendar["days"]} == {None}
    refused(apart.mother.ask(apart.child, "mercredis", OTHERS), "already_awaiting")


# Authority that was withdrawn ----------------------------------------------------------------------------------------


def test_a_parent_whose_authority_was_withdrawn_sees_and_does_nothing_from_that_instant(apart: Parents) -> None:
    father, child = apart.father, apart.child
    asked = {"child": child, "activity": "mercredis", "reserve": [box(f"{OTHERS} journee")]}
    [booked] = made(father.post("/demandes", asked, key="before"))["demandes"]
    assert father.post("/demandes", asked, key="before").headers["idempotency-hit"] == "true"
    [guardian] = made(apart.agent.get(f"/households/{apart.his}/guardians"), 200)["guardians"]
    path = f"/households/{apart.his}/guardians/{guardian['guardian']}/suspension"
    made(apart.agent.post(path, {"scope": "guardian", "reason": "authority_withdrawn"}), 200)
    answers = [
        father.get(f"/children/{child}"),
        father.get(f"/children/{child}/enrolments"),
        father.get(f"/children/{child}/calendar", month="2024-03"),
        father.get(f"/households/{apart.his}"),
        father.get(f"/households/{apart.his}/custody"),
        father.get(f"/demandes/{booked['number']}"),
        father.delete(f"/demandes/{booked['number']}"),
        father.post("/demandes", asked),
        father.post("/demandes", asked, key="before"),
        father.post("/demandes/preview", asked),
    ]
    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert len({answer.json()["code"] for answer in answers}) == 1
    assert not [answer for answer in answers if child in whole(answer) or "idempotency-hit" in answer.headers]
    assert made(father.get("/demandes"), 200)["demandes"] == []
    said = made(father.get("/me"), 200)
    assert (said["children"], said["households"]) == ([], [])
    made(apart.agent.delete(path), 200)
    assert father.post("/demandes", asked, key="before").headers["idempotency-hit"] == "true"


# At the counter ------------------------------------------------------------------------------------------------------


def test_an_agent_acts_for_the_household_whose_days_they_are_or_says_which(apart: Parents) -> None:
    made(apart.agent.ask(apart.child, "mercredis", OTHERS))
    assert len(made(apart.father.get("/demandes"), 200)["demandes"]) == 1
    assert made(apart.mother.get("/demandes"), 200)["demandes"] == []
    both = ("2024-03-20", "2024-03-13")
    refused(apart.agent.ask(apart.child, "mercredis", *both), "household_required", 422)
    refused(
        apart.agent.post(
            "/demandes/preview",
            {"child": apart.child, "activity": "mercredis", "reserve": [box(day, "journee") for day in both]},
        ),
        "household_required",
        422,
    )
    said = refused(apart.agent.ask(apart.child, "mercredis", *both, counter={"household": apart.hers}), "custody")
    assert [error["day"] for error in said["errors"]] == ["2024-03-13"]
    made(apart.agent.ask(apart.child, "mercredis", *both, partial=True, counter={"household": apart.hers}))


def test_an_agent_acts_for_no_household_but_the_childs_and_a_parent_for_none_they_name(apart: Parents) -> None:
    elsewhere = apart.world.household("stranger-1")
    for household in (elsewhere, str(uuid4())):
        answer = apart.agent.ask(apart.child, "mercredis", MINE, counter={"household": household})
        refused(answer, "not_found", 404)
    refused(apart.mother.ask(apart.child, "mercredis", MINE, counter={"household": apart.hers}), "not_found", 404)


# What is said of custody ---------------------------------------------------------------------------------------------


def test_a_statement_is_answered_and_read_by_each_for_themselves(parents: Parents) -> None:
    said = parents.alternate(holidays={"even_years": parents.hers, "odd_years": parents.his})["statement"]
    assert (said["weeks"]["even"]["monday"], said["weeks"]["odd"]["sunday"]) == (parents.hers, parents.his)
    assert said["proof"] == {**PROOF, "seen_by": "agent-1"}
    for role in ("agent", "auditor"):
        read = made(parents.world.who(role).get(f"/households/{parents.his}/custody"), 200)
        assert read == {"household": parents.his, "children": [{"child": parents.child, "statements": [said]}]}
    read = made(parents.father.get(f"/households/{parents.his}/custody"), 200)
    [statement] = read["children"][0]["statements"]
    assert statement["weeks"]["even"]["monday"] == "other"
    assert statement["holidays"] == {"even_years": "other", "odd_years": "mine"}
    assert statement["proof"] == {**PROOF, "seen_by": None}
    assert statement["sentences"] == [
        (
            "À partir du vendredi 1er septembre 2023, semaines paires : dans l'autre foyer ; semaines impaires : "
            "chez vous."
        ),
        (
            "Vacances scolaires : première moitié dans l'autre foyer quand elles commencent une année paire, chez vous "
            "une année impaire, et l'inverse pour la seconde moitié."
        ),
        "Jugement vu le lundi 15 janvier 2024.",
    ]


def test_a_fixed_week_an_exception_and_the_end_are_said_in_french(parents: Parents) -> None:
    week = dict.fromkeys(("monday", "tuesday", "saturday", "sunday"), parents.hers)
    week |= dict.fromkeys(("wednesday", "thursday", "friday"), parents.his)
    other = {**week, "saturday": parents.his, "sunday": parents.his}
    weekly = {"kind": "alternating", "first_day": "2024-01-15", "weekly": week}
    made(parents.state(**weekly, holidays={"even_years": parents.his, "odd_years": parents.his}))
    made(parents.state(kind="alternating", first_day="2024-02-01", weeks={"even": week, "odd": other}))
    period = {"first_day": "2024-05-08", "last_day": "2024-05-12", "household": parents.his}
    made(parents.state(kind="exception", **period))
    made(parents.state(kind="exception", **{**period, "last_day": "2024-05-08"}))
    made(parents.state(kind="end", first_day="2024-06-01"))
    read = made(parents.mother.get(f"/households/{parents.hers}/custody"), 200)["children"][0]["statements"]
    assert [statement["kind"] for statement in read] == ["alternating", "alternating", "exception", "exception", "end"]
    assert read[2]["household"] == "other"
    assert [sentence for statement in read for sentence in statement["sentences"] if "Jugement" not in sentence] == [
        (
            "À partir du lundi 15 janvier 2024, chaque semaine : lundi et mardi chez vous, mercredi, jeudi et vendredi "
            "dans l'autre foyer, samedi et dimanche chez vous."
        ),
        "Vacances scolaires : première moitié dans l'autre foyer, seconde moitié chez vous.",
        (
            "À partir du jeudi 1er février 2024, semaines paires : lundi et mardi chez vous, mercredi, jeudi et "
            "vendredi dans l'autre foyer, samedi et dimanche chez vous ; semaines impaires : lundi et mardi chez "
            "vous, mercredi, jeudi, vendredi, samedi et dimanche dans l'autre foyer."
        ),
        "Vacances scolaires : comme les autres semaines.",
        "Du mercredi 8 mai 2024 au dimanche 12 mai 2024 : dans l'autre foyer.",
        "Le mercredi 8 mai 2024 : dans l'autre foyer.",
        "À partir du samedi 1er juin 2024, aucun jour n'est réservé à un seul foyer.",
    ]


def test_what_was_agreed_before_a_household_came_is_not_told_to_it(apart: Parents) -> None:
    made(apart.state(kind="end", first_day="2024-01-15"))
    made(apart.agent.delete(f"/children/{apart.child}/households/{apart.his}"), 200)
    third = apart.world.household("aunt-1")
    made(apart.agent.post(f"/children/{apart.child}/households", {"household": third}))
    aunt = apart.world.guardian("aunt-1")
    [read] = made(aunt.get(f"/households/{third}/custody"), 200)["children"]
    assert read["statements"] == []
    made(apart.state(kind="alternating", first_day="2024-02-01", even_weeks=third, odd_weeks=apart.hers))
    [read] = made(aunt.get(f"/households/{third}/custody"), 200)["children"]
    assert [statement["first_day"] for statement in read["statements"]] == ["2024-02-01"]


@pytest.mark.parametrize(
    "asked",
    [
        {"kind": "alternating"},
        {"kind": "alternating", "even_weeks": "hers"},
        {"kind": "alternating", "even_weeks": "hers", "odd_weeks": "his", "weekly": "week"},
        {"kind": "alternating", "even_weeks": "hers", "odd_weeks": "his", "last_day": "2024-03-01"},
        {"kind": "alternating", "even_weeks": "hers", "odd_weeks": "his", "household": "hers"},
        {"kind": "exception"},
        {"kind": "exception", "last_day": "2024-03-01"},
        {"kind": "exception", "last_day": "2024-03-01", "household": "hers", "weekly": "week"},
        {"kind": "end", "last_day": "2024-03-01"},
        {"kind": "end", "holidays": "halves"},
        {"kind": "end", "proof": None},
        {"kind": "shared"},
    ],
)
def test_a_statement_takes_exactly_one_form(parents: Parents, asked: dict[str, Any]) -> None:
    named = {"hers": parents.hers, "his": parents.his}
    named |= {
        "week": dict.fromkeys(WEEK, parents.hers),
        "halves": dict.fromkeys(("even_years", "odd_years"), parents.his),
    }
    body = {name: named.get(value, value) if isinstance(value, str) else value for name, value in asked.items()}
    refused(parents.state(first_day="2024-02-01", **body), "invalid_request", 422)


WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def test_what_is_wrong_with_a_statement_is_said(parents: Parents) -> None:
    alternating = {"kind": "alternating", "first_day": "2024-02-01"}
    refused(parents.state(kind="end", first_day="2024-02-01"), "custody_not_agreed")
    one = {**alternating, "even_weeks": parents.hers, "odd_weeks": parents.hers}
    refused(parents.state(**one), "custody_one_sided", 422)
    both = {**alternating, "even_weeks": parents.hers, "odd_weeks": parents.his}
    late = {"kind": "judgement", "seen_on": "2024-01-16"}
    said = refused(parents.state(**{**both, "proof": late}), "day_not_come")
    assert said["detail"] == "Le mardi 16 janvier 2024 n'est pas encore venu."
    elsewhere = parents.world.household("stranger-1")
    refused(parents.state(**{**both, "odd_weeks": elsewhere}), "not_found", 404)
    refused(parents.state(**{**both, "child": str(uuid4())}), "not_found", 404)
    answer = parents.agent.post(f"/households/{elsewhere}/custody", {"child": parents.child, "proof": PROOF, **both})
    refused(answer, "not_found", 404)
    for path in (f"/households/{uuid4()}/custody",):
        refused(parents.agent.get(path), "not_found", 404)


def test_custody_is_changed_by_agents_only(parents: Parents) -> None:
    asked = {"child": parents.child, "kind": "end", "first_day": "2024-02-01", "proof": PROOF}
    for who in (parents.mother, parents.father, *(parents.world.who(role) for role in ("auditor", "billing", "admin"))):
        refused(who.post(f"/households/{parents.hers}/custody", asked), "not_found", 404)
        refused(who.post(f"/children/{parents.child}/households", {"household": parents.his}), "not_found", 404)
        refused(who.delete(f"/children/{parents.child}/households/{parents.his}"), "not_found", 404)


def test_the_same_statement_under_the_same_key_is_recorded_once(parents: Parents) -> None:
    asked = {"child": parents.child, "kind": "alternating", "first_day": "2024-02-01", "proof": PROOF}
    asked |= {"even_weeks": parents.hers, "odd_weeks": parents.his}
    path = f"/households/{parents.hers}/custody"
    first, again = (parents.agent.post(path, asked, key="custody-1") for _ in range(2))
    assert (first.content, again.headers["idempotency-hit"]) == (again.content, "true")
    assert len(made(parents.agent.get(path), 200)["children"][0]["statements"]) == 1
