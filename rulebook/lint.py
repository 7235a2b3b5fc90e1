"""What a sound rulebook says that its author may not have meant."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from ledger.days import days_between
from ledger.identifiers import Slug
from rulebook.deadlines import deadline
from rulebook.explain import french_day
from rulebook.lines import line_of, locate
from rulebook.lint_tariffs import tariff_warnings
from rulebook.openings import is_open, offered
from rulebook.places import capacity, pools
from rulebook.problems import Problem
from rulebook.reading_formalities import FORMALITY_WORDS
from rulebook.rulebook import Activity, Rulebook, Sessions, Sharing, Unit, Verb
from rulebook.timing import Anchor, CountBack, DeadlineRule

YEAR: Final = timedelta(days=365)

AFTER_START: Final = 'écrivez heure = "debut du service" ou une heure plus tôt, ou semaines_avant = 1'


def warnings(rulebook: Rulebook, text: str = "") -> tuple[Problem, ...]:
    """Everything worth a second look, read on the first year in force, at its line of the text when it is given."""
    found = [*_calendar(rulebook), *_formalities(rulebook)]
    for activity in rulebook.activities.values():
        found += _activity(rulebook, activity)
    found += tariff_warnings(rulebook)
    lines = locate(text)
    return tuple(replace(problem, line=line_of(lines, tuple(problem.path.split(".")))) for problem in found)


def _warn(path: str, article: str | None, message: str, remedy: str) -> Problem:
    return Problem(line=None, path=path, article=article, message=message, remedy=remedy, severity="warning")


def _calendar(rulebook: Rulebook) -> Iterator[Problem]:
    known_until = rulebook.calendar.known_until()
    if known_until < rulebook.in_force_from + YEAR:
        message = f"le calendrier scolaire n'est connu que jusqu'au {french_day(known_until)}"
        yield _warn(
            "vacances", None, message, "ajoutez [[vacances]] pour la suite : rien n'est ouvert après cette date"
        )


def _formalities(rulebook: Rulebook) -> Iterator[Problem]:
    for word, kind in FORMALITY_WORDS.items():
        formality = rulebook.formalities[kind]
        if formality.instruction == "agent":
            continue
        path, remedy = f"demarches.{word}", f'écrivez instruction = "agent" dans « {word} »'
        if kind == "quotient":
            message = "une famille fixerait seule son quotient, donc ses tarifs"
            unread = ", et personne ne lirait son justificatif" if formality.document == "required" else ""
            yield _warn(path, formality.article, f"{message}{unread}", remedy)
        elif formality.document == "required":
            yield _warn(path, formality.article, "un justificatif est demandé mais personne ne le lit", remedy)


def _activity(rulebook: Rulebook, activity: Activity) -> Iterator[Problem]:
    path = f"activites.{activity.slug}"
    first = rulebook.in_force_from
    days = [day for day in days_between(first, first + YEAR) if is_open(activity, day)]
    if not days:
        message = "cette activité n'a lieu aucun jour de la première année"
        yield _warn(path, activity.article, message, "vérifiez « jours », « quand » et les sessions")
        return
    for unit in activity.units.values():
        yield from _unit(rulebook, activity, unit, days, f"{path}.unites.{unit.slug}")
    yield from _places(rulebook, activity, days[0], path)
    yield from _sessions(activity, first, path)
    yield from _anchors(activity, days, path)
    rule = activity.absence
    if rule is not None and rule.instruction == "rule" and rule.document_reasons:
        message = "un justificatif est demandé mais personne ne le lit"
        yield _warn(f"{path}.absence", rule.article, message, 'écrivez instruction = "agent" dans « absence »')


def _unit(rulebook: Rulebook, activity: Activity, unit: Unit, days: list[date], path: str) -> Iterator[Problem]:
    own = [day for day in days if unit in offered(rulebook, activity, day)]
    if not own:
        message = f"« {unit.name} » n'est proposée aucun jour de la première année"
        yield _warn(path, unit.article, message, "vérifiez ses jours")
        return
    for verb in Verb:
        problem = next(filter(None, (_hours_of(rulebook, activity, unit, day, verb, path) for day in own)), None)
        if problem is not None:
            yield problem
    missing = [slug for slug in sorted(unit.requires) if not _offered_with(rulebook, activity, slug, own)]
    for slug in missing:
        message = f"« {unit.name} » exige « {activity.units[slug].name} », qui n'est pas proposée les mêmes jours"
        yield _warn(path, unit.article, message, "vérifiez « exige » et les jours des deux unités")


def _hours_of(rulebook: Rulebook, activity: Activity, unit: Unit, day: date, verb: Verb, path: str) -> Problem | None:
    when = deadline(rulebook, activity, unit, day, verb=verb)
    if when.closes_at is None:
        return None
    if when.opens_at is not None and when.opens_at >= when.closes_at:
        message = f"pour le {french_day(day)}, les réservations ouvrent après leur limite"
        return _warn(path, when.article, message, "avancez l'ouverture ou repoussez la limite")
    if when.closes_at == when.final_at and _begun(rulebook, unit, day, when.final_at):
        verb_word = "réserver" if verb is Verb.BOOK else "annuler"
        message = f"pour le {french_day(day)}, on pourrait {verb_word} une fois le service commencé"
        return _warn(path, when.article, message, AFTER_START)
    return None


def _begun(rulebook: Rulebook, unit: Unit, day: date, final_at: datetime) -> bool:
    if unit.starts_at is None:
        return False
    local = final_at.astimezone(rulebook.timezone)
    return local.date() > day or local.time() > unit.starts_at


def _offered_with(rulebook: Rulebook, activity: Activity, slug: Slug, days: list[date]) -> bool:
    return all(activity.units[slug] in offered(rulebook, activity, day) for day in days)


def _places(rulebook: Rulebook, activity: Activity, day: date, path: str) -> Iterator[Problem]:
    if activity.sharing in (Sharing.GROUP, Sharing.SITE_AND_GROUP) and not activity.groups:
        yield _warn(
            f"{path}.places", activity.article, "les places sont par groupe, sans groupe", "ajoutez « groupes »"
        )
    if activity.sharing in (Sharing.SITE, Sharing.SITE_AND_GROUP) and not activity.sites:
        yield _warn(f"{path}.places", activity.article, "les places sont par site, sans site", "ajoutez « sites »")
    unlimited = [
        unit.name
        for unit in activity.units.values()
        for site in activity.sites or (None,)
        for group in activity.groups or (None,)
        for place in pools(activity, unit, site=site, group=group)
        if not _stated(activity, place.unit) and capacity(rulebook, activity, place, day) is None
    ]
    if unlimited:
        message = f"le nombre de places de « {unlimited[0]} » n'est pas limité"
        yield _warn(f"{path}.places", activity.article, message, 'écrivez nombre = 40, ou nombre = "illimite"')


def _stated(activity: Activity, unit: Slug) -> bool:
    return any(line.places is None and (not line.units or unit in line.units) for line in activity.capacities)


def _sessions(activity: Activity, first: date, path: str) -> Iterator[Problem]:
    if activity.sessions is not Sessions.PUBLISHED:
        return
    for session in activity.published_sessions:
        if session.last_day < first:
            message = f"la session « {session.name} » finit avant l'entrée en vigueur"
            yield _warn(f"{path}.sessions", activity.article, message, "retirez-la ou corrigez ses dates")
        elif not any(is_open(activity, day) for day in days_between(session.first_day, session.last_day)):
            message = f"la session « {session.name} » n'a aucun jour ouvert"
            yield _warn(f"{path}.sessions", activity.article, message, "vérifiez « jours » et « quand »")


def _anchors(activity: Activity, days: list[date], path: str) -> Iterator[Problem]:
    rules: tuple[DeadlineRule, ...] = (activity.book, activity.cancel)
    if not any(isinstance(r.when, CountBack) and r.when.anchor is Anchor.HOLIDAYS for r in rules):
        return
    outside = next((day for day in days if activity.calendar.holiday_on(day) is None), None)
    if outside is not None:
        message = f"le délai part des vacances, mais le {french_day(outside)} n'en fait pas partie"
        yield _warn(path, activity.article, message, 'écrivez quand = "vacances", ou avant = "jour"')
