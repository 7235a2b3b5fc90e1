"""What is kept of a paper is what its content says it is, and nothing that could run, spy or call out."""

import io
import random
import shutil
import sys

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from tests.vault import papers_made as made
from vault.examining import ExaminationError, examine_apart
from vault.papers import LARGEST_BYTES, MOST_PAGES, Paper, RefusedPaper, examine


def kept(content: bytes) -> Paper:
    found = examine(content)
    assert isinstance(found, Paper), found
    return found


def refused(content: bytes) -> str:
    found = examine(content)
    assert isinstance(found, RefusedPaper), found
    return found.code


@pytest.mark.parametrize(
    ("content", "media_type"),
    [(made.pdf(), "application/pdf"), (made.jpeg(), "image/jpeg"), (made.png(), "image/png")],
)
def test_a_sound_paper_is_kept_as_what_it_is(content: bytes, media_type: str) -> None:
    assert kept(content).media_type == media_type


def test_the_copy_of_a_pdf_says_the_same() -> None:
    with pikepdf.open(io.BytesIO(kept(made.pdf(3, title="Bonjour")).content)) as copy:
        assert len(copy.pages) == 3
        assert b"(Bonjour)" in copy.pages[0].obj.Contents.read_bytes()


def test_the_copy_of_a_copy_is_the_copy() -> None:
    copy = kept(made.pdf()).content
    assert kept(copy).content == copy
    png = kept(made.png()).content
    assert kept(png).content == png


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png_is_decoded(mode: str) -> None:
    image = made.pixels() if mode != "I;16" else Image.new("I;16", (40, 20), 900)
    copy = kept(made.encoded(image if image.mode == mode else image.convert(mode), "PNG"))
    with Image.open(io.BytesIO(copy.content)) as found:
        assert (found.format, found.size) == ("PNG", (40, 20))


def test_a_scan_in_sixteen_bits_of_grey_is_not_an_empty_page() -> None:
    copy = kept(made.encoded(Image.new("I;16", (4, 4), 0x8123), "PNG"))
    with Image.open(io.BytesIO(copy.content)) as found:
        assert (found.mode, found.getpixel((0, 0))) == ("L", 0x81)


def test_a_picture_in_several_pictures_is_its_first() -> None:
    first, second = made.pixels(), made.pixels().rotate(180)
    for format_, media_type in (("MPO", "image/jpeg"), ("PNG", "image/png")):
        content = made.encoded(first, format_, save_all=True, append_images=[second])
        copy = kept(content)
        assert copy.media_type == media_type
        assert len(copy.content) < len(content)
        with Image.open(io.BytesIO(copy.content)) as found:
            assert getattr(found, "n_frames", 1) == 1


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_every_kind_of_jpeg_is_decoded(mode: str) -> None:
    copy = kept(made.encoded(made.pixels(mode=mode), "JPEG"))
    with Image.open(io.BytesIO(copy.content)) as found:
        assert (found.format, found.size, found.mode) == ("JPEG", (40, 20), "L" if mode == "L" else "RGB")


UNSAFE = {
    "a script when it is opened": made.pdf_with_script_when_opened(),
    "a script with a name": made.pdf_with_named_script(),
    "a script spelt otherwise": made.pdf_in_pieces(),
    "a script behind an action": made.pdf_with_chained_action(),
    **{
        kind: made.pdf_with_page_action(kind)
        for kind in ("Launch", "GoToR", "GoToE", "SubmitForm", "ImportData", "JavaScript")
    },
    "a call when it is opened": made.pdf_with_link("https://example.org/seen", when_opened=True),
    "a link that is a script": made.pdf_with_link("javascript:alert(1)"),
    "a link to a file": made.pdf_with_link("FILE:///etc/passwd"),
    "additional actions": made.pdf_with_additional_actions(),
    "another file": made.pdf_with_attachment(),
    "a form of XML": made.pdf_with_form_of_xml(),
    "a film": made.pdf_with_film(),
    "a stream on another machine": made.pdf_with_stream_elsewhere(),
    "a password": made.encrypted_pdf(user="secret"),
    "a password of the owner": made.encrypted_pdf(user=""),
}


@pytest.mark.parametrize("content", UNSAFE.values(), ids=UNSAFE)
def test_a_pdf_that_could_do_something_is_unsafe(content: bytes) -> None:
    assert refused(content) == "document_unsafe"


def test_the_attachment_that_was_refused_is_the_one_every_antivirus_knows() -> None:
    with pikepdf.open(io.BytesIO(made.pdf_with_attachment())) as document:
        assert document.attachments["eicar.com"].get_file().read_bytes() == made.EICAR


def test_a_link_to_a_page_is_no_danger() -> None:
    assert kept(made.pdf_with_link("https://example.org")).media_type == "application/pdf"
    assert kept(made.pdf_with_page_action("GoTo")).media_type == "application/pdf"


