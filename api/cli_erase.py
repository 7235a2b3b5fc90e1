"""Forgetting from the command line: the proposal for the archivist, then the erasure they agreed to.

What is printed is for the archivist, in French; what an operator mistypes or must still do is told beside it, in
English as by every command.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Final

import orjson
import psycopg
import typer
from rich.table import Table

from api import french
from api.cli_room import (
    AN_ACCOUNT,
    CLIENT,
    STEPS,
    Room,
    a_day,
    counted,
    identifier,
    operator,
    printer,
    progress,
    room,
    table,
    told,
    town_named,
)
from api.clock import utc_now
from api.erasures import erased
from api.fields import REFERENCE
from api.french_erasure import (
    ALLOWED,
    ALREADY,
    COLUMNS_KEPT,
    COLUMNS_PEOPLE,
    DONE,
    NOT_ALLOWED,
    NOTHING_KNOWN,
    PROPOSAL,
    REFUSED,
    done,
)
from api.french_erasure import counted as held_line
from api.running import Opened, in_one_line, mistyped, opened, read_settings, stop
from commands.erase_people import Agreement, ErasePeople, ForgetRequest
from commands.execute import Request, Result, execute
from commands.outcome import Command, Refused
from commands.town_days import PARIS
from ledger.database import open_pool, service_conninfo
from ledger.days import local_day
from ledger.entry import Signature
from ledger.identifiers import ActivationId, ChildId, Commune, HouseholdId, PersonId, Subject, new_id
from ledger.postgres import PostgresStore
from ledger.store import Answer, Once
from projections import erasures as questions
from projections.inline import project
from replay.erasures import replay as replay_journal
from replay.unwritten import rebuild
from vault.journal import Journal

app = typer.Typer()

SWEEP: Final = "VACUUM vault.keys, vault.records, vault.proposals, vault.documents"
"""What was deleted stays in the files of the tables until this."""
UNSWEPT: Final = f"the owner of the tables must still run: {SWEEP}"
UNREFUSED: Final = {
    "waiting": "an agent has not answered it yet: refuse it first.",
    "granted": "it was granted: what was said goes with the household that recognised it.",
}


@app.command(epilog="Example: `ardoise erase villars --household ID` prints what would go, for the archivist.")
@in_one_line
def erase(  # noqa: PLR0913, PLR0917 - what a person may type
    commune: Annotated[str | None, typer.Argument(help="A town, as a slug.")] = None,
    household: Annotated[Any, typer.Option(parser=identifier, metavar="ID", help="A whole family.")] = None,
    person: Annotated[Any, typer.Option(parser=identifier, metavar="ID", help="One person of it.")] = None,
    child: Annotated[Any, typer.Option(parser=identifier, metavar="ID", help="Or a child alone.")] = None,
    activation: Annotated[
        Any, typer.Option(parser=identifier, metavar="ID", help="Or what an account said, that was refused.")
    ] = None,
    agreement: Annotated[str | None, typer.Option(help="The reference of the archivist's agreement.")] = None,
    agreed_by: Annotated[
        Any, typer.Option(parser=operator, metavar="ACCOUNT", help=f"Who agreed, kept for ever: {AN_ACCOUNT}.")
    ] = None,
    agreed_on: Annotated[Any, typer.Option(parser=a_day, metavar="DAY", help="When they agreed.")] = None,
    settled_elsewhere: Annotated[bool, typer.Option("--settled-elsewhere", help="Nothing is owed any more.")] = False,
    by: Annotated[
        Any, typer.Option(parser=operator, metavar="ACCOUNT", help=f"Who erases, kept for ever: {AN_ACCOUNT}.")
    ] = CLIENT,
    yes: Annotated[bool, typer.Option("--yes", help="Erase. Nothing brings it back.")] = False,
    replay: Annotated[bool, typer.Option("--replay", help="Only do again what a restored database lost.")] = False,
    rebuild_journal: Annotated[
        bool, typer.Option("--rebuild-journal", help="Only write the lines a lost journal of erasures lacks.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Propose what may be erased and what the law keeps; with an agreement and --yes, erase it."""
    if replay:
        _replayed(as_json=as_json)
        return
    if rebuild_journal:
        _rebuilt(by, as_json=as_json)
        return
    town = town_named(commune or "")
    if activation is not None:
        if (household, person, child, agreement, agreed_by, agreed_on) != (None,) * 6:
            mistyped("give --activation alone: what was refused needs no agreement.")
        with opened(read_settings()) as ready:
            asyncio.run(_unasked(ready, town, ActivationId(activation), by, sure=yes))
        return
    if (household is None) == (child is None) or (person is not None and household is None):
        mistyped("give --household, with --person for one of it, or --child.")
    given = _agreement(agreement, agreed_by, agreed_on)
    if given is not None and not yes:
        stop("nothing was erased: add --yes to destroy what nothing brings back.")
    if given is None and settled_elsewhere:
        mistyped("--settled-elsewhere goes with an agreement.")
    if given is None and yes:
        stop("nothing was erased: --yes needs --agreement, --agreed-by and --agreed-on.")
    with opened(read_settings()) as ready:
        said = asyncio.run(_handled(ready, town, (household, child, person), given, by, settled_elsewhere))
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
        mistyped("--agreement is a reference: letters, digits, / . _ and -, 64 at most.")
    if agreed_on > local_day(utc_now(), PARIS):
        mistyped("--agreed-on is still to come.")
    return Agreement(reference=reference, agreed_by=Subject(agreed_by), agreed_on=agreed_on)


