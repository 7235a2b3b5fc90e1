"""`ardoise verify`: every line, the tree, checkpoints, places, answers and read models of a town against its facts."""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import psycopg
import typer

from api.cli_room import SHARE, counted, progress, town_named
from api.running import in_one_line, judging, read_settings, readable, stop
from ledger.identifiers import Commune
from ledger.settings import Settings
from replay.sealing.checkpoint import Checkpoint, VerifierKey
from replay.sealing.files import FOLDER, CheckpointFiles, CheckpointsError
from replay.sealing.key import FILE, read_keys
from replay.verifying.findings import Finding
from replay.verifying.tree import believed
from replay.verifying.verify import Verification

app = typer.Typer()
MOST_PROCESSES: Final = 4
"""By default: the database works beside them, and has others to serve."""

NOT_COMPARED: Final = "not_compared"
"""What is found of a page that cannot be believed: not a difference of its own."""

ENOUGH_TO_TIME: Final = 10_000
"""Lines: with fewer, what is timed is the start of processes, and one is done before others have started."""

_LINES: Final = """
    SELECT (SELECT count(*) FROM ardoise.entries WHERE commune = %(commune)s),
           EXISTS (SELECT FROM ardoise.closed_months WHERE commune = %(commune)s)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    verification: Verification
    findings: Sequence[Finding]
    seconds: float

    def said(self, name: str) -> dict[str, Any]:
        """What a program reads."""
        one = self.verification
        return {
            "commune": name,
            "lines": one.lines,
            "folded": one.folded,
            "checkpoints": len(one.checkpoints),
            "seconds": round(self.seconds, 3),
            "lines_per_second": round(one.lines / self.seconds),
            "processes": one.processes,
            "findings": self.findings,
        }

    def summary(self, name: str) -> str:
        """What a person reads in the end."""
        one = self.verification
        different = sum(each.what != NOT_COMPARED for each in self.findings)
        apart = len(self.findings) - different
        differences = counted(different, "difference") if different else "no difference"
        differences += f", {counted(apart, 'page')} not compared" if apart else ""
        return f"{name}: {counted(one.lines, 'line')} verified, {differences}; {self._compared()}{self._pace()}."

    def _compared(self) -> str:
        if not self.verification.checkpoints:
            return "no checkpoint to compare with"
        return f"compared with {counted(len(self.verification.checkpoints), 'checkpoint')}"

    def _pace(self) -> str:
        if self.verification.lines < ENOUGH_TO_TIME:
            return ""
        return f"; {round(self.verification.lines / self.seconds):,} lines a second"


@app.command(epilog="Example: `ardoise verify villars --chains`")
@judging
@in_one_line
def verify(
    communes: Annotated[list[str], typer.Argument(help="The towns to verify, as slugs.", metavar="COMMUNE...")],
    chains: Annotated[
        bool, typer.Option("--chains", help="Lines, tree, checkpoints and answers only: no page is folded.")
    ] = False,
    processes: Annotated[
        int | None,
        typer.Option(
            help=f"How many read at once. By default one a core, {MOST_PROCESSES} at most; one for a small town.",
            min=1,
            max=64,
        ),
    ] = None,
    checkpoints: Annotated[
        Path | None, typer.Option(help="The directory of checkpoints, instead of ARDOISE_CHECKPOINTS.")
    ] = None,
    key: Annotated[
        list[str] | None,
        typer.Option(help="A verifier key to believe, beside our own, as `ardoise checkpoint show` prints it."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per town.")] = False,
) -> None:
    """Check every line of a town, its tree, checkpoints, places, answers and read models against its facts.

    Ends with 1 when something differs; each thing is told with the exact line it is about.
    """
    towns = [town_named(name) for name in communes]
    settings = read_settings()
    trusted = _trusted(key or ())
    at_most = min(os.cpu_count() or 1, MOST_PROCESSES)
    found: dict[Commune, _Found] = {}
    with (
        readable(settings) as conninfo,
        psycopg.connect(conninfo, autocommit=True) as connection,
        progress(*SHARE) as bars,
    ):
        for name in towns:
            wrong, kept = _checkpoints(settings, checkpoints, name, trusted)
            readings = _readings(connection, name, chains)
            one = Verification(
                commune=name,
                checkpoints=kept,
                rows=not chains,
                processes=processes or (at_most if readings >= ENOUGH_TO_TIME else 1),
                conninfo=conninfo,
                progress=partial(bars.advance, bars.add_task(str(name), total=readings)),
            )
            started = time.perf_counter()
            findings = [*wrong, *one.run(connection)]
            found[name] = _Found(verification=one, findings=findings, seconds=time.perf_counter() - started)
    _tell(found, as_json=as_json)


def _readings(connection: psycopg.Connection, commune: Commune, chains: bool) -> int:
    """How many lines will be read: each once, again where pages are folded, and again where months are billed."""
    with connection.transaction():
        connection.execute("SELECT set_config('ardoise.commune', %s, true)", (commune,))
        [[lines, billed]] = connection.execute(_LINES, {"commune": commune}).fetchall()
    return int(lines) * (1 if chains else 3 if billed else 2)


def _tell(found: dict[Commune, _Found], *, as_json: bool) -> None:
    empty = [name for name, one in found.items() if not one.verification.lines and not one.findings]
    if empty:
        stop(f"there is no line of {', '.join(empty)} in this database: is it the right town, and the right database?")
    for name, one in found.items():
        if as_json:
            typer.echo(orjson.dumps(one.said(name)).decode())
            continue
        for finding in one.findings:
            typer.echo(f"{name}: {finding.what}: {finding.where}", err=True)
        typer.echo(one.summary(name))
    if any(one.findings for one in found.values()):
        raise typer.Exit(1)


def _trusted(texts: Sequence[str]) -> list[VerifierKey]:
    try:
        return [VerifierKey.read(text) for text in texts]
    except ValueError as error:
        raise typer.BadParameter(f"{error}: `ardoise checkpoint show` prints one.", param_hint="--key") from error


def _checkpoints(
    settings: Settings, directory: Path | None, commune: Commune, trusted: Sequence[VerifierKey]
) -> tuple[list[Finding], list[Checkpoint]]:
    """What is wrong with the checkpoints of a town themselves, and those that a key that is trusted signed.

    Our own keys are, where the file of the key is: an auditor does not have it, and says which key to believe.
    A directory somebody named has something to compare with, or the command ends: nothing was verified otherwise.
    """
    files = CheckpointFiles(directory or settings.checkpoints or settings.data / FOLDER)
    if directory and not files.sizes(commune):
        stop(f"there is no checkpoint of {commune} in {directory}: is it the right directory?")
    if not files.path.is_dir():
        return [], []
    read = list(_read(files, commune))
    wrong = [each for each in read if isinstance(each, Finding)]
    signed = [each for each in read if isinstance(each, Checkpoint)]
    keys = [*trusted, *own_keys(settings, {each.head.origin for each in signed})]
    if directory and signed and not keys:
        stop(f"the checkpoints in {directory} are nobody's without a key: give the town's with --key.")
    kept: list[Checkpoint] = []
    for each in believed(signed, keys, commune) if keys else ():
        if isinstance(each, Checkpoint):
            kept.append(each)
        else:
            wrong.append(each)
    return wrong, kept


def own_keys(settings: Settings, origins: set[str]) -> list[VerifierKey]:
    """Our own verifier keys, where the file of the key is: an auditor does not have it."""
    path = settings.seal_key or settings.data / FILE
    if settings.seal_key is None and not path.exists():
        return []
    keys = read_keys(path)
    return [key for origin in sorted(origins) for key in keys.verifiers(origin)]


def _read(files: CheckpointFiles, commune: Commune) -> Iterator[Checkpoint | Finding]:
    for size in files.sizes(commune):
        try:
            yield files.read(commune, size)
        except CheckpointsError:
            yield Finding(what="checkpoint_false", where=f"the checkpoint of {size} lines cannot be read")
