"""The seal goes on after a restore elsewhere, and begins with what was written before there was one."""

import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from ledger.account import program
from ledger.database import check_database, missing_guards
from ledger.embedded import Server
from ledger.migrate import FOLDER, migrate
from replay.sealing.seal import Seal, frontier, seal_once
from tests.replay.lines import (
    OTHER,
    TOWN,
    Connection,
    all_rounds,
    bring,
    committed,
    leader,
    pages,
    reference_root,
    sealed,
    waiting,
    writer,
)
from tests.servers import Database, as_url, cluster_with_roles, scratch_directory


def test_a_dump_restored_in_another_server_goes_on_with_the_same_tree(database: Database, tmp_path: Path) -> None:
    dump = tmp_path / "ledger.dump"
    with leader(database) as connection, writer(database) as late:
        committed(database, "a", *range(1, 401))
        bring(late, "late", 1)
        committed(database, "z", *range(1, 301), town=OTHER)
        all_rounds(Seal(), connection)
        assert waiting(database) == (701, [401])
        committed(database, "a", 401)
        run("pg_dump", "--format=custom", f"--file={dump}", as_url(database.admin_url))
        late.commit()
    before = sealed(database)
    assert len(before) == 400
    with scratch_directory() as directory:
        server = Server(directory / "data")
        try:
            with cluster_with_roles(server.start().admin_url) as elsewhere, elsewhere.database() as restored:
                restore = ["pg_restore", "--no-owner", "--exit-on-error", f"--dbname={as_url(restored.admin_url)}"]
                run(*restore, str(dump))
                check_database(restored.service_url)
                committed(restored, "a", 402)
                with leader(restored) as connection:
                    trees = seal_once(connection)
                after = sealed(restored)
                assert after[:400] == before
                assert pages(restored)[400:] == ["a 401", "a 402"]
                assert waiting(restored) == (703, []), "the transaction that was open is not in the dump"
                assert trees[TOWN] == (2, 402, reference_root([line.stored for line in after]))
                assert trees[OTHER].lines == 0
                with leader(restored) as connection:
                    assert frontier(connection, OTHER, 300).root() == trees[OTHER].root
        finally:
            server.leave()


def test_a_line_of_a_prepared_transaction_is_waited_for_even_by_another_leader() -> None:
    with scratch_directory() as directory:
        server = Server(directory / "data")
        try:
            with psycopg.connect(server.start().admin_url, autocommit=True) as admin:
                admin.execute("ALTER SYSTEM SET max_prepared_transactions = 4")
            server.leave()
            with cluster_with_roles(server.start().admin_url) as cluster, cluster.database() as made:
                migrate(made.owner_url, log=lambda _: None)
                with leader(made) as connection:
                    prepare(made, connection)
        finally:
            server.leave()


def prepare(database: Database, connection: Connection) -> None:
    one, two = Seal(), Seal()
    with writer(database) as late:
        bring(late, "late", 1)
        all_rounds(one, connection)
        late.execute("PREPARE TRANSACTION 'theirs'")
    committed(database, "a", 1)
    all_rounds(one, connection)
    one.close(connection)
    assert (pages(database), waiting(database)) == (["a 1"], (2, [1]))
    all_rounds(two, connection)
    with psycopg.connect(database.admin_url, autocommit=True) as admin:
        admin.execute("COMMIT PREPARED 'theirs'")
    all_rounds(two, connection)
    assert pages(database) == ["a 1", "late 1"]


def run(name: str, *arguments: str) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    subprocess.run([program(name), *arguments], env=environment, check=True, capture_output=True, timeout=60)


def test_a_ledger_older_than_the_seal_is_sealed_in_the_order_of_its_pages(
    bare_database: Database, tmp_path: Path
) -> None:
    old = Path(shutil.copytree(FOLDER, tmp_path / "migrations"))
    for file in old.glob("*.sql"):
        if int(file.name[:4]) > 7:
            file.unlink()
    migrate(bare_database.owner_url, log=lambda _: None, folder=old)
    with psycopg.connect(bare_database.admin_url) as admin:
        for town, page, version, clock in (
            (TOWN, "a", 1, 10),
            (TOWN, "a", 2, 5),  # by a machine whose clock was behind
            (TOWN, "a", 3, 30),
            (TOWN, "b", 1, 7),
            (TOWN, "b", 2, 20),
            (OTHER, "z", 1, 8),
        ):
            stored = f"{town} {page} {version}".encode()
            values = (town, f"child/{town}/{page}", version, datetime(2024, 1, 1, 9, clock, tzinfo=UTC), stored)
            admin.execute(
                """INSERT INTO ardoise.entries (commune, stream, version, type, recorded_at, stored, digest)
                   VALUES (%s, %s, %s, 'test.1', %s, %s, sha256('x'))""",
                values,
            )
    migrate(bare_database.owner_url, log=lambda _: None)
    with psycopg.connect(bare_database.owner_url) as owner:
        assert missing_guards(owner) == []
        owner.execute("SELECT set_config('ardoise.commune', 'nowhere', true)")
        assert owner.execute("SELECT count(*) FROM ardoise.entries").fetchone() == (0,), (
            "the policy holds the owner again"
        )
    committed(bare_database, "a", 4)
    with leader(bare_database) as connection:
        seal_once(connection)
    assert pages(bare_database) == ["b 1", "a 1", "a 2", "b 2", "a 3", "a 4"]
    assert pages(bare_database, OTHER) == ["z 1"]
