"""The charts of a what-if: SVG drawn by hand, as wide as the page that shows it, with letters that keep their size.

Lengths across are in percent, so that a telephone draws the bars shorter and the words as large.
"""

from collections.abc import Sequence
from html import escape
from itertools import count
from textwrap import wrap
from typing import Final, Literal, NamedTuple

from ledger.identifiers import Month

Kind = Literal["real", "here", "less", "same", "more"]
"""How a bar looks: a class of the page's style; `more` is hatched too, for who tells no colour apart."""

LEFT: Final = 14.0
"""Where the bars of months begin, in percent: words of the scale stand before."""
WIDEST: Final = 70.0
"""The longest bar of a list: what it comes to is written after it."""
HIGH: Final = 200
LETTERS: Final = 46
"""Of a label in one line, on a telephone."""
FEW_MONTHS, YEAR = 5, 12
SHORT: Final = ("janv", "févr", "mars", "avr", "mai", "juin", "juil", "août", "sept", "oct", "nov", "déc")


class Bar(NamedTuple):
    """So much of something, and how it is written."""

    amount: int
    text: str
    kind: Kind


class Row(NamedTuple):
    """A label, and its bars one under another."""

    label: str
    bars: Sequence[Bar]


HATCHING: Final = (
    '<svg class="patterns" width="0" height="0" aria-hidden="true"><defs>'
    '<pattern id="hatched" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="6" height="6" class="hatch-ground"/><rect width="2.2" height="6" class="hatch"/></pattern>'
    "</defs></svg>"
)


def listed(rows: Sequence[Row], *, title: str, name: str) -> str:
    """Bars that lie, each list under its label."""
    most = max((bar.amount for row in rows for bar in row.bars), default=0) or 1
    drawn: list[str] = []
    top = 0
    for row in rows:
        for line in wrap(row.label, LETTERS) or [""]:
            top += 18
            drawn.append(f'<text x="0" y="{top - 4}">{escape(line)}</text>')
        for bar in row.bars:
            width = WIDEST * max(bar.amount, 0) / most
            drawn.append(f'<rect class="{bar.kind}" x="0" y="{top + 1}" width="{width:.3f}%" height="15" rx="1.5"/>')
            drawn.append(f'<text class="value" x="{width:.3f}%" dx="6" y="{top + 13}">{escape(bar.text)}</text>')
            top += 18
        top += 12
    return _drawing("".join(drawn), top, title=title, name=name)


def by_month(months: Sequence[tuple[Month, Bar, Bar]], *, title: str, name: str) -> str:
    """Bars that stand, two a month, with a scale."""
    most = max((bar.amount for _, *bars in months for bar in bars), default=0)
    step = _step(most)
    top_of_scale = max(step, -(-most // step) * step)
    each = (100 - LEFT) / len(months)
    drawn = [_line_of_scale(value, top_of_scale) for value in range(0, top_of_scale + 1, step)]
    for place, (_, *bars) in enumerate(months):
        begins = LEFT + place * each
        for second, bar in enumerate(bars):
            height = HIGH * max(bar.amount, 0) / top_of_scale
            x, y, width = begins + each * (0.1 + 0.41 * second), 20 + HIGH - height, each * 0.38
            drawn.append(
                f'<rect class="{bar.kind}" x="{x:.3f}%" y="{y:.2f}" width="{width:.3f}%" height="{height:.2f}">'
                f"<title>{escape(bar.text)}</title></rect>"
            )
        for line, said in enumerate(_month_said(months, place)):
            y = 20 + HIGH + 16 + 15 * line
            drawn.append(f'<text class="under" x="{begins + each / 2:.3f}%" y="{y}">{escape(said)}</text>')
    return _drawing("".join(drawn), 20 + HIGH + 38, title=title, name=name)


def histogram(bars: Sequence[Bar], edges: Sequence[str], ends: tuple[str, str], *, title: str, name: str) -> str:
    """Bars that stand side by side, with what is between them; and what the left and the right of it are."""
    most = max((bar.amount for bar in bars), default=0) or 1
    each = 100 / len(bars)
    bottom = 24 + HIGH
    drawn = [f'<line class="ground" x1="0" x2="100%" y1="{bottom}" y2="{bottom}"/>']
    for place, bar in enumerate(bars):
        height = HIGH * bar.amount / most
        middle = (place + 0.5) * each
        drawn.append(
            f'<rect class="{bar.kind}" x="{(place + 0.07) * each:.3f}%" y="{bottom - height:.2f}" '
            f'width="{each * 0.86:.3f}%" height="{height:.2f}"/>'
        )
        if bar.amount:
            y = bottom - height - 6
            drawn.append(f'<text class="under value" x="{middle:.3f}%" y="{y:.2f}">{escape(bar.text)}</text>')
    for place, edge in enumerate(edges, start=1):
        # On a telephone there is room for every other one, from both ends on.
        kind = "under" if min(place, len(bars) - place) % 2 else "under spare"
        drawn.append(f'<text class="{kind}" x="{place * each:.3f}%" y="{bottom + 16}">{escape(edge)}</text>')
    less, more = ends
    drawn.append(f'<text x="0" y="{bottom + 38}">{escape(less)}</text>')
    drawn.append(f'<text class="end" x="100%" y="{bottom + 38}">{escape(more)}</text>')
    return _drawing("".join(drawn), bottom + 46, title=title, name=name)


def _line_of_scale(value: int, top_of_scale: int) -> str:
    y = 20 + HIGH - HIGH * value / top_of_scale
    said = f"{value // 100:,}".replace(",", "\u202f") + "\u00a0€"
    return (
        f'<line class="{"scale" if value else "ground"}" x1="0" x2="100%" y1="{y:.2f}" y2="{y:.2f}"/>'
        f'<text class="scale" x="0" y="{y - 4:.2f}">{said}</text>'
    )


def _step(most: int) -> int:
    """Between two lines of a scale of four or so: 1, 2 or 5 euros, tens, and so on."""
    for power in count():
        for first in (1, 2, 5):
            step = int(first * 10**power) * 100
            if step * 5 >= most:
                return step
    raise AssertionError


def _month_said(months: Sequence[tuple[Month, Bar, Bar]], place: int) -> tuple[str, str]:
    """Under a month, its name or its initial; under it the year, where it begins."""
    month = months[place][0]
    name = SHORT[int(month[5:]) - 1]
    year = month[:4] if place == 0 or month.endswith("-01") or len(months) <= FEW_MONTHS else ""
    return (name if len(months) <= YEAR else name[0].upper()), year


def _drawing(inside: str, height: int, *, title: str, name: str) -> str:
    return (
        f'<svg role="img" aria-labelledby="{name}-said" width="100%" height="{height}" '
        f'xmlns="http://www.w3.org/2000/svg"><title id="{name}-said">{escape(title)}</title>{inside}</svg>'
    )
