"""What every test may ask for: a real PostgreSQL, and a migrated database of its own in a few milliseconds.

The server is the embedded PostgreSQL 18, with fsync on, in a temporary directory. ARDOISE_TEST_DATABASE_URL names
another one instead: any PostgreSQL from 15 on, as a superuser.

`make test` runs a process for each processor, each with a server of its own. A file is run by one of them.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from ledger.embedded import Server
from ledger.migrate import migrate
from tests.servers import Cluster, Database, cluster_with_roles, scratch_directory, stopped_data

settings.register_profile(
    "ci", derandomize=True, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("search", deadline=None, max_examples=2_000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# Hundreds of processes are started: what one of them compiled is for the others, whatever this shell says.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

LONGEST = ("test_demo.py", "faults", "http/test_fuzz.py", "races", "properties", "test_forgetting.py")
"""Begun last, they would be waited for by processes that have nothing left to do."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where several processes share the tests, the longest files come first."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    path = item.path.relative_to(Path(__file__).parent)
    return next((turn for turn, start in enumerate(LONGEST) if path.is_relative_to(start)), len(LONGEST))


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The PostgreSQL of this test run."""
    configured = os.environ.get("ARDOISE_TEST_DATABASE_URL")
    if configured:
        with cluster_with_roles(configured) as made:
            yield made
        return
    with scratch_directory() as directory:
        server = Server(directory / "data")
        try:
            with cluster_with_roles(server.start().admin_url) as made:
                yield made
        finally:
            server.leave()


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> Iterator[Database]:
    """A migrated database that nobody connects to, so that it can be copied."""
    with cluster.database() as made:
        migrate(made.owner_url, log=lambda _: None)
        yield made


@pytest.fixture
def database(cluster: Cluster, template: Database) -> Iterator[Database]:
    """A migrated, empty database for one test."""
    with cluster.database(template.name) as made:
        yield made


@pytest.fixture(scope="module")
def module_database(cluster: Cluster, template: Database) -> Iterator[Database]:
    """A migrated, empty database for all the tests of one file."""
    with cluster.database(template.name) as made:
        yield made


@pytest.fixture
def bare_database(cluster: Cluster) -> Iterator[Database]:
    """A database that was never migrated."""
    with cluster.database() as made:
        yield made


@pytest.fixture
def data() -> Iterator[Path]:
    """A migrated embedded database, stopped, for a service in a process of its own."""
    with stopped_data() as made:
        yield made
