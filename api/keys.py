"""The public keys tokens are checked with: fetched beside the requests, and kept when their source is down."""

import json
import threading
import urllib.request
from collections.abc import Mapping, Sequence
from concurrent.futures import wait
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from api.issuers import Issuer
from api.refreshed import Fetch, Refreshed, done
from ledger.settings import SettingsError

PublicKey = EllipticCurvePublicKey | RSAPublicKey | Ed25519PublicKey

LARGEST_JWKS_BYTES: Final = 512 * 1024
MOST_KEYS: Final = 32
SMALLEST_RSA_BITS: Final = 2048
REFRESH_SECONDS: Final = 300.0
FETCH_SECONDS: Final = 5.0
REST_SECONDS: Final = 2.0
"""After a fetch asked for by a token with an unknown key: a flood of them costs an issuer one fetch. Shorter than a
request may wait, so that a rotation during it refuses nobody."""


@dataclass(frozen=True, slots=True)
class Key:
    """A public key, the only algorithm it may be used with, and the only issuer it speaks for."""

    issuer: str
    name: str | None
    """The `kid`, when the issuer gives one."""
    algorithm: str
    public: PublicKey


def algorithm_of(public: Any) -> str | None:
    """The one algorithm a key is accepted with, decided by its type and never by the token."""
    if isinstance(public, EllipticCurvePublicKey) and isinstance(public.curve, SECP256R1):
        return "ES256"
    if isinstance(public, RSAPublicKey) and public.key_size >= SMALLEST_RSA_BITS:
        return "RS256"
    if isinstance(public, Ed25519PublicKey):
        return "EdDSA"
    return None


def read_key(issuer: str, entry: dict[str, Any]) -> Key | None:
    """One entry of a JWKS; None when it is not a signing key of a kind we accept."""
    readers = {"EC": ECAlgorithm.from_jwk, "RSA": RSAAlgorithm.from_jwk, "OKP": OKPAlgorithm.from_jwk}
    reader = readers.get(str(entry.get("kty")))
    if reader is None or entry.get("use", "sig") != "sig" or "d" in entry:
        return None
    try:
        public: Any = reader(entry)
    except (jwt.PyJWTError, ValueError, TypeError, KeyError, UnsupportedAlgorithm):
        return None
    algorithm = algorithm_of(public)
    if algorithm is None or entry.get("alg", algorithm) != algorithm:
        return None
    name = entry.get("kid")
    return Key(issuer, name if isinstance(name, str) else None, algorithm, public)


def read_jwks(issuer: str, text: bytes) -> tuple[Key, ...]:
    """Every usable key of a JWKS document; raises ValueError when there is none."""
    document = json.loads(text)
    entries = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ValueError("not a JWKS document")
    found = [read_key(issuer, entry) for entry in entries[:MOST_KEYS] if isinstance(entry, dict)]
    keys = tuple(key for key in found if key is not None)
    if not keys:
        raise ValueError("no usable key in the JWKS document")
    return keys


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


OPENER: Final = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler())


def fetch(issuer: Issuer) -> tuple[Key, ...]:
    """Read the keys of an issuer where it publishes them; blocks, so no request ever calls it."""
    assert issuer.jwks is not None
    address = urlsplit(issuer.jwks)
    if address.scheme in ("", "file"):
        return read_jwks(issuer.name, Path(address.path).read_bytes()[:LARGEST_JWKS_BYTES])
    request = urllib.request.Request(issuer.jwks, headers={"Accept": "application/json"})  # noqa: S310 - https, see Issuer
    with OPENER.open(request, timeout=FETCH_SECONDS) as answer:
        return read_jwks(issuer.name, answer.read(LARGEST_JWKS_BYTES))


def refuse_unreadable(issuers: Sequence[Issuer], *, variable: str) -> None:
    """A file of keys is there before the service starts, or it is a mistake; an address may answer later."""
    for issuer in issuers:
        if issuer.jwks is None or "://" in issuer.jwks:
            continue
        try:
            fetch(issuer)
        except (OSError, ValueError) as error:
            sentence = f"{variable} cannot be used: {issuer.jwks} holds no key that can be read."
            raise SettingsError(sentence) from error


class KeyRing:
    """The keys of every issuer. Each refresh replaces the keys of an issuer that answered and keeps the others'."""

    def __init__(
        self,
        issuers: Sequence[Issuer] = (),
        *,
        fixed: Sequence[Key] = (),
        refresh_seconds: float = REFRESH_SECONDS,
        rest_seconds: float = REST_SECONDS,
    ) -> None:
        implied = {key.issuer: Issuer(key.issuer) for key in fixed}
        self.issuers: Mapping[str, Issuer] = MappingProxyType(implied | {issuer.name: issuer for issuer in issuers})
        """Those that are believed, by the `iss` of their tokens."""
        self._fixed = tuple(fixed)
        self._lock = threading.Lock()
        self._started = False
        self._sources: dict[str, Refreshed[tuple[Key, ...]]] = {
            issuer.name: Refreshed(
                issuer.name,
                (),
                partial(fetch, issuer),
                self._publish,
                refresh_seconds=refresh_seconds,
                rest_seconds=rest_seconds,
            )
            for issuer in issuers
            if issuer.jwks is not None
        }
        self.keys: tuple[Key, ...] = self._fixed
        """Replaced whole, never changed in place: readers need no lock, and may compare by identity."""

    @property
    def ready(self) -> bool:
        """Whether some token could be believed: a key was read, or an issuer is asked about each token."""
        return bool(self.keys) or any(issuer.introspection is not None for issuer in self.issuers.values())

    def keys_of(self, issuer: str) -> tuple[Key, ...]:
        """The keys of one issuer: those of another, under the same name, are never tried for it."""
        return tuple(key for key in self.keys if key.issuer == issuer)

    def start(self) -> None:
        """Read the keys a first time, of every issuer at once, then keep them fresh beside the requests."""
        if not self._started:
            self._started = True
            wait([source.start() for source in self._sources.values()])

    def close(self) -> None:
        """Stop refreshing."""
        for source in self._sources.values():
            source.stop()
        for source in self._sources.values():
            source.join()

    def refresh(self) -> None:
        """Fetch once from every issuer; one that does not answer keeps its last good keys."""
        for source in self._sources.values():
            source.refresh()

    def refresh_soon(self, issuer: str) -> Fetch:
        """Ask for the keys of one issuer, and of no other."""
        source = self._sources.get(issuer)
        return Fetch(done(answered=True), began_after=True) if source is None else source.soon()

    def _publish(self) -> None:
        with self._lock:
            fetched = (key for source in self._sources.values() for key in source.value)
            found = (*self._fixed, *fetched)
            if found != self.keys:
                self.keys = found
