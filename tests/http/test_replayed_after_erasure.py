"""The same key always gets the same answer, even of somebody who was forgotten since."""

from typing import Any

from tests.http.test_erasures import AFTER, AGREEMENT, IDENTITY, Family
from tests.http.world import World, made, refused


def test_what_made_somebody_known_is_answered_alike_once_they_are_forgotten(world: World) -> None:
    family = Family(world)
    path = f"/households/{family.household}"
    asked: dict[str, Any] = {"identity": IDENTITY}
    commands = [
        (world.agent, "POST", f"{path}/guardians", asked),
        (world.agent, "POST", f"{path}/members", asked),
        (world.agent, "POST", "/children", {**asked, "household": family.household}),
        (world.agent, "PUT", f"{path}/people/{family.guardian}/identity", IDENTITY),
        (world.agent, "PUT", f"/children/{family.child}/identity", IDENTITY),
    ]
    before = [
        who.send(method, path, body=body, key=f"once-{n}") for n, (who, method, path, body) in enumerate(commands)
    ]
    assert {answer.status_code for answer in before} == {200, 201}
    world.clock.set(AFTER)
    made(world.who("admin").post("/erasures", {"household": family.household, **AGREEMENT}), 200)
    after = [who.send(method, path, body=body, key=f"once-{n}") for n, (who, method, path, body) in enumerate(commands)]
    assert [(answer.status_code, answer.content) for answer in after] == [
        (answer.status_code, answer.content) for answer in before
    ]
    assert {answer.headers["Idempotency-Hit"] for answer in after} == {"true"}
    person = f"{path}/people/{family.guardian}/identity"
    refused(world.agent.send("PUT", person, body=IDENTITY, key="another"), "not_found", 404)
    refused(world.who("agent", "agent-9").send("PUT", person, body=IDENTITY, key="once-3"), "not_found", 404)
