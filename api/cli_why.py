"""`ardoise why`: why a line of an invoice costs what it costs, and what was billed because of a line of the ledger."""

import asyncio
import re
from collections.abc import Sequence
from typing import Annotated, Any, Final

import orjson
import psycopg
import typer
from rich.text import Text

from api.answers import OPTIONS
from api.asking import Reader, Rows
from api.billing.facts import facts_of
from api.billing.shown import line_of, numbered_rows, row_shown
from api.billing.why import why_shown
from api.cli_past import reading
from api.cli_room import AN_ACCOUNT, CLIENT, counted, note, operator, printer, town_named
from api.fields import read_id
from api.french_bills import heading
from api.french_why import NOTHING_BILLED, OF_LINE, RESTING
from api.history_words import HistoryWords
from api.past_page import indented
from api.running import in_one_line, mistyped, read_settings, readable, stop
from ledger.identifiers import ChildId, Commune, HouseholdId, TitreNumber
from projections import town
from projections.billing import questions
from projections.question import Question
from replay.following.watched import towns

app = typer.Typer()

OPERATION: Final = "ardoise why"
PURPOSE: Final = "billing"
TITRE: Final = re.compile(r"[0-9]{4}-[0-9]{6,9}", re.ASCII)
ENTRY: Final = re.compile(r"(child|household)/(?:([a-z0-9-]{1,48})/)?([0-9a-f-]{36})/([1-9][0-9]{0,8})", re.ASCII)
ByOption = Annotated[Any, typer.Option(parser=operator, metavar="ACCOUNT", help=f"Who asks, kept: {AN_ACCOUNT}.")]


@app.command(epilog="Example: `ardoise why 2022-000017 --line 2`, and back: `ardoise why --entry child/ID/12`")
@in_one_line
def why(
    titre: Annotated[str | None, typer.Argument(metavar="TITRE", help="The number of the titre: 2022-000017.")] = None,
    line: Annotated[
        int | None, typer.Option(help="One of its lines; all of them without.", min=1, max=2**31 - 1)
    ] = None,
    entry: Annotated[
        str | None, typer.Option(metavar="PAGE/LINE", help="Back: a line of a page, child/ID/12 or household/ID/4.")
    ] = None,
    every_day: Annotated[
        bool, typer.Option("--days", help="Every day by itself: days that read the same are told together without.")
    ] = False,
    commune: Annotated[str | None, typer.Option(help="The town, where the ledger has several.")] = None,
    by: ByOption = CLIENT,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Tell why a line of an invoice costs what it costs, day by day. It leaves its line in the access log."""
    if (titre is None) == (entry is None):
        mistyped("give the number of a titre, or --entry, one of them.")
    if entry is not None and line is not None:
        mistyped("--line is of a titre.")
    if entry is not None and every_day:
        mistyped("--days is of a titre.")
    if titre is not None and TITRE.fullmatch(titre) is None:
        mistyped("the number of a titre is expected, like 2022-000017.")
    page = _page(entry) if entry is not None else None
    named = (page[1] if page else None) or commune
    if page and page[1] and commune not in (None, page[1]):
        mistyped("--commune is not the town of that page.")
    with readable(read_settings()) as conninfo:
        known = town_named(named) if named else _only_town(conninfo)
        work = (
            _back(conninfo, known, page, by)
            if page
            else _why(conninfo, known, str(titre), line, by, every_day=every_day)
        )
        said, sentences = asyncio.run(work)
    if as_json:
        typer.echo(orjson.dumps(said, option=OPTIONS).decode())
        return
    console = printer()
    for lead, sentence in sentences:
        indented(console, Text(sentence, style="" if lead else "bold"), lead)


def _only_town(conninfo: str) -> Commune:
    """The one town of the ledger; ends the command where there are several, or none."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        found = towns(connection)
    if len(found) != 1:
        stop("say which town with --commune." if found else "the ledger has no town yet.")
    return Commune(found[0])


def _page(text: str) -> tuple[str, str | None, str, int]:
    """What kind of page, of which town, of whom, which line."""
    found = ENTRY.fullmatch(text)
    if found is None:
        mistyped("a line of a page is expected, like child/8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b/12.")
    kind, commune, of, line = found.groups()
    try:
        return kind, commune, read_id(of), int(line)
    except ValueError:
        mistyped("a line of a page is expected, like child/8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b/12.")


Said = tuple[dict[str, Any], Sequence[tuple[str, str]]]
"""As JSON, and as sentences, each with what it is indented by."""


async def _why(conninfo: str, commune: Commune, titre: str, line: int | None, by: str, *, every_day: bool) -> Said:
    async with reading(conninfo) as reader:
        [rows] = await reader.ask(commune, questions.lines_of_titre(commune, TitreNumber(titre)))
        if not rows:
            stop(f"there is no titre of that number in {commune}.")
        wanted = [row for row in rows if line in (None, row["line"])]
        if not wanted:
            stop(f"titre {titre} has {counted(len(rows), 'line')}.")
        household, told_of = HouseholdId(wanted[0]["household"]), numbered_rows(wanted)
        billed = [each.billed for each in told_of]
        facts = await facts_of(reader, commune, household, billed)
        first, last = min(row["first_day"] for row in wanted), max(row["last_day"] for row in wanted)
        [about] = await reader.ask(commune, questions.lines_of_household(commune, household, first, last))
        later = numbered_rows(about)
        words = await _words(reader, commune)
        told = [why_shown(each, facts, words, household=later, reader="staff") for each in told_of]
        _note(conninfo, commune, by, [household, *(each.child for each in billed)])
    said, said_by = {"commune": commune, "titre": titre, "lines": told}, "sentences" if every_day else "in_short"
    return said, [
        each
        for shown in told
        for each in (
            ("", OF_LINE.format(line=shown["line"], heading=shown[said_by][0])),
            *(("  ", sentence) for sentence in shown[said_by][1:]),
        )
    ]


async def _back(conninfo: str, commune: Commune, page: tuple[str, str | None, str, int], by: str) -> Said:
    kind, _, of, line = page
    async with reading(conninfo) as reader:
        [rows] = await reader.ask(commune, _resting(commune, kind, of, line))
        words = await _words(reader, commune)
        _note(conninfo, commune, by, [of, *(row["household"] for row in rows)])
    said = {"commune": commune, "entry": f"{kind}/{of}/{line}", "invoice_lines": [row_shown(row) for row in rows]}
    return said, list(_told(rows, words)) or [("", NOTHING_BILLED)]


def _resting(commune: Commune, kind: str, of: str, line: int) -> Question:
    if kind == "child":
        return questions.lines_resting_on(commune, ChildId(of), line)
    return questions.lines_with_quotient(commune, HouseholdId(of), line)


def _told(rows: Rows, words: HistoryWords) -> Sequence[tuple[str, str]]:
    return [
        ("", RESTING.format(titre=row["titre"], line=row["line"], heading=heading(line_of(row), words))) for row in rows
    ]


async def _words(reader: Reader, commune: Commune) -> HistoryWords:
    [versions] = await reader.ask(commune, town.rulebooks(commune))
    return HistoryWords(rules=await reader.rules(commune, versions))


def _note(conninfo: str, commune: Commune, by: str, about: Sequence[str]) -> None:
    """Before anything is shown."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        note(connection, commune, by=by, operation=OPERATION, purpose=PURPOSE, about=sorted(set(about)))