def _replayed(*, as_json: bool) -> None:
    with opened(read_settings()) as ready:
        settings = replace(ready.settings, pool_size=2)
        pool = open_pool(ready.urls.service_url, settings)
        try:
            store = PostgresStore(pool, project=project)
            again = replay_journal(Journal.open(settings), store, pool, now=utc_now())
        finally:
            pool.close()
    counts = {"known": again.known, "again": len(again.again), "unfinished": len(again.unfinished)}
    if as_json:
        typer.echo(orjson.dumps(counts).decode())
        return
    typer.echo(f"{counted(again.known, 'person', 'people')} in the journal, {len(again.again)} forgotten again.")
    told(again)


def _rebuilt(by: str, *, as_json: bool) -> None:
    with opened(read_settings()) as ready:
        conninfo = service_conninfo(ready.urls.service_url, ready.settings, application="ardoise-erasures")
        with psycopg.connect(conninfo, autocommit=True) as connection:
            written = rebuild(Journal.open(ready.settings), connection, by)
    said = f"The journal has the lines of {counted(written, 'person', 'people')} more."
    typer.echo(orjson.dumps({"written": written}).decode() if as_json else said)


async def _handled(
    ready: Opened,
    commune: Commune,
    asked: tuple[Any, Any, Any],
    agreement: Agreement | None,
    by: str,
    settled_elsewhere: bool,
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
            stop("there is nobody of that identifier in this town.")
        about = [one["person"] for one in proposal["people"]]
        there.note(commune, by=by, operation="ardoise erase", about=[*about, *([household] if household else [])])
        if agreement is None:
            return proposal
        with progress(*STEPS) as bars:
            bars.add_task("destroying keys and rows", total=None)
            command = ErasePeople(whom=whom, agreement=agreement, settled_elsewhere=settled_elsewhere)
            return {**proposal, **_erased(there, commune, command, by)}


async def _unasked(ready: Opened, commune: Commune, activation: ActivationId, by: str, *, sure: bool) -> None:
    """Forgets what an account said before its term, for whoever asks not to be known."""
    async with room(ready) as there:
        [rows] = await there.reader.ask(commune, questions.request(commune, activation))
        if not rows:
            stop("no account of this town asked that.")
        if rows[0]["status"] != "refused":
            stop(UNREFUSED[rows[0]["status"]])
        if not sure:
            stop("nothing was erased: add --yes to destroy what nothing brings back.")
        there.note(commune, by=by, operation="ardoise erase", about=[activation])
        _executed(there, commune, ForgetRequest(activation=activation), by)
    typer.echo(f"Nothing is known any more of what was said for {activation}.")
    if not _swept(ready):
        typer.echo(f"ardoise: {UNSWEPT}", err=True)


def _erased(there: Room, commune: Commune, command: ErasePeople, by: str) -> dict[str, Any]:
    result = _executed(there, commune, command, by)
    if isinstance(result.outcome, Refused):
        return {"refused": [refusal.code for refusal in result.outcome.refusals]}
    lines = [{"page": entry.stream, "version": entry.version} for entry in result.prepared.entries]
    return {**erased(result, command.whom, command.agreement), "facts": lines}


def _executed(there: Room, commune: Commune, command: Command, by: str) -> Result:
    now, name = utc_now(), new_id()
    signature = Signature(
        actor=Subject(by),
        role="admin",
        client=CLIENT,
        command=name,
        correlation=name,
        happened_at=now,
        recorded_at=now,
    )
    request = Request(commune=commune, command=command, signature=signature)
    once = Once(client=CLIENT, subject=by, key=name, fingerprint=b"")
    result, _ = execute(there.store, request, once=once, respond=lambda _: Answer(status=200, body=b"{}"))
    return result


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
    console = printer()
    console.print(_people(said), _kept(said))
    if "erased" not in said:
        refused = said.get("refused")
        console.print(f"{NOT_ALLOWED}{f' {REFUSED}' if refused else ''}" if refused or not said["allowed"] else ALLOWED)
        return
    typer.echo(done(len(said["erased"]), len(said["already"]), said["agreement"]))
    for line in said["facts"]:
        typer.echo(f"  {line['page']} {line['version']}")
    if not said["swept"]:
        typer.echo(f"ardoise: {UNSWEPT}", err=True)


def _people(said: Mapping[str, Any]) -> Table:
    found = table(*COLUMNS_PEOPLE, title=DONE if "erased" in said else PROPOSAL)
    for one in said["people"]:
        lines = [_line(each) for each in one["destroyed"]]
        known = "\n".join(lines) or (ALREADY if one["erased"] else NOTHING_KNOWN)
        reasons = "\n".join(french.title(reason["code"]) for reason in one["reasons"])
        found.add_row(one["person"], one["role_label"], known, reasons)
    return found


def _line(each: Mapping[str, Any]) -> str:
    latest = f"{each['latest']:%d/%m/%Y}"
    return held_line(each["label"], count=each["count"], elsewhere=each["elsewhere"], latest=latest)


def _kept(said: Mapping[str, Any]) -> Table:
    found = table(*COLUMNS_KEPT)
    for one in said["kept"]:
        until = f"{one['until']:%d/%m/%Y}" if one["until"] else ""
        count = "" if one["count"] is None else str(one["count"])
        found.add_row(one["label"], count, until, one["ground"], one["source"])
    return found
