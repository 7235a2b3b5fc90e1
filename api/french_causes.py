"""What changed since a month was closed: the cause of a line that corrects it, in one French sentence."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from api.billing.facts import Facts
from api.french_bill_days import Reader, Saying, capital, entry_said, joined, moment
from api.french_bill_steps import euros_of
from api.history_words import HistoryWords
from ledger import events
from ledger.entry import Entry
from projections.billing.family import Placed
from rulebook.french_dates import french_date, french_day

SHOWN: Final = "Ce qui a changé : "


def changed(cause: Placed, facts: Facts, words: HistoryWords, *, reader: Reader = "family") -> str:
    """As in « Ce qui a changé : absence acceptée le 12 octobre 2022 à 9 h 15 par le service »."""
    entry = cause.entry
    saying = Saying(facts, words, None, reader)
    say = _SAID.get(type(entry.fact))
    said = say(entry, entry.fact, saying) if say is not None else entry_said(entry, saying)
    said = said or f"une écriture nouvelle {moment(entry.signature.recorded_at, words)}."
    return f"{SHOWN}{said[:1].lower()}{said[1:]}"


def _recorded(entry: Entry, saying: Saying) -> str:
    return joined(moment(entry.signature.recorded_at, saying.words), saying.who(entry))


def _of_day(entry: Entry, fact: Any, saying: Saying) -> str:
    said = entry_said(entry, saying).removesuffix(".")
    return f"{said} pour le {french_day(fact.day)}."


def _quotient(entry: Entry, fact: events.QuotientDecided, saying: Saying) -> str:
    amount = euros_of(Decimal(fact.amount_cents) / 100)
    since = french_date(fact.first_day)
    return f"Quotient familial de {amount}, valable depuis le {since}, enregistré {_recorded(entry, saying)}."


def _since(what: str) -> Callable[[Entry, Any, Saying], str]:
    def say(entry: Entry, fact: Any, saying: Saying) -> str:
        return f"{what}, à compter du {french_date(fact.first_day)}, {_recorded(entry, saying)}."

    return say


def _plain(what: str) -> Callable[[Entry, Any, Saying], str]:
    def say(entry: Entry, _: Any, saying: Saying) -> str:
        return f"{what} {_recorded(entry, saying)}."

    return say


def _closed(what: str) -> Callable[[Entry, Any, Saying], str]:
    def say(entry: Entry, fact: Any, saying: Saying) -> str:
        return f"{capital(french_day(fact.day))} {what} {_recorded(entry, saying)}."

    return say


def _rulebook(entry: Entry, fact: events.RulebookAdopted, saying: Saying) -> str:
    return f"Règlement {fact.version} adopté {_recorded(entry, saying)}."


_SAID: Final[Mapping[type, Callable[[Entry, Any, Saying], str]]] = MappingProxyType(
    {
        events.AttendanceRecorded: _of_day,
        events.QuotientDecided: _quotient,
        events.TariffStatusDecided: _since("Situation tarifaire du foyer"),
        events.MealBroughtDecided: _since("Repas apporté par l'enfant"),
        events.CustodyAgreed: _since("Garde alternée"),
        events.CustodyExcepted: _since("Exception à la garde alternée"),
        events.CustodyEnded: _since("Fin de la garde alternée"),
        events.ChildRegistered: _plain("Enfant enregistré dans le foyer"),
        events.ChildJoinedHousehold: _plain("Enfant rattaché au foyer"),
        events.ChildLeftHousehold: _plain("Enfant détaché d'un foyer"),
        events.ChildEnrolled: _plain("Inscription à une activité enregistrée"),
        events.EnrolmentEnded: _plain("Inscription à une activité arrêtée"),
        events.DayClosed: _closed("fermé"),
        events.DayReopened: _closed("rouvert"),
        events.RulebookAdopted: _rulebook,
    }
)
