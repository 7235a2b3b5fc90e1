"""A data directory for a service in a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.embedded import Server
from ledger.migrate import migrate
from tests.servers import scratch_directory


@pytest.fixture
def data() -> Iterator[Path]:
    """A migrated embedded database, stopped; whatever a test left running is stopped."""
    with scratch_directory() as directory:
        server = Server(directory / "data")
        migrate(server.start().owner_url, log=lambda _: None)
        server.leave()
        yield directory / "data"
        Server(directory / "data").sweep()
