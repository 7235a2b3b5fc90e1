"""Demandes without days: same numbers, same statuses, same queue; when approved they take effect."""

import hashlib
from typing import Any
from uuid import uuid4

import orjson
import psycopg
import pytest

from tests.http.formalities import ADDRESS, BY_RULE, ROSE, TELEPHONE, adopt, asks, decide, paper, person
from tests.http.world import Who, World, made, refused
from tests.servers import Database


@pytest.fixture
def household(world: World) -> str:
    return world.household("parent-1", "parent-2")


@pytest.fixture
def parent(world: World, household: str) -> Who:
    return world.guardian("parent-1")


@pytest.fixture
def guardian(parent: Who) -> str:
    """The parent, as the household knows them."""
    [mine] = made(parent.get("/me"), 200)["households"]
    return str(mine["guardian"])


# What is known of people ---------------------------------------------------------------------------------------------


def test_a_change_of_address_waits_with_its_paper_and_is_what_is_known_once_approved(
    world: World, household: str, parent: Who, guardian: str
) -> None:
    document = paper(parent)
    said = asks(parent, household, "address", address=ADDRESS, documents=[document])
    assert {**said, "submitted_at": None} == {
        "number": said["number"],
        "kind": "address",
        "kind_label": "Changement d'adresse",
        "status": "en_cours",
        "status_label": "En cours d'instruction",
        "child": None,
        "household": household,
        "activity": None,
        "origin": "family",
        "submitted_at": None,
        "decided_at": None,
        "partial": False,
        "derogation": None,
        "reason": None,
        "document": None,
        "documents": [document],
        "wanted": {"person": guardian},
        "proposed": None,
        "refusal": None,
        "rulebook": None,
        "days": [],
    }
    assert person(world, household, guardian)["address"] is None
    seen = made(world.agent.get(f"/demandes/{said['number']}"), 200)
    assert seen["proposed"] == {"address": ADDRESS}
    assert decide(world, said)["status"] == "traitee_positivement"
    assert person(world, household, guardian)["address"] == ADDRESS
    assert made(world.agent.get(f"/demandes/{said['number']}"), 200)["proposed"] is None
    refused(world.agent.post(f"/demandes/{said['number']}/decision", {"approve": "all"}), "already_decided")


def test_a_refused_change_changes_nothing_and_what_it_proposed_is_dropped(
    world: World, household: str, parent: Who, guardian: str
) -> None:
    said = asks(parent, household, "situation", situation="married")
    after = decide(world, said, approve="none", reason="autre")
    assert (after["status"], after["refusal"]) == ("traitee_negativement", "autre")
    assert person(world, household, guardian)["situation"] is None
    assert made(parent.get(f"/demandes/{said['number']}"), 200)["proposed"] is None


def test_a_change_is_taken_back(world: World, household: str, parent: Who, guardian: str) -> None:
    said = asks(parent, household, "contact", contact=TELEPHONE)
    assert made(parent.delete(f"/demandes/{said['number']}"), 200)["status"] == "retiree"
    refused(world.agent.post(f"/demandes/{said['number']}/decision", {"approve": "all"}), "already_decided")
    refused(parent.delete(f"/demandes/{said['number']}"), "already_decided")
    assert person(world, household, guardian)["contact"] is None
    asks(parent, household, "contact", contact=TELEPHONE)


def test_a_telephone_is_changed_at_once_where_the_rule_says_so_and_the_rest_of_a_contact_stays(
    world: World, household: str, parent: Who, guardian: str
) -> None:
    adopt(world, BY_RULE)
    said = asks(parent, household, "contact", contact=TELEPHONE)
    assert said["status"] == "traitee_positivement"
    assert person(world, household, guardian)["contact"] == {"telephone": "0612345678", "email": None}
    asks(parent, household, "contact", contact={"email": "camille@exemple.fr"})
    assert person(world, household, guardian)["contact"] == {"telephone": "0612345678", "email": "camille@exemple.fr"}
    asks(parent, household, "contact", contact={"telephone": None})
    assert person(world, household, guardian)["contact"] == {"telephone": None, "email": "camille@exemple.fr"}


