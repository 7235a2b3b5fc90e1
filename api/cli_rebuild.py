"""`ardoise rebuild`: read models made again from the facts while the service goes on."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated, Any

import orjson
import psycopg
import typer
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn

from api.cli_room import counted, printer, progress, table
from api.running import in_one_line, judging, mistyped, read_settings, refuse_missing, stop
from ledger.database import DatabaseUrls, check_database, database_of, service_conninfo
from ledger.migrate import migrate
from projections.models import READ_MODELS
from replay.rebuilding.rebuild import Report, Watching, rebuild, served
from replay.rebuilding.rows import UnreadableLineError
from replay.rebuilding.state import NAMES, RebuildRefusedError

app = typer.Typer()
BARS = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
DIGEST_SHOWN = 12


@app.command("rebuild", epilog="Examples: `ardoise rebuild --all` and `ardoise rebuild calendar places --check`")
@judging
@in_one_line
def command(
    names: Annotated[
        list[str] | None, typer.Argument(help=f"Read models: {', '.join(NAMES)}.", metavar="[NAME]...")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every read model, and the places.")] = False,
    processes: Annotated[
        int | None, typer.Option(help="How many at once; as many as there are cores unless given.", min=1, max=64)
    ] = None,
    fresh: Annotated[bool, typer.Option(help="From the beginning, even if one was stopped half-way.")] = False,
    check: Annotated[
        bool, typer.Option(help="Compare and exchange nothing; exits 1 when a row is not as the facts say.")
    ] = False,
    status: Annotated[bool, typer.Option(help="Only say which versions are served and wanted.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Make the rows of read models again from the facts, for every town, and exchange them in one transaction.

    The service goes on meanwhile, on the old rows. A rebuild that was killed is taken up where it stopped.
    """
    if status:
        _status(as_json=as_json)
        return
    if everything == bool(names):
        mistyped(f"name read models among {', '.join(NAMES)}, or give --all.")
    wanted = list(NAMES) if everything else names or []
    with _database() as urls:
        _refuse_without_owner(urls.owner_url)
        report = _rebuilt(urls.owner_url, wanted, processes or os.cpu_count() or 1, fresh=fresh, check=check)
    if as_json:
        typer.echo(orjson.dumps(_plain(report)).decode())
    else:
        _print(report)
    if check and report.differences:
        raise typer.Exit(1)


@contextmanager
def _database() -> Iterator[DatabaseUrls]:
    """The configured database, checked. Neither keys nor checkpoints: nothing is served or signed."""
    settings = read_settings()
    refuse_missing(settings)
    with database_of(settings) as urls:
        if settings.embedded:
            migrate(urls.owner_url, log=lambda _: None)
        check_database(urls.service_url)
        yield urls


def _rebuilt(owner_url: str, names: Sequence[str], processes: int, *, fresh: bool, check: bool) -> Report:
    with progress(*BARS) as bars:
        task = bars.add_task("starting", total=None)
        watching = Watching(
            lines=lambda done, lines: bars.update(task, completed=done, total=lines),
            say=lambda what: bars.update(task, description=what),
        )
        try:
            return rebuild(owner_url, names, processes=processes, fresh=fresh, check=check, watching=watching)
        except (RebuildRefusedError, UnreadableLineError) as error:
            stop(f"{error} Nothing was exchanged.")


def _refuse_without_owner(owner_url: str) -> None:
    """Making and dropping tables is for their owner."""
    with psycopg.connect(owner_url) as connection:
        question = "SELECT pg_has_role(relowner, 'MEMBER') FROM pg_class WHERE oid = 'ardoise.entries'::regclass"
        if connection.execute(question).fetchone() != (True,):
            stop("tables are made again by their owner: give its URL in ARDOISE_OWNER_URL.")


def _status(*, as_json: bool) -> None:
    with _database() as urls, psycopg.connect(service_conninfo(urls.service_url, read_settings())) as connection:
        now = served(connection)
    said = [
        {"model": name, "served": now[name], "wanted": model.version, "old": now[name] != model.version}
        for name, model in READ_MODELS.items()
    ]
    if as_json:
        typer.echo(orjson.dumps({"read_models": said}).decode())
        return
    shown = table("read model", "served", "wanted", "")
    for row in said:
        shown.add_row(
            str(row["model"]), str(row["served"]), str(row["wanted"]), "old: rebuild it" if row["old"] else ""
        )
    printer().print(shown)


def _plain(report: Report) -> dict[str, Any]:
    return {
        **asdict(report),
        "entries_per_second": round(report.entries_per_second),
        "differences": report.differences,
    }


def _print(report: Report) -> None:
    shown = table("read model", "table", "rows", "only\nold", "only\nnew", "differ", f"SHA-256\n({DIGEST_SHOWN})")
    for row in report.tables:
        found = row.differences
        about = "" if found.exact else "≈"
        numbers = (found.only_old, found.only_new, found.different)
        shown.add_row(
            row.model, row.table, f"{row.rows:,}", *(f"{about}{n:,}" for n in numbers), row.digest[:DIGEST_SHOWN]
        )
    printer().print(shown)
    for row in report.tables:
        for key in row.differences.first:
            typer.echo(f"differs: {row.table} {key}")
    before = f", {report.lines_before:,} before it was stopped" if report.resumed else ""
    typer.echo(
        f"{report.lines:,} lines folded{before}, {report.entries_per_second:,.0f} a second"
        f" on {counted(report.processes, 'process', 'processes')}; {report.caught_up:,} caught up;"
        f" {report.seconds:.1f} seconds in all."
    )
    found_ = counted(report.differences, "difference") if report.differences else "no difference"
    if report.swapped:
        mended = f"{found_}, put right" if report.differences else found_
        typer.echo(f"Exchanged: {mended}. Those who write waited {report.writers_waited_ms:.0f} ms at most.")
    else:
        typer.echo(f"Nothing was exchanged: {found_}.")
