"""`ardoise vault` does what an operator who rotates a key needs, and says in one line what it did."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from psycopg.conninfo import conninfo_to_dict
from typer.testing import CliRunner

from api.cli_vault import vault_app
from ledger.database import open_pool
from ledger.identifiers import Commune, PersonId
from ledger.settings import Settings
from tests.servers import Database
from vault.key_file import new_line, read_ring
from vault.people import Pool, Vault

TOWN = Commune("valmont")


@pytest.fixture
def pool(database: Database) -> Iterator[Pool]:
    pool = open_pool(database.service_url, Settings(pool_size=2))
    yield pool
    pool.close()


@pytest.fixture
def keys(tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "vault.keys"
    path.write_text(new_line() + "\n")
    path.chmod(0o600)
    parts = urlencode(conninfo_to_dict(database.service_url), quote_via=quote)
    monkeypatch.setenv("ARDOISE_DATABASE_URL", f"postgresql:///?{parts}")
    monkeypatch.setenv("ARDOISE_VAULT_KEYS", str(path))
    monkeypatch.setenv("ARDOISE_DEVELOPMENT", "1")
    monkeypatch.setenv("ARDOISE_DATA", str(tmp_path))
    return path


def run(*words: str) -> tuple[int, str, str]:
    ran = CliRunner().invoke(vault_app, list(words))
    return ran.exit_code, ran.stdout.strip(), ran.stderr.strip()


def test_a_new_key_is_a_line_the_file_takes(tmp_path: Path) -> None:
    code, line, _ = run("new-key")
    path = tmp_path / "keys"
    path.touch(mode=0o600)
    path.write_text(line + "\n")
    assert code == 0
    assert read_ring(path).current == line.partition(":")[0]


def test_a_rotation_wraps_every_key_of_a_town_and_the_old_line_may_go(keys: Path, pool: Pool) -> None:
    now = datetime(2024, 3, 8, tzinfo=UTC)
    before = Vault(read_ring(keys), pool)
    secret = before.key_of(TOWN, PersonId("matteo"), now).secret
    assert run("rewrap", TOWN) == (0, f"{TOWN}: 1 key, 0 wrapped again with {before.ring.current}.", "")
    newer = new_line()
    keys.write_text(newer + "\n" + keys.read_text())
    name = newer.partition(":")[0]
    assert run("rewrap", TOWN) == (0, f"{TOWN}: 1 key, 1 wrapped again with {name}.", "")
    keys.write_text(newer + "\n")
    assert Vault(read_ring(keys), pool).key_of(TOWN, PersonId("matteo"), now).secret == secret


def test_a_key_that_left_the_file_too_early_is_named(keys: Path, pool: Pool) -> None:
    before = Vault(read_ring(keys), pool)
    before.key_of(TOWN, PersonId("matteo"), datetime(2024, 3, 8, tzinfo=UTC))
    keys.write_text(new_line() + "\n")
    code, said, why = run("rewrap", TOWN)
    assert (code, said) == (1, "")
    assert why == (
        f"ardoise: ARDOISE_VAULT_KEYS: {keys} does not hold {before.ring.current}, which wrapped keys of persons"
        " in this database: put back the file that was saved."
    )


def test_what_is_no_town_is_refused_in_one_line() -> None:
    code, _, why = run("rewrap", "Not A Town")
    assert (code, why.count("\n")) == (1, 0)
