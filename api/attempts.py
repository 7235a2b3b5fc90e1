"""How often an account may try a Clé Enfance: counted in the database, before the key is looked at."""

import hashlib
import math
from datetime import datetime, timedelta
from typing import Final

from ledger.identifiers import Commune
from ledger.postgres import Pool
from ledger.store import Once

MOST: Final = 5
PERIOD: Final = timedelta(hours=1)

_TRY: Final = "SELECT ardoise.try_key(%s, %s, %s, %s, %s, %s, %s, %s, %s)"
_OLDEST: Final = "SELECT min(tried_at) FROM ardoise.key_attempts WHERE commune = %s AND subject = %s"


class Attempts:
    """The attempts of all accounts. Not asked of the pool of queries, which sees one state and could miss one."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def seconds_to_wait(self, commune: Commune, once: Once, now: datetime) -> int | None:
        """None when it may be tried, and is counted. Sent again it counts once; once answered, no more."""
        attempt = hashlib.sha256(f"{once.client}\0{once.key}".encode() + once.fingerprint).hexdigest()
        asked = (once.client, once.subject, once.key, once.fingerprint, attempt)
        values = (commune, *asked, now, now - PERIOD, MOST)
        with self._pool.connection() as connection, connection.transaction():
            row = connection.execute(_TRY, values).fetchone()
            assert row is not None
            if row[0]:
                return None
            oldest = connection.execute(_OLDEST, (commune, once.subject)).fetchone()
            assert oldest is not None
            left: timedelta = oldest[0] + PERIOD - now
            return max(1, math.ceil(left.total_seconds()))
