"""A town that bills: months closed and titres issued from its facts, as the service does, without its processes."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import psycopg

from commands.adopt_rulebook import AdoptRulebook
from commands.close_month import CloseMonth, DraftFound, first_of_next
from commands.issue_titres import BillToIssue, IssueTitres
from commands.outcome import Accepted, Command, Known
from ledger.database import service_conninfo
from ledger.events import (
    CollectionSent,
    DirectDebitAsked,
    DirectDebitReturned,
    Fact,
    MandateSigned,
    MealBroughtDecided,
    PaymentCancelled,
    PaymentRecorded,
    QuotientDecided,
    TariffStatusDecided,
)
from ledger.identifiers import (
    ChildId,
    CollectionId,
    Commune,
    GuardianId,
    HouseholdId,
    MandateId,
    Month,
    PaymentId,
    Stream,
    TitreNumber,
)
from ledger.settings import Settings
from ledger.store import Write
from ledger.streams import child_page, household_page, payer_page, regie_page
from projections.billing.bills import Bill, bill
from projections.billing.canonical import canonical_bill, digest_of
from replay.billing.reading import Reading
from replay.sealing.seal import seal_once
from tests.asks import mark, reserve, sheet
from tests.servers import Database
from tests.spec import Story, about, clock, enrolled
from tests.town import AWA, CANTINE, MATTEO, RULEBOOK, VALMONT, at

TARIFFS = """
[regie]
nom = "Régie de Valmont"
delai_de_paiement_jours = 21
moyens = ["par chèque"]

[tarifs.repas]
libelle = "Repas"
article = "3.5"
nature = "repas"
imputation = "7067"
activites = ["cantine"]
tranches = [{ a_partir_de = 0, prix = 1.10 }, { a_partir_de = 500, prix = 3.27 }]
"""
PRICED = RULEBOOK.replace('version = "2023-09"', 'version = "2023-10"') + TARIFFS
JANUARY, FEBRUARY = Month("2024-01"), Month("2024-02")
COLLECTION, MANDATE = CollectionId("collection-1"), MandateId("VALMONT-1")
CHEQUE, DEBIT = PaymentId("cheque-1"), PaymentId("debit-1")
_FAMILIES = """
    SELECT household, array_agg(child ORDER BY child) FROM ardoise.children
    WHERE commune = %s GROUP BY household ORDER BY household COLLATE "C"
