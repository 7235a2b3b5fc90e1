"""Loaded by schemathesis: real words in the document it reads, and which token goes with which operation."""

import base64
import json
import os
import re
from typing import Any
from uuid import uuid4

import schemathesis
from hypothesis import strategies as st

BODIES: dict[str, list[Any]] = json.loads(os.environ["FUZZ_BODIES"])
"""Bodies the rules accept, by the name of their schema."""
WORDS: dict[str, list[Any]] = json.loads(os.environ["FUZZ_WORDS"])
"""Values that exist, by the name of the parameter or of the property that holds one."""

for media_type, paper in json.loads(os.environ["FUZZ_PAPERS"]).items():
    schemathesis.openapi.media_type(media_type, st.one_of(st.just(base64.b64decode(paper)), st.binary()))


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    """Whoever invents identifiers reads 404 and nothing else: requests go deep when they name what exists."""
    schemas, asked = raw_schema["components"]["schemas"], set()
    for operations in raw_schema["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                tell(parameter["schema"], parameter["name"])
                if parameter["name"] == "If-Match":
                    parameter["examples"] = {"any": {"value": "*"}}
                    parameter["schema"]["examples"] = ["*"]
            asked |= references(operation.get("requestBody", {}))
    while more := {name for known in asked for name in references(schemas[known])} - asked:
        asked |= more
    for name in asked:
        if name in BODIES:
            schemas[name]["examples"] = BODIES[name]
        for named, schema in schemas[name].get("properties", {}).items():
            tell(schema, named)


def references(part: Any) -> set[str]:
    """The schemas a part of the document leans on."""
    return set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(part)))


def tell(schema: dict[str, Any], name: str) -> None:
    """Gives words that exist as the examples of what holds one; any other is still allowed, but for the town."""
    for found in (schema, schema.get("items", {}), *schema.get("anyOf", ())):
        if name in WORDS and found.get("type") in ("string", "integer"):
            found["enum" if name == "commune" else "examples"] = WORDS[name]


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """A sound command has a key of its own: the key of the examples would only ever replay the first answer."""
    if case.meta.generation.mode.is_positive and "Idempotency-Key" in (case.headers or {}):
        case.headers["Idempotency-Key"] = uuid4().hex


@schemathesis.auth(refresh_interval=None)
class Tokens:
    """The town's agent, and its administrator for what only they may do; or the role the environment names."""

    def get(self, case: Any, context: Any) -> str:
        adopting = case.method.upper() == "POST" and case.path.endswith("/rulebook/versions")
        return os.environ["FUZZ_ADMIN" if adopting else "FUZZ_TOKEN"]

    def set(self, case: Any, data: str, context: Any) -> None:
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {data}"}
