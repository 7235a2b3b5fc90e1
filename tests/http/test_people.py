"""What is known of people is read by those who may, kept by an agent, and forgotten with its key."""

from typing import Any, get_args
from uuid import uuid4

import httpx
import psycopg
import pytest

from api.detail_bodies import HealthItem, Situation
from api.french_people import HEALTH, SITUATIONS
from tests.http.world import Who, World, made, refused
from tests.servers import Database

ADDRESS = {"lines": ["12 rue de l'Église"], "postcode": "78670", "city": "Valmont"}
CONTACT = {"telephone": "06 12 34 56 78", "email": "camille@Exemple.FR"}
IDENTITY = {"given_name": "Camille", "family_name": "Exemple", "birth_date": "1984-05-06"}
MATTEO = {"given_name": "Matteo", "family_name": "Exemple", "birth_date": "2015-02-03"}


def put(who: Who, path: str, body: Any, key: str | None = None) -> httpx.Response:
    return who.send("PUT", path, body=body, key=key or uuid4().hex)


def guardian_of(world: World, household: str, subject: str = "parent-1") -> str:
    rows = made(world.agent.get(f"/households/{household}/guardians"), 200)["guardians"]
    [found] = [row["guardian"] for row in rows if row["subject"] == subject]
    return str(found)


@pytest.fixture
def household(world: World) -> str:
    return world.household("parent-1", "parent-2")


@pytest.fixture
def path(world: World, household: str) -> str:
    return f"/households/{household}/people/{guardian_of(world, household)}"


def test_nothing_is_known_at_first(world: World, path: str) -> None:
    nothing = {"identity": None, "address": None, "contact": None, "situation": None}
    assert made(world.agent.get(path), 200) == {"person": path.rpartition("/")[2], "erased": False, **nothing}


def test_what_an_agent_keeps_is_read_by_every_guardian_of_the_household(world: World, path: str) -> None:
    person = path.rpartition("/")[2]
    for kind, body in [
        ("identity", IDENTITY),
        ("address", ADDRESS),
        ("contact", CONTACT),
        ("situation", {"situation": "married"}),
    ]:
        assert made(put(world.agent, f"{path}/{kind}", body), 200) == {"person": person, "kind": kind}
    expected = {
        "person": person,
        "erased": False,
        "identity": IDENTITY,
        "address": {**ADDRESS, "country": "FR"},
        "contact": {"telephone": "0612345678", "email": "camille@exemple.fr"},
        "situation": {"situation": "married", "label": "Marié(e)"},
    }
    for who in (world.agent, world.guardian("parent-1"), world.guardian("parent-2")):
        assert made(who.get(path), 200) == expected


def test_what_is_kept_later_takes_the_place_of_what_was(world: World, path: str) -> None:
    made(put(world.agent, f"{path}/contact", CONTACT), 200)
    made(put(world.agent, f"{path}/contact", {"telephone": "+33612345678"}), 200)
    assert made(world.agent.get(path), 200)["contact"] == {"telephone": "+33612345678", "email": None}


def test_a_stranger_and_a_guardian_who_would_write_read_the_same_as_for_nothing(world: World, path: str) -> None:
    world.household("stranger")
    made(put(world.agent, f"{path}/identity", IDENTITY), 200)
    nothing = world.guardian("stranger").get("/nothing")
    for answer in [
        world.guardian("stranger").get(path),
        world.who("auditor").get(path),
        world.who("billing").get(path),
        put(world.guardian("parent-1"), f"{path}/identity", IDENTITY),
        put(world.guardian("parent-1"), f"{path}/health", {"items": []}),
        world.agent.get(path[:-36] + str(uuid4())),
        put(world.agent, path[:-36] + str(uuid4()) + "/identity", IDENTITY),
    ]:
        refused(answer, "not_found", 404)
        assert answer.content == nothing.content


def test_somebody_of_another_household_is_not_found_through_this_one(world: World, household: str) -> None:
    other = guardian_of(world, world.household("parent-9"), "parent-9")
    refused(world.agent.get(f"/households/{household}/people/{other}"), "not_found", 404)
    refused(put(world.agent, f"/households/{household}/people/{other}/identity", IDENTITY), "not_found", 404)


