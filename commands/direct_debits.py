"""What a payer's page says of its direct debits: which are under way, and what may be asked next."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID, uuid5

from ledger.allocation import allocate
from ledger.events import DebitSequence, DirectDebitAsked, MandateSigned, PaymentRecorded
from ledger.identifiers import CollectionId, GuardianId, HouseholdId, MandateId, Month, PaymentId, TitreNumber
from ledger.payer import Payer

LAPSES_AFTER: Final = timedelta(days=36 * 365 // 12)
"""A mandate under which nothing was asked for 36 months holds no more (Banque de France, FAQ on SEPA direct debits)."""
_PAYMENTS: Final = UUID("6d0e0d6a-5d3f-4a53-9a6c-0f4f4f0a7c11")


@dataclass(frozen=True, kw_only=True, slots=True)
class Debit:
    """What the bank is to be asked for, and under which mandate."""

    household: HouseholdId
    mandate: MandateId
    guardian: GuardianId
    """Whose account it is."""
    digest: str
    """Of that account, as the mandate has it."""
    signed_on: date
    titre: TitreNumber
    amount_cents: int
    sequence: DebitSequence

    def fact(self, collection: CollectionId, collect_on: date) -> DirectDebitAsked:
        """What the payer's page says of it."""
        return DirectDebitAsked(
            collection=collection,
            mandate=self.mandate,
            titre=self.titre,
            amount_cents=self.amount_cents,
            sequence=self.sequence,
            collect_on=collect_on,
        )


def payment_of(collection: CollectionId, titre: TitreNumber) -> PaymentId:
    """The one payment a direct debit comes to: it can be neither recorded twice nor taken for another."""
    return PaymentId(str(uuid5(_PAYMENTS, f"{collection}/{titre}")))


def returned(payer: Payer, debit: DirectDebitAsked) -> bool:
    """Whether the bank sent it back."""
    return any((back.collection, back.titre) == (debit.collection, debit.titre) for back in payer.returned)


def settled(payer: Payer, debit: DirectDebitAsked) -> bool:
    """Whether its payment was recorded, whatever became of it since."""
    payment = payment_of(debit.collection, debit.titre)
    return payment in payer.payments or payment in payer.cancelled


def under_way(payer: Payer) -> Iterator[DirectDebitAsked]:
    """What the bank was asked for and has neither paid nor sent back."""
    for debit in payer.debits:
        if not returned(payer, debit) and not settled(payer, debit):
            yield debit


def _coming(payer: Payer) -> Iterator[PaymentRecorded]:
    """The payments that what is under way comes to when the bank sends none of it back."""
    for debit in under_way(payer):
        yield PaymentRecorded(
            payment=payment_of(debit.collection, debit.titre),
            household=payer.household,
            amount_cents=debit.amount_cents,
            means="direct_debit",
            received_on=debit.collect_on,
            titre=debit.titre,
        )


def lapsed(payer: Payer, mandate: MandateSigned, day: date) -> bool:
    """Whether a mandate was left unused for so long that it holds no more."""
    used = [debit.collect_on for debit in payer.debits if debit.mandate == mandate.mandate]
    return max([mandate.signed_on, *used]) + LAPSES_AFTER < day


def _sequence(payer: Payer, mandate: MandateSigned, collect_on: date) -> DebitSequence:
    """Of all the debits of a day: a bank that takes one of them as the first may reject another as recurrent."""
    asked = (debit for debit in payer.debits if debit.mandate == mandate.mandate and not returned(payer, debit))
    first = next(asked, None)
    return "FRST" if first is None or (first.sequence, first.collect_on) == ("FRST", collect_on) else "RCUR"


def to_ask(payer: Payer, collect_on: date, month: Month | None) -> Sequence[Debit]:
    """What the bank may be asked for: titres due by then, of a month or of any, that are neither paid nor under way.

    What is under way is counted as money that comes for its titre: what was paid or credited meanwhile goes to the next
    one, so that with what is under way the bank is never asked for more than is owed. The first debit of a mandate is
    FRST until one is not sent back, and so is every other of that day; those after it are RCUR.
    """
    mandate = payer.mandate
    if mandate is None or lapsed(payer, mandate, collect_on):
        return []
    waiting = {debit.titre for debit in under_way(payer)}
    sequence = _sequence(payer, mandate, collect_on)
    asked: list[Debit] = []
    for each in allocate(payer.titres.values(), [*payer.payments.values(), *_coming(payer)]).settled:
        titre = each.titre
        wanted = titre.due_on <= collect_on and month in (None, titre.month) and titre.number not in waiting
        if each.owed_cents and wanted:
            asked.append(
                Debit(
                    household=payer.household,
                    mandate=mandate.mandate,
                    guardian=mandate.guardian,
                    digest=mandate.digest,
                    signed_on=mandate.signed_on,
                    titre=titre.number,
                    amount_cents=each.owed_cents,
                    sequence=sequence,
                )
            )
    return asked
