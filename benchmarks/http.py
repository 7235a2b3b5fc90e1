"""One process over HTTP, beside two floors of the same run. The client has its share of the same machine."""

import asyncio
import contextlib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

import httpx
import orjson

from api.development import DevelopmentKey, issue_token
from benchmarks.bench import progress, say, table
from ledger.identifiers import Commune, Subject, new_id

TOWN: Final = Commune("bench-http")
"""Not the town of the other benchmarks, which booked under other rules."""
CONNECTIONS: Final = 32
SECONDS: Final = 4.0
FAMILIES: Final = 199
SPREAD_DAYS: Final = 600
STRIDE_DAYS: Final = 13
"""Between the days a family books one after another: it never meets itself, on days whose calendar is known."""
RULEBOOK: Final = """
commune = "bench-http"
nom = "Bench"
version = "1"
en_vigueur = 2023-09-01
zone = "C"

[activites.restauration]
nom = "Restauration"
article = "1"
instruction = "regle"
jours = ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"]
quand = "tous"
ouvert_feries = "oui"

[activites.restauration.unites.repas]
nom = "Repas"
debut = "11:45"

[activites.restauration.delai]
type = "heures"
nombre = 1

[activites.restauration.places]
nombre = 1000
"""

Ask = Callable[[], bytes]
"""The bytes of one request."""


def run(service_url: str) -> None:
    """Prints one row per kind of request."""
    rows: list[tuple[str, float, float, float]] = []
    with tempfile.TemporaryDirectory(prefix="ardoise-bench-http-") as directory:
        with process("floor", service_url, directory) as port:
            rows.append(("floor: a route that answers", *measured(port, lambda: get("/livez"))))
            rows.append(("floor: a route that asks SELECT 1", *measured(port, lambda: get("/one"))))
        with process("ledger", service_url, directory) as port:
            town = Town(port, Path(directory))
            rows += [(name, *measured(port, ask)) for name, ask in town.asks().items()]
    least = rows[1][1]
    shown = [(name, rate, f"{rate / least:.2f}", middle, slow) for name, rate, middle, slow in rows]
    head = ["request", "per second", "of SELECT 1", "median ms", "95th ms"]
    table(f"HTTP, one process, {CONNECTIONS} connections (fsync on)", head, shown)


class Town:
    """A town whose families ask."""

    def __init__(self, port: int, data: Path) -> None:
        self.key = DevelopmentKey.open(data)
        self.base = f"http://127.0.0.1:{port}/v1/{TOWN}"
        self.families: list[tuple[str, str]] = []
        with progress("a town settles"), httpx.Client() as http:
            self._post(http, "admin", "/rulebook/versions", {"content": RULEBOOK})
            for family in range(FAMILIES):
                household = self._post(http, "agent", "/households", {})["household"]
                self._post(http, "agent", f"/households/{household}/guardians", {"subject": f"parent-{family}"})
                child = self._post(http, "agent", "/children", {"household": household})["child"]
                period = {"activity": "restauration", "first_day": "2024-01-01", "last_day": "2190-12-31"}
                self._post(http, "agent", f"/children/{child}/enrolments", period)
                self.families.append((self.token("guardian", f"parent-{family}"), child))

    def _post(self, http: httpx.Client, role: str, path: str, body: dict[str, Any]) -> Any:
        headers = {"Authorization": f"Bearer {self.token(role, role)}", "Idempotency-Key": new_id()}
        answer = http.post(self.base + path, json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()

    def token(self, role: str, subject: str) -> str:
        """A token of the town."""
        return issue_token(
            self.key,
            subject=Subject(subject),
            role=role,
            commune=TOWN,
            client="bench",
            lifetime=timedelta(hours=2),
            now=datetime.now(UTC),
        )

    def asks(self) -> dict[str, Ask]:
        """Every kind of request, of one family after another."""
        turn, today = count(), datetime.now(UTC).date()
        month = (today + timedelta(days=40)).isoformat()[:7]

        def family() -> tuple[str, str, int]:
            number = next(turn)
            return (*self.families[number % FAMILIES], number // FAMILIES)

        def me() -> bytes:
            token, _, _ = family()
            return get(f"/v1/{TOWN}/me", token)

        def calendar() -> bytes:
            token, child, _ = family()
            return get(f"/v1/{TOWN}/children/{child}/calendar?month={month}", token)

        def listed() -> bytes:
            token, _, _ = family()
            return get(f"/v1/{TOWN}/demandes", token)

        def submit() -> bytes:
            token, child, visit = family()
            ahead = 30 + (visit * STRIDE_DAYS + hash(child)) % SPREAD_DAYS
            return self._submit(token, child, today + timedelta(days=ahead))

        return {
            "GET /me": me,
            "GET calendar of a month": calendar,
            "POST /demandes": submit,
            "GET /demandes, 50 at most": listed,
        }

    def _submit(self, token: str, child: str, day: date) -> bytes:
        days = [{"day": day.isoformat(), "unit": "repas"}]
        body = orjson.dumps({"child": child, "activity": "restauration", "reserve": days})
        lines = (
            f"POST /v1/{TOWN}/demandes HTTP/1.1",
            "Host: bench",
            f"Authorization: Bearer {token}",
            f"Idempotency-Key: {new_id()}",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        )
        return "\r\n".join([*lines, "", ""]).encode() + body


def get(path: str, token: str | None = None) -> bytes:
    """A question, as bytes."""
    lines = [f"GET {path} HTTP/1.1", "Host: bench"]
    if token is not None:
        lines.append(f"Authorization: Bearer {token}")
    return "\r\n".join([*lines, "", ""]).encode()


@contextlib.contextmanager
def process(kind: str, service_url: str, directory: str) -> Iterator[int]:
    """A server in a process of its own, and its port."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
    command = [sys.executable, "-m", "benchmarks.served", kind, service_url, directory, str(port)]
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            assert started.poll() is None, f"the {kind} server does not start"
            time.sleep(0.05)
        yield port
    finally:
        started.terminate()
        started.wait(30)


def measured(port: int, ask: Ask) -> tuple[float, float, float]:
    """Requests a second, the median and the 95th percentile in milliseconds, once warm."""
    asyncio.run(crowd(port, ask, SECONDS / 4))
    statuses, taken, elapsed = asyncio.run(crowd(port, ask, SECONDS))
    refused = {status for status in statuses if not 200 <= status < 300}
    if refused:
        say(f"  refused: { ({status: statuses.count(status) for status in refused}) }")
    return len(taken) / elapsed, median(taken) * 1_000, quantiles(taken, n=20)[-1] * 1_000


async def crowd(port: int, ask: Ask, seconds: float) -> tuple[list[int], list[float], float]:
    """The statuses, how long each request took, and how long all of it did, in seconds."""
    statuses: list[int] = []
    taken: list[float] = []
    over = time.perf_counter() + seconds

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < over:
            started = time.perf_counter()
            writer.write(ask())
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length[15:]))
            taken.append(time.perf_counter() - started)
            statuses.append(int(head[9:12]))
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return statuses, taken, time.perf_counter() - started
