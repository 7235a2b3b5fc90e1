"""A checkpoint is the text others know how to read: byte by byte, and nothing else is taken for one."""

import base64
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from ledger.identifiers import Commune
from replay.sealing.checkpoint import (
    LARGEST_SIZE,
    Checkpoint,
    Head,
    VerifierKey,
    origin_of,
    parse,
    sign,
    verifier_of,
    verify,
)

ORIGIN = "ardoise.example.fr/villars"
ROOT = sha256(b"a root").digest()
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
HEAD = Head(origin=ORIGIN, size=20_852, root=ROOT)
SIGNED = sign(HEAD, KEY)
NOTE = SIGNED.note.encode()
TRUSTED = [verifier_of(ORIGIN, KEY.public_key())]


def test_the_note_is_what_the_standard_says():
    """Written again from c2sp.org/tlog-checkpoint and c2sp.org/signed-note, with nothing of ours but the key."""
    body = f"{ORIGIN}\n20852\n{base64.b64encode(ROOT).decode()}\n"
    key_id = sha256(ORIGIN.encode() + b"\x0a\x01" + PUBLIC).digest()[:4]
    line = base64.b64encode(key_id + KEY.sign(body.encode())).decode()
    assert body.encode() + b"\n\xe2\x80\x94 " + ORIGIN.encode() + b" " + line.encode() + b"\n" == NOTE


def test_the_verifier_key_is_what_the_standard_says():
    key_id = sha256(ORIGIN.encode() + b"\x0a\x01" + PUBLIC).hexdigest()[:8]
    text = f"{ORIGIN}+{key_id}+{base64.b64encode(bytes([1]) + PUBLIC).decode()}"
    assert TRUSTED[0].text == text
    assert VerifierKey.read(text) == TRUSTED[0]


def test_a_note_that_others_published_is_read_and_its_key_too():
    """The example of sumdb/note, the format's first implementation: its key verifies under the rules here."""
    key = VerifierKey.read("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    assert key.key_id.hex() == "c74f20a3"


def test_the_note_of_the_standard_is_read():
    note = """\
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
""".encode()  # noqa: E501 - a line of the standard
    found = parse(note)
    assert (found.head.origin, found.head.size) == ("example.com/behind-the-sofa", 20_852_163)
    assert found.signatures[0].key_id.hex() == "033de0ae"
    assert len(found.signatures[0].signature) == 64


@given(
    size=st.integers(0, LARGEST_SIZE),
    root=st.binary(min_size=32, max_size=32),
    seed=st.binary(min_size=32, max_size=32),
)
def test_what_is_signed_is_read_and_verified_again(size: int, root: bytes, seed: bytes):
    key = Ed25519PrivateKey.from_private_bytes(seed)
    head = Head(origin=ORIGIN, size=size, root=root)
    signed = sign(head, key)
    found = parse(signed.note.encode())
    assert found == signed
    assert verify(found, [verifier_of(ORIGIN, key.public_key())]).public == key.public_key().public_bytes_raw()


def _believed(content: bytes) -> Checkpoint | None:
    try:
        found = parse(content)
        verify(found, TRUSTED)
    except ValueError:
        return None
    return found


@given(data=st.data())
def test_a_note_changed_anywhere_is_not_believed(data: st.DataObject):
    at = data.draw(st.integers(0, len(NOTE) - 1))
    change = data.draw(st.sampled_from(["flip", "insert", "remove", "cut", "repeat"]))
    other = data.draw(
        st.one_of(st.binary(min_size=1, max_size=3), st.sampled_from([b"\n", b"\n\n", b" ", b"\0", b"="]))
    )
    changed = {
        "flip": NOTE[:at] + bytes([NOTE[at] ^ data.draw(st.integers(1, 255))]) + NOTE[at + 1 :],
        "insert": NOTE[:at] + other + NOTE[at:],
        "remove": NOTE[:at] + NOTE[at + 1 :],
        "cut": NOTE[:at],
        "repeat": NOTE[: at + 1] + NOTE[at:],
    }[change]
    assert changed == NOTE or _believed(changed) is None


@given(
    st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass")))
)
def test_anything_else_is_a_value_error_and_nothing_worse(content: bytes):
    assert _believed(content) is None


BODY = HEAD.text
LINE = NOTE.decode().partition("\n\n")[2]


@pytest.mark.parametrize(
    "text",
    [
        NOTE.decode().replace("20852", "020852"),
        NOTE.decode().replace("20852", "+20852"),
        NOTE.decode().replace("20852", "-1"),
        NOTE.decode().replace("20852", str(2**53)),
        NOTE.decode().replace("20852", "9" * 5_000),
        NOTE.decode().replace("20852", "٢٠٨٥٢"),
        NOTE.decode().replace("\n", "\r\n"),
        NOTE.decode().replace("— ", "- "),
        NOTE.decode().replace(ORIGIN, "two words", 1),
        NOTE.decode().replace(ORIGIN, "a+b", 1),
        NOTE.decode().replace(ORIGIN, "", 1),
        f"{BODY}extension\n\n{LINE}",
        f"{BODY}\n{LINE}\n",
        f"{BODY}\n",
        f"{BODY}\n{LINE * 17}",
        f"{BODY}\n{LINE}" + "— x QUFBQUFBQUFB\n" * 1_000,
        f"{BODY}\n— {ORIGIN} QUFBQQ==\n",
        f"{BODY}\n— {ORIGIN} {LINE.split()[2]}x\n",
        BODY.replace("=", "") + f"\n{LINE}",
        f"﻿{NOTE.decode()}",
    ],
)
def test_what_is_nearly_a_checkpoint_is_none(text: str):
    with pytest.raises(ValueError, match=r"."):
        parse(text.encode())


def test_base64_has_one_way_to_be_written():
    encoded = base64.b64encode(ROOT).decode()
    other = encoded[:-2] + chr(ord(encoded[-2]) + 1) + "="
    assert base64.b64decode(other) == ROOT
    with pytest.raises(ValueError, match="base64"):
        parse(NOTE.replace(encoded.encode(), other.encode()))


def test_signatures_of_strangers_are_passed_over():
    stranger = sign(Head(origin="witness.example", size=1, root=ROOT), Ed25519PrivateKey.generate())
    line = stranger.note.partition("\n\n")[2]
    found = parse(f"{BODY}\n{line}{LINE}".encode())
    assert verify(found, TRUSTED) == TRUSTED[0]
    alone = parse(f"{BODY}\n{line}".encode())
    with pytest.raises(ValueError, match="no key that is trusted"):
        verify(alone, TRUSTED)


def test_a_false_signature_of_a_known_key_spoils_a_true_one():
    false = sign(Head(origin=ORIGIN, size=1, root=ROOT), KEY).note.partition("\n\n")[2]
    found = parse(f"{BODY}\n{LINE}{false}".encode())
    with pytest.raises(ValueError, match="false"):
        verify(found, TRUSTED)


def test_the_key_of_one_town_is_not_that_of_another():
    other = verifier_of(origin_of("ardoise.example.fr", Commune("villennes")), KEY.public_key())
    assert other.key_id != TRUSTED[0].key_id
    with pytest.raises(ValueError, match="no key that is trusted"):
        verify(SIGNED, [other])


@pytest.mark.parametrize(
    "text", ["", "+", "++", "a+b+c", TRUSTED[0].text[:-1], TRUSTED[0].text.replace("+", "+0", 1), "é+1+2"]
)
def test_a_verifier_key_is_read_as_strictly(text: str):
    with pytest.raises(ValueError, match=r"."):
        VerifierKey.read(text)
