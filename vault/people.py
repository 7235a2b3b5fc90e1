"""Questions to the vault and their answers, opened: who somebody is, what was proposed, what a document holds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final, LiteralString

import orjson
import psycopg
from psycopg.rows import TupleRow, dict_row
from psycopg_pool import ConnectionPool

from ledger.identifiers import ChildId, Commune, DocumentId, GuardianId, HouseholdId, PersonId, ProposalId
from ledger.store import ErasedError
from vault.sealing import KeyRing, PersonKey

Pool = ConnectionPool[psycopg.Connection[TupleRow]]
Details = dict[str, Any]
"""What is known of a person, by kind; each kind is a JSON value."""


class Erased(Enum):
    """What is known of somebody who was forgotten."""

    ERASED = "erased"


ERASED: Final = Erased.ERASED


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptDocument:
    """A document of the vault, without its content."""

    document: DocumentId
    owner: GuardianId
    household: HouseholdId
    """The one whose demandes may name it."""
    person: PersonId
    """The child it is about, or the owner."""
    kind: str
    media_type: str
    size_bytes: int
    kept_at: datetime

    @property
    def about(self) -> ChildId | None:
        """The child it is about, when it is not about its owner."""
        return None if self.person == PersonId(self.owner) else ChildId(self.person)


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposed:
    """What a demande asks to be known of a person."""

    person: PersonId
    kind: str
    value: Any


_TENANT: Final = "SELECT set_config('ardoise.commune', %(commune)s, true)"
_KEY_OF: Final = "SELECT vault.key_of(%(commune)s, %(person)s, %(wrapped)s, %(at)s)"
PEOPLE: Final = """
    SELECT k.person, k.wrapped, r.kind, r.sealed
    FROM vault.keys k LEFT JOIN vault.records r
      ON r.commune = k.commune AND r.person = k.person AND (%(kinds)s::text[] IS NULL OR r.kind = ANY(%(kinds)s))
    WHERE k.commune = %(commune)s AND k.person = ANY(%(persons)s)
"""
"""What is known of `persons`, of `kinds` or of all: read by `Vault.opened`, whoever asked."""
_PROPOSAL: Final = """
    SELECT p.person, p.kind, p.sealed, k.wrapped
    FROM vault.proposals p JOIN vault.keys k ON k.commune = p.commune AND k.person = p.person
    WHERE p.commune = %(commune)s AND p.proposal = %(proposal)s ORDER BY p.person, p.kind
"""
_KEPT: Final = "SELECT document, owner, household, person, kind, media_type, size_bytes, kept_at FROM vault.documents"
_DOCUMENTS: Final = (
    _KEPT
    + """
    WHERE commune = %(commune)s AND owner = ANY(%(owners)s)
      AND (%(after_at)s::timestamptz IS NULL OR (kept_at, document) < (%(after_at)s, %(after)s::text))
    ORDER BY kept_at DESC, document DESC LIMIT %(limit)s
"""
)
_DOCUMENT: Final = _KEPT + " WHERE commune = %(commune)s AND document = %(id)s"
_CONTENT: Final = """
    SELECT d.person, d.sealed, k.wrapped
    FROM vault.documents d JOIN vault.keys k ON k.commune = d.commune AND k.person = d.person
    WHERE d.commune = %(commune)s AND d.document = %(id)s
