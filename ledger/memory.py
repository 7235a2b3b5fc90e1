"""The port kept in memory by eventsourcing's POPO module: for specifications, and for what-if."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from eventsourcing.persistence import IntegrityError, StoredEvent
from eventsourcing.popo import POPOAggregateRecorder

from ledger.codec import Codec
from ledger.holdings import PlaceKey
from ledger.identifiers import Commune, DemandeNumber, Slug, Stream
from ledger.keeping import Keeping
from ledger.pages import PageRecorder, Pages
from ledger.rows import Projector, Put, Row, no_rows
from ledger.sealed import SealedChange
from ledger.store import (
    Answer,
    Append,
    Capacity,
    ConflictError,
    FullError,
    KeyReusedError,
    Prepared,
    ReplayedError,
)


class EntryRecorder(POPOAggregateRecorder, PageRecorder):
    """Keeps entries with all that one append keeps beside them."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: dict[tuple[str, str, str, str], tuple[bytes, Answer]] = {}
        self.taken: dict[tuple[Commune, PlaceKey], int] = defaultdict(int)
        self.set_by_town: dict[tuple[Commune, PlaceKey], int | None] = {}
        self.digests: dict[tuple[Stream, int], bytes] = {}
        self.tables: dict[str, dict[tuple[Any, ...], Row]] = defaultdict(dict)
        self.vault: list[SealedChange] = []
        """What commands asked of the vault, in order: this store has none."""

    def _assert_uniqueness(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        append: Append = kwargs["append"]
        self._refuse_replay(append)
        try:
            super()._assert_uniqueness(stored_events)
        except IntegrityError as conflict:
            raise ConflictError from conflict
        self._refuse_a_lost_line(append)
        for key, delta in append.prepared.claims.items():
            assert self.taken[append.prepared.commune, key] + delta >= 0, "a place is given back that was never taken"
        full = self.full(append.prepared, append.capacity)
        if full:
            raise FullError(full)

    def _refuse_a_lost_line(self, append: Append) -> None:
        """Every line follows the one it names, which is kept or comes with it."""
        known = {(entry.stream, entry.version): entry.digest for entry in append.prepared.entries}
        for entry in append.prepared.entries:
            before = entry.stream, entry.version - 1
            if entry.version > 1 and known.get(before, self.digests.get(before)) != entry.previous:
                raise ConflictError

    def _refuse_replay(self, append: Append) -> None:
        kept = self.answers.get(_key(append))
        if kept is None:
            return
        fingerprint, answer = kept
        if fingerprint != append.once.fingerprint:
            raise KeyReusedError
        raise ReplayedError(answer)

    def select_pages(self, after: Mapping[Stream, int]) -> Iterable[StoredEvent]:
        """The lines of each page after a version, in order."""
        return [line for stream, version in after.items() for line in self.select_events(stream, gt=version)]

    def full(self, prepared: Prepared, capacity: Capacity) -> dict[PlaceKey, int]:
        """The slots that have too few places, and how many they have."""
        left = {}
        for key, delta in prepared.claims.items():
            slot = prepared.commune, key
            limit = self.set_by_town.get(slot, capacity(key)) if delta > 0 else None
            if limit is not None and self.taken[slot] + delta > limit:
                left[key] = max(limit - self.taken[slot], 0)
        return left

    def _update_table(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        append: Append = kwargs["append"]
        prepared = append.prepared
        self.answers[_key(append)] = append.once.fingerprint, append.answer
        self.digests.update({(entry.stream, entry.version): entry.digest for entry in prepared.entries})
        for key, delta in prepared.claims.items():
            self.taken[prepared.commune, key] += delta
        for key, places in prepared.settings.items():
            self.set_by_town[prepared.commune, key] = places
        for change in prepared.changes:
            if isinstance(change, Put):
                self.tables[change.table][change.key] = change.row
            else:
                self.tables[change.table].pop(change.key, None)
        self.vault.extend(prepared.vault)
        return super()._update_table(stored_events)


def _key(append: Append) -> tuple[str, str, str, str]:
    once = append.once
    return append.prepared.commune, once.client, once.subject, once.key


class MemoryStore(Keeping):
    """A ledger that lasts as long as the process."""

    def __init__(self, *, project: Projector = no_rows, codec: Codec | None = None, first_number: int = 1) -> None:
        self.recorder, codec = EntryRecorder(), codec or Codec()
        super().__init__(Pages(self.recorder, POPOAggregateRecorder(), codec), codec, project)
        self._numbers: dict[Commune, int] = defaultdict(lambda: first_number - 1)

    def next_number(self, commune: Commune) -> DemandeNumber:
        """A number no demande of the town has had."""
        self._numbers[commune] += 1
        return DemandeNumber(self._numbers[commune])

    def booked_until(self, commune: Commune) -> Mapping[Slug, date]:
        """The last day of each activity on which a place is taken."""
        last: dict[Slug, date] = {}
        for (town, key), taken in self.recorder.taken.items():
            if town == commune and taken:
                last[key.activity] = max(key.day, last.get(key.activity, key.day))
        return last

    def full(self, prepared: Prepared, capacity: Capacity) -> Mapping[PlaceKey, int]:
        """The slots that have too few places for this now, and how many."""
        return self.recorder.full(prepared, capacity)
