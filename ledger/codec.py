"""Facts to canonical JSON and back, under wire names that outlive files.

The bytes that are hashed are the bytes that are stored, and they are never serialised again to be verified. The
canonical form is RFC 8785's for what we allow: keys in ASCII and sorted, no floats, integers below 2^53.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from typing import Any, Final

import orjson
from cattrs import Converter
from cattrs.preconf.orjson import make_converter

from ledger import events
from ledger.entry import Entry, Signature
from ledger.events import Fact
from ledger.identifiers import Commune, Stream
from ledger.structures import UNREADABLE, Reader, maker, reader

Json = dict[str, Any]
Upcaster = Callable[[Json], Json]

WIRE_NAMES: Final[Mapping[type, str]] = {
    events.ActivationRequested: "activation_requested.v1",
    events.ActivationGranted: "activation_granted.v1",
    events.ActivationRefused: "activation_refused.v1",
    events.HouseholdOpened: "household_opened.v1",
    events.GuardianAdded: "guardian_added.v1",
    events.HolderChanged: "holder_changed.v1",
    events.GuardianLinked: "guardian_linked.v2",
    events.GuardianUnlinked: "guardian_unlinked.v1",
    events.AccountSuspended: "account_suspended.v1",
    events.AccountReinstated: "account_reinstated.v1",
    events.GuardianSuspended: "guardian_suspended.v1",
    events.GuardianReinstated: "guardian_reinstated.v1",
    events.GuardianLeft: "guardian_left.v1",
    events.MemberAdded: "member_added.v1",
    events.MemberLeft: "member_left.v1",
    events.ContactAdded: "contact_added.v1",
    events.ContactRemoved: "contact_removed.v1",
    events.FamilyKeyIssued: "family_key_issued.v1",
    events.FamilyKeyRevoked: "family_key_revoked.v1",
    events.DocumentKept: "document_kept.v1",
    events.ChangeRequested: "change_requested.v1",
    events.QuotientDeclared: "quotient_declared.v1",
    events.QuotientDecided: "quotient_decided.v2",
    events.DetailsKept: "details_kept.v1",
    events.PersonErased: "person_erased.v1",
    events.ChildRegistered: "child_registered.v1",
    events.ChildJoinedHousehold: "child_joined_household.v1",
    events.ChildLeftHousehold: "child_left_household.v1",
    events.CustodyAgreed: "custody_agreed.v1",
    events.CustodyExcepted: "custody_excepted.v1",
    events.CustodyEnded: "custody_ended.v1",
    events.ChildEnrolled: "child_enrolled.v1",
    events.EnrolmentEnded: "enrolment_ended.v1",
    events.EnrolmentRequested: "enrolment_requested.v1",
    events.ReservationRequested: "reservation_requested.v1",
    events.CancellationRequested: "cancellation_requested.v1",
    events.AbsenceDeclared: "absence_declared.v1",
    events.DemandeApproved: "demande_approved.v1",
    events.DemandeRejected: "demande_rejected.v1",
    events.DemandeWithdrawn: "demande_withdrawn.v1",
    events.AttendanceRecorded: "attendance_recorded.v1",
    events.RulebookAdopted: "rulebook_adopted.v1",
    events.DayClosed: "day_closed.v1",
    events.DayReopened: "day_reopened.v1",
    events.CapacityChanged: "capacity_changed.v1",
    events.TariffStatusDecided: "tariff_status_decided.v1",
    events.MealBroughtDecided: "meal_brought_decided.v1",
    events.MonthClosed: "month_closed.v1",
    events.TitreIssued: "titre_issued.v1",
    events.PaymentRecorded: "payment_recorded.v1",
    events.PaymentCancelled: "payment_cancelled.v1",
    events.MandateSigned: "mandate_signed.v1",
    events.MandateRevoked: "mandate_revoked.v1",
    events.DirectDebitAsked: "direct_debit_asked.v1",
    events.DirectDebitReturned: "direct_debit_returned.v1",
    events.CollectionSent: "collection_sent.v1",
}
"""The current name of every fact. A published name is never reused, nor its meaning changed."""

UPCASTERS: Final[Mapping[str, tuple[str, Upcaster]]] = {
    "guardian_linked.v1": ("guardian_linked.v2", lambda json: {**json, "how": "agent", "key": None}),
    "quotient_decided.v1": ("quotient_decided.v2", lambda json: {**json, "regularisation": False}),
}
"""For each name no longer written: the name that followed it, and how to rewrite the old JSON into the new."""


class UnknownFactError(ValueError):
    """An entry has a wire name this code does not know: it was written by a newer one."""


def wire_time(instant: datetime) -> str:
    """An instant as the ledger writes it: RFC 3339, UTC, always six digits of microseconds."""
    assert instant.tzinfo is not None, "an instant without a zone"
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def canonical(value: Json) -> bytes:
    """JSON in the one form that is stored and hashed."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)


