"""Whoever else has a transaction open: nobody with an older snapshot may see a table that was exchanged."""

import time
from typing import Final

from replay.leader import LINES_LOCK, LOCK_CLASS
from replay.rebuilding.state import Connection

_OTHERS: Final = """
    SELECT l.virtualtransaction FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'virtualxid' AND l.granted AND l.mode = 'ExclusiveLock'
      AND a.datname = current_database() AND a.usesysid IS NOT NULL AND NOT l.pid = ANY(%(ours)s)
      AND NOT EXISTS (SELECT FROM pg_locks w WHERE w.pid = l.pid AND NOT w.granted
                      AND (w.locktype = 'advisory' AND w.classid = %(lock)s AND w.objid = %(lines)s
                           OR w.locktype = 'relation' AND w.mode = 'RowExclusiveLock'))
"""


def wait_for_others(main: Connection, helper: Connection, *, seconds: float) -> bool:
    """Whether everybody whose snapshot is older than now has ended. Writers who wait for us read again afterwards."""
    values = {"ours": [main.info.backend_pid, helper.info.backend_pid], "lock": LOCK_CLASS, "lines": LINES_LOCK}
    give_up_at = time.monotonic() + seconds
    awaited = {name for (name,) in helper.execute(_OTHERS, values)}
    while awaited:
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.005)
        awaited &= {name for (name,) in helper.execute(_OTHERS, values)}
    return True
