"""Background jobs: the only module that names the job library (PgQueuer, see docs/decisions)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

import asyncpg
import structlog
from pgqueuer import PgQueuer
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.core.executors import DatabaseRetryEntrypointExecutor, EntrypointExecutorParameters
from pgqueuer.models import Job
from pgqueuer.queries import Queries
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.database.engine import connection_lost

Body = Callable[[Mapping[str, Any]], Awaitable[None]]

# A line for each job that was given up; for the doctor.
GIVEN_UP = "select q.entrypoint || ' ' || q.id from pgqueuer q where q.status = 'failed'"
# Where the library keeps what a job was told and what went wrong with it, as text; for erasing a person.
SAYS = {
    "pgqueuer": "convert_from(coalesce(payload, ''), 'UTF8')",
    "pgqueuer_log": "coalesce(traceback::text, '')",
}
GRACE = 10.0  # seconds that a job has to end when the worker stops; then it is broken off, and done again elsewhere
TRIES, LONGEST_PAUSE = 20, timedelta(hours=1)  # 1, 2, 4 … seconds apart: given up after about nine hours

_LOCK = 0x51756575
_log = structlog.get_logger("queue")


async def install(url: str) -> None:
    """Create or upgrade the library's own tables. Safe to call at every start, from several processes."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("select pg_advisory_lock($1)", _LOCK)
        queries = Queries(AsyncpgDriver(connection))
        if await queries.schema_is_installed():
            await queries.upgrade()
        else:
            await queries.install()
    finally:
        await connection.close()


async def enqueue(
    session: AsyncSession,
    name: str,
    *,
    payload: Mapping[str, object],
    dedupe: str | None = None,
    after: timedelta | None = None,
) -> None:
    """Add a job in the caller's transaction: no commit, no job.

    `dedupe` drops this call while a job with the same key is queued *or running*: right for "never twice at a time",
    wrong as a doorbell for work that may arrive while the job is ending.
    """
    raw = await (await session.connection()).get_raw_connection()
    queries = Queries(AsyncpgDriver(raw.driver_connection))
    body = json.dumps(payload, default=str).encode()
    await queries.enqueue(name, body, execute_after=after, dedupe_key=dedupe, on_conflict="skip")


async def run(url: str, bodies: Mapping[str, Body], stop: asyncio.Event, *, grace: float = GRACE) -> None:
    """Work off jobs until `stop`. A lost connection is opened again; a failing job is tried again for hours.

    What has not ended `grace` seconds after `stop` is cancelled, and waits for another worker.
    """
    while not stop.is_set():
        try:
            await _run_once(url, bodies, stop, grace)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as e:
            _log.warning("queue connection lost", error=str(e))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 2)


async def _run_once(url: str, bodies: Mapping[str, Body], stop: asyncio.Event, grace: float) -> None:
    connection = await asyncpg.connect(url)
    try:
        jobs = PgQueuer.from_asyncpg_connection(connection)
        for name, body in bodies.items():
            jobs.entrypoint(name, executor_factory=_retrying, on_failure="hold")(_decoding(body, stop, grace))
        stopping = asyncio.create_task(_pass_on(stop, jobs.shutdown))
        lost = connection_lost(connection)
        running = asyncio.create_task(jobs.run(dequeue_timeout=timedelta(seconds=5)))
        await asyncio.wait({running, lost}, return_when=asyncio.FIRST_COMPLETED)
        jobs.shutdown.set()
        stopping.cancel()
        await running
    finally:
        with suppress(Exception):
            await connection.close(timeout=2)


def _retrying(parameters: EntrypointExecutorParameters) -> DatabaseRetryEntrypointExecutor:
    return DatabaseRetryEntrypointExecutor(parameters=parameters, max_attempts=TRIES, max_delay=LONGEST_PAUSE)


def _decoding(body: Body, stop: asyncio.Event, grace: float) -> Callable[[Job], Awaitable[None]]:
    async def work(job: Job) -> None:
        async with asyncio.timeout(None) as limit:
            limiting = asyncio.create_task(_limit(limit, stop, grace))
            try:
                await body(json.loads(job.payload or b"{}"))
            finally:
                limiting.cancel()

    return work


async def _limit(limit: asyncio.Timeout, stop: asyncio.Event, grace: float) -> None:
    await stop.wait()
    limit.reschedule(asyncio.get_running_loop().time() + grace)


async def _pass_on(stop: asyncio.Event, shutdown: asyncio.Event) -> None:
    await stop.wait()
    shutdown.set()
