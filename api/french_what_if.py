"""What a what-if found, in French: for the council, at the terminal and on the page."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from api import french
from api.french_bill_job import number
from api.french_bills import amount, month_name, of_month
from ledger.identifiers import Commune, Slug
from replay.what_if.brackets import FEWEST
from replay.what_if.effects import Money
from replay.what_if.report import MOST_CHILDREN, Class, Report, Turned
from replay.what_if.wishes import Ask, Became
from rulebook.rulebook import Rulebook

WITHOUT_QUOTIENT: Final = "sans quotient"
EVERY_QUOTIENT: Final = "tous les quotients"
AND_WITHOUT: Final = "{bracket}, ou sans quotient"
UNCHANGED: Final = "inchangé"
NOTHING_TURNED: Final = "Aucune demande n'aurait eu une autre réponse."
NO_CHANGE: Final = "Aucun foyer ne paierait autrement."
NOBODY_BILLED: Final = "Aucun foyer n'a quoi que ce soit à payer sur la période."
FEW: Final = (
    f"Moins de {FEWEST} foyers en tout : ces chiffres peuvent faire reconnaître une famille. "
    "Ils ne se montrent qu'à qui peut lire les dossiers."
)
MERGED_ONE: Final = f"Une tranche de moins de {FEWEST} foyers est comptée avec sa voisine."
MERGED: Final = f"{{brackets}} tranches de moins de {FEWEST} foyers sont comptées avec leur voisine."
UNKNOWN_MERGED: Final = (
    f"Les foyers sans quotient sont comptés avec la dernière tranche : aucun groupe n'a moins de {FEWEST} foyers."
)
MADE_FROM: Final = (
    "Registre de {town} jusqu'à la position scellée {position} ; règlement {version}, empreinte SHA-256 {digest}."
)
MANY_CHILDREN: Final = f"{MOST_CHILDREN} ou plus"

ASKS: Final[Mapping[Ask, str]] = MappingProxyType(
    {"reserve": "réserver", "cancel": "annuler", "absence": "justifier une absence"}
)
BECAME: Final[Mapping[Became, str]] = MappingProxyType(
    {
        "approved": "acceptée",
        "rejected": "refusée par le service",
        "refused": "refusée par la règle",
        "pending": "en attente",
        "withdrawn": "retirée",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A report, with what is needed to make it again."""

    commune: Commune
    rulebook: Rulebook
    digest: str
    """SHA-256 of the text of the other rulebook."""
    reconsidered: tuple[Slug, ...]
    report: Report


def change(cents: int) -> str:
    """An amount with its sign, whichever it is."""
    return f"+{amount(cents)}" if cents > 0 else amount(cents)


def title(made: Made) -> str:
    """What it is of."""
    return f"{made.rulebook.name} · {period(made)} · et si : {made.report.version}"


def period(made: Made) -> str:
    """As in « septembre 2022 », or « septembre 2022 à juin 2023 »."""
    first, last = made.report.months[0][0], made.report.months[-1][0]
    return month_name(first) if first == last else f"{month_name(first)} à {month_name(last)}"


def during(made: Made) -> str:
    """As in « en septembre 2022 », or « de septembre 2022 à juin 2023 »."""
    first, last = made.report.months[0][0], made.report.months[-1][0]
    return f"en {month_name(first)}" if first == last else f"{of_month(first)} à {month_name(last)}"


def summary(made: Made) -> Iterator[str]:
    """The result in sentences, the first thing to be read."""
    report = made.report
    yield _total(made)
    if report.households:
        yield _households(report)
    yield _asked(report)
    if 0 < report.households < FEWEST:
        yield FEW


def _total(made: Made) -> str:
    report = made.report
    total = report.total
    if not report.households:
        return NOBODY_BILLED
    real = f"{amount(total.real)} en réalité"
    if total.change == 0:
        return f"Avec ce projet, les familles devraient autant {during(made)} : {real}."
    more = "de plus" if total.change > 0 else "de moins"
    share = f", soit {percent(total)}" if total.real > 0 else ""
    return (
        f"Avec ce projet, les familles devraient {amount(abs(total.change))} {more} {during(made)} : "
        f"{amount(total.here)} au lieu de {amount(total.real)}{share}."
    )


def percent(money: Money) -> str:
    """By how much an amount changes: +4,2 %."""
    tenths = (money.change * 2000 + money.real) // (2 * money.real) if money.real > 0 else 0
    sign = "+" if tenths > 0 else "−" if tenths < 0 else ""
    whole, rest = divmod(abs(tenths), 10)
    return f"{sign}{number(whole)},{rest}\N{NO-BREAK SPACE}%"


