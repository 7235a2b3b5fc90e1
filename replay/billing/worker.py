"""One process of a draft: told which run it is of, it says how many households it has done."""

from collections.abc import Callable

from replay.billing.runs import Run, connected
from replay.billing.work import work
from replay.workers import Said, answer


def _bill(asked: Said, say: Callable[[Said], None]) -> None:
    """Works until no slice is left."""
    conninfo = asked.pop("conninfo")
    run = Run(**asked)
    with connected(conninfo, run.commune) as connection:
        work(connection, run, lambda households: say({"households": households}))


if __name__ == "__main__":
    answer(_bill)
