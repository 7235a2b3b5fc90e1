"""Where a list goes on, which version a command expects, and which past a question is about."""

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Final, TypeVar

import orjson
from fastapi import Depends, Header, Query, Request
from pydantic import BeforeValidator

from api import french_fields
from api.fields import MAX_NUMBER, Instant, read_digits
from api.problems import FieldError, Problem, invalid_field

Place = tuple[str | int, ...]
"""The values of the last row shown, in the order of the list."""

Row = TypeVar("Row")
Value = TypeVar("Value")

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200
MAX_CURSOR_LENGTH: Final = 512
CHECK_BYTES: Final = 6
TAG: Final = re.compile(r'(?P<weak>W/)?"(?P<opaque>[\x21\x23-\x7e]*)"')
MAX_TAGS: Final = 16


def write_cursor(kind: str, place: Sequence[str | int]) -> str:
    """An opaque name for a place in one kind of list; the check catches a cursor cut, edited or used elsewhere.

    It is no signature: whoever reads a cursor bounds what it says.
    """
    said = orjson.dumps(list(place))
    return base64.urlsafe_b64encode(_check(kind, said) + said).rstrip(b"=").decode()


def read_cursor(kind: str, text: str, shape: Sequence[type]) -> Place:
    """The place a cursor names; raises `invalid_cursor` unless it is one of this kind of list and of this shape."""
    if len(text) > MAX_CURSOR_LENGTH or not re.fullmatch(r"[A-Za-z0-9_-]+", text):
        raise Problem("invalid_cursor")
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        check, said = raw[:CHECK_BYTES], raw[CHECK_BYTES:]
        place: Any = orjson.loads(said) if check == _check(kind, said) else None
    except ValueError as error:
        raise Problem("invalid_cursor") from error
    if not isinstance(place, list) or [type(value) for value in place] != list(shape):
        raise Problem("invalid_cursor")
    if any(isinstance(value, int) and not 0 <= value <= MAX_NUMBER for value in place):
        raise Problem("invalid_cursor")
    return tuple(place)


def _check(kind: str, said: bytes) -> bytes:
    return hashlib.sha256(kind.encode() + b"\0" + said).digest()[:CHECK_BYTES]


@dataclass(frozen=True, slots=True)
class Page:
    """How much of a list is asked for, and from where."""

    limit: int
    cursor: str | None

    def after(self, kind: str, shape: Sequence[type]) -> Place | None:
        """The place the list goes on from; None at its beginning."""
        return None if self.cursor is None else read_cursor(kind, self.cursor, shape)

    def part(self, kind: str, found: list[Row], place: Callable[[Row], Place]) -> tuple[list[Row], str | None]:
        """The rows to show of those found, which were asked for with one more; the cursor of the rest, if any."""
        shown = found[: self.limit]
        return shown, write_cursor(kind, place(shown[-1])) if len(found) > self.limit else None


def read_place(read: Callable[[str], Value], said: str | int) -> Value:
    """One value of a place, read as anything that was sent; raises `invalid_cursor` where `read` a ValueError."""
    try:
        return read(str(said))
    except ValueError as error:
        raise Problem("invalid_cursor") from error


async def page(
    limit: Annotated[
        int, BeforeValidator(read_digits), Query(ge=1, le=MAX_LIMIT, description="Nombre de lignes, 200 au plus.")
    ] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | None, Query(max_length=MAX_CURSOR_LENGTH, description="`next` de la réponse précédente.")
    ] = None,
) -> Page:
    """The part of a list a query asks for."""
    return Page(limit, cursor)


PageAsked = Annotated[Page, Depends(page)]


def bounded_period(first: date, last: date, *, most_days: int) -> tuple[date, date]:
    """A period of a query, both ends included; refused when it is reversed or longer than that."""
    if last < first:
        raise invalid_field("query", "to", "period_expected")
    if (last - first).days > most_days:
        raise invalid_field("query", "to", "period_too_long")
    return first, last


async def as_of(
    as_of: Annotated[
        Instant | None,
        Query(
            description=(
                "Un instant passé : la réponse est celle d'alors, avec ce qui était connu. Les droits sont ceux "
                "d'aujourd'hui, et personne n'est nommé."
            )
        ),
    ] = None,
) -> datetime | None:
    """The instant whose knowledge a question is about, in UTC; None for now."""
    return as_of


AsOf = Annotated[datetime | None, Depends(as_of)]


@dataclass(frozen=True, slots=True)
class IfMatch:
    """The versions a command accepts its page to be at."""

    versions: frozenset[int]


def read_if_match(text: str) -> IfMatch | None:
    """The versions an If-Match names; None for `*`. A weak or foreign tag matches nothing, as RFC 9110 asks."""
    if text.strip() == "*":
        return None
    versions = set()
    tags = text.split(",")
    for tag in tags:
        found = TAG.fullmatch(tag.strip())
        if found is None or len(tags) > MAX_TAGS:
            error = FieldError(
                where="header", field="If-Match", code="wrong_form", detail=french_fields.IF_MATCH_EXPECTED
            )
            raise Problem("invalid_request", errors=(error,))
        opaque = found["opaque"]
        if not found["weak"] and re.fullmatch(r"0|[1-9][0-9]{0,15}", opaque):
            versions.add(int(opaque))
    return IfMatch(frozenset(versions))


async def if_match(
    request: Request,
    declared: Annotated[
        str | None,
        Header(alias="If-Match", description="Version attendue du dossier, lue dans `ETag`.", examples=['"42"']),
    ] = None,
) -> IfMatch | None:
    """The condition a command carries; None when it carries none."""
    given = request.headers.getlist("if-match")
    return read_if_match(", ".join(given)) if given and declared is not None else None


Expected = Annotated[IfMatch | None, Depends(if_match)]


async def refuse_if_match(request: Request) -> None:
    """Refuse a condition where no page is meant: a client that sends one counts on it."""
    if "if-match" in request.headers:
        raise invalid_field("header", "If-Match", "not_expected")


NothingExpected = Annotated[None, Depends(refuse_if_match)]