def _households(report: Report) -> str:
    def some(count: int, one: str, many: str) -> str:
        return f"{number(count)} {one if count < 2 else many}"

    return (
        f"Sur {some(report.households, 'foyer facturé', 'foyers facturés')}, "
        f"{some(report.gainers, 'paierait', 'paieraient')} moins, "
        f"{some(report.losers, 'paierait', 'paieraient')} plus, "
        f"et rien ne changerait pour {number(report.unchanged)}."
    )


def _asked(report: Report) -> str:
    turned = sum(each.days for each in report.turned)
    asked = f"{_days(report.asked)} demandé{_s(report.asked)}"
    if not turned:
        return f"Sur {asked}, aucun n'aurait eu une autre réponse."
    details = []
    if report.refused:
        are = "serait" if report.refused == 1 else "seraient"
        details.append(f"{number(report.refused)} accepté{_s(report.refused)} en réalité ne le {are} pas")
    if report.granted:
        are = "serait" if report.granted == 1 else "seraient"
        details.append(f"{number(report.granted)} refusé{_s(report.granted)} ou en attente le {are}")
    said = f"Sur {asked}, {number(turned)} {'aurait' if turned == 1 else 'auraient'} eu une autre réponse"
    return f"{said}{' : ' if details else ''}{', et '.join(details)}."


def _days(count: int) -> str:
    return f"{number(count)} jour{_s(count)}"


def _s(count: int) -> str:
    return "s" if count > 1 else ""


def bracket(first_cents: int | None, end_cents: int | None, *, with_unknown: bool = False) -> str:
    """A bracket of quotients, in words."""
    if first_cents is None:
        return WITHOUT_QUOTIENT
    first = _quotient(first_cents)
    if end_cents is None:
        said = EVERY_QUOTIENT if first_cents == 0 else f"{first} et plus"
        return AND_WITHOUT.format(bracket=said) if with_unknown else said
    return f"moins de {_quotient(end_cents)}" if first_cents == 0 else f"de {first} à moins de {_quotient(end_cents)}"


def _quotient(cents: int) -> str:
    whole, rest = divmod(cents, 100)
    return f"{number(whole)},{rest:02d}" if rest else number(whole)


def children(count: int) -> str:
    """How many children a household has; of the largest, only that it has many."""
    return MANY_CHILDREN if count >= MOST_CHILDREN else str(count)


def class_name(found: Class) -> str:
    """A class of changes, in words."""
    first, end = found.first_cents, found.end_cents
    if (first, end) == (0, 1):
        return UNCHANGED
    if first is None:
        return f"plus de {_bound(-(end or 0))} de moins"
    if end is None:
        return f"plus de {_bound(first - 1)} de plus"
    if end <= 0:
        return f"de {_bound(-end)} à {_bound(-first)} de moins" if end else f"jusqu'à {_bound(-first)} de moins"
    return f"jusqu'à {_bound(end - 1)} de plus" if first == 1 else f"de {_bound(first - 1)} à {_bound(end - 1)} de plus"


def _bound(cents: int) -> str:
    return f"{number(cents // 100)}\N{NO-BREAK SPACE}€"


def why(turned: Turned, rulebook: Rulebook) -> str:
    """Why the answer would have been another one, with its article."""
    said = french.title(turned.code) if turned.code else rulebook.refusal_reasons.get(turned.reason or Slug(""), "")
    article = f"article {turned.article}" if turned.article and turned.code else ""
    return ", ".join(part for part in (said, article) if part)


def activity(turned: Turned, rulebook: Rulebook) -> str:
    """The name of an activity, where the other rulebook knows it."""
    known = rulebook.activities.get(turned.activity)
    return known.name if known else str(turned.activity)


def edge(found: Class) -> str:
    """Where a class begins, in euros; on both sides of those for whom nothing changes, nothing."""
    cents = found.first_cents or 0
    return "" if cents in (0, 1) else f"+{(cents - 1) // 100}" if cents > 0 else f"−{-cents // 100}"


def merged_said(report: Report) -> Iterator[str]:
    """What is not told apart, and why."""
    if report.merged:
        yield MERGED_ONE if report.merged == 1 else MERGED.format(brackets=number(report.merged))
    if report.unknown_merged:
        yield UNKNOWN_MERGED


def made_from(made: Made) -> str:
    """What is needed to make the same report again."""
    return MADE_FROM.format(
        position=number(made.report.position),
        town=made.commune,
        version=made.report.version,
        digest=made.digest,
    )
