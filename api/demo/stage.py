"""The stage: the real service, its clock in the hands of the story, and everybody who speaks to it over HTTP."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx
import orjson

from api.clock import utc_now
from api.demo.notes import Notes
from api.development import DevelopmentKey, issue_token
from ledger.identifiers import Commune, Subject

CLIENT: Final = "ardoise-demo"
PARIS: Final = ZoneInfo("Europe/Paris")
"""The wall time of the three towns."""
TOKEN_LIFETIME: Final = timedelta(hours=1)
MOST_SECONDS: Final = 60
EVERY_SECONDS: Final = 0.1

NOT_ALONE: Final = "pour la démonstration, choisissez un répertoire neuf : ARDOISE_DATA=/tmp/ardoise-demo make demo"
OTHER_STORY: Final = f"ces données contiennent l'histoire d'une autre version de la démonstration ; {NOT_ALONE}"
AFRESH: Final = "Pour rejouer l'histoire depuis le début : rm -r {}"
NOTES_LOST: Final = f"ces données contiennent déjà l'histoire, mais ses notes (demo-*.jsonl) ont disparu ; {NOT_ALONE}"

Json = dict[str, Any]


class StoryError(RuntimeError):
    """The service does not answer what the story tells; the sentence says which fact.

    `before`: the ledger held some of the story, and somebody may have made it another one since.
    """

    def __init__(self, fact: str, *, before: bool = False) -> None:
        super().__init__(fact)
        self.before = before


class StoryClock:
    """The clock of the service: stands where the story is, or goes with the machine."""

    def __init__(self) -> None:
        self.standing: datetime | None = None

    def __call__(self) -> datetime:
        """The instant of the story; the machine's when the story lets go."""
        return self.standing or utc_now()


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account: a token tells the service the subject, and no name."""

    name: str
    role: str
    subject: Subject


AGENT: Final = Person("l'agent", "agent", Subject("agent-demo"))
ADMIN: Final = Person("l'administration", "admin", Subject("admin-demo"))
REGIE: Final = Person("la régie", "billing", Subject("regie-demo"))
AUDITOR: Final = Person("l'auditrice", "auditor", Subject("audit-demo"))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service said to a command."""

    status: int
    body: Json
    repeated: bool
    """The ledger knew the command, and gave back the answer it kept."""

    @property
    def error(self) -> Json:
        """The first day that was refused."""
        errors: list[Json] = self.body.get("errors") or [self.body]
        return errors[0]


@dataclass(kw_only=True)
class Stage:
    """The service during the story, shared by the three towns."""

    http: httpx.Client
    clock: StoryClock
    key: DevelopmentKey
    notes: Notes
    commands: int = 0
    repeated: int = 0
    _asked_live: bool = False

    def command(self, request: httpx.Request) -> Answer:
        """Sends a command. Raises StoryError when the ledger holds a story this one cannot go on from."""
        response = self.http.send(request)
        answer = Answer(response.status_code, orjson.loads(response.content), "idempotency-hit" in response.headers)
        if answer.body.get("code") == "idempotency_key_reused":
            raise StoryError(OTHER_STORY)
        if answer.repeated and self._asked_live:
            raise StoryError(NOTES_LOST)
        self.commands += 1
        self.repeated += answer.repeated
        return answer

    def noted(self, asked: str, ask: Callable[[], Json]) -> Json:
        """The answer to a question as it was the first time."""
        known: Json | None = self.notes.recall(asked)
        if known is not None:
            return known
        self._asked_live = True
        answer = ask()
        self.notes.keep(asked, answer)
        return answer

    def token(self, who: Person, commune: Commune) -> str:
        """A token for somebody: judged by the clock of the machine, whatever year the story is in."""
        return issue_token(
            self.key,
            subject=who.subject,
            role=who.role,
            commune=commune,
            client=CLIENT,
            lifetime=TOKEN_LIFETIME,
            now=utc_now(),
        )


