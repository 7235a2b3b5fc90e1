"""uvicorn with the bounds it does not have: on headers, on slow clients, and on the time a shutdown may take."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from api.health import Readiness
from api.problems import CONTENT_TYPE, Problem

LARGEST_HEADERS_BYTES: Final = 16 * 1024
MOST_HEADERS: Final = 64
HEADERS_SECONDS: Final = 10.0
KEEP_ALIVE_SECONDS: Final = 15
DRAIN_SECONDS: Final = 20
BACKLOG: Final = 2048


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 in which the address and the headers of a request are bounded in size, in number and in time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reading_headers = True
        self._headers_bytes = 0
        self._too_large = False
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock: a connection that says nothing is closed too."""
        super().connection_made(transport)
        self._deadline = self.loop.call_later(HEADERS_SECONDS, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what arrives until the headers are complete; httptools would keep all of it."""
        self._headers_bytes += len(data)
        super().data_received(data)
        if self._reading_headers and self._headers_bytes > LARGEST_HEADERS_BYTES and not self.transport.is_closing():
            self._too_large = True
            self.send_400_response("")

    def on_message_begin(self) -> None:
        """A new request begins on this connection."""
        super().on_message_begin()
        self._reading_headers = True
        if self._deadline is None:
            self._deadline = self.loop.call_later(HEADERS_SECONDS, self._too_slow)

    def on_headers_complete(self) -> None:
        """Refuse headers that came in one piece but are too many; the exception makes the parser stop."""
        self._stop_clock()
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > LARGEST_HEADERS_BYTES or len(self.headers) > MOST_HEADERS:
            self._too_large = True
            raise ValueError("headers too large")
        self._reading_headers = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The next bytes belong to another request."""
        self._headers_bytes = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn gives its own words
        """Answer what cannot be parsed as a problem, like everything else."""
        problem = Problem("headers_too_large" if self._too_large else "malformed_http")
        body = problem.body()
        head = f"content-type: {CONTENT_TYPE}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(STATUS_LINE[problem.status] + head.encode() + body)
        self.transport.close()

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.close()


class Server(uvicorn.Server):
    """Stops in three steps: say so on /readyz, finish what runs within a bound, leave with code 0."""

    def __init__(self, config: uvicorn.Config, readiness: Readiness | None, notice_seconds: float) -> None:
        super().__init__(config)
        self._readiness = readiness
        self._notice_seconds = notice_seconds
        self._exit_at: float | None = None

    def stop(self) -> None:
        """Begin the shutdown; may be called from another thread."""
        if self._readiness is not None:
            self._readiness.draining = True
        if self._exit_at is None:
            self._exit_at = time.monotonic() + self._notice_seconds
        if not self._notice_seconds:
            self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """A first signal drains; a second one does not wait any longer."""
        if self._exit_at is not None:
            self.should_exit = self.force_exit = True
        self.stop()

    async def on_tick(self, counter: int) -> bool:
        """Leave once the load balancer has had time to read /readyz."""
        if self._exit_at is not None and time.monotonic() >= self._exit_at:
            self.should_exit = True
        return await super().on_tick(counter)


def server(
    app: FastAPI, host: str, port: int, *, notice_seconds: float = 0.0, drain_seconds: int = DRAIN_SECONDS
) -> Server:
    """A server for an application; our own logging stays as it was configured."""
    config = uvicorn.Config(
        app,
        host,
        port,
        loop="uvloop",
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=drain_seconds,
    )
    return Server(config, getattr(app.state, "readiness", None), notice_seconds)


def serve(
    app: FastAPI, host: str, port: int, *, notice_seconds: float = 0.0, drain_seconds: int = DRAIN_SECONDS
) -> bool:
    """Serve until a signal asks to stop; False when the server could not start."""
    running = server(app, host, port, notice_seconds=notice_seconds, drain_seconds=drain_seconds)
    try:
        running.run()
    except SystemExit:  # uvicorn's way of saying that it could not listen there; it has logged why
        return False
    return running.started


@contextmanager
def running_server(app: FastAPI, host: str = "127.0.0.1") -> Iterator[str]:
    """The address of a real server on a free port, in a thread, for the tests and the demo."""
    running = server(app, host, 0, drain_seconds=5)
    thread = threading.Thread(target=running.run, name="ardoise-server", daemon=True)
    thread.start()
    try:
        while not running.started:
            if not thread.is_alive():
                raise RuntimeError("the server did not start")
            time.sleep(0.005)
        port = running.servers[0].sockets[0].getsockname()[1]
        yield f"http://{host}:{port}"
    finally:
        running.stop()
        thread.join(15)
        assert not thread.is_alive(), "the server did not stop"
