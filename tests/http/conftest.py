"""A running service for all the tests of a file, and a town of its own for each of them."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
import structlog

from ledger.identifiers import Commune
from tests.http.signed import SECONDS
from tests.http.world import NOW, World, world_on
from tests.servers import Database
from tests.town import VALMONT

_towns = count(1)


@pytest.fixture(scope="module")
def service(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A service on a ledger of its own."""
    # What runs beside the doors logs at any time: never on the output of a command a test runs meanwhile.
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    directory: Path = tmp_path_factory.mktemp("service")
    with world_on(module_database, directory, checkpoint_seconds=SECONDS) as made:
        yield made
    structlog.reset_defaults()


@pytest.fixture
def world(service: World) -> World:
    """A town that has just adopted its rulebook, and nothing else."""
    service.clock.set(NOW)
    town = service.of(Commune(f"{VALMONT}-{next(_towns)}"))
    town.adopt()
    return town
