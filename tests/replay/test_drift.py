"""The drift watch: a page is folded and compared with every row it made, in one snapshot."""

from collections.abc import Iterator
from typing import Any, LiteralString, cast

import psycopg
import pytest

from ledger.identifiers import Stream
from ledger.memory import MemoryStore
from projections.models import READ_MODELS, Table
from replay.following.drift import Difference, Watch, check, keep
from replay.following.follower import follow_once
from replay.following.watched import drifted, towns_behind
from replay.sealing.seal import seal_once
from tests.billed import JANUARY, close_month, decided, paid
from tests.replay.pasts import Connection, as_service
from tests.replay.test_verify import _live
from tests.servers import Database
from tests.spec import Story
from tests.stores import on_postgres
from tests.town import MATTEO, VALMONT, at

MATTEOS = Stream(f"child/{VALMONT}/{MATTEO.id}")
TOWNS = Stream(f"town/{VALMONT}")
LINE = f"stream = '{MATTEOS}' AND version = 3"


@pytest.fixture
def service(database: Database) -> Iterator[Connection]:
    """A town where every read model has rows, all of it sealed and followed."""
    with on_postgres(database) as kept:
        story = Story(commune=VALMONT, store=cast("MemoryStore", kept.store), now=at("2024-01-10 10:00"))
        _live(story)
        decided(story)
        [titre] = close_month(story, database, JANUARY)
        paid(story, titre)
    with as_service(database) as connection:
        seal_once(connection)
        follow_once(connection)
        yield connection


@pytest.fixture
def superuser(database: Database) -> Iterator["psycopg.Connection[Any]"]:
    with psycopg.connect(database.admin_url, autocommit=True) as connection:
        connection.execute("SET search_path = ardoise")
        connection.execute("ALTER TABLE entries DISABLE TRIGGER USER")
        yield connection


def pages(superuser: "psycopg.Connection[Any]") -> list[Stream]:
    return [stream for (stream,) in superuser.execute("SELECT DISTINCT stream FROM entries ORDER BY stream")]


def everything(service: Connection, superuser: "psycopg.Connection[Any]") -> set[str]:
    """The tables in which a row differs, whatever its page."""
    found = [each for stream in pages(superuser) for each in check(service, VALMONT, stream)]
    return {each.place.split()[0] for each in found if each.what == "row_differs"}


def test_a_town_nobody_touched_has_no_drift(service: Connection, superuser: "psycopg.Connection[Any]") -> None:
    assert {stream: check(service, VALMONT, stream) for stream in pages(superuser)} == {
        stream: [] for stream in pages(superuser)
    }


TABLES = [table.name for model in READ_MODELS.values() for table in model.tables]
CHANGED = {
    "activations": "due_at = due_at + interval '1 day'",
    "attendance": "presence = 'left'",
    "calendar_days": "state = 'awaiting_add'",
    "children": "custody = NOT custody",
    "closed_months": "total_cents = total_cents + 1",
    "collections": "debits = debits + 1",
    "closures": "reason = 'nothing'",
    "custody": "stated_at = stated_at + interval '1 second'",
    "demandes": "status = 'retiree'",
    "demande_versions": "known_until = known_until - interval '1 day' WHERE known_until < 'infinity'",
    "direct_debits": "reason = NULL",
    "enrolments": "last_day = last_day + 1",
    "erased_people": "agreed_by = 'nobody'",
    "family_keys": "used = used + 1",
    "guardians": "standing = 'active', subject = 'another'",
    "household_children": "known_at = known_at - interval '1 day'",
    "household_people": "collects = NOT collects",
    "invoice_lines": "detail = jsonb_set(detail, '{days}', '[]')",
    "mandates": "revoked_at = now()",
    "meals_brought": "brought = NOT brought",
    "payers": "balance_cents = balance_cents + 1",
    "payments": "reference = 'another'",
    "place_changes": "delta = 2",
    "quotients": "amount_cents = amount_cents + 1",
    "rulebooks": "content = content || ' '",
    "tariff_statuses": "regime = 'msa'",
    "titres": "position = position + 1",
}


