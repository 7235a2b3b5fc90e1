"""Papers over HTTP: an invoice, a tax certificate, and the files the régie opens in its spreadsheet."""

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, Final

from fastapi.responses import Response, StreamingResponse
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError
from starlette.concurrency import run_in_threadpool

from api import openapi
from api.answers import JSONAnswer
from api.asking import Rows
from api.billing import schemas_papers
from api.billing.paper.certificate import Certificate, certificate_of, certificate_pdf
from api.billing.paper.gathering import Sources
from api.billing.paper.invoice import invoice_pdf
from api.billing.paper.spreadsheet import CSV, lines_to_csv, row_of, totals_to_csv
from api.billing.payment_bodies import TitreText
from api.billing.shown import asked, lines_of_bill
from api.door import doors
from api.fields import IdText, Month
from api.households import of_household
from api.office import AtInstant, AtOffice, Office
from api.problems import not_found
from api.sealing import AtVault
from commands.town_days import timezone_of
from ledger.days import local_day
from ledger.identifiers import HouseholdId, TitreNumber
from ledger.identifiers import Month as BilledMonth
from projections.billing import drafts, questions
from projections.billing.sheets import named_in_draft, named_in_month, totals_of_draft
from vault.people import Vault

router = doors("facturation")

PDF: Final = "application/pdf"
YEARS: Final = range(2000, 2100)
LINES_ASKED_AT_ONCE: Final = 1_000
BILLS_ASKED_AT_ONCE: Final = 200
_FILE: Final = {"schema": {"type": "string", "format": "binary"}}


def read_year(value: str) -> int:
    """A calendar year, in four digits."""
    if not (value.isascii() and value.isdigit() and len(value) == 4 and int(value) in YEARS):
        raise PydanticCustomError("year_expected", "refused")
    return int(value)


YearText = Annotated[str, Field(pattern=r"^[0-9]{4}$", examples=["2022"]), AfterValidator(read_year)]


def _file(media_type: str, description: str) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": description, "content": {media_type: _FILE}}}


def _shown(content: bytes, name: str) -> Response:
    """A document a browser shows in its own reader, and that no shared cache keeps."""
    headers = {
        "Content-Disposition": f'inline; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Cache-Control": "no-store",
    }
    return Response(content, 200, headers, PDF)


@router.get(
    "/titres/{number}/invoice.pdf",
    summary="Une facture à lire et à imprimer",
    response_class=Response,
    responses=_file(PDF, "La facture, balisée pour les lecteurs d'écran (PDF/UA-1)."),
)
async def invoice(number: TitreText, at: AtOffice, vault: AtVault) -> Response:
    """What is owed on the first page, and why on those that follow. What was paid since is taken off."""
    sources, titre = _sources(at, vault), TitreNumber(number)
    household = await sources.household_of(titre)
    if household is None:
        raise not_found()
    await of_household(at, household)
    said, who = await sources.invoice(await sources.statement(household), titre)
    at.saw(household, *who.persons)
    return _shown(await run_in_threadpool(invoice_pdf, said), f"facture-{number}.pdf")


@router.get(
    "/households/{household}/tax-certificates/{year}",
    summary="Les frais de garde payés dans une année",
    responses=openapi.answered(200, schemas_papers.TaxCertificate),
)
async def certificate(household: IdText, year: YearText, at: AtInstant, vault: AtVault) -> JSONAnswer:
    """What may be declared to the tax office: care only, what was paid in the year, children under six.

    Asked of an instant, by what was paid and billed then; dates of birth have no past.
    """
    said = await _certificate(at, vault, HouseholdId(household), int(year))
    return JSONAnswer(rendered(said))


@router.get(
    "/households/{household}/tax-certificates/{year}/certificate.pdf",
    summary="L'attestation fiscale d'une année, à lire et à imprimer",
    response_class=Response,
    responses=_file(PDF, "L'attestation, balisée pour les lecteurs d'écran (PDF/UA-1)."),
)
async def certificate_file(household: IdText, year: YearText, at: AtOffice, vault: AtVault) -> Response:
    """The same, as a document that names whom it is about."""
    said = await _certificate(at, vault, HouseholdId(household), int(year))
    at.saw(*said.who.persons)
    return _shown(await run_in_threadpool(certificate_pdf, said), f"attestation-{year}.pdf")


async def _certificate(at: Office, vault: Vault, household: HouseholdId, year: int) -> Certificate:
    """Not found for a year that has not begun."""
    await of_household(at, household)
    sources = _sources(at, vault)
    today = local_day(at.now, timezone_of(await sources.rules()))
    if year > today.year:
        raise not_found()
    statement = await sources.statement(household, known_at=at.as_of)
    said = await certificate_of(sources, statement, year, today=today)
    at.saw(*said.by_child, *said.left_out)
    return said