@pytest.mark.parametrize(
    ("kind", "body", "field", "code"),
    [
        ("identity", {**IDENTITY, "given_name": " "}, "given_name", "too_short"),
        ("identity", {**IDENTITY, "given_name": "Cam\u202eille"}, "given_name", "wrong_form"),
        ("identity", {**IDENTITY, "given_name": "Cam\nille"}, "given_name", "wrong_form"),
        ("identity", {**IDENTITY, "family_name": "x" * 81}, "family_name", "too_long"),
        ("identity", {**IDENTITY, "birth_date": "2024-01-16"}, "birth_date", "in_the_future"),
        ("identity", {**IDENTITY, "note": "x"}, "*", "unknown_field"),
        ("address", {**ADDRESS, "postcode": "7867"}, "*", "wrong_form"),
        ("address", {**ADDRESS, "postcode": "é" * 5, "country": "BE"}, "postcode", "wrong_form"),
        ("address", {**ADDRESS, "postcode": "-1", "country": "BE"}, "*", "wrong_form"),
        ("address", {**ADDRESS, "city": "Val\u0085mont"}, "city", "wrong_form"),
        ("address", {**ADDRESS, "lines": []}, "lines", "too_few"),
        ("address", {**ADDRESS, "lines": ["x"] * 6}, "lines", "too_many"),
        ("address", {**ADDRESS, "country": "fr"}, "country", "wrong_form"),
        ("contact", {"telephone": "12"}, "telephone", "wrong_form"),
        ("contact", {"telephone": "06 12 34 56 7é"}, "telephone", "wrong_form"),
        ("contact", {"telephone": "appelez le soir"}, "telephone", "wrong_form"),
        ("contact", {"email": "camille"}, "email", "wrong_form"),
        ("contact", {"email": "a@b"}, "email", "wrong_form"),
        ("contact", {"email": "a..b@exemple.fr"}, "email", "wrong_form"),
        ("contact", {"email": "a@exemple.fr\nBcc: x@y.fr"}, "email", "wrong_form"),
        ("contact", {"email": "Camille <a@exemple.fr>"}, "email", "wrong_form"),
        ("situation", {"situation": "it is complicated"}, "situation", "not_a_choice"),
    ],
)
def test_what_is_not_sound_is_refused_by_its_field(
    world: World, path: str, kind: str, body: dict[str, Any], field: str, code: str
) -> None:
    [error] = refused(put(world.agent, f"{path}/{kind}", body), "invalid_request", 422)["errors"]
    assert (error["field"].removesuffix("[0]"), error["code"]) == (field, code)


def test_a_name_has_one_spelling(world: World, path: str) -> None:
    made(put(world.agent, f"{path}/identity", {**IDENTITY, "given_name": " Zoe\u0301 "}), 200)
    assert made(world.agent.get(path), 200)["identity"]["given_name"] == "Zo\u00e9"


def test_who_a_child_is_is_kept_by_an_agent_and_read_by_both_parents(world: World, household: str) -> None:
    child = world.child(household)
    assert made(world.guardian().get(f"/children/{child}/identity"), 200)["identity"] is None
    said = made(put(world.agent, f"/children/{child}/identity", MATTEO), 200)
    assert said == {"person": child, "kind": "identity"}
    for subject in ("parent-1", "parent-2"):
        found = made(world.guardian(subject).get(f"/children/{child}/identity"), 200)
        assert found == {"child": child, "erased": False, "identity": MATTEO}
    for answer in (
        world.guardian("stranger").get(f"/children/{child}/identity"),
        put(world.guardian(), f"/children/{child}/identity", MATTEO),
        world.who("auditor").get(f"/children/{child}/identity"),
        world.agent.get(f"/children/{uuid4()}/identity"),
    ):
        refused(answer, "not_found", 404)


def test_health_is_a_closed_list_and_a_guardian_says_it(world: World, household: str) -> None:
    child = world.child(household)
    path = f"/children/{child}/health"
    empty = {"child": child, "erased": False, "items": [], "protocol": None}
    assert made(world.agent.get(path), 200) == empty
    made(put(world.guardian("parent-2"), path, {"items": ["asthma", "food_allergy"]}), 200)
    asthma, allergy = ({"item": item, "label": HEALTH[item]} for item in ("asthma", "food_allergy"))
    assert made(world.guardian("parent-1").get(path), 200) == {**empty, "items": [asthma, allergy]}
    made(put(world.agent, path, {"items": []}), 200)
    assert made(world.agent.get(path), 200) == empty
    for body in ({"items": ["peanuts only on Mondays"]}, {"items": ["asthma", "asthma"]}, {"items": [], "note": "x"}):
        refused(put(world.agent, path, body), "invalid_request", 422)
    refused(put(world.guardian("stranger"), path, {"items": []}), "not_found", 404)
    refused(world.guardian("stranger").get(path), "not_found", 404)


