"""Embedded servers of their own, for the tests that kill them."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.embedded import Server
from tests.servers import scratch_directory


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
