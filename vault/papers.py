"""Says what a supporting document is by its content, and makes the copy that is kept: what was sent never is.

A PDF is written anew by qpdf, an image is decoded and encoded anew: what stood before, after or beside it (a second
file, a script, the place a photograph was taken) is not in the copy. There is no list of viruses here: what could run
is refused by its type.
"""

import io
from dataclasses import dataclass
from typing import Final, Literal

import pikepdf
from pikepdf import Pdf
from pikepdf.settings import set_qpdf_limits
from PIL import Image, ImageOps

from vault.pdf_contents import MOST_OBJECTS, TooManyError, containers, is_active, make_bare, make_trailer_bare

LARGEST_BYTES: Final = 10 * 1024 * 1024
MOST_PAGES: Final = 200
MOST_PIXELS: Final = 50_000_000
"""A photograph of 50 megapixels is 200 MB once it is decoded."""
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


set_qpdf_limits(
    parser_max_nesting=100,
    parser_max_container_size=MOST_OBJECTS,
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
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, TooManyError):
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
        for found in containers(document):
            if is_active(found):
                raise _NoError("document_unsafe")
            make_bare(document, found)
        make_trailer_bare(document)
        if not document.pages:
            raise _NoError("document_unreadable")
        if len(document.pages) > MOST_PAGES:
            raise _NoError("document_too_large")
        copy = io.BytesIO()
        document.save(copy, linearize=False, preserve_pdfa=False, deterministic_id=True)
    return copy.getvalue()
