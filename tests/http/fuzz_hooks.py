"""Loaded by schemathesis: real words in the document it reads, and which token goes with which operation."""

import base64
import json
import os
import re
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import uuid4

import schemathesis
from hypothesis import strategies as st

TOLD: dict[str, Any] = json.loads(Path(os.environ["FUZZ_TOWN"]).read_text())
"""What `Told` says of the town, and a sound file of each type that is taken."""
BODIES, WORDS, APART = TOLD["bodies"], TOLD["words"], TOLD["apart"]
CALLERS = {operation: cycle(tokens) for operation, tokens in TOLD["callers"].items()}
ANYBODY = CALLERS["GET /me"]
TOWN = "/v1/{commune}"
EXAMPLES = 2
"""Of what an operation alone is asked about: the others are left for the search."""

for media_type, paper in TOLD["papers"].items():
    schemathesis.openapi.media_type(media_type, st.one_of(st.just(base64.b64decode(paper)), st.binary()))


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    """Whoever invents identifiers reads 404 and nothing else: requests go deep when they name what exists."""
    schemas, asked = raw_schema["components"]["schemas"], set()
    for path, operations in raw_schema["paths"].items():
        for method, operation in operations.items():
            apart = APART.get(named(method, path), {})
            words = {**WORDS, **{word: values[:EXAMPLES] for word, values in apart.items()}}
            for parameter in operation.get("parameters", ()):
                tell(parameter["schema"], parameter["name"], words)
                if parameter["name"] == "If-Match":
                    parameter["examples"] = {"any": {"value": "*"}}
                    parameter["schema"]["examples"] = ["*"]
            asked |= references(operation.get("requestBody", {}))
    while more := {name for known in asked for name in references(schemas[known])} - asked:
        asked |= more
    for name in asked:
        if name in BODIES:
            schemas[name]["examples"] = BODIES[name]
        for word, schema in schemas[name].get("properties", {}).items():
            tell(schema, word, WORDS)


def named(method: str, path: str) -> str:
    """An operation as the table of who may do what names it."""
    return f"{method.upper()} {path.removeprefix(TOWN)}"


def references(part: Any) -> set[str]:
    """The schemas a part of the document leans on."""
    return set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(part)))


def tell(schema: dict[str, Any], name: str, words: dict[str, list[Any]]) -> None:
    """Gives words that exist as the examples of what holds one; any other is still allowed, but for the town."""
    for found in (schema, schema.get("items", {}), *schema.get("anyOf", ())):
        if name in words and found.get("type") in ("string", "integer"):
            found["enum" if name == "commune" else "examples"] = words[name]


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """A sound command has a key of its own: the key of the examples would only ever replay the first answer."""
    if case.meta.generation.mode.is_positive and "Idempotency-Key" in (case.headers or {}):
        case.headers["Idempotency-Key"] = uuid4().hex


@schemathesis.auth(refresh_interval=None)
class Tokens:
    """Somebody the table lets in: one after the other, so that each role asks for everything it may."""

    def get(self, case: Any, context: Any) -> str:
        return str(next(CALLERS.get(named(case.method, case.path), ANYBODY)))

    def set(self, case: Any, data: str, context: Any) -> None:
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}
