"""The Clé Enfance over HTTP: told once, typed by anybody, tried five times an hour."""

import re
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from ledger.identifiers import Commune
from tests.http.world import Who, World, made, refused
from tests.servers import Database

PAOLA = {"given_name": "Paola", "family_name": "Exemple", "birth_date": None}
TEXT = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}")


def household_of(world: World, *given_names: str) -> tuple[str, list[str]]:
    """A household and its guardians, none of whom has an account."""
    household = made(world.agent.post("/households"))["household"]
    path = f"/households/{household}/guardians"
    guardians = [
        made(world.agent.post(path, {"identity": {**PAOLA, "given_name": name}}))["guardian"] for name in given_names
    ]
    return household, guardians


def issue(world: World, household: str, **said: Any) -> dict[str, Any]:
    issued: dict[str, Any] = made(world.agent.post(f"/households/{household}/keys", said))
    return issued


def redeem(parent: Who, text: str, *, key: str | None = None, **said: Any) -> httpx.Response:
    return parent.post("/me/key", {"key": text, **said}, key=key)


def states(world: World, household: str) -> list[tuple[str, int]]:
    rows = made(world.agent.get(f"/households/{household}/keys"), 200)["keys"]
    return [(row["state"], row["used"]) for row in rows]


def test_a_key_is_told_when_it_is_issued_and_nowhere_else(world: World) -> None:
    household, _ = household_of(world, "Paola")
    key = uuid4().hex
    first = world.agent.post(f"/households/{household}/keys", {"uses": 2}, key=key)
    said = made(first)
    assert TEXT.fullmatch(said["text"])
    assert (said["uses"], said["used"], said["state"], said["state_label"]) == (2, 0, "open", "Valable")
    assert said["expires_at"] == "2024-03-15T23:00:00Z", "to the end of 15 March, sixty days later"
    again = world.agent.post(f"/households/{household}/keys", {"uses": 2}, key=key)
    assert (again.status_code, again.content, again.headers["idempotency-hit"]) == (201, first.content, "true")
    for role in ("agent", "auditor"):
        answer = world.who(role).get(f"/households/{household}/keys")
        assert made(answer, 200)["keys"] == [{name: value for name, value in said.items() if name != "text"}]
        assert said["text"] not in answer.text
    for role in ("guardian", "billing", "admin"):
        refused(world.who(role).get(f"/households/{household}/keys"), "not_found", 404)


def test_neither_the_text_nor_what_was_typed_is_kept(world: World, module_database: Database) -> None:
    household, _ = household_of(world, "Paola")
    text = issue(world, household)["text"]
    made(redeem(world.guardian("account-1"), text), 200)
    bare = text.replace("-", "")
    with psycopg.connect(module_database.admin_url) as superuser:
        tables = superuser.execute(
            "SELECT format('%I.%I', table_schema, table_name) FROM information_schema.tables"
            " WHERE table_schema IN ('ardoise', 'vault', 'access') AND table_type = 'BASE TABLE'"
        ).fetchall()
        assert len(tables) > 20
        for (table,) in tables:
            rows = str(superuser.execute(f"SELECT * FROM {table}").fetchall())
            assert text not in rows, table
            assert bare not in rows, table


def test_whoever_types_the_key_opens_the_household_and_reads_no_name_in_the_answer(world: World) -> None:
    household, [paola] = household_of(world, "Paola")
    child = world.child(household, "cantine")
    parent = world.guardian("account-1")
    refused(parent.get(f"/children/{child}"), "not_found", 404)
    assert made(redeem(parent, issue(world, household)["text"]), 200) == {"linked": True}
    me = made(parent.get("/me"), 200)
    assert me["households"] == [{"household": household, "guardian": paola}]
    assert [row["child"] for row in me["children"]] == [child]
    made(parent.get(f"/children/{child}"), 200)
    assert states(world, household) == [("used_up", 1)]


@pytest.mark.parametrize(
    "typed",
    [str.lower, lambda text: text.replace("-", ""), lambda text: f" {text.replace('-', ' ')} "],
    ids=["lower case", "no dashes", "spaces"],
)
def test_a_key_is_forgiven_how_it_is_typed(world: World, typed: Any) -> None:
    household, _ = household_of(world, "Paola")
    made(redeem(world.guardian("account-1"), typed(issue(world, household)["text"])), 200)


def test_letters_that_look_like_digits_are_forgiven(world: World) -> None:
    """Keys are issued until one holds a zero or a one."""
    household, _ = household_of(world, "Paola")
    texts = (issue(world, household)["text"] for _ in range(40))
    text = next(text for text in texts if "0" in text or "1" in text)
    made(redeem(world.guardian("account-1"), text.replace("0", "o").replace("1", "L")), 200)


