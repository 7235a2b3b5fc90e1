"""What is sealed opens with its own key, in its own place, and nowhere else."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.identifiers import Commune, KeyId, PersonId
from tests.vault.rings import new_ring
from vault.sealing import BrokenSealError, KeyRing, LostKeyError, PersonKey

TOWN, OTHER = Commune("valmont"), Commune("villars")
MATTEO, LEA = PersonId("matteo"), PersonId("lea")


@pytest.fixture
def ring() -> KeyRing:
    return new_ring()


@pytest.fixture
def key(ring: KeyRing) -> PersonKey:
    return ring.new_person_key(TOWN, MATTEO)


def rotated(ring: KeyRing) -> KeyRing:
    """The same ring after the operator put a new line first."""
    return KeyRing({**new_ring("newer").keys, **ring.keys})


@given(st.binary(max_size=200))
def test_what_is_sealed_opens_again(content: bytes) -> None:
    key = new_ring().new_person_key(TOWN, MATTEO)
    assert key.open("identity", key.seal("identity", content)) == content


def test_the_same_content_is_never_sealed_alike(key: PersonKey) -> None:
    assert key.seal("identity", b"Matteo") != key.seal("identity", b"Matteo")
    assert b"Matteo" not in key.seal("identity", b"Matteo")


def test_a_seal_opens_for_its_kind_its_person_and_its_town_only(ring: KeyRing, key: PersonKey) -> None:
    sealed = key.seal("identity", b"Matteo")
    for kind, other in [
        ("address", key),
        ("identity", replace(key, person=LEA)),
        ("identity", replace(key, commune=OTHER)),
        ("identity", ring.new_person_key(TOWN, MATTEO)),
    ]:
        with pytest.raises(BrokenSealError):
            other.open(kind, sealed)


def test_every_byte_of_a_seal_counts(key: PersonKey) -> None:
    sealed = key.seal("identity", b"Matteo")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(BrokenSealError):
            key.open("identity", bytes(changed))
    for end in range(len(sealed)):
        with pytest.raises(BrokenSealError):
            key.open("identity", sealed[:end])


def test_a_wrapped_key_unwraps_for_its_person_only(ring: KeyRing, key: PersonKey) -> None:
    wrapped = ring.wrap(key)
    assert key.secret not in wrapped
    assert ring.unwrap(TOWN, MATTEO, wrapped) == key
    for commune, person in [(TOWN, LEA), (OTHER, MATTEO)]:
        with pytest.raises(BrokenSealError):
            ring.unwrap(commune, person, wrapped)
    for end in range(len(wrapped)):
        with pytest.raises((BrokenSealError, LostKeyError)):
            ring.unwrap(TOWN, MATTEO, wrapped[:end])


def test_after_a_new_key_came_first_what_was_wrapped_still_opens_and_is_wrapped_again(
    ring: KeyRing, key: PersonKey
) -> None:
    wrapped, newer = ring.wrap(key), rotated(ring)
    assert newer.unwrap(TOWN, MATTEO, wrapped) == key
    again = newer.rewrapped(TOWN, MATTEO, wrapped)
    assert again is not None
    assert newer.rewrapped(TOWN, MATTEO, again) is None
    assert KeyRing({"newer": newer.keys["newer"]}).unwrap(TOWN, MATTEO, again) == key


def test_a_key_wrapped_by_a_lost_one_says_which(ring: KeyRing, key: PersonKey) -> None:
    with pytest.raises(LostKeyError, match="does not hold the key test"):
        new_ring("newer").unwrap(TOWN, MATTEO, ring.wrap(key))


def test_a_digest_is_salted_by_the_person_and_says_the_kind(ring: KeyRing, key: PersonKey) -> None:
    value = {"given_name": "Matteo", "family_name": "x"}
    digest = key.digest("identity", value)
    assert re.fullmatch("[0-9a-f]{64}", digest)
    assert digest == key.digest("identity", dict(reversed(value.items())))
    assert digest != key.digest("address", value)
    assert digest != ring.new_person_key(TOWN, MATTEO).digest("identity", value)


def test_the_same_paper_matches_for_one_person_only(ring: KeyRing, key: PersonKey) -> None:
    assert key.match(b"paper") == key.match(b"paper") != key.match(b"other")
    assert key.match(b"paper") != ring.new_person_key(TOWN, LEA).match(b"paper")


def test_no_secret_is_shown_in_a_trace(ring: KeyRing, key: PersonKey) -> None:
    assert repr(key.secret) not in repr(key)
    assert repr(ring.keys["test"]) not in repr(ring)


def test_a_child_key_reads_the_same_each_time_and_for_one_town_only(ring: KeyRing) -> None:
    text = ring.key_text(TOWN, KeyId("1"))
    assert re.fullmatch("[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}", text)
    assert text == ring.key_text(TOWN, KeyId("1"))
    assert len({text, ring.key_text(OTHER, KeyId("1")), ring.key_text(TOWN, KeyId("2"))}) == 3
    assert ring.key_digests(TOWN, text) != ring.key_digests(OTHER, text)


def test_whoever_types_a_child_key_is_forgiven_case_spaces_dashes_and_letters_like_digits(ring: KeyRing) -> None:
    expected = ring.key_digests(TOWN, "0101-ABCD-EFGH")
    for typed in ("0101abcdefgh", " oiol abcd efgh ", "OLOI ABCD–EFGH", "0 1 0 1 A B C D E F G H"):
        assert ring.key_digests(TOWN, typed) == expected
    assert ring.key_digests(TOWN, "0101-ABCD-EFGJ") != expected


@given(st.text(max_size=200))
def test_nothing_that_is_typed_raises(typed: str) -> None:
    assert len(new_ring().key_digests(TOWN, typed)) == 1


def test_a_child_key_is_known_and_printed_after_a_new_key_came_first(ring: KeyRing) -> None:
    text, newer = ring.key_text(TOWN, KeyId("1")), rotated(ring)
    [digest] = ring.key_digests(TOWN, text)
    assert digest in newer.key_digests(TOWN, text)
    assert newer.key_text(TOWN, KeyId("1"), digest=digest) == text
    assert newer.key_text(TOWN, KeyId("1")) != text


def test_a_pepper_is_one_per_use_and_says_nothing_of_the_key(ring: KeyRing) -> None:
    assert ring.pepper("a") == ring.pepper("a") != ring.pepper("b")
    assert ring.pepper("a") not in ring.keys.values()
