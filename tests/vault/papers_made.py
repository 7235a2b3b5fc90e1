"""Papers made in code: a sound one of each type, and what hostile people send."""

import io
import zipfile
import zlib
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, String
from PIL import Image

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
"""The string every antivirus knows, in two pieces: this file is not to be quarantined."""


def pdf(pages: int = 1, *, title: str = "Attestation") -> bytes:
    """A sound PDF with a line of text on its first page."""
    return saved(blank(pages, title))


def blank(pages: int = 1, title: str = "Attestation") -> Pdf:
    document = pikepdf.new()
    for _ in range(pages):
        document.add_blank_page()
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    page = document.pages[0]
    page.obj.Resources = Dictionary(Font=Dictionary(F1=font))
    page.obj.Contents = document.make_stream(f"BT /F1 12 Tf 72 720 Td ({title}) Tj ET".encode())
    return document


def saved(document: Pdf, **how: Any) -> bytes:
    """The same bytes each time, but for what is encrypted."""
    file = io.BytesIO()
    document.save(file, deterministic_id="encryption" not in how, **how)
    return file.getvalue()


def pixels(width: int = 40, height: int = 20, mode: str = "RGB") -> Image.Image:
    return Image.radial_gradient("L").resize((width, height)).convert(mode)


def encoded(image: Image.Image, format_: str, **how: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, format_, **how)
    return file.getvalue()


def jpeg(**how: Any) -> bytes:
    return encoded(pixels(), "JPEG", **how)


def png(**how: Any) -> bytes:
    return encoded(pixels(), "PNG", **how)


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("autorun.inf", "[autorun]")
    return file.getvalue()


def script() -> Dictionary:
    return Dictionary(S=Name.JavaScript, JS=String("app.alert('bonjour')"))


def pdf_with_script_when_opened() -> bytes:
    document = blank()
    document.Root.OpenAction = script()
    return saved(document)


def pdf_with_named_script() -> bytes:
    document = blank()
    named = Dictionary(Names=Array([String("bonjour"), document.make_indirect(script())]))
    document.Root.Names = Dictionary(JavaScript=document.make_indirect(named))
    return saved(document, object_stream_mode=pikepdf.ObjectStreamMode.generate)


def pdf_with_page_action(kind: str = "Launch") -> bytes:
    document = blank()
    action = Dictionary(S=Name("/" + kind))
    if kind == "GoTo":
        action.D = Array([document.pages[0].obj, Name.Fit])
    else:
        action.F = String("calc.exe")
    link = Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 100, 100], A=action)
    document.pages[0].obj.Annots = Array([document.make_indirect(link)])
    return saved(document)


def pdf_with_chained_action() -> bytes:
    """A harmless action followed by one that is not."""
    document = blank()
    document.Root.OpenAction = Dictionary(S=Name.Named, N=Name.FirstPage, Next=Array([script()]))
    return saved(document)


def pdf_with_link(address: str, *, when_opened: bool = False) -> bytes:
    document = blank()
    action = Dictionary(S=Name.URI, URI=String(address))
    if when_opened:
        document.Root.OpenAction = action
    else:
        document.pages[0].obj.Annots = Array([Dictionary(Type=Name.Annot, Subtype=Name.Link, A=action)])
    return saved(document)


def pdf_with_additional_actions() -> bytes:
    document = blank()
    document.pages[0].obj.AA = Dictionary(O=Dictionary(S=Name.Named, N=Name.NextPage))
    return saved(document)


def pdf_with_attachment() -> bytes:
    document = blank()
    document.attachments["eicar.com"] = EICAR
    return saved(document)


def pdf_with_form_of_xml() -> bytes:
    document = blank()
    document.Root.AcroForm = Dictionary(Fields=Array([]), XFA=document.make_stream(b"<xdp/>"))
    return saved(document)


def pdf_with_film() -> bytes:
    document = blank()
    film = Dictionary(Type=Name.Annot, Subtype=Name.RichMedia, Rect=[0, 0, 100, 100])
    document.pages[0].obj.Annots = Array([film])
    return saved(document)


def pdf_with_stream_elsewhere() -> bytes:
    document = blank()
    stream = document.make_stream(b"")
    stream.F = String("smb://server/share")
    document.pages[0].obj.Contents = stream
    return saved(document)


def encrypted_pdf(*, user: str) -> bytes:
    return saved(blank(), encryption=pikepdf.Encryption(owner="secret", user=user))


def pdf_in_pieces() -> bytes:
    """The name of the script is written with an escape, which readers undo."""
    document = blank()
    document.Root.OpenAction = Dictionary({"/S": Name("/JJJavaScript"), "/JJJS": String("app.alert('bonjour')")})
    return saved(document).replace(b"/JJJavaScript", b"/J#61vaScript").replace(b"/JJJS", b"/J#53")


def pdf_of_zeros(megabytes: int) -> bytes:
    """A page whose drawing is short as it is sent, and long as it is read."""
    document, press = blank(), zlib.compressobj(9)
    pressed = b"".join(press.compress(bytes(2**20)) for _ in range(megabytes)) + press.flush()
    drawing = document.make_stream(b"")
    drawing.write(pressed, filter=Name.FlateDecode)
    document.pages[0].obj.Contents = drawing
    return saved(document)


def located_jpeg() -> bytes:
    """A photograph that says where it was taken, and that is to be turned."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "CANARI"
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = "N", (45.0, 26.0, 12.0)
    exif[0x8825] = gps
    return encoded(pixels(), "JPEG", exif=exif, comment=b"CANARI", icc_profile=b"CANARI" * 100)


def bomb() -> bytes:
    """A PNG that says it has 60,000 × 60,000 pixels."""
    content = bytearray(png())
    content[16:24] = (60_000).to_bytes(4) * 2
    content[29:33] = zlib.crc32(content[12:29]).to_bytes(4)
    return bytes(content)


def text_of(content: bytes) -> bytes:
    """What is drawn on the first page of a PDF."""
    with pikepdf.open(io.BytesIO(content)) as document:
        drawn: bytes = document.pages[0].obj.Contents.read_bytes()
    return drawn


def pdf_that_unfolds(megabytes: int) -> bytes:
    """Its objects themselves are compressed, so that whoever reads it at all unfolds them."""
    press = zlib.compressobj(1)
    pressed = b"".join(press.compress(b" " * 2**20) for _ in range(megabytes)) + press.flush()
    file = b"%PDF-1.5\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n"
    folded = len(file)
    head = b"<< /Type /ObjStm /N 1 /First 5 /Filter /FlateDecode /Length %d >>" % len(pressed)
    file += b"3 0 obj\n" + head + b"\nstream\n" + pressed + b"\nendstream\nendobj\n"
    table = len(file)
    places = [(0, 0), (1, 9), (2, 3), (1, folded), (1, table)]
    rows = b"".join(bytes([kind]) + place.to_bytes(4) + b"\0" for kind, place in places)
    head = b"<< /Type /XRef /Size 5 /W [1 4 1] /Root 1 0 R /Length %d >>" % len(rows)
    file += b"4 0 obj\n" + head + b"\nstream\n" + rows + b"\nendstream\nendobj\n"
    return file + b"startxref\n%d\n%%%%EOF\n" % table
