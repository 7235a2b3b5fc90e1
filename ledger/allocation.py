"""Which money pays which titre: what a household paid of each and still owes of each, from its titres and payments."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import reduce

from ledger.events import PaymentRecorded
from ledger.identifiers import PaymentId, TitreNumber
from ledger.payer import Titre


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """What one payment, or one credit, pays of a titre."""

    amount_cents: int
    on: date
    """The day the payment was received, or the credit issued."""
    payment: PaymentId | None = None
    credit: TitreNumber | None = None
    """The titre below zero it comes from. Exactly one of the two is there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Settled:
    """A titre, and what came for it."""

    titre: Titre
    shares: tuple[Share, ...] = ()
    """Those that named it first, in the order they were recorded."""

    @property
    def paid_cents(self) -> int:
        """What was paid of it, by payments and by credits."""
        return sum(share.amount_cents for share in self.shares)

    @property
    def owed_cents(self) -> int:
        """What is left to pay of it; zero for a credit."""
        return max(self.titre.total_cents, 0) - self.paid_cents


@dataclass(frozen=True, kw_only=True, slots=True)
class Allocation:
    """An account, titre by titre."""

    settled: tuple[Settled, ...]
    """In the order they were issued."""
    unallocated: tuple[Share, ...]
    """What came and pays nothing yet: the next titre takes it."""

    @property
    def owed_cents(self) -> int:
        """What is left to pay of all titres together."""
        return sum(settled.owed_cents for settled in self.settled)

    @property
    def unallocated_cents(self) -> int:
        """What the town holds for the household."""
        return sum(share.amount_cents for share in self.unallocated)

    @property
    def balance_cents(self) -> int:
        """Titres minus credits minus payments. Below zero, the town owes the household."""
        return self.owed_cents - self.unallocated_cents

    def of(self, titre: TitreNumber) -> Settled | None:
        """What came for one titre."""
        return next((settled for settled in self.settled if settled.titre.number == titre), None)


def allocate(titres: Iterable[Titre], payments: Iterable[PaymentRecorded]) -> Allocation:
    """Puts every cent somewhere; both in the order of the page, payments that were cancelled left out.

    A payment goes first to the titre it names: a debtor says which debt is paid (Code civil, article 1342-10). Then
    credits, what is left of those payments, and the payments that name nothing go to the oldest titre that is not paid.
    Payments up to a day tell what was paid by then.
    """
    issued = list(titres)
    owed = {titre.number: max(titre.total_cents, 0) for titre in issued}
    shares: dict[TitreNumber, list[Share]] = {titre.number: [] for titre in issued}
    unallocated: list[Share] = []
    rest = [
        Share(amount_cents=-titre.total_cents, on=titre.issued_on, credit=titre.number)
        for titre in issued
        if titre.total_cents < 0
    ]

    def take(number: TitreNumber, share: Share) -> Share:
        """What is left of a share when a titre has taken what it still owes."""
        taken = min(owed[number], share.amount_cents)
        if taken:
            owed[number] -= taken
            shares[number].append(_of(share, taken))
        return _of(share, share.amount_cents - taken)

    for payment in payments:
        share = Share(amount_cents=payment.amount_cents, on=payment.received_on, payment=payment.payment)
        rest.append(take(payment.titre, share) if payment.titre in owed else share)
    for share in rest:
        left = reduce(lambda left, titre: take(titre.number, left), issued, share)
        if left.amount_cents:
            unallocated.append(left)
    settled = tuple(Settled(titre=titre, shares=tuple(shares[titre.number])) for titre in issued)
    return Allocation(settled=settled, unallocated=tuple(unallocated))


def _of(share: Share, amount_cents: int) -> Share:
    """The same money, another amount of it."""
    return Share(amount_cents=amount_cents, on=share.on, payment=share.payment, credit=share.credit)
