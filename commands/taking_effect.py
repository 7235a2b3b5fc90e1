"""What a demande without days brings about once it is approved: facts, and what was proposed kept in the vault."""

from collections.abc import Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Final

from ledger.events import (
    ChangeKind,
    ChangeRequested,
    ContactAdded,
    DetailsKept,
    HouseholdFact,
    MemberAdded,
    QuotientDecided,
    QuotientDeclared,
)
from ledger.identifiers import Slug
from ledger.sealed import DetailsKind

KINDS: Final[Mapping[ChangeKind, tuple[DetailsKind, ...]]] = MappingProxyType(
    {
        "address": ("address",),
        "contact": ("contact",),
        "situation": ("situation",),
        "member": ("identity",),
        "contact_person": ("identity", "contact"),
    }
)
"""The kinds of details each change brings, in the order of their digests."""


def joined(digests: Mapping[DetailsKind, str], change: ChangeKind) -> str:
    """The digests of what a change proposes, as its fact holds them: in the order of the kinds, parted by a space."""
    return " ".join(digests[kind] for kind in KINDS[change])


def of_change(asked: ChangeRequested) -> Iterator[HouseholdFact]:
    """The person a household has from now on, and what is known of them."""
    if asked.change == "member":
        yield MemberAdded(person=asked.person)
    elif asked.change == "contact_person":
        yield ContactAdded(person=asked.person, collects=asked.collects)
    for kind, digest in zip(KINDS[asked.change], asked.digest.split(" "), strict=True):
        yield DetailsKept(person=asked.person, kind=Slug(kind), digest=digest)


def of_quotient(
    asked: QuotientDeclared, *, amount_cents: int, first_day: date, regularisation: bool = False
) -> QuotientDecided:
    """The quotient the town holds true, as it was declared or as an agent corrected it."""
    return QuotientDecided(
        amount_cents=amount_cents,
        source=asked.source,
        first_day=first_day,
        demande=asked.demande,
        regularisation=regularisation,
    )
