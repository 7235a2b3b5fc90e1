"""What a town may write of its prices, its quotient and its régie, and what it is told when it may not."""

from datetime import date
from decimal import Decimal

import pytest

from ledger.events import QuotientDecided, Step
from ledger.identifiers import Commune
from rulebook.explain import explain
from rulebook.lint import warnings
from rulebook.problems import Problem
from rulebook.reader import RulebookError, read_rulebook
from rulebook.rulebook import Rulebook
from rulebook.tariffs import QuotientRule, Rounding, Situation, Unpriced, price, quotient_on
from rulebook.timing import AnnualDay
from rulebook.towns import load
from tests.rulebook.tariff_town import MORE_UNITS, REPAS, euros, lines, meal, refused, refused_meal, tariffs
from tests.rulebook.town import text

LATE = '[[tarifs.repas.ajustements]]\nquand = "retard"\nlibelle = "Retard"\n'
OUTSIDE = '[[tarifs.repas.grilles]]\nnom = "Extérieurs"\nresidence = "hors commune"\n'
FIVE_CENTS = 'arrondi = "aux 5 centimes supérieurs"'
BRACKETS = "tranches = [{ a_partir_de = 0, prix = 1.00 }, { a_partir_de = 600, prix = 3.05 }]"


# ---- what may be written --------------------------------------------------------------------------------------------


def test_a_price_is_read_as_it_is_written_to_its_last_digit() -> None:
    written = ("3.05", '"3,05"', '"3.05 €"', '"3,05 €"', '"\u202f3,05\u00a0€"', "3.050")
    assert {euros(meal(f"prix = {each}"), None) for each in written} == {"3.05"}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("prix = nan", "n'est pas un montant"),
        ("prix = inf", "n'est pas un montant"),
        ("prix = 1e30", "n'est pas un montant"),
        ("prix = 1e999999999999999999999", "n'est pas un montant"),
        ("prix = 3.055", "n'est pas un montant"),
        (f"prix = 3.{'0' * 400}", "n'est pas un montant"),
        (f"prix = {'9' * 400}", "n'est pas un montant"),
        ("prix = true", "n'est pas un montant"),
        ('prix = "trois euros"', "n'est pas un montant"),
        ("prix = [3]", "n'est pas un montant"),
        ("prix = -1", "n'est pas un montant possible"),
        ("prix = 3,05", "écrivez un nombre entier ou, si c'est un montant, prix = 3.05"),
        ("tranches = [{ a_partir_de = 0, prix = 3,05 }]", 'écrivez 3.05, ou "3,05"'),
        ("", "ce tarif ne dit aucun prix"),
        (f"prix = 1.00\n{BRACKETS}", "disent le prix tous les deux"),
        ("tranches = []", "il n'y a aucune tranche"),
        ("tranches = [{ a_partir_de = 1, prix = 1 }]", "ne commence pas à 0"),
        (
            "tranches = [{ a_partir_de = 0, prix = 1 }, { a_partir_de = 0, prix = 2 }]",
            "n'est pas plus haute que la précédente",
        ),
        ("intervalles = []", "il n'y a aucun intervalle"),
        ("intervalles = [{ de = 5, a = 3, prix = 1 }]", "aucun quotient ne peut être dans l'intervalle « de 5 à 3 »"),
        ("intervalles = [{ de = 0, plus_de = 1, prix = 1 }]", "disent la même borne"),
        ("intervalles = [{ de = 0, a = 500, prix = 1 }]", "aucun prix au-dessus de 500"),
        ("intervalles = [{ de = 100, prix = 1 }]", "aucun prix pour un quotient de 0 à 99,99"),
        ("taux = 0.36", 'écrivez taux = "0,36 %"'),
        ('taux = "0,36"', 'écrivez taux = "0,36 %"'),
        ('taux = "120 %"', "écrivez un pourcentage de 0 à 100 %"),
        ('taux = "1 %"\nplancher = 4\nplafond = 3', "le plafond est plus bas que le plancher"),
        ('taux = "1 %"\narrondi = "aucun"', "des fractions de centime"),
        ('taux = "1 %"\nsans_quotient = "maximum"', "ce taux n'a pas de plafond"),
        ('prix = 3.27\narrondi = "aux 5 centimes supérieurs"', "n'est pas un multiple de 5 centimes"),
        (
            f"sans_quotient = 4.52\n{BRACKETS.replace('3.05', '3.10')}\n{FIVE_CENTS}",
            "4,52 € n'est pas un multiple de 5 centimes",
        ),
        (f'taux = "1 %"\nplafond = 4.52\n{FIVE_CENTS}', "4,52 € n'est pas un multiple de 5 centimes"),
        (f'taux = "1 %"\nplancher = 0.62\n{FIVE_CENTS}', "0,62 € n'est pas un multiple de 5 centimes"),
        ("prix = 3\ndont_repas = 4", "la part du repas dépasse le prix"),
        ("prix = 3\ndont_repas = 1", "tout ce tarif est du repas"),
        ('prix = 3\nunites = ["gouter"]', "cite un nom que ce fichier ne déclare pas"),
        ('prix = 3\ncouleur = "bleu"', "la clé « couleur » n'est pas connue"),
    ],
)
def test_what_may_not_be_written_is_told_with_what_to_write(written: str, told: str) -> None:
    keys = REPAS.replace('unites = ["repas"]\n', "") if "unites" in written else REPAS
    problems = refused(f"[tarifs.repas]\n{keys}{written}\n")
    assert [each for each in problems if told in each], problems


