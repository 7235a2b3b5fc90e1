"""The prices of a tariff, read from its brackets, its published intervals, its rate or its only price."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Final

from rulebook.amounts import euros, french_number, read_amount, read_share
from rulebook.grids import Bracket, Rate, Reading, Rounding
from rulebook.intervals import CENT, EURO, Finding, Interval, brackets, findings
from rulebook.rounding import read
from rulebook.tables import Table

HIGHEST_PRICE: Final = Decimal(100_000)
HIGHEST_QUOTIENT: Final = Decimal(10_000_000)
"""Some grids are written on yearly income."""

FIVE_CENTS: Final = Decimal("0.05")
KEYS: Final = ("tranches", "intervalles", "taux", "prix")
READ: Final[tuple[tuple[str, Reading], ...]] = (("tronqué", "truncated"), ("arrondi", "rounded"))
Prices = tuple[Bracket, ...] | Rate | Bracket


def read_prices(table: Table, reading: Reading, rounding: Rounding) -> Prices | None:
    """What a grid says of its prices; None when it says nothing, or nothing that is understood."""
    written = [key for key in KEYS if table.has(key)]
    for key in ("plancher", "plafond", "dont_repas"):
        table.has(key)
    if len(written) != 1:
        if written:
            table.wrong(
                written[1], f"« {written[0]} » et « {written[1]} » disent le prix tous les deux", "gardez-en un"
            )
        return None
    match written[0]:
        case "tranches":
            found: Prices | None = _brackets(table, rounding)
        case "intervalles":
            found = _intervals(table, reading, rounding)
        case "taux":
            found = _rate(table, rounding)
        case _:
            found = read_price(table, rounding)
    return found


def read_price(table: Table, rounding: Rounding) -> Bracket | None:
    """One price, and its part for the meal."""
    amount = read_amount(table, "prix", low=Decimal(0), high=HIGHEST_PRICE, required=True)
    meal = read_amount(table, "dont_repas", low=Decimal(0), high=HIGHEST_PRICE)
    if amount is None:
        return None
    if meal is not None and meal > amount:
        table.wrong("dont_repas", "la part du repas dépasse le prix", f"écrivez {french_number(amount)} au plus")
        meal = None
    for key, each in (("prix", amount), ("dont_repas", meal)):
        check_rounding(table, key, each, rounding)
    return Bracket(lower=Decimal(0), price=amount, meal=meal)


def check_rounding(table: Table, key: str, amount: Decimal | None, rounding: Rounding) -> None:
    """Report an amount that the tariff's rounding would change: nobody is asked for more than what is written."""
    if rounding is Rounding.UP_TO_FIVE_CENTS and amount is not None and amount % FIVE_CENTS:
        message = f"{euros(amount)} n'est pas un multiple de 5 centimes, et l'arrondi le changerait"
        table.wrong(key, message, 'corrigez le montant, ou écrivez arrondi = "au centime"')


def _brackets(table: Table, rounding: Rounding) -> tuple[Bracket, ...] | None:
    found: list[Bracket] = []
    already = len(table.found)
    for own in table.tables("tranches"):
        lower = read_amount(own, "a_partir_de", low=Decimal(0), high=HIGHEST_QUOTIENT, required=True)
        price = read_price(own, rounding)
        own.close()
        if lower is not None and price is not None:
            found.append(Bracket(lower=lower, price=price.price, meal=price.meal))
    if len(table.found) > already:
        return None
    if not found or found[0].lower != 0:
        example = "tranches = [{ a_partir_de = 0, prix = 1.00 }, { a_partir_de = 600, prix = 3.05 }]"
        message = "la première tranche ne commence pas à 0" if found else "il n'y a aucune tranche"
        table.wrong("tranches", message, f"écrivez {example}")
        return None
    for before, after in pairwise(found):
        if after.lower <= before.lower:
            message = f"la tranche à partir de {french_number(after.lower)} n'est pas plus haute que la précédente"
            table.wrong("tranches", message, "écrivez les tranches dans l'ordre, chacune une fois")
            return None
    return tuple(found)


def _rate(table: Table, rounding: Rounding) -> Rate | None:
    rate = read_share(table, "taux", low=Decimal(0), high=Decimal(1))
    floor = read_amount(table, "plancher", low=Decimal(0), high=HIGHEST_PRICE)
    ceiling = read_amount(table, "plafond", low=Decimal(0), high=HIGHEST_PRICE)
    if rate is None:
        return None
    for key, each in (("plancher", floor), ("plafond", ceiling)):
        check_rounding(table, key, each, rounding)
    if floor is not None and ceiling is not None and ceiling < floor:
        table.wrong("plafond", "le plafond est plus bas que le plancher", "échangez les deux")
    if rounding is Rounding.NONE:
        message = "un taux donne des fractions de centime, et ce tarif n'arrondit pas"
        table.wrong("taux", message, 'écrivez arrondi = "au centime" dans le tarif')
    return Rate(rate=rate, floor=floor, ceiling=ceiling)


# ---- published intervals --------------------------------------------------------------------------------------------