def test_a_row_that_is_changed_or_gone_is_found_in_every_table(
    service: Connection, superuser: "psycopg.Connection[Any]"
) -> None:
    for table in TABLES:
        superuser.execute(f"CREATE TEMP TABLE kept_{table} AS TABLE {table}")
        for statement in (f"UPDATE {table} SET {CHANGED[table]}", f"DELETE FROM {table}"):
            assert superuser.execute(statement).rowcount > 0, statement
            assert everything(service, superuser) == {table}, statement
            superuser.execute(f"DELETE FROM {table}")
            superuser.execute(f"INSERT INTO {table} TABLE kept_{table}")


ANOTHER = {"text": "{} || 'x'", "integer": "{} + 99", "bigint": "{} + 99", "date": "{} + 9999"}
WHOLE = (("town",), ("regie",))
NAMING = [table for model in READ_MODELS.values() for table in model.tables if table.rows or table.pages in WHOLE]
SEVERAL = [table for table in NAMING if table.name != "payers"]
"""Those a page may have several rows in: one of a page nobody wrote on is for `verify` to find."""


def test_only_rows_of_two_tables_do_not_say_which_page_they_are_of() -> None:
    assert set(TABLES) - {table.name for table in NAMING} == {"activations", "erased_people"}


@pytest.mark.parametrize("table", SEVERAL, ids=[table.name for table in SEVERAL])
def test_a_row_nobody_made_is_found_on_the_page_it_would_be_of(
    service: Connection, superuser: "psycopg.Connection[Any]", table: Table
) -> None:
    of_page = {rows.column for rows in table.rows}
    key = next(name for name in reversed(table.key) if name not in of_page)
    kinds = dict(
        superuser.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s"
            " AND table_schema = 'ardoise' ORDER BY ordinal_position",
            (table.name,),
        ).fetchall()
    )
    values = ", ".join(ANOTHER[kind].format(name) if name == key else name for name, kind in kinds.items())
    added = f"INSERT INTO {table.name} SELECT {values} FROM {table.name} LIMIT 1"
    assert superuser.execute(added).rowcount == 1
    assert everything(service, superuser) == {table.name}


LINES = {
    "line_changed": f"UPDATE entries SET stored = set_byte(stored, 20, get_byte(stored, 20) # 1) WHERE {LINE}",
    "line_unreadable": f"UPDATE entries SET stored = '{{}}', digest = sha256('{{}}') WHERE {LINE}",
    "line_out_of_place": (
        "UPDATE entries e SET stored = o.stored, digest = o.digest FROM entries o"
        f" WHERE e.{LINE.replace('version', 'e.version')} AND o.stream = e.stream AND o.version = 2"
    ),
}


@pytest.mark.parametrize(("what", "statement"), LINES.items(), ids=LINES.keys())
def test_a_page_that_cannot_be_folded_is_drift_too(
    service: Connection, superuser: "psycopg.Connection[Any]", what: str, statement: str
) -> None:
    superuser.execute(statement)
    assert check(service, VALMONT, MATTEOS) == [Difference(what=what, place="line 3")]


def test_places_are_compared_when_every_line_was_followed(
    service: Connection, superuser: "psycopg.Connection[Any]"
) -> None:
    superuser.execute("UPDATE places SET taken = taken + 1 WHERE activity = 'cantine'")
    found = check(service, VALMONT, TOWNS)
    assert [each.what for each in found] == ["places_differ"] * 2
    assert found[0].place == "cantine repas 2024-01-18"
    superuser.execute("UPDATE followed SET position = position - 1")
    assert check(service, VALMONT, TOWNS) == [], "a line on its way may be what makes the difference"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE places SET capacity = 1 WHERE is_set",
        "UPDATE places SET capacity = NULL WHERE is_set",
        "UPDATE places SET is_set = false WHERE is_set",
        "UPDATE places SET is_set = true WHERE activity = 'cantine' AND NOT is_set",
        "DELETE FROM places WHERE is_set",
    ],
)
def test_what_the_town_set_of_places_is_compared_with_what_it_says(
    service: Connection, superuser: "psycopg.Connection[Any]", statement: LiteralString
) -> None:
    assert superuser.execute(statement).rowcount == 1
    assert "capacity_differs" in {each.what for each in check(service, VALMONT, TOWNS)}


