"""The checkpoints from the command line: what was signed, the key that signs, and lines that are lost for good."""

from typing import Annotated, Any

import orjson
import typer

from api.cli_room import AN_ACCOUNT, block, counted, operator, town_named
from api.clock import utc_now
from api.running import checking, in_one_line, judging, opened, read_settings, stop
from ledger.identifiers import Commune
from replay.sealing.checkpoint import Checkpoint, origin_of
from replay.sealing.files import CheckpointsError
from replay.sealing.key import new_lines
from replay.sealing.notary import ORIGIN, AnotherPastError, Notary, prefix_of, refuse_another
from replay.sealing.seal import seal_once
from replay.sealing.signing import Signing
from replay.sealing.tree import Connection, Tree

checkpoint_app = typer.Typer(help="What is signed of the ledger, outside the database.", no_args_is_help=True)

BROUGHT = "the checkpoints that were set aside are evidence: keep them"


@checkpoint_app.command(epilog="Example: `ardoise checkpoint show villars`")
@judging
@in_one_line
def show(
    communes: Annotated[list[str] | None, typer.Argument(help="Towns, as slugs.", metavar="[COMMUNE]...")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per town.")] = False,
) -> None:
    """Show the last checkpoint of each town, and the key that verifies it. Ends with 1 when one does not hold."""
    notary = Notary.open(read_settings())
    towns = [town_named(name) for name in communes or ()] or notary.files.towns()
    found = [(town, notary.last(town)) for town in towns]
    missing = [town for town, last in found if last is None]
    if missing or not found:
        stop(f"nothing was signed of {', '.join(missing) or 'any town'} in {notary.files.path}.")
    said = [_said(notary, last) for _, last in found if last is not None]
    for town in said if as_json else ():
        typer.echo(orjson.dumps(town).decode())
    if not as_json:
        for town in said:
            kept = len(notary.files.sizes(Commune(town["commune"])))
            parts = {"signed": counted(town["size"], "line"), "root": town["root"], "verifier key": town["key"]}
            block(town["commune"], parts | {"checkpoints": str(kept)})


def _said(notary: Notary, last: Checkpoint) -> dict[str, Any]:
    town = Commune(last.head.town)
    key = next(
        each
        for each in notary.keys.verifiers(last.head.origin)
        if any(each.key_id == signature.key_id for signature in last.signatures)
    )
    return {
        "commune": town,
        "origin": last.head.origin,
        "size": last.head.size,
        "root": last.head.text.split("\n")[2],
        "key": key.text,
        "checkpoint": last.note,
    }


@checkpoint_app.command(epilog="Example: `ardoise checkpoint write`")
@in_one_line
def write() -> None:
    """Seal what is committed and sign every town that grew, now. A service may run meanwhile."""
    settings = read_settings()
    with opened(settings) as ready:
        signing = Signing(Notary.open(settings))
        with checking(ready) as connection:
            seal_once(connection)
            signing.sign(connection)
    if signing.refused:
        stop(" ".join(signing.refused.values()))
    place = signing.notary.files.path
    typer.echo(
        f"{counted(signing.signed, 'checkpoint')} written in {place}."
        if signing.signed
        else f"No town grew since its last checkpoint in {place}."
    )


@checkpoint_app.command(
    "new-key",
    epilog="Example: `(umask 077; ARDOISE_ORIGIN=ardoise.example.fr ardoise checkpoint new-key villars > seal.key)`",
)
@in_one_line
def new_key(
    communes: Annotated[list[str] | None, typer.Argument(help="Towns, as slugs.", metavar="[COMMUNE]...")] = None,
) -> None:
    """Print a file for ARDOISE_SEAL_KEY; in its comments, the verifier key of each town named. The first key signs."""
    towns = [town_named(name) for name in communes or ()]
    settings = read_settings()
    if towns and settings.origin is None:
        stop(f"{ORIGIN} is not set: what is published of a key holds the name checkpoints are signed under, for good.")
    prefix = prefix_of(settings) if towns else ""
    typer.echo(new_lines(tuple(origin_of(prefix, town) for town in towns)), nl=False)


def _holds(notary: Notary, connection: Connection, town: Commune) -> bool:
    """Whether the last checkpoint can be read and the database is the one it was signed for."""
    tree = Tree(connection, town)
    try:
        last = notary.last(town)
        if last is not None:
            refuse_another(tree, tree.size(), last.head)
    except (AnotherPastError, CheckpointsError):
        return False
    return True


@checkpoint_app.command("accept-loss", epilog="Example: `ardoise checkpoint accept-loss villars --by admin-1`")
@in_one_line
def accept_loss(
    commune: Annotated[str, typer.Argument(help="The town, as a slug.")],
    by: Annotated[Any, typer.Option(parser=operator, metavar="ACCOUNT", help=f"Who accepts it: {AN_ACCOUNT}.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Without typing the name of the town.")] = False,
) -> None:
    """Serve a town without the lines its last checkpoint has more: they are lost for good. Asks for the town's name.

    The checkpoints are set aside as evidence, with a note. Whoever kept one sees that the past is another one.
    """
    town, settings = town_named(commune), read_settings()
    notary = Notary.open(settings)
    files, sizes = notary.files, notary.files.sizes(town)
    if not sizes:
        stop(f"nothing was signed of {town} in {files.path}: there is no loss to accept.")
    with opened(settings, to_read=True) as ready, checking(ready) as connection:
        if (there := Tree(connection, town).size()) < sizes[-1]:
            # As a start does: what a backup holds unsealed is not lost.
            seal_once(connection)
            there = Tree(connection, town).size()
        if _holds(notary, connection, town):
            stop(f"{town} has every line that was signed, {sizes[-1]:,} of them: there is no loss to accept.")
    said = f"{town} has {there:,} sealed lines in this database, and {sizes[-1]:,} when it was signed last."
    typer.echo(said, err=True)
    if not yes and typer.prompt("Type the name of the town to accept the loss", err=True) != town:
        stop("that is not the name of the town: nothing was changed.")
    now = utc_now()
    note = f"{now.isoformat()}: the loss was accepted by {by or 'somebody at the terminal'}.\n{said}\n"
    away = files.set_aside(town, note, now)
    typer.echo(f"The checkpoints of {town} are in {away}; {BROUGHT}.")
    typer.echo(
        f"Numbers of demandes that were lost would be given again: `ardoise numbers {town} --next N`, where N is above"
        " the last one a family was given.",
        err=True,
    )