def test_a_telephone_asked_for_before_an_agent_corrected_the_e_mail_does_not_undo_the_correction(
    world: World, household: str, parent: Who, guardian: str
) -> None:
    path = f"/households/{household}/people/{guardian}/contact"
    said = asks(parent, household, "contact", contact=TELEPHONE)
    corrected = {"telephone": None, "email": "camille@exemple.fr"}
    made(world.agent.send("PUT", path, body=corrected, key=uuid4().hex), 200)
    answer = world.agent.post(f"/demandes/{said['number']}/decision", {"approve": "all"})
    assert refused(answer, "details_changed")["detail"] == (
        "Ces informations ont changé depuis la demande : refusez-la et demandez à la famille de la refaire."
    )
    assert person(world, household, guardian)["contact"] == corrected
    assert decide(world, said, approve="none", reason="autre")["status"] == "traitee_negativement"
    decide(world, asks(parent, household, "contact", contact=TELEPHONE))
    assert person(world, household, guardian)["contact"] == {**corrected, "telephone": "0612345678"}


def test_what_a_parent_asks_for_the_other_parent_waits_for_an_agent_whatever_the_rule(
    world: World, household: str, parent: Who
) -> None:
    adopt(world, BY_RULE)
    [other] = made(world.guardian("parent-2").get("/me"), 200)["households"]
    said = asks(parent, household, "contact", person=other["guardian"], contact=TELEPHONE)
    assert said["status"] == "en_cours"
    assert person(world, household, other["guardian"])["contact"] is None


def test_somebody_is_added_to_the_household_and_somebody_who_may_collect_the_children(
    world: World, household: str, parent: Who
) -> None:
    member = asks(parent, household, "member", identity=ROSE)
    contact = asks(parent, household, "contact_person", identity=ROSE, contact=TELEPHONE, collects=True)
    assert contact["wanted"]["collects"]
    seen = made(parent.get(f"/demandes/{contact['number']}"), 200)["proposed"]
    assert seen == {
        "identity": {**ROSE, "birth_date": None},
        "contact": {"telephone": "0612345678", "email": None},
    }
    assert world.agent.get(f"/households/{household}/people/{member['wanted']['person']}").status_code == 404
    decisions = [{"number": demande["number"], "approve": "all"} for demande in (member, contact)]
    assert len(made(world.agent.post("/decisions", {"decisions": decisions}), 200)["demandes"]) == 2
    assert person(world, household, member["wanted"]["person"])["identity"]["given_name"] == "Rose"
    known = person(world, household, contact["wanted"]["person"])
    assert (known["identity"]["given_name"], known["contact"]["telephone"]) == ("Rose", "0612345678")


def test_the_same_change_of_the_same_person_waits_once(household: str, parent: Who) -> None:
    path = f"/households/{household}/demandes"
    asks(parent, household, "situation", situation="married")
    refused(parent.post(path, {"kind": "situation", "situation": "divorced"}), "already_awaiting")
    asks(parent, household, "contact", contact=TELEPHONE)


def test_a_command_sent_again_is_answered_as_the_first_time_and_asked_once(household: str, parent: Who) -> None:
    path, body = f"/households/{household}/demandes", {"kind": "member", "identity": ROSE}
    first, again = (parent.post(path, body, key="same") for _ in range(2))
    assert made(first) == made(again)
    assert again.headers["idempotency-hit"] == "true"
    assert len(made(parent.get("/demandes"), 200)["demandes"]) == 1
    other = {"kind": "member", "identity": {**ROSE, "given_name": "Iris"}}
    refused(parent.post(path, other, key="same"), "idempotency_key_reused", 422)


# The vault -----------------------------------------------------------------------------------------------------------


