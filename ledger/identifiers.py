"""Names of things, so that one kind is never passed for another."""

import re
from typing import Final, NewType
from uuid import UUID, uuid4, uuid5

Commune = NewType("Commune", str)
"""A town, as a slug: `villennes-sur-seine`."""

ChildId = NewType("ChildId", str)
HouseholdId = NewType("HouseholdId", str)
GuardianId = NewType("GuardianId", str)
EnrolmentId = NewType("EnrolmentId", str)
PersonId = NewType("PersonId", str)
"""Anybody the vault knows something of: a child, a guardian, another member of a household, a contact."""

DocumentId = NewType("DocumentId", str)
ProposalId = NewType("ProposalId", str)
"""What a demande asks to be changed in the vault."""

KeyId = NewType("KeyId", str)
"""A Clé Enfance, never its text."""

ActivationId = NewType("ActivationId", str)
AccountId = NewType("AccountId", str)
"""An account of the identity provider, as the page of what it asks is named."""

Subject = NewType("Subject", str)
"""Who a token speaks for, as the identity provider writes it. Pseudonymous."""

Slug = NewType("Slug", str)
"""A word a town chose: an activity, a unit, a site, a group, a reason."""

Version = NewType("Version", str)
"""A version of a town's rulebook, as the town numbers it: `2023-09`."""

DemandeNumber = NewType("DemandeNumber", int)
"""The number a family reads on its request. Unique within a commune; gaps are normal."""

UNNUMBERED: Final = DemandeNumber(0)
"""What a decision writes before the ledger has given the demande its number."""

Month = NewType("Month", str)
"""A month of the town's calendar: `2022-09`."""

TitreNumber = NewType("TitreNumber", str)
"""What a family reads on its invoice: the year of the titre, and a number of that year without gaps: `2022-000017`."""

PaymentId = NewType("PaymentId", str)
MandateId = NewType("MandateId", str)
"""The unique reference of a SEPA mandate (RUM): at most 35 letters, digits and hyphens."""

CollectionId = NewType("CollectionId", str)
"""One file of direct debits."""

Stream = NewType("Stream", str)
"""The name of a page: `child/{commune}/{child}`."""

SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?")
"""Lower case ASCII letters, digits and inner hyphens, 48 characters at most (a PostgreSQL name holds 63)."""


def is_slug(text: str) -> bool:
    """Whether a text may name a town, an activity, a unit, a site, a group or a reason."""
    return SLUG.fullmatch(text) is not None


_ACCOUNTS: Final = UUID("5a3e3e52-6f0a-4c0b-9a3b-6f8f6f1d2b7c")


def account_of(commune: Commune, subject: Subject) -> AccountId:
    """The one page of an account in a town: two requests at the same instant meet there."""
    return AccountId(str(uuid5(_ACCOUNTS, f"{commune}/{subject}")))


def new_id() -> str:
    """An opaque identifier that says nothing of whom it names."""
    return str(uuid4())
