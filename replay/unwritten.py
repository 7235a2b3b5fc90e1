"""A journal of erasures that was lost: those of the database it says nothing of, and their lines written again."""

from collections.abc import Iterator
from datetime import date, datetime
from itertools import groupby
from typing import Any, Final

import psycopg
from psycopg.rows import DictRow, dict_row

from ledger.identifiers import Commune, PersonId, Stream, new_id
from vault.journal import VARIABLE, Intent, Journal, JournalError

COMMAND: Final = "ardoise erase --rebuild-journal"

_TENANT: Final = "SELECT set_config('ardoise.commune', %(commune)s, true)"
_ERASED: Final = "SELECT person FROM ardoise.erased_people WHERE commune = %(commune)s"
_TOLD: Final = """
    SELECT stream AS page, convert_from(stored, 'UTF8')::jsonb AS said FROM ardoise.entries
    WHERE commune = %(commune)s AND split_part(type, '.', 1) = 'person_erased'
    ORDER BY convert_from(stored, 'UTF8')::jsonb ->> 'command', stream, version
"""
_MARKED: Final = """
    SELECT person, erased_at FROM vault.keys WHERE commune = %(commune)s AND wrapped IS NULL ORDER BY person
"""
"""What accounts said of themselves is forgotten without a page."""


def refuse_unwritten(journal: Journal, connection: psycopg.Connection[Any]) -> None:
    """Raises JournalError when the database says somebody was forgotten of whom the journal says nothing.

    The database is asked first: what is forgotten meanwhile is in the journal before.
    """
    erased = [
        (commune, row["person"]) for commune in _towns(connection) for row in _asked(connection, commune, _ERASED)
    ]
    known = {(intent.commune, intent.person) for intent in journal.read().intents}
    if lost := sum(one not in known for one in erased):
        raise JournalError(
            f"{VARIABLE}: {journal.path} says nothing of {lost} of the {len(erased)} people the database says were"
            f" forgotten: put back the file that was saved, or write the lines again with `{COMMAND}`."
        )


def rebuild(journal: Journal, connection: psycopg.Connection[Any], actor: str) -> int:
    """Writes the lines the journal lacks, each as the fact of the database says it; how many people."""
    written = 0
    for commune in _towns(connection):
        found = [*_told(connection, commune), *_marked(connection, commune, actor)]
        known = {intent.person for intent in journal.read().intents if intent.commune == commune}
        missing = {intent.person: intent for intent in reversed(found) if intent.person not in known}
        by_attempt = sorted(missing.values(), key=lambda intent: intent.attempt)
        for attempt, group in groupby(by_attempt, key=lambda intent: intent.attempt):
            lines = list(group)
            journal.intend(lines)
            journal.confirm(commune, attempt)
            written += len(lines)
    return written


def _towns(connection: psycopg.Connection[Any]) -> list[Commune]:
    rows = connection.execute("SELECT commune FROM vault.towns ORDER BY commune").fetchall()
    return [Commune(commune) for [commune] in rows]


def _asked(connection: psycopg.Connection[Any], commune: Commune, question: Any) -> list[DictRow]:
    values = {"commune": commune}
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(_TENANT, values)
        cursor.execute("SET LOCAL statement_timeout = 0")
        return cursor.execute(question, values).fetchall()


def _told(connection: psycopg.Connection[Any], commune: Commune) -> Iterator[Intent]:
    """Those of whom a page says it, one attempt a command."""
    attempts: dict[str, str] = {}
    for row in _asked(connection, commune, _TOLD):
        said, fact = row["said"], row["said"]["fact"]
        yield Intent(
            attempt=attempts.setdefault(said["command"], new_id()),
            commune=commune,
            person=PersonId(fact["person"]),
            page=Stream(row["page"]),
            erased_at=datetime.fromisoformat(said["happened_at"]),
            agreement=fact["agreement"],
            agreed_by=fact["agreed_by"],
            agreed_on=date.fromisoformat(fact["agreed_on"]),
            command=said["command"],
            actor=said["actor"],
        )


def _marked(connection: psycopg.Connection[Any], commune: Commune, actor: str) -> Iterator[Intent]:
    """Those of whom the vault alone remembers it."""
    attempt = command = new_id()
    for row in _asked(connection, commune, _MARKED):
        yield Intent(
            attempt=attempt,
            commune=commune,
            person=PersonId(row["person"]),
            page=None,
            erased_at=row["erased_at"],
            agreement=None,
            agreed_by=None,
            agreed_on=None,
            command=command,
            actor=actor,
        )
