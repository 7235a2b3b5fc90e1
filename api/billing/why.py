"""Why a line of an invoice costs what it costs, as data: each day with its facts, and the sentences that say them."""

from collections.abc import Iterable
from typing import Any

from api.billing.corrected import Numbered, corrections
from api.billing.facts import Facts
from api.billing.pricing import quotient_shown
from api.billing.shown import corrected_shown, line_shown
from api.french_access import ROLES
from api.french_bill_days import Reader, Saying, entry_said
from api.french_bills import said_of_line
from api.history_words import HistoryWords
from ledger.codec import Codec
from ledger.events import AbsenceDeclared, BilledDay, BilledLine, CancellationRequested, ReservationRequested
from ledger.streams import kind_of
from projections.billing.family import Placed

_CODEC = Codec()


def why_shown(
    of: Numbered, facts: Facts, words: HistoryWords, *, household: Iterable[Numbered], reader: Reader
) -> dict[str, Any]:
    """A line with the facts of each of its days, its quotient with the line that says it, what changed, and why.

    `household`: the lines that may correct it.
    """
    line, later = of.billed, corrections(of, household)
    said = said_of_line(line, facts, words, reader=reader, later=later)
    shown = line_shown(line, facts.household, titre=of.titre, number=of.line)
    used = line.quotient
    decided = facts.of_home(used.line) if used is not None else None
    return {
        **shown,
        "days": [
            {
                **day_shown,
                "entries": _entries(line, day, facts, words, reader),
                "corrected_by": corrected_shown(later, [day.day]),
                "sentence": sentence,
            }
            for day_shown, day, sentence in zip(shown["days"], line.days, said.days, strict=True)
        ],
        "quotient": None
        if used is None
        else {**(quotient_shown(used) or {}), "entry": decided and _entry(decided, reader=reader)},
        "causes": [
            {**cause_shown, **_entry(facts.at(cause), reader=reader), "sentence": sentence}
            for cause_shown, cause, sentence in zip(shown["causes"], line.causes, said.changes, strict=True)
        ],
        "corrected_by": corrected_shown(later, [day.day for day in line.days]),
        "grouped": [{"days": list(each.days), "sentence": each.sentence} for each in said.grouped],
        "sentences": list(said.sentences),
        "in_short": list(said.in_short),
    }


def _entries(
    line: BilledLine, day: BilledDay, facts: Facts, words: HistoryWords, reader: Reader
) -> list[dict[str, Any]]:
    """The lines of the child's page a day rests on: who asked, who decided, who wrote down who came, and when."""
    saying = Saying(facts, words, day.day, reader)
    found = []
    for version in day.lines:
        placed = facts.of_child(line.child, version)
        fact = placed.entry.fact
        number = None
        if isinstance(fact, ReservationRequested | CancellationRequested | AbsenceDeclared):
            number = fact.demande if reader == "staff" or saying.own(fact.household) else None
        found.append(
            {**_entry(placed, reader=reader), "demande": number, "sentence": entry_said(placed.entry, saying) or None}
        )
    return found


def _entry(placed: Placed, *, reader: Reader) -> dict[str, Any]:
    """A line of the ledger: which, who, when. A family is told the role of whoever acted, and no account."""
    entry, signature = placed.entry, placed.entry.signature
    return {
        "page": kind_of(entry.stream),
        "line": entry.version,
        "position": placed.position or None,
        "type": _CODEC.name(entry.fact),
        "role": signature.role,
        "role_label": ROLES.get(signature.role, signature.role),
        "actor": signature.actor if reader == "staff" else None,
        "happened_at": signature.happened_at,
        "recorded_at": signature.recorded_at,
    }
