"""Lines of invoices as every answer shows them, from the rows of the books or from the bills of a draft."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, Final

import orjson

from api.asking import Rows
from api.billing.corrected import Correction, Numbered, corrections
from api.billing.pricing import arithmetic_shown, quotient_shown
from api.french_bills import BASES, NATURES
from api.office import Office
from ledger.codec import converter
from ledger.events import BilledDay, BilledLine, Cause
from ledger.identifiers import HouseholdId
from ledger.streams import kind_of
from projections.billing.standing import standing_at
from projections.question import Question

_CONVERTER: Final = converter()
_FIELDS: Final = (
    "child",
    "activity",
    "unit",
    "nature",
    "label",
    "unit_price_cents",
    "quantity",
    "amount_cents",
    "rulebook",
    "article",
    "code",
    "regularises",
)


async def asked(at: Office, *questions: Question) -> list[Rows]:
    """What is asked of the books, now or as they stood at the instant."""
    if at.as_of is None:
        return await at.reader.ask(at.commune, *questions)
    return await at.reader.ask(at.commune, *(standing_at(each, at.commune, at.as_of) for each in questions))


def line_of(row: Mapping[str, Any]) -> BilledLine:
    """A row of the lines of invoices, as the line that was issued."""
    json = {**{name: row[name] for name in _FIELDS}, **row["detail"]}
    line: BilledLine = _CONVERTER.structure(json, BilledLine)
    return line


def lines_of_bill(bill: bytes) -> tuple[BilledLine, ...]:
    """The lines of a bill of a draft."""
    lines: tuple[BilledLine, ...] = _CONVERTER.structure(orjson.loads(bill)["lines"], tuple[BilledLine, ...])
    return lines


def line_shown(line: BilledLine, household: HouseholdId, *, titre: str | None, number: int) -> dict[str, Any]:
    """A line: of a titre, or of a draft. `number` counts from 1 within them."""
    return {
        "titre": titre,
        "line": number,
        "household": household,
        "child": line.child,
        "activity": line.activity,
        "unit": line.unit,
        "nature": line.nature,
        "nature_label": NATURES[line.nature],
        "label": line.label,
        "unit_price_cents": line.unit_price_cents,
        "quantity": line.quantity,
        "amount_cents": line.amount_cents,
        "rulebook": line.rulebook,
        "article": line.article,
        "code": line.code,
        "regularises": line.regularises,
        "quotient": quotient_shown(line.quotient),
        "days": [day_shown(day) for day in line.days],
        "causes": [cause_shown(cause) for cause in line.causes],
        "arithmetic": arithmetic_shown(line),
    }


def row_shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the lines of invoices."""
    return line_shown(line_of(row), row["household"], titre=row["titre"], number=row["line"])


def day_shown(day: BilledDay) -> dict[str, Any]:
    """A day a line counts, and the lines of the child's page it rests on."""
    return {
        "day": day.day,
        "quantity": day.quantity,
        "basis": day.basis,
        "basis_label": BASES[day.basis],
        "lines": list(day.lines),
    }


def cause_shown(cause: Cause) -> dict[str, Any]:
    """What changed since the month was closed."""
    _, _, rest = cause.stream.partition("/")
    return {"page": kind_of(cause.stream), "of": rest.partition("/")[2] or None, "line": cause.line}


def numbered_rows(rows: Rows) -> list[Numbered]:
    """Rows of the lines of invoices, as lines that know where they are."""
    return list(map(_numbered, rows))


def _numbered(row: Mapping[str, Any]) -> Numbered:
    return Numbered(titre=row["titre"], month=row["month"], line=row["line"], billed=line_of(row))


def corrected_shown(later: Iterable[Correction], days: Iterable[date]) -> list[dict[str, Any]]:
    """The later lines that correct some days of a line, and what they come to for these days."""
    wanted = list(days)
    return [
        {
            "titre": each.by.titre,
            "line": each.by.line,
            "quantity": sum(each.quantities.get(day, 0) for day in wanted),
            "amount_cents": each.cents_of(wanted),
            "days": sorted(set(wanted) & set(each.quantities)),
        }
        for each in later
        if any(day in each.quantities for day in wanted)
    ]


def titre_line_shown(row: Mapping[str, Any], household: Iterable[Numbered]) -> dict[str, Any]:
    """A row of a titre's lines, and what corrects it among the lines of its household."""
    of = _numbered(row)
    days = [day.day for day in of.billed.days]
    return {**row_shown(row), "corrected_by": corrected_shown(corrections(of, household), days)}


def titre_shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A titre, without its lines."""
    shown = ("titre", "household", "month", "total_cents", "position", "issued_on", "due_on", "issued_at")
    return {**{name: row[name] for name in shown}, "lines": row["lines"]}


def in_households(rows: Rows, households: tuple[HouseholdId, ...] | None) -> Iterator[dict[str, Any]]:
    """The rows of these households; of all of them for None."""
    return (row for row in rows if households is None or row["household"] in households)
