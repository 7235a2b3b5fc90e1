"""Anything families, agents and the town may do, in any order, against a simple model; on both stores."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from commands.change_capacity import ChangeCapacity
from commands.close_day import CloseDay, ReopenDay
from commands.custody import AgreeCustody, EndCustody
from commands.decide_demandes import DecideDemandes, Decision
from commands.declare_absence import DeclareAbsence
from commands.enrol_child import EndEnrolment
from commands.outcome import Command
from commands.record_attendance import Mark, RecordAttendance
from commands.submit_demande import SubmitDemande, Wish
from commands.withdraw_demande import WithdrawDemande
from ledger.identifiers import ChildId, DemandeNumber, HouseholdId, Slug
from ledger.store import Answer, KeyReusedError, Once
from tests.asks import seen
from tests.properties.machine_town import CHILDREN, LATER, PARENTS, Town
from tests.properties.model import DAYS, LAST_DAY, UNITS, Box
from tests.servers import Database
from tests.stores import InMemory, Kept, on_postgres
from tests.town import MATTEO

SHEET_DAY = date(2024, 2, 6)
POOL = {"mercredis": "grands"}
RARE = ["end", "begin", "close", "close", "places", "places", "again", "reuse", "later", "phone", "phone", "custody"]

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


class Machine(Town):
    """Anything families, agents and the town may do."""

    # Families

    @rule(wished=wishes)
    def submit(self, wished: dict[Box, str]) -> None:
        self.submit_all(wished)

    def submit_all(self, wished: dict[Box, str]) -> None:
        child, slug = next(iter(wished))[:2]
        command = SubmitDemande(
            children={ChildId(child): (HouseholdId(self.model.through[child]),)},
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
            households=(HouseholdId(self.model.through[box.child]),),
            activity=Slug(box.activity),
            days=[(box.day, Slug(box.unit))],
            reason=Slug("sortie"),
        )
        code = self.model.absence_code(box)
        if code is not None:
            assert self.refused(command) == {(box.day, box.unit, code)}
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

    @rule(
        child=children,
        unit=st.sampled_from(["repas", "panier"]),
        presence=st.sampled_from(["present", "absent"]),
        day=st.sampled_from([SHEET_DAY, *DAYS["cantine"]]),
    )
    def record(self, child: str, unit: str, presence: Any, day: date) -> None:
        marks = [Mark(child=ChildId(child), presence=presence)]
        command = RecordAttendance(activity=Slug("cantine"), unit=Slug(unit), day=day, marks=marks)
        other = Box(child, "cantine", day, "panier" if unit == "repas" else "repas")
        if day != SHEET_DAY and not self.model.late:
            assert self.refused(command) == {(None, None, "day_not_come")}
        elif self.model.closed & {(day, None), (day, "cantine")}:
            assert self.refused(command) == {(day, unit, "day_closed")}
        elif presence == "present" and self.model.attendance.get(other) == "present":
            assert self.refused(command) == {(day, unit, "unit_conflict")}
        else:
            self.must(command)
            self.model.attendance[Box(child, "cantine", day, unit)] = presence

    @rule(data=st.data())
    def something_rare(self, data: st.DataObject) -> None:
        draw = data.draw
        match draw(st.sampled_from(RARE)):
            case "end":
                self.end_enrolment(draw(children), draw(activities), draw(st.booleans()))
            case "begin":
                self.enrol_again(draw)
            case "close":
                self.close_or_reopen(draw(boxes), draw(st.booleans()))
            case "places":
                self.set_places(draw(places), draw(st.none() | st.integers(0, 3)))
            case "phone":
                self.model.through[MATTEO.id] = draw(st.sampled_from(PARENTS))
            case "custody":
                self.change_custody(*draw(st.permutations(PARENTS)), ends=draw(st.booleans()))
            case "later":
                self.now, self.model.late = LATER, True
            case "again":
                self.come_again(*draw(st.sampled_from(self.asked)))
            case "reuse":
                self.reuse_a_key(*draw(st.sampled_from(self.asked)))

    def change_custody(self, even: HouseholdId, odd: HouseholdId, *, ends: bool) -> None:
        day, proof = DAYS["mercredis"][0] - timedelta(days=7), seen()
        if not ends:
            self.must(
                AgreeCustody(
                    child=MATTEO.id,
                    household=even,
                    first_day=day,
                    even_week=(even,) * 7,
                    odd_week=(odd,) * 7,
                    holidays=None,
                    proof=proof,
                )
            )
            self.model.custody[MATTEO.id] = even, odd
            self.model.apart.add(MATTEO.id)
        elif MATTEO.id in self.model.custody:
            self.must(EndCustody(child=MATTEO.id, household=even, first_day=day, proof=proof))
            del self.model.custody[MATTEO.id]

    def end_enrolment(self, child: str, slug: str, second: bool) -> None:
        last_day = DAYS[slug][1 if second else 0] - timedelta(days=1)
        command = EndEnrolment(child=ChildId(child), enrolment=self.enrolments[child, slug], last_day=last_day)
        first, last = self.model.enrolled[child, slug][-1]
        later = self.model.later(child, slug, last_day)
        if not first <= last_day < last:
            assert self.refused(command) == {(None, None, "period_reversed")}
        elif refused := {(box.day, box.unit, code) for box in later if (code := self.model.end_code(box))}:
            assert self.refused(command) == refused
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


def test_whatever_happens_in_memory_the_model_agrees():
    run_state_machine_as_test(lambda: Machine(InMemory), settings=settings(max_examples=80, stateful_step_count=40))


@pytest.fixture
def postgres(database: Database) -> Iterator[Kept]:
    with on_postgres(database, connections=2) as kept:
        yield kept


def test_whatever_happens_on_postgresql_the_model_agrees(postgres):
    run_state_machine_as_test(
        lambda: Machine(lambda: postgres), settings=settings(max_examples=30, stateful_step_count=30)
    )
