"""What households owe and pay, in stories kept by the in-memory store: titres fall from the sky, nobody was billed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from commands.cancel_payment import CancelPayment
from commands.keep_details import SealedDetails
from commands.outcome import Accepted, Known, Outcome
from commands.record_payment import NewPayment, RecordPayments
from commands.return_debits import Return, ReturnDebits
from commands.revoke_mandate import RevokeMandate
from commands.send_collection import SendCollection
from commands.settle_collection import SettleCollection
from commands.sign_mandate import SignMandate
from ledger.events import DirectDebitAsked, Means, TitreIssued
from ledger.identifiers import (
    CollectionId,
    Commune,
    HouseholdId,
    MandateId,
    Month,
    PaymentId,
    PersonId,
    Stream,
    TitreNumber,
    new_id,
)
from ledger.payer import Payer
from ledger.regie import titre_number
from ledger.store import Write
from ledger.streams import payer_page
from tests.formalities import PAOLA, adopted
from tests.spec import Ask, Step, Story, day
from tests.town import ROSSI

CREDITOR: Final = """
[regie]
nom = "Régie de Valmont"
moyens = ["par chèque"]
creancier = "Mairie de Valmont – régie"
ics = "FR72ZZZ123456"
iban = "FR7630001007941234567890185"
"""
"""What the town adds to its rulebook in order to debit anybody."""
debiting: Final[Step] = adopted(CREDITOR)


@dataclass(frozen=True, kw_only=True)
class Issue:
    """Titres, however they came."""

    household: HouseholdId
    titres: Sequence[TitreIssued]

    def pages(self, commune: Commune) -> Sequence[Stream]:
        return [payer_page(commune, self.household)]

    def decide(self, known: Known) -> Outcome:
        return Accepted(writes=[Write(page=known.payer(self.household), facts=self.titres)])


def issued(number: int, total_cents: int, *, month: str, household: HouseholdId, on: date) -> TitreIssued:
    return TitreIssued(
        titre=titre_number(2024, number),
        household=household,
        month=Month(month),
        position=1,
        issued_on=on,
        due_on=on + timedelta(days=21),
        total_cents=total_cents,
        lines=(),
    )


def billed(
    number: int, total_cents: int, *, month: str = "2023-11", of: HouseholdId = ROSSI, on: str = "2023-12-04"
) -> Step:
    """A titre of the year 2024, due three weeks after it was issued."""
    titre = issued(number, total_cents, month=month, household=of, on=day(on))
    return lambda story: story.must(Issue(household=of, titres=[titre]))


def named(number: int) -> TitreNumber:
    return titre_number(2024, number)


def money(
    amount_cents: int,
    *,
    of: HouseholdId = ROSSI,
    means: Means = "cheque",
    on: str = "2024-01-08",
    titre: int | None = None,
    payment: str = "",
    reference: str | None = None,
    again: bool = False,
) -> NewPayment:
    return NewPayment(
        payment=PaymentId(payment or new_id()),
        household=of,
        amount_cents=amount_cents,
        means=means,
        received_on=day(on),
        titre=None if titre is None else named(titre),
        reference=reference,
        again=again,
    )


def pay(*payments: NewPayment) -> Ask:
    """The régie records what came."""
    return Ask(command=lambda _: RecordPayments(payments=payments))


def paid(amount_cents: int, **said: Any) -> Ask:
    return pay(money(amount_cents, **said))


def cancel(payment: str, because: Any = "mistake", *, of: HouseholdId = ROSSI) -> Ask:
    return Ask(command=lambda _: CancelPayment(household=of, payment=PaymentId(payment), because=because))


def sign(
    mandate: str = "RUM-1",
    *,
    of: HouseholdId = ROSSI,
    guardian: Any = PAOLA,
    on: str = "2024-01-02",
    account: str = "a",
) -> Ask:
    """A guardian hands in a signed mandate."""
    details = SealedDetails(person=PersonId(guardian), kind="bank", digest=account * 64, sealed=b"sealed")
    return Ask(
        command=lambda _: SignMandate(
            household=of, guardian=guardian, mandate=MandateId(mandate), signed_on=day(on), account=details
        )
    )


def revoke(of: HouseholdId = ROSSI) -> Ask:
    return Ask(command=lambda _: RevokeMandate(household=of))


def collect(name: str = "first", *, on: str = "2024-01-15", of: Sequence[HouseholdId] = (ROSSI,), **said: Any) -> Ask:
    """The régie asks the bank."""
    month = Month(said.pop("month")) if "month" in said else None
    return Ask(
        command=lambda _: SendCollection(
            collection=CollectionId(name), collect_on=day(on), households=of, month=month, digest="d" * 64, **said
        )
    )


def settle(name: str = "first", of: Sequence[HouseholdId] = (ROSSI,)) -> Ask:
    return Ask(command=lambda _: SettleCollection(collection=CollectionId(name), households=of))


def send_back(*numbers: int, name: str = "first", reason: str = "AM04", of: HouseholdId | None = ROSSI) -> Ask:
    returns = [Return(household=of, titre=named(number), reason=reason) for number in numbers]
    return Ask(command=lambda _: ReturnDebits(collection=CollectionId(name), returns=returns))


def payer_of(story: Story, household: HouseholdId = ROSSI) -> Payer:
    """The page of what a household owes, as it stands."""
    stream = payer_page(story.commune, household)
    state = story.store.pages([stream])[stream].state
    assert isinstance(state, Payer)
    return state


def debits(story: Story) -> list[tuple[str, int, str]]:
    """What the last collection asked for: titre, amount, sequence."""
    return [
        (fact.titre, fact.amount_cents, fact.sequence) for fact in story.facts if isinstance(fact, DirectDebitAsked)
    ]
