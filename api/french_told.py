"""What every sentence of a history leans on: who did it, at whose request, as a correction of what."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from api.history_words import HistoryWords
from replay.timeline import Item

WHO: Final[Mapping[str, str]] = MappingProxyType(
    {
        "guardian": "la famille",
        "agent": "un agent",
        "admin": "un administrateur",
        "auditor": "un contrôleur",
        "billing": "la régie",
        "portal": "le portail",
    }
)
"""Whoever acts, in words: an account is never a name, and never in a sentence."""
SOMEBODY: Final = "un compte"


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """A line to be said in French, and the words to say it with."""

    item: Item
    words: HistoryWords

    @property
    def who(self) -> str:
        """La famille, un agent."""
        return WHO.get(self.item.entry.signature.role, SOMEBODY)

    @property
    def by(self) -> str:
        """Par un agent, par la famille; par le règlement, when a rule decided alone."""
        cause = self.item.cause
        if cause.decided_by != "rule":
            return f"par {self.who}"
        return f"par le règlement, article {cause.article}" if cause.article else "par le règlement"

    @property
    def after_demande(self) -> str:
        """Of what a demande brought about: which one."""
        number = self.item.cause.demande
        return "" if number is None else f", à la suite de la demande n° {number}"

    @property
    def correcting(self) -> str:
        """Of what was said before: the line it corrects."""
        line = self.item.cause.corrects
        return "" if line is None else f", à la place de la ligne {line}"


def counted(count: int, one: str, many: str = "") -> str:
    """1 jour, 2 jours; none counts as one, as French has it."""
    return f"{count} {one if count < 2 else many or f'{one}s'}"
