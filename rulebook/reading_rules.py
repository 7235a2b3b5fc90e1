"""Deadlines, openings and graces, read from their sections."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, time
from typing import Final

from rulebook.reading_kinds import KINDS, Read, Surroundings, counts_hours, need_start
from rulebook.rulebook import Grace
from rulebook.tables import Table
from rulebook.timing import (
    AnnualDay,
    DeadlineRule,
    Late,
    OpeningRule,
    PublishedDate,
    Skip,
    Span,
    YearlyDay,
)
from rulebook.words import (
    LATE_WORDS,
    MOVE_WORDS,
    SERVICE_START,
    VERB_WORDS,
    WEEKDAYS,
    parse_clock,
    plain,
)

END_OF_DAY: Final = time(23, 59)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inherited:
    """What an exception takes from the rule it excepts, unless it says otherwise."""

    at: time | None
    late: Late
    article: str


def read_deadlines(table: Table, around: Surroundings) -> tuple[DeadlineRule | None, DeadlineRule | None]:
    """The rule to book and the rule to cancel of an activity or a unit; None where nothing is written."""
    rules: list[DeadlineRule | None] = []
    common = table.table("delai")
    shared = None if common is None else read_rule(common, around, None)
    for key in ("delai_reservation", "delai_annulation"):
        own = table.table(key)
        rules.append(shared if own is None else read_rule(own, around, None))
    return rules[0], rules[1]


def read_rule(table: Table, around: Surroundings, above: Inherited | None) -> DeadlineRule:
    """One deadline with its exceptions, which inherit its hour, its lateness and its article."""
    article = table.text("article", above.article if above else table.article or around.article)
    late = table.choice("retard", LATE_WORDS, above.late if above else "refuse")
    at = _hour(table, around, above.at if above else END_OF_DAY)
    inherited = Inherited(at=at, late=late, article=article)
    cases = _cases(table, around, inherited) if above is None else {}
    back = table.table("apres_vacances") if above is None else None
    after_holidays = None if back is None else read_rule(back, around, inherited)
    when, skipped = None, frozenset[Skip]()
    if table.has("type") or not cases:
        when, skipped = _counted(table, around)
    elif missing := sorted(around.weekdays - cases.keys()):
        names = ", ".join(WEEKDAYS[day] for day in missing)
        table.wrong("cas", f"aucune règle pour : {names}", "ajoutez un cas, ou un « type » pour les autres jours")
    move = table.choice("report", MOVE_WORDS, MOVE_WORDS["aucun"])
    table.close()
    return DeadlineRule(
        when=when,
        at=at,
        skipped=skipped,
        move=move,
        late=late,
        article=article,
        by_weekday=cases,
        after_holidays=after_holidays,
    )


def read_opening(table: Table, around: Surroundings) -> OpeningRule:
    """From which instant days may be booked."""
    already = len(table.found)
    when, skipped = _counted(table, around)
    if len(table.found) > already:
        when = YearlyDay(annual=AnnualDay(1, 1))
    elif when is None or skipped or isinstance(when, PublishedDate) or counts_hours(when):
        table.wrong(
            "type",
            "une ouverture ne se compte pas ainsi",
            'écrivez "jours", "semaines", "mois", "jour de la semaine", "jour du mois" ou "date annuelle"'
            " ; une date publiée s'écrit dans la session (ouverture = …)",
        )
        when = YearlyDay(annual=AnnualDay(1, 1))
    at = table.clock("heure") or time()
    article = table.text("article", table.article or around.article)
    table.close()
    return OpeningRule(when=when, at=at, article=article)


def read_grace(table: Table, activities: Collection[str]) -> Grace:
    """A window of requests that are never late."""
    name = table.text("nom", example="Rentrée")
    requests = Span(first=table.bound("demandes_du"), last=table.bound("demandes_au"))
    if not table.has("demandes_au"):
        table.wrong("demandes_au", "il manque « demandes_au »", 'écrivez demandes_au = "30 septembre"')
    days = Span(first=table.bound("jours_du"), last=table.bound("jours_au"))
    for first, last, key in ((requests.first, requests.last, "demandes_au"), (days.first, days.last, "jours_au")):
        check_order(table, key, first, last)
    grace = Grace(
        name=name,
        article=table.text("article", ""),
        requests=requests,
        days=days,
        activities=frozenset(table.slugs("activites", activities)),
        verbs=table.choice("pour", VERB_WORDS, VERB_WORDS["les deux"]),
    )
    table.close()
    return grace


def check_order(table: Table, key: str, first: date | AnnualDay | None, last: date | AnnualDay | None) -> None:
    """Report a span that ends before it begins, or that only half comes back every year."""
    if first is not None and last is not None and isinstance(first, date) != isinstance(last, date):
        table.wrong(
            key, "une seule de ces deux dates a une année", "écrivez les deux avec leur année, ou les deux sans année"
        )
    if isinstance(first, date) and isinstance(last, date) and last < first:
        table.wrong(key, "cette période finit avant de commencer", "échangez les deux dates")


def _counted(table: Table, around: Surroundings) -> Read:
    """How a rule counts; of a type that is unknown, no other key can be judged."""
    already = len(table.found)
    kind = table.choice("type", KINDS)
    if len(table.found) > already:
        table.asked.update(table.values)
        return None, frozenset()
    return kind(table, around)


def _cases(table: Table, around: Surroundings, inherited: Inherited) -> dict[int, DeadlineRule]:
    found: dict[int, DeadlineRule] = {}
    for case in table.tables("cas"):
        weekdays = case.weekdays("jours")
        if not weekdays:
            case.wrong("jours", "ce cas ne dit pas pour quels jours", 'écrivez jours = ["lundi", "mardi"]')
        for weekday in sorted(weekdays & found.keys()):
            case.wrong("jours", f"{WEEKDAYS[weekday]} a déjà une règle", "gardez un seul cas par jour")
        rule = read_rule(case, around, inherited)
        found.update((weekday, rule) for weekday in sorted(weekdays))
    return found


def _hour(table: Table, around: Surroundings, default: time | None) -> time | None:
    if not table.has("heure"):
        return default
    word = table.values["heure"]
    if isinstance(word, str) and parse_clock(word[:32]) is None and plain(word[:32]) == SERVICE_START:
        need_start(table, "heure", around)
        return None
    return table.clock("heure")
