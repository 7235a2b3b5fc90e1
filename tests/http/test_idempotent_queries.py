"""What a command says in its address is part of what it asks."""

from tests.http.world import World, made, refused

DAY = "2024-06-13"


def test_a_key_does_not_mean_one_activity_and_then_another(world: World) -> None:
    agent = world.agent
    for activity in ("cantine", "etude"):
        made(agent.post("/closures", {"day": DAY, "reason": "greve", "activity": activity}))
    made(agent.delete(f"/closures/{DAY}", key="k", activity="cantine"), 200)
    refused(agent.delete(f"/closures/{DAY}", key="k", activity="etude"), "idempotency_key_reused", 422)
    refused(agent.delete(f"/closures/{DAY}", key="k"), "idempotency_key_reused", 422)
    closed = made(agent.get("/closures", from_=DAY, to=DAY), 200)["closures"]
    assert [closure["activity"] for closure in closed] == ["etude"]


def test_the_order_and_the_spelling_of_a_query_do_not_matter(world: World) -> None:
    agent = world.agent
    made(agent.post("/closures", {"day": DAY, "reason": "greve", "activity": "cantine", "site": "centre"}))
    first = agent.send("DELETE", f"/closures/{DAY}?activity=cantine&site=centre", key="k")
    again = agent.send("DELETE", f"/closures/{DAY}?site=c%65ntre&activity=cantine", key="k")
    assert made(first, 200) == made(again, 200)
    assert again.headers["idempotency-hit"] == "true"
