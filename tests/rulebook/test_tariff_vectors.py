"""The grids that real towns publish: what is ambiguous in them is found, and every price they print is the price."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from rulebook.amounts import french_number
from tests.rulebook.tariff_town import euros, lines, meal, of_unit, published, refused_meal

FACTS: Mapping[str, Any] = json.loads((Path(__file__).parent / "tariffs.json").read_text(encoding="utf-8"))
GRIDS: Mapping[str, Mapping[str, Any]] = {grid["id"]: grid for grid in FACTS["grids"]}
FORMULAS: Mapping[str, Mapping[str, Any]] = {formula["id"]: formula for formula in FACTS["formulas"]}


def pasted(grid: Mapping[str, Any], reading: str = "") -> str:
    rows = [", ".join(f"{key} = {value}" for key, value in row.items()) for row in grid["intervals"]]
    return f"{reading}\nintervalles = [{', '.join('{ ' + row + ' }' for row in rows)}]"


def inside(row: Mapping[str, str]) -> list[str]:
    """Quotients of an interval: its ends, as far as they belong to it, and one between."""
    first, last = Decimal(row.get("de") or row.get("plus_de") or 0), row.get("a") or row.get("moins_de")
    ends = [str(first)] if "plus_de" not in row else []
    ends += [row["a"]] if "a" in row else []
    middle = (first + Decimal(last)) // 2 if last else first + 500
    return [*ends, str(middle)]


# ---- lint -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", GRIDS)
def test_a_published_grid_is_refused_for_what_is_ambiguous_in_it_and_for_nothing_else(name: str) -> None:
    found = GRIDS[name]["found"]
    expected = [f"un quotient de {french_number(Decimal(at))} est dans deux tranches" for at in found["ambiguous"]]
    expected += [f"il n'y a aucun prix pour un quotient de {at}," for at in found["missing"]]
    halves = [(Decimal(first) + Decimal(last)) / 2 for first, last in found["between"]]
    expected += [f"un quotient de {french_number(half)} tombe entre" for half in halves]
    told = refused_meal(pasted(GRIDS[name]))
    assert len(told) == len(expected)
    assert [each for each in expected if not any(each in problem for problem in told)] == []


@pytest.mark.parametrize("reading", ["tronqué", "arrondi"])
@pytest.mark.parametrize("name", GRIDS)
def test_whole_quotients_leave_only_what_is_ambiguous_for_whole_quotients(name: str, reading: str) -> None:
    found = GRIDS[name]["found"]
    told = refused_meal(pasted(GRIDS[name], f'quotient_lu = "{reading}"'))
    assert len(told) == len(found["ambiguous"]) + len(found["missing"])


def test_a_quotient_in_two_brackets_is_told_with_both_readings() -> None:
    told = refused_meal(pasted(GRIDS["vigeois-cantine"]))
    assert told[0] == (
        "un quotient de 499 est dans deux tranches, « de 0 à 499 : 0,95 € » et « de 499 à 4 000 : 1,00 € » — "
        "si 499 paie 0,95 €, écrivez plus_de = 499 dans « de 499 à 4 000 » ; "
        "si 499 paie 1,00 €, écrivez moins_de = 499 dans « de 0 à 499 »"
    )


def test_a_quotient_without_a_price_is_told_with_both_readings() -> None:
    told = refused_meal(pasted(GRIDS["saffre-mercredi"], 'quotient_lu = "tronqué"'))
    [problem] = told
    assert problem == (
        "il n'y a aucun prix pour un quotient de 450, entre « moins de 450 : 7,20 € » et « de 451 à 550 : 7,70 € » — "
        "si 450 paie 7,20 €, écrivez a = 450 dans « moins de 450 » ; "
        "si 450 paie 7,70 €, écrivez de = 450 dans « de 451 à 550 »"
    )


def test_a_quotient_between_two_whole_bounds_is_told_with_three_readings() -> None:
    told = refused_meal(pasted(GRIDS["bubry-cantine"]))
    assert told[0] == (
        "un quotient de 599,50 tombe entre « de 0 à 599 : 1,00 € » et « de 600 à 999 : 3,05 € » — "
        'écrivez quotient_lu = "tronqué" si 599,50 se lit 599 ; '
        'écrivez quotient_lu = "arrondi" si 599,50 se lit 600 ; '
        "écrivez des tranches par bornes inférieures, avec a_partir_de = 600, si 599,50 paie 1,00 €"
    )


@pytest.mark.parametrize(
    ("name", "remedies"),
    [
        ("vigeois-cantine", {'"de": "499"': '"plus_de": "499"', '"a": "4000"': '"moins_de": "4000"'}),
        ("vigeois-cantine", {'"a": "499"': '"moins_de": "499"', '"de": "4000"': '"plus_de": "4000"'}),
        ("lca-repas", {'"de": "36000"': '"plus_de": "36000"'}),
        ("lca-repas", {'"a": "36000"': '"moins_de": "36000"'}),
    ],
)
def test_each_reading_that_is_proposed_settles_the_grid(name: str, remedies: Mapping[str, str]) -> None:
    written = json.dumps(GRIDS[name])
    for ambiguous, settled in remedies.items():
        assert ambiguous in written
        written = written.replace(ambiguous, settled)
    assert refused_meal(pasted(json.loads(written))) == []


@pytest.mark.parametrize("remedy", [{"a": "450"}, {"de": "450"}])
def test_each_reading_of_a_hole_settles_it(remedy: Mapping[str, str]) -> None:
    first, second, *rest = GRIDS["saffre-mercredi"]["intervals"]
    first = {**({"a": "450"} if "a" in remedy else {"moins_de": "450"}), "prix": first["prix"]}
    settled = {"intervals": [first, {**second, **({} if "a" in remedy else remedy)}, *rest]}
    assert refused_meal(pasted(settled, 'quotient_lu = "tronqué"')) == []


# ---- prices ---------------------------------------------------------------------------------------------------------

UNIT = {"wavrin-petites-vacances": "journee", "2c2r-peri": "demi-heure", "saffre-mercredi": "journee"}
ANYBODY: dict[str, object] = {"residence": "town", "minutes": 30}


@pytest.mark.parametrize("name", GRIDS)
def test_every_price_of_a_published_grid_is_the_price(name: str) -> None:
    tariff = of_unit(published(name), UNIT.get(name, "repas"))
    chosen = {*GRIDS[name]["found"]["ambiguous"], *GRIDS[name]["found"]["missing"]}
    for row in GRIDS[name]["intervals"]:
        for amount in inside(row):
            if amount not in chosen:
                assert euros(tariff, amount, **ANYBODY) == row["prix"], amount


def by_bracket(name: str, unit: str, prices: Sequence[str], **around: object) -> None:
    tariff = of_unit(published(name), unit)
    for row, expected in zip(GRIDS[name]["intervals"], prices, strict=True):
        assert euros(tariff, inside(row)[-1], **{**ANYBODY, **around}) == expected


def test_bubry_has_its_third_child_its_occasional_meal_and_its_meal_brought() -> None:
    grid = GRIDS["bubry-cantine"]
    by_bracket("bubry-cantine", "repas", list(grid["third_child"].values()), rank=3)
    by_bracket("bubry-cantine", "repas", [grid["pai"]] * 4, rank=3, meal_brought=True)
    by_bracket("bubry-cantine", "occasionnel", [grid["occasional"]] * 4)


def test_half_of_a_price_that_is_rounded_as_bubry_rounds_is_what_bubry_prints() -> None:
    half = (
        'quotient_lu = "tronqué"\n[[tarifs.repas.ajustements]]\nquand = "toujours"\ntaux = "-50 %"\n'
        'a_partir_du_rang = 3\nlibelle = "Troisième enfant"'
    )
    grid = GRIDS["bubry-cantine"]
    keys, _, sections = half.partition("\n")
    tariff = meal(pasted(grid, keys), sections)
    for row, expected in list(zip(grid["intervals"], grid["third_child"].values(), strict=True))[1:]:
        assert euros(tariff, inside(row)[-1], rank=3) == expected


def test_saffre_has_its_half_days_and_they_are_half_the_day_up_to_five_cents() -> None:
    grid = GRIDS["saffre-mercredi"]
    by_bracket("saffre-mercredi", "demi-journee", grid["half_day"])
    by_bracket("saffre-mercredi", "demi-journee-repas", grid["half_day_meal"])
    for row, half in zip(grid["intervals"], grid["half_day"], strict=True):
        taken_off = f'prix = {row["prix"]}\narrondi = "aux 5 centimes supérieurs"'
        reduction = '[[tarifs.repas.ajustements]]\nquand = "toujours"\ntaux = "-50 %"\nlibelle = "Demi-journée"'
        assert euros(meal(taken_off, reduction), "0") == half


def test_saffre_puts_three_children_in_the_bracket_below_and_outsiders_pay_two_euros_more() -> None:
    prices = [row["prix"] for row in GRIDS["saffre-mercredi"]["intervals"]]
    by_bracket("saffre-mercredi", "journee", [prices[0], *prices[:-1]], children=3)
    outside = [f"{Decimal(each) + 2}" for each in prices]
    by_bracket("saffre-mercredi", "journee", outside, residence="outside")


def test_wavrin_has_a_grid_a_rank_and_one_for_outsiders_whatever_the_rank() -> None:
    grid = GRIDS["wavrin-petites-vacances"]
    for rank, prices in ((2, grid["child2"]), (3, grid["child3"]), (4, grid["child4plus"]), (9, grid["child4plus"])):
        by_bracket("wavrin-petites-vacances", "journee", prices, rank=rank)
        by_bracket("wavrin-petites-vacances", "journee", grid["non_resident"], rank=rank, residence="outside")


def test_the_half_hours_of_2c2r_are_counted_once_begun() -> None:
    grid = GRIDS["2c2r-peri"]
    by_bracket("2c2r-peri", "demi-heure", grid["non_resident"], residence="outside")
    by_bracket("2c2r-peri", "midi", grid["midday"])
    tariff = of_unit(published("2c2r-peri"), "demi-heure")
    counted = {minutes: euros(tariff, "700", residence="town", minutes=minutes) for minutes in (0, 1, 30, 31, 90, 91)}
    assert counted == {0: "0.48", 1: "0.48", 30: "0.48", 31: "0.96", 90: "1.44", 91: "1.92"}


def test_lca_tells_the_meal_from_the_care_and_takes_a_fifth_off_for_large_tables() -> None:
    grid = GRIDS["lca-repas"]
    tariff = of_unit(published("lca-repas"), "repas")
    for row, (meal_part, care) in zip(grid["intervals"], grid["split_repas_animation"], strict=True):
        told = lines(tariff, inside(row)[-1], residence="town")
        assert {line.nature: f"{Decimal(line.unit_price_cents) / 100:.2f}" for line in told} == {
            "meal": meal_part,
            "care": care,
        }
    by_bracket("lca-repas", "repas", grid["non_resident"], residence="outside")
    reduced = [lines(tariff, "20000", residence="town", rank=rank, children=3) for rank in (1, 2, 3)]
    assert [[line.unit_price_cents for line in each] for each in reduced] == [[36, 254], [36, 254, -58], [36, 254, -58]]
    assert len(lines(tariff, "20000", residence="town", rank=2, children=2)) == 2


def test_vigeois_says_what_a_household_without_a_quotient_pays() -> None:
    tariff = of_unit(published("vigeois-cantine"), "repas")
    assert [euros(tariff, at) for at in (None, "499", "4000", "99999.99")] == ["2.70", "1.00", "2.70", "2.70"]


@pytest.mark.parametrize("rounding", ["half_up", "half_even"])
@pytest.mark.parametrize("vector", FACTS["prices"], ids=lambda vector: f"{vector['grid']} {vector['qf']}")
def test_a_rate_gives_the_price_that_was_worked_out_by_hand(vector: Mapping[str, Any], rounding: str) -> None:
    formula = FORMULAS[vector["grid"]]
    words = {"half_up": "au centime", "half_even": "au centime pair"}
    percent = f"{(Decimal(formula['rate']) * 100).normalize():f}".replace(".", ",")
    bounds = f"plancher = {formula['min']}\nplafond = {formula['max']}"
    tariff = meal(f'taux = "{percent} %"\n{bounds}\narrondi = "{words[rounding]}"')
    assert euros(tariff, vector["qf"]) == vector[rounding]
    [line] = lines(tariff, vector["qf"])
    assert Decimal(next(step.value for step in line.steps if step.kind == "raw")) == Decimal(vector["raw"])


def test_the_vectors_tell_one_rounding_from_the_other() -> None:
    differing = [vector for vector in FACTS["prices"] if vector["differ"]]
    assert len(FACTS["prices"]) == 20
    assert len(differing) == 5
    assert all(vector["half_up"] != vector["half_even"] for vector in differing)


@pytest.mark.parametrize("name", FORMULAS)
def test_a_formula_as_the_town_writes_it_gives_its_prices(name: str) -> None:
    rulebook, formula = published(name), FORMULAS[name]
    for vector in FACTS["prices"]:
        if vector["grid"] == name:
            assert euros(of_unit(rulebook, "repas"), vector["qf"]) == vector["half_up"]
    assert euros(of_unit(rulebook, "repas"), "800", meal_brought=True) == formula["pai"]
    if "occasional" in formula:
        assert euros(of_unit(rulebook, "occasionnel"), "800") == formula["occasional"]