"""


class Said:
    """Facts written as they are, on a page."""

    def __init__(self, stream: Stream, *facts: Fact) -> None:
        self.stream, self.facts = stream, facts

    def pages(self, commune: Commune) -> list[Stream]:
        return [self.stream]

    def decide(self, known: Known) -> Accepted:
        return Accepted(writes=[Write(page=known.pages[self.stream], facts=self.facts)])


def two_meals(story: Story) -> None:
    """Matteo and Awa reserve two meals in January; Matteo eats both, and Awa does not come once."""
    story.must(AdoptRulebook(content=PRICED))
    enrolled(MATTEO, AWA, activity=CANTINE)(story)
    for person, amount_cents in ((MATTEO, 59_950), (AWA, 38_000)):
        quotient = QuotientDecided(amount_cents=amount_cents, source="caf", first_day=date(2023, 9, 1))
        story.must(Said(household_page(VALMONT, person.household), quotient))

    about(CANTINE)(story)
    days = ("2024-01-25 repas", "2024-01-26 repas")
    for person in (MATTEO, AWA):
        reserve(*days, of=person)(story)
    for day, awa in zip(days, ("present", "absent"), strict=True):
        clock(f"{day.split()[0]} 18:00")(story)
        sheet(day, mark("present", of=MATTEO), mark(awa, of=AWA))(story)  # type: ignore[arg-type]


@contextmanager
def working(database: Database, commune: Commune = VALMONT) -> Iterator[psycopg.Connection[Any]]:
    """A connection that works for a town."""
    with psycopg.connect(service_conninfo(database.service_url, Settings()), autocommit=True) as connection:
        connection.execute("SELECT set_config('ardoise.commune', %s, false)", (commune,))
        yield connection


def drafted(database: Database, month: Month) -> tuple[int, list[Bill]]:
    """Every bill of a month at the position of the last line."""
    with working(database) as connection:
        seal_once(connection)
        row = connection.execute("SELECT size FROM ardoise.trees WHERE commune = %s", (VALMONT,)).fetchone()
        assert row is not None
        reading = Reading(connection=connection, commune=VALMONT, upto=row[0])
        governed = reading.governed()
        named = [
            (HouseholdId(household), [ChildId(child) for child in children])
            for household, children in connection.execute(_FAMILIES, (VALMONT,))
        ]
        bills = [
            bill(family, governed.rules, month, closed=governed.closed, town=governed.town)
            for family in reading.named(named)
        ]
        return row[0], bills


def close_month(story: Story, database: Database, month: Month) -> list[TitreNumber]:
    """Closes a month three days after its end, with whatever is missing left out, and issues its titres."""
    story.now = max(story.now, at(f"{first_of_next(month) + timedelta(days=2)} 09:00"))
    position, bills = drafted(database, month)
    billed = [each for each in bills if each.lines]
    digest = digest_of(canonical_bill(each.household, each.lines) for each in billed)
    last = story.store.pages([regie_page(VALMONT)])[regie_page(VALMONT)].state
    draft = DraftFound(
        position=position,
        after=last.months[-1].month if last is not None and last.months else None,  # type: ignore[union-attr]
        titres=len(billed),
        total_cents=sum(each.total_cents for each in billed),
        digest=digest,
        missing=sum(not day.billed for each in bills for day in each.missing),
    )
    commands: list[Command] = [
        CloseMonth(month=month, position=position, draft=draft, leave_out=True),
        IssueTitres(
            month=month,
            digest=digest,
            place=0,
            bills=[BillToIssue(household=each.household, lines=each.lines) for each in billed],
        ),
    ]
    issued: list[TitreNumber] = []
    for command in commands:
        story.must(command)
        issued += [fact.titre for fact in story.facts if type(fact).__name__ == "TitreIssued"]  # type: ignore[union-attr]
    return issued


def paid(story: Story, titre: TitreNumber, household: HouseholdId = MATTEO.household) -> None:
    """A titre is collected from the bank, which gives it back; then a cheque comes."""
    today = story.now.date()
    debit = DirectDebitAsked(
        collection=COLLECTION, mandate=MANDATE, titre=titre, amount_cents=654, sequence="FRST", collect_on=today
    )
    received = PaymentRecorded(
        payment=DEBIT, household=household, amount_cents=654, means="direct_debit", received_on=today, titre=titre
    )
    facts: list[Fact] = [
        MandateSigned(
            mandate=MANDATE,
            household=household,
            guardian=GuardianId("guardian-1"),
            signed_on=today,
            digest="4" * 64,
        ),
        debit,
        received,
        DirectDebitReturned(collection=COLLECTION, titre=titre, reason="AM04"),
        PaymentCancelled(payment=DEBIT, because="returned_debit", cancelled_on=today),
        PaymentRecorded(payment=CHEQUE, household=household, amount_cents=300, means="cheque", received_on=today),
    ]
    story.must(Said(payer_page(VALMONT, household), *facts))
    sent = CollectionSent(collection=COLLECTION, collect_on=today, debits=1, total_cents=654, digest="6" * 64)
    story.must(Said(regie_page(VALMONT), sent))


def decided(story: Story) -> None:
    """What prices depend on, or may."""
    quotient = QuotientDecided(amount_cents=59_950, source="caf", first_day=date(2023, 9, 1))
    status = TariffStatusDecided(residence="town", regime="caf", first_day=date(2024, 1, 1))
    story.must(Said(household_page(VALMONT, MATTEO.household), quotient, status))
    meal = MealBroughtDecided(activity=CANTINE, brought=False, first_day=date(2024, 1, 1))
    story.must(Said(child_page(VALMONT, MATTEO.id), meal))
