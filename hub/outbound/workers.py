"""Which workers live. Each holds a lock of the database for as long as its process does, so one that was killed is
missed in seconds instead of when its leases run out (fault F1).

A lock that is free proves little by itself: a worker whose connection broke takes it again after a moment, and a
database that has just come back knows of no locks at all. So `dead` is asked twice before anybody is buried, and a
database in its first half minute is not believed. A frozen worker keeps its lock: for that there is the lease.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from collections.abc import Collection
from contextlib import suppress

import asyncpg
import structlog
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.database.engine import connection_lost

_log = structlog.get_logger("workers")

_CLASS = 7_305  # the first half of every worker's lock; the second is made of its name
_TROUBLE = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
_AGAIN = 1.0  # seconds until a lost connection is tried again
YOUNG = 30.0  # seconds in which workers come back to a database that was away

_HOLD = f"select pg_advisory_lock_shared({_CLASS}, hashtext($1))"
_LEAVE = """
delete from worker where name = $1 and not exists (select from outbox where worker = $1)
and not exists (select from raw_message where state = 'received' and split_part(reader, '/', 1) = $1)
"""
_ENROL = "insert into worker (name, started_at) values ($1, clock_timestamp()) on conflict (name) do nothing"
_DEAD = text(f"""
select w.name from worker w
where pg_postmaster_start_time() < clock_timestamp() - make_interval(secs => :young) and not exists (
  select from pg_locks l
  where l.locktype = 'advisory' and l.granted and l.classid = {_CLASS}
    and l.database = (select oid from pg_database where datname = current_database())
    and cast(l.objid as bigint) = cast(hashtext(w.name) as bigint) & 4294967295)
""")  # noqa: S608
_BURY = text("""
with gone as (delete from worker where name = any(:names)),
mails as (
  update raw_message set next_try_at = clock_timestamp(), reader = ''
  where state = 'received' and split_part(reader, '/', 1) = any(:names))
update outbox set lease_until = clock_timestamp()
where lease_until is not null and worker = any(:names)
""")


def name() -> str:
    """For a new worker. No other has it: in containers every process is number 1 of the same host."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


async def hold(url: str, name: str) -> None:
    """Be known as alive until cancelled, whatever becomes of the connection."""
    while True:
        try:
            await _hold_once(url, name)
        except _TROUBLE as e:
            _log.warning("not known as alive for now", worker=name, error=str(e))
        await asyncio.sleep(_AGAIN)


async def _hold_once(url: str, name: str) -> None:
    connection = await asyncpg.connect(url, timeout=10)
    try:
        lost = connection_lost(connection)
        await connection.execute(_HOLD, name)
        await connection.execute(_ENROL, name)
        await lost
    except asyncio.CancelledError:
        with suppress(*_TROUBLE):  # whatever becomes of the farewell, who was told to stop stops
            await connection.execute(_LEAVE, name, timeout=2)  # a good end: nobody has to look for what it left
        raise
    finally:
        connection.terminate()


async def dead(session: AsyncSession, *, young: float = YOUNG) -> set[str]:
    """Names of workers that were known as alive and whose locks nobody holds; none while the database is `young`."""
    return set((await session.execute(_DEAD, {"young": young})).scalars())


async def bury(session: AsyncSession, names: Collection[str]) -> None:
    """They do not come back: their leases end now, and `settling.expire` decides about what they were sending.

    Mails that they were reading are read by others.
    """
    if names:
        await session.execute(_BURY, {"names": list(names)})
        _log.warning("workers are gone", names=sorted(names))
