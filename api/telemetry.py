"""One log line and a few counters per request; what fails unexpectedly is logged here, and answered without a word."""

import re
import time
from typing import Final
from uuid import uuid4

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.metrics import Metrics
from api.problems import Problem
from api.trace import TRACE, Trace

CORRELATION: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
NUMBER: Final = re.compile(r"[0-9A-Fa-f]{32}|[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
HEADER: Final = b"x-request-id"
UNMATCHED: Final = "-"
CLIENT_GONE: Final = 499
"""What the log says when nobody was left to answer."""

log = structlog.stdlib.get_logger("ardoise.requests")


def correlation_of(scope: Scope) -> str:
    """The client's X-Request-Id when it is a plain word, one of ours otherwise."""
    for name, value in scope["headers"]:
        if name == HEADER:
            text: str = value.decode("latin-1")
            if CORRELATION.fullmatch(text):
                return text
            break
    return uuid4().hex


def recorded_as(correlation: str) -> str:
    """What the ledger and the access log keep of it: the same when it is a UUID, one of ours instead of a word."""
    return correlation if NUMBER.fullmatch(correlation) else uuid4().hex


def route_of(scope: Scope) -> str:
    """The template of the route, never the path: a path holds the identifiers of children."""
    return str(getattr(scope.get("route"), "path_format", UNMATCHED))


class Telemetry:
    """The outermost ASGI middleware: nothing goes in or out without its trace."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, then count it and log it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        correlation = correlation_of(scope)
        trace = scope[TRACE] = Trace(correlation=correlation, recorded=recorded_as(correlation))
        started = time.perf_counter()
        status = CLIENT_GONE

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = trace.correlation
                headers.setdefault("Cache-Control", "no-store")
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        with structlog.contextvars.bound_contextvars(correlation=trace.correlation):
            try:
                await self.app(scope, receive, answer)
            except Exception as error:
                self._failed(error, scope)
                trace.code = "unexpected"
                if status != CLIENT_GONE:
                    raise
                await Problem("unexpected", correlation=trace.correlation).answer()(scope, receive, answer)
            finally:
                self._answered(scope, trace, status, time.perf_counter() - started)

    def _failed(self, error: Exception, scope: Scope) -> None:
        self.metrics.failures.labels(type(error).__name__).inc()
        log.error("unexpected", route=route_of(scope), exc_info=error)

    def _answered(self, scope: Scope, trace: Trace, status: int, seconds: float) -> None:
        route = route_of(scope)
        self.metrics.observe(scope["method"], route, status, seconds, trace)
        log.info(
            "request",
            method=scope["method"] if len(scope["method"]) <= 16 else "other",
            route=route,
            status=status,
            ms=round(seconds * 1000, 2),
            waited_ms=round(trace.waited_seconds * 1000, 2),
            client=trace.client,
            role=trace.role,
            code=trace.code,
            hit=trace.hit,
            **({} if trace.recorded == trace.correlation else {"recorded": trace.recorded}),
        )
