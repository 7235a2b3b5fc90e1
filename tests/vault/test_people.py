"""The vault on a real PostgreSQL: what is known of somebody opens for the service, and for nobody once forgotten."""

from collections.abc import Iterator
from datetime import UTC, datetime
from threading import Thread

import psycopg
import pytest

from ledger.database import open_pool, service_conninfo
from ledger.identifiers import ChildId, Commune, DocumentId, GuardianId, HouseholdId, PersonId, ProposalId
from ledger.settings import Settings
from ledger.store import ErasedError
from tests.servers import Database
from tests.vault.rings import new_ring
from vault.people import ERASED, KeptDocument, Pool, Proposed, Vault, content_kind
from vault.rewrapping import rewrap
from vault.sealing import BrokenSealError, KeyRing, LostKeyError, canonical

TOWN, OTHER = Commune("valmont"), Commune("villars")
MATTEO, LEA, ADAM = PersonId("matteo"), PersonId("lea"), PersonId("adam")
NOW = datetime(2024, 3, 8, 10, tzinfo=UTC)
CANARY = "Canari-Zoé"


@pytest.fixture
def pool(database: Database) -> Iterator[Pool]:
    pool = open_pool(database.service_url, Settings(pool_size=4))
    yield pool
    pool.close()


@pytest.fixture
def vault(pool: Pool) -> Vault:
    return Vault(new_ring(), pool)


def put(pool: Pool, commune: Commune, sql: str, *values: object) -> None:
    with pool.connection() as connection, connection.transaction():
        connection.execute("SELECT set_config('ardoise.commune', %s, true)", (commune,))
        connection.execute(sql, values)


def keep(vault: Vault, pool: Pool, person: PersonId, kind: str, value: object, commune: Commune = TOWN) -> None:
    sealed = vault.key_of(commune, person, NOW).seal(kind, canonical(value))
    put(pool, commune, "INSERT INTO vault.records VALUES (%s, %s, %s, %s, %s)", commune, person, kind, sealed, NOW)


def propose(vault: Vault, pool: Pool, proposal: str, person: PersonId, kind: str, value: object) -> None:
    sealed = vault.key_of(TOWN, person, NOW).seal(kind, canonical(value))
    values = TOWN, proposal, person, kind, sealed, NOW
    put(pool, TOWN, "INSERT INTO vault.proposals VALUES (%s, %s, %s, %s, %s, %s)", *values)


def deposit(vault: Vault, pool: Pool, document: str, owner: GuardianId, person: PersonId, content: bytes) -> None:
    key = vault.key_of(TOWN, person, NOW)
    sealed = key.seal(content_kind(DocumentId(document)), content)
    values = (
        TOWN,
        document,
        owner,
        "household",
        person,
        "avis",
        "image/png",
        len(content),
        key.match(content),
        sealed,
        NOW,
    )
    put(pool, TOWN, f"INSERT INTO vault.documents VALUES ({', '.join(['%s'] * 11)})", *values)


def forget(pool: Pool, person: PersonId, commune: Commune = TOWN) -> None:
    put(pool, commune, "SELECT vault.forget(%s, %s, %s)", commune, person, NOW)


def test_what_is_kept_of_several_people_is_read_in_one_question(vault: Vault, pool: Pool) -> None:
    keep(vault, pool, MATTEO, "identity", {"given_name": "Matteo"})
    keep(vault, pool, MATTEO, "health", {"items": ["asthma"]})
    keep(vault, pool, LEA, "identity", {"given_name": "Léa"})
    vault.key_of(TOWN, ADAM, NOW)
    stranger = PersonId("nobody")
    assert vault.people(TOWN, [MATTEO, LEA, ADAM, stranger]) == {
        MATTEO: {"identity": {"given_name": "Matteo"}, "health": {"items": ["asthma"]}},
        LEA: {"identity": {"given_name": "Léa"}},
        ADAM: {},
        stranger: {},
    }
    assert vault.people(TOWN, [MATTEO], kinds=["identity"]) == {MATTEO: {"identity": {"given_name": "Matteo"}}}
    assert vault.people(TOWN, []) == {}


def test_another_town_sees_nothing(vault: Vault, pool: Pool) -> None:
    keep(vault, pool, MATTEO, "identity", {"given_name": "Matteo"})
    assert vault.people(OTHER, [MATTEO]) == {MATTEO: {}}
    with pool.connection() as connection:
        assert connection.execute("SELECT count(*) FROM vault.records").fetchone() == (0,)


