"""What the machine plays in: a town on a store, and what must always be true of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from itertools import count
from typing import Any

import orjson
from hypothesis.stateful import RuleBasedStateMachine, invariant

from commands.adopt_rulebook import AdoptRulebook
from commands.enrol_child import EnrolChild
from commands.execute import Request, execute
from commands.households_of_child import JoinHousehold
from commands.outcome import Accepted, Command, Outcome, Refused
from commands.register_household import OpenHousehold, RegisterChild
from ledger.child import Child, evolve
from ledger.entry import Entry
from ledger.events import Demanded
from ledger.holdings import held
from ledger.identifiers import ChildId, Commune, EnrolmentId, Slug, new_id
from ledger.snapshots import pack, unpack
from ledger.store import Answer, Once
from ledger.streams import child_page
from projections.inline import project
from tests.properties.model import DAYS, FIRST_DAY, LAST_DAY, LIMITS, Box, Model
from tests.spec import once, signed
from tests.stores import KEYS, Kept, Rows, by_key, cold
from tests.town import AWA, DIALLO, MATTEO, MOUSSA, ROSSI, RULEBOOK, VALMONT, at

NOW = at("2024-03-04 10:00")
FOLDED = ("calendar_days", "demandes", "attendance", "enrolments", "children", "custody")
LATER = at("2024-04-10 10:00")
"""Every day of the machine has come, and may still be said absent."""
CHILDREN = {person.id: person for person in (MATTEO, AWA, MOUSSA)}
PARENTS = (ROSSI, DIALLO)
"""The households of Matteo."""
TOWNS = count(1)


class Town(RuleBasedStateMachine):
    """A small town in which everything may be asked. Each example is a town of its own."""

    def __init__(self, make: Callable[[], Kept]) -> None:
        super().__init__()
        self.kept, self.model, self.now = make(), Model(), NOW
        self.town = Commune(f"town-{next(TOWNS)}")
        self.enrolments: dict[tuple[str, str], EnrolmentId] = {}
        self.asked: list[tuple[Command, Once, Answer]] = []
        self.before = self.model.taken()
        self.must(AdoptRulebook(content=RULEBOOK.replace(f'"{VALMONT}"', f'"{self.town}"')))
        for person in CHILDREN.values():
            self.ask(OpenHousehold(household=person.household))
            self.must(RegisterChild(child=person.id, household=person.household))
            self.model.through[person.id] = person.household
            for slug in DAYS:
                self.enrol(person.id, slug, FIRST_DAY)
        self.must(JoinHousehold(child=MATTEO.id, household=DIALLO))

    def ask(self, command: Command, key: Once | None = None) -> tuple[Outcome, list[int], bool]:
        """What came of it, the numbers given, and whether it was answered before."""
        request = Request(commune=self.town, command=command, signature=signed(self.now))
        key = key or once(body=repr(command).encode())

        def answer(result: Any) -> Answer:
            facts = [entry.fact for entry in result.prepared.entries]
            given = sorted({fact.demande for fact in facts if isinstance(fact, Demanded)})
            return Answer(status=200 if isinstance(result.outcome, Accepted) else 409, body=orjson.dumps(given))

        result, kept = execute(self.kept.store, request, once=key, respond=answer)
        if not kept.replayed:
            self.asked.append((command, key, kept.answer))
        return result.outcome, orjson.loads(kept.answer.body), kept.replayed

    def must(self, command: Command) -> list[int]:
        outcome, numbers, _ = self.ask(command)
        assert isinstance(outcome, Accepted), outcome
        return numbers

    def refused(self, command: Command) -> set[tuple[Any, Any, str]]:
        outcome, _, _ = self.ask(command)
        assert isinstance(outcome, Refused), outcome
        return {(refusal.day, refusal.unit, refusal.code) for refusal in outcome.refusals}

    def enrol(self, child: str, slug: str, first_day: date) -> None:
        self.enrolments[child, slug] = EnrolmentId(new_id())
        command = EnrolChild(
            child=ChildId(child),
            enrolment=self.enrolments[child, slug],
            activity=Slug(slug),
            first_day=first_day,
            last_day=LAST_DAY,
            site=Slug("centre") if slug == "cantine" else None,
            group=Slug("grands") if slug == "mercredis" else None,
        )
        self.must(command)
        self.model.enrolled.setdefault((child, slug), []).append((first_day, LAST_DAY))

    # What is always true

    @invariant()
    def places_are_what_the_boxes_hold(self) -> None:
        taken = self.model.taken()
        held_by = {(key.activity, key.unit, key.day): n for key, n in self.kept.taken(self.town).items()}
        assert held_by == dict(taken)
        from_pages = sum((held(child, child.slots) for child in self.pages().values()), start=type(taken)())
        assert from_pages == self.kept.taken(self.town)
        for place, number in taken.items():
            limit = self.model.limit(place)
            assert limit is None or number <= max(limit, self.before[place]), f"{place} was overbooked"
        self.before = taken

    def pages(self) -> dict[str, Child]:
        """The children, read by a process that just started."""
        reader, _ = cold(self.kept)
        found = {}
        for child in CHILDREN:
            page = reader.read(child_page(self.town, child))
            assert replace(page.state, latest=None) == replace(
                self.kept.store.child(self.town, child).state, latest=None
            )
            found[child] = page.state
        return found

    @invariant()
    def read_models_are_the_fold_of_the_facts(self) -> None:
        folded: dict[str, Rows] = {table: {} for table in FOLDED}
        for child in CHILDREN:
            state: Child | None = None
            for line in self.kept.lines(child_page(self.town, child)):
                state = evolve(state, [line])
                assert state is not None
                _apply(folded, line, state)
            assert state is not None
            again = unpack(orjson.loads(orjson.dumps(pack(state))))
            assert again == replace(state, latest=None)
        for table, rows in folded.items():
            assert self.kept.rows(self.town, table) == rows, table

    @invariant()
    def what_is_shown_is_what_the_model_says(self) -> None:
        calendar = self.kept.rows(self.town, "calendar_days").values()
        assert {
            Box(row["child"], row["activity"], row["day"], row["unit"]): (row["state"], row["absence"], row["demande"])
            for row in calendar
        } == {
            box: (ticked.state, ticked.absence, ticked.removal or ticked.demande)
            for box, ticked in self.model.boxes.items()
        }
        demandes = self.kept.rows(self.town, "demandes").values()
        assert {row["number"]: row["status"] for row in demandes} == {
            number: asked.status for number, asked in self.model.demandes.items()
        }
        sheet = self.kept.rows(self.town, "attendance").values()
        assert {
            Box(row["child"], row["activity"], row["day"], row["unit"]): row["presence"] for row in sheet
        } == self.model.attendance
        assert set(LIMITS) == set(DAYS)


def _apply(folded: dict[str, Rows], line: Entry, state: Child) -> None:
    for change in project(line, state):
        if change.table not in folded:
            continue
        (row,) = by_key(change.table, [{**change.row}]).values()
        key = tuple(row[name] for name in KEYS[change.table])
        if type(change).__name__ == "Put":
            folded[change.table][key] = row
        else:
            folded[change.table].pop(key, None)
