"""The one door of every resource under /v1: who calls, for which town, with which question, in which words.

In this order, so that a stranger learns nothing and costs little: path, token, town, role, query string, purpose, body,
then the resource. What shows something of a family leaves its line in the access log before it is answered.

A resource declares its body as a plain `StrictModel` parameter, or as a `RawBody` it depends on; the schema is
FastAPI's, the reading is ours.
"""

from collections.abc import Callable, Coroutine, Iterable, Mapping
from enum import Enum
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi import APIRouter, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.convertors import Convertor, register_url_convertor

from api import access, french_fields
from api.authorisation import Rights
from api.body import BODY, BodyReader, RawBody, SoundJson, is_sound_text, refuse_body
from api.problems import FieldError, Problem, not_found
from api.tokens import CALLER, Caller, TokenChecker
from api.trace import trace_of


class Digits(Convertor[str]):
    """A number in a path, `{number:digits}`: so that `/demandes/preview` is never taken for a demande."""

    regex = "[0-9]+"

    def convert(self, value: str) -> str:
        """As it is: the resource reads it, and bounds it."""
        return value

    def to_string(self, value: str) -> str:
        """As it is."""
        return value


register_url_convertor("digits", Digits())

PREFIX: Final = "/v1/{commune}"
RIGHTS: Final = "ardoise.rights"
"""Where the door leaves the line of the table the operation stands on."""
FIRST_REFUSAL: Final = 300
LONGEST_SEGMENT: Final = 200
LONGEST_QUERY: Final = 4096
LONGEST_VALUE: Final = 1024
MOST_PARAMETERS: Final = 32


class ReadRequest(Request):
    """A request whose body has been read and validated: FastAPI receives the model itself and has nothing to parse."""

    def __init__(self, request: Request, model: Any, document: SoundJson) -> None:
        super().__init__(request.scope, request.receive)
        self._model = model
        self._document = document

    async def body(self) -> bytes:
        """The bytes that were read."""
        return self._document.text

    async def json(self) -> Any:
        """The validated model."""
        return self._model


class Door(APIRoute):
    """A route that lets nothing in before it has been recognised, bounded and read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Put the checks in front of FastAPI's own handling."""
        handler = super().get_route_handler()
        reader = None if self.body_field is None else BodyReader(self.body_field.field_info.annotation)
        raw = next((found.call for found in self.dependant.dependencies if isinstance(found.call, RawBody)), None)
        parameters = frozenset(query_names(self.dependant))
        operation = operation_of(self)

        async def enter(request: Request) -> Response:
            refuse_unsound_path(request)
            caller = await recognise(request)
            rights: Rights = request.app.state.rights[operation]
            if not rights.admits(caller.role):
                raise not_found()
            request.scope[RIGHTS] = rights
            refuse_unsound_query(request.scope["query_string"], parameters)
            if not rights.reads:
                return await answered(request)
            purpose = access.purpose_of(request, caller.role, rights)
            response = await answered(request)
            if response.status_code < FIRST_REFUSAL:
                await access.note(request, caller, rights, purpose)
            return response

        async def answered(request: Request) -> Response:
            if raw is not None:
                await raw.admits(request)
                caller: Caller = request.scope[CALLER]
                with raw.turn((caller.commune, caller.subject)):
                    request.scope[BODY] = await raw.read(request)
                    return await handler(request)
            if reader is None:
                refuse_body(request)
                return await handler(request)
            model, document = await reader.read(request)
            request.scope[BODY] = document.canonical
            return await handler(ReadRequest(request, model, document))

        return enter


def query_names(dependant: Dependant) -> set[str]:
    """The query parameters a route reads, its dependencies included."""
    names = {field.alias for field in dependant.query_params}
    return names.union(*(query_names(inner) for inner in dependant.dependencies))


def doors(*tags: str | Enum) -> APIRouter:
    """A router for the resources of a town, under these tags: its paths begin after the town, as in `/demandes`."""
    return APIRouter(prefix=PREFIX, route_class=Door, tags=list(tags), redirect_slashes=False)


def operation_of(route: APIRoute) -> str:
    """The operation of a route as the table names it: `GET /children/{child}`."""
    assert route.methods, "a route has one method"
    [method] = route.methods
    return f"{method} {route.path_format.removeprefix(PREFIX)}"


def open_doors(app: FastAPI, routers: Iterable[APIRouter], rights: Mapping[str, Rights]) -> None:
    """Put the routes of these routers on an application, flat: one pass finds a route, and its path is whole.

    Raises LookupError for a route without a line in the table.
    """
    app.state.rights = rights
    for router in routers:
        for route in router.routes:
            assert isinstance(route, Door)
            if operation_of(route) not in rights:
                raise LookupError(f"{operation_of(route)} has no line in the table of api/authorisation.py")
            if rights[operation_of(route)].reads:
                route.openapi_extra = {"parameters": [access.header()]}
            app.router.routes.append(route)


def refuse_unsound_path(request: Request) -> None:
    """A path with NUL, a control character or bytes that are not UTF-8 names nothing."""
    path: str = request.scope["path"]
    sound = path.isprintable() and "\ufffd" not in path and is_sound_text(path)
    if not sound or any(len(segment) > LONGEST_SEGMENT for segment in path.split("/")):
        raise not_found()


async def recognise(request: Request) -> Caller:
    """Check the token; another town than its own does not exist."""
    checker: TokenChecker = request.app.state.tokens
    caller = await checker.authenticate(request)
    trace = trace_of(request.scope)
    trace.client, trace.role = caller.client, caller.role
    if request.path_params.get("commune") != caller.commune:
        raise not_found()
    request.scope[CALLER] = caller
    return caller


def refuse_unsound_query(raw: bytes, accepted: frozenset[str]) -> None:
    """Refuse unknown, repeated, over-long and unsound parameters, named only when the name is ours."""
    if not raw:
        return
    try:
        text = raw.decode("ascii") if len(raw) <= LONGEST_QUERY else "&" * LONGEST_QUERY
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_PARAMETERS)
    except ValueError as error:
        raise _wrong("*", "unreadable", french_fields.QUERY_FORBIDDEN_CHARACTER) from error
    seen: set[str] = set()
    for name, value in pairs:
        if name not in accepted:
            raise _wrong("*", "unknown_parameter", french_fields.accepted_parameters(sorted(accepted)))
        if name in seen:
            raise _wrong(name, "repeated", french_fields.QUERY_REPEATED)
        if len(value) > LONGEST_VALUE:
            raise _wrong(name, "too_long", french_fields.QUERY_TOO_LONG)
        if not is_sound_text(value):
            raise _wrong(name, "unreadable", french_fields.QUERY_FORBIDDEN_CHARACTER)
        seen.add(name)


def _wrong(field: str, code: str, detail: str) -> Problem:
    return Problem("invalid_request", errors=(FieldError(where="query", field=field, code=code, detail=detail),))
