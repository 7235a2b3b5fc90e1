"""A what-if as a page for the council: one document, nothing fetched, no script; read aloud, printed, kept."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from html import escape
from typing import Final

from api import french_what_if as french
from api import french_what_if_page as said
from api import french_what_if_tables as tables
from api.french_bill_job import number
from api.french_bills import amount
from api.what_if_charts import HATCHING, Bar, Kind, Row, by_month, histogram, listed
from replay.what_if.report import Class, Report

_STYLE: Final = """
:root { color-scheme: light; --ink: #1b1f24; --soft: #4a5460; --line: #c9d0d8; --real: #93a1b0; --here: #1f4e79;
  --less: #2a6fb0; --same: #b4bcc6; --more: #b4540a; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { font: 17px/1.55 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: var(--ink); background: #fff;
  max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 2rem; line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.35rem; line-height: 1.3; margin: 3rem 0 1rem; padding-bottom: .3rem;
  border-bottom: 2px solid var(--here); }
p { margin: .6rem 0; }
header p { color: var(--soft); margin: 0; font-size: 1.1rem; }
.first { font-size: 1.2rem; margin-top: 1.5rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(13rem, 1fr)); gap: 1rem; margin: 1.5rem 0;
  padding: 0; list-style: none; }
.cards li { border: 1px solid var(--line); border-top: 4px solid var(--here); border-radius: 4px; padding: .8rem 1rem; }
.cards strong { display: block; font-size: 1.6rem; line-height: 1.3; }
.warning { border-left: 5px solid var(--more); background: #fdf3ea; padding: .7rem 1rem; }
nav ul { columns: 2; column-gap: 2rem; padding-left: 1.2rem; }
a { color: #174a7c; }
a:focus-visible { outline: 3px solid var(--more); outline-offset: 2px; }
figure { margin: 1rem 0 1.5rem; }
figcaption { color: var(--soft); margin-bottom: .6rem; }
figure svg { display: block; overflow: visible; font: 14px/1 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
text { fill: var(--ink); }
.value { font-weight: 600; }
.under { text-anchor: middle; font-size: 12px; } .end { text-anchor: end; }
text.scale { font-size: 11px; fill: var(--soft); paint-order: stroke; stroke: #fff; stroke-width: 3px; }
line.scale { stroke: #e3e7ec; }
line.ground { stroke: #5b6672; }
.patterns { position: absolute; }
.real { fill: var(--real); } .here { fill: var(--here); } .less { fill: var(--less); } .same { fill: var(--same); }
.more { fill: url(#hatched); stroke: var(--more); }
.hatch-ground { fill: #f3d3b6; } .hatch { fill: var(--more); }
.key { display: flex; flex-wrap: wrap; gap: .3rem 1.4rem; list-style: none; padding: 0; margin: 0 0 .8rem; }
.key svg { display: inline-block; vertical-align: -2px; margin-right: .4rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .94rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: .4rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid var(--line); }
thead th { border-bottom: 2px solid #5b6672; }
.n { text-align: right; white-space: nowrap; }
tbody tr:last-child.total > * { font-weight: 700; border-top: 2px solid #5b6672; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .4rem 1.2rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
code { font: .92em ui-monospace, "DejaVu Sans Mono", monospace; }
@media (max-width: 40rem) { .spare { display: none; }
  body { font-size: 16px; padding: 1.5rem 1rem 3rem; } h1 { font-size: 1.6rem; }
  nav ul { columns: 1; } dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .7rem; } }
@page { size: A4; margin: 16mm 15mm; }
@media print { body { padding: 0; max-width: none; font-size: 10.5pt; } nav { display: none; }
  h2 { break-after: avoid; margin-top: 1.8rem; } figure, tr, .cards, .warning { break-inside: avoid; }
  thead { display: table-header-group; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""
_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'"
)
_SECTIONS: Final = {
    "mois": tables.MONTHS_TITLE,
    "tranches": tables.GROUPS_TITLE,
    "foyers": tables.CLASSES_TITLE,
    "ecarts": tables.LARGEST_TITLE,
    "demandes": tables.TURNED_TITLE,
    "manques": tables.MISSING_TITLE,
    "suppose": said.ASSUMED_TITLE,
    "inconnu": said.UNKNOWN_TITLE,
    "refaire": said.AGAIN_TITLE,
}
MOST_TURNED: Final = 12
"""Bars of what would have been answered otherwise; the table has all of it."""


def page(made: french.Made) -> str:
    """The whole document, in French. The same figures make the same page, letter for letter."""
    bodies = {
        "mois": _months(made.report),
        "tranches": _groups(made.report),
        "foyers": _classes(made.report),
        "ecarts": _largest(made.report),
        "demandes": _turned(made),
        "manques": _missing(made.report),
        "suppose": _points(said.assumed(made)),
        "inconnu": _points(said.UNKNOWN),
        "refaire": _again(made),
    }
    sections = "".join(
        f'<section aria-labelledby="{name}"><h2 id="{name}">{escape(_SECTIONS[name])}</h2>{body}</section>'
        for name, body in bodies.items()
        if body
    )
    links = "".join(
        f'<li><a href="#{name}">{escape(_SECTIONS[name])}</a></li>' for name, body in bodies.items() if body
    )
    title = escape(said.title(made, french.period(made)))
    return (
        '<!DOCTYPE html>\n<html lang="fr"><head><meta charset="utf-8"/>'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}"/>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>'
        f"<title>{title}</title><style>{_STYLE}</style></head><body>{HATCHING}"
        f"<header><h1>{title}</h1><p>{escape(said.subtitle(made))}</p></header><main>"
        f'<section aria-label="{said.ANSWER}">{_answer(made)}</section>'
        f'<nav aria-label="{said.CONTENTS}"><ul>{links}</ul></nav>{sections}</main></body></html>\n'
    )


def _answer(made: french.Made) -> str:
    report = made.report
    first, *others = french.summary(made)
    turned = sum(each.days for each in report.turned)
    cards = (
        (french.change(report.total.change), said.CARD_TOTAL),
        (f"{number(report.gainers)} / {number(report.losers)}", said.CARD_HOUSEHOLDS),
        (number(turned), said.CARD_TURNED),
    )
    shown = "".join(f"<li><strong>{escape(figure)}</strong>{escape(what)}</li>" for figure, what in cards)
    rest = "".join(f"<p{_WARNING if each == french.FEW else ''}>{escape(each)}</p>" for each in others)
    return f'<p class="first">{escape(first)}</p>{rest}<ul class="cards">{shown}</ul>'


_WARNING: Final = ' class="warning"'


def _months(report: Report) -> str:
    bars = [
        (month, Bar(money.real, amount(money.real), "real"), Bar(money.here, amount(money.here), "here"))
        for month, money in report.months
    ]
    chart = by_month(bars, title=said.MONTHS_CHART, name="mois-graphique")
    total = len(report.months) > 1
    return _figure(chart, said.MONTHS_CHART, _PAIR) + _table(
        tables.MONTHS_COLUMNS, tables.months_rows(report), total=total
    )


def _groups(report: Report) -> str:
    if not report.groups:
        return ""
    rows = [
        Row(
            f"{french.bracket(group.first_cents, group.end_cents, with_unknown=report.unknown_merged)} : "
            f"{french.change(group.money.change)}",
            (
                Bar(group.money.real, amount(group.money.real), "real"),
                Bar(group.money.here, amount(group.money.here), "here"),
            ),
        )
        for group in report.groups
    ]
    chart = listed(rows, title=said.GROUPS_CHART, name="tranches-graphique")
    merged = "".join(f"<p>{escape(each)}</p>" for each in french.merged_said(report))
    table = _table(tables.GROUPS_COLUMNS, tables.groups_rows(report))
    return _figure(chart, said.GROUPS_CHART, _PAIR) + merged + table


def _classes(report: Report) -> str:
    if not report.households:
        return ""
    bars = [Bar(found.households, number(found.households), _kind(found)) for found in report.classes]
    edges = [french.edge(found) for found in report.classes[1:]]
    chart = histogram(bars, edges, said.ENDS, title=said.CLASSES_CHART, name="foyers-graphique")
    table = _table(tables.CLASSES_COLUMNS, tables.classes_rows(report))
    return _figure(chart, said.CLASSES_CHART, _SIDES) + table


def _kind(found: Class) -> Kind:
    if found.first_cents is None or found.first_cents < 0:
        return "less"
    return "same" if found.first_cents == 0 else "more"


def _largest(report: Report) -> str:
    if not report.largest:
        return f"<p>{escape(french.NO_CHANGE)}</p>"
    return f"<p>{escape(said.PRIVACY)}</p>" + _table(tables.LARGEST_COLUMNS, tables.largest_rows(report), words=2)


def _turned(made: french.Made) -> str:
    if not made.report.turned:
        return f"<p>{escape(french.NOTHING_TURNED)}</p>"
    most = sorted(made.report.turned, key=lambda turned: -turned.days)[:MOST_TURNED]
    rows = []
    for each in most:
        why = french.why(each, made.rulebook)
        label = (
            f"{french.activity(each, made.rulebook)}, {french.ASKS[each.ask]} : "
            f"{french.BECAME[each.real]} → {french.BECAME[each.here]}{f' ({why})' if why else ''}"
        )
        rows.append(Row(label, (Bar(each.days, number(each.days), "here" if each.here == "approved" else "more"),)))
    chart = listed(rows, title=said.TURNED_CHART, name="demandes-graphique")
    table = _table(tables.TURNED_COLUMNS, tables.turned_rows(made.report, made.rulebook), words=5)
    return _figure(chart, said.TURNED_CHART, ()) + table


def _missing(report: Report) -> str:
    return _table(tables.MISSING_COLUMNS, tables.missing_rows(report)) if report.missing else ""


def _points(sentences: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(each)}</li>' for each in sentences)}</ul>"


def _again(made: french.Made) -> str:
    listed_ = "".join(
        f"<dt>{escape(name)}</dt><dd>{_code(value) if name in (said.DIGEST, said.COMMAND) else escape(value)}</dd>"
        for name, value in said.again(made)
    )
    return f"<p>{escape(said.AGAIN)}</p><dl>{listed_}</dl>"


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


_PAIR: Final[Sequence[tuple[Kind, str]]] = (("real", said.REAL), ("here", said.HERE))
_SIDES: Final[Sequence[tuple[Kind, str]]] = (("less", said.LESS), ("same", said.SAME), ("more", said.MORE))


def _figure(chart: str, caption: str, kinds: Sequence[tuple[Kind, str]]) -> str:
    key = "".join(
        f'<li><svg width="16" height="14" aria-hidden="true"><rect class="{kind}" x="1" y="1" width="14" height="12"/>'
        f"</svg>{escape(name)}</li>"
        for kind, name in kinds
    )
    shown = f'<ul class="key">{key}</ul>' if key else ""
    return f"<figure><figcaption>{escape(caption)}</figcaption>{shown}{chart}</figure>"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, words: int = 1, total: bool = False) -> str:
    """Its first columns are words, the others figures; the first of a line is its heading."""
    heads = "".join(f'<th scope="col"{_right(place, words)}>{escape(each)}</th>' for place, each in enumerate(columns))
    lines = list(_lines(rows, words))
    if total:
        lines[-1] = lines[-1].replace("<tr>", '<tr class="total">', 1)
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(said.FIGURES)}"><table>'
        f"<caption>{escape(said.FIGURES)}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _lines(rows: Iterable[Sequence[str]], words: int) -> Iterator[str]:
    for row in rows:
        cells = "".join(
            f'<th scope="row">{escape(text)}</th>' if not place else f"<td{_right(place, words)}>{escape(text)}</td>"
            for place, text in enumerate(row)
        )
        yield f"<tr>{cells}</tr>"


def _right(place: int, words: int) -> str:
    return ' class="n"' if place >= words else ""
