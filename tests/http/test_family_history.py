"""A family's history over HTTP: every line with its sentence, its cause and what it changed; for the town's staff."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import psycopg
import pytest
from psycopg.rows import dict_row

from api.cursors import write_cursor
from tests.http.regie import IBAN
from tests.http.world import Who, World, made, refused
from tests.servers import Database

NDJSON = {"Accept": "application/x-ndjson"}

ANYBODY = "00000000-0000-4000-8000-000000000000"


@dataclass
class Family:
    """A household, and a child of it that a guardian books for."""

    world: World
    home: str
    child: str

    @property
    def parent(self) -> Who:
        return self.world.guardian("parent-1")

    @property
    def history(self) -> str:
        return f"/households/{self.home}/history"

    @property
    def entries(self) -> str:
        return f"/children/{self.child}/entries"

    def read(self, path: str = "", **asked: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = made(self.world.agent.get(path or self.history, **asked), 200)["entries"]
        return found

    def stream(self, path: str = "", **asked: Any) -> httpx.Response:
        return self.world.agent.send("GET", path or self.history, headers=NDJSON, **asked)


@pytest.fixture
def family(world: World) -> Family:
    home = world.household("parent-1")
    child = world.child(home, "mercredis", "cantine")
    found = Family(world, home, child)
    world.clock.set("2024-01-16 09:00")
    [said] = made(found.parent.ask(child, "mercredis", "2024-03-27"))["demandes"]
    world.clock.set("2024-01-17 09:00")
    made(world.agent.post(f"/demandes/{said['number']}/decision", {"approve": "all"}), 200)
    world.clock.set("2024-01-18 09:00")
    made(found.parent.ask(child, "cantine", "2024-01-29"))
    return found


def guardian_who_pays(family: Family) -> str:
    """Somebody signs a mandate and revokes it; the mandate."""
    world = family.world
    guardian = made(world.agent.post(f"/households/{family.home}/guardians"))["guardian"]
    account = {"guardian": guardian, "holder": "Paola", "iban": IBAN, "signed_on": "2024-01-08"}
    mandate: str = made(world.agent.post(f"/households/{family.home}/mandate", account))["mandate"]
    made(world.agent.delete(f"/households/{family.home}/mandate"), 200)
    return mandate


def types(items: list[dict[str, Any]]) -> list[str]:
    return [item["type"].partition(".")[0] for item in items]


STORY = [
    "household_opened",
    "guardian_added",
    "guardian_linked",
    "child_registered",
    "child_enrolled",
    "child_enrolled",
    "reservation_requested",
    "demande_approved",
    "reservation_requested",
    "demande_approved",
]


# What is told ---------------------------------------------------------------------------------------------------------


def test_a_family_is_told_in_the_order_in_which_it_was_written(family: Family):
    items = family.read()
    assert types(items) == STORY
    assert [item["recorded_at"] for item in items] == sorted(item["recorded_at"] for item in items)
    assert {item["household"] for item in items[:3]} == {family.home}
    assert {item["child"] for item in items[3:]} == {family.child}


def test_each_line_says_who_why_and_what_it_changed(family: Family):
    asked, decided = family.read(family.entries)[-4:-2]
    number = asked["cause"]["demande"]
    assert asked["sentence"] == (
        f"Demande n° {number} : réservation du mercredi 27 mars 2024 (Mercredis, journée) demandée par la famille."
    )
    assert (asked["actor"], asked["role"], asked["role_label"]) == ("parent-1", "guardian", "Responsable")
    assert decided["sentence"].endswith("(Mercredis, journée) acceptée par un agent.")
    assert decided["cause"]["asked"] == {
        "version": asked["version"],
        "actor": "parent-1",
        "role": "guardian",
        "origin": "family",
    }
    [box] = decided["changes"]["calendar"]
    assert (box["day"], box["before"]["state"], box["after"]["state"]) == ("2024-03-27", "awaiting_add", "reserved")
    [demande] = decided["changes"]["account"]
    assert demande["key"] == {"number": number}
    assert (demande["before"]["status"], demande["after"]["status"]) == ("en_cours", "traitee_positivement")
    assert decided["data"]["demande"] == number


def test_a_rule_that_decided_alone_is_named_by_its_article(family: Family):
    decided = family.read()[-1]
    assert (decided["cause"]["decided_by"], decided["cause"]["article"]) == ("rule", "3")
    assert decided["sentence"].endswith("acceptée par le règlement, article 3.")


def test_an_activation_is_why_an_account_is_tied(family: Family):
    agent = family.world.agent
    spare = made(agent.post(f"/households/{family.home}/guardians"))["guardian"]
    identity = {"given_name": "Rose", "family_name": "Exemple", "birth_date": "1988-02-11"}
    said = {
        "identity": identity,
        "contact": {"telephone": "0612345678", "email": None},
        "children": [{"given_name": "Matteo", "family_name": "Exemple", "birth_date": "2016-05-04"}],
    }
    activation = made(family.world.guardian("newcomer-9").post("/me/activation", said))["activation"]
    granted = {"grant": {"household": family.home, "guardian": spare}}
    made(agent.post(f"/activations/{activation}/decision", granted), 200)
    assert family.read()[-1]["cause"]["activation"] == activation
    assert "Rose" not in str(family.read())


def test_positions_are_told_once_lines_are_sealed(family: Family):
    for _ in range(100):
        positions = [item["position"] for item in family.read(family.entries)]
        if all(positions):
            break
    else:
        pytest.fail(f"never sealed: {positions}")
    assert positions == sorted(positions)


# Parts and streams ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 200])
@pytest.mark.parametrize("order", ["oldest", "newest"])
def test_the_parts_of_a_history_are_the_whole_of_it(family: Family, limit: int, order: str):
    whole = family.read()
    found: list[dict[str, Any]] = []
    asked: dict[str, Any] = {"limit": limit, "order": order}
    for _ in range(20):
        said = made(family.world.agent.get(family.history, **asked), 200)
        assert len(said["entries"]) <= limit
        found += said["entries"]
        if said["next"] is None:
            break
        asked["cursor"] = said["next"]
    expected = whole if order == "oldest" else whole[::-1]
    assert [bare(item) for item in found] == [bare(item) for item in expected]


def bare(item: dict[str, Any]) -> dict[str, Any]:
    """An item without its position, which may come between two readings."""
    return {**item, "position": None}


@pytest.mark.parametrize("path", ["history", "entries"])
def test_a_stream_has_the_items_of_the_list_one_a_line(family: Family, path: str):
    where = getattr(family, path)
    answer = family.stream(where)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-ndjson")
    streamed = [orjson.loads(line) for line in answer.content.splitlines()]
    assert [bare(item) for item in streamed] == [bare(item) for item in family.read(where)]


@pytest.mark.parametrize("at_once", [1, 2, 3])
def test_a_history_read_some_lines_at_a_time_is_the_same(family: Family, monkeypatch: pytest.MonkeyPatch, at_once: int):
    whole = [bare(item) for item in family.read()]
    monkeypatch.setattr("api.telling.AT_ONCE", at_once)
    streamed = [bare(orjson.loads(line)) for line in family.stream().content.splitlines()]
    assert streamed == whole
    assert [bare(item) for item in family.read(limit=4, order="newest")] == whole[::-1][:4]


def test_what_was_not_known_then_is_not_found(family: Family):
    for path in (family.history, family.entries):
        refused(family.world.agent.get(path, as_of="2023-12-31T00:00:00Z"), "not_found", 404)


def test_a_type_is_asked_for_as_every_item_shows_it_or_without_its_version(family: Family):
    [shown] = {item["type"] for item in family.read(type="demande_approved")}
    assert shown == "demande_approved.v1"
    assert family.read(type=shown) == family.read(type="demande_approved")


def test_what_is_no_choice_is_told_the_choices(family: Family):
    for asked, choice in (({"type": "nothing.v1"}, "demande_approved"), ({"order": "up"}, "oldest, newest")):
        [error] = refused(family.world.agent.get(family.history, **asked), "invalid_request", 422)["errors"]
        assert error["code"] == "not_a_choice"
        assert error["detail"].startswith("Cette valeur ne fait pas partie des choix possibles : ")
        assert choice in error["detail"]


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        ("application/x-ndjson;q=0.1, application/json", "application/json"),
        ("application/json;q=0.5, application/x-ndjson", "application/x-ndjson"),
        ("application/x-ndjson;q=0", "application/json"),
        ("application/x-ndjson ; q=0.2, */*;q=0.1", "application/x-ndjson"),
        ("application/x-ndjson;q=much", "application/json"),
        ("*/*", "application/json"),
    ],
)
def test_the_form_that_is_preferred_is_given(family: Family, accept: str, given: str):
    answer = family.world.agent.send("GET", family.history, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, given)


def test_an_instant_is_read_where_an_address_lost_its_plus(family: Family):
    path = f"/v1/{family.world.commune}{family.history}?as_of=2024-01-15T09:30:00"
    headers = {"Authorization": f"Bearer {family.world.agent.token}"}
    lost, kept = (family.world.http.get(path + offset, headers=headers) for offset in ("+01:00", "%2B01:00"))
    assert (lost.status_code, lost.json()) == (kept.status_code, kept.json())
    wrong = family.world.http.get(path, headers=headers)
    assert "2024-03-07T18:30:00Z" in refused(wrong, "invalid_request", 422)["errors"][0]["detail"]


@pytest.mark.parametrize("asked", [{"limit": "5"}, {"order": "newest"}, {"cursor": "AAAA"}])
def test_a_stream_is_whole_and_is_not_asked_for_in_parts(family: Family, asked: dict[str, str]):
    [error] = refused(family.stream(**asked), "invalid_request", 422)["errors"]
    assert [error["field"]] == list(asked)
    assert "Accept: application/x-ndjson" in error["detail"]


def test_a_history_is_kept_to_days_to_facts_and_to_what_was_known(family: Family):
    assert types(family.read(from_="2024-01-17", to="2024-01-17")) == ["demande_approved"]
    assert types(family.read(type="demande_approved")) == ["demande_approved"] * 2
    assert types(family.read(as_of="2024-01-16T09:00:00+01:00")) == STORY[:7]
    assert types(family.read(family.entries, as_of="2024-01-16T08:59:59+01:00")) == STORY[3:6]
    streamed = family.stream(type="child_enrolled").content.splitlines()
    assert [orjson.loads(line)["type"] for line in streamed] == ["child_enrolled.v1"] * 2


@pytest.mark.parametrize(
    "asked",
    [
        {"type": "reservation"},
        {"type": "reservation_requested.1"},
        {"from": "2024-02-01", "to": "2024-01-01"},
        {"order": "sideways"},
        {"limit": "201"},
        {"cursor": "x"},
        {"cursor": write_cursor("lines-oldest", (ANYBODY, 1))},
        {"cursor": write_cursor("lines-oldest", ("x\x00", 2**52))},
        {"cursor": write_cursor("lines-newest", (ANYBODY, 1))},
        {"as_of": "2030-01-01T00:00:00Z"},
        {"as_of": "hier"},
        {"nom": "x"},
    ],
)
def test_what_is_badly_asked_is_told(family: Family, asked: dict[str, str]):
    for path in (family.history, family.entries):
        answer = family.world.agent.send("GET", path, **asked)
        assert answer.status_code == 422, (asked, answer.text)


# Whose it is ----------------------------------------------------------------------------------------------------------


def test_of_a_child_that_left_a_household_reads_what_was_written_while_it_was_there(family: Family):
    agent, other = family.world.agent, family.world.household("parent-2")
    ex = family.world.guardian("parent-2")
    made(agent.post(f"/children/{family.child}/households", {"household": other}))
    family.world.clock.set("2024-01-19 09:00")
    [theirs] = made(ex.ask(family.child, "mercredis", "2024-04-03"))["demandes"]
    made(agent.post(f"/demandes/{theirs['number']}/decision", {"approve": "all"}), 200)
    made(ex.post("/demandes", {"child": family.child, "activity": "mercredis", "cancel": [
        {"day": "2024-04-03", "unit": "journee"}]}))  # fmt: skip
    [given_up] = made(agent.get("/demandes", household=other, status="en_cours"), 200)["demandes"]
    made(agent.post(f"/demandes/{given_up['number']}/decision", {"approve": "all"}), 200)
    made(agent.delete(f"/children/{family.child}/households/{other}"), 200)
    made(family.parent.ask(family.child, "cantine", "2024-01-30"))
    told = family.read(f"/households/{other}/history")
    of_child = types([item for item in told if item["child"]])
    assert of_child[0] == "child_joined_household"
    assert of_child[-1] == "child_left_household"
    assert "child_registered" not in of_child
    own = types(family.read())
    assert own[-2:] == ["reservation_requested", "demande_approved"]
    assert "child_left_household" in own
    assert len(family.read(family.entries)) == len([item for item in family.read() if item["child"]])


@pytest.fixture
def stopped(family: Family, module_database: Database) -> Iterator[None]:
    """Somebody under whose eyes the follower does not advance; it has come to the end."""
    family.read()
    with psycopg.connect(module_database.admin_url, autocommit=True) as superuser, superuser.transaction():
        superuser.execute("SELECT position FROM ardoise.followed WHERE commune = %s FOR UPDATE", [family.world.commune])
        yield


def test_a_household_is_never_told_without_those_of_its_children_nobody_followed_yet(family: Family, stopped: None):
    agent, known = family.world.agent, family.world.clock.instant.isoformat()
    family.world.clock.set("2024-01-19 09:00")
    other = family.world.household("parent-2")
    made(agent.post(f"/children/{family.child}/households", {"household": other}))
    made(agent.delete(f"/children/{family.child}/households/{other}"), 200)
    for headers in ({}, NDJSON):
        answer = agent.send("GET", f"/households/{other}/history", headers=headers)
        refused(answer, "past_not_ready", 503)
        assert answer.headers["retry-after"] == "2"
    assert types(family.read(as_of=known)) == STORY, "what was followed is told"
    assert "child_left_household" in types(family.read(family.entries)), "one page is read without the follower"


def test_a_stranger_a_guardian_and_the_unknown_read_the_same_404(family: Family):
    world = family.world
    callers = [family.parent, world.guardian("stranger"), world.who("billing"), world.who("admin"), world.who("portal")]
    for who in callers:
        for path in (family.history, family.entries):
            refused(who.get(path), "not_found", 404)
            refused(who.send("GET", path, headers=NDJSON), "not_found", 404)
    for path in (f"/households/{ANYBODY}/history", f"/children/{ANYBODY}/entries"):
        refused(world.agent.get(path), "not_found", 404)
    assert world.nobody.get(family.history).status_code == 401
    assert types(made(world.who("auditor").get(family.history), 200)["entries"]) == STORY


# The reading is itself a read -----------------------------------------------------------------------------------------


def reads(family: Family, database: Database) -> list[dict[str, Any]]:
    """The lines of the access log about the child or its household, through the two operations."""
    with psycopg.connect(database.admin_url, autocommit=True, row_factory=dict_row) as connection:
        return connection.execute(
            "SELECT operation, actor, about FROM access.reads WHERE commune = %s AND operation = ANY(%s)"
            " ORDER BY read_at, line",
            (
                family.world.commune,
                ["GET /households/{household}/history", "GET /children/{child}/entries"],
            ),
        ).fetchall()


def test_telling_a_history_is_a_read_of_the_family_and_a_refusal_is_none(family: Family, module_database: Database):
    for who in (family.parent, family.world.who("billing")):
        refused(who.get(family.history), "not_found", 404)
    refused(family.world.agent.get(family.history, limit=0), "invalid_request", 422)
    assert reads(family, module_database) == []
    family.read()
    family.read(family.entries, limit=1)
    both = sorted([family.home, family.child])
    assert sorted((line["operation"], sorted(line["about"])) for line in reads(family, module_database)) == [
        ("GET /children/{child}/entries", both),
        ("GET /households/{household}/history", both),
    ]


def test_a_stream_begins_once_its_line_is_committed(family: Family, module_database: Database):
    headers = {"Authorization": f"Bearer {family.world.agent.token}", **NDJSON}
    where = f"/v1/{family.world.commune}{family.history}"
    with family.world.http.stream("GET", where, headers=headers) as answer:
        assert answer.status_code == 200
        [line] = reads(family, module_database)
        assert sorted(line["about"]) == sorted([family.home, family.child])
        assert len(answer.read().splitlines()) == len(STORY)


def test_the_other_household_is_told_that_what_it_did_was_read(family: Family, module_database: Database):
    other = family.world.household("parent-2")
    made(family.world.agent.post(f"/children/{family.child}/households", {"household": other}))
    made(family.world.guardian("parent-2").ask(family.child, "mercredis", "2024-04-03"))
    family.read()
    assert other in reads(family, module_database)[-1]["about"]
    told = made(family.world.guardian("parent-2").get(f"/households/{other}/reads"), 200)["reads"]
    assert [line["operation"] for line in told] == ["GET /households/{household}/history"]
    assert family.home not in str(told)


def test_a_history_of_nothing_is_nobody_s(family: Family):
    assert family.read(type="person_erased") == []
    assert family.stream(type="person_erased").content == b""


def test_what_a_family_owes_and_pays_is_told_beside_the_rest_page_by_page(family: Family) -> None:
    """A household has two pages, whose lines have the same numbers: none is told twice, and none is left out."""
    paid = guardian_who_pays(family)
    whole = family.read(limit=200)
    assert [(item["page"], item["version"], item["type"]) for item in whole if item["page"] == "payer"] == [
        ("payer", 1, "mandate_signed.v1"),
        ("payer", 2, "mandate_revoked.v1"),
    ]
    signed, revoked = (item for item in whole if item["page"] == "payer")
    assert signed["household"] == family.home
    assert signed["sentence"].startswith(f"Mandat de prélèvement {paid} signé le 8 janvier 2024 par le responsable ")
    assert revoked["cause"]["corrects"] == 1
    assert {change["what"] for change in signed["changes"]["account"]} == {"mandate", "balance"}
    assert "digest" not in signed["changes"]["account"][0]["after"]
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        asked = {"limit": 2} if cursor is None else {"limit": 2, "cursor": cursor}
        part = made(family.world.agent.get(family.history, **asked), 200)
        found += part["entries"]
        cursor = part["next"]
        if cursor is None:
            break
    assert found == whole
