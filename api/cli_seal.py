"""The seal from the command line: what waits is sealed once, or this process leads beside those that serve."""

import signal
import threading
import time
from types import FrameType
from typing import Annotated

import orjson
import psycopg
import typer

from api import logs
from api.background import leader_conninfo
from api.cli_room import COUNTED, counted, progress, root_text
from api.running import in_one_line, mistyped, opened, read_settings
from ledger.identifiers import Commune
from replay.leader import SEAL_LOCK, Leader
from replay.sealing.seal import Grown, Seal, seal_once

app = typer.Typer()


@app.command(epilog="Example: `ardoise seal --once`")
@in_one_line
def seal(
    once: Annotated[bool, typer.Option("--once", help="Seal what is committed now, then end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --once: one JSON object.")] = False,
) -> None:
    """Give positions to what was committed, and grow the tree of each town, without serving.

    Every `ardoise serve` does it too; one leads at a time, and another takes over when it is gone. Without --once, this
    process leads, or waits to, until a signal asks to stop.
    """
    if as_json and not once:
        mistyped("--json goes with --once: a process that leads writes a log.")
    settings = read_settings()
    with opened(settings, may_be_first=True) as ready:
        conninfo = leader_conninfo(ready.urls.service_url, settings, "seal")
        if not once:
            logs.configure(level=settings.log_level_number)
            _lead(conninfo)
            return
        began = time.monotonic()
        with psycopg.connect(conninfo, autocommit=True) as connection:
            trees = _sealed(connection)
        _tell(trees, time.monotonic() - began, as_json=as_json)


def _lead(conninfo: str) -> None:
    """Leads, or waits to, until a signal."""
    asked = threading.Event()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        asked.set()

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, ask)
    leader = Leader("seal", SEAL_LOCK, conninfo, Seal)
    leader.start()
    asked.wait()
    leader.stop()


def _sealed(connection: psycopg.Connection) -> dict[Commune, Grown]:
    with progress(*COUNTED) as bars:
        task = bars.add_task("sealing", total=None)
        return seal_once(
            connection, progress=lambda done, all_: bars.update(task, completed=done, total=all_, refresh=True)
        )


def _tell(trees: dict[Commune, Grown], seconds: float, *, as_json: bool) -> None:
    lines = sum(tree.lines for tree in trees.values())
    pace = round(lines / seconds)
    if as_json:
        towns = [
            {"commune": commune, "entries": tree.lines, "size": tree.size, "root": root_text(tree.root)}
            for commune, tree in trees.items()
        ]
        said = {"entries": lines, "seconds": round(seconds, 3), "entries_per_second": pace, "towns": towns}
        typer.echo(orjson.dumps(said).decode())
        return
    for commune, tree in trees.items():
        entries = counted(tree.size, "entry", "entries")
        typer.echo(f"{commune}: {entries}, {tree.lines} of them new, root {root_text(tree.root)}")
    typer.echo(
        f"{counted(lines, 'entry', 'entries')} sealed in {seconds:.1f} s ({pace:,} a second)."
        if lines
        else "Nothing waited to be sealed."
    )
