"""Which letters the fonts of a page can show: a page that says one thing to the eye says it to a screen reader too."""

import re
import unicodedata
from typing import Final

BLANK: Final = "□"
"""Stands for a letter that no font of ours has."""

_LINES: Final = """
    20-7e a0-ac ae-2ff 370-377 37a-37f 384-38a 38c 38e-3a1 3a3-482 48a-4ff 510-513 51a-51d 531-556 559-58a
    5be 5d0-5ea 5ef-5f4 60c 61b 61f 621-63a 640-64a 660-66d 679-67b 67e-680 686-687 691 698 6a4 6a9 6af 6be 6cc 6f0-6f9
    10d0-10ff 1d00-1dbf 1e00-1f15 1f18-1f1d 1f20-1f45 1f48-1f4d 1f50-1f57 1f59 1f5b 1f5d 1f5f-1f7d 1f80-1fb4 1fb6-1fc4
    1fc6-1fd3 1fd6-1fdb 1fdd-1fef 1ff2-1ff4 1ff6-1ffe 2010-2027 202f-2040 2044-2052 2070-2071 2074-208e 20a0-20c0
    2100-211e 2122 2126-2151 2153-2184 2190-23ff 25a0-25ff
"""
"""The code points the fonts that come with Typst have between them: Latin, Greek, Cyrillic, Armenian, Hebrew, Arabic,
Georgian, punctuation, currencies, arrows. A test sets each of them."""


def _read(text: str) -> frozenset[str]:
    known: set[str] = set()
    for part in text.split():
        first, _, last = part.partition("-")
        known.update(map(chr, range(int(first, 16), int(last or first, 16) + 1)))
    return frozenset(letter for letter in known if unicodedata.category(letter)[0] not in "CM")


SHOWN: Final = _read(_LINES)


_UNBROKEN: Final = re.compile(r"[^\s-]{20}(?=[^\s-])")
_MAY_BREAK: Final = "\u200b"
"""Not to be seen: a line may end there."""


def shown(text: str) -> str:
    """A text with nothing that cannot be printed: marks that join no letter and signs not to be seen are left out.

    A word longer than a line may be cut: it never runs out of the page.
    """
    kept = "".join(map(_letter, unicodedata.normalize("NFC", text))).strip()
    if text and not kept:
        return BLANK  # a heading, a cell, a name may not be empty
    return _UNBROKEN.sub(lambda word: word[0] + _MAY_BREAK, kept)


def _letter(letter: str) -> str:
    if letter in SHOWN:
        return letter
    category = unicodedata.category(letter)
    if category[0] == "Z" or letter in "\t\n\r":
        return " "
    return "" if category[0] in "CM" else BLANK
