"""A family, or one person of it, is forgotten with the archivist's agreement; what happened stays, without them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from commands.guardians import revoked
from commands.outcome import Accepted, Known, Outcome, Refusal, Refused, refused
from commands.town_days import town_day
from ledger.child import Child
from ledger.events import Fact, GuardianUnlinked, PersonErased
from ledger.household import Household
from ledger.identifiers import ActivationId, ChildId, Commune, GuardianId, HouseholdId, PersonId, Stream, Subject
from ledger.sealed import Forget
from ledger.store import AnyPage, Write
from ledger.streams import child_page, household_page, payer_page

OF_MONEY: Final = frozenset({"still_owing", "still_owed"})
"""What is not in the way of an agreement that says the account is settled elsewhere."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """The archivist's: without one, nothing that a public service holds may be destroyed."""

    reference: str
    agreed_by: Subject
    agreed_on: date

    def fact(self, person: PersonId) -> PersonErased:
        """What the page of the person says afterwards."""
        return PersonErased(person=person, agreement=self.reference, agreed_by=self.agreed_by, agreed_on=self.agreed_on)


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountRequest:
    """What an account said of itself when it asked to be activated: in the vault under the name of the request."""

    activation: ActivationId
    guardian: GuardianId | None
    """Who it turned out to be; None when nobody knows: it goes with the whole household."""
    waits: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Whom:
    """Whom it is about, as the door found them: pages to read, never a right to erase them."""

    household: HouseholdId | None
    """None for a child alone."""
    children: Sequence[ChildId] = ()
    """Of the household, or the child alone."""
    only: PersonId | None = None
    """One person of the household; everybody otherwise."""
    elsewhere: Mapping[PersonId, Sequence[HouseholdId]] = field(default_factory=dict)
    """Other households that may speak of the same persons."""
    requests: Sequence[AccountRequest] = ()

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """The pages that say whether they may be forgotten."""
        others = dict.fromkeys(other for homes in self.elsewhere.values() for other in homes)
        homes = [self.household, *others] if self.household is not None else []
        return [
            *([payer_page(commune, self.household)] if self.household is not None else []),
            *(household_page(commune, home) for home in homes),
            *(child_page(commune, child) for child in self.children),
        ]


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposed:
    """One person, and what stands in the way of forgetting them: nothing, when `refusals` is empty."""

    person: PersonId
    page: AnyPage
    erased: bool
    refusals: tuple[Refusal, ...] = ()


def proposed(known: Known, whom: Whom) -> list[Proposed] | str:
    """Everybody who would be forgotten, guardians last; the code of a refusal when there is nobody of that name."""
    today = town_day(known.rules, known.now)
    children = [one for child in whom.children if (one := _of_child(known, whom, child, today)) is not None]
    if whom.household is None:
        return children or "unknown_child"
    home = known.household(whom.household).state
    if home is None:
        return "unknown_household"
    kept = _kept(whom, children)
    people = [_of_household(known, whom, home, person, kept) for person in _in_order(home)]
    found = [each for each in (*children, *people) if whom.only is None or each.person == whom.only]
    return found or "unknown_person"


def _kept(whom: Whom, children: Sequence[Proposed]) -> tuple[ChildId, ...]:
    """The children who will still be known afterwards: somebody must answer for them."""
    goes = [each for each in children if each.erased or (whom.only in (None, each.person) and not each.refusals)]
    gone = {each.person for each in goes}
    return tuple(ChildId(each.person) for each in children if each.person not in gone)


def _in_order(home: Household) -> list[PersonId]:
    guardians = [PersonId(guardian) for guardian in home.guardians]
    return [*sorted(home.everybody - set(guardians)), *guardians]


def _of_child(known: Known, whom: Whom, child: ChildId, today: date) -> Proposed | None:
    page = known.child(child)
    state = page.state
    if state is None or (whom.household is not None and whom.household not in state.households):
        return None
    refusals = () if state.erased else tuple(_in_the_way(state, today))
    return Proposed(person=PersonId(child), page=page, erased=state.erased, refusals=refusals)


def _in_the_way(child: Child, today: date) -> Iterator[Refusal]:
    """Of either household: a day the other one still has is as much in the way."""
    if any(enrolment.last_day >= today for enrolment in child.enrolments.values()):
        yield Refusal(code="still_enrolled", child=child.child)
    if any(key.day >= today for key in child.slots):
        yield Refusal(code="still_reserved", child=child.child)
    yield from (Refusal(code="still_awaiting", child=child.child, number=number) for number in sorted(child.open))


def _of_household(known: Known, whom: Whom, home: Household, person: PersonId, kept: Sequence[ChildId]) -> Proposed:
    page = known.household(home.household)
    if person in home.erased:
        return Proposed(person=person, page=page, erased=True)
    guardian = GuardianId(person)
    refusals: list[Refusal] = []
    if guardian in home.guardians:
        refusals += [Refusal(code="still_answering", guardian=guardian, child=child) for child in kept]
    if guardian in home.under_review:
        refusals.append(Refusal(code="still_under_review", guardian=guardian))
    for number, demande in sorted(home.open.items()):
        about = getattr(demande.wanted, "person", None)
        if about == person or (about is None and guardian in home.guardians):
            refusals.append(Refusal(code="still_awaiting", guardian=guardian, number=number))
    if any(request.waits and request.guardian == guardian for request in whom.requests):
        refusals.append(Refusal(code="still_awaiting", guardian=guardian))
    others = [known.household(other).state for other in whom.elsewhere.get(person, ())]
    if any(other is not None and other.has(person) for other in others):
        refusals.append(Refusal(code="still_elsewhere", guardian=guardian))
    if guardian in home.guardians and not _still_known(whom, home, guardian):
        refusals += _unsettled(known, home.household, guardian)
    return Proposed(person=person, page=page, erased=False, refusals=tuple(refusals))


