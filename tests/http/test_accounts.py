"""What a household owes and pays, over HTTP: recorded by the régie, read by the family, as of any instant."""

from uuid import uuid4

import pytest

from api.cursors import write_cursor
from tests.http.regie import Regie
from tests.http.world import World, made, refused
from tests.servers import Database


@pytest.fixture
def regie(service: World, module_database: Database) -> Regie:
    return Regie.of(service, module_database)


def payment(household: str, cents: int, **more: object) -> dict[str, object]:
    return {"household": household, "amount_cents": cents, "means": "cheque", "received_on": "2024-01-12", **more}


def test_a_family_reads_what_it_owes_titre_by_titre(regie: Regie) -> None:
    household = regie.family("parent-1", 5_511, 2_000)
    made(regie.billing.post("/payments", {"payments": [payment(household, 6_000, reference="0001234")]}))
    parent = regie.world.guardian("parent-1")
    answer = parent.get(f"/households/{household}/account")
    said = made(answer, 200)
    assert answer.headers["etag"] == '"3"'
    assert (said["balance_cents"], said["owed_cents"], said["unallocated_cents"]) == (1_511, 1_511, 0)
    first, second = said["titres"]
    assert (first["paid_cents"], first["owed_cents"]) == (5_511, 0)
    assert (second["paid_cents"], second["owed_cents"]) == (489, 1_511)
    [kept] = made(parent.get(f"/households/{household}/payments"), 200)["payments"]
    assert second["shares"] == [{"amount_cents": 489, "on": "2024-01-12", "payment": kept["payment"], "credit": None}]
    assert (kept["means_label"], kept["reference"], kept["cancelled"]) == ("Chèque", "0001234", None)


def test_a_household_nobody_billed_owes_nothing_and_one_nobody_opened_is_not_found(regie: Regie) -> None:
    household = regie.family()
    assert regie.account(household) == {
        "household": household,
        "balance_cents": 0,
        "owed_cents": 0,
        "unallocated_cents": 0,
        "titres": [],
        "mandate": None,
    }
    for path in ("account", "payments", "mandate"):
        refused(regie.billing.get(f"/households/{uuid4()}/{path}"), "not_found", 404)


def test_a_bank_statement_is_recorded_once_whole_or_not_at_all(regie: Regie) -> None:
    first, second = regie.family("parent-1", 1_000), regie.family("parent-2", 2_000)
    wrong = {
        "payments": [
            payment(first, 1_000),
            payment(str(uuid4()), 1),
            payment(second, 1, titre="2024-999999"),
            payment(second, 30_001, means="cash"),
            payment(second, 1, received_on="2024-01-16"),
            payment(second, 10_000_000),
        ]
    }
    problem = refused(regie.billing.post("/payments", wrong), "unknown_payer", 422)
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [
        ("payments[1]", "unknown_payer"),
        ("payments[2]", "unknown_titre"),
        ("payments[3]", "cash_over_limit"),
        ("payments[4]", "day_not_come"),
        ("payments[5]", "amount_out_of_bounds"),
    ]
    assert regie.account(first)["balance_cents"] == 1_000
    said = {"payments": [payment(first, 1_000), payment(second, 500)]}
    key = uuid4().hex
    recorded = made(regie.billing.post("/payments", said, key=key))
    again = regie.billing.post("/payments", said, key=key)
    assert made(again) == recorded
    assert again.headers["idempotency-hit"] == "true"
    assert (regie.account(first)["balance_cents"], regie.account(second)["balance_cents"]) == (0, 1_500)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount_cents": 0}, "amount_cents"),
        ({"amount_cents": 1.5}, "amount_cents"),
        ({"means": "direct_debit"}, "means"),
        ({"titre": "2024-17"}, "titre"),
        ({"reference": "Mme Exemple, chèque"}, "reference"),
        ({"reference": "a" * 36}, "reference"),
        ({"reference": "Camille Exemple"}, "reference"),
        ({"reference": "Camille Exemple 2"}, "reference"),
        ({"reference": "cheque Paul 2"}, "reference"),
        ({"reference": "0612345678"}, "reference"),
        ({"reference": "06 12 34 56 78"}, "reference"),
        ({"reference": "FR1420041010050500013M02606"}, "reference"),
        ({"reference": "VIR fr142004-10100505 00013M02606"}, "reference"),
        ({"reference": "20041010050500013M02606"}, "reference"),
    ],
)
def test_a_payment_that_cannot_be_read_says_where(regie: Regie, change: dict[str, object], field: str) -> None:
    household = regie.family("parent-1", 1_000)
    problem = refused(
        regie.billing.post("/payments", {"payments": [payment(household, 1) | change]}), "invalid_request", 422
    )
    assert [error["field"] for error in problem["errors"]] == [f"payments[0].{field}"]


