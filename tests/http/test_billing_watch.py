"""The billing beside the doors: what is asked for is made, what was left is ended, and what cannot be says so."""

from collections.abc import Iterator
from datetime import UTC, datetime

import psycopg
import pytest

from api.background import leader_conninfo
from api.billing_watch import STUCK, BillingWatch
from ledger.settings import Settings
from projections.billing.drafts import ask
from replay.billing.bill import bill_month
from replay.leader import Connection
from tests.billing_jobs import MONTH, NOW, TOWN, alter, close_only, fill, issued, job_on, page_of, rows
from tests.servers import Cluster, Database

CHILDREN = 160
HOUSEHOLDS = 100


@pytest.fixture(scope="module")
def month(cluster: Cluster, template: Database) -> Iterator[Database]:
    """A month that nobody billed, to be copied."""
    with cluster.database(template.name) as made:
        fill(made, CHILDREN)
        yield made


@pytest.fixture
def town(cluster: Cluster, month: Database) -> Iterator[Database]:
    """A month that nobody billed."""
    with cluster.database(month.name) as made:
        yield made


@pytest.fixture
def leading(town: Database) -> Iterator[Connection]:
    """The connection of who leads."""
    with psycopg.connect(leader_conninfo(town.service_url, Settings(), "billing"), autocommit=True) as connection:
        yield connection


def watch_on(database: Database) -> BillingWatch:
    conninfo = leader_conninfo(database.service_url, Settings(), "billing")
    return BillingWatch(lambda: NOW, Settings(), database.service_url, conninfo)


def asked(database: Database) -> None:
    with psycopg.connect(database.admin_url) as connection:
        connection.execute("SET search_path = ardoise")
        question = ask(TOWN, MONTH, by="regisseur-1", at=datetime.now(UTC))  # type: ignore[arg-type]
        connection.execute(question.sql, question.values)


def draft(database: Database) -> dict[str, object]:
    [found] = rows(database, "SELECT state, run, error, households FROM ardoise.drafts")
    return found


def test_a_draft_is_made_when_it_is_asked_for_and_not_again(town: Database, leading: Connection) -> None:
    step = watch_on(town).begin()
    step(leading)
    assert rows(town, "SELECT * FROM ardoise.drafts") == []
    asked(town)
    step(leading)
    first = draft(town)
    step(leading)
    assert (first["state"], first["households"]) == ("ready", HOUSEHOLDS)
    assert draft(town) == first
    asked(town)
    step(leading)
    assert draft(town)["run"] != first["run"]


def test_the_draft_of_another_version_of_the_code_is_made_again(town: Database, leading: Connection) -> None:
    step = watch_on(town).begin()
    asked(town)
    step(leading)
    first = draft(town)
    with psycopg.connect(town.admin_url) as connection:
        connection.execute("UPDATE ardoise.drafts SET code = '0.0.1', summary = '{}'")
    step(leading)
    assert draft(town)["run"] != first["run"]
    [made] = rows(town, "SELECT summary FROM ardoise.drafts")
    assert made["summary"]["bills"] == HOUSEHOLDS


def test_a_draft_that_cannot_be_made_says_why_and_waits_to_be_asked_for_again(
    town: Database, leading: Connection
) -> None:
    alter(town, page_of(3), 6, b'"presence":"present"', b'"presence":"absent"')
    watch = watch_on(town)
    step = watch.begin()
    asked(town)
    step(leading)
    failed = draft(town)
    assert failed["state"] == "failed"
    assert f"line 6 of {page_of(3)}" in str(failed["error"])
    step(leading)
    assert draft(town) == failed
    assert watch.warnings() == []


def test_who_is_asked_to_stop_leaves_a_draft_that_another_ends(town: Database, leading: Connection) -> None:
    watch = watch_on(town)
    asks = iter([False, False])
    watch.stops = lambda: next(asks, True)
    asked(town)
    watch.begin()(leading)
    assert draft(town)["state"] == "running"
    watch_on(town).begin()(leading)
    assert draft(town)["state"] == "ready"


def test_titres_that_were_left_are_issued(town: Database, leading: Connection) -> None:
    with job_on(town) as job:
        close_only(job, bill_month(job, MONTH))
    watch = watch_on(town)
    watch.sample(leading)
    assert "ardoise_billing_waiting" in {metric.name for metric in watch.collect()}
    watch.begin()(leading)
    assert len(issued(town)) == HOUSEHOLDS
    assert watch.warnings() == []


def test_titres_that_cannot_be_issued_are_warned_of_and_not_tried_all_the_time(
    town: Database, leading: Connection
) -> None:
    with job_on(town) as job:
        close_only(job, bill_month(job, MONTH), digest="0" * 64)
    watch = watch_on(town)
    step = watch.begin()
    step(leading)
    run = draft(town)["run"]
    step(leading)
    assert (issued(town), watch.warnings(), draft(town)["run"]) == ([], [STUCK], run)
