"""Whatever is written of prices is told or can be priced: a tariff that was read never fails afterwards."""

import random
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.events import QuotientDecided
from rulebook.explain import explain
from rulebook.lint import warnings
from rulebook.reader import RulebookError, read_rulebook
from rulebook.rulebook import Rulebook
from rulebook.tariffs import Situation, Tariff, Unpriced, price
from tests.rulebook.tariff_town import HERE, MORE_UNITS
from tests.rulebook.town import text

WRITTEN = sorted((HERE / "tariffs").glob("*.toml"))
CONTENTS = [text(more=f"{MORE_UNITS}\n{Path(path).read_text(encoding='utf-8')}") for path in WRITTEN]
PIECES = [
    "",
    "0",
    "-0.0",
    "-1",
    "0.001",
    "1e-9",
    "1e9",
    "1e400",
    "nan",
    "-inf",
    "9" * 30,
    "0." + "3" * 30,
    '"12,5 %"',
    '"-100 %"',
    '"0,000000001 %"',
    '"999999999 %"',
    '"−2,50 €"',
    '"maximum"',
    '"aucun"',
    '"aux 5 centimes supérieurs"',
    "true",
    "[]",
    "{}",
    "[{}]",
    "{ prix = 3 }",
    "[{ de = 0, prix = 1 }]",
    "[{ a_partir_de = 0, prix = 1, dont_repas = 1 }]",
    "1979-05-27",
]
AMOUNTS = (None, 0, 59_950, 9_999_999)
HAPPENED = frozenset({"late", "late_cancellation", "unreserved", "absent"})


def priced(tariff: Tariff) -> None:
    for amount_cents in AMOUNTS:
        known = None
        if amount_cents is not None:
            known = QuotientDecided(amount_cents=amount_cents, source="caf", first_day=date(2023, 9, 1))
        for unit_due in (True, False):
            situation = Situation(
                quotient=known, residence="outside", regime="msa", rank=3, children=3, units_in_month=50, minutes=61,
                meal_brought=amount_cents == 0, unit_due=unit_due, on_top=HAPPENED,
            )  # fmt: skip
            answer = price(tariff, situation)
            if not isinstance(answer, Unpriced):
                assert all(abs(line.unit_price_cents) < 10**12 and line.steps for line in answer)
            else:
                assert answer.code.endswith("_missing")


def tried(content: str) -> bool:
    """Whether it was read."""
    try:
        rulebook = read_rulebook(content)
    except RulebookError as error:
        found = error.problems
    else:
        return looked_at(rulebook, content)
    assert all(problem.message and problem.remedy for problem in found)
    return False


def looked_at(rulebook: Rulebook, content: str) -> bool:
    """What was read is explained, looked at and priced."""
    assert explain(rulebook)
    warnings(rulebook, content)
    for tariff in rulebook.tariffs:
        priced(tariff)
    return True


@pytest.mark.parametrize("content", CONTENTS, ids=[path.stem for path in WRITTEN])
def test_the_tariffs_that_are_shown_are_priced_whoever_asks(content: str) -> None:
    assert tried(content)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(CONTENTS), st.integers(0, 2**32), st.sampled_from(PIECES))
def test_no_mutation_of_a_tariff_fails_once_it_is_read(content: str, seed: int, piece: str) -> None:
    dice = random.Random(seed)
    lines = content.split("\n")
    first = next(index for index, line in enumerate(lines) if line.startswith("[tarifs"))
    for _ in range(dice.randint(1, 3)):
        index = dice.randrange(first, len(lines))
        keys = [place for place, letter in enumerate(lines[index]) if letter == "="]
        if keys and dice.random() < 0.8:
            at = dice.choice(keys)
            rest = lines[index][at + 1 :]
            end = min((rest.find(mark) for mark in (",", " }") if mark in rest), default=len(rest))
            lines[index] = f"{lines[index][: at + 1]} {piece}{rest[end:] if '{' in lines[index][:at] else ''}"
        elif dice.random() < 0.5:
            lines[index] = dice.choice(lines[first:])
        else:
            del lines[index]
    tried("\n".join(lines))
