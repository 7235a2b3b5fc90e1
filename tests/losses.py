"""What an operator says before an older backup may be served: the lines that came after it are lost."""

from datetime import UTC, datetime
from pathlib import Path

from replay.sealing.files import FOLDER, CheckpointFiles


def loss_accepted(data: Path) -> Path:
    """Sets aside what was signed since, as `ardoise checkpoint accept-loss` does; the same directory."""
    files = CheckpointFiles(data / FOLDER)
    for town in files.towns():
        files.set_aside(town, "a test\n", datetime.now(UTC))
    return data
