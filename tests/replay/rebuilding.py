"""A town with rows in every read model, and what a test looks at before and after a rebuild."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, cast

import psycopg

from commands.adopt_rulebook import AdoptRulebook
from commands.guardians import AddGuardian
from commands.outcome import Accepted, Known
from ledger.database import open_pool, service_conninfo
from ledger.events import ChildRegistered, ContactAdded, Fact
from ledger.identifiers import AccountId, ChildId, Commune, HouseholdId, PersonId, Stream
from ledger.memory import MemoryStore
from ledger.postgres import PostgresStore
from ledger.settings import Settings
from ledger.store import Write
from ledger.streams import account_page, child_page, household_page
from projections.inline import project
from projections.models import READ_MODELS
from replay.rebuilding.catalogue import LIVE
from replay.rebuilding.compare import digest
from replay.rebuilding.rebuild import rebuild
from replay.rebuilding.state import NAMES, connect
from replay.verifying.verify import Finding, verify
from tests.asks import approve, close, mark, places, reserve, sheet
from tests.billed import JANUARY, PRICED, close_month, decided, paid
from tests.ledger.examples import ACTIVATION, FAMILY, ON_ACCOUNT, ON_HOUSEHOLD, ON_SHARED_CHILD, SHARED_CHILD
from tests.servers import Database
from tests.spec import Story, enrolled
from tests.town import CANTINE, MATTEO, MERCREDIS, VALMONT, at

ALL = list(NAMES)
INLINE = [name for name, model in READ_MODELS.items() if model.behind == "command"]
INLINE_TABLES = [table for name in INLINE for table in READ_MODELS[name].tables]


@dataclass(frozen=True)
class Said:
    """Facts written as they are, on a page."""

    stream: Stream
    facts: tuple[Fact, ...]

    def pages(self, commune: Commune) -> list[Stream]:
        return [self.stream]

    def decide(self, known: Known) -> Accepted:
        return Accepted(writes=[Write(page=known.pages[self.stream], facts=self.facts)])


@contextmanager
def story_in(database: Database) -> Iterator[Story]:
    """The words of stories, on a real database, as the service keeps them."""
    pool = open_pool(database.service_url, Settings(pool_size=2, lock_timeout_ms=5_000))
    try:
        store = PostgresStore(pool, project=project)
        yield Story(commune=VALMONT, store=cast("MemoryStore", store), now=at("2024-01-10 10:00"))
    finally:
        pool.close()


def live(story: Story) -> None:
    """A town that lives: every read model that commands write has rows."""
    story.must(AdoptRulebook(content=PRICED))
    enrolled(MATTEO, activity=MERCREDIS)(story)
    enrolled(MATTEO, activity=CANTINE)(story)
    story.must(AddGuardian(household=MATTEO.household, guardian="guardian-1", subject="subject-1"))  # type: ignore[arg-type]
    reserve("2024-03-27", "2024-03-20")(story)
    approve()(story)
    close("2024-03-20")(story)
    story.must(Said(account_page(VALMONT, AccountId(ACTIVATION)), tuple(ON_ACCOUNT)))
    erased = ON_HOUSEHOLD[-2]
    added = ContactAdded(person=PersonId("somebody-else"), collects=False)
    household = (*(fact for fact in ON_HOUSEHOLD if fact != erased), added, erased)
    story.must(Said(household_page(VALMONT, FAMILY), household))
    story.must(Said(child_page(VALMONT, SHARED_CHILD), tuple(ON_SHARED_CHILD)))
    story.activity = CANTINE
    reserve("2024-01-18 repas", "2024-01-19 repas")(story)
    story.now = at("2024-01-18 14:00")
    sheet("2024-01-18 repas", mark("absent"))(story)
    places(5, "2024-01-19 repas")(story)


def live_and_bill(story: Story, database: Database) -> None:
    """The same, and the month is billed, in part paid, and collected from the bank."""
    live(story)
    decided(story)
    [titre] = close_month(story, database, JANUARY)
    paid(story, titre)


def crowd(story: Story, children: int, start: int = 0) -> None:
    """So many children more, on a page each."""
    for number in range(start, start + children):
        child = ChildId(f"crowd-{number:05d}")
        fact = ChildRegistered(child=child, household=HouseholdId(f"home-{number // 2:05d}"))
        story.must(Said(child_page(VALMONT, child), (fact,)))
        story.now += timedelta(seconds=1)


def digests(database: Database, tables: Any = INLINE_TABLES) -> dict[str, str]:
    """What the served tables hold."""
    with connect(database.owner_url) as connection:
        return {table.name: digest(connection, LIVE, table) for table in tables}


def findings(database: Database, commune: Commune = VALMONT) -> list[Finding]:
    """What `ardoise verify` has to say."""
    with psycopg.connect(service_conninfo(database.service_url, Settings()), autocommit=True) as connection:
        return list(verify(connection, commune))


def count(database: Database, table: str) -> int:
    """How many rows a superuser sees."""
    with psycopg.connect(database.admin_url) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert row is not None
        return int(row[0])


NOTHING = sha256().hexdigest()
__all__ = [
    "ALL",
    "INLINE",
    "NOTHING",
    "count",
    "crowd",
    "digests",
    "findings",
    "live",
    "live_and_bill",
    "rebuild",
    "story_in",
]
