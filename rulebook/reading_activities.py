"""An activity, read from its section: units, openings, sessions, and what rules them."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from ledger.days import Calendar
from ledger.identifiers import Slug
from rulebook.reading_kinds import Surroundings
from rulebook.reading_places import read_absence, read_places, read_seasons, read_span
from rulebook.reading_rules import read_deadlines, read_opening
from rulebook.reading_units import SCHOOL_DAYS, read_units, rule_units
from rulebook.rulebook import Activity, Closure, Grace, Opening, Session, Sessions, Sharing, Unit
from rulebook.tables import Table
from rulebook.timing import DeadlineRule, Move
from rulebook.words import HOLDS_WORDS, INSTRUCTION_WORDS, SESSIONS_WORDS

NO_RULE: Final = DeadlineRule(
    when=None,
    at=None,
    skipped=frozenset(),
    move=Move.STAY,
    late="refuse",
    article="",
    by_weekday=MappingProxyType({}),
    after_holidays=None,
)


def read_activity(
    table: Table,
    slug: Slug,
    calendar: Calendar,
    absence_reasons: Mapping[Slug, str],
    closures: tuple[Closure, ...],
    graces: tuple[Grace, ...],
) -> Activity:
    """One activity, complete; every misuse is recorded on the way."""
    article = table.text("article", example="4")
    sites, groups = read_labels(table, "sites"), read_labels(table, "groupes")
    units, own_openings = read_units(table, article)
    openings = (*_base_opening(table, units, own_openings), *own_openings, *_openings(table, units, sites, groups))
    around = _surroundings(table, units, openings, article)
    units = rule_units(table, units, around)
    book, cancel = _activity_deadlines(table, units, around)
    opens, places, absence = table.table("ouverture"), table.table("places"), table.table("absence")
    sharing, capacities = (Sharing.ALL, ()) if places is None else read_places(places, units, sites, groups)
    instruction = table.choice("instruction", INSTRUCTION_WORDS)
    activity = Activity(
        slug=slug,
        name=table.text("nom", example="Restauration scolaire"),
        category=table.text("categorie", ""),
        article=article,
        instruction=instruction,
        holds=table.choice("places_tenues", HOLDS_WORDS, "submission"),
        publishes_places=table.flag("places_publiees", "non"),
        open_on_public_holidays=table.flag("ouvert_feries", "non"),
        calendar=calendar,
        sessions=around.sessions,
        published_sessions=around.published,
        units=MappingProxyType(units),
        sites=sites,
        groups=groups,
        openings=openings,
        closures=tuple(c for c in closures if not c.activities or slug in c.activities),
        book=book or NO_RULE,
        cancel=cancel or NO_RULE,
        opens=None if opens is None else read_opening(opens, around),
        graces=tuple(g for g in graces if not g.activities or slug in g.activities),
        sharing=sharing,
        capacities=capacities,
        absence=None if absence is None else read_absence(absence, instruction, article, absence_reasons),
    )
    table.close()
    return activity


def _surroundings(
    table: Table, units: Mapping[Slug, Unit], openings: tuple[Opening, ...], article: str
) -> Surroundings:
    if not openings:
        table.wrong("jours", "on ne sait pas quels jours cette activité a lieu", 'écrivez jours = ["lundi", "mardi"]')
    sessions, published = _sessions(table)
    return Surroundings(
        units=tuple(units.values()),
        sessions=sessions,
        published=published,
        weekdays=frozenset[int]().union(*(opening.weekdays for opening in openings)),
        article=article,
    )


def read_labels(table: Table, key: str) -> Mapping[Slug, str]:
    """A section of names and what they are called."""
    labels = table.table(key)
    if labels is None:
        return MappingProxyType({})
    return MappingProxyType({slug: labels.text(slug) for slug in labels.slug_keys()})


def _activity_deadlines(
    table: Table, units: Mapping[Slug, Unit], around: Surroundings
) -> tuple[DeadlineRule | None, DeadlineRule | None]:
    book, cancel = read_deadlines(table, replace(around, units=tuple(u for u in units.values() if u.book is None)))
    unknown = {
        word: key
        for rule, own, key, word in (
            (book, [unit.book for unit in units.values()], "delai_reservation", "réserver"),
            (cancel, [unit.cancel for unit in units.values()], "delai_annulation", "annuler"),
        )
        if rule is None and not (own and all(own))
    }
    if unknown:
        path = ".".join(map(str, table.path))
        key = "delai" if len(unknown) > 1 else next(iter(unknown.values()))
        remedy = f"écrivez [{path}.{key}], avec type = \"aucun\" s'il n'y en a pas"
        table.wrong("", f"on ne sait pas jusqu'à quand on peut {' ni '.join(unknown)}", remedy)
    return book, cancel


def _base_opening(table: Table, units: Mapping[Slug, Unit], own: tuple[Opening, ...]) -> tuple[Opening, ...]:
    weekdays, seasons, span = table.weekdays("jours"), read_seasons(table) or SCHOOL_DAYS, read_span(table)
    apart = frozenset[Slug]().union(*(opening.units for opening in own))
    left = frozenset(units) - apart
    if not weekdays or not left:
        return ()
    base = Opening(
        weekdays=weekdays,
        seasons=seasons,
        span=span,
        units=left if apart else frozenset(),
        sites=frozenset(),
        groups=frozenset(),
    )
    return (base,)


def _openings(
    table: Table, units: Mapping[Slug, Unit], sites: Mapping[Slug, str], groups: Mapping[Slug, str]
) -> tuple[Opening, ...]:
    found: list[Opening] = []
    for own in table.tables("ouvertures"):
        weekdays = own.weekdays("jours")
        if not weekdays:
            own.wrong("jours", "on ne sait pas quels jours", 'écrivez jours = ["lundi", "mardi"]')
        opening = Opening(
            weekdays=weekdays,
            seasons=read_seasons(own) or SCHOOL_DAYS,
            span=read_span(own),
            units=frozenset(own.slugs("unites", units)),
            sites=frozenset(own.slugs("sites", sites)),
            groups=frozenset(own.slugs("groupes", groups)),
        )
        own.close()
        found.append(opening)
    return tuple(found)


def _sessions(table: Table) -> tuple[Sessions, tuple[Session, ...]]:
    if not table.has("sessions"):
        return Sessions.NONE, ()
    if isinstance(table.values["sessions"], str):
        return table.choice("sessions", SESSIONS_WORDS), ()
    found = sorted(((own, _session(own)) for own in table.tables("sessions")), key=lambda pair: pair[1].first_day)
    for (_, before), (own, after) in pairwise(found):
        if after.first_day <= before.last_day:
            own.wrong("premier_jour", f"cette session chevauche « {before.name} »", "écartez leurs dates")
    return Sessions.PUBLISHED, tuple(session for _, session in found)


def _session(own: Table) -> Session:
    session = Session(
        name=own.text("nom", example="Printemps"),
        first_day=own.day("premier_jour"),
        last_day=own.day("dernier_jour"),
        opens_at=own.wall("ouverture"),
        last_minute=own.wall("limite"),
    )
    if session.last_day < session.first_day:
        own.wrong("dernier_jour", "cette session finit avant de commencer", "échangez les deux dates")
    own.close()
    return session