def test_a_protocol_is_a_document_about_the_child(world: World, household: str) -> None:
    child = world.child(household)
    body = {"items": ["individual_protocol"], "protocol": str(uuid4())}
    refused(put(world.agent, f"/children/{child}/health", body), "unknown_document", 422)


def test_the_same_key_gives_the_same_answer_and_another_body_is_refused(world: World, path: str) -> None:
    first = put(world.agent, f"{path}/identity", IDENTITY, key="once")
    again = put(world.agent, f"{path}/identity", IDENTITY, key="once")
    assert (again.content, again.headers["Idempotency-Hit"]) == (first.content, "true")
    refused(put(world.agent, f"{path}/identity", MATTEO, key="once"), "idempotency_key_reused", 422)
    refused(world.agent.send("PUT", f"{path}/identity", body=IDENTITY), "idempotency_key_missing", 400)


def test_the_page_says_that_something_changed_and_never_what(
    world: World, path: str, module_database: Database
) -> None:
    made(put(world.agent, f"{path}/identity", IDENTITY), 200)
    with psycopg.connect(module_database.admin_url) as connection:
        rows = connection.execute(
            "SELECT convert_from(stored, 'UTF8') FROM ardoise.entries"
            " WHERE commune = %s AND type LIKE 'details_kept%%'",
            (world.commune,),
        ).fetchall()
    [[stored]] = rows
    assert path.rpartition("/")[2] in stored
    assert '"kind":"identity"' in stored
    assert "Camille" not in stored


def forget(world: World, database: Database, person: str) -> None:
    with psycopg.connect(database.admin_url) as connection:
        connection.execute("SELECT vault.forget(%s, %s, now())", (world.commune, person))


def test_somebody_who_was_forgotten_is_erased(
    world: World, household: str, path: str, module_database: Database
) -> None:
    child = world.child(household)
    made(put(world.agent, f"{path}/identity", IDENTITY), 200)
    made(put(world.agent, f"/children/{child}/health", {"items": ["asthma"]}), 200)
    forget(world, module_database, path.rpartition("/")[2])
    forget(world, module_database, child)
    found = made(world.agent.get(path), 200)
    assert (found["erased"], found["identity"]) == (True, None)
    health = made(world.agent.get(f"/children/{child}/health"), 200)
    assert (health["erased"], health["items"]) == (True, [])
    assert made(world.agent.get(f"/children/{child}/identity"), 200)["erased"]
    refused(put(world.agent, f"{path}/identity", IDENTITY), "not_found", 404)


def test_every_word_of_the_closed_lists_has_a_french_label() -> None:
    assert tuple(HEALTH) == get_args(HealthItem)
    assert tuple(SITUATIONS) == get_args(Situation)


def test_members_and_contacts_are_people_of_the_household_too(world: World, household: str) -> None:
    for role, more in (("members", {}), ("contacts", {"collects": True})):
        person = made(world.agent.post(f"/households/{household}/{role}", more))["person"]
        path = f"/households/{household}/people/{person}"
        made(put(world.agent, f"{path}/contact", CONTACT), 200)
        assert made(world.guardian().get(path), 200)["contact"]["email"] == "camille@exemple.fr"
        made(world.agent.delete(f"/households/{household}/{role}/{person}"), 200)
        refused(world.guardian().get(path), "not_found", 404)


def test_a_suspended_guardian_reads_nothing_of_the_household(world: World, household: str, path: str) -> None:
    child = world.child(household)
    suspension = f"/households/{household}/guardians/{path.rpartition('/')[2]}/suspension"
    made(world.agent.post(suspension, {"scope": "guardian", "reason": "court_order"}), 200)
    for question in (path, f"/children/{child}/identity", f"/children/{child}/health"):
        refused(world.guardian("parent-1").get(question), "not_found", 404)
        assert world.guardian("parent-2").get(question).status_code == 200