def test_what_is_asked_is_nowhere_in_clear_and_no_digest_is_made_again_from_a_guess(
    world: World, household: str, parent: Who, guardian: str, module_database: Database
) -> None:
    canary = "Canarizoe"
    bodies: list[dict[str, Any]] = [
        {"kind": "address", "address": {**ADDRESS, "city": canary}, "documents": [paper(parent)]},
        {"kind": "contact", "contact": {"email": "canarizoe@exemple.fr"}},
        {"kind": "situation", "situation": "widowed"},
        {"kind": "member", "identity": {**ROSE, "given_name": canary}},
        {"kind": "contact_person", "identity": {**ROSE, "given_name": canary}, "contact": TELEPHONE},
    ]
    path = f"/households/{household}/demandes"
    for body in bodies:
        answer = parent.post(path, body)
        assert made(answer)["demandes"][0]["proposed"] is None
        refused(parent.post(path, {**body, "note": canary}), "invalid_request", 422)
    canonical = [orjson.dumps(body, option=orjson.OPT_SORT_KEYS) for body in bodies]
    url = f"/v1/{world.commune}{path}".encode()
    guesses = {hashlib.sha256(b"\0".join((b"POST", url, b"", body))).digest() for body in canonical}
    with psycopg.connect(module_database.admin_url) as connection:
        told = connection.execute(
            "SELECT fingerprint, body, convert_from(body, 'UTF8') FROM ardoise.answers WHERE commune = %s",
            [world.commune],
        ).fetchall()
        stored = connection.execute("SELECT convert_from(stored, 'UTF8') FROM ardoise.entries").fetchall()
        wanted = connection.execute("SELECT wanted::text FROM ardoise.demandes WHERE wanted IS NOT NULL").fetchall()
    texts = [str(row[-1]).casefold() for rows in (told, stored, wanted) for row in rows]
    assert not [text for text in texts if "canarizoe" in text or "widowed" in text or "0612345678" in text]
    assert not guesses & {bytes(row[0]) for row in told}


def test_the_vault_holds_what_waits_and_nothing_of_what_was_decided(
    world: World, household: str, parent: Who, module_database: Database
) -> None:
    asked = [
        asks(parent, household, "contact", contact=TELEPHONE),
        asks(parent, household, "situation", situation="single"),
        asks(parent, household, "member", identity=ROSE),
        asks(parent, household, "contact_person", identity=ROSE, contact=TELEPHONE),
    ]
    with psycopg.connect(module_database.admin_url, autocommit=True) as connection:

        def waiting() -> int:
            sql = "SELECT count(DISTINCT proposal) FROM vault.proposals WHERE commune = %s"
            return int((connection.execute(sql, [world.commune]).fetchone() or (0,))[0])

        assert waiting() == 4
        decide(world, asked[0])
        decide(world, asked[1], approve="none", reason="autre")
        made(parent.delete(f"/demandes/{asked[2]['number']}"), 200)
        assert waiting() == 1
        decide(world, asked[3])
        assert waiting() == 0


# Papers --------------------------------------------------------------------------------------------------------------


def test_an_address_comes_with_a_paper_of_the_household(world: World, household: str, parent: Who) -> None:
    path, body = f"/households/{household}/demandes", {"kind": "address", "address": ADDRESS}
    refused(parent.post(path, body), "document_required")
    world.household("parent-9")
    theirs = paper(world.guardian("parent-9"))
    refused(parent.post(path, {**body, "documents": [theirs]}), "unknown_document", 422)
    refused(parent.post(path, {**body, "documents": [str(uuid4())]}), "unknown_document", 422)
    document = paper(parent)
    made(world.guardian("parent-2").post(path, {**body, "documents": [document]}))


def test_a_paper_nobody_asked_for_is_refused(household: str, parent: Who) -> None:
    body = {"kind": "contact", "contact": TELEPHONE, "documents": [paper(parent)]}
    refused(parent.post(f"/households/{household}/demandes", body), "document_not_taken")


def test_an_agent_opens_the_paper_of_a_demande(world: World, household: str, parent: Who) -> None:
    document = paper(parent)
    assert world.agent.get(f"/documents/{document}").status_code == 404
    asks(parent, household, "quotient", amount_cents=65_300, source="caf", documents=[document])
    assert world.agent.get(f"/documents/{document}").status_code == 200


# Who sees them -------------------------------------------------------------------------------------------------------


