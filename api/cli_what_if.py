"""`ardoise what-if`: what other rules would have changed, told to the council. Nothing is written to the ledger.

What is printed is for elected people, in French; what an operator mistypes is told in English.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import psycopg
import typer
from rich.console import Console
from rich.progress import BarColumn, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

from api import french_what_if as french
from api import french_what_if_tables as tables
from api.background import leader_conninfo
from api.cli_room import AN_ACCOUNT, CLIENT, note, operator, printer, progress, table, town_named
from api.fields import read_month
from api.rulebooks import read_file
from api.running import in_one_line, judging, mistyped, opened, read_settings, stop
from api.what_if_page import page
from api.what_if_plain import plain
from commands.close_month import next_month
from ledger.identifiers import Commune, Month, Slug
from replay.following.watched import towns
from replay.sealing.seal import seal_once
from replay.what_if.comparing import Asked, Comparison, Watching, compare
from replay.what_if.report import report_of
from rulebook.rulebook import Rulebook

app = typer.Typer()

OPERATION: Final = "ardoise what-if"
PURPOSE: Final = "billing"
MOST_MONTHS: Final = 24
"""Two school years: more is more than a council compares, and all of it is in memory."""
TO_STANDARD: Final = "-"
_OWNER_ONLY: Final = 0o600
BARS: Final = (
    SpinnerColumn(),
    TextColumn("{task.description}"),
    BarColumn(),
    TaskProgressColumn(),
    TimeElapsedColumn(),
)
EXAMPLE: Final = (
    "Example: `ardoise what-if --rulebook project.toml --from 2023-09 --to 2024-06 --html what-if.html`, and "
    "`--json -` for the figures alone"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wished:
    commune: Commune
    other: Rulebook
    digest: str
    months: Sequence[Month]
    reconsidered: tuple[Slug, ...]
    position: int | None
    by: str


def a_month(text: str) -> str:
    """An option that is a month."""
    try:
        return read_month(text)
    except ValueError:
        raise typer.BadParameter("a month is expected, like 2024-03") from None


@app.command("what-if", epilog=EXAMPLE)
@judging
@in_one_line
def command(  # noqa: PLR0913, PLR0917 - what a person may type
    rulebook: Annotated[Path, typer.Option(metavar="FILE", help="The other rulebook, in TOML.")],
    first: Annotated[Any, typer.Option("--from", parser=a_month, metavar="MONTH", help="The first month: 2023-09.")],
    last: Annotated[Any, typer.Option("--to", parser=a_month, metavar="MONTH", help="The last month, with it.")],
    commune: Annotated[str | None, typer.Option(help="The town; the rulebook's own unless given.")] = None,
    reconsider: Annotated[
        list[str] | None,
        typer.Option(metavar="REASON", help="What agents refused for this reason is granted where there is a place."),
    ] = None,
    as_json: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the figures as JSON; - to print them.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the report as a page for the council.")
    ] = None,
    position: Annotated[
        int | None,
        typer.Option(metavar="N", help="Read the ledger up to this sealed position: a report is made again.", min=1),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there.")] = False,
    by: Annotated[
        Any, typer.Option(parser=operator, metavar="ACCOUNT", help=f"Who asks, kept: {AN_ACCOUNT}.")
    ] = CLIENT,
) -> None:
    """Tell what another rulebook would have changed: the answers to families, and the euros.

    What families really asked is asked again, when they asked it, under other deadlines, places, tariffs and rules for
    absences. Nothing is written to the ledger; whoever asks leaves a line in the access log.
    """
    if commune is not None:
        town_named(commune)
    months = _months(Month(first), Month(last))
    files = [path for path in (as_json, html) if path is not None and str(path) != TO_STANDARD]
    if len({path.absolute() for path in files}) != len(files):
        mistyped("--json and --html name two files.")
    for path in files:
        if path.is_dir() or (path.exists() and not force):
            stop(f"{path} is there already: name a new file, or say --force.")
    other, content = read_file(rulebook)
    if commune not in (None, other.commune):
        stop(f"{rulebook} is a rulebook of {other.commune}, not of {commune}.")
    wished = _Wished(
        commune=other.commune,
        other=other,
        digest=sha256(content.encode()).hexdigest(),
        months=months,
        reconsidered=tuple(_reasons(reconsider or (), other)),
        position=position,
        by=by,
    )
    made = _made(wished)
    if as_json is not None:
        _written(as_json, orjson.dumps(plain(made), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    if html is not None:
        _written(html, page(made).encode())
    if str(as_json) != TO_STANDARD:
        _tell(made)
        for path in files:
            typer.echo(f"{path} est écrit.")


def _months(first: Month, last: Month) -> list[Month]:
    if first > last:
        mistyped(f"--from {first} comes after --to {last}.")
    months = [first]
    while months[-1] < last:
        months.append(next_month(months[-1]))
        if len(months) > MOST_MONTHS:
            mistyped(f"at most {MOST_MONTHS} months are compared at once.")
    return months


def _reasons(wished: Iterable[str], other: Rulebook) -> Iterator[Slug]:
    for reason in dict.fromkeys(wished):
        if reason not in other.refusal_reasons:
            known = ", ".join(sorted(other.refusal_reasons)) or "none"
            mistyped(f"--reconsider takes a reason for refusal of the rulebook: {known}.")
        yield Slug(reason)


def _made(wished: _Wished) -> french.Made:
    with opened(read_settings()) as ready:
        conninfo = leader_conninfo(ready.urls.service_url, ready.settings, "what-if")
        with psycopg.connect(conninfo, autocommit=True) as connection:
            # What is there now is sealed first, as a bill does: the report stands on a position anybody can read up to.
            seal_once(connection)
            if wished.commune not in towns(connection):
                stop(f"there is no line of {wished.commune} in this database: is it the right town?")
            # Before anything of a family is read: what cannot be noted in the log is not read.
            note(connection, wished.commune, by=wished.by, operation=OPERATION, purpose=PURPOSE, about=())
            comparison = _compared(connection, wished)
    if not comparison.wishes and not any(each.total != (0, 0) for each in comparison.households):
        stop(f"nothing was asked nor owed in {wished.commune} from {wished.months[0]} to {wished.months[-1]}.")
    return french.Made(
        commune=wished.commune,
        rulebook=wished.other,
        digest=wished.digest,
        reconsidered=wished.reconsidered,
        report=report_of(comparison),
    )


def _compared(connection: psycopg.Connection[Any], wished: _Wished) -> Comparison:
    connection.execute("SELECT set_config('ardoise.commune', %s, false)", (wished.commune,))
    asked = Asked(
        commune=wished.commune,
        other=wished.other,
        months=wished.months,
        reconsidered=frozenset(wished.reconsidered),
    )
    [(size,)] = connection.execute("SELECT size FROM trees WHERE commune = %s", (wished.commune,)).fetchall()
    if wished.position is not None and wished.position > size:
        stop(f"{wished.commune} is sealed up to position {size}: there is no position {wished.position} yet.")
    with _watched() as watching:
        return compare(connection, asked, wished.position or size, watching)


@contextmanager
def _watched() -> Iterator[Watching]:
    with progress(*BARS) as bars:
        current = bars.add_task("", total=None)

        def begin(step: str, count: int) -> None:
            nonlocal current
            bars.update(current, visible=False)
            current = bars.add_task(step, total=count)

        yield Watching(begin=begin, done=lambda: bars.advance(current))


def _written(path: Path, content: bytes) -> None:
    """Whole, or not at all; for whoever asked and nobody else."""
    if str(path) == TO_STANDARD:
        typer.echo(content.decode(), nl=False)
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        stop(f"{path} cannot be written: {error.strerror}.")


def _tell(made: french.Made) -> None:
    console, report = printer(), made.report
    typer.echo(french.title(made))
    for sentence in french.summary(made):
        typer.echo(sentence)
    _print(console, tables.MONTHS_TITLE, tables.MONTHS_COLUMNS, tables.months_rows(report))
    _print(console, tables.GROUPS_TITLE, tables.GROUPS_COLUMNS, tables.groups_rows(report))
    for sentence in french.merged_said(report):
        typer.echo(sentence)
    _print(console, tables.CLASSES_TITLE, tables.CLASSES_COLUMNS, tables.classes_rows(report))
    _print(console, tables.LARGEST_TITLE, tables.LARGEST_COLUMNS, tables.largest_rows(report))
    _print(console, tables.TURNED_TITLE, tables.TURNED_COLUMNS, tables.turned_rows(report, made.rulebook), text=5)
    _print(console, tables.MISSING_TITLE, tables.MISSING_COLUMNS, tables.missing_rows(report))
    typer.echo(french.made_from(made))


def _print(
    console: Console, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], *, text: int = 1
) -> None:
    """A table; its first columns are words. Nothing when it has no row."""
    shown = table(*columns, title=title)
    for column in shown.columns[text:]:
        column.justify = "right"
    for row in rows:
        shown.add_row(*row)
    if shown.row_count:
        console.print(shown)
