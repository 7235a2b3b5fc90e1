"""A text that is not TOML: the line that stops the reading, what is wrong with it and, when it can be, what to type.

A line is only given back rewritten once `tomllib` understands it, so that a clerk who copies it is not sent round.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from typing import Final

from rulebook.lines import opened
from rulebook.problems import Problem

MOST_REWRITTEN_LETTERS: Final = 200
"""Longer lines are not worth copying back."""

REPEATED: Final = frozenset(
    {
        "ajustements",
        "cas",
        "fermetures",
        "grilles",
        "intervalles",
        "ouvertures",
        "regles",
        "sessions",
        "tolerances",
        "tranches",
        "vacances",
    }
)
"""The sections that come several times, each under two brackets."""

UNFINISHED: Final = (
    "le fichier s'arrête au milieu de la valeur qui commence ici",
    "refermez le guillemet, le crochet ] ou l'accolade }",
)
COMMA: Final = "un nombre n'a pas de virgule"
NOTES: Final = ("//", "--", ";", "/*")
UNKNOWN: Final = ("cette ligne n'est pas comprise", "comparez-la aux exemples de docs/rulebook.md")
FALLBACKS: Final = (
    ("Expected '='", "cette ligne n'est ni une section ni une clé", 'écrivez cle = "valeur"'),
    (
        "Unclosed array",
        "la liste qui commence ici n'est pas finie",
        "séparez ses valeurs par des virgules et terminez-la par ]",
    ),
    ("Unterminated string", "un guillemet n'est pas refermé", "ajoutez le guillemet qui manque"),
    ("Unclosed inline table", "une accolade n'est pas refermée", "ajoutez l'accolade qui manque"),
    ("Illegal character", "un caractère invisible s'est glissé ici", "effacez-le et retapez la ligne"),
)

_WORD_QUOTES: Final = re.compile(r"[“”„]|«\s?|\s?»")
_NO_COMMA: Final = re.compile(r'"\s{0,9}[;\s]\s{0,9}"')
_TWO_KEYS: Final = re.compile(r"[\w\"'\]][ \t]{1,9}[a-z_]{1,40}[ \t]{0,9}=")
_NO_KEY: Final = re.compile(r"[{}\\;,<>]")
_DECIMAL: Final = re.compile(r"-?\d+,\d+")
_COMMA_INSIDE: Final = re.compile(r"[{,]\s{0,9}[a-z_]{1,40}\s{0,9}=\s{0,9}(-?\d{1,9}),(\d{1,9})\s{0,9}[,}]")
"""An amount with a comma, in a line of a list: { a_partir_de = 600, prix = 3,05 }."""
_ISO_DATE: Final = re.compile(r"\d{4}-\d{1,2}-\d{1,2}")


def syntax_problem(text: str, error: tomllib.TOMLDecodeError) -> Problem:
    """What to tell of the first thing that TOML does not understand."""
    said, lines = str(error), text.split("\n")
    at = re.search(r"at line (\d+)", said)
    stopped = int(at[1]) if at else len(lines)
    number = opened(lines[: stopped if at is None else stopped - 1]) or (stopped if at else _apostrophe(lines))
    line = lines[number - 1].strip("\r")
    amount = _COMMA_INSIDE.search(lines[stopped - 1]) if at else None
    if said.startswith("Cannot"):
        message, remedy = _twice(lines, number)
    elif amount:
        number, message, remedy = stopped, COMMA, f'écrivez {amount[1]}.{amount[2]}, ou "{amount[1]},{amount[2]}"'
    elif (at and stopped - number > 1) or line.rstrip().endswith(("[", ",")):
        message, remedy = UNFINISHED if at is None else _fallback(said)
    else:
        message, remedy = _told(line) or _fallback(said)
    return Problem(line=number, path="", article=None, message=message, remedy=remedy)


def _apostrophe(lines: list[str]) -> int:
    """The line whose apostrophe opened a text that runs to the end of the file."""
    odd = (n for n, line in enumerate(lines, 1) if line.count("'") % 2 and not _understood(line.strip()))
    return next(odd, len(lines))


def _fallback(said: str) -> tuple[str, str]:
    return next(((message, remedy) for start, message, remedy in FALLBACKS if said.startswith(start)), UNKNOWN)


def _twice(lines: list[str], number: int) -> tuple[str, str]:
    name = _header_name(lines[number - 1])
    if name:
        first = next((n for n, line in enumerate(lines[: number - 1], 1) if _header_name(line) == name), None)
        if name.split(".")[-1] in REPEATED:
            return f"[{name}] est déjà écrite ligne {first}", f"écrivez [[{name}]] devant chacune"
        if first is not None:
            return f"[{name}] est déjà écrite ligne {first}", "réunissez les deux, ou donnez un autre nom à celle-ci"
    key = lines[number - 1].partition("=")[0].strip()
    for earlier in range(number - 1, 0, -1):
        if _header_name(lines[earlier - 1]):
            break
        if lines[earlier - 1].partition("=")[0].strip() == key:
            return f"cette clé est déjà écrite ligne {earlier}", "supprimez l'une des deux"
    return "ceci est déjà écrit plus haut, autrement", "réunissez les deux en une seule section"


def _header_name(line: str) -> str:
    bare = line.split("#", maxsplit=1)[0].strip()
    return bare.strip("[] \t") if bare.startswith("[") else ""


def _told(line: str) -> tuple[str, str] | None:
    """What is wrong with a line, and what to write instead; None when nobody can guess."""
    if line.lstrip().startswith(NOTES):
        return "une note commence par le signe #", f"écrivez # {line.strip(' ;/*-')}"
    if line.lstrip().startswith("["):
        return _copied(_header(line))
    key, sign, value = _cut(line)
    if not sign or not _plain_name(key) or _NO_KEY.search(key):
        return None
    return _beyond_repair(key, value) or _copied(_entry(key, sign, value))


def _copied(found: tuple[str, str] | None) -> tuple[str, str] | None:
    return None if found is None or not _understood(found[1]) else (found[0], f"écrivez {found[1]}")


def _understood(line: str) -> bool:
    if len(line) > MOST_REWRITTEN_LETTERS or not line.isprintable():
        return False
    try:
        return bool(tomllib.loads(line))
    except (tomllib.TOMLDecodeError, ValueError, RecursionError):
        return False


def _header(line: str) -> tuple[str, str]:
    text = line.split("#", maxsplit=1)[0].strip()
    deep = 2 if text.startswith("[[") else 1
    name = ".".join(_plain_name(part) for part in text.strip("[] \t").split("."))
    closed = text.endswith("]" * deep)
    message = "le nom d'une section s'écrit sans accent ni espace" if closed else "il manque un ] à la fin"
    return message, f"{'[' * deep}{name}{']' * deep}"


def _cut(line: str) -> tuple[str, str, str]:
    """The key, the sign and the value of a line that is meant as one, its note left out."""
    for sign in ("=", ":", " "):
        key, found, value = line.strip().partition(sign)
        if found:
            return key.strip(), sign, re.split(r"\s#", value, maxsplit=1)[0].strip()
    return line, "", ""


def _beyond_repair(key: str, value: str) -> tuple[str, str] | None:
    name = _plain_name(key)
    if not value:
        return f"il manque la valeur de « {name[:48]} »", f'écrivez {name[:48]} = 15, ou {name[:48]} = "…"'
    if _DECIMAL.fullmatch(value):
        amount = f"{name[:48]} = {value.replace(',', '.')}"
        return COMMA, f"écrivez un nombre entier ou, si c'est un montant, {amount}"
    if _TWO_KEYS.search(value):
        return "il y a deux clés sur cette ligne", "mettez une seule clé par ligne"
    if _ISO_DATE.fullmatch(value):
        return "cette date n'existe pas", "écrivez une date comme 2024-03-15"
    return None


def _entry(key: str, sign: str, value: str) -> tuple[str, str] | None:
    name = ".".join(_plain_name(part) for part in key.split("."))
    for message, written in _values(value):
        rewritten = f"{name} = {written}"
        if not _understood(rewritten):
            continue
        if name != key:
            return "une clé s'écrit sans accent, ni espace, ni majuscule", rewritten
        if sign != "=":
            return "il faut le signe = entre une clé et sa valeur", rewritten
        return message, rewritten
    return None


def _values(value: str) -> Iterator[tuple[str, str]]:
    """Ways of writing a value, from what it is now to what it was probably meant to be."""
    yield "une espace insécable s'est glissée dans cette ligne", value
    typed = _WORD_QUOTES.sub('"', value)
    if typed[:1] in "‘’":
        typed = f'"{typed.strip("‘’")}"'
    yield "ces guillemets sont ceux d'un traitement de texte", typed
    if typed.startswith("["):
        yield "il manque une virgule entre deux valeurs", _NO_COMMA.sub('", "', typed)
        yield "il manque un ] à la fin de la liste", f"{typed}]"
    elif typed[0] in "\"'":
        inner = typed[1:-1] if typed[-1:] in "\"'" else typed[1:]
        yield "un guillemet n'est pas refermé", f'"{inner}"'
        yield "un texte ne contient pas le signe \\", f'"{inner}"'.replace("\\", "/")
        yield "un texte ne contient pas d'autres guillemets", f'"{inner.replace(chr(34), chr(39))}"'
    else:
        yield "un texte s'écrit entre guillemets", f'"{typed}"'


def _plain_name(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.strip().casefold())
    kept = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[^a-z0-9_-]+", "-", kept).strip("-")
