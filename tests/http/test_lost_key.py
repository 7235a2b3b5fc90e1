"""A key of the vault that a running service has not read: it says so, and goes on with what needs no key."""

from pathlib import Path

import psycopg
import pytest

from ledger.database import service_conninfo
from ledger.settings import Settings
from tests.http.test_erasures import IDENTITY, put
from tests.http.world import made, refused, world_on
from tests.servers import Database
from tests.vault.rings import new_ring
from vault.key_file import read_ring
from vault.rewrapping import rewrap
from vault.sealing import KeyRing


def test_what_is_wrapped_by_a_key_the_service_does_not_have_is_not_available(
    database: Database, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with world_on(database, tmp_path) as world:
        world.adopt()
        child = world.child(world.household("parent-1"), "cantine")
        made(put(world.agent, f"/children/{child}/identity", IDENTITY), 200)
        both = KeyRing({**new_ring("k-newer").keys, **read_ring(tmp_path / "vault.keys").keys})
        with psycopg.connect(service_conninfo(database.service_url, Settings()), autocommit=True) as connection:
            assert rewrap(connection, both, world.commune, lambda _: None) == 1
        for asked in (
            world.agent.get(f"/children/{child}/identity"),
            world.agent.get(f"/children/{child}/calendar", week="2024-W13"),
            put(world.agent, f"/children/{child}/identity", IDENTITY),
        ):
            refused(asked, "vault_unavailable", 503)
            assert asked.headers["Retry-After"] == "60"
        made(world.agent.get(f"/children/{child}/enrolments"), 200)
    written = "".join(capfd.readouterr())
    assert "k-newer" in written
    assert "Traceback" not in written
