"""A rulebook said back in French, so that its author hears what the file really says."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Final

from ledger.days import days_between
from ledger.identifiers import Slug
from rulebook.deadlines import deadline, rule_of
from rulebook.explain_formalities import formalities_sentences
from rulebook.explain_offer import closure_sentence, days_sentences, places_sentences, span_words, units_sentences
from rulebook.explain_rules import SKIPS, opening_sentence, rule_sentence
from rulebook.explain_tariffs import tariffs_sentences
from rulebook.french_dates import french_clock, french_date, french_day, french_instant, join
from rulebook.openings import offered
from rulebook.reading_retention import retention_sentences
from rulebook.rulebook import Activity, Grace, Instruction, Rulebook, Session, Sessions, Unit, Verb
from rulebook.timing import Late, WeekdayBefore

__all__ = ["example_days", "explain", "french_clock", "french_date", "french_day", "french_instant", "join"]

EXAMPLE_MONTH, EXAMPLE_DAY = 3, 25
"""Examples are taken from the end of March on: a month of school days, a change of clock, then holidays."""

MOST_EXAMPLES: Final = 4
VERBS: Final[Mapping[Verb, str]] = {Verb.BOOK: "réserver", Verb.CANCEL: "annuler"}
LATE: Final[Mapping[Late, str]] = {
    "refuse": "après, c'est trop tard",
    "surcharge": "après, la demande est acceptée avec une éventuelle majoration",
    "agent": "après, un agent décide",
}
SESSIONS: Final[Mapping[Sessions, str]] = {
    Sessions.HOLIDAYS: "Chaque période de vacances est une session.",
    Sessions.HOLIDAY_WEEKS: "Chaque semaine de vacances est une session.",
    Sessions.SCHOOL_YEAR: "L'année scolaire est une session.",
}

ABSENCE_UNTIL: Final[Mapping[int | None, str]] = {
    None: "sans limite de temps",
    0: "le jour même au plus tard",
    1: "le jour qui la suit au plus tard",
}
DECIDED: Final[Mapping[Instruction, str]] = {
    "agent": "Un agent décide de chaque absence.",
    "rule": "L'absence est acceptée aussitôt par la règle.",
}


def explain(rulebook: Rulebook) -> list[str]:
    """The whole rulebook in French sentences, with dates worked out on the real calendar."""
    said = [
        f"{rulebook.title or 'Règlement'} — {rulebook.name}, version {rulebook.version}.",
        f"En vigueur à partir du {french_day(rulebook.in_force_from)}.",
        f"Vacances scolaires de la zone {rulebook.zone} ; fuseau horaire : {rulebook.timezone.key}.",
    ]
    said += [
        f"{holiday.name} (écrit par la ville) : du {french_day(holiday.first_day)} au {french_day(holiday.last_day)}."
        for holiday in rulebook.calendar.declared
    ]
    said += _calendar(rulebook)
    said += formalities_sentences(rulebook)
    said += retention_sentences(rulebook.retention)
    for activity in list(rulebook.activities.values())[:1]:
        said += [closure_sentence(rulebook, closure) for closure in activity.closures if not closure.activities]
        said += [_grace(grace) for grace in activity.graces if not grace.activities]
    for activity in rulebook.activities.values():
        said += [f"{activity.name} — {sentence}" for sentence in _activity(rulebook, activity)]
    said += tariffs_sentences(rulebook)
    return said


def _calendar(rulebook: Rulebook) -> Iterator[str]:
    calendar = rulebook.calendar
    if calendar.region != "metropole":
        yield f"Jours fériés : {calendar.region}."
    for day in sorted(calendar.extra_public_holidays):
        yield f"Férié aussi : le {french_day(day)}."
    for day in sorted(calendar.class_days):
        yield f"Jour de classe pendant les vacances : le {french_day(day)}."


def example_days(rulebook: Rulebook, activity: Activity, unit: Unit) -> list[date]:
    """Days on which a unit is offered, from the first end of March in force, that show each case of its rules."""
    start = date(rulebook.in_force_from.year, EXAMPLE_MONTH, EXAMPLE_DAY)
    if start < rulebook.in_force_from:
        start = start.replace(year=start.year + 1)
    days = [day for day in _year_from(start) if unit in offered(rulebook, activity, day)]
    days = days or [day for day in _year_from(rulebook.in_force_from) if unit in offered(rulebook, activity, day)]
    chosen = days[:1]
    rule = unit.book or activity.book
    if rule.by_weekday or isinstance(rule.when, WeekdayBefore):
        seen = {day.weekday() for day in chosen}
        for day in days:
            if day.weekday() not in seen:
                seen.add(day.weekday())
                chosen.append(day)
    chosen = chosen[:MOST_EXAMPLES]
    if rule.after_holidays is not None:
        chosen += [day for day in days if activity.calendar.is_first_day_back(day)][:1]
    return sorted(set(chosen))


def _year_from(start: date) -> Iterator[date]:
    return days_between(start, start + timedelta(days=365))


def _activity(rulebook: Rulebook, activity: Activity) -> Iterator[str]:
    yield from days_sentences(rulebook, activity)
    if activity.sessions in SESSIONS:
        yield SESSIONS[activity.sessions]
    yield from (_session(session) for session in activity.published_sessions)
    yield from units_sentences(activity)
    if activity.instruction == "agent":
        yield f"Un agent décide de chaque demande (article {activity.article})."
    else:
        yield f"La demande est acceptée aussitôt par la règle (article {activity.article})."
    yield from places_sentences(activity)
    if activity.opens is not None:
        yield f"Les réservations ouvrent {opening_sentence(activity.opens)} (article {activity.opens.article})."
    for verb in Verb:
        yield from _verb(rulebook, activity, verb)
    yield from (_grace(grace) for grace in activity.graces if grace.activities)
    yield from _absence(rulebook, activity)


def _session(session: Session) -> str:
    said = f"Session « {session.name} » : du {french_day(session.first_day)} au {french_day(session.last_day)}"
    if session.opens_at:
        said += f" ; réservations ouvertes le {_wall(session.opens_at)}"
    if session.last_minute:
        said += f" ; date limite le {_wall(session.last_minute)}"
    return f"{said}."


def _wall(moment: datetime) -> str:
    return f"{french_day(moment.date())} à {french_clock(moment.time())}"


def _verb(rulebook: Rulebook, activity: Activity, verb: Verb) -> Iterator[str]:
    if verb is Verb.CANCEL and _same_rules(activity):
        yield "Le même délai vaut pour annuler."
        return
    for unit in activity.units.values():
        own = unit.book if verb is Verb.BOOK else unit.cancel
        if own is None and unit is not next(iter(activity.units.values())):
            continue
        rule = own or (activity.book if verb is Verb.BOOK else activity.cancel)
        subject = f"{unit.name}, limite" if own else "Limite"
        until = f"{rule_sentence(rule)} (article {rule.article})"
        yield f"{subject} pour {VERBS[verb]} : {until} ; {LATE[rule.late]}."
        for day in example_days(rulebook, activity, unit):
            yield _example(rulebook, activity, unit, day, verb)


def _same_rules(activity: Activity) -> bool:
    return activity.book == activity.cancel and all(unit.book == unit.cancel for unit in activity.units.values())


def _example(rulebook: Rulebook, activity: Activity, unit: Unit, day: date, verb: Verb) -> str:
    when = deadline(rulebook, activity, unit, day, verb=verb)
    last = when.last_instant
    until = "au début du service" if last is None else f"au {french_instant(last, rulebook.timezone)}"
    article = rule_of(activity, unit, day, verb).article
    opens = f" à partir du {french_instant(when.opens_at, rulebook.timezone)}," if when.opens_at else ""
    return f"Pour le {french_day(day)}, on peut {VERBS[verb]}{opens} jusqu'{until} (article {article})."


def _grace(grace: Grace) -> str:
    asked = (
        span_words(grace.requests).strip() if grace.requests.first else f"jusqu'{span_words(grace.requests).strip()}"
    )
    about = f", pour les jours{span_words(grace.days)}" if span_words(grace.days) else ""
    article = f" (article {grace.article})" if grace.article else ""
    return f"{grace.name} : une demande faite {asked}, ce jour compris, n'est jamais en retard{about}{article}."


def _labels(rulebook: Rulebook, reasons: frozenset[Slug]) -> str:
    return join([label for slug, label in rulebook.absence_reasons.items() if slug in reasons])


def _absence(rulebook: Rulebook, activity: Activity) -> Iterator[str]:
    rule = activity.absence
    if rule is None:
        return
    until = ABSENCE_UNTIL.get(rule.days_after, f"dans les {rule.days_after} jours qui la suivent")
    paper = " avec un justificatif" if rule.document_reasons >= rule.reasons else ""
    yield f"Une absence se déclare {until}{paper} (article {rule.article})."
    if rule.skipped:
        yield f"Ne comptent pas : {join([words for skip, words in SKIPS.items() if skip in rule.skipped])}."
    if rule.reasons < rulebook.absence_reasons.keys():
        yield f"Motifs d'absence : {_labels(rulebook, rule.reasons)}."
    if rule.document_reasons < rule.reasons and rule.document_reasons:
        yield f"Un justificatif est demandé pour : {_labels(rulebook, rule.document_reasons)}."
    yield DECIDED[rule.instruction]
    if rule.notice_at is not None:
        before = {0: "le jour même", 1: "la veille"}.get(
            rule.notice_days_before, f"{rule.notice_days_before} jours avant"
        )
        yield f"Il faut prévenir {before} avant {french_clock(rule.notice_at)}."
    if rule.waiting_days or rule.waiting_hours:
        waiting = f"{rule.waiting_days} jour(s)" if rule.waiting_days else f"{rule.waiting_hours} heures"
        yield f"Restent facturés : {waiting} de carence."
    if rule.minimum_run_days > 1:
        yield f"Il faut au moins {rule.minimum_run_days} jours d'absence qui se suivent."
