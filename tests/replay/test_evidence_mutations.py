"""Whatever is done to good evidence, the verifier answers; and what it then proves is what the town wrote."""

import contextlib
import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.sealing.merkle import leaf_hash
from replay.verify_evidence import RefusedError, checkpoint_of, verified
from tests.replay.evidences import TRUSTED, Json, document, sealed, signed

GOOD = document(8, 20)
CONTENT = orjson.dumps(GOOD)
TOWN = [(position, line.stored.decode()) for position, line in enumerate(sealed(), start=1)]
LEAVES = [leaf_hash(line.stored) for line in sealed()]
KEPT = [checkpoint_of(signed(LEAVES[:8]).note, "kept")]
HOSTILE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=60),
    st.sampled_from(["", "\ud800", "A" * 43 + "=", "— a b\n", "0", "\x1b[2J", "NaN", 2**53, [], {}, [[]], {"size": 8}]),
)


def believed(content: bytes) -> None:
    """Refused with a reason; or what is proven is what the town wrote, from the first line of each page on."""
    try:
        found = verified(content, TRUSTED, KEPT)
    except RefusedError as refused:
        str(refused).encode("ascii")
        return
    said = json.loads(content)
    assert said["checkpoint"].partition("\n\n")[0] == GOOD["checkpoint"].partition("\n\n")[0]
    assert {(one["position"], one["stored"]) for one in said["entries"]} <= set(TOWN)
    assert len(found["lines"]) == len(said["entries"])
    for stream, count in found["pages"].items():
        assert sorted(line["version"] for line in found["lines"] if line["stream"] == stream) == [*range(1, count + 1)]


def places(value: Any) -> list[tuple[Any, Any]]:
    """Everything in a document that could be something else: what holds it, and under which name."""
    found = []
    names = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for name in names:
        found.append((value, name))
        found.extend(places(value[name]))
    return found


@settings(max_examples=300)
@given(st.data())
def test_whatever_is_put_anywhere_in_it(data: st.DataObject) -> None:
    said = orjson.loads(CONTENT)
    for _ in range(data.draw(st.integers(1, 3))):
        everywhere = places(said)
        holder, name = data.draw(st.sampled_from(everywhere))
        how = data.draw(st.sampled_from(["put", "take out", "twice", "exchange"]))
        if how == "put":
            holder[name] = data.draw(HOSTILE)
        elif how == "take out":
            del holder[name]
        elif how == "twice" and isinstance(holder, list):
            holder.insert(data.draw(st.integers(0, len(holder))), holder[name])
        else:
            there, other = data.draw(st.sampled_from(everywhere))
            with contextlib.suppress(IndexError, KeyError):
                holder[name], there[other] = there[other], holder[name]
    believed(written(said))


def written(said: Json) -> bytes:
    """As a hostile hand writes it: NaN and lone surrogates too."""
    try:
        return json.dumps(said).encode()
    except ValueError:  # it holds itself
        return b""


@settings(max_examples=300)
@given(
    at=st.integers(0, len(CONTENT)),
    taken=st.integers(0, 200),
    put=st.binary(max_size=40)
    | st.sampled_from([b"0", b"1e5", b"[", b"}", b"\\u0000", b"\\ud800", b'"', b",", b"[" * 5000]),
)
def test_whatever_bytes_are_put_anywhere_in_it(at: int, taken: int, put: bytes) -> None:
    believed(CONTENT[:at] + put + CONTENT[at + taken :])


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_whatever_bytes_it_is(content: bytes) -> None:
    with pytest.raises(RefusedError):
        verified(content, TRUSTED, [])


@given(st.data())
def test_lines_left_out_at_the_end_of_a_page_are_not_noticed_and_nothing_else_can_be(data: st.DataObject) -> None:
    """What the verifier says it cannot prove is exactly this."""
    said = orjson.loads(CONTENT)
    out = set(data.draw(st.lists(st.integers(0, len(said["entries"]) - 1), min_size=1, unique=True)))
    lines = [(entry, orjson.loads(entry["stored"])) for entry in said["entries"]]
    said["entries"] = [entry for at, (entry, _) in enumerate(lines) if at not in out]
    for page in said["pages"]:
        left = [
            line["version"] for at, (_, line) in enumerate(lines) if line["stream"] == page["stream"] and at not in out
        ]
        page["lines"] = len(left)
    whole = all(
        [line["version"] for at, (_, line) in enumerate(lines) if line["stream"] == page["stream"] and at not in out]
        == [*range(1, page["lines"] + 1)]
        for page in said["pages"]
    )
    content = orjson.dumps(said)
    if not whole:
        with pytest.raises(RefusedError):
            verified(content, TRUSTED, [])
    believed(content)
