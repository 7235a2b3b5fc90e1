"""A history read and told: which lines there are, their items in order, and how an item is shown."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from types import MappingProxyType
from typing import Any, Final

from starlette.concurrency import run_in_threadpool

from api.asking import Reader, Rows
from api.french_access import ROLES
from api.french_history import sentence
from api.history_words import HistoryWords
from api.known_at import once_followed
from ledger.identifiers import ActivationId, ChildId, Commune, HouseholdId, Stream
from ledger.rows import Row
from ledger.streams import child_page, household_page, kind_of, payer_page
from projections import lines as questions
from projections import town
from replay.causes import Cause
from replay.timeline import Changed, Item, Line, Move, Stay, Timeline, in_order, known_at, stays
from rulebook.town import Rules

AT_ONCE: Final = 500
"""Lines read and told together: what a whole history holds of memory, beside its pages as they stand."""
CALENDAR: Final = "calendar_days"
ATTENDANCE: Final = "attendance"
ACCOUNT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "demandes": "demande",
        "children": "membership",
        "enrolments": "enrolment",
        "custody": "custody",
        "guardians": "guardian",
        "household_people": "person",
        "family_keys": "key",
        "quotients": "quotient",
        "tariff_statuses": "tariff_status",
        "meals_brought": "meal",
        "titres": "titre",
        "payments": "payment",
        "mandates": "mandate",
        "direct_debits": "direct_debit",
        "payers": "balance",
        "activations": "activation",
        "erased_people": "erasure",
    }
)
"""What of a family's account a line changed, by the table that shows it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Which lines of a history are asked for. `until` is excluded."""

    since: datetime | None = None
    until: datetime | None = None
    kind: str | None = None
    """The name of a fact, without its version."""

    def keeps(self, line: Line) -> bool:
        """Whether a line is one of them."""
        return (
            (self.since is None or line.recorded_at >= self.since)
            and (self.until is None or line.recorded_at < self.until)
            and (self.kind is None or line.type.partition(".")[0] == self.kind)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """Every line that may be told, in order, and what they are told with."""

    commune: Commune
    lines: list[Line]
    rules: Rules
    stays: Mapping[Stream, list[Stay]]
    """Of which households each child was, and while."""
    activations: Mapping[tuple[str, str], ActivationId] = field(default_factory=dict)

    def about(self, shown: Sequence[Line]) -> set[str]:
        """Whom these lines are about: children, and every household each was of when they were written."""
        found: set[str] = set()
        for line in shown:
            found.add(identifier_of(line.stream))
            found.update(stay.household for stay in self.stays.get(line.stream, ()) if stay.covers(line.version))
        return found


def identifier_of(stream: Stream) -> str:
    """The child or the household a page is of."""
    return stream.rsplit("/", 1)[1]


async def of_child(reader: Reader, commune: Commune, child: ChildId, *, as_of: datetime | None) -> Story:
    """What happened to a child, in every household it was of."""
    stream = child_page(commune, child)
    index, moved, versions = await reader.ask(
        commune,
        questions.index(commune, [stream]),
        questions.moves(commune, [child]),
        town.rulebooks(commune, known_at=as_of),
    )
    rules = await reader.rules(commune, versions)
    return Story(commune=commune, lines=in_order(known_at(_lines(index), as_of)), rules=rules, stays=_stays(moved))


async def of_household(
    reader: Reader, commune: Commune, household: HouseholdId, *, now: datetime, as_of: datetime | None
) -> Story:
    """What happened to a household, and to each of its children while they were of it.

    Those who left it are known behind the seal: as long as it has not come to the instant, `past_not_ready` is raised.
    """
    [rows] = await once_followed(reader, commune, as_of or now, questions.children_ever(commune, household))
    children = [ChildId(row["child"]) for row in rows]
    own = [household_page(commune, household), payer_page(commune, household)]
    streams = [*own, *(child_page(commune, child) for child in children)]
    index, moved, activated, versions = await reader.ask(
        commune,
        questions.index(commune, streams),
        questions.moves(commune, children),
        questions.activations_of(commune, household),
        town.rulebooks(commune, known_at=as_of),
    )
    found = _stays(moved)

    def its_own(line: Line) -> bool:
        here = (stay for stay in found.get(line.stream, ()) if stay.household == household)
        return line.stream in own or any(stay.covers(line.version) for stay in here)

    activations = {(row["guardian"], row["decided_at"].isoformat()): row["activation"] for row in activated}
    lines = [line for line in in_order(known_at(_lines(index), as_of)) if its_own(line)]
    rules = await reader.rules(commune, versions)
    return Story(commune=commune, lines=lines, rules=rules, stays=found, activations=activations)


def _lines(rows: Rows) -> list[Line]:
    return [Line(**row) for row in rows]


def _stays(rows: Rows) -> dict[Stream, list[Stay]]:
    return stays(Move(**row) for row in rows)


async def told(reader: Reader, story: Story, wanted: Sequence[Line]) -> AsyncIterator[Item]:
    """These lines, the oldest first, each as an item; read and folded some hundreds at a time, no further."""
    timeline = Timeline(story.activations)
    for start in range(0, len(wanted), AT_ONCE):
        some = wanted[start : start + AT_ONCE]
        by_place = {(line.stream, line.version): line for line in some}
        found: dict[tuple[Stream, int], Item] = {}
        while spans := timeline.missing(some, at_once=AT_ONCE):
            rows = await reader.ask(
                story.commune,
                *(questions.stored(story.commune, span.stream, after=span.after, upto=span.upto) for span in spans),
            )
            assert all(rows), "a line that was there is there no more"
            found |= await run_in_threadpool(timeline.read, chain.from_iterable(rows), by_place)
        for place in by_place:
            yield found.pop(place)


# How it is shown ------------------------------------------------------------------------------------------------------


def rendered(item: Item, words: HistoryWords) -> dict[str, Any]:
    """An item as every answer shows it."""
    line, signature = item.line, item.entry.signature
    kind, name = kind_of(line.stream), identifier_of(line.stream)
    return {
        "child": name if kind == "child" else None,
        "household": name if kind in ("household", "payer") else None,
        "page": kind,
        "version": line.version,
        "position": line.position,
        "type": line.type,
        "recorded_at": signature.recorded_at,
        "happened_at": signature.happened_at,
        "actor": signature.actor,
        "role": signature.role,
        "role_label": ROLES.get(signature.role, signature.role),
        "client": signature.client,
        "command": signature.command,
        "correlation": signature.correlation,
        "sentence": sentence(item, words),
        "cause": _cause(item.cause),
        "data": item.data,
        "changes": {
            "calendar": [_box(changed) for changed in item.changes if changed.table == CALENDAR],
            "attendance": [_box(changed) for changed in item.changes if changed.table == ATTENDANCE],
            "account": [_account(changed) for changed in item.changes if changed.table in ACCOUNT],
        },
    }


def _cause(cause: Cause) -> dict[str, Any]:
    asked = cause.asked
    return {
        "demande": cause.demande,
        "asked": None
        if asked is None
        else {"version": asked.version, "actor": asked.actor, "role": asked.role, "origin": asked.origin},
        "decided_by": cause.decided_by,
        "article": cause.article,
        "key": cause.key,
        "activation": cause.activation,
        "first": cause.first,
        "corrects": cause.corrects,
    }


def _box(changed: Changed) -> dict[str, Any]:
    """A day, whole before and after: what stood in the box says more than what differs."""
    return {**changed.key, "before": _named(changed.before), "after": _named(changed.after)}


def _account(changed: Changed) -> dict[str, Any]:
    before, after = changed.differing()
    return {"what": ACCOUNT[changed.table], "key": changed.key, "before": _named(before), "after": _named(after)}


def _named(row: Row | None) -> Row | None:
    """A row under the names answers use."""
    return None if row is None else {"group" if name == "child_group" else name: row[name] for name in row}
