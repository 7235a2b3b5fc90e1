"""A family asks for days and gives days up, for one child or for several at once."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from commands.acting import Acting, acting
from commands.draft import Draft
from commands.draft_facts import facts_of
from commands.outcome import Accepted, Known, Outcome, Refusal, Refused, refused
from commands.remaining import Remaining
from commands.wishes import MOST_DAYS, Repeat, Wish
from ledger.events import Origin
from ledger.holdings import PlaceKey
from ledger.identifiers import ChildId, Commune, HouseholdId, Slug, Stream
from ledger.store import Write
from ledger.streams import child_page
from rulebook.town import Rules

__all__ = ["MOST_DAYS", "Repeat", "SubmitDemande", "Wish"]


@dataclass(frozen=True, kw_only=True, slots=True)
class SubmitDemande:
    """One demande per child, and per household for a parent of both. All of it is written, or nothing unless `partial`.

    `derogation` sets deadlines aside and `approve` decides at once: both are for agents, which the door sees to.
    """

    children: Mapping[ChildId, Sequence[HouseholdId]]
    """For whom, and the households whoever asks may act through."""
    activity: Slug
    wishes: Sequence[Wish] = ()
    repeats: Sequence[Repeat] = ()
    partial: bool = False
    origin: Origin = "family"
    derogation: Slug | None = None
    approve: bool = False

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The pages of the children."""
        return [child_page(commune, child) for child in self.children]

    def decide(self, known: Known) -> Outcome:
        """Days accepted as the rulebook accepts them, or every day that is impossible."""
        if any(repeat.length_days > MOST_DAYS for repeat in self.repeats):
            return refused("too_many_days")
        wishes = self._wishes()
        if not wishes:
            return refused("nothing_to_do")
        if len(wishes) > MOST_DAYS:
            return refused("too_many_days")
        if self.derogation is not None and not _may_derogate(known.rules, self.derogation, wishes):
            return refused("unknown_reason")
        asking = {child: self._acting(known, child, wishes) for child in self.children}
        nobody = tuple(found for found in asking.values() if isinstance(found, Refusal))
        if nobody:
            return Refused(refusals=nobody)
        remaining = Remaining(known.left)
        drafts = [
            self._draft(known, child, each, wishes, remaining)
            for child, found in asking.items()
            if not isinstance(found, Refusal)
            for each in found
        ]
        refusals = tuple(refusal for draft in drafts for refusal in draft.refusals)
        writes = [self._write(known, draft) for draft in drafts if draft.accepted]
        if refusals and (not self.partial or not writes):
            wanted = sum((Counter(draft.claimed()) for draft in drafts), Counter[PlaceKey]())
            return Refused(refusals=refusals, wanted=wanted)
        return Accepted(writes=writes, left_out=refusals) if writes else refused("nothing_to_do")

    def _acting(self, known: Known, child: ChildId, wishes: Sequence[Wish]) -> Sequence[Acting] | Refusal:
        state = known.child(child).state
        if state is None:
            return Refusal(code="unknown_child", child=child)
        return acting(known, state, self.children[child], {wish.day for wish in wishes}, origin=self.origin)

    def _draft(
        self, known: Known, child: ChildId, asking: Acting, wishes: Sequence[Wish], remaining: Remaining
    ) -> Draft:
        draft = Draft.start(
            known,
            child,
            self.activity,
            acting=asking,
            remaining=remaining,
            derogated=self.derogation is not None,
            approve=self.approve,
        )
        draft.judge_all([wish for wish in wishes if wish.day in asking.days])
        if self.partial:
            draft.keep_exchanges_whole()
        draft.free_places()
        return draft

    def _write(self, known: Known, draft: Draft) -> Write:
        facts = facts_of(draft, origin=self.origin, derogation=self.derogation)
        return Write(page=known.child(draft.child), facts=facts)

    def _wishes(self) -> list[Wish]:
        """Every box once, days given up first, so that a unit may take the place of another."""
        named = {(wish.day, wish.unit): wish for repeat in self.repeats for wish in repeat.wishes()}
        named.update({(wish.day, wish.unit): wish for wish in self.wishes})
        return sorted(named.values(), key=lambda wish: (wish.action != "cancel", wish.day, wish.unit))


def _may_derogate(rules: Rules, reason: Slug, wishes: Sequence[Wish]) -> bool:
    rulebooks = [rules.on(wish.day) for wish in wishes]
    return all(rulebook is None or reason in rulebook.derogation_reasons for rulebook in rulebooks)
