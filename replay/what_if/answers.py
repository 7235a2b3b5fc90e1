"""What became of each day that was asked for, really and in the other town, under the number of its real demande."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from ledger.demande import Demande
from ledger.events import DemandeApproved, DemandeRejected
from ledger.identifiers import DemandeNumber
from replay.what_if.wishes import APPROVED, PENDING, WITHDRAWN, Compared, Verdict, Wanted

Answered = dict[Wanted, Compared]


@dataclass(kw_only=True, slots=True)
class Answers:
    """Both answers to every wish."""

    compared: Answered = field(default_factory=dict)
    _wishes: dict[DemandeNumber, list[Wanted]] = field(default_factory=dict)

    def __contains__(self, number: object) -> bool:
        return number in self._wishes

    def of(self, number: DemandeNumber) -> list[Wanted]:
        """What a real demande asks for."""
        return self._wishes[number]

    def asked(self, number: DemandeNumber, wishes: list[Wanted], asked_at: datetime) -> None:
        """A demande is made in the real world."""
        self._wishes[number] = wishes
        self.compared.update({wanted: Compared(asked_at=asked_at) for wanted in wishes})

    def settled(self, fact: DemandeApproved | DemandeRejected) -> None:
        """Days are decided in the real world."""
        verdict = APPROVED if isinstance(fact, DemandeApproved) else Verdict(became="rejected", reason=fact.reason)
        named = {(day.day, day.unit, day.action) for day in fact.days}
        for wanted in self._wishes[fact.demande]:
            if (wanted.day, wanted.unit, wanted.ask) in named:
                self.compared[wanted].real = verdict

    def withdrawn(self, number: DemandeNumber) -> None:
        """What waits in the real world is taken back."""
        for wanted in self._wishes[number]:
            if self.compared[wanted].real == PENDING:
                self.compared[wanted].real = WITHDRAWN

    def refused(self, wishes: Iterable[Wanted], *, code: str, article: str | None) -> None:
        """A rule refuses these days in the other world."""
        for wanted in wishes:
            self.compared[wanted].here = Verdict(became="refused", code=code, article=article)

    def found(self, number: DemandeNumber, demande: Demande | None) -> None:
        """What the days that waited in the other world have become."""
        became = {(day.day, day.unit, day.action): day for day in demande.days} if demande else {}
        for wanted in self._wishes[number]:
            kept, day = self.compared[wanted], became.get((wanted.day, wanted.unit, wanted.ask))
            if kept.here.became == "pending" and day is not None:
                kept.here = Verdict(became=day.outcome, reason=day.reason)
