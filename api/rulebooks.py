"""`ardoise rulebook`: what a town clerk types to write, check, adopt and read a rulebook. Speaks French."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import orjson
import typer
from psycopg.rows import dict_row

from api.cli_room import CLIENT, town_named
from api.clock import utc_now
from api.fields import read_day, read_instant
from api.refusals import problem_of
from api.running import Stopped, in_one_line, opened, read_settings, stop
from commands.adopt_rulebook import AdoptRulebook
from commands.execute import Request, Result, execute
from commands.outcome import Refused
from ledger.database import open_pool
from ledger.entry import Signature
from ledger.identifiers import Commune, Subject
from ledger.postgres import PostgresStore
from ledger.store import Answer, Once
from projections import town
from projections.inline import project
from projections.question import Question
from rulebook.explain import explain
from rulebook.french_dates import french_date
from rulebook.lint import warnings
from rulebook.reader import RulebookError, read_rulebook
from rulebook.rulebook import Rulebook
from rulebook.town import rules_of

app = typer.Typer(help="Vérifier, adopter et lire les règlements.", no_args_is_help=True)

LARGEST_BYTES = 1_000_000
OPERATOR = Subject(CLIENT)

UNREADABLE: dict[type[OSError], str] = {
    FileNotFoundError: "n'existe pas : vérifiez son nom et le dossier où il est",
    IsADirectoryError: "est un dossier : donnez le nom d'un fichier",
    PermissionError: "ne peut pas être lu : vous n'en avez pas le droit",
}
DOCUMENTS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"{\\rtf")
DOCUMENT = (
    "vient de Word, d'Excel ou d'un PDF : copiez son texte dans le Bloc-notes, et enregistrez-le avec le codage UTF-8"
)
NOT_UTF_8 = "n'est pas en UTF-8 : dans le Bloc-notes, Fichier, Enregistrer sous, et choisissez le codage UTF-8"

FileArgument = Annotated[Path, typer.Argument(help="Le fichier du règlement, en TOML.", metavar="FICHIER")]
JsonOption = Annotated[bool, typer.Option("--json", help="Répondre en JSON.")]


def _text(file: Path) -> str:
    try:
        content = file.read_bytes()
    except OSError as error:
        stop(f"{file} {UNREADABLE.get(type(error), 'ne peut pas être lu')}.")
    if content.startswith(DOCUMENTS):
        stop(f"{file} {DOCUMENT}.")
    try:
        return content[: LARGEST_BYTES + 1].decode("utf-8")
    except UnicodeDecodeError:
        stop(f"{file} {NOT_UTF_8}.")


def _read(file: Path, *, as_json: bool) -> Rulebook:
    try:
        return read_rulebook(_text(file))
    except RulebookError as unsound:
        if as_json:
            problems = [_problem(problem) for problem in unsound.problems]
            typer.echo(orjson.dumps({"sound": False, "problems": problems}).decode())
        else:
            for problem in unsound.problems:
                typer.echo(str(problem), err=True)
            count = len(unsound.problems)
            typer.echo(f"{file} : {count} erreur{'s' if count > 1 else ''} à corriger.", err=True)
        raise Stopped(1) from None


def read_file(file: Path) -> tuple[Rulebook, str]:
    """A rulebook and its text; ends the command, after saying what to correct, when it cannot be read."""
    return _read(file, as_json=False), _text(file)


def _problem(problem: Any) -> dict[str, Any]:
    return {name: getattr(problem, name) for name in ("severity", "line", "path", "article", "message", "remedy")}


@app.command(epilog="Exemple : `ardoise rulebook check villars.toml`")
@in_one_line
def check(file: FileArgument, as_json: JsonOption = False) -> None:
    """Relire un règlement : l'expliquer en français, ou dire ce qu'il faut corriger, et où."""
    rulebook = _read(file, as_json=as_json)
    found = warnings(rulebook, _text(file))
    if as_json:
        said = {"sound": True, "sentences": explain(rulebook), "warnings": [_problem(each) for each in found]}
        typer.echo(orjson.dumps(said).decode())
        return
    for sentence in explain(rulebook):
        typer.echo(sentence)
    for warning in found:
        typer.echo(f"Attention : {warning}", err=True)
    typer.echo(f"\n{file} peut être adopté : version {rulebook.version} de {rulebook.name}.")


@app.command(epilog="Exemple : `ardoise rulebook adopt villars.toml`")
@in_one_line
def adopt(file: FileArgument) -> None:
    """Adopter un règlement : il est gardé tel quel, et s'applique à partir de son jour."""
    rulebook = _read(file, as_json=False)
    content, now = _text(file), utc_now()
    signature = Signature(
        actor=OPERATOR,
        role="admin",
        client=CLIENT,
        command=str(uuid4()),
        correlation=str(uuid4()),
        happened_at=now,
        recorded_at=now,
    )
    once = Once(client=CLIENT, subject=OPERATOR, key=signature.command, fingerprint=bytes(32))
    request = Request(commune=rulebook.commune, command=AdoptRulebook(content=content), signature=signature)
    with opened(read_settings(), may_be_first=True) as ready:
        pool = open_pool(ready.urls.service_url, ready.settings)
        try:
            store = PostgresStore(pool, project=project)
            result, _ = execute(store, request, once=once, respond=_status)
        finally:
            pool.close()
    if isinstance(result.outcome, Refused):
        stop(problem_of(result.outcome, result.rules).detail)
    day = french_date(rulebook.in_force_from)
    typer.echo(f"{rulebook.name} : la version {rulebook.version} est adoptée, en vigueur à partir du {day}.")


