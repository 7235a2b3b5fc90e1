"""A small application made of the doors alone, and what it takes to knock on them: no ledger, no database."""

import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import jwt
import psycopg
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from fastapi import FastAPI, Query
from fastapi.responses import Response
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from pydantic import Field

from api.answers import JSONAnswer
from api.authorisation import read_table
from api.clock import Now
from api.cursors import AsOf, Expected, PageAsked, write_cursor
from api.door import doors
from api.fields import Day, IdText, NumberText, SlugText, StrictModel
from api.health import Readiness
from api.house import House, build
from api.keys import Key, KeyRing, algorithm_of
from api.once import Once
from api.openapi import documented
from api.problems import Problem
from api.queue import Places
from api.server import running_server
from api.tokens import Signed

ISSUER = "https://identity.example"
COMMUNE = "villennes-sur-seine"
CHILD = "8f14e45f-ceea-4672-8b6b-1d2c3e4f5a6b"
CANARY = "Zoe-Canari-1971"
"""A name no answer and no log line may ever hold."""
SCHEMA = 7


RIGHTS = read_table("""
                                  own oth day off sus str  agt els aud bil adm por
POST   /demandes                   x   x   x   x   x   x    x   .   x   x   x   x
GET    /demandes/{number}          x   x   x   x   x   x    x   .   x   x   x   x
DELETE /demandes/{number}          x   x   x   x   x   x    x   .   x   x   x   x
GET    /children/{child}/calendar  x   x   x   x   x   x    x   .   x   x   x   x
GET    /agents                     .   .   .   .   .   .    x   .   .   .   x   .
GET    /slow                       x   x   x   x   x   x    x   .   x   x   x   x
GET    /broken                     x   x   x   x   x   x    x   .   x   x   x   x
GET    /unreachable                x   x   x   x   x   x    x   .   x   x   x   x
""")


class DayAsked(StrictModel):
    """One day and what is asked of it."""

    day: Day
    unit: SlugText


class Submission(StrictModel):
    """A body like those of the resources."""

    child: IdText
    reserve: Annotated[tuple[DayAsked, ...], Field(max_length=400)] = ()
    note: str = ""
    count: int = 0


@dataclass
class Latch:
    """Lets a test hold requests inside a handler, and see how many there are."""

    opened: threading.Event = field(default_factory=threading.Event)
    inside: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    finished: int = 0


def small_app(ring: KeyRing, *, places: Places | None = None, latch: Latch | None = None, **parts: Any) -> FastAPI:
    """The application: one resource of each kind."""
    router = doors("essai")
    latch = latch or Latch()

    @router.post("/demandes", status_code=201, responses=documented("deadline_passed"))
    def submit(asked: Submission, caller: Signed, once: Once, expected: Expected, now: Now) -> JSONAnswer:
        if expected is not None and 42 not in expected.versions:
            raise Problem("version_changed")
        content = {"days": len(asked.reserve), "by": caller.subject, "at": now, "print": once.fingerprint.hex()}
        return JSONAnswer(content, 201, version=43)

    @router.get("/demandes/{number}")
    async def demande(number: NumberText, caller: Signed, as_of: AsOf) -> JSONAnswer:
        return JSONAnswer({"number": number, "as_of": as_of}, version=42)

    @router.delete("/demandes/{number}")
    async def withdraw(number: NumberText, once: Once) -> JSONAnswer:
        return JSONAnswer({"number": number, "print": once.fingerprint.hex()})

    @router.get("/children/{child}/calendar")
    async def calendar(
        child: str, page: PageAsked, first: Annotated[Day | None, Query(alias="from")] = None
    ) -> JSONAnswer:
        after = page.after("days", (str, int))
        return JSONAnswer({"from": first, "after": after, "next": write_cursor("days", ["2024-03-27", page.limit])})

    @router.get("/agents")
    async def agents() -> JSONAnswer:
        return JSONAnswer({"agents": []})

    @router.get("/slow")
    def slow() -> JSONAnswer:
        latch.inside.release()
        assert latch.opened.wait(20)
        latch.finished += 1
        return JSONAnswer({"done": True})

    @router.get("/broken")
    async def broken() -> Response:
        raise RuntimeError(f"the row of {CANARY} is broken")

    @router.get("/unreachable")
    async def unreachable() -> Response:
        raise psycopg.OperationalError(f"connection lost while reading {CANARY}")

    async def probe() -> int:
        return SCHEMA

    readiness = parts.pop("readiness", None) or Readiness(probe, schema=SCHEMA)
    return build(
        House(routers=[router], ring=ring, readiness=readiness, rights=RIGHTS, places=places or Places(), **parts)
    )


PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True)
class Signer:
    """An identity provider: one key pair, and tokens right or wrong in any way a test likes."""

    private: PrivateKey
    name: str = "key-1"
    issuer: str = ISSUER

    @classmethod
    def make(cls, name: str = "key-1", kind: str = "ES256", issuer: str = ISSUER) -> "Signer":
        made: PrivateKey = ec.generate_private_key(ec.SECP256R1())
        if kind == "RS256":
            made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        elif kind == "EdDSA":
            made = ed25519.Ed25519PrivateKey.generate()
        return cls(made, name, issuer)

    @property
    def algorithm(self) -> str:
        found = algorithm_of(self.private.public_key())
        assert found is not None
        return found

    @property
    def key(self) -> Key:
        return Key(self.issuer, self.name, self.algorithm, self.private.public_key())

    @property
    def jwk(self) -> dict[str, Any]:
        makers = {"ES256": ECAlgorithm, "RS256": RSAAlgorithm, "EdDSA": OKPAlgorithm}
        text = makers[self.algorithm].to_jwk(self.private.public_key())  # type: ignore[attr-defined]
        return {**json.loads(text), "kid": self.name, "use": "sig"}

    def claims(self, **changes: Any) -> dict[str, Any]:
        """The claims of a sound token, some of them changed; `...` takes one away."""
        now = int(datetime.now(UTC).timestamp())
        sound = {
            "iss": self.issuer,
            "aud": "ardoise",
            "sub": "parent-1",
            "iat": now,
            "exp": now + 600,
            "jti": str(uuid4()),
            "client_id": "portal",
            "commune": COMMUNE,
            "role": "guardian",
        }
        return {name: value for name, value in {**sound, **changes}.items() if value is not ...}

    def token(self, headers: Mapping[str, Any] | None = None, **changes: Any) -> str:
        said = {"typ": "at+jwt", "kid": self.name, **(headers or {})}
        said = {name: value for name, value in said.items() if value is not ...}
        return jwt.encode(self.claims(**changes), self.private, algorithm=self.algorithm, headers=said)


@contextmanager
def knocking(app: FastAPI, token: str | None = None) -> Iterator[httpx.Client]:
    """A client of a real server that runs this application."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    with running_server(app) as url, httpx.Client(base_url=url, headers=headers, timeout=20) as client:
        yield client


def command(client: httpx.Client, body: Any, **headers: str) -> httpx.Response:
    """Send a command with a fresh key."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    sent = {"Content-Type": "application/json", "Idempotency-Key": uuid4().hex, **headers}
    return client.post(f"/v1/{COMMUNE}/demandes", content=content, headers=sent)


def wire(client: httpx.Client, *pieces: bytes, wait_seconds: float = 0.0, most_seconds: float = 20.0) -> bytes:
    """Send bytes as they are, with a pause between them, and read until the server closes or falls silent."""
    address = urlsplit(str(client.base_url))
    with socket.create_connection((str(address.hostname), address.port or 80), timeout=most_seconds) as connection:
        for piece in pieces:
            try:
                connection.sendall(piece)
            except (BrokenPipeError, ConnectionResetError):
                break
            time.sleep(wait_seconds)
        return read_answer(connection)


def read_answer(connection: socket.socket) -> bytes:
    """One answer, its body included when it says how long it is."""
    answer = b""
    while True:
        head, _, body = answer.partition(b"\r\n\r\n")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        if lengths and len(body) >= int(lengths[0].partition(b":")[2]):
            return answer
        try:
            chunk = connection.recv(65536)
        except ConnectionResetError:
            return answer
        if not chunk:
            return answer
        answer += chunk


def raw_command(token: str, *headers: str) -> bytes:
    """The head of a command, as bytes."""
    lines = [f"POST /v1/{COMMUNE}/demandes HTTP/1.1", "Host: x", f"Authorization: Bearer {token}", *headers]
    if not any(line.lower().startswith("content-type") for line in headers):
        lines.append("Content-Type: application/json")
    return "\r\n".join([*lines, "Idempotency-Key: k", "", ""]).encode()
