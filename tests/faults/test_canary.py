"""What a family writes is in its answers and in the ledger: in no log, and in no refusal."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import psycopg
import pytest

from tests.faults.service import TOWN, Load, Service, admin_url
from tests.http.world import Who

CANARY = "canari-zoe-1971"
"""A name, in a form every field that takes text would accept: a slug, a key, a subject, a word of a header."""


@pytest.fixture
def service(data: Path) -> Iterator[Service]:
    started = Service.start(data, ARDOISE_LOG_LEVEL="debug", ARDOISE_LOCK_TIMEOUT_MS="200", ARDOISE_POOL_SIZE="2")
    yield started
    assert started.stop() == 0


def bodies(child: str, household: str, day: str) -> Iterator[tuple[str, Any]]:
    """A sound body for every command, and the same with a canary in each of its texts in turn."""
    wish = {"day": day, "unit": "repas"}
    repeat = {"weekdays": ["monday"], "from": day, "to": day, "unit": "repas"}
    demande = {"child": child, "activity": "accueil", "reserve": [wish], "repeat": repeat, "also_for": [child]}
    absence = {
        "child": child,
        "activity": "accueil",
        "kind": "absence",
        "absent": [wish],
        "reason": "x",
        "document": "7d793037-a076-4e6c-8f3b-2d0f5f3a8d1e",
    }
    counter = {**demande, "counter": {"received_at": "2024-01-01T10:00:00Z", "derogation": "x"}}
    period = {"activity": "accueil", "first_day": day, "last_day": day, "site": "x", "group": "x"}
    mark = {"child": child, "presence": "present", "arrived_at": "2024-01-01T10:00:00Z"}
    sound: list[tuple[str, Any]] = [
        ("/demandes", demande),
        ("/demandes", absence),
        ("/demandes", counter),
        ("/demandes/preview", demande),
        ("/demandes/1/decision", {"approve": [wish], "reason": "x"}),
        ("/decisions", {"decisions": [{"number": 1, "approve": "none", "reason": "x"}]}),
        ("/children", {"household": household}),
        (f"/children/{child}/enrolments", period),
        (f"/households/{household}/guardians", {"subject": "x"}),
        ("/attendance", {"activity": "accueil", "unit": "repas", "day": day, "children": [mark]}),
        ("/closures", {"day": day, "reason": "x", "activity": "accueil", "site": "x"}),
        ("/capacities", {"activity": "accueil", "unit": "repas", "days": [day], "places": 3, "pool": "x"}),
        ("/rulebook/versions", {"content": f'commune = "{CANARY}"'}),
    ]
    for path, body in sound:
        yield path, {**body, CANARY: CANARY}
        for changed in singing(body):
            yield path, changed


def singing(value: Any) -> Iterator[Any]:
    """The value with each of its texts replaced in turn."""
    if isinstance(value, dict):
        for name, inner in value.items():
            for changed in singing(inner):
                yield {**value, name: changed}
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            for changed in singing(inner):
                yield [*value[:place], changed, *value[place + 1 :]]
    elif isinstance(value, str):
        yield CANARY


def silent(answer: httpx.Response) -> bool:
    """Whether a refusal keeps to itself what was sent; a success may show a family its own words."""
    told = answer.content.decode() + str(sorted(answer.headers.items()))
    return answer.is_success or CANARY not in told


def test_no_log_and_no_refusal_holds_what_was_sent(service: Service) -> None:
    children = service.settle()
    load = Load(service, children)
    with load.running():
        load.until(8)
    child = children[load.sent[0].family]
    day = (date.today() + timedelta(days=400)).isoformat()  # noqa: DTZ011 - any day ahead
    loud: list[str] = []
    sent = 0

    def heard(answer: httpx.Response) -> None:
        nonlocal sent
        sent += 1
        if not silent(answer):
            loud.append(f"{answer.request.method} {answer.request.url.path} {answer.text}")
        assert answer.status_code < 500 or answer.status_code == 503, answer.text

    with service.client() as http:
        agent, admin = service.who(http, "agent", CANARY), service.who(http, "admin", CANARY)
        household = agent.get(f"/children/{child}").json()["household"]
        for path, body in bodies(child, household, day):
            heard((admin if path.startswith("/rulebook") else agent).post(path, body))
        for question in queries(child):
            heard(agent.get(question))
        for headers in hostile_headers():
            heard(
                agent.send("POST", "/households", body={}, key=headers.get("Idempotency-Key", CANARY), headers=headers)
            )
            heard(http.get(f"/v1/{TOWN}/me", headers=headers))
        heard(agent.post("/households", f'{{"{CANARY}": "{CANARY}'.encode()))
        heard(Who(http=http, token=f"{CANARY}.{CANARY}.{CANARY}", commune=TOWN).get("/me"))
        heard(http.get(f"/{CANARY}/{CANARY}"))
        heard(http.request(CANARY.upper(), f"/v1/{TOWN}/me"))
        with psycopg.connect(admin_url(service.data)) as connection:
            connection.execute("LOCK TABLE ardoise.entries, ardoise.places IN ACCESS EXCLUSIVE MODE")
            wish = {"child": child, "activity": "accueil", "reserve": [{"day": day, "unit": "repas"}]}
            busy = agent.post("/demandes", wish, key=CANARY)
            assert "retry-after" in busy.headers
            heard(busy)
    assert sent > 80
    assert loud == []
    log = service.log.read_text()
    assert '"route":"/v1/{commune}/demandes"' in log, "this is the log"
    assert CANARY not in log.lower()
    assert child not in log
    assert household not in log
    database = (service.data / "postgres.log").read_text()
    assert "PostgreSQL" in database
    assert CANARY not in database
    assert child not in database


def queries(child: str) -> Iterator[str]:
    names = ["child", "household", "status", "activity", "from", "to", "order", "limit", "cursor", CANARY]
    yield from (f"/demandes?{name}={CANARY}" for name in names)
    yield from (
        f"/children/{child}/calendar?{name}={CANARY}" for name in ("from", "week", "month", "activity", "as_of")
    )
    yield from (f"/rulebook?{name}={CANARY}" for name in ("day", "as_of"))
    yield f"/activities/{CANARY}/places?from=2024-01-01&to=2024-01-02"
    yield f"/activities/{CANARY}/day-sheet?day=2024-01-01&unit={CANARY}&site={CANARY}&group={CANARY}"
    yield f"/children/{CANARY}"
    yield f"/children/{CANARY}/calendar"
    yield f"/households/{CANARY}"
    yield f"/demandes/{CANARY}"
    yield f"/rulebook/versions/{CANARY}"
    yield f"/rulebook/versions/{CANARY}%00{CANARY}"
    yield f"/closures?from={CANARY}&to={CANARY}"


def hostile_headers() -> Iterator[dict[str, str]]:
    for name in ("User-Agent", "Referer", "Cookie", "X-Forwarded-For", "If-Match", "Content-Type", "Accept", CANARY):
        yield {name: CANARY}
    yield {"Idempotency-Key": f"{CANARY} {CANARY}"}
    yield {"X-Request-Id": f"{CANARY} with a space"}
    yield {"Authorization": f"Basic {CANARY}"}


def test_every_line_of_the_log_is_json_and_names_no_one(service: Service) -> None:
    load = Load(service, service.settle())
    with load.running():
        load.until(8)
    allowed = {"method", "route", "status", "ms", "waited_ms", "client", "role", "code", "hit", "correlation"}
    lines = [orjson.loads(line) for line in service.log.read_text().splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert requests
    for line in requests:
        assert set(line) <= allowed | {"event", "logger", "level", "timestamp"}
    assert "parent-0" not in service.log.read_text()
