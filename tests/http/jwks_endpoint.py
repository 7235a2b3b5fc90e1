"""An identity provider's JWKS endpoint on a real port, which a test may rotate, break or slow down."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.http.small_house import Signer


@dataclass
class Endpoint:
    """What the endpoint answers now."""

    url: str = ""
    signers: list[Signer] = field(default_factory=list)
    extra: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    body: bytes | None = None
    delay_seconds: float = 0.0
    fetched: int = 0

    def answer(self) -> bytes:
        if self.body is not None:
            return self.body
        return json.dumps({"keys": [*(signer.jwk for signer in self.signers), *self.extra]}).encode()


@contextmanager
def jwks_endpoint(*signers: Signer) -> Iterator[Endpoint]:
    """The endpoint, answering the keys of these signers."""
    endpoint = Endpoint(signers=list(signers))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            endpoint.fetched += 1
            time.sleep(endpoint.delay_seconds)
            body = endpoint.answer()
            self.send_response(endpoint.status)
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    endpoint.url = f"http://127.0.0.1:{server.server_port}/jwks"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
