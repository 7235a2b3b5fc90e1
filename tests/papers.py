"""A family's titre to print, and what a printed PDF says when a machine reads it."""

import re
from collections.abc import Iterator
from datetime import date
from io import BytesIO
from typing import Any

import pikepdf

from api.billing.paper.invoice import Invoice, Reason
from api.french_bills import amount
from ledger.events import BilledDay, BilledLine, TitreIssued
from ledger.identifiers import ChildId, HouseholdId, Month, Slug, TitreNumber, Version

MATTEO, LINA = ChildId("child-matteo"), ChildId("child-lina")


def line(child: ChildId, label: str, price_cents: int, *days: int, **said: Any) -> BilledLine:
    """Some days of September 2022; below zero, they are taken back."""
    counted = tuple(
        BilledDay(day=date(2022, 9, abs(day)), basis="present", quantity=1 if day > 0 else -1) for day in days
    )
    quantity = sum(day.quantity for day in counted)
    told = {"activity": Slug("restauration"), "unit": Slug("repas"), "nature": "meal", "code": "7067", **said}
    return BilledLine(
        child=child,
        label=label,
        unit_price_cents=price_cents,
        quantity=quantity,
        amount_cents=quantity * price_cents,
        rulebook=Version("2022-09"),
        article="9.1",
        quotient=None,
        steps=(),
        days=counted,
        **told,
    )


def garderie(child: ChildId, unit: str, price_cents: int, *days: int) -> BilledLine:
    """Care before or after school."""
    care = {"activity": Slug("garderie"), "unit": Slug(unit), "nature": "care", "code": "7066"}
    return line(child, "Garderie", price_cents, *days, **care)


def titre(*lines: BilledLine) -> TitreIssued:
    """The titre of these lines."""
    return TitreIssued(
        titre=TitreNumber("2022-000017"),
        household=HouseholdId("household"),
        month=Month("2022-09"),
        position=1_204,
        issued_on=date(2022, 10, 3),
        due_on=date(2022, 11, 2),
        total_cents=sum(each.amount_cents for each in lines),
        lines=lines,
    )


COMMON = titre(
    line(MATTEO, "Repas", 305, 1, 2, 5, 6, 8, 9, 12, 13, 15, 16),
    garderie(MATTEO, "matin", 102, 1, 5, 8, 12, 15, 19),
    line(LINA, "Repas", 305, 1, 5, 8, 12),
    garderie(LINA, "soir", 147, 1, 8),
    garderie(LINA, "matin", 25, 5),
)
"""Two children, five lines, 52.01 €."""


def invoice(issued: TitreIssued = COMMON, **said: Any) -> Invoice:
    """The invoice of a titre."""
    told: dict[str, Any] = {
        "town": "Villars",
        "office": "Régie périscolaire",
        "recipient": ("Camille Exemple", "12 rue de l'Église", "42390 Villars"),
        "children": {MATTEO: "Matteo", LINA: "Lina"},
        "formulas": {(Slug("garderie"), Slug("matin")): "matin", (Slug("garderie"), Slug("soir")): "soir"},
        "how_to_pay": (
            "En ligne, par carte bancaire ou par prélèvement unique, sur le portail famille.",
            "Par chèque à l'ordre du Trésor public, à la régie périscolaire.",
            "En espèces à la régie, jusqu'à 300 €.",
        ),
        "reasons": tuple(_reason(each) for each in issued.lines),
    }
    return Invoice(issued=issued, **{**told, **said})


def _reason(billed: BilledLine) -> Reason:
    heading = f"{billed.label} : {billed.quantity} × {amount(billed.unit_price_cents)} = {amount(billed.amount_cents)}."
    days = [f"{day.day} : réservé le 30 août, présent." for day in billed.days]
    return Reason(heading=heading, price="Quotient familial : 650 €.", days=days)


def text_of(content: bytes) -> list[str]:
    """What each page says, as a screen reader hears it: letters by the fonts' own tables, spaces as they are."""
    with pikepdf.open(BytesIO(content)) as document:
        return [re.sub(" +", " ", "".join(_spoken(page))) for page in document.pages]


def _spoken(page: pikepdf.Page) -> Iterator[str]:
    tables = {name: _letters(font) for name, font in page.resources.get("/Font", {}).items()}
    table: dict[bytes, str] = {}
    for operands, operator in pikepdf.parse_content_stream(page):
        match str(operator):
            case "Tf":
                table = tables[str(operands[0])]
            case "Tj":
                yield _read(bytes(operands[0]), table)
            case "TJ":
                yield "".join(_read(bytes(each), table) for each in operands[0] if isinstance(each, pikepdf.String))
            case "ET":
                yield " "


def _read(shown: bytes, table: dict[bytes, str]) -> str:
    return "".join(table[shown[at : at + 2]] for at in range(0, len(shown), 2))


def _letters(font: Any) -> dict[bytes, str]:
    """Which letters each glyph of a font is."""
    table = font.ToUnicode.read_bytes().decode()
    found = {}
    for part in re.findall(r"beginbfchar(.*?)endbfchar", table, re.DOTALL):
        for glyph, letters in re.findall(r"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", part):
            found[bytes.fromhex(glyph)] = bytes.fromhex(letters).decode("utf-16-be")
    for part in re.findall(r"beginbfrange(.*?)endbfrange", table, re.DOTALL):
        for first, last, letters in re.findall(r"<(\w+)>\s*<(\w+)>\s*<(\w+)>", part):
            for step in range(int(last, 16) - int(first, 16) + 1):
                glyph = (int(first, 16) + step).to_bytes(len(first) // 2, "big")
                found[glyph] = chr(int(letters, 16) + step)
    return found


def tags_of(content: bytes) -> list[str]:
    """The roles of a document's parts, in the order they are read: H1, P, Table, TH."""
    with pikepdf.open(BytesIO(content)) as document:
        return list(_tags(document.Root.StructTreeRoot))


def _tags(node: Any) -> Iterator[str]:
    if isinstance(node, pikepdf.Array):
        for each in node:
            yield from _tags(each)
    elif isinstance(node, pikepdf.Dictionary):
        if "/S" in node:
            yield str(node.S).lstrip("/")
        if "/K" in node:
            yield from _tags(node.K)
