"""The arithmetic of a unit price, step by step, in French."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Final

from ledger.events import QuotientUsed, Step, StepKind

REGIMES: Final[Mapping[str, str]] = MappingProxyType(
    {"caf": "régime général (CAF)", "msa": "régime agricole (MSA)", "other": "un autre régime"}
)
RESIDENCES: Final[Mapping[str, str]] = MappingProxyType({"town": "dans la commune", "outside": "hors de la commune"})
WITHOUT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "highest": "Sans quotient familial connu : le tarif le plus élevé s'applique.",
        "price": "Sans quotient familial connu : le règlement fixe un prix.",
    }
)
NARROW, WIDE = "\u202f", "\u00a0"


def decimal_of(value: str) -> Decimal | None:
    """A step's value as a number; None when it is a name."""
    try:
        return Decimal(value)
    except InvalidOperation:
        return None


def number_of(value: Decimal) -> str:
    """1 653,5: a decimal as it is read in French, with no zero that says nothing."""
    plain = f"{value:f}"
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    whole, _, rest = plain.partition(".")
    grouped = f"{int(whole):,}".replace(",", NARROW)
    if whole.startswith("-") and not grouped.startswith("-"):
        grouped = f"-{grouped}"
    return (f"{grouped},{rest}" if rest else grouped).replace("-", "−")


def euros_of(value: Decimal, *, cents: bool = False) -> str:
    """An amount with the decimals it has: 650 €, 599,50 €, 2,3409 €; `cents`: with two at least."""
    said = number_of(value)
    whole, _, rest = said.partition(",")
    if cents or len(rest) == 1:
        said = f"{whole},{rest:0<2}"
    return f"{said}{WIDE}€"


def percent_of(value: Decimal) -> str:
    """0.0036 is 0,36 %."""
    return f"{number_of(value * 100)}{WIDE}%"


def _money(sentence: str) -> Callable[[str], str]:
    def say(value: str) -> str:
        amount = decimal_of(value)
        return sentence.format(value if amount is None else euros_of(amount))

    return say


def _share(sentence: str) -> Callable[[str], str]:
    def say(value: str) -> str:
        share = decimal_of(value)
        return sentence.format(value if share is None else percent_of(share))

    return say


def _signed_share(value: str) -> str:
    share = decimal_of(value)
    if share is None:
        return f"{value}."
    sign = "" if share < 0 else "+"
    return f"Soit {sign}{percent_of(share)} du prix."


def _rank(value: str) -> str:
    return "Premier enfant du foyer." if value == "1" else f"{value}e enfant du foyer."


def _units(value: str) -> str:
    return f"{value} unité{'' if value == '1' else 's'} de ce tarif dans le mois."


def _slice(value: str) -> str:
    minutes = decimal_of(value)
    if minutes is None:
        return f"Par tranche commencée de {value}."
    hours, rest = divmod(int(minutes), 60)
    said = f"{hours} h {rest:02d}" if hours and rest else f"{hours} h" if hours else f"{rest} minutes"
    return f"Par tranche commencée de {said}."


_SAID: Final[Mapping[StepKind, Callable[[str], str]]] = MappingProxyType(
    {
        "grid": "Grille « {} ».".format,
        "quotient": _money("Quotient retenu : {}."),
        "no_quotient": lambda value: WITHOUT.get(value, "Aucun quotient familial n'est connu."),
        "lower_brackets": lambda value: "Tranche juste inférieure." if value == "1" else f"{value} tranches plus bas.",
        "bracket": _money("Tranche à partir de {}."),
        "rate": _share("Taux d'effort : {} du quotient."),
        "raw": _money("Le calcul donne {}."),
        "floor": _money("Le prix n'est pas inférieur à {}."),
        "ceiling": _money("Le prix n'est pas supérieur à {}."),
        "price": _money("Prix : {}."),
        "share": _signed_share,
        "meal_part": _money("Dont la part du repas : {}."),
        "rank": _rank,
        "children": "{} enfants du foyer y viennent.".format,
        "residence": lambda value: f"Le foyer réside {RESIDENCES.get(value, value)}.",
        "regime": lambda value: f"Le foyer relève du {REGIMES.get(value, value)}.".replace("du un", "d'un"),
        "units_in_month": _units,
        "meal_brought": lambda value: f"L'enfant {'apporte' if value == 'true' else 'n’apporte pas'} son repas.",
        "minutes": _slice,
        "adjustment": "{}.".format,
        "rounded": _money("Arrondi à {}."),
    }
)


def steps_said(steps: Sequence[Step], used: QuotientUsed | None) -> tuple[str, ...]:
    """One sentence a step that has one, in the order of the calculation.

    The tariff is told with its article; the quotient by itself, unless the tariff reads it otherwise than it is.
    """
    written = None if used is None else Decimal(used.amount_cents) / 100
    return tuple(
        said
        for step in steps
        if (said := step_said(step)) and (step.kind, decimal_of(step.value)) != ("quotient", written)
    )


def step_said(step: Step) -> str | None:
    """One step; None of one that is told elsewhere."""
    say = _SAID.get(step.kind)
    return None if say is None else say(step.value)
