"""The public keys tokens are checked with: fetched beside the requests, and kept when their source is down."""

import json
import threading
import time
import urllib.request
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import jwt
import structlog
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

PublicKey = EllipticCurvePublicKey | RSAPublicKey | Ed25519PublicKey

LARGEST_JWKS_BYTES: Final = 512 * 1024
MOST_KEYS: Final = 32
SMALLEST_RSA_BITS: Final = 2048
REFRESH_SECONDS: Final = 300.0
FETCH_SECONDS: Final = 5.0
REST_SECONDS: Final = 5.0
"""Between two fetches asked for by tokens with an unknown key: a flood of them costs one fetch."""

log = structlog.stdlib.get_logger("ardoise.keys")


@dataclass(frozen=True, slots=True)
class Key:
    """A public key, the only algorithm it may be used with, and the only issuer it speaks for."""

    issuer: str
    name: str | None
    """The `kid`, when the issuer gives one."""
    algorithm: str
    public: PublicKey


@dataclass(frozen=True, slots=True)
class Issuer:
    """An identity provider: the `iss` of its tokens, and where its keys are published (https address or file)."""

    name: str
    jwks: str

    def __post_init__(self) -> None:
        address = urlsplit(self.jwks)
        local = address.scheme == "http" and address.hostname in ("127.0.0.1", "localhost", "::1")
        if address.scheme not in ("", "file", "https") and not local:
            raise ValueError("the keys of an issuer come from a file or over https")


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
    """Read the keys of an issuer where it publishes them; blocks, so only the refreshing thread calls it."""
    address = urlsplit(issuer.jwks)
    if address.scheme in ("", "file"):
        return read_jwks(issuer.name, Path(address.path).read_bytes()[:LARGEST_JWKS_BYTES])
    request = urllib.request.Request(issuer.jwks, headers={"Accept": "application/json"})  # noqa: S310 - https, see Issuer
    with OPENER.open(request, timeout=FETCH_SECONDS) as answer:
        return read_jwks(issuer.name, answer.read(LARGEST_JWKS_BYTES))


class KeyRing:
    """The keys of every issuer. Each refresh replaces the keys of the issuers that answered and keeps the others'."""

    def __init__(
        self,
        issuers: Sequence[Issuer] = (),
        *,
        fixed: Sequence[Key] = (),
        refresh_seconds: float = REFRESH_SECONDS,
        rest_seconds: float = REST_SECONDS,
    ) -> None:
        self._issuers = tuple(issuers)
        self._fixed = tuple(fixed)
        self._refresh_seconds = refresh_seconds
        self._rest_seconds = rest_seconds
        self._kept: dict[Issuer, tuple[Key, ...]] = {}
        self._wake = threading.Event()
        self._closing = False
        self._lock = threading.Lock()
        self._asked: Future[None] | None = None
        self._fetched_at = -rest_seconds
        self._thread: threading.Thread | None = None
        self.keys: tuple[Key, ...] = self._fixed
        """Replaced whole, never changed in place: readers need no lock, and may compare by identity."""

    def start(self) -> None:
        """Read the keys a first time, then keep them fresh beside the requests."""
        if self._issuers and self._thread is None:
            self.refresh()
            self._thread = threading.Thread(target=self._run, name="ardoise-keys", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Stop refreshing."""
        self._closing = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(FETCH_SECONDS)
            self._thread = None

    def refresh(self) -> None:
        """Fetch once from every issuer; one that does not answer keeps its last good keys."""
        for issuer in self._issuers:
            try:
                self._kept[issuer] = fetch(issuer)
            except Exception as error:  # noqa: BLE001 - a network, a file, a document: none may cost a valid token
                log.warning("keys_not_refreshed", issuer=issuer.name, error=type(error).__name__)
        found = self._fixed + tuple(key for issuer in self._issuers for key in self._kept.get(issuer, ()))
        if found != self.keys:
            self.keys = found
        self._fetched_at = time.monotonic()

    def refresh_soon(self) -> Future[None]:
        """Ask for a fetch, done when it is over; already done when one has just been made."""
        with self._lock:
            if self._asked is not None:
                return self._asked
            asked: Future[None] = Future()
            rested = time.monotonic() - self._fetched_at >= self._rest_seconds
            if self._thread is None or not rested:
                asked.set_result(None)
                return asked
            self._asked = asked
        self._wake.set()
        return asked

    def _run(self) -> None:
        while not self._closing:
            self._wake.wait(self._refresh_seconds)
            self._wake.clear()
            if not self._closing:
                self.refresh()
            with self._lock:
                asked, self._asked = self._asked, None
            if asked is not None and asked.set_running_or_notify_cancel():
                asked.set_result(None)
