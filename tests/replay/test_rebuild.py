"""Read models are made again beside the live ones: the same rows, the same tables, whatever was done to them."""

import psycopg
import pytest

from commands.adopt_rulebook import AdoptRulebook
from projections.models import READ_MODELS
from replay.rebuilding.rebuild import Watching, rebuild, served, versions
from replay.rebuilding.rows import UnreadableLineError, encoder
from replay.rebuilding.state import RebuildRefusedError, connect
from tests.asks import reserve
from tests.replay.rebuilding import ALL, INLINE, NOTHING, count, crowd, digests, findings, live_and_bill, story_in
from tests.servers import Database
from tests.town import MATTEO, VALMONT, rulebooks

_CATALOGUE = """
    SELECT 'class', c.relname, c.relkind::text, c.relpersistence::text, c.relrowsecurity::text,
           c.relforcerowsecurity::text, c.reloptions::text, pg_get_userbyid(c.relowner), c.relacl::text,
           obj_description(c.oid, 'pg_class')
    FROM pg_class c WHERE c.relnamespace = 'ardoise'::regnamespace AND c.relkind IN ('r', 'i', 'S', 'v')
    UNION ALL
    SELECT 'column', a.attrelid::regclass::text, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull::text,
           pg_get_expr(d.adbin, d.adrelid), a.attacl::text, a.attstorage::text, a.attidentity::text,
           col_description(a.attrelid, a.attnum)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relnamespace = 'ardoise'::regnamespace
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind = 'r'
    UNION ALL
    SELECT 'constraint', k.conrelid::regclass::text, k.conname, pg_get_constraintdef(k.oid), k.convalidated::text,
           obj_description(k.oid, 'pg_constraint'), NULL, NULL, NULL, NULL
    FROM pg_constraint k WHERE k.connamespace = 'ardoise'::regnamespace
    UNION ALL
    SELECT 'index', schemaname, tablename, indexname, indexdef, NULL, NULL, NULL, NULL, NULL
    FROM pg_indexes WHERE schemaname = 'ardoise'
    UNION ALL
    SELECT 'policy', tablename, policyname, permissive, roles::text, cmd, qual, with_check, NULL, NULL
    FROM pg_policies WHERE schemaname = 'ardoise'
    UNION ALL
    SELECT 'trigger', t.tgrelid::regclass::text, t.tgname, pg_get_triggerdef(t.oid), t.tgenabled::text,
           NULL, NULL, NULL, NULL, NULL
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid AND c.relnamespace = 'ardoise'::regnamespace
"""


def catalogue(database: Database) -> list[tuple[str | None, ...]]:
    """Everything PostgreSQL says of the tables, as a superuser reads it; grants in no order."""
    with psycopg.connect(database.admin_url) as superuser:
        rows = superuser.execute(_CATALOGUE).fetchall()
    return sorted((tuple(map(_in_order, row)) for row in rows), key=str)


def _in_order(value: str | None) -> str | None:
    """The rights on a table in no order."""
    return ",".join(sorted(value.strip("{}").split(","))) if value and value.startswith("{") and "=" in value else value


