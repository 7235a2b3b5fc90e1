"""What days would cost, told before they are asked for: the arithmetic of billing, and nothing is written."""

import pytest

from tests.http.billing_town import TARIFFS, billing_town, meal, price, quotient, simulated
from tests.http.parents import two_homes
from tests.http.world import World, made, refused

MONDAY, TUESDAY, WEDNESDAY, HOLIDAY = "2024-01-22", "2024-01-23", "2024-01-24", "2024-02-12"


@pytest.fixture
def town(service: World) -> World:
    return billing_town(service)


def family(town: World, cents: int | None = 65_000) -> tuple[str, str]:
    household = town.household("parent-1")
    if cents is not None:
        quotient(town, household, cents)
    return household, town.child(household, "cantine", "mercredis")


def test_days_cost_what_the_quotient_of_the_household_makes_them_cost(town: World) -> None:
    _, child = family(town)
    said = price(town.guardian(), meal(child, MONDAY, TUESDAY))["price"]
    [line] = said["lines"]
    assert (said["total_cents"], said["complete"]) == (654, True)
    assert (line["unit_price_cents"], line["quantity"], line["amount_cents"], line["article"]) == (327, 2, 654, "7.1")
    assert [day["day"] for day in line["days"]] == [MONDAY, TUESDAY]
    assert line["quotient"]["amount_cents"] == 65_000
    assert [step["kind"] for step in line["arithmetic"]] == ["tariff", "quotient", "bracket", "price"]
    assert said["sentences"] == [
        "Cantine, repas : 2 × 3,27\u00a0€ = 6,54\u00a0€.",
        "Pour le service des lundi 22 et mardi 23 janvier 2024.",
        "Quotient familial : 650\u00a0€ (CAF), valable depuis le 1er septembre 2023.",
        "Tranche à partir de 600\u00a0€.",
        "Prix : 3,27\u00a0€.",
        "Tarif « Repas » : article 7.1 du règlement 2023-09.",
        "Total : 6,54\u00a0€.",
    ]


def test_another_quotient_may_be_supposed(town: World) -> None:
    _, child = family(town)
    said = price(town.guardian(), meal(child, MONDAY, quotient_cents=120_000))["price"]
    assert said["total_cents"] == 450
    assert said["lines"][0]["quotient"] == {
        "amount_cents": 120_000,
        "source": None,
        "source_label": None,
        "first_day": None,
        "line": None,
        "supposed": True,
    }
    assert "Quotient familial supposé : 1\u202f200\u00a0€." in said["sentences"]


def test_a_missing_quotient_is_told_and_never_guessed(town: World) -> None:
    _, child = family(town, None)
    said = price(town.guardian(), meal(child, MONDAY))["price"]
    assert (said["total_cents"], said["complete"], said["lines"]) == (0, False, [])
    [missing] = said["missing"]
    assert (missing["why"], missing["why_label"], missing["day"]) == ("quotient", "Quotient familial manquant", MONDAY)
    assert said["sentences"] == ["Prix incomplet : quotient familial manquant."]


def test_a_typical_month_has_the_days_the_unit_is_offered_on(town: World) -> None:
    _, child = family(town)
    asked = {"child": child, "activity": "cantine", "month": "2024-02", "unit": "repas"}
    said = price(town.guardian(), {**asked, "weekdays": ["monday", "thursday"]})["price"]
    days = [day["day"] for day in said["lines"][0]["days"]]
    assert days == ["2024-02-01", "2024-02-05", "2024-02-08", "2024-02-26", "2024-02-29"]
    assert said["total_cents"] == 5 * 327


def test_a_day_that_is_reserved_already_costs_what_it_costs(town: World) -> None:
    _, child = family(town)
    made(town.guardian().ask(child, "cantine", MONDAY))
    assert price(town.guardian(), meal(child, MONDAY))["price"]["total_cents"] == 327


def test_a_preview_writes_nothing(town: World) -> None:
    _, child = family(town)
    before = town.agent.get(f"/children/{child}").headers["ETag"]
    price(town.guardian(), meal(child, MONDAY))
    assert town.agent.get(f"/children/{child}").headers["ETag"] == before


def test_a_day_that_cannot_be_had_is_left_out_with_its_reason(town: World) -> None:
    _, child = family(town)
    made(town.agent.post("/closures", {"day": TUESDAY, "reason": "greve", "activity": "cantine"}))
    said = price(town.guardian(), meal(child, MONDAY, TUESDAY, WEDNESDAY))
    assert said["price"]["total_cents"] == 327
    assert [(each["day"], each["code"]) for each in said["left_out"]] == [
        (TUESDAY, "day_closed"),
        (WEDNESDAY, "not_a_day_of_this_activity"),
    ]


def test_a_unit_without_a_price_is_free(town: World) -> None:
    _, child = family(town)
    body = {"child": child, "activity": "cantine", "days": [{"day": MONDAY, "unit": "panier"}]}
    said = price(town.guardian(), body)["price"]
    assert (said["total_cents"], said["free"]) == (0, [{"day": MONDAY, "unit": "panier"}])
    assert said["sentences"] == ["Gratuit."]


