"""The stage of the demo: the sandbox, the web server and a worker around one opened hub, and the sample company."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import aiohttp
from sqlmodel.ext.asyncio.session import AsyncSession

from hub import bootstrap, clock
from hub.bootstrap import Hub
from hub.cli.demo import company, marketing, office, past, planned
from hub.cli.running import command, demand_port, stop_signal, supervise
from hub.cli.sandbox import World, running_world
from hub.models.vocabulary import Role
from hub.settings import Settings
from hub.staff import accounts

READY_SECONDS = 60
ADMIN = "admin@meadow.example"
AGENT = "maria@meadow.example"
MARKETER = "marta@meadow.example"
COLLEAGUE = "ivan@meadow.example"
LEAD = "sofia@meadow.example"
AGENT_PHONE = "+48501770014"  # its last digits: it answers and presses 1
_STAFF = (
    (ADMIN, "Adam Nowicki", Role.ADMIN, None),
    (AGENT, "Maria Petrova", Role.AGENT, AGENT_PHONE),
    (COLLEAGUE, "Ivan Georgiev", Role.AGENT, None),
    (LEAD, "Sofia Dimitrova", Role.SUPERVISOR, None),
    (MARKETER, "Marta Lis", Role.MARKETER, None),
)

# The story has to be told at any hour of the night; equal times mean that no hour is quiet.
NO_QUIET_HOURS: Mapping[str, str] = {
    "HUB_GATE__QUIET_FROM": "00:00",
    "HUB_GATE__QUIET_UNTIL": "00:00",
    "HUB_GATE__UNKNOWN_ZONE_FROM": "00:00",
    "HUB_GATE__UNKNOWN_ZONE_UNTIL": "00:00",
}
# So that a dry run and the reports tell what a campaign costs; nobody is asked for it.
PRICES: Mapping[str, str] = {"HUB_CHANNELS__SMS__PRICE": "0.05", "HUB_CHANNELS__VOICE__PRICE": "0.12"}


@dataclass(frozen=True, slots=True)
class Theatre:
    """`fresh`: this data folder has never seen the story."""

    hub: Hub
    world: World
    password: str
    fresh: bool
    stop: asyncio.Event

    async def stopped(self) -> None:
        await self.stop.wait()


def apart(folder: Path) -> dict[str, str]:
    """The environment of a demo that disturbs no other: its own data folder and free ports."""
    web, smtp, imap, http = _free_ports(4)
    return {
        "HUB_HUB__DATA_DIR": str(folder),
        "HUB_HUB__PUBLIC_URL": f"http://127.0.0.1:{web}",
        "HUB_WEB__PORT": str(web),
        "HUB_CHANNELS__MAIL__SMTP__PORT": str(smtp),
        "HUB_CHANNELS__MAIL__IMAP__PORT": str(imap),
        "HUB_CHANNELS__SMS__BASE_URL": f"http://127.0.0.1:{http}",
        "HUB_CHANNELS__VOICE__BASE_URL": f"http://127.0.0.1:{http}",
    }


@asynccontextmanager
async def setting(settings: Settings, url: str, config: Path | None) -> AsyncIterator[Theatre]:
    """Everything running and ready; stopped in order at the end. Raises ConfigurationError when a port is taken."""
    demand_port(settings)
    stop = stop_signal()
    async with AsyncExitStack() as stack:
        await bootstrap.prepare(url)
        world = await stack.enter_async_context(running_world(settings))
        hub = await stack.enter_async_context(bootstrap.open_hub(settings, url))
        password, fresh = await _people(hub)
        world.introduce({**company.names(clock.now()), AGENT_PHONE: "Maria Petrova (agent)"})
        commands = {name: command(name, config) for name in ("web", "worker")}
        processes = asyncio.create_task(
            supervise(commands, stop, settings=settings, log=settings.hub.data_dir / "demo.log")
        )
        stack.push_async_callback(_end, processes, stop)
        await _ready(settings.hub.public_url, processes)
        yield Theatre(hub, world, password, fresh, stop)


async def _end(processes: asyncio.Task[None], stop: asyncio.Event) -> None:
    stop.set()
    with suppress(asyncio.CancelledError):
        await processes


async def _people(hub: Hub) -> tuple[str, bool]:
    """The staff and the customers, once; the password is kept beside the data for the next start."""
    file = hub.settings.hub.data_dir / "demo.json"
    if file.exists():
        return str(json.loads(file.read_text())["password"]), False
    password, now = secrets.token_urlsafe(9), clock.now()
    async with hub.database.unit() as session:
        numbers = await _employ(session, password, hub.settings.hub.timezone, now)
        await company.load(session, now=now)
        await office.load(session, agent=numbers[AGENT], colleague=numbers[COLLEAGUE], lead=numbers[LEAD], now=now)
        await marketing.load(session, marketer=numbers[MARKETER], now=now)
        await past.buy(session, now=now)
        await planned.load(session, marketer=numbers[MARKETER], gate=hub.gate, now=now)
    await past.read(hub, now=now)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as f:
        json.dump({"password": password}, f)
    return password, True


async def _employ(session: AsyncSession, password: str, timezone: str, now: datetime) -> dict[str, int]:
    """All with the same password; the account's number by its address."""
    numbers: dict[str, int] = {}
    for email, name, role, phone in _STAFF:
        made = await accounts.create(
            session, email=email, name=name, role=role, password=password, phone=phone, timezone=timezone, now=now
        )
        numbers[email] = made.id or 0
    return numbers


async def _ready(public_url: str, processes: asyncio.Task[None]) -> None:
    """Wait until the web server answers; raises what ended the processes, or TimeoutError."""
    async with asyncio.timeout(READY_SECONDS), aiohttp.ClientSession() as client:
        while True:
            if processes.done():
                processes.result()
            with suppress(aiohttp.ClientError):
                async with client.get(f"{public_url}/health/ready") as response:
                    if response.status == 200:
                        return
            await asyncio.sleep(0.1)


def _free_ports(count: int) -> list[int]:
    """Ports that are free now; held together so that none comes twice."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
