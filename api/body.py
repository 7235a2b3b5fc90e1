"""Reads a JSON body with nothing left to chance: what two parsers could read differently is refused before any model.

One pass of the standard decoder finds duplicate keys, which orjson and pydantic accept (6 µs for a demande of 8 days);
pydantic then reads the same text, so that strict types still accept an ISO day.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

import orjson
from fastapi import Request
from pydantic import RootModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from starlette.requests import ClientDisconnect

from api import french
from api.handlers import field_errors
from api.problems import Problem, retry_later

BODY: Final = "ardoise.body"
"""Where a door leaves the canonical bytes of the body in the scope of a request."""
MAX_BODY_BYTES: Final = 64 * 1024
BODY_SECONDS: Final = 10.0
MAX_DEPTH: Final = 16
MAX_SAFE: Final = 2**53
LONGEST_NUMBER: Final = 40
"""Characters of a number: more could only be a trap for the parser."""

RETRY_SECONDS: Final = 2
CLOSE: Final = {"Connection": "close"}
"""A body that was not read to its end leaves a connection nobody can use again."""


@dataclass(frozen=True, slots=True)
class SoundJson:
    """A body that was read once and for all: its text, what it says, and the canonical bytes that are hashed."""

    text: bytes
    value: Any
    canonical: bytes


def require_json(request: Request) -> None:
    """Refuse another format, another charset, or a compressed body, whose true size nobody knows."""
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().replace('"', "")
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    sound = media_type.strip().lower() == "application/json" and charset in ("", "charset=utf-8")
    if not sound or encoding != "identity":
        raise Problem("unsupported_media_type", headers=CLOSE)


def refuse_body(request: Request) -> None:
    """Refuse a body where none is expected."""
    length = request.headers.get("content-length", "0")
    if length != "0" or "transfer-encoding" in request.headers:
        raise Problem("unexpected_body", headers=CLOSE)


async def read_bytes(
    request: Request,
    *,
    most: int = MAX_BODY_BYTES,
    seconds: float = BODY_SECONDS,
    too_large: str = "body_too_large",
) -> bytes:
    """The body, bounded in size while it arrives (whatever its length claims) and in time."""
    declared = request.headers.get("content-length")
    if declared is not None and (len(declared) > 10 or int(declared) > most):
        raise Problem(too_large, headers=CLOSE)
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            async for chunk in request.stream():
                size += len(chunk)
                if size > most:
                    raise Problem(too_large, headers=CLOSE)
                chunks.append(chunk)
    except TimeoutError as late:
        raise Problem("body_too_slow", headers=CLOSE) from late
    except ClientDisconnect as gone:
        raise Problem("body_too_slow", headers=CLOSE) from gone
    return b"".join(chunks)


@dataclass(kw_only=True, slots=True, eq=False)
class RawBody:
    """A body that is a file: one of these media types, of so many bytes at most, arrived within so many seconds.

    A route depends on it as on any value; the door has read it by then. Few are handled at once, one of each account:
    a file takes long to come, and those who send nothing but a question do not wait behind it.
    """

    admits: Callable[[Request], Awaitable[None]]
    """Raises the problem of whoever may not send one: not one byte of theirs is waited for."""

    media_types: frozenset[str]
    most_bytes: int
    seconds: float
    most_at_once: int
    senders: set[Hashable] = field(default_factory=set, init=False)
    """Whose files are handled now."""

    @contextmanager
    def turn(self, sender: Hashable) -> Iterator[None]:
        """The one place of a sender among those that are handled; refused with Retry-After when there is none."""
        if sender in self.senders or len(self.senders) >= self.most_at_once:
            problem = retry_later("overloaded", seconds=RETRY_SECONDS)
            problem.headers.update(CLOSE)
            raise problem
        self.senders.add(sender)
        try:
            yield
        finally:
            self.senders.remove(sender)

    async def read(self, request: Request) -> bytes:
        """The bytes, for the door; what they are is the resource's business."""
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        encoding = request.headers.get("content-encoding", "identity").strip().lower()
        if media_type not in self.media_types or encoding != "identity":
            raise Problem("document_type_refused", headers=CLOSE)
        return await read_bytes(request, most=self.most_bytes, seconds=self.seconds, too_large="document_too_large")

    async def __call__(self, request: Request) -> bytes:
        """The bytes, for the resource."""
        content: bytes = request.scope[BODY]
        return content


