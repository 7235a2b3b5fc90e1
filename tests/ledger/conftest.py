"""Embedded servers for the tests that kill them, and both stores for the contract they keep alike."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.embedded import Server
from ledger.identifiers import Commune, new_id
from ledger.store import Store
from tests.servers import Database, scratch_directory
from tests.stores import InMemory, Kept, OnPostgres, on_postgres


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A cluster that was made and stopped, to copy: making one takes most of a second."""
    with scratch_directory() as directory:
        server = Server(directory / "data")
        server.start()
        server.leave()
        yield directory / "data"


@pytest.fixture
def data(made: Path) -> Iterator[Path]:
    """The directory of an embedded server; whatever a test left running is stopped."""
    with scratch_directory() as directory:
        subprocess.run(["cp", "-Rp", str(made), str(directory / "data")], check=True)
        yield directory / "data"
        Server(directory / "data").sweep()


@pytest.fixture
def empty() -> Iterator[Path]:
    """A directory where no server ever was."""
    with scratch_directory() as directory:
        yield directory / "data"
        Server(directory / "data").sweep()


@pytest.fixture(scope="module")
def postgres(module_database: Database) -> Iterator[OnPostgres]:
    with on_postgres(module_database) as kept:
        yield kept


@pytest.fixture(params=["memory", "postgres"])
def kept(request) -> Kept:
    return InMemory() if request.param == "memory" else request.getfixturevalue("postgres")


@pytest.fixture
def town() -> Commune:
    """A town of its own for every test."""
    return Commune(f"t-{new_id()[:8]}")


@pytest.fixture
def store(kept: Kept) -> Store:
    return kept.store
