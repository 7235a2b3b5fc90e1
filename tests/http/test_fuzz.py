"""Schemathesis reads /openapi.json and sends what it promises, and what it forbids: every check it has, bar one.

`ARDOISE_FUZZ_SECONDS=600 pytest tests/http/test_fuzz.py -s` searches for longer.
"""

import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.http.world import World, made
from tests.vault import papers_made as papers

HOOKS = Path(__file__).with_name("fuzz_hooks.py")
SECONDS = int(os.environ.get("ARDOISE_FUZZ_SECONDS", "0"))
MOST_NEVER_DONE = 3
"""Operations that may find their demande decided, or their day closed, by a request before them."""
DAYS = ["2024-01-15", "2024-01-22", "2024-01-23", "2024-03-27", "2024-04-03", "2024-06-05"]

PAPERS = {
    media_type: base64.b64encode(content).decode()
    for media_type, content in {
        "application/pdf": papers.pdf(),
        "image/jpeg": papers.jpeg(),
        "image/png": papers.png(),
    }.items()
}
"""A sound file of each type that is taken."""

CONFIG = """
hooks = "{hooks}"

[dictionaries]
{dictionaries}

[parameters]
{parameters}

[checks]
# A rule may always refuse what is well formed: a day gone by (409), a word no rulebook knows (422), a demande of
# somebody else (404), a page that moved on (412).
positive_data_acceptance.expected-statuses = ["2xx", "404", "409", "412", "422"]
negative_data_rejection.expected-statuses = ["400", "401", "404", "405", "406", "408", "413", "415", "422", "431"]
# A withdrawn demande is still read under its number, with the status `retiree`: nothing is erased here.
use_after_free.enabled = false
"""


IN_BODIES = {
    "child": ["child", "children[*].child", "also_for[*]"],
    "household": ["household"],
    "activity": ["activity"],
    "number": ["decisions[*].number"],
    "site": ["site"],
    "reason": ["reason", "decisions[*].reason"],
    "unit": ["unit", "repeat.unit", *(f"{wish}[*].unit" for wish in ("reserve", "cancel", "absent", "approve"))],
    "day": ["day", "days[*]", *(f"{wish}[*].day" for wish in ("reserve", "cancel", "absent", "approve"))],
    "derogation": ["counter.derogation"],
}


def configuration(known: dict[str, list[Any]]) -> str:
    """Words that exist are drawn nine times out of ten, where what is sent is to be valid."""
    places = [(f"{where}.{name}", name) for name in known for where in ("path", "query")]
    places += [(f"body.{path}", name) for name, paths in IN_BODIES.items() for path in paths]
    return CONFIG.format(
        hooks=HOOKS,
        dictionaries="\n".join(
            f"{name} = {{ values = {orjson.dumps(found).decode()} }}" for name, found in known.items()
        ),
        parameters="\n".join(f'"{place}" = {{ dictionary = "{name}", probability = 0.9 }}' for place, name in places),
    )


def words(world: World) -> dict[str, list[Any]]:
    """A family and its demandes, named so that requests go deep."""
    household = world.household("parent-1")
    children = [world.child(household, "mercredis", "cantine", "etude", "garderie") for _ in range(2)]
    agent = world.agent
    guardian = made(agent.post(f"/households/{household}/guardians"))["guardian"]
    enrolments = made(agent.get(f"/children/{children[0]}/enrolments"), 200)["enrolments"]
    numbers = [
        made(agent.ask(child, "mercredis", day))["demandes"][0]["number"]
        for child in children
        for day in ("2024-03-13", "2024-03-20", "2024-03-27")
    ]
    made(agent.ask(children[0], "cantine", "2024-01-22", "2024-01-23"))
    document = made(world.guardian().hand_in(papers.pdf()))["document"]
    quotient = {"kind": "quotient", "amount_cents": 65_300, "source": "caf", "documents": [document]}
    made(world.guardian().post(f"/households/{household}/demandes", quotient))
    adopted = made(agent.get("/rulebook/versions/2023-09"), 200)
    made(agent.post("/closures", {"day": "2024-06-05", "reason": "pont"}))
    return {
        "commune": [world.commune],
        "child": children,
        "also_for": children,
        "household": [household],
        "guardian": [guardian],
        "person": [guardian],
        "document": [document],
        "enrolment": [row["enrolment"] for row in enrolments],
        "number": numbers,
        "activity": ["mercredis", "cantine", "etude", "garderie", "vacances"],
        "version": ["2023-09"],
        "site": ["centre", "prairie"],
        "unit": ["journee", "matinee", "repas", "gouter", "etude", "soir"],
        "reason": ["complet", "autre", "maladie", "greve"],
        "derogation": ["urgence"],
        "content": [
            adopted["content"]
            .replace('version = "2023-09"', 'version = "2024-09"')
            .replace("en_vigueur = 2023-09-01", "en_vigueur = 2024-09-01")
        ],
        "day": DAYS,
        "days": DAYS,
        "from": DAYS,
        "to": DAYS,
        "first_day": DAYS,
        "last_day": DAYS,
    }


