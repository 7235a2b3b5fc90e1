"""A small town whose prices a test writes, and the questions it asks of them."""

from datetime import date
from decimal import Decimal
from pathlib import Path

from ledger.events import QuotientDecided
from ledger.identifiers import Slug
from rulebook.reader import RulebookError, read_rulebook
from rulebook.rulebook import Rulebook
from rulebook.tariffs import Priced, Situation, Tariff, Unpriced, price
from tests.rulebook.town import text

HERE = Path(__file__).parent
UNITS = (
    "journee",
    "demi-journee",
    "demi-journee-repas",
    "occasionnel",
    "midi",
    "demi-heure",
)
MORE_UNITS = "".join(f'[activites.accueil.unites.{unit}]\nnom = "{unit}"\nau_temps_passe = "oui"\n' for unit in UNITS)
REPAS = 'libelle = "Repas"\narticle = "5"\nnature = "repas"\nactivites = ["accueil"]\nunites = ["repas"]\n'


def tariffs(written: str) -> Rulebook:
    """The small town with these [tarifs] sections."""
    return read_rulebook(text(more=f"{MORE_UNITS}\n{written}"))


def meal(written: str, more: str = "") -> Tariff:
    """The only tariff of the small town: of a meal, with these keys, and these sections after it."""
    return tariffs(f"[tarifs.repas]\n{REPAS}{written}\n{more}").tariffs[0]


def refused(written: str) -> list[str]:
    """Everything that is wrong in these sections."""
    try:
        tariffs(written)
    except RulebookError as error:
        return [f"{problem.message} — {problem.remedy}" for problem in error.problems]
    return []


def refused_meal(written: str, more: str = "") -> list[str]:
    """Everything that is wrong in the tariff of a meal."""
    return refused(f"[tarifs.repas]\n{REPAS}{written}\n{more}")


def published(name: str) -> Rulebook:
    """The small town with the tariffs a real one publishes."""
    return tariffs((HERE / "tariffs" / f"{name}.toml").read_text(encoding="utf-8"))


def quotient(amount: str | Decimal) -> QuotientDecided:
    return QuotientDecided(amount_cents=int(Decimal(amount) * 100), source="caf", first_day=date(2023, 9, 1))


def lines(tariff: Tariff, amount: str | Decimal | None, **around: object) -> tuple[Priced, ...]:
    """What a unit costs a household of a quotient."""
    known = None if amount is None else quotient(amount)
    priced = price(tariff, Situation(quotient=known, **around))  # type: ignore[arg-type]
    assert not isinstance(priced, Unpriced), priced
    return priced


def euros(tariff: Tariff, amount: str | Decimal | None, **around: object) -> str:
    """All of it together, in euros: 3.27."""
    total = sum(line.unit_price_cents * line.quantity for line in lines(tariff, amount, **around))
    return f"{Decimal(total) / 100:.2f}"


def of_unit(rulebook: Rulebook, unit: str) -> Tariff:
    found = rulebook.tariff(Slug("accueil"), Slug(unit))
    assert found is not None
    return found
