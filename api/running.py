"""Opening a ledger from the command line: settings, database, checks, and one line when something is missing."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import NoReturn, ParamSpec, TypeVar

import psycopg
import typer
from psycopg.conninfo import conninfo_to_dict

from ledger.database import (
    DatabaseUrls,
    EmbeddedError,
    StartRefusedError,
    check_database,
    database_of,
    service_conninfo,
)
from ledger.embedded import Server
from ledger.entry import AlteredLineError
from ledger.migrate import MigrationRefusedError, migrate
from ledger.settings import Settings, SettingsError
from replay.leader import WorkError
from replay.sealing.notary import Notary

AUDITOR = "ardoise_auditor"
"""The role that may read everything and write nothing."""
CHECK_MS = "60000"
"""A backup may have lines to seal before it can be compared with what was signed."""

P = ParamSpec("P")
R = TypeVar("R")

EXPECTED = (
    SettingsError,
    StartRefusedError,
    EmbeddedError,
    MigrationRefusedError,
    PermissionError,
    WorkError,
    AlteredLineError,
)
"""What a person can put right: said in one line, without a traceback."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """A database that can be trusted with a ledger, and the settings it was opened with."""

    settings: Settings
    urls: DatabaseUrls


class Stopped(typer.Exit):
    """What was asked could not be done, and was said."""


def stop(sentence: str) -> NoReturn:
    """Ends the command with one line on standard error, and the exit code 1, or 2 where 1 is an answer."""
    typer.echo(f"ardoise: {' '.join(sentence.split())}", err=True)
    raise Stopped(1)


def mistyped(sentence: str) -> NoReturn:
    """Ends a command whose options do not go together, or are missing: one line, and the exit code 2."""
    typer.echo(f"ardoise: {sentence}", err=True)
    raise typer.Exit(2)


def judging(command: Callable[P, R]) -> Callable[P, R]:
    """A command that ends with 1 when something differs: with 2, then, when it could not look."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except Stopped as stopped:
            raise typer.Exit(2) from stopped

    return run


def in_one_line(command: Callable[P, R]) -> Callable[P, R]:
    """A command whose foreseeable failures are one line, not a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except EXPECTED as error:
            stop(str(error))
        except psycopg.Error as error:
            stop(f"the database refused: {(str(error).strip() or type(error).__name__).splitlines()[0]}")

    return run


def read_settings() -> Settings:
    """The settings of this process. Raises SettingsError."""
    return Settings.from_environment(os.environ)


def refuse_missing(settings: Settings) -> None:
    """Ends the command where there is no ledger to read: a directory that was mistyped is not filled with a new one."""
    if settings.embedded and not Server(settings.data).place.cluster.exists():
        stop(f"there is no ledger in {settings.data}: is it the right directory (ARDOISE_DATA)?")


@contextmanager
def opened(settings: Settings, *, to_read: bool = False, may_be_first: bool = False) -> Iterator[Opened]:
    """The configured database, checked; the embedded one is brought up to date first, since nobody else does it.

    It is made by what may be the first to write in it, and by nothing else.
    Who only reads may read a database that is older than its last checkpoint, or another one.
    """
    if not may_be_first:
        refuse_missing(settings)
    with database_of(settings) as urls:
        if settings.embedded:
            migrate(urls.owner_url, log=lambda _: None)
        check_database(urls.service_url)
        if not to_read:
            with checking(Opened(settings=settings, urls=urls)) as connection:
                Notary.open(settings).refuse_older(connection)
        yield Opened(settings=settings, urls=urls)


def checking(ready: Opened) -> psycopg.Connection:
    """A connection of the service that may seal what waits before the tree is compared with what was signed."""
    conninfo = service_conninfo(
        ready.urls.service_url, ready.settings, application="ardoise-check", statement_timeout=CHECK_MS
    )
    return psycopg.connect(conninfo, autocommit=True)


@contextmanager
def readable(settings: Settings) -> Iterator[str]:
    """How to read the configured database: as the auditor, when that is the login, and as the service otherwise."""
    url = settings.database_url
    if url is not None and conninfo_to_dict(url).get("user") == AUDITOR:
        yield service_conninfo(url, settings, application="ardoise-audit", role=AUDITOR)
        return
    with opened(settings, to_read=True) as ready:
        yield service_conninfo(ready.urls.service_url, ready.settings, application="ardoise-audit")
