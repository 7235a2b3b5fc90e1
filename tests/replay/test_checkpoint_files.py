"""The directory of checkpoints: whole files, on the disk, never written again, and not for ever more of them."""

import os
import signal
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.identifiers import Commune
from ledger.settings import Settings, SettingsError
from replay.sealing.checkpoint import Checkpoint, Head, parse, sign
from replay.sealing.files import CheckpointFiles, CheckpointsError
from replay.sealing.key import SealKeys, new_lines, read_keys, seal_keys_of

TOWN = Commune("villars")
KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
HOUSE = Path(__file__).parent.parent.parent


def signed(size: int, town: str = TOWN) -> Checkpoint:
    return sign(Head(origin=f"ardoise.local/{town}", size=size, root=bytes(32)), KEY)


@pytest.fixture
def files(tmp_path: Path) -> CheckpointFiles:
    return CheckpointFiles.open(Settings(data=tmp_path))


def dated(files: CheckpointFiles, size: int, at: datetime) -> None:
    files.write(TOWN, signed(size))
    os.utime(files.path / TOWN / f"{size:016}.txt", (at.timestamp(), at.timestamp()))


def test_what_is_written_is_there_under_a_name_that_sorts(files: CheckpointFiles):
    for size in (9, 10, 1_000_000):
        files.write(TOWN, signed(size))
    names = sorted(path.name for path in (files.path / TOWN).iterdir())
    assert names == ["0000000000000009.txt", "0000000000000010.txt", "0000000001000000.txt"]
    assert (files.path / TOWN / names[0]).read_bytes() == signed(9).note.encode()
    assert files.last(TOWN) == signed(1_000_000)
    assert files.towns() == [TOWN]


def test_nothing_is_written_twice(files: CheckpointFiles):
    files.write(TOWN, signed(9))
    other = sign(Head(origin=f"ardoise.local/{TOWN}", size=9, root=bytes([1]) * 32), KEY)
    files.write(TOWN, other)
    assert files.last(TOWN) == signed(9)


def test_what_is_no_checkpoint_is_left_alone(files: CheckpointFiles):
    files.write(TOWN, signed(9))
    (files.path / TOWN / "README").write_text("hello")
    (files.path / TOWN / "12.txt").write_text("hello")
    (files.path / TOWN / ".draft-1").write_text("half a checkp")
    (files.path / "lost+found").mkdir()
    (files.path / "empty").mkdir()
    assert (files.towns(), files.sizes(TOWN)) == ([TOWN], [9])


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 300, signed(9).note.encode()[:-30], signed(9, "villennes").note.encode()]
)
def test_a_file_that_was_damaged_or_moved_is_said(files: CheckpointFiles, content: bytes):
    files.write(TOWN, signed(9))
    (files.path / TOWN / f"{9:016}.txt").write_bytes(content)
    with pytest.raises(CheckpointsError, match="is not a checkpoint of villars: put back"):
        files.last(TOWN)


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CheckpointsError, match=r"cannot be written: File exists\. Name one in ARDOISE_CHECKPOINTS"):
        CheckpointFiles.open(Settings(checkpoints=tmp_path / "file"))


def test_of_old_days_the_last_checkpoint_stays_and_the_last_of_all(files: CheckpointFiles):
    now = datetime(2024, 1, 15, 9, 0, tzinfo=UTC)
    monday = datetime(2024, 1, 8, 0, 30, tzinfo=UTC)
    for number, hours in enumerate(range(0, 48, 6), start=1):
        dated(files, number, monday + timedelta(hours=hours))
    assert files.thin(TOWN, now) == 6
    assert files.sizes(TOWN) == [4, 8]
    for number, minutes in enumerate(range(0, 60 * 30, 60), start=100):
        dated(files, number, now - timedelta(hours=30) + timedelta(minutes=minutes))
    files.thin(TOWN, now)
    kept = files.sizes(TOWN)
    assert kept[:2] == [4, 8]
    assert kept[-24:] == list(range(106, 130))
    assert len(kept) <= 28
    dated(files, 129, now - timedelta(days=400))
    dated(files, 7, now - timedelta(days=400) + timedelta(hours=1))
    files.thin(TOWN, now)
    assert files.sizes(TOWN)[-1] == 129, "whatever its file's time says"


def test_a_file_another_signer_removed_meanwhile_is_passed_over(files: CheckpointFiles):
    now = datetime.now(UTC)
    for size in (3, 4, 9):
        dated(files, size, now - timedelta(days=3))
    (files.path / TOWN / f"{5:016}.txt").symlink_to(files.path / "gone")  # listed, and not there
    assert files.thin(TOWN, now) == 2
    assert 9 in files.sizes(TOWN)


