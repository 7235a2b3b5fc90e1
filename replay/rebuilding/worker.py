"""One process of a rebuild: told what to do on its standard input, says on its output how many lines it folded."""

import os
import sys
import threading
from typing import Any

import orjson

from replay.rebuilding.state import Run, Sealed, connect
from replay.rebuilding.work import work


def main() -> None:
    """Works until no chunk is left. Without its parent it stops in the middle of one, and nothing of that is kept."""
    asked = orjson.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        with connect(asked["owner_url"], "ardoise-rebuild-worker") as connection:
            run = asked["run"] | {"sealed": Sealed(*asked["run"]["sealed"])}
            work(connection, Run(**run), lambda lines: _say({"lines": lines}))
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent says it, in one line
        _say({"failed": (str(error).strip() or type(error).__name__).splitlines()[0]})


def _say(what: dict[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(what) + b"\n")
    sys.stdout.buffer.flush()


def _end_with_parent() -> None:
    """The other end of the standard input is closed when the parent is gone, however it went."""
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


if __name__ == "__main__":
    main()