def test_a_demande_of_a_household_is_of_its_own_guardians_alone(world: World, household: str, parent: Who) -> None:
    child = world.child(household)
    second = world.household("parent-3")
    made(world.agent.post(f"/children/{child}/households", {"household": second}))
    other_parent, stranger = world.guardian("parent-3"), world.guardian("parent-4")
    said = asks(parent, household, "situation", situation="separated")
    path = f"/demandes/{said['number']}"
    assert made(world.guardian("parent-2").get(path), 200)["proposed"] == {"situation": {"situation": "separated"}}
    for who in (other_parent, stranger):
        refused(who.get(path), "not_found", 404)
        refused(who.delete(path), "not_found", 404)
        assert made(who.get("/demandes"), 200)["demandes"] == []
        assert made(who.get("/demandes", household=household), 200)["demandes"] == []
        body = {"kind": "situation", "situation": "married"}
        refused(who.post(f"/households/{household}/demandes", body), "not_found", 404)
        refused(who.get(f"/households/{household}/quotients"), "not_found", 404)
    auditor = world.who("auditor")
    assert made(auditor.get(path), 200)["proposed"] is None
    refused(auditor.post(f"{path}/decision", {"approve": "all"}), "not_found", 404)


def test_lists_tell_kinds_and_never_what_is_proposed(world: World, household: str, parent: Who) -> None:
    asks(parent, household, "situation", situation="married")
    asks(parent, household, "contact", contact=TELEPHONE)
    for who in (parent, world.agent):
        listed = made(who.get("/demandes", household=household, order="oldest"), 200)["demandes"]
        assert [(row["kind"], row["proposed"]) for row in listed] == [("situation", None), ("contact", None)]
        [only] = made(who.get("/demandes", kind="contact"), 200)["demandes"]
        assert only["kind_label"] == "Changement de téléphone ou de courriel"
    refused(parent.get("/demandes", kind="health"), "invalid_request", 422)


def test_an_agent_asks_in_the_name_of_a_family_and_says_for_whom(world: World, household: str, guardian: str) -> None:
    path, body = f"/households/{household}/demandes", {"kind": "contact", "contact": TELEPHONE}
    [error] = refused(world.agent.post(path, body), "invalid_request", 422)["errors"]
    assert (error["field"], error["code"]) == ("person", "required")
    said = asks(world.agent, household, "contact", person=guardian, contact=TELEPHONE)
    assert said["origin"] == "counter"
    refused(world.agent.post(path, {**body, "person": str(uuid4())}), "not_found", 404)
    refused(world.agent.post(f"/households/{uuid4()}/demandes", {"kind": "member", "identity": ROSE}), "not_found", 404)


# Bodies --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({}, "kind", "required"),
        ({"kind": "health"}, "kind", "not_a_choice"),
        ({"kind": 3}, "kind", "not_a_choice"),
        ({"kind": "address"}, "address", "required"),
        ({"kind": "address", "address": {**ADDRESS, "postcode": "x"}}, "address.postcode", "wrong_form"),
        ({"kind": "contact", "contact": {}}, "*", "inconsistent"),
        ({"kind": "contact", "contact": {"telephone": "12"}}, "contact.telephone", "wrong_form"),
        ({"kind": "situation", "situation": "it's complicated"}, "situation", "not_a_choice"),
        ({"kind": "quotient", "amount_cents": -1, "source": "caf"}, "amount_cents", "too_small"),
        ({"kind": "quotient", "amount_cents": 10_000_000, "source": "caf"}, "amount_cents", "too_large"),
        ({"kind": "quotient", "amount_cents": 1.5, "source": "caf"}, "amount_cents", "integer_expected"),
        ({"kind": "quotient", "amount_cents": 1, "source": "me"}, "source", "not_a_choice"),
        ({"kind": "member", "identity": ROSE, "surprise": 1}, "*", "unknown_field"),
        ({"kind": "member", "identity": {**ROSE, "birth_date": "2030-01-01"}}, "identity.birth_date", "in_the_future"),
        ({"kind": "contact_person", "identity": ROSE, "contact": {}}, "*", "inconsistent"),
    ],
)
def test_a_body_to_correct_names_its_field(
    household: str, parent: Who, body: dict[str, Any], field: str, code: str
) -> None:
    said = refused(parent.post(f"/households/{household}/demandes", body), "invalid_request", 422)
    assert (said["errors"][0]["field"], said["errors"][0]["code"]) == (field, code)


def test_the_same_paper_is_named_once(household: str, parent: Who) -> None:
    document = paper(parent)
    body = {"kind": "address", "address": ADDRESS, "documents": [document, document]}
    refused(parent.post(f"/households/{household}/demandes", body), "invalid_request", 422)
