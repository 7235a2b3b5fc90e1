"""Specifications as sentences: `given(enrolled(MATTEO)).when(reserve("2024-03-27")).then_refused("no_place_left")`.

A story happens in one town, kept by the in-memory store. What is given must be accepted; what is tried is judged by
the sentence's end. Hours are those of the town hall.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from commands.adopt_rulebook import AdoptRulebook
from commands.enrol_child import EnrolChild
from commands.execute import Request, Result, execute, preview
from commands.outcome import Accepted, Command, Known, Outcome, Refusal, Refused
from commands.register_household import OpenHousehold, RegisterChild
from ledger.child import Child, Slot, SlotKey
from ledger.codec import Codec
from ledger.demande import Status
from ledger.entry import Entry, Signature
from ledger.events import Fact
from ledger.holdings import PlaceKey
from ledger.identifiers import Commune, DemandeNumber, EnrolmentId, Slug, Subject, new_id
from ledger.memory import MemoryStore
from ledger.store import Answer, Once
from ledger.streams import child_page, household_page
from projections.inline import project
from rulebook.town import rules_of_town
from tests.town import MERCREDIS, VALMONT, Person, at, day, rulebooks


def signed(now: datetime, *, happened_at: datetime | None = None, role: str = "agent") -> Signature:
    """Somebody's signature."""
    return Signature(
        actor=Subject("somebody"),
        role=role,
        client="spec",
        command=new_id(),
        correlation=new_id(),
        happened_at=happened_at or now,
        recorded_at=now,
    )


def once(key: str | None = None, *, client: str = "spec", subject: str = "somebody", body: bytes = b"") -> Once:
    """A key of somebody, a new one unless said otherwise."""
    return Once(client=client, subject=subject, key=key or new_id(), fingerprint=body)


@dataclass(kw_only=True)
class Story:
    """What happened so far, and what was answered last."""

    commune: Commune
    store: MemoryStore
    now: datetime
    result: Result | None = None
    activity: Slug = MERCREDIS

    def do(self, command: Command, *, received_at: datetime | None = None) -> Outcome:
        """Tries a command now, entered for the instant it was received."""
        request = self.request(command, received_at=received_at)
        self.result, _ = execute(self.store, request, once=once(), respond=lambda _: Answer(status=200))
        return self.result.outcome

    def request(self, command: Command, *, received_at: datetime | None = None) -> Request:
        signature = signed(self.now, happened_at=received_at)
        return Request(commune=self.commune, command=command, signature=signature)

    def preview(self, ask: "Ask") -> Outcome:
        """What it would come to."""
        return preview(self.store, self.request(ask.command(self))).outcome

    def must(self, command: Command) -> None:
        outcome = self.do(command)
        assert isinstance(outcome, Accepted), f"{command} was refused: {outcome}"

    def child(self, person: Person) -> Child:
        """A child as its page tells it."""
        state = self.store.child(self.commune, person.id).state
        assert state is not None
        return state

    def lines(self, person: Person) -> list[Entry]:
        """Every line of the child's page, as it is kept."""
        kept = self.store.recorder.select_events(child_page(self.commune, person.id))
        return [CODEC.read(bytes(line.state)) for line in kept]

    def known(self, *people: Person) -> Known:
        """What a decision would be told now."""
        town = self.store.town(self.commune)
        pages: dict[Any, Any] = {child_page(self.commune, p.id): self.store.child(self.commune, p.id) for p in people}
        pages |= {
            household_page(self.commune, p.household): self.store.household(self.commune, p.household) for p in people
        }
        pages[town.stream] = town
        return Known(commune=self.commune, now=self.now, rules=rules_of_town(town.state), pages=pages)

    def numbers(self, person: Person) -> list[DemandeNumber]:
        """The demandes of a child, in the order they were made."""
        child = self.child(person)
        return sorted([*child.open, *child.closed])

    def latest(self, person: Person) -> DemandeNumber:
        return self.numbers(person)[-1]

    def rows(self, table: str) -> list[Mapping[str, Any]]:
        return list(self.store.recorder.tables[table].values())

    @property
    def outcome(self) -> Outcome:
        assert self.result is not None
        return self.result.outcome

    @property
    def entries(self) -> Sequence[Entry]:
        """What the last command wrote."""
        assert self.result is not None
        return self.result.prepared.entries

    @property
    def facts(self) -> list[Fact]:
        return [entry.fact for entry in self.entries]


CODEC = Codec()

Step = Callable[[Story], None]
"""Something that happens in a story."""


@dataclass(frozen=True, kw_only=True)
class Ask:
    """Something somebody asks for; its command may depend on what happened."""

    command: Callable[[Story], Command]
    received_at: str | None = None

    def __call__(self, story: Story) -> None:
        """As a given: it must be accepted."""
        outcome = self.tried(story)
        assert isinstance(outcome, Accepted), f"given, but refused: {outcome}"

    def tried(self, story: Story) -> Outcome:
        return story.do(self.command(story), received_at=at(self.received_at) if self.received_at else None)


