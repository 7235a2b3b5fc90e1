"""What a verification says: one thing that is not as the facts say, and the exact line it is about."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that is not as the facts say. `where` names a line of a page, a slot, a row or a checkpoint.

    What is about a line names its page, its number on it and, once sealed, its position among those of the town.
    """

    what: str
    where: str
    stream: str | None = None
    line: int | None = None
    position: int | None = None

    @classmethod
    def at(cls, what: str, stream: str, line: int, position: int | None = None, *, more: str = "") -> Self:
        """What was found at a line."""
        sealed = "" if position is None else f" (position {position})"
        return cls(what=what, where=f"{stream} line {line}{sealed}{more}", stream=stream, line=line, position=position)
