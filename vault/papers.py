"""Says what a supporting document is by its content, and makes the copy that is kept: what was sent never is.

A PDF is written anew by qpdf, an image is decoded and encoded anew: what stood before, after or beside it (a second
file, a script, the place a photograph was taken) is not in the copy. There is no list of viruses here: what could run
is refused by its type.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream
from pikepdf.settings import set_qpdf_limits
from PIL import Image, ImageOps

LARGEST_BYTES: Final = 10 * 1024 * 1024
MOST_PAGES: Final = 200
MOST_PIXELS: Final = 50_000_000
"""A photograph of 50 megapixels is 200 MB once it is decoded."""
_MOST_OBJECTS: Final = 200_000
"""Arrays, dictionaries and streams of a PDF: more is a trap, or a book."""
_LARGEST_DECODED: Final = 128 * 1024 * 1024
_HEADER_WITHIN: Final = 1024
"""Where readers look for the first line of a PDF."""
_QUALITIES: Final = (90, 75)

MediaType = Literal["application/pdf", "image/jpeg", "image/png"]
RefusalCode = Literal["document_too_large", "document_type_refused", "document_unsafe", "document_unreadable"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Paper:
    """A document that may be kept."""

    media_type: MediaType
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class RefusedPaper:
    """A document that is not kept, and why."""

    code: RefusalCode


class _NoError(Exception):
    """Ends an examination with a code."""

    def __init__(self, code: RefusalCode) -> None:
        super().__init__(code)
        self.code: RefusalCode = code


_ACTIVE_KEYS: Final = frozenset(
    ("/AA", "/EF", "/EmbeddedFiles", "/JS", "/JavaScript", "/RichMediaContent", "/RichMediaSettings", "/XFA")
)
_ACTIVE_ACTIONS: Final = frozenset(
    (
        "/GoTo3DView",
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
    )
)
_HARMLESS_LINKS: Final = ("http://", "https://", "mailto:", "tel:")
_HARMLESS_OPENINGS: Final = frozenset(("", "/GoTo", "/Named"))
_ACTIVE_TYPES: Final = frozenset(("/EmbeddedFile", "/Filespec"))
_ACTIVE_SUBTYPES: Final = frozenset(("/3D", "/FileAttachment", "/Movie", "/RichMedia", "/Screen", "/Sound"))

set_qpdf_limits(
    parser_max_nesting=100,
    parser_max_container_size=_MOST_OBJECTS,
    max_stream_filters=10,
    flate_max_memory=_LARGEST_DECODED,
    png_max_memory=_LARGEST_DECODED,
    run_length_max_memory=_LARGEST_DECODED,
    tiff_max_memory=_LARGEST_DECODED,
    dct_max_memory=_LARGEST_DECODED,
)
Image.MAX_IMAGE_PIXELS = MOST_PIXELS


def examine(content: bytes) -> Paper | RefusedPaper:
    """The copy to keep of what was sent, or why there is none. Never raises, whatever the bytes."""
    try:
        paper = _examined(content)
    except _NoError as no:
        return RefusedPaper(code=no.code)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return RefusedPaper(code="document_too_large")
    except Exception:  # noqa: BLE001 - three libraries on hostile bytes: none of their errors is ours
        return RefusedPaper(code="document_unreadable")
    return paper if len(paper.content) <= LARGEST_BYTES else RefusedPaper(code="document_too_large")


def _examined(content: bytes) -> Paper:
    if len(content) > LARGEST_BYTES:
        raise _NoError("document_too_large")
    if content.startswith(b"\xff\xd8\xff"):
        return Paper(media_type="image/jpeg", content=_jpeg(content))
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return Paper(media_type="image/png", content=_png(content))
    if b"%PDF-" in content[:_HEADER_WITHIN]:
        return Paper(media_type="application/pdf", content=_pdf(content))
    raise _NoError("document_type_refused")


def _decoded(content: bytes, format_: str) -> Image.Image:
    image = Image.open(io.BytesIO(content), formats=[format_])
    if image.width * image.height > MOST_PIXELS:
        raise _NoError("document_too_large")
    image.load()
    return ImageOps.exif_transpose(image)


def _without_info(image: Image.Image, mode: str) -> Image.Image:
    """The pixels and nothing else: no EXIF, no profile, no text."""
    pixels = image if image.mode == mode else image.convert(mode)
    pixels.info = {}
    return pixels


def _jpeg(content: bytes) -> bytes:
    image = _decoded(content, "JPEG")
    pixels = _without_info(image, "L" if image.mode == "L" else "RGB")
    for quality in _QUALITIES:
        copy = io.BytesIO()
        pixels.save(copy, "JPEG", quality=quality, exif=b"", icc_profile=None, comment=b"")
        if copy.tell() <= LARGEST_BYTES:
            return copy.getvalue()
    raise _NoError("document_too_large")


def _png(content: bytes) -> bytes:
    image = _decoded(content, "PNG")
    if image.mode == "I;16":
        # Converting would turn every grey above 255 of 65,535 into white: a scan would be an empty page.
        image = Image.frombytes("L", image.size, image.tobytes()[1::2])
    clear = image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info
    mode = "RGBA" if clear else "L" if image.mode in ("1", "L") else "RGB"
    copy = io.BytesIO()
    _without_info(image, mode).save(copy, "PNG", exif=b"", icc_profile=None)
    return copy.getvalue()


def _pdf(content: bytes) -> bytes:
    try:
        document = Pdf.open(io.BytesIO(content), attempt_recovery=False)
    except pikepdf.PasswordError as error:
        raise _NoError("document_unsafe") from error
    with document:
        if document.is_encrypted:
            raise _NoError("document_unsafe")
        if any(_is_active(found) for found in _containers(document)):
            raise _NoError("document_unsafe")
        if not document.pages:
            raise _NoError("document_unreadable")
        if len(document.pages) > MOST_PAGES:
            raise _NoError("document_too_large")
        copy = io.BytesIO()
        document.save(copy, linearize=False, preserve_pdfa=False, deterministic_id=True)
    return copy.getvalue()


def _containers(document: Pdf) -> Iterator[Object]:
    """Every array, dictionary and stream of a PDF, reachable or not, each once."""
    waiting: list[Object] = [document.trailer, *document.objects]
    count = 0
    while waiting:
        found = waiting.pop()
        if not isinstance(found, Array | Dictionary | Stream):
            continue
        count += 1
        if count > _MOST_OBJECTS:
            raise _NoError("document_too_large")
        yield found
        inner: list[Any] = list(found) if isinstance(found, Array) else [found.get(key) for key in set(found.keys())]
        waiting.extend(value for value in inner if isinstance(value, Object) and not value.is_indirect)


def _is_active(found: Object) -> bool:
    """Whether this could run, call out, or carry another file."""
    if isinstance(found, Array):
        return False
    keys = set(found.keys())
    if keys & _ACTIVE_KEYS or (isinstance(found, Stream) and "/F" in keys):
        return True
    action = _name(found, "/S")
    return (
        action in _ACTIVE_ACTIONS
        or (action == "/URI" and not str(found.get("/URI", "")).lower().startswith(_HARMLESS_LINKS))
        or _opens_with(found) not in _HARMLESS_OPENINGS
        or _name(found, "/Type") in _ACTIVE_TYPES
        or _name(found, "/Subtype") in _ACTIVE_SUBTYPES
    )


def _opens_with(found: Object) -> str:
    """The action a dictionary asks for when the document is opened; nothing for a place to show."""
    action = found.get("/OpenAction")
    return _name(action, "/S") if isinstance(action, Dictionary) else ""


def _name(found: Object, key: str) -> str:
    value = found.get(key)
    return str(value) if isinstance(value, Name) else ""
