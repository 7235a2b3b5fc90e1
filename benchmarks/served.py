"""A process to measure: the service, or the least a FastAPI route can do with the same server and database."""

import asyncio
import logging
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
from fastapi import FastAPI
from fastapi.responses import Response

from api import logs
from api.access import Recorder
from api.server import serve
from api.service import application
from ledger.database import open_async_pool
from ledger.settings import Settings


def floor(settings: Settings, service_url: str) -> FastAPI:
    """One question to the database per request, and nothing else."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.pool = await open_async_pool(service_url, settings)
        yield
        await app.state.pool.close()

    app = FastAPI(lifespan=lifespan)

    @app.get("/one")
    async def one() -> Response:
        async with app.state.pool.connection() as connection:
            row = await (await connection.execute("SELECT 1")).fetchone()
        return Response(orjson.dumps({"one": row[0]}), media_type="application/json")

    @app.get("/livez")
    async def livez() -> Response:
        await asyncio.sleep(0)
        return Response(b"{}", media_type="application/json")

    return app


async def cpu() -> Response:
    """What the process worked so far: whoever else runs on the machine has no part in it."""
    return Response(orjson.dumps({"seconds": time.process_time()}), media_type="application/json")


async def unlogged(*_: object) -> None:
    """In place of the access log, to measure what it costs; nothing but a benchmark may do this."""


def main(kind: str, service_url: str, data: str, port: str) -> None:
    """Serve until a signal asks to stop."""
    settings = Settings(database_url=service_url, data=Path(data), development=True)
    logs.configure(level=logging.INFO)
    if kind == "unlogged":
        Recorder.write = unlogged  # type: ignore[method-assign]
    app = floor(settings, service_url) if kind == "floor" else application(settings, service_url)
    app.add_api_route("/cpu", cpu)
    serve(app, "127.0.0.1", int(port))


if __name__ == "__main__":
    main(*sys.argv[1:])
