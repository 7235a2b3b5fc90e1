"""Whatever happens to families: what their histories tell adds up to the live rows, and each line has its sentence."""

import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from api.french_changes import lines
from api.french_history import sentence
from ledger.streams import child_page, household_page
from replay.timeline import HIDDEN, KEYS
from tests.histories import NOWS, asks, live, town
from tests.histories_of_families import of_household, of_town
from tests.spec import Story
from tests.telling import Rows, folded, page_of, told, words_of
from tests.town import DIALLO, MATTEO, MERCREDIS, ROSSI

of_a_family = st.tuples(st.just(MERCREDIS), of_household())
histories = st.lists(st.tuples(st.sampled_from(NOWS), asks() | of_a_family | of_town()), min_size=5, max_size=30)

OF_HOUSEHOLDS = ("guardians", "household_people", "family_keys", "quotients", "demandes")


def live_rows(story: Story, tables: tuple[str, ...], **of_whom: str | None) -> Rows:
    """The rows of the read models, as a history may tell them."""
    rows: Rows = {}
    for table in tables:
        for row in story.rows(table):
            if any(row.get(name) != value for name, value in of_whom.items()):
                continue
            hidden = {*KEYS[table], *HIDDEN.get(table, ())}
            key = tuple(sorted((name, row[name]) for name in KEYS[table] if name != "commune"))
            rows[table, key] = {name: value for name, value in row.items() if name not in hidden}
    return rows


@settings(max_examples=25)
@given(histories)
def test_what_is_told_of_a_household_folds_into_its_live_rows_and_nothing_is_superfluous(history: Any):
    story = live(town(), history)
    for home in (ROSSI, DIALLO):
        items = told(page_of(story, household_page(story.commune, home)))
        assert folded(items) == live_rows(story, OF_HOUSEHOLDS, household=home, child=None)


@settings(max_examples=25)
@given(histories)
def test_every_line_has_its_sentence_and_every_change_its_words(history: Any):
    story = live(town(), history)
    words = words_of(story)
    for stream in (child_page(story.commune, MATTEO.id), household_page(story.commune, ROSSI)):
        for item in told(page_of(story, stream)):
            text = sentence(item, words)
            assert re.fullmatch(r"[A-ZÉÀ].*[^ .]\.", text), text
            for sign, said in lines(item.changes, words):
                assert sign in "+-"
                assert not re.search(r"None|[{}<>_]|  ", text + said), said
