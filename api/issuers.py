"""Who may sign tokens: the issuers an operator trusts, how far each is trusted, and where each one answers."""

import os
import stat
import tomllib
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from ledger.identifiers import is_slug
from ledger.settings import Settings, SettingsError

ROLES: Final = frozenset({"guardian", "agent", "auditor", "billing", "admin", "portal"})
LARGEST_FILE_BYTES: Final = 256 * 1024
LONGEST_TEXT: Final = 255
LONGEST_SECRET: Final = 1024
SEPARATOR: Final = "|"
"""Between an alias and a `sub`: no alias holds one."""

KEYS: Final = (
    "iss",
    "jwks",
    "alias",
    "roles",
    "communes",
    "introspection",
    "client_id",
    "client_secret_file",
)
INTROSPECTION: Final = ("introspection", "client_id", "client_secret_file")


@dataclass(frozen=True, kw_only=True, slots=True)
class Introspection:
    """Where an issuer tells what a token is worth (RFC 7662), and as whom we ask."""

    address: str
    client: str
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        if not is_private(self.address):
            raise ValueError("tokens are shown to an issuer over https only")


@dataclass(frozen=True, slots=True)
class Issuer:
    """An identity provider: the `iss` of its tokens, where its keys are published, and for whom it may speak."""

    name: str
    jwks: str | None = None
    """An https address, or a file."""
    _: KW_ONLY
    alias: str | None = None
    """What its accounts are called by in the ledger, before their `sub`; one issuer at most has none."""
    roles: frozenset[str] = ROLES
    communes: frozenset[str] | None = None
    """The towns it may speak for; every town when None."""
    introspection: Introspection | None = None

    def __post_init__(self) -> None:
        if self.jwks is not None and not (is_private(self.jwks) or urlsplit(self.jwks).scheme in ("", "file")):
            raise ValueError("the keys of an issuer come from a file or over https")

    def account(self, subject: str) -> str:
        """The name of an account in the ledger: no two issuers can ever say the same."""
        return subject if self.alias is None else f"{self.alias}{SEPARATOR}{subject}"


