"""Every answer of the whole service is in /openapi.json, with its schema, its headers and an example."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from tests.http.world import World

FILE = {"type": "string", "format": "binary"}


@pytest.fixture(scope="module")
def document(service: World) -> dict[str, Any]:
    found: dict[str, Any] = service.http.get("/openapi.json").json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, found in document["paths"].items():
        for method, operation in found.items():
            yield f"{method.upper()} {path}", operation


def validator(document: dict[str, Any], schema: dict[str, Any]) -> Any:
    whole = {"components": document["components"], **schema}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def shown(document: dict[str, Any], name: str, media_type: str, content: dict[str, Any]) -> None:
    assert content["schema"], name
    if media_type == "application/json":
        validator(document, content["schema"]).validate(content["example"])
    elif media_type == "application/x-ndjson":
        named = content["schema"]["$ref"].rpartition("/")[2]
        assert named in document["components"]["schemas"], f"{name}: what a line says"
    elif media_type == "text/plain":
        assert content["schema"] == {"type": "string"}, name
    else:
        assert content["schema"] == FILE, name


def test_every_success_has_a_schema_and_an_example_that_keeps_it(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        if name == "GET /metrics":
            continue
        successes = [response for status, response in operation["responses"].items() if status.startswith("2")]
        assert successes, name
        for content in (content for success in successes for content in success["content"].items()):
            shown(document, name, *content)


def test_every_body_has_an_example_that_keeps_its_schema(document: dict[str, Any]) -> None:
    seen = set()
    for name, operation in operations(document):
        if "requestBody" not in operation:
            continue
        contents = operation["requestBody"]["content"]
        if "application/json" not in contents:
            assert all(content["schema"] == FILE for content in contents.values()), name
            continue
        schema = contents["application/json"]["schema"]
        named = schema["$ref"].rpartition("/")[2]
        examples = document["components"]["schemas"][named].get("examples")
        assert examples, f"{name}: {named} has no example"
        for example in examples:
            validator(document, schema).validate(example)
        seen.add(named)
    assert "DemandeAsked" in seen


def test_every_problem_documented_keeps_the_schema_of_problems(document: dict[str, Any]) -> None:
    problem = validator(document, {"$ref": "#/components/schemas/Problem"})
    for _, operation in operations(document):
        for status, response in operation["responses"].items():
            examples = response.get("content", {}).get("application/problem+json", {}).get("examples", {})
            for code, example in examples.items():
                problem.validate(example["value"])
                assert (example["value"]["code"], str(example["value"]["status"])) == (code, status)


def test_every_operation_is_said_in_a_sentence_and_has_a_tag(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        assert operation["summary"], name
        assert operation["tags"], name
    assert "Any" not in json.dumps(document["components"]["schemas"].keys().__repr__())


def field(document: dict[str, Any], owner: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = document["components"]["schemas"][owner]["properties"][name]
    return found


@pytest.mark.parametrize(
    ("owner", "name", "word"),
    [
        ("DemandeAsked", "activity", "alsh-mercredis"),
        ("DemandeAsked", "reason", "maladie"),
        ("DecisionSaid", "reason", "complet"),
        ("DayWanted", "unit", "journee"),
        ("Enrolment", "site", "l-ile-aux-enfants"),
        ("SheetLine", "group", "les-winners"),
        ("Parent", "commune", "villennes-sur-seine"),
    ],
)
def test_the_example_of_a_field_is_a_word_it_may_hold(
    document: dict[str, Any], owner: str, name: str, word: str
) -> None:
    found = field(document, owner, name)
    [slug] = [part for part in (found, *found.get("anyOf", ())) if part.get("type") == "string"]
    assert slug["examples"] == [word]


def test_what_a_name_does_not_say_is_said_in_a_sentence(document: dict[str, Any]) -> None:
    told = [
        ("DemandeAsked", "partial"),
        ("DemandeAsked", "counter"),
        ("Demande", "partial"),
        ("Foreseen", "decided_at"),
        ("CalendarDay", "late"),
        ("CalendarDay", "places_left"),
        ("DemandeDay", "surcharge"),
        ("CapacityAsked", "pool"),
        ("SlotPlaces", "pool"),
    ]
    for owner, name in told:
        assert field(document, owner, name)["description"].endswith("."), (owner, name)
    asked, answered = field(document, "DemandeAsked", "partial"), field(document, "Demande", "partial")
    assert asked["description"] != answered["description"]
