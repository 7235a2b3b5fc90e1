"""An agent says that a child brings its own meal to an activity, or does so no more. Never why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from commands.outcome import Accepted, Known, Outcome, refused
from ledger.events import MealBroughtDecided
from ledger.identifiers import ChildId, Commune, Slug, Stream
from ledger.store import Write
from ledger.streams import child_page


@dataclass(frozen=True, kw_only=True, slots=True)
class DecideMealBrought:
    """From a day on, past days included. Of two about a day, the last recorded holds."""

    child: ChildId
    activity: Slug
    brought: bool
    first_day: date

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The page of the child."""
        return [child_page(commune, self.child)]

    def decide(self, known: Known) -> Outcome:
        """Decided, unless the child or the activity is unknown."""
        page = known.child(self.child)
        if page.state is None:
            return refused("unknown_child", child=self.child)
        if not any(self.activity in rulebook.activities for rulebook in known.rules.rulebooks):
            return refused("unknown_activity", child=self.child)
        fact = MealBroughtDecided(activity=self.activity, brought=self.brought, first_day=self.first_day)
        return Accepted(writes=[Write(page=page, facts=[fact])])
