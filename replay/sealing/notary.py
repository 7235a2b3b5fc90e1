"""Who signs a town's tree and remembers what was signed: what is signed later, or served, is never another past."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from ledger.database import StartRefusedError
from ledger.identifiers import Commune
from ledger.settings import Settings, SettingsError
from replay.sealing.checkpoint import PREFIX, Checkpoint, Head, VerifierKey, origin_of, sign, verify
from replay.sealing.files import CheckpointFiles, CheckpointsError
from replay.sealing.key import SealKeys, seal_keys_of
from replay.sealing.seal import seal_once
from replay.sealing.tree import BrokenTreeError, Connection, Tree

ORIGIN: Final = "ARDOISE_ORIGIN"
DEFAULT_PREFIX: Final = "ardoise.local"
"""Of a database that comes with Ardoise: its checkpoints are for whoever tries it."""
ACCEPT: Final = "ardoise checkpoint accept-loss"

_TOWNS: Final = "SELECT commune FROM ardoise.trees ORDER BY commune"


class AnotherPastError(RuntimeError):
    """The tree is not what it was when the last checkpoint was signed: nothing may be signed."""


class OlderError(AnotherPastError):
    """The tree is smaller than when the last checkpoint was signed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Notary:
    """The key, the name and the directory of an installation."""

    keys: SealKeys
    prefix: str
    files: CheckpointFiles

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """The notary of a service with these settings. Raises SettingsError."""
        files = CheckpointFiles.open(settings)
        keys = seal_keys_of(settings, used=bool(files.towns()))
        return cls(keys=keys, prefix=prefix_of(settings), files=files)

    def key_of(self, commune: Commune) -> VerifierKey:
        """What is published of the key that signs the tree of a town."""
        return self.keys.verifier(origin_of(self.prefix, commune))

    def last(self, commune: Commune) -> Checkpoint | None:
        """The last checkpoint of a town, verified. Raises CheckpointsError for one that our keys did not sign.

        It may have been signed under another prefix, or by a key that signs no more but is still trusted.
        """
        found = self.files.last(commune)
        if found is None:
            return None
        try:
            verify(found, self.keys.verifiers(found.head.origin))
        except ValueError as error:
            raise CheckpointsError(
                f"the last checkpoint of {commune} in {self.files.path} was signed by no key of this service ({error}):"
                " put back the file of keys or the checkpoint that was saved."
            ) from error
        return found

    def sign(self, connection: Connection, commune: Commune, now: datetime) -> Checkpoint | None:
        """Signs the tree of a town as it is and keeps it on the disk; None when it is the one that was signed last.

        Raises AnotherPastError when it is not the tree that was signed, grown; CheckpointsError.
        """
        last = self.last(commune)
        one = Tree(connection, commune)
        size = one.size()
        if last is not None:
            refuse_another(one, size, last.head)
            if size == last.head.size:
                return None
        head = Head(origin=origin_of(self.prefix, commune), size=size, root=_root(one, size, commune))
        signed = sign(head, self.keys.private)
        self.files.write(commune, signed)
        self.files.thin(commune, now)
        return signed

    def refuse_older(self, connection: Connection) -> None:
        """Raises StartRefusedError when the database is not the one that was signed, or is older. CheckpointsError.

        A backup may hold lines that were sealed after it was made only: they are sealed before it is called older.
        """
        lasts = [last for commune in self.files.towns() if (last := self.last(commune)) is not None]
        if not lasts:
            return
        if any(isinstance(error, OlderError) for _, error in self._differing(connection, lasts)):
            seal_once(connection)
        found = self._differing(connection, lasts)
        if not found:
            return
        head, error = found[0]
        others = [other.town for other, _ in found[1:]]
        raise StartRefusedError(
            f"{error} Restore the database that belongs here, or a newer backup of it."
            f" If those lines are lost for good: `{ACCEPT} {head.town} --by ACCOUNT`."
            + (f" The same of {', '.join(others)}." if others else "")
        )

    def _differing(self, connection: Connection, lasts: Iterable[Checkpoint]) -> list[tuple[Head, AnotherPastError]]:
        found = []
        for last in lasts:
            one = Tree(connection, Commune(last.head.town))
            try:
                refuse_another(one, one.size(), last.head)
            except AnotherPastError as error:
                found.append((last.head, error))
        return found


def refuse_another(tree: Tree, size: int, signed: Head) -> None:
    """Raises AnotherPastError unless the tree, which has this size, is the one that was signed, as it was or grown."""
    if size < signed.size:
        raise OlderError(
            f"the database is older than the last checkpoint of {signed.town}: it has {size:,} sealed lines,"
            f" and had {signed.size:,} when that was signed."
        )
    if _root(tree, signed.size, signed.town) != signed.root:
        raise AnotherPastError(
            f"the database is not the one the last checkpoint of {signed.town} was signed for: it has {size:,} sealed"
            f" lines, and the first {signed.size:,} of them are not those that were signed."
        )


def _root(tree: Tree, size: int, town: str) -> bytes:
    try:
        return tree.root_at(size)
    except BrokenTreeError as error:
        raise AnotherPastError(f"the tree of {town} was damaged: {error}.") from error


def prefix_of(settings: Settings) -> str:
    """What stands before a town in the name of its tree. Raises SettingsError."""
    prefix = settings.origin
    if prefix is None:
        if not settings.embedded and not settings.development:
            raise SettingsError(
                f"ARDOISE_DATABASE_URL is set but {ORIGIN} is not: give the name checkpoints are signed under,"
                " as ardoise.example.fr, for good."
            )
        prefix = DEFAULT_PREFIX
    if PREFIX.fullmatch(prefix) is None:
        raise SettingsError(f"{ORIGIN} must look like ardoise.example.fr: no scheme, no space, no plus, no capital.")
    return prefix


def towns_of(connection: Connection) -> list[Commune]:
    """The towns that have a tree."""
    return [Commune(commune) for [commune] in connection.execute(_TOWNS).fetchall()]
