"""Answers dumped by orjson alone: FastAPI's own serialisation was measured at a quarter of the speed."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import orjson
from fastapi.responses import Response

OPTIONS: Final = orjson.OPT_UTC_Z


def etag(version: int) -> str:
    """The version of a page as a strong entity tag."""
    return f'"{version}"'


def etag_of(body: bytes) -> str:
    """What an answer shows as a strong entity tag, where the version of the page would tell what it does not show."""
    return f'"{sha256(body).hexdigest()[:32]}"'


class JSONAnswer(Response):
    """A JSON body (aware UTC instants end in Z), with the version of the page it speaks of when there is one."""

    media_type = "application/json"

    def __init__(
        self,
        content: Any,
        status_code: int = 200,
        headers: Mapping[str, str] | None = None,
        *,
        version: int | None = None,
        location: str | None = None,
    ) -> None:
        said = dict(headers or {})
        if version is not None:
            said["ETag"] = etag(version)
        if location is not None:
            said["Location"] = location
        super().__init__(content, status_code, said)

    def render(self, content: Any) -> bytes:
        """Bytes as they are (an answer that was stored), anything else through orjson."""
        return content if isinstance(content, bytes) else orjson.dumps(content, option=OPTIONS)