def _still_known(whom: Whom, home: Household, guardian: GuardianId) -> bool:
    """Whether another guardian would be known afterwards, of whom the town may ask what is owed."""
    others = (PersonId(other) for other in home.guardians if other != guardian)
    return whom.only is not None and any(other not in home.erased for other in others)


def _unsettled(known: Known, household: HouseholdId, guardian: GuardianId) -> Iterator[Refusal]:
    """Who is forgotten is asked for nothing more, and paid back nothing."""
    payer = known.payer(household).state
    if payer is not None and payer.balance_cents:
        yield Refusal(code="still_owing" if payer.balance_cents > 0 else "still_owed", guardian=guardian)


@dataclass(frozen=True, kw_only=True, slots=True)
class ErasePeople:
    """Destroys the keys of a family, or of one person, and says so on their pages."""

    whom: Whom
    agreement: Agreement
    settled_elsewhere: bool = False
    """The archivist was told that nothing is owed any more: paid back, or written off by the accountant."""

    def pages(self, commune: Commune) -> Sequence[Stream]:
        """Those of whom it is about, and what they owe."""
        return self.whom.pages(commune)

    def decide(self, known: Known) -> Outcome:
        """All of them, or nobody. Whoever was forgotten already is destroyed again, and nothing more is written."""
        found = proposed(known, self.whom)
        if isinstance(found, str):
            return refused(found)
        let = OF_MONEY if self.settled_elsewhere else frozenset()
        refusals = tuple(refusal for each in found for refusal in each.refusals if refusal.code not in let)
        if refusals:
            return Refused(refusals=refusals)
        return _forgotten(found, self.whom.requests if self.whom.only is None else self._requests(), self.agreement)

    def _requests(self) -> Sequence[AccountRequest]:
        only = self.whom.only
        return [one for one in self.whom.requests if one.guardian is not None and PersonId(one.guardian) == only]


@dataclass(frozen=True, kw_only=True, slots=True)
class ForgetRequest:
    """Destroys what an account said of itself when it asked to be activated, once that was refused: it stays so."""

    activation: ActivationId

    def pages(self, commune: Commune) -> Sequence[Stream]:  # noqa: ARG002 - nothing changes a refusal
        """None: nothing is written on any."""
        return ()

    def decide(self, known: Known) -> Outcome:  # noqa: ARG002
        """Nothing was made of it: no archive, and nobody's agreement."""
        return Accepted(writes=(), vault=[Forget(person=PersonId(self.activation))])


@dataclass(frozen=True, kw_only=True, slots=True)
class EraseAgain:
    """Does again an erasure that a restored database has lost: it was decided once, and nothing is in its way."""

    pages_of: Mapping[PersonId, Stream]
    """The page each person was forgotten on."""
    agreement: Agreement

    def pages(self, commune: Commune) -> Sequence[Stream]:  # noqa: ARG002 - they were written down whole
        """Those pages."""
        return list(dict.fromkeys(self.pages_of.values()))

    def decide(self, known: Known) -> Outcome:
        """Forgotten again. Of a page that is older than the person, nothing is said."""
        found = [
            Proposed(person=person, page=page, erased=_is_erased(page, person))
            for person, stream in self.pages_of.items()
            if (page := known.pages[stream]).state is not None
        ]
        return _forgotten(found, (), self.agreement)


def _is_erased(page: AnyPage, person: PersonId) -> bool:
    if isinstance(page.state, Household):
        return person in page.state.erased
    return isinstance(page.state, Child) and page.state.erased


def _forgotten(found: Sequence[Proposed], requests: Sequence[AccountRequest], agreement: Agreement) -> Accepted:
    facts: dict[Stream, list[Fact]] = {}
    pages = {each.page.stream: each.page for each in found}
    for each in found:
        if not each.erased:
            said = facts.setdefault(each.page.stream, [])
            said.extend(fact for fact in _facts(each, agreement) if fact not in said)
    return Accepted(
        writes=[Write(page=pages[stream], facts=told) for stream, told in facts.items()],
        vault=[
            *(Forget(person=each.person, page=each.page.stream, told=agreement.fact(each.person)) for each in found),
            *(Forget(person=PersonId(request.activation)) for request in requests),
        ],
    )


def _facts(each: Proposed, agreement: Agreement) -> Iterator[Fact]:
    """The account of a forgotten guardian, and their keys, open nothing from the same instant on."""
    home = each.page.state
    if isinstance(home, Household) and GuardianId(each.person) in home.accounts:
        account = home.accounts[GuardianId(each.person)]
        yield GuardianUnlinked(guardian=account.guardian, subject=account.subject)
    if isinstance(home, Household) and GuardianId(each.person) in home.guardians:
        yield from revoked(home, GuardianId(each.person))
    yield agreement.fact(each.person)
