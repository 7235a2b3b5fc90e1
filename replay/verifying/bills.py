"""Every closed month billed again from the facts: family by family, up to the position it was closed at.

The same code made the draft, the close and the titres: what differs is a fact, a rule or a
line that is not what it was.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Self

from ledger.entry import AlteredLineError
from ledger.events import BilledLine, ChildJoinedHousehold, ChildRegistered, MonthClosed, TitreIssued
from ledger.identifiers import ChildId, Commune, HouseholdId
from ledger.identifiers import Month as MonthName
from ledger.store import Page, turned
from ledger.streams import child_page, household_page, payer_page, regie_page, town_page
from ledger.town import Town
from projections.billing.bills import bill
from projections.billing.canonical import canonical_bill
from projections.billing.family import Family, Placed
from replay.billing.reading import HOUSEHOLDS_AT_ONCE, Governed, Reading
from replay.verifying.findings import Finding
from replay.verifying.lines import Connection
from rulebook.town import Rules, rules_of_town

_CHILDREN: Final = """
    SELECT DISTINCT convert_from(stored, 'UTF8')::jsonb #>> '{fact,household}', split_part(stream, '/', 3) FROM entries
    WHERE commune = %s AND type IN ('child_registered.v1', 'child_joined_household.v1')
"""

Home = tuple[HouseholdId, tuple[ChildId, ...]]


class Untold(NamedTuple):
    """A bill that has lines, of a household that has no titre of the month: not yet, or it never will."""

    month: MonthName
    household: HouseholdId
    bill: bytes
    """As the digest of the close counts it."""


class Month(NamedTuple):
    """A closed month, and what governed its bills."""

    closed: MonthClosed
    rules: Rules
    town: Sequence[Placed]
    before: tuple[MonthClosed, ...]


@dataclass(kw_only=True, slots=True)
class Again:
    """What billing again came to."""

    findings: list[Finding] = field(default_factory=list)
    months: set[MonthName] = field(default_factory=set)
    """Those that were billed again: all that are closed, as far as lines are sealed."""
    untold: list[Untold] = field(default_factory=list)
    whole: bool = True
    """Whether every family was billed again; none of which something cannot be believed is."""

    @classmethod
    def of(cls, shares: Iterable[Self], *, whole: bool) -> Self:
        """All shares of a town together."""
        told = list(shares)
        return cls(
            findings=[each for share in told for each in share.findings],
            months=set().union(*(share.months for share in told)),
            untold=[each for share in told for each in share.untold],
            whole=whole and all(share.whole for share in told),
        )


def homes(connection: Connection, commune: Commune, pages: Collection[str], broken: Collection[str]) -> list[Home]:
    """The households and the children that ever were of each; none of which something cannot be believed."""
    if town_page(commune) in broken or regie_page(commune) in broken:
        return []
    children: dict[HouseholdId, set[ChildId]] = {
        HouseholdId(stream.rsplit("/", 1)[1]): set() for stream in pages if stream.startswith(("payer/", "household/"))
    }
    for household, child in connection.execute(_CHILDREN, (commune,)):
        children.setdefault(household, set()).add(child)
    return [
        (household, tuple(sorted(own)))
        for household, own in sorted(children.items())
        if not any(stream in broken for stream in _pages(commune, household, own))
    ]


def _pages(commune: Commune, household: HouseholdId, children: Collection[ChildId]) -> Iterator[str]:
    yield household_page(commune, household)
    yield payer_page(commune, household)
    yield from (child_page(commune, child) for child in children)


def shared_out(families: Sequence[Home], count: int) -> Iterator[Sequence[Home]]:
    """The families in so many shares at most, none empty."""
    size = max(-(-len(families) // count), 1)
    for start in range(0, len(families), size):
        yield families[start : start + size]


def bill_again(
    connection: Connection, commune: Commune, upto: int, families: Sequence[Home], progress: Callable[[int], None]
) -> Again:
    """The titres that are not what the facts come to. `progress` is told of the lines of some families at once."""
    reading = Reading(connection=connection, commune=commune, upto=upto)
    try:
        months = _months(commune, reading.governed())
    except AlteredLineError as altered:
        found = Finding(what="not_compared", where="the bills of the town", stream=altered.stream)
        return Again(findings=[found], whole=False)
    again = Again(months={each.closed.month for each in months})
    for start in range(0, len(families) if months else 0, HOUSEHOLDS_AT_ONCE):
        some = families[start : start + HOUSEHOLDS_AT_ONCE]
        try:
            read = list(reading.named(some))
        except AlteredLineError as altered:
            where = f"the bills of {altered.stream}"
            again.findings.append(Finding(what="not_compared", where=where, stream=altered.stream))
            again.whole = False
            continue
        for family in read:
            _bill(family, months, commune, again)
        progress(sum(len(page) for family in read for page in family.children.values()))
    return again


def _months(commune: Commune, governed: Governed) -> list[Month]:
    """Each month that is closed, with the rules and the closes as they stood at its position."""
    months: list[Month] = []
    for count, closed in enumerate(governed.closed):
        town = _upto(governed.town, closed.position)
        state = turned(Page(stream=town_page(commune)), [placed.entry for placed in town]).state
        assert state is None or isinstance(state, Town)
        months.append(Month(closed, rules_of_town(state), town, governed.closed[:count]))
    return months


def _bill(family: Family, months: Sequence[Month], commune: Commune, again: Again) -> None:
    """What a family was billed otherwise than its pages say, and what it was not billed."""
    issued = {placed.entry.fact.month: placed for placed in family.payer if isinstance(placed.entry.fact, TitreIssued)}
    for closed, rules, town, before in months:
        worked = bill(_known(family, closed.position), rules, closed.month, closed=before, town=town)
        titre = issued.get(closed.month)
        if titre is None:
            if worked.lines:
                stored = canonical_bill(family.household, worked.lines)
                again.untold.append(Untold(closed.month, family.household, stored))
            continue
        fact = titre.entry.fact
        assert isinstance(fact, TitreIssued)
        if worked.lines != fact.lines:
            place = _first_differing(worked.lines, fact.lines)
            more = f": {fact.titre} line {place}"
            page = payer_page(commune, family.household)
            again.findings.append(Finding.at("bill_differs", page, titre.entry.version, more=more))


def _first_differing(told: Sequence[BilledLine], kept: Sequence[BilledLine]) -> int:
    same = [one == other for one, other in zip(told, kept, strict=False)]
    return same.index(False) + 1 if False in same else len(same) + 1


def _known(family: Family, position: int) -> Family:
    """The family as its pages stood at a position."""
    children = {child: _upto(page, position) for child, page in family.children.items()}
    return Family(
        household=family.household,
        home=_upto(family.home, position),
        children={child: page for child, page in children.items() if _came(page, family.household)},
        payer=_upto(family.payer, position),
    )


def _came(page: Sequence[Placed], household: HouseholdId) -> bool:
    """Whether a child had come to a household by the end of these lines."""
    facts = (placed.entry.fact for placed in page)
    return any(
        isinstance(fact, ChildRegistered | ChildJoinedHousehold) and fact.household == household for fact in facts
    )


def _upto(page: Sequence[Placed], position: int) -> Sequence[Placed]:
    return [placed for placed in page if placed.position <= position]
