"""The vault from the command line: a new key for its file, and the keys of persons wrapped again after it."""

from functools import partial
from typing import Annotated

import psycopg
import typer
from rich.progress import Progress, TaskID

from api.cli_room import COUNTED, counted, progress, town_named
from api.running import in_one_line, opened, read_settings, stop
from ledger.database import service_conninfo
from vault.key_file import new_line, ring_for
from vault.rewrapping import rewrap as rewrap_town
from vault.sealing import BrokenSealError, LostKeyError

vault_app = typer.Typer(help="The keys of what names people.", no_args_is_help=True)


@vault_app.command("new-key", epilog="Example: `(umask 077; ardoise vault new-key > /etc/ardoise/vault.keys)`")
@in_one_line
def new_key() -> None:
    """Print a line for the file of the vault's keys. The first line of the file is the current key."""
    typer.echo(new_line())


@vault_app.command(epilog="Example: `ardoise vault rewrap villars villennes-sur-seine`")
@in_one_line
def rewrap(
    communes: Annotated[list[str], typer.Argument(help="The towns, as slugs.", metavar="COMMUNE...")],
) -> None:
    """Wrap every person's key with the current key, so that older ones may leave the file. Safe to run many times."""
    towns = [town_named(name) for name in communes]
    settings = read_settings()
    with opened(settings) as ready:
        ring = ring_for(settings, ready.urls.service_url)
        conninfo = service_conninfo(ready.urls.service_url, settings, application="ardoise-vault")
        connection = psycopg.connect(conninfo, autocommit=True)
        with connection, progress(*COUNTED) as bars:
            for name in towns:
                task = bars.add_task(str(name), total=None)
                try:
                    changed = rewrap_town(connection, ring, name, partial(_tell, bars, task))
                except (LostKeyError, BrokenSealError) as lost:
                    stop(str(lost) or "a key of the vault was changed by other hands: nothing opens it.")
                seen = int(bars.tasks[task].completed)
                typer.echo(f"{name}: {counted(seen, 'key')}, {changed} wrapped again with {ring.current}.")


def _tell(bars: Progress, task: TaskID, seen: int) -> None:
    bars.update(task, completed=seen)
