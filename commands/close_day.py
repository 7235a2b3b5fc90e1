"""The town closes a day, or opens it again. What was reserved stays written; nobody is expected."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from commands.outcome import Accepted, Known, Outcome, refused
from ledger.events import DayClosed, DayReopened
from ledger.identifiers import Commune, Slug, Stream
from ledger.store import Write
from ledger.town import Town


@dataclass(frozen=True, kw_only=True, slots=True)
class CloseDay:
    """Closes an activity, or the whole town, at a site or at every site."""

    day: date
    reason: Slug
    activity: Slug | None = None
    site: Slug | None = None

    def pages(self, commune: Commune) -> Sequence[Stream]:  # noqa: ARG002 - the town's page is always known
        """None but the town's."""
        return []

    def decide(self, known: Known) -> Outcome:
        """Closed, unless it is already, or the reason, the activity or the site is not one of the town's."""
        rulebook = known.rules.on(self.day)
        if rulebook is None:
            return refused("no_rulebook")
        activity = rulebook.activities.get(self.activity) if self.activity else None
        if self.activity is not None and activity is None:
            return refused("unknown_activity")
        if self.site is not None and not any(
            self.site in described.sites for described in ([activity] if activity else rulebook.activities.values())
        ):
            return refused("unknown_site")
        if self.reason not in rulebook.closure_reasons:
            return refused("unknown_reason")
        page = known.town()
        if (self.day, self.activity, self.site) in (page.state or Town()).closures:
            return refused("already_closed")
        fact = DayClosed(day=self.day, reason=self.reason, activity=self.activity, site=self.site)
        return Accepted(writes=[Write(page=page, facts=[fact])])


@dataclass(frozen=True, kw_only=True, slots=True)
class ReopenDay:
    """Lifts a closure the town had decided."""

    day: date
    activity: Slug | None = None
    site: Slug | None = None

    def pages(self, commune: Commune) -> Sequence[Stream]:  # noqa: ARG002
        """None but the town's."""
        return []

    def decide(self, known: Known) -> Outcome:
        """Opened again, if it was closed in the same terms."""
        page = known.town()
        if (self.day, self.activity, self.site) not in (page.state or Town()).closures:
            return refused("not_closed")
        fact = DayReopened(day=self.day, activity=self.activity, site=self.site)
        return Accepted(writes=[Write(page=page, facts=[fact])])
