"""A bill in the bytes its digest is made of: the lines of a household, in the canonical JSON of the ledger."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, Final

import orjson
from cattrs import Converter

from ledger.codec import canonical, converter
from ledger.events import BilledLine
from ledger.identifiers import HouseholdId
from ledger.structures import Reader, reader

_CONVERTER: Final[Converter] = converter()
_read: Final[Reader] = reader(BilledLine)


def canonical_bill(household: HouseholdId, lines: Sequence[BilledLine]) -> bytes:
    """One bill, whatever was missing: what a titre of the household says, and nothing of the day it is issued."""
    json: list[Any] = _CONVERTER.unstructure(tuple(lines), tuple[BilledLine, ...])
    return canonical({"household": household, "lines": json})


def digest_of(bills: Iterable[bytes]) -> str:
    """SHA-256, in hexadecimal, of bills that have a line, one after another in the order of their households."""
    digest = sha256()
    for bill in bills:
        digest.update(bill)
    return digest.hexdigest()


def lines_in(stored: bytes) -> tuple[BilledLine, ...]:
    """The lines of a bill, from the bytes its digest is made of."""
    return tuple(_read(line) for line in orjson.loads(stored)["lines"])
