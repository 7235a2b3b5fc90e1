"""Schemathesis reads /openapi.json and sends what it promises, and what it forbids: every check it has, bar one.

`ARDOISE_FUZZ_SECONDS=600 pytest tests/http/test_fuzz.py -s` searches for longer.
"""

import base64
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.http.fuzz_town import SIGNED, FuzzTown, Told
from tests.http.signed import until_signed
from tests.http.world import World
from tests.servers import Database
from tests.vault import papers_made as papers

HOOKS = Path(__file__).with_name("fuzz_hooks.py")
SECONDS = int(os.environ.get("ARDOISE_FUZZ_SECONDS", "0"))
MOST_EXAMPLES = 15
"""Of an operation, beside those that its document makes whatever is asked: what the usual run takes the time for."""
MOST_NEVER_DONE = 0
"""Operations that no request got through: each finds something at least once that no other touched before it."""
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

{operations}

[[operations]]
include-name = "POST /v1/{{commune}}/documents"
# What it holds decides, not what it is announced as.
checks.positive_data_acceptance.expected-statuses = ["2xx", "404", "409", "412", "415", "422"]

[[operations]]
include-name = "POST /v1/{{commune}}/me/key"
# The sixth key of an hour is not looked at.
checks.positive_data_acceptance.expected-statuses = ["2xx", "404", "409", "422", "429"]
"""

EACH_DAY = [f"{wish}[*]" for wish in ("reserve", "cancel", "absent", "approve", "days")]
IN_BODIES = {
    "child": ["child", "children[*].child", "also_for[*]"],
    "household": ["household", "grant.household"],
    "homes": ["even_weeks", "odd_weeks", "holidays.even_years", "holidays.odd_years"],
    "guardian": ["guardian", "grant.guardian"],
    "person": ["person"],
    "document": ["document", "documents[*]", "protocol"],
    "activity": ["activity"],
    "number": ["decisions[*].number"],
    "site": ["site"],
    "reason": ["reason", "decisions[*].reason"],
    "unit": ["unit", "repeat.unit", *(f"{wish}.unit" for wish in EACH_DAY)],
    "day": ["day", "days[*]", "proof.seen_on", *(f"{wish}.day" for wish in EACH_DAY)],
    "derogation": ["counter.derogation"],
}


def configuration(told: Told) -> str:
    """Words that exist are drawn nine times out of ten, where what is sent is to be valid."""
    places = [(f"{where}.{name}", name) for name in told.words for where in ("path", "query")]
    places += [(f"body.{path}", name) for name, paths in IN_BODIES.items() for path in paths]
    dictionaries, operations = dict(told.words), []
    for number, (operation, words) in enumerate(told.apart.items()):
        method, path = operation.split(" ")
        operations.append(f'[[operations]]\ninclude-name = "{method} /v1/{{commune}}{path}"\n[operations.parameters]')
        for name, found in words.items():
            dictionaries[f"{name}-{number}"] = found
            where = "path" if f"{{{name}}}" in path else "query"
            operations.append(drawn(f"{where}.{name}", f"{name}-{number}"))
    return CONFIG.format(
        hooks=HOOKS,
        dictionaries="\n".join(
            f"{name} = {{ values = {orjson.dumps(found).decode()} }}" for name, found in dictionaries.items()
        ),
        parameters="\n".join(drawn(place, name) for place, name in places),
        operations="\n".join(operations),
    )


def drawn(place: str, dictionary: str) -> str:
    return f'"{place}" = {{ dictionary = "{dictionary}", probability = 0.9 }}'


def search(world: World, database: Database, directory: Path, *options: str) -> None:
    config, town = directory / "schemathesis.toml", directory / "town.json"
    told = FuzzTown(world, database).told()
    until_signed(world, SIGNED + 1)
    town.write_bytes(orjson.dumps({**asdict(told), "papers": PAPERS}))
    config.write_text(configuration(told))
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run"),
        *(f"{world.url}/openapi.json", "--checks", "all", "--no-color", "--continue-on-failure"),
        *("--warnings", "off", *options),
    ]
    environment = {**os.environ, "FUZZ_TOWN": str(town)}
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


@pytest.mark.timeout(max(600, SECONDS * 3))
def test_the_service_does_what_its_document_promises(world: World, module_database: Database, tmp_path: Path) -> None:
    length = ["--max-examples", str(MOST_EXAMPLES), "--generation-deterministic"]
    if SECONDS:
        length = ["--max-time", str(SECONDS), "--generation-database", "none"]
    search(world, module_database, tmp_path, *length)


def texts(document: dict[str, Any], part: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every text a part of the document describes, and where."""
    if isinstance(part, list):
        for each in part:
            yield from texts(document, each, place)
    elif isinstance(part, dict):
        if "$ref" in part:
            name = part["$ref"].rpartition("/")[2]
            yield from texts(document, document["components"]["schemas"][name], name)
        elif part.get("type") == "string":
            yield place, part
        for name, described in part.get("properties", {}).items():
            yield from texts(document, described, f"{place}.{name}")
        for word in ("items", "anyOf", "oneOf", "allOf"):
            yield from texts(document, part.get(word), place)


def test_every_text_of_a_body_says_in_the_document_what_it_never_holds(world: World) -> None:
    document = world.http.get("/openapi.json").json()
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    bodies = [
        operation["requestBody"]["content"].get("application/json")
        for operation in operations
        if "requestBody" in operation
    ]
    found = [text for body in bodies if body for text in texts(document, body["schema"], "")]
    assert len(found) > 100
    bare = {place for place, text in found if not {"pattern", "enum", "const", "format"} & text.keys()}
    assert bare == set(), "NUL is refused of every text: a document that allows it promises too much"
