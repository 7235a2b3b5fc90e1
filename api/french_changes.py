"""What a line changed, in short French lines: what was there before, what is there since."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from api.french import STATUSES
from api.french_erasure import ROLES as PEOPLE
from api.french_export import STATES, euros
from api.french_formalities import KINDS
from api.french_history_bills import BILLING_ACCOUNT
from api.french_tariffs import REGIMES, RESIDENCES
from api.french_told import counted
from api.history_words import HistoryWords, lowered, period, short
from ledger.identifiers import Slug
from ledger.rows import Row
from replay.timeline import Changed
from rulebook.french_dates import french_date

STANDINGS: Final[Mapping[str, str]] = MappingProxyType(
    {"active": "actif", "account_suspended": "compte suspendu", "suspended": "suspendu"}
)
HOLDER: Final = "titulaire"
Described = Callable[[Row, Row, HistoryWords], str]


def lines(changes: tuple[Changed, ...], words: HistoryWords) -> Iterator[tuple[str, str]]:
    """Each change as `-` what was and `+` what is; days that changed alike share a line."""
    yield from _boxes([changed for changed in changes if changed.table == "calendar_days"], _box, words)
    yield from _boxes([changed for changed in changes if changed.table == "attendance"], _presence, words)
    for changed in changes:
        describe = ACCOUNT.get(changed.table)
        if describe is None:
            continue
        before = None if changed.before is None else describe(changed.key, changed.before, words)
        after = None if changed.after is None else describe(changed.key, changed.after, words)
        if before != after:
            yield from _signed(before, after)


def _signed(before: str | None, after: str | None) -> Iterator[tuple[str, str]]:
    if before is not None:
        yield "-", before
    if after is not None:
        yield "+", after


def _boxes(
    changes: list[Changed], label: Callable[[Row, HistoryWords], str], words: HistoryWords
) -> Iterator[tuple[str, str]]:
    groups: dict[tuple[Slug, str | None, str | None], list[tuple[Slug, date]]] = {}
    for changed in changes:
        before = None if changed.before is None else label(changed.before, words)
        after = None if changed.after is None else label(changed.after, words)
        if before != after:
            group = changed.key["activity"], before, after
            groups.setdefault(group, []).append((changed.key["unit"], changed.key["day"]))
    for (activity, before, after), boxes in groups.items():
        days = words.days(activity, boxes).removeprefix("du ").removeprefix("des ").removeprefix("de ")
        for sign, said in _signed(before, after):
            yield sign, f"{days} : {said}"


def _box(row: Row, _: HistoryWords) -> str:
    return box_label(row["state"], row["absence"])


def box_label(state: str, absence: str | None) -> str:
    """What stands in a box of the calendar: réservé, absence justifiée."""
    said = lowered(STATES[state])
    return f"{said}, absence {lowered(STATES[absence])}" if absence else said


def _presence(row: Row, words: HistoryWords) -> str:
    times = [f"{name} à {words.time(row[column])}" for name, column in TIMES.items() if row[column] is not None]
    return ", ".join([lowered(STATES[row["presence"]]), *times])


TIMES: Final[Mapping[str, str]] = MappingProxyType({"arrivée": "arrived_at", "départ": "left_at"})


def _demande(key: Row, row: Row, _: HistoryWords) -> str:
    return f"demande n° {key['number']} ({lowered(KINDS[row['kind']])}) : {lowered(STATUSES[row['status']])}"


def _membership(key: Row, row: Row, _: HistoryWords) -> str:
    custody = ", garde alternée" if row["custody"] else ""
    return (
        f"enfant {short(key['child'])} du foyer {short(key['household'])}{custody}{', effacé' if row['erased'] else ''}"
    )


def _enrolment(_: Row, row: Row, words: HistoryWords) -> str:
    where = words.where(row["activity"], row["site"], row["child_group"], row["first_day"])
    place = f" ({', '.join(where)})" if where else ""
    activity = words.activity(row["activity"], row["first_day"])
    return f"inscription à {activity}{place} {period(row['first_day'], row['last_day'])}"


def _custody(key: Row, row: Row, _: HistoryWords) -> str:
    first = french_date(date.fromisoformat(str(row["statement"]["first_day"])))
    return (
        f"garde alternée de l'enfant {short(key['child'])}, déclarée à la ligne {key['ordinal']}, à partir du {first}"
    )


def _guardian(key: Row, row: Row, _: HistoryWords) -> str:
    holder = f"{HOLDER}, " if row["holder"] else ""
    account = "avec un compte" if row["subject"] else "sans compte"
    return f"responsable {short(key['guardian'])} : {holder}{account}, {STANDINGS[row['standing']]}"


def _person(key: Row, row: Row, _: HistoryWords) -> str:
    collects = ", peut venir chercher les enfants" if row["collects"] else ""
    return f"personne {short(key['person'])} : {lowered(PEOPLE[row['role']])}{collects}"


def _key(key: Row, row: Row, words: HistoryWords) -> str:
    state = "révoquée" if row["revoked"] else f"valable jusqu'au {words.instant(row['expires_at'])}"
    return f"Clé Enfance {short(key['key'])} : {counted(row['used'], 'utilisation')} sur {row['uses']}, {state}"


def _quotient(_: Row, row: Row, __: HistoryWords) -> str:
    return f"quotient familial de {euros(row['amount_cents'])} à partir du {french_date(row['first_day'])}"


def _status(_: Row, row: Row, __: HistoryWords) -> str:
    since = french_date(row["first_day"])
    return f"{lowered(RESIDENCES[row['residence']])}, régime {REGIMES[row['regime']]}, à partir du {since}"


def _meal(_: Row, row: Row, words: HistoryWords) -> str:
    begins = "repas apporté" if row["brought"] else "repas plus apporté"
    return f"{begins} ({words.activity(row['activity'], row['first_day'])}) à partir du {french_date(row['first_day'])}"


def _erasure(key: Row, row: Row, _: HistoryWords) -> str:
    return f"personne {short(key['person'])} effacée, accord {row['agreement']}"


ACCOUNT: Final[Mapping[str, Described]] = MappingProxyType(
    {
        "demandes": _demande,
        "children": _membership,
        "enrolments": _enrolment,
        "custody": _custody,
        "guardians": _guardian,
        "household_people": _person,
        "family_keys": _key,
        "quotients": _quotient,
        "tariff_statuses": _status,
        "meals_brought": _meal,
        "erased_people": _erasure,
        **BILLING_ACCOUNT,
    }
)
"""What of the account each row says, by its table."""


def described(table: str, row: Row, words: HistoryWords) -> str:
    """A row of the account as it stood, under all of its columns."""
    said: Any = ACCOUNT[table](row, row, words)
    return str(said)
