"""A JPEG without the words it carries, pixels untouched: for photographs inside a PDF, which are not encoded anew."""

from typing import Final

_START, _END, _SCAN, _COMMENT = 0xD8, 0xD9, 0xDA, 0xFE
_KEPT_OF_APPLICATIONS: Final = frozenset((0xE0, 0xEE))
"""JFIF, and Adobe's: without the second, colours are read otherwise."""
_ALONE: Final = frozenset((0x01, *range(0xD0, 0xD8)))
"""Markers without a length."""


def without_words(content: bytes) -> bytes:
    """The same pixels: no EXIF, no XMP, no profile, no comment, and nothing after the end.

    Raises ValueError for what is no JPEG.
    """
    if not content.startswith(b"\xff\xd8"):
        raise ValueError("a JPEG starts with its marker")
    kept, place = [content[:2]], 2
    while place < len(content):
        marker, after = _marker(content, place)
        if marker == _END:
            break
        if marker in _ALONE:
            kept.append(bytes((0xFF, marker)))
            place = after
            continue
        end = after + int.from_bytes(content[after : after + 2])
        if end < after + 2 or end > len(content):
            raise ValueError("a segment of a JPEG has its length")
        if marker == _SCAN:
            end = _end_of_scan(content, end)
        if marker != _COMMENT and (marker not in range(0xE0, 0xF0) or marker in _KEPT_OF_APPLICATIONS):
            kept += [bytes((0xFF, marker)), content[after:end]]
        place = end
    return b"".join((*kept, b"\xff\xd9"))


def _marker(content: bytes, place: int) -> tuple[int, int]:
    """The marker at this place, and where it ends: it may be filled up with as many 0xFF as one likes."""
    after = place
    while content[after : after + 1] == b"\xff":
        after += 1
    if after == place or after == len(content):
        raise ValueError("a JPEG is a list of segments")
    return content[after], after + 1


def _end_of_scan(content: bytes, place: int) -> int:
    """Where the pixels of a scan end: at the next marker that is neither a stuffed zero nor a restart."""
    while (place := content.find(b"\xff", place)) >= 0:
        following = content[place + 1 : place + 2]
        if following and following[0] not in (0x00, 0xFF) and following[0] not in _ALONE:
            return place
        place += 1 if following == b"\xff" else 2
    return len(content)