@pytest.mark.parametrize(
    ("section", "told"),
    [
        (OUTSIDE, "cette grille ne dit aucun prix"),
        ('[[tarifs.repas.grilles]]\nnom = "X"\nprix = 1', "on ne sait pas pour qui est cette grille"),
        (f"{OUTSIDE}tranches_inferieures = 1", "il n'y a pas de tranches où descendre"),
        (f"{OUTSIDE}prix = 1\na_partir_du_rang = 3\njusqu_au_rang = 2", "aucun enfant n'a un tel rang"),
        (f"{OUTSIDE}prix = 1\ndont_repas = 1", "écrivez dont_repas partout"),
        (LATE, "on ne sait pas combien"),
        (f'{LATE}montant = 1\ntaux = "10 %"', "disent tous les deux combien"),
        (f"{LATE}montant = 0", "cet ajustement ne change rien"),
        (f'{LATE}taux = "-101 %"', "écrivez un pourcentage de -100 à 1 000 %"),
        (f'{LATE}montant = -1\nnature = "majoration"', 'écrivez nature = "réduction"'),
        (f'{LATE}montant = 1\nnature = "réduction"', 'écrivez nature = "supplément"'),
    ],
)
def test_a_grid_or_an_adjustment_that_cannot_be_is_told(section: str, told: str) -> None:
    problems = refused_meal("prix = 3.00", section)
    assert [each for each in problems if told in each], problems


def test_a_tariff_that_does_not_round_takes_no_share() -> None:
    assert refused_meal('prix = 3\narrondi = "aucun"', f"{LATE}montant = 1") == []
    assert "des fractions de centime" in refused_meal('prix = 3\narrondi = "aucun"', f'{LATE}taux = "10 %"')[0]
    assert meal('prix = 3\narrondi = "aucun"').rounding is Rounding.NONE


def test_two_tariffs_never_price_the_same_unit() -> None:
    [told] = refused(f"[tarifs.repas]\n{REPAS}prix = 3\n[tarifs.midi]\n{REPAS}prix = 4\n")
    assert told == ("« Repas » (Accueil) a déjà un prix dans le tarif « repas » — retirez-la de l'un des deux")


def test_a_problem_names_the_article_and_the_line() -> None:
    with pytest.raises(RulebookError) as caught:
        tariffs(f"[tarifs.repas]\n{REPAS}prix = -1\n")
    [problem] = caught.value.problems
    assert (problem.article, problem.path) == ("5", "tarifs.repas.prix")
    assert problem.line is not None


def test_a_problem_of_a_bracket_names_the_line_of_the_bracket() -> None:
    rows = (
        "intervalles = [  # comme ils sont publiés\n  { de = 0, a = 499, prix = 1 },\n\n  { de = 499, prix = 2 },\n]\n"
    )
    written = text(more=f"{MORE_UNITS}\n[tarifs.repas]\n{REPAS}{rows}")
    [problem] = _problems(written)
    assert (written.split("\n")[(problem.line or 0) - 1], problem.path) == (
        "  { de = 499, prix = 2 },",
        "tarifs.repas.intervalles.n°2",
    )
    [wrong] = _problems(written.replace("prix = 2", "prix = -2"))
    assert written.split("\n")[(wrong.line or 0) - 1] == "  { de = 499, prix = 2 },"


