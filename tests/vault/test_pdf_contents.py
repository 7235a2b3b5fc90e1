"""What a PDF may ask for is a short list, and its copy says neither who made it nor where."""

import io
import zlib
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, String
from PIL import Image

from tests.vault import papers_made as made
from vault.papers import Paper, RefusedPaper, examine

ELSEWHERE = String("\\\\server\\share\\x.pdf")


def call() -> Dictionary:
    return Dictionary(S=Name.URI, URI=String("https://example.org/seen"))


def first_page(document: Pdf, **more: Any) -> Dictionary:
    return Dictionary(S=Name.GoTo, D=Array([document.pages[0].obj, Name.Fit]), **more)


def opening(action: Callable[[Pdf], Any]) -> bytes:
    document = made.blank()
    document.Root.OpenAction = action(document)
    return made.saved(document)


def button(**said: Any) -> bytes:
    document = made.blank()
    rect = Array([0, 0, 100, 100])
    document.pages[0].obj.Annots = Array([Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=rect, **said)])
    return made.saved(document)


def drawing(data: bytes = b"", **said: Any) -> bytes:
    document = made.blank()
    drawn = document.make_stream(data, Dictionary(Type=Name.XObject, BBox=Array([0, 0, 9, 9]), **said))
    document.pages[0].obj.Resources.XObject = Dictionary(X=drawn)
    return made.saved(document)


UNSAFE = {
    "a call after a page": opening(lambda paper: first_page(paper, Next=call())),
    "a call in a list after a page": opening(lambda paper: first_page(paper, Next=Array([call()]))),
    "a page after a page when opened": opening(lambda paper: first_page(paper, Next=first_page(paper))),
    "printing when opened": opening(lambda _: Dictionary(S=Name.Named, N=Name.Print)),
    "a call in a list when opened": opening(lambda _: Array([call()])),
    "a thread of another file": button(A=Dictionary(S=Name.Thread, F=ELSEWHERE, D=0)),
    "a page of a document part": button(A=Dictionary(S=Name.GoToDp)),
    "hiding": button(A=Dictionary(S=Name.Hide, T=String("x"))),
    "an action nobody knows": button(A=Dictionary(S=Name.Whatever)),
    "a script after a link": button(A=Dictionary(S=Name.URI, URI=String("https://example.org"), Next=made.script())),
    "a call when the page comes": button(PA=call()),
    "a drawing of another file": drawing(Subtype=Name.Form, Ref=Dictionary(F=ELSEWHERE, Page=0)),
    "PostScript": drawing(b"%!PS", Subtype=Name.PS),
    "PostScript under another name": drawing(b"%!PS", Subtype=Name.Form, Subtype2=Name.PS),
    "a picture on another machine": drawing(Subtype=Name.Form, OPI=Dictionary({"/1.3": Dictionary(F=ELSEWHERE)})),
    "a file that is named": button(Whatever=Dictionary(F=ELSEWHERE)),
}


@pytest.mark.parametrize("content", UNSAFE.values(), ids=UNSAFE)
def test_what_is_not_on_the_list_is_unsafe(content: bytes) -> None:
    assert examine(content) == RefusedPaper(code="document_unsafe")


def tagged() -> bytes:
    """As word processors write them: `/S`, `/A`, `/Ref` and `/Next` that are no actions."""
    document = made.blank(2)
    part = document.make_indirect(Dictionary(S=Name.P, A=Dictionary(O=Name.Layout, Placement=Name.Block)))
    part.Ref = Array([part])
    document.Root.StructTreeRoot = Dictionary(Type=Name.StructTreeRoot, K=Array([part]))
    document.Root.PageLabels = Dictionary(Nums=Array([0, Dictionary(S=Name.D)]))
    with document.open_outline() as outline:
        outline.root.extend([pikepdf.OutlineItem("1", 0), pikepdf.OutlineItem("2", 1)])
    return made.saved(document, object_stream_mode=pikepdf.ObjectStreamMode.generate)


