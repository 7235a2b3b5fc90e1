"""The environment is read once, and every mistake in it is one clear sentence."""

from pathlib import Path

import pytest

from ledger.settings import Settings, SettingsError

OWN = {
    "ARDOISE_DATABASE_URL": "postgresql://service:hunter2@db.example:5432/town",
    "ARDOISE_ISSUERS": "https://id.example",
    "ARDOISE_JWKS": "https://id.example/keys",
}


def test_nothing_configured_is_the_embedded_database_with_the_development_key():
    settings = Settings.from_environment({}).for_serving()
    assert settings.embedded
    assert settings.development_key
    assert settings.data == Path.cwd() / ".ardoise"
    assert (settings.host, settings.port, settings.pool_size, settings.queue_size) == ("127.0.0.1", 8000, 8, 256)


def test_everything_configured():
    settings = Settings.from_environment(
        OWN
        | {
            "ARDOISE_OWNER_URL": "postgresql://owner@db.example/town",
            "ARDOISE_DATA": "/srv/ardoise",
            "ARDOISE_HOST": "0.0.0.0",
            "ARDOISE_PORT": "9000",
            "ARDOISE_POOL_SIZE": "16",
            "ARDOISE_READ_POOL_SIZE": "4",
            "ARDOISE_QUEUE_SIZE": "64",
            "ARDOISE_QUEUE_SECONDS": "2.5",
            "ARDOISE_LOCK_TIMEOUT_MS": "500",
            "ARDOISE_STATEMENT_TIMEOUT_MS": "3000",
            "ARDOISE_LOG_LEVEL": "WARNING",
            "ARDOISE_VAULT_KEYS": "/etc/ardoise/vault.keys",
            "ARDOISE_SEAL_KEY": "/etc/ardoise/seal.key",
            "ARDOISE_CHECKPOINTS": "/srv/checkpoints",
            "ARDOISE_ORIGIN": "ardoise.example.org",
            "ARDOISE_CHECKPOINT_SECONDS": "30",
        }
    ).for_serving()
    assert settings == Settings(
        database_url=OWN["ARDOISE_DATABASE_URL"],
        owner_url="postgresql://owner@db.example/town",
        data=Path("/srv/ardoise"),
        host="0.0.0.0",
        port=9000,
        pool_size=16,
        read_pool_size=4,
        queue_size=64,
        queue_seconds=2.5,
        vault_keys=Path("/etc/ardoise/vault.keys"),
        seal_key=Path("/etc/ardoise/seal.key"),
        checkpoints=Path("/srv/checkpoints"),
        origin="ardoise.example.org",
        checkpoint_seconds=30.0,
        lock_timeout_ms=500,
        statement_timeout_ms=3000,
        issuers=("https://id.example",),
        jwks="https://id.example/keys",
        log_level="warning",
    )
    assert not settings.embedded
    assert not settings.development_key


def test_the_owner_is_the_service_unless_it_is_named():
    assert Settings.from_environment(OWN).owner_url == OWN["ARDOISE_DATABASE_URL"]


def test_an_empty_variable_is_an_unset_one():
    assert Settings.from_environment(dict.fromkeys(OWN, " ")) == Settings.from_environment({})


def test_a_configured_database_is_served_only_with_issuers_or_for_development():
    database = {"ARDOISE_DATABASE_URL": OWN["ARDOISE_DATABASE_URL"]}
    with pytest.raises(SettingsError, match="ARDOISE_ISSUERS and ARDOISE_JWKS, or ARDOISE_ISSUERS_FILE, or"):
        Settings.from_environment(database).for_serving()
    assert Settings.from_environment(database | {"ARDOISE_DEVELOPMENT": "1"}).for_serving().development_key


def test_named_issuers_switch_the_development_key_off_everywhere():
    keys = {"ARDOISE_ISSUERS": "https://id.example", "ARDOISE_JWKS": "keys.json", "ARDOISE_DEVELOPMENT": "1"}
    assert not Settings.from_environment(keys).development_key
    assert not Settings.from_environment(OWN | keys).development_key


def test_a_file_of_issuers_is_the_long_form_of_naming_one():
    settings = Settings.from_environment({"ARDOISE_ISSUERS_FILE": "issuers.toml", "ARDOISE_DEVELOPMENT": "1"})
    assert settings.issuers_file == Path.cwd() / "issuers.toml"
    assert not settings.for_serving().development_key
    database = {"ARDOISE_DATABASE_URL": OWN["ARDOISE_DATABASE_URL"], "ARDOISE_ISSUERS_FILE": "/etc/ardoise/i.toml"}
    assert Settings.from_environment(database).for_serving().issuers_file == Path("/etc/ardoise/i.toml")


