"""What happened to a family: every line of its pages, with its sentence, its cause and what it changed."""

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import Depends, Query
from fastapi.responses import Response, StreamingResponse

from api import french_history, openapi, schemas_history
from api.answers import OPTIONS, JSONAnswer
from api.cursors import Page, PageAsked, write_cursor
from api.door import doors
from api.fields import Day, IdText
from api.history_words import HistoryWords
from api.households import of_household
from api.negotiation import NDJSON, also, wants
from api.office import AtInstant, Office
from api.problems import Problem, invalid_field
from api.reads import bounds
from api.schemas_history import FactName
from api.telling import Story, Wanted, identifier_of, of_child, rendered, told
from api.telling import of_household as story_of_household
from commands.town_days import timezone_of
from ledger.identifiers import ChildId, HouseholdId
from ledger.streams import kind_of
from replay.timeline import Line

router = doors("historique")

OF_A_PAGE: Final = ("cursor", "limit", "order")
"""What a list in parts is asked with, and a whole stream is not."""
Order = Literal["oldest", "newest"]


class Asked:
    """What of a history is asked for, in days of the town until its clock is known."""

    def __init__(
        self,
        page: PageAsked,
        order: Annotated[Order, Query(description=french_history.ORDER)] = "oldest",
        first: Annotated[Day | None, Query(alias="from", description=french_history.FROM_DAY)] = None,
        last: Annotated[Day | None, Query(alias="to", description=french_history.TO_DAY)] = None,
        kind: Annotated[FactName | None, Query(alias="type", description=french_history.TYPE)] = None,
    ) -> None:
        if first is not None and last is not None and last < first:
            raise invalid_field("query", "to", "period_expected")
        self.page, self.order, self.first, self.last, self.kind = page, order, first, last, kind

    def wanted(self, story: Story) -> Wanted:
        """The same, in instants."""
        since, until = bounds(self.first, self.last, timezone_of(story.rules))
        return Wanted(since=since, until=until, kind=self.kind)


AskedFor = Annotated[Asked, Depends()]


def _told() -> dict[Any, dict[str, Any]]:
    """`responses=` of a route that answers a history in parts, or the whole of it one line each."""
    item = {"$ref": f"#/components/schemas/{schemas_history.HistoryItem.__name__}"}
    return also(openapi.answered(200, schemas_history.History), NDJSON, item)


@router.get(
    "/households/{household}/history",
    summary="L'histoire d'un foyer et de ses enfants",
    responses=_told(),
)
async def of_a_household(household: IdText, at: AtInstant, asked: AskedFor) -> Response:
    """What happened to a household, and to each of its children while they were of it."""
    known = HouseholdId(household)
    await of_household(at, known)
    story = await story_of_household(at.reader, at.commune, known, now=at.now, as_of=at.as_of)
    return await _answered(at, story, asked)


@router.get(
    "/children/{child}/entries",
    summary="Les écritures sur la page d'un enfant",
    responses=_told(),
)
async def of_a_child(child: IdText, at: AtInstant, asked: AskedFor) -> Response:
    """Every line of a child's page, whichever household it was of."""
    known = ChildId(child)
    await at.ask_about(known)
    return await _answered(at, await of_child(at.reader, at.commune, known, as_of=at.as_of), asked)


async def _answered(at: Office, story: Story, asked: Asked) -> Response:
    wanted = asked.wanted(story)
    if wants(at.request, NDJSON):
        for name in OF_A_PAGE:
            if name in at.request.query_params:
                raise invalid_field("query", name, "whole_stream")
        lines = [line for line in story.lines if wanted.keeps(line)]
        at.saw(*story.about(lines))
        return StreamingResponse(ndjson(at, story, lines), media_type=NDJSON)
    lines = [line for line in _after(story, asked.page, asked.order) if wanted.keeps(line)]
    shown = lines[: asked.page.limit]
    following = write_cursor(f"lines-{asked.order}", _place(shown[-1])) if len(lines) > len(shown) else None
    at.saw(*story.about(shown))
    words = HistoryWords(rules=story.rules)
    turn = 1 if asked.order == "oldest" else -1
    said = [rendered(item, words) async for item in told(at.reader, story, shown[::turn])][::turn]
    return JSONAnswer({"entries": said, "next": following})


async def ndjson(at: Office, story: Story, lines: Sequence[Line]) -> AsyncIterator[bytes]:
    """The items, one a line, the oldest first. They are read while they are sent: the memory is that of some."""
    words = HistoryWords(rules=story.rules)
    async for item in told(at.reader, story, lines):
        yield orjson.dumps(rendered(item, words), option=OPTIONS | orjson.OPT_APPEND_NEWLINE)


def _place(line: Line) -> tuple[str, int]:
    """A household has two pages, whose lines have the same numbers."""
    name = identifier_of(line.stream)
    return f"payer/{name}" if kind_of(line.stream) == "payer" else name, line.version


def _after(story: Story, page: Page, order: Order) -> list[Line]:
    """The lines that come after the one the cursor names. It is found where it stands now, however many came since."""
    lines = story.lines if order == "oldest" else story.lines[::-1]
    place = page.after(f"lines-{order}", (str, int))
    if place is None:
        return lines
    found = next((number for number, line in enumerate(lines) if _place(line) == place), None)
    if found is None:
        raise Problem("invalid_cursor")
    return lines[found + 1 :]
