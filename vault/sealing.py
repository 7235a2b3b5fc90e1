"""Keys and seals: a key per person, wrapped by a key outside the database; nothing here asks a database.

AES-256-GCM with random 96-bit nonces throughout: a key of a person seals a few hundred values in its life, where the
bound of random nonces is counted in billions.
"""

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ledger.identifiers import Commune, KeyId, PersonId

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_VERSION: Final = b"\x01"
"""The form of what is sealed and wrapped: another one would begin with another byte."""

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Thirty-two letters and digits of which no two are confused: no I, L, O or U."""
_FORGIVEN: Final = str.maketrans("OIL", "011", " -\u00a0\u202f\u2010\u2011\u2013\u2014\t")
_KEY_TEXT_LETTERS: Final = 12
_LONGEST_TYPED: Final = 64


class BrokenSealError(Exception):
    """The bytes were changed, moved from another place, or sealed with another key."""


class LostKeyError(Exception):
    """A key was wrapped by a key of the vault that the file of keys does not hold any more."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the file of the vault's keys does not hold the key {name}, which wrapped a person's key")
        self.name = name


def canonical(value: Any) -> bytes:
    """The one text of a JSON value: what is sealed, and what a digest is of."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _place(*parts: str) -> bytes:
    """Where bytes belong, authenticated with them. Parted by NUL, which no identifier holds."""
    assert not any("\0" in part for part in parts)
    return "\0".join(parts).encode()


def _seal(key: bytes, place: bytes, content: bytes) -> bytes:
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, content, place)


def _open(key: bytes, place: bytes, sealed: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], place)
    except (InvalidTag, ValueError) as error:
        raise BrokenSealError from error


def _derived(key: bytes, name: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"ardoise/" + name.encode()).derive(key)


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, sha256)


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonKey:
    """The data key of a person, unwrapped. Never stored, never shown."""

    commune: Commune
    person: PersonId
    secret: bytes = field(repr=False)

    def seal(self, kind: str, content: bytes) -> bytes:
        """The content, readable only with this key and only as this kind of this person."""
        return _VERSION + _seal(self.secret, _place(self.commune, self.person, kind), content)

    def open(self, kind: str, sealed: bytes) -> bytes:
        """The content again. Raises BrokenSealError."""
        if sealed[:1] != _VERSION:
            raise BrokenSealError
        return _open(self.secret, _place(self.commune, self.person, kind), sealed[1:])

    def digest(self, kind: str, value: Any) -> str:
        """What an event holds of a value, in hexadecimal: it proves nothing once the key is destroyed."""
        return _hmac(self.secret, b"digest\0" + kind.encode() + b"\0" + canonical(value)).hex()

    def fingerprint(self, digest: bytes) -> bytes:
        """A digest of what was sent, that nobody can make again without the key: values are soon guessed."""
        return _hmac(_derived(self.secret, "fingerprint"), digest)

    def match(self, content: bytes) -> bytes:
        """Equal for equal contents of one person, and for nobody else's."""
        return _hmac(_derived(self.secret, "match"), content)


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys that wrap the keys of persons, by name; the first one is current. They live outside the database."""

    keys: Mapping[str, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        assert self.keys
        assert all(len(key) == KEY_BYTES for key in self.keys.values())

    @property
    def current(self) -> str:
        """The name of the key that wraps from now on."""
        return next(iter(self.keys))

    def new_person_key(self, commune: Commune, person: PersonId) -> PersonKey:
        """A data key nobody has."""
        return PersonKey(commune=commune, person=person, secret=secrets.token_bytes(KEY_BYTES))

    def wrap(self, key: PersonKey) -> bytes:
        """The data key as the database may hold it: the name of the wrapping key, a nonce, the ciphertext."""
        name = self.current.encode()
        place = _place("key", self.current, key.commune, key.person)
        return _VERSION + bytes([len(name)]) + name + _seal(self.keys[self.current], place, key.secret)

    def unwrap(self, commune: Commune, person: PersonId, wrapped: bytes) -> PersonKey:
        """The data key of a person. Raises BrokenSealError, or LostKeyError when its wrapping key is gone."""
        name, rest = _named(wrapped)
        if name not in self.keys:
            raise LostKeyError(name)
        secret = _open(self.keys[name], _place("key", name, commune, person), rest)
        return PersonKey(commune=commune, person=person, secret=secret)

    def rewrapped(self, commune: Commune, person: PersonId, wrapped: bytes) -> bytes | None:
        """The same data key under the current key; None when it is already."""
        if _named(wrapped)[0] == self.current:
            return None
        return self.wrap(self.unwrap(commune, person, wrapped))

    def pepper(self, name: str, *, key: str | None = None) -> bytes:
        """A key for another use, that says nothing of those of the ring; of the current one unless named."""
        return _derived(self.keys[key or self.current], name)

    def key_text(self, commune: Commune, key_id: KeyId, *, digest: str | None = None) -> str:
        """A Clé Enfance as it is printed, `7KQ2-M4XD-0PZR`: sixty bits, the same each time.

        `digest` is what was kept when the key was made: it finds the text again after the current key has changed.
        """
        texts = [_key_text(self.pepper("cle-enfance", key=name), commune, key_id) for name in self.keys]
        for text in texts if digest is not None else ():
            if digest in self.key_digests(commune, text):
                return text
        return texts[0]

    def key_digests(self, commune: Commune, typed: str) -> Sequence[str]:
        """What may be kept of a Clé Enfance, under each key of the ring, the current first, in hexadecimal.

        Case, spaces and dashes are forgiven, and the letters that look like digits.
        """
        text = typed[:_LONGEST_TYPED].upper().translate(_FORGIVEN).encode(errors="replace")
        message = b"digest\0" + commune.encode() + b"\0" + text
        return [_hmac(self.pepper("cle-enfance-digest", key=name), message).hex() for name in self.keys]


def _named(wrapped: bytes) -> tuple[str, bytes]:
    if len(wrapped) < 2 or wrapped[:1] != _VERSION:
        raise BrokenSealError
    end = 2 + wrapped[1]
    try:
        return wrapped[2:end].decode("ascii"), wrapped[end:]
    except UnicodeDecodeError as error:
        raise BrokenSealError from error


def _key_text(pepper: bytes, commune: Commune, key_id: KeyId) -> str:
    number = int.from_bytes(_hmac(pepper, _place(commune, key_id)))
    letters = "".join(_CROCKFORD[number >> 5 * place & 31] for place in range(_KEY_TEXT_LETTERS))
    return "-".join(letters[start : start + 4] for start in range(0, _KEY_TEXT_LETTERS, 4))
