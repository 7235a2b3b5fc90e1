"""`ardoise invoice` and `ardoise tax-certificate`: what a family is handed, as a file to print or to send."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import typer

from api.answers import OPTIONS
from api.billing.paper.certificate import certificate_of, certificate_pdf
from api.billing.paper.gathering import Sources
from api.billing.paper.invoice import invoice_pdf
from api.billing.papers import YEARS, rendered
from api.cli_room import AN_ACCOUNT, CLIENT, identifier, note, operator, room, town_named
from api.clock import utc_now
from api.running import Opened, in_one_line, opened, read_settings, stop
from commands.town_days import timezone_of
from ledger.days import local_day
from ledger.identifiers import Commune, HouseholdId, TitreNumber
from ledger.streams import household_page
from projections import families
from vault.key_file import ring_for
from vault.people import Vault

app = typer.Typer()

_OWNER_ONLY: Final = 0o600
PURPOSE: Final = "billing"

CommuneName = Annotated[str, typer.Argument(help="The town, as a slug.")]
ByOption = Annotated[Any, typer.Option(parser=operator, metavar="ACCOUNT", help=f"Who asks, kept: {AN_ACCOUNT}.")]
PdfOption = Annotated[Path, typer.Option("--pdf", metavar="FILE", help="Where: a file that does not exist yet.")]


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A paper, whom it names, and what there is to say of it."""

    content: bytes
    about: Sequence[str]
    said: str


@app.command(epilog="Example: `ardoise invoice villars 2022-000017 --pdf facture.pdf`")
@in_one_line
def invoice(
    commune: CommuneName,
    number: Annotated[str, typer.Argument(metavar="TITRE", help="The number of the titre: 2022-000017.")],
    pdf: PdfOption,
    by: ByOption = CLIENT,
) -> None:
    """Write the invoice of a titre, with its why. It leaves its line in the access log."""

    async def make(sources: Sources) -> Made:
        household = await sources.household_of(TitreNumber(number))
        if household is None:
            stop("there is no titre of that number in this town.")
        said, who = await sources.invoice(await sources.statement(household), TitreNumber(number))
        return Made(content=invoice_pdf(said), about=[household, *who.persons], said=f"titre {number}")

    _handed_out(town_named(commune), make, pdf=pdf, by=by, operation="ardoise invoice")


@app.command(
    "tax-certificate", epilog="Example: `ardoise tax-certificate villars 2022 --household ID --pdf attestation.pdf`"
)
@in_one_line
def tax_certificate(
    commune: CommuneName,
    year: Annotated[int, typer.Argument(help="The calendar year.", min=YEARS.start, max=YEARS.stop - 1)],
    household: Annotated[Any, typer.Option(parser=identifier, metavar="ID", help="Whose payments.")],
    pdf: Annotated[
        Path | None, typer.Option("--pdf", metavar="FILE", help="Where; the amounts as JSON without.")
    ] = None,
    by: ByOption = CLIENT,
) -> None:
    """Tell what a household paid in a year for the care of its children under six. It leaves its line too."""

    async def make(sources: Sources) -> Made:
        known = HouseholdId(household)
        [[found]] = await sources.reader.ask(
            sources.commune, families.version_of(household_page(sources.commune, known))
        )
        if not found["version"]:
            stop("there is no household of that identifier in this town.")
        today = local_day(utc_now(), timezone_of(await sources.rules()))
        if year > today.year:
            stop("that year has not begun.")
        said = await certificate_of(sources, await sources.statement(known), year, today=today)
        content = orjson.dumps(rendered(said), option=OPTIONS) if pdf is None else certificate_pdf(said)
        return Made(content=content, about=[known, *said.who.persons, *said.by_child], said=f"{year}")

    _handed_out(town_named(commune), make, pdf=pdf, by=by, operation="ardoise tax-certificate")


def _handed_out(
    commune: Commune, make: Callable[[Sources], Awaitable[Made]], *, pdf: Path | None, by: str, operation: str
) -> None:
    if pdf is not None and pdf.exists():
        stop(f"{pdf} exists already: name a file that does not.")

    with opened(read_settings()) as ready:
        made = asyncio.run(_made(ready, commune, make, by=by, operation=operation))
    if pdf is None:
        typer.echo(made.content.decode())
        return
    try:
        with os.fdopen(os.open(pdf, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY), "wb") as file:
            file.write(made.content)
    except OSError as error:
        stop(f"{pdf} cannot be written: {error.strerror}.")
    typer.echo(f"{pdf}: {made.said}.")


async def _made(
    ready: Opened, commune: Commune, make: Callable[[Sources], Awaitable[Made]], *, by: str, operation: str
) -> Made:
    ring = ring_for(ready.settings, ready.urls.service_url)
    async with room(ready) as there:
        made = await make(Sources(reader=there.reader, vault=Vault(ring, there.pool), commune=commune))
        # Before anything is handed out: what cannot be noted in the log stays here.
        with there.pool.connection() as connection:
            note(connection, commune, by=by, operation=operation, purpose=PURPOSE, about=made.about)
        return made
