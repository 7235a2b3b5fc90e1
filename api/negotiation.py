"""In which form an answer is wanted, where there are two."""

from typing import Any, Final

from fastapi import Request

NDJSON: Final = "application/x-ndjson"
PLAIN: Final = "text/plain"


def wants(request: Request, media_type: str) -> bool:
    """Whether a form is asked for by its own name: whoever accepts anything is answered in JSON."""
    accepted = ",".join(request.headers.getlist("accept")).lower()
    return media_type in (part.partition(";")[0].strip() for part in accepted.split(","))


def also(
    responses: dict[int | str, dict[str, Any]], media_type: str, schema: dict[str, Any]
) -> dict[Any, dict[str, Any]]:
    """`responses=` of a route, with the other form its success has."""
    responses[200]["content"][media_type] = {"schema": schema}
    return responses
