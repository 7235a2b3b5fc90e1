"""In which form an answer is wanted, where there are two."""

import re
from typing import Any, Final

from fastapi import Request

NDJSON: Final = "application/x-ndjson"
PLAIN: Final = "text/plain"
JSON: Final = "application/json"
WEIGHT: Final = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


def wants(request: Request, media_type: str) -> bool:
    """Whether a form is asked for by its own name and JSON is not preferred: to who accepts anything, it is JSON."""
    accepted = dict(map(_weighed, ",".join(request.headers.getlist("accept")).lower().split(",")))
    return accepted.get(media_type, 0.0) > 0 and accepted[media_type] >= accepted.get(JSON, 0.0)


def _weighed(part: str) -> tuple[str, float]:
    """A form, and how much it is wanted; what is no weight weighs nothing."""
    form, *parameters = (each.strip() for each in part.split(";"))
    said = [each[2:].strip() for each in parameters if each.startswith("q=")]
    return form, (float(said[0]) if WEIGHT.fullmatch(said[0]) else 0.0) if said else 1.0


def also(
    responses: dict[int | str, dict[str, Any]], media_type: str, schema: dict[str, Any]
) -> dict[Any, dict[str, Any]]:
    """`responses=` of a route, with the other form its success has."""
    responses[200]["content"][media_type] = {"schema": schema}
    return responses