def _problems(written: str) -> tuple[Problem, ...]:
    with pytest.raises(RulebookError) as caught:
        read_rulebook(written)
    return caught.value.problems


def test_a_rulebook_without_prices_is_what_it_was() -> None:
    rulebook = read_rulebook(text())
    assert (rulebook.tariffs, rulebook.regie, rulebook.quotient.effect) == ((), None, "next_month")
    assert not [sentence for sentence in explain(rulebook) if "quotient vaut" in sentence or "Tarif" in sentence]
    assert not [problem for problem in warnings(rulebook) if "tarif" in problem.message]


# ---- what a price takes ---------------------------------------------------------------------------------------------


def code(written: str, more: str = "", **around: object) -> str:
    """What is missing for a price; "" when it can be told."""
    priced = price(meal(written, more), Situation(**{"quotient": None, **around}))  # type: ignore[arg-type]
    return priced.code if isinstance(priced, Unpriced) else ""


def test_without_a_quotient_there_is_the_price_the_town_wrote_or_none() -> None:
    assert code(BRACKETS) == "quotient_missing"
    assert euros(meal(f'{BRACKETS}\nsans_quotient = "maximum"'), None) == "3.05"
    assert euros(meal(f"{BRACKETS}\nsans_quotient = 2.50"), None) == "2.50"
    assert euros(meal('taux = "1 %"\nplafond = 4.50\nsans_quotient = "maximum"'), None) == "4.50"
    assert code("prix = 3") == ""


def test_what_nobody_knows_of_a_household_is_asked_for_where_it_matters_only() -> None:
    outside = f"{OUTSIDE}prix = 6"
    assert code("prix = 3", outside) == "residence_missing"
    assert code("prix = 3", outside, residence="town") == ""
    assert code('prix = 3\nresidence_inconnue = "commune"', outside) == ""
    assert code("prix = 3", f"{outside}\na_partir_du_rang = 2") == ""
    assert code("prix = 3", f"{outside}\na_partir_du_rang = 2", rank=2) == "residence_missing"
    assert (
        code(
            "prix = 3",
            f'{outside}\n[[tarifs.repas.grilles]]\nnom = "PAI"\nrepas_apporte = "oui"\nprix = 1',
            meal_brought=True,
        )
        == ""
    )
    of_regime = '[[tarifs.repas.ajustements]]\nquand = "retard"\nlibelle = "X"\nmontant = 1\nregime = ["msa", "autre"]'
    assert code("prix = 3", of_regime) == ""
    assert code("prix = 3", of_regime, on_top=frozenset({"late"})) == "regime_missing"
    assert code('prix = 3\nregime_inconnu = "caf"', of_regime, on_top=frozenset({"late"})) == ""
    assert code("prix = 3\nminutes = 30") == "times_missing"
    assert code("prix = 3\nminutes = 30", unit_due=False) == ""


def test_a_cancellation_that_came_too_late_takes_a_quotient_where_it_is_a_share_only() -> None:
    late = '[[tarifs.repas.ajustements]]\nquand = "annulation tardive"\nlibelle = "Annulation"\n'
    happened = {"unit_due": False, "on_top": frozenset({"late_cancellation"})}
    assert code(BRACKETS, f"{late}montant = 2", **happened) == ""
    assert code(BRACKETS, f'{late}taux = "50 %"', **happened) == "quotient_missing"
    [line] = lines(meal(BRACKETS, f'{late}taux = "50 %"'), "700", **happened)
    assert (line.unit_price_cents, line.basis, line.nature) == (153, "late_cancellation", "surcharge")


def test_a_grid_for_many_units_in_the_month_and_the_last_that_applies() -> None:
    grids = (
        '[[tarifs.repas.grilles]]\nnom = "Abonnés"\na_partir_de_unites = 10\nprix = 2\n'
        '[[tarifs.repas.grilles]]\nnom = "MSA"\nregime = "msa"\nprix = 1.50\n'
    )
    tariff = meal("prix = 3", grids)
    found = [euros(tariff, None, units_in_month=count, regime=regime) for count in (9, 10) for regime in ("caf", "msa")]
    assert found == ["3.00", "1.50", "2.00", "1.50"]


