"""A running service on a real database, a clock that can be set, and everybody who calls it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson

from api.development import DevelopmentKey, issue_token
from api.server import running_server
from api.service import application
from ledger.identifiers import Commune, Subject
from ledger.settings import Settings
from tests.servers import Database
from tests.town import RULEBOOK, VALMONT, at

NOW = "2024-01-15 10:00"
"""When the tests begin: a Monday."""

Body = Mapping[str, Any]


@dataclass
class SetClock:
    """The clock of the ledger: stands still until it is set."""

    instant: datetime

    def __call__(self) -> datetime:
        return self.instant

    def set(self, text: str) -> None:
        """`2024-03-07 19:12`, by the clock of the town hall."""
        self.instant = at(text)


@dataclass(frozen=True, kw_only=True)
class Who:
    """Somebody with a token, and what they send."""

    http: httpx.Client
    token: str | None
    commune: Commune

    def send(self, method: str, path: str, *, body: Any = None, key: str | None = None, **more: Any) -> httpx.Response:
        headers = dict(more.pop("headers", {}))
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        content = None
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
            content = body if isinstance(body, bytes) else orjson.dumps(body)
        if key is not None:
            headers["Idempotency-Key"] = key
        return self.http.request(
            method, f"/v1/{self.commune}{path}", content=content, headers=headers, params=more or None
        )

    def get(self, path: str, **asked: Any) -> httpx.Response:
        """A question; `from_` is written for `from`."""
        return self.send("GET", path, **{name.rstrip("_"): value for name, value in asked.items()})

    def post(self, path: str, body: Any = None, *, key: str | None = None, **headers: str) -> httpx.Response:
        """A command under a fresh key, unless it is given; `If_Match` is written for `If-Match`."""
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send("POST", path, body={} if body is None else body, key=key or uuid4().hex, headers=said)

    def hand_in(
        self,
        content: bytes,
        *,
        kind: str = "certificat-medical",
        type_: str = "application/pdf",
        key: str = "",
        **asked: str,
    ) -> httpx.Response:
        """A paper, announced as a PDF unless said otherwise."""
        headers = {"Content-Type": type_, "Idempotency-Key": key or uuid4().hex}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        params = {"kind": kind, **asked}
        return self.http.post(f"/v1/{self.commune}/documents", content=content, params=params, headers=headers)

    def delete(self, path: str, *, key: str | None = None, **asked: Any) -> httpx.Response:
        return self.send("DELETE", path, key=key or uuid4().hex, **asked)

    def ask(self, child: str, activity: str, *days: str, unit: str = "", **more: Any) -> httpx.Response:
        """A family's usual demande: `2024-03-27`, or `2024-03-27 matinee`."""
        key, headers = more.pop("key", None), more.pop("headers", {})
        reserve = [box(day, unit or USUAL[activity]) for day in days]
        return self.post(
            "/demandes", {"child": child, "activity": activity, "reserve": reserve, **more}, key=key, **headers
        )


USUAL = {"mercredis": "journee", "cantine": "repas", "etude": "gouter", "garderie": "soir", "vacances": "journee"}


def box(text: str, unit: str = "") -> dict[str, str]:
    """A box of the calendar: `2024-03-27 matinee`."""
    day, _, named = text.partition(" ")
    return {"day": day, "unit": named or unit}


def made(answer: httpx.Response, status: int = 201) -> Any:
    """The body of an answer that must be a success."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    return answer.json()


def refused(answer: httpx.Response, code: str, status: int = 409) -> Any:
    """The problem of an answer that must be a refusal."""
    said = answer.json()
    assert (answer.status_code, said["code"], said["status"]) == (status, code, status), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return said


@dataclass(kw_only=True)
class World:
    """A town on a Monday of January 2024."""

    http: httpx.Client
    url: str
    key: DevelopmentKey
    clock: SetClock
    commune: Commune = VALMONT

    def of(self, commune: Commune) -> "World":
        """The same service, seen from another town."""
        return replace(self, commune=commune)

    def adopt(self) -> None:
        """The council votes the rulebook of the cast, the summer before."""
        now, self.clock.instant = self.clock.instant, at("2023-07-03 09:00")
        text = RULEBOOK.replace(f'commune = "{VALMONT}"', f'commune = "{self.commune}"')
        made(self.who("admin").post("/rulebook/versions", {"content": text}))
        self.clock.instant = now

    def token(self, role: str, subject: str, client: str = "portal") -> str:
        return issue_token(
            self.key,
            subject=Subject(subject),
            role=role,
            commune=self.commune,
            client=client,
            lifetime=timedelta(hours=1),
            now=datetime.now(UTC),
        )

    def who(self, role: str, subject: str | None = None, client: str = "portal") -> Who:
        token = self.token(role, subject or f"{role}-1", client)
        return Who(http=self.http, token=token, commune=self.commune)

    @property
    def agent(self) -> Who:
        return self.who("agent")

    @property
    def nobody(self) -> Who:
        return Who(http=self.http, token=None, commune=self.commune)

    def guardian(self, subject: str = "parent-1") -> Who:
        return self.who("guardian", subject)

    def household(self, *subjects: str) -> str:
        agent = self.agent
        household: str = made(agent.post("/households"))["household"]
        for subject in subjects:
            made(agent.post(f"/households/{household}/guardians", {"subject": subject}))
        return household

    def child(self, household: str, *activities: str, group: str = "grands") -> str:
        """A child enrolled for the school year."""
        child: str = made(self.agent.post("/children", {"household": household}))["child"]
        for activity in activities:
            self.enrol(child, activity, group=group)
        return child

    def enrol(self, child: str, activity: str, *, group: str = "grands") -> str:
        period = {"activity": activity, "first_day": "2023-09-04", "last_day": "2024-07-05"}
        where = {"mercredis": {"group": group}, "cantine": {"site": "centre"}}.get(activity, {})
        enrolment: str = made(self.agent.post(f"/children/{child}/enrolments", {**period, **where}))["enrolment"]
        return enrolment

    def family(self, subject: str = "parent-1", *activities: str) -> tuple[Who, str]:
        """A guardian and a child of theirs."""
        child = self.child(self.household(subject), *activities)
        return self.guardian(subject), child

    def places(self, activity: str, day: str, count: int | None, unit: str = "", pool: str = "") -> None:
        asked = {"activity": activity, "unit": unit or USUAL[activity], "days": [day], "places": count, "pool": pool}
        made(self.agent.post("/capacities", asked), 200)

    def taken(self, activity: str, day: str) -> dict[tuple[str, str], tuple[int, int | None, int]]:
        """(unit, pool) → places taken, places there are, and the excess."""
        said = made(self.agent.get(f"/activities/{activity}/places", from_=day, to=day), 200)["places"]
        return {(slot["unit"], slot["pool"]): (slot["taken"], slot["capacity"], slot["excess"]) for slot in said}


def settings_of(database: Database, data: Path, **parts: Any) -> Settings:
    """The service on a test's database, with the development key."""
    chosen = {"pool_size": 4, "read_pool_size": 4, **parts}
    return Settings(
        database_url=database.service_url, owner_url=database.owner_url, data=data, development=True, **chosen
    )


@contextmanager
def world_on(database: Database, data: Path, *, now: str = NOW, **parts: Any) -> Iterator[World]:
    """A running service on this database."""
    settings, clock = settings_of(database, data, **parts), SetClock(at(now))
    app = application(settings, database.service_url, clock=clock)
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=400)
    with running_server(app) as url, httpx.Client(base_url=url, timeout=30, limits=limits) as http:
        yield World(http=http, url=url, key=DevelopmentKey.open(data), clock=clock)