def parse(text: bytes) -> SoundJson:
    """Read a JSON document that means one thing only, or raise the problem that says what is wrong with it."""
    if not text.strip():
        raise Problem("invalid_json", detail=french.BODY_EMPTY)
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Problem("invalid_json", detail=french.BODY_NOT_UTF8) from error
    try:
        value = DECODER.decode(decoded)
    except RecursionError as error:
        raise Problem("invalid_json", detail=french.BODY_TOO_DEEP) from error
    except ValueError as error:
        raise Problem("invalid_json") from error
    if decoded.count("[") + decoded.count("{") > MAX_DEPTH:
        refuse_depth(value)
    if "\\u" in decoded:
        refuse_characters(value)
    return SoundJson(text, value, orjson.dumps(value, option=orjson.OPT_SORT_KEYS))


def refuse_depth(value: Any) -> None:
    """Refuse a document nested beyond what any of our bodies needs."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in children(outer) if isinstance(inner, dict | list)]
    if level:
        raise Problem("invalid_json", detail=french.BODY_TOO_DEEP)


def children(container: dict[str, Any] | list[Any]) -> Iterable[Any]:
    """What one JSON object or array holds."""
    return container.values() if isinstance(container, dict) else container


def refuse_characters(value: Any) -> None:
    """Refuse NUL, which PostgreSQL cannot store, and lone surrogates, which UTF-8 cannot; only escapes bring them."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting.extend(item)
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, str) and not is_sound_text(item):
            raise Problem("invalid_json", detail=french.BODY_FORBIDDEN_CHARACTER)


def is_sound_text(text: str) -> bool:
    """Whether a text can be stored: no NUL, and nothing UTF-8 refuses."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return "\x00" not in text


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Problem("invalid_json", detail=french.BODY_DUPLICATE_KEY)
    return found


def _integer(text: str) -> int:
    if len(text) > LONGEST_NUMBER or abs(number := int(text)) > MAX_SAFE:
        raise Problem("invalid_json", detail=french.BODY_NUMBER_TOO_LARGE)
    return number


def _decimal(text: str) -> float:
    if len(text) > LONGEST_NUMBER or abs(number := float(text)) > MAX_SAFE:
        raise Problem("invalid_json", detail=french.BODY_NUMBER_TOO_LARGE)
    return number


def _constant(_: str) -> NoReturn:
    raise Problem("invalid_json", detail=french.BODY_NOT_A_NUMBER)


DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_decimal, parse_constant=_constant
)


class BodyReader:
    """Reads the body of one route into its model, and names only the fields the model has."""

    def __init__(self, annotation: Any) -> None:
        self.adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        self.known = frozenset(property_names(self.adapter.json_schema()))
        self.tagged = isinstance(annotation, type) and issubclass(annotation, RootModel)
        """One of several bodies, told apart by their `kind`."""

    async def read(self, request: Request) -> tuple[Any, SoundJson]:
        """The validated model and the document it came from; raises a `Problem` otherwise."""
        require_json(request)
        document = parse(await read_bytes(request))
        try:
            return self.adapter.validate_json(document.text), document
        except ValidationError as error:
            errors = error.errors(include_url=False, include_context=False, include_input=False)
            if self.tagged:
                errors = [_untagged(each) for each in errors]
            raise Problem("invalid_request", errors=field_errors("body", errors, self.known)) from None


def _untagged(error: ErrorDetails) -> ErrorDetails:
    """The same error where a client reads it: a kind is a field, not a place."""
    location = ("kind",) if error["type"].startswith("union_tag_") else error["loc"][1:]
    return {**error, "loc": location}


def property_names(schema: Any) -> set[str]:
    """Every property name a JSON schema mentions, at any depth."""
    names: set[str] = set()
    if isinstance(schema, dict):
        properties = schema.get("properties")
        if isinstance(properties, dict):
            names.update(properties)
        for inner in schema.values():
            names |= property_names(inner)
    elif isinstance(schema, list):
        for inner in schema:
            names |= property_names(inner)
    return names
