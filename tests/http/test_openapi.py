"""What /openapi.json promises is what the doors do."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api import french
from api.keys import KeyRing
from api.problems import STATUS, Problem
from tests.http.small_house import COMMUNE, Signer, command, knocking, small_app

SIGNER = Signer.make()
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    with knocking(small_app(KeyRing(fixed=[SIGNER.key]))) as client:
        found: dict[str, Any] = client.get("/openapi.json").json()
    return found


def operation(document: dict[str, Any], path: str, method: str) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"]["/v1/{commune}" + path][method]
    return found


def codes(found: dict[str, Any]) -> set[str]:
    contents = [response.get("content", {}) for response in found["responses"].values()]
    return {code for content in contents for code in content.get("application/problem+json", {}).get("examples", {})}


def test_a_command_documents_every_refusal_of_its_doors_and_of_its_rules(document: dict[str, Any]) -> None:
    found = operation(document, "/demandes", "post")
    assert set(found["responses"]) == {
        "201", "400", "401", "404", "408", "409", "412", "413", "415", "422", "500", "503",
    }  # fmt: skip
    assert {"deadline_passed", "version_changed", "idempotency_key_missing", "idempotency_in_progress"} <= codes(found)


def test_a_command_requires_its_key_and_its_body_is_the_model(document: dict[str, Any]) -> None:
    found = operation(document, "/demandes", "post")
    (key,) = [parameter for parameter in found["parameters"] if parameter["name"] == "Idempotency-Key"]
    assert key["required"]
    assert found["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Submission"}
    model = document["components"]["schemas"]["Submission"]
    assert model["additionalProperties"] is False
    assert model["required"] == ["child"]


def test_every_operation_of_a_town_asks_for_a_token_and_health_does_not(document: dict[str, Any]) -> None:
    for path, operations in document["paths"].items():
        for found in operations.values():
            assert ("security" in found) == path.startswith("/v1/"), path


def test_no_schema_of_the_framework_is_left_and_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    assert "HTTPValidationError" not in text
    for name in set(re.findall(r"#/components/schemas/(\w+)", text)):
        assert name in document["components"]["schemas"]


def test_every_status_that_was_answered_is_documented(document: dict[str, Any]) -> None:
    found = operation(document, "/demandes", "post")
    with knocking(small_app(KeyRing(fixed=[SIGNER.key])), SIGNER.token()) as client:
        answers = [
            command(client, {}),
            command(client, b""),
            command(client, b" " * 70_000),
            command(client, {}, **{"Content-Type": "text/plain"}),
            command(client, {}, Authorization="Bearer x"),
            client.post("/v1/villars/demandes", json={}),
            client.post(f"/v1/{COMMUNE}/demandes", json={}),
        ]
    for answer in answers:
        assert str(answer.status_code) in found["responses"]
        assert answer.json()["code"] in codes(found)


def test_every_code_has_a_french_title_and_one_status() -> None:
    assert set(STATUS) == set(french.TITLES)
    assert set(french.DETAILS) <= set(french.TITLES)
    for code in STATUS:
        problem = Problem(code)
        assert problem.title != french.UNNAMED
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code)


def test_every_refusal_a_decision_can_give_has_a_french_title() -> None:
    hidden = {
        "unknown_child",
        "unknown_household",
        "unknown_guardian",
        "unknown_enrolment",
        "unknown_demande",
        "unknown_person",
        "unknown_key",
        "unknown_activation",
        "unknown_payment",
        "unknown_collection",
    }
    given = re.compile(r'(?:refused\(|code=|_refusal\()"([a-z_]+)"')
    sources = [path for floor in ("commands", "rulebook") for path in (ROOT / floor).glob("*.py")]
    found = {code for path in sources for code in given.findall(path.read_text())}
    assert "deadline_passed" in found
    assert found - hidden <= set(french.TITLES), found - hidden - set(french.TITLES)


def test_every_code_is_explained_to_those_who_write_a_portal() -> None:
    page = (ROOT / "docs" / "problems.md").read_text()
    told = re.findall(r"^\| `([a-z_]+)` \| (\d{3}) \| (.+?) \|", page, re.MULTILINE)
    assert {(code, int(status), title) for code, status, title in told} == {
        (code, STATUS[code], french.title(code)) for code in STATUS
    }


def test_the_document_has_the_version_of_the_project(document: dict[str, Any]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert document["info"]["version"] == project["version"]


def sentences(part: Any) -> Iterator[str]:
    """What is said of parameters, headers and fields, in French; operations are described to developers."""
    if isinstance(part, list):
        for each in part:
            yield from sentences(each)
    elif isinstance(part, dict):
        if isinstance(part.get("description"), str) and part.keys() & {"schema", "type", "anyOf", "$ref", "enum"}:
            yield part["description"]
        for each in part.values():
            yield from sentences(each)


def test_a_french_sentence_has_a_space_before_its_semicolon(document: dict[str, Any]) -> None:
    said = [sentence for sentence in sentences(document["paths"] | document["components"]) if ";" in sentence]
    assert len(said) > 5
    assert [sentence for sentence in said if re.search(r"\S;", sentence)] == []
