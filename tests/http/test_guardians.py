"""The people of a household over HTTP: named for those who may know, suspended at once."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.http.world import Who, World, box, made, refused
from tests.vault.papers_made import png

PAOLA = {"given_name": "Paola", "family_name": "Exemple", "birth_date": "1984-05-06"}
BRUNO = {"given_name": "Bruno", "family_name": "Exemple", "birth_date": None}
MATTEO = {"given_name": "Matteo", "family_name": "Exemple", "birth_date": "2015-02-03"}
NONNA = {"given_name": "Nonna", "family_name": "Autre", "birth_date": None}
REACHED = {"telephone": "06 12 34 56 78", "email": None}


def add(world: World, household: str, **said: Any) -> str:
    guardian: str = made(world.agent.post(f"/households/{household}/guardians", said))["guardian"]
    return guardian


@pytest.fixture
def family(world: World) -> dict[str, str]:
    """Paola, Bruno and Matteo, each with a name."""
    household = made(world.agent.post("/households"))["household"]
    paola = add(world, household, subject="parent-1", identity=PAOLA, contact=REACHED)
    bruno = add(world, household, subject="parent-2", identity=BRUNO)
    child = made(world.agent.post("/children", {"household": household, "identity": MATTEO}))["child"]
    for activity in ("cantine", "mercredis"):
        world.enrol(child, activity)
    return {"household": household, "paola": paola, "bruno": bruno, "child": child}


def test_a_household_names_its_people_to_its_guardians_and_to_agents_and_to_no_auditor(
    world: World, family: dict[str, str]
) -> None:
    path = f"/households/{family['household']}"
    names = {family["paola"]: PAOLA, family["bruno"]: BRUNO, family["child"]: MATTEO}
    for who in (world.agent, world.guardian("parent-1"), world.guardian("parent-2")):
        said = made(who.get(path), 200)
        assert said["identities"] == names
        assert [(row["guardian"], row["holder_label"]) for row in said["guardians"]] == [
            (family["paola"], "Titulaire"),
            (family["bruno"], "Co-représentant"),
        ]
        assert said["children"] == [family["child"]]
        assert made(who.get(f"{path}/guardians"), 200)["identities"] == {
            person: name for person, name in names.items() if person != family["child"]
        }
    said = made(world.who("auditor").get(path), 200)
    assert said["identities"] == {}
    assert len(said["guardians"]) == 2
    assert "Exemple" not in world.who("auditor").get("/households").text


def test_an_agent_lists_the_households_of_the_town_in_pages(world: World, family: dict[str, str]) -> None:
    others = {world.household("parent-9"), made(world.agent.post("/households"))["household"]}
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = made(world.agent.get("/households", limit=2, **cursor), 200)
        found += page["households"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert {row["household"] for row in found} == {family["household"], *others}
    assert len(found) == 3
    [named] = [row for row in found if row["household"] == family["household"]]
    assert named["children"] == [family["child"]]
    assert named["identities"] == {family["paola"]: PAOLA, family["bruno"]: BRUNO, family["child"]: MATTEO}
    assert [row["subject"] for row in named["guardians"]] == ["parent-1", "parent-2"]
    refused(world.agent.get("/households", cursor="bm90IGEgY3Vyc29y"), "invalid_cursor", 422)


@pytest.mark.parametrize("role", ["guardian", "billing", "admin"])
def test_nobody_else_lists_the_households(world: World, family: dict[str, str], role: str) -> None:
    refused(world.who(role, "parent-1").get("/households"), "not_found", 404)


def test_no_answer_that_is_kept_holds_a_name(world: World, family: dict[str, str]) -> None:
    agent, household = world.agent, family["household"]
    sent: list[tuple[str, dict[str, Any]]] = [
        (f"/households/{household}/guardians", {"identity": PAOLA, "contact": REACHED}),
        (f"/households/{household}/members", {"identity": NONNA}),
        (f"/households/{household}/contacts", {"identity": NONNA, "contact": REACHED, "collects": True}),
        ("/children", {"household": household, "identity": MATTEO}),
    ]
    for path, body in sent:
        key = uuid4().hex
        first = agent.post(path, body, key=key)
        made(first)
        again = agent.post(path, body, key=key)
        assert again.headers["idempotency-hit"] == "true"
        assert again.content == first.content
        assert not any(word in first.text for word in ("Paola", "Nonna", "Matteo", "Exemple", "0612345678"))
        other = {**body, "identity": {**body["identity"], "given_name": "Luca"}}
        refused(agent.post(path, other, key=key), "idempotency_key_reused", 422)


def test_a_member_and_a_contact_come_and_go(world: World, family: dict[str, str]) -> None:
    agent, household = world.agent, family["household"]
    member = made(agent.post(f"/households/{household}/members", {"identity": NONNA}))["person"]
    said = made(agent.post(f"/households/{household}/contacts", {"collects": True, "identity": NONNA}))
    contact = said["person"]
    assert said == {"person": contact, "collects": True}
    for who in (agent, world.guardian("parent-2")):
        assert made(who.get(f"/households/{household}/members"), 200) == {
            "members": [{"person": member}],
            "identities": {member: NONNA},
        }
        assert made(who.get(f"/households/{household}/contacts"), 200) == {
            "contacts": [{"person": contact, "collects": True}],
            "identities": {contact: NONNA},
        }
        whole = made(who.get(f"/households/{household}"), 200)
        assert (whole["members"], whole["contacts"]) == (
            [{"person": member}],
            [{"person": contact, "collects": True}],
        )
    assert made(world.who("auditor").get(f"/households/{household}/contacts"), 200)["identities"] == {}
    made(agent.delete(f"/households/{household}/members/{member}"), 200)
    made(agent.delete(f"/households/{household}/contacts/{contact}"), 200)
    refused(agent.delete(f"/households/{household}/contacts/{contact}"), "not_found", 404)
    refused(agent.delete(f"/households/{household}/members/{contact}"), "not_found", 404)
    whole = made(agent.get(f"/households/{household}"), 200)
    assert (whole["members"], whole["contacts"]) == ([], [])


def test_a_contact_says_whether_they_collect_the_children(world: World, family: dict[str, str]) -> None:
    said = refused(world.agent.post(f"/households/{family['household']}/contacts", {}), "invalid_request", 422)
    assert [error["field"] for error in said["errors"]] == ["collects"]


def test_nobody_was_born_tomorrow(world: World, family: dict[str, str]) -> None:
    unborn = {"identity": {**MATTEO, "birth_date": "2024-01-16"}}
    for path, more in [
        ("/children", {"household": family["household"]}),
        (f"/households/{family['household']}/guardians", {}),
        (f"/households/{family['household']}/members", {}),
    ]:
        said = refused(world.agent.post(path, {**more, **unborn}), "invalid_request", 422)
        assert [(error["field"], error["code"]) for error in said["errors"]] == [
            ("identity.birth_date", "in_the_future")
        ]


def test_the_titulaire_is_named_and_a_guardian_leaves(world: World, family: dict[str, str]) -> None:
    path = f"/households/{family['household']}/guardians"
    said = made(world.agent.post(f"{path}/{family['bruno']}/holder"), 200)
    assert (said["holder"], said["holder_label"]) == (True, "Titulaire")
    gone = made(world.agent.delete(f"{path}/{family['bruno']}"), 200)
    assert gone == {"guardian": family["bruno"], "holder": family["paola"]}
    refused(world.guardian("parent-2").get(f"/households/{family['household']}"), "not_found", 404)
    assert made(world.guardian("parent-2").get("/me"), 200)["children"] == []
    said = refused(world.agent.delete(f"{path}/{family['paola']}"), "last_guardian")
    assert said["title"] == "Dernier responsable"
    made(world.guardian("parent-1").get(f"/households/{family['household']}"), 200)


def suspend(world: World, family: dict[str, str], scope: str) -> str:
    path = f"/households/{family['household']}/guardians/{family['paola']}/suspension"
    reason = {"guardian": "court_order", "account": "account_lost"}[scope]
    said = made(world.agent.post(path, {"scope": scope, "reason": reason}), 200)
    assert said["standing"] == {"guardian": "suspended", "account": "account_suspended"}[scope]
    return path


def asked_by(parent: Who, family: dict[str, str]) -> list[tuple[str, str, dict[str, Any]]]:
    """Every command a guardian may hand in, as it is sent: the same each time."""
    child, household = family["child"], family["household"]
    day = {"child": child, "activity": "mercredis", "reserve": [box("2024-03-27 journee")]}
    number = made(parent.post("/demandes", day))["demandes"][0]["number"]
    return [
        ("POST", "/demandes", {"body": {**day, "reserve": [box("2024-04-03 journee")]}}),
        ("DELETE", f"/demandes/{number}", {}),
        ("PUT", f"/children/{child}/health", {"body": {"items": ["asthma"], "protocol": None}}),
        ("POST", f"/households/{household}/demandes", {"body": {"kind": "contact", "contact": REACHED}}),
        (
            "POST",
            "/documents",
            {
                "body": png(),
                "headers": {"Content-Type": "image/png"},
                "kind": "domicile",
            },
        ),
    ]


@pytest.mark.parametrize("scope", ["guardian", "account"])
def test_a_suspension_takes_effect_at_once_even_on_what_was_answered_before(
    world: World, family: dict[str, str], scope: str
) -> None:
    parent, household, child = world.guardian("parent-1"), family["household"], family["child"]
    commands = asked_by(parent, family)
    sent = [parent.send(method, path, key=f"key-{n}", **more) for n, (method, path, more) in enumerate(commands)]
    assert [answer.status_code for answer in sent if answer.status_code >= 400] == [], [a.text for a in sent]
    path = suspend(world, family, scope)
    for n, (method, at, more) in enumerate(commands):
        refused(parent.send(method, at, key=f"key-{n}", **more), "not_found", 404)
        refused(parent.send(method, at, key=f"new-{n}", **more), "not_found", 404)
    for at in (
        f"/children/{child}",
        f"/children/{child}/identity",
        f"/children/{child}/health",
        f"/children/{child}/enrolments",
        f"/households/{household}",
        f"/households/{household}/guardians",
        f"/households/{household}/contacts",
        f"/households/{household}/people/{family['paola']}",
    ):
        refused(parent.get(at), "not_found", 404)
    me = made(parent.get("/me"), 200)
    assert (me["children"], me["households"]) == ([], [])
    assert made(parent.get("/demandes"), 200)["demandes"] == []
    made(world.guardian("parent-2").get(f"/children/{child}"), 200)
    refused(world.agent.post(path, {"scope": scope, "reason": "under_review"}), "already_suspended")
    made(world.agent.delete(path), 200)
    made(parent.get(f"/children/{child}"), 200)
    again = parent.send(*commands[0][:2], key="key-0", **commands[0][2])
    assert (again.status_code, again.headers["idempotency-hit"]) == (201, "true")
    refused(world.agent.delete(path), "not_suspended")


def test_a_cursor_of_before_the_suspension_leads_nowhere(world: World, family: dict[str, str]) -> None:
    parent = world.guardian("parent-1")
    for day in ("2024-01-22", "2024-01-23"):
        made(parent.ask(family["child"], "cantine", day))
    cursor = made(parent.get("/demandes", limit=1), 200)["next"]
    assert cursor is not None
    suspend(world, family, "guardian")
    assert made(parent.get("/demandes", limit=1, cursor=cursor), 200) == {"demandes": [], "next": None}


def test_a_suspension_says_what_and_why_in_words_of_a_list(world: World, family: dict[str, str]) -> None:
    path = f"/households/{family['household']}/guardians/{family['paola']}/suspension"
    for body in ({}, {"scope": "guardian", "reason": "a story"}, {"scope": "everything", "reason": "court_order"}):
        refused(world.agent.post(path, body), "invalid_request", 422)
    refused(world.agent.delete(path, scope="everything"), "invalid_request", 422)


def test_only_an_agent_suspends_names_and_removes(world: World, family: dict[str, str]) -> None:
    household, bruno = family["household"], family["bruno"]
    path = f"/households/{household}/guardians/{bruno}"
    said = {"scope": "guardian", "reason": "court_order"}
    for who in (world.guardian("parent-1"), world.who("auditor"), world.who("billing"), world.who("admin")):
        for answer in (
            who.post(f"{path}/suspension", said),
            who.delete(f"{path}/suspension"),
            who.post(f"{path}/holder"),
            who.delete(path),
            who.post(f"/households/{household}/members", {}),
            who.post(f"/households/{household}/contacts", {"collects": False}),
        ):
            refused(answer, "not_found", 404)


def test_nothing_is_said_of_a_household_that_does_not_exist(world: World) -> None:
    nowhere = f"/households/{uuid4()}"

    def hidden(answer: httpx.Response) -> None:
        refused(answer, "not_found", 404)

    for part in ("", "/guardians", "/members", "/contacts", "/keys"):
        hidden(world.agent.get(nowhere + part))
    hidden(world.agent.post(f"{nowhere}/members", {}))
    hidden(world.agent.post(f"{nowhere}/contacts", {"collects": True, "identity": NONNA}))
    hidden(world.agent.delete(f"{nowhere}/guardians/{uuid4()}"))
    hidden(world.agent.post(f"{nowhere}/guardians/{uuid4()}/holder"))
