"""`ardoise history` and `ardoise as-of`: what happened to a family, and what was known of it at an instant."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

import orjson
import psycopg
import typer
from psycopg_pool import AsyncConnectionPool

from api import past_page
from api.answers import OPTIONS
from api.asking import Reader
from api.cli_room import AN_ACCOUNT, a_day, identifier, note, operator, town_named
from api.clock import utc_now
from api.fields import read_instant, read_month
from api.french_access import OF_OPERATORS
from api.history_words import HistoryWords
from api.known_then import Subject, Then, gathered, period_of
from api.problems import Problem
from api.reads import bounds
from api.running import in_one_line, mistyped, read_settings, readable, stop
from api.telling import Story, Wanted, of_child, of_household, rendered, told
from commands.town_days import timezone_of
from ledger.days import latest_instant
from ledger.identifiers import ChildId, Commune, DemandeNumber, HouseholdId
from projections import town
from rulebook.town import Rules

app = typer.Typer()

LOCAL: Final = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2})?", re.ASCII)
Answer = TypeVar("Answer")


def an_instant(text: str) -> datetime:
    """An option or an argument that is an instant: with its offset, or by the town's clock."""
    if LOCAL.fullmatch(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            raise typer.BadParameter("there is no such day, or no such hour") from None
    try:
        return read_instant(text)
    except ValueError:
        raise typer.BadParameter("an instant is expected, like 2024-03-07T19:30 or 2024-03-07T18:30:00Z") from None


def a_month(text: str) -> str:
    """An option that is a month."""
    try:
        return read_month(text)
    except ValueError:
        raise typer.BadParameter("a month is expected, like 2024-03") from None


CommuneName = Annotated[str, typer.Argument(help="The town, as a slug.")]
ByOption = Annotated[Any, typer.Option(parser=operator, metavar="ACCOUNT", help=f"Who asks, kept: {AN_ACCOUNT}.")]
PurposeOption = Annotated[str, typer.Option(help=f"What for: one of {', '.join(OF_OPERATORS)}.")]
HouseholdOption = Annotated[Any, typer.Option(parser=identifier, metavar="ID", help="A whole family.")]
ChildOption = Annotated[Any, typer.Option(parser=identifier, metavar="ID", help="Or a child.")]
JsonOption = Annotated[bool, typer.Option("--json", help="As one JSON object.")]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asker:
    """Who asks, and what for: the line they leave comes before anything is shown."""

    commune: Commune
    by: str
    purpose: str
    operation: str

    def notes(self, conninfo: str, about: Sequence[str]) -> None:
        """Leaves the line."""
        with psycopg.connect(conninfo, autocommit=True) as connection:
            note(connection, self.commune, by=self.by, operation=self.operation, purpose=self.purpose, about=about)


@asynccontextmanager
async def reading(conninfo: str) -> AsyncIterator[Reader]:
    """Asks over one connection, each time of one state of the database."""

    async def one_state(connection: psycopg.AsyncConnection[Any]) -> None:
        await connection.execute("SET default_transaction_isolation = 'repeatable read'")
        await connection.execute("SET default_transaction_read_only = on")

    pool = AsyncConnectionPool(
        conninfo, kwargs={"autocommit": True}, min_size=1, max_size=1, configure=one_state, name="past", open=False
    )
    await pool.open(wait=True)
    try:
        yield Reader(pool)
    finally:
        await pool.close()


def _asked(work: Callable[[Reader, str], Coroutine[Any, Any, Answer]]) -> Answer:
    """Runs what is asked of the configured database; what the service would refuse is one line."""

    async def asking(conninfo: str) -> Answer:
        async with reading(conninfo) as reader:
            return await work(reader, conninfo)

    with readable(read_settings()) as conninfo:
        try:
            return asyncio.run(asking(conninfo))
        except Problem as problem:
            stop(
                f"not yet ({problem.code}): what follows the seal has not come to that instant. Try again in a moment,"
                " while the service runs; `ardoise parked` says whether a page was set aside."
            )


async def _rules(reader: Reader, commune: Commune, as_of: datetime | None = None) -> Rules:
    [versions] = await reader.ask(commune, town.rulebooks(commune, known_at=as_of))
    return await reader.rules(commune, versions)


def _known_by(asked: datetime | None, rules: Rules) -> datetime | None:
    """The instant that is meant, by the town's clock where no offset was given. One to come was known by nobody."""
    if asked is None:
        return None
    zone = timezone_of(rules)
    instant = asked if asked.tzinfo else latest_instant(asked, zone)
    if not asked.tzinfo and instant.astimezone(zone).replace(tzinfo=None) != asked:
        mistyped("that hour does not exist: clocks went forward over it.")
    if instant > utc_now():
        stop("that instant has not come yet.")
    return instant


def _purposed(purpose: str) -> str:
    if purpose not in OF_OPERATORS:
        mistyped(f"--purpose is one of {', '.join(OF_OPERATORS)}.")
    return purpose


# What happened --------------------------------------------------------------------------------------------------------


@app.command(epilog="Example: `ardoise history villars --household ID --by auditor-1`")
@in_one_line
def history(  # noqa: PLR0913, PLR0917 - what a person may type
    commune: CommuneName,
    by: ByOption,
    household: HouseholdOption = None,
    child: ChildOption = None,
    first: Annotated[Any, typer.Option("--from", parser=a_day, metavar="DAY", help="The first day, included.")] = None,
    last: Annotated[Any, typer.Option("--to", parser=a_day, metavar="DAY", help="The last day, included.")] = None,
    as_of: Annotated[Any, typer.Option(parser=an_instant, metavar="INSTANT", help="As it was known then.")] = None,
    purpose: PurposeOption = "audit",
    as_json: JsonOption = False,
    ndjson: Annotated[bool, typer.Option("--ndjson", help="One JSON object a line.")] = False,
) -> None:
    """Tell what happened to a family, line by line: who, why, and what it changed. Asking leaves its line too."""
    named = town_named(commune)
    if (household is None) == (child is None):
        mistyped("give --household or --child, one of them.")
    if as_json and ndjson:
        mistyped("give --json or --ndjson, not both.")
    if first and last and last < first:
        mistyped("--to comes before --from.")
    asker = Asker(commune=named, by=by, purpose=_purposed(purpose), operation="ardoise history")

    async def work(reader: Reader, conninfo: str) -> None:
        rules = await _rules(reader, named)
        story = await _story(reader, named, household, child, _known_by(as_of, rules))
        since, until = bounds(first, last, timezone_of(rules))
        wanted = Wanted(since=since, until=until)
        lines = [line for line in story.lines if wanted.keeps(line)]
        asker.notes(conninfo, sorted({household or child} | story.about(lines)))
        words, items = HistoryWords(rules=story.rules), told(reader, story, lines)
        if as_json:
            _put({"commune": commune, "entries": [rendered(item, words) async for item in items]})
        elif ndjson:
            async for item in items:
                _put(rendered(item, words))
        else:
            page = past_page.Timeline(words, commune, household=household, child=child)
            async for item in items:
                page.add(item)
            page.close()

    _asked(work)


async def _story(
    reader: Reader, commune: Commune, household: str | None, child: str | None, as_of: datetime | None
) -> Story:
    """What happened to the one that is named; nobody of that name is one line."""
    if household is not None:
        story = await of_household(reader, commune, HouseholdId(household), now=utc_now(), as_of=as_of)
    else:
        story = await of_child(reader, commune, ChildId(str(child)), as_of=as_of)
    if not story.lines:
        then = " then" if as_of else ""
        stop(f"there {'was' if then else 'is'} no {'household' if household else 'child'} of that identifier{then}.")
    return story


def _put(said: Any) -> None:
    typer.echo(orjson.dumps(said, option=OPTIONS).decode())


# What was known -------------------------------------------------------------------------------------------------------


@app.command("as-of", epilog="Example: `ardoise as-of villars 2024-03-07T19:30 --child ID --by auditor-1`")
@in_one_line
def as_of(  # noqa: PLR0913, PLR0917 - what a person may type
    commune: CommuneName,
    instant: Annotated[Any, typer.Argument(parser=an_instant, metavar="INSTANT", help="RFC 3339, or town time.")],
    by: ByOption,
    household: HouseholdOption = None,
    child: ChildOption = None,
    demande: Annotated[int | None, typer.Option(help="Or a demande, by its number.", min=1, max=2**53 - 1)] = None,
    day: Annotated[Any, typer.Option(parser=a_day, metavar="DAY", help="Of a child: about this day.")] = None,
    month: Annotated[Any, typer.Option(parser=a_month, metavar="MONTH", help="Of a child: about this month.")] = None,
    purpose: PurposeOption = "audit",
    as_json: JsonOption = False,
) -> None:
    """Tell what was known of a child, a family or a demande at an instant. Asking leaves its line too."""
    named = town_named(commune)
    if day is not None and month is not None:
        mistyped("give --day or --month, not both.")
    whom = _subject(household, child, demande, by_day=day is not None or month is not None)
    asker = Asker(commune=named, by=by, purpose=_purposed(purpose), operation="ardoise as-of")

    async def work(reader: Reader, conninfo: str) -> Then:
        rules = await _rules(reader, named)
        known_at = _known_by(instant, rules)
        assert known_at is not None
        first, last = period_of(day, month, known_at, timezone_of(rules))
        then = await gathered(reader, named, whom, known_at, first, last)
        if then is None:
            stop(f"there was no {whom.kind} of that identifier then.")
        asker.notes(conninfo, then.about)
        return then

    then = _asked(work)
    if as_json:
        _put(then.said(commune))
    else:
        past_page.known(then, commune)


def _subject(household: str | None, child: str | None, demande: int | None, *, by_day: bool) -> Subject:
    """Whom is asked about: one of them."""
    if sum(each is not None for each in (household, child, demande)) != 1:
        mistyped("give --child, --household or --demande, one of them.")
    if by_day and child is None:
        mistyped("--day and --month are about a child.")
    return Subject(
        child=ChildId(child) if child else None,
        household=HouseholdId(household) if household else None,
        demande=DemandeNumber(demande) if demande else None,
        by_day=by_day,
    )
