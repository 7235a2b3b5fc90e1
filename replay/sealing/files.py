"""The directory of the checkpoints, outside the database: one folder a town, one file a checkpoint, named by its size.

A file is there whole or not at all, on the disk when `write` returns, and is never written again. What has no name of
ours is left alone.
"""

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Final, Self

from ledger.identifiers import Commune, is_slug
from ledger.owned_files import make_once, sync
from ledger.settings import Settings, SettingsError
from replay.sealing.checkpoint import LARGEST_BYTES, Checkpoint, parse

VARIABLE: Final = "ARDOISE_CHECKPOINTS"
FOLDER: Final = "checkpoints"
"""Its name in the data directory of the embedded database."""
SET_ASIDE: Final = ".set-aside"
"""Where checkpoints go whose lines are accepted to be lost: no town is named so."""
NOTE: Final = "NOTE.txt"
ALL_KEPT: Final = timedelta(days=1)
"""Every checkpoint of a day is kept, and of each day before, the last one: a year takes less than 2 MB of a town."""
_NAME: Final = re.compile(r"[0-9]{16}\.txt")
_DRAFT: Final = ".draft-"
_DRAFT_IS_OLD: Final = timedelta(hours=1)


class CheckpointsError(SettingsError):
    """The directory cannot be read or written, or holds what is no checkpoint."""


@dataclass(frozen=True, slots=True)
class CheckpointFiles:
    """The directory: written by as many processes as there are."""

    path: Path

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """The directory of a service with these settings, made if there is none. Raises SettingsError."""
        if settings.checkpoints is None and not settings.embedded and not settings.development:
            raise SettingsError(
                f"ARDOISE_DATABASE_URL is set but {VARIABLE} is not: name the directory of the checkpoints,"
                " which must outlive the database."
            )
        files = cls(settings.checkpoints or settings.data / FOLDER)
        try:
            files.path.mkdir(parents=True, exist_ok=True)
            if not os.access(files.path, os.W_OK | os.X_OK):
                raise PermissionError(13, os.strerror(13))
        except OSError as error:
            raise files._unusable("written", error) from error
        return files

    def towns(self) -> list[Commune]:
        """The towns something was signed of. Raises CheckpointsError."""
        try:
            names = sorted(entry.name for entry in os.scandir(self.path) if is_slug(entry.name) and entry.is_dir())
        except OSError as error:
            raise self._unusable("read", error) from error
        return [Commune(name) for name in names if self.sizes(Commune(name))]

    def sizes(self, commune: Commune) -> list[int]:
        """The sizes a town's tree was signed at, from the smallest. Raises CheckpointsError."""
        try:
            names = (entry.name for entry in os.scandir(self.path / commune))
            return sorted(int(name[:16]) for name in names if _NAME.fullmatch(name))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._unusable("read", error) from error

    def read(self, commune: Commune, size: int) -> Checkpoint:
        """The checkpoint of a town at a size; its signature is not verified. Raises CheckpointsError."""
        path = self._file(commune, size)
        try:
            with path.open("rb") as file:
                found = parse(file.read(LARGEST_BYTES + 1))
            if (found.head.size, found.head.town) != (size, commune):
                raise ValueError("another checkpoint under this name")
        except OSError as error:
            raise self._unusable("read", error) from error
        except ValueError as error:
            raise CheckpointsError(
                f"{VARIABLE}: {path} is not a checkpoint of {commune}: put back the one that was saved."
            ) from error
        return found

    def last(self, commune: Commune) -> Checkpoint | None:
        """The largest of a town; its signature is not verified. Raises CheckpointsError."""
        sizes = self.sizes(commune)
        return self.read(commune, sizes[-1]) if sizes else None

    def write(self, commune: Commune, checkpoint: Checkpoint) -> None:
        """On the disk when it returns; what is there under this size stays. Raises CheckpointsError."""
        path = self._file(commune, checkpoint.head.size)
        try:
            if not path.parent.is_dir():
                path.parent.mkdir(exist_ok=True)
                sync(self.path)
            make_once(path, checkpoint.note.encode(), draft=_DRAFT, mode=0o644)
        except OSError as error:
            raise self._unusable("written", error) from error

    def thin(self, commune: Commune, now: datetime) -> int:
        """Removes what is older than a day, but the last of each day (UTC) and the last of all; how many went.

        By the time of the files: a directory that was copied without its times is thinned later, never more.
        """
        try:
            _sweep(self.path / commune, now)
            sizes = self.sizes(commune)
            dated: list[tuple[datetime, int]] = []
            for size in sizes:
                with suppress(FileNotFoundError):  # another process thins too
                    dated.append((_written_at(self._file(commune, size)), size))
            removed = 0
            for _, group in groupby(sorted(dated), key=lambda each: each[0].date()):
                for at, size in list(group)[:-1]:
                    if now - at > ALL_KEPT and size != sizes[-1]:
                        self._file(commune, size).unlink(missing_ok=True)
                        removed += 1
        except OSError as error:
            raise self._unusable("written", error) from error
        return removed

    def set_aside(self, commune: Commune, note: str, now: datetime) -> Path:
        """Moves all of a town's checkpoints away, with a note: evidence, and no longer asked for. Where they are."""
        away = self.path / SET_ASIDE / f"{commune}.{now.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}"
        try:
            away.parent.mkdir(exist_ok=True)
            (self.path / commune / NOTE).write_text(note, encoding="utf-8")
            (self.path / commune).rename(away)
            sync(away)
            sync(away.parent)
            sync(self.path)
        except OSError as error:
            raise self._unusable("written", error) from error
        return away

    def _file(self, commune: Commune, size: int) -> Path:
        return self.path / commune / f"{size:016}.txt"

    def _unusable(self, done: str, error: OSError) -> CheckpointsError:
        return CheckpointsError(
            f"the directory of checkpoints {self.path} cannot be {done}: {error.strerror}. Name one in {VARIABLE}."
        )


def _written_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _sweep(folder: Path, now: datetime) -> None:
    """Removes what writers that were killed left behind."""
    for draft in folder.glob(f"{_DRAFT}*"):
        with suppress(FileNotFoundError):
            if now - _written_at(draft) > _DRAFT_IS_OLD:
                draft.unlink()