def test_reductions_together_take_no_more_than_there_is_to_pay() -> None:
    always = '[[tarifs.repas.ajustements]]\nquand = "toujours"\nlibelle = "Aide"\n'
    twice = meal("prix = 3.00", f'{always}taux = "-60 %"\n{always}taux = "-60 %"')
    assert [line.unit_price_cents for line in lines(twice, None)] == [300, -180, -120]
    assert lines(twice, None)[2].steps[-1] == Step(kind="floor", value="0.00")
    assert [line.unit_price_cents for line in lines(meal("prix = 0.50", f"{always}montant = -1"), None)] == [50, -50]
    assert [line.unit_price_cents for line in lines(meal("prix = 0", f"{always}montant = -1"), None)] == [0]
    late = meal("prix = 0.50", f"{always}montant = -1\n{LATE}montant = 0.30")
    assert [line.unit_price_cents for line in lines(late, None, on_top=frozenset({"late"}))] == [50, -80, 30]
    slices = meal("prix = 1\nminutes = 30", f'{always}taux = "-80 %"\n{always}montant = -0.55')
    assert [(line.quantity, line.unit_price_cents) for line in lines(slices, None, minutes=60)] == [
        (2, 100),
        (2, -80),
        (1, -40),
    ]


def test_the_arithmetic_of_a_price_is_told_step_by_step() -> None:
    tariff = meal('taux = "0,55 %"\nplafond = 3.19', f'{LATE}taux = "10 %"')
    unit, late = lines(tariff, "579", on_top=frozenset({"late"}))
    assert [(step.kind, step.value) for step in unit.steps] == [
        ("tariff", "repas"),
        ("quotient", "579"),
        ("rate", "0.0055"),
        ("raw", "3.1845"),
        ("rounded", "3.18"),
    ]
    assert [(step.kind, step.value) for step in late.steps] == [
        ("adjustment", "Retard"),
        ("price", "3.18"),
        ("share", "0.1"),
        ("raw", "0.318"),
        ("rounded", "0.32"),
    ]


def test_a_quotient_with_cents_is_read_as_the_town_says() -> None:
    found = {
        reading: euros(meal(f'{BRACKETS}\nquotient_lu = "{reading}"'), "599.50")
        for reading in ("exact", "tronqué", "arrondi")
    }
    assert found == {"exact": "1.00", "tronqué": "1.00", "arrondi": "3.05"}
    exact = "tranches = [{ a_partir_de = 0, prix = 1 }, { a_partir_de = 599.50, prix = 3.05 }]"
    assert [euros(meal(exact), at) for at in ("599.49", "599.50")] == ["1.00", "3.05"]


# ---- the quotient, the régie ----------------------------------------------------------------------------------------


def with_section(section: str) -> Rulebook:
    return read_rulebook(text(more=section))


def test_a_quotient_rule_is_read() -> None:
    written = '[quotient]\narticle = "6"\neffet = "mois en cours"\nvalidite_mois = 12\njusqu_au = "31 août"'
    rule = with_section(written).quotient
    assert rule == QuotientRule(article="6", effect="same_month", valid_months=12, until=AnnualDay(8, 31))


def test_of_two_quotients_from_one_day_the_last_recorded_holds_until_it_runs_out() -> None:
    def decided(amount_cents: int, first: str) -> QuotientDecided:
        return QuotientDecided(amount_cents=amount_cents, source="caf", first_day=date.fromisoformat(first))

    every = [decided(1, "2022-09-01"), decided(2, "2023-01-01"), decided(3, "2023-01-01"), decided(4, "2022-10-01")]
    rule = QuotientRule(article="", effect="day", valid_months=12, until=None)
    held = {
        day: quotient_on(rule, every, date.fromisoformat(day))
        for day in ("2022-08-31", "2022-09-01", "2022-12-31", "2023-01-01", "2023-12-31", "2024-01-01")
    }
    assert [None if each is None else each.amount_cents for each in held.values()] == [None, 1, 4, 3, 3, None]
    leap = QuotientRule(article="", effect="day", valid_months=1)
    assert quotient_on(leap, [decided(1, "2024-01-31")], date(2024, 2, 28)) is not None
    assert quotient_on(leap, [decided(1, "2024-01-31")], date(2024, 2, 29)) is None


