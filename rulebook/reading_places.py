"""Places and absences, read from their sections."""

from collections.abc import Mapping
from typing import Final

from ledger.days import Season
from ledger.identifiers import Slug
from rulebook.reading_rules import check_order
from rulebook.rulebook import AbsenceRule, Capacity, Instruction, Sharing
from rulebook.tables import Table
from rulebook.timing import Skip, Span
from rulebook.words import INSTRUCTION_WORDS, SEASON_WORDS, SHARING_WORDS, SKIP_WORDS, one_of, plain

MOST_PLACES: Final = 100_000
MOST_DAYS_AFTER: Final = 400
MOST_WAITING_DAYS: Final = 60
UNLIMITED: Final = "illimite"
ALWAYS_WORDS: Final = {"obligatoire": True, "facultatif": False}


def read_places(
    table: Table, units: Mapping[Slug, object], sites: Mapping[Slug, str], groups: Mapping[Slug, str]
) -> tuple[Sharing, tuple[Capacity, ...]]:
    """How places are shared and counted: the general number, then the narrower ones, then the rules in order."""
    sharing = table.choice("par", SHARING_WORDS, Sharing.ALL)
    lines: list[Capacity] = []
    if table.has("nombre"):
        lines.append(_line(_places(table, "nombre"), Span()))
    for key, known in (("unites", units), ("sites", sites), ("groupes", groups)):
        narrower = table.table(key)
        if narrower is None:
            continue
        _check_shared(narrower, sharing, key)
        for slug in narrower.slug_keys():
            if slug not in known:
                narrower.wrong(slug, f"« {slug} » n'est pas déclaré dans cette activité", one_of(known))
            chosen = {key: frozenset({slug})}
            lines.append(
                _line(
                    _places(narrower, slug),
                    Span(),
                    units=chosen.get("unites", frozenset()),
                    sites=chosen.get("sites", frozenset()),
                    groups=chosen.get("groupes", frozenset()),
                )
            )
    lines += [_rule(rule, sharing, units, sites, groups) for rule in table.tables("regles")]
    table.close()
    return sharing, tuple(lines)


def read_absence(table: Table, instruction: Instruction, article: str, reasons: Mapping[Slug, str]) -> AbsenceRule:
    """How an absence is declared, and what stays billed."""
    own_reasons = frozenset(table.slugs("motifs", reasons)) or frozenset(reasons)
    if table.choice("justificatif", ALWAYS_WORDS, default=False):
        documented = own_reasons
        table.has("justificatif_pour")
    else:
        documented = frozenset(table.slugs("justificatif_pour", own_reasons))
    days_after = table.number("jours_apres", 0, MOST_DAYS_AFTER) if table.has("jours_apres") else None
    rule = AbsenceRule(
        article=table.text("article", article),
        instruction=table.choice("instruction", INSTRUCTION_WORDS, instruction),
        days_after=days_after,
        skipped=frozenset[Skip]().union(*table.choices("ne_comptent_pas", SKIP_WORDS)),
        reasons=own_reasons,
        document_reasons=documented,
        notice_at=table.clock("prevenir_avant"),
        notice_days_before=table.number("prevenir_jours_avant", 0, 30, 0),
        waiting_days=table.number("carence_jours", 0, MOST_WAITING_DAYS, 0),
        waiting_hours=table.number("carence_heures", 0, 24 * MOST_WAITING_DAYS, 0),
        minimum_run_days=table.number("jours_consecutifs", 1, MOST_WAITING_DAYS, 1),
    )
    if rule.waiting_days and rule.waiting_hours:
        table.wrong("carence_heures", "la carence est écrite deux fois", "gardez carence_jours ou carence_heures")
    table.close()
    return rule


def read_span(table: Table) -> Span:
    """From « du » to « au », both included."""
    first, last = table.bound("du"), table.bound("au")
    check_order(table, "au", first, last)
    return Span(first=first, last=last)


def read_seasons(table: Table) -> frozenset[Season]:
    """When: school days, holidays, or both; empty when nothing is written."""
    return frozenset[Season]().union(*table.choices("quand", SEASON_WORDS))


def _rule(
    table: Table, sharing: Sharing, units: Mapping[Slug, object], sites: Mapping[Slug, str], groups: Mapping[Slug, str]
) -> Capacity:
    places = _places(table, "nombre")
    chosen_sites, chosen_groups = table.slugs("sites", sites), table.slugs("groupes", groups)
    if chosen_sites:
        _check_shared(table, sharing, "sites")
    if chosen_groups:
        _check_shared(table, sharing, "groupes")
    line = Capacity(
        places=places,
        units=frozenset(table.slugs("unites", units)),
        sites=frozenset(chosen_sites),
        groups=frozenset(chosen_groups),
        weekdays=table.weekdays("jours"),
        seasons=read_seasons(table),
        span=read_span(table),
    )
    table.close()
    return line


def _line(
    places: int | None,
    span: Span,
    *,
    units: frozenset[Slug] = frozenset(),
    sites: frozenset[Slug] = frozenset(),
    groups: frozenset[Slug] = frozenset(),
) -> Capacity:
    return Capacity(
        places=places, units=units, sites=sites, groups=groups, weekdays=frozenset(), seasons=frozenset(), span=span
    )


def _places(table: Table, key: str) -> int | None:
    value = table.values.get(key)
    if isinstance(value, str) and plain(value[:32]).startswith(UNLIMITED):
        table.has(key)
        return None
    return table.number(key, 0, MOST_PLACES)


def _check_shared(table: Table, sharing: Sharing, key: str) -> None:
    if key == "groupes" and sharing not in (Sharing.GROUP, Sharing.SITE_AND_GROUP):
        table.wrong("", "les places ne sont pas comptées par groupe", 'écrivez par = "groupe" dans « places »')
    if key == "sites" and sharing not in (Sharing.SITE, Sharing.SITE_AND_GROUP):
        table.wrong("", "les places ne sont pas comptées par site", 'écrivez par = "site" dans « places »')
