"""`ardoise bill`: a month drafted, or closed with its titres, for one town or all of them.

What is printed is for the régisseur, in French; what an operator mistypes or must still do is told in English.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import psycopg
import typer
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn

from api import french_bill_job as french
from api.background import leader_conninfo
from api.cli_bill_csv import a_new_file, write_lines
from api.cli_bill_lists import Lists, named, tell_missing, tell_titres, to_list
from api.cli_room import AN_ACCOUNT, CLIENT, operator, printer, progress, table, town_named
from api.clock import utc_now
from api.fields import read_month
from api.running import EXPECTED, Opened, in_one_line, judging, mistyped, opened, read_settings, stop
from ledger.database import open_pool
from ledger.identifiers import Commune, Month, Subject
from ledger.postgres import PostgresStore
from ledger.store import BusyError, ConflictError
from projections.inline import project
from replay.billing.bill import Billed, bill_month
from replay.billing.job import Job, Watching
from replay.following.watched import towns
from replay.sealing.seal import seal_once
from vault.key_file import ring_for
from vault.people import Vault
from vault.sealing import KeyRing

app = typer.Typer()
BARS: Final = (
    SpinnerColumn(),
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
)
INCOMPLETE: Final = "month_incomplete"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    month: Month
    close: bool
    leave_out: bool
    from_here: bool
    replace: bool
    missing: bool
    titres: bool
    yes: bool
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
    titres: Annotated[bool, typer.Option("--titres", help="List the titres, or the bills of a draft.")] = False,
    names: Annotated[
        bool, typer.Option("--names", help="With --missing or --titres: with the names the vault keeps.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="With --close: asks nothing. Elsewhere than on a terminal.")
    ] = False,
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
    for given, name in ((leave_out, "--leave-out"), (from_here, "--from-here"), (again, "--replace"), (yes, "--yes")):
        if given and not close:
            mistyped(f"{name} goes with --close.")
    if names and not (missing or titres):
        mistyped("--names goes with --missing or --titres.")
    if close and not yes and not sys.stdin.isatty():
        mistyped("--close is for good: read the draft, then say --yes.")
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
        titres=titres,
        yes=yes,
        processes=wanted if wanted > 1 else 0,
        by=Subject(by),
        as_json=as_json,
        csv=csv,
    )
    wanted_towns = [town_named(name) for name in commune or ()]
    with opened(read_settings()) as ready:
        ring = ring_for(ready.settings, ready.urls.service_url) if names else None
        statuses = _billed(ready, wanted_towns, asked, ring)
    if any(statuses):
        raise typer.Exit(max(statuses))


def _billed(ready: Opened, named: Sequence[Commune], asked: _Asked, ring: KeyRing | None) -> list[int]:
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
        vault = Vault(ring, pool) if ring is not None else None
        lists = Lists(conninfo=conninfo, pool=pool, by=asked.by, vault=vault)
        return [_town(lists, commune, asked) for commune in dict.fromkeys(named or known)]
    finally:
        pool.close()


def _town(lists: Lists, commune: Commune, asked: _Asked) -> int:
    """One town; what is wrong with it holds no other up."""
    try:
        if asked.close and not asked.yes and not _confirmed(lists, commune, asked):
            return 2
        billed = _worked_out(lists, commune, asked)
    except EXPECTED as error:
        typer.echo(f"ardoise: {commune}: {error}", err=True)
        return 2
    except (BusyError, ConflictError):
        typer.echo(f"ardoise: {commune}: others were writing all the while: run it again.", err=True)
        return 2
    _tell(lists, billed, asked)
    if asked.csv is not None:
        write_lines(asked.csv, lists.conninfo, lists.pool, billed, by=asked.by)
        if not asked.as_json:
            typer.echo(f"{asked.csv}: {french.EVERY_LINE}")
    if billed.refused is None:
        return 0
    return 1 if billed.refused == INCOMPLETE else 2


def _confirmed(lists: Lists, commune: Commune, asked: _Asked) -> bool:
    """Whether whoever is at the terminal closes what they were shown; what is closed already is asked of nobody."""
    draft = _worked_out(lists, commune, replace(asked, close=False))
    if draft.closed is not None:
        return True
    _tell(lists, draft, replace(asked, as_json=False))
    return typer.confirm(french.confirmed(draft), err=True)


def _worked_out(lists: Lists, commune: Commune, asked: _Asked) -> Billed:
    with _watched(str(commune)) as watching:
        job = Job(
            commune=commune,
            conninfo=lists.conninfo,
            store=PostgresStore(lists.pool, project=project),
            by=asked.by,
            role="billing",
            client=CLIENT,
            clock=utc_now,
            processes=asked.processes,
            watching=watching,
        )
        return bill_month(
            job,
            asked.month,
            close=asked.close,
            leave_out=asked.leave_out,
            from_here=asked.from_here,
            replace=asked.replace,
        )


@contextmanager
def _watched(commune: str) -> Iterator[Watching]:
    with progress(*BARS) as bars:
        task = bars.add_task(commune, total=None)
        yield Watching(
            done=lambda done, every: bars.update(task, completed=done, total=every),
            say=lambda what: bars.update(task, description=f"{commune}: {what}"),
        )


def _tell(lists: Lists, billed: Billed, asked: _Asked) -> None:
    if asked.as_json:
        typer.echo(orjson.dumps(_plain(lists, billed, asked)).decode())
        return
    typer.echo(french.title(billed))
    shown = table(*french.COLUMNS)
    for column in shown.columns[1:]:
        column.justify = "right"
    for section in french.sections(billed):
        for row in section:
            shown.add_row(*row)
        shown.add_section()
    printer().print(shown)
    names = {"town": billed.commune, "month": billed.month}
    if billed.closed is not None:
        for sentence in french.closed_said(billed.closed, credit_notes=billed.summary["credits"]):
            typer.echo(sentence)
    elif to_list(billed) and not asked.missing:
        typer.echo(french.SEE_MISSING.format(**names))
    if billed.closed is None and not asked.close and not billed.summary["missing"]:
        typer.echo(french.TO_CLOSE.format(**names) if billed.summary["bills"] else french.NOTHING)
    if asked.missing and billed.closed is None:
        tell_missing(lists, billed)
    if asked.titres:
        tell_titres(lists.titres(billed))
    if billed.refused is not None:
        typer.echo(f"ardoise: {french.refused(billed)}", err=True)


def _plain(lists: Lists, billed: Billed, asked: _Asked) -> dict[str, Any]:
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
        said["missing_days"] = named(lists.missing(billed)) if closed is None else []
    if asked.titres:
        said["bills"] = named(lists.titres(billed))
    return said
