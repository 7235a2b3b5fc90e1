"""The command line: what an operator, a clerk or an auditor types."""

import os
from datetime import timedelta
from typing import Annotated

import structlog
import typer

from api import (
    cli_bill,
    cli_erase,
    cli_evidence,
    cli_export,
    cli_import,
    cli_papers,
    cli_parked,
    cli_past,
    cli_privacy,
    cli_rebuild,
    cli_seal,
    cli_verify,
    cli_what_if,
    cli_why,
    logs,
    rulebooks,
)
from api.cli_checkpoint import checkpoint_app
from api.cli_room import counted, town_named
from api.cli_vault import vault_app
from api.clock import utc_now
from api.development import DevelopmentKey, issue_token
from api.running import in_one_line, opened, read_settings, stop
from api.server import serve as run_server
from api.service import application
from api.tokens import ROLES
from ledger.database import check_database, database_of
from ledger.identifiers import Subject
from ledger.migrate import migrate as run_migrations
from ledger.numbers import set_next_number

app = typer.Typer(
    help="Ardoise: the reservation ledger behind French town family portals.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.add_typer(rulebooks.app, name="rulebook")
app.add_typer(vault_app, name="vault")
app.add_typer(checkpoint_app, name="checkpoint")
app.add_typer(cli_bill.app)
app.add_typer(cli_privacy.app)
app.add_typer(cli_erase.app)
app.add_typer(cli_export.app)
app.add_typer(cli_evidence.app)
app.add_typer(cli_papers.app)
app.add_typer(cli_parked.app)
app.add_typer(cli_past.app)
app.add_typer(cli_seal.app)
app.add_typer(cli_verify.app)
app.add_typer(cli_rebuild.app)
app.add_typer(cli_what_if.app)
app.add_typer(cli_why.app)

CommuneArgument = Annotated[str, typer.Argument(help="A town, as a slug: villennes-sur-seine.")]


@app.command(epilog="Example: `ardoise serve --port 8080`")
@in_one_line
def serve(
    host: Annotated[str | None, typer.Option(help="Instead of ARDOISE_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="Instead of ARDOISE_PORT.", min=0, max=65535)] = None,
) -> None:
    """Serve the HTTP interface until a signal asks to stop."""
    settings = read_settings().for_serving()
    logs.configure(level=settings.log_level_number)
    with opened(settings, may_be_first=True) as ready:
        report = check_database(ready.urls.service_url)
        log = structlog.stdlib.get_logger("ardoise.serve")
        log.info("starting", database=report.place, postgresql=report.version, schema=report.schema)
        for warning in report.warnings:
            log.warning("database", warning=warning)
        app_ = application(settings, ready.urls.service_url)
        if not run_server(app_, host or settings.host, settings.port if port is None else port):
            stop(f"the service could not start on {host or settings.host}:{settings.port if port is None else port}.")


@app.command(epilog="Example: `ARDOISE_OWNER_URL=postgresql://owner@db/ardoise ardoise migrate`")
@in_one_line
def migrate() -> None:
    """Bring the schema of the database up to date, as its owner. Safe to run many times, and many at once."""
    with database_of(read_settings()) as urls:
        applied = run_migrations(urls.owner_url, log=typer.echo)
    typer.echo(f"{counted(len(applied), 'migration')} applied." if applied else "The schema is up to date.")


@app.command(epilog="Example: `ardoise token villars --role agent --subject agent-1`")
@in_one_line
def token(
    commune: CommuneArgument,
    role: Annotated[str, typer.Option(help=f"One of {', '.join(sorted(ROLES))}.")],
    subject: Annotated[str, typer.Option(help="Whom the token speaks for.")],
    client: Annotated[str, typer.Option(help="The client that presents it.")] = "ardoise-cli",
    hours: Annotated[int, typer.Option(help="How long it lasts.", min=1, max=24 * 31)] = 12,
) -> None:
    """Print an access token signed by the development key, which only the embedded database accepts."""
    settings = read_settings()
    if not settings.development_key:
        stop("tokens come from your identity provider: the development key is for the embedded database only.")
    town = town_named(commune)
    if role not in ROLES or not subject:
        stop(f"a token needs a subject and a role among {', '.join(sorted(ROLES))}.")
    key = DevelopmentKey.open(settings.data)
    typer.echo(
        issue_token(
            key,
            subject=Subject(subject),
            role=role,
            commune=town,
            client=client,
            lifetime=timedelta(hours=hours),
            now=utc_now(),
        )
    )


@app.command(epilog="Example: `ardoise numbers villennes-sur-seine --next 43000`")
@in_one_line
def numbers(
    commune: CommuneArgument,
    next_: Annotated[int, typer.Option("--next", help="The number of the next demande.", min=1, max=2**53 - 1)],
) -> None:
    """Make a town's demandes go on from a number, as when it comes from another system. Never goes back."""
    town = town_named(commune)
    with opened(read_settings(), may_be_first=True) as ready:
        reached = set_next_number(ready.urls.owner_url, town, next_)
    if reached != next_:
        stop(f"the demandes of {commune} are numbered up to {reached - 1} already: nothing was changed.")
    typer.echo(f"The next demande of {commune} will be number {next_}.")


app.command("import", epilog="Example: `ardoise import villars families.ndjson --check`")(cli_import.command)


@app.command(epilog="Example: `ardoise demo --no-serve`")
@in_one_line
def demo(
    serve: Annotated[bool, typer.Option(help="Serve after the story, until Ctrl-C.")] = True,
    port: Annotated[int | None, typer.Option(help="Instead of ARDOISE_PORT.", min=0, max=65535)] = None,
) -> None:
    """Load the three towns, play their story over HTTP, then serve on today's date."""
    from api.demo import play

    play(read_settings(), port=port, serve=serve)


def main() -> None:
    """The entry point of `ardoise`."""
    os.umask(0o077)
    app()
