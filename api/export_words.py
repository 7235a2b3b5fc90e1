"""A family's own file in words: people by their names, days and amounts in French, and what only a rulebook names."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from api.french_access import ROLES
from api.french_export import (
    ACTION,
    COLUMNS,
    NO,
    OF_THE_TERMINAL,
    OTHER_GUARDIAN,
    PERIOD,
    SHOWN_OF_AN_IDENTIFIER,
    SOMEBODY,
    STATES,
    YES,
    euros,
    kilobytes,
)
from api.french_formalities import SOURCES
from rulebook.french_dates import french_clock, french_date, french_day
from rulebook.rulebook import Activity, Rulebook
from rulebook.town import Rules

Row = Mapping[str, Any]
OF_AN_ACTIVITY: Final = ("unit", "site", "group")
TIMES: Final = ("arrived_at", "left_at")
NAMED: Final = ("person", "actor")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """How the page calls what the file holds as identifiers, slugs and ISO dates."""

    names: Mapping[str, str]
    """Of people and of the household, by identifier."""
    rules: Rules
    zone: ZoneInfo
    operations: Mapping[str, str]
    """What each operation is, by its name in the access log."""

    def texts(self, column: str, row: Row) -> Iterator[str]:
        """What a cell says, part by part."""
        value = row.get(column)
        for each in value if isinstance(value, list | tuple) else [value]:
            if each is not None:
                yield self._text(column, each, row)

    def _text(self, column: str, value: Any, row: Row) -> str:
        match value:
            case bool():
                return YES if value else NO
            case datetime():
                return self.time(value) if column in TIMES else self.instant(value)
            case date():
                return french_day(value) if column == "day" else french_date(value)
        if column in NAMED:
            return self._somebody(column, str(value), row)
        if column == "activity":
            return self.activity(value)
        if column in OF_AN_ACTIVITY:
            return self.part(column, row.get("activity"), value)
        if column == "operation":
            return OF_THE_TERMINAL.get(value) or self.operations.get(value, str(value))
        if column == "reason":
            return self.reason(value)
        return kilobytes(value) if column == "size" else str(value)

    def _somebody(self, column: str, value: str, row: Row) -> str:
        if value in self.names:
            return self.names[value]
        if column == "person":
            return SOMEBODY.format(value[:SHOWN_OF_AN_IDENTIFIER])
        return OTHER_GUARDIAN if row.get("role") == ROLES["guardian"] else value

    def town(self, commune: str) -> str:
        """The town as its last rulebook calls it."""
        return self.rules.rulebooks[-1].name if self.rules.rulebooks else commune

    def instant(self, value: datetime) -> str:
        """12 mars 2024 à 23 h 59, in the town's wall time."""
        return f"{french_date(value.astimezone(self.zone).date())} à {self.time(value)}"

    def time(self, value: datetime) -> str:
        """23 h 59, in the town's wall time."""
        return french_clock(value.astimezone(self.zone).time())

    def activity(self, slug: str) -> str:
        """An activity as the last rulebook that knows it calls it."""
        found = self._found(lambda rulebook: rulebook.activities.get(slug))  # type: ignore[call-overload]
        return slug if found is None else str(found.name)

    def part(self, column: str, activity: str | None, slug: str) -> str:
        """A unit, a site or a group of an activity, as the last rulebook that knows it calls it."""

        def name(rulebook: Rulebook) -> str | None:
            known: Activity | None = rulebook.activities.get(activity)  # type: ignore[call-overload]
            if known is None:
                return None
            if column == "unit":
                return known.units[slug].name if slug in known.units else None  # type: ignore[index]
            return (known.sites if column == "site" else known.groups).get(slug)  # type: ignore[call-overload, no-any-return]

        return self._found(name) or slug

    def reason(self, slug: str) -> str:
        """Why something was refused, asked late or missed, in the town's own words."""

        def label(rulebook: Rulebook) -> str | None:
            lists = (rulebook.refusal_reasons, rulebook.derogation_reasons, rulebook.absence_reasons)
            return next((reasons[slug] for reasons in lists if slug in reasons), None)  # type: ignore[index]

        return self._found(label) or slug

    def _found(self, look: Callable[[Rulebook], Any]) -> Any:
        return next((found for rulebook in reversed(self.rules.rulebooks) if (found := look(rulebook))), None)

    def asked(self, row: Row) -> list[str]:
        """What a demande asks for: its days with what became of each, or what it wants."""
        activity = row["activity"]
        return [
            ACTION.format(
                action=STATES[day["action"]].capitalize(),
                day=french_day(date.fromisoformat(day["day"])),
                unit=self.part("unit", activity, day["unit"]),
                outcome=STATES[day["outcome"]],
            )
            for day in row["days"]
        ] + list(self._wanted(row["wanted"] or {}))

    def _wanted(self, wanted: Mapping[str, Any]) -> Iterator[str]:
        if "amount_cents" in wanted:
            yield f"{euros(wanted['amount_cents'])} ({SOURCES[wanted['source']]})"
        if wanted.get("collects"):
            yield COLUMNS["collects"]
        if "activity" in wanted:
            activity = wanted["activity"]
            where = [self.part(name, activity, wanted[name]) for name in ("site", "group") if wanted[name]]
            yield ", ".join([self.activity(activity), *where])
            first, last = (french_date(date.fromisoformat(wanted[name])) for name in ("first_day", "last_day"))
            yield PERIOD.format(first=first, last=last)
