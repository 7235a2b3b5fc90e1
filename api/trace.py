"""What one request leaves behind it for the log and the counters: never a name, a path or a body."""

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any, Final

TRACE: Final = "ardoise.trace"


@dataclass(slots=True)
class Trace:
    """Filled in as the request goes through the doors; read once, when it has been answered."""

    correlation: str
    """What the client calls the request when it said so: for its answer, and for the log, which ends."""
    recorded: str
    """The same for what stays: a number, never a word somebody chose."""
    client: str | None = None
    role: str | None = None
    code: str | None = None
    """The problem or refusal code of the answer, when there is one."""
    hit: bool = False
    """Whether the answer is the stored answer of an earlier command with the same key."""
    waited_seconds: float = 0.0


def trace_of(scope: MutableMapping[str, Any]) -> Trace:
    """The trace of a request; a request that came by no telemetry gets one of its own."""
    found = scope.get(TRACE)
    if not isinstance(found, Trace):
        found = Trace(correlation="-", recorded="-")
        scope[TRACE] = found
    return found
