"""The verifier's own Ed25519: the published vectors, and never more lenient than a library that is trusted."""

from hashlib import sha512

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from replay.verify_evidence import BASE_Y, ORDER, P, ed25519_verifies

# RFC 8032, 7.1: TEST 1, 2, 3 and SHA(abc): key, message, signature.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
    (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        sha512(b"abc").hexdigest(),
        (
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
            "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"
        ),
    ),
]
ORDER_EIGHT = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")
SIGN_BIT = 1 << 255


@pytest.mark.parametrize("vector", VECTORS, ids=["TEST 1", "TEST 2", "TEST 3", "TEST SHA(abc)"])
def test_a_published_signature_is_good_and_no_other_bit_of_it_is(vector: tuple[str, str, str]) -> None:
    key, message, signature = (bytes.fromhex(text) for text in vector)
    assert ed25519_verifies(key, message, signature)
    assert not ed25519_verifies(key, message + b"\0", signature)
    for bit in range(0, 512, 7):
        assert not ed25519_verifies(key, message, flipped(signature, bit))


def flipped(content: bytes, bit: int) -> bytes:
    return bytes(byte ^ (1 << bit % 8) if at == bit // 8 else byte for at, byte in enumerate(content))


def test_a_number_that_is_not_reduced_is_refused() -> None:
    key, message, signature = (bytes.fromhex(text) for text in VECTORS[1])
    scalar = int.from_bytes(signature[32:], "little")
    assert not ed25519_verifies(key, message, signature[:32] + (scalar + ORDER).to_bytes(32, "little"))


def test_a_key_with_which_every_message_is_signed_is_refused() -> None:
    """With a key of small order, a signature of one message is one of many: here, of all of them."""
    everything = BASE_Y + (1).to_bytes(32, "little")
    for key in (1, P - 1, 0, 1 + SIGN_BIT, SIGN_BIT, P, P + 1):
        assert not ed25519_verifies(key.to_bytes(32, "little"), b"anything", everything)
    for message in range(64):
        assert not ed25519_verifies(ORDER_EIGHT, bytes([message]), everything)


def test_a_key_that_is_no_point_is_refused() -> None:
    message, signature = (bytes.fromhex(text) for text in VECTORS[0][1:])
    for key in (b"", bytes(31), bytes(33), b"\x02" + bytes(31), b"\xff" * 32):
        assert not ed25519_verifies(key, message, signature)
    key = bytes.fromhex(VECTORS[0][0])
    for wrong in (b"", signature[:63], signature + b"\0", bytes(64), b"\xff" * 64):
        assert not ed25519_verifies(key, message, wrong)


def trusted(key: bytes, message: bytes, signature: bytes) -> bool:
    """What the library of the service says."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


seeds = st.binary(min_size=32, max_size=32)


@given(seed=seeds, message=st.binary(max_size=200), bit=st.integers(0, 511), of=st.sampled_from(["", "key", "message"]))
def test_it_agrees_with_a_library_on_what_was_signed_and_on_what_was_changed(
    seed: bytes, message: bytes, bit: int, of: str
) -> None:
    signer = Ed25519PrivateKey.from_private_bytes(seed)
    key, signature = signer.public_key().public_bytes_raw(), signer.sign(message)
    assert ed25519_verifies(key, message, signature)
    changed = {
        "": (key, message, flipped(signature, bit)),
        "key": (flipped(key, bit % 256), message, signature),
        "message": (key, message + b"!", signature),
    }[of]
    assert not ed25519_verifies(*changed)
    assert not trusted(*changed)


@given(key=seeds, message=st.binary(max_size=20), signature=st.binary(max_size=70))
def test_whatever_it_is_given_it_answers_and_is_never_more_lenient(
    key: bytes, message: bytes, signature: bytes
) -> None:
    assert not ed25519_verifies(key, message, signature) or trusted(key, message, signature)
