"""The file of the vault's keys: made once, for its owner alone, and a mistake in it is one clear sentence."""

import base64
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.settings import Settings, SettingsError
from vault.key_file import FILE, new_line, read_ring
from vault.key_file import ring_of as ring_of_database
from vault.sealing import KeyRing


def ring_of(settings: Settings, *used: str) -> KeyRing:
    return ring_of_database(settings, used=frozenset(used))


def written(path: Path, *lines: str, mode: int = 0o600) -> Path:
    path.write_text("\n".join(lines) + "\n")
    path.chmod(mode)
    return path


def test_with_the_embedded_database_the_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    first = ring_of(settings)
    assert (tmp_path / "data" / FILE).stat().st_mode & 0o777 == 0o600
    assert ring_of(settings).keys == first.keys
    assert [path.name for path in (tmp_path / "data").iterdir()] == [FILE]


def test_of_processes_that_start_together_all_get_the_same_key(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from ledger.settings import Settings;"
        "from vault.key_file import ring_of;"
        "sys.stdin.read(1); print(dict(ring_of(Settings(data=Path(sys.argv[1])), used=frozenset()).keys))"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(6)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("x")
        process.stdin.flush()
    said = {process.communicate(timeout=30)[0] for process in started}
    assert [process.returncode for process in started] == [0] * 6
    assert len(said) == 1


def test_a_configured_database_without_a_file_of_keys_is_refused_in_one_sentence(tmp_path: Path) -> None:
    settings = Settings(database_url="postgresql://x@db/x", data=tmp_path)
    with pytest.raises(SettingsError, match="ARDOISE_VAULT_KEYS is not: name the file"):
        ring_of(settings)
    assert list(tmp_path.iterdir()) == []


def test_development_makes_its_file_on_a_configured_database_too(tmp_path: Path) -> None:
    ring_of(Settings(database_url="postgresql://x@db/x", data=tmp_path, development=True))
    assert (tmp_path / FILE).exists()


def test_the_first_line_is_current_and_comments_are_passed_over(tmp_path: Path) -> None:
    newer, older = new_line(), new_line()
    path = written(tmp_path / "keys", "# the newest first", newer, "", older)
    ring = ring_of(Settings(database_url="postgresql://x@db/x", vault_keys=path))
    assert [f"{name}:{base64.b64encode(key).decode()}" for name, key in ring.keys.items()] == [newer, older]
    assert ring.current == newer.partition(":")[0]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(SettingsError, match="can be read by others: chmod 600"):
        read_ring(written(tmp_path / "keys", new_line(), mode=mode))


def test_a_file_that_is_not_there_or_is_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        read_ring(tmp_path / "keys")
    with pytest.raises(SettingsError, match=r"cannot be read|is not a file"):
        read_ring(tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        "no colon",
        "name:",
        "name:c2hvcnQ=",
        "name:" + "é" * 44,
        "UPPER:" + base64.b64encode(bytes(32)).decode(),
        "a name:" + base64.b64encode(bytes(32)).decode(),
        ":" + base64.b64encode(bytes(32)).decode(),
    ],
)
def test_a_wrong_line_is_counted_and_never_quoted(tmp_path: Path, line: str) -> None:
    with pytest.raises(SettingsError, match="line 2 of") as told:
        read_ring(written(tmp_path / "keys", new_line(), line))
    assert line not in str(told.value)


def test_a_name_given_twice_and_an_empty_file_are_refused(tmp_path: Path) -> None:
    line = new_line()
    with pytest.raises(SettingsError, match="line 2 of"):
        read_ring(written(tmp_path / "keys", line, line))
    with pytest.raises(SettingsError, match="holds no key"):
        read_ring(written(tmp_path / "empty", "#"))


def test_a_file_that_was_lost_is_not_made_again(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"vault\.keys is not there, and keys .* wrapped by k-1, k-2: put back"):
        ring_of(Settings(data=tmp_path), "k-2", "k-1")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_of_another_database_is_refused(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    [name] = ring_of(settings).keys
    assert ring_of(settings, name).current == name
    with pytest.raises(SettingsError, match="does not hold k-lost, which wrapped keys of persons in this database"):
        ring_of(settings, name, "k-lost")
