"""A service on a database of its own does not start without its keys and its journal, and says so in one line."""

from pathlib import Path

import pytest

from replay.sealing.key import new_lines
from tests.faults.service import Service, refused, url_of
from tests.servers import Database
from vault.key_file import FILE, new_line


@pytest.fixture
def issuer(tmp_path: Path) -> dict[str, str]:
    jwks = tmp_path / "jwks.json"
    jwks.write_text(
        '{"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "1",'
        ' "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}'
    )
    key = tmp_path / "seal"
    key.write_text(new_lines())
    key.chmod(0o600)
    return {
        "ARDOISE_ISSUERS": "https://login.example.org",
        "ARDOISE_JWKS": str(jwks),
        "ARDOISE_SEAL_KEY": str(key),
        "ARDOISE_CHECKPOINTS": str(tmp_path / "signed"),
        "ARDOISE_ORIGIN": "ardoise.example.org",
    }


def test_the_setting_is_missing(tmp_path: Path, database: Database, issuer: dict[str, str]) -> None:
    assert "ARDOISE_VAULT_KEYS is not: name the file" in refused(
        tmp_path, ARDOISE_DATABASE_URL=url_of(database), **issuer
    )
    assert not (tmp_path / FILE).exists()


def test_the_file_can_be_read_by_others(tmp_path: Path, database: Database, issuer: dict[str, str]) -> None:
    path = tmp_path / "keys"
    path.write_text(new_line())
    path.chmod(0o644)
    said = refused(tmp_path, ARDOISE_DATABASE_URL=url_of(database), **issuer, ARDOISE_VAULT_KEYS=str(path))
    assert said.endswith("can be read by others: chmod 600.")
    assert path.read_text() not in said


def test_the_journal_of_erasures_has_no_place_that_outlives_the_database(
    tmp_path: Path, database: Database, issuer: dict[str, str]
) -> None:
    path = tmp_path / "keys"
    path.write_text(new_line())
    path.chmod(0o600)
    said = refused(tmp_path, ARDOISE_DATABASE_URL=url_of(database), **issuer, ARDOISE_VAULT_KEYS=str(path))
    assert said.startswith("ardoise: ARDOISE_DATABASE_URL is set but ARDOISE_ERASURES is not: name the directory")


def test_two_services_that_start_at_once_on_the_embedded_database_have_one_key(data: Path) -> None:
    services = [Service.start(data), Service.start(data)]
    try:
        assert len((data / FILE).read_text().splitlines()) == 1
        assert sorted(path.name for path in data.glob("vault*")) == [FILE]
    finally:
        assert [service.stop() for service in services] == [0, 0]
