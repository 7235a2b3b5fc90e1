"""The only place of the house that asks what time it is; the demo and the tests put another clock in its place."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request

Clock = Callable[[], datetime]
"""An aware instant, in UTC, each time it is called."""


def utc_now() -> datetime:
    """The time of the machine."""
    return datetime.now(UTC)


async def now(request: Request) -> datetime:
    """The instant this request is handled at, by the clock the application was given."""
    clock: Clock = request.app.state.clock
    instant = clock()
    assert instant.tzinfo is not None, "a clock gives aware instants"
    return instant.astimezone(UTC)


Now = Annotated[datetime, Depends(now)]
