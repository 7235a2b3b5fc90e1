"""The lines and the titres of a month, for the régie: of what was issued, or of the draft."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Query

from api import openapi, schemas_billing
from api.answers import JSONAnswer
from api.billing.shown import asked, line_shown, lines_of_bill, row_shown, titre_shown
from api.cursors import Page, PageAsked, read_place, write_cursor
from api.door import doors
from api.fields import IdText, Month, SlugText, read_id
from api.office import AtInstant, Office
from api.problems import Problem
from ledger.events import BilledLine, Nature
from ledger.identifiers import ChildId, HouseholdId, Slug, TitreNumber
from ledger.identifiers import Month as BilledMonth
from projections.billing import drafts, questions

router = doors("facturation")

BILLS_AT_ONCE: Final = 100
MOST_BILLS: Final = 1_000
"""Bills of a draft looked through for one answer: a filter may keep nothing of them, and the list goes on after."""
TITRE: Final = re.compile(r"[0-9]{4}-[0-9]{6,9}", re.ASCII)
MOST_LINES: Final = 2**31 - 1
CodeText = Annotated[str, Query(max_length=64, description="Le compte d'imputation, vide pour aucun.")]


class WhichLines:
    """Which lines of a month are asked for."""

    def __init__(
        self,
        household: Annotated[IdText | None, Query(description="Du redevable.")] = None,
        child: Annotated[IdText | None, Query(description="De cet enfant.")] = None,
        activity: Annotated[SlugText | None, Query(description="De cette activité.")] = None,
        nature: Annotated[Nature | None, Query(description="De cette nature.")] = None,
        code: CodeText | None = None,
    ) -> None:
        self.which = questions.Which(
            household=HouseholdId(household) if household else None,
            child=ChildId(child) if child else None,
            activity=Slug(activity) if activity else None,
            nature=nature,
            code=code,
        )

    def keeps(self, line: BilledLine) -> bool:
        """Whether a line of a draft is one of them."""
        which = self.which
        return (
            which.child in (None, line.child)
            and which.activity in (None, line.activity)
            and which.nature in (None, line.nature)
            and which.code in (None, line.code)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """Where a list of lines of a draft goes on: after this one."""

    household: str
    line: int


@router.get(
    "/billing/{month}/lines",
    summary="Les lignes de facture d'un mois",
    responses=openapi.answered(200, schemas_billing.Lines),
)
async def lines(month: Month, at: AtInstant, page: PageAsked, wanted: Annotated[WhichLines, Depends()]) -> JSONAnswer:
    """In the order of the titres; of a draft, of the households. The whole of a closed month is in `lines.csv`."""
    known = BilledMonth(month)
    [closed] = await asked(at, questions.closed_month(at.commune, known))
    if closed or at.as_of is not None:
        said, following = await _issued(at, known, page, wanted)
    else:
        said, following = await _drafted(at, known, page, wanted)
    at.saw(*{line["household"] for line in said}, *{line["child"] for line in said})
    return JSONAnswer({"month": month, "lines": said, "next": following})


async def _issued(
    at: Office, month: BilledMonth, page: Page, wanted: WhichLines
) -> tuple[list[dict[str, Any]], str | None]:
    place = page.after("invoice-lines", (str, int))
    after = None if place is None else questions.LinePlace(titre=_titre(place[0]), line=_line(place[1]))
    [rows] = await asked(
        at, questions.lines_of_month(at.commune, month, wanted.which, after=after, limit=page.limit + 1)
    )
    shown, following = page.part("invoice-lines", rows, lambda row: (row["titre"], row["line"]))
    return [row_shown(row) for row in shown], following


async def _drafted(
    at: Office, month: BilledMonth, page: Page, wanted: WhichLines
) -> tuple[list[dict[str, Any]], str | None]:
    place = page.after("draft-lines", (str, int))
    reached = (
        _Place(household="", line=0)
        if place is None
        else _Place(household=read_place(read_id, place[0]), line=_line(place[1]))
    )
    said: list[dict[str, Any]] = []
    for _ in range(MOST_BILLS // BILLS_AT_ONCE):
        rows = await _bills(at, month, reached, wanted)
        for row in rows:
            first = reached.line if row["household"] == reached.household else 0
            for number, line in _of_bill(row["bill"], first):
                if wanted.keeps(line):
                    if len(said) == page.limit:
                        return said, write_cursor("draft-lines", (reached.household, reached.line))
                    said.append(line_shown(line, row["household"], titre=None, number=number))
                reached = _Place(household=row["household"], line=number)
            reached = _Place(household=row["household"], line=MOST_LINES)
        if wanted.which.household is not None or len(rows) < BILLS_AT_ONCE:
            return said, None
    return said, write_cursor("draft-lines", (reached.household, reached.line))


async def _bills(at: Office, month: BilledMonth, reached: _Place, wanted: WhichLines) -> list[dict[str, Any]]:
    """The bills that come next; the one that was not read to its end is read again."""
    household = wanted.which.household
    if household is not None:
        [rows] = await at.reader.ask(at.commune, drafts.bill_in_draft(at.commune, month, household))
        return [row for row in rows if row["household"] >= reached.household]
    following = drafts.bills_of_draft(at.commune, month, after=reached.household, limit=BILLS_AT_ONCE)
    if not reached.household or reached.line == MOST_LINES:
        [rows] = await at.reader.ask(at.commune, following)
        return rows
    begun = drafts.bill_in_draft(at.commune, month, HouseholdId(reached.household))
    [first, rows] = await at.reader.ask(at.commune, begun, following)
    return [*first, *rows]


def _of_bill(bill: bytes, after: int) -> Iterator[tuple[int, BilledLine]]:
    """The lines of a bill after one of them, numbered from 1."""
    numbered = enumerate(lines_of_bill(bill), start=1)
    return ((number, line) for number, line in numbered if number > after)


def _titre(said: str | int) -> TitreNumber:
    """The number of a titre in a cursor."""
    if TITRE.fullmatch(str(said)) is None:
        raise Problem("invalid_cursor")
    return TitreNumber(str(said))


def _line(said: str | int) -> int:
    """The number of a line in a cursor; one that no bill has is no place."""
    if int(said) > MOST_LINES:
        raise Problem("invalid_cursor")
    return int(said)


@router.get(
    "/billing/{month}/titres",
    summary="Les titres d'un mois",
    responses=openapi.answered(200, schemas_billing.Titres),
)
async def titres(month: Month, at: AtInstant, page: PageAsked) -> JSONAnswer:
    """In the order of their numbers, those issued so far."""
    place = page.after("titres", (str,))
    after = None if place is None else _titre(place[0])
    [rows] = await asked(
        at, questions.titres_of_month(at.commune, BilledMonth(month), after=after, limit=page.limit + 1)
    )
    shown, following = page.part("titres", rows, lambda row: (row["titre"],))
    at.saw(*(row["household"] for row in shown))
    return JSONAnswer({"titres": [titre_shown(row) for row in shown], "next": following})
