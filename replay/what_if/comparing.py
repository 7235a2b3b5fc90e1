"""A what-if from end to end: the town is read once, asked again in memory, and both are billed by the same code."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from ledger.entry import Entry
from ledger.events import AttendanceRecorded
from ledger.identifiers import Commune, Month, Slug, Stream
from ledger.streams import kind_of, town_page
from ledger.town import evolve as town_after
from projections.billing.family import Placed
from projections.billing.story import month_of
from replay.billing.reading import Reading
from replay.leader import Connection, WorkError
from replay.what_if.asked import said_in_order
from replay.what_if.effects import HouseholdEffect, Lived, effects
from replay.what_if.rules import rules_from
from replay.what_if.wishes import Compared, Wanted
from replay.what_if.world import Came, Day, World
from rulebook.rulebook import Rulebook
from rulebook.town import rules_of_town

ASKED_OF = ("child", "household", "town")


class WhatIfError(WorkError):
    """Nothing can be compared; the sentence, in one line, says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Watching:
    """Who is told how far it is: the name of a step and how many there are, then each."""

    begin: Callable[[str, int], None] = lambda _step, _count: None
    done: Callable[[], None] = lambda: None


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is compared: another rulebook, over months that follow one another."""

    commune: Commune
    other: Rulebook
    months: Sequence[Month]
    reconsidered: frozenset[Slug] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """What the other rulebook changes. About days of the months alone."""

    asked: Asked
    position: int
    """The last sealed line that was read."""
    wishes: dict[Wanted, Compared]
    households: list[HouseholdEffect]
    lost: dict[Day, AttendanceRecorded] = field(default_factory=dict)
    assumed: dict[Day, Came] = field(default_factory=dict)


def compare(connection: Connection, asked: Asked, position: int, watching: Watching) -> Comparison:
    """Reads the sealed lines up to a position, and writes nothing. Raises AlteredLineError and WhatIfError."""
    pages = _read(Reading(connection=connection, commune=asked.commune, upto=position), watching)
    town = town_after(None, _entries(pages.get(town_page(asked.commune), [])))
    if not town.rulebooks:
        raise WhatIfError(f"{asked.commune} has adopted no rulebook: there is nothing to compare another with.")
    first_day = date.fromisoformat(f"{asked.months[0]}-01")
    world = World.of(asked.commune, rules_from(asked.other, first_day), asked.reconsidered)
    said = list(said_in_order(line for stream in pages if kind_of(stream) in ASKED_OF for line in pages[stream]))
    watching.begin("asked again", len(said))
    for each in said:
        world.take(each)
        watching.done()
    world.close()
    real = Lived(pages=pages, rules=rules_of_town(town))
    here = Lived(pages=world.town.pages, rules=world.town.known_rules())
    watching.begin("billed twice", sum(kind_of(stream) == "household" for stream in pages))
    households = list(effects(asked.commune, real, here, asked.months, watching.done))
    months = frozenset(asked.months)
    return Comparison(
        asked=asked,
        position=position,
        wishes={wanted: kept for wanted, kept in world.answers.compared.items() if month_of(wanted.day) in months},
        households=households,
        lost={day: fact for day, fact in world.lost.items() if month_of(day[1].day) in months},
        assumed={day: came for day, came in world.assumed.items() if month_of(day[1].day) in months},
    )


def _read(reading: Reading, watching: Watching) -> dict[Stream, list[Placed]]:
    pages: dict[Stream, list[Placed]] = {}
    watching.begin("read", reading.upto)
    for stream, lines in reading.everything():
        pages[stream] = lines
        for _ in lines:
            watching.done()
    return pages


def _entries(page: Sequence[Placed]) -> Iterator[Entry]:
    return (placed.entry for placed in page)
