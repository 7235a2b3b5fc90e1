"""The standalone verifier: what it proves, what it refuses, and that nothing makes it fall over."""

import base64
import json
import re
from collections.abc import Callable
from copy import deepcopy

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.codec import canonical
from replay.sealing.checkpoint import Head, sign, verifier_of
from replay.sealing.merkle import inclusion, leaf_hash, root_at
from replay.verify_evidence import Checkpoint, RefusedError, checkpoint_of, key_of, verified
from tests.replay.evidences import (
    ACCOUNT,
    BOOKS,
    HOME,
    KEY,
    ORIGIN,
    PAGE,
    SIGNER,
    TRUSTED,
    Json,
    document,
    evidence,
    proven,
    sealed,
    signed,
    subtrees,
)


def test_evidence_as_it_is_written_is_proven() -> None:
    found = proven(document())
    assert found["pages"].keys() == {HOME, PAGE, ACCOUNT, BOOKS}
    assert [line["position"] for line in found["lines"]] == [
        n for n, line in enumerate(sealed(), 1) if line.stream in found["pages"]
    ]
    assert (found["signed_by"], found["key"]) == (ORIGIN, "given")


def entry(said: Json, number: int) -> Json:
    found: Json = said["entries"][number - 1]
    return found


def rewritten(said: Json, number: int, **fields: object) -> None:
    """A line that says something else, in the form the ledger writes."""
    line = orjson.loads(entry(said, number)["stored"]) | fields
    entry(said, number)["stored"] = canonical(line).decode()


def forge(said: Json) -> None:
    """Another root, signed by somebody else under the name of the town."""
    somebody = Ed25519PrivateKey.from_private_bytes(bytes(32))
    said["checkpoint"] = sign(Head(origin=ORIGIN, size=len(sealed()), root=bytes(32)), somebody).note


def swap(said: Json) -> None:
    first, second = entry(said, 1), entry(said, 4)
    first["stored"], second["stored"] = second["stored"], first["stored"]


def of_another_tree(said: Json) -> None:
    """Everything under another tree, rightly signed, of which the checkpoint of the file is not."""
    leaves = [leaf_hash(line.stored) for line in sealed()]
    leaves[0] = bytes(32)
    said["checkpoint"] = signed(leaves).note


def moved(said: Json) -> None:
    """Positions are what is proven: this one is another line's."""
    entry(said, 3)["position"] += 1


def note(said: Json, old: str, new: str) -> None:
    said["checkpoint"] = re.sub(old, new, said["checkpoint"])


