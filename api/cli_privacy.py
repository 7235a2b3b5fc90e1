"""What an operator or an auditor types about families' data: who read it, and what is past its term."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Annotated, Any, Final

import orjson
import psycopg
import typer
from psycopg.rows import dict_row

from api import french_access
from api.asking import Rows
from api.cli_room import AN_ACCOUNT, a_day, counted, identifier, note, operator, printer, table, town_named
from api.clock import utc_now
from api.reads import OfHousehold, bounds, rendered
from api.running import in_one_line, mistyped, opened, read_settings, readable, stop
from commands.town_days import timezone_of
from ledger.database import service_conninfo
from ledger.identifiers import ChildId, Commune, HouseholdId
from ledger.streams import child_page, household_page
from projections import families, past_terms, reads, town
from projections.question import Question
from rulebook.town import Rules, retention_of, rules_of

app = typer.Typer(no_args_is_help=True)

BATCH = 2_000
"""Lines deleted in one transaction: the service writes between two of them."""
ATTEMPTS_KEPT = timedelta(days=1)
"""Of a Clé Enfance: an account is held to those of the last hour."""
PAST: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "file": ("file of a family", "files of families"),
        "documents": ("supporting document",),
        "health": ("child's health", "children's health"),
        "answers": ("kept answer",),
    }
)
"""What is past its term, by the name of the term: one of it, several."""
Connection = psycopg.Connection[dict[str, Any]]

JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object per town.")]


def _connect(conninfo: str) -> Connection:
    return psycopg.connect(conninfo, autocommit=True, row_factory=dict_row)


def _ask(connection: Connection, commune: Commune, *questions: Question) -> list[Rows]:
    with connection.transaction():
        connection.execute("SELECT set_config('ardoise.commune', %s, true)", (commune,))
        return [connection.execute(question.sql, question.values).fetchall() for question in questions]


def _rules(connection: Connection, commune: Commune) -> Rules:
    [versions] = _ask(connection, commune, town.rulebooks(commune))
    names = [row["version"] for row in versions]
    [texts] = _ask(connection, commune, town.contents(commune, names))
    contents = {row["version"]: row["content"] for row in texts}
    return rules_of(contents[name] for name in names)


# Who read it ---------------------------------------------------------------------------------------------------------


@app.command("who-read", epilog="Example: `ardoise who-read villars --child ID --by dpo --purpose rights_request`")
@in_one_line
def who_read(
    commune: Annotated[str, typer.Argument(help="The town, as a slug.")],
    by: Annotated[Any, typer.Option(parser=operator, metavar="ACCOUNT", help=f"Who asks, kept: {AN_ACCOUNT}.")],
    purpose: Annotated[str, typer.Option(help=f"What for: one of {', '.join(french_access.OF_OPERATORS)}.")],
    household: Annotated[Any, typer.Option(parser=identifier, metavar="ID", help="Whose file was read.")] = None,
    child: Annotated[Any, typer.Option(parser=identifier, metavar="ID", help="Or, about which child.")] = None,
    first: Annotated[Any, typer.Option("--from", parser=a_day, metavar="DAY", help="The first day, included.")] = None,
    last: Annotated[Any, typer.Option("--to", parser=a_day, metavar="DAY", help="The last day, included.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Print who read the file of a household, or about a child. Asking leaves its line too."""
    town_ = town_named(commune)
    if (household is None) == (child is None):
        mistyped("give --household or --child, one of them.")
    if purpose not in french_access.OF_OPERATORS:
        mistyped(f"--purpose is one of {', '.join(french_access.OF_OPERATORS)}.")
    if first and last and last < first:
        mistyped("--to comes before --from.")
    with readable(read_settings()) as conninfo, _connect(conninfo) as connection:
        zone = timezone_of(_rules(connection, town_))
        since, until = bounds(first, last, zone)
        page = household_page(town_, HouseholdId(household)) if household else child_page(town_, ChildId(child))
        [[found]] = _ask(connection, town_, families.version_of(page))
        if not found["version"]:
            stop(f"there is no {'household' if household else 'child'} of that identifier in this town.")
        log = OfHousehold([{"person": child}], [], [])
        if household is not None:
            log = OfHousehold(*_ask(connection, town_, *reads.of_household(town_, HouseholdId(household))))
        [rows] = _ask(connection, town_, reads.reads(town_, log.persons, since=since, until=until))
        # Before anything is shown: what cannot be written in the log is not read.
        note(connection, town_, by=by, operation="ardoise who-read", purpose=purpose, about=[household or child])
    said = [rendered(row, log.names) for row in rows]
    if as_json:
        typer.echo(orjson.dumps({"commune": commune, "reads": said}, option=orjson.OPT_UTC_Z).decode())
        return
    shown = table(*french_access.COLUMNS)
    for line in said:
        at = line["read_at"].astimezone(zone)
        shown.add_row(f"{at:%d/%m/%Y %H:%M:%S}", line["actor"], line["role_label"], line["client"], line["operation"],
                      line["purpose_label"])  # fmt: skip
    printer().print(shown)


