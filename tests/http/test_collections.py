"""Direct debits over HTTP: one file, the same bytes each time, and what the bank answers."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import psycopg
import pytest

from tests.http.regie import IBAN, OTHER_IBAN, Regie, read_file
from tests.http.world import World, made, refused
from tests.payers import CREDITOR
from tests.servers import Database


@pytest.fixture
def regie(service: World, module_database: Database) -> Regie:
    return Regie.of(service, module_database)


def test_what_families_owe_is_in_one_file_that_the_schema_lets_pass(regie: Regie) -> None:
    first = regie.debtor("parent-1", 5_511, 2_000)
    second = regie.debtor("parent-2", 990, holder="Zoé L'Œuvre-Ünal", iban=OTHER_IBAN)
    regie.family("parent-3", 700)
    sent = regie.collect()
    assert (sent["debits"], sent["total_cents"], sent["first"], sent["recurrent"]) == (3, 8_501, 3, 0)
    assert (sent["left_out"], sent["more"]) == ([], False)
    file = regie.file(sent["collection"])
    assert hashlib.sha256(file).hexdigest() == sent["digest"]
    debits = read_file(file)
    assert sorted((debit.sequence, debit.cents, debit.iban, debit.name) for debit in debits) == [
        ("FRST", 990, OTHER_IBAN, "Zoe L'OEuvre-Unal"),
        ("FRST", 2_000, IBAN, "Paola Exemple"),
        ("FRST", 5_511, IBAN, "Paola Exemple"),
    ]
    assert {debit.mandate for debit in debits} == {regie.account(home)["mandate"] for home in (first, second)}
    assert len({debit.end_to_end for debit in debits}) == 3
    assert all(len(debit.end_to_end) <= 35 for debit in debits)
    text = file.decode()
    for said in ("Mairie de Valmont - regie", "FR72ZZZ123456", "2024-01-18", "2024-01-15T10:00:00", "SLEV", "CORE"):
        assert said in text


def test_the_file_is_the_same_however_late_it_is_downloaded(regie: Regie) -> None:
    household = regie.debtor("parent-1", 5_511)
    sent = regie.collect()
    file = regie.file(sent["collection"])
    regie.world.clock.set("2024-03-01 10:00")
    regie.bill(household, 1_000, "2023-12")
    adopted = made(regie.world.agent.get("/rulebook/versions/2023-09"), 200)["content"]
    renamed = adopted.replace('version = "2023-09"', 'version = "2024-03"').replace("Mairie de Valmont", "Ville")
    made(regie.world.who("admin").post("/rulebook/versions", {"content": renamed.replace("2023-09-01", "2024-01-02")}))
    assert regie.file(sent["collection"]) == file


@pytest.mark.parametrize(
    "holder",
    ["<&>\"' ]]> Exemple", "Ne//e /Exemple/", "Łukasz Đặng — Øye", "Renée   Ç.  d’Été", "Ω Exemple 漢字", "a" * 70],
)
def test_hostile_names_are_written_in_letters_banks_read(regie: Regie, holder: str) -> None:
    regie.debtor("parent-1", 5_511, holder=holder)
    [debit] = read_file(regie.file(regie.collect()["collection"]))
    assert 0 < len(debit.name) <= 70
    assert not set(debit.name) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ ")
    assert "//" not in debit.name


def test_first_then_recurrent_then_first_again_after_a_return(regie: Regie) -> None:
    household = regie.debtor("parent-1", 5_511)
    first = regie.collect()
    back = {"returns": [{"titre": "2024-000001", "reason": "AM04"}]}
    said = made(regie.billing.post(f"/collections/{first['collection']}/returns", back), 200)
    assert (said["returned"], said["cancelled"]) == (1, 0)
    again = regie.collect()
    assert [debit.sequence for debit in read_file(regie.file(again["collection"]))] == ["FRST"]
    regie.world.clock.set("2024-01-18 10:00")
    settled = f"/collections/{again['collection']}/settled"
    assert made(regie.billing.post(settled), 200)["recorded"] == 1
    assert made(regie.billing.post(settled), 200)["recorded"] == 0
    assert regie.account(household)["balance_cents"] == 0
    regie.bill(household, 1_000, "2023-12")
    third = regie.collect("2024-01-26")
    assert [debit.sequence for debit in read_file(regie.file(third["collection"]))] == ["RCUR"]


def test_a_collection_is_read_debit_by_debit(regie: Regie) -> None:
    regie.debtor("parent-1", 5_511)
    regie.debtor("parent-2", 990)
    sent = regie.collect()
    path = f"/collections/{sent['collection']}"
    assert [debit["state"] for debit in made(regie.billing.get(path), 200)["asked"]] == ["asked", "asked"]
    back = {"returns": [{"titre": "2024-000002", "reason": "AC04"}]}
    made(regie.billing.post(f"{path}/returns", back), 200)
    regie.world.clock.set("2024-01-18 10:00")
    made(regie.billing.post(f"{path}/settled"), 200)
    first, second = made(regie.billing.get(path), 200)["asked"]
    assert (first["state"], first["reason"]) == ("paid", None)
    assert (second["state"], second["reason_label"]) == ("returned", "Compte clôturé")
    late = {"returns": [{"titre": "2024-000001", "reason": "ZZ99"}]}
    assert made(regie.billing.post(f"{path}/returns", late), 200)["cancelled"] == 1
    first, _ = made(regie.billing.get(path), 200)["asked"]
    assert (first["state"], first["reason_label"]) == ("returned", "ZZ99")
    listed = made(regie.billing.get("/collections"), 200)["collections"]
    assert [each["collection"] for each in listed] == [sent["collection"]]


def test_a_return_that_cannot_be_recorded_says_where(regie: Regie) -> None:
    regie.debtor("parent-1", 5_511)
    sent = regie.collect()
    path = f"/collections/{sent['collection']}/returns"
    said = [{"titre": "2024-000001", "reason": "AM04"}, {"titre": "2024-000009", "reason": "AM04"}]
    problem = refused(regie.billing.post(path, {"returns": said}), "unknown_debit", 422)
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [("returns[1]", "unknown_debit")]
    made(regie.billing.post(path, {"returns": said[:1]}), 200)
    problem = refused(regie.billing.post(path, {"returns": said[:1]}), "already_returned")
    assert [error["field"] for error in problem["errors"]] == ["returns[0]"]


def test_a_collection_nobody_sent_is_not_found(regie: Regie) -> None:
    path = f"/collections/{uuid4()}"
    for asked in (path, f"{path}/pain.008.xml"):
        refused(regie.billing.get(asked), "not_found", 404)
    refused(regie.billing.post(f"{path}/settled"), "not_found", 404)
    refused(
        regie.billing.post(f"{path}/returns", {"returns": [{"titre": "2024-000001", "reason": "AM04"}]}),
        "not_found",
        404,
    )


def test_a_collection_has_its_day_and_its_creditor(regie: Regie, service: World, module_database: Database) -> None:
    regie.debtor("parent-1", 5_511)
    ask = regie.billing.post
    refused(ask("/collections", {"collect_on": "2024-01-16"}), "collection_too_soon", 422)
    refused(ask("/collections", {"collect_on": "2024-01-20"}), "not_a_banking_day", 422)
    refused(ask("/collections", {"collect_on": "2124-01-20"}), "collection_too_far", 422)
    refused(ask("/collections", {"collect_on": "2024-01-18", "month": "2023-10"}), "nothing_to_collect")
    assert made(regie.billing.get("/collections"), 200)["collections"] == []
    poor = Regie.of(service, module_database, creditor="")
    poor.debtor("parent-1", 5_511)
    refused(poor.billing.post("/collections", {"collect_on": "2024-01-18"}), "creditor_missing")
    named = CREDITOR.replace("Mairie de Valmont – régie", "Δήμος")
    unreadable = Regie.of(service, module_database, creditor=named)
    unreadable.debtor("parent-1", 5_511)
    refused(unreadable.billing.post("/collections", {"collect_on": "2024-01-18"}), "creditor_missing")
    assert made(unreadable.billing.get("/collections"), 200)["collections"] == []


def test_the_same_key_asks_once_and_another_finds_nothing_left(regie: Regie) -> None:
    regie.debtor("parent-1", 5_511)
    key = uuid4().hex
    first = regie.billing.post("/collections", {"collect_on": "2024-01-18"}, key=key)
    again = regie.billing.post("/collections", {"collect_on": "2024-01-18"}, key=key)
    assert made(again) == made(first)
    assert again.headers["idempotency-hit"] == "true"
    refused(regie.billing.post("/collections", {"collect_on": "2024-01-18"}), "nothing_to_collect")


def test_two_collections_at_once_ask_for_each_titre_once(regie: Regie) -> None:
    for number in range(8):
        regie.debtor(f"parent-{number}", 1_000 + number)
    keys = [uuid4().hex for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        answers = list(
            threads.map(lambda key: regie.billing.post("/collections", {"collect_on": "2024-01-18"}, key=key), keys)
        )
    assert {answer.status_code for answer in answers} <= {201, 409}
    sent = [answer.json() for answer in answers if answer.status_code == 201]
    titres = [debit.text for each in sent for debit in read_file(regie.file(each["collection"]))]
    assert len(titres) == len(set(titres)) == 8


def test_a_family_that_pays_meanwhile_is_not_asked_for_what_it_paid(regie: Regie) -> None:
    homes = [regie.debtor(f"parent-{number}", 1_000) for number in range(4)]
    said = {"amount_cents": 400, "means": "transfer", "received_on": "2024-01-12"}

    def paid(home: str) -> int:
        return regie.billing.post("/payments", {"payments": [{"household": home, **said}]}).status_code

    with ThreadPoolExecutor(5) as threads:
        asked = threads.submit(regie.billing.post, "/collections", {"collect_on": "2024-01-18"})
        assert list(threads.map(paid, homes)) == [201] * 4
        answer = asked.result()
    sent = made(answer)
    assert sum(debit.cents for debit in read_file(regie.file(sent["collection"]))) == sent["total_cents"]
    regie.world.clock.set("2024-01-18 10:00")
    made(regie.billing.post(f"/collections/{sent['collection']}/settled"), 200)
    balances = [regie.account(home)["balance_cents"] for home in homes]
    assert set(balances) <= {0, -400}  # paid before it was asked for, or after
    assert sum(balances) == sent["total_cents"] * -1 + 4_000 - 4 * 400


def test_whom_the_vault_forgot_is_left_out_and_their_file_cannot_be_made_again(regie: Regie) -> None:
    gone, changed = regie.debtor("parent-1", 5_511), regie.debtor("parent-2", 990)
    regie.debtor("parent-3", 700)
    first = regie.collect()
    made(regie.billing.post(f"/collections/{first['collection']}/returns", all_of(regie, first["collection"])), 200)
    agreement = {"agreement": "AD78-2024/1", "agreed_by": "archives-1", "agreed_on": "2024-01-10"}
    settled = {"household": gone, **agreement, "settled_elsewhere": True}
    made(regie.world.who("admin").post("/erasures", settled), 200)
    refused(regie.billing.get(f"/collections/{first['collection']}/pain.008.xml"), "file_changed")
    made(regie.world.who("admin").post("/erasures/preview", {"household": changed}), 200)
    second = regie.collect()
    assert second["debits"] == 2
    assert [(left["household"], left["code"]) for left in second["left_out"]] == [(gone, "account_erased")]
    assert len(read_file(regie.file(second["collection"]))) == 2


def all_of(regie: Regie, collection: str) -> dict[str, object]:
    asked = made(regie.billing.get(f"/collections/{collection}"), 200)["asked"]
    return {"returns": [{"titre": debit["titre"], "reason": "AM04"} for debit in asked]}


def test_another_account_makes_the_file_that_was_sent_impossible_to_make_again(regie: Regie) -> None:
    household = regie.debtor("parent-1", 5_511)
    sent = regie.collect()
    regie.sign(household, iban=OTHER_IBAN)
    refused(regie.billing.get(f"/collections/{sent['collection']}/pain.008.xml"), "file_changed")
    regie.sign(household)
    assert read_file(regie.file(sent["collection"]))[0].iban == IBAN


def test_an_account_that_is_not_the_one_of_the_mandate_is_not_debited(regie: Regie, module_database: Database) -> None:
    """A row of the vault put in the place of another: whoever can write the database would be paid by others."""
    first, second = regie.debtor("parent-1", 5_511), regie.debtor("parent-2", 990, iban=OTHER_IBAN)
    regie.sign(first)
    guardian = regie.guardian_of(first)
    with psycopg.connect(module_database.admin_url) as connection:
        kept = connection.execute(
            "SELECT sealed FROM vault.records WHERE person = %s AND kind = 'bank'", (guardian,)
        ).fetchone()
        assert kept is not None
        regie.sign(first, iban=OTHER_IBAN)
        connection.execute(
            "UPDATE vault.records SET sealed = %s WHERE person = %s AND kind = 'bank'", (kept[0], guardian)
        )
    sent = regie.collect()
    assert [(left["household"], left["code"]) for left in sent["left_out"]] == [(first, "account_changed")]
    assert [debit.iban for debit in read_file(regie.file(sent["collection"]))] == [OTHER_IBAN]
    assert second


def test_a_file_that_is_not_the_one_that_was_sent_is_not_handed_out(regie: Regie, module_database: Database) -> None:
    regie.debtor("parent-1", 5_511)
    sent = regie.collect()
    with psycopg.connect(module_database.admin_url) as connection:
        connection.execute(
            "UPDATE ardoise.collections SET digest = %s WHERE collection = %s", ("0" * 64, sent["collection"])
        )
    refused(regie.billing.get(f"/collections/{sent['collection']}/pain.008.xml"), "file_changed")


def test_collections_are_listed_the_latest_first_page_by_page(regie: Regie) -> None:
    sent = []
    for number in range(3):
        regie.world.clock.set(f"2024-01-15 1{number}:00")
        regie.debtor(f"parent-{number}", 1_000)
        sent.append(regie.collect()["collection"])
    first = made(regie.billing.get("/collections", limit=2), 200)
    assert [each["collection"] for each in first["collections"]] == [sent[2], sent[1]]
    rest = made(regie.billing.get("/collections", limit=2, cursor=first["next"]), 200)
    assert ([each["collection"] for each in rest["collections"]], rest["next"]) == ([sent[0]], None)
    refused(regie.billing.get("/collections", cursor=first["next"][:-2]), "invalid_cursor", 422)


def test_a_mandate_nobody_used_for_three_years_is_left_out(regie: Regie) -> None:
    regie.debtor("parent-1", 5_511)
    household = regie.family("parent-2", 990)
    said = {
        "guardian": regie.guardian_of(household),
        "holder": "Marco Exemple",
        "iban": IBAN,
        "signed_on": "2021-01-15",
    }
    made(regie.world.agent.post(f"/households/{household}/mandate", said))
    sent = regie.collect()
    assert sent["debits"] == 1
    assert [left["code"] for left in sent["left_out"]] == ["mandate_lapsed"]