def test_no_password_is_ever_printed():
    settings = Settings.from_environment(OWN | {"ARDOISE_OWNER_URL": "postgresql://o:hunter2@db.example/town"})
    assert "hunter2" not in repr(settings) + str(settings)
    with pytest.raises(SettingsError) as refusal:
        Settings.from_environment({"ARDOISE_DATABASE_URL": "mysql://root:hunter2@db.example/town"})
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"POSTGRES_ENABLE_DB_FUNCTIONS": ""}, "POSTGRES_ENABLE_DB_FUNCTIONS is set"),
        ({"ARDOISE_DATABASE_URL": "mysql://db/town"}, "ARDOISE_DATABASE_URL must look like postgresql://"),
        ({"ARDOISE_OWNER_URL": "postgresql://db/town"}, "ARDOISE_OWNER_URL is set but ARDOISE_DATABASE_URL is not"),
        ({"ARDOISE_PORT": "65536"}, "ARDOISE_PORT must be a whole number from 0 to 65535"),
        ({"ARDOISE_PORT": "-1"}, "ARDOISE_PORT must be a whole number"),
        ({"ARDOISE_PORT": "٨٠٠٠"}, "ARDOISE_PORT must be a whole number"),
        ({"ARDOISE_PORT": "8" * 5000}, "ARDOISE_PORT must be a whole number"),
        ({"ARDOISE_POOL_SIZE": "0"}, "ARDOISE_POOL_SIZE must be a whole number from 1"),
        ({"ARDOISE_POOL_SIZE": "many"}, "ARDOISE_POOL_SIZE must be a whole number"),
        ({"ARDOISE_READ_POOL_SIZE": "1e3"}, "ARDOISE_READ_POOL_SIZE must be a whole number"),
        ({"ARDOISE_QUEUE_SIZE": "0"}, "ARDOISE_QUEUE_SIZE must be a whole number from 1"),
        ({"ARDOISE_QUEUE_SECONDS": "nan"}, "ARDOISE_QUEUE_SECONDS must be a number of seconds"),
        ({"ARDOISE_QUEUE_SECONDS": "inf"}, "ARDOISE_QUEUE_SECONDS must be a number of seconds"),
        ({"ARDOISE_QUEUE_SECONDS": "soon"}, "ARDOISE_QUEUE_SECONDS must be a number of seconds"),
        ({"ARDOISE_LOCK_TIMEOUT_MS": "0"}, "ARDOISE_LOCK_TIMEOUT_MS must be a whole number from 1"),
        ({"ARDOISE_STATEMENT_TIMEOUT_MS": "0"}, "ARDOISE_STATEMENT_TIMEOUT_MS must be a whole number from 1"),
        ({"ARDOISE_ISSUERS": "https://id.example"}, "ARDOISE_ISSUERS and ARDOISE_JWKS go together"),
        ({"ARDOISE_JWKS": "keys.json"}, "ARDOISE_ISSUERS and ARDOISE_JWKS go together"),
        (
            {"ARDOISE_ISSUERS": "https://id.example, https://other.example", "ARDOISE_JWKS": "keys.json"},
            "ARDOISE_ISSUERS must name one issuer",
        ),
        (
            {"ARDOISE_ISSUERS": "x", "ARDOISE_JWKS": "keys.json", "ARDOISE_ISSUERS_FILE": "issuers.toml"},
            "ARDOISE_ISSUERS and ARDOISE_ISSUERS_FILE are two ways to say the same",
        ),
        (
            {"ARDOISE_ISSUERS": "x", "ARDOISE_JWKS": "http://id.example/keys"},
            "ARDOISE_JWKS must be the path of a file or an https URL",
        ),
        ({"ARDOISE_DEVELOPMENT": "yes"}, "ARDOISE_DEVELOPMENT must be one of 0, 1"),
        ({"ARDOISE_LOG_LEVEL": "loud"}, "ARDOISE_LOG_LEVEL must be one of debug, info, warning, error"),
    ],
)
def test_a_mistake_is_named(variables: dict[str, str], sentence: str):
    with pytest.raises(SettingsError) as refusal:
        Settings.from_environment(variables)
    assert sentence in str(refusal.value)
    assert "\n" not in str(refusal.value)