# What is past its term -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Purged:
    """What a town no longer keeps, and what it should not."""

    commune: str
    before: datetime
    """Reads older than this left the log."""
    deleted: int
    forgotten: int
    """Refused activations of which nothing is known any more."""
    past: dict[str, int]
    """What else is past its term, by the name of the term."""


@app.command(epilog="Example: `ardoise purge villars`")
@in_one_line
def purge(
    communes: Annotated[list[str] | None, typer.Argument(help="The towns; all of them by default.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Delete old reads of the access log, forget refused activations, count what else is past its term."""
    towns = [town_named(name) for name in communes or ()]
    with opened(read_settings()) as ready:
        conninfo = service_conninfo(ready.urls.service_url, ready.settings, application="ardoise-purge")
        with _connect(conninfo) as connection:
            known = [row["commune"] for row in connection.execute("SELECT commune FROM access.towns ORDER BY commune")]
            strangers = [name for name in towns if name not in known and not _rules(connection, name).rulebooks]
            if strangers:
                stop(f"nothing is known of {', '.join(strangers)} in this database: is it the right town?")
            for name in towns or known:
                _tell(purged(connection, Commune(name), utc_now()), as_json=as_json)


def purged(connection: Connection, commune: Commune, now: datetime) -> Purged:
    """Purges one town, as its rulebook of today says."""
    retention = retention_of(_rules(connection, commune), now)
    before = retention.access_log.before(now)
    deleted = sum(_batches(connection, commune, before))
    questions = [past_terms.past(commune, term, getattr(retention, term).before(now)) for term in past_terms.TERMS]
    counts = [row["count"] for [row] in _ask(connection, commune, *questions)]
    refused = retention.refused_activations.before(now)
    [[forgotten], _] = _ask(
        connection,
        commune,
        past_terms.forget_refused(commune, refused, now),
        past_terms.drop_attempts(commune, now - ATTEMPTS_KEPT),
    )
    found = {term: count for term, count in zip(past_terms.TERMS, counts, strict=True) if count}
    return Purged(commune=commune, before=before, deleted=deleted, forgotten=forgotten["count"], past=found)


def _batches(connection: Connection, commune: Commune, before: datetime) -> Iterable[int]:
    while True:
        [row] = connection.execute("SELECT access.purge(%s, %s, %s) AS gone", (commune, before, BATCH)).fetchall()
        yield row["gone"]
        if row["gone"] < BATCH:
            return


def _tell(done: Purged, *, as_json: bool) -> None:
    if as_json:
        said = {
            "commune": done.commune,
            "access_log": {"before": done.before, "deleted": done.deleted},
            "refused_activations": {"forgotten": done.forgotten},
            "past_their_term": done.past,
        }
        typer.echo(orjson.dumps(said, option=orjson.OPT_UTC_Z).decode())
        return
    lines = f"{counted(done.deleted, 'line')} of the access log deleted"
    refused = f"{counted(done.forgotten, 'refused activation')} forgotten"
    past = ", ".join(counted(count, *PAST[term]) for term, count in done.past.items()) or "nothing"
    typer.echo(f"{done.commune}: {lines} (before {done.before:%Y-%m-%d}), {refused}; past its term: {past}.")
