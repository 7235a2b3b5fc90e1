"""One process of a rebuild: told what to do on its standard input, says on its output how many lines it folded."""

from collections.abc import Callable

from replay.rebuilding.state import Run, Sealed, connect
from replay.rebuilding.work import work
from replay.workers import Said, answer


def _rebuild(asked: Said, say: Callable[[Said], None]) -> None:
    """Works until no chunk is left; stopped in the middle of one, nothing of that is kept."""
    run = asked["run"] | {"sealed": Sealed(*asked["run"]["sealed"])}
    with connect(asked["owner_url"], "ardoise-rebuild-worker") as connection:
        work(connection, Run(**run), lambda lines: say({"lines": lines}))


if __name__ == "__main__":
    answer(_rebuild)