REGIE = '[regie]\nnom = "Régie"\nmoyens = ["par chèque"]\n'
CREDITOR = 'creancier = "Ville"\nics = "FR72 ZZZ 123456"\niban = "FR76 3000 1007 9412 3456 7890 185"\n'


def test_a_regie_is_read_and_its_codes_lose_their_spaces() -> None:
    regie = with_section(f'{REGIE}{CREDITOR}bic = "BDFEFRPPCCT"\ndelai_de_paiement_jours = 21').regie
    assert regie is not None
    assert (regie.payment_days, regie.how_to_pay) == (21, ("par chèque",))
    assert (regie.contact, regie.appeal) == ((), ())
    said = with_section(f'{REGIE}contact = ["au guichet", "sur le portail"]\nrecours = ["dans les deux mois"]').regie
    assert said is not None
    assert (said.contact, said.appeal) == (("au guichet", "sur le portail"), ("dans les deux mois",))
    assert (regie.creditor_id, regie.creditor_iban) == ("FR72ZZZ123456", "FR7630001007941234567890185")


@pytest.mark.parametrize(
    ("section", "told"),
    [
        ('[regie]\nnom = "Régie"', "une facture dit comment la payer"),
        ('[regie]\nnom = "Régie"\nmoyens = [3]', "est une liste de phrases"),
        (f"{REGIE}contact = [3]", "« contact » est une liste de phrases"),
        (f"{REGIE}recours = ['']", "« recours » est une liste de phrases"),
        (f"{REGIE}ics = 'FR72ZZZ123456'", "pour prélever, il manque « creancier »"),
        (REGIE + CREDITOR.replace("FR76", "FR77"), "la clé de contrôle de « iban » est fausse"),
        (REGIE + CREDITOR.replace("FR72", "FR73"), "la clé de contrôle de « ics » est fausse"),
        (REGIE + CREDITOR.replace("FR76 3000", "76"), "n'a pas la forme attendue"),
        (f"{REGIE}delai_de_paiement_jours = -1", "n'est pas un nombre entier"),
        ('[quotient]\neffet = "demain"', "« effet » a une valeur inconnue"),
        ("[quotient]\nvalidite_mois = 0", "n'est pas un nombre entier"),
    ],
)
def test_a_regie_or_a_quotient_rule_that_cannot_be_is_told(section: str, told: str) -> None:
    with pytest.raises(RulebookError) as caught:
        with_section(section)
    assert [each for each in map(str, caught.value.problems) if told in each], str(caught.value)


# ---- what is suspicious ---------------------------------------------------------------------------------------------


def suspicious(written: str, more: str = "", **around: str) -> list[str]:
    places = "[activites.accueil.places]\nnombre = 10\n"
    rulebook = read_rulebook(text(more=f"{places}[tarifs.repas]\n{REPAS}{written}\n{more}", **around))
    return [problem.message for problem in warnings(rulebook)]


SURCHARGE = {"delai": 'type = "jours"\nnombre = 15\nretard = "majoration"'}
COST = "cout_par_usager = 8"


def test_a_school_meal_is_held_against_what_it_costs() -> None:
    assert suspicious(f"prix = 8.00\n{COST}") == []
    assert "ne peut être vendu plus cher qu'il ne coûte" in suspicious("prix = 3")[0]
    assert "le repas le plus cher, 8,01 €, dépasse ce qu'il coûte, 8,00 €" in suspicious(f"prix = 8.01\n{COST}")[0]
    assert "9,00 €, dépasse" in suspicious(f"prix = 3\n{COST}", f"{OUTSIDE}prix = 9")[0]
    assert "9,00 €, dépasse" in suspicious(f"{BRACKETS}\n{COST}\nsans_quotient = 9")[0]
    supplement = '[[tarifs.repas.ajustements]]\nquand = "toujours"\nlibelle = "X"\nmontant = 6'
    assert "9,00 €, dépasse" in suspicious(f"prix = 3\n{COST}", supplement)[0]
    assert "rien n'empêche ce taux" in suspicious(f'taux = "1 %"\n{COST}')[0]
    assert suspicious(f'taux = "1 %"\nplafond = 8\n{COST}') == []


