"""Random pages of a town written to a real ledger under another name and other hours, sealed in any order."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from typing import Any

import psycopg

from ledger.codec import Codec
from ledger.database import service_conninfo
from ledger.entry import GENESIS, Entry
from ledger.identifiers import Commune, Stream
from ledger.settings import Settings
from tests.histories import live, town
from tests.servers import Database
from tests.spec import Ask, Story
from tests.town import AWA, MATTEO

CODEC = Codec()
TOWNS = count(1)
ADD = """
    INSERT INTO ardoise.entries (commune, stream, version, type, recorded_at, stored, digest)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
"""

Connection = psycopg.Connection[Any]


def as_service(database: Database) -> Connection:
    return psycopg.connect(service_conninfo(database.service_url, Settings()), autocommit=True)


@dataclass
class Pages:
    """The pages of two children of a town of their own, line by line, as they are to be written."""

    town: Commune
    lines: dict[Stream, list[Entry]] = field(default_factory=dict)
    written: dict[Stream, int] = field(default_factory=dict)

    @property
    def left(self) -> list[Stream]:
        return [stream for stream, lines in self.lines.items() if self.written.get(stream, 0) < len(lines)]

    def so_far(self, stream: Stream) -> list[Entry]:
        return self.lines[stream][: self.written.get(stream, 0)]

    def write(self, connection: Connection, stream: Stream) -> None:
        """The next line of a page."""
        entry = self.lines[stream][self.written.get(stream, 0)]
        add(connection, entry)
        self.written[stream] = entry.version

    def write_all(self, connection: Connection) -> None:
        """Every line, page after page."""
        for stream, lines in self.lines.items():
            for _ in lines[self.written.get(stream, 0) :]:
                self.write(connection, stream)


def add(connection: Connection, entry: Entry) -> None:
    """A line as an append keeps it, without what follows from it."""
    with connection.transaction():
        connection.execute("SELECT set_config('ardoise.commune', %s, true)", (entry.commune,))
        connection.execute(
            ADD,
            (
                entry.commune,
                entry.stream,
                entry.version,
                CODEC.name(entry.fact),
                entry.signature.recorded_at,
                entry.stored,
                entry.digest,
            ),
        )


def rewritten(entries: Sequence[Entry], commune: Commune, skews: Sequence[int]) -> list[Entry]:
    """The same page in another town, each line recorded some minutes away from when it was."""
    written: list[Entry] = []
    previous = GENESIS
    for place, entry in enumerate(entries):
        skew = timedelta(minutes=skews[place % len(skews)])
        signature = replace(entry.signature, recorded_at=entry.signature.recorded_at + skew)
        stream = Stream(entry.stream.replace(f"/{entry.commune}/", f"/{commune}/"))
        written.append(
            CODEC.write(entry.fact, stream=stream, version=entry.version, previous=previous, signature=signature)
        )
        previous = written[-1].digest
    return written


def pages_of(history: list[tuple[str, tuple[str, Ask]]], skews: Sequence[int]) -> Pages:
    """What a random history writes on the pages of two children, in a town nobody else has."""
    story: Story = live(town(), history)
    made = Pages(Commune(f"past-{next(TOWNS)}"))
    for person in (MATTEO, AWA):
        lines = rewritten(story.lines(person), made.town, skews)
        made.lines[lines[0].stream] = lines
    return made
