"""A hub with one mail account and no quiet hours, the mail server behind it, and the loops of its worker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import time
from pathlib import Path

from aiosmtpd.smtp import SMTP
from pydantic import SecretStr

from channels.message import Kind
from hub.bootstrap import Hub, open_hub
from hub.campaigns import lifecycle
from hub.jobs import background, send, tick
from hub.models.vocabulary import CampaignState
from hub.settings import ChannelTable, GateTable, HubTable, Settings, WebTable

PATIENCE = 300  # seconds before a test that waits for something gives up


@asynccontextmanager
async def mail_server(inbox: object) -> AsyncIterator[int]:
    """The port of one that hands every mail to `inbox.handle_DATA` (see aiosmtpd)."""
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(inbox), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def hub_with(port: int, database_url: str, folder: Path, *, rate: float, burst: float) -> AsyncIterator[Hub]:
    """It sends through the mail server on `port`; the hour of the day decides nothing."""
    smtp = {"host": "127.0.0.1", "port": port, "security": "none"}
    mail = ChannelTable(kind=Kind.EMAIL, provider="smtp", rate=rate, burst=burst, address="hub@hub.example", smtp=smtp)  # type: ignore[call-arg]
    settings = Settings(
        hub=HubTable(data_dir=folder, secret=SecretStr("a secret for the tests, 32 bytes")),
        web=WebTable(),
        gate=GateTable(quiet_from=time(0), quiet_until=time(0), unknown_zone_from=time(0), unknown_zone_until=time(0)),
        channels={"mail": mail},
    )
    async with open_hub(settings, database_url) as hub:
        yield hub


@asynccontextmanager
async def working(hub: Hub) -> AsyncIterator[None]:
    """The worker's loops that send, keep the time and do what takes long; stopped as a worker is."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for loop in (send.run, tick.run, background.run):
            group.create_task(loop(hub, stop))
        try:
            yield
        finally:
            stop.set()


async def until(hub: Hub, reached: Callable[[], Awaitable[bool]]) -> None:
    """Wait for news from the database until it is so."""
    async with asyncio.timeout(PATIENCE), hub.live.subscribe() as news:
        while not await reached():
            await news.get()


async def until_state(hub: Hub, campaign: int, state: CampaignState) -> None:
    """Wait until a campaign is there."""

    async def there() -> bool:
        async with hub.database.unit() as session:
            return (await lifecycle.get(session, campaign)).state is state

    await until(hub, there)
