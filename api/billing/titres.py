"""A titre, its lines, why each costs what it costs; from a line to the facts it rests on, and back."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from api import openapi, schemas_billing, schemas_why
from api.answers import JSONAnswer
from api.asking import Rows
from api.billing.corrected import Numbered
from api.billing.facts import facts_of, hold_payer
from api.billing.payment_bodies import TitreText
from api.billing.shown import asked, in_households, numbered_rows, row_shown, titre_line_shown, titre_shown
from api.billing.why import why_shown
from api.door import doors
from api.fields import IdText, read_digits
from api.history_words import HistoryWords
from api.households import of_household
from api.office import AtInstant, Office
from api.problems import not_found
from ledger.identifiers import ChildId, HouseholdId, TitreNumber
from projections import town
from projections.billing import questions

router = doors("facturation")

LineText = Annotated[int, BeforeValidator(read_digits), Field(ge=1, le=2**31 - 1)]
"""The number of a line in a path."""


async def _opened(at: Office, number: str) -> dict[str, Any]:
    """A titre the caller may open, whose page is as it was written; not found for anybody else, or if none is."""
    [rows] = await asked(at, questions.titre(at.commune, TitreNumber(number)))
    if not rows:
        raise not_found()
    household = HouseholdId(rows[0]["household"])
    await at.open_household(household)
    await hold_payer(at.reader, at.commune, household, at.as_of)
    return rows[0]


async def _lines_about(at: Office, rows: Rows) -> list[Numbered]:
    """Every line the household was billed about the days of these rows."""
    if not rows:
        return []
    first, last = min(row["first_day"] for row in rows), max(row["last_day"] for row in rows)
    household = HouseholdId(rows[0]["household"])
    [found] = await asked(at, questions.lines_of_household(at.commune, household, first, last))
    return numbered_rows(found)


@router.get(
    "/titres/{number}",
    summary="Un titre et ses lignes",
    responses=openapi.answered(200, schemas_billing.Titre),
)
async def one(number: TitreText, at: AtInstant) -> JSONAnswer:
    """What a household owes for a month. Never changed: what comes later is a line of another titre."""
    titre = await _opened(at, number)
    [rows] = await asked(at, questions.lines_of_titre(at.commune, TitreNumber(number)))
    at.saw(*{row["child"] for row in rows})
    household = await _lines_about(at, rows)
    return JSONAnswer({**titre_shown(titre), "lines": [titre_line_shown(row, household) for row in rows]})


@router.get(
    "/titres/{number}/lines/{line}",
    summary="Pourquoi une ligne de facture",
    responses=openapi.answered(200, schemas_why.Why),
)
async def why(number: TitreText, line: LineText, at: AtInstant) -> JSONAnswer:
    """As data, and in sentences a parent understands. The lines of the ledger are told as they were written."""
    await _opened(at, number)
    [rows] = await asked(at, questions.lines_of_titre(at.commune, TitreNumber(number)))
    row = next((row for row in rows if row["line"] == line), None)
    if row is None:
        raise not_found()
    [of], household = numbered_rows([row]), HouseholdId(row["household"])
    at.saw(of.billed.child)
    facts = await facts_of(at.reader, at.commune, household, [of.billed])
    lines = await _lines_about(at, [row])
    [versions] = await at.reader.ask(at.commune, town.rulebooks(at.commune))
    words = HistoryWords(rules=await at.reader.rules(at.commune, versions))
    reader = "family" if at.only_for is not None else "staff"
    return JSONAnswer(why_shown(of, facts, words, household=lines, reader=reader))  # type: ignore[arg-type]


@router.get(
    "/households/{household}/titres",
    summary="Les titres d'un foyer",
    responses=openapi.answered(200, schemas_billing.TitresOfHousehold),
)
async def of_a_household(household: IdText, at: AtInstant) -> JSONAnswer:
    """In the order of their numbers."""
    known = HouseholdId(household)
    await of_household(at, known)
    await hold_payer(at.reader, at.commune, known, at.as_of)
    [rows] = await asked(at, questions.titres_of(at.commune, known))
    return JSONAnswer({"household": household, "titres": [titre_shown(row) for row in rows]})


@router.get(
    "/children/{child}/entries/{line}/invoice-lines",
    summary="Les lignes de facture qui reposent sur une écriture",
    responses=openapi.answered(200, schemas_billing.RestingOn),
)
async def resting_on(child: IdText, line: LineText, at: AtInstant) -> JSONAnswer:
    """From a fact to what was billed because of it: for a parent, in their own household's titres."""
    known = ChildId(child)
    standing = (await at.standings([known]))[known]
    [rows] = await asked(at, questions.lines_resting_on(at.commune, known, line))
    shown = list(in_households(rows, None if at.only_for is None else standing.households))
    at.saw(*(row["household"] for row in shown))
    return JSONAnswer({"child": child, "line": line, "invoice_lines": [row_shown(row) for row in shown]})
