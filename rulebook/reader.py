"""A town's TOML file, read into a rulebook or refused with everything that is wrong in it."""

import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from types import MappingProxyType
from typing import Final, cast
from zoneinfo import ZoneInfo

from ledger.days import REGIONS, Calendar, Holiday, Zone, season_named
from ledger.identifiers import Commune, Slug, Version, is_slug
from rulebook.lines import locate
from rulebook.problems import Problem, RulebookError
from rulebook.reading_activities import read_activity, read_labels
from rulebook.reading_formalities import read_formalities
from rulebook.reading_places import read_span
from rulebook.reading_regie import read_quotient, read_regie
from rulebook.reading_retention import read_retention
from rulebook.reading_rules import check_order, read_grace
from rulebook.reading_tariffs import read_tariffs
from rulebook.rulebook import Activity, Closure, Rulebook
from rulebook.syntax import syntax_problem
from rulebook.tables import Table
from rulebook.words import HOLIDAY_WORDS, printable, slugify

__all__ = ["Problem", "RulebookError", "read_rulebook"]

MOST_BYTES: Final = 1_000_000
MOST_HOLIDAY_DAYS: Final = 100
MOST_LINE_LETTERS: Final = 2000
MOST_PROBLEMS: Final = 100

ZONE_WORDS: Final[Mapping[str, Zone]] = {"A": "A", "B": "B", "C": "C"}
REGION_WORDS: Final = {name.replace("-", " "): name for name in REGIONS} | {name: name for name in REGIONS}

REFUSAL_REASONS: Final = {
    "complet": "Il ne reste plus de place",
    "hors-delai": "La demande est arrivée après la limite",
    "dossier-incomplet": "Le dossier d'inscription est incomplet",
    "autre": "Autre motif",
}
DEROGATION_REASONS: Final = {
    "urgence-familiale": "Urgence familiale",
    "motif-professionnel": "Changement d'horaires de travail",
    "erreur-du-service": "Erreur du service",
    "autre": "Autre motif",
}
ABSENCE_REASONS: Final = {
    "maladie": "Enfant malade",
    "evenement-familial": "Événement familial",
    "sortie-scolaire": "Sortie scolaire",
    "enseignant-absent": "Enseignant absent",
    "autre": "Autre motif",
}
CLOSURE_REASONS: Final = {
    "greve": "Grève",
    "pont": "Pont",
    "intemperies": "Intempéries",
    "fermeture-annuelle": "Fermeture annuelle",
    "travaux": "Travaux",
    "autre": "Autre motif",
}
"""What a town that writes no [motifs] has. Never a diagnosis."""


def read_rulebook(text: str) -> Rulebook:
    """The rulebook that a TOML text declares; raises RulebookError, and nothing else, on any other text."""
    text = _checked(text)
    values = _parsed(text)
    found: list[Problem] = []
    top = Table(values, (), None, locate(text), found)
    rulebook = _rulebook(top)
    top.close()
    if found:
        unique = dict.fromkeys(sorted(found, key=lambda problem: problem.line or 0))
        raise RulebookError(tuple(unique)[:MOST_PROBLEMS])
    return rulebook


def _checked(text: str) -> str:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise _alone(None, "ce texte contient un caractère impossible", "enregistrez le fichier en UTF-8") from None
    if size > MOST_BYTES:
        raise _alone(None, "ce fichier est trop long", "un règlement tient en un mégaoctet")
    for number, line in enumerate(text.split("\n"), 1):
        if "\0" in line:
            raise _alone(number, "un caractère invisible s'est glissé ici", "effacez-le et retapez la ligne")
        if len(line) > MOST_LINE_LETTERS:
            raise _alone(number, "cette ligne est trop longue", f"écrivez {MOST_LINE_LETTERS} caractères au plus")
    return text.removeprefix("\ufeff")


def _parsed(text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text, parse_float=_decimal)
    except tomllib.TOMLDecodeError as error:
        raise RulebookError((syntax_problem(text, error),)) from None
    except (RecursionError, ValueError, OverflowError):
        raise _alone(None, "ce texte n'est pas compris", "comparez-le aux exemples de docs/rulebook.md") from None


def _decimal(text: str) -> Decimal:
    """A number as it is written, to its last digit; one that is no such thing is found where it is read."""
    try:
        return Decimal(text)
    except ArithmeticError:
        return Decimal("NaN")


def _alone(line: int | None, message: str, remedy: str) -> RulebookError:
    return RulebookError((Problem(line=line, path="", article=None, message=message, remedy=remedy),))


