"""What names a family is in its answers, and nowhere else in clear: no table, no stored answer, no log, no key file."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
import psycopg
import pytest
from psycopg import sql

from tests.faults.service import TOWN, Service, admin_url
from tests.http.world import Who, made
from tests.vault import papers_made as papers

CANARY = "Canarizoe"
DIGITS = "0611223344"
MAIL = "canarizoe@exemple.fr"
BORN = "1971-11-09"

DETAILS: dict[str, dict[str, Any]] = {
    "identity": {"given_name": CANARY, "family_name": f"De {CANARY}", "birth_date": BORN},
    "address": {"lines": [f"1 rue {CANARY}"], "postcode": "78670", "city": CANARY},
    "contact": {"telephone": DIGITS, "email": MAIL},
    "situation": {"situation": "widowed"},
}
IBAN = "FR1420041010050500013M02606"
MISTYPED = "FR1420041010050500013M02607"
SECRETS = (CANARY, DIGITS, MAIL, BORN, "widowed", "food_allergy", IBAN, MISTYPED, IBAN[4:])


@pytest.fixture
def service(data: Path) -> Iterator[Service]:
    started = Service.start(data, ARDOISE_LOG_LEVEL="debug")
    yield started
    assert started.stop() == 0


def put(who: Who, path: str, body: Any) -> httpx.Response:
    return who.send("PUT", path, body=body, key=uuid4().hex)


def write_everything(service: Service, http: httpx.Client) -> list[httpx.Response]:
    """A family of which everything is known, and everything that may go wrong while it is said."""
    agent, parent = service.who(http, "agent", "agent-1"), service.who(http, "guardian", "parent-1")
    household = made(agent.post("/households"))["household"]
    guardian = made(agent.post(f"/households/{household}/guardians", {"subject": "parent-1"}))["guardian"]
    child = made(agent.post("/children", {"household": household}))["child"]
    person = f"/households/{household}/people/{guardian}"
    answers = []
    for kind, body in DETAILS.items():
        answers.append(put(agent, f"{person}/{kind}", body))
        answers.append(put(agent, f"{person}/{kind}", {**body, "note": CANARY}))
        answers.append(put(agent, f"{person}/{kind}", {**body, next(iter(body)): f"\n{CANARY}\u202e"}))
    answers.append(put(agent, f"/children/{child}/identity", DETAILS["identity"]))
    answers.append(put(parent, f"/children/{child}/health", {"items": ["food_allergy"]}))
    answers.append(put(parent, f"/children/{child}/health", {"items": [CANARY]}))
    mandate = {"guardian": guardian, "holder": CANARY, "iban": IBAN, "signed_on": "2024-01-08"}
    changes = ({}, {"iban": MISTYPED}, {"iban": f"{IBAN}\n"}, {"holder": f"\n{CANARY}"}, {"guardian": CANARY})
    answers += [agent.post(f"/households/{household}/mandate", {**mandate, **change}) for change in changes]
    assert [answer.status_code for answer in answers[-5:]] == [201, 422, 422, 422, 422]
    answers.append(parent.get(f"/households/{household}/mandate"))
    assert made(answers[-1], 200)["mandate"]["ends_with"] == IBAN[-4:]
    sent = (papers.pdf(title=CANARY), papers.pdf(title=CANARY), b"%PDF-" + CANARY.encode(), CANARY.encode())
    answers += [parent.hand_in(content, about=child) for content in sent]
    known = made(agent.get(person), 200)
    assert CANARY in orjson.dumps(known).decode()
    document = answers[-4].json()["document"]
    assert CANARY.encode() in papers.text_of(parent.get(f"/documents/{document}").content)
    assert [answer.status_code for answer in answers].count(200) == 8
    return answers


def rows(connection: psycopg.Connection) -> Iterator[tuple[str, bytes]]:
    """Every value of every table of ours, as its bytes."""
    tables = connection.execute(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    ).fetchall()
    for schema, table in tables:
        statement = sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, table))
        for row in connection.execute(statement):
            for value in row:
                yield f"{schema}.{table}", value if isinstance(value, bytes) else str(value).encode()


def test_no_table_no_answer_and_no_log_says_who_they_are(service: Service, data: Path) -> None:
    with service.client() as http:
        answers = write_everything(service, http)
    for answer in answers:
        said = answer.content + str(sorted(answer.headers.items())).encode()
        assert not any(secret.encode() in said for secret in SECRETS), answer.text
    seen: dict[str, int] = {}
    with psycopg.connect(admin_url(data)) as connection:
        for table, value in rows(connection):
            seen[table] = seen.get(table, 0) + 1
            assert not any(secret.encode() in value for secret in SECRETS), table
    assert {"vault.records", "vault.documents", "vault.keys", "ardoise.entries", "ardoise.answers"} <= set(seen)
    for log in (service.log, data / "postgres.log"):
        text = log.read_text()
        assert text
        assert not any(secret in text for secret in SECRETS), log.name


def test_no_digest_in_the_database_can_be_made_again_from_a_guess(service: Service, data: Path) -> None:
    """The ledger and the stored answers outlive a person: a digest without their key would still tell a name."""
    with service.client() as http:
        agent = service.who(http, "agent", "agent-1")
        household = made(agent.post("/households"))["household"]
        guardian = made(agent.post(f"/households/{household}/guardians"))["guardian"]
        path = f"/households/{household}/people/{guardian}/identity"
        made(put(agent, path, DETAILS["identity"]), 200)
    body = orjson.dumps(DETAILS["identity"], option=orjson.OPT_SORT_KEYS)
    guess = hashlib.sha256(b"\0".join((b"PUT", f"/v1/{TOWN}{path}".encode(), b"", body))).digest()
    with psycopg.connect(admin_url(data)) as connection:
        fingerprints = [value for table, value in rows(connection) if table == "ardoise.answers" and len(value) == 32]
    assert fingerprints
    assert guess not in fingerprints


def test_the_keys_are_in_the_data_directory_and_not_in_the_database(service: Service, data: Path) -> None:
    keys = data / "vault.keys"
    assert keys.stat().st_mode & 0o777 == 0o600
    encoded = keys.read_text().partition(":")[2].strip()
    with psycopg.connect(admin_url(data)) as connection:
        assert not any(encoded.encode() in value for _, value in rows(connection))
