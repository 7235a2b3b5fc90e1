"""A titre that is there, where a test is not about how it came."""

from collections.abc import Sequence
from datetime import date

from ledger.events import BilledDay, BilledLine, TitreIssued
from ledger.identifiers import ChildId, Commune, HouseholdId, Month, Slug, TitreNumber, Version
from ledger.store import Write
from ledger.streams import payer_page
from tests.ledger.long_pages import signature
from tests.ledger.small_ledger import append
from tests.servers import Database
from tests.stores import on_postgres

TITRE = TitreNumber("2023-000900")
MONTH = Month("2023-08")
"""Before anybody of the cast is enrolled: no test closes it."""


def issue(database: Database, commune: Commune, household: str, children: Sequence[str]) -> str:
    """One care line a child, in August 2023; its number."""
    lines = tuple(map(_line, children))
    titre = TitreIssued(
        titre=TITRE,
        household=HouseholdId(household),
        month=MONTH,
        position=1,
        issued_on=date(2023, 9, 4),
        due_on=date(2023, 9, 25),
        total_cents=sum(line.amount_cents for line in lines),
        lines=lines,
    )
    stream = payer_page(commune, HouseholdId(household))
    with on_postgres(database) as kept:
        page = kept.store.pages([stream])[stream]
        append(kept.store, kept.store.prepare(commune, signature(), [Write(page=page, facts=[titre])]))
    return TITRE


def _line(child: str) -> BilledLine:
    return BilledLine(
        child=ChildId(child),
        activity=Slug("garderie"),
        unit=Slug("soir"),
        nature="care",
        label="Garderie",
        unit_price_cents=210,
        quantity=1,
        amount_cents=210,
        rulebook=Version("2023-09"),
        article="7.2",
        code="7066",
        quotient=None,
        steps=(),
        days=(BilledDay(day=date(2023, 8, 28), basis="reserved", lines=(1,)),),
    )