Spoiling = Callable[[Json], object]
UNDER = "not under the root of the checkpoint"
SPOILED: dict[str, tuple[Spoiling, str]] = {
    "a forged root": (forge, "checkpoint: not signed by the key"),
    "a root that was put in": (lambda said: note(said, r"\n[^\n]{44}\n", f"\n{'A' * 43}=\n"), "checkpoint: not signed"),
    "a wrong size": (lambda said: note(said, r"\n\d+\n", "\n12345\n"), "checkpoint: not signed by the key"),
    "a size that is no number": (lambda said: note(said, r"\n\d+\n", "\n٣\n"), "checkpoint: not a signed checkpoint"),
    "a size with a zero before": (lambda said: note(said, r"\n(\d+)\n", r"\n0\1\n"), "checkpoint: not a signed"),
    "an endless size": (lambda said: note(said, r"\n\d+\n", f"\n{'9' * 10_000}\n"), "checkpoint: not a signed"),
    "no signature": (lambda said: note(said, r"— .*\n", ""), "checkpoint: not a signed checkpoint"),
    "a signature by nobody we know": (lambda said: note(said, "— ardoise", "— ardoises"), "checkpoint: not signed"),
    "another town": (lambda said: said.update(commune="villars"), "checkpoint: of another town"),
    "another tree": (of_another_tree, UNDER),
    "a position twice": (lambda said: entry(said, 2).update(position=entry(said, 1)["position"]), "entry 2, position"),
    "an entry twice": (lambda said: said["entries"].insert(1, deepcopy(entry(said, 1))), "positions go up"),
    "a position of another": (moved, "entry 3, position"),
    "a position after the end": (lambda said: entry(said, 4).update(position=10**6), "as far as the checkpoint"),
    "position zero": (lambda said: entry(said, 1).update(position=0), "positions go up"),
    "a position that is true": (lambda said: entry(said, 1).update(position=True), "entry 1: position is not of its"),
    "a position that is text": (lambda said: entry(said, 1).update(position="1"), "entry 1: position is not of its"),
    "a fraction": (lambda said: entry(said, 1).update(position=1.0), "file: a number is not a whole one"),
    "a huge number": (lambda said: entry(said, 1).update(position=2**53), "file: a number is too large"),
    "a huge proof": (lambda said: entry(said, 1).update(proof=entry(said, 1)["proof"] * 50), "the proof is too long"),
    "a longer proof": (lambda said: entry(said, 1)["proof"].append(entry(said, 1)["proof"][0]), UNDER),
    "a shorter proof": (lambda said: entry(said, 1)["proof"].pop(), UNDER),
    "a proof of another": (lambda said: entry(said, 1).update(proof=entry(said, 2)["proof"]), UNDER),
    "a proof that is no base64": (lambda said: entry(said, 1)["proof"].insert(0, "é" * 44), "not 32 bytes in base64"),
    "a proof that is no text": (lambda said: entry(said, 1)["proof"].insert(0, 7), "not 32 bytes in base64"),
    "a proof of nested lists": (lambda said: entry(said, 1).update(proof=[[[]]]), "not 32 bytes in base64"),
    "lines that changed places": (swap, "entry 1, position 1"),
    "a changed line": (lambda said: rewritten(said, 3, actor="nobody"), f"line 1: {UNDER}"),
    "a line of another town": (lambda said: rewritten(said, 3, commune="villars"), "not of a page of this town"),
    "a line of no page": (lambda said: rewritten(said, 3, stream="child"), "not of a page of this town"),
    "a line that is a list": (lambda said: entry(said, 3).update(stored="[]"), "entry 3, position 4: not an object"),
    "a line that is not JSON": (lambda said: entry(said, 3).update(stored="{"), "entry 3, position 4: not JSON"),
    "a lone surrogate": (
        lambda said: rewritten(said, 3, actor="?") or _replace(said, '"?"', '"\\ud800"'),
        "not in the form",
    ),
    "a line with more spaces": (lambda said: _replace(said, '":"', '": "'), "not in the form the ledger writes"),
    "a line of two versions": (lambda said: _replace(said, '"version":', '"version":7,"version":'), "stands twice"),
    "a dropped line": (lambda said: said["entries"].pop(4), "should stand here"),
    "a dropped last line": (lambda said: said["entries"].pop(), "pages: not those of the entries"),
    "no entries": (lambda said: said.update(entries=[]), "file: no line of the household"),
    "entries that are no list": (lambda said: said.update(entries={}), "file: entries is not of its type"),
    "a page that is told twice": (lambda said: said["pages"].append(said["pages"][0]), "pages: not those"),
    "fewer lines than none": (lambda said: said["pages"][0].update(later=-1), "pages: not those of the entries"),
    "another household": (lambda said: said.update(household="somebody-else"), "nothing says that it is of the"),
    "another format": (lambda said: said.update(format="ardoise-evidence/2"), "file: not ardoise-evidence/1"),
    "something more": (lambda said: said.update(more=1), "file: not an object of"),
    "something less": (lambda said: said.pop("pages"), "file: not an object of"),
    "a town of another alphabet": (lambda said: said.update(commune="vil/lars"), "checkpoint: of another town"),
}


def _replace(said: Json, old: str, new: str) -> None:
    entry(said, 3)["stored"] = entry(said, 3)["stored"].replace(old, new, 1)


@pytest.mark.parametrize(("spoil", "reason"), SPOILED.values(), ids=SPOILED)
def test_what_was_spoiled_is_refused_and_named(spoil: Spoiling, reason: str) -> None:
    said = document()
    spoil(said)
    with pytest.raises(RefusedError, match=re.escape(reason)):
        proven(said)


@pytest.mark.parametrize("kind", ["child", "payer"])
def test_everybody_elses_page_is_refused(kind: str) -> None:
    lines = sealed()
    leaves = [leaf_hash(line.stored) for line in lines]
    said = orjson.loads(evidence(lines).content())
    strangers = [line for line in lines if line.stream not in (HOME, PAGE, ACCOUNT, BOOKS)]
    stranger = next(line for line in strangers if line.stream.startswith(f"{kind}/"))
    position = lines.index(stranger) + 1
    proof = [base64.b64encode(each).decode() for each in inclusion(position - 1, len(leaves), subtrees(leaves))]
    said["entries"].append({"position": position, "stored": stranger.stored.decode(), "proof": proof})
    said["entries"].sort(key=lambda each: each["position"])
    said["pages"].insert(1, {"stream": stranger.stream, "lines": 1, "later": 0})
    said["pages"].sort(key=lambda each: each["stream"])
    with pytest.raises(RefusedError, match=f"{stranger.stream}: nothing says that it is of the household"):
        proven(said)


BYTES = {
    "nothing": (b"", "file: not JSON"),
    "half of it": (orjson.dumps(document())[:5_000], "file: not JSON"),
    "a number": (b"7", "file: not an object of"),
    "another alphabet": (json.dumps(document()).encode("utf-16"), "file: not UTF-8"),
    "bytes that are no text": (b'{"format": "\xff"}', "file: not UTF-8"),
    "a mark of the order of bytes": (b"\xef\xbb\xbf{}", "file: not JSON"),
    "no number": (b'{"size": NaN}', "file: a number is not a whole one"),
    "no end": (b'{"size": -Infinity}', "file: a number is not a whole one"),
    "ten million digits": (b'{"size": ' + b"9" * 10_000_000 + b"}", "file: a number is too large"),
    "a huge power": (b'{"size": 1e999999999}', "file: a number is not a whole one"),
    "less than nothing": (b'{"size": -0}', "file: a number is too large"),
    "a hundred thousand lists": (b"[" * 100_000, "file: nested too deep"),
    "as many objects": (b'{"a":' * 100_000, "file: nested too deep"),
    "a key twice": (b'{"format": 1, "format": 1}', "file: a key stands twice in the same object"),
    "a control character": (b'{"a\n": 1}', "file: not JSON"),
}


