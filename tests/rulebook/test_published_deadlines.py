"""The deadlines that towns publish, and the turns of phrase they share."""

import json
from pathlib import Path

import pytest

from rulebook.lint import warnings
from rulebook.reader import read_rulebook
from rulebook.rulebook import Rulebook, Verb
from tests.rulebook.town import asked, at, last_minute

VECTORS = Path(__file__).parent / "vectors"
EXPECTED = json.loads((VECTORS / "expected.json").read_text(encoding="utf-8"))


def published(name: str) -> Rulebook:
    return read_rulebook((VECTORS / f"{name}.toml").read_text(encoding="utf-8"))


def rows() -> list[tuple[str, str, str, str]]:
    return [(name, *row) for name, facts in EXPECTED.items() for row in facts["until"]]


def test_every_file_has_its_expected_days_and_every_expected_day_its_file() -> None:
    assert {path.stem for path in VECTORS.glob("*.toml")} == set(EXPECTED)


@pytest.mark.parametrize(("name", "verb", "day", "until"), rows())
def test_the_statement_closes_the_day_at_the_published_minute(name: str, verb: str, day: str, until: str) -> None:
    assert last_minute(published(name), day, Verb(verb)) == until


@pytest.mark.parametrize(
    ("name", "day", "start"), [(name, *row) for name, facts in EXPECTED.items() for row in facts.get("from", [])]
)
def test_the_statement_opens_the_day_at_the_published_hour(name: str, day: str, start: str) -> None:
    when = asked(published(name), day)
    assert when.opens_at == at(start)
    assert not when.is_open_yet(at(f"{start[:10]}T19:59:59.999999"))
    assert when.is_open_yet(at(start))


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_published_statement_has_nothing_suspicious_but_its_missing_places(name: str) -> None:
    assert all("places" in warning.message for warning in warnings(published(name)))


def test_villennes_has_matteo_in_time_on_the_eighth_of_march() -> None:
    when = asked(published("villennes-mercredi"), "2024-03-27")
    assert not when.is_late(at("2024-03-08T10:43"))
    assert when.late == "refuse"
    assert str(when.last_instant) == "2024-03-12 22:59:59.999999+00:00"


def test_counting_15_days_exclusively_would_betray_the_example_of_chanteloup() -> None:
    exclusive = (VECTORS / "chanteloup-15j.toml").read_text(encoding="utf-8").replace('"inclus"', '"exclus"')
    assert last_minute(read_rulebook(exclusive), "2023-10-15") == "2023-09-30T23:59"