def execute(database: Database, statement: str) -> None:
    """What a superuser may do, with every trigger and policy out of the way."""
    with psycopg.connect(database.admin_url, autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute(statement)  # type: ignore[arg-type]


@pytest.fixture
def lived(database: Database) -> Database:
    """A town where every read model that commands write has rows."""
    with story_in(database) as story:
        live_and_bill(story, database)
    return database


def test_the_rows_made_again_are_those_the_commands_wrote(lived: Database):
    before = digests(lived)
    assert [table for table, digest in before.items() if digest == NOTHING] == []
    report = rebuild(lived.owner_url, ALL)
    assert report.swapped
    assert report.differences == 0
    assert {row.table: row.digest for row in report.tables if row.table in before} == before == digests(lived)
    assert findings(lived) == []


def test_two_rebuilds_give_the_same_bytes_whether_one_process_works_or_two(lived: Database):
    with story_in(lived) as story:
        crowd(story, 40)
    one, two = rebuild(lived.owner_url, ALL, processes=1), rebuild(lived.owner_url, ALL, processes=2)
    assert [row.digest for row in one.tables] == [row.digest for row in two.tables]
    assert (one.differences, two.differences) == (0, 0)
    assert one.lines == two.lines == count(lived, "ardoise.entries")


def test_nobody_can_tell_the_new_tables_from_the_old_ones(lived: Database):
    execute(lived, "CREATE INDEX of_a_town ON ardoise.children (child) WHERE erased")
    execute(lived, "ALTER TABLE ardoise.calendar_days SET (fillfactor = 80)")
    execute(lived, "GRANT SELECT (child, household) ON ardoise.children TO PUBLIC")
    execute(lived, "COMMENT ON TABLE ardoise.closures IS 'it''s closed'")
    before = catalogue(lived)
    assert len([row for row in before if row[0] == "policy"]) > 20
    rebuild(lived.owner_url, ALL)
    assert catalogue(lived) == before
    with psycopg.connect(lived.admin_url) as superuser:
        assert superuser.execute("SELECT to_regnamespace('rebuild')").fetchone() == (None,)


def test_the_service_writes_in_the_new_tables_and_every_fact_shows(lived: Database):
    with story_in(lived) as story:
        rebuild(lived.owner_url, ALL)
        story.activity = "mercredis"  # type: ignore[assignment]
        reserve("2024-04-03", of=MATTEO)(story)
        rebuild(lived.owner_url, ALL)
        reserve("2024-05-15", of=MATTEO)(story)
    assert count(lived, "ardoise.calendar_days WHERE day IN ('2024-04-03', '2024-05-15')") == 2
    assert findings(lived) == []


def test_an_empty_ledger_is_rebuilt_into_empty_tables(database: Database):
    before = catalogue(database)
    report = rebuild(database.owner_url, ALL, processes=2)
    assert (report.lines, report.differences, {row.rows for row in report.tables}) == (0, 0, {0})
    assert catalogue(database) == before


def test_the_first_line_of_a_ledger_is_caught_up_when_it_comes_during_a_rebuild(database: Database):
    with story_in(database) as story:

        def adopt(doing: str) -> None:
            if doing == "indexing":
                story.must(AdoptRulebook(content=rulebooks(VALMONT)[0]))

        report = rebuild(database.owner_url, ALL, watching=Watching(say=adopt))
    assert (report.caught_up, report.arrival) == (1, 1)
    assert findings(database) == []


DRIFTS = [
    ("DELETE FROM ardoise.calendar_days WHERE day = '2024-03-27'", "calendar_days", (0, 1, 0)),
    ("UPDATE ardoise.demandes SET status = 'en_cours' WHERE kind = 'reservation'", "demandes", None),
    ("INSERT INTO ardoise.children VALUES ('valmont', 'nobody', 'nowhere')", "children", (1, 0, 0)),
    ("UPDATE ardoise.guardians SET holder = NOT holder WHERE guardian = 'guardian-1'", "guardians", (0, 0, 1)),
    ("UPDATE ardoise.places SET taken = taken + 3 WHERE day = '2024-01-18'", "places", None),
    ("DELETE FROM ardoise.places WHERE day = '2024-03-27'", "places", None),
    ("UPDATE ardoise.places SET capacity = 99 WHERE is_set", "places", None),
]


@pytest.mark.parametrize(("drift", "table", "expected"), DRIFTS)
def test_rows_that_drifted_are_told_and_put_right(
    lived: Database, drift: str, table: str, expected: tuple[int, int, int] | None
):
    execute(lived, drift)
    assert findings(lived) != []
    checked = rebuild(lived.owner_url, ALL, check=True)
    assert not checked.swapped
    assert findings(lived) != [], "a check changes nothing"
    report = rebuild(lived.owner_url, ALL)
    for each in (checked, report):
        [found] = [row.differences for row in each.tables if row.differences.count]
        assert [row.table for row in each.tables if row.differences.count] == [table]
        assert found.exact
        assert found.first
        if expected is not None:
            assert (found.only_old, found.only_new, found.different) == expected
    assert findings(lived) == []
    assert rebuild(lived.owner_url, ALL, check=True).differences == 0


def test_one_read_model_is_made_again_and_the_others_are_left_as_they_are(lived: Database):
    execute(lived, "DELETE FROM ardoise.calendar_days")
    execute(lived, "DELETE FROM ardoise.closures")
    report = rebuild(lived.owner_url, ["calendar"])
    assert [row.model for row in report.tables] == ["calendar"]
    assert count(lived, "ardoise.calendar_days") > 0
    assert count(lived, "ardoise.closures") == 0
    with connect(lived.owner_url) as connection:
        assert served(connection) == dict.fromkeys(READ_MODELS, 1)
        assert connection.execute("SELECT model, version FROM ardoise.read_models").fetchall() == [("calendar", 1)]


def test_rows_of_a_town_that_never_brought_a_line_are_not_dropped(lived: Database):
    execute(lived, "INSERT INTO ardoise.children VALUES ('elsewhere', 'somebody', 'somewhere')")
    with pytest.raises(RebuildRefusedError, match="elsewhere"):
        rebuild(lived.owner_url, ["families"])
    assert count(lived, "ardoise.children WHERE commune = 'elsewhere'") == 1


REREAD = """convert_to(replace(convert_from(stored, 'UTF8'), '"happened_at":"20', '"happened_at":"19'), 'UTF8')"""


@pytest.mark.parametrize("written", ["'not a line'", REREAD], ids=["unreadable", "changed"])
@pytest.mark.parametrize("processes", [1, 2])
def test_a_line_that_is_not_as_it_was_written_is_named_and_nothing_is_exchanged(
    lived: Database, processes: int, written: str
):
    execute(
        lived,
        "ALTER TABLE ardoise.entries DISABLE TRIGGER USER;"
        f"UPDATE ardoise.entries SET stored = {written} WHERE stream LIKE 'child/%' AND version = 2;"
        "ALTER TABLE ardoise.entries ENABLE ALWAYS TRIGGER entries_are_never_changed",
    )
    before = digests(lived)
    with pytest.raises((UnreadableLineError, RebuildRefusedError), match=f"line 2 of child/{VALMONT}/"):
        rebuild(lived.owner_url, INLINE, processes=processes)
    assert digests(lived) == before


def test_a_model_nobody_knows_is_refused():
    with pytest.raises(RebuildRefusedError, match="no read model is called meals"):
        versions(["meals", "calendar"])


def test_a_view_on_a_table_is_named_before_anything_is_built(lived: Database):
    execute(lived, "CREATE VIEW ardoise.of_a_town AS SELECT child FROM ardoise.children")
    with pytest.raises(RebuildRefusedError, match=r"the view of_a_town stands on ardoise\.children"):
        rebuild(lived.owner_url, ["families"])


TEXTS = ["plain", "", "a\tb", "a\nb\r", "back\\slash", "\\N", "\\.", '"quoted"', "été", "\x1b", "{a,b}"]


@pytest.mark.parametrize("text", TEXTS)
def test_text_comes_back_as_it_was(database: Database, text: str):
    columns = [("a", "text"), ("b", "jsonb"), ("c", "text[]"), ("d", "text"), ("e", "boolean")]
    row = {"a": text, "b": {text: [text]}, "c": [text, text], "d": None, "e": True}
    with psycopg.connect(database.admin_url) as superuser, superuser.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE kept (a text, b jsonb, c text[], d text, e boolean)")
        with cursor.copy("COPY kept FROM STDIN") as copy:
            copy.write(encoder(columns)(row))
        assert cursor.execute("SELECT * FROM kept").fetchone() == tuple(row.values())
