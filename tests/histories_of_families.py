"""What may happen to a household besides days: asks of every kind, possible or not."""

from collections.abc import Sequence

from hypothesis import strategies as st

from commands.decide_demandes import DecideDemandes, Decision
from commands.decide_tariff_status import DecideTariffStatus
from commands.declare_quotient import DeclareQuotient, RecordQuotient
from commands.family_keys import IssueKey, RevokeKey
from commands.guardians import AddGuardian, LinkGuardian, NameHolder, Reinstate, RemoveGuardian, Suspend, UnlinkGuardian
from commands.members import AddContact, AddMember, RemoveContact, RemoveMember
from commands.outcome import Command
from commands.withdraw_demande import WithdrawDemande
from ledger.identifiers import DemandeNumber, GuardianId, KeyId, PersonId, Subject
from tests.asks import close, places, reopen
from tests.histories import DAYS, UNITS, households
from tests.spec import Ask, day
from tests.town import CANTINE, MATTEO, MERCREDIS

_GUARDIANS = [GuardianId(f"guardian-{name}") for name in ("paola", "marco", "rose")]
_PEOPLE = [PersonId(f"person-{name}") for name in ("colette", "leon")]
_KEYS = [KeyId(f"key-{number}") for number in range(2)]


@st.composite
def of_household(draw: st.DrawFn) -> Ask:
    """Who is of it, who may do what, what it shares."""
    home = draw(households)
    guardian = draw(st.sampled_from(_GUARDIANS))
    person = draw(st.sampled_from(_PEOPLE))
    key = draw(st.sampled_from(_KEYS))
    number = DemandeNumber(draw(st.integers(1, 12)))
    amount_cents = draw(st.integers(10_000, 90_000))
    whole: Sequence[Command] = (
        AddGuardian(household=home, guardian=guardian),
        AddGuardian(household=home, guardian=guardian, subject=Subject(f"account-of-{guardian}")),
        LinkGuardian(household=home, guardian=guardian, subject=Subject(f"account-of-{guardian}")),
        UnlinkGuardian(household=home, guardian=guardian),
        NameHolder(household=home, guardian=guardian),
        Suspend(household=home, guardian=guardian, scope="guardian", reason="authority_withdrawn"),
        Reinstate(household=home, guardian=guardian),
        RemoveGuardian(household=home, guardian=guardian, children=[MATTEO.id]),
        AddMember(household=home, person=person),
        RemoveMember(household=home, person=person),
        AddContact(household=home, person=person, collects=True),
        RemoveContact(household=home, person=person),
        RecordQuotient(household=home, amount_cents=amount_cents, source="caf", first_day=day("2024-01-01")),
        DecideTariffStatus(household=home, residence="outside", regime="msa", first_day=day("2024-01-01")),
        DeclareQuotient(household=home, amount_cents=amount_cents, source="caf"),
        WithdrawDemande(household=home, number=number),
        DecideDemandes(decisions=[Decision(household=home, number=number)]),
        IssueKey(household=home, key=key, digest=f"digest-of-{key}"),
        RevokeKey(household=home, key=key),
    )
    command = draw(st.sampled_from(whole))
    return Ask(command=lambda _: command)


@st.composite
def of_town(draw: st.DrawFn) -> tuple[str, Ask]:
    """A day closed or opened again, a number of places set."""
    activity = draw(st.sampled_from([MERCREDIS, CANTINE]))
    asked, unit = draw(st.sampled_from(DAYS[activity])), draw(st.sampled_from(UNITS[activity]))
    pool = "grands" if activity == MERCREDIS else ""
    count = draw(st.sampled_from([0, 1, 30, None]))
    asks = [close(asked), close(asked, activity=activity), reopen(asked), places(count, f"{asked} {unit}", pool=pool)]
    return activity, draw(st.sampled_from(asks))
