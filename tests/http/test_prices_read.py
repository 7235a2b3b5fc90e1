"""What a price reads of a family: what its months need, and every line that is not as it was written."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.rows import dict_row

from ledger.database import service_conninfo
from ledger.identifiers import ChildId, Month
from ledger.settings import Settings
from ledger.streams import child_page
from projections.billing import quoted
from replay.sealing.seal import seal_once
from tests.http.billing_town import billing_town, came, meal, price, quotient
from tests.http.world import World, box, made, refused
from tests.servers import Database

PRESENT, ABSENT, LATER = "2024-01-22", "2024-01-23", "2024-03-26"
GUARD = "entries_are_never_changed"
CHANGED = "convert_to(replace(convert_from(stored, 'UTF8'), '\"present\"', '\"present\" '), 'UTF8')"


@pytest.fixture
def superuser(module_database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(module_database.admin_url, autocommit=True) as connection:
        connection.execute("SET search_path TO ardoise")
        yield connection


def family(service: World) -> tuple[World, str]:
    """A child who came once and was absent once in January."""
    town = billing_town(service)
    household = town.household("parent-1")
    quotient(town, household, 65_000)
    child = town.child(household, "cantine")
    made(town.guardian().ask(child, "cantine", PRESENT, ABSENT))
    came(town, child, PRESENT)
    came(town, child, ABSENT, presence="absent")
    return town, child


def read(connection: psycopg.Connection, town: World, child: str, month: str) -> set[int]:
    question = quoted.pages_about(town.commune, [child_page(town.commune, ChildId(child))], [Month(month)])
    rows = connection.cursor(row_factory=dict_row).execute(question.sql, question.values)
    return {row["version"] for row in rows}


def line_of(connection: psycopg.Connection, town: World, child: str, text: str) -> int:
    said = "SELECT version FROM entries WHERE stream = %s AND position(%s::bytea IN stored) > 0"
    values = (child_page(town.commune, ChildId(child)), text.encode())
    [(version,)] = connection.execute(said, values).fetchall()
    return int(version)


def test_that_a_child_came_in_another_month_is_all_that_is_not_read(
    service: World, superuser: psycopg.Connection
) -> None:
    town, child = family(service)
    here = line_of(superuser, town, child, '"presence":"present"')
    assert read(superuser, town, child, "2024-01") - read(superuser, town, child, "2024-03") == {here}
    assert line_of(superuser, town, child, '"presence":"absent"') in read(superuser, town, child, "2024-03")
    assert price(town.guardian(), meal(child, LATER))["price"]["total_cents"] == 327
    assert price(town.guardian(), meal(child, PRESENT))["price"]["total_cents"] == 327


@pytest.mark.parametrize("hashed", [False, True], ids=["as it is", "hashed again"])
def test_a_line_of_another_month_that_was_altered_is_refused_all_the_same(
    service: World, superuser: psycopg.Connection, module_database: Database, hashed: bool
) -> None:
    town, child = family(service)
    with psycopg.connect(service_conninfo(module_database.service_url, Settings()), autocommit=True) as connection:
        seal_once(connection)
    digest = f"sha256({CHANGED})" if hashed else "digest"
    values = (child_page(town.commune, ChildId(child)), line_of(superuser, town, child, '"presence":"present"'))
    with superuser.transaction():
        superuser.execute(f"ALTER TABLE entries DISABLE TRIGGER {GUARD}")
        superuser.execute(
            f"UPDATE entries SET stored = {CHANGED}, digest = {digest} WHERE stream = %s AND version = %s",
            values,
        )
        superuser.execute(f"ALTER TABLE entries ENABLE ALWAYS TRIGGER {GUARD}")
    refused(town.guardian().post("/prices/preview", meal(child, LATER)), "altered_line", 500)
    body = {"child": child, "activity": "cantine", "reserve": [box(LATER, "repas")]}
    refused(town.guardian().post("/demandes/preview", body), "altered_line", 500)
