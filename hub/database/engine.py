"""Units of work. The only place in the hub where a transaction begins and ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

import asyncpg
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import configure_mappers
from sqlmodel.ext.asyncio.session import AsyncSession

from hub.database.outage import is_conflict

TRIES = 3  # of a unit that the database takes back for another's sake
_Made = TypeVar("_Made")
_LAST, _DRIVER = "at the end", "driver"  # what a session's `info` holds of ours
_SETTINGS = {"timezone": "UTC", "application_name": "contact-hub"}
# Statements of floods find rows by their keys. Planning one anew costs as much as twenty of its rows, and a plan of
# when a table was empty would read all of it.
_FLOOD = _SETTINGS | {"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off"}


class Database:
    """A pool of connections to one PostgreSQL (≥ 15)."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = url
        self.engine: AsyncEngine = create_async_engine(
            async_url(url),
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=True,
            hide_parameters=True,  # an error in a log must not quote what people wrote
            connect_args={"server_settings": _SETTINGS, "timeout": 10},
        )
        self._idle: list[asyncpg.Connection] = []  # of `alone`

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[AsyncSession]:
        """One transaction: committed when the block ends, rolled back when it raises. Nothing slow inside."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            yield session
            for work in session.info.get(_LAST, ()):
                await work()

    async def insisting(self, work: Callable[[AsyncSession], Awaitable[_Made]]) -> _Made:
        """What `work` makes in a unit; the same again when that was taken back so that another could go on."""
        for _ in range(TRIES - 1):
            try:
                async with self.unit() as session:
                    return await work(session)
            except DBAPIError as e:
                if not is_conflict(e):
                    raise
        async with self.unit() as session:
            return await work(session)

    async def alone(self, statement: str, *values: object) -> Sequence[Any]:
        """The rows of one statement ($1, $2) that is a transaction by itself: committed when this returns.

        For floods: no asking before whether the connection lives, no begin, no commit. As many connections as calls
        overlap, beside those of the pool. Raises what the driver raises, which `outage` understands as well.
        """
        connection = await self._open()
        try:
            rows = cast("Sequence[Any]", await connection.fetch(statement, *values, timeout=60))
        except BaseException:
            connection.terminate()
            raise
        self._idle.append(connection)
        return rows

    async def _open(self) -> asyncpg.Connection:
        while self._idle:
            if not (connection := self._idle.pop()).is_closed():
                return connection
        return await asyncpg.connect(self.url, timeout=10, server_settings=_FLOOD)

    async def close(self) -> None:
        while self._idle:
            self._idle.pop().terminate()
        await self.engine.dispose()


def at_the_end(session: AsyncSession, work: Callable[[], Awaitable[object]]) -> None:
    """Have this done when the unit's block has ended, right before the commit, in the order in which it was asked for.

    For what takes a lock that everybody waits for: whoever has it waits for nobody any more.
    """
    session.info.setdefault(_LAST, []).append(work)


async def fetch(session: AsyncSession, statement: str, *values: object) -> Sequence[Any]:
    """The rows of a statement in the driver's own words ($1, $2), inside the session's transaction.

    For the few that run thousands of times a second: SQLAlchemy takes five times as long to pass one on. Raises what
    the driver raises, which `outage` understands as well. What the session holds unwritten is written first.
    """
    if session.new or session.dirty or session.deleted:
        await session.flush()
    connection = await driver(session)
    if connection.is_in_transaction():
        return cast("Sequence[Any]", await connection.fetch(statement, *values))
    first = await (await session.connection()).exec_driver_sql(statement, values)  # the transaction begins with it
    return first.all() if first.returns_rows else []


async def driver(session: AsyncSession) -> asyncpg.Connection:
    """The driver's own connection, for as long as the unit lasts. SQLAlchemy begins with its own first statement."""
    if _DRIVER not in session.info:
        connection = await (await session.connection()).get_raw_connection()
        session.info[_DRIVER] = connection.driver_connection
    return cast("asyncpg.Connection", session.info[_DRIVER])


def know_tables() -> None:
    """Work out how the tables hang together, a tenth of a second's work, now rather than at the first query."""
    configure_mappers()


def async_url(url: str) -> str:
    """`postgresql://…` or `postgres://…` as SQLAlchemy's asyncpg dialect wants it."""
    parsed = make_url(url.replace("postgres://", "postgresql://", 1))
    return parsed.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


def connection_lost(connection: asyncpg.Connection) -> asyncio.Future[None]:
    """A future that is done when the server has gone away; nothing else tells a connection that only listens."""
    lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def tell(_connection: object) -> None:
        if not lost.done():
            lost.set_result(None)

    connection.add_termination_listener(tell)
    return lost