def test_a_town_without_tariffs_has_no_price_and_says_so(world: World) -> None:
    guardian, child = world.family("parent-1", "cantine")
    said = price(guardian, meal(child, MONDAY))
    assert (said["price"], said["price_absent"]["code"]) == (None, "no_tariffs")


def test_the_third_child_of_a_household_has_its_own_price(town: World) -> None:
    household, _ = family(town)
    town.child(household, "cantine")
    third = town.child(household, "cantine")
    said = price(town.guardian(), meal(third, MONDAY))["price"]
    assert said["total_cents"] == 50
    assert "3e enfant du foyer." in said["sentences"]


def test_a_child_of_somebody_else_is_found_nowhere(town: World) -> None:
    _, child = family(town)
    town.family("stranger-1", "cantine")
    unknown = town.guardian("stranger-1").post("/prices/preview", meal("00000000-0000-4000-8000-000000000000", MONDAY))
    answer = town.guardian("stranger-1").post("/prices/preview", meal(child, MONDAY))
    refused(answer, "not_found", 404)
    assert answer.content == unknown.content
    for role in ("auditor", "admin", "portal"):
        refused(town.who(role).post("/prices/preview", meal(child, MONDAY)), "not_found", 404)


def test_each_parent_is_told_the_price_of_their_own_home(town: World) -> None:
    parents = two_homes(town)
    quotient(town, parents.hers, 30_000)
    quotient(town, parents.his, 150_000)
    assert price(parents.mother, meal(parents.child, MONDAY))["price"]["total_cents"] == 100
    assert price(parents.father, meal(parents.child, MONDAY))["price"]["total_cents"] == 450
    asked = parents.mother.post("/prices/preview", meal(parents.child, MONDAY, household=parents.his))
    refused(asked, "not_found", 404)


def test_under_a_custody_a_day_of_the_other_parent_is_left_out(town: World) -> None:
    parents = two_homes(town)
    quotient(town, parents.hers, 30_000)
    quotient(town, parents.his, 150_000)
    parents.alternate()
    said = price(parents.mother, meal(parents.child, "2024-01-15", MONDAY))  # weeks 3 and 4: his, and hers
    assert said["price"]["total_cents"] == 100
    assert [(each["day"], each["code"]) for each in said["left_out"]] == [("2024-01-15", "custody")]
    both = price(town.agent, meal(parents.child, "2024-01-15", MONDAY))["price"]
    assert (both["total_cents"], len(both["lines"])) == (550, 2)


def test_where_who_asks_pays_a_day_of_the_other_parent_is_left_out_all_the_same(service: World) -> None:
    town = billing_town(
        service, tariffs=TARIFFS.replace('unites = ["repas"]', 'unites = ["repas"]\npayeur = "demandeur"')
    )
    parents = two_homes(town)
    quotient(town, parents.hers, 30_000)
    parents.alternate()
    said = price(parents.mother, meal(parents.child, "2024-01-15", MONDAY))
    assert (said["price"]["total_cents"], len(said["left_out"])) == (100, 1)


def test_a_simulation_needs_nobody(town: World) -> None:
    said = made(simulated(town.who("portal"), activity="cantine", unit="repas", quotient_cents=65_000), 200)
    assert said["price"]["total_cents"] == 327
    assert said["price"]["lines"][0]["child"] is None
    third = made(simulated(town.guardian("newcomer-1"), activity="cantine", unit="repas", rank=3), 200)["price"]
    assert third["complete"] is False
    rate = made(simulated(town.agent, activity="mercredis", unit="journee", quotient_cents=65_050), 200)["price"]
    assert rate["total_cents"] == 651
    assert "Taux d'effort : 1\u00a0% du quotient." in rate["sentences"]
    month = {"month": "2024-02", "weekdays": ["wednesday"]}
    four = made(simulated(town.agent, activity="mercredis", unit="journee", quotient_cents=65_050, **month), 200)[
        "price"
    ]
    assert four["total_cents"] == 651 * len(four["lines"][0]["days"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"days": []},
        {"month": "2024-13", "weekdays": ["monday"], "unit": "repas"},
        {"month": "0000-00", "weekdays": ["monday"], "unit": "repas"},
        {"month": "2024-02", "unit": "repas"},
        {"days": [{"day": MONDAY, "unit": "repas"}], "month": "2024-02"},
        {"days": [{"day": MONDAY, "unit": "repas"}] * 2},
        {"days": [{"day": MONDAY, "unit": "repas"}], "quotient_cents": -1},
        {"days": [{"day": MONDAY, "unit": "repas"}], "quotient_cents": 2**60},
        {"days": [{"day": MONDAY, "unit": "a\u0000b"}]},
        {"days": [{"day": MONDAY, "unit": "repas", "minutes": 10**9}]},
        {"days": [{"day": MONDAY, "unit": "repas"}], "activity": "inconnue"},
        {},
    ],
)
def test_a_question_that_makes_no_sense_is_refused_and_not_repeated(town: World, wrong: dict[str, object]) -> None:
    _, child = family(town)
    answer = town.guardian().post("/prices/preview", {"child": child, "activity": "cantine", **wrong})
    assert answer.status_code in (400, 422), answer.text


