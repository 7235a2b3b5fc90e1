"""Builds the application out of its parts, which are given: the composition root opens pools, this hangs the doors."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import structlog
from anyio import to_thread
from fastapi import APIRouter, FastAPI
from prometheus_client.registry import Collector

from api import handlers, openapi
from api.authorisation import OPERATIONS, Rights
from api.clock import Clock, utc_now
from api.development import ISSUER, WARNING
from api.door import open_doors
from api.health import Readiness, open_health
from api.keys import KeyRing
from api.metrics import Metrics
from api.once import AnsweredBefore, on_answered_before
from api.queue import Places, Queue
from api.telemetry import Telemetry
from api.tokens import TokenChecker

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

THREADS: Final = 16
log = structlog.stdlib.get_logger("ardoise.house")


@dataclass(frozen=True, kw_only=True)
class House:
    """What an application is made of."""

    routers: Iterable[APIRouter]
    """Each made by `doors(...)`."""
    ring: KeyRing
    readiness: Readiness
    rights: Mapping[str, Rights] = field(default_factory=lambda: OPERATIONS)
    """Who may do what; every route has its line."""
    clock: Clock = utc_now
    """The time of the ledger: the demo and the tests set it. Resources read it as `Now`."""
    token_clock: Clock = utc_now
    """The time tokens are judged by: the machine's, even when the ledger lives in another year."""
    places: Places = field(default_factory=Places)
    lifespan: Lifespan | None = None
    """Opens and closes the pools; may put them on `app.state`."""
    collectors: Iterable[Collector] = ()
    """What /metrics shows besides the requests."""
    threads: int = THREADS
    """Worker threads of commands: as many as pool connections."""


def build(house: House) -> FastAPI:
    """The application, ready for a server."""
    app = FastAPI(
        title="Ardoise",
        lifespan=_lifespan(house),
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    metrics = Metrics(house.places)
    for collector in house.collectors:
        metrics.registry.register(collector)
    app.state.clock = house.clock
    app.state.tokens = TokenChecker(house.ring, clock=house.token_clock)
    app.state.readiness = house.readiness
    app.state.metrics = metrics
    handlers.install(app)
    app.add_exception_handler(AnsweredBefore, on_answered_before)
    open_doors(app, house.routers, house.rights)
    open_health(app, house.readiness, metrics)
    openapi.describe(app)
    app.add_middleware(Queue, places=house.places)
    app.add_middleware(Telemetry, metrics=metrics)
    return app


def _lifespan(house: House) -> Lifespan:
    @asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[None]:
        to_thread.current_default_thread_limiter().total_tokens = house.threads
        if any(key.issuer == ISSUER for key in house.ring.keys):
            log.warning("development_key", warning=WARNING)
        await to_thread.run_sync(house.ring.start)
        try:
            if house.lifespan is None:
                yield
            else:
                async with house.lifespan(app):
                    yield
        finally:
            house.ring.close()

    return living
