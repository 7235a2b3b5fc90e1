"""How many are expected: by unit, and without those who are known not to come."""

from tests.http.world import World, box, made

MONDAY = "2024-01-22"


def test_a_child_whose_absence_is_justified_is_not_expected(world: World) -> None:
    parent, child = world.family("parent-1", "cantine")
    made(parent.ask(child, "cantine", MONDAY))
    world.clock.set(f"{MONDAY} 18:00")
    absence = {"child": child, "activity": "cantine", "kind": "absence", "absent": [box(f"{MONDAY} repas")]}
    number = made(parent.post("/demandes", {**absence, "reason": "sortie"}))["demandes"][0]["number"]

    def counted() -> tuple[int, dict[str, int], bool]:
        said = made(world.agent.get("/activities/cantine/day-sheet", day=MONDAY), 200)
        return said["expected"], said["expected_by_unit"], said["children"][0]["expected"]

    assert counted() == (1, {"repas": 1}, True)
    made(world.agent.post(f"/demandes/{number}/decision", {"approve": "all"}), 200)
    assert counted() == (0, {}, False)


def test_a_child_of_two_units_is_one_child_and_two_boxes(world: World) -> None:
    household = world.household("parent-1")
    first, second = world.child(household, "etude"), world.child(household, "etude")
    agent = world.agent
    made(agent.ask(first, "etude", f"{MONDAY} gouter", f"{MONDAY} etude"))
    made(agent.ask(second, "etude", f"{MONDAY} gouter"))
    said = made(agent.get("/activities/etude/day-sheet", day=MONDAY), 200)
    assert (said["expected"], said["expected_by_unit"]) == (2, {"etude": 1, "gouter": 2})
    said = made(agent.get("/activities/etude/day-sheet", day=MONDAY, unit="etude"), 200)
    assert (said["expected"], said["expected_by_unit"]) == (1, {"etude": 1})
