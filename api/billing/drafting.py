"""How a draft is asked for: a row of a working paper, that whoever leads the billing finds."""

from datetime import datetime

from psycopg.rows import dict_row

from ledger.identifiers import Commune, Month, Subject
from ledger.postgres import Pool
from projections.billing import drafts

_TOWN = "SELECT set_config('ardoise.commune', %s, true)"


class Drafts:
    """The drafts of all towns."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def ask(self, commune: Commune, month: Month, *, by: Subject, at: datetime) -> None:
        """Asks for one; not again for what was asked at that instant, or since."""
        with self._pool.connection() as connection, connection.transaction():
            connection.execute(_TOWN, (commune,))
            cursor = connection.cursor(row_factory=dict_row)
            there_is = drafts.draft_of(commune, month)
            row = cursor.execute(there_is.sql, there_is.values).fetchone()
            if row is None or row["asked_at"] < at:
                wanted = drafts.ask(commune, month, by=by, at=at)
                cursor.execute(wanted.sql, wanted.values)
