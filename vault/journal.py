"""The journal of erasures, outside the database: a backup of the database knows nothing of those that came after it.

A line says that somebody is about to be forgotten, before the transaction; another that it was done, after it. The
first without the second says nothing: the database does.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, Self

import orjson

from ledger.codec import wire_time
from ledger.entry import Signature
from ledger.events import PersonErased
from ledger.holdings import PlaceKey
from ledger.identifiers import Commune, DemandeNumber, PersonId, Slug, Stream, new_id
from ledger.owned_files import sync
from ledger.sealed import Forget
from ledger.settings import Settings, SettingsError
from ledger.store import AnyPage, Append, Capacity, Kept, Prepared, Store, Write

VARIABLE: Final = "ARDOISE_ERASURES"
FILE: Final = "erasures.ndjson"
_OWNER_ONLY: Final = 0o600


class JournalError(SettingsError):
    """The journal cannot be read or written: nobody may be forgotten, and nothing is served that it would forbid."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Intent:
    """Somebody is about to be forgotten."""

    attempt: str
    """One transaction: it is confirmed as a whole."""
    commune: Commune
    person: PersonId
    page: Stream | None
    """The page that says so; none for what an account said of itself."""
    erased_at: datetime
    agreement: str | None
    agreed_by: str | None
    agreed_on: date | None
    command: str
    actor: str

    def content(self) -> dict[str, Any]:
        """The line as JSON says it."""
        said = {**asdict(self), "erased_at": wire_time(self.erased_at)}
        return {"state": "intent", **said}

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Self:
        """The line again. Raises KeyError, TypeError or ValueError for what is none."""
        agreed_on = said["agreed_on"]
        return cls(
            **{name: said[name] for name in ("attempt", "page", "agreement", "agreed_by", "command", "actor")},
            commune=Commune(said["commune"]),
            person=PersonId(said["person"]),
            erased_at=datetime.fromisoformat(said["erased_at"]),
            agreed_on=date.fromisoformat(agreed_on) if agreed_on is not None else None,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """All that the journal says."""

    intents: Sequence[Intent]
    confirmed: frozenset[str]
    """The attempts whose transaction is known to have been committed."""


@dataclass(frozen=True, slots=True)
class Journal:
    """A file that is only added to, by as many processes as there are."""

    path: Path

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """The journal of a service with these settings, made if there is none. Raises SettingsError."""
        if settings.erasures is None and not settings.embedded and not settings.development:
            raise SettingsError(
                f"ARDOISE_DATABASE_URL is set but {VARIABLE} is not: name the directory of the journal of erasures,"
                " which must outlive the database."
            )
        journal = cls((settings.erasures or settings.data) / FILE)
        try:
            journal.path.parent.mkdir(parents=True, exist_ok=True)
            with journal._held():
                pass
            sync(journal.path.parent)
        except OSError as error:
            raise journal._unusable("written", error) from error
        journal.read()
        return journal

    def intend(self, intents: Sequence[Intent]) -> None:
        """On the disk when it returns. Raises JournalError: then nobody may be forgotten."""
        self._append([intent.content() for intent in intents])

    def confirm(self, commune: Commune, attempt: str) -> None:
        """The transaction of this attempt was committed. Raises JournalError."""
        self._append([{"state": "done", "commune": commune, "attempt": attempt}])

    def _append(self, lines: Sequence[Mapping[str, Any]]) -> None:
        try:
            with self._held() as handle:
                _cut_what_is_torn(handle)
                _write(handle, b"".join(orjson.dumps(line) + b"\n" for line in lines))
                os.fsync(handle)
        except OSError as error:
            raise self._unusable("written", error) from error

    def read(self) -> Written:
        """Every whole line. Raises JournalError for a line that is not one of the journal.

        What follows the last end of line was being written when its writer died: the transaction had not begun, or
        was over.
        """
        try:
            with self._held() as handle:
                content = os.pread(handle, os.fstat(handle).st_size, 0)
        except OSError as error:
            raise self._unusable("read", error) from error
        intents: list[Intent] = []
        confirmed: set[str] = set()
        for number, line in enumerate(content.split(b"\n")[:-1], start=1):
            try:
                said = orjson.loads(line)
                if said["state"] == "done":
                    confirmed.add(str(said["attempt"]))
                else:
                    intents.append(Intent.read(said))
            except (KeyError, TypeError, ValueError) as error:
                raise JournalError(
                    f"{VARIABLE}: line {number} of {self.path} is not one of the journal of erasures:"
                    " put back the file that was saved."
                ) from error
        return Written(intents=intents, confirmed=frozenset(confirmed))

    @contextlib.contextmanager
    def _held(self) -> Iterator[int]:
        """The file, while nobody else reads or writes it."""
        handle = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield handle
        finally:
            os.close(handle)

    def _unusable(self, what: str, error: OSError) -> JournalError:
        return JournalError(
            f"the journal of erasures {self.path} cannot be {what}: {error.strerror}. Name its directory in {VARIABLE}."
        )


def _cut_what_is_torn(handle: int) -> None:
    """Takes away a line whose writer died before its end, so that the next one is not joined to it."""
    size = os.fstat(handle).st_size
    if size == 0 or os.pread(handle, 1, size - 1) == b"\n":
        return
    os.ftruncate(handle, os.pread(handle, size, 0).rfind(b"\n") + 1)


def _write(handle: int, content: bytes) -> None:
    while content:
        content = content[os.write(handle, content) :]


class Journaled:
    """A store whose every erasure is in the journal before it is in the database, and confirmed before it is answered.

    `settle` confirms what the database says was done: a command that is sent again was answered by an attempt that may
    not have been.
    """

    def __init__(self, store: Store, journal: Journal, settle: Callable[[Journal], object]) -> None:
        self._store, self._journal, self._settle = store, journal, settle

    def pages(self, streams: Iterable[Stream]) -> Mapping[Stream, AnyPage]:
        """The pages a command wants to see."""
        return self._store.pages(streams)

    def next_number(self, commune: Commune) -> DemandeNumber:
        """A number no demande of the town has had."""
        return self._store.next_number(commune)

    def booked_until(self, commune: Commune) -> Mapping[Slug, date]:
        """The last day of each activity on which a place is taken."""
        return self._store.booked_until(commune)

    def prepare(self, commune: Commune, signature: Signature, writes: Sequence[Write]) -> Prepared:
        """Works out what facts write."""
        return self._store.prepare(commune, signature, writes)

    def full(self, prepared: Prepared, capacity: Capacity) -> Mapping[PlaceKey, int]:
        """The slots that have too few places for this now."""
        return self._store.full(prepared, capacity)

    def append(self, append: Append) -> Kept:
        """Keeps a command; if it forgets somebody, between two lines of the journal. Raises JournalError."""
        intents = intents_of(append.prepared)
        if not intents:
            return self._store.append(append)
        self._journal.intend(intents)
        kept = self._store.append(append)
        try:
            if kept.replayed:
                self._settle(self._journal)
            else:
                self._journal.confirm(append.prepared.commune, intents[0].attempt)
        except JournalError as error:
            raise JournalError(
                f"they were forgotten, and a backup could bring them back: {error} Ask again."
            ) from error
        return kept


def intents_of(prepared: Prepared) -> list[Intent]:
    """The lines of those a command is about to forget."""
    attempt = new_id()
    forgotten = [change for change in prepared.vault if isinstance(change, Forget)]
    agreed = next((change.told for change in forgotten if change.told is not None), None)
    return [_intent(prepared, attempt, change, change.told or agreed) for change in forgotten]


def _intent(prepared: Prepared, attempt: str, change: Forget, fact: PersonErased | None) -> Intent:
    signature = prepared.signature
    return Intent(
        attempt=attempt,
        commune=prepared.commune,
        person=change.person,
        page=change.page,
        erased_at=signature.happened_at,
        agreement=fact.agreement if fact else None,
        agreed_by=fact.agreed_by if fact else None,
        agreed_on=fact.agreed_on if fact else None,
        command=signature.command,
        actor=signature.actor,
    )
