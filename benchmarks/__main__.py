"""Runs the benchmarks that are named, `python -m benchmarks pages appends`, or every one but the long ones."""

import sys
from collections.abc import Callable, Mapping
from typing import Final

from benchmarks import access, appends, as_of, billing, history, http, lag, pages
from benchmarks.bench import fresh_database, say

BENCHMARKS: Final[Mapping[str, Callable[[str], None]]] = {
    "pages": pages.run,
    "appends": appends.run,
    "http": http.run,
    "access": access.run,
    "history": history.run,
    "lag": lag.run,
    "as-of": as_of.run,
    "billing": billing.run,
}

LONG: Final = ("history", "billing")
"""Minutes each: only when they are named."""


def main(names: list[str]) -> int:
    """0 when every benchmark ran; 2 when one of the names is not a benchmark."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        say(f"No benchmark is called {', '.join(unknown)}. Choose among: {', '.join(BENCHMARKS)}.")
        return 2
    for name in names or [name for name in BENCHMARKS if name not in LONG]:
        with fresh_database() as service_url:
            BENCHMARKS[name](service_url)
    return 0


sys.exit(main(sys.argv[1:]))
