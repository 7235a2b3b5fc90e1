"""A page that is suspected, line by line: which line is not what was written, or not what was sealed."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

import orjson

from ledger.codec import Codec
from ledger.entry import GENESIS, AlteredLineError
from ledger.identifiers import Commune
from replay.sealing.merkle import leaf_hash
from replay.verifying.findings import Finding
from replay.verifying.lines import Connection, Sealed

UNREADABLE: Final = (ValueError, KeyError, TypeError, AttributeError, AssertionError, AlteredLineError)
"""What bytes raise that are no line this code can read."""
_PAGE: Final = """
    SELECT e.commune, e.stream, e.version, e.type, e.recorded_at, e.stored, e.digest,
           s.position, s.leaf, s.stream, s.line
    FROM entries e LEFT JOIN seals s ON s.commune = e.commune AND s.arrival = e.arrival
    WHERE e.commune = %s AND e.stream = %s ORDER BY e.version
"""
_STORED: Final = "SELECT stored FROM entries WHERE commune = %s AND stream = %s AND version = %s"
_TITRE: Final = re.compile(r"\d{4}-\d{6,18}")


def judged(connection: Connection, commune: Commune, stream: str, gone: Sequence[Sealed]) -> Iterator[Finding]:
    """The first thing that is wrong on a page: what comes after a line that is wrong cannot be judged.

    `gone` are the seals of its lines that are not there.
    """
    lines = connection.execute(_PAGE, (commune, stream), binary=True).fetchall()
    lost = {seal.line: seal.position for seal in gone}
    codec, version, head = Codec(), 0, GENESIS
    unsealed: int | None = None
    for place, row in enumerate(lines):
        seal = None if row[7] is None else Sealed(*row[7:])
        position = None if seal is None else seal.position
        if row[2] != version + 1:
            yield _missing(stream, version + 1, row[2] - 1, lost)
            return
        wrong = _wrong(codec, row, head)
        if seal is None:
            unsealed = unsealed or row[2]
        elif unsealed is not None:
            # A line is sealed after those before it on its page: this one was not there then.
            yield Finding.at("line_inserted", stream, unsealed)
            return
        elif wrong in (None, "chain_broken") and (leaf_hash(row[5]), stream, row[2]) != seal[1:]:
            yield Finding.at("line_rewritten", stream, row[2], position, more=_rest(lines[place + 1 :]))
            return
        if wrong is not None:
            yield Finding.at(wrong, stream, row[2], position)
            return
        version, head = row[2], row[6]


def _wrong(codec: Codec, row: Any, head: bytes) -> str | None:
    """What is wrong with a line in itself, or with how it follows the one before."""
    commune, stream, version, kind, recorded_at, stored, digest = row[:7]
    if sha256(stored).digest() != digest:
        return "line_changed"
    try:
        entry = codec.read(stored)
        # The name the line was written under: a fact of another age is read under its present one.
        written = orjson.loads(stored)["type"]
    except Exception as error:
        if isinstance(error, UNREADABLE) or type(error).__module__.startswith("cattrs"):
            return "line_unreadable"
        raise
    said = (entry.commune, entry.stream, entry.version, written, entry.signature.recorded_at)
    if said != (commune, stream, version, kind, recorded_at):
        return "line_out_of_place"
    return "chain_broken" if entry.previous != head else None


def _missing(stream: str, first: int, last: int, lost: dict[int, int]) -> Finding:
    """Lines that are not there, before one that is."""
    where = f"{stream} lines {first} to {last}"
    position = lost.get(first)
    if position is not None:
        where += f" (position {position})" if first == last else f" (the first at position {position})"
    return Finding(what="lines_missing", where=where, stream=stream, line=first, position=position)


def _rest(lines: Sequence[Any]) -> str:
    """How many lines after the first that was written anew are not those that were sealed either."""
    count = sum(row[7] is not None and leaf_hash(row[5]) != row[8] for row in lines)
    return f" and {count} after it" if count else ""


def cut(stream: str, gone: Sequence[Sealed], last: int) -> Iterator[Finding]:
    """The sealed lines a page has lost at its end, after its `last` one: the first of them, and how many."""
    lost = sorted((seal for seal in gone if seal.line > last), key=lambda seal: seal.line)
    if lost:
        first = lost[0]
        more = f" and {len(lost) - 1} after it" if len(lost) > 1 else ""
        yield Finding.at("sealed_line_missing", stream, first.line, first.position, more=more)


def titled(connection: Connection, commune: Commune, found: Iterable[Finding]) -> Iterator[Finding]:
    """What was found at lines, with the titre that a line of a payer's page is about, as far as it can be read."""
    for each in found:
        titre = None
        if each.stream is not None and each.stream.startswith("payer/"):
            row = connection.execute(_STORED, (commune, each.stream, each.line), binary=True).fetchone()
            titre = None if row is None else _titre_of(row[0])
        yield each if titre is None else replace(each, where=f"{each.where}: {titre}")


def _titre_of(stored: bytes) -> str | None:
    try:
        titre = orjson.loads(stored)["fact"]["titre"]
    except (ValueError, KeyError, TypeError, IndexError):
        # The line was changed into something else: it is named by its page and its number.
        return None
    return titre if isinstance(titre, str) and _TITRE.fullmatch(titre) else None