@pytest.mark.parametrize(("content", "reason"), BYTES.values(), ids=BYTES)
def test_bytes_that_are_no_evidence_are_refused(content: bytes, reason: str) -> None:
    with pytest.raises(RefusedError, match=re.escape(reason)):
        verified(content, TRUSTED, [])


def test_a_line_nested_too_deep_is_refused() -> None:
    for depth in (400, 900, 100_000):
        said = document()
        entry(said, 3)["stored"] = '{"actor":' + "[" * depth + "]" * depth + "}"
        with pytest.raises(RefusedError, match="entry 3, position 4: "):
            proven(said)


def test_a_signature_by_the_key_in_the_file_proves_nothing_and_it_says_so() -> None:
    said = document()
    found = verified(orjson.dumps(said), [], [])
    assert (found["key"], found["signed_by"]) == ("of the file", ORIGIN)
    said["key"] = ""
    assert verified(orjson.dumps(said), [], [])["key"] == "none"


def test_evidence_forged_with_a_key_of_ones_own_is_refused_by_the_towns() -> None:
    somebody = Ed25519PrivateKey.from_private_bytes(bytes(32))
    said = document()
    leaves = [leaf_hash(line.stored) for line in sealed()]
    said["checkpoint"] = signed(leaves, somebody).note
    said["key"] = verifier_of(ORIGIN, somebody.public_key()).text
    assert verified(orjson.dumps(said), [], [])["key"] == "of the file"
    with pytest.raises(RefusedError, match="checkpoint: not signed by the key"):
        proven(said)


def test_a_witness_may_sign_beside_the_town() -> None:
    said = document()
    said["checkpoint"] += f"— witness.example {base64.b64encode(bytes(72)).decode()}\n"
    assert proven(said)["signed_by"] == ORIGIN


def test_two_signatures_under_the_key_of_which_one_is_false_are_refused() -> None:
    said = document()
    line = said["checkpoint"].splitlines()[-1]
    said["checkpoint"] += f"{line[:-6]}AAAA{line[-2:]}\n"
    with pytest.raises(RefusedError, match="checkpoint: not signed by the key"):
        proven(said)


def test_any_of_several_trusted_keys_may_have_signed() -> None:
    other = key_of(verifier_of(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()).text)
    assert verified(orjson.dumps(document()), [other, *TRUSTED], [])["signed_by"] == ORIGIN


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a+b+c",
        KEY[:-1],
        KEY.replace("+3", "+4"),
        KEY.replace("example", "exampl"),
        f"{KEY}=",
        KEY.replace("+AQ", "+Ag"),
        "é" + KEY,
    ],
)
def test_a_text_that_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(RefusedError, match="key: "):
        key_of(text)


# Checkpoints the auditor kept ----------------------------------------------------------------------------------------


def kept(size: int, *, root: bytes | None = None, origin: str = ORIGIN) -> Checkpoint:
    leaves = [leaf_hash(line.stored) for line in sealed()][:size]
    head = Head(origin=origin, size=size, root=root or root_at(len(leaves), subtrees(leaves)))
    return checkpoint_of(sign(head, SIGNER).note, "kept")


@pytest.mark.parametrize("size", [1, 2, 7, 8, 32, 48])
def test_a_tree_that_grew_from_one_that_was_kept_is_proven(size: int) -> None:
    found = verified(orjson.dumps(document(5, size)), TRUSTED, [kept(size), kept(len(sealed()))])
    assert found["kept"] == 2


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (kept(8, root=bytes(32)), "the tree did not grow from it: two histories were told"),
        (kept(9), "the file has no proof of consistency with it: export again with --kept"),
        (kept(len(sealed()), root=bytes(32)), "another root for the same size: two histories were told"),
        (kept(10**6, root=bytes(32)), "later than that of the file: export again"),
        (kept(8, origin="ardoise.example/villars"), "of another tree"),
    ],
)
def test_a_kept_checkpoint_that_does_not_agree_is_refused(other: Checkpoint, reason: str) -> None:
    with pytest.raises(RefusedError, match=reason):
        verified(orjson.dumps(document(8)), TRUSTED, [other])


@pytest.mark.parametrize(
    "proof", [{}, {"size": 8, "proof": 8}, {"size": True, "proof": []}, {"size": 8, "proof": ["A" * 44] * 65}, 8]
)
def test_a_hostile_proof_of_consistency_is_refused(proof: object) -> None:
    said = document()
    said["consistency"] = [proof]
    with pytest.raises(RefusedError, match="consistency: "):
        verified(orjson.dumps(said), TRUSTED, [kept(8)])
