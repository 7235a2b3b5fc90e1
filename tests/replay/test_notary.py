"""What was signed once binds: nothing else is signed after it, and no service starts on less."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from api.background import leader_conninfo
from api.checkpoint_watch import CheckpointWatch
from ledger.database import StartRefusedError
from ledger.identifiers import Commune
from ledger.settings import Settings, SettingsError
from replay.leader import CHECKPOINTS_LOCK, Leader
from replay.sealing.checkpoint import origin_of, parse, verify
from replay.sealing.files import CheckpointsError
from replay.sealing.key import new_lines
from replay.sealing.notary import AnotherPastError, Notary, OlderError
from replay.sealing.signing import Signing
from replay.sealing.tree import Connection
from tests.replay.trees import connected, grow, leaf, plain_root
from tests.servers import Cluster, Database

TOWN, OTHER = Commune("villars"), Commune("villennes")
NOW = datetime(2024, 1, 15, 9, 0, tzinfo=UTC)


@pytest.fixture
def notary(tmp_path: Path) -> Notary:
    return Notary.open(Settings(data=tmp_path, development=True))


@pytest.fixture
def connection(database: Database) -> Iterator[Connection]:
    with connected(database) as made:
        yield made


def rewritten(database: Database, statement: str) -> None:
    """What a superuser may do to a tree."""
    with psycopg.connect(database.admin_url, autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("ALTER TABLE ardoise.seals DISABLE TRIGGER USER")
        assert superuser.execute(statement.encode()).rowcount


def test_a_town_is_signed_as_it_is_and_again_when_it_grew(connection: Connection, notary: Notary):
    leaves = grow(connection, TOWN, 3)
    first = notary.sign(connection, TOWN, NOW)
    assert first is not None
    assert (first.head.origin, first.head.size) == ("ardoise.local/villars", 3)
    assert first.head.root == plain_root(leaves)
    assert notary.sign(connection, TOWN, NOW) is None
    grow(connection, TOWN, 300, start=3)
    second = notary.sign(connection, TOWN, NOW)
    assert second is not None
    assert second.head.size == 300
    assert notary.last(TOWN) == second
    assert notary.files.sizes(TOWN) == [3, 300]


def test_who_signs_thins_what_is_old(connection: Connection, notary: Notary):
    for size in (3, 6, 9):
        grow(connection, TOWN, size, start=size - 3)
        notary.sign(connection, TOWN, NOW)
        os.utime(notary.files.path / TOWN / f"{size:016}.txt", (NOW.timestamp() - 200_000,) * 2)
    grow(connection, TOWN, 12, start=9)
    notary.sign(connection, TOWN, NOW)
    assert notary.files.sizes(TOWN) == [9, 12]


def test_an_empty_tree_is_signed_too(connection: Connection, notary: Notary):
    grow(connection, TOWN, 0)
    signed = notary.sign(connection, TOWN, NOW)
    assert signed is not None
    assert signed.note.startswith("ardoise.local/villars\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— ")


def test_a_leaf_that_was_rewritten_is_not_signed(connection: Connection, database: Database, notary: Notary):
    grow(connection, TOWN, 20)
    notary.sign(connection, TOWN, NOW)
    grow(connection, TOWN, 40, start=20)
    rewritten(database, "UPDATE ardoise.seals SET leaf = sha256('another past') WHERE position = 7")
    with pytest.raises(AnotherPastError, match="first 20 of them are not those that were signed"):
        notary.sign(connection, TOWN, NOW)
    assert notary.files.sizes(TOWN) == [20]


def test_a_tree_that_shrank_is_not_signed(connection: Connection, database: Database, notary: Notary):
    grow(connection, TOWN, 20)
    notary.sign(connection, TOWN, NOW)
    rewritten(database, "UPDATE ardoise.trees SET size = 19")
    with pytest.raises(OlderError, match=r"it has 19 sealed lines, and had 20 when that was signed"):
        notary.sign(connection, TOWN, NOW)


def test_a_tree_that_lost_rows_is_not_signed(connection: Connection, database: Database, notary: Notary):
    grow(connection, TOWN, 20)
    notary.sign(connection, TOWN, NOW)
    rewritten(database, "DELETE FROM ardoise.seals WHERE position = 4")
    with pytest.raises(AnotherPastError, match="was damaged: the tree lacks hash 3 of height 0"):
        notary.sign(connection, TOWN, NOW)


def test_one_town_that_is_refused_holds_up_no_other(connection: Connection, database: Database, notary: Notary):
    for town in (TOWN, OTHER):
        grow(connection, town, 20)
    signing = Signing(notary)
    assert [made.head.size for made in signing.sign(connection)] == [20, 20]
    rewritten(database, "UPDATE ardoise.seals SET leaf = sha256('x') WHERE position = 7 AND commune = 'villars'")
    for town in (TOWN, OTHER):
        grow(connection, town, 30, start=20)
    signing.sign(connection)
    assert list(signing.refused) == [TOWN]
    assert (notary.files.sizes(TOWN), notary.files.sizes(OTHER)) == ([20], [20, 30])
    rewritten(
        database,
        f"UPDATE ardoise.seals SET leaf = '\\x{leaf(TOWN, 6).hex()}' WHERE position = 7 AND commune = 'villars'",
    )
    signing.sign(connection)
    assert signing.refused == {}
    assert notary.files.sizes(TOWN) == [20, 30]


def test_a_directory_that_cannot_be_written_is_said_and_tried_again(connection: Connection, notary: Notary):
    grow(connection, TOWN, 20)
    (notary.files.path / TOWN).write_text("in the way")
    signing = Signing(notary)
    signing.sign(connection)
    assert "cannot be read: Not a directory" in signing.refused[TOWN]
    (notary.files.path / TOWN).unlink()
    signing.sign(connection)
    assert (signing.refused, signing.signed) == ({}, 1)


# A database that is older, or another -------------------------------------------------------------------------------


def test_the_database_that_was_signed_is_accepted_as_it_was_and_grown(connection: Connection, notary: Notary):
    notary.refuse_older(connection)
    grow(connection, TOWN, 20)
    notary.sign(connection, TOWN, NOW)
    notary.refuse_older(connection)
    grow(connection, TOWN, 600, start=20)
    notary.refuse_older(connection)


def test_an_older_copy_is_refused_and_the_line_says_what_to_do(
    connection: Connection, database: Database, cluster: Cluster, notary: Notary
):
    grow(connection, TOWN, 20)
    notary.sign(connection, TOWN, NOW)
    connection.close()
    with cluster.database(database.name) as older:
        with connected(database) as newer:
            grow(newer, TOWN, 1_020, start=20)
            notary.sign(newer, TOWN, NOW)
            notary.refuse_older(newer)
        with connected(older) as restored, pytest.raises(StartRefusedError) as refused:
            notary.refuse_older(restored)
    assert str(refused.value) == (
        "the database is older than the last checkpoint of villars: it has 20 sealed lines, and had 1,020 when that was"
        " signed. Restore the database that belongs here, or a newer backup of it. If those lines are lost for good:"
        " `ardoise checkpoint accept-loss villars --by ACCOUNT`."
    )


def test_a_town_the_database_does_not_know_is_refused_and_every_town_is_named(
    connection: Connection,
    notary: Notary,
    cluster: Cluster,
    template: Database,
):
    for town in (TOWN, OTHER):
        grow(connection, town, 20)
        notary.sign(connection, town, NOW)
    said = r"villars: it has 0 sealed lines.*The same of villennes\."
    with (
        cluster.database(template.name) as another,
        connected(another) as empty,
        pytest.raises(StartRefusedError, match=said),
    ):
        notary.refuse_older(empty)


def test_a_rewritten_past_is_refused(connection: Connection, database: Database, notary: Notary):
    grow(connection, TOWN, 20)
    notary.sign(connection, TOWN, NOW)
    rewritten(database, "UPDATE ardoise.seals SET leaf = sha256('another past') WHERE position = 7")
    with pytest.raises(StartRefusedError, match="is not the one the last checkpoint of villars was signed for"):
        notary.refuse_older(connection)


def test_a_checkpoint_of_another_key_is_refused(connection: Connection, notary: Notary, tmp_path: Path):
    grow(connection, TOWN, 20)
    notary.sign(connection, TOWN, NOW)
    (tmp_path / "seal.key").write_text(new_lines())
    with pytest.raises(CheckpointsError, match="was signed by no key of this service"):
        Notary.open(Settings(data=tmp_path, development=True)).refuse_older(connection)


def test_a_checkpoint_that_was_edited_is_refused(connection: Connection, notary: Notary):
    grow(connection, TOWN, 20)
    signed = notary.sign(connection, TOWN, NOW)
    assert signed is not None
    path = notary.files.path / TOWN / "0000000000000020.txt"
    path.write_text(signed.note.replace("\n20\n", "\n10\n"))
    with pytest.raises(CheckpointsError, match="is not a checkpoint of villars"):
        notary.refuse_older(connection)
    path.rename(path.with_name("0000000000000010.txt"))
    with pytest.raises(CheckpointsError, match="a signature of this checkpoint is false"):
        notary.refuse_older(connection)


def test_another_key_signs_from_a_day_on_and_what_the_first_signed_is_believed(
    connection: Connection, notary: Notary, tmp_path: Path
):
    path = tmp_path / "seal.key"
    grow(connection, TOWN, 20)
    notary.sign(connection, TOWN, NOW)
    old = path.read_text()
    retired = "".join(line.removeprefix("#") for line in old.splitlines(keepends=True) if line.startswith("#public:"))
    path.write_text(new_lines() + retired)
    rotated = Notary.open(Settings(data=tmp_path, development=True))
    rotated.refuse_older(connection)
    grow(connection, TOWN, 30, start=20)
    signed = rotated.sign(connection, TOWN, NOW)
    assert signed is not None
    assert verify(signed, [rotated.key_of(TOWN)]) != notary.key_of(TOWN)
    with pytest.raises(CheckpointsError):
        notary.last(TOWN)


def test_what_was_refused_is_not_shown_by_a_process_that_leads_no_more(
    connection: Connection, database: Database, notary: Notary
):
    grow(connection, TOWN, 20)
    notary.sign(connection, TOWN, NOW)
    rewritten(database, "UPDATE ardoise.seals SET leaf = sha256('another past') WHERE position = 4")
    watch = CheckpointWatch(notary, 60.0, database.service_url)
    leads = Leader("checkpoints", CHECKPOINTS_LOCK, way_in(database), watch.begin, watch.end)
    leads.start()
    try:
        give_up_at = time.monotonic() + 10
        while watch.warnings() != ["checkpoint_refused"]:
            assert time.monotonic() < give_up_at
            time.sleep(0.01)
    finally:
        leads.stop()
    assert watch.warnings() == []


def way_in(database: Database) -> str:
    return leader_conninfo(database.service_url, Settings(), "checkpoints")


def test_a_town_that_grew_in_a_damaged_tree_is_refused_and_holds_up_no_other(
    connection: Connection, database: Database, notary: Notary
):
    for town in (TOWN, OTHER):
        grow(connection, town, 20)
    rewritten(database, f"DELETE FROM ardoise.seals WHERE position = 4 AND commune = '{TOWN}'")
    signing = Signing(notary, lambda: NOW)
    assert [made.head.town for made in signing.sign(connection)] == [OTHER]
    assert "the tree of villars was damaged" in signing.refused[TOWN]


def test_the_name_of_an_installation_may_change(connection: Connection, notary: Notary, tmp_path: Path):
    grow(connection, TOWN, 20)
    notary.sign(connection, TOWN, NOW)
    renamed = Notary.open(Settings(data=tmp_path, development=True, origin="ardoise.example.fr:8443/sivom"))
    renamed.refuse_older(connection)
    grow(connection, TOWN, 30, start=20)
    signed = renamed.sign(connection, TOWN, NOW)
    assert signed is not None
    assert parse(signed.note.encode()).head.origin == "ardoise.example.fr:8443/sivom/villars"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "ARDOISE_CHECKPOINTS is not: name the directory of the checkpoints"),
        ({"checkpoints": Path("elsewhere")}, "ARDOISE_SEAL_KEY is not: name the file of the key that signs"),
    ],
)
def test_with_a_database_of_ones_own_everything_is_named(tmp_path: Path, given: dict[str, Path], said: str):
    own = {name: tmp_path / path for name, path in given.items()}
    with pytest.raises(SettingsError, match=said):
        Notary.open(Settings(database_url="postgresql://x@db/x", data=tmp_path, **own))  # type: ignore[arg-type]


def test_with_a_database_of_ones_own_the_origin_is_named(tmp_path: Path):
    key = tmp_path / "seal.key"
    key.write_text(new_lines())
    key.chmod(0o600)
    own = Settings(database_url="postgresql://x@db/x", data=tmp_path, checkpoints=tmp_path / "signed", seal_key=key)
    with pytest.raises(SettingsError, match="ARDOISE_ORIGIN is not: give the name"):
        Notary.open(own)


@pytest.mark.parametrize(
    "origin", ["https://ardoise.fr", "two words", "a+b", "Ardoise.fr", "ardoise.fr/", "a" * 300, "é.fr"]
)
def test_an_origin_that_could_not_be_read_again_is_refused(tmp_path: Path, origin: str):
    with pytest.raises(SettingsError, match="ARDOISE_ORIGIN must look like"):
        Notary.open(Settings(data=tmp_path, origin=origin))


def test_the_longest_origin_can_be_read_again(tmp_path: Path):
    prefix = "/".join(["a" * 253, *["b" * 64] * 4])[:460]
    assert origin_of(prefix, TOWN)
    notary = Notary.open(Settings(data=tmp_path, origin=prefix))
    assert len(notary.key_of(Commune("v" * 48)).name) <= 512
