"""What an operator asks of what stands behind the seal: pages set aside, rows that differ."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import orjson
import psycopg
import typer
from rich.progress import Progress

from api import logs
from api.cli_room import STEPS, block, counted, progress, town_named
from api.running import in_one_line, judging, opened, read_settings, readable, stop
from ledger.database import service_conninfo
from ledger.identifiers import Commune
from replay.following.follower import retried
from replay.following.watched import Drifted, Parked, drifted, parked, towns
from replay.leader import Connection

app = typer.Typer(no_args_is_help=True)

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]
TownsArgument = Annotated[list[str] | None, typer.Argument(help="The towns; all of them by default.")]


@contextmanager
def _reading() -> Iterator[Connection]:
    with readable(read_settings()) as conninfo, psycopg.connect(conninfo, autocommit=True) as connection:
        yield connection


def _asked(connection: Connection, communes: list[str] | None) -> list[Commune]:
    """The towns somebody named, which must be there, or every one."""
    named = [town_named(name) for name in communes or ()]
    known = towns(connection)
    strangers = [name for name in named if name not in known]
    if strangers:
        stop(f"there is no line of {', '.join(strangers)} in this database: is it the right town, and database?")
    return named or known


# Pages set aside -----------------------------------------------------------------------------------------------------


@app.command("parked", epilog="Example: `ardoise parked --retry`")
@judging
@in_one_line
def list_parked(
    communes: TownsArgument = None,
    as_json: JsonOption = False,
    retry: Annotated[bool, typer.Option("--retry", help="Try them again first, now.")] = False,
) -> None:
    """Print the pages the past could not follow, from which line on. Status 1 when there is any."""
    if retry:
        _retry(communes)
    with _reading() as connection:
        found = [each for commune in _asked(connection, communes) for each in parked(connection, commune)]
    if as_json:
        for each in found:
            _tell_json(each)
    elif found:
        _show_parked(found)
        typer.echo(
            "The other pages go on. Each is tried again by itself; `ardoise verify` says whether its lines are as they"
            " were written, and an error of the kind UnknownFactError asks for the newer version of Ardoise that wrote"
            " the line.",
            err=True,
        )
    else:
        typer.echo("No page is set aside.")
    if found:
        raise typer.Exit(1)


def _retry(communes: list[str] | None) -> None:
    logs.configure(level=logging.ERROR)
    with opened(read_settings()) as ready:
        conninfo = service_conninfo(ready.urls.service_url, ready.settings, application="ardoise-parked")
        with psycopg.connect(conninfo, autocommit=True) as connection, _progress() as bars:
            tried = []
            for commune in _asked(connection, communes):
                task = bars.add_task(str(commune), total=None)
                for _, recovered in retried(connection, commune, at_once=True):
                    tried.append(recovered)
                    bars.advance(task)
    typer.echo(f"{counted(len(tried), 'page')} tried again, {sum(tried)} followed.", err=True)


def _show_parked(found: list[Parked]) -> None:
    for each in found:
        parts = {
            "from line": str(each.line),
            "error": each.error,
            "since": f"{each.parked_at:%Y-%m-%d %H:%M:%S}",
            "tries": str(each.tries),
            "next try": f"{each.next_try_at:%Y-%m-%d %H:%M:%S}",
        }
        block(each.stream, parts)


# Rows that differ ----------------------------------------------------------------------------------------------------


@app.command("drift", epilog="Example: `ardoise drift villars`")
@judging
@in_one_line
def list_drift(communes: TownsArgument = None, as_json: JsonOption = False) -> None:
    """Print the rows the running service found not to be what the facts say. Status 1 when there is any."""
    with _reading() as connection:
        found = [each for commune in _asked(connection, communes) for each in drifted(connection, commune)]
    if as_json:
        for each in found:
            _tell_json(each)
    elif found:
        _show_drift(found)
        names = " ".join(sorted({each.commune for each in found}))
        typer.echo(
            f"Run `ardoise verify {names}` for the whole ledger. A row that differs is made anew from the facts by"
            " `ardoise rebuild`; a line that was changed comes back from a backup only.",
            err=True,
        )
    else:
        typer.echo("No row was found to differ.")
    if found:
        raise typer.Exit(1)


def _show_drift(found: list[Drifted]) -> None:
    for each in found:
        parts = {"page": each.stream, "where": each.place, "found at": f"{each.found_at:%Y-%m-%d %H:%M:%S}"}
        block(f"{each.commune}: {each.what}", parts)


def _tell_json(each: Any) -> None:
    typer.echo(orjson.dumps(each._asdict(), option=orjson.OPT_UTC_Z).decode())


def _progress() -> Progress:
    return progress(*STEPS)
