"""The line on which each key of a TOML text is written, which `tomllib` does not tell."""

import re
from typing import Final

Path = tuple[str | int, ...]

_KEY: Final = r"""(?:[A-Za-z0-9_-]+|"[^"\\]*"|'[^']*')"""
_DOTTED: Final = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY}){{0,15}}"
_HEADER: Final = re.compile(rf"[ \t]*(\[\[?)[ \t]*({_DOTTED})[ \t]*\]")
_ENTRY: Final = re.compile(rf"[ \t]*({_DOTTED})[ \t]*=")
_PART: Final = re.compile(_KEY)
_TOKEN: Final = re.compile(r'"""|\'\'\'|"(?:\\.|[^"\\])*"|\'[^\']*\'|#|[\[\]{}]')
_MULTILINE: Final = ('"""', "'''")


def locate(text: str) -> dict[Path, int]:
    """The line of each table, list item and key of a valid TOML text, lines counted from 1."""
    found: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    entered: Path = ()
    depth, quote, items = 0, "", 0
    for number, line in enumerate(text.split("\n"), 1):
        if not depth and not quote:
            entered, items = (), 0
            header = _HEADER.match(line)
            if header:
                parts = _parts(header[2])
                table = _enter(parts, counts, header[1] == "[[")
                _note(found, (), parts, number)
                found[table] = number
                continue
            entry = _ENTRY.match(line)
            if entry:
                _note(found, table, _parts(entry[1]), number)
                entered = table + _parts(entry[1])
        depth, quote, begun = _scan(line, depth, quote)
        for _ in range(begun if entered else 0):
            found.setdefault((*entered, items), number)
            items += 1
    return found


def opened(lines: list[str]) -> int | None:
    """The line on which begins what these first lines of a text leave open: a list, or a long text."""
    depth, quote, began = 0, "", 0
    for number, line in enumerate(lines, 1):
        if not depth and not quote:
            began = number
        depth, quote, _ = _scan(line, depth, quote)
    return began if depth or quote else None


def line_of(found: dict[Path, int], path: Path) -> int | None:
    """The line of a path, or of the nearest thing that holds it."""
    for length in range(len(path), 0, -1):
        if path[:length] in found:
            return found[path[:length]]
    return None


def _parts(dotted: str) -> Path:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))


def _enter(parts: Path, counts: dict[Path, int], is_item: bool) -> Path:
    path: Path = ()
    for index, part in enumerate(parts):
        path += (part,)
        if is_item and index == len(parts) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path += (counts[path],)
    return path


def _note(found: dict[Path, int], table: Path, parts: Path, number: int) -> None:
    for length in range(1, len(parts) + 1):
        found.setdefault(table + parts[:length], number)


def _scan(line: str, depth: int, quote: str) -> tuple[int, str, int]:
    """How deep in brackets and in which long text a line ends, and how many tables of a list it begins."""
    position = begun = 0
    while True:
        if quote:
            end = line.find(quote, position)
            if end < 0:
                return depth, quote, begun
            position, quote = end + len(quote), ""
        token = _TOKEN.search(line, position)
        if token is None or token[0] == "#":
            return depth, "", begun
        position = token.end()
        if token[0] in _MULTILINE:
            quote = token[0]
        elif token[0] in "[{":
            begun += depth == 1 and token[0] == "{"
            depth += 1
        elif token[0] in "]}":
            depth = max(0, depth - 1)
