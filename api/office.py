"""What every resource works with: the ledger to write in, the read models to ask, and how a command is run."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import uuid4

import orjson
from fastapi import Depends, Request
from fastapi.responses import Response
from starlette.concurrency import run_in_threadpool

from api.access import SEEN
from api.answers import OPTIONS, JSONAnswer, etag, etag_of
from api.asking import Reader, Rows
from api.authorisation import Relation, Rights
from api.clock import Now
from api.cursors import AsOf, Expected, IfMatch, NothingExpected
from api.door import RIGHTS
from api.known_at import Asked, Known
from api.once import IdempotencyKey, Once, kept_once, sent
from api.problems import invalid_field, not_found
from api.refusals import answer_of, problem_of
from api.tokens import Caller, Signed
from api.trace import trace_of
from commands import execute
from commands.outcome import Command, Refused
from ledger.entry import Signature
from ledger.events import Origin
from ledger.identifiers import ChildId, Commune, GuardianId, HouseholdId, Stream, Subject
from ledger.store import Answer, Kept, Store
from ledger.streams import child_page
from projections import families
from projections.question import Question

APART: Final = "ardoise.apart"
"""Where a request notes that its caller is told nothing of what another household does, versions included."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What a command that was accepted is answered."""

    status: int
    content: Any
    location: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How the caller stands to a child: the households they answer for it through; all of them for the town's staff."""

    households: tuple[HouseholdId, ...]
    custody: bool
    """Custody alternates, or did: a household reads its own demandes only."""
    erased: bool


Render = Callable[[execute.Result], Said]


