"""`ardoise export-person`: everything held about a family, in a directory it can be given."""

import asyncio
import os
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer
from fastapi.routing import APIRoute

from api.cli_room import AN_ACCOUNT, CLIENT, STEPS, Room, counted, identifier, operator, progress, room, town_named
from api.clock import utc_now
from api.door import operation_of
from api.export_page import page
from api.export_person import Dossier, Gatherer
from api.french_export import MADE_AT
from api.running import Opened, in_one_line, mistyped, opened, read_settings, stop
from api.service import ROUTERS
from ledger.identifiers import Commune, HouseholdId, PersonId, new_id
from projections import dossier as questions
from vault.key_file import ring_for
from vault.people import Vault

app = typer.Typer()

OPERATION: Final = "ardoise export-person"
_OWNER_ONLY: Final = 0o600


@app.command("export-person", epilog="Example: `ardoise export-person villars --household ID --to dossier`")
@in_one_line
def export_person(
    commune: Annotated[str, typer.Argument(help="The town, as a slug.")],
    to: Annotated[Path, typer.Option("--to", metavar="DIRECTORY", help="Where: new, or empty.")],
    household: Annotated[Any, typer.Option(parser=identifier, metavar="ID", help="A whole family.")] = None,
    person: Annotated[Any, typer.Option(parser=identifier, metavar="ID", help="Or one person of it.")] = None,
    by: Annotated[
        Any, typer.Option(parser=operator, metavar="ACCOUNT", help=f"Who asks, kept: {AN_ACCOUNT}.")
    ] = CLIENT,
) -> None:
    """Give a family everything that is held about it, readable: the right of access."""
    town = town_named(commune)
    if household is None and person is None:
        mistyped("give --household or --person.")
    target = to.expanduser().absolute()
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        stop(f"{to} is not empty: name a directory that does not exist yet.")
    with opened(read_settings()) as ready:
        found = asyncio.run(_gathered(ready, town, household, person, by))
    try:
        _write(target, contents(found, town, utc_now()))
    except OSError as error:
        stop(f"{to} cannot be written: {error.strerror}.")
    typer.echo(f"{to}: dossier.html, dossier.json and {counted(len(found.files), 'document')}.")


async def _gathered(ready: Opened, commune: Commune, household: str | None, person: str | None, by: str) -> Dossier:
    vault_ring = ring_for(ready.settings, ready.urls.service_url)
    async with room(ready) as there:
        with progress(*STEPS) as bars:
            bars.add_task("gathering", total=None)
            home = await _home(there, commune, household, person)
            gatherer = Gatherer(
                commune=commune,
                reader=there.reader,
                vault=Vault(vault_ring, there.pool),
                household=home,
                now=utc_now(),
                operations=_operations(),
                only=PersonId(person) if person else None,
            )
            found = await gatherer.gather()
            # Before anything is given: what cannot be noted in the log stays here.
            there.note(commune, by=by, operation=OPERATION, about=found.about)
            return found


def _operations() -> dict[str, str]:
    """What each operation is, as the document of the interface calls it."""
    routes = (route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute))
    return {operation_of(route): route.summary or "" for route in routes}


async def _home(there: Room, commune: Commune, household: str | None, person: str | None) -> HouseholdId:
    """Through which household it is looked at: of a child of two, what one of them may know."""
    if person is None:
        whom = await there.archive(commune).whom(HouseholdId(str(household)), None, None)
        if await there.archive(commune).proposal(whom) is None:
            stop("there is no household of that identifier in this town.")
        return HouseholdId(str(household))
    [rows] = await there.reader.ask(commune, questions.homes(commune, PersonId(person)))
    homes = [row["household"] for row in rows if household in (None, row["household"])]
    if not homes and household is not None:
        left = await there.archive(commune).knew(HouseholdId(household), PersonId(person))
        homes = [household] if left else []
    if not homes:
        stop("nobody of that identifier in this town is of a household: name the one they left with --household.")
    if len(homes) > 1:
        stop("they are of two households: say through which one with --household.")
    return HouseholdId(homes[0])


def contents(found: Dossier, commune: str, now: datetime) -> dict[str, bytes]:
    """The files to write, by name."""
    made = MADE_AT.format(at=found.wording.instant(now), commune=found.wording.town(commune))
    said = {"commune": commune, "made_at": now, **found.sections}
    return {
        "dossier.html": page(found.sections, made, found.wording).encode(),
        "dossier.json": orjson.dumps(said, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z),
        **{f"documents/{name}": content for name, content in found.files.items()},
    }


def _write(target: Path, files: Mapping[str, bytes]) -> None:
    """The directory whole, or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{new_id()}")
    draft.mkdir(mode=0o700)
    try:
        for name, content in files.items():
            path = draft / name
            path.parent.mkdir(mode=0o700, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        draft.rename(target)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        raise
