"""Accounts that ask to be activated: queued for an agent, with the forty-eight working hours shown."""

from typing import Any
from uuid import uuid4

import psycopg
import pytest

from api.cursors import write_cursor
from tests.http.world import Who, World, made, refused
from tests.servers import Database

PAOLA = {"given_name": "Paola", "family_name": "Exemple", "birth_date": "1984-05-06"}
MATTEO = {"given_name": "Matteo", "family_name": "Exemple", "birth_date": "2015-02-03"}
REACHED = {"telephone": "06 12 34 56 78", "email": None}
ASKED: dict[str, Any] = {"identity": PAOLA, "contact": REACHED, "children": [MATTEO]}


def ask(parent: Who, *, key: str | None = None, **other: Any) -> dict[str, Any]:
    said: dict[str, Any] = made(parent.post("/me/activation", {**ASKED, **other}, key=key))
    return said


def waiting(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = made(world.agent.get("/activations"), 200)["activations"]
    return found


def guardian_without_account(world: World) -> dict[str, str]:
    household = made(world.agent.post("/households"))["household"]
    guardian = made(world.agent.post(f"/households/{household}/guardians", {"identity": PAOLA}))["guardian"]
    return {"household": household, "guardian": guardian}


def test_what_somebody_says_of_themselves_waits_for_an_agent_who_reads_it(world: World) -> None:
    world.clock.set("2024-01-12 17:00")
    said = ask(world.guardian("account-1"))
    assert (said["status"], said["status_label"], said["due_at"]) == (
        "waiting",
        "En attente d'un agent",
        "2024-01-16T16:00:00Z",
    )
    [row] = waiting(world)
    assert row == {
        "activation": said["activation"],
        "subject": "account-1",
        "requested_at": "2024-01-12T16:00:00Z",
        "due_at": "2024-01-16T16:00:00Z",
        "overdue": False,
        "working_hours_left": 48,
        "told": {
            "identity": PAOLA,
            "contact": {"telephone": "0612345678", "email": None},
            "children": [MATTEO],
        },
        "known_as": [],
    }


def test_the_queue_shows_the_overdue_first_and_the_working_hours_that_are_left(world: World) -> None:
    for day, account in [("12 17:00", "friday"), ("13 11:00", "saturday"), ("15 09:00", "monday")]:
        world.clock.set(f"2024-01-{day}")
        ask(world.guardian(account))
    world.clock.set("2024-01-16 17:00")
    assert [(row["subject"], row["overdue"], row["working_hours_left"]) for row in waiting(world)] == [
        ("friday", True, 0),
        ("saturday", False, 7),
        ("monday", False, 16),
    ]


def test_the_queue_is_read_in_pages(world: World) -> None:
    for number in range(5):
        ask(world.guardian(f"account-{number}"))
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = made(world.agent.get("/activations", limit=2, **cursor), 200)
        found += [row["subject"] for row in page["activations"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert sorted(found) == [f"account-{number}" for number in range(5)]


def test_a_request_says_nothing_in_what_is_kept_of_it(world: World, module_database: Database) -> None:
    parent, key = world.guardian("account-1"), uuid4().hex
    first = parent.post("/me/activation", ASKED, key=key)
    again = parent.post("/me/activation", ASKED, key=key)
    assert (again.content, again.headers["idempotency-hit"]) == (first.content, "true")
    refused(parent.post("/me/activation", {**ASKED, "children": [PAOLA]}, key=key), "idempotency_key_reused", 422)
    with psycopg.connect(module_database.admin_url) as superuser:
        for table in ("ardoise.answers", "ardoise.entries", "ardoise.activations", "vault.records"):
            rows = str(superuser.execute(f"SELECT * FROM {table}").fetchall())
            assert not any(word in rows for word in ("Paola", "Matteo", "0612345678", "2015-02-03")), table


def test_an_account_waits_once_and_reads_its_own_requests_only(world: World) -> None:
    parent = world.guardian("account-1")
    said = ask(parent)
    refused(parent.post("/me/activation", ASKED), "activation_awaiting")
    assert made(parent.get("/me/activation"), 200) == {"activations": [said]}
    assert made(world.guardian("account-2").get("/me/activation"), 200) == {"activations": []}


def test_an_agent_activates_an_account_and_it_opens_the_household(world: World) -> None:
    parent, named = world.guardian("account-1"), guardian_without_account(world)
    child = world.child(named["household"], "cantine")
    activation = ask(parent, key="asked")["activation"]
    said = made(world.agent.post(f"/activations/{activation}/decision", {"grant": named}), 200)
    assert said == {"activation": activation, "status": "granted", **named, "reason": None}
    assert waiting(world) == []
    made(parent.get(f"/children/{child}"), 200)
    [own] = made(parent.get("/me/activation"), 200)["activations"]
    assert (own["status"], own["status_label"]) == ("granted", "Compte activé")
    assert named["household"] not in parent.get("/me/activation").text
    again = parent.post("/me/activation", ASKED, key="asked")
    assert (again.status_code, again.headers["idempotency-hit"]) == (201, "true")


def test_an_agent_says_why_not_and_the_account_may_ask_again(world: World) -> None:
    parent = world.guardian("account-1")
    activation = ask(parent)["activation"]
    path = f"/activations/{activation}/decision"
    made(world.agent.post(path, {"refuse": "proof_missing"}), 200)
    [own] = made(parent.get("/me/activation"), 200)["activations"]
    assert (own["status"], own["reason"], own["reason_label"]) == (
        "refused",
        "proof_missing",
        "Justificatif manquant",
    )
    refused(world.agent.post(path, {"refuse": "unknown_family"}), "already_decided")
    refused(world.agent.post(path, {"grant": guardian_without_account(world)}), "already_decided")
    world.clock.set("2024-01-15 12:00")
    second = ask(parent)
    assert second["activation"] != activation
    refused(world.agent.post(path, {"refuse": "unknown_family"}), "already_decided")
    assert [row["status"] for row in made(parent.get("/me/activation"), 200)["activations"]] == ["waiting", "refused"]


def test_an_agent_is_told_when_the_account_was_suspended_elsewhere(world: World) -> None:
    household = world.household("account-1")
    [row] = made(world.agent.get(f"/households/{household}/guardians"), 200)["guardians"]
    path = f"/households/{household}/guardians/{row['guardian']}/suspension"
    made(world.agent.post(path, {"scope": "guardian", "reason": "court_order"}), 200)
    ask(world.guardian("account-1"))
    [found] = waiting(world)
    assert found["known_as"] == [{"household": household, "guardian": row["guardian"], "standing": "suspended"}]


def test_an_account_is_tied_to_nobody_who_is_suspended_or_has_one(world: World) -> None:
    activation = ask(world.guardian("account-1"))["activation"]
    path = f"/activations/{activation}/decision"
    named = guardian_without_account(world)
    guardian = f"/households/{named['household']}/guardians/{named['guardian']}"
    made(world.agent.post(f"{guardian}/suspension", {"scope": "guardian", "reason": "under_review"}), 200)
    refused(world.agent.post(path, {"grant": named}), "guardian_suspended")
    made(world.agent.delete(f"{guardian}/suspension"), 200)
    made(world.agent.post(f"{guardian}/account", {"subject": "account-2"}), 200)
    refused(world.agent.post(path, {"grant": named}), "already_linked")
    refused(world.agent.post(path, {"grant": {**named, "guardian": str(uuid4())}}), "not_found", 404)
    assert len(waiting(world)) == 1, "it still waits"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"children": []}, "children"),
        ({"children": [{"given_name": "Matteo", "family_name": "Exemple"}]}, "children[0].birth_date"),
        ({"children": [{**MATTEO, "birth_date": "2024-02-01"}]}, "children[0].birth_date"),
        ({"children": [MATTEO] * 13}, "children"),
        ({"note": "a story"}, "*"),
        ({"contact": {"telephone": None, "email": None}}, "*"),
        ({"identity": {**PAOLA, "given_name": "\u200b"}}, "identity.given_name"),
    ],
)
def test_what_somebody_says_is_bounded_and_tells_no_story(world: World, change: dict[str, Any], field: str) -> None:
    answer = world.guardian("account-1").post("/me/activation", {**ASKED, **change})
    assert [error["field"] for error in refused(answer, "invalid_request", 422)["errors"]] == [field]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"grant": {"household": str(uuid4()), "guardian": str(uuid4())}, "refuse": "unknown_family"},
        {"refuse": "I do not like them"},
    ],
)
def test_an_answer_is_one_of_two(world: World, body: dict[str, Any]) -> None:
    activation = ask(world.guardian("account-1"))["activation"]
    refused(world.agent.post(f"/activations/{activation}/decision", body), "invalid_request", 422)


def test_only_an_agent_reads_and_answers_the_queue(world: World) -> None:
    activation = ask(world.guardian("account-1"))["activation"]
    for who in (world.guardian("account-1"), world.who("auditor"), world.who("billing"), world.who("admin")):
        refused(who.get("/activations"), "not_found", 404)
        refused(who.post(f"/activations/{activation}/decision", {"refuse": "unknown_family"}), "not_found", 404)
    for role in ("agent", "auditor", "billing", "admin"):
        refused(world.who(role).post("/me/activation", ASKED), "not_found", 404)
        refused(world.who(role).get("/me/activation"), "not_found", 404)
    refused(world.agent.post(f"/activations/{uuid4()}/decision", {"refuse": "unknown_family"}), "not_found", 404)


@pytest.mark.parametrize("place", [["soon", "x"], ["2024-01-12T16:00:00+00:00", 3], [1]])
def test_a_forged_cursor_of_the_queue_is_refused(world: World, place: list[Any]) -> None:
    answer = world.agent.get("/activations", cursor=write_cursor("activations", place))
    refused(answer, "invalid_cursor", 422)