def test_what_killed_writers_left_is_swept_once_it_is_old(files: CheckpointFiles):
    now = datetime.now(UTC)
    files.write(TOWN, signed(9))
    old, new = files.path / TOWN / ".draft-old", files.path / TOWN / ".draft-new"
    for draft in (old, new):
        draft.write_text("half")
    os.utime(old, (now.timestamp() - 7_200,) * 2)
    files.thin(TOWN, now)
    assert (old.exists(), new.exists()) == (False, True)


def test_what_is_set_aside_is_evidence_and_is_asked_no_more(files: CheckpointFiles):
    files.write(TOWN, signed(9))
    away = files.set_aside(TOWN, "lost in a fire\n", datetime(2024, 1, 15, 9, tzinfo=UTC))
    assert files.towns() == []
    assert files.last(TOWN) is None
    assert (away / "NOTE.txt").read_text() == "lost in a fire\n"
    assert parse((away / f"{9:016}.txt").read_bytes()) == signed(9)
    assert away.name == "villars.20240115T090000.000000Z"
    files.write(TOWN, signed(3))
    assert files.sizes(TOWN) == [3]


WRITER = """
import sys
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pathlib import Path
from replay.sealing.checkpoint import Head, sign
from replay.sealing.files import CheckpointFiles
key, files = Ed25519PrivateKey.from_private_bytes(bytes(32)), CheckpointFiles(Path(sys.argv[1]))
size = int(sys.argv[2])
print("writes", flush=True)
while True:
    size += 1
    files.write("villars", sign(Head(origin="ardoise.local/villars", size=size, root=bytes(32)), key))
    print(size, flush=True)
"""


def test_a_writer_killed_at_any_instant_leaves_whole_files_and_loses_none_it_wrote(files: CheckpointFiles):
    told = 0
    for kill in range(8):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(files.path), str(told + 1_000)], stdout=subprocess.PIPE, cwd=HOUSE
        )
        assert process.stdout is not None
        process.stdout.readline()
        said = [process.stdout.readline().strip()]
        time.sleep(0.017 * kill)
        os.kill(process.pid, signal.SIGKILL)
        said += process.stdout.read().split(b"\n")[:-1]
        process.stdout.close()
        process.wait()
        told = int(said[-1])
        sizes = files.sizes(TOWN)
        assert sizes[-1] in (told, told + 1)
        assert [files.read(TOWN, size).head.size for size in sizes] == sizes
        told = sizes[-1]


# The file of the key ------------------------------------------------------------------------------------------------


def keys_in(tmp_path: Path, text: str) -> SealKeys:
    path = tmp_path / "seal.key"
    path.write_text(text)
    path.chmod(0o600)
    return read_keys(path)


def test_with_the_embedded_database_the_key_is_made_once_for_its_owner(tmp_path: Path):
    settings = Settings(data=tmp_path / "data")
    first = seal_keys_of(settings, used=False)
    assert stat.S_IMODE((tmp_path / "data" / "seal.key").stat().st_mode) == 0o600
    assert seal_keys_of(settings, used=True).verifier("a").text == first.verifier("a").text


def test_a_key_that_signed_is_not_made_again(tmp_path: Path):
    with pytest.raises(SettingsError, match="is not there, and it signed checkpoints: put back the file"):
        seal_keys_of(Settings(data=tmp_path), used=True)
    assert not (tmp_path / "seal.key").exists()


def test_the_first_private_key_signs_and_all_are_believed(tmp_path: Path):
    one, two = new_lines(), new_lines()
    keys = keys_in(tmp_path, one + two)
    assert keys.verifier("a") == keys_in(tmp_path, one).verifier("a")
    assert keys.verifiers("a") == [keys_in(tmp_path, text).verifier("a") for text in (one, two)]


def test_a_new_file_says_in_comments_what_to_publish(tmp_path: Path):
    text = new_lines(("ardoise.local/villars",))
    assert f"# {keys_in(tmp_path, text).verifier('ardoise.local/villars').text}" in text.splitlines()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no private key"),
        ("# nothing", "holds no private key"),
        ("private:abc", "line 1 of .* is not private: or public: and 32 bytes"),
        ("\npublic:" + "A" * 40 + "====", "line 2 of"),
        ("k-1:" + "A" * 43 + "=", "line 1 of"),
        ("private:" + "é" * 43 + "=", "line 1 of"),
    ],
)
def test_a_file_that_holds_something_else_is_refused(tmp_path: Path, text: str, said: str):
    with pytest.raises(SettingsError, match=said) as refused:
        keys_in(tmp_path, text)
    assert "abc" not in str(refused.value)


def test_a_key_others_can_read_is_refused(tmp_path: Path):
    keys_in(tmp_path, new_lines())
    (tmp_path / "seal.key").chmod(0o640)
    with pytest.raises(SettingsError, match="can be read by others: chmod 600"):
        read_keys(tmp_path / "seal.key")
    with pytest.raises(SettingsError, match="cannot be read: Is a directory"):
        read_keys(tmp_path)
