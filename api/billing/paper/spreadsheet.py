"""Lines and totals as CSV files that open right in a French spreadsheet, when they are double-clicked.

UTF-8 with its mark, semicolons, CRLF, decimal commas, days as JJ/MM/AAAA (RFC 4180 otherwise). What a spreadsheet would
take for a formula is led by an apostrophe; what it would take for a date or a number and is none is led by its name.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from api.french_bills import NATURES
from api.french_paper import LINE_COLUMNS, TOTAL_COLUMNS, article_number, month_cell, rulebook_version
from ledger.events import BilledLine
from ledger.identifiers import HouseholdId, Month, TitreNumber

CSV: Final = "text/csv"
BOM: Final = b"\xef\xbb\xbf"
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet takes the rest of a cell for a formula after, whatever stands before it."""
_BREAKS: Final = str.maketrans(dict.fromkeys("\r\n\t\v\f\x85\u2028\u2029", " ") | dict.fromkeys("\0", ""))
LINES_AT_ONCE: Final = 500
"""Lines joined before they are sent."""


@dataclass(frozen=True, slots=True)
class Text:
    """A cell of words."""

    said: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A cell that is counted with: a number or a day, already spelled."""

    spelled: str


Cell = Text | Figure


def euros(cents: int) -> Figure:
    """55,11: an amount in euros, without its sign of money, which would make a text of it."""
    whole, rest = divmod(abs(cents), 100)
    return Figure(f"{'-' if cents < 0 else ''}{whole},{rest:02d}")


def day(found: date | str) -> Figure:
    """27/03/2024."""
    known = date.fromisoformat(found) if isinstance(found, str) else found
    return Figure(f"{known.day:02d}/{known.month:02d}/{known.year:04d}")


def month(found: str | None) -> Text:
    """Mois 2022-09: neither 09/2022 nor 2022-09 alone, which a spreadsheet takes for a day of it."""
    return Text(month_cell(found) if found else "")


def spelled(cell: Cell) -> str:
    """A cell as it stands in the file."""
    if isinstance(cell, Figure):
        return cell.spelled
    led = "'" if cell.said.lstrip(" \u00a0\ufeff").startswith(_FORMULAS) else ""
    said = (led + cell.said).translate(_BREAKS).replace('"', '""')
    return f'"{said}"'


def as_csv(columns: Iterable[str], rows: Iterable[Iterable[Cell]], *, head: bool = True) -> Iterator[bytes]:
    """A file in pieces: its mark and its head, unless it goes on after another piece, then rows."""
    gathered = [_line(map(Text, columns))] if head else []
    if head:
        yield BOM
    for row in rows:
        gathered.append(_line(row))
        if len(gathered) == LINES_AT_ONCE:
            yield "".join(gathered).encode()
            gathered = []
    if gathered:
        yield "".join(gathered).encode()


def _line(row: Iterable[Cell]) -> str:
    return ";".join(map(spelled, row)) + "\r\n"


def lines_to_csv(rows: Iterable[Mapping[str, Any]], *, head: bool = True) -> Iterator[bytes]:
    """Lines of titres, or of bills that are not issued yet: rows of `invoice_lines`, see `row_of`."""
    return as_csv(LINE_COLUMNS, map(line_cells, rows), head=head)


def line_cells(row: Mapping[str, Any]) -> tuple[Cell, ...]:
    """A line, cell by cell."""
    days = [each["day"] for each in row["detail"]["days"]]
    return (
        month(row["month"]),
        Text(row["titre"] or ""),
        Text(row["household"]),
        Text(row["child"]),
        Text(row["activity"]),
        Text(row["unit"]),
        Text(NATURES[row["nature"]]),
        Text(row["label"]),
        month(row["regularises"]),
        Figure(str(row["quantity"])),
        euros(row["unit_price_cents"]),
        euros(row["amount_cents"]),
        Text(row["code"]),
        Text(rulebook_version(row["rulebook"])),
        Text(article_number(row["article"])),
        day(row["first_day"]),
        day(row["last_day"]),
        Text(" ".join(day(each).spelled for each in days)),
    )


def totals_to_csv(of_month: Month, rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """What a month comes to by nature and accounting code, regularisations apart: rows of `totals_of_month`."""
    return as_csv(TOTAL_COLUMNS, (_total_cells(of_month, row) for row in rows))


def _total_cells(of_month: Month, row: Mapping[str, Any]) -> tuple[Cell, ...]:
    return (
        month(of_month),
        Text(NATURES[row["nature"]]),
        Text(row["code"]),
        month(row["regularises"]),
        Figure(str(row["lines"])),
        Figure(str(row["quantity"])),
        euros(row["amount_cents"]),
    )


def row_of(line: BilledLine, *, household: HouseholdId, month: Month, titre: TitreNumber | None) -> dict[str, Any]:
    """A line of a bill as a row of the books is; `titre` is None as long as it is a draft."""
    days = [each.day for each in line.days]
    names = ("child", "activity", "unit", "nature", "label", "regularises", "unit_price_cents", "quantity")
    said = {name: getattr(line, name) for name in (*names, "amount_cents", "rulebook", "article", "code")}
    of_days = {"first_day": min(days), "last_day": max(days), "detail": {"days": [{"day": each} for each in days]}}
    return {"household": household, "month": month, "titre": titre, **said, **of_days}
