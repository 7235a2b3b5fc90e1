"""What is signed of a town's tree: C2SP tlog-checkpoint (c2sp.org/tlog-checkpoint), a signed note of three lines. Pure.

    ardoise.example.fr/villars
    20852
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — ardoise.example.fr/villars Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMc…

The origin names the town's tree for ever, and the key that signs it: `<prefix>/<commune>`. The second line is how many
lines of the ledger are sealed, the third the root above them.
"""

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.identifiers import Commune, is_slug

ED25519: Final = b"\x01"
"""The kind of signature, of those signed notes know."""
LARGEST_SIZE: Final = 2**53 - 1
LARGEST_BYTES: Final = 8 * 1024
"""Of a note: far more than three lines and sixteen signatures of Ed25519."""
MOST_SIGNATURES: Final = 16
"""A reader accepts as many at least: those of witnesses may stand beside ours."""
PREFIX: Final = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?(?::[0-9]{1,5})?(?:/[a-z0-9._-]{1,64}){0,4}")
"""What stands before the town in an origin: the name of a machine, and a path if need be. No space, no plus."""
_ORIGIN: Final = re.compile(r"[!-*,-~]{1,512}")
"""Visible ASCII without plus: narrower than what signed notes allow, and all that is read here."""
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,15}")
_SIGNATURE: Final = re.compile(r"— ([!-*,-~]{1,512}) ([A-Za-z0-9+/]{8,1024}={0,2})")
_HASH_BYTES: Final = 32
_ID_BYTES: Final = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """A town's tree at a size."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{_encoded(self.root)}\n"

    @property
    def town(self) -> str:
        """The last part of the origin."""
        return self.origin.rpartition("/")[2]


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """One line under the head: who signed, with which of their keys."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Checkpoint:
    """A head and what is signed under it. Nothing was verified yet."""

    head: Head
    signatures: tuple[Signature, ...]
    note: str
    """As it is written in a file, and sent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifierKey:
    """A public key and the name it signs under: all that somebody needs to verify a checkpoint."""

    name: str
    public: bytes
    """32 bytes."""

    @property
    def key_id(self) -> bytes:
        """The four bytes that say which key signed."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:_ID_BYTES]

    @property
    def text(self) -> str:
        """As verifiers are given it: `<name>+<key id>+<base64>`."""
        return f"{self.name}+{self.key_id.hex()}+{_encoded(ED25519 + self.public)}"

    @classmethod
    def read(cls, text: str) -> Self:
        """The key in such a text. Raises ValueError for what is none."""
        # The base64 may hold a plus; the name may not.
        name, key_id, encoded = (*text.split("+", 2), "", "")[:3]
        if _ORIGIN.fullmatch(name) is None:
            raise ValueError("this is no verifier key")
        content = _decoded(encoded, 1 + _HASH_BYTES)
        key = cls(name=name, public=content[1:])
        if content[:1] != ED25519 or key_id != key.key_id.hex():
            raise ValueError("this is no verifier key of Ed25519")
        return key


def origin_of(prefix: str, commune: Commune) -> str:
    """The name of a town's tree, and of the key that signs it."""
    assert PREFIX.fullmatch(prefix), prefix
    assert is_slug(commune), commune
    return f"{prefix}/{commune}"


def verifier_of(name: str, public: Ed25519PublicKey) -> VerifierKey:
    """What is published of a key that signs under a name."""
    return VerifierKey(name=name, public=public.public_bytes_raw())


def sign(head: Head, key: Ed25519PrivateKey) -> Checkpoint:
    """A head, signed under its own origin. The same head and the same key give the same bytes, always."""
    verifier = verifier_of(head.origin, key.public_key())
    signed = Signature(name=head.origin, key_id=verifier.key_id, signature=key.sign(head.text.encode()))
    line = f"— {signed.name} {_encoded(signed.key_id + signed.signature)}"
    return Checkpoint(head=head, signatures=(signed,), note=f"{head.text}\n{line}\n")


def parse(content: bytes) -> Checkpoint:
    """The checkpoint in some bytes, to be verified. Raises ValueError for anything else, whatever it is.

    Lines of extension are refused: nobody can audit them, and none was ever written here.
    """
    if len(content) > LARGEST_BYTES:
        raise ValueError("this is too long for a checkpoint")
    text, blank, signed = content.decode().partition("\n\n")
    lines = text.split("\n")
    if not blank or len(lines) != 3 or not signed.endswith("\n"):
        raise ValueError("a checkpoint is three lines, an empty one, and signatures")
    origin, size, root = lines
    if _ORIGIN.fullmatch(origin) is None:
        raise ValueError("the first line of a checkpoint is its origin")
    if _SIZE.fullmatch(size) is None or int(size) > LARGEST_SIZE:
        raise ValueError("the second line of a checkpoint is a number of lines")
    head = Head(origin=origin, size=int(size), root=_decoded(root, _HASH_BYTES))
    signatures = [_signature(line) for line in signed[:-1].split("\n")]
    if len(signatures) > MOST_SIGNATURES:
        raise ValueError("this checkpoint has too many signatures")
    return Checkpoint(head=head, signatures=tuple(signatures), note=content.decode())


def verify(checkpoint: Checkpoint, keys: Iterable[VerifierKey]) -> VerifierKey:
    """The key of those trusted that signed it. Raises ValueError when none did, or when one of them did not sign this.

    Signatures of keys that are not known are passed over, as signed notes ask.
    """
    known = {(key.name, key.key_id): key for key in keys}
    found = None
    for each in checkpoint.signatures:
        key = known.get((each.name, each.key_id))
        if key is None:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key.public).verify(each.signature, checkpoint.head.text.encode())
        except InvalidSignature:
            raise ValueError("a signature of this checkpoint is false") from None
        found = found or key
    if found is None:
        raise ValueError("no key that is trusted signed this checkpoint")
    return found


def _signature(line: str) -> Signature:
    found = _SIGNATURE.fullmatch(line)
    if found is None:
        raise ValueError("a signature is a dash, a name and base64")
    content = _decoded(found[2])
    if len(content) <= _ID_BYTES:
        raise ValueError("a signature is longer than the name of its key")
    return Signature(name=found[1], key_id=content[:_ID_BYTES], signature=content[_ID_BYTES:])


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _decoded(text: str, length: int | None = None) -> bytes:
    """Standard base64 with its padding, in the one way it is written. Raises ValueError."""
    try:
        content = base64.b64decode(text.encode("ascii"), validate=True)
    except ValueError as error:
        raise ValueError("this is no base64") from error
    if _encoded(content) != text or (length is not None and len(content) != length):
        raise ValueError("this is not the base64 that was expected")
    return content
