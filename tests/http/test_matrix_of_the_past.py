"""Everybody the table knows, asking about the past: as blind as about the present."""

import httpx
import pytest

from api.authorisation import OPERATIONS, Rights
from tests.http.matrix import ABOUT, CALLERS, Cast
from tests.http.test_as_of import patiently
from tests.http.test_matrix import marked, seen
from tests.http.world import World
from tests.servers import Database

OF_THE_PAST = (
    "GET /households",
    "GET /households/{household}",
    "GET /households/{household}/guardians",
    "GET /households/{household}/members",
    "GET /households/{household}/contacts",
    "GET /households/{household}/keys",
    "GET /households/{household}/custody",
    "GET /households/{household}/quotients",
    "GET /households/{household}/tariff-status",
    "GET /households/{household}/account",
    "GET /households/{household}/payments",
    "GET /households/{household}/mandate",
    "GET /payments",
    "GET /households/{household}/tax-certificates/{year}",
    "GET /children/{child}",
    "GET /children/{child}/enrolments",
    "GET /children/{child}/meals",
    "GET /children/{child}/calendar",
    "GET /demandes",
    "GET /demandes/{number}",
    "GET /activities/{activity}/day-sheet",
    "GET /rulebook",
    "GET /rulebook/versions",
    "GET /rulebook/versions/{version}",
    "GET /activities",
    "GET /activities/{activity}/places",
    "GET /closures",
    "GET /billing",
    "GET /billing/{month}",
    "GET /billing/{month}/lines",
    "GET /billing/{month}/lines.csv",
    "GET /billing/{month}/totals.csv",
    "GET /billing/{month}/titres",
    "GET /collections",
    "GET /collections/{collection}",
    "GET /titres/{number}",
    "GET /titres/{number}/lines/{line}",
    "GET /households/{household}/titres",
    "GET /children/{child}/entries/{line}/invoice-lines",
)


def asked(cast: Cast, rights: Rights, caller: str, *, unknown: bool = False) -> httpx.Response:
    """The answer about the present instant, as the past tells it."""
    now = cast.world.clock.instant.isoformat()
    return patiently(lambda: cast.send(rights, caller, unknown=unknown, as_of=now))


def test_these_operations_take_an_instant_and_no_other_does(service: World) -> None:
    paths = service.http.get("/openapi.json").json()["paths"]
    taking = {
        f"{method.upper()} {path.removeprefix('/v1/{commune}')}"
        for path, operations in paths.items()
        for method, operation in operations.items()
        if "as_of" in {parameter["name"] for parameter in operation.get("parameters", ())}
    }
    assert set(OF_THE_PAST) <= taking
    assert not [operation for operation in taking if not operation.startswith("GET ")]


@pytest.mark.parametrize("operation", OF_THE_PAST)
def test_the_past_answers_each_as_the_present_does_and_names_nobody(
    world: World, module_database: Database, operation: str
) -> None:
    rights, cast = OPERATIONS[operation], Cast.settle(world, module_database)
    for caller in CALLERS:
        mark = marked(rights, caller)
        answer = asked(cast, rights, caller)
        where = f"{operation} for {caller}: {answer.status_code} {answer.text[:300]}"
        if mark == "no":
            assert answer.status_code == (401 if caller == "nobody" else 404), where
            if any(f"{{{name}}}" in operation for name in (*ABOUT, "number")):
                assert seen(answer) == seen(asked(cast, rights, caller, unknown=True)), where
        else:
            assert answer.status_code == cast.send(rights, caller).status_code, where
        told = answer.text + " ".join(f"{name}: {value}" for name, value in answer.headers.items())
        leaked = [each for each in cast.secrets(caller, mark) if each in told and each not in str(answer.request.url)]
        assert leaked == [], where
        assert "Canari" not in told, where
