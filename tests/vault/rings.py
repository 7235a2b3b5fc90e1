"""Rings of keys that tests wrap the keys of persons with."""

import secrets

from vault.sealing import KEY_BYTES, KeyRing


def new_ring(name: str = "test") -> KeyRing:
    """A ring with one new key."""
    return KeyRing({name: secrets.token_bytes(KEY_BYTES)})
