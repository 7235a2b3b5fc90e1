"""What is written down about a request: enough to run the service, and nobody's name."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest
import structlog

from api import logs
from api.keys import KeyRing
from tests.http.small_house import CANARY, CHILD, COMMUNE, Signer, command, knocking, small_app

SIGNER = Signer.make()


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Everything the process logs while a test runs, as `ardoise serve` would write it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure(stream)
    try:
        yield stream
    finally:
        structlog.reset_defaults()
        root.handlers[:] = handlers
        root.setLevel(level)


@pytest.fixture
def client(written: io.StringIO) -> Iterator[httpx.Client]:
    with knocking(small_app(KeyRing(fixed=[SIGNER.key])), SIGNER.token(sub=CANARY, jti=CANARY)) as knocking_client:
        yield knocking_client


def lines(written: io.StringIO, event: str = "request") -> list[dict[str, Any]]:
    found = [json.loads(line) for line in written.getvalue().splitlines()]
    return [line for line in found if line["event"] == event]


def test_one_line_per_request_tells_the_route_and_never_the_path(client: httpx.Client, written: io.StringIO) -> None:
    client.get(f"/v1/{COMMUNE}/children/{CHILD}/calendar?from=2024-03-27", headers={"X-Request-Id": "portal-12345"})
    (line,) = lines(written)
    assert line["route"] == "/v1/{commune}/children/{child}/calendar"
    assert line["method"] == "GET"
    assert line["status"] == 200
    assert line["ms"] > 0
    assert line["correlation"] == "portal-12345"
    assert line["client"] == "portal"
    assert line["role"] == "guardian"
    assert CHILD not in written.getvalue()
    assert "2024-03-27" not in written.getvalue()


def test_no_name_is_ever_written_down_wherever_it_was_put(client: httpx.Client, written: io.StringIO) -> None:
    command(client, {"child": CANARY, "note": CANARY, CANARY: CANARY})
    command(client, {"child": CHILD, "note": CANARY}, **{"Idempotency-Key": CANARY, "If-Match": CANARY})
    command(client, f'{{"child":"{CANARY}"'.encode())
    for path in (
        f"/v1/{COMMUNE}/broken",
        f"/v1/{COMMUNE}/unreachable",
        f"/v1/{COMMUNE}/children/{CANARY}/calendar",
        f"/v1/{COMMUNE}/demandes/1?name={CANARY}",
        f"/v1/{COMMUNE}/demandes/1?as_of={CANARY}",
        f"/v1/{CANARY}/demandes/1",
        f"/{CANARY}",
    ):
        client.get(path, headers={"User-Agent": CANARY, "Referer": CANARY, "Cookie": CANARY})
    client.get("/livez", headers={"Authorization": f"Bearer {CANARY}"})
    metrics = client.get("/metrics").text
    assert len(lines(written)) == 12
    assert CANARY not in written.getvalue()
    assert CANARY not in metrics
    assert CHILD not in metrics


def test_an_unexpected_exception_is_logged_by_its_type_and_place_and_not_its_words(
    client: httpx.Client, written: io.StringIO
) -> None:
    answer = client.get(f"/v1/{COMMUNE}/broken")
    (line,) = lines(written, "unexpected")
    assert line["error"]["type"] == "builtins.RuntimeError"
    assert any("small_house.py" in frame and "broken" in frame for frame in line["error"]["frames"])
    assert line["correlation"] == answer.json()["correlation"]
    assert lines(written)[0]["status"] == 500


def test_a_library_s_log_keeps_its_sentence_and_loses_what_it_quotes(written: io.StringIO) -> None:
    logger = logging.getLogger("psycopg.pool")
    logger.warning("error connecting in %r: %s", "pool-1", psycopg.OperationalError(f"DETAIL: {CANARY}"))
    logger.warning("100 %% of %s", CANARY)
    logger.error(psycopg.OperationalError(CANARY))
    try:
        raise psycopg.errors.UniqueViolation(f"Key (name)=({CANARY}) already exists")
    except psycopg.Error:
        logger.exception("a row of %s was refused", CANARY)
    text = written.getvalue()
    assert CANARY not in text
    assert "error connecting in" in text
    assert "OperationalError" in text
    assert lines(written, "a row of %s was refused")[0]["error"]["sqlstate"] == "23505"


def test_every_line_is_json_even_when_a_value_is_not(written: io.StringIO) -> None:
    log = structlog.stdlib.get_logger("ardoise.test")
    log.warning("odd", value=object(), raw=b"\xff", key={1: 2}, many={1, 2})
    assert lines(written, "odd")[0]["level"] == "warning"


def test_counters_are_by_route_status_and_code(client: httpx.Client) -> None:
    client.get(f"/v1/{COMMUNE}/demandes/1")
    client.get(f"/v1/{COMMUNE}/demandes/x")
    client.request("BREW", "/coffee")
    metrics = client.get("/metrics").text
    route = 'route="/v1/{commune}/demandes/{number}"'
    assert f'ardoise_requests_total{{method="GET",{route},status="200"}} 1.0' in metrics
    assert f'ardoise_requests_total{{method="GET",{route},status="404"}} 1.0' in metrics
    assert 'ardoise_refusals_total{code="not_found"}' in metrics
    assert "BREW" not in metrics


def test_two_applications_in_one_process_count_apart() -> None:
    ring = KeyRing(fixed=[SIGNER.key])
    with knocking(small_app(ring)) as first, knocking(small_app(ring)) as second:
        first.get("/livez")
        assert 'route="/livez"' in first.get("/metrics").text
        assert 'route="/livez"' not in second.get("/metrics").text
