"""What the people of a story may ask for, in words close to theirs."""

from collections.abc import Sequence
from dataclasses import replace

from commands.change_capacity import ChangeCapacity
from commands.close_day import CloseDay, ReopenDay
from commands.custody import AgreeCustody, EndCustody, ExceptCustody
from commands.decide_demandes import DecideDemandes, Decision
from commands.declare_absence import DeclareAbsence
from commands.enrol_child import EndEnrolment
from commands.households_of_child import JoinHousehold, LeaveHousehold
from commands.record_attendance import Mark, RecordAttendance
from commands.submit_demande import Repeat, SubmitDemande, Wish
from commands.withdraw_demande import WithdrawDemande
from ledger.events import Action, HolidayHalves, Origin, Presence, ProofSeen, Week
from ledger.identifiers import DemandeNumber, DocumentId, HouseholdId, Slug, Subject
from rulebook.words import WEEKDAYS
from tests.spec import Ask, Story, day, enrolment_id
from tests.town import MATTEO, Person, at


def wish(text: str, action: Action = "reserve") -> Wish:
    """`2024-03-27` or `2024-03-27 matinee`."""
    on, _, unit = text.partition(" ")
    return Wish(day=day(on), unit=Slug(unit or "journee"), action=action)


def every(weekday: str, first: str, last: str, *, unit: str, weeks: int = 1, action: Action = "reserve") -> Repeat:
    """The same weekday over a period."""
    return Repeat(
        weekdays=frozenset({WEEKDAYS.index(weekday)}),
        first_day=day(first),
        last_day=day(last),
        unit=Slug(unit),
        every_weeks=weeks,
        action=action,
    )


def submit(
    *,
    reserve: Sequence[str] = (),
    cancel: Sequence[str] = (),
    repeats: Sequence[Repeat] = (),
    of: Sequence[Person] = (MATTEO,),
    partial: bool = False,
    origin: Origin = "family",
    derogation: str | None = None,
    approve: bool = False,
    received_at: str | None = None,
    by: Sequence[HouseholdId] = (),
) -> Ask:
    """One request, for one child or several, through the child's household or others."""

    def command(story: Story) -> SubmitDemande:
        return SubmitDemande(
            children={person.id: by or (person.household,) for person in of},
            activity=story.activity,
            wishes=[*(wish(text) for text in reserve), *(wish(text, "cancel") for text in cancel)],
            repeats=repeats,
            partial=partial,
            origin=origin,
            derogation=Slug(derogation) if derogation else None,
            approve=approve,
        )

    return Ask(command=command, received_at=received_at)


def reserve(*texts: str, of: Person = MATTEO, partial: bool = False, by: Sequence[HouseholdId] = ()) -> Ask:
    """A family ticks days."""
    return submit(reserve=texts, of=[of], partial=partial, by=by)


def cancel(*texts: str, of: Person = MATTEO, by: Sequence[HouseholdId] = ()) -> Ask:
    """A family unticks days."""
    return submit(cancel=texts, of=[of], by=by)


def at_the_counter(ask: Ask, *, received_at: str) -> Ask:
    """An agent enters now what was received at another hour."""
    return replace(ask, received_at=received_at)


def withdraw(*, of: Person = MATTEO, number: int | None = None) -> Ask:
    """The family takes back its latest demande."""
    return Ask(command=lambda story: WithdrawDemande(child=of.id, number=_number(story, of, number)))


def _number(story: Story, person: Person, number: int | None) -> DemandeNumber:
    return story.latest(person) if number is None else DemandeNumber(number)


def verdict(
    story: Story, person: Person, *, only: Sequence[str] | None, reason: str | None, number: int | None
) -> Decision:
    """What the agent says: every day, or only these."""
    approved = None if only is None else frozenset((wish(text).day, wish(text).unit) for text in only)
    return Decision(
        child=person.id,
        number=_number(story, person, number),
        approved=approved,
        reason=Slug(reason) if reason else None,
    )


def approve(*, of: Person = MATTEO, only: Sequence[str] | None = None, number: int | None = None) -> Ask:
    """The agent accepts the latest demande; those days only, when some are named."""
    return decide(of=of, only=only, reason=None if only is None else "autre", number=number)


def reject(*, of: Person = MATTEO, number: int | None = None, reason: str | None = "complet") -> Ask:
    """The agent refuses the latest demande."""
    return decide(of=of, only=(), reason=reason, number=number)


def decide(
    *, of: Person = MATTEO, only: Sequence[str] | None = None, reason: str | None = None, number: int | None = None
) -> Ask:
    """The agent decides one demande."""

    def command(story: Story) -> DecideDemandes:
        return DecideDemandes(decisions=[verdict(story, of, only=only, reason=reason, number=number)])

    return Ask(command=command)