@pytest.mark.parametrize("content", [made.pdf(), made.jpeg(), made.png()], ids=["pdf", "jpeg", "png"])
@pytest.mark.parametrize(
    "other", [made.zipped(), b"<html><script>alert(1)</script>", made.EICAR], ids=["zip", "html", "eicar"]
)
def test_a_file_with_another_one_behind_it_loses_it(content: bytes, other: bytes) -> None:
    found = examine(content + other)
    assert isinstance(found, RefusedPaper) or other not in found.content
    assert isinstance(found, RefusedPaper) or b"<script>" not in found.content


def test_what_stands_before_a_pdf_is_lost() -> None:
    found = kept(b"GIF89a<script>alert(1)</script>\n" + made.pdf())
    assert found.content.startswith(b"%PDF-")
    assert b"<script>" not in found.content


@pytest.mark.parametrize(
    "content",
    [
        made.encoded(made.pixels(), "GIF"),
        made.encoded(made.pixels(), "TIFF"),
        made.encoded(made.pixels(), "WEBP"),
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        made.zipped(),
        b"MZ" + bytes(200),
        made.EICAR,
        b"",
    ],
    ids=["gif", "tiff", "webp", "svg", "zip", "program", "eicar", "nothing"],
)
def test_another_type_is_refused_whatever_its_name_says(content: bytes) -> None:
    assert refused(content) == "document_type_refused"


@pytest.mark.parametrize("content", [made.pdf(), made.jpeg(), made.png()], ids=["pdf", "jpeg", "png"])
def test_a_file_cut_short_is_unreadable(content: bytes) -> None:
    assert refused(content[: len(content) // 2]) == "document_unreadable"


def test_an_image_of_too_many_pixels_is_refused_before_it_is_decoded() -> None:
    assert refused(made.bomb()) == "document_too_large"


def test_too_many_pages_and_too_many_bytes_are_too_large() -> None:
    assert refused(made.pdf(MOST_PAGES + 1)) == "document_too_large"
    assert refused(made.pdf() + bytes(LARGEST_BYTES)) == "document_too_large"


def test_a_pdf_of_no_page_is_unreadable() -> None:
    document = pikepdf.new()
    assert refused(made.saved(document)) == "document_unreadable"


def test_a_photograph_does_not_say_where_it_was_taken_and_stands_upright() -> None:
    content = made.located_jpeg()
    assert b"CANARI" in content
    copy = kept(content).content
    assert b"CANARI" not in copy
    with Image.open(io.BytesIO(copy)) as found:
        assert not found.getexif()
        assert set(found.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
        assert found.size == (20, 40)


def test_a_png_loses_its_texts() -> None:
    info = PngInfo()
    info.add_text("Author", "CANARI")
    info.add_itxt("XML:com.adobe.xmp", "CANARI")
    content = made.png(pnginfo=info)
    assert b"CANARI" in content
    assert b"CANARI" not in kept(content).content


@given(st.binary(max_size=2_000))
@settings(max_examples=200)
def test_no_bytes_raise(content: bytes) -> None:
    assert isinstance(examine(content), RefusedPaper)


@given(st.sampled_from([b"%PDF-1.7\n", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n"]), st.binary(max_size=2_000))
@settings(max_examples=200)
def test_no_bytes_behind_a_sound_beginning_raise(beginning: bytes, content: bytes) -> None:
    examine(beginning + content)


SOUND = [
    made.pdf(),
    made.pdf_with_attachment(),
    made.pdf_with_named_script(),
    made.encrypted_pdf(user=""),
    made.located_jpeg(),
    made.png(),
]


@given(st.sampled_from(SOUND), st.integers(0, 2**32), st.integers(1, 30))
@settings(max_examples=300)
def test_no_damaged_file_raises(content: bytes, seed: int, changes: int) -> None:
    chosen, damaged = random.Random(seed), bytearray(content)
    for _ in range(changes):
        place = chosen.randrange(len(damaged))
        if chosen.random() < 0.7:
            damaged[place] = chosen.randrange(256)
        else:
            del damaged[place : place + chosen.randrange(8)]
    found = examine(bytes(damaged))
    assert isinstance(found, RefusedPaper) or b"JavaScript" not in found.content


@pytest.mark.parametrize("content", [made.pdf(), made.jpeg(), made.png(), made.bomb(), made.zipped(), b"%PDF-"])
def test_a_process_apart_says_the_same(content: bytes) -> None:
    assert examine_apart(content) == examine(content)


def test_a_process_that_does_not_run_is_no_fault_of_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", shutil.which("false"))
    with pytest.raises(ExaminationError, match="cannot be examined here"):
        examine_apart(made.pdf())


def test_a_pdf_that_is_small_and_decodes_to_more_than_its_bound_is_never_decoded() -> None:
    content = made.pdf_of_zeros(megabytes=300)
    assert len(content) < 2**20
    found = examine_apart(content)
    assert isinstance(found, RefusedPaper) or len(found.content) < 2**20


def test_a_pdf_that_unfolds_into_more_than_its_bound_is_stopped_there() -> None:
    assert examine_apart(made.pdf_that_unfolds(megabytes=600)) == RefusedPaper(code="document_unreadable")
