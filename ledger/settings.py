"""The environment, read once: how this process reaches its database, its keys and its clients."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

BYPASSES_THE_STORE: Final = "POSTGRES_ENABLE_DB_FUNCTIONS"
"""An option of the eventsourcing library that skips our insert hook: inline rows and places would be lost."""

MOST_CONNECTIONS: Final = 500
MOST_WAITING: Final = 100_000
LONGEST_TIMEOUT_MS: Final = 3_600_000
LOG_LEVELS: Final = ("debug", "info", "warning", "error")


class SettingsError(ValueError):
    """One variable of the environment cannot be used; the sentence names it and never quotes a secret."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What a person may configure. Every field is one ARDOISE_ variable; docs/operating.md explains each."""

    database_url: str | None = field(default=None, repr=False)
    """The service's PostgreSQL; None for the embedded one."""
    owner_url: str | None = field(default=None, repr=False)
    """The owner's PostgreSQL, for migrations only; the service's URL when it was not given."""
    data: Path = Path(".ardoise")
    """Where the embedded database lives."""
    host: str = "127.0.0.1"
    port: int = 8000
    pool_size: int = 8
    """Connections for commands, and as many command threads."""
    read_pool_size: int = 8
    """Connections for queries."""
    queue_size: int = 256
    """Requests that may wait for a connection; the next one is told to come back."""
    queue_seconds: float = 5.0
    """The longest a request waits in that queue."""
    lock_timeout_ms: int = 2_000
    statement_timeout_ms: int = 10_000
    issuers: tuple[str, ...] = ()
    """The `iss` value that is believed, in the short form. One at most: two are named in a file, with an alias."""
    jwks: str | None = None
    """The keys of that issuer: a file or an https URL."""
    issuers_file: Path | None = None
    """The issuers that are believed, in the long form: a TOML file, read when the service starts."""
    vault_keys: Path | None = None
    """The file of the keys that wrap the keys of persons; with the embedded database, one of the data directory."""
    erasures: Path | None = None
    """The directory of the journal of erasures, kept apart from the database; the data directory when it is not set."""
    seal_key: Path | None = None
    """The file of the key that signs checkpoints; with the embedded database, one of the data directory."""
    checkpoints: Path | None = None
    """The directory of the checkpoints, kept apart from the database; one of the data directory when it is not set."""
    origin: str | None = None
    """What stands before a town in the name of its tree: for ever, in what is signed."""
    checkpoint_seconds: float = 60.0
    """How long at most after a line is sealed a checkpoint is signed."""
    drift_percent: float = 2.0
    """Of the time of one processor, what the drift watch may take."""
    development: bool = False
    """Accepts the development key on a configured database too."""
    log_level: str = "info"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """The settings in these variables. Raises SettingsError on the first one that cannot be used."""
        if BYPASSES_THE_STORE in environment:
            raise SettingsError(f"{BYPASSES_THE_STORE} is set: it would bypass the ledger's store. Unset it.")
        read = _Variables(environment)
        database_url = read.database("ARDOISE_DATABASE_URL")
        owner_url = read.database("ARDOISE_OWNER_URL")
        if owner_url is not None and database_url is None:
            raise SettingsError("ARDOISE_OWNER_URL is set but ARDOISE_DATABASE_URL is not: set both, or neither.")
        issuers = tuple(filter(None, (part.strip() for part in read.text("ARDOISE_ISSUERS", "").split(","))))
        if len(issuers) > 1:
            raise SettingsError(
                "ARDOISE_ISSUERS must name one issuer: accounts of two could have the same name."
                " Name several in ARDOISE_ISSUERS_FILE."
            )
        jwks = read.keys("ARDOISE_JWKS")
        if bool(issuers) != (jwks is not None):
            raise SettingsError("ARDOISE_ISSUERS and ARDOISE_JWKS go together: set both, or neither.")
        issuers_file = read.text("ARDOISE_ISSUERS_FILE", "")
        if issuers and issuers_file:
            raise SettingsError("ARDOISE_ISSUERS and ARDOISE_ISSUERS_FILE are two ways to say the same: set one.")
        return cls(
            database_url=database_url,
            owner_url=owner_url or database_url,
            data=Path(read.text("ARDOISE_DATA", ".ardoise")).expanduser().absolute(),
            host=read.text("ARDOISE_HOST", "127.0.0.1"),
            port=read.integer("ARDOISE_PORT", 8000, least=0, most=65_535),
            pool_size=read.integer("ARDOISE_POOL_SIZE", 8, least=1, most=MOST_CONNECTIONS),
            read_pool_size=read.integer("ARDOISE_READ_POOL_SIZE", 8, least=1, most=MOST_CONNECTIONS),
            queue_size=read.integer("ARDOISE_QUEUE_SIZE", 256, least=1, most=MOST_WAITING),
            queue_seconds=read.seconds("ARDOISE_QUEUE_SECONDS", 5.0, least=0.1, most=300.0),
            lock_timeout_ms=read.integer("ARDOISE_LOCK_TIMEOUT_MS", 2_000, least=1, most=LONGEST_TIMEOUT_MS),
            statement_timeout_ms=read.integer("ARDOISE_STATEMENT_TIMEOUT_MS", 10_000, least=1, most=LONGEST_TIMEOUT_MS),
            issuers=issuers,
            jwks=jwks,
            issuers_file=Path(issuers_file).expanduser().absolute() if issuers_file else None,
            vault_keys=read.path("ARDOISE_VAULT_KEYS"),
            erasures=read.path("ARDOISE_ERASURES"),
            seal_key=read.path("ARDOISE_SEAL_KEY"),
            checkpoints=read.path("ARDOISE_CHECKPOINTS"),
            origin=read.text("ARDOISE_ORIGIN", "") or None,
            checkpoint_seconds=read.seconds("ARDOISE_CHECKPOINT_SECONDS", 60.0, least=0.05, most=86_400.0),
            drift_percent=read.number("ARDOISE_DRIFT_PERCENT", 2.0, least=0.01, most=50.0),
            development=read.flag("ARDOISE_DEVELOPMENT"),
            log_level=read.choice("ARDOISE_LOG_LEVEL", "info", LOG_LEVELS),
        )

    @property
    def embedded(self) -> bool:
        """Whether the database is the one that comes with Ardoise."""
        return self.database_url is None

    @property
    def names_issuers(self) -> bool:
        """Whether somebody is trusted to sign tokens, in either form."""
        return bool(self.issuers) or self.issuers_file is not None

    @property
    def development_key(self) -> bool:
        """Whether the development key is believed: never once issuers are named."""
        return not self.names_issuers and (self.embedded or self.development)

    @property
    def log_level_number(self) -> int:
        """The level as the standard library counts it."""
        return logging.getLevelNamesMapping()[self.log_level.upper()]

    def for_serving(self) -> Self:
        """These settings, if a service may open its doors with them; raises SettingsError otherwise."""
        if not self.names_issuers and not self.development_key:
            raise SettingsError(
                "ARDOISE_DATABASE_URL is set but nobody is trusted to sign tokens: set ARDOISE_ISSUERS and"
                " ARDOISE_JWKS, or ARDOISE_ISSUERS_FILE, or ARDOISE_DEVELOPMENT=1 to accept the development key."
            )
        return self


