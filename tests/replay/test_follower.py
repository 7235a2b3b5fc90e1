"""The past that is followed is the past that happened: whatever the batches, the order, the restarts."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import orjson
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from api.behind_watch import BehindWatch
from ledger.child import Child
from ledger.entry import Entry
from ledger.holdings import PlaceKey, held
from ledger.identifiers import Commune, Slug, Stream
from ledger.rows import Change, Put, merged
from ledger.store import Page, turned
from projections import pages_of as pages_of_past
from projections.inline import project
from projections.past import FOREVER, PastOfPage
from replay.folding import Folding
from replay.following.follower import Follower, follow_once, retried
from replay.following.watched import parked, towns_behind
from replay.sealing.merkle import leaf_hash
from replay.sealing.seal import seal_once
from tests.asks import approve, reserve
from tests.histories import histories
from tests.replay.pasts import CODEC, Connection, Pages, add, as_service, pages_of
from tests.servers import Database
from tests.spec import Ask
from tests.town import AWA, CANTINE, MATTEO, Person, at

TABLES = ("demande_versions", "place_changes", "household_children")
real_database = settings(
    max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
skews = st.lists(st.sampled_from([0, 0, 1, -7, 60, -60 * 24]), min_size=1, max_size=5)
moves = st.lists(st.sampled_from(["write", "write", "write", "seal", "follow", "far", "restart", "back"]), max_size=60)


@pytest.fixture
def service(module_database: Database) -> Iterator[Connection]:
    with as_service(module_database) as connection:
        yield connection


def kept(connection: Connection, commune: Commune, table: str) -> list[Any]:
    with connection.transaction():
        connection.execute("SELECT set_config('ardoise.commune', %s, true)", (commune,))
        rows = connection.execute(f"SELECT to_jsonb(t) FROM ardoise.{table} t WHERE commune = %s", (commune,))
        return sorted((row for (row,) in rows), key=str)


def typed(connection: Connection, table: str, rows: list[Any]) -> list[Any]:
    """Rows as the database would give them back."""
    given = orjson.dumps(rows, option=orjson.OPT_UTC_Z).decode()
    told = connection.execute(
        f"SELECT to_jsonb(t) FROM jsonb_populate_recordset(NULL::ardoise.{table}, %s::jsonb) t", (given,)
    )
    return sorted((row for (row,) in told), key=str)


def from_scratch(lines: list[Entry]) -> dict[str, list[Any]]:
    """The rows of the past of a page, folded at once."""
    folding, past, puts = Folding(lines[0].stream), PastOfPage(), []
    for line in lines:
        step = folding.take(CODEC.read(line.stored))
        puts.extend(past.take(step.entry, step.changes, step.places))
    return {table: changes["put"] for table, changes in merged(puts).items()}


def agree(connection: Connection, pages: Pages) -> None:
    """What was followed is what a fold from the first line makes of it."""
    told: dict[str, list[Any]] = {table: [] for table in TABLES}
    for stream in pages.written:
        for table, rows in from_scratch(pages.so_far(stream)).items():
            told[table].extend(rows)
    for table in TABLES:
        assert kept(connection, pages.town, table) == typed(connection, table, told[table]), table


def set_back(connection: Connection, commune: Commune, position: int) -> None:
    with connection.transaction():
        connection.execute("SELECT set_config('ardoise.commune', %s, true)", (commune,))
        connection.execute("UPDATE ardoise.followed SET position = least(position, %s)", (position,))


@real_database
@given(histories, skews, moves, st.integers(1, 9), st.data())
def test_whatever_the_batches_and_the_order_the_past_is_the_fold_of_the_lines(
    service: Connection, history: Any, skew: list[int], steps: list[str], batch: int, data: st.DataObject
) -> None:
    pages = pages_of(history, skew)
    follower = Follower(batch=batch, far_behind=1_000)
    for step in steps:
        match step:
            case "write" if pages.left:
                pages.write(service, data.draw(st.sampled_from(pages.left)))
            case "seal":
                seal_once(service)
            case "follow":
                follower.step(service)
            case "far":
                Follower(batch=batch, far_behind=0).step(service)
            case "restart":
                follower = Follower(batch=batch, far_behind=1_000)
            case "back":
                set_back(service, pages.town, data.draw(st.integers(0, 20)))
    while pages.left:
        pages.write(service, data.draw(st.sampled_from(pages.left)))
    seal_once(service)
    while follower.step(service) == 0:
        pass
    follow_once(service, batch=batch)
    agree(service, pages)
    assert parked(service, pages.town) == []


def test_a_position_that_is_set_back_changes_nothing_at_any_moment(own: Connection) -> None:
    pages = booked()
    pages.write_all(own)
    seal_once(own)
    follow_once(own)
    set_back(own, pages.town, 0)
    follower = Follower(batch=1)
    while follower.step(own) == 0:
        agree(own, pages)


@pytest.mark.parametrize("far_behind", [0, 1_000])
def test_a_position_beyond_the_tree_is_none_and_everything_is_followed_again(own: Connection, far_behind: int) -> None:
    pages = booked()
    pages.write_all(own)
    seal_once(own)
    follow_once(own)
    with own.transaction():
        own.execute("SELECT set_config('ardoise.commune', %s, true)", (pages.town,))
        own.execute("DELETE FROM ardoise.place_changes")
        own.execute("UPDATE ardoise.followed SET position = 1000000")
        question = pages_of_past.followed(pages.town, known_at=at("2030-01-01 00:00"))
        assert own.execute(question.sql, question.values).fetchone() == (False,), "nothing may be read of it"
    with capture_logs() as logs:
        follow_once(own, far_behind=far_behind)
    assert [log["log_level"] for log in logs if log["event"] == "followed_too_far"] == ["error"]
    agree(own, pages)
    with own.transaction():
        own.execute("SELECT set_config('ardoise.commune', %s, true)", (pages.town,))
        assert own.execute(question.sql, question.values).fetchone() == (True,)


def test_nothing_is_whole_when_nothing_says_how_far_the_seal_came(own: Connection, database: Database) -> None:
    pages = booked()
    pages.write_all(own)
    with psycopg.connect(database.admin_url) as superuser:
        superuser.execute("DELETE FROM ardoise.settled")
    with own.transaction():
        own.execute("SELECT set_config('ardoise.commune', %s, true)", (pages.town,))
        question = pages_of_past.followed(pages.town, known_at=at("2030-01-01 00:00"))
        assert own.execute(question.sql, question.values).fetchone() == (False,)


def cut(lines: list[Entry], known_at: datetime) -> list[Entry]:
    """A page as it was known: up to its first line recorded later."""
    upto = next((place for place, line in enumerate(lines) if line.signature.recorded_at > known_at), len(lines))
    return lines[:upto]


def as_it_was(lines: list[Entry]) -> tuple[list[Any], Counter[PlaceKey], set[str]]:
    """The rows of demandes, the places held and the households a child was ever of, as the commands knew them."""
    page: Any = Page(stream=lines[0].stream) if lines else None
    changes: list[Change] = []
    households: set[str] = set()
    for line in lines:
        page = turned(page, [line])
        changes.extend(project(line, page.state))
        households.update(page.state.households)
    rows = merged(change for change in changes if isinstance(change, Put) and change.table == "demandes")
    places = held(page.state, page.state.slots) if lines and isinstance(page.state, Child) else Counter()
    return rows.get("demandes", {"put": []})["put"], places, households


@real_database
@given(histories, skews, st.data())
def test_what_is_read_of_an_instant_is_what_was_known_then(
    service: Connection, history: Any, skew: list[int], data: st.DataObject
) -> None:
    pages = pages_of(history, skew)
    pages.write_all(service)
    seal_once(service)
    follow_once(service)
    instants = sorted({line.signature.recorded_at for lines in pages.lines.values() for line in lines})
    known_at = data.draw(st.sampled_from(instants)) + data.draw(
        st.sampled_from([timedelta(), timedelta(microseconds=-1)])
    )
    demandes: list[Any] = []
    places: Counter[PlaceKey] = Counter()
    of_households: set[tuple[str, str]] = set()
    for stream, lines in pages.lines.items():
        rows, taken, households = as_it_was(cut(lines, known_at))
        demandes.extend(rows)
        places.update(taken)
        of_households.update((household, stream.split("/")[-1]) for household in households)
    with service.transaction():
        service.execute("SELECT set_config('ardoise.commune', %s, true)", (pages.town,))
        told = service.execute(
            "SELECT to_jsonb(v) - 'line' - 'stream' - 'known_from' - 'known_until' FROM ardoise.demande_versions v"
            " WHERE known_from <= %(at)s AND known_until > %(at)s",
            {"at": known_at},
        ).fetchall()
        counted = service.execute(
            "SELECT activity, unit, day, pool, sum(delta) FROM ardoise.place_changes WHERE known_at <= %s"
            " GROUP BY 1, 2, 3, 4 HAVING sum(delta) <> 0",
            (known_at,),
        ).fetchall()
        ever = service.execute(
            "SELECT household, child FROM ardoise.household_children WHERE known_at <= %s", (known_at,)
        ).fetchall()
    assert sorted((row for (row,) in told), key=str) == typed(service, "demandes", demandes)
    assert {PlaceKey(Slug(a), Slug(u), day, pool): int(n) for a, u, day, pool, n in counted} == dict(places)
    assert set(ever) == of_households


# Pages that cannot be followed ---------------------------------------------------------------------------------------


@pytest.fixture
def own(database: Database) -> Iterator[Connection]:
    with as_service(database) as connection:
        yield connection


def booked() -> Pages:
    """Two children who both asked for days."""
    asks = [(CANTINE, ask(person)) for person in (MATTEO, AWA) for ask in (asked_for, agreed_to)]
    return pages_of([("2024-01-10 10:00", ask) for ask in asks], [0])


def asked_for(person: Person) -> Ask:
    return reserve("2024-01-26 repas", "2024-03-26 repas", of=person)


def agreed_to(person: Person) -> Ask:
    return approve(of=person)


def changed(entry: Entry, said: dict[str, Any]) -> Entry:
    """The line with other words, under their own digest."""
    stored = orjson.dumps(orjson.loads(entry.stored) | said, option=orjson.OPT_SORT_KEYS)
    return replace(entry, stored=stored, digest=sha256(stored).digest())


POISONS: dict[str, Any] = {
    "of tomorrow": ("UnknownFactError", {"type": "of_tomorrow.v1"}),
    "out of place": ("AlteredLineError", {"version": 99}),
    "after another": ("AlteredLineError", {"previous": "00" * 32}),
}


@pytest.mark.parametrize(("error", "said"), POISONS.values(), ids=POISONS.keys())
@pytest.mark.parametrize("far_behind", [0, 1_000])
def test_a_page_that_cannot_be_followed_is_set_aside_and_the_others_go_on(
    own: Connection, error: str, said: dict[str, Any], far_behind: int
) -> None:
    pages = booked()
    bad, good = pages.lines
    last = pages.lines[bad].pop()
    for stream in (bad, good):
        while stream in pages.left:
            pages.write(own, stream)
    add(own, changed(last, said))
    seal_once(own)
    follow_once(own, far_behind=far_behind)
    [page] = parked(own, pages.town)
    assert (page.stream, page.line, page.error, page.tries) == (bad, last.version, error, 1)
    [town] = towns_behind(own)
    assert (town.lag, town.parked) == (0, 1)
    agree(own, pages)


def test_a_page_that_is_set_aside_waits_for_its_time(own: Connection) -> None:
    pages = booked()
    bad, good = pages.lines
    *lines, before_last, last = pages.lines[bad]
    for line in (*lines, changed(before_last, POISONS["of tomorrow"][1])):
        add(own, line)
    seal_once(own)
    follow_once(own)
    with own.transaction():
        own.execute("SELECT set_config('ardoise.commune', %s, true)", (pages.town,))
        own.execute("UPDATE ardoise.parked SET next_try_at = now() + interval '1 hour'")
    [page] = parked(own, pages.town)
    add(own, last)
    while good in pages.left:
        pages.write(own, good)
    seal_once(own)
    for far_behind in (1_000, 0):
        follow_once(own, far_behind=far_behind)
        assert parked(own, pages.town) == [page]
        set_back(own, pages.town, page.line)
    pages.written[bad] = len(lines)
    agree(own, pages)


def test_a_page_put_right_is_followed_again_from_its_line_on(own: Connection, database: Database) -> None:
    pages = booked()
    bad, _ = pages.lines
    line = pages.lines[bad][-2]
    for stream in list(pages.lines):
        for entry in pages.lines[stream]:
            add(own, changed(entry, {"type": "of_tomorrow.v1"}) if entry is line else entry)
        pages.written[stream] = len(pages.lines[stream])
    seal_once(own)
    follow_once(own)
    assert [recovered for _, recovered in retried(own, pages.town, at_once=True)] == [False]
    [page] = parked(own, pages.town)
    assert (page.line, page.tries) == (line.version, 2)
    assert (page.next_try_at - page.parked_at) > timedelta(seconds=1)
    with psycopg.connect(database.admin_url, autocommit=True) as superuser:
        superuser.execute("ALTER TABLE ardoise.entries DISABLE TRIGGER USER")
        superuser.execute(
            "UPDATE ardoise.entries SET stored = %s, digest = %s WHERE stream = %s AND version = %s",
            (line.stored, line.digest, line.stream, line.version),
        )
        superuser.execute("ALTER TABLE ardoise.seals DISABLE TRIGGER USER")
        superuser.execute(
            "UPDATE ardoise.seals SET leaf = %s WHERE stream = %s AND line = %s",
            (leaf_hash(line.stored), line.stream, line.version),
        )
    assert [recovered for _, recovered in retried(own, pages.town, at_once=True)] == [True]
    assert parked(own, pages.town) == []
    agree(own, pages)


def test_a_row_the_database_refuses_sets_its_page_aside_alone(own: Connection) -> None:
    pages = booked()
    bad, good = pages.lines
    for line in pages.lines[bad]:
        fact = orjson.loads(line.stored)["fact"]
        if "days" in fact and "activity" in fact:
            add(own, changed(line, {"fact": fact | {"activity": "a\x00b"}}))
            break
        pages.write(own, bad)
    while good in pages.left:
        pages.write(own, good)
    seal_once(own)
    follow_once(own)
    [page] = parked(own, pages.town)
    assert (page.stream, page.line, page.error) == (bad, 1, "UntranslatableCharacter")
    del pages.written[bad]
    agree(own, pages)


def test_a_batch_that_is_cut_off_is_followed_again_whole(own: Connection, database: Database) -> None:
    pages = booked()
    pages.write_all(own)
    seal_once(own)
    follower = Follower(batch=3)
    follower.step(own)
    with psycopg.connect(database.admin_url, autocommit=True) as superuser:
        superuser.execute("SELECT pg_terminate_backend(%s)", (own.info.backend_pid,))
    with pytest.raises(psycopg.OperationalError):
        follower.step(own)
    with as_service(database) as again:
        while follower.step(again) == 0:
            pass
        agree(again, pages)


@pytest.mark.parametrize("far_behind", [2, 1_000])
def test_a_town_that_cannot_be_written_stops_no_other_and_its_trouble_is_told_in_the_end(
    own: Connection, database: Database, far_behind: int
) -> None:
    first, second = sorted((booked(), booked()), key=lambda pages: pages.town)
    for pages in (first, second):
        pages.write_all(own)
    seal_once(own)
    with psycopg.connect(database.admin_url, autocommit=True) as superuser:
        superuser.execute(
            "CREATE FUNCTION ardoise.refused() RETURNS trigger LANGUAGE plpgsql AS"
            " $$ BEGIN RAISE 'the disk is full' USING ERRCODE = 'disk_full'; END $$"
        )
        superuser.execute(
            "CREATE TRIGGER refused BEFORE INSERT ON ardoise.place_changes FOR EACH ROW"
            f" WHEN (NEW.commune = '{first.town}') EXECUTE FUNCTION ardoise.refused()"
        )
        with pytest.raises(psycopg.errors.DiskFull):
            follow_once(own, batch=2, far_behind=far_behind)
        agree(own, second)
        superuser.execute("DROP TRIGGER refused ON ardoise.place_changes")
    follow_once(own)
    for pages in (first, second):
        agree(own, pages)
        assert parked(own, pages.town) == []


def test_two_followers_at_once_go_one_after_the_other(own: Connection, database: Database) -> None:
    pages = booked()
    pages.write_all(own)
    seal_once(own)

    def follow(far_behind: int) -> None:
        with as_service(database) as connection:
            follow_once(connection, batch=1, far_behind=far_behind)

    with ThreadPoolExecutor() as threads:
        list(threads.map(follow, [1_000, 1_000, 0]))
    agree(own, pages)
    [town] = towns_behind(own)
    assert (town.lag, town.parked) == (0, 0)


def test_lines_that_nobody_follows_are_warned_of_until_somebody_does(own: Connection) -> None:
    watch = BehindWatch(stuck_seconds=0)
    pages = booked()
    pages.write_all(own)
    seal_once(own)
    assert watch.warnings() == []
    for _ in range(2):
        watch.sample(own)
    assert watch.warnings() == ["follower_behind"]
    follow_once(own)
    watch.sample(own)
    assert watch.warnings() == []


def test_a_town_that_appears_is_followed_by_whoever_follows_already(own: Connection) -> None:
    follower = Follower()
    follower.step(own)
    pages = booked()
    pages.write_all(own)
    seal_once(own)
    while follower.step(own) == 0:
        pass
    agree(own, pages)


def test_the_last_state_of_a_demande_is_known_for_ever(own: Connection) -> None:
    pages = booked()
    pages.write_all(own)
    seal_once(own)
    follow_once(own)
    versions = kept(own, pages.town, "demande_versions")
    assert {row["status"]: row["known_until"] == FOREVER for row in versions} == {
        "en_cours": False,
        "traitee_positivement": True,
    }
    assert Stream(versions[0]["stream"]) in pages.lines
