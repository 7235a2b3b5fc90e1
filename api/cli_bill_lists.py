"""What `ardoise bill` lists of a month, household by household: its titres, and the days that cannot be billed yet.

Whoever reads a list leaves a line in the access log, before anything of it is shown.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import typer
from psycopg import Cursor
from psycopg.rows import dict_row

from api import french_bill_job as french
from api.billing.shown import lines_of_bill
from api.cli_room import note, printer, table
from api.french_billing import MISSING
from api.french_bills import amount
from api.french_erasure import ERASED
from api.history_words import HistoryWords
from ledger.identifiers import Commune, PersonId, Slug
from ledger.postgres import Pool, PostgresStore
from ledger.streams import town_page
from projections.billing import drafts, questions
from projections.inline import project
from projections.question import Question
from replay.billing.bill import Billed
from replay.billing.runs import connected
from rulebook.town import rules_of_town
from vault.people import Details, Erased, Vault

OPERATION: Final = "ardoise bill"
PURPOSE: Final = "billing"
PAGE: Final = 500
_HOLDERS: Final = """
    SELECT household, guardian FROM guardians
    WHERE commune = %(commune)s AND household = ANY(%(households)s) AND holder
"""
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """Rows for whoever asked, and what those they are about are called, when that was asked too."""

    rows: Sequence[Row]
    names: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Lists:
    """The lists of a month that was just billed."""

    conninfo: str
    pool: Pool
    by: str
    vault: Vault | None = None
    """Opened only when names are asked for."""

    def missing(self, billed: Billed) -> Listed:
        """The days of a draft that cannot be billed yet, or contradict themselves: by day, then by child."""
        with connected(self.conninfo, billed.commune) as connection, connection.cursor(row_factory=dict_row) as cursor:
            found = sorted(_missing(cursor, billed), key=lambda day: (day["day"], day["child"], day["unit"]))
            return self._known(cursor, billed.commune, found)

    def titres(self, billed: Billed) -> Listed:
        """The titres of a closed month, in the order of their numbers; the bills of a draft that have a line."""
        with connected(self.conninfo, billed.commune) as connection, connection.cursor(row_factory=dict_row) as cursor:
            found = list(_bills(cursor, billed) if billed.closed is None else _titres(cursor, billed))
            return self._known(cursor, billed.commune, found)

    def words(self, commune: Commune) -> HistoryWords:
        """What the rulebooks of a town call its activities."""
        page = town_page(commune)
        state = PostgresStore(self.pool, project=project).pages([page])[page].state
        return HistoryWords(rules=rules_of_town(state))

    def _known(self, cursor: Cursor[Row], commune: Commune, rows: Sequence[Row]) -> Listed:
        children = {child for row in rows for child in _children(row)}
        about = {*children, *(row["household"] for row in rows)}
        holders = self._holders(cursor, commune, rows) if self.vault is not None else {}
        with self.pool.connection() as noting:
            seen = [*about, *holders.values()]
            note(noting, commune, by=self.by, operation=OPERATION, purpose=PURPOSE, about=seen)
        if self.vault is None:
            return Listed(rows=rows)
        persons = [PersonId(person) for person in (*children, *holders.values())]
        told = self.vault.people(commune, persons, kinds=["identity"])
        known = {str(person): _name(said) for person, said in told.items()}
        of_homes = {home: known[holder] for home, holder in holders.items()}
        return Listed(rows=rows, names={**known, **of_homes})

    def _holders(self, cursor: Cursor[Row], commune: Commune, rows: Iterable[Row]) -> dict[str, str]:
        values = {"commune": commune, "households": sorted({row["household"] for row in rows})}
        return {row["household"]: row["guardian"] for row in cursor.execute(_HOLDERS, values)}


def _children(row: Row) -> Sequence[str]:
    return [row["child"]] if "child" in row else row["children"]


def _name(said: Details | Erased) -> str:
    if isinstance(said, Erased):
        return ERASED
    identity = said.get("identity", {})
    return f"{identity.get('given_name', '')} {identity.get('family_name', '')}".strip()


def _asked(cursor: Cursor[Row], question: Question) -> list[Row]:
    return cursor.execute(question.sql, question.values).fetchall()


def _missing(cursor: Cursor[Row], billed: Billed) -> Iterator[Row]:
    after = ""
    while rows := _asked(cursor, drafts.missing_in_draft(billed.commune, billed.month, after=after, limit=PAGE)):
        for row in rows:
            days = (day for day in row["missing_days"] if not day["billed"] or day["why"] == french.CONTRADICTION)
            yield from ({"household": row["household"], **day} for day in days)
        after = rows[-1]["household"]


def _bills(cursor: Cursor[Row], billed: Billed) -> Iterator[Row]:
    after = ""
    while rows := _asked(cursor, drafts.bills_of_draft(billed.commune, billed.month, after=after, limit=PAGE)):
        for row in rows:
            lines = lines_of_bill(row["bill"])
            if lines:
                yield _listed(None, row, len(lines), (line.child for line in lines))
        after = rows[-1]["household"]


def _titres(cursor: Cursor[Row], billed: Billed) -> Iterator[Row]:
    after = None
    while rows := _asked(cursor, questions.titres_of_month(billed.commune, billed.month, after=after, limit=PAGE)):
        for row in rows:
            lines = _asked(cursor, questions.lines_of_titre(billed.commune, row["titre"]))
            yield _listed(row["titre"], row, row["lines"], (line["child"] for line in lines))
        after = rows[-1]["titre"]


def _listed(titre: str | None, row: Row, lines: int, children: Iterable[str]) -> Row:
    return {
        "titre": titre,
        "household": row["household"],
        "children": sorted(set(children)),
        "lines": lines,
        "total_cents": row["total_cents"],
    }


def to_list(billed: Billed) -> bool:
    """Whether somebody has days to complete, or to look at."""
    return bool(billed.summary["missing"]) or french.CONTRADICTION in billed.summary["meanwhile"]


def tell_missing(lists: Lists, billed: Billed) -> None:
    """Prints the days to complete, activities and days as people write them."""
    if not to_list(billed):
        typer.echo(french.NOTHING_MISSING)
        return
    listed, words = lists.missing(billed), lists.words(billed.commune)
    shown = table(*french.MISSING_COLUMNS)
    for row in listed.rows:
        activity, day = Slug(row["activity"]), date.fromisoformat(row["day"])
        unit = words.unit(activity, Slug(row["unit"]), day)
        household, child = (_called(listed, row[who]) for who in ("household", "child"))
        why = MISSING[row["why"]]
        shown.add_row(f"{day:%d/%m/%Y}", household, child, words.activity(activity, day), unit, why)
    printer().print(shown)


def tell_titres(listed: Listed) -> None:
    """Prints the titres of a month, or the bills of its draft, one a row."""
    numbered = any(row["titre"] for row in listed.rows)
    shown = table(*(french.TITRE_COLUMNS if numbered else french.TITRE_COLUMNS[1:]))
    for column in shown.columns[-2:]:
        column.justify = "right"
    for row in listed.rows:
        children = "\n".join(_called(listed, child) for child in row["children"])
        said = (_called(listed, row["household"]), children, french.number(row["lines"]), amount(row["total_cents"]))
        shown.add_row(*([row["titre"]] if numbered else []), *said)
    printer().print(shown)


def named(listed: Listed) -> list[Row]:
    """The rows for a program, with the names of those they are about when these were asked for."""
    if not listed.names:
        return list(listed.rows)
    return [
        {
            **row,
            "household_name": listed.names.get(row["household"], ""),
            "child_names": [listed.names.get(child, "") for child in _children(row)],
        }
        for row in listed.rows
    ]


def _called(listed: Listed, of: str) -> str:
    return listed.names.get(of) or of
