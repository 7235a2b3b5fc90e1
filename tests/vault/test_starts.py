"""A service on a database of its own does not start without the keys of its vault, and says so in one line."""

import subprocess
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.faults.service import ARDOISE, Service, environment
from tests.servers import Database
from vault.key_file import FILE, new_line


def refusal(data: Path, database: Database, **more: str) -> str:
    """The one line with which `ardoise serve` refuses to start."""
    parts = urlencode(conninfo_to_dict(database.service_url), quote_via=quote)
    said = {"ARDOISE_DATABASE_URL": f"postgresql:///?{parts}", **more}
    ran = subprocess.run(
        [ARDOISE, "serve", "--port", "0"],
        env=environment(data, **said),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 1, ran.stderr
    lines = [line for line in ran.stderr.splitlines() if line.startswith("ardoise: ")]
    assert "Traceback" not in ran.stderr
    [line] = lines
    return line


@pytest.fixture
def issuer(tmp_path: Path) -> dict[str, str]:
    jwks = tmp_path / "jwks.json"
    jwks.write_text(
        '{"keys": [{"kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "kid": "1",'
        ' "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}'
    )
    return {"ARDOISE_ISSUERS": "https://login.example.org", "ARDOISE_JWKS": str(jwks)}


def test_the_setting_is_missing(tmp_path: Path, database: Database, issuer: dict[str, str]) -> None:
    assert "ARDOISE_VAULT_KEYS is not: name the file" in refusal(tmp_path, database, **issuer)
    assert not (tmp_path / FILE).exists()


def test_the_file_can_be_read_by_others(tmp_path: Path, database: Database, issuer: dict[str, str]) -> None:
    path = tmp_path / "keys"
    path.write_text(new_line())
    path.chmod(0o644)
    said = refusal(tmp_path, database, **issuer, ARDOISE_VAULT_KEYS=str(path))
    assert said.endswith("can be read by others: chmod 600.")
    assert path.read_text() not in said


def test_two_services_that_start_at_once_on_the_embedded_database_have_one_key(data: Path) -> None:
    services = [Service.start(data), Service.start(data)]
    try:
        assert len((data / FILE).read_text().splitlines()) == 1
        assert sorted(path.name for path in data.glob("vault*")) == [FILE]
    finally:
        assert [service.stop() for service in services] == [0, 0]