def test_every_key_that_opens_nothing_is_refused_in_the_same_bytes(world: World) -> None:
    household, [paola] = household_of(world, "Paola")
    expired = issue(world, household, expires_on="2024-01-15")["text"]
    revoked = issue(world, household)
    made(world.agent.delete(f"/households/{household}/keys/{revoked['key']}"), 200)
    elsewhere = world.of(Commune(f"{world.commune}-z"))
    other, _ = household_of(elsewhere, "Bruno")
    abroad = issue(elsewhere, other)["text"]
    used = issue(world, household, guardian=paola)["text"]
    made(redeem(world.guardian("account-1"), used), 200)
    nobody_left = issue(world, household)["text"]
    world.clock.set("2024-01-16 08:00")
    typed = ("7KQ2-M4XD-0PZR", expired, revoked["text"], abroad, used, nobody_left, "not a key", "é" * 64)
    answers = [redeem(world.guardian(f"account-{n + 2}"), text) for n, text in enumerate(typed)]
    for answer in answers:
        refused(answer, "key_refused")
    assert len({answer.content for answer in answers}) == 1
    hidden = ("date", "x-request-id")
    headers = [{n: v for n, v in answer.headers.items() if n not in hidden} for answer in answers]
    assert all(each == headers[0] for each in headers)


def test_between_several_guardians_the_caller_chooses_by_given_name(world: World) -> None:
    household, [paola, bruno] = household_of(world, "Paola", "Bruno")
    text, parent = issue(world, household)["text"], world.guardian("account-1")
    said = refused(redeem(parent, text), "guardian_to_choose")
    assert [(error["guardian"], error["given_name"]) for error in said["errors"]] == [
        (paola, "Paola"),
        (bruno, "Bruno"),
    ]
    assert states(world, household) == [("open", 0)], "a choice uses nothing up"
    made(redeem(parent, text, guardian=bruno), 200)
    assert made(parent.get("/me"), 200)["households"] == [{"household": household, "guardian": bruno}]


def test_names_to_choose_from_are_written_in_the_access_log_and_kept_under_no_key(
    world: World, module_database: Database
) -> None:
    household, [paola, bruno] = household_of(world, "Paola", "Bruno")
    refused(redeem(world.guardian("account-1"), issue(world, household)["text"]), "guardian_to_choose")
    with psycopg.connect(module_database.admin_url) as superuser:
        kept = superuser.execute(
            "SELECT convert_from(body, 'UTF8') FROM ardoise.answers WHERE commune = %s AND subject = 'account-1'",
            (world.commune,),
        ).fetchall()
        read = superuser.execute(
            "SELECT about FROM access.reads WHERE commune = %s AND actor = 'account-1'", (world.commune,)
        ).fetchall()
    assert len(kept) == 1
    assert "Paola" not in kept[0][0]
    assert [set(about) for (about,) in read] == [{household, paola, bruno}]


def test_a_choice_that_was_left_open_names_nobody_once_the_key_opens_nothing_for_the_caller(world: World) -> None:
    household, [paola, _] = household_of(world, "Paola", "Bruno")
    text, parent = issue(world, household, uses=2)["text"], world.guardian("account-1")
    refused(redeem(parent, text, key="asked"), "guardian_to_choose")
    made(redeem(parent, text, guardian=paola), 200)
    path = f"/households/{household}/guardians/{paola}/suspension"
    made(world.agent.post(path, {"scope": "account", "reason": "under_review"}), 200)
    again = redeem(parent, text, key="asked")
    refused(again, "key_refused")
    assert again.content == redeem(world.guardian("account-2"), "not a key").content
    assert states(world, household) == [("revoked", 1)]


def test_a_link_that_is_answered_again_says_nothing_of_the_family(world: World) -> None:
    household, [paola] = household_of(world, "Paola")
    parent, text = world.guardian("account-1"), issue(world, household)["text"]
    first = redeem(parent, text, key="asked")
    path = f"/households/{household}/guardians/{paola}/suspension"
    made(world.agent.post(path, {"scope": "account", "reason": "account_lost"}), 200)
    again = redeem(parent, text, key="asked")
    assert (again.status_code, again.content, again.json()) == (200, first.content, {"linked": True})
    assert made(parent.get("/me"), 200)["households"] == []


def test_five_keys_may_be_tried_in_an_hour_and_the_sixth_is_not_looked_at(world: World) -> None:
    household, _ = household_of(world, "Paola")
    text, parent = issue(world, household)["text"], world.guardian("account-1")
    for minute in range(5):
        world.clock.set(f"2024-01-15 10:0{minute}")
        refused(redeem(parent, f"WRONG-{minute}"), "key_refused")
    answer = redeem(parent, text, key="good")
    said = refused(answer, "too_many_attempts", 429)
    assert said["title"] == "Trop d'essais"
    assert answer.headers["retry-after"] == str(56 * 60), "the first one will be an hour old at 11:00"
    made(redeem(world.guardian("account-2"), text, key="other"), 200)
    world.clock.set("2024-01-15 11:01")
    refused(redeem(parent, text, key="good"), "key_refused")


def test_an_attempt_that_is_sent_again_counts_once(world: World) -> None:
    parent = world.guardian("account-1")
    for _ in range(8):
        refused(redeem(parent, "WRONG", key="same"), "key_refused")
    for other in range(4):
        refused(redeem(parent, f"WRONG-{other}"), "key_refused")
    refused(redeem(parent, "WRONG-5"), "too_many_attempts", 429)
    refused(redeem(parent, "WRONG", key="same"), "key_refused")
    refused(redeem(parent, "WRONG-6", key="same"), "too_many_attempts", 429)


def test_what_was_answered_is_answered_again_whatever_was_tried_since(world: World) -> None:
    household, _ = household_of(world, "Paola")
    text, parent = issue(world, household)["text"], world.guardian("account-1")
    first = redeem(parent, text, key="good")
    world.clock.set("2024-01-15 14:00")
    for other in range(5):
        refused(redeem(parent, f"WRONG-{other}"), "key_refused")
    refused(redeem(parent, "WRONG-5"), "too_many_attempts", 429)
    again = redeem(parent, text, key="good")
    assert (again.status_code, again.content, again.headers["idempotency-hit"]) == (200, first.content, "true")


def test_another_key_under_the_name_of_an_attempt_is_refused_and_counted(world: World) -> None:
    household, _ = household_of(world, "Paola")
    text, parent = issue(world, household)["text"], world.guardian("account-1")
    refused(redeem(parent, "WRONG", key="same"), "key_refused")
    for _ in range(2):
        refused(redeem(parent, text, key="same"), "idempotency_key_reused", 422)
    assert states(world, household) == [("open", 0)]
    for other in range(3):
        refused(redeem(parent, f"WRONG-{other}"), "key_refused")
    refused(redeem(parent, "WRONG-9"), "too_many_attempts", 429)


def test_an_account_is_linked_once_in_a_household(world: World) -> None:
    household, _ = household_of(world, "Paola", "Bruno")
    parent = world.guardian("account-1")
    text = issue(world, household, uses=2)["text"]
    guardian = refused(redeem(parent, text), "guardian_to_choose")["errors"][0]["guardian"]
    made(redeem(parent, text, guardian=guardian), 200)
    refused(redeem(parent, text), "already_linked")


def test_a_key_may_be_for_one_guardian(world: World) -> None:
    household, [_, bruno] = household_of(world, "Paola", "Bruno")
    said = issue(world, household, guardian=bruno)
    assert said["guardian"] == bruno
    parent = world.guardian("account-1")
    made(redeem(parent, said["text"]), 200)
    assert made(parent.get("/me"), 200)["households"] == [{"household": household, "guardian": bruno}]
    refused(world.agent.post(f"/households/{household}/keys", {"guardian": bruno}), "already_linked")
    refused(world.agent.post(f"/households/{household}/keys", {"guardian": str(uuid4())}), "not_found", 404)


@pytest.mark.parametrize(
    ("body", "field"),
    [({"uses": 0}, "uses"), ({"uses": 11}, "uses"), ({"uses": True}, "uses"), ({"expires_on": "soon"}, "expires_on")],
)
def test_a_key_is_used_ten_times_at_most(world: World, body: dict[str, Any], field: str) -> None:
    household, _ = household_of(world, "Paola")
    said = refused(world.agent.post(f"/households/{household}/keys", body), "invalid_request", 422)
    assert [error["field"] for error in said["errors"]] == [field]


def test_the_last_day_of_a_key_is_within_four_hundred_days(world: World) -> None:
    household, _ = household_of(world, "Paola")
    for day in ("2024-01-14", "2025-02-19"):
        answer = world.agent.post(f"/households/{household}/keys", {"expires_on": day})
        refused(answer, "expiry_out_of_reach", 422)
    assert issue(world, household, expires_on="2025-02-18")["expires_at"] == "2025-02-18T23:00:00Z"


def test_a_key_is_revoked_by_an_agent(world: World) -> None:
    household, _ = household_of(world, "Paola")
    key = issue(world, household)
    path = f"/households/{household}/keys/{key['key']}"
    refused(world.who("auditor").delete(path), "not_found", 404)
    said = made(world.agent.delete(path), 200)
    assert (said["state"], said["state_label"]) == ("revoked", "Révoquée")
    refused(world.agent.delete(path), "nothing_to_do", 422)
    refused(world.agent.delete(f"/households/{household}/keys/{uuid4()}"), "not_found", 404)


@pytest.mark.parametrize("role", ["agent", "auditor", "billing", "admin"])
def test_only_a_parent_types_a_key(world: World, role: str) -> None:
    refused(redeem(world.who(role), "7KQ2-M4XD-0PZR"), "not_found", 404)
