"""How a history calls what the ledger holds as slugs and identifiers: as the rulebook of the day called it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from api.french import REFUSALS
from api.french_runs import by_unit
from commands.town_days import timezone_of
from ledger.identifiers import Slug
from rulebook.french_dates import french_clock, french_date, french_instant, join
from rulebook.rulebook import Activity, Rulebook
from rulebook.town import Rules

SHOWN_OF_AN_IDENTIFIER: Final = 8
Found = TypeVar("Found")


def short(identifier: str) -> str:
    """The beginning of an identifier: enough to tell two people of a family apart."""
    return identifier[:SHOWN_OF_AN_IDENTIFIER]


def lowered(label: str) -> str:
    """A label within a sentence; initials stay as they are."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryWords:
    """The words of a town's rulebooks, and its clock."""

    rules: Rules

    @property
    def zone(self) -> ZoneInfo:
        """The wall time of the town."""
        return timezone_of(self.rules)

    def activity(self, slug: Slug, day: date) -> str:
        """An activity as the rulebook in force that day calls it, or the last one that knows it."""
        return self._of(slug, day, lambda known: known.name) or slug

    def unit(self, activity: Slug, slug: Slug, day: date) -> str:
        """A unit of an activity, within a sentence."""
        return lowered(
            self._of(activity, day, lambda known: known.units[slug].name if slug in known.units else None) or slug
        )

    def where(self, activity: Slug, site: Slug | None, group: Slug | None, day: date) -> list[str]:
        """The site and the group of a child in an activity, those it has."""
        named = []
        if site is not None:
            named.append(self._of(activity, day, lambda known: known.sites.get(site)) or site)
        if group is not None:
            named.append(self._of(activity, day, lambda known: known.groups.get(group)) or group)
        return named

    def site(self, slug: Slug) -> str:
        """A site, as the last activity that has it calls it."""

        def name(rulebook: Rulebook) -> str | None:
            return next((known.sites[slug] for known in rulebook.activities.values() if slug in known.sites), None)

        return self._last(name) or slug

    def reason(self, slug: str) -> str:
        """Why, in the town's own words, or in those of a refusal."""

        def label(rulebook: Rulebook) -> str | None:
            lists = (rulebook.refusal_reasons, rulebook.derogation_reasons, rulebook.absence_reasons)
            return next((reasons[Slug(slug)] for reasons in lists if slug in reasons), None)

        return lowered(self._last(label) or REFUSALS.get(slug) or slug)

    def closing(self, slug: Slug) -> str:
        """Why a day is closed."""
        return lowered(self._last(lambda rulebook: rulebook.closure_reasons.get(slug)) or slug)

    def days(self, activity: Slug, found: Iterable[tuple[Slug, date]]) -> str:
        """« du mercredi 27 mars 2024 (Mercredis, journée) et du jeudi 28 mars 2024 (matinée) »."""
        boxes = list(found)
        first = min(day for _, day in boxes)
        said: list[str] = []
        for unit, phrase in by_unit(boxes).items():
            named = "" if said else self.activity(activity, first)
            parts = [part for part in (phrase.how_many, named, self.unit(activity, Slug(unit), first)) if part]
            said.append(f"{phrase.of_the} ({', '.join(parts)})")
        return join(said)

    def instant(self, at: datetime) -> str:
        """Mardi 12 mars 2024 à 23 h 59, by the town's clock."""
        return french_instant(at, self.zone)

    def time(self, at: datetime) -> str:
        """23 h 59, by the town's clock."""
        return french_clock(at.astimezone(self.zone).time())

    def _of(self, slug: Slug, day: date, look: Callable[[Activity], str | None]) -> str | None:
        now = self.rules.activity(slug, day)
        found = None if now is None else look(now)
        return found or self._last(
            lambda rulebook: look(rulebook.activities[slug]) if slug in rulebook.activities else None
        )

    def _last(self, look: Callable[[Rulebook], Found | None]) -> Found | None:
        return next((found for rulebook in reversed(self.rules.rulebooks) if (found := look(rulebook))), None)


def period(first: date, last: date) -> str:
    """« du 10 mai 2021 au 6 juillet 2024 »; « le 10 mai 2021 » when it is one day."""
    return f"le {french_date(first)}" if first == last else f"du {french_date(first)} au {french_date(last)}"
