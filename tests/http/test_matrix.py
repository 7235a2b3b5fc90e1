"""Every operation of the document, for everybody the table knows: the status, and not one byte of another's family."""

from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI

from api.authorisation import OPERATIONS, Mark, Rights
from api.door import PREFIX, open_doors
from api.service import ROUTERS
from tests.http.matrix import ABOUT, CALLERS, OTHERS, Cast
from tests.http.signed import until_signed
from tests.http.world import World
from tests.servers import Database

OPEN = {"GET /livez", "GET /readyz", "GET /metrics"}
CELLS = len(OPERATIONS) * len(CALLERS)


def documented(service: World) -> Iterator[str]:
    """The operations of the document, as the table names them."""
    for path, operations in service.http.get("/openapi.json").json()["paths"].items():
        for method in operations:
            yield f"{method.upper()} {path.removeprefix(PREFIX)}"


def test_every_operation_of_the_document_has_its_line_and_every_line_its_operation(service: World) -> None:
    assert set(documented(service)) - OPEN == set(OPERATIONS)


def test_a_route_without_a_line_does_not_start() -> None:
    rest = {name: rights for name, rights in OPERATIONS.items() if name != "GET /me"}
    with pytest.raises(LookupError, match="GET /me has no line"):
        open_doors(FastAPI(), ROUTERS, rest)


def test_the_matrix_has_a_thousand_cells() -> None:
    assert CELLS >= 1_000


def marked(rights: Rights, caller: str) -> Mark:
    """What the table says of a caller, or of the column they are held to."""
    held_to = OTHERS.get(caller, caller)
    return "no" if held_to == "no" else rights.marks[held_to]  # type: ignore[index]


def seen(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """What a stranger can compare: everything but the date and the correlation."""
    headers = {name: value for name, value in answer.headers.items() if name not in ("date", "x-request-id")}
    return answer.status_code, answer.content, headers


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_answers_each_as_the_table_says_and_tells_nothing_more(
    world: World, module_database: Database, operation: str
) -> None:
    rights = OPERATIONS[operation]
    cast, done = Cast.settle(world, module_database), False
    if "/entries" in operation or "/checkpoint" in operation:
        until_signed(world)
    for caller in sorted(CALLERS, key=lambda name: marked(rights, name) in ("yes", "custody")):
        mark = marked(rights, caller)
        answer = cast.send(rights, caller)
        where = f"{operation} for {caller}: {answer.status_code} {answer.text[:300]}"
        if mark == "no":
            assert answer.status_code == (401 if caller == "nobody" else 404), where
            if any(f"{{{name}}}" in operation for name in (*ABOUT, "number")):
                assert seen(answer) == seen(cast.send(rights, caller, unknown=True)), where
        elif mark == "custody":
            assert "custody" in answer.text, where
            assert answer.status_code in (200, 409), where
        elif caller == "unknown account" and answer.status_code == 404:
            pass  # an account nobody knows has nothing of its own to be answered with
        else:
            # A command that one caller did may be refused to the next; a question never is.
            refusable = mark == "own" or (done and not operation.startswith("GET"))
            assert answer.is_success or (refusable and answer.status_code in (409, 422)), where
            done = done or mark == "yes"
        told = answer.text + " ".join(f"{name}: {value}" for name, value in answer.headers.items())
        asked = str(answer.request.url)
        leaked = [secret for secret in cast.secrets(caller, mark) if secret in told and secret not in asked]
        assert leaked == [], where
