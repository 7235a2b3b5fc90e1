"""Forgetting from the command line: the proposal for the archivist, then the erasure they agreed to."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any, Final
from uuid import uuid4

import orjson
import psycopg
import typer
from api.access import Line, statements
from api.asking import Reader
from api.clock import utc_now
from api.erasure_proposal import Archive
from api.erasures import REFERENCE, erased
from api.fields import read_day, read_id
from api.french_erasure import (
    ALLOWED,
    ALREADY,
    COLUMNS_KEPT,
    COLUMNS_PEOPLE,
    DONE,
    NOT_ALLOWED,
    NOTHING_KNOWN,
    PROPOSAL,
)
from api.running import Opened, in_one_line, opened, read_settings, stop
from commands.erase_people import Agreement, ErasePeople, Whom
from commands.execute import Request, execute
from commands.outcome import Refused
from commands.town_days import PARIS
from ledger.database import open_async_pool, open_pool
from ledger.days import local_day
from ledger.entry import Signature
from ledger.identifiers import ChildId, Commune, HouseholdId, PersonId, Subject, is_slug, new_id
from ledger.postgres import Pool, PostgresStore
from ledger.store import Answer, Once, Store
from projections.inline import project
from replay.erasures import Replayed
from replay.erasures import replay as replay_journal
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from vault.journal import Journal, Journaled

from api import french
from api.cli_privacy import WIDTH_ELSEWHERE

app = typer.Typer()

CLIENT: Final = "ardoise-cli"
SWEEP: Final = "VACUUM vault.keys, vault.records, vault.proposals, vault.documents"
"""What was deleted stays in the files of the tables until this."""
STEPS: Final = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """An open ledger with its journal: a restored database was told whom to forget before anything is read."""

    store: Store
    reader: Reader
    pool: Pool

    def archive(self, commune: Commune) -> Archive:
        """What is held of a town's families."""
        return Archive(commune=commune, store=self.store, reader=self.reader, now=utc_now())


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
            yield Room(store=Journaled(store, journal), reader=Reader(reads), pool=pool)
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


