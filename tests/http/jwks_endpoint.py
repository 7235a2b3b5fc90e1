"""An identity provider on a real port: its JWKS, which a test may rotate, break or slow down, and its introspection."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import jwt

from tests.http.small_house import ISSUER, Signer

CLIENT = "ardoise"
SECRET = "s3cret+of/the:ledger"
SIGNED = "application/token-introspection+jwt"


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


@dataclass
class Asked:
    """A question the introspection endpoint was asked."""

    token: str
    accept: str
    encoding: str
    credentials: str


@dataclass
class IntrospectionEndpoint:
    """What is known of each token; of the others, that they are not active."""

    url: str = ""
    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    signer: Signer | None = None
    """Who signs the answers, when they are signed (RFC 9701)."""
    signed: dict[str, Any] = field(default_factory=dict)
    """What is changed in what is signed."""
    status: int = 200
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    delay_seconds: float = 0.0
    asked: list[Asked] = field(default_factory=list)

    def answer(self, token: str) -> tuple[str, bytes]:
        said = self.known.get(token, {"active": False})
        if self.body is not None:
            return self.kind, self.body
        if self.signer is None:
            return self.kind, json.dumps(said).encode()
        claims = {"iss": ISSUER, "aud": CLIENT, "iat": int(time.time()), "token_introspection": said, **self.signed}
        claims = {name: value for name, value in claims.items() if value is not ...}
        head = {"typ": "token-introspection+jwt", "kid": self.signer.name}
        text = jwt.encode(claims, self.signer.private, algorithm=self.signer.algorithm, headers=head)
        return SIGNED, text.encode()


class _Quiet(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def send(self, status: int, kind: str, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked did not wait for the answer: that is what some tests are about."""


@contextmanager
def _served(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def jwks_endpoint(*signers: Signer) -> Iterator[Endpoint]:
    """The endpoint, answering the keys of these signers."""
    endpoint = Endpoint(signers=list(signers))

    class Handler(_Quiet):
        def do_GET(self) -> None:
            status, body = endpoint.status, endpoint.answer()
            endpoint.fetched += 1
            time.sleep(endpoint.delay_seconds)
            self.send(status, "application/json", body)

    with _served(Handler) as address:
        endpoint.url = f"{address}/jwks"
        yield endpoint


@contextmanager
def introspection_endpoint() -> Iterator[IntrospectionEndpoint]:
    """The endpoint, which answers only those who present our secret."""
    endpoint = IntrospectionEndpoint()

    class Handler(_Quiet):
        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            scheme, _, credentials = self.headers.get("Authorization", "").partition(" ")
            said = base64.b64decode(credentials).decode() if scheme == "Basic" else ""
            [token] = form["token"]
            endpoint.asked.append(Asked(token, self.headers["Accept"], self.headers["Accept-Encoding"], said))
            time.sleep(endpoint.delay_seconds)
            self.send(endpoint.status, *endpoint.answer(token), endpoint.headers)

    with _served(Handler) as address:
        endpoint.url = f"{address}/introspect"
        yield endpoint
