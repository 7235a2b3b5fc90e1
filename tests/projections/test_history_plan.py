"""The history of one family is found by its children, however long the history of its town has become."""

import re

import psycopg
import pytest

from ledger.database import service_conninfo
from ledger.identifiers import Commune, Subject
from ledger.settings import Settings
from projections.demandes import Filter, Order, history
from tests.servers import Database

TOWN = Commune("valmont")
DEMANDES = 40_000
FILL = f"""
    SET search_path = ardoise;
    INSERT INTO children SELECT '{TOWN}', 'child-' || i, 'household-' || i / 2 FROM generate_series(0, 3999) i;
    INSERT INTO guardians SELECT '{TOWN}', 'household-' || i, 'guardian-' || i, 'parent-' || i
        FROM generate_series(0, 1999) i;
    INSERT INTO demandes (commune, number, child, household, activity, kind, origin, status, submitted_at,
                          first_day, last_day, days)
        SELECT '{TOWN}', i, 'child-' || i * 7919::bigint % 4000, 'household', 'cantine', 'reservation', 'family',
               'traitee_positivement', '2020-01-01'::timestamptz + i * interval '1 minute', '2020-01-01', '2020-01-01',
               '[]'
        FROM generate_series(1, {DEMANDES}) i;
    INSERT INTO demandes (commune, number, child, household, activity, kind, origin, status, submitted_at, days)
        SELECT '{TOWN}', {DEMANDES} + i, NULL, 'household-' || i * 7919::bigint % 2000, NULL, 'contact', 'family',
               'traitee_positivement', '2020-01-01'::timestamptz + i * interval '1 minute', '[]'
        FROM generate_series(1, {DEMANDES}) i;
    ANALYZE children, guardians, demandes;
"""


@pytest.mark.parametrize("order", ["newest", "oldest"])
@pytest.mark.parametrize("parent", ["parent-7", "parent-of-nobody"])
def test_a_family_s_history_walks_its_own_demandes_and_not_the_town_s(
    database: Database, order: Order, parent: str
) -> None:
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute(FILL)
    settings = Settings(database_url=database.service_url)
    question = history(TOWN, Filter(subject=Subject(parent)), order=order, after=None, limit=51)
    with psycopg.connect(service_conninfo(database.service_url, settings), autocommit=True) as connection:
        connection.execute("SELECT set_config('ardoise.commune', %s, false)", (TOWN,))
        told = psycopg.ClientCursor(connection).execute("EXPLAIN (ANALYZE) " + question.sql, question.values).fetchall()
    plan = "\n".join(line for (line,) in told)
    assert "demandes_by_child" in plan, plan
    passed_over = sum(int(count) for count in re.findall(r"Rows Removed by Filter: (\d+)", plan))
    assert passed_over < 100, plan