SOUND = {
    "a page when opened": opening(first_page),
    "a place when opened": opening(lambda paper: Array([paper.pages[0].obj, Name.Fit])),
    "the next page": button(A=Dictionary(S=Name.Named, N=Name.NextPage)),
    "a mailbox": made.pdf_with_link("mailto:mairie@example.org"),
    "a tagged text": tagged(),
}


@pytest.mark.parametrize("content", SOUND.values(), ids=SOUND)
def test_a_paper_that_shows_its_pages_and_links_is_sound(content: bytes) -> None:
    assert isinstance(examine(content), Paper)


def copied(document: Pdf) -> bytes:
    found = examine(made.saved(document))
    assert isinstance(found, Paper), found
    return found.content


def test_the_copy_does_not_say_who_wrote_it_with_what() -> None:
    document = made.blank()
    document.docinfo["/Author"] = "CANARI"
    with document.open_metadata() as metadata:
        metadata["dc:creator"] = ["CANARI"]
    document.pages[0].obj.Metadata = document.make_stream(b"CANARI")
    document.pages[0].obj.Thumb = document.make_stream(b"CANARI")
    document.pages[0].obj.PieceInfo = Dictionary(Editor=Dictionary(Private=document.make_stream(b"CANARI")))
    document.Root.PieceInfo = Dictionary(Editor=document.make_stream(made.EICAR))
    document.trailer.Beside = document.make_stream(b"CANARI")
    content = copied(document)
    assert b"CANARI" not in content
    assert made.EICAR not in content
    with pikepdf.open(io.BytesIO(content)) as copy:
        assert set(copy.trailer.keys()) == {"/Root", "/Size", "/ID"}
        assert not {"/Metadata", "/PieceInfo"} & set(copy.Root.keys())


def photograph(content: bytes, *, filters: Any = Name.DCTDecode) -> Pdf:
    document = made.blank()
    drawn = document.make_stream(b"", Dictionary(Type=Name.XObject, Subtype=Name.Image, Width=40, Height=20))
    drawn.ColorSpace, drawn.BitsPerComponent = Name.DeviceRGB, 8
    drawn.write(content, filter=filters)
    document.pages[0].obj.Resources.XObject = Dictionary(X=drawn)
    return document


def pixels(content: bytes) -> bytes:
    with Image.open(io.BytesIO(content)) as image:
        return image.convert("RGB").tobytes()


@pytest.mark.parametrize("pressed", [False, True], ids=["as it is", "compressed once more"])
@pytest.mark.parametrize("progressive", [False, True], ids=["baseline", "progressive"])
def test_a_photograph_in_a_pdf_keeps_its_pixels_and_not_its_words(*, pressed: bool, progressive: bool) -> None:
    exif = Image.Exif()
    exif[0x010E] = "CANARI"
    taken = made.jpeg(exif=exif, comment=b"CANARI", icc_profile=b"CANARI" * 100, progressive=progressive)
    taken += made.jpeg(comment=b"CANARI")
    filters = Array([Name.FlateDecode, Name.DCTDecode]) if pressed else Name.DCTDecode
    content = copied(photograph(zlib.compress(taken) if pressed else taken, filters=filters))
    with pikepdf.open(io.BytesIO(content)) as copy:
        drawn = copy.pages[0].obj.Resources.XObject.X
        assert drawn.Filter == Name.DCTDecode
        found = drawn.read_raw_bytes()
    assert b"CANARI" not in found
    assert pixels(found) == pixels(taken)


def test_what_says_it_is_a_photograph_and_is_not_one_is_unreadable() -> None:
    for content in (made.EICAR, made.jpeg()[:40], b"\xff\xd8\x00\x00", b"\xff\xd8\xff\xe1\x00\x00", b"\xff\xd8\xff"):
        assert examine(made.saved(photograph(content))) == RefusedPaper(code="document_unreadable")
