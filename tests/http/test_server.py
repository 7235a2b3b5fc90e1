"""What uvicorn alone would let through, and a shutdown that loses nothing."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives import serialization

from api import server as server_module
from api.health import Readiness
from api.keys import KeyRing
from tests.http.small_house import CANARY, COMMUNE, SCHEMA, Signer, knocking, small_app, wire

SIGNER = Signer.make()
ROOT = Path(__file__).parents[2]
SLOW = f"/v1/{COMMUNE}/slow"


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with knocking(small_app(KeyRing(fixed=[SIGNER.key])), SIGNER.token()) as knocking_client:
        yield knocking_client


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize(
    "pieces",
    [
        [b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 17_000 + b"\r\n\r\n"],
        [b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: ", *[b"a" * 4_096] * 8],
        [b"GET /" + b"a" * 17_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"],
        [b"GET /livez HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 100 + b"\r\n"],
        [b"GET /livez HTTP/1.1\r\nHost: x\r\n", *[b"X-Many: b\r\n" * 200] * 8],
    ],
    ids=["one long header", "a header without an end", "a long address", "a hundred headers", "headers without an end"],
)
def test_headers_are_bounded(client: httpx.Client, pieces: list[bytes]) -> None:
    answer = wire(client, *pieces, wait_seconds=0.01)
    assert status_of(answer) == 431
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "headers_too_large"


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost : x\r\n\r\n",
        b"GET /livez HTTP/9.9\r\nHost: x\r\n\r\n",
        b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
        b"POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=["nonsense", "a space before the colon", "an unknown version", "a negative length", "two lengths",
         "a length and chunks", "a wrong chunk", "a TLS hello"],
)  # fmt: skip
def test_what_is_not_http_is_answered_with_a_problem_and_closed(client: httpx.Client, request_bytes: bytes) -> None:
    answer = wire(client, request_bytes, most_seconds=5)
    assert status_of(answer) in (400, 405)
    assert b"application/problem+json" in answer
    assert b"nonsense" not in answer


def test_a_client_that_never_ends_its_headers_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "HEADERS_SECONDS", 0.3)
    with knocking(small_app(KeyRing(fixed=[SIGNER.key]))) as slow:
        for start in (b"", b"GET /livez HTTP/1.1\r\nX-A: "):
            started = time.monotonic()
            assert wire(slow, start, most_seconds=5) == b""
            assert time.monotonic() - started < 3


def test_a_second_request_on_the_same_connection_is_bounded_too(client: httpx.Client) -> None:
    sound = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = wire(client, sound * 3 + b"GET /livez HTTP/1.1\r\nX-Long: " + b"a" * 20_000, b"\r\n\r\n", wait_seconds=0.1)
    assert status_of(answer) == 200


def test_a_connection_serves_many_requests_of_the_largest_headers(client: httpx.Client) -> None:
    for _ in range(5):
        assert client.get("/livez", headers={"X-Long": "a" * 12_000}).status_code == 200


def test_the_server_does_not_say_what_it_is_made_of(client: httpx.Client) -> None:
    assert "server" not in client.get("/livez").headers


@pytest.mark.parametrize("fault", ["slow", "broken", "older"])
def test_a_service_whose_database_is_not_as_it_should_be_is_not_ready(fault: str) -> None:
    async def probe() -> int:
        if fault == "slow":
            await server_module.asyncio.sleep(60)
        if fault == "broken":
            raise OSError(CANARY)
        return SCHEMA - 1

    readiness = Readiness(probe, schema=SCHEMA, seconds=0.1)
    with knocking(small_app(KeyRing(fixed=[SIGNER.key]), readiness=readiness)) as client:
        answer = client.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["code"] == "not_ready"
        assert answer.headers["retry-after"]
        assert CANARY not in answer.text
        assert client.get("/livez").status_code == 200


@contextmanager
def served(
    inside_seconds: float = 0.0, notice_seconds: float = 0.0, drain_seconds: int = 10
) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    pem = SIGNER.private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    arguments = [pem, str(port), str(inside_seconds), str(notice_seconds), str(drain_seconds)]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.http.served", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            with httpx.Client(
                base_url=f"http://127.0.0.1:{port}",
                headers={"Authorization": f"Bearer {SIGNER.token()}"},
                timeout=20,
            ) as client:
                until_alive(process, client)
                yield process, client
        finally:
            process.kill()


def until_alive(process: "subprocess.Popen[str]", client: httpx.Client) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        try:
            client.get("/livez").raise_for_status()
        except httpx.TransportError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(process.stderr.read() if process.stderr else "the service did not start")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_running_request_is_answered_before_the_service_leaves(number: signal.Signals) -> None:
    with served(inside_seconds=1.0) as (process, client), ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.get, SLOW)
        assert process.stderr is not None
        assert process.stderr.readline() == "inside\n"
        process.send_signal(number)
        assert answer.result().json() == {"done": True}
        assert process.wait(10) == 0


def test_a_service_that_drains_says_so_and_still_answers() -> None:
    with served(notice_seconds=1.0) as (process, client):
        assert client.get("/readyz").status_code == 200
        process.terminate()
        deadline = time.monotonic() + 1
        while client.get("/readyz").status_code == 200:
            assert time.monotonic() < deadline
        assert client.get("/readyz").json()["code"] == "not_ready"
        assert client.get(f"/v1/{COMMUNE}/demandes/1").status_code == 200
        assert process.wait(10) == 0


def test_a_shutdown_takes_no_longer_than_its_bound() -> None:
    with served(inside_seconds=4.0, drain_seconds=1) as (process, client), ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.get, SLOW)
        assert process.stderr is not None
        assert process.stderr.readline() == "inside\n"
        started = time.monotonic()
        process.terminate()
        process.wait(10)
        assert time.monotonic() - started < 8
        assert isinstance(answer.exception(), httpx.TransportError) or answer.result().status_code >= 500


def test_a_service_that_cannot_have_its_port_does_not_exit_with_0() -> None:
    with served() as (first, client):
        port = str(client.base_url.port)
        assert first.args
        pem = first.args[3]  # type: ignore[index]
        second = subprocess.run(
            [sys.executable, "-m", "tests.http.served", str(pem), port, "0", "0", "1"],
            cwd=ROOT,
            capture_output=True,
            timeout=30,
            check=False,
        )
        assert second.returncode != 0