@dataclass(kw_only=True)
class Town:
    """One town on the stage."""

    stage: Stage
    commune: Commune
    name: str
    _tokens: dict[Person, str] = field(default_factory=dict)
    _said: int = 0

    def at(self, when: str) -> datetime:
        """Sets the clock, by the wall of the town hall: `2024-03-07 19:12`, or with seconds."""
        instant = datetime.fromisoformat(when).replace(tzinfo=PARIS)
        self.stage.clock.standing = instant
        return instant

    def today(self) -> None:
        """Lets the clock go with the machine."""
        self.stage.clock.standing = None

    def tell(self, who: Person, path: str, body: Json, *, key: str = "", expect: int | None = 201) -> Answer:
        """Sends a command under a key that is the same at every demo, and holds its answer to a status."""
        named = {"Idempotency-Key": key or self._next_key()}
        answer = self.stage.command(self._request("POST", who, path, body=body, headers=named))
        if expect is not None:
            self.check(answer.status == expect, f"{path} devait répondre {expect}, et répond {_shown(answer)}")
        return answer

    def take_back(self, who: Person, path: str) -> Answer:
        """Sends a command that ends something: what is withdrawn, lifted or revoked."""
        answer = self.stage.command(self._request("DELETE", who, path, headers={"Idempotency-Key": self._next_key()}))
        self.check(answer.status == 200, f"{path} devait répondre 200, et répond {_shown(answer)}")
        return answer

    def _next_key(self) -> str:
        self._said += 1
        return f"histoire-{self._said:04d}"

    def hand_in(self, who: Person, content: bytes, *, kind: str, about: str = "") -> str:
        """Hands in a paper about a child or oneself, and gives back what it is called."""
        headers = {"Idempotency-Key": self._next_key(), "Content-Type": "application/pdf"}
        query = {"kind": kind, **({"about": about} if about else {})}
        answer = self.stage.command(
            self._request("POST", who, "/documents", content=content, query=query, headers=headers)
        )
        self.check(answer.status == 201, f"/documents devait répondre 201, et répond {_shown(answer)}")
        document: str = answer.body["document"]
        return document

    def refused(self, who: Person, path: str, body: Json, code: str) -> Answer:
        """Sends a command that a rule must refuse, for this reason."""
        answer = self.tell(who, path, body, expect=None)
        self.check(answer.error.get("code") == code, f"{path} devait refuser ({code}), et répond {_shown(answer)}")
        return answer

    def ask(self, who: Person, path: str, **query: str) -> Json:
        """A question of the story, answered as it was at that instant."""
        request = self._request("GET", who, path, query=query)
        return self.stage.noted(self._asked(request, who), lambda: self._answered(request))

    def awaited(self, who: Person, path: str, state: str) -> Json:
        """A question asked again until what it tells of is in a state: a job takes a moment. Noted as a question is."""
        request = self._request("GET", who, path)
        return self.stage.noted(f"{self._asked(request, who)} {state}", lambda: self._until(request, state))

    def _until(self, request: httpx.Request, state: str) -> Json:
        give_up_at = time.monotonic() + MOST_SECONDS
        while (answer := self._answered(request))["state"] != state:
            self.check(
                time.monotonic() < give_up_at, f"{request.url.path} devait être {state}, et reste {answer['state']}"
            )
            time.sleep(EVERY_SECONDS)
        return answer

    def _asked(self, request: httpx.Request, who: Person) -> str:
        return f"{self.stage.clock():%Y-%m-%dT%H:%M:%S} {who.subject} {request.url.raw_path.decode()}"

    def unseen(self, who: Person, path: str, **query: str) -> None:
        """A question that must be answered as if there were nothing: it was so at that instant."""
        request = self._request("GET", who, path, query=query)
        said = self.stage.noted(self._asked(request, who), lambda: self._status(request))
        self.check(said["status"] == 404, f"{path} ne devait rien montrer à {who.name}, et répond {said}")

    def tried(self, who: Person, path: str, body: Json, code: str | None = None) -> Json:
        """A command that is counted by the hour, with what else its account tries: noted, and never sent again."""
        key = self._next_key()
        request = self._request("POST", who, path, body=body, headers={"Idempotency-Key": key})
        said = self.stage.noted(f"{self._asked(request, who)} {key}", lambda: self._status(request))
        self.check(said["code"] == code, f"{path} devait répondre {code or 'oui'}, et répond {said}")
        return said

    def opened(self, who: Person, document: str) -> Json:
        """A paper, read by somebody: what it is and how long, which is all that is noted of it."""
        request = self._request("GET", who, f"/documents/{document}")
        said = self.stage.noted(self._asked(request, who), lambda: self._status(request))
        self.check(said["type"] == "application/pdf", f"{who.name} devait lire le document, et reçoit {said}")
        return said

    def look(self, who: Person, path: str, **query: str) -> Json:
        """A question about today."""
        return self._answered(self._request("GET", who, path, query=query))

    def preview(self, who: Person, body: Json) -> Json:
        """What a demande would come to today."""
        return self._answered(self._request("POST", who, "/demandes/preview", body=body))

    def check(self, so: bool, fact: str) -> None:
        """Holds a fact of the story to be so."""
        if not so:
            raise StoryError(f"{self.name} : {fact.removesuffix('.')}.", before=self.stage.repeated > 0)

    def _status(self, request: httpx.Request) -> Json:
        response = self.stage.http.send(request)
        kind = response.headers["content-type"]
        body = orjson.loads(response.content) if kind.startswith("application/problem") else {}
        said = {name: body.get(name) for name in ("code", "title", "detail")}
        return {
            **said,
            "status": response.status_code,
            "type": kind,
            "retry_after": response.headers.get("retry-after"),
        }

    def _answered(self, request: httpx.Request) -> Json:
        response = self.stage.http.send(request)
        answer: Json = orjson.loads(response.content)
        said = _shown(Answer(response.status_code, answer, repeated=False))
        self.check(response.status_code == 200, f"{request.url.path} devait répondre 200, et répond {said}")
        return answer

    def _request(
        self,
        method: str,
        who: Person,
        path: str,
        *,
        body: Json | None = None,
        content: bytes | None = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Request:
        token = self._tokens.get(who) or self._tokens.setdefault(who, self.stage.token(who, self.commune))
        return self.stage.http.build_request(
            method,
            f"/v1/{self.commune}{path}",
            json=body,
            content=content,
            params={name.rstrip("_"): value for name, value in (query or {}).items()},
            headers={"Authorization": f"Bearer {token}", **(headers or {})},
        )


def _shown(answer: Answer) -> str:
    code, detail = answer.body.get("code"), answer.body.get("detail")
    return f"{answer.status} {code} : {detail}" if code else str(answer.status)