def rendered(said: Certificate) -> dict[str, Any]:
    """A certificate as it is answered: whom it is about, in identifiers."""
    return {
        "household": said.household,
        "year": said.year,
        "final": said.over,
        "amount_cents": said.amount_cents,
        "children": [{"child": child, "amount_cents": cents} for child, cents in said.by_child.items()],
        "left_out": [{"child": child, "reason": why} for child, why in said.left_out.items()],
        "payments": [
            {
                "payment": paid.payment,
                "received_on": paid.received_on,
                "means": paid.means,
                "amount_cents": paid.amount_cents,
            }
            for paid in said.payments
        ],
    }


def _sources(at: Office, vault: Vault) -> Sources:
    return Sources(reader=at.reader, vault=vault, commune=at.commune)


@router.get(
    "/billing/{month}/lines.csv",
    summary="Les lignes d'un mois, pour un tableur",
    response_class=Response,
    responses=_file(CSV, "Toutes les lignes : UTF-8, points-virgules, virgule décimale."),
)
async def lines(month: Month, at: AtInstant) -> Response:
    """Every line of the titres of the month, regularisations included; of its draft, as long as it is not closed."""
    known = BilledMonth(month)
    drafted = await _is_draft(at, known)
    named = named_in_draft(at.commune, known) if drafted else named_in_month(at.commune, known)
    [people] = await asked(at, named)
    at.saw(*{row["household"] for row in people}, *{row["child"] for row in people})
    pieces = _of_draft(at, known) if drafted else _of_titres(at, known)
    return StreamingResponse(pieces, 200, _download("lignes", month, drafted=drafted), CSV)


async def _is_draft(at: Office, month: BilledMonth) -> bool:
    """Whether a month is told by its draft, which has no past."""
    if at.as_of is not None:
        return False
    [closed] = await at.reader.ask(at.commune, questions.closed_month(at.commune, month))
    return not closed


async def _of_titres(at: Office, month: BilledMonth) -> AsyncIterator[bytes]:
    """The file in pieces, read while it is sent: the memory is that of a piece."""
    after: questions.LinePlace | None = None
    head = True
    while True:
        [rows] = await asked(at, questions.lines_of_month(at.commune, month, after=after, limit=LINES_ASKED_AT_ONCE))
        yield await run_in_threadpool(_piece, rows, head)
        if len(rows) < LINES_ASKED_AT_ONCE:
            return
        head, after = False, questions.LinePlace(titre=rows[-1]["titre"], line=rows[-1]["line"])


async def _of_draft(at: Office, month: BilledMonth) -> AsyncIterator[bytes]:
    """The same, bill after bill."""
    after, head = "", True
    while True:
        asking = drafts.bills_of_draft(at.commune, month, after=after, limit=BILLS_ASKED_AT_ONCE)
        [bills] = await at.reader.ask(at.commune, asking)
        yield await run_in_threadpool(_piece_of_draft, bills, month, head)
        if len(bills) < BILLS_ASKED_AT_ONCE:
            return
        head, after = False, bills[-1]["household"]


def _piece_of_draft(bills: Rows, month: BilledMonth, head: bool) -> bytes:
    rows = [
        row_of(line, household=bill["household"], month=month, titre=None)
        for bill in bills
        for line in lines_of_bill(bill["bill"])
    ]
    return _piece(rows, head)


def _piece(rows: Rows, head: bool) -> bytes:
    return b"".join(lines_to_csv(rows, head=head))


@router.get(
    "/billing/{month}/totals.csv",
    summary="Les totaux d'un mois, pour un tableur",
    response_class=Response,
    responses=_file(CSV, "Un total par nature et par compte : UTF-8, points-virgules, virgule décimale."),
)
async def totals(month: Month, at: AtInstant) -> Response:
    """By nature and accounting code, regularisations apart; of the draft, as long as the month is not closed."""
    known = BilledMonth(month)
    drafted = await _is_draft(at, known)
    question = totals_of_draft(at.commune, known) if drafted else questions.totals_of_month(at.commune, known)
    [rows] = await asked(at, question)
    return Response(b"".join(totals_to_csv(known, rows)), 200, _download("totaux", month, drafted=drafted), CSV)


def _download(what: str, month: str, *, drafted: bool) -> Mapping[str, str]:
    """A file to keep: nobody opens a spreadsheet within a page. A draft says that it is one."""
    name = f"{what}-{month}-projet.csv" if drafted else f"{what}-{month}.csv"
    return {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
