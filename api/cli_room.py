"""What the commands of the terminal share: the words an operator types, the ledger they open, the line they leave."""

import base64
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from typing import Any, Final
from uuid import uuid4

import psycopg
import typer
from psycopg.rows import scalar_row
from rich.console import Console
from rich.progress import (
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Column, Table

from api.access import Line, statements
from api.asking import Reader
from api.clock import utc_now
from api.erasure_proposal import Archive
from api.fields import read_day, read_id
from api.running import AUDITOR, Opened, stop
from ledger.database import open_async_pool, open_pool
from ledger.identifiers import Commune, is_slug, new_id
from ledger.postgres import Pool, PostgresStore
from ledger.store import Store
from projections.inline import project
from replay.erasures import Replayed, settle
from replay.erasures import replay as replay_journal
from vault.journal import Journal, Journaled

CLIENT: Final = "ardoise-cli"
WIDTH_ELSEWHERE: Final = 200
"""Columns of a table that is not written to a terminal: nothing is folded."""
STEPS: Final = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
COUNTED: Final = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
SHARE: Final = (SpinnerColumn(), TextColumn("{task.description}"), TaskProgressColumn(), TimeElapsedColumn())
ACCOUNT: Final = re.compile(r"[!-~]{1,255}")
"""An account as identity providers write them: with no space there is no room for a name and a telephone."""
NOT_A_TOWN: Final = "a town is named by its slug: lower case letters, digits and hyphens."
AN_ACCOUNT: Final = "an account or a slug, without a space, never a name"


def town_named(text: str, otherwise: str = NOT_A_TOWN) -> Commune:
    """The town somebody typed; ends the command when it cannot be one."""
    if not is_slug(text):
        stop(otherwise)
    return Commune(text)


def operator(text: str) -> str:
    """An option that says who asks or agrees: it is kept for years, or for ever, so it is an account."""
    if ACCOUNT.fullmatch(text) is None:
        raise typer.BadParameter(f"{AN_ACCOUNT} is expected, like dpo-1")
    return text


def identifier(text: str) -> str:
    """An option that names somebody."""
    try:
        return read_id(text)
    except ValueError:
        raise typer.BadParameter("an identifier is expected, like 8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b") from None


def a_day(text: str) -> date:
    """An option that is a day."""
    try:
        return read_day(text)
    except ValueError:
        raise typer.BadParameter("a day is expected, like 2024-03-27") from None


def counted(count: int, one: str, many: str | None = None) -> str:
    """So many of something: 1 line, 2 lines, 0 activities."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"


def progress(*columns: ProgressColumn) -> Progress:
    """What a person watches meanwhile; elsewhere than on a terminal, nothing at all."""
    console = Console(stderr=True)
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def root_text(root: bytes) -> str:
    """A root as its checkpoint writes it: the same everywhere, to be compared by eye."""
    return base64.b64encode(root).decode()


def table(*headers: str, title: str | None = None) -> Table:
    """A table in which nothing is cut: what is too wide goes on under itself."""
    return Table(*(Column(header, overflow="fold") for header in headers), title=title)


def block(title: str, said: Mapping[str, str]) -> None:
    """Prints one thing, a line for each part of it: what is to be copied is never broken."""
    typer.echo(title)
    width = max(map(len, said))
    for name, value in said.items():
        typer.echo(f"  {name:<{width}}  {value}".rstrip())


def printer() -> Console:
    """Where tables are printed."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH_ELSEWHERE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """An open ledger with its journal: a restored database was told whom to forget before anything is read."""

    store: Store
    reader: Reader
    pool: Pool

    def archive(self, commune: Commune) -> Archive:
        """What is held of a town's families."""
        return Archive(commune=commune, store=self.store, reader=self.reader, now=utc_now())

    def note(self, commune: Commune, *, by: str, operation: str, about: Sequence[str]) -> None:
        """Leaves the line of what is about to be shown in the access log."""
        with self.pool.connection() as connection:
            note(connection, commune, by=by, operation=operation, purpose="rights_request", about=about)


@asynccontextmanager
async def room(ready: Opened) -> AsyncIterator[Room]:
    """The ledger, for as long as the block."""
    settings = replace(ready.settings, pool_size=2, read_pool_size=2)
    journal = Journal.open(settings)
    pool = open_pool(ready.urls.service_url, settings)
    try:
        store = PostgresStore(pool, project=project)
        told(replay_journal(journal, store, pool, now=utc_now()))
        reads = await open_async_pool(ready.urls.service_url, settings)
        try:
            yield Room(store=Journaled(store, journal, partial(settle, pool=pool)), reader=Reader(reads), pool=pool)
        finally:
            await reads.close()
    finally:
        pool.close()


def told(done: Replayed) -> None:
    """Says what a replay found, where it does not mix with what was asked."""
    for intent in done.again:
        typer.echo(f"forgotten again: {intent.commune} {intent.person}, agreement {intent.agreement}", err=True)
    for intent in done.unfinished:
        typer.echo(f"never done, ask again: {intent.commune} {intent.person}, agreement {intent.agreement}", err=True)


def note(
    connection: psycopg.Connection[Any],
    commune: Commune,
    *,
    by: str,
    operation: str,
    purpose: str,
    about: Sequence[str],
) -> None:
    """Leaves the line of what was asked: by the service, or by the one function an auditor may write through."""
    line = Line(
        commune=commune,
        line=uuid4(),
        read_at=utc_now(),
        actor=by,
        role="admin",
        client=CLIENT,
        operation=operation,
        purpose=purpose,
        about=tuple(sorted(set(about))),
        correlation=new_id(),
    )
    [login] = connection.cursor(row_factory=scalar_row).execute("SELECT current_user").fetchall()
    with connection.transaction():
        if login != AUDITOR:
            for statement, values in statements([line]):
                connection.execute(statement, values)
            return
        connection.execute(
            "SELECT access.note(%s, %s, %s, %s, %s, %s, %s)",
            (commune, line.line, by, operation, purpose, list(line.about), line.correlation),
        )
