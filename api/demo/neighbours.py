"""What the other families of Villennes ask between 7 March 2024 at 19:32 and 8 March at 10:43: the numbers between."""

from collections.abc import Sequence
from typing import Final

WEDNESDAYS: Final = "alsh-mercredis"
HOLIDAYS: Final = "alsh-petites-vacances"

Asking = tuple[str, str, str, Sequence[str]]
"""When, who, what, which days."""

EVENING: Final[Sequence[Asking]] = (
    ("2024-03-07 19:38", "Lucas", HOLIDAYS, ("2024-04-08", "2024-04-09", "2024-04-10")),
    ("2024-03-07 19:39", "Maya", HOLIDAYS, ("2024-04-08", "2024-04-09", "2024-04-10")),
    ("2024-03-07 19:44", "Zoé", WEDNESDAYS, ("2024-03-27", "2024-04-03")),
)
NIGHT: Final[Sequence[Asking]] = (
    ("2024-03-07 20:21", "Éliott", HOLIDAYS, ("2024-04-15", "2024-04-16")),
    ("2024-03-07 20:37", "Adèle", HOLIDAYS, ("2024-04-11", "2024-04-12")),
    ("2024-03-07 20:58", "Tom", HOLIDAYS, ("2024-04-08",)),
    ("2024-03-07 21:15", "Nino", WEDNESDAYS, ("2024-04-03", "2024-04-24")),
    ("2024-03-07 21:16", "Nino", HOLIDAYS, ("2024-04-17", "2024-04-18", "2024-04-19")),
    ("2024-03-07 21:40", "Louise", HOLIDAYS, ("2024-04-09", "2024-04-10")),
    ("2024-03-07 22:04", "Samy", HOLIDAYS, ("2024-04-15",)),
    ("2024-03-07 22:47", "Chloé", WEDNESDAYS, ("2024-05-15", "2024-05-22")),
    ("2024-03-07 23:31", "Jules", HOLIDAYS, ("2024-04-18",)),
    ("2024-03-08 06:52", "Yanis", HOLIDAYS, ("2024-04-08", "2024-04-09")),
    ("2024-03-08 07:10", "Zoé", HOLIDAYS, ("2024-04-10", "2024-04-11")),
    ("2024-03-08 08:05", "Lucas", WEDNESDAYS, ("2024-04-24", "2024-05-15")),
    ("2024-03-08 08:06", "Maya", WEDNESDAYS, ("2024-04-24", "2024-05-15")),
    ("2024-03-08 10:12", "Inès", HOLIDAYS, ("2024-04-16",)),
)
