"""Whatever a superuser does to the tables, the facts tell where."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import orjson
import psycopg
import pytest

from commands.adopt_rulebook import AdoptRulebook
from ledger.codec import UPCASTERS, canonical
from ledger.database import open_pool, service_conninfo
from ledger.events import ContactAdded
from ledger.identifiers import AccountId, PersonId
from ledger.memory import MemoryStore
from ledger.postgres import PostgresStore
from ledger.settings import Settings
from ledger.streams import account_page, child_page, household_page, payer_page
from projections.inline import project
from replay.verifying.rows import TABLES as READ_TABLES
from replay.verifying.verify import Finding, verify
from tests.asks import approve, close, mark, places, reserve, sheet
from tests.billed import JANUARY, PRICED, close_month, decided, paid
from tests.ledger.examples import ACTIVATION, FAMILY, ON_ACCOUNT, ON_HOUSEHOLD, ON_SHARED_CHILD, SHARED_CHILD
from tests.replay.rebuilding import INLINE, Said, rebuild
from tests.servers import Database
from tests.spec import Story, enrolled
from tests.town import CANTINE, MATTEO, MERCREDIS, VALMONT, at

SETTINGS = Settings()
MEMBER = PersonId("somebody-else")
BEHIND = {"demande_versions", "place_changes", "household_children"}
TABLES = READ_TABLES.keys() - BEHIND


@pytest.fixture
def tampered(database: Database) -> Iterator[psycopg.Connection]:
    """A superuser in a town where every read model has rows, with the triggers out of the way."""
    pool = open_pool(database.service_url, SETTINGS)
    try:
        store = PostgresStore(pool, project=project)
        story = Story(commune=VALMONT, store=cast("MemoryStore", store), now=at("2024-01-10 10:00"))
        _live(story)
        decided(story)
        [titre] = close_month(story, database, JANUARY)
        paid(story, titre)
    finally:
        pool.close()
    with psycopg.connect(database.admin_url, autocommit=True) as superuser:
        superuser.execute("SET search_path = ardoise")
        superuser.execute("ALTER TABLE entries DISABLE TRIGGER USER")
        yield superuser


def _live(story: Story) -> None:
    from commands.guardians import AddGuardian

    story.must(AdoptRulebook(content=PRICED))
    enrolled(MATTEO, activity=MERCREDIS)(story)
    enrolled(MATTEO, activity=CANTINE)(story)
    story.must(AddGuardian(household=MATTEO.household, guardian="guardian-1", subject="subject-1"))  # type: ignore[arg-type]
    reserve("2024-03-27", "2024-03-20")(story)
    approve()(story)
    close("2024-03-20")(story)
    _live_as_a_family(story)
    story.activity = CANTINE
    reserve("2024-01-18 repas", "2024-01-19 repas")(story)
    story.now = at("2024-01-18 14:00")
    sheet("2024-01-18 repas", mark("absent"))(story)
    places(5, "2024-01-19 repas")(story)


def _live_as_a_family(story: Story) -> None:
    """Every fact of a household, of an account and of a shared child, as the examples tell them."""
    story.must(Said(account_page(VALMONT, AccountId(ACTIVATION)), tuple(ON_ACCOUNT)))  # type: ignore[arg-type]
    added, erased = ContactAdded(person=MEMBER, collects=False), ON_HOUSEHOLD[-2]
    household = (*(fact for fact in ON_HOUSEHOLD if fact != erased), added, erased)
    story.must(Said(household_page(VALMONT, FAMILY), household))  # type: ignore[arg-type]
    story.must(Said(child_page(VALMONT, SHARED_CHILD), tuple(ON_SHARED_CHILD)))  # type: ignore[arg-type]


def findings(database: Database) -> list[Finding]:
    with psycopg.connect(service_conninfo(database.service_url, SETTINGS), autocommit=True) as connection:
        found = list(verify(connection, VALMONT))
    assert [finding.where for finding in found[:3]] == GUARDS, "the superuser put them out of the way"
    return found[3:]


GUARDS = [f"trigger entries_are_{done} on entries" for done in ("never_changed", "never_emptied", "announced")]


def test_a_ledger_nobody_touched_has_nothing_to_say(database: Database, tampered: psycopg.Connection) -> None:
    told: list[int] = []
    for guard in GUARDS:
        tampered.execute(f"ALTER TABLE entries ENABLE ALWAYS TRIGGER {guard.split()[1]}")
    with psycopg.connect(service_conninfo(database.service_url, SETTINGS), autocommit=True) as connection:
        assert list(verify(connection, VALMONT, progress=told.append)) == []
    [count] = tampered.execute("SELECT count(*) FROM entries").fetchone() or (0,)
    assert sum(told) == 2 * count > 20, "each line is hashed, then folded"
    for table in TABLES:
        assert tampered.execute(f"SELECT count(*) FROM {table}").fetchone() > (0,), f"{table} has rows to verify"


MATTEOS = f"stream = 'child/{VALMONT}/{MATTEO.id}'"
LINE = f"{MATTEOS} AND version = 3"
UNSEALED = f"stream = '{payer_page(VALMONT, MATTEO.household)}' AND version = 3"
TAMPERINGS = {
    "one byte of a line": (
        f"UPDATE entries SET stored = set_byte(stored, 20, get_byte(stored, 20) # 1) WHERE {LINE}",
        "line_changed",
        "line 3",
    ),
    "a line and its digest": (
        (
            "UPDATE entries SET stored = s, digest = sha256(s) FROM (SELECT stream AS on_page, convert_to(replace("
            f"convert_from(stored, 'UTF8'), 'somebody', 'nobodies'), 'UTF8') AS s FROM entries WHERE {UNSEALED}) AS new"
            f" WHERE stream = on_page AND {UNSEALED}"
        ),
        "chain_broken",
        "line 4",
    ),
    "a line that is gone": (f"DELETE FROM entries WHERE {LINE}", "lines_missing", "lines 3 to 3"),
    "a line under another type": (
        f"UPDATE entries SET type = 'child_enrolled.v1' WHERE {LINE.replace('= 3', '= 4')}",
        "line_out_of_place",
        "line 4",
    ),
    "a line recorded at another time": (
        f"UPDATE entries SET recorded_at = recorded_at - interval '1 day' WHERE {LINE}",
        "line_out_of_place",
        "line 3",
    ),
    "a line copied to another page": (
        (
            "INSERT INTO entries SELECT commune, 'child/valmont/x', 1, type, recorded_at, stored, digest FROM entries"
            f" WHERE {MATTEOS} AND version = 1"
        ),
        "line_out_of_place",
        "child/valmont/x line 1",
    ),
    "two lines that changed places": (
        (
            f"UPDATE entries SET version = 7 - version + 100 WHERE {LINE.replace('= 3', 'IN (3, 4)')};"
            "UPDATE entries SET version = version - 100 WHERE version > 100"
        ),
        "line_out_of_place",
        "line 3",
    ),
    "a line nobody can read": (
        "UPDATE entries SET stored = '{}', digest = sha256('{}') WHERE " + LINE,
        "line_unreadable",
        "line 3",
    ),
    "places": ("UPDATE places SET taken = taken + 1 WHERE activity = 'cantine'", "places_differ", "cantine repas"),
    "places of a slot nobody asked for": (
        "INSERT INTO places VALUES ('valmont', 'etude', 'etude', '2024-02-01', '', 1, NULL, false)",
        "places_differ",
        "etude etude 2024-02-01",
    ),
    "places the town never set": (
        "UPDATE places SET is_set = true, capacity = 998 WHERE activity = 'mercredis'",
        "capacity_differs",
        "mercredis matinee 2024-03-27 grands",
    ),
    "another number of places than the town set": (
        "UPDATE places SET capacity = 998 WHERE is_set",
        "capacity_differs",
        "cantine repas 2024-01-19",
    ),
    "rows of a child nobody registered": (
        (
            "INSERT INTO calendar_days SELECT commune, 'zz', day, activity, unit, state, demande, household"
            " FROM calendar_days LIMIT 1"
        ),
        "row_differs",
        "calendar_days zz",
    ),
    "rows of a child before all the others": (
        "INSERT INTO children VALUES ('valmont', '!', 'nobody')",
        "row_differs",
        "children !",
    ),
    "a reserved day": ("UPDATE calendar_days SET state = 'awaiting_add'", "row_differs", "calendar_days"),
    "a reserved day that is gone": ("DELETE FROM calendar_days", "row_differs", "calendar_days"),
    "the status of a demande": (
        "UPDATE demandes SET status = 'traitee_negativement'",
        "row_differs",
        "demandes 1",
    ),
    "the days of a demande": (
        """UPDATE demandes SET days = jsonb_set(days, '{0,late}', 'true') WHERE number = 1""",
        "row_differs",
        "demandes 1",
    ),
    "what a household asked for": (
        "UPDATE demandes SET status = 'retiree' WHERE child IS NULL",
        "row_differs",
        "demandes ",
    ),
    "what a household asked for, under another amount": (
        """UPDATE demandes SET wanted = jsonb_set(wanted, '{amount_cents}', '1') WHERE kind = 'quotient'""",
        "row_differs",
        "demandes ",
    ),
    "a quotient": ("UPDATE quotients SET amount_cents = amount_cents - 1", "row_differs", "quotients"),
    "a quotient from another day": ("UPDATE quotients SET first_day = first_day - 31", "row_differs", "quotients"),
    "a quotient that is gone": ("DELETE FROM quotients", "row_differs", "quotients"),
    "an attendance": ("UPDATE attendance SET presence = 'present'", "row_differs", "attendance"),
    "an account": ("UPDATE guardians SET subject = 'someone-else'", "row_differs", "guardians"),
    "a child's household": ("UPDATE children SET household = 'another'", "row_differs", "children"),
    "an enrolment": ("UPDATE enrolments SET last_day = last_day + 365", "row_differs", "enrolments"),
    "a closure": ("DELETE FROM closures", "row_differs", "closures"),
    "a titre": ("UPDATE titres SET total_cents = 1", "row_differs", "titres 2024-000001"),
    "a titre that is gone": ("DELETE FROM titres", "row_differs", "titres 2024-000001"),
    "a titre nobody issued": (
        (
            "INSERT INTO titres SELECT commune, '2024-000002', 'nobody', month, total_cents, position, issued_on,"
            " due_on, issued_at, lines FROM titres"
        ),
        "row_differs",
        "titres nobody",
    ),
    "a line of an invoice": (
        "UPDATE invoice_lines SET amount_cents = 1",
        "row_differs",
        "invoice_lines 2024-000001 1",
    ),
    "the days of a line": (
        """UPDATE invoice_lines SET detail = jsonb_set(detail, '{days}', '[]')""",
        "row_differs",
        "invoice_lines 2024-000001 1",
    ),
    "a payment": ("UPDATE payments SET cancelled_on = NULL", "row_differs", "payments debit-1"),
    "a balance": ("UPDATE payers SET balance_cents = 0", "balance_differs", "payers"),
    "a mandate": ("UPDATE mandates SET digest = '0'", "row_differs", "mandates VALMONT-1"),
    "a direct debit": ("UPDATE direct_debits SET reason = NULL", "row_differs", "direct_debits collection-1"),
    "a closed month": ("UPDATE closed_months SET left_out = 9", "row_differs", "closed_months 2024-01"),
    "a closed month that is gone": ("DELETE FROM closed_months", "row_differs", "closed_months 2024-01"),
    "a collection": ("UPDATE collections SET debits = 2", "row_differs", "collections collection-1"),
    "a tariff status": ("UPDATE tariff_statuses SET regime = 'msa'", "row_differs", "tariff_statuses"),
    "a meal brought": ("UPDATE meals_brought SET brought = NOT brought", "row_differs", "meals_brought"),
    "a rulebook": ("UPDATE rulebooks SET content = content || ' '", "row_differs", "rulebooks"),
}


@pytest.mark.parametrize(("sql", "what", "where"), TAMPERINGS.values(), ids=TAMPERINGS.keys())
def test_a_change_is_found_where_it_was_made(
    database: Database, tampered: psycopg.Connection, sql: str, what: str, where: str
) -> None:
    tampered.execute(sql)
    found = findings(database)
    assert any(finding.what == what and where in finding.where for finding in found), found


def test_every_table_is_verified_or_is_not_made_of_facts(tampered: psycopg.Connection) -> None:
    rows = tampered.execute(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'ardoise'::regnamespace"
    )
    others = {"entries", "places", "answers", "snapshots", "schema_migrations", "key_attempts", "read_models"}
    others |= {"drafts", "draft_slices", "draft_families", "draft_bills"}
    sealed = {"seals", "trees", "tree_nodes", "settled"}
    behind = {"followed", "parked", "drift", "rebuilds", "announced_towns"}
    assert {name for (name,) in rows} - behind == (TABLES | BEHIND | others | sealed) - behind


def test_a_snapshot_is_what_its_lines_fold_into(database: Database, tampered: psycopg.Connection) -> None:
    pool = open_pool(database.service_url, SETTINGS)
    try:
        story = Story(
            commune=VALMONT,
            store=cast("MemoryStore", PostgresStore(pool, project=project)),
            now=at("2024-01-18 15:00"),
            activity=CANTINE,
        )
        for turn in range(120):
            sheet("2024-01-18 repas", mark("present" if turn % 2 else "absent"))(story)
    finally:
        pool.close()
    assert findings(database) == []
    other = "replace(convert_from(state, 'UTF8'), 'reserved', 'awaiting_add')"
    changed = tampered.execute(f"UPDATE snapshots SET state = convert_to({other}, 'UTF8')")
    assert changed.rowcount == 1
    assert [finding.what for finding in findings(database)] == ["snapshot_differs"]


def test_a_broken_page_is_pointed_at_once_and_the_rest_of_it_is_not_judged(
    database: Database, tampered: psycopg.Connection
) -> None:
    changed, *rest = TAMPERINGS["one byte of a line"]
    tampered.execute(changed)
    found = findings(database)
    assert [finding.what for finding in found] == [rest[0], "not_compared"]


def test_a_page_the_past_does_not_follow_is_told_with_its_line(
    database: Database, tampered: psycopg.Connection
) -> None:
    page = f"child/{VALMONT}/{MATTEO.id}"
    tampered.execute(
        "INSERT INTO parked (model, commune, stream, line, error, tries, parked_at, next_try_at)"
        " VALUES ('past', %s, %s, 4, 'UnknownFactError', 1, now(), now())",
        (VALMONT, page),
    )
    [found] = findings(database)
    assert (found.what, found.stream, found.line) == ("page_parked", page, 4)


def test_a_line_that_follows_from_nothing_before_it_is_impossible(
    database: Database, tampered: psycopg.Connection
) -> None:
    rows = tampered.execute(f"SELECT stored, digest, type FROM entries WHERE {MATTEOS} ORDER BY version").fetchall()
    [line, *_] = [orjson.loads(stored) for stored, _, kind in rows if kind.startswith("demande_approved")]
    line.update(version=len(rows) + 1, previous=rows[-1][1].hex())
    line["fact"]["demande"] = 999_999
    stored = canonical(line)
    tampered.execute(
        "INSERT INTO entries (commune, stream, version, type, recorded_at, stored, digest)"
        " VALUES (%s, %s, %s, %s, %s, %s, sha256(%s))",
        (VALMONT, *(line[part] for part in ("stream", "version", "type", "recorded_at")), stored, stored),
    )
    found = [(finding.what, finding.line) for finding in findings(database)]
    assert found == [("line_impossible", len(rows) + 1), ("not_compared", None)]


def test_a_line_of_another_age_is_read_under_its_present_name_and_verified_under_its_own(database: Database) -> None:
    golden = (Path(__file__).parents[1] / "ledger" / "golden" / "entries.ndjson").read_bytes().splitlines()
    lines = [orjson.loads(orjson.loads(line)["stored"]) for line in golden]
    of_another_age = {line["stream"] for line in lines if line["type"] in UPCASTERS}
    assert of_another_age
    with psycopg.connect(database.admin_url, autocommit=True) as superuser:
        for kept, line in zip(golden, lines, strict=True):
            if line["stream"] not in of_another_age:
                continue
            stored = orjson.loads(kept)["stored"].encode()
            superuser.execute(
                "INSERT INTO ardoise.entries VALUES (%s, %s, %s, %s, %s, %s, sha256(%s))",
                [*(line[part] for part in ("commune", "stream", "version", "type", "recorded_at")), stored, stored],
            )
        commands = {line["command"]: line for line in lines if line["stream"] in of_another_age}
        for number, line in enumerate(commands.values()):
            superuser.execute(
                "INSERT INTO ardoise.answers VALUES ('valmont', %s, %s, %s, '', %s, 201, '{}', '', %s)",
                [line["client"], line["actor"], str(number), line["command"], line["recorded_at"]],
            )
    rebuild(database.owner_url, INLINE)
    with psycopg.connect(service_conninfo(database.service_url, SETTINGS), autocommit=True) as connection:
        assert list(verify(connection, VALMONT)) == []
