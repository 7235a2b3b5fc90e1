"""The lines of the ledger that a line of an invoice rests on, found again and held against their digests."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Final

from starlette.concurrency import run_in_threadpool

from api.asking import Reader, Rows
from ledger.codec import Codec
from ledger.entry import AlteredLineError
from ledger.events import BilledLine, Cause
from ledger.identifiers import ChildId, Commune, HouseholdId, Stream
from ledger.kept import read_kept
from ledger.streams import child_page, household_page, payer_page
from projections import pages_of
from projections.billing import quoted
from projections.billing.family import Placed

UNSEALED: Final = 0
"""The position of a line that the seal has not come to: none has it."""
_CODEC: Final = Codec()


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What the lines of a household's invoice rest on, by page and line."""

    commune: Commune
    household: HouseholdId
    """The payer."""
    lines: Mapping[tuple[Stream, int], Placed]

    def of_child(self, child: ChildId, line: int) -> Placed:
        """A line of a child's page."""
        return self.lines[child_page(self.commune, child), line]

    def of_home(self, line: int) -> Placed | None:
        """A line of the payer's household page; None where it is no line of the ledger, of a quotient supposed."""
        return self.lines.get((household_page(self.commune, self.household), line))

    def at(self, cause: Cause) -> Placed:
        """What changed since a month was closed."""
        return self.lines[cause.stream, cause.line]


def named_by(commune: Commune, household: HouseholdId, lines: Iterable[BilledLine]) -> dict[Stream, set[int]]:
    """The lines of the ledger that lines of an invoice name, by page."""
    found: dict[Stream, set[int]] = {}
    for line in lines:
        of_child = found.setdefault(child_page(commune, line.child), set())
        of_child.update(chain.from_iterable(day.lines for day in line.days))
        if line.quotient is not None:
            found.setdefault(household_page(commune, household), set()).add(line.quotient.line)
        for cause in line.causes:
            found.setdefault(cause.stream, set()).add(cause.line)
    return {stream: versions for stream, versions in found.items() if versions}


async def facts_of(reader: Reader, commune: Commune, household: HouseholdId, lines: Iterable[BilledLine]) -> Facts:
    """What these lines of a household's invoice rest on. Raises AlteredLineError when it is not as it was written."""
    named = named_by(commune, household, lines)
    if not named:
        return Facts(commune=commune, household=household, lines={})
    answers = await reader.ask(
        commune, *(quoted.lines(commune, stream, sorted(versions)) for stream, versions in named.items())
    )
    found = await run_in_threadpool(placed, chain.from_iterable(answers))
    for stream, versions in named.items():
        for version in versions:
            if (stream, version) not in found:
                raise AlteredLineError(stream, version)
    return Facts(commune=commune, household=household, lines=found)


def placed(rows: Iterable[Mapping[str, object]] | Rows) -> dict[tuple[Stream, int], Placed]:
    """Lines as they are kept, read. Raises AlteredLineError."""
    found = {}
    for row in rows:
        stream, version = Stream(str(row["stream"])), int(str(row["version"]))
        entry = read_kept(_CODEC, stream, version, row["stored"], row["digest"], row["leaf"])  # type: ignore[arg-type]
        found[stream, version] = Placed(entry, int(str(row["position"] or UNSEALED)))
    return found


async def hold_payer(reader: Reader, commune: Commune, household: HouseholdId, known_at: datetime | None) -> None:
    """Holds every line of a payer's page against its digest, before its rows are told. Raises AlteredLineError."""
    stream = payer_page(commune, household)
    question = quoted.pages(commune, [stream])
    if known_at is not None:
        question = pages_of.lines(commune, [stream], known_at=known_at)
    [rows] = await reader.ask(commune, question)
    await run_in_threadpool(_read, rows)


def _read(rows: Rows) -> None:
    for row in rows:
        read_kept(_CODEC, row["stream"], row["version"], row["stored"], row["digest"], row["leaf"])
