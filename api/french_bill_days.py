"""What happened on a day that is billed: who asked, who decided, who wrote down who came, and when."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final, Literal

from api.billing.facts import Facts
from api.history_words import HistoryWords
from ledger import events
from ledger.entry import Entry
from ledger.events import BilledDay, BilledLine
from ledger.identifiers import HouseholdId
from rulebook.french_dates import french_clock, french_date

Reader = Literal["family", "staff"]
"""Who reads: the family that pays, or the town's staff."""
SERVICES: Final[Mapping[str, str]] = MappingProxyType(
    {"agent": "le service", "admin": "le service", "billing": "la régie", "portal": "le portail"}
)
"""Whoever acts for the town: an account is never in a sentence."""
SOMEBODY: Final = "le service"


def capital(text: str) -> str:
    """The text with a capital, and the rest as it is."""
    return text[:1].upper() + text[1:]


def moment(at: datetime, words: HistoryWords, *, beside: date | None = None) -> str:
    """« le 24 août 2022 à 18 h 05 », « le jour même à 13 h 40 », by the town's clock."""
    local = at.astimezone(words.zone)
    day = "le jour même" if beside == local.date() else f"le {french_date(local.date())}"
    return f"{day} à {french_clock(local.time())}"


class Saying:
    """Who reads a day, and for which household."""

    def __init__(
        self, facts: Facts, words: HistoryWords, day: date | None, reader: Reader, *, timed: bool = True
    ) -> None:
        self.facts, self.words, self.day, self.reader = facts, words, day, reader
        self.timed = timed
        """Whether it is told when who came was written down: not of days told together."""

    def at(self, instant: datetime) -> str:
        """When, beside the day it is about."""
        return moment(instant, self.words, beside=self.day)

    def own(self, household: HouseholdId | None) -> bool:
        """Whether it was asked in the name of the household that pays."""
        return household is None or household == self.facts.household

    def who(self, entry: Entry, household: HouseholdId | None = None) -> str:
        """« par vous », « par la famille », « par le service »; nobody, of another household, for a family."""
        role = entry.signature.role
        if role != "guardian":
            return f"par {SERVICES.get(role, SOMEBODY)}"
        if not self.own(household):
            return "" if self.reader == "family" else "par l'autre foyer"
        return "par vous" if self.reader == "family" else "par la famille"

    def number(self, fact: events.DayDemanded) -> str:
        """« (demande n° 12) », where it is the reader's to know, and there is one."""
        known = self.reader == "staff" or self.own(fact.household)
        return f"(demande n° {fact.demande})" if known and fact.demande > 0 else ""


def joined(*parts: str) -> str:
    """The parts there are, one after another."""
    return " ".join(part for part in parts if part)


def happened(
    line: BilledLine,
    day: BilledDay,
    facts: Facts,
    words: HistoryWords,
    *,
    reader: Reader = "family",
    timed: bool = True,
) -> list[str]:
    """One sentence a line of the child's page that the day rests on; a decision by rule is told with its demande."""
    saying = Saying(facts, words, day.day, reader, timed=timed)
    entries = [facts.of_child(line.child, version).entry for version in day.lines]
    asked: dict[int, events.DayDemanded] = {}
    said: list[str] = []
    for entry in entries:
        fact = entry.fact
        if isinstance(fact, events.DayDemanded):
            asked[fact.demande] = fact
        if said and _at_once(entry, entries):
            said[-1] = f"{said[-1].removesuffix('.')}, {_granted_at_once(fact)}."
            continue
        said.append(entry_said(entry, saying, asked=asked))
    return [sentence for sentence in said if sentence]


def entry_said(entry: Entry, saying: Saying, *, asked: Mapping[int, events.DayDemanded] | None = None) -> str:
    """One line of a child's page, in one sentence; nothing, of what says nothing of a day."""
    fact = entry.fact
    if isinstance(fact, events.DemandeApproved | events.DemandeRejected):
        return _decided(entry, fact, saying, (asked or {}).get(fact.demande))
    say = _SAID.get(type(fact))
    return say(entry, fact, saying) if say is not None else ""


def _at_once(entry: Entry, entries: Iterable[Entry]) -> bool:
    """Whether a rule decided in the very command that asked."""
    fact = entry.fact
    return (
        isinstance(fact, events.DemandeApproved)
        and fact.decided_by == "rule"
        and any(
            isinstance(other.fact, events.DayDemanded)
            and other.fact.demande == fact.demande
            and other.signature.command == entry.signature.command
            for other in entries
        )
    )


def _granted_at_once(fact: Any) -> str:
    return (
        f"accordé aussitôt par la règle (article {fact.article})" if fact.article else "accordé aussitôt par la règle"
    )


def _late(fact: Any, saying: Saying) -> str:
    late = any(day.late for day in fact.days if day.day == saying.day)
    return ", hors délai" if late else ""


def _demanded(word: str) -> Callable[[Entry, Any, Saying], str]:
    def say(entry: Entry, fact: Any, saying: Saying) -> str:
        when = saying.at(entry.signature.happened_at)
        late = "" if isinstance(fact, events.AbsenceDeclared) else _late(fact, saying)
        return f"{joined(word, when, saying.who(entry, fact.household), saying.number(fact))}{late}."

    return say


def _decided(entry: Entry, fact: Any, saying: Saying, asked: events.DayDemanded | None) -> str:
    """« Accordé le 25 août 2022 à 9 h 10 par le service. »; what, unless it was a reservation."""
    granted = isinstance(fact, events.DemandeApproved)
    what = {"absence": "Absence", "cancel": "Annulation"}.get(_action(fact, saying.day), "")
    feminine = "acceptée" if granted else "refusée"
    word = f"{what} {feminine}" if what else "Accordé" if granted else "Refusé"
    by = "par la règle" if fact.decided_by == "rule" else saying.who(entry)
    article = f"(article {fact.article})" if fact.article else ""
    number = "" if asked is not None else f"(demande n° {fact.demande})" if saying.reader == "staff" else ""
    return f"{joined(word, saying.at(entry.signature.recorded_at), by, article, number)}."


def _action(fact: Any, day: date | None) -> str:
    named = [decided.action for decided in fact.days if day is None or decided.day == day]
    return named[0] if named else "reserve"


def _attendance(entry: Entry, fact: events.AttendanceRecorded, saying: Saying) -> str:
    """As in « Présence notée par le service le jour même à 13 h 40 »."""
    word = "Présence notée" if fact.presence == "present" else "Absence notée"
    times = ""
    if fact.arrived_at is not None:
        times += f", arrivée à {saying.words.time(fact.arrived_at)}"
    if fact.left_at is not None:
        times += f", départ à {saying.words.time(fact.left_at)}"
    when = saying.at(entry.signature.recorded_at) if saying.timed else ""
    return f"{joined(word, saying.who(entry), when)}{times}."


def _withdrawn(entry: Entry, fact: events.DemandeWithdrawn, saying: Saying) -> str:  # noqa: ARG001 - the shape of all
    return f"{joined('Demande retirée', saying.at(entry.signature.recorded_at))}."


_SAID: Final[Mapping[type, Callable[[Entry, Any, Saying], str]]] = MappingProxyType(
    {
        events.ReservationRequested: _demanded("Réservé"),
        events.CancellationRequested: _demanded("Annulation demandée"),
        events.AbsenceDeclared: _demanded("Absence déclarée"),
        events.AttendanceRecorded: _attendance,
        events.DemandeWithdrawn: _withdrawn,
    }
)
