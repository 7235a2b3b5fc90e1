"""Idempotency: each command that wrote lines was answered once, under one key, to whoever signed it, and not refused.

An answer without lines says nothing: a refusal writes none, nor does an acceptance that finds all of it done before.
No line says under which key a command came, what was asked nor what was answered: of these, nothing can be said.
"""

from collections.abc import Container, Iterator, Mapping
from typing import Final

from ledger.codec import canonical
from ledger.identifiers import Commune
from replay.verifying.findings import Finding
from replay.verifying.lines import Connection, Signed

_ANSWERS: Final = "SELECT command, status, subject, client, answered_at FROM answers WHERE commune = %s"
_REFUSED: Final = 400
_END: Final = b'"}'
_SAMPLE: Final = 200
"""Commands without their answer that are looked for in the ledger; of more, only the number is told."""
_FIRST: Final = """
    SELECT DISTINCT ON (command) command, e.stream, e.version, s.position
    FROM unnest(%(commands)s::text[]) AS wanted (command)
    JOIN entries e ON e.commune = %(commune)s
        AND position(convert_to('","command":"' || wanted.command || '"', 'UTF8') IN e.stored) > 0
    LEFT JOIN seals s ON s.commune = e.commune AND s.arrival = e.arrival
    ORDER BY command, e.arrival
"""


def unanswered(
    connection: Connection, commune: Commune, commands: Mapping[bytes, Signed], broken: Container[str]
) -> Iterator[Finding]:
    """What is wrong with the answers of commands that wrote lines; a line of a broken page is held against nothing."""
    written = {command.decode(errors="replace"): signed for command, signed in commands.items()}
    missing = set(written)
    answered: set[str] = set()
    twice: set[str] = set()
    refused: set[str] = set()
    differing: set[str] = set()
    for command, status, subject, client, answered_at in connection.execute(_ANSWERS, (commune,), binary=True):
        if command in answered:
            twice.add(command)
        answered.add(command)
        signed = written.get(command)
        if signed is None:
            continue
        missing.discard(command)
        if status >= _REFUSED:
            refused.add(command)
        if answered_at != signed.at or _signer(subject, client) != signed.by:
            differing.add(command)
    yield from _named(connection, commune, "answer_missing", missing)
    yield from _named(connection, commune, "refused_with_lines", refused)
    told = _named(connection, commune, "answer_differs", differing)
    yield from (finding for finding in told if finding.stream not in broken)
    for command in sorted(twice):
        yield Finding(what="command_under_two_keys", where=f"command {command}")


def _signer(subject: str, client: str) -> bytes:
    """How a line somebody signed begins."""
    return canonical({"actor": subject, "client": client, "command": ""})[: -len(_END)]


def _named(connection: Connection, commune: Commune, what: str, commands: set[str]) -> Iterator[Finding]:
    """Each command by the first line it wrote."""
    looked_for = sorted(commands)[:_SAMPLE]
    if not looked_for:
        return
    for command, stream, line, position in connection.execute(_FIRST, {"commune": commune, "commands": looked_for}):
        yield Finding.at(what, stream, line, position, more=f" of command {command}")
    if len(commands) > _SAMPLE:
        yield Finding(what=what, where=f"{len(commands) - _SAMPLE} commands more")