def _rulebook(top: Table) -> Rulebook:
    commune, version = _slug(top, "commune", "villars"), _slug(top, "version", "2026-09")
    timezone = _timezone(top)
    calendar = _calendar(top)
    reasons = top.table("motifs")
    refusals = _reasons(reasons, "refus", REFUSAL_REASONS)
    derogations = _reasons(reasons, "derogation", DEROGATION_REASONS)
    absences = _reasons(reasons, "absence", ABSENCE_REASONS)
    closings = _reasons(reasons, "fermeture", CLOSURE_REASONS)
    if reasons is not None:
        reasons.close()
    activities = _activities(top, calendar, absences, closings)
    return Rulebook(
        commune=Commune(commune),
        name=top.text("nom", example="Villars"),
        version=Version(version),
        title=top.text("titre", ""),
        in_force_from=top.day("en_vigueur"),
        timezone=timezone,
        calendar=calendar,
        activities=activities,
        refusal_reasons=refusals,
        derogation_reasons=derogations,
        absence_reasons=absences,
        closure_reasons=closings,
        formalities=read_formalities(top),
        retention=read_retention(top),
        tariffs=read_tariffs(top, activities),
        quotient=read_quotient(top),
        regie=read_regie(top),
    )


def _activities(
    top: Table, calendar: Calendar, absences: Mapping[Slug, str], closings: Mapping[Slug, str]
) -> Mapping[Slug, Activity]:
    section = top.table("activites")
    slugs = [] if section is None else section.slug_keys()
    if section is None or not section.values:
        top.wrong("activites", "il n'y a aucune activité", "écrivez [activites.restauration]")
    known = dict.fromkeys(slugs)
    closures = tuple(_closure(table, known, closings) for table in top.tables("fermetures"))
    graces = tuple(read_grace(table, known) for table in top.tables("tolerances"))
    found: dict[Slug, Activity] = {}
    for slug in slugs:
        table = section.table(slug) if section is not None else None
        if table is not None:
            found[slug] = read_activity(table, slug, calendar, absences, closures, graces)
    return MappingProxyType(found)


def _slug(top: Table, key: str, example: str) -> str:
    text = top.text(key, example=example)
    if text and not is_slug(text):
        top.wrong(
            key, f"« {key} » s'écrit en petites lettres, chiffres et tirets", f'écrivez {key} = "{slugify(text)}"'
        )
    return text


def _timezone(top: Table) -> ZoneInfo:
    name = top.text("fuseau", "Europe/Paris")
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        top.wrong("fuseau", "ce fuseau horaire n'existe pas", 'écrivez fuseau = "Europe/Paris"')
        return ZoneInfo("Europe/Paris")


def _calendar(top: Table) -> Calendar:
    extra = top.days("feries_en_plus")
    return Calendar(
        zone=top.choice("zone", ZONE_WORDS),
        region=top.choice("feries", REGION_WORDS, "metropole"),
        declared=_holidays(top),
        class_days=frozenset(top.days("jours_de_classe")),
        extra_public_holidays=MappingProxyType(dict.fromkeys(extra, "Jour férié local")),
    )


def _holidays(top: Table) -> tuple[Holiday, ...]:
    found = sorted(((table, _holiday(table)) for table in top.tables("vacances")), key=lambda pair: pair[1].first_day)
    for (_, before), (table, after) in pairwise(found):
        if after.first_day <= before.last_day:
            table.wrong("premier_jour", f"ces vacances chevauchent « {before.name} »", "écartez leurs dates")
    return tuple(holiday for _, holiday in found)


def _holiday(table: Table) -> Holiday:
    name = table.text("nom", example="Vacances d'hiver")
    first, last = table.day("premier_jour"), table.day("dernier_jour")
    season = table.choice("genre", HOLIDAY_WORDS, season_named(name))
    if last < first:
        table.wrong("dernier_jour", "ces vacances finissent avant de commencer", "échangez les deux dates")
    if (last - first).days > MOST_HOLIDAY_DAYS:
        table.wrong("dernier_jour", "ces vacances durent plus de cent jours", "vérifiez les deux dates")
        last = first
    table.close()
    return Holiday(name, first, last, season)


def _reasons(section: Table | None, key: str, default: Mapping[str, str]) -> Mapping[Slug, str]:
    own = {} if section is None else read_labels(section, key)
    return own or MappingProxyType({Slug(slug): label for slug, label in default.items()})


def _one_end(table: Table) -> None:
    remedy = "écrivez du = 2024-12-24 et au = 2024-12-31"
    for missing, written in (("au", table.values.get("du")), ("du", table.values.get("au"))):
        if written is not None:
            day = written if isinstance(written, date) else f'"{printable(str(written))}"'
            remedy = f"écrivez {missing} = {day}, ou un autre jour"
    table.wrong("", "une fermeture a un premier et un dernier jour", remedy)


def _closure(table: Table, activities: Mapping[Slug, None], reasons: Mapping[Slug, str]) -> Closure:
    span = read_span(table)
    if not {"du", "au"} <= table.values.keys():
        _one_end(table)
    check_order(table, "au", span.first, span.last)
    chosen = table.slugs("motif", reasons)
    if not table.values.get("motif"):
        table.wrong("motif", "une fermeture a un motif", f'écrivez motif = "{next(iter(reasons))}"')
    closure = Closure(
        span=span,
        reason=chosen[0] if chosen else cast(Slug, ""),
        activities=frozenset(table.slugs("activites", activities)),
    )
    table.close()
    return closure