def digest(stored: bytes) -> bytes:
    """The 32 bytes that stand for an entry in the next one of its page."""
    return sha256(stored).digest()


_reader_of: Final[Callable[[type], Reader]] = cache(reader)
_signature: Final[Reader] = reader(Signature)
"""A line holds the signature's fields under their own names."""
_entry: Final = maker(Entry)


def converter() -> Converter:
    """Typed facts to plain JSON values and back; instants as `wire_time` writes them."""
    made = make_converter()
    made.register_unstructure_hook(datetime, wire_time)
    made.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
    return made


@dataclass(frozen=True, kw_only=True)
class Codec:
    """Turns entries into the bytes that are kept, and back."""

    names: Mapping[type, str] = field(default_factory=lambda: WIRE_NAMES)
    upcasters: Mapping[str, tuple[str, Upcaster]] = field(default_factory=lambda: UPCASTERS)
    _converter: Converter = field(default_factory=converter)
    _kinds: dict[str, type] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._kinds.update({name: kind for kind, name in self.names.items()})

    def name(self, fact: Fact) -> str:
        """The wire name of a fact."""
        return self.names[type(fact)]

    def fact_to_json(self, fact: Fact) -> Json:
        """A fact as plain JSON values."""
        json: Json = self._converter.unstructure(fact)
        return json

    def fact_from_json(self, name: str, json: Json) -> Fact:
        """The fact that was written under a name, brought to its current form.

        Raises UnknownFactError for a name that was never written.
        """
        seen: set[str] = set()
        while name in self.upcasters:
            seen.add(name)
            name, rewrite = self.upcasters[name]
            assert name not in seen, f"upcasters turn in a circle at {name}"
            json = rewrite(json)
        kind = self._kinds.get(name)
        if kind is None:
            raise UnknownFactError(name)
        read = _reader_of(kind)
        try:
            fact: Fact = read(json)
        except UNREADABLE:
            # An older line may lack a field that has a default; for the others, this says what is wrong.
            fact = self._converter.structure(json, kind)
        return fact

    def write(self, fact: Fact, *, stream: Stream, version: int, previous: bytes, signature: Signature) -> Entry:
        """The next line of a page."""
        commune = Commune(stream.split("/", 2)[1])
        stored = canonical(
            {
                "actor": signature.actor,
                "client": signature.client,
                "command": signature.command,
                "commune": commune,
                "correlation": signature.correlation,
                "fact": self.fact_to_json(fact),
                "happened_at": wire_time(signature.happened_at),
                "previous": previous.hex(),
                "recorded_at": wire_time(signature.recorded_at),
                "role": signature.role,
                "stream": stream,
                "type": self.name(fact),
                "version": version,
            }
        )
        return Entry(
            commune=commune,
            stream=stream,
            version=version,
            fact=fact,
            signature=signature,
            previous=previous,
            stored=stored,
            digest=digest(stored),
        )

    def read(self, stored: bytes) -> Entry:
        """A line of a page from the bytes that were kept. Raises UnknownFactError."""
        json = orjson.loads(stored)
        return _entry(
            json["commune"],
            json["stream"],
            json["version"],
            self.fact_from_json(json["type"], json["fact"]),
            _signature(json),
            bytes.fromhex(json["previous"]),
            stored,
            digest(stored),
        )