def test_the_key_of_a_person_is_made_once_whoever_comes_first(vault: Vault) -> None:
    found: list[bytes] = []
    threads = [Thread(target=lambda: found.append(vault.key_of(TOWN, MATTEO, NOW).secret)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_somebody_who_was_forgotten_is_erased_and_gets_no_second_key(vault: Vault, pool: Pool) -> None:
    keep(vault, pool, MATTEO, "identity", {"given_name": "Matteo"})
    propose(vault, pool, "p1", MATTEO, "address", {"city": "x"})
    deposit(vault, pool, "d1", GuardianId("lea"), MATTEO, b"paper")
    keep(vault, pool, LEA, "identity", {"given_name": "Léa"})
    forget(pool, MATTEO)
    assert vault.people(TOWN, [MATTEO, LEA]) == {MATTEO: ERASED, LEA: {"identity": {"given_name": "Léa"}}}
    assert vault.proposal(TOWN, ProposalId("p1")) == []
    assert vault.document(TOWN, DocumentId("d1")) is None
    assert vault.content(TOWN, DocumentId("d1")) is None
    with pytest.raises(ErasedError):
        vault.key_of(TOWN, MATTEO, NOW)


def test_somebody_may_be_forgotten_before_anything_was_known(vault: Vault, pool: Pool) -> None:
    forget(pool, MATTEO)
    assert vault.people(TOWN, [MATTEO]) == {MATTEO: ERASED}


def test_a_proposal_says_what_was_asked_of_whom(vault: Vault, pool: Pool) -> None:
    propose(vault, pool, "p1", MATTEO, "address", {"city": "Valmont"})
    propose(vault, pool, "p1", MATTEO, "contact", {"telephone": None})
    assert vault.proposal(TOWN, ProposalId("p1")) == [
        Proposed(person=MATTEO, kind="address", value={"city": "Valmont"}),
        Proposed(person=MATTEO, kind="contact", value={"telephone": None}),
    ]
    assert vault.proposal(TOWN, ProposalId("p2")) == []


def test_a_document_is_listed_without_its_content_and_opened_by_its_name(vault: Vault, pool: Pool) -> None:
    lea = GuardianId("lea")
    for number in range(3):
        deposit(vault, pool, f"d{number}", lea, MATTEO if number else LEA, b"paper %d" % number)
    deposit(vault, pool, "other", GuardianId("adam"), ADAM, b"other")
    listed = vault.documents_of(TOWN, [lea], after=None, limit=2)
    assert [kept.document for kept in listed] == ["d2", "d1"]
    assert listed[0] == KeptDocument(
        document=DocumentId("d2"),
        owner=lea,
        household=HouseholdId("household"),
        person=MATTEO,
        kind="avis",
        media_type="image/png",
        size_bytes=7,
        kept_at=NOW,
    )
    last = listed[-1]
    [rest] = vault.documents_of(TOWN, [lea], after=(last.kept_at, last.document), limit=2)
    assert rest.document == "d0"
    assert [kept.about for kept in (rest, listed[0])] == [None, ChildId(MATTEO)]
    assert vault.document(TOWN, DocumentId("d2")) == listed[0]
    assert vault.content(TOWN, DocumentId("d2")) == b"paper 2"
    assert vault.document(OTHER, DocumentId("d2")) is None
    assert vault.content(OTHER, DocumentId("d2")) is None


def test_what_a_dba_moves_from_one_person_to_another_does_not_open(vault: Vault, pool: Pool) -> None:
    keep(vault, pool, MATTEO, "identity", {"given_name": "Matteo"})
    keep(vault, pool, LEA, "identity", {"given_name": "Léa"})
    put(
        pool,
        TOWN,
        "UPDATE vault.records r SET sealed = o.sealed FROM vault.records o"
        " WHERE r.person = 'lea' AND o.person = 'matteo'",
    )
    with pytest.raises(BrokenSealError):
        vault.people(TOWN, [LEA])


def test_after_a_rotation_every_key_is_wrapped_again_and_the_old_one_may_go(
    vault: Vault, pool: Pool, database: Database
) -> None:
    people = [PersonId(f"person-{number:04}") for number in range(700)]
    for person in people:
        vault.key_of(TOWN, person, NOW)
    keep(vault, pool, people[0], "identity", {"given_name": "Matteo"})
    forget(pool, people[1])
    newer = new_ring("newer")
    both, seen = KeyRing({**newer.keys, **vault.ring.keys}), list[int]()
    with psycopg.connect(service_conninfo(database.service_url, Settings()), autocommit=True) as connection:
        assert rewrap(connection, both, TOWN, seen.append) == 699
        assert seen == [500, 699]
        assert rewrap(connection, both, TOWN, seen.append) == 0
    assert Vault(newer, pool).people(TOWN, people[:2]) == {
        people[0]: {"identity": {"given_name": "Matteo"}},
        people[1]: ERASED,
    }
    keep(vault, pool, LEA, "identity", {"given_name": "Léa"})
    with pytest.raises(LostKeyError):
        Vault(newer, pool).people(TOWN, [LEA])


def test_a_rotation_that_was_interrupted_goes_on(vault: Vault, pool: Pool, database: Database) -> None:
    for number in range(600):
        vault.key_of(TOWN, PersonId(f"person-{number:04}"), NOW)
    both = KeyRing({**new_ring("newer").keys, **vault.ring.keys})

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with psycopg.connect(service_conninfo(database.service_url, Settings()), autocommit=True) as connection:
        with pytest.raises(KeyboardInterrupt):
            rewrap(connection, both, TOWN, interrupt)
        assert rewrap(connection, both, TOWN, lambda _: None) == 100


def test_no_row_of_the_vault_holds_what_it_seals(vault: Vault, pool: Pool, database: Database) -> None:
    keep(vault, pool, MATTEO, "identity", {"given_name": CANARY})
    propose(vault, pool, "p1", MATTEO, "address", {"lines": [CANARY]})
    deposit(vault, pool, "d1", GuardianId("lea"), MATTEO, CANARY.encode())
    with psycopg.connect(database.admin_url) as connection:
        for table in ("keys", "records", "proposals", "documents"):
            rows = connection.execute(f"SELECT * FROM vault.{table}").fetchall()
            assert rows, table
            assert all(CANARY.encode() not in bytes(value) for row in rows for value in row if isinstance(value, bytes))
            assert all(CANARY not in str(value) for row in rows for value in row)
