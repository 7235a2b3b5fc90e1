"""The same key always gets the same answer, whoever else uses a key of that name."""

import pytest

from ledger.identifiers import Commune
from ledger.store import Answer, Append, KeyReusedError, Once, Prepared, Store, Write
from ledger.streams import child_page
from tests.ledger.long_pages import CHILD, long_page, no_limit, once, signature

ACCEPTED = Answer(status=201, headers={"ETag": '"2"'}, body=b'{"number":1}')
REFUSED = Answer(status=409, headers={}, body=b'{"code":"no_place_left"}')


def first_line(store: Store, town: Commune) -> Prepared:
    return store.prepare(town, signature(), [Write(page=store.child(town, CHILD), facts=long_page(1))])


def nothing(store: Store, town: Commune) -> Prepared:
    return store.prepare(town, signature(), [])


def keep(store: Store, what: Prepared, key: Once, answer: Answer):
    return store.append(Append(prepared=what, once=key, answer=answer, capacity=no_limit))


def test_the_first_answer_is_given_again_whatever_would_be_answered_now(kept, town):
    first = keep(kept.store, first_line(kept.store, town), once("k"), ACCEPTED)
    again = keep(kept.store, nothing(kept.store, town), once("k"), REFUSED)
    assert (first.replayed, first.answer) == (False, ACCEPTED)
    assert (again.replayed, again.answer) == (True, ACCEPTED)


def test_a_command_that_comes_again_is_not_applied_again(kept, town):
    what = first_line(kept.store, town)
    keep(kept.store, what, once("k"), ACCEPTED)
    assert keep(kept.store, what, once("k"), ACCEPTED).replayed
    assert len(kept.lines(child_page(town, CHILD))) == 1


def test_a_refusal_is_an_answer_too(kept, town):
    keep(kept.store, nothing(kept.store, town), once("k"), REFUSED)
    again = keep(kept.store, first_line(kept.store, town), once("k"), ACCEPTED)
    assert (again.replayed, again.answer) == (True, REFUSED)
    assert kept.lines(child_page(town, CHILD)) == []


def test_the_same_key_with_another_body_is_an_error_and_changes_nothing(kept, town):
    keep(kept.store, nothing(kept.store, town), once("k", body=b"one"), REFUSED)
    with pytest.raises(KeyReusedError):
        keep(kept.store, first_line(kept.store, town), once("k", body=b"two"), ACCEPTED)
    assert kept.lines(child_page(town, CHILD)) == []
    assert keep(kept.store, nothing(kept.store, town), once("k", body=b"one"), ACCEPTED).answer == REFUSED


@pytest.mark.parametrize(
    "other",
    [once("k", client="another portal"), once("k", subject="another parent"), once("another key")],
    ids=["client", "subject", "key"],
)
def test_the_key_of_somebody_else_is_another_key(kept, town, other):
    keep(kept.store, nothing(kept.store, town), once("k"), REFUSED)
    assert not keep(kept.store, nothing(kept.store, town), other, ACCEPTED).replayed


def test_the_same_key_in_another_town_is_another_key(kept, town):
    keep(kept.store, nothing(kept.store, town), once("k"), REFUSED)
    assert not keep(kept.store, nothing(kept.store, Commune(f"{town}-b")), once("k"), ACCEPTED).replayed


def test_an_answer_keeps_every_byte(kept, town):
    answer = Answer(status=207, headers={"X": "é\u2028"}, body=bytes(range(256)))
    keep(kept.store, nothing(kept.store, town), once("k"), answer)
    assert keep(kept.store, nothing(kept.store, town), once("k"), REFUSED).answer == answer


def test_numbers_are_never_given_twice_and_each_town_has_its_own(kept, town):
    assert [kept.store.next_number(town) for _ in range(3)] == [1, 2, 3]
    assert kept.store.next_number(Commune(f"{town}-b")) == 1
    assert kept.store.next_number(town) == 4
