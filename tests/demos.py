"""What the tests of the demo start, and where."""

import os
import sys
from pathlib import Path

ARDOISE = Path(sys.executable).parent / "ardoise"
HOUSE = Path(__file__).parent.parent
SECONDS = 120


def environment(data: Path, **more: str) -> dict[str, str]:
    """A plain shell, in which nothing of Ardoise is set but the data directory."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("ARDOISE_")}
    return {**plain, "ARDOISE_DATA": str(data), "PYTHONUNBUFFERED": "1", **more}
