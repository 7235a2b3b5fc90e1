"""What is wrong in a rulebook, said so that its author can put it right."""

from dataclasses import dataclass
from typing import Final, Literal

MOST_PROBLEMS: Final = 200
"""Kept: nobody reads more, and a hostile file has hundreds of thousands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to change in a file: where, what is wrong, and what to write instead. Sentences are in French."""

    line: int | None
    path: str
    article: str | None
    message: str
    remedy: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        """Write the problem on one line, as the command line shows it."""
        place = [f"ligne {self.line}"] if self.line else []
        place += [f"article {self.article}"] if self.article else []
        place += [self.path] if self.path and not self.line else []
        return " · ".join([*place, f"{self.message} — {self.remedy}"])


class RulebookError(Exception):
    """A text that is not a sound rulebook, with everything wrong in it, in the order of its lines."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        """Keep every problem; there is at least one."""
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems
