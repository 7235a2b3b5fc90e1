"""A line as the database keeps it, held against what was hashed and sealed before anything is told from it."""

from hashlib import sha256

from ledger.codec import Codec, UnknownFactError
from ledger.entry import AlteredLineError, Entry
from ledger.identifiers import Stream
from ledger.streams import commune_of


def refuse_altered(stream: Stream, version: int, stored: bytes, digest: bytes | None, leaf: bytes | None) -> None:
    """Raises AlteredLineError when a line is not the one that was hashed, or sealed once it was."""
    hashed = digest is None or sha256(stored).digest() == digest
    sealed = leaf is None or sha256(b"\0" + stored).digest() == leaf
    if not (hashed and sealed):
        raise AlteredLineError(stream, version)


def read_kept(
    codec: Codec, stream: Stream, version: int, stored: bytes, digest: bytes | None = None, leaf: bytes | None = None
) -> Entry:
    """The line found as `version` of a page. `leaf` is its hash in the tree, once it is sealed.

    Raises AlteredLineError, and UnknownFactError for a line of a newer version. Whether it follows the line before is
    for the fold to say.
    """
    refuse_altered(stream, version, stored, digest, leaf)
    try:
        entry = codec.read(stored)
    except UnknownFactError:
        raise
    except Exception as error:
        raise AlteredLineError(stream, version) from error
    if (entry.commune, entry.stream, entry.version) != (commune_of(stream), stream, version):
        raise AlteredLineError(stream, version)
    return entry
