"""`ardoise bill`: a month drafted, or closed with its titres, for one town or all of them.

What is printed is for the régisseur, in French; what an operator mistypes or must still do is told in English.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import psycopg
import typer
from psycopg.rows import dict_row
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn

from api import french_bill_job as french
from api.background import leader_conninfo
from api.cli_bill_csv import a_new_file, write_lines
from api.cli_room import AN_ACCOUNT, CLIENT, operator, printer, progress, table, town_named
from api.clock import utc_now
from api.fields import read_month
from api.french_billing import MISSING
from api.running import EXPECTED, Opened, in_one_line, judging, mistyped, opened, read_settings, stop
from ledger.database import open_pool
from ledger.identifiers import Commune, Month, Subject
from ledger.postgres import Pool, PostgresStore
from ledger.store import BusyError, ConflictError
from projections.billing.drafts import missing_in_draft
from projections.inline import project
from replay.billing.bill import Billed, bill_month
from replay.billing.job import Job, Watching
from replay.billing.runs import connected
from replay.following.watched import towns
from replay.sealing.seal import seal_once

app = typer.Typer()
BARS: Final = (
    SpinnerColumn(),
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
)
INCOMPLETE: Final = "month_incomplete"
PAGE: Final = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    month: Month
    close: bool
    leave_out: bool
    from_here: bool
    replace: bool
    missing: bool
    processes: int
    by: Subject
    as_json: bool
    csv: Path | None


def a_month(text: str) -> str:
    """An argument that is a month."""
    try:
        return read_month(text)
    except ValueError:
        raise typer.BadParameter("a month is expected, like 2024-03") from None


@app.command(
    "bill", epilog="Examples: `ardoise bill 2024-03 --commune villars` and `ardoise bill 2024-03 --all --close`"
)
@judging
@in_one_line
def command(  # noqa: PLR0913, PLR0917 - what a person may type
    month: Annotated[Any, typer.Argument(parser=a_month, metavar="MONTH", help="A calendar month: 2024-03.")],
    commune: Annotated[
        list[str] | None, typer.Option(help="A town, as a slug; several times for several.", metavar="COMMUNE")
    ] = None,
    everywhere: Annotated[bool, typer.Option("--all", help="Every town of the ledger.")] = False,
    close: Annotated[bool, typer.Option("--close", help="Close the month, and issue its titres.")] = False,
    leave_out: Annotated[
        bool, typer.Option("--leave-out", help="With --close: without the days that cannot be billed yet.")
    ] = False,
    from_here: Annotated[
        bool,
        typer.Option("--from-here", help="With the first --close: nothing before this month is ever billed here."),
    ] = False,
    again: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="With --close: in place of a close that the facts do not give, no titre of which is issued.",
        ),
    ] = False,
    missing: Annotated[bool, typer.Option("--missing", help="List the days that cannot be billed yet.")] = False,
    processes: Annotated[
        int | None, typer.Option(help="How many at once; as many as there are cores unless given.", min=1, max=64)
    ] = None,
    by: Annotated[
        Any, typer.Option(parser=operator, metavar="ACCOUNT", help=f"Who closes, kept for ever: {AN_ACCOUNT}.")
    ] = CLIENT,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="The lines, for a spreadsheet: a file not there yet.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per town.")] = False,
) -> None:
    """Work out what every household owes for a month; close it for good with --close.

    A draft may be made as often as wanted. What was killed is taken up where it stopped: run the same command again. Of
    a month that is closed, the titres are told, and those that are not there yet are issued.

    Ends with 1 when the month cannot be closed because days cannot be billed yet, with 2 when anything else is wrong.
    """
    for given, name in ((leave_out, "--leave-out"), (from_here, "--from-here"), (again, "--replace")):
        if given and not close:
            mistyped(f"{name} goes with --close.")
    if everywhere == bool(commune):
        mistyped("name a town with --commune, or give --all.")
    if csv is not None and (everywhere or len(commune or ()) > 1):
        mistyped("--csv is the file of one town: name it with --commune.")
    a_new_file(csv)
    wanted = processes or os.cpu_count() or 1
    asked = _Asked(
        month=Month(month),
        close=close,
        leave_out=leave_out,
        from_here=from_here,
        replace=again,
        missing=missing,
        processes=wanted if wanted > 1 else 0,
        by=Subject(by),
        as_json=as_json,
        csv=csv,
    )
    named = [town_named(name) for name in commune or ()]
    with opened(read_settings()) as ready:
        statuses = _billed(ready, named, asked)
    if any(statuses):
        raise typer.Exit(max(statuses))


def _billed(ready: Opened, named: Sequence[Commune], asked: _Asked) -> list[int]:
    """What became of each town, as an exit code."""
    conninfo = leader_conninfo(ready.urls.service_url, ready.settings, "bill")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        seal_once(connection)
        known = towns(connection)
    strangers = [name for name in named if name not in known]
    if strangers or not known:
        found = ", ".join(strangers) or "any town"
        stop(f"there is no line of {found} in this database: is it the right town, and the right database?")
    pool = open_pool(ready.urls.service_url, replace(ready.settings, pool_size=1))
    try:
        return [_town(conninfo, pool, commune, asked) for commune in dict.fromkeys(named or known)]
    finally:
        pool.close()


def _town(conninfo: str, pool: Pool, commune: Commune, asked: _Asked) -> int:
    """One town; what is wrong with it holds no other up."""
    try:
        with _watched(str(commune)) as watching:
            job = Job(
                commune=commune,
                conninfo=conninfo,
                store=PostgresStore(pool, project=project),
                by=asked.by,
                role="billing",
                client=CLIENT,
                clock=utc_now,
                processes=asked.processes,
                watching=watching,
            )
            billed = bill_month(
                job,
                asked.month,
                close=asked.close,
                leave_out=asked.leave_out,
                from_here=asked.from_here,
                replace=asked.replace,
            )
    except EXPECTED as error:
        typer.echo(f"ardoise: {commune}: {error}", err=True)
        return 2
    except (BusyError, ConflictError):
        typer.echo(f"ardoise: {commune}: others were writing all the while: run it again.", err=True)
        return 2
    _tell(conninfo, billed, asked)
    if asked.csv is not None:
        write_lines(asked.csv, conninfo, pool, billed, by=asked.by)
        if not asked.as_json:
            typer.echo(f"{asked.csv}: {french.EVERY_LINE}")
    if billed.refused is None:
        return 0
    return 1 if billed.refused == INCOMPLETE else 2


@contextmanager
def _watched(commune: str) -> Iterator[Watching]:
    with progress(*BARS) as bars:
        task = bars.add_task(commune, total=None)
        yield Watching(
            done=lambda done, every: bars.update(task, completed=done, total=every),
            say=lambda what: bars.update(task, description=f"{commune}: {what}"),
        )


def _tell(conninfo: str, billed: Billed, asked: _Asked) -> None:
    if asked.as_json:
        typer.echo(orjson.dumps(_plain(conninfo, billed, asked)).decode())
        return
    typer.echo(french.title(billed))
    shown = table(*french.COLUMNS)
    for column in shown.columns[1:]:
        column.justify = "right"
    for row in french.rows(billed):
        shown.add_row(*row)
    printer().print(shown)
    names = {"town": billed.commune, "month": billed.month}
    if billed.closed is not None:
        for sentence in french.closed_said(billed.closed, credit_notes=billed.summary["credits"]):
            typer.echo(sentence)
    elif _to_list(billed) and not asked.missing:
        typer.echo(french.SEE_MISSING.format(**names))
    if billed.closed is None and not asked.close and not billed.summary["missing"]:
        typer.echo(french.TO_CLOSE.format(**names) if billed.summary["bills"] else french.NOTHING)
    if asked.missing and billed.closed is None:
        _tell_missing(conninfo, billed)
    if billed.refused is not None:
        typer.echo(f"ardoise: {french.refused(billed)}", err=True)


def _to_list(billed: Billed) -> bool:
    """Whether somebody has days to complete, or to look at."""
    return bool(billed.summary["missing"]) or french.CONTRADICTION in billed.summary["meanwhile"]


def _tell_missing(conninfo: str, billed: Billed) -> None:
    if not _to_list(billed):
        typer.echo(french.NOTHING_MISSING)
        return
    shown = table(*french.MISSING_COLUMNS)
    # Sheet by sheet, as they are filled in.
    for day in sorted(_missing(conninfo, billed), key=itemgetter("day", "activity", "unit")):
        why = MISSING[day["why"]]
        shown.add_row(day["day"], day["household"], day["child"], day["activity"], day["unit"], why)
    printer().print(shown)


def _missing(conninfo: str, billed: Billed) -> Iterator[dict[str, Any]]:
    """The days of a draft that cannot be billed yet, or contradict themselves, household by household."""
    after = ""
    with connected(conninfo, billed.commune) as connection, connection.cursor(row_factory=dict_row) as cursor:
        while True:
            asked = missing_in_draft(billed.commune, billed.month, after=after, limit=PAGE)
            rows = cursor.execute(asked.sql, asked.values).fetchall()
            if not rows:
                return
            for row in rows:
                days = (day for day in row["missing_days"] if not day["billed"] or day["why"] == french.CONTRADICTION)
                yield from ({"household": row["household"], **day} for day in days)
            after = rows[-1]["household"]


def _plain(conninfo: str, billed: Billed, asked: _Asked) -> dict[str, Any]:
    closed = billed.closed
    said: dict[str, Any] = {
        "commune": billed.commune,
        "month": billed.month,
        "state": "draft" if closed is None else "closed",
        "position": billed.position,
        "digest": billed.digest,
        "refused": billed.refused,
        "kept": billed.kept,
        "summary": billed.summary,
        "closed": None,
    }
    if closed is not None:
        names = ("year", "first_number", "titres", "total_cents", "issued_on", "due_on", "left_out", "from_here")
        said["closed"] = {name: getattr(closed, name) for name in names}
    if asked.missing:
        said["missing_days"] = list(_missing(conninfo, billed)) if closed is None else []
    return said
