"""`ardoise export`: a family's evidence for somebody outside, and the file that verifies it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import psycopg
import typer
from rich.progress import Progress

from api import french_access
from api.background import STEP_MS
from api.cli_room import AN_ACCOUNT, COUNTED, counted, identifier, note, operator, progress, root_text, town_named
from api.cli_verify import own_keys
from api.clock import utc_now
from api.running import AUDITOR, in_one_line, mistyped, read_settings, readable, stop
from ledger.identifiers import Commune, HouseholdId, new_id
from ledger.settings import Settings
from replay import verify_evidence
from replay.evidence import Collector, Connection, Evidence, EvidenceError
from replay.sealing.checkpoint import LARGEST_BYTES, Checkpoint, parse, verify
from replay.sealing.files import CheckpointFiles
from replay.sealing.notary import AnotherPastError, Notary, towns_of
from replay.sealing.seal import SealError, seal_once
from replay.verify_evidence import RefusedError, checkpoint_of, key_of, verified

app = typer.Typer()

OPERATION: Final = "ardoise export"
EXAMPLE: Final = (
    "Example: `ardoise export villars ID --by audit-1 --output evidence.json --verifier verify_evidence.py`"
)
_OWNER_ONLY: Final = 0o600


@app.command(epilog=EXAMPLE)
@in_one_line
def export(  # noqa: PLR0913, PLR0917 - what a person may type
    commune: Annotated[str | None, typer.Argument(help="The town, as a slug.")] = None,
    household: Annotated[Any, typer.Argument(parser=identifier, metavar="[HOUSEHOLD]", help="The family.")] = None,
    output: Annotated[Path | None, typer.Option(metavar="FILE", help="Where: a new file.")] = None,
    by: Annotated[Any, typer.Option(parser=operator, metavar="ACCOUNT", help=f"Who asks, kept: {AN_ACCOUNT}.")] = None,
    purpose: Annotated[str, typer.Option(help=f"What for: one of {', '.join(french_access.OF_OPERATORS)}.")] = "audit",
    under: Annotated[Path | None, typer.Option(metavar="FILE", help="Prove it under this checkpoint.")] = None,
    kept: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Prove that the tree grew from this older checkpoint too.")
    ] = None,
    with_town: Annotated[bool, typer.Option("--with-town", help="The town's own page too: its rulebooks.")] = False,
    verifier: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the verifier too, or it alone: one Python file.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Say what was written as one JSON object.")] = False,
) -> None:
    """Write a family's evidence: its lines as stored, and the proof that each is under a signed checkpoint.

    For an auditor: the page of a child of two homes tells what both did. Names are not in it, they are not in the
    ledger. Whoever asks is written in the access log. The verifier needs Python and nothing else.
    """
    wanted = {path: path.expanduser().absolute() for path in (output, verifier) if path is not None}
    taken = [str(path) for path, target in wanted.items() if target.is_dir() or (target.exists() and not force)]
    if taken:
        stop(f"{taken[0]} is there already: name a new file, or say --force.")
    if commune is None and verifier is not None:
        _write({wanted[verifier]: Path(verify_evidence.__file__).read_bytes()})
        typer.echo(f"{verifier}: the verifier.")
        return
    if commune is None or household is None or output is None or by is None:
        mistyped("give a town, a household, --output and --by; or --verifier alone.")
    if purpose not in french_access.OF_OPERATORS:
        mistyped(f"--purpose is one of {', '.join(french_access.OF_OPERATORS)}.")
    town, home = town_named(commune), HouseholdId(household)
    older = [_read(path, town) for path in kept or ()]
    given = None if under is None else _read(under, town)
    with _reading() as (settings, connection):
        found = _collected(connection, settings, town, home, given, kept=older, with_town=with_town)
        content = _held(found, older)
        # Before anything is given: what cannot be noted in the log stays here.
        children = [stream.split("/")[2] for stream in found.pages if stream.startswith("child/")]
        note(connection, town, by=by, operation=OPERATION, purpose=purpose, about=[home, *children])
    files = {wanted[output]: content}
    if verifier is not None:
        files[wanted[verifier]] = Path(verify_evidence.__file__).read_bytes()
    _write(files)
    _tell(found, output, as_json=as_json)


@contextmanager
def _reading() -> Iterator[tuple[Settings, Connection]]:
    settings = read_settings()
    with readable(settings) as conninfo, psycopg.connect(conninfo, autocommit=True) as connection:
        yield settings, connection


def _read(path: Path, commune: Commune) -> Checkpoint:
    """A checkpoint somebody kept; ends the command when it is none of this town."""
    try:
        with path.open("rb") as file:
            found = parse(file.read(LARGEST_BYTES + 1))
    except OSError as error:
        stop(f"{path} cannot be read: {error.strerror}.")
    except ValueError as error:
        stop(f"{path} is not a checkpoint: {error}.")
    if found.head.town != commune:
        stop(f"{path} is a checkpoint of {found.head.town}.")
    return found


def _collected(
    connection: Connection,
    settings: Settings,
    commune: Commune,
    household: HouseholdId,
    given: Checkpoint | None,
    *,
    kept: list[Checkpoint],
    with_town: bool,
) -> Evidence:
    with progress(*COUNTED) as bars:
        under, key = (
            (given, _known_key(settings, given))
            if given is not None
            else _checkpoint(connection, settings, commune, bars)
        )
        task = bars.add_task("proving", total=None)
        collector = Collector(
            commune=commune,
            household=household,
            now=utc_now(),
            under=under,
            key=key,
            kept=kept,
            with_town=with_town,
            progress=lambda done, all_: bars.update(task, completed=done, total=all_),
        )
        try:
            return collector.collect(connection)
        except EvidenceError as error:
            stop(str(error))


def _known_key(settings: Settings, checkpoint: Checkpoint) -> str:
    """Our key that signed it, where the file of the key is; an auditor does not have it."""
    try:
        return verify(checkpoint, own_keys(settings, {checkpoint.head.origin})).text
    except ValueError:
        return ""


def _checkpoint(connection: Connection, settings: Settings, commune: Commune, bars: Progress) -> tuple[Checkpoint, str]:
    """What to prove it under, and its key: what is committed now is sealed and signed; an auditor only reads."""
    if connection.info.user == AUDITOR:
        last = CheckpointFiles(settings.checkpoints).last(commune) if settings.checkpoints else None
        if last is None:
            stop(
                f"{AUDITOR} signs nothing: give a checkpoint with --under, as GET /v1/{commune}/checkpoint answers it."
            )
        return last, _known_key(settings, last)
    notary = Notary.open(settings)
    task = bars.add_task("sealing", total=None)
    connection.execute(f"SET statement_timeout = {STEP_MS}")
    try:
        seal_once(connection, progress=lambda done, all_: bars.update(task, completed=done, total=all_))
        # A town that is not there is not signed: its tree would be one of nothing, for ever.
        found = commune in towns_of(connection) and (
            notary.sign(connection, commune, utc_now()) or notary.last(commune)
        )
    except (SealError, AnotherPastError) as error:
        stop(str(error))
    if not found:
        stop(f"there is no line of {commune} in this database: is it the right town, and the right database?")
    return found, verify(found, notary.keys.verifiers(found.head.origin)).text


def _held(found: Evidence, kept: list[Checkpoint]) -> bytes:
    """The file, once our own verifier believes it: what is refused is not given, it is said."""
    content = found.content()
    try:
        verified(content, [key_of(found.key)] if found.key else [], [checkpoint_of(one.note, "kept") for one in kept])
    except RefusedError as error:
        stop(f"the ledger does not prove this: {error}. Nothing was written.")
    return content


def _write(files: Mapping[Path, bytes]) -> None:
    """Each file whole, or not at all, for its owner alone."""
    for target, content in files.items():
        draft = target.with_name(f".{target.name}.{new_id()}")
        try:
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        except OSError as error:
            draft.unlink(missing_ok=True)
            stop(f"{target} cannot be written: {error.strerror}.")


def _tell(found: Evidence, output: Path, *, as_json: bool) -> None:
    head = found.checkpoint.head
    if as_json:
        said = {
            "commune": found.commune,
            "household": found.household,
            "file": str(output),
            "entries": len(found.lines),
            "pages": {stream: lines for stream, (lines, _) in sorted(found.pages.items())},
            "later": found.later,
            "checkpoint": {"origin": head.origin, "size": head.size, "root": root_text(head.root)},
            "key": found.key,
        }
        typer.echo(orjson.dumps(said).decode())
        return
    lines, pages = counted(len(found.lines), "line"), counted(len(found.pages), "page")
    typer.echo(f"{output}: {lines} of {pages}, under the checkpoint of {counted(head.size, 'line')} of {head.origin}.")
    if found.later:
        typer.echo(f"{counted(found.later, 'line')} came after it, and can be proven under a later one.", err=True)