def test_a_surcharge_with_which_a_meal_is_served_counts_for_the_cap_and_a_penalty_without_a_meal_does_not() -> None:
    beside = '[[tarifs.repas.ajustements]]\nlibelle = "Non prévu"\nmontant = 3\nquand = '
    [told] = suspicious("prix = 9\ncout_par_usager = 9.50", f'{beside}"sans réservation"')
    assert told.startswith("le repas le plus cher, 12,00 € avec « Non prévu », dépasse ce qu'il coûte, 9,50 €")
    assert suspicious("prix = 6\ncout_par_usager = 9.50", f'{beside}"sans réservation"') == []
    assert suspicious("prix = 9\ncout_par_usager = 9.50", f'{beside}"absence non justifiée"') == []
    reduced = '[[tarifs.repas.ajustements]]\nlibelle = "Aide"\nmontant = -3\nquand = "toujours"\n'
    assert suspicious("prix = 9\ncout_par_usager = 9.50", f'{reduced}{beside}"sans réservation"') == []
    some = f'{beside}"toujours"\nresidence = "hors commune"'
    assert "12,00 €, dépasse" in suspicious("prix = 9\ncout_par_usager = 9.50", some)[0]
    assert suspicious("prix = 9\ncout_par_usager = 9.50", f"{some}\n{OUTSIDE}prix = 6") == []


def test_the_meal_in_a_price_for_care_is_held_against_its_cost_where_the_town_says_it() -> None:
    def care(written: str) -> list[str]:
        keys = REPAS.replace('"repas"\n', '"garde"\n', 1)
        found = warnings(tariffs(f"[tarifs.mercredi]\n{keys}{written}\n"))
        return [problem.message for problem in found if "R531-53" in problem.message]

    assert care("prix = 30\ndont_repas = 20") == []
    assert care("prix = 30\ndont_repas = 9\ncout_par_usager = 9.50") == []
    [told] = care("prix = 30\ndont_repas = 20\ncout_par_usager = 9.50")
    assert told.startswith("la part du repas, 20,00 €, dépasse ce qu'il coûte, 9,50 €")


def test_reductions_that_may_take_more_than_the_price_are_told() -> None:
    always = '[[tarifs.repas.ajustements]]\nquand = "toujours"\nlibelle = "Aide"\n'
    [told] = suspicious(f"prix = 3\n{COST}", f'{always}taux = "-60 %"\n{always}taux = "-60 %"')
    assert told.startswith("un prix de 3,00 € passerait sous zéro avec « Aide » et « Aide »")
    apart = f'{always}taux = "-60 %"\nresidence = "commune"\n{always}taux = "-60 %"\nresidence = "hors commune"'
    assert suspicious(f"prix = 3\n{COST}", apart) == []
    assert suspicious(f"prix = 3\n{COST}", f'{always}taux = "-100 %"') == []
    assert "un prix de 1,00 € passerait sous zéro" in suspicious(f"{BRACKETS}\n{COST}", f"{always}montant = -1.01")[0]
    assert suspicious(f"{BRACKETS}\n{COST}", f"{always}montant = -1.00") == []
    third = f"{always}montant = -5\na_partir_du_rang = 3"
    assert "un prix de 3,00 €" in suspicious(f"prix = 3\n{COST}", third)[0]


def test_a_unit_paid_by_the_minute_says_its_hours_or_an_absent_child_has_no_price() -> None:
    def hours(times: str, keys: str = "") -> list[str]:
        unit = f'[activites.accueil.unites.soir]\nnom = "Soir"\nau_temps_passe = "oui"\n{times}'
        own = 'libelle = "G"\narticle = "5"\nnature = "garde"\nactivites = ["accueil"]\nunites = ["soir"]\n'
        written = f"{unit}\n[tarifs.soir]\n{own}prix = 0.70\nminutes = 30\n{keys}"
        return [each.remedy for each in warnings(read_rulebook(text(more=written))) if "absence" in each.message]

    assert hours('debut = "16:30"\nfin = "18:30"') == []
    assert hours('debut = "16:30"') == ['écrivez debut et fin dans l\'unité, ou absence_due = "non" dans le tarif']
    assert hours("", 'absence_due = "non"') == []
    assert hours("", 'absence_due = "non"\nsans_pointage = "réservation"') == ["écrivez debut et fin dans l'unité"]


