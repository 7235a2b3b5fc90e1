"""A TOML table read key by key: every misuse becomes a problem with its line and its remedy, and reading goes on."""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from difflib import get_close_matches
from typing import Final, TypeVar, cast

from ledger.identifiers import Slug, is_slug
from rulebook import words as french
from rulebook.lines import Path, line_of
from rulebook.problems import MOST_PROBLEMS, Problem
from rulebook.timing import AnnualDay

Value = TypeVar("Value")

MOST_LETTERS: Final = 300
"""Of any text: a label, a title, an article."""

MOST_ITEMS: Final = 1000
"""Of any list or table."""

DATE_HINT: Final = "écrivez une date comme 2024-03-15"


class Table:
    """One table of the file, where it is, and which article it is under."""

    def __init__(
        self,
        values: Mapping[str, object],
        path: Path,
        article: str | None,
        lines: dict[Path, int],
        found: list[Problem],
    ) -> None:
        """Keep the values; `found` collects the problems of the whole file."""
        self.values = values
        self.path = path
        self.lines = lines
        self.found = found
        self.asked: set[str] = set()
        own = values.get("article")
        self.article = french.printable(own) if isinstance(own, str) and own else article

    def wrong(self, key: str, message: str, remedy: str) -> None:
        """Record a problem about a key of this table ("" is the table itself)."""
        if len(self.found) >= MOST_PROBLEMS:
            return
        path = (*self.path, key) if key else self.path
        line = line_of(self.lines, path)
        problem = Problem(line=line, path=self._dotted(path), article=self.article, message=message, remedy=remedy)
        self.found.append(problem)

    @staticmethod
    def _dotted(path: Path) -> str:
        return ".".join(f"n°{part + 1}" if isinstance(part, int) else french.printable(part) for part in path)

    def has(self, key: str) -> bool:
        """Whether a key is written."""
        self.asked.add(key)
        return key in self.values

    def close(self) -> None:
        """Report every key that nobody asked for, with the nearest known one: the missing one it stands for."""
        for key in self.values:
            if key in self.asked or len(self.found) >= MOST_PROBLEMS:
                continue
            near = get_close_matches(french.plain(key[:48]).replace(" ", "_"), sorted(self.asked), 1)
            possible = f"supprimez-la ; les clés possibles ici : {french.listed(self.asked)}"
            remedy = f"écrivez « {near[0]} »" if near else possible
            if near:
                self._found_again(near[0])
            self.wrong(key, f"la clé « {french.printable(key)} » n'est pas connue ici", remedy)

    def _found_again(self, key: str) -> None:
        """Forget that a key is missing: it was written, with a mistake told elsewhere."""
        path = self._dotted((*self.path, key))
        self.found[:] = [p for p in self.found if (p.path, p.message) != (path, f"il manque « {key} »")]

    def _get(self, key: str, hint: str, required: bool) -> object | None:
        self.asked.add(key)
        value = self.values.get(key)
        if value is None and required:
            self.wrong(key, f"il manque « {key} »", hint)
        return value

    def text(self, key: str, default: str | None = None, example: str = "…") -> str:
        """A sentence or a name; required without a default."""
        value = self._get(key, f'écrivez {key} = "{example}"', required=default is None)
        if value is None:
            return default or ""
        return self._label(key, value)

    def _label(self, key: str, value: object) -> str:
        if not isinstance(value, str) or not value.strip():
            number = isinstance(value, int | Decimal) and not isinstance(value, bool)
            example = str(value) if key == "article" and number else "…"
            self.wrong(key, f"« {key} » doit être un texte", f'écrivez {key} = "{example}" entre guillemets')
        elif len(value) > MOST_LETTERS:
            self.wrong(key, "ce texte est trop long", f"écrivez {MOST_LETTERS} caractères au plus")
        elif not value.isprintable():
            self.wrong(
                key, "ce texte contient un caractère invisible", "écrivez-le sur une seule ligne, sans tabulation"
            )
        else:
            return value.strip()
        return ""

    def number(self, key: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number between two bounds; required without a default."""
        hint = f"écrivez un nombre entier de {low} à {high}"
        value = self._get(key, f"écrivez {key} = {max(low, 1)}, ou un autre nombre entier", required=default is None)
        if value is None:
            return low if default is None else default
        if isinstance(value, str) and (digits := re.match(r"\d{1,6}", value)):
            hint = f"écrivez {key} = {int(digits[0])}, sans guillemets"
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.wrong(key, f"« {key} » n'est pas un nombre entier de {low} à {high}", hint)
            return low
        return value

    def choice(self, key: str, words: Mapping[str, Value], default: Value | None = None) -> Value:
        """One word of a closed list; required without a default."""
        hint = f'écrivez {key} = "{next(iter(words))}" (ou {french.quoted(list(words)[1:])})'
        value = self._get(key, hint, required=default is None)
        first = next(iter(words.values()))
        if value is None:
            return first if default is None else default
        return self._word(key, value, words, first)

    def _word(self, key: str, value: object, words: Mapping[str, Value], fallback: Value) -> Value:
        word = french.plain(value[:MOST_LETTERS]) if isinstance(value, str) else ""
        known = {french.plain(written): written for written in words}
        if word in known:
            return words[known[word]]
        near = _inside(word, known) or get_close_matches(word, known, 1)
        remedy = f'écrivez "{known[near[0]]}"' if near else f"écrivez l'une de ces valeurs : {french.quoted(words)}"
        self.wrong(key, f"« {key} » a une valeur inconnue", remedy)
        return fallback

    def flag(self, key: str, default: str) -> bool:
        """Oui or non; true and false are understood."""
        value = self._get(key, "", required=False)
        if isinstance(value, bool):
            return value
        return self._word(key, default if value is None else value, french.FLAG_WORDS, fallback=False)

    def items(self, key: str) -> list[object]:
        """A list, or the only thing that would be in it; empty when the key is missing."""
        value = self._get(key, "", required=False)
        if value is None:
            return []
        found = value if isinstance(value, list) else [value]
        if len(found) > MOST_ITEMS:
            self.wrong(key, "cette liste est trop longue", f"écrivez {MOST_ITEMS} éléments au plus")
            return []
        return found

    def choices(self, key: str, words: Mapping[str, Value]) -> list[Value]:
        """Words of a closed list."""
        first = next(iter(words.values()))
        text = self.values.get(key)
        if isinstance(text, str) and len(_inside(french.plain(text[:MOST_LETTERS]), words)) > 1:
            self.asked.add(key)
            two = french.quoted(list(words)[:2])
            self.wrong(key, f"« {key} » est une liste", f"écrivez {key} = [{two}], chaque valeur entre guillemets")
            return [first]
        return [self._word(key, item, words, first) for item in self.items(key)]

    def weekdays(self, key: str) -> frozenset[int]:
        """Days of the week, Monday is 0."""
        return frozenset(self.choices(key, french.WEEKDAY_WORDS))

    def slugs(self, key: str, known: Collection[str]) -> tuple[Slug, ...]:
        """Words this file declares elsewhere, in the order written, each once."""
        found: dict[Slug, None] = {}
        for item in self.items(key):
            if isinstance(item, str) and item in known:
                found[Slug(item)] = None
                continue
            near = get_close_matches(item[:48], known, 1) if isinstance(item, str) else []
            remedy = f'écrivez "{near[0]}"' if near else french.one_of(known)
            self.wrong(key, f"« {key} » cite un nom que ce fichier ne déclare pas", remedy)
        return tuple(found)

    def day(self, key: str, default: date | None = None) -> date:
        """A date; required without a default."""
        value = self._get(key, f"écrivez {key} = 2024-03-15", required=default is None)
        if value is None:
            return default or date(french.YEARS.start, 1, 1)
        return self._day(key, value)

    def days(self, key: str) -> tuple[date, ...]:
        """Dates."""
        return tuple(self._day(key, item) for item in self.items(key))

    def _day(self, key: str, value: object, hint: str = DATE_HINT) -> date:
        day = _understood(value, french.parse_day)
        self._weekday(key, value, day)
        if isinstance(day, date) and not isinstance(day, datetime) and day.year in french.YEARS:
            return day
        self.wrong(key, f"« {key} » n'est pas une date possible", hint)
        return date(french.YEARS.start, 1, 1)

    def _weekday(self, key: str, value: object, day: object) -> None:
        said = french.weekday_said(value) if isinstance(value, str) else None
        if isinstance(day, date) and said not in (None, day.weekday()):
            right = f"{french.WEEKDAYS[day.weekday()]} {french.spelled(day)}"
            message = f"le {french.spelled(day)} n'est pas un {french.WEEKDAYS[said or 0]}"
            self.wrong(key, message, f'écrivez "{right}", ou corrigez la date')

    def bound(self, key: str) -> date | AnnualDay | None:
        """A date, or a day that comes back every year."""
        value = _understood(self._get(key, "", required=False), french.parse_annual)
        if value is None or isinstance(value, AnnualDay):
            return value
        already = len(self.found)
        day = self._day(key, value, f'{DATE_HINT}, ou "15 mars" pour chaque année')
        return day if len(self.found) == already else None

    def annual(self, key: str) -> AnnualDay:
        """A day that comes back every year; required."""
        value = _understood(self._get(key, f'écrivez {key} = "1er juillet"', required=True), french.parse_annual)
        if isinstance(value, AnnualDay):
            return value
        if value is not None:
            self.wrong(key, f"« {key} » n'est pas un jour de l'année", 'écrivez un jour comme "1er juillet"')
        return AnnualDay(1, 1)

    def clock(self, key: str) -> time | None:
        """An hour of the town; None when the key is missing."""
        value = _understood(self._get(key, "", required=False), french.parse_clock)
        if isinstance(value, time) and value.tzinfo is None:
            return value.replace(second=0, microsecond=0)
        if value is not None:
            self.wrong(key, f"« {key} » n'est pas une heure", 'écrivez une heure comme "23:59", "midi" ou "minuit"')
        return None

    def wall(self, key: str) -> datetime | None:
        """A date and an hour of the town; None when the key is missing."""
        written = self._get(key, "", required=False)
        value = _understood(written, french.parse_wall)
        self._weekday(key, written, value)
        if isinstance(value, datetime) and value.tzinfo is None and value.year in french.YEARS:
            return value.replace(second=0, microsecond=0)
        if value is not None:
            self.wrong(key, f"« {key} » n'est pas une date avec son heure", 'écrivez "2024-03-03 20:00"')
        return None

    def table(self, key: str) -> "Table | None":
        """A table inside this one."""
        value = self._get(key, "", required=False)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.wrong(key, f"« {key} » doit être une section", f"écrivez [{'.'.join(map(str, (*self.path, key)))}]")
            return None
        return Table(value, (*self.path, key), self.article, self.lines, self.found)

    def tables(self, key: str) -> list["Table"]:
        """A list of tables inside this one."""
        items = self.items(key)
        if not all(isinstance(item, dict) for item in items):
            self.wrong(key, f"« {key} » doit être une suite de sections", f"écrivez [[{key}]] avant chacune")
            return []
        return [
            Table(cast(dict[str, object], item), (*self.path, key, index), self.article, self.lines, self.found)
            for index, item in enumerate(items)
        ]

    def slug_keys(self) -> list[Slug]:
        """The keys of this table, which name things: each must be a slug. Marks them all as known."""
        self.asked.update(self.values)
        if len(self.values) > MOST_ITEMS:
            self.wrong("", "cette section est trop longue", f"écrivez {MOST_ITEMS} éléments au plus")
            return []
        for key in self.values:
            if not is_slug(key):
                shown, better = french.printable(key), french.slugify(key)
                self.wrong(key, f"« {shown} » ne peut pas être un nom", f"écrivez « {better} »")
        return [Slug(key) for key in self.values if is_slug(key)]


def _inside(text: str, known: Collection[str]) -> list[str]:
    """The words of a list that a text holds among others, but in no longer one: "jours" in "15 jours avant"."""
    padded = f" {text.replace(',', ' ')} "
    held = [word for word in known if f" {word} " in padded]
    return [word for word in held if not any(word != other and word in other for other in held)]


def _understood(value: object, parse: Callable[[str], object]) -> object:
    """What a text says, or the value as TOML gives it; the text itself when it says nothing."""
    return (parse(value[:MOST_LETTERS]) or value) if isinstance(value, str) else value