@pytest.mark.parametrize("reference", ["0001234", "VIR-2022-0417", "PF-20221024-17", "CESU 12", "20221024170000123"])
def test_a_number_of_a_payment_is_kept(regie: Regie, reference: str) -> None:
    household = regie.family("parent-1", 1_000)
    [kept] = made(regie.billing.post("/payments", {"payments": [payment(household, 1, reference=reference)]}))[
        "payments"
    ]
    assert kept["reference"] == reference


def test_a_cheque_recorded_twice_is_asked_about(regie: Regie) -> None:
    household = regie.family("parent-1", 1_000)
    cheque = payment(household, 100, reference="0001234")
    made(regie.billing.post("/payments", {"payments": [cheque]}))
    refused(regie.billing.post("/payments", {"payments": [cheque]}), "payment_already_recorded", 409)
    made(regie.billing.post("/payments", {"payments": [cheque | {"again": True}]}))
    assert regie.account(household)["balance_cents"] == 800


def test_a_cheque_that_was_not_paid_is_owed_again(regie: Regie) -> None:
    household = regie.family("parent-1", 5_511)
    [kept] = made(regie.billing.post("/payments", {"payments": [payment(household, 5_511)]}))["payments"]
    path = f"/households/{household}/payments/{kept['payment']}/cancellation"
    said = made(regie.billing.post(path, {"because": "unpaid_cheque"}), 200)
    assert said["cancelled"] == {"on": "2024-01-15", "because": "unpaid_cheque", "because_label": "Chèque impayé"}
    assert regie.account(household)["balance_cents"] == 5_511
    refused(regie.billing.post(path, {"because": "mistake"}), "already_cancelled")
    other = f"/households/{household}/payments/{uuid4()}/cancellation"
    refused(regie.billing.post(other, {"because": "mistake"}), "not_found", 404)


def test_an_account_is_told_as_it_was_known(regie: Regie) -> None:
    household = regie.family("parent-1", 5_511)
    before = regie.world.clock.instant.isoformat()
    regie.world.clock.set("2024-01-16 10:00")
    [kept] = made(regie.billing.post("/payments", {"payments": [payment(household, 5_511)]}))["payments"]
    path = f"/households/{household}/payments/{kept['payment']}/cancellation"
    between = regie.world.clock.instant.isoformat()
    regie.world.clock.set("2024-01-17 10:00")
    made(regie.billing.post(path, {"because": "mistake"}), 200)
    assert [regie.account(household, as_of=instant)["balance_cents"] for instant in (before, between)] == [5_511, 0]
    assert regie.account(household)["balance_cents"] == 5_511
    payments = f"/households/{household}/payments"
    assert made(regie.billing.get(payments, as_of=before), 200)["payments"] == []
    [then] = made(regie.billing.get(payments, as_of=between), 200)["payments"]
    [now] = made(regie.billing.get(payments), 200)["payments"]
    assert (then["cancelled"], now["cancelled"]["because"]) == (None, "mistake")