def decide_all(*people: Person) -> Ask:
    """The agent accepts the latest demande of each, in this order."""

    def command(story: Story) -> DecideDemandes:
        decisions = [verdict(story, person, only=None, reason=None, number=None) for person in people]
        return DecideDemandes(decisions=decisions)

    return Ask(command=command)


def absent(
    *texts: str,
    of: Person = MATTEO,
    reason: str = "maladie",
    document: str | None = None,
    subject: str | None = None,
    derogation: str | None = None,
    by: Sequence[HouseholdId] = (),
) -> Ask:
    """The family says the child did not come."""

    def command(story: Story) -> DeclareAbsence:
        return DeclareAbsence(
            child=of.id,
            households=by or (of.household,),
            activity=story.activity,
            days=[(wish(text).day, wish(text).unit) for text in texts],
            reason=Slug(reason),
            document=DocumentId(document) if document else None,
            subject=Subject(subject) if subject else None,
            origin="counter" if derogation else "family",
            derogation=Slug(derogation) if derogation else None,
        )

    return Ask(command=command)


def sheet(text: str, *marks: Mark) -> Ask:
    """An agent fills in the sheet of a day: `2024-01-09 repas`."""

    def command(story: Story) -> RecordAttendance:
        line = wish(text)
        return RecordAttendance(activity=story.activity, unit=line.unit, day=line.day, marks=marks)

    return Ask(command=command)


def mark(presence: Presence, *, of: Person = MATTEO, arrived: str | None = None, left: str | None = None) -> Mark:
    """One line of the sheet."""
    return Mark(
        child=of.id,
        presence=presence,
        arrived_at=at(arrived) if arrived else None,
        left_at=at(left) if left else None,
    )


def close(text: str, *, reason: str = "greve", activity: str | None = None, site: str | None = None) -> Ask:
    """The town closes a day."""
    command = CloseDay(
        day=day(text),
        reason=Slug(reason),
        activity=Slug(activity) if activity else None,
        site=Slug(site) if site else None,
    )
    return Ask(command=lambda _: command)


def reopen(text: str, *, activity: str | None = None, site: str | None = None) -> Ask:
    """The town opens a day again."""
    command = ReopenDay(day=day(text), activity=Slug(activity) if activity else None, site=Slug(site) if site else None)
    return Ask(command=lambda _: command)


def places(count: int | None, *texts: str, pool: str = "") -> Ask:
    """The town sets the places of some days: `2024-03-27 matinee`."""

    def command(story: Story) -> ChangeCapacity:
        named = [wish(text) for text in texts]
        return ChangeCapacity(
            activity=story.activity, unit=named[0].unit, days=[each.day for each in named], places=count, pool=pool
        )

    return Ask(command=command)


def end_enrolment(last_day: str, *, of: Person = MATTEO) -> Ask:
    """The child leaves the activity after a day."""
    return Ask(
        command=lambda story: EndEnrolment(
            child=of.id, enrolment=enrolment_id(of, story.activity), last_day=day(last_day)
        )
    )


def join(household: HouseholdId, *, of: Person = MATTEO) -> Ask:
    """The child is of another household too."""
    return ask(JoinHousehold(child=of.id, household=household))


def leave(household: HouseholdId, *, of: Person = MATTEO) -> Ask:
    """The child is of that household no more."""
    return ask(LeaveHousehold(child=of.id, household=household))


def seen(text: str = "2024-01-08") -> ProofSeen:
    """A judgement an agent saw."""
    return ProofSeen(kind="judgement", seen_by=Subject("agent-1"), seen_on=day(text))


def alternate(
    even: HouseholdId | Week,
    odd: HouseholdId | Week,
    *,
    since: str = "2023-09-01",
    of: Person = MATTEO,
    holidays: HolidayHalves | None = None,
    proof: ProofSeen | None = None,
    at: HouseholdId | None = None,
) -> Ask:
    """Custody alternates: whole weeks, or a household for each day of them."""
    command = AgreeCustody(
        child=of.id,
        household=at or of.household,
        first_day=day(since),
        even_week=even if isinstance(even, tuple) else (even,) * 7,
        odd_week=odd if isinstance(odd, tuple) else (odd,) * 7,
        holidays=holidays,
        proof=proof or seen(),
    )
    return ask(command)


def swap(first: str, last: str, holder: HouseholdId, *, of: Person = MATTEO) -> Ask:
    """These days are a household's, whatever the weeks say."""
    return ask(
        ExceptCustody(
            child=of.id,
            household=of.household,
            first_day=day(first),
            last_day=day(last),
            holder=holder,
            proof=seen(),
        )
    )


def end_custody(since: str, *, of: Person = MATTEO) -> Ask:
    """Every day is everybody's again."""
    return ask(EndCustody(child=of.id, household=of.household, first_day=day(since), proof=seen()))


def ask(command: object) -> Ask:
    """Any command, as it is."""
    return Ask(command=lambda _: command)  # type: ignore[arg-type,return-value]
