"""The account of a household as it is read: every titre with what paid it, up to now or up to a day."""

from datetime import date

from ledger.allocation import Allocation, Settled, Share, allocate
from ledger.payer import Payer

__all__ = ["Allocation", "Settled", "Share", "account"]


def account(payer: Payer, *, until: date | None = None) -> Allocation:
    """What each titre was paid and still owes; `until`: by the payments received and the titres issued by that day."""
    titres = [titre for titre in payer.titres.values() if until is None or titre.issued_on <= until]
    payments = [paid for paid in payer.payments.values() if until is None or paid.received_on <= until]
    return allocate(titres, payments)
