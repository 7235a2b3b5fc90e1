"""A family's own file as a page: one document, nothing fetched, that is read aloud, printed and kept."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from html import escape
from typing import Any, Final

from api.french_export import COLUMNS, CONTENTS, EMPTY, INTRODUCTION, NO, SECTIONS, TITLE, YES
from commands.town_days import PARIS

Row = Mapping[str, Any]

_STYLE: Final = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 70rem; margin: 0 auto;
  padding: 2rem 1.5rem; }
h1 { font-size: 1.9rem; margin: 0 0 .5rem; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .75rem; border-bottom: 2px solid #1f4e79; padding-bottom: .25rem; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border: 1px solid #767676;
  overflow-wrap: anywhere; }
th { background: #eef3f8; }
a { color: #1f4e79; }
nav ul { columns: 2; padding-left: 1.2rem; }
@media print { body { padding: 0; max-width: none; font-size: 11pt; } nav { display: none; }
  h2 { break-after: avoid; } tr { break-inside: avoid; } thead { display: table-header-group; } }
"""


def page(sections: Mapping[str, Sequence[Row]], made: str) -> str:
    """The whole document, in French."""
    items = "".join(f'<li><a href="#{name}">{escape(SECTIONS[name])}</a></li>' for name in sections)
    names = {row["person"]: row["name"] for row in sections.get("people", ()) if row["name"]}
    body = "".join(
        _section(name, rows if name == "people" else [_named(row, names) for row in rows])
        for name, rows in sections.items()
    )
    return (
        '<!DOCTYPE html>\n<html lang="fr"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(TITLE)}</title><style>{_STYLE}</style></head><body>"
        f"<header><h1>{escape(TITLE)}</h1><p>{escape(INTRODUCTION)}</p><p>{escape(made)}</p></header>"
        f'<nav aria-labelledby="sommaire"><h2 id="sommaire">{escape(CONTENTS)}</h2><ul>{items}</ul></nav>'
        f"<main>{body}</main></body></html>\n"
    )


def _named(row: Row, names: Mapping[str, str]) -> Row:
    """The row with people called as the first table calls them."""
    if "person" not in row:
        return row
    people = row["person"] if isinstance(row["person"], list | tuple) else [row["person"]]
    return {**row, "person": [names.get(person, person) for person in people]}


def _section(name: str, rows: Sequence[Row]) -> str:
    head = f'<section aria-labelledby="{name}"><h2 id="{name}">{escape(SECTIONS[name])}</h2>'
    if not rows:
        return f"{head}<p>{escape(EMPTY)}</p></section>"
    columns = list(dict.fromkeys(column for row in rows for column in row))
    titles = "".join(f'<th scope="col">{escape(COLUMNS[column])}</th>' for column in columns)
    lines = "".join(_line(columns, row) for row in rows)
    return f"{head}<table><thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table></section>"


def _line(columns: Sequence[str], row: Row) -> str:
    cells = "".join(f"<td>{_cell(column, row.get(column))}</td>" for column in columns)
    return f"<tr>{cells}</tr>"


def _cell(column: str, value: Any) -> str:
    said = escape(" · ".join(_texts(value)))
    return f'<a href="{said}">{said}</a>' if column == "document" and said else said


def _texts(value: Any) -> Iterator[str]:
    match value:
        case None:
            return
        case bool():
            yield YES if value else NO
        case datetime():
            yield value.astimezone(PARIS).strftime("%d/%m/%Y %H:%M")
        case date():
            yield value.strftime("%d/%m/%Y")
        case list() | tuple():
            for each in value:
                yield from _texts(each)
        case _:
            yield str(value)