def bodies(known: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Bodies the rules accept, at least the first time."""
    first, second = known["child"]
    wednesday, monday = {"day": "2024-04-03", "unit": "journee"}, {"day": "2024-01-22", "unit": "repas"}
    period = {"from": "2024-05-01", "to": "2024-06-30", "weekdays": ["wednesday"], "unit": "journee"}
    return {
        "DemandeAsked": [
            {"child": first, "activity": "mercredis", "reserve": [wednesday], "also_for": [second]},
            {"child": first, "activity": "mercredis", "repeat": period, "partial": True},
            {"child": first, "activity": "cantine", "cancel": [monday], "counter": {"approve": True}},
        ],
        "ChildAsked": [{"household": known["household"][0]}],
        "EnrolmentAsked": [{"activity": "vacances", "first_day": "2024-04-01", "last_day": "2024-07-05"}],
        "ChildDemandeAsked": [
            {"kind": "enrolment", "activity": "vacances", "first_day": "2024-02-10", "last_day": "2024-02-24"}
        ],
        "HouseholdDemandeAsked": [
            {"kind": "member", "identity": {"given_name": "Rose", "family_name": "Exemple"}},
            {"kind": "situation", "situation": "married", "person": known["guardian"][0]},
        ],
        "EnrolmentEnd": [{"last_day": "2024-07-03"}],
        "SheetAsked": [
            {
                "activity": "cantine",
                "unit": "repas",
                "day": "2024-01-15",
                "children": [{"child": first, "presence": "present"}],
            }
        ],
        "CapacityAsked": [{"activity": "cantine", "unit": "repas", "days": ["2024-01-22"], "places": 9}],
        "ClosureAsked": [{"day": "2024-06-06", "reason": "greve", "activity": "cantine", "site": "centre"}],
        "DecisionSaid": [{"approve": "all"}, {"approve": "none", "reason": "complet"}],
        "QueueDecided": [{"decisions": [{"number": known["number"][0], "approve": "none", "reason": "complet"}]}],
        "RulebookText": [{"content": known.pop("content")[0]}],
    }


def search(world: World, directory: Path, token: str, *options: str) -> None:
    config = directory / "schemathesis.toml"
    known = words(world)
    examples = bodies(known)
    config.write_text(configuration(known))
    environment = {
        **os.environ,
        "FUZZ_BODIES": orjson.dumps(examples).decode(),
        "FUZZ_WORDS": orjson.dumps(known).decode(),
        "FUZZ_PAPERS": orjson.dumps(PAPERS).decode(),
        "FUZZ_TOKEN": token,
        "FUZZ_ADMIN": world.token("admin", "admin-1"),
    }
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"),
        *(f"{world.url}/openapi.json", "--checks", "all", "--no-color", "--continue-on-failure"),
        *("--warnings", "off", *options),
    ]
    ran = subprocess.run(command, capture_output=True, text=True, cwd=directory, env=environment, check=False)
    metrics = world.http.get("/metrics").text
    sys.stdout.write(ran.stdout + metrics)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    never = set(surface(world, metrics))
    assert len(never) <= MOST_NEVER_DONE, f"the search stays at the surface: {sorted(never)} never succeeded"


def surface(world: World, metrics: str) -> Iterator[str]:
    """The operations no request of the search got through."""
    for path, operations in world.http.get("/openapi.json").json()["paths"].items():
        for method in map(str.upper, operations):
            if f'ardoise_requests_total{{method="{method}",route="{path}",status="2' not in metrics:
                yield f"{method} {path}"


@pytest.mark.timeout(max(300, SECONDS * 3))
def test_the_service_does_what_its_document_promises(world: World, tmp_path: Path) -> None:
    length = ["--max-examples", "25", "--generation-deterministic"]
    if SECONDS:
        length = ["--max-time", str(SECONDS), "--generation-database", "none"]
    search(world, tmp_path, world.token("agent", "agent-1"), *length)
