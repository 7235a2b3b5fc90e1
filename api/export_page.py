"""A family's own file as a page: one document, nothing fetched, that is read aloud, printed and kept."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from api.export_words import Wording
from api.french_export import COLUMNS, CONTENTS, EMPTY, INTRODUCTION, SECTIONS, TITLE

Row = Mapping[str, Any]

_STYLE: Final = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 70rem; margin: 0 auto;
  padding: 2rem 1.5rem; }
h1 { font-size: 1.9rem; margin: 0 0 .5rem; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .75rem; border-bottom: 2px solid #1f4e79; padding-bottom: .25rem; }
section { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border: 1px solid #767676;
  overflow-wrap: break-word; hyphens: manual; }
th { background: #eef3f8; }
a { color: #1f4e79; }
nav ul { columns: 2; padding-left: 1.2rem; }
@media print { body { padding: 0; max-width: none; font-size: 11pt; } nav { display: none; }
  h2 { break-after: avoid; } tr { break-inside: avoid; } thead { display: table-header-group; } }
"""


def page(sections: Mapping[str, Sequence[Row]], made: str, wording: Wording) -> str:
    """The whole document, in French."""
    items = "".join(f'<li><a href="#{name}">{escape(SECTIONS[name])}</a></li>' for name in sections)
    shown = {**sections, "people": [_introduced(row, wording) for row in sections.get("people", ())]}
    body = "".join(_section(name, rows, wording) for name, rows in shown.items())
    return (
        '<!DOCTYPE html>\n<html lang="fr"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(TITLE)}</title><style>{_STYLE}</style></head><body>"
        f"<header><h1>{escape(TITLE)}</h1><p>{escape(INTRODUCTION)}</p><p>{escape(made)}</p></header>"
        f'<nav aria-labelledby="sommaire"><h2 id="sommaire">{escape(CONTENTS)}</h2><ul>{items}</ul></nav>'
        f"<main>{body}</main></body></html>\n"
    )


def _introduced(row: Row, wording: Wording) -> Row:
    """Somebody as the other tables call them, with the identifier that the other commands ask for at the end."""
    others = {name: value for name, value in row.items() if name not in ("person", "name")}
    return {"name": wording.names[row["person"]], **others, "identifier": row["person"]}


def _section(name: str, rows: Sequence[Row], wording: Wording) -> str:
    head = f'<section aria-labelledby="{name}"><h2 id="{name}">{escape(SECTIONS[name])}</h2>'
    if not rows:
        return f"{head}<p>{escape(EMPTY)}</p></section>"
    columns = list(dict.fromkeys(column for row in rows for column in row))
    titles = "".join(f'<th scope="col">{escape(COLUMNS[column])}</th>' for column in columns)
    lines = "".join(_line(columns, row, wording) for row in rows)
    return f"{head}<table><thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table></section>"


def _line(columns: Sequence[str], row: Row, wording: Wording) -> str:
    cells = "".join(f"<td>{_cell(column, row, wording)}</td>" for column in columns)
    return f"<tr>{cells}</tr>"


def _cell(column: str, row: Row, wording: Wording) -> str:
    said = escape(" · ".join(wording.texts(column, row)))
    return f'<a href="{said}">{said}</a>' if column == "document" and said else said
