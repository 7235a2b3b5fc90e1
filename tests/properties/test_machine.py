"""Anything families, agents and the town may do, in any order, against a simple model; on both stores."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from typing import Any

import orjson
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from commands.adopt_rulebook import AdoptRulebook
from commands.change_capacity import ChangeCapacity
from commands.close_day import CloseDay, ReopenDay
from commands.decide_demandes import DecideDemandes, Decision
from commands.declare_absence import DeclareAbsence
from commands.enrol_child import EndEnrolment, EnrolChild
from commands.execute import Request, execute
from commands.outcome import Accepted, Command, Outcome, Refused
from commands.record_attendance import Mark, RecordAttendance
from commands.register_household import OpenHousehold, RegisterChild
from commands.submit_demande import SubmitDemande, Wish
from commands.withdraw_demande import WithdrawDemande
from ledger.child import Child, evolve
from ledger.entry import Entry
from ledger.events import Demanded
from ledger.holdings import held
from ledger.identifiers import ChildId, Commune, DemandeNumber, EnrolmentId, Slug, new_id
from ledger.snapshots import pack, unpack
from ledger.store import Answer, KeyReusedError, Once
from ledger.streams import child_page
from projections.inline import project
from tests.properties.model import DAYS, FIRST_DAY, LAST_DAY, LIMITS, UNITS, Box, Model
from tests.servers import Database
from tests.spec import once, signed
from tests.stores import KEYS, InMemory, Kept, Rows, by_key, cold, on_postgres
from tests.town import AWA, MATTEO, MOUSSA, RULEBOOK, VALMONT, at

NOW = at("2024-03-04 10:00")
CHILDREN = {person.id: person for person in (MATTEO, AWA, MOUSSA)}
SHEET_DAY = date(2024, 2, 6)
POOL = {"mercredis": "grands"}
TOWNS = count(1)

activities = st.sampled_from(sorted(DAYS))
children = st.sampled_from(sorted(CHILDREN))
boxes = activities.flatmap(
    lambda slug: st.builds(
        Box, children, st.just(slug), st.sampled_from(DAYS[slug]), st.sampled_from(sorted(UNITS[slug]))
    )
)
wishes = st.tuples(children, activities).flatmap(
    lambda who: st.dictionaries(
        st.builds(
            Box,
            st.just(who[0]),
            st.just(who[1]),
            st.sampled_from(DAYS[who[1]]),
            st.sampled_from(sorted(UNITS[who[1]])),
        ),
        st.sampled_from(["reserve", "reserve", "cancel"]),
        min_size=1,
        max_size=3,
    )
)
places = boxes.flatmap(lambda box: st.sampled_from([(box.activity, u, box.day) for u in UNITS[box.activity][box.unit]]))


class Town(RuleBasedStateMachine):
    """A small town in which everything may be asked. Each example is a town of its own."""

    def __init__(self, make: Callable[[], Kept]) -> None:
        super().__init__()
        self.kept, self.model = make(), Model()
        self.town = Commune(f"town-{next(TOWNS)}")
        self.enrolments: dict[tuple[str, str], EnrolmentId] = {}
        self.asked: list[tuple[Command, Once, Answer]] = []
        self.before = self.model.taken()
        self.must(AdoptRulebook(content=RULEBOOK.replace(f'"{VALMONT}"', f'"{self.town}"')))
        for person in CHILDREN.values():
            self.ask(OpenHousehold(household=person.household))
            self.must(RegisterChild(child=person.id, household=person.household))
            for slug in DAYS:
                self.enrol(person.id, slug, FIRST_DAY)

    def ask(self, command: Command, key: Once | None = None) -> tuple[Outcome, list[int], bool]:
        """What came of it, the numbers given, and whether it was answered before."""
        request = Request(commune=self.town, command=command, signature=signed(NOW))
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

    # Families

    @rule(wished=wishes)
    def submit(self, wished: dict[Box, str]) -> None:
        self.submit_all(wished)

    def submit_all(self, wished: dict[Box, str]) -> None:
        child, slug = next(iter(wished))[:2]
        command = SubmitDemande(
            children={ChildId(child): CHILDREN[ChildId(child)].household},
            activity=Slug(slug),
            wishes=[Wish(day=box.day, unit=Slug(box.unit), action=action) for box, action in wished.items()],  # type: ignore[arg-type]
        )
        expected = self.model.submit(wished)
        if expected:
            assert self.refused(command) == expected
        else:
            (number,) = self.must(command)
            self.model.submitted(number, wished)

    @rule(box=boxes)
    def reserve(self, box: Box) -> None:
        self.submit_all({box: "reserve"})

    @rule(box=boxes, other=boxes)
    def reserve_two(self, box: Box, other: Box) -> None:
        self.submit_all(
            {box: "reserve", box._replace(day=other.day if other.activity == box.activity else box.day): "reserve"}
        )

    @precondition(lambda self: self.model.having("reserved"))
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        self.submit_all({data.draw(st.sampled_from(self.model.having("reserved"))): "cancel"})

    @precondition(lambda self: self.model.having("reserved"))
    @rule(data=st.data())
    def swap(self, data: st.DataObject) -> None:
        old = data.draw(st.sampled_from(self.model.having("reserved")))
        new = old._replace(unit=data.draw(st.sampled_from(sorted(UNITS[old.activity]))))
        self.submit_all({new: "reserve", old: "cancel"})

    @precondition(lambda self: self.model.demandes)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.model.demandes)))
        command = WithdrawDemande(child=ChildId(self.model.demandes[number].child), number=DemandeNumber(number))
        if number in self.model.open_numbers():
            self.must(command)
            self.model.decided(number, set(), "withdrawn")
        else:
            assert self.refused(command) == {(None, None, "already_decided")}

    @precondition(lambda self: any(box.activity == "cantine" for box in self.model.boxes))
    @rule(data=st.data())
    def declare_absence(self, data: st.DataObject) -> None:
        box = data.draw(st.sampled_from(sorted(box for box in self.model.boxes if box.activity == "cantine")))
        command = DeclareAbsence(
            child=ChildId(box.child),
            household=CHILDREN[ChildId(box.child)].household,
            activity=Slug(box.activity),
            days=[(box.day, Slug(box.unit))],
            reason=Slug("sortie"),
        )
        ticked = self.model.boxes.get(box)
        if ticked is None or ticked.state == "awaiting_add":
            assert self.refused(command) == {(box.day, box.unit, "not_reserved")}
        elif ticked.absence in ("declared", "justified"):
            assert self.refused(command) == {(box.day, box.unit, "already_declared")}
        else:
            (number,) = self.must(command)
            self.model.declared(number, box)

    # Agents

    @precondition(lambda self: self.model.open_numbers())
    @rule(data=st.data())
    def accept(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(self.model.open_numbers()))
        self.decide(number, set(self.model.demandes[number].days))

    @precondition(lambda self: self.model.demandes)
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.model.demandes)))
        days = sorted(self.model.demandes[number].days)
        self.decide(number, set(data.draw(st.lists(st.sampled_from(days), unique=True))))

    def decide(self, number: int, approved: set[tuple[date, str, str]]) -> None:
        asked = self.model.demandes[number]
        decision = Decision(
            child=ChildId(asked.child),
            number=DemandeNumber(number),
            approved=frozenset((day, Slug(unit)) for day, unit, _ in approved),
            reason=Slug("autre"),
        )
        command = DecideDemandes(decisions=[decision])
        if asked.status != "en_cours":
            assert self.refused(command) == {(None, None, "already_decided")}
        elif expected := self.model.decide(number, approved):
            assert self.refused(command) == expected
        else:
            self.must(command)
            self.model.decided(number, approved)

    @rule(child=children, unit=st.sampled_from(["repas", "panier"]), presence=st.sampled_from(["present", "absent"]))
    def record(self, child: str, unit: str, presence: Any) -> None:
        marks = [Mark(child=ChildId(child), presence=presence)]
        self.must(RecordAttendance(activity=Slug("cantine"), unit=Slug(unit), day=SHEET_DAY, marks=marks))
        self.model.attendance[Box(child, "cantine", SHEET_DAY, unit)] = presence

    @rule(data=st.data())
    def something_rare(self, data: st.DataObject) -> None:
        draw = data.draw
        match draw(st.sampled_from(["end", "begin", "close", "close", "places", "places", "again", "reuse"])):
            case "end":
                self.end_enrolment(draw(children), draw(activities), draw(st.booleans()))
            case "begin":
                self.enrol_again(draw)
            case "close":
                self.close_or_reopen(draw(boxes), draw(st.booleans()))
            case "places":
                self.set_places(draw(places), draw(st.none() | st.integers(0, 3)))
            case "again":
                self.come_again(*draw(st.sampled_from(self.asked)))
            case "reuse":
                self.reuse_a_key(*draw(st.sampled_from(self.asked)))

    def end_enrolment(self, child: str, slug: str, second: bool) -> None:
        last_day = DAYS[slug][1 if second else 0] - timedelta(days=1)
        command = EndEnrolment(child=ChildId(child), enrolment=self.enrolments[child, slug], last_day=last_day)
        first, last = self.model.enrolled[child, slug][-1]
        later = self.model.later(child, slug, last_day)
        if not first <= last_day < last:
            assert self.refused(command) == {(None, None, "period_reversed")}
        elif waiting := {box for box, ticked in later.items() if ticked.state != "reserved"}:
            assert self.refused(command) == {(box.day, box.unit, "already_awaiting") for box in waiting}
        else:
            for number in self.must(command):
                self.model.submitted(number, dict.fromkeys(later, "cancel"))
                if slug != "cantine":
                    self.model.decided(number, set(self.model.demandes[number].days))
            self.model.enrolled[child, slug][-1] = first, last_day

    def enrol_again(self, draw: Callable[[st.SearchStrategy[Any]], Any]) -> None:
        ended = sorted(who for who, periods in self.model.enrolled.items() if periods[-1][1] < LAST_DAY)
        if not ended:
            return
        child, slug = draw(st.sampled_from(ended))
        self.enrol(child, slug, self.model.enrolled[child, slug][-1][1] + timedelta(days=1))

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

    # The town

    def close_or_reopen(self, box: Box, whole_town: bool) -> None:
        slug = None if whole_town else box.activity
        if (box.day, slug) in self.model.closed:
            self.refused(CloseDay(day=box.day, reason=Slug("greve"), activity=Slug(slug) if slug else None))
            self.must(ReopenDay(day=box.day, activity=Slug(slug) if slug else None))
            self.model.closed.remove((box.day, slug))
        else:
            self.refused(ReopenDay(day=box.day, activity=Slug(slug) if slug else None))
            self.must(CloseDay(day=box.day, reason=Slug("greve"), activity=Slug(slug) if slug else None))
            self.model.closed.add((box.day, slug))

    def set_places(self, place: tuple[str, str, date], number: int | None) -> None:
        slug, unit, day = place
        pool = POOL.get(slug, "")
        self.must(ChangeCapacity(activity=Slug(slug), unit=Slug(unit), days=[day], places=number, pool=pool))
        self.model.limits[place] = number

    # The network

    def come_again(self, command: Command, key: Once, answer: Answer) -> None:
        _, numbers, replayed = self.ask(command, key)
        assert replayed
        assert numbers == orjson.loads(answer.body)

    def reuse_a_key(self, command: Command, key: Once, _answer: Answer) -> None:
        with pytest.raises(KeyReusedError):
            self.ask(command, replace(key, fingerprint=b"another body"))

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
        folded: dict[str, Rows] = {table: {} for table in ("calendar_days", "demandes", "attendance", "enrolments")}
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
            Box(row["child"], row["activity"], row["day"], row["unit"]): (row["state"], row["absence"])
            for row in calendar
        } == {box: (ticked.state, ticked.absence) for box, ticked in self.model.boxes.items()}
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


def test_whatever_happens_in_memory_the_model_agrees():
    run_state_machine_as_test(lambda: Town(InMemory), settings=settings(max_examples=80, stateful_step_count=40))


@pytest.fixture
def postgres(database: Database) -> Iterator[Kept]:
    with on_postgres(database, connections=2) as kept:
        yield kept


def test_whatever_happens_on_postgresql_the_model_agrees(postgres):
    run_state_machine_as_test(
        lambda: Town(lambda: postgres), settings=settings(max_examples=30, stateful_step_count=30)
    )