def test_another_family_is_told_nothing(regie: Regie) -> None:
    household = regie.family("parent-1", 5_511)
    regie.family("parent-2", 100)
    for path in ("account", "payments", "mandate"):
        refused(regie.world.guardian("parent-2").get(f"/households/{household}/{path}"), "not_found", 404)


def test_the_regie_reads_what_the_town_received_page_by_page(regie: Regie) -> None:
    first, second = regie.family("parent-1", 5_511), regie.family("parent-2", 2_000)
    said = [
        payment(first, 100, received_on="2024-01-09"),
        payment(second, 200, received_on="2024-01-10", means="card"),
        payment(first, 300, received_on="2024-01-12"),
        payment(first, 400, received_on="2024-01-13"),
    ]
    made(regie.billing.post("/payments", {"payments": said}))
    period = {"from": "2024-01-09", "to": "2024-01-12"}

    def amounts(**asked: object) -> list[int]:
        cursor: str | None = None
        found: list[int] = []
        while True:
            more: dict[str, str] = {} if cursor is None else {"cursor": cursor}
            part = made(regie.billing.get("/payments", **period, **asked, **more, limit=2), 200)
            found += [each["amount_cents"] for each in part["payments"]]
            cursor = part["next"]
            if cursor is None:
                return found

    assert amounts() == [100, 200, 300], "both days included, in the order they were received"
    assert amounts(household=first) == [100, 300]
    assert amounts(means="card") == [200]
    [kept] = made(regie.billing.get("/payments", **period, means="card"), 200)["payments"]
    assert kept == made(regie.billing.get(f"/households/{second}/payments"), 200)["payments"][0]
    assert made(regie.world.who("auditor").get("/payments", **period), 200)["payments"][1] == kept


def test_what_the_town_received_is_told_as_it_was_known(regie: Regie) -> None:
    household = regie.family("parent-1", 5_511)
    before = regie.world.clock.instant.isoformat()
    regie.world.clock.set("2024-01-16 10:00")
    [kept] = made(regie.billing.post("/payments", {"payments": [payment(household, 5_511)]}))["payments"]
    between = regie.world.clock.instant.isoformat()
    regie.world.clock.set("2024-01-17 10:00")
    path = f"/households/{household}/payments/{kept['payment']}/cancellation"
    said = made(regie.billing.post(path, {"because": "mistake"}), 200)
    period = {"from": "2024-01-01", "to": "2024-01-31"}
    assert made(regie.billing.get("/payments", **period, as_of=before), 200)["payments"] == []
    assert made(regie.billing.get("/payments", **period, as_of=between), 200)["payments"] == [kept]
    assert made(regie.billing.get("/payments", **period), 200)["payments"] == [said]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"from": "2024-01-12", "to": "2024-01-09"}, "to"),
        ({"from": "2020-01-01", "to": "2024-01-09"}, "to"),
        ({"from": "2024-01-12"}, "to"),
        ({"from": "2024-01-12", "to": "2024-01-12", "means": "gold"}, "means"),
        ({"from": "2024-01-12", "to": "2024-01-12", "household": "nobody"}, "household"),
    ],
)
def test_a_period_of_payments_that_cannot_be_read_says_where(regie: Regie, asked: dict[str, str], field: str) -> None:
    problem = refused(regie.billing.get("/payments", **asked), "invalid_request", 422)
    assert [error["field"] for error in problem["errors"]] == [field]


def test_a_forged_place_in_the_payments_is_a_cursor_that_is_not_one(regie: Regie) -> None:
    for place in (("2024-01-12", "nobody"), ("yesterday", str(uuid4())), ("2024-01-12", "\x00")):
        cursor = write_cursor("payments", place)
        answer = regie.billing.get("/payments", cursor=cursor, **{"from": "2024-01-01", "to": "2024-01-31"})
        refused(answer, "invalid_cursor", 422)