@dataclass(frozen=True, slots=True)
class _Variables:
    """The environment with its mistakes turned into sentences. An empty variable is an unset one."""

    environment: Mapping[str, str]

    def text(self, name: str, default: str) -> str:
        return self.environment.get(name, "").strip() or default

    def integer(self, name: str, default: int, *, least: int, most: int) -> int:
        text = self.text(name, str(default))
        if not (text.isascii() and text.isdigit() and len(text) <= 9 and least <= int(text) <= most):
            raise SettingsError(f"{name} must be a whole number from {least} to {most}.")
        return int(text)

    def seconds(self, name: str, default: float, *, least: float, most: float) -> float:
        return self.number(name, default, least=least, most=most, of=" of seconds")

    def number(self, name: str, default: float, *, least: float, most: float, of: str = "") -> float:
        try:
            number = float(self.text(name, str(default)))
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise SettingsError(f"{name} must be a number{of} from {least} to {most}.")
        return number

    def flag(self, name: str) -> bool:
        return self.choice(name, "0", ("0", "1")) == "1"

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        text = self.text(name, default).lower()
        if text not in choices:
            raise SettingsError(f"{name} must be one of {', '.join(choices)}.")
        return text

    def path(self, name: str) -> Path | None:
        text = self.text(name, "")
        return Path(text).expanduser().absolute() if text else None

    def database(self, name: str) -> str | None:
        url = self.text(name, "")
        if not url:
            return None
        if not url.startswith(("postgresql://", "postgres://")):
            raise SettingsError(f"{name} must look like postgresql://user@host:5432/database.")
        return url

    def keys(self, name: str) -> str | None:
        place = self.text(name, "")
        if not place:
            return None
        scheme = urlsplit(place).scheme.lower() if "://" in place else ""
        if scheme not in ("", "https"):
            raise SettingsError(f"{name} must be the path of a file or an https URL.")
        return place
