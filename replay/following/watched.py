"""How the towns do behind the seal: how far they were followed, what was set aside, what was found to differ."""

from datetime import datetime
from typing import Final, NamedTuple

from ledger.identifiers import Commune, Stream
from replay.following.pages import MODEL
from replay.leader import Connection, set_town

_BEHIND: Final = "SELECT commune, sealed, followed, parked, drifted FROM ardoise.behind(%s)"
_TOWNS: Final = "SELECT commune FROM trees ORDER BY commune"
_PARKED: Final = """
    SELECT commune, stream, line, error, tries, parked_at, next_try_at FROM parked
    WHERE model = %s AND commune = %s ORDER BY parked_at, stream
"""
_DRIFT: Final = (
    "SELECT commune, stream, what, place, found_at FROM drift WHERE commune = %s ORDER BY found_at, stream, place"
)


class TownBehind(NamedTuple):
    """One town: its sealed lines, those the past follows, pages set aside, rows found to differ."""

    commune: Commune
    sealed: int
    followed: int
    parked: int
    drifted: int

    @property
    def lag(self) -> int:
        """Sealed lines that were not followed yet."""
        return max(self.sealed - self.followed, 0)


class Parked(NamedTuple):
    """A page that could not be followed, from which line on, and when it is tried again."""

    commune: Commune
    stream: Stream
    line: int
    error: str
    tries: int
    parked_at: datetime
    next_try_at: datetime


class Drifted(NamedTuple):
    """Something that was found not to be what the facts say."""

    commune: Commune
    stream: Stream
    what: str
    place: str
    found_at: datetime


def towns_behind(connection: Connection) -> list[TownBehind]:
    """How every town does, in one question."""
    return [TownBehind(*row) for row in connection.execute(_BEHIND, (MODEL,))]


def towns(connection: Connection) -> list[Commune]:
    """The towns that have lines."""
    return [Commune(commune) for (commune,) in connection.execute(_TOWNS)]


def parked(connection: Connection, commune: Commune) -> list[Parked]:
    """The pages of a town that are set aside, the oldest first."""
    with connection.transaction():
        set_town(connection, commune)
        return [Parked(*row) for row in connection.execute(_PARKED, (MODEL, commune))]


def drifted(connection: Connection, commune: Commune) -> list[Drifted]:
    """What was found to differ in a town, the oldest first."""
    with connection.transaction():
        set_town(connection, commune)
        return [Drifted(*row) for row in connection.execute(_DRIFT, (commune,))]
