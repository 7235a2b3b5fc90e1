"""What is written outlives the code: every line ever written is read for ever, byte for byte."""

import dataclasses
import typing
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from pathlib import Path

import orjson
import pytest

from ledger.codec import UPCASTERS, WIRE_NAMES, Codec, UnknownFactError, canonical, wire_time
from ledger.events import DayReopened, Fact
from ledger.identifiers import Slug
from tests.ledger.examples import WEDNESDAY, entries

GOLDEN = Path(__file__).parent / "golden" / "entries.ndjson"
"""One line per example: the stored bytes and their digest. Lines are added, never changed or removed."""


def golden() -> list[tuple[bytes, str]]:
    lines = [orjson.loads(line) for line in GOLDEN.read_bytes().splitlines()]
    return [(line["stored"].encode(), line["digest"]) for line in lines]


def names() -> set[str]:
    return {orjson.loads(stored)["type"] for stored, _ in golden()}


def test_every_golden_line_still_has_its_digest():
    assert [sha256(stored).hexdigest() for stored, _ in golden()] == [digest for _, digest in golden()]


@pytest.mark.parametrize("stored", [stored for stored, _ in golden()], ids=lambda stored: orjson.loads(stored)["type"])
def test_every_line_ever_written_can_be_read(stored):
    entry = Codec().read(stored)
    assert (entry.stored, entry.digest) == (stored, sha256(stored).digest())


def test_what_is_written_today_is_what_was_written_before():
    codec = Codec()
    current = [stored for stored, _ in golden() if orjson.loads(stored)["type"] in WIRE_NAMES.values()]
    for stored in current:
        read = codec.read(stored)
        again = codec.write(
            read.fact, stream=read.stream, version=read.version, previous=read.previous, signature=read.signature
        )
        assert again.stored == stored


def test_the_examples_are_written_as_the_golden_lines_say():
    lines = [orjson.loads(stored) for stored, _ in golden()]
    of_another_age = {line["stream"] for line in lines if line["type"] in UPCASTERS}
    current = [stored for stored, _ in golden() if orjson.loads(stored)["stream"] not in of_another_age]
    assert [entry.stored for entry in entries()] == current


def test_every_name_that_is_or_was_written_has_a_golden_line():
    assert names() == {*WIRE_NAMES.values(), *UPCASTERS}, "add the new fact to tests/ledger/examples.py and its line"


def test_every_fact_has_a_name_of_its_own():
    assert set(WIRE_NAMES) == set(typing.get_args(Fact))
    assert len(set(WIRE_NAMES.values())) == len(WIRE_NAMES)
    assert not set(WIRE_NAMES.values()) & set(UPCASTERS), "a name is either written or brought up to date"


def test_stored_bytes_are_canonical():
    for stored, _ in golden():
        assert stored == orjson.dumps(orjson.loads(stored), option=orjson.OPT_SORT_KEYS)


def test_a_fact_read_back_is_the_fact_that_was_written():
    for entry in entries():
        assert Codec().read(entry.stored) == entry


# What may be in a fact -----------------------------------------------------------------------------------------------


def _types(kind: object) -> set[object]:
    """Every type a field may hold, down to the leaves."""
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        return set().union(*(_types(hints[field.name]) for field in dataclasses.fields(kind)))
    if typing.get_origin(kind) is typing.Literal:
        return {type(value) for value in typing.get_args(kind)}
    if typing.get_args(kind):
        return set().union(*(_types(each) for each in typing.get_args(kind)))
    return {getattr(kind, "__supertype__", kind)}


@pytest.mark.parametrize("kind", WIRE_NAMES, ids=lambda kind: kind.__name__)
def test_no_fact_holds_a_float(kind):
    assert float not in _types(kind)
    assert _types(kind) <= {str, int, bool, type(None), datetime, type(WEDNESDAY), Ellipsis}


def test_the_search_for_floats_finds_one():
    @dataclasses.dataclass
    class Priced:
        price: tuple[float, ...] | None

    assert float in _types(Priced)


def test_an_integer_that_json_cannot_hold_exactly_is_not_written():
    assert canonical({"n": 2**53 - 1}) == b'{"n":9007199254740991}'
    with pytest.raises(TypeError):
        canonical({"n": 2**53})


def test_keys_are_sorted_whatever_their_order():
    assert canonical({"b": 1, "a": {"d": 1, "c": 2}}) == b'{"a":{"c":2,"d":1},"b":1}'


def test_an_instant_is_written_in_utc_with_its_microseconds():
    paris = timezone(timedelta(hours=1))
    assert wire_time(datetime(2024, 3, 7, 19, 12, tzinfo=paris)) == "2024-03-07T18:12:00.000000Z"
    assert wire_time(datetime(2024, 3, 7, 18, 12, 0, 7, tzinfo=UTC)) == "2024-03-07T18:12:00.000007Z"


def test_an_instant_without_a_zone_is_not_written():
    with pytest.raises(AssertionError):
        wire_time(datetime(2024, 3, 7, 18, 12))  # noqa: DTZ001


# Facts of another age ------------------------------------------------------------------------------------------------

UPGRADES = {
    "day_opened.v1": ("day_opened.v2", lambda json: {"day": json["date"], "activity": json["what"]}),
    "day_opened.v2": ("day_reopened.v3", lambda json: {**json, "site": None}),
}
LATER = Codec(names={**WIRE_NAMES, DayReopened: "day_reopened.v3"}, upcasters=UPGRADES)


@pytest.mark.parametrize(
    ("name", "json"),
    [
        ("day_opened.v1", {"date": "2024-03-27", "what": "mercredis"}),
        ("day_opened.v2", {"day": "2024-03-27", "activity": "mercredis"}),
        ("day_reopened.v3", {"day": "2024-03-27", "activity": "mercredis", "site": None}),
    ],
)
def test_an_old_fact_is_brought_up_to_date_step_by_step(name, json):
    assert LATER.fact_from_json(name, json) == DayReopened(day=WEDNESDAY, activity=Slug("mercredis"))


def test_an_old_line_keeps_its_bytes_and_its_digest():
    old = {**orjson.loads(golden()[0][0]), "type": "day_opened.v1", "fact": {"date": "2024-03-27", "what": "x"}}
    stored = canonical(old)
    assert (LATER.read(stored).stored, LATER.read(stored).digest) == (stored, sha256(stored).digest())


def test_a_name_of_the_future_is_an_error_of_its_own():
    with pytest.raises(UnknownFactError, match=r"meteor_fell\.v1"):
        Codec().fact_from_json("meteor_fell.v1", {})


def test_upcasters_that_turn_in_a_circle_are_an_error():
    turning = Codec(upcasters={"a.v1": ("b.v1", dict), "b.v1": ("a.v1", dict)})
    with pytest.raises(AssertionError, match="circle"):
        turning.fact_from_json("a.v1", {})