def _intervals(table: Table, reading: Reading, rounding: Rounding) -> tuple[Bracket, ...] | None:
    already, unit = len(table.found), CENT if reading == "exact" else EURO
    lines = [(own, _interval(own, unit, rounding)) for own in table.tables("intervalles")]
    if len(table.found) > already:
        return None
    found = [each for _, each in lines if each is not None]
    places = {id(each): own for own, each in lines}
    if not found:
        table.wrong(
            "intervalles", "il n'y a aucun intervalle", "écrivez intervalles = [{ de = 0, a = 599, prix = 1.00 }]"
        )
        return None
    for finding in findings(found, unit):
        message, readings = told(finding)
        places[id(finding.after or finding.before)].wrong("", message, readings)
    return brackets(found, unit) if len(table.found) == already else None


def _interval(own: Table, unit: Decimal, rounding: Rounding) -> Interval | None:
    lows = [key for key in ("de", "a_partir_de", "plus_de") if own.has(key)]
    highs = [key for key in ("a", "jusqu_a", "moins_de") if own.has(key)]
    for two in (lows, highs):
        if len(two) > 1:
            own.wrong(two[1], f"« {two[0]} » et « {two[1]} » disent la même borne", "gardez l'une des deux")
    first = read_amount(own, lows[0], low=Decimal(0), high=HIGHEST_QUOTIENT) if lows else Decimal(0)
    last = read_amount(own, highs[0], low=Decimal(0), high=HIGHEST_QUOTIENT) if highs else None
    price = read_price(own, rounding)
    own.close()
    if first is None or price is None or (highs and last is None):
        return None
    interval = Interval(
        first=first,
        last=last,
        with_first=lows != ["plus_de"],
        with_last=highs != ["moins_de"],
        price=price.price,
        meal=price.meal,
    )
    if interval.is_empty(unit):
        message = f"aucun quotient ne peut être dans l'intervalle « {said(interval)} »"
        own.wrong("", message, "vérifiez ses deux bornes, ou retirez-le")
        return None
    return interval


def said(interval: Interval) -> str:
    """An interval as it is published."""
    first, last = french_number(interval.first), "" if interval.last is None else french_number(interval.last)
    begins = f"{'de' if interval.with_first else 'plus de'} {first}"
    if interval.last is None:
        return f"{first} et plus" if interval.with_first else begins
    if interval.with_last:
        return f"{begins} à {last}"
    return f"moins de {last}" if interval.first == 0 and interval.with_first else f"{begins} à moins de {last}"


def told(finding: Finding) -> tuple[str, str]:
    """What is ambiguous or missing in a published grid, and the readings its author may choose from."""
    where, before, after = _run(finding), finding.before, finding.after
    match finding.kind:
        case "overlap":
            message = f"{where} est dans deux tranches, « {_priced(before)} » et « {_priced(after)} »"
        case "hole":
            message = f"il n'y a aucun prix pour {where}, entre « {_priced(before)} » et « {_priced(after)} »"
        case "between":
            message = f"{where} tombe entre « {_priced(before)} » et « {_priced(after)} »"
        case "below":
            message = f"il n'y a aucun prix pour {where}, avant « {_priced(after)} »"
        case _:
            message = f"il n'y a aucun prix au-dessus de {french_number(finding.first)}, après « {_priced(before)} »"
    return message, " ; ".join(_readings(finding))


def _run(finding: Finding) -> str:
    if finding.first == finding.last:
        return f"un quotient de {french_number(finding.first)}"
    return f"un quotient de {french_number(finding.first)} à {french_number(finding.last)}"


def _priced(interval: Interval | None) -> str:
    return "" if interval is None else f"{said(interval)} : {euros(interval.price)}"


def _readings(finding: Finding) -> Iterator[str]:
    before, after = finding.before, finding.after
    first, last = _bare(finding.first), _bare(finding.last)
    if after is None:
        yield f"si rien ne finit la dernière tranche, retirez « a = {last} »"
        yield "s'il y a un autre prix au-dessus, ajoutez son intervalle"
    elif before is None:
        yield f"si « {said(after)} » commence à 0, écrivez de = 0"
        yield "s'il y a un autre prix en dessous, ajoutez son intervalle"
    elif finding.kind == "between":
        shown = french_number(finding.first)
        for word, reading in READ:
            yield f'écrivez quotient_lu = "{word}" si {shown} se lit {_bare(read(reading, finding.first))}'
        lower = f"des tranches par bornes inférieures, avec a_partir_de = {_bare(after.first)},"
        yield f"écrivez {lower} si {shown} paie {euros(before.price)}"
    else:
        shown = first if first == last else f"{first} à {last}"
        overlap = finding.kind == "overlap"
        begin, end = (f"plus_de = {last}", f"moins_de = {first}") if overlap else (f"de = {first}", f"a = {last}")
        here, there = (after, before) if overlap else (before, after)
        yield f"si {shown} paie {euros(before.price)}, écrivez {begin if overlap else end} dans « {said(here)} »"
        yield f"si {shown} paie {euros(after.price)}, écrivez {end if overlap else begin} dans « {said(there)} »"


def _bare(number: Decimal) -> str:
    """A number as it is to be typed."""
    return f"{number.normalize():f}"
