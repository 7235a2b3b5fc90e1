"""The composition root: the only place that knows every part, and how they are put together."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import psycopg
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from api import (
    activations,
    attendance,
    calendar,
    checkpoints,
    children,
    custody,
    decisions,
    demandes,
    documents,
    erasures,
    family_history,
    family_keys,
    feed,
    formalities,
    guardians,
    history,
    households,
    me,
    meals,
    opening,
    people,
    quotients,
    reads,
    tariff_status,
    town,
)
from api.access import Recorder, open_access_pool
from api.asking import AsyncPool, Reader
from api.attempts import Attempts
from api.background import background
from api.billing import collections, lines, mandates, months, papers, payers, prices, titres
from api.billing.drafting import Drafts
from api.clock import Clock, utc_now
from api.development import DevelopmentKey
from api.health import Readiness, refuse_read_only
from api.house import House, build
from api.issuers import trusted_issuers
from api.keys import KeyRing, refuse_unreadable
from api.queue import Places
from ledger.database import open_async_pool, open_pool, service_conninfo
from ledger.migrate import LATEST
from ledger.postgres import Pool, PostgresStore
from ledger.settings import Settings
from projections.inline import project
from replay.erasures import settle
from replay.sealing.notary import Notary
from replay.unwritten import refuse_unwritten
from vault.journal import Journal, Journaled
from vault.key_file import ring_for
from vault.people import Vault

ROUTERS = (
    me.router,
    children.router,
    calendar.router,
    custody.router,
    demandes.router,
    history.router,
    decisions.router,
    formalities.router,
    quotients.router,
    tariff_status.router,
    meals.router,
    payers.router,
    mandates.router,
    collections.router,
    papers.router,
    households.router,
    guardians.router,
    family_keys.router,
    activations.router,
    people.router,
    reads.router,
    family_history.router,
    documents.router,
    erasures.router,
    feed.router,
    checkpoints.router,
    attendance.router,
    town.router,
    opening.router,
    prices.router,
    months.router,
    lines.router,
    titres.router,
)
_SCHEMA = "SELECT max(number) FROM ardoise.schema_migrations"


def key_ring(settings: Settings) -> KeyRing:
    """The keys tokens are believed from: those of the configured issuers, or the development key."""
    if settings.development_key:
        return KeyRing(fixed=[DevelopmentKey.open(settings.data).public])
    issuers = trusted_issuers(settings)
    refuse_unreadable(issuers, variable="ARDOISE_ISSUERS_FILE" if settings.issuers_file else "ARDOISE_JWKS")
    return KeyRing(issuers)


class _Pools:
    """The connections of a running application."""

    def __init__(self) -> None:
        self.reads: AsyncPool | None = None
        self.writes: Pool | None = None
        self._check: asyncio.Task[None] | None = None
        self._prober = CapacityLimiter(1)

    def heal(self) -> None:
        """Looks for the connections that died with one that was found dead: each would cost a request otherwise."""
        if self._check is None or self._check.done():
            self._check = asyncio.create_task(self._checked())

    async def _checked(self) -> None:
        assert self.reads is not None
        assert self.writes is not None
        with contextlib.suppress(psycopg.Error):
            await self.reads.check()
            await run_in_threadpool(self.writes.check)

    async def schema(self) -> int:
        """The version of the schema, as the database tells it; raises ReadOnlySqlTransaction where it only reads."""
        assert self.reads is not None
        assert self.writes is not None
        async with self.reads.connection() as connection:
            row = await (await connection.execute(_SCHEMA)).fetchone()
        assert row is not None
        await run_sync(refuse_read_only, self.writes, limiter=self._prober)
        return int(row[0])


def application(settings: Settings, service_url: str, *, clock: Clock = utc_now) -> FastAPI:
    """The service on a database that `check_database` accepted."""
    pools, ring, vault_ring = _Pools(), key_ring(settings), ring_for(settings, service_url)
    journal = Journal.open(settings)
    notary = Notary.open(settings)
    beside = background(settings, service_url, clock=clock, notary=notary)
    with psycopg.connect(service_conninfo(service_url, settings), autocommit=True) as connection:
        notary.refuse_older(connection)
        refuse_unwritten(journal, connection)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # Closed from the last to the first, each whatever becomes of the others.
        async with AsyncExitStack() as opened:
            pools.writes = writes = open_pool(service_url, settings)
            opened.callback(writes.close)
            pools.reads = await open_async_pool(service_url, settings)
            opened.push_async_callback(pools.reads.close)
            store = PostgresStore(writes, project=project)
            await run_in_threadpool(erasures.forget_again, journal, store, writes, now=clock())
            app.state.store = Journaled(store, journal, partial(settle, pool=writes))
            app.state.reader = Reader(pools.reads)
            reads_log = await open_access_pool(service_url, settings)
            opened.push_async_callback(reads_log.close)
            app.state.access = Recorder(reads_log)
            app.state.examiners = CapacityLimiter(documents.MOST_EXAMINED)
            app.state.vault = Vault(vault_ring, writes)
            app.state.attempts = Attempts(writes)
            app.state.drafts = Drafts(writes)
            app.state.heal = pools.heal
            app.state.notary = notary
            app.state.unreadable = {}  # checkpoints that were told to be: once, and not to each who asks
            beside.start()
            opened.push_async_callback(run_in_threadpool, beside.stop)
            yield

    return build(
        House(
            routers=ROUTERS,
            ring=ring,
            readiness=Readiness(pools.schema, schema=LATEST, has_keys=lambda: ring.ready, warnings=beside.warnings),
            clock=clock,
            places=Places(
                running=settings.pool_size + settings.read_pool_size,
                waiting=settings.queue_size,
                patience_seconds=settings.queue_seconds,
            ),
            lifespan=lifespan,
            collectors=(beside,),
            threads=settings.pool_size,
        )
    )