def is_private(address: str) -> bool:
    """Whether nobody on the way can read or change what is asked there: https, or this very machine."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    local = parts.scheme == "http" and host in ("127.0.0.1", "localhost", "::1")
    return bool(host) and (parts.scheme == "https" or local)


def trusted_issuers(settings: Settings) -> tuple[Issuer, ...]:
    """The issuers the settings name, in the short form or in a file. Raises SettingsError."""
    if settings.issuers_file is not None:
        return read_issuers(settings.issuers_file)
    return tuple(Issuer(name, settings.jwks) for name in settings.issuers)


def read_issuers(path: Path) -> tuple[Issuer, ...]:
    """The issuers of a TOML file. Raises SettingsError on the first thing that cannot be used, and never says a secret.

    The files it names are looked for from its own directory.
    """
    document = _parsed(path)
    tables = document.pop("issuer", None)
    if document:
        raise SettingsError(f"{path}: {_name(next(iter(document)))} is not known; write [[issuer]] tables only.")
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise SettingsError(f"{path}: write at least one [[issuer]] table.")
    issuers = [_Table(path, number, table).issuer() for number, table in enumerate(tables, start=1)]
    _refuse_confusion(path, issuers)
    return tuple(issuers)


def _parsed(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise SettingsError(f"ARDOISE_ISSUERS_FILE cannot be read: {path} ({error.strerror}).") from error
    if len(text) > LARGEST_FILE_BYTES:
        raise SettingsError(f"{path} is larger than {LARGEST_FILE_BYTES // 1024} KiB: it is no file of issuers.")
    try:
        return tomllib.loads(text.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        said = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "it is not text in UTF-8"
        raise SettingsError(f"{path} is not a TOML file: {said}.") from error


def _name(key: str) -> str:
    return key if key.isascii() and key.isprintable() and len(key) <= 40 else "a key"


def _refuse_confusion(path: Path, issuers: Sequence[Issuer]) -> None:
    """Two issuers are never taken for one another, nor their accounts, and an opaque token is shown to one alone."""
    for names, sentence in (
        ([issuer.name for issuer in issuers], "the iss {} is given twice"),
        ([issuer.alias for issuer in issuers if issuer.alias], "the alias {} is given twice"),
    ):
        for name in names:
            if names.count(name) > 1:
                raise SettingsError(f"{path}: {sentence.format(name)}.")
    if sum(issuer.alias is None for issuer in issuers) > 1:
        raise SettingsError(f"{path}: one issuer at most has no alias: the accounts of two could have the same name.")
    if sum(issuer.introspection is not None for issuer in issuers) > 1:
        raise SettingsError(f"{path}: one issuer at most has introspection: a token would be shown to the wrong one.")


@dataclass(frozen=True, slots=True)
class _Table:
    """One [[issuer]] table, with its mistakes turned into sentences."""

    path: Path
    number: int
    table: dict[str, Any]

    def issuer(self) -> Issuer:
        for key in self.table:
            if key not in KEYS:
                raise self.wrong(f"{_name(key)} is not known: there are {', '.join(KEYS)}")
        name = self.text("iss")
        if name is None:
            raise self.wrong("iss is missing")
        jwks, introspection = self.keys(), self.introspection()
        if jwks is None and introspection is None:
            raise self.wrong("give jwks, introspection, or both")
        alias = self.text("alias")
        if alias is not None and not is_slug(alias):
            raise self.wrong("alias must be a slug: lower case letters, digits and hyphens")
        roles, communes = self.texts("roles"), self.texts("communes")
        if not ROLES.issuperset(roles or ()):
            raise self.wrong(f"roles must be among {', '.join(sorted(ROLES))}")
        if not all(is_slug(commune) for commune in communes or ()):
            raise self.wrong("communes must be slugs of towns")
        return Issuer(name, jwks, alias=alias, roles=roles or ROLES, communes=communes, introspection=introspection)

    def keys(self) -> str | None:
        place = self.text("jwks")
        if place is None or is_private(place):
            return place
        if "://" in place:
            raise self.wrong("jwks must be the path of a file or an https URL")
        return str(self.file(place))

    def introspection(self) -> Introspection | None:
        given = [self.text(key) for key in INTROSPECTION]
        address, client, secret_file = given
        if address is None or client is None or secret_file is None:
            if any(given):
                raise self.wrong(f"{', '.join(INTROSPECTION)} go together: give the three, or none")
            return None
        if not is_private(address):
            raise self.wrong("introspection must be an https URL")
        return Introspection(address=address, client=client, secret=self.secret(self.file(secret_file)))

    def secret(self, path: Path) -> str:
        try:
            with path.open("rb") as file:
                if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                    raise self.wrong(f"client_secret_file can be read by others: chmod 600 {path}")
                secret = file.read(LONGEST_SECRET + 2).decode("ascii").strip()
        except OSError as error:
            raise self.wrong(f"client_secret_file cannot be read: {path} ({error.strerror})") from error
        except UnicodeDecodeError:
            secret = ""
        if not secret or len(secret) > LONGEST_SECRET or not secret.isprintable():
            raise self.wrong(f"client_secret_file must hold one line of visible ASCII characters: {path}")
        return secret

    def file(self, place: str) -> Path:
        return self.path.absolute().parent / Path(place).expanduser()

    def text(self, key: str) -> str | None:
        value = self.table.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or not _is_plain(value):
            raise self.wrong(f"{key} must be a text of 1 to {LONGEST_TEXT} visible characters")
        return value

    def texts(self, key: str) -> frozenset[str] | None:
        value = self.table.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
            raise self.wrong(f"{key} must be a list of at least one text")
        return frozenset(value)

    def wrong(self, sentence: str) -> SettingsError:
        return SettingsError(f"{self.path}, issuer {self.number}: {sentence}.")


def _is_plain(text: str) -> bool:
    return 1 <= len(text) <= LONGEST_TEXT and text.isprintable() and text == text.strip()