@dataclass(frozen=True, kw_only=True)
class Given:
    """A story that waits for its event."""

    story: Story

    def when(self, *asks: Ask | Step) -> "Then":
        """What is tried. Everything before the last is given."""
        *before, last = asks
        for step in before:
            step(self.story)
        assert isinstance(last, Ask), "a sentence ends with something that is asked"
        last.tried(self.story)
        return Then(story=self.story)


@dataclass(frozen=True, kw_only=True)
class Then:
    """How the sentence ends."""

    story: Story

    def then_refused(self, *codes: str) -> "Then":
        """Refused for exactly these reasons, in this order."""
        outcome = self.story.outcome
        assert isinstance(outcome, Refused), f"accepted: {outcome}"
        assert tuple(refusal.code for refusal in outcome.refusals) == codes
        assert not self.story.entries, "a refusal writes nothing"
        return self

    def then_accepted(self) -> "Then":
        """Accepted, and nothing was left out."""
        outcome = self.story.outcome
        assert isinstance(outcome, Accepted), f"refused: {outcome}"
        assert not outcome.left_out
        return self

    def then_left_out(self, *codes: str) -> "Then":
        """Accepted in part; these were left out."""
        outcome = self.story.outcome
        assert isinstance(outcome, Accepted), f"refused: {outcome}"
        assert tuple(refusal.code for refusal in outcome.left_out) == codes
        return self

    def then_wrote(self, *kinds: type) -> "Then":
        """These facts, in this order."""
        assert tuple(type(fact) for fact in self.story.facts) == kinds
        return self

    def then_day(self, text: str, state: str | None, *, of: Person, unit: str = "journee") -> "Then":
        """How a day of the child stands; None when it has nothing."""
        slot = slot_of(self.story, of, text, unit)
        assert (slot.state if slot else None) == state
        return self

    def then_status(self, status: Status, *, of: Person) -> "Then":
        """How the latest demande of the child stands."""
        child, number = self.story.child(of), self.story.latest(of)
        found = child.open[number].status if number in child.open else child.closed[number]
        assert found == status
        return self

    def then_taken(self, text: str, count: int, *, unit: str = "journee", pool: str = "") -> "Then":
        """How many places are taken."""
        key = PlaceKey(self.story.activity, Slug(unit), day(text), pool)
        assert self.story.store.recorder.taken[self.story.commune, key] == count
        return self

    @property
    def refusal(self) -> Refusal:
        """The first refusal, to look at closely."""
        outcome = self.story.outcome
        found = outcome.refusals if isinstance(outcome, Refused) else outcome.left_out
        return found[0]


def slot_of(story: Story, person: Person, text: str, unit: str = "journee") -> Slot | None:
    return story.child(person).slots.get(SlotKey(story.activity, Slug(unit), day(text)))


# What is given ------------------------------------------------------------------------------------------------------


def given(*steps: Step, commune: Commune = VALMONT, now: str = "2024-01-10 10:00", first_number: int = 1) -> Given:
    """A story in a town that adopted its rulebooks, on a January morning unless said otherwise."""
    store = MemoryStore(project=project, first_number=first_number)
    story = Story(commune=commune, store=store, now=at(now))
    for text in rulebooks(commune):
        story.must(AdoptRulebook(content=text))
    for step in steps:
        step(story)
    return Given(story=story)


def clock(text: str) -> Step:
    """It is now this hour at the town hall."""

    def step(story: Story) -> None:
        story.now = at(text)

    return step


def about(activity: Slug) -> Step:
    """The rest of the sentence is about this activity."""

    def step(story: Story) -> None:
        story.activity = activity

    return step


def registered(person: Person) -> Step:
    """The town knows the child and its household."""

    def step(story: Story) -> None:
        if story.store.household(story.commune, person.household).state is None:
            story.must(OpenHousehold(household=person.household))
        if story.store.child(story.commune, person.id).state is None:
            story.must(RegisterChild(child=person.id, household=person.household))

    return step


def enrolment_id(person: Person, activity: Slug) -> EnrolmentId:
    return EnrolmentId(str(uuid5(NAMESPACE_DNS, f"{person.name}.{activity}")))


def enrolled(
    *people: Person,
    activity: Slug | None = None,
    first_day: str = "2023-09-01",
    last_day: str = "2024-07-05",
    site: str | None = None,
    group: str | None = None,
) -> Step:
    """The children are enrolled for the school year, at their site and in their group where there are some."""

    def step(story: Story) -> None:
        slug = activity or story.activity
        for person in people:
            registered(person)(story)
            found = rules_of_town(story.store.town(story.commune).state).activity(slug, day(last_day))
            assert found is not None
            command = EnrolChild(
                child=person.id,
                enrolment=enrolment_id(person, slug),
                activity=slug,
                first_day=day(first_day),
                last_day=day(last_day),
                site=Slug(site or person.site) if found.sites else None,
                group=Slug(group or person.group) if found.groups else None,
            )
            story.must(command)

    return step