def _status(result: Result) -> Answer:
    return Answer(status=409 if isinstance(result.outcome, Refused) else 201)


NOT_A_TOWN = "une commune se nomme en minuscules, chiffres et traits d'union : villennes-sur-seine."


def _ask(commune: Commune, *questions: Question) -> list[list[dict[str, Any]]]:
    with opened(read_settings(), to_read=True) as ready:
        pool = open_pool(ready.urls.service_url, ready.settings)
        try:
            with pool.connection() as connection, connection.transaction():
                connection.execute("SELECT set_config('ardoise.commune', %s, true)", (commune,))
                cursor = connection.cursor(row_factory=dict_row)
                return [cursor.execute(question.sql, question.values).fetchall() for question in questions]
        finally:
            pool.close()


CommuneArgument = Annotated[str, typer.Argument(help="La commune : villars.", metavar="COMMUNE")]


@app.command("list", epilog="Exemple : `ardoise rulebook list villars`")
@in_one_line
def listed(commune: CommuneArgument, as_json: JsonOption = False) -> None:
    """Dire quels règlements une commune a adoptés."""
    named = town_named(commune, NOT_A_TOWN)
    [rows] = _ask(named, town.rulebooks(named))
    if as_json:
        typer.echo(orjson.dumps(rows, option=orjson.OPT_UTC_Z).decode())
    elif not rows:
        stop(f"{commune} n'a adopté aucun règlement.")
    else:
        for row in rows:
            said = f"en vigueur à partir du {french_date(row['in_force_from'])}"
            typer.echo(f"{row['version']:<12} {said}, adoptée le {row['adopted_at']:%d/%m/%Y}, {row['digest'][:12]}")


def _day(text: str) -> date:
    try:
        return read_day(text)
    except ValueError:
        raise typer.BadParameter("un jour est attendu, par exemple 2024-03-27") from None


def _instant(text: str) -> datetime:
    try:
        return read_instant(text)
    except ValueError:
        raise typer.BadParameter("un instant est attendu, par exemple 2024-03-07T18:30:00Z") from None


@app.command(epilog="Exemple : `ardoise rulebook show villars --day 2022-09-05`")
@in_one_line
def show(
    commune: CommuneArgument,
    day: Annotated[Any, typer.Option(parser=_day, metavar="JOUR", help="Le jour concerné ; aujourd'hui sinon.")] = None,
    as_of: Annotated[Any, typer.Option(parser=_instant, metavar="INSTANT", help="Ce qui était connu alors.")] = None,
    text: Annotated[bool, typer.Option("--text", help="Le texte adopté, tel quel.")] = False,
) -> None:
    """Expliquer le règlement en vigueur un jour, tel qu'il était connu à un instant."""
    named = town_named(commune, NOT_A_TOWN)
    [rows] = _ask(named, town.rulebooks(named, known_at=as_of))
    names = [row["version"] for row in rows]
    [texts] = _ask(named, town.contents(named, names))
    contents = {row["version"]: row["content"] for row in texts}
    rulebook = rules_of(contents[name] for name in names).on(day or utc_now().date())
    if rulebook is None:
        stop(f"{commune} n'a pas de règlement en vigueur ce jour-là.")
    typer.echo(contents[rulebook.version] if text else "\n".join(explain(rulebook)))
