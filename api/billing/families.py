"""The pages a price is worked out from: a household's, and those of every child it has or had, as they stand now."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from starlette.concurrency import run_in_threadpool

from api.asking import Reader
from ledger.codec import Codec
from ledger.identifiers import ChildId, Commune, HouseholdId, Month, Stream
from ledger.kept import read_kept
from ledger.streams import household_page, kind_of
from projections import pages_of
from projections.billing import quoted
from projections.billing.family import Family, Placed

AFTER_ALL: Final = 2**53
"""More than any position."""
_CODEC: Final = Codec()


async def families_of(
    reader: Reader, commune: Commune, households: Iterable[HouseholdId], months: Sequence[Month]
) -> list[Family]:
    """These households and their children, as these months need them. Unsealed lines come after the sealed ones.

    Raises AlteredLineError when a line is not as it was written.
    """
    wanted = list(households)
    named = await reader.ask(commune, *(pages_of.families(commune, [household]) for household in wanted))
    streams = [[Stream(row["stream"]) for row in rows] for rows in named]
    answers = await reader.ask(commune, *(quoted.pages_about(commune, some, months) for some in streams))
    return [
        await run_in_threadpool(_family, commune, household, rows)
        for household, rows in zip(wanted, answers, strict=True)
    ]


def _family(commune: Commune, household: HouseholdId, rows: Iterable[Mapping[str, Any]]) -> Family:
    pages = {
        Stream(stream): [_placed(Stream(stream), row) for row in lines]
        for stream, lines in groupby(rows, key=lambda row: row["stream"])
    }
    children = {ChildId(stream.rsplit("/", 1)[1]): page for stream, page in pages.items() if kind_of(stream) == "child"}
    return Family(household=household, home=pages[household_page(commune, household)], children=children, payer=())


def _placed(stream: Stream, row: Mapping[str, Any]) -> Placed:
    entry = read_kept(_CODEC, stream, row["version"], row["stored"], row["digest"], row["leaf"])
    # Brothers and sisters are ranked by the seal, which gives those it has not come to their places in this order.
    return Placed(entry, row["position"] or AFTER_ALL + row["arrival"])