"""

Rows = list[dict[str, Any]]


def content_kind(document: DocumentId) -> str:
    """The kind under which a document is sealed: the bytes of one never open as another."""
    return f"document/{document}"


def opened(key: PersonKey, kind: str, sealed: bytes) -> Any:
    """A sealed JSON value."""
    return orjson.loads(key.open(kind, bytes(sealed)))


class Vault:
    """The vault of all towns. Unwrapped keys live for one question: nothing is to be dropped when one is destroyed."""

    def __init__(self, ring: KeyRing, pool: Pool) -> None:
        self.ring = ring
        self._pool = pool

    def _ask(self, sql: LiteralString, commune: Commune, **values: Any) -> Rows:
        """The rows of one question, in one round trip and one transaction."""
        values = {"commune": commune, **values}
        with self._pool.connection() as connection, connection.pipeline():
            connection.execute(_TENANT, values)
            return connection.cursor(row_factory=dict_row).execute(sql, values).fetchall()

    def key_of(self, commune: Commune, person: PersonId, at: datetime) -> PersonKey:
        """The key of a person, made if there is none yet. Raises ErasedError for somebody who was forgotten."""
        fresh = self.ring.wrap(self.ring.new_person_key(commune, person))
        with self._pool.connection() as connection:
            values = {"commune": commune, "person": person, "wrapped": fresh, "at": at}
            row = connection.execute(_KEY_OF, values).fetchone()
        if row is None or row[0] is None:
            raise ErasedError
        return self.ring.unwrap(commune, person, bytes(row[0]))

    def people(
        self, commune: Commune, persons: Iterable[PersonId], *, kinds: Sequence[str] | None = None
    ) -> dict[PersonId, Details | Erased]:
        """What is known of each person, of these kinds or of all: nothing, for somebody the vault never heard of."""
        wanted = list(dict.fromkeys(persons))
        rows = self._ask(PEOPLE, commune, persons=wanted, kinds=None if kinds is None else list(kinds))
        return self.opened(commune, wanted, rows)

    def opened(
        self, commune: Commune, persons: Iterable[PersonId], rows: Iterable[Mapping[str, Any]]
    ) -> dict[PersonId, Details | Erased]:
        """What the rows of `PEOPLE` say of each person."""
        known: dict[PersonId, Details | Erased] = {person: {} for person in persons}
        keys: dict[PersonId, PersonKey] = {}
        for row in rows:
            person = PersonId(row["person"])
            if row["wrapped"] is None:
                known[person] = ERASED
                continue
            if row["kind"] is None:
                continue
            if person not in keys:
                keys[person] = self.ring.unwrap(commune, person, bytes(row["wrapped"]))
            details = known[person]
            assert not isinstance(details, Erased)
            details[row["kind"]] = opened(keys[person], row["kind"], row["sealed"])
        return known

    def digested(
        self, commune: Commune, persons: Iterable[PersonId], kind: str
    ) -> dict[PersonId, tuple[Any, str] | Erased]:
        """One kind of what is known of each person, with the digest a fact has of it; who has none is left out."""
        wanted = list(dict.fromkeys(persons))
        found: dict[PersonId, tuple[Any, str] | Erased] = {}
        for row in self._ask(PEOPLE, commune, persons=wanted, kinds=[kind]):
            person = PersonId(row["person"])
            if row["wrapped"] is None:
                found[person] = ERASED
            elif row["kind"] is not None:
                key = self.ring.unwrap(commune, person, bytes(row["wrapped"]))
                value = opened(key, kind, row["sealed"])
                found[person] = value, key.digest(kind, value)
        return found

    def proposal(self, commune: Commune, proposal: ProposalId) -> list[Proposed]:
        """What was proposed; empty once it was decided, or when whom it is about was forgotten."""
        found = []
        for row in self._ask(_PROPOSAL, commune, proposal=proposal):
            if row["wrapped"] is not None:
                person = PersonId(row["person"])
                key = self.ring.unwrap(commune, person, bytes(row["wrapped"]))
                found.append(Proposed(person=person, kind=row["kind"], value=opened(key, row["kind"], row["sealed"])))
        return found

    def documents_of(
        self, commune: Commune, owners: Iterable[GuardianId], *, after: tuple[datetime, str] | None, limit: int
    ) -> list[KeptDocument]:
        """The documents of these guardians, the latest first, after one of them."""
        after_at, document = after or (None, None)
        rows = self._ask(_DOCUMENTS, commune, owners=list(owners), after_at=after_at, after=document, limit=limit)
        return [KeptDocument(**row) for row in rows]

    def document(self, commune: Commune, document: DocumentId) -> KeptDocument | None:
        """A document of the vault, if there is one of this name."""
        rows = self._ask(_DOCUMENT, commune, id=document)
        return KeptDocument(**rows[0]) if rows else None

    def content(self, commune: Commune, document: DocumentId) -> bytes | None:
        """The bytes of a document; None once whom it is about was forgotten."""
        for row in self._ask(_CONTENT, commune, id=document):
            if row["wrapped"] is not None:
                key = self.ring.unwrap(commune, PersonId(row["person"]), bytes(row["wrapped"]))
                return key.open(content_kind(document), bytes(row["sealed"]))
        return None
