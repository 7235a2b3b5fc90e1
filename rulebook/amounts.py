"""Decimals as a clerk writes them: 3.05, "3,05", "3,05 €", "0,36 %"; and as people read them."""

import re
from decimal import Decimal
from typing import Final

from rulebook.tables import Table

_WRITTEN: Final = re.compile(r"([+-]?)(\d{1,9})(?:[.,](\d{1,9}))?")
_SPACES: Final = re.compile(r"[\s\u00a0\u202f]+")
MOST_LETTERS: Final = 40
LEAST_EXPONENT: Final = -9
MOST_EXPONENT: Final = 9


def parse_number(value: object) -> Decimal | None:
    """A number, exact; None for what is not one, is endless, or is no number a town would write."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return Decimal(value) if abs(value) < 10**9 else None
    if isinstance(value, str):
        found = _WRITTEN.fullmatch(_bare(value).removesuffix("€"))
        return None if found is None else Decimal(f"{found[1]}{found[2]}.{found[3] or 0}") + 0
    if not isinstance(value, Decimal) or not value.is_finite():
        return None
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)
    return value + 0 if exponent >= LEAST_EXPONENT and value.adjusted() < MOST_EXPONENT else None


def parse_share(value: object) -> Decimal | None:
    """A percentage, as a share: "0,36 %" is 0.0036. Always with its sign, so that nobody takes 0.36 for 36 %."""
    text = _bare(value) if isinstance(value, str) else ""
    number = parse_number(text[:-1]) if text.endswith("%") else None
    return None if number is None else number / 100


def _bare(text: str) -> str:
    return _SPACES.sub("", text[:MOST_LETTERS]).replace("\N{MINUS SIGN}", "-")


def has_cents_at_most(value: Decimal) -> bool:
    """Whether an amount is in whole cents."""
    return value == value.quantize(Decimal("0.01"))


def read_amount(table: Table, key: str, *, low: Decimal, high: Decimal, required: bool = False) -> Decimal | None:
    """An amount in whole cents between two bounds; None when it is not written, or not well."""
    if not table.has(key):
        if required:
            table.wrong(key, f"il manque « {key} »", f"écrivez {key} = 3.05, ou un autre montant")
        return None
    found = parse_number(table.values[key])
    if found is None or not has_cents_at_most(found):
        message = f"« {key} » n'est pas un montant en euros et centimes"
        table.wrong(key, message, f'écrivez {key} = 3.05, ou {key} = "3,05 €"')
        return None
    if not low <= found <= high:
        message = f"« {key} » n'est pas un montant possible"
        table.wrong(key, message, f"écrivez un montant de {french_number(low)} à {french_number(high)}")
        return None
    return found


def read_share(table: Table, key: str, *, low: Decimal, high: Decimal) -> Decimal | None:
    """A percentage between two bounds, as a share; None when it is not written, or not well."""
    if not table.has(key):
        return None
    found = parse_share(table.values[key])
    if found is None:
        table.wrong(key, f"« {key} » n'est pas un pourcentage", f'écrivez {key} = "0,36 %", entre guillemets')
        return None
    if not low <= found <= high:
        allowed = f"de {french_number(low * 100)} à {french_number(high * 100)} %"
        table.wrong(key, f"« {key} » n'est pas un pourcentage possible", f"écrivez un pourcentage {allowed}")
        return None
    return found


def euros(amount: Decimal) -> str:
    """An amount as people read it: 3,27 €."""
    return f"{french_number(amount.quantize(Decimal('0.01')), cents=True)} €"


def french_number(number: Decimal, *, cents: bool = False) -> str:
    """A number as people read it: 1 200, 599,50."""
    whole, _, rest = f"{number.normalize():f}".partition(".")
    if rest or cents:
        rest = rest.ljust(2, "0")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    grouped = f"{int(digits):,}".replace(",", " ")
    return f"{sign}{grouped},{rest}" if rest else f"{sign}{grouped}"
