"""A bounded queue in front of the handlers: a morning of openings waits its turn, and is told when it cannot.

uvicorn's own limit refuses whatever exceeds it at once; here a request waits, for a bounded time, in a bounded line.
"""

import asyncio
import time
from collections import deque
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import retry_later
from api.trace import trace_of

NOT_QUEUED: Final = frozenset({"/livez", "/readyz", "/metrics"})
RETRY_SECONDS: Final = 2
MOST_KEPT_BYTES: Final = 64 * 1024
"""How much of the body of a waiting request is read ahead, which is how its departure is noticed."""


class Places:
    """How many requests run and how many wait. First come, first served."""

    def __init__(self, *, running: int = 64, waiting: int = 512, patience_seconds: float = 5.0) -> None:
        assert running > 0, "nothing could ever run"
        assert waiting >= 0, "a line is not shorter than empty"
        self.most_running = running
        self.most_waiting = waiting
        self.patience_seconds = patience_seconds
        self.running = 0
        self._line: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """How many requests wait for a place."""
        return len(self._line)

    def take(self) -> bool:
        """Take a free place if there is one and nobody waits for it."""
        if self._line or self.running >= self.most_running:
            return False
        self.running += 1
        return True

    def stand(self) -> "asyncio.Future[None] | None":
        """A turn at the end of the line, done when a place is ours; None when the line is full."""
        if len(self._line) >= self.most_waiting:
            return None
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        return turn

    def give_up(self, turn: "asyncio.Future[None]") -> None:
        """Leave the line, and pass on the place that may have come meanwhile."""
        if turn.done():
            self.leave()
        else:
            self._line.remove(turn)

    def leave(self) -> None:
        """Hand the place to the next in line, or free it."""
        assert self.running > 0
        if self._line:
            self._line.popleft().set_result(None)
        else:
            self.running -= 1


class Queue:
    """ASGI middleware that admits requests to the places there are."""

    def __init__(self, app: ASGIApp, places: Places) -> None:
        self.app = app
        self.places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request when there is a place for it."""
        if scope["type"] != "http" or scope["path"] in NOT_QUEUED:
            await self.app(scope, receive, send)
            return
        admitted: Receive | None = receive
        if not self.places.take():
            turn = self.places.stand()
            if turn is None:
                await refuse(scope, receive, send)
                return
            admitted = await self._wait(turn, scope, receive, send)
        if admitted is None:
            return
        try:
            await self.app(scope, admitted, send)
        finally:
            self.places.leave()

    async def _wait(self, turn: "asyncio.Future[None]", scope: Scope, receive: Receive, send: Send) -> Receive | None:
        """Wait for a place; None when the client left, or was told to come back later."""
        started = time.perf_counter()
        kept: deque[Message] = deque()
        watcher = asyncio.create_task(_until_gone(receive, kept))
        try:
            await asyncio.wait(
                {turn, watcher}, timeout=self.places.patience_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            gone = watcher.done()
            if turn.done() and not gone:
                return _replay(kept, receive)
            self.places.give_up(turn)
        except asyncio.CancelledError:
            self.places.give_up(turn)
            raise
        finally:
            trace_of(scope).waited_seconds = time.perf_counter() - started
            watcher.cancel()
            await asyncio.gather(watcher, return_exceptions=True)
        if gone:
            trace_of(scope).code = "client_gone"
        else:
            await refuse(scope, receive, send)
        return None


async def _until_gone(receive: Receive, kept: deque[Message]) -> None:
    """Keep what the client sends, and return when it leaves. uvicorn's `receive` may be cancelled while it waits."""
    size = 0
    while True:
        if size > MOST_KEPT_BYTES:
            await asyncio.Event().wait()
        message = await receive()
        kept.append(message)
        size += len(message.get("body", b"")) + 1
        if message["type"] == "http.disconnect":
            return


def _replay(kept: deque[Message], receive: Receive) -> Receive:
    async def replaying() -> Message:
        return kept.popleft() if kept else await receive()

    return replaying


async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Say that there is no place, and when to come back."""
    problem = retry_later("overloaded", seconds=RETRY_SECONDS)
    trace_of(scope).code = problem.code
    await problem.answer()(scope, receive, send)