@app.command(epilog="Example: `ardoise erase villars --household ID` prints what would go, for the archivist.")
@in_one_line
def erase(  # noqa: PLR0913, PLR0917 - what a person may type
    commune: Annotated[str | None, typer.Argument(help="A town, as a slug.")] = None,
    household: Annotated[Any, typer.Option(parser=identifier, metavar="ID", help="A whole family.")] = None,
    person: Annotated[Any, typer.Option(parser=identifier, metavar="ID", help="One person of it.")] = None,
    child: Annotated[Any, typer.Option(parser=identifier, metavar="ID", help="Or a child alone.")] = None,
    agreement: Annotated[str | None, typer.Option(help="The reference of the archivist's agreement.")] = None,
    agreed_by: Annotated[str | None, typer.Option(help="Who agreed: an account or a slug, no name.")] = None,
    agreed_on: Annotated[Any, typer.Option(parser=a_day, metavar="DAY", help="When they agreed.")] = None,
    by: Annotated[str, typer.Option(help="Who erases: written on the pages.")] = CLIENT,
    yes: Annotated[bool, typer.Option("--yes", help="Erase. Nothing brings it back.")] = False,
    replay: Annotated[bool, typer.Option("--replay", help="Only do again what a restored database lost.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Propose what may be erased and what the law keeps; with an agreement and --yes, erase it."""
    if replay:
        _replayed(as_json=as_json)
        return
    if commune is None or not is_slug(commune):
        stop("a town is named by its slug: lower case letters, digits and hyphens.")
    if (household is None) == (child is None) or (person is not None and household is None):
        stop("give --household, with --person for one of it, or --child.")
    given = _agreement(agreement, agreed_by, agreed_on)
    if given is not None and not yes:
        stop("nothing was erased: add --yes to destroy what nothing brings back.")
    if given is None and yes:
        stop("nothing was erased: --yes needs --agreement, --agreed-by and --agreed-on.")
    with opened(read_settings()) as ready:
        said = asyncio.run(_handled(ready, Commune(commune), (household, child, person), given, by))
        if "erased" in said:
            said["swept"] = _swept(ready)
    _show(said, as_json=as_json)
    if said.get("refused"):
        raise typer.Exit(1)


def _agreement(reference: str | None, agreed_by: str | None, agreed_on: date | None) -> Agreement | None:
    if reference is None and agreed_by is None and agreed_on is None:
        return None
    if reference is None or agreed_by is None or agreed_on is None:
        stop("an agreement is --agreement, --agreed-by and --agreed-on, all three.")
    return sound_agreement(reference, agreed_by, agreed_on)


def sound_agreement(reference: str, agreed_by: str, agreed_on: date) -> Agreement:
    """The agreement as the ledger may keep it; ends the command otherwise."""
    if re.fullmatch(REFERENCE.strip("^$"), reference) is None:
        stop("--agreement is a reference: letters, digits, / . _ and -, 64 at most.")
    if re.fullmatch(r"[!-~]{1,255}", agreed_by) is None:
        stop("--agreed-by is an account or a slug, without a space.")
    if agreed_on > local_day(utc_now(), PARIS):
        stop("--agreed-on is still to come.")
    return Agreement(reference=reference, agreed_by=Subject(agreed_by), agreed_on=agreed_on)


def _replayed(*, as_json: bool) -> None:
    with opened(read_settings()) as ready:
        settings = replace(ready.settings, pool_size=2)
        pool = open_pool(ready.urls.service_url, settings)
        try:
            store = PostgresStore(pool, project=project)
            done = replay_journal(Journal.open(settings), store, pool, now=utc_now())
        finally:
            pool.close()
    counts = {"known": done.known, "again": len(done.again), "unfinished": len(done.unfinished)}
    if as_json:
        typer.echo(orjson.dumps(counts).decode())
        return
    typer.echo(f"{done.known} people in the journal, {len(done.again)} forgotten again.")
    told(done)


async def _handled(
    ready: Opened, commune: Commune, asked: tuple[Any, Any, Any], agreement: Agreement | None, by: str
) -> dict[str, Any]:
    household, child, person = asked
    async with room(ready) as there:
        archive = there.archive(commune)
        whom = await archive.whom(
            HouseholdId(household) if household else None,
            ChildId(child) if child else None,
            PersonId(person) if person else None,
        )
        proposal = await archive.proposal(whom)
        if proposal is None:
            stop("there is nobody of that name in this town.")
        about = [one["person"] for one in proposal["people"]]
        note(there.pool, commune, by=by, operation="ardoise erase", about=[*about, *([household] if household else [])])
        if agreement is None:
            return proposal
        with Progress(*STEPS, console=Console(stderr=True), transient=True) as bars:
            bars.add_task("destroying keys and rows", total=None)
            return {**proposal, **_erased(there, commune, whom, agreement, by)}


def _erased(there: Room, commune: Commune, whom: Whom, agreement: Agreement, by: str) -> dict[str, Any]:
    now, command = utc_now(), new_id()
    signature = Signature(
        actor=Subject(by),
        role="admin",
        client=CLIENT,
        command=command,
        correlation=command,
        happened_at=now,
        recorded_at=now,
    )
    request = Request(commune=commune, command=ErasePeople(whom=whom, agreement=agreement), signature=signature)
    once = Once(client=CLIENT, subject=by, key=command, fingerprint=b"")
    result, _ = execute(there.store, request, once=once, respond=lambda _: Answer(status=200, body=b"{}"))
    if isinstance(result.outcome, Refused):
        return {"refused": [refusal.code for refusal in result.outcome.refusals]}
    lines = [{"page": entry.stream, "version": entry.version} for entry in result.prepared.entries]
    return {**erased(result, whom, agreement), "facts": lines}


def note(pool: Pool, commune: Commune, *, by: str, operation: str, about: Sequence[str]) -> None:
    """Leaves the line of what is about to be shown in the access log."""
    line = Line(
        commune=commune,
        line=uuid4(),
        read_at=utc_now(),
        actor=by,
        role="admin",
        client=CLIENT,
        operation=operation,
        purpose="rights_request",
        about=tuple(sorted(about)),
        correlation=new_id(),
    )
    with pool.connection() as connection, connection.transaction():
        for statement, values in statements([line]):
            connection.execute(statement, values)


def _swept(ready: Opened) -> bool:
    """Takes what was deleted out of the files of the tables, as their owner; False when somebody else must."""
    said: list[str] = []
    with psycopg.connect(ready.urls.owner_url, autocommit=True) as connection:
        connection.add_notice_handler(lambda notice: said.append(notice.message_primary or ""))
        connection.execute(SWEEP)
    return not said


def _show(said: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        typer.echo(orjson.dumps(said, option=orjson.OPT_UTC_Z).decode())
        return
    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH_ELSEWHERE)
    console.print(_people(said), _kept(said))
    if "erased" not in said:
        refused = said.get("refused") or not said["allowed"]
        console.print(NOT_ALLOWED if refused else ALLOWED)
        return
    typer.echo(f"{len(said['erased'])} forgotten, {len(said['already'])} were already; agreement {said['agreement']}.")
    for line in said["facts"]:
        typer.echo(f"  {line['page']} {line['version']}")
    if not said["swept"]:
        typer.echo("ardoise: the owner of the tables must still run: " + SWEEP, err=True)


def _people(said: Mapping[str, Any]) -> Table:
    done = DONE.format(agreement=said["agreement"]) if "erased" in said else PROPOSAL
    table = Table(*COLUMNS_PEOPLE, title=done)
    for one in said["people"]:
        lines = [f"{each['label']} : {each['count']} ({each['latest']:%d/%m/%Y})" for each in one["destroyed"]]
        known = "\n".join(lines) or (ALREADY if one["erased"] else NOTHING_KNOWN)
        reasons = "\n".join(french.title(reason["code"]) for reason in one["reasons"])
        table.add_row(one["person"], one["role_label"], known, reasons)
    return table


def _kept(said: Mapping[str, Any]) -> Table:
    table = Table(*COLUMNS_KEPT)
    for one in said["kept"]:
        until = f"{one['until']:%d/%m/%Y}" if one["until"] else ""
        count = "" if one["count"] is None else str(one["count"])
        table.add_row(one["label"], count, until, one["ground"], one["source"])
    return table