def test_the_past_of_a_page_is_compared_once_it_was_followed_to_its_end(
    service: Connection, superuser: "psycopg.Connection[Any]"
) -> None:
    superuser.execute("DELETE FROM place_changes")
    assert check(service, VALMONT, MATTEOS) != []
    superuser.execute("UPDATE followed SET position = 0")
    assert check(service, VALMONT, MATTEOS) == []


def test_rows_of_another_version_wait_for_a_rebuild_and_are_no_drift(
    service: Connection, superuser: "psycopg.Connection[Any]"
) -> None:
    superuser.execute("UPDATE demandes SET status = 'retiree'")
    superuser.execute("UPDATE place_changes SET delta = 2")
    superuser.execute("UPDATE closures SET reason = 'nothing'")
    assert everything(service, superuser) == {"closures", "demandes", "place_changes"}
    for model in ("demandes", "past"):
        superuser.execute("INSERT INTO read_models VALUES (%s, 7, now())", (model,))
    assert everything(service, superuser) == {"closures"}
    assert [each.what for each in check(service, VALMONT, TOWNS)] == ["row_differs"], "nor are places counted by them"
    superuser.execute("DELETE FROM read_models")
    assert everything(service, superuser) == {"closures", "demandes", "place_changes"}


def test_what_was_found_is_noted_since_it_was_found_until_it_is_right_again(service: Connection) -> None:
    first, second = (Difference(what="row_differs", place=place) for place in ("demandes 1", "demandes 2"))
    keep(service, VALMONT, MATTEOS, [first, second])
    since = {each.place: each.found_at for each in drifted(service, VALMONT)}
    keep(service, VALMONT, MATTEOS, [second])
    [left] = drifted(service, VALMONT)
    assert (left.place, left.found_at) == ("demandes 2", since["demandes 2"])
    assert [town.drifted for town in towns_behind(service)] == [1]
    keep(service, VALMONT, MATTEOS, [])
    assert drifted(service, VALMONT) == []


def test_the_watch_goes_round_every_page_and_rests_in_proportion(
    service: Connection, superuser: "psycopg.Connection[Any]"
) -> None:
    checked: list[int] = []
    watch = Watch(checked=lambda: checked.append(1), share=0.5)
    superuser.execute("UPDATE demandes SET status = 'retiree'")
    superuser.execute("UPDATE closures SET reason = 'nothing'")
    rests = [watch.step(service) for _ in range(3 * len(pages(superuser)))]
    assert all(rest > 0 for rest in rests)
    assert len(checked) == len(rests)
    assert {each.stream.split("/")[0] for each in drifted(service, VALMONT)} == {"child", "household", "town"}


def test_a_page_that_takes_too_long_is_named_and_the_others_are_watched(
    service: Connection, superuser: "psycopg.Connection[Any]"
) -> None:
    superuser.execute("CREATE POLICY slow ON quotients AS RESTRICTIVE USING (pg_sleep(30) IS NOT NULL)")
    watch = Watch(most_seconds=0.5)
    households = [stream for stream in pages(superuser) if stream.startswith("household/")]
    slow = {f"household/{VALMONT}/{home}" for (home,) in superuser.execute("SELECT DISTINCT household FROM quotients")}
    for _ in range(3 * len(pages(superuser))):
        watch.step(service)
    found = drifted(service, VALMONT)
    assert {(each.what, each.place) for each in found} == {("not_compared", "QueryCanceled")}
    assert slow == {each.stream for each in found} < {*households, "none"}
    superuser.execute("DROP POLICY slow ON quotients")
    watch = Watch()
    while drifted(service, VALMONT):
        watch.step(service)


def test_a_page_that_differs_is_soon_looked_at_again(service: Connection, superuser: "psycopg.Connection[Any]") -> None:
    watch = Watch()
    superuser.execute("UPDATE demandes SET number = -number WHERE child = %s", (MATTEO.id,))
    keep(service, VALMONT, MATTEOS, check(service, VALMONT, MATTEOS))
    assert drifted(service, VALMONT)
    superuser.execute("UPDATE demandes SET number = -number WHERE child = %s", (MATTEO.id,))
    watch.step(service)
    watch.step(service)
    assert drifted(service, VALMONT) == []
