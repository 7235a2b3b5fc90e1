"""A key of our own for the embedded default only: a laptop has no identity provider. Production names its issuers."""

import os
import stat
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Final
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from api.keys import Key
from api.tokens import AUDIENCE, ROLES
from ledger.identifiers import Commune, Subject

ISSUER: Final = "urn:ardoise:development"
FILE: Final = "development-key.pem"
OWNER_ONLY: Final = 0o600
WARNING: Final = "development key in use: anyone who reads the data directory can act for anyone"


@dataclass(frozen=True, slots=True)
class DevelopmentKey:
    """A P-256 key pair kept in the data directory, readable by its owner alone."""

    private: ec.EllipticCurvePrivateKey
    name: str

    @classmethod
    def open(cls, directory: Path) -> "DevelopmentKey":
        """The key of a data directory, made the first time; several processes may start together."""
        path = directory / FILE
        if not path.exists():
            directory.mkdir(parents=True, exist_ok=True)
            _write(path)
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise PermissionError(f"{FILE} can be read by others: chmod 600")
        private = serialization.load_pem_private_key(path.read_bytes(), password=None)
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        return cls(private, _name(private))

    @property
    def public(self) -> Key:
        """What the key ring needs in order to accept its tokens."""
        return Key(ISSUER, self.name, "ES256", self.private.public_key())


def _write(path: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    draft = path.with_name(f"{path.name}.{uuid4().hex}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    try:
        os.link(draft, path)  # fails when another process came first: its key is the key
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _name(private: ec.EllipticCurvePrivateKey) -> str:
    point = private.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return sha256(point).hexdigest()[:16]


def issue_token(
    key: DevelopmentKey,
    *,
    subject: Subject,
    role: str,
    commune: Commune,
    client: str,
    lifetime: timedelta,
    now: datetime,
) -> str:
    """A token of the development issuer, as `ardoise token` prints it."""
    if role not in ROLES:
        raise ValueError(f"no such role: choose among {', '.join(sorted(ROLES))}")
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": subject,
        "iat": int(now.timestamp()),
        "exp": int((now + lifetime).timestamp()),
        "jti": str(uuid4()),
        "client_id": client,
        "commune": commune,
        "role": role,
    }
    return jwt.encode(claims, key.private, algorithm="ES256", headers={"typ": "at+jwt", "kid": key.name})
