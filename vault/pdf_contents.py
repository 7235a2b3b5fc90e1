"""What is in a PDF, thing by thing: what makes it unsafe, and what its copy leaves out.

What may happen is a short list; whatever else a PDF can ask for is refused. A dictionary is an action by where it
stands: elsewhere `/S` says something harmless (the role of a paragraph, the style of a page number).
"""

from collections.abc import Iterator
from typing import Any, Final

from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream, String

from vault.jpeg_segments import without_words

MOST_OBJECTS: Final = 200_000
"""Arrays, dictionaries and streams of a PDF: more is a trap, or a book."""

_ACTIVE_KEYS: Final = frozenset(
    (
        "/AA",
        "/EF",
        "/EmbeddedFiles",
        "/JS",
        "/JavaScript",
        "/OPI",
        "/RichMediaContent",
        "/RichMediaSettings",
        "/XFA",
    )
)
_ACTIVE_IN_STREAMS: Final = frozenset(("/F", "/PS", "/Ref"))
"""Content that is taken from another file, or PostScript: in a dictionary these words say something else."""
_ACTIVE_ACTIONS: Final = frozenset(
    (
        "/GoTo3DView",
        "/GoToDp",
        "/GoToE",
        "/GoToR",
        "/ImportData",
        "/JavaScript",
        "/Launch",
        "/Movie",
        "/Rendition",
        "/RichMediaExecute",
        "/Sound",
        "/SubmitForm",
        "/Thread",
    )
)
"""Refused wherever they stand, since a reader may look for an action where nobody else does."""
_ACTIVE_TYPES: Final = frozenset(("/EmbeddedFile", "/Filespec"))
_ACTIVE_SUBTYPES: Final = frozenset(("/3D", "/FileAttachment", "/Movie", "/PS", "/RichMedia", "/Screen", "/Sound"))
_PAGES: Final = frozenset(("/FirstPage", "/LastPage", "/NextPage", "/PrevPage"))
_LINKS: Final = ("http://", "https://", "mailto:", "tel:")
_ON_CLICK: Final = ("/A", "/Next")
_BY_ITSELF: Final = ("/OpenAction", "/PA")
_LOOKED_AT: Final = _ACTIVE_KEYS.union(
    _ACTIVE_IN_STREAMS, _ON_CLICK, _BY_ITSELF, ("/UF", "/S", "/Type", "/Subtype", "/Subtype2")
)

_LEFT_OUT: Final = ("/Metadata", "/PieceInfo", "/Thumb")
"""Who wrote it with what; what programs keep for themselves; pages as they looked once."""
_OF_A_TRAILER: Final = frozenset(("/Root", "/Size", "/ID"))


class TooManyError(Exception):
    """More things than any paper has."""


def containers(document: Pdf) -> Iterator[Object]:
    """Every array, dictionary and stream of a PDF, reachable or not, each once."""
    waiting: list[Object] = [document.trailer, *document.objects]
    count = 0
    while waiting:
        found = waiting.pop()
        if not isinstance(found, Array | Dictionary | Stream):
            continue
        count += 1
        if count > MOST_OBJECTS:
            raise TooManyError
        yield found
        waiting.extend(value for value in _inner(found) if isinstance(value, Object) and not value.is_indirect)


def _inner(found: Object) -> list[Any]:
    return list(found) if isinstance(found, Array) else [found.get(key) for key in set(found.keys())]


def is_active(found: Object) -> bool:
    """Whether this could run, call out, or take from or carry another file."""
    if isinstance(found, Array):
        return False
    keys = set(found.keys())
    if not keys & _LOOKED_AT:
        return False
    return (
        bool(keys & _ACTIVE_KEYS)
        or (isinstance(found, Stream) and bool(keys & _ACTIVE_IN_STREAMS))
        or any(isinstance(found.get(key), String) for key in ("/F", "/UF"))
        or isinstance(found.get("/Ref"), Dictionary)
        or _name(found, "/S") in _ACTIVE_ACTIONS
        or _name(found, "/Type") in _ACTIVE_TYPES
        or _name(found, "/Subtype") in _ACTIVE_SUBTYPES
        or _name(found, "/Subtype2") in _ACTIVE_SUBTYPES
        or any(not _is_harmless(action) for key in _ON_CLICK for action in _actions(found.get(key)))
        or any(not _is_a_place(action) for key in _BY_ITSELF for action in _actions(found.get(key)))
    )


def _actions(value: Any) -> Iterator[Object]:
    """The actions a value asks for: one, several, or none when it is a place to show or something else altogether."""
    for each in list(value) if isinstance(value, Array) else [value]:
        if isinstance(each, Dictionary | Stream) and "/S" in each:
            yield each


def _is_harmless(action: Object) -> bool:
    """What a click may ask for: a page of the paper, or a link, which a reader asks about first."""
    if _name(action, "/S") == "/URI":
        return str(action.get("/URI", "")).lower().startswith(_LINKS)
    return _is_step(action)


def _is_step(action: Object) -> bool:
    kind = _name(action, "/S")
    return kind == "/GoTo" or (kind == "/Named" and _name(action, "/N") in _PAGES)


def _is_a_place(action: Object) -> bool:
    """What may happen without a click: a page is shown, and nothing follows."""
    return _is_step(action) and "/Next" not in action


def _name(found: Object, key: str) -> str:
    value = found.get(key)
    return str(value) if isinstance(value, Name) else ""


def make_bare(document: Pdf, found: Object) -> None:
    """Leaves out of a thing what says who, where and with what, and nothing that is seen."""
    if isinstance(found, Array):
        return
    for key in set(found.keys()).intersection(_LEFT_OUT):
        del found[key]
    if isinstance(found, Stream):
        _make_photograph_bare(document, found)


def make_trailer_bare(document: Pdf) -> None:
    """Leaves out the title, the author, the program and the dates, and whatever else stands beside the paper."""
    for key in set(document.trailer.keys()) - _OF_A_TRAILER:
        del document.trailer[key]


def _make_photograph_bare(document: Pdf, found: Stream) -> None:
    """The same photograph without its words, where JPEG is the last of the filters."""
    filters, parameters = _listed(found.get("/Filter")), _listed(found.get("/DecodeParms"))
    if not filters or str(filters[-1]) not in ("/DCTDecode", "/DCT"):
        return
    wrapped = document.make_stream(found.read_raw_bytes())
    if len(filters) > 1:
        wrapped.Filter = Array(filters[:-1])
        if parameters:
            wrapped.DecodeParms = Array(parameters[: len(filters) - 1])
    photograph = without_words(wrapped.read_bytes())
    last = parameters[-1] if len(parameters) == len(filters) else None
    found.write(photograph, filter=Name.DCTDecode, decode_parms=last if isinstance(last, Dictionary) else None)


def _listed(value: Any) -> list[Any]:
    if isinstance(value, Array):
        return list(value)
    return [] if value is None else [value]
