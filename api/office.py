"""What every resource works with: the ledger to write in, the read models to ask, and how a command is run."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from uuid import uuid4

import orjson
from fastapi import Depends, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api.answers import OPTIONS, etag
from api.asking import Reader, Rows
from api.clock import Now
from api.cursors import Expected, IfMatch, NothingExpected
from api.once import IdempotencyKey, Once, kept_once, sent
from api.problems import not_found
from api.refusals import answer_of, problem_of
from api.tokens import Caller, Signed
from api.trace import trace_of
from commands import execute
from commands.outcome import Command, Refused
from ledger.entry import Signature
from ledger.identifiers import ChildId, Commune, HouseholdId, Stream, Subject
from ledger.store import Answer, Store
from projections import families
from projections.question import Question


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What a command that was accepted is answered."""

    status: int
    content: Any
    location: str | None = None


Render = Callable[[execute.Result], Said]


@dataclass(frozen=True, kw_only=True, slots=True)
class Office:
    """One request's way to the ledger, for the caller the door recognised."""

    request: Request
    caller: Caller
    now: datetime
    store: Store
    reader: Reader

    @property
    def commune(self) -> Commune:
        """The town of the caller."""
        return self.caller.commune

    @property
    def only_for(self) -> Subject | None:
        """The account whose families alone may be seen; None for the town's staff."""
        return self.caller.subject if self.caller.role == "guardian" else None

    async def households_for(self, children: Iterable[ChildId]) -> dict[ChildId, HouseholdId]:
        """The household through which the caller may act for each child; not found when one is missing."""
        wanted = list(children)
        questions = [families.household_of_child(self.commune, child, subject=self.only_for) for child in wanted]
        answers = await self.reader.ask(self.commune, *questions)
        if not all(answers):
            raise not_found()
        return {child: HouseholdId(rows[0]["household"]) for child, rows in zip(wanted, answers, strict=True)}

    async def ask_about(self, child: ChildId, *questions: Question) -> tuple[HouseholdId, list[Rows]]:
        """The household of a child and what is asked about it, in one round trip; not found for a stranger."""
        mine = families.household_of_child(self.commune, child, subject=self.only_for)
        [rows, *answers] = await self.reader.ask(self.commune, mine, *questions)
        if not rows:
            raise not_found()
        return HouseholdId(rows[0]["household"]), answers

    async def open_household(self, household: HouseholdId) -> None:
        """Lets the caller see a household: its own guardians, and the town's staff. Not found otherwise."""
        if self.caller.role == "guardian":
            [mine] = await self.reader.ask(
                self.commune, families.households_of_subject(self.commune, self.caller.subject)
            )
            if all(row["household"] != household for row in mine):
                raise not_found()

    def _signature(self, happened_at: datetime | None) -> Signature:
        return Signature(
            actor=self.caller.subject,
            role=self.caller.role,
            client=self.caller.client,
            command=str(uuid4()),
            correlation=trace_of(self.request.scope).correlation,
            happened_at=happened_at or self.now,
            recorded_at=self.now,
        )

    def handed_in(
        self, command: Command, happened_at: datetime | None, expected: Mapping[Stream, IfMatch | None]
    ) -> execute.Request:
        """A command signed by the caller, with the versions they hold true."""
        versions = {stream: wanted.versions for stream, wanted in expected.items() if wanted is not None}
        return execute.Request(
            commune=self.commune, command=command, signature=self._signature(happened_at), expected=versions
        )

    async def preview(self, command: Command, *, happened_at: datetime | None = None) -> execute.Result:
        """What a command would come to. Writes nothing."""
        return await run_in_threadpool(execute.preview, self.store, self.handed_in(command, happened_at, {}))


async def office(request: Request, caller: Signed, now: Now) -> Office:
    """The office of this request."""
    state = request.app.state
    return Office(request=request, caller=caller, now=now, store=state.store, reader=state.reader)


AtOffice = Annotated[Office, Depends(office)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Counter:
    """Where commands are handed in: the office, the key, and the version the caller holds true."""

    office: Office
    key: IdempotencyKey
    expected: IfMatch | None = field(default=None)

    async def run(
        self,
        command: Command,
        render: Render,
        *,
        about: Stream | None = None,
        happened_at: datetime | None = None,
    ) -> Response:
        """Runs a command once and sends its answer, kept with it. `about` is the page If-Match and ETag speak of."""
        expected = {about: self.expected} if about is not None else {}
        request = self.office.handed_in(command, happened_at, expected)
        _, kept = await run_in_threadpool(
            execute.execute,
            self.office.store,
            request,
            once=kept_once(self.office.caller, self.key),
            respond=lambda result: _answer(result, render, about),
        )
        return sent(self.office.request, kept)


def _answer(result: execute.Result, render: Render, about: Stream | None) -> Answer:
    if isinstance(result.outcome, Refused):
        return answer_of(problem_of(result.outcome, result.rules))
    said = render(result)
    headers = {"Content-Type": "application/json"}
    if said.location is not None:
        headers["Location"] = said.location
    for page in result.prepared.pages:
        if page.stream == about:
            headers["ETag"] = etag(page.version)
    return Answer(status=said.status, headers=headers, body=orjson.dumps(said.content, option=OPTIONS))


async def counter(at: AtOffice, key: Once, _: NothingExpected) -> Counter:
    """The counter of a command about no page, or about several: it may name no version."""
    return Counter(office=at, key=key)


async def versioned_counter(at: AtOffice, key: Once, expected: Expected) -> Counter:
    """The counter of a command that may name the version it expects."""
    return Counter(office=at, key=key, expected=expected)


AtCounter = Annotated[Counter, Depends(counter)]
AtVersionedCounter = Annotated[Counter, Depends(versioned_counter)]
