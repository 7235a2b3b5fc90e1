"""What the orchestrator asks: is the process alive, may it be sent requests, how does it do."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, Final

import psycopg
from fastapi import APIRouter, FastAPI
from fastapi.responses import PlainTextResponse, Response
from psycopg_pool import PoolTimeout, TooManyRequests

from api import openapi, schemas_town
from api.answers import JSONAnswer
from api.metrics import CONTENT_TYPE, Metrics
from api.problems import Problem, retry_later
from ledger.postgres import Pool

READY_SECONDS: Final = 1.0
FREE_SECONDS: Final = 0.2
"""How long a connection of the commands is waited for."""

Probe = Callable[[], Awaitable[int]]
"""Asks the database for the version of its schema."""


class Readiness:
    """Whether requests may come: the database answers, its schema is ours, and no shutdown has begun."""

    def __init__(
        self,
        probe: Probe,
        *,
        schema: int,
        seconds: float = READY_SECONDS,
        has_keys: Callable[[], bool] = lambda: True,
        warnings: Callable[[], list[str]] = list,
    ) -> None:
        self._probe = probe
        self._warnings = warnings
        self._has_keys = has_keys
        self._schema = schema
        self._seconds = seconds
        self.draining = False

    async def check(self) -> dict[str, Any]:
        """What /readyz says; raises `not_ready` with the reason otherwise."""
        if self.draining:
            raise _not_ready("Le service s'arrête : les demandes en cours se terminent.")
        try:
            async with asyncio.timeout(self._seconds):
                found = await self._probe()
        except psycopg.errors.ReadOnlySqlTransaction as error:
            raise _not_ready("La base de données ne prend aucune écriture.") from error
        except Exception as error:  # whatever kept the database from answering, the answer is the same
            raise _not_ready("La base de données ne répond pas.") from error
        if found != self._schema:
            raise _not_ready(f"Le schéma de la base est en version {found}, la version {self._schema} est attendue.")
        if not self._has_keys():
            raise _not_ready("Aucune clé de l'émetteur des jetons n'a encore pu être lue.")
        return {"status": "ready", "schema": found, "warnings": self._warnings()}


def refuse_read_only(pool: Pool) -> None:
    """Raises ReadOnlySqlTransaction when commands cannot be written; where all connections are busy, they are.

    A connection that only reads is given up: what its successor may do is asked of the database anew.
    """
    with contextlib.suppress(PoolTimeout, TooManyRequests), pool.connection(timeout=FREE_SECONDS) as connection:
        row = connection.execute("SELECT current_setting('transaction_read_only')").fetchone()
        if row == ("on",):
            connection.close()
            raise psycopg.errors.ReadOnlySqlTransaction


def _not_ready(detail: str) -> Problem:
    problem = retry_later("not_ready", seconds=1)
    problem.detail = detail
    return problem


def health_router(readiness: Readiness, metrics: Metrics) -> APIRouter:
    """/livez, /readyz and /metrics: without a token, and never queued. Keep /metrics off the public address."""
    router = APIRouter(tags=["exploitation"], redirect_slashes=False)

    @router.get("/livez", summary="Le processus répond", responses=openapi.answered(200, schemas_town.Alive))
    async def livez() -> Response:
        return JSONAnswer({"status": "alive"})

    @router.get(
        "/readyz", summary="Le service peut recevoir des demandes", responses=openapi.answered(200, schemas_town.Ready)
    )
    async def readyz() -> Response:
        return JSONAnswer(await readiness.check())

    @router.get("/metrics", summary="Les compteurs, pour Prometheus", response_class=PlainTextResponse)
    async def scrape() -> Response:
        return Response(metrics.render(), media_type=CONTENT_TYPE)

    return router


def open_health(app: FastAPI, readiness: Readiness, metrics: Metrics) -> None:
    """Put the three on an application."""
    app.router.routes.extend(health_router(readiness, metrics).routes)
