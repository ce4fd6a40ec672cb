"""Units of work. The only place in the hub where a transaction begins and ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession


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
            connect_args={"server_settings": {"timezone": "UTC", "application_name": "contact-hub"}, "timeout": 10},
        )

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[AsyncSession]:
        """One transaction: committed when the block ends, rolled back when it raises. Nothing slow inside."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    async def close(self) -> None:
        await self.engine.dispose()


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
