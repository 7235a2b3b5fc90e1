"""`ardoise bill --csv`: the lines of a month, of its titres or of its draft, in a file for a spreadsheet."""

import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Final, LiteralString

from psycopg import Cursor
from psycopg.rows import dict_row

from api.billing.paper.spreadsheet import lines_to_csv, row_of
from api.billing.shown import lines_of_bill
from api.cli_room import note
from api.running import stop
from ledger.identifiers import Commune, Month
from ledger.postgres import Pool
from projections.billing import drafts, questions
from projections.billing.sheets import named_in_draft, named_in_month
from projections.question import Question
from replay.billing.bill import Billed
from replay.billing.runs import connected

OPERATION: Final[LiteralString] = "ardoise bill"
PURPOSE: Final = "billing"
LINES_AT_ONCE: Final = 1_000
BILLS_AT_ONCE: Final = 200
_OWNER_ONLY: Final = 0o600
_Asking = Cursor[dict[str, Any]]


def a_new_file(file: Path | None) -> None:
    """Ends the command before anything is worked out, rather than write over a file, or nowhere."""
    if file is not None and file.exists():
        stop(f"{file} exists already: name a file that does not.")
    if file is not None and not file.parent.is_dir():
        stop(f"{file} cannot be written: there is no such directory.")


def write_lines(file: Path, conninfo: str, pool: Pool, billed: Billed, *, by: str) -> None:
    """The whole file or none. Whom it is about is noted in the access log before a line of it is written."""
    commune, month, drafted = billed.commune, billed.month, billed.closed is None
    with connected(conninfo, commune) as connection, connection.cursor(row_factory=dict_row) as cursor:
        named = _asked(cursor, named_in_draft(commune, month) if drafted else named_in_month(commune, month))
        about = [person for row in named for person in (row["household"], row["child"])]
        with pool.connection() as noting:
            note(noting, commune, by=by, operation=OPERATION, purpose=PURPOSE, about=about)
        rows = _drafted(cursor, commune, month) if drafted else _issued(cursor, commune, month)
        try:
            _write(file, lines_to_csv(rows))
        except OSError as error:
            stop(f"{file} cannot be written: {error.strerror}.")


def _write(file: Path, pieces: Iterator[bytes]) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY), "wb") as opened:
        try:
            opened.writelines(pieces)
            opened.flush()
        except BaseException:
            file.unlink()  # half a month looks like a month
            raise


def _asked(cursor: _Asking, question: Question) -> list[dict[str, Any]]:
    return cursor.execute(question.sql, question.values).fetchall()


def _issued(cursor: _Asking, commune: Commune, month: Month) -> Iterator[dict[str, Any]]:
    """The lines of titres, in the order of their numbers."""
    after: questions.LinePlace | None = None
    while rows := _asked(cursor, questions.lines_of_month(commune, month, after=after, limit=LINES_AT_ONCE)):
        yield from rows
        after = questions.LinePlace(titre=rows[-1]["titre"], line=rows[-1]["line"])


def _drafted(cursor: _Asking, commune: Commune, month: Month) -> Iterator[dict[str, Any]]:
    """The lines of bills, in the order of the households."""
    after = ""
    while bills := _asked(cursor, drafts.bills_of_draft(commune, month, after=after, limit=BILLS_AT_ONCE)):
        yield from chain.from_iterable(
            (row_of(line, household=bill["household"], month=month, titre=None) for line in lines_of_bill(bill["bill"]))
            for bill in bills
        )
        after = bills[-1]["household"]
