"""Sets a page: what it says goes in as data, a PDF comes out that is tagged for screen readers (PDF/UA-1).

What people wrote never becomes markup: a template reads one JSON text and prints its strings as they are. No font and
no file of the machine is looked at, so that the same data give the same bytes everywhere.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, get_args

import orjson
import typst

from api.billing.paper.letters import shown

Template = Literal["invoice", "certificate"]

_TEMPLATES: Final = Path(__file__).parent / "templates"
_SHARED: Final = "common"
_IMPORTED: Final = f'#import "{_SHARED}.typ": *'
_NOON: Final = 12


def _read(name: str) -> str:
    return (_TEMPLATES / f"{name}.typ").read_text(encoding="utf-8")


_SOURCES: Final = {name: _read(name).replace(_IMPORTED, _read(_SHARED)).encode() for name in get_args(Template)}
"""Read with the code: a service that runs sets its own pages, whatever an upgrade has put in the place of the files."""


@cache
def _fonts() -> typst.Fonts:
    """Those that come with Typst: read once."""
    return typst.Fonts(include_system_fonts=False)


def _compiler(template: Template, said: Mapping[str, Any]) -> typst.Compiler:
    """One a page, since a compiler serves one thread at a time; it costs a third of a millisecond."""
    data = orjson.dumps(_printable(said)).decode()
    return typst.Compiler(
        _SOURCES[template],
        root=_TEMPLATES,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"data": data},
        package_path=_TEMPLATES,
        package_cache_path=_TEMPLATES,
    )


def as_pdf(template: Template, said: Mapping[str, Any], *, made_on: date) -> bytes:
    """The document, dated of a day of the town's and never of the clock: the same bytes each time it is asked for."""
    dated = {**said, "made_on": [made_on.year, made_on.month, made_on.day]}
    noon = datetime(made_on.year, made_on.month, made_on.day, _NOON, tzinfo=UTC)
    made = _compiler(template, dated).compile(format="pdf", pdf_standards=["ua-1"], timestamp=noon)
    assert isinstance(made, bytes)
    return made


def as_images(template: Template, said: Mapping[str, Any], *, made_on: date, ppi: int = 110) -> list[bytes]:
    """The same pages as PNG images, to be looked at."""
    dated = {**said, "made_on": [made_on.year, made_on.month, made_on.day]}
    made = _compiler(template, dated).compile(format="png", ppi=ppi)
    return [made] if isinstance(made, bytes) else list(made or [])


def _printable(said: Any) -> Any:
    """The same data, every text of it printable."""
    if isinstance(said, str):
        return shown(said)
    if isinstance(said, Mapping):
        return {name: _printable(value) for name, value in said.items()}
    if isinstance(said, list | tuple):
        return [_printable(value) for value in said]
    return said
