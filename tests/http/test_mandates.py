"""A mandate over HTTP: its account is checked, sealed, and shown nowhere but by its end."""

from uuid import uuid4

import psycopg
import pytest

from tests.http.regie import IBAN, OTHER_IBAN, Regie
from tests.http.world import World, made, refused
from tests.servers import Database
from tests.vault.test_canary import rows

HOLDER = "Canarizelle Exemple"


@pytest.fixture
def regie(service: World, module_database: Database) -> Regie:
    return Regie.of(service, module_database)


def body(regie: Regie, household: str, **more: str) -> dict[str, str]:
    said = {"guardian": regie.guardian_of(household), "holder": HOLDER, "iban": IBAN, "signed_on": "2024-01-08"}
    return {**said, **more}


def test_a_mandate_is_recorded_by_an_agent_or_the_regie_and_read_masked_by_the_family(regie: Regie) -> None:
    household = regie.family("parent-1")
    path = f"/households/{household}/mandate"
    parent = regie.world.guardian("parent-1")
    assert made(parent.get(path), 200) == {"household": household, "mandate": None}
    signed = regie.sign(household, holder=HOLDER)
    assert len(signed["mandate"]) <= 35
    assert signed["mandate"].startswith("VALMONT-R")
    for who in (parent, regie.world.agent, regie.billing):
        answer = who.get(path)
        said = made(answer, 200)["mandate"]
        assert (said["mandate"], said["ends_with"], said["usable"]) == (signed["mandate"], "2606", True)
        assert IBAN not in answer.text
        assert HOLDER not in answer.text
    again = regie.sign(household, iban=OTHER_IBAN, who=regie.billing)
    said = made(parent.get(path), 200)["mandate"]
    assert again["mandate"] != signed["mandate"]
    assert (said["mandate"], said["ends_with"]) == (again["mandate"], "3000")
    made(regie.billing.delete(path), 200)
    assert made(parent.get(path), 200)["mandate"] is None
    refused(regie.billing.delete(path), "no_mandate")


def test_the_past_of_a_mandate_shows_no_account(regie: Regie) -> None:
    household = regie.family("parent-1")
    before = regie.world.clock.instant.isoformat()
    regie.world.clock.set("2024-01-16 10:00")
    regie.sign(household)
    after = regie.world.clock.instant.isoformat()
    path = f"/households/{household}/mandate"
    assert made(regie.billing.get(path, as_of=before), 200)["mandate"] is None
    assert made(regie.billing.get(path, as_of=after), 200)["mandate"]["ends_with"] is None


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"iban": "FR1420041010050500013M02607"}, "iban", "wrong_form"),
        ({"iban": "FR1420041010050500013M026"}, "iban", "wrong_form"),
        ({"iban": "XX1420041010050500013M02606"}, "iban", "wrong_form"),
        ({"iban": "BR1800360305000010009795493C1"}, "iban", "wrong_form"),
        ({"iban": "FR14 2004 1010 0505 0001 3M02 606 " + "0" * 20}, "iban", "too_long"),
        ({"iban": "FR76\u0000"}, "*", ""),
        ({"holder": "Ωμέγα"}, "holder", "wrong_form"),
        ({"holder": "  "}, "holder", "too_short"),
        ({"holder": "a\u202eb"}, "holder", "wrong_form"),
        ({"holder": "a" * 71}, "holder", "too_long"),
    ],
)
def test_an_account_that_cannot_be_debited_is_refused_and_never_repeated(
    regie: Regie, change: dict[str, str], field: str, code: str
) -> None:
    household = regie.family("parent-1")
    answer = regie.world.agent.post(f"/households/{household}/mandate", body(regie, household, **change))
    assert answer.status_code in (400, 422)
    [sent] = change.values()
    assert sent not in answer.text
    if code:
        assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]


def test_a_mandate_is_of_a_guardian_of_the_household_and_of_the_past(regie: Regie) -> None:
    household, other = regie.family("parent-1"), regie.family("parent-2")
    path = f"/households/{household}/mandate"
    stranger = body(regie, household, guardian=regie.guardian_of(other))
    refused(regie.world.agent.post(path, stranger), "not_found", 404)
    refused(regie.world.agent.post(path, body(regie, household, guardian=str(uuid4()))), "not_found", 404)
    refused(regie.world.agent.post(path, body(regie, household, signed_on="2024-01-16")), "day_not_come")
    contact = {"identity": {"given_name": "Nonna", "family_name": "Exemple"}, "collects": True}
    somebody = made(regie.world.agent.post(f"/households/{household}/contacts", contact))["person"]
    refused(regie.world.agent.post(path, body(regie, household, guardian=somebody)), "not_found", 404)


def test_a_mandate_sent_twice_is_one(regie: Regie) -> None:
    household, key = regie.family("parent-1"), uuid4().hex
    path, said = f"/households/{household}/mandate", body(regie, household)
    first = regie.world.agent.post(path, said, key=key)
    again = regie.world.agent.post(path, said, key=key)
    assert made(again) == made(first)
    assert again.headers["idempotency-hit"] == "true"
    refused(regie.world.agent.post(path, {**said, "iban": OTHER_IBAN}, key=key), "idempotency_key_reused", 422)


def test_no_table_holds_an_account_or_its_holder_in_clear(regie: Regie, module_database: Database) -> None:
    household = regie.debtor("parent-1", 5_511, holder=HOLDER)
    sent = regie.collect()
    assert IBAN.encode() in regie.file(sent["collection"])
    secrets = [IBAN.encode(), HOLDER.encode(), b"Canarizelle", b"13M02606"]
    with psycopg.connect(module_database.admin_url) as connection:
        for table, value in rows(connection):
            assert not any(secret in value for secret in secrets), table
    assert household


def test_the_account_is_handed_to_its_holder_and_goes_with_them(regie: Regie) -> None:
    household = regie.family("parent-1")
    regie.sign(household, holder=HOLDER)
    guardian = regie.guardian_of(household)
    world, admin = regie.world, regie.world.who("admin")
    said = made(admin.post("/erasures/preview", {"household": household}), 200)
    assert "compte bancaire" in str(said).lower()
    agreement = {"agreement": "AD78-2024/1", "agreed_by": "archives-1", "agreed_on": "2024-01-10"}
    made(admin.post("/erasures", {"household": household, **agreement}), 200)
    assert guardian
    mandate = made(world.agent.get(f"/households/{household}/mandate"), 200)["mandate"]
    assert (mandate["ends_with"], mandate["usable"]) == (None, False)
