"""All that the bill of a household is worked out from: its own pages and its children's, up to a sealed position."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from ledger.entry import Entry
from ledger.identifiers import ChildId, HouseholdId, Slug
from rulebook.dues import Missing


class Placed(NamedTuple):
    """A line of a page, and its position in the town's sealed order."""

    entry: Entry
    position: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """A payer and its children, line by line; nothing after the position that is billed up to."""

    household: HouseholdId
    home: Sequence[Placed]
    """The household's page."""
    children: Mapping[ChildId, Sequence[Placed]]
    """The pages of every child that is or was of the household."""
    payer: Sequence[Placed]
    """What was billed to it before."""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class MissingDay:
    """A day of the month, or of a closed one, that cannot be billed for good yet, and why."""

    child: ChildId
    activity: Slug
    unit: Slug
    day: date
    why: Missing
    article: str = ""
    billed: bool = False
    """It holds no close up: its absence waits for a decision, or two facts contradict each other, and the table says
    what is due of it meanwhile."""
