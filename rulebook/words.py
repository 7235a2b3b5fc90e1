"""The French words of a rulebook file, and what they mean. Accents, case and punctuation are forgiven in values."""

import re
import unicodedata
from collections.abc import Collection, Mapping
from datetime import date, datetime, time
from types import MappingProxyType
from typing import Final, TypeVar

from ledger.days import Season
from rulebook.rulebook import Holds, Instruction, Sessions, Sharing, Verb
from rulebook.timing import Anchor, AnnualDay, Late, Move, Skip

Value = TypeVar("Value")


def _words(words: dict[str, Value]) -> Mapping[str, Value]:
    return MappingProxyType(words)


WEEKDAYS: Final = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS: Final = (
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
)

WEEKDAY_WORDS: Final = _words({name: number for number, name in enumerate(WEEKDAYS)})
FLAG_WORDS: Final = _words({"oui": True, "non": False})
INSTRUCTION_WORDS: Final[Mapping[str, Instruction]] = _words({"agent": "agent", "regle": "rule"})
HOLDS_WORDS: Final[Mapping[str, Holds]] = _words({"demande": "submission", "accord": "approval"})
LATE_WORDS: Final[Mapping[str, Late]] = _words({"refus": "refuse", "majoration": "surcharge", "agent": "agent"})
MOVE_WORDS: Final = _words({"aucun": Move.STAY, "avant": Move.EARLIER, "apres": Move.LATER})
INCLUSIVE_WORDS: Final = _words({"exclus": False, "inclus": True})
ANCHOR_WORDS: Final = _words(
    {
        "jour": Anchor.DAY,
        "lundi": Anchor.MONDAY,
        "session": Anchor.SESSION,
        "vacances": Anchor.HOLIDAYS,
        "service": Anchor.SERVICE,
    }
)
SKIP_WORDS: Final = _words(
    {
        "samedi": frozenset({Skip.SATURDAY}),
        "dimanche": frozenset({Skip.SUNDAY}),
        "week-end": frozenset({Skip.SATURDAY, Skip.SUNDAY}),
        "feries": frozenset({Skip.PUBLIC_HOLIDAYS}),
        "vacances": frozenset({Skip.SCHOOL_HOLIDAYS}),
        "mercredi": frozenset({Skip.WEDNESDAY}),
        "fermes": frozenset({Skip.CLOSED}),
    }
)
_SHORT, _SUMMER = frozenset({Season.SHORT_HOLIDAYS}), frozenset({Season.SUMMER})
SEASON_WORDS: Final = _words(
    {
        "ecole": frozenset({Season.SCHOOL}),
        "vacances": _SHORT | _SUMMER,
        "petites vacances": _SHORT,
        "grandes vacances": _SUMMER,
        "ponts": frozenset({Season.BRIDGE}),
        "tous": frozenset(Season),
    }
)
HOLIDAY_WORDS: Final = _words(
    {"petites vacances": Season.SHORT_HOLIDAYS, "grandes vacances": Season.SUMMER, "pont": Season.BRIDGE}
)
SESSIONS_WORDS: Final = _words(
    {
        "vacances": Sessions.HOLIDAYS,
        "semaines de vacances": Sessions.HOLIDAY_WEEKS,
        "annee scolaire": Sessions.SCHOOL_YEAR,
    }
)
SHARING_WORDS: Final = _words(
    {
        "tous": Sharing.ALL,
        "groupe": Sharing.GROUP,
        "site": Sharing.SITE,
        "site et groupe": Sharing.SITE_AND_GROUP,
    }
)
VERB_WORDS: Final = _words(
    {
        "reservation": frozenset({Verb.BOOK}),
        "annulation": frozenset({Verb.CANCEL}),
        "les deux": frozenset(Verb),
    }
)

SERVICE_START: Final = "debut du service"
LAST_DAY: Final = 31
YEARS: Final = range(1990, 2101)

_ISO: Final = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_SLASHED: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_SPELLED: Final = re.compile(r"(\d{1,2})(?:er)? ([a-z]+) (\d{4})")
_ANNUAL: Final = re.compile(r"(\d{1,2})(?:er)? ([a-z]+)")
_ANNUAL_SLASHED: Final = re.compile(r"(\d{1,2})/(\d{1,2})")
_CLOCK: Final = re.compile(r"(\d{1,2}) ?[h:] ?(\d{2})?")
_CLOCK_WORDS: Final = {"midi": time(12, 0), "minuit": time(23, 59), "24:00": time(23, 59)}
_LEAP_YEAR: Final = 2024


