"""The file of the key that signs checkpoints: outside the database, for its owner alone, never made twice."""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.owned_files import make_once, read_owned
from ledger.settings import Settings, SettingsError
from replay.sealing.checkpoint import VerifierKey, verifier_of

VARIABLE: Final = "ARDOISE_SEAL_KEY"
FILE: Final = "seal.key"
"""Its name in the data directory of the embedded database."""
_PRIVATE, _PUBLIC = "private", "public"
_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class SealKeys:
    """The key that signs, and those whose signatures are believed: it, and those that signed before."""

    private: Ed25519PrivateKey
    trusted: tuple[Ed25519PublicKey, ...]

    def verifier(self, origin: str) -> VerifierKey:
        """What is published of the key that signs now."""
        return verifier_of(origin, self.private.public_key())

    def verifiers(self, origin: str) -> list[VerifierKey]:
        """Every key that may have signed under an origin."""
        return [verifier_of(origin, public) for public in self.trusted]


def seal_keys_of(settings: Settings, *, used: bool) -> SealKeys:
    """The keys of a service with these settings. Raises SettingsError with the one sentence that says what to do.

    `used` when something was signed already: a file that is missing is then not made again.
    """
    return read_keys(settings.seal_key or _own_file(settings, used=used))


def _own_file(settings: Settings, *, used: bool) -> Path:
    """The file of the data directory, made the first time."""
    if not settings.embedded and not settings.development:
        raise SettingsError(
            f"ARDOISE_DATABASE_URL is set but {VARIABLE} is not: name the file of the key that signs checkpoints"
            " (`ardoise checkpoint new-key` prints one)."
        )
    path = settings.data / FILE
    if not path.exists():
        if used:
            raise SettingsError(f"{path} is not there, and it signed checkpoints: put back the file that was saved.")
        path.parent.mkdir(parents=True, exist_ok=True)
        make_once(path, new_lines().encode())
    return path


def new_lines(origins: tuple[str, ...] = ()) -> str:
    """The content of a new file, or what to put at the top of one: the key, and in comments what to publish of it."""
    private = Ed25519PrivateKey.generate()
    public = private.public_key()
    lines = [
        *(f"# {verifier_of(origin, public).text}" for origin in origins),
        "# When another key signs: take the next line out, and the # before the one after it.",
        f"{_PRIVATE}:{_encoded(private.private_bytes_raw())}",
        f"#{_PUBLIC}:{_encoded(public.public_bytes_raw())}",
    ]
    return "\n".join([*lines, ""])


def read_keys(path: Path) -> SealKeys:
    """The keys in a file: one `private:base64` line signs, the first; `public:base64` lines are believed too.

    Raises SettingsError.
    """
    privates: list[Ed25519PrivateKey] = []
    trusted: list[Ed25519PublicKey] = []
    for number, line in enumerate(read_owned(path, VARIABLE).splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        kind, _, encoded = text.partition(":")
        key = _decoded(encoded)
        if kind not in (_PRIVATE, _PUBLIC) or key is None:
            raise SettingsError(
                f"{VARIABLE}: line {number} of {path} is not private: or public: and 32 bytes in base64."
            )
        if kind == _PRIVATE:
            privates.append(Ed25519PrivateKey.from_private_bytes(key))
            trusted.append(privates[-1].public_key())
        else:
            trusted.append(Ed25519PublicKey.from_public_bytes(key))
    if not privates:
        raise SettingsError(f"{VARIABLE}: {path} holds no private key.")
    return SealKeys(privates[0], tuple(trusted))


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _decoded(encoded: str) -> bytes | None:
    try:
        key = base64.b64decode(encoded.strip(), validate=True)
    except ValueError:
        return None
    return key if len(key) == _KEY_BYTES else None
