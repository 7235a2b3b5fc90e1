"""`ardoise serve` in a process of its own, families that never stop asking, and what must be true afterwards."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
import psycopg
from psycopg.rows import dict_row

from api.development import DevelopmentKey, issue_token
from ledger.embedded import Server
from ledger.identifiers import Commune, Subject
from tests.http.world import Who, made
from tests.rulebook.town import text
from tests.servers import Database, as_url

ARDOISE = Path(sys.executable).with_name("ardoise")
TOWN = Commune("ville")
FAMILIES = 8
RULEBOOK = text('type = "heures"\nnombre = 1', more="[activites.accueil.places]\nnombre = 100\n")
START_SECONDS = 30.0


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port


def environment(data: Path, **more: str) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("ARDOISE_")}
    return ours | {"ARDOISE_DATA": str(data)} | more


@dataclass
class Service:
    """A running `ardoise serve`."""

    data: Path
    process: "subprocess.Popen[bytes]"
    url: str
    log: Path

    @classmethod
    def start(cls, data: Path, **more: str) -> "Service":
        port = free_port()
        log = data.with_name("service.log")
        with log.open("ab") as written:
            process = subprocess.Popen(
                [ARDOISE, "serve", "--port", str(port)],
                env=environment(data, **more),
                stdout=written,
                stderr=written,
                start_new_session=True,
            )
        service = cls(data, process, f"http://127.0.0.1:{port}", log)
        service.until_ready()
        return service

    def until_ready(self) -> None:
        give_up_at = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up_at:
            assert self.process.poll() is None, self.log.read_text()[-2000:]
            with contextlib.suppress(httpx.TransportError):
                if self.get("/readyz").status_code == 200:
                    return
            time.sleep(0.05)
        raise AssertionError("the service is not ready")

    def get(self, path: str) -> httpx.Response:
        """What anybody on the machine is answered. Reading certificates would take longer than the answer."""
        return httpx.get(f"{self.url}{path}", verify=False)

    def stop(self, how: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            os.kill(self.process.pid, how)
        return self.process.wait(60)

    def who(self, http: httpx.Client, role: str, subject: str) -> Who:
        token = issue_token(
            DevelopmentKey.open(self.data),
            subject=Subject(subject),
            role=role,
            commune=TOWN,
            client="portal",
            lifetime=timedelta(hours=1),
            now=datetime.now(UTC),
        )
        return Who(http=http, token=token, commune=TOWN)

    @contextlib.contextmanager
    def client(self) -> Iterator[httpx.Client]:
        with httpx.Client(base_url=self.url, timeout=10, verify=False) as http:
            yield http

    def settle(self) -> list[str]:
        """The rulebook, and one child for each family."""
        with self.client() as http:
            made(self.who(http, "admin", "admin-1").post("/rulebook/versions", {"content": RULEBOOK}))
            agent = self.who(http, "agent", "agent-1")
            children = []
            for family in range(FAMILIES):
                household = made(agent.post("/households"))["household"]
                made(agent.post(f"/households/{household}/guardians", {"subject": f"parent-{family}"}))
                child = made(agent.post("/children", {"household": household}))["child"]
                period = {"activity": "accueil", "first_day": "2024-01-01", "last_day": "2150-12-31"}
                made(agent.post(f"/children/{child}/enrolments", period))
                children.append(child)
        return children


@contextlib.contextmanager
def served(data: Path, **more: str) -> Iterator[Service]:
    """A service that is killed in the end."""
    service = Service.start(data, **more)
    try:
        yield service
    finally:
        service.stop(signal.SIGKILL)


def gauge(service: Service, name: str) -> float | None:
    """What /metrics says of it; None when it says nothing."""
    found = re.search(rf"^{name}(?:{{[^}}]*}})? (\S+)$", service.get("/metrics").text, flags=re.MULTILINE)
    return None if found is None else float(found[1])


def refused(data: Path, *arguments: str, **more: str) -> str:
    """The one line of a command that did not do its work."""
    ran = subprocess.run(
        [ARDOISE, *(arguments or ("serve", "--port", str(free_port())))],
        env=environment(data, **more),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode in {1, 2}, ran.stderr
    lines = [line for line in ran.stderr.splitlines() if line.startswith("ardoise: ")]
    assert len(lines) == 1, ran.stderr
    assert "Traceback" not in ran.stdout + ran.stderr
    assert "hunter2" not in ran.stdout + ran.stderr
    return lines[0]


def url_of(database: Database, **instead: str) -> str:
    """The service's way in, as a person writes it."""
    return as_url(database.service_url, **instead)


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A demande that was sent, and the bytes it was answered; None when no answer came."""

    family: int
    key: str
    body: dict[str, Any]
    answer: bytes | None


@dataclass
class Crowd(ABC):
    """Families that ask again and again until they are told to stop, and the statuses they are answered."""

    service: Service
    statuses: Counter[int] = field(default_factory=Counter, kw_only=True)
    _stop: threading.Event = field(default_factory=threading.Event, kw_only=True)

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        with ThreadPoolExecutor(FAMILIES) as threads:
            asked = [threads.submit(self.ask, family) for family in range(FAMILIES)]
            try:
                yield
            finally:
                self._stop.set()
                for future in asked:
                    future.result()

    def until(self, acknowledged: int) -> None:
        """Waits until so many were acknowledged."""
        give_up_at = time.monotonic() + 60
        while self.acknowledged() < acknowledged:
            assert time.monotonic() < give_up_at, self.statuses
            time.sleep(0.005)

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    @abstractmethod
    def acknowledged(self) -> int:
        """How many were answered that count."""

    @abstractmethod
    def ask(self, family: int) -> None:
        """What one family does until it is told to stop."""


@dataclass
class Load(Crowd):
    """Families that book day after day."""

    children: list[str]
    first_day: int = 1
    """Days from the first one that can be asked for: no two loads ask for the same."""
    sent: list[Sent] = field(default_factory=list)
    unexplained: list[str] = field(default_factory=list)

    def acknowledged(self) -> int:
        return sum(each.answer is not None for each in list(self.sent))

    def ask(self, family: int) -> None:
        child, start = self.children[family], date.today() + timedelta(days=30)  # noqa: DTZ011 - any day ahead
        day = start + timedelta(days=self.first_day)
        with self.service.client() as http:
            parent = self.service.who(http, "guardian", f"parent-{family}")
            while not self.stopped:
                day += timedelta(days=1)
                body = {"child": child, "activity": "accueil", "reserve": [{"day": day.isoformat(), "unit": "repas"}]}
                key = uuid4().hex
                self.sent.append(Sent(family=family, key=key, body=body, answer=self._send(parent, key, body)))

    def _send(self, parent: Who, key: str, body: dict[str, Any]) -> bytes | None:
        """Again and again under one key, as a portal does, until there is an answer or the test is over."""
        while not self.stopped:
            try:
                said = parent.post("/demandes", body, key=key)
            except httpx.TransportError:
                time.sleep(0.05)
                continue
            self.statuses[said.status_code] += 1
            if said.status_code == 201:
                return said.content
            if "retry-after" not in said.headers:
                self.unexplained.append(said.text)
                return None
            time.sleep(0.1)
        return None


def complaints(service: Service, sent: list[Sent]) -> list[str]:
    """What is wrong: an acknowledged command that is not there, one applied twice, a place miscounted, a chain cut."""
    with service.client() as http:
        parents = [service.who(http, "guardian", f"parent-{family}") for family in range(FAMILIES)]
        found = [complaint for each in sent for complaint in _resent(parents[each.family], each)]
    wanted = Counter(day["day"] for each in sent for day in each.body["reserve"])
    with service.client() as http:
        agent = service.who(http, "agent", "agent-1")
        first, last = min(wanted), max(wanted)
        places = made(agent.get("/activities/accueil/places", from_=first, to=last), 200)["places"]
        taken = {slot["day"]: slot["taken"] for slot in places if slot["taken"]}
    if taken != dict(wanted):
        found.append(f"places do not add up: {sum(taken.values())} taken for {sum(wanted.values())} asked")
    return found + list(_chain(service, sent))


def _resent(parent: Who, each: Sent) -> Iterator[str]:
    again = _answered(parent, each)
    hit = again.headers.get("idempotency-hit") == "true"
    if again.status_code != 201:
        yield f"{each.key} is answered {again.status_code} {again.json()['code']}"
    elif each.answer is not None and not (hit and again.content == each.answer):
        yield f"{each.key} was acknowledged and is lost"
    elif _answered(parent, each).content != again.content:
        yield f"{each.key} is answered in two ways"


def _answered(parent: Who, each: Sent) -> httpx.Response:
    """The answer of today, however often the client is told to come back."""
    while "retry-after" in (again := parent.post("/demandes", each.body, key=each.key)).headers:
        time.sleep(0.05)
    return again


def _chain(service: Service, sent: list[Sent]) -> Iterator[str]:
    """Reads the tables as a superuser: every page is whole, every day reserved once."""
    with psycopg.connect(admin_url(service.data), row_factory=dict_row) as connection:
        entries = connection.execute("SELECT * FROM ardoise.entries ORDER BY stream, version").fetchall()
        demandes = connection.execute("SELECT count(*) AS n FROM ardoise.demandes").fetchone()
        reserved = connection.execute("SELECT count(*) AS n FROM ardoise.calendar_days").fetchone()
    heads: dict[str, tuple[int, bytes]] = {}
    requested: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        version, head = heads.get(entry["stream"], (0, bytes(32)))
        said = orjson.loads(entry["stored"])
        if entry["version"] != version + 1 or bytes.fromhex(said["previous"]) != head:
            yield f"the chain of {entry['stream']} is broken at {entry['version']}"
        if sha256(entry["stored"]).digest() != entry["digest"]:
            yield f"the digest of {entry['stream']} {entry['version']} is wrong"
        heads[entry["stream"]] = entry["version"], entry["digest"]
        if entry["type"].startswith("reservation_requested"):
            requested.update((entry["stream"], day["day"]) for day in said["fact"]["days"])
    if any(count > 1 for count in requested.values()):
        yield f"applied twice: {[slot for slot, count in requested.items() if count > 1]}"
    counts = {"pages": sum(requested.values()), "demandes": demandes["n"], "calendar": reserved["n"]}  # type: ignore[index]
    if set(counts.values()) != {len(sent)}:
        yield f"{len(sent)} demandes were sent and there are {counts}"


def admin_url(data: Path) -> str:
    """The superuser's way into the ledger."""
    directory = (data / "postgres" / "postmaster.pid").read_text().splitlines()[4]
    return f"postgresql://postgres@/ardoise?host={directory}"


def postmaster(data: Path) -> int:
    return int((data / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def nobody_left(data: Path) -> None:
    """Waits until no process of a killed PostgreSQL is left."""
    give_up_at = time.monotonic() + 30
    while not Server(data).place.nobody_alive():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)