def plain(text: str) -> str:
    """A word without accents, capitals, doubled spaces or underscores, to compare it with ours."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(kept.replace("_", " ").replace("\u2019", "'").split())


def slugify(text: str) -> str:
    """The nearest name made of small letters, digits and hyphens."""
    letters = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in plain(text[:48]))
    return "-".join(part for part in letters.split("-") if part) or "nom"


def printable(text: str) -> str:
    """The beginning of a text from a file, safe to show."""
    return "".join(letter for letter in text[:48] if letter.isprintable())


def listed(words: Collection[str]) -> str:
    """The words one may choose from, in a sentence."""
    shown = sorted(words)[:40] if isinstance(words, set) else list(words)[:40]
    return ", ".join(shown) or "aucun"


def quoted(words: Collection[str]) -> str:
    """The words one may choose from, as they are to be typed."""
    return ", ".join(f'"{word}"' for word in list(words)[:40])


def one_of(declared: Collection[str]) -> str:
    """What to write where only a name declared elsewhere will do."""
    return f"écrivez l'un de ceux-ci : {quoted(declared)}" if declared else "déclarez-le d'abord"


_MONTH_NUMBERS: Final = {plain(name): number for number, name in enumerate(MONTHS, 1)}


def parse_day(text: str) -> date | None:
    """A date as a clerk writes it: 2024-03-15, 15/03/2024 or 15 mars 2024."""
    word = _without_weekday(plain(text))
    if match := _ISO.fullmatch(word):
        return _date(int(match[1]), int(match[2]), int(match[3]))
    if match := _SLASHED.fullmatch(word):
        return _date(int(match[3]), int(match[2]), int(match[1]))
    if match := _SPELLED.fullmatch(word):
        return _date(int(match[3]), _MONTH_NUMBERS.get(match[2], 0), int(match[1]))
    return None


def parse_annual(text: str) -> AnnualDay | None:
    """A day without a year: 30 septembre, 1er juillet or 30/09."""
    word = plain(text)
    if match := _ANNUAL.fullmatch(word):
        day, month = int(match[1]), _MONTH_NUMBERS.get(match[2], 0)
    elif match := _ANNUAL_SLASHED.fullmatch(word):
        day, month = int(match[1]), int(match[2])
    else:
        return None
    return AnnualDay(month, day) if _date(_LEAP_YEAR, month, day) else None


def parse_clock(text: str) -> time | None:
    """An hour as a clerk writes it: 23:59, 9h, 9 h 30, midi, minuit (the end of the day)."""
    word = plain(text)
    if word in _CLOCK_WORDS:
        return _CLOCK_WORDS[word]
    match = _CLOCK.fullmatch(word)
    if match is None or (match[2] is None and ":" in word):
        return None
    try:
        return time(int(match[1]), int(match[2] or 0))
    except ValueError:
        return None


def parse_wall(text: str) -> datetime | None:
    """A date and an hour: 2024-03-03 20:00, or dimanche 3 mars 2024 à 20 h."""
    words = plain(text).replace(" a ", " ").split(" ")
    for cut in range(len(words) - 1, 0, -1):
        day, clock = parse_day(" ".join(words[:cut])), parse_clock(" ".join(words[cut:]))
        if day and clock:
            return datetime.combine(day, clock)
    return None


def weekday_said(text: str) -> int | None:
    """The weekday that a date spelled out begins with; Monday is 0."""
    return WEEKDAY_WORDS.get(plain(text[:32]).partition(" ")[0])


def spelled(day: date) -> str:
    """A date as people write it: 27 mars 2024, 1er mars 2024."""
    return f"{'1er' if day.day == 1 else day.day} {MONTHS[day.month - 1]} {day.year}"


def _without_weekday(word: str) -> str:
    first, _, rest = word.partition(" ")
    return rest if first in WEEKDAY_WORDS else word


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if year in YEARS else None
    except ValueError:
        return None
