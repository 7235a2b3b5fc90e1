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
from api.billing.paper.spreadsheet import CSV, lines_to_csv, totals_to_csv
from api.billing.payment_bodies import TitreText
from api.door import doors
from api.fields import IdText, Month
from api.households import of_household
from api.office import AtOffice, Office
from api.problems import not_found
from api.sealing import AtVault
from commands.town_days import timezone_of
from ledger.days import local_day
from ledger.identifiers import HouseholdId, TitreNumber
from ledger.identifiers import Month as BilledMonth
from projections.billing import questions
from projections.billing.named import named_in_month
from vault.people import Vault

router = doors("facturation")

PDF: Final = "application/pdf"
YEARS: Final = range(2000, 2100)
LINES_ASKED_AT_ONCE: Final = 1_000
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
async def certificate(household: IdText, year: YearText, at: AtOffice, vault: AtVault) -> JSONAnswer:
    """What may be declared to the tax office: care only, what was paid in the year, children under six."""
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
    said = await certificate_of(sources, await sources.statement(household), year, today=today)
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
async def lines(month: Month, at: AtOffice) -> Response:
    """Every line of the titres of the month, regularisations included. Empty as long as the month is not closed."""
    known = BilledMonth(month)
    [payers] = await at.reader.ask(at.commune, named_in_month(at.commune, known))
    at.saw(*{row["household"] for row in payers}, *{row["child"] for row in payers})
    return StreamingResponse(_csv_lines(at, known), 200, _download(f"lignes-{month}.csv"), CSV)


async def _csv_lines(at: Office, month: BilledMonth) -> AsyncIterator[bytes]:
    """The file in pieces, read while it is sent: the memory is that of a piece."""
    after: questions.LinePlace | None = None
    head = True
    while True:
        asked = questions.lines_of_month(at.commune, month, after=after, limit=LINES_ASKED_AT_ONCE)
        [rows] = await at.reader.ask(at.commune, asked)
        yield await run_in_threadpool(_piece, rows, head)
        if len(rows) < LINES_ASKED_AT_ONCE:
            return
        head, after = False, questions.LinePlace(titre=rows[-1]["titre"], line=rows[-1]["line"])


def _piece(rows: Rows, head: bool) -> bytes:
    return b"".join(lines_to_csv(rows, head=head))


@router.get(
    "/billing/{month}/totals.csv",
    summary="Les totaux d'un mois, pour un tableur",
    response_class=Response,
    responses=_file(CSV, "Un total par nature et par compte : UTF-8, points-virgules, virgule décimale."),
)
async def totals(month: Month, at: AtOffice) -> Response:
    """By nature and accounting code, regularisations apart."""
    [rows] = await at.reader.ask(at.commune, questions.totals_of_month(at.commune, BilledMonth(month)))
    content = b"".join(totals_to_csv(BilledMonth(month), rows))
    return Response(content, 200, _download(f"totaux-{month}.csv"), CSV)


def _download(name: str) -> Mapping[str, str]:
    """A file to keep: nobody opens a spreadsheet within a page."""
    return {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
