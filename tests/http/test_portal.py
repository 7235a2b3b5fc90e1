"""A client without a user: it reads what the town says to everybody, and no family, whatever its token claims."""

import re
from typing import Any
from uuid import uuid4

import pytest

from tests.http.world import Who, World, made

PUBLIC: dict[str, dict[str, str]] = {
    "GET /me": {},
    "GET /rulebook": {},
    "GET /rulebook/versions": {},
    "GET /rulebook/versions/{version}": {},
    "GET /activities": {},
    "GET /closures": {"from": "2024-03-01", "to": "2024-03-31"},
    "GET /entries": {},
}
SIMULATED = "POST /prices/simulation"
"""What a visitor asks: it is about nobody."""
OF_THE_TREE = {"GET /checkpoint", "GET /checkpoint/proof", "GET /entries/{position}/proof"}
"""Hashes and what is signed of them: answered, once there is a checkpoint."""
CLIENT = "portal-of-the-town"


def operations(world: World) -> list[tuple[str, str]]:
    """Every method and path under a town."""
    document = world.http.get("/openapi.json").json()
    prefix = "/v1/{commune}"
    return [
        (method.upper(), path.removeprefix(prefix))
        for path, methods in document["paths"].items()
        if path.startswith(prefix)
        for method in methods
        if method in ("get", "post", "put", "patch", "delete")
    ]


def send(who: Who, method: str, path: str, **asked: Any) -> Any:
    body: Any = {} if method in ("POST", "PUT", "PATCH") else None
    key = None if method == "GET" else uuid4().hex
    return who.send(method, path, body=body, key=key, **asked)


@pytest.mark.parametrize("claimed", ["guardian", "agent", "auditor", "admin"])
def test_a_client_without_a_user_opens_no_family(world: World, claimed: str) -> None:
    parent, child = world.family("parent-1", "mercredis")
    household = made(parent.get("/me"), 200)["households"][0]["household"]
    number = made(parent.ask(child, "mercredis", "2024-03-20"))["demandes"][0]["number"]
    known = {"child": child, "household": household, "number": str(number), "activity": "mercredis"}
    known |= {"version": "2023-09", "day": "2024-03-20", "position": "1"}
    portal = world.who(claimed, CLIENT, CLIENT)
    nothing = portal.get("/nothing").content
    found = operations(world)
    assert {f"{method} {path}" for method, path in found} >= {*PUBLIC, SIMULATED}
    simulated = made(portal.post("/prices/simulation", {"activity": "mercredis", "unit": "journee"}), 200)
    assert not any(secret in str(simulated) for secret in (child, household, "parent-1"))
    for method, template in found:
        if f"{method} {template}" == SIMULATED:
            continue
        path = re.sub(r"\{(\w+)\}", lambda name: known.get(name[1], str(uuid4())), template)
        answer = send(portal, method, path, **PUBLIC.get(f"{method} {template}", {}))
        if f"{method} {template}" in PUBLIC:
            assert answer.status_code == 200, (method, template, answer.text)
            assert not any(secret in answer.text for secret in (child, household, "parent-1"))
        elif f"{method} {template}" in OF_THE_TREE:
            assert answer.status_code in (200, 422, 503), (method, template, answer.text)
            assert not any(secret in answer.text for secret in (child, household, "parent-1"))
        else:
            assert (answer.status_code, answer.content) == (404, nothing), (method, template, answer.text)


def test_a_client_without_a_user_knows_what_it_may_do(world: World) -> None:
    said = made(world.who("agent", CLIENT, CLIENT).get("/me"), 200)
    assert said == {"subject": CLIENT, "role": "portal", "commune": world.commune, "may": ["read_town"]}


def test_a_portal_s_own_account_tied_by_mistake_opens_nothing(world: World) -> None:
    world.family(CLIENT, "mercredis")
    assert "children" not in made(world.who("guardian", CLIENT, CLIENT).get("/me"), 200)
    assert made(world.who("guardian", CLIENT, "another-client").get("/me"), 200)["children"]
