"""A story asked again under another rulebook: what of it would have been answered or billed otherwise."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from ledger.child import Slot, SlotKey
from ledger.identifiers import HouseholdId, Month, Slug, Stream
from projections.billing.family import Placed
from replay.what_if.asked import said_in_order
from replay.what_if.effects import HouseholdEffect, Lived, effects
from replay.what_if.rules import rules_from
from replay.what_if.wishes import Ask
from replay.what_if.world import World
from rulebook.reader import read_rulebook
from rulebook.town import rules_of_town
from tests.spec import CODEC, Story
from tests.town import VALMONT, Person, day

Answered = dict[str, tuple[str, str, str | None]]
"""By day and unit: what was answered, what would have been, and the code of the rule that refuses."""


def told(story: Story) -> list[Placed]:
    """Every line of the story, in the order they were kept."""
    recorder = story.store.recorder
    kept = {
        (line.originator_id, line.originator_version): CODEC.read(bytes(line.state))
        for stream in dict.fromkeys(stream for stream, _ in recorder.digests)
        for line in recorder.select_events(stream)
    }
    return [Placed(kept[key], position) for position, key in enumerate(recorder.digests, start=1)]


def pages_of(story: Story) -> dict[Stream, list[Placed]]:
    """The same, page by page."""
    pages: dict[Stream, list[Placed]] = {}
    for placed in told(story):
        pages.setdefault(placed.entry.stream, []).append(placed)
    return pages


@dataclass(frozen=True, kw_only=True)
class Replayed:
    """The story, and the same under another text."""

    story: Story
    world: World

    def answers(self, person: Person, ask: Ask = "reserve") -> Answered:
        """What became of what was asked for a child."""
        return {
            f"{wanted.day} {wanted.unit}": (kept.real.became, kept.here.became, kept.here.code)
            for wanted, kept in self.world.answers.compared.items()
            if wanted.child == person.id and wanted.ask == ask
        }

    def article(self, person: Person, text: str, ask: Ask = "reserve") -> str | None:
        """The article a day would be refused under."""
        return next(
            kept.here.article
            for wanted, kept in self.world.answers.compared.items()
            if (wanted.child, wanted.day, wanted.ask) == (person.id, day(text), ask)
        )

    def slot(self, person: Person, text: str, unit: str) -> Slot | None:
        """How a day of the child would stand."""
        page = self.world.town.store.child(VALMONT, person.id)
        assert page.state is not None
        return page.state.slots.get(SlotKey(self.story.activity, Slug(unit), day(text)))

    def effects(self, months: Sequence[str]) -> Mapping[HouseholdId, HouseholdEffect]:
        """What each household would have owed."""
        real = Lived(pages=pages_of(self.story), rules=rules_of_town(self.story.store.town(VALMONT).state))
        here = Lived(pages=self.world.town.pages, rules=self.world.town.known_rules())
        named = [Month(month) for month in months]
        return {each.household: each for each in effects(VALMONT, real, here, named)}

    def money(self, household: HouseholdId, month: str = "2024-01") -> tuple[int, int]:
        """Cents of a month, really and under the other text."""
        real, here = self.effects([month])[household].total
        return real, here


def asked_again(
    story: Story, text: str, *, first_day: str = "2023-09-01", reconsidered: Sequence[str] = ()
) -> Replayed:
    """The story under another text, from a day on."""
    rules = rules_from(read_rulebook(text), date.fromisoformat(first_day))
    world = World.of(VALMONT, rules, frozenset(Slug(reason) for reason in reconsidered))
    for said in said_in_order(told(story)):
        world.take(said)
    world.close()
    return Replayed(story=story, world=world)