def test_what_is_rarely_meant_is_told() -> None:
    falling = "tranches = [{ a_partir_de = 0, prix = 3 }, { a_partir_de = 600, prix = 2.50 }]"
    assert suspicious(f"{falling}\n{COST}") == ["à partir de 600, le prix baisse de 3,00 € à 2,50 €"]
    twice = f"{OUTSIDE}prix = 5\n{OUTSIDE}prix = 6"
    assert "« Extérieurs » ne sert jamais" in suspicious(f"prix = 3\n{COST}", twice)[0]
    assert "personne n'écrit les heures" in suspicious(f"prix = 3\nminutes = 30\n{COST}")[0]
    assert "ne servira jamais" in suspicious(f"prix = 3\n{COST}", f"{LATE}montant = 1")[0]
    assert suspicious(f"prix = 3\n{COST}", f"{LATE}montant = 1", **SURCHARGE) == []
    assert "un délai annonce une majoration" in suspicious(f"prix = 3\n{COST}", **SURCHARGE)[0]


def test_a_unit_that_costs_nothing_is_told_once_the_town_has_prices() -> None:
    gouter = '[activites.accueil.unites.gouter]\nnom = "Goûter"\n'
    assert suspicious(f"prix = 3\n{COST}", gouter) == ["« Goûter » (Accueil) n'a pas de tarif : elle ne coûtera rien"]


# ---- what is said back ----------------------------------------------------------------------------------------------


def test_the_whole_of_a_tariff_is_said_back() -> None:
    rulebook = tariffs(
        '[tarifs.mercredi]\nlibelle = "Mercredi"\narticle = "5"\nnature = "garde"\nactivites = ["accueil"]\n'
        'unites = ["journee"]\ntranches = [{ a_partir_de = 0, prix = 4, dont_repas = 1 },'
        " { a_partir_de = 600, prix = 9, dont_repas = 3 }]\n"
        'sans_quotient = { prix = 9, dont_repas = 3 }\nsans_pointage = "réservation"\nabsence_due = "non"\n'
        'payeur = "demandeur"\nquotient_lu = "tronqué"\n'
        '[[tarifs.mercredi.grilles]]\nnom = "Trois enfants"\na_partir_de_enfants = 3\ntranches_inferieures = 1\n'
        '[[tarifs.mercredi.ajustements]]\nquand = "sans réservation"\nmontant = 1.5\nlibelle = "Sans réservation"\n'
    )
    said = [
        sentence.removeprefix("Tarif « Mercredi » — ") for sentence in explain(rulebook) if "Mercredi »" in sentence
    ]
    assert said == [
        "Accueil : journee (article 5).",
        "selon le quotient : moins de 600 : 4,00 € dont 1,00 € de repas ; 600 et plus : 9,00 € dont 3,00 € de repas.",
        "Trois enfants (au moins 3 enfants ; article 5) : le prix de la tranche immédiatement inférieure.",
        "Pour un quotient de 650, Mercredi : 9,00 €.",
        "Pour un quotient de 1 199,50, Mercredi : 9,00 €.",
        "Venu sans réservation : Sans réservation, +1,50 €, sur une ligne à part (article 5).",
        "Sans quotient : 9,00 € dont 3,00 € de repas.",
        "Un quotient se lit sans ses centimes.",
        "Un jour réservé que personne n'a pointé est facturé.",
        "Un jour d'absence n'est pas facturé, même sans justification.",
        "Paie le foyer qui a réservé le jour, même un jour de l'autre foyer.",
    ]


def test_villars_charges_what_its_example_family_pays() -> None:
    rulebook = read_rulebook(load(Commune("villars"))[0])
    assert "Tarif « Repas » — Pour un quotient de 650, Repas : 3,27 €." in explain(rulebook)
    prices = {tariff.slug: Decimal(euros(tariff, "650", residence="town")) for tariff in rulebook.tariffs}
    assert 13 * prices[rulebook.tariffs[0].slug] + 12 * prices[rulebook.tariffs[2].slug] == Decimal("55.11")