def test_a_day_at_either_end_of_the_calendar_is_refused_like_any_other_that_is_not_offered(town: World) -> None:
    _, child = family(town)
    said = price(town.guardian(), meal(child, "1900-01-01", "2199-12-31"))
    assert {each["code"] for each in said["left_out"]} == {"not_a_day_of_this_activity"}


# The preview of a demande -------------------------------------------------------------------------------------------


def test_the_preview_of_a_demande_says_what_it_would_cost(town: World) -> None:
    _, child = family(town)
    body = {"child": child, "activity": "cantine", "reserve": [{"day": MONDAY, "unit": "repas"}]}
    [demande] = made(town.guardian().post("/demandes/preview", body), 200)["demandes"]
    assert demande["price"]["total_cents"] == 327
    assert demande["price"]["sentences"][-1] == "Total : 3,27\u00a0€."
    assert demande["price_absent"] is None


def test_the_preview_of_a_demande_an_agent_decides_is_priced_as_if_it_were_granted(town: World) -> None:
    _, child = family(town, None)
    body = {"child": child, "activity": "mercredis", "reserve": [{"day": "2024-03-27", "unit": "journee"}]}
    [demande] = made(town.guardian().post("/demandes/preview", body), 200)["demandes"]
    assert demande["price"]["total_cents"] == 1400
    assert "Sans quotient familial connu : le tarif le plus élevé s'applique." in demande["price"]["sentences"]


def test_the_preview_of_a_cancellation_says_what_it_saves(town: World) -> None:
    _, child = family(town)
    made(town.guardian().ask(child, "cantine", MONDAY))
    body = {"child": child, "activity": "cantine", "cancel": [{"day": MONDAY, "unit": "repas"}]}
    [demande] = made(town.guardian().post("/demandes/preview", body), 200)["demandes"]
    assert demande["price"]["total_cents"] == -327


def test_an_absence_that_would_be_accepted_saves_its_day(town: World) -> None:
    _, child = family(town)
    made(town.guardian().ask(child, "cantine", MONDAY))
    town.clock.set("2024-01-22 09:00")
    absent = {"kind": "absence", "absent": [{"day": MONDAY, "unit": "repas"}], "reason": "sortie"}
    answer = town.guardian().post("/demandes/preview", {"child": child, "activity": "cantine", **absent})
    assert made(answer, 200)["demandes"][0]["price"]["total_cents"] == -327


def test_the_preview_of_a_demande_says_what_it_changes_elsewhere(service: World) -> None:
    often = '[[tarifs.restauration.grilles]]\nnom = "Forfait"\narticle = "7.5"\na_partir_de_unites = 3\nprix = 1.00\n'
    town = billing_town(service, tariffs=TARIFFS + often)
    _, child = family(town)
    made(town.guardian().ask(child, "cantine", MONDAY, TUESDAY))
    body = {"child": child, "activity": "cantine", "reserve": [{"day": "2024-01-25", "unit": "repas"}]}
    [demande] = made(town.guardian().post("/demandes/preview", body), 200)["demandes"]
    said = demande["price"]
    assert [(line["quantity"], line["unit_price_cents"]) for line in said["lines"]] == [(1, 100)]
    assert [(line["quantity"], line["unit_price_cents"]) for line in said["elsewhere"]] == [(-2, 327), (2, 100)]
    assert said["total_cents"] == -354
    assert "Ce que cela change par ailleurs :" in said["sentences"]
    assert said["sentences"][-1] == "Total : \N{MINUS SIGN}3,54\u00a0€."


def test_siblings_have_each_their_own_price(town: World) -> None:
    household, child = family(town)
    second, third = town.child(household, "cantine"), town.child(household, "cantine")
    body = {"child": child, "activity": "cantine", "reserve": [{"day": TUESDAY, "unit": "repas"}]}
    town.places("cantine", TUESDAY, 9)
    said = made(town.guardian().post("/demandes/preview", {**body, "also_for": [second, third]}), 200)["demandes"]
    assert {each["child"]: each["price"]["total_cents"] for each in said} == {child: 327, second: 327, third: 50}


def test_a_preview_does_not_fail_where_there_is_no_price(world: World) -> None:
    guardian, child = world.family("parent-1", "cantine")
    body = {"child": child, "activity": "cantine", "reserve": [{"day": MONDAY, "unit": "repas"}]}
    [demande] = made(guardian.post("/demandes/preview", body), 200)["demandes"]
    assert (demande["price"], demande["price_absent"]["code"]) == (None, "no_tariffs")


def test_a_preview_of_what_is_refused_has_no_demande_to_price(town: World) -> None:
    _, child = family(town)
    body = {"child": child, "activity": "cantine", "reserve": [{"day": WEDNESDAY, "unit": "repas"}]}
    said = made(town.guardian().post("/demandes/preview", body), 200)
    assert (said["possible"], said["demandes"]) == (False, [])
