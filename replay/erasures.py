"""After a restore: whoever was forgotten since the backup is forgotten again, before anything is answered."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Final

import psycopg
from psycopg.rows import TupleRow, dict_row
from psycopg_pool import ConnectionPool

from commands.erase_people import Agreement, EraseAgain
from commands.execute import Request, execute
from ledger.entry import Signature
from ledger.identifiers import Commune, Stream, Subject, new_id
from ledger.store import Answer, Once, Store
from replay.unwritten import refuse_unwritten
from vault.journal import Intent, Journal

Pool = ConnectionPool[psycopg.Connection[TupleRow]]
CLIENT: Final = "ardoise-erasures"

_TENANT: Final = "SELECT set_config('ardoise.commune', %(commune)s, true)"
_STANDS: Final = """
    SELECT j.person, j.page, j.command,
           NOT EXISTS (SELECT FROM vault.keys k WHERE k.commune = %(commune)s AND k.person = j.person
                       AND k.wrapped IS NULL) AS unmarked,
           EXISTS (SELECT FROM vault.keys k WHERE k.commune = %(commune)s AND k.person = j.person
                   AND k.wrapped IS NOT NULL)
           OR EXISTS (SELECT FROM vault.records r WHERE r.commune = %(commune)s AND r.person = j.person)
           OR EXISTS (SELECT FROM vault.proposals p WHERE p.commune = %(commune)s AND p.person = j.person)
           OR EXISTS (SELECT FROM vault.documents d WHERE d.commune = %(commune)s
                      AND (d.person = j.person OR d.owner = j.person)) AS held,
           EXISTS (SELECT FROM ardoise.entries e WHERE e.commune = %(commune)s AND e.stream = j.page) AS has_page,
           EXISTS (SELECT FROM ardoise.entries e WHERE e.commune = %(commune)s AND e.stream = j.page
                   AND split_part(e.type, '.', 1) = 'person_erased'
                   AND convert_from(e.stored, 'UTF8')::jsonb #>> '{fact,person}' = j.person) AS told,
           EXISTS (SELECT FROM ardoise.entries e WHERE e.commune = %(commune)s AND e.stream = j.page
                   AND split_part(e.type, '.', 1) = 'person_erased'
                   AND convert_from(e.stored, 'UTF8')::jsonb ->> 'command' = j.command) AS committed
    FROM unnest(%(persons)s::text[], %(pages)s::text[], %(commands)s::text[]) AS j (person, page, command)
"""
_FORGET: Final = """
    SELECT vault.forget(%(commune)s, j.person, j.at)
    FROM unnest(%(persons)s::text[], %(instants)s::timestamptz[]) AS j (person, at)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayed:
    """What a replay came to."""

    known: int
    """People the journal says were forgotten."""
    again: tuple[Intent, ...] = ()
    """Those the database still knew, or did not say it had forgotten."""
    confirmed: int = 0
    """Erasures that were done and not yet said so in the journal."""
    unfinished: tuple[Intent, ...] = ()
    """Erasures that were announced and never done: whoever asked for them was not answered, and asks again."""


def replay(journal: Journal, store: Store, pool: Pool, *, now: datetime) -> Replayed:
    """Compares every line of the journal with the database, and forgets again whom it should not know any more.

    The vault is told of everybody, those it never heard of included: an import, or a command that is sent again, would
    bring them back under the same name. Raises JournalError when the database knows of erasures the journal does not.
    """
    with pool.connection() as connection:
        refuse_unwritten(journal, connection)
    written = journal.read()
    done = [intent for intent in written.intents if intent.attempt in written.confirmed]
    doubtful = [intent for intent in written.intents if intent.attempt not in written.confirmed]
    late, unfinished = _settled(pool, doubtful, {intent.command for intent in done})
    _confirm(journal, late)
    people = _by_person([*done, *late])
    stand = list(_stands(pool, people))
    again = [intent for intent, stands in stand if _is_lost(stands)]
    # The vault first: it keeps the first instant it is told, and what is told again is of now.
    _forget(pool, [intent for intent, stands in stand if _is_lost(stands) or stands["unmarked"]])
    _tell_again(store, again, now)
    return Replayed(
        known=len(people),
        again=tuple(again),
        confirmed=len({intent.attempt for intent in late}),
        unfinished=tuple(unfinished),
    )


def settle(journal: Journal, pool: Pool) -> None:
    """Confirms the erasures the database says were done. Raises JournalError."""
    written = journal.read()
    confirmed = {intent.command for intent in written.intents if intent.attempt in written.confirmed}
    doubtful = [intent for intent in written.intents if intent.attempt not in written.confirmed]
    late, _ = _settled(pool, doubtful, confirmed)
    _confirm(journal, late)


def _confirm(journal: Journal, late: Iterable[Intent]) -> None:
    for attempt, commune in {intent.attempt: intent.commune for intent in late}.items():
        journal.confirm(commune, attempt)


def _is_lost(stands: Mapping[str, Any]) -> bool:
    return bool(stands["held"] or (stands["has_page"] and not stands["told"]))


def _by_person(intents: Iterable[Intent]) -> list[Intent]:
    """One line a person: the first that names a page, where it was said."""
    found: dict[tuple[Commune, str], Intent] = {}
    for intent in intents:
        key = intent.commune, intent.person
        if key not in found or found[key].page is None:
            found[key] = intent
    return list(found.values())


def _settled(pool: Pool, doubtful: Sequence[Intent], known: set[str]) -> tuple[list[Intent], list[Intent]]:
    """The attempts the database says were committed, and those it knows nothing of.

    An attempt somebody was faster than was followed by another of the same command: it says nothing.
    """
    rows = list(_stands(pool, [intent for intent in doubtful if intent.command not in known]))
    committed = {intent.attempt for intent, stands in rows if stands["committed"]}
    late = [intent for intent in doubtful if intent.attempt in committed]
    undone = [intent for intent, stands in rows if stands["held"] or (intent.page and not stands["told"])]
    return late, [intent for intent in undone if intent.attempt not in committed]


def _stands(pool: Pool, intents: Sequence[Intent]) -> Iterator[tuple[Intent, Mapping[str, Any]]]:
    """How each person stands in the database, one question a town."""
    by_town = sorted(intents, key=lambda intent: intent.commune)
    for commune, group in groupby(by_town, key=lambda intent: intent.commune):
        some = list(group)
        values = {
            "commune": commune,
            "persons": [intent.person for intent in some],
            "pages": [intent.page for intent in some],
            "commands": [intent.command for intent in some],
        }
        with pool.connection() as connection, connection.transaction():
            connection.execute(_TENANT, values)
            connection.execute("SET LOCAL statement_timeout = 0")
            rows = connection.cursor(row_factory=dict_row).execute(_STANDS, values).fetchall()
        found = {(row["person"], row["page"], row["command"]): row for row in rows}
        yield from ((intent, found[intent.person, intent.page, intent.command]) for intent in some)


def _forget(pool: Pool, people: Sequence[Intent]) -> None:
    by_town = sorted(people, key=lambda intent: intent.commune)
    for commune, group in groupby(by_town, key=lambda intent: intent.commune):
        some = list(group)
        persons, instants = [intent.person for intent in some], [intent.erased_at for intent in some]
        values = {"commune": commune, "persons": persons, "instants": instants}
        with pool.connection() as connection, connection.transaction():
            connection.execute("SET LOCAL statement_timeout = 0")
            connection.execute(_FORGET, values)


def _tell_again(store: Store, lost: Sequence[Intent], now: datetime) -> None:
    on_pages = [intent for intent in lost if intent.page is not None and intent.agreement is not None]
    for _, group in groupby(sorted(on_pages, key=_decision), key=_decision):
        _again(store, list(group), now)


def _decision(intent: Intent) -> tuple[str, ...]:
    return intent.commune, intent.command


def _again(store: Store, people: Sequence[Intent], now: datetime) -> None:
    """The facts of one erasure, as they were: the same agreement, at the instant it happened."""
    first = people[0]
    assert first.agreement is not None
    assert first.agreed_by is not None
    assert first.agreed_on is not None
    pages: dict[Any, Stream] = {intent.person: intent.page for intent in people if intent.page is not None}
    agreement = Agreement(reference=first.agreement, agreed_by=Subject(first.agreed_by), agreed_on=first.agreed_on)
    signature = Signature(
        actor=Subject(first.actor),
        role="admin",
        client=CLIENT,
        command=new_id(),
        correlation=first.command,
        happened_at=first.erased_at,
        recorded_at=now,
    )
    request = Request(
        commune=first.commune, command=EraseAgain(pages_of=pages, agreement=agreement), signature=signature
    )
    once = Once(client=CLIENT, subject=first.actor, key=f"{first.command}/{signature.command}", fingerprint=b"")
    execute(store, request, once=once, respond=lambda _: Answer(status=200, body=b"{}"))