@dataclass(frozen=True, kw_only=True, slots=True)
class Office:
    """One request's way to the ledger, for the caller the door recognised."""

    request: Request
    caller: Caller
    now: datetime
    """The instant the answer is about."""
    store: Store
    reader: Reader
    as_of: datetime | None = None
    """The same, when the past is asked about: nobody is named then, nor is the version of a page told."""

    @property
    def commune(self) -> Commune:
        """The town of the caller."""
        return self.caller.commune

    @property
    def only_for(self) -> Subject | None:
        """The account whose families alone may be seen; None for the town's staff."""
        return self.caller.subject if self.caller.role == "guardian" else None

    @property
    def origin(self) -> Origin:
        """Where what the caller asks comes from."""
        return "family" if self.caller.role == "guardian" else "counter"

    @property
    def rights(self) -> Rights:
        """The line of the table the operation stands on."""
        rights: Rights = self.request.scope[RIGHTS]
        return rights

    def saw(self, *seen: str) -> None:
        """Notes the children, the households and the persons an answer shows something of, for the access log."""
        self.request.scope.setdefault(SEEN, set()).update(seen)

    def known(self, pages: Sequence[Stream] | Question | None, *, present: frozenset[str] = frozenset()) -> Asked:
        """Who answers about these pages, as of the instant: see `Known`; now, the reader, whatever the pages."""
        return self.reader if self.as_of is None else Known(self.reader, self.as_of, pages, present=present)

    async def standings(self, children: Iterable[ChildId]) -> dict[ChildId, Standing]:
        """How the caller stands to each child; not found when the table says no for one of them."""
        wanted = list(children)
        answers = await self.reader.ask(self.commune, *map(self._standing_question, wanted))
        return {child: self._standing(child, rows) for child, rows in zip(wanted, answers, strict=True)}

    async def ask_about(self, child: ChildId, *questions: Question) -> tuple[Standing, list[Rows]]:
        """How the caller stands to a child and what is asked about it, in one round trip; not found for a stranger.

        Asked about the past, the households are those of then for which they may ask now.
        """
        if self.as_of is not None:
            return await self._ask_about_then(child, questions)
        [rows, *answers] = await self.reader.ask(self.commune, self._standing_question(child), *questions)
        return self._standing(child, rows), answers

    async def _ask_about_then(self, child: ChildId, questions: Sequence[Question]) -> tuple[Standing, list[Rows]]:
        standing = (await self.standings([child]))[child]
        known = self.known([child_page(self.commune, child)])
        then, *answers = await known.ask(self.commune, families.households_of_child(self.commune, child), *questions)
        households = tuple(HouseholdId(row["household"]) for row in then)
        if self.only_for is not None:
            households = tuple(household for household in households if household in standing.households)
        if not households:
            raise not_found()
        return Standing(households=households, custody=then[0]["custody"], erased=then[0]["erased"]), answers

    def _standing_question(self, child: ChildId) -> Question:
        return families.households_of_child(self.commune, child, subject=self.only_for)

    def _standing(self, child: ChildId, rows: Rows) -> Standing:
        households = tuple(HouseholdId(row["household"]) for row in rows)
        if not households or not self.rights.permits(self._relation(custody=rows[0]["custody"])):
            raise not_found()
        self.saw(child)
        self.stands_apart(custody=rows[0]["custody"])
        return Standing(households=households, custody=rows[0]["custody"], erased=rows[0]["erased"])

    def stands_apart(self, *, custody: bool) -> None:
        """Notes that an answer is about a child whose custody alternates, for one of its households."""
        if custody and self.caller.role == "guardian":
            self.request.scope[APART] = True

    @property
    def apart(self) -> bool:
        """Whether the version of the page would tell the caller that another household did something."""
        return bool(self.request.scope.get(APART, False))

    def tagged(self, content: Any, *, version: int) -> JSONAnswer:
        """An answer with the version of the page it speaks of.

        With that of its own bytes for who stands apart, and for the past, which no command can be held against.
        """
        body = orjson.dumps(content, option=OPTIONS)
        of_body = self.apart or self.as_of is not None
        return JSONAnswer(body, headers={"ETag": etag_of(body) if of_body else etag(version)})

    def _relation(self, *, custody: bool) -> Relation:
        """How the caller stands to a child they answer for, or to any child for the town's staff."""
        if self.caller.role == "guardian":
            return "custody_own_day" if custody else "own_guardian"
        return self.caller.role  # type: ignore[return-value]

    async def open_household(self, household: HouseholdId) -> GuardianId | None:
        """The guardian the caller is in a household; None for the town's staff. Not found for anybody else."""
        guardian = None
        if self.caller.role == "guardian":
            question = families.households_of_subject(self.commune, self.caller.subject)
            [mine] = await self.reader.ask(self.commune, question)
            guardian = next((GuardianId(row["guardian"]) for row in mine if row["household"] == household), None)
            if guardian is None:
                raise not_found()
        self.saw(household)
        return guardian

    def _signature(self, happened_at: datetime | None) -> Signature:
        return Signature(
            actor=self.caller.subject,
            role=self.caller.role,
            client=self.caller.client,
            command=str(uuid4()),
            correlation=trace_of(self.request.scope).recorded,
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


async def office_known_at(at: AtOffice, as_of: AsOf) -> Office:
    """The same, to answer as it would have been at an instant."""
    if as_of is None:
        return at
    if as_of > at.now:
        raise invalid_field("query", "as_of", "in_the_future")
    return replace(at, as_of=as_of, now=as_of)


AtInstant = Annotated[Office, Depends(office_known_at)]


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
        """Runs a command once and sends its answer, kept with it. `about` is the page If-Match and ETag speak of.

        Who stands apart is answered neither: the version of the page counts what the other household wrote.
        """
        return sent(self.office.request, await self.kept(command, render, about=about, happened_at=happened_at))

    async def kept(
        self,
        command: Command,
        render: Render,
        *,
        about: Stream | None = None,
        happened_at: datetime | None = None,
    ) -> Kept:
        """Runs a command once: what is kept under its key, for a resource that adds to it what may not be kept."""
        if self.office.apart and self.expected is not None:
            raise invalid_field("header", "If-Match", "not_expected")
        expected = {about: self.expected} if about is not None else {}
        request = self.office.handed_in(command, happened_at, expected)
        _, kept = await run_in_threadpool(
            execute.execute,
            self.office.store,
            request,
            once=kept_once(self.office.caller, self.key),
            respond=lambda result: _answer(result, render, None if self.office.apart else about),
        )
        return kept


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
