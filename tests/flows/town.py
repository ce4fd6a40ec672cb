"""A whole town: the hub with its web server and its worker, and the outside world that it talks to, in one loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import uvicorn
from sqlmodel import col, select

from channels.message import Kind
from channels.sandbox.mail import Account
from channels.sandbox.resources import CompanyNumber
from channels.sandbox.world import SandboxSettings, World
from hub import clock
from hub.app import create_app
from hub.bootstrap import Hub, open_hub
from hub.customers import directory
from hub.interactions import partitions
from hub.jobs import worker
from hub.models import Interaction
from hub.models.vocabulary import Origin, Purpose, Role
from hub.outbound import request
from hub.settings import Settings
from hub.staff import accounts

SID, TOKEN = "AC" + "0123456789abcdef" * 2, "the sandbox's token"
OURS, TEXTS, CALLS = "support@meadow.example", "+48732230001", "+48732230002"
PASSWORD = "correct horse battery staple"
AT_ANY_HOUR: Mapping[str, str] = {
    "quiet_from": "00:00",
    "quiet_until": "00:00",
    "unknown_zone_from": "00:00",
    "unknown_zone_until": "00:00",
}
PATIENCE = 60  # seconds before a test that waits for something gives up

T = TypeVar("T")


@dataclass(frozen=True)
class Town:
    """`url` is where the hub's web server answers."""

    hub: Hub
    world: World
    url: str

    async def customer(self, name: str, *, email: str = "", phone: str = "") -> UUID:
        new = directory.NewCustomer(
            name, emails=(email,) if email else (), phones=(phone,) if phone else (), timezone="UTC"
        )
        async with self.hub.database.unit() as session:
            return (await directory.create(session, new, now=clock.now())).id

    async def staff(self, role: Role = Role.ADMIN, name: str = "Ada", *, called: str = "") -> int:
        """`called`: what stands before the @ of their address; their role, if nothing is said."""
        async with self.hub.database.unit() as session:
            email = f"{called or role}@meadow.example"
            staff = await accounts.create(
                session, email=email, name=name, role=role, password=PASSWORD, now=clock.now()
            )
            return staff.id or 0

    async def say(self, customer: UUID, kind: Kind, text: str) -> request.Answer:
        """An agent's words, put into the outbox."""
        words = request.Words(text, subject="Hello" if kind is Kind.EMAIL else "")
        asked = request.Request(customer, Purpose.SERVICE, Origin.AGENT, words, kinds=(kind,))
        async with self.hub.database.unit() as session:
            return await request.send(session, asked, gate=self.hub.gate, now=clock.now())

    async def log(self) -> list[Interaction]:
        """Every interaction, oldest first."""
        async with self.hub.database.unit() as session:
            return list(await session.exec(select(Interaction).order_by(col(Interaction.id))))

    async def until(self, truth: Callable[[], Awaitable[T]], *, seconds: float = PATIENCE) -> T:
        """The first true answer; asked again whenever the hub announces that something happened."""
        async with asyncio.timeout(seconds), self.hub.live.subscribe() as happenings:
            while not (found := await truth()):
                await happenings.get()
            return found


@asynccontextmanager
async def town(
    database_url: str, folder: Path, *, rate: float = 500.0, gate: Mapping[str, Any] = AT_ANY_HOUR
) -> AsyncIterator[Town]:
    """Everything but the worker runs inside the block; see `working`. `rate`: of every channel, messages a second.

    `gate`: as the table of that name in the settings.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        world = World(_outside(url))
        await world.start()
        try:
            async with (
                open_hub(_settings(world, url, folder, rate, gate), database_url) as hub,
                serving(hub, listening),
            ):
                async with hub.database.unit() as session:
                    await partitions.ensure_months(session, clock.now())
                yield Town(hub, world, url)
        finally:
            await world.stop()


@asynccontextmanager
async def working(hub: Hub) -> AsyncIterator[None]:
    """A worker, stopped as SIGTERM stops it."""
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(hub, stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(running, 20)


@asynccontextmanager
async def serving(hub: Hub, listening: socket.socket) -> AsyncIterator[None]:
    """The whole application on a socket which takes connections from the start."""
    config = uvicorn.Config(create_app(hub), log_config=None, access_log=False, lifespan="off", ws="none")
    config.timeout_graceful_shutdown = 1
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield
    finally:
        server.should_exit = True
        await task


def _outside(url: str) -> SandboxSettings:
    return SandboxSettings(
        account_sid=SID,
        auth_token=TOKEN,
        mailboxes={OURS: Account(OURS, "sandbox")},
        numbers=(
            CompanyNumber(TEXTS, sms_url=f"{url}/webhooks/sms/message"),
            CompanyNumber(
                CALLS,
                voice_url=f"{url}/webhooks/voice/incoming",
                status_callback=f"{url}/webhooks/voice/call-status",
            ),
        ),
        pace=0,
    )


def _settings(world: World, url: str, folder: Path, rate: float, gate: Mapping[str, Any]) -> Settings:
    server = {"host": "127.0.0.1", "security": "none", "username": OURS, "password": "sandbox"}
    twilio = {"provider": "twilio", "account_sid": SID, "auth_token": TOKEN, "base_url": world.carrier.base_url}
    allowed = {"rate": rate, "burst": max(rate / 10, 1)}
    mail = {
        "address": OURS,
        "smtp": {**server, "port": world.mail.smtp_port},
        "imap": {**server, "port": world.mail.imap_port, "poll_seconds": 0.5},
    }
    return Settings.model_validate(
        {
            "hub": {"name": "Meadow & Sons", "public_url": url, "data_dir": folder},
            "gate": dict(gate),
            "desk": {"undo_seconds": 0},
            "channels": {
                "mail": {"kind": "email", "provider": "smtp", **allowed, **mail},
                "sms": {"kind": "sms", "number": TEXTS, **allowed, **twilio},
                "voice": {"kind": "voice", "number": CALLS, **allowed, **twilio},
            },
        }
    )
