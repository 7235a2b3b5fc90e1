"""What became of each day that was asked for, really and in the other town, under the number of its real demande."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from commands.execute import Result
from ledger.demande import Demande
from ledger.events import DayDemanded, DemandeApproved, DemandeRejected
from ledger.identifiers import UNNUMBERED, DemandeNumber
from replay.what_if.town import refusals_of
from replay.what_if.wishes import APPROVED, PENDING, WITHDRAWN, Compared, Verdict, Wanted

Demandes = Mapping[DemandeNumber, Demande]


@dataclass(kw_only=True, slots=True)
class Answers:
    """Both answers to every wish."""

    compared: dict[Wanted, Compared] = field(default_factory=dict)
    here: dict[DemandeNumber, DemandeNumber] = field(default_factory=dict)
    """Real demandes, and what they are called in the other town; one that is refused whole has no name there."""
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

    def answered(self, number: DemandeNumber, result: Result, demandes: Demandes) -> None:
        """What a rule of the other world refused of a demande; the rest has a number there."""
        opened = [fact.demande for entry in result.prepared.entries if isinstance(fact := entry.fact, DayDemanded)]
        if opened:
            self.here[number] = opened[0]
        for refusal in refusals_of(result.outcome):
            named = [
                wanted
                for wanted in self._wishes[number]
                if refusal.day is None or (refusal.day, refusal.unit) == (wanted.day, wanted.unit)
            ]
            self.refused(named, code=refusal.code, article=refusal.article)
        self.found(number, demandes)

    def found(self, number: DemandeNumber, demandes: Demandes) -> None:
        """What the days that waited in the other world have become."""
        demande = demandes.get(self.here.get(number, UNNUMBERED))
        became = {(day.day, day.unit, day.action): day for day in demande.days} if demande else {}
        for wanted in self._wishes[number]:
            kept, day = self.compared[wanted], became.get((wanted.day, wanted.unit, wanted.ask))
            if kept.here.became == "pending" and day is not None:
                kept.here = Verdict(became=day.outcome, reason=day.reason)
