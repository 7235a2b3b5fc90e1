"""What a household asks for besides days, in stories kept by the in-memory store: values are sealed by nobody there."""

from collections.abc import Sequence
from hashlib import sha256

from commands.decide_demandes import DecideDemandes, Decision, EnrolmentCorrection, QuotientCorrection
from commands.declare_quotient import DeclareQuotient
from commands.guardians import AddGuardian
from commands.keep_details import SealedDetails
from commands.keep_document import KeepDocument
from commands.register_household import OpenHousehold
from commands.request_change import RequestChange
from commands.request_enrolment import RequestEnrolment
from commands.taking_effect import KINDS
from commands.withdraw_demande import WithdrawDemande
from ledger.events import ChangeKind, PersonErased, QuotientSource
from ledger.household import Household
from ledger.identifiers import (
    DemandeNumber,
    DocumentId,
    EnrolmentId,
    GuardianId,
    HouseholdId,
    PersonId,
    ProposalId,
    Slug,
    Subject,
    new_id,
)
from ledger.store import Answer, Append, Write
from tests.spec import Ask, Step, Story, day, once, signed
from tests.town import MATTEO, ROSSI, Person

PAOLA, MARCO = GuardianId("paola"), GuardianId("marco")
"""The guardians of the household of Matteo."""
CERTIFICATE = DocumentId("certificate")


def family(household: HouseholdId = ROSSI) -> Step:
    """Paola, Marco, and a document that Paola handed in."""

    def step(story: Story) -> None:
        if story.store.household(story.commune, household).state is None:
            story.must(OpenHousehold(household=household))
        for guardian in (PAOLA, MARCO):
            story.must(AddGuardian(household=household, guardian=guardian))
        story.must(document(CERTIFICATE, household))

    return step


def document(name: str, household: HouseholdId = ROSSI, owner: GuardianId = PAOLA) -> KeepDocument:
    return KeepDocument(
        household=household,
        document=DocumentId(name),
        owner=owner,
        about=None,
        kind=Slug("attestation"),
        media_type="application/pdf",
        size_bytes=1,
        match=sha256(name.encode()).digest(),
        sealed=b"sealed",
    )


def adopted(more: str) -> Step:
    """The town adds this to its rulebook, in force from the beginning of 2024."""

    def step(story: Story) -> None:
        from commands.adopt_rulebook import AdoptRulebook
        from tests.town import RULEBOOK

        text = RULEBOOK.replace('version = "2023-09"', 'version = "2024-01"').replace(
            "en_vigueur = 2023-09-01", "en_vigueur = 2024-01-10"
        )
        story.must(AdoptRulebook(content=text + more))

    return step


def said(*facts: object, of: Person | None = None) -> Step:
    """Facts that other commands write on the household's page, or on a child's."""

    def step(story: Story) -> None:
        kept = story.store
        page = kept.child(story.commune, of.id) if of else kept.household(story.commune, ROSSI)
        prepared = kept.prepare(story.commune, signed(story.now), [Write(page=page, facts=facts)])  # type: ignore[arg-type]
        kept.append(Append(prepared=prepared, once=once(), answer=Answer(status=200), capacity=lambda _: None))

    return step


def forgotten(person: str, *, of: Person | None = None) -> Step:
    """The archivist agreed, and what was known of somebody was destroyed."""
    by, on = Subject("archivist"), day("2024-01-09")
    return said(PersonErased(person=PersonId(person), agreement="AD-42", agreed_by=by, agreed_on=on), of=of)


def household_of(story: Story, household: HouseholdId = ROSSI) -> Household:
    state = story.store.household(story.commune, household).state
    assert state is not None
    return state


def change(
    kind: ChangeKind,
    *,
    person: str = PAOLA,
    by: GuardianId | None = PAOLA,
    documents: Sequence[str] = (),
    collects: bool = False,
    household: HouseholdId = ROSSI,
    completed_at: int | None = None,
) -> Ask:
    """A guardian asks for a change, or an agent when `by` is None."""

    def command(_: Story) -> RequestChange:
        return RequestChange(
            household=household,
            change=kind,
            person=PersonId(person),
            proposal=ProposalId(new_id()),
            details=[
                SealedDetails(person=PersonId(person), kind=each, digest=f"digest-of-{each}", sealed=each.encode())
                for each in KINDS[kind]
            ],
            documents=tuple(map(DocumentId, documents)),
            collects=collects,
            asked_by=by,
            completed_at=completed_at,
            origin="family" if by else "counter",
        )

    return Ask(command=command)


def quotient(
    amount_cents: int = 65_300, *, source: QuotientSource = "caf", documents: Sequence[str] = (CERTIFICATE,)
) -> Ask:
    """The household declares its quotient."""
    command = DeclareQuotient(
        household=ROSSI, amount_cents=amount_cents, source=source, documents=tuple(map(DocumentId, documents))
    )
    return Ask(command=lambda _: command)


def enrolment(
    activity: str = "cantine",
    *,
    of: Person = MATTEO,
    first_day: str = "2024-01-15",
    last_day: str = "2024-07-05",
    site: str | None = "centre",
    group: str | None = None,
    documents: Sequence[str] = (),
    by: HouseholdId | None = None,
) -> Ask:
    """The household asks for a child to be enrolled, the child's first one unless it is said."""

    def command(_: Story) -> RequestEnrolment:
        return RequestEnrolment(
            child=of.id,
            household=by or of.household,
            enrolment=EnrolmentId(new_id()),
            activity=Slug(activity),
            first_day=day(first_day),
            last_day=day(last_day),
            site=Slug(site) if site else None,
            group=Slug(group) if group else None,
            documents=tuple(map(DocumentId, documents)),
        )

    return Ask(command=command)


def latest_of(story: Story, household: HouseholdId = ROSSI) -> DemandeNumber:
    """The last demande of the household."""
    numbers = [
        row["number"] for row in story.rows("demandes") if row["child"] is None and row["household"] == household
    ]
    return max(numbers)


def told(
    story: Story,
    *,
    approve: bool = True,
    reason: str | None = None,
    number: int | None = None,
    quotient: QuotientCorrection | None = None,
    enrolment: EnrolmentCorrection | None = None,
) -> Decision:
    """What an agent says of a demande of the household."""
    return Decision(
        household=ROSSI,
        number=latest_of(story) if number is None else DemandeNumber(number),
        approved=None if approve else frozenset(),
        reason=Slug(reason) if reason else None,
        quotient=quotient,
        enrolment=enrolment,
    )


def accept(*, number: int | None = None, quotient: QuotientCorrection | None = None) -> Ask:
    """The agent accepts the latest demande of the household."""
    return Ask(command=lambda story: DecideDemandes(decisions=[told(story, number=number, quotient=quotient)]))


def turn_down(*, number: int | None = None, reason: str | None = "autre") -> Ask:
    """The agent refuses it."""
    return Ask(
        command=lambda story: DecideDemandes(decisions=[told(story, approve=False, reason=reason, number=number)])
    )


def take_back(*, number: int | None = None) -> Ask:
    """The household takes it back."""
    return Ask(
        command=lambda story: WithdrawDemande(
            household=ROSSI, number=latest_of(story) if number is None else DemandeNumber(number)
        )
    )


def row_of(story: Story, number: int | None = None) -> dict[str, object]:
    """The latest demande of the household, as the read model has it."""
    wanted = latest_of(story) if number is None else number
    [row] = [row for row in story.rows("demandes") if row["number"] == wanted]
    return dict(row)
