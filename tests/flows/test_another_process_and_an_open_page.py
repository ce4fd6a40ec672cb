"""A page that is open at one web server shows at once what happens in other processes: in a worker that reads the
mailbox, and at a second web server where a colleague sits. Each is the real command, on the same database.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, expect

from channels.sandbox.mail import Account
from channels.sandbox.world import SandboxSettings, World
from hub import clock
from hub.bootstrap import Hub
from hub.models.vocabulary import Role
from hub.staff import accounts
from tests.cli.shell import free_ports
from tests.flows.browsing import chromium, in_chromium, never_loaded_again, sit_down
from tests.flows.town import OURS, PASSWORD, SID, TOKEN, serving
from tests.killing import company, hub_command

pytestmark = in_chromium
MAILBOX, QUESTION, NOTE, ANSWER = (
    "ana@nowak.example",
    "Invoice 118 is wrong",
    "Checked: she is right",
    "It is put right.",
)
PATIENCE = 120  # seconds: a process that starts on a busy machine


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


async def test_what_a_worker_and_another_web_server_do_shows_on_an_open_page(
    database_url: str, tmp_path: Path, browser: Browser
) -> None:
    async with (
        _meadow(database_url, tmp_path) as (world, here),
        _process(tmp_path, "worker"),
        _second_web_server(tmp_path) as there,
    ):
        desk = await sit_down(browser, here, "agent", path="/inbox/all")
        await world.mail.write(MAILBOX, OURS, QUESTION, "The amount is twice what we agreed.")
        await desk.click(".news:has-text('1 new')")
        await desk.click(f".line:has-text('{QUESTION}')")
        await expect(desk.locator("#thread .bubble.in .text")).to_contain_text("twice what we agreed")

        lead = await sit_down(browser, there, "supervisor", path=desk.url.removeprefix(here))
        await expect(desk.locator("#presence")).to_contain_text("Sofia Lead")
        await expect(lead.locator("#presence")).to_contain_text("Olga Agent")
        await lead.select_option("[data-key=assign]", label="Me")
        await expect(desk.locator("[data-key=assign] option:checked")).to_have_text("Sofia Lead")
        await lead.get_by_role("radio", name="Private note").check()
        await lead.fill(".composer textarea", NOTE)
        await lead.click("[data-send]")
        await expect(desk.locator("#thread .bubble.note .text")).to_have_text(NOTE)
        await lead.get_by_role("radio", name="Email").check()
        await lead.fill(".composer textarea", ANSWER)
        await lead.click("[data-send]")
        await expect(desk.locator("#thread .bubble.out .text")).to_contain_text(ANSWER)
        await expect(desk.locator("#thread .bubble.out .state")).to_contain_text("sent")  # the worker's doing
        await lead.click("#settle")
        await expect(desk.locator("#thread-head")).to_contain_text("resolved")
        await expect(desk.locator(".line.gone")).to_contain_text("resolved")
        assert await never_loaded_again(desk)


@asynccontextmanager
async def _meadow(database_url: str, folder: Path) -> AsyncIterator[tuple[World, str]]:
    """The outside world, and the address of the first web server, which runs in this process."""
    world = World(
        SandboxSettings(account_sid=SID, auth_token=TOKEN, mailboxes={OURS: Account(OURS, "sandbox")}, pace=0)
    )
    await world.start()
    try:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            port = listening.getsockname()[1]
            channels = {"mail": _mail(world)}
            async with company(folder, database_url, channels, port=port) as hub, serving(hub, listening):
                await _hire(hub)
                yield world, f"http://127.0.0.1:{port}"
    finally:
        await world.stop()


def _mail(world: World) -> dict[str, object]:
    server = {"host": "127.0.0.1", "security": "none", "username": OURS, "password": "sandbox"}
    return {
        "kind": "email",
        "provider": "smtp",
        "address": OURS,
        "rate": 100,
        "smtp": {**server, "port": world.mail.smtp_port},
        "imap": {**server, "port": world.mail.imap_port, "poll_seconds": 0.5},
    }


async def _hire(hub: Hub) -> None:
    async with hub.database.unit() as session:
        for role, name in ((Role.AGENT, "Olga Agent"), (Role.SUPERVISOR, "Sofia Lead")):
            staff = await accounts.create(
                session, email=f"{role}@meadow.example", name=name, role=role, password=PASSWORD, now=clock.now()
            )
            await accounts.set_undo_seconds(session, staff.id or 0, 0, now=clock.now())


@asynccontextmanager
async def _second_web_server(folder: Path) -> AsyncIterator[str]:
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    async with _process(folder, "web", HUB_WEB__PORT=str(port)) as process, httpx.AsyncClient() as client:
        async with asyncio.timeout(PATIENCE):
            while not await _answers(client, url):
                assert process.returncode is None, "it ended by itself"
                await asyncio.sleep(0.05)
        yield url


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(f"{url}/sign-in")).status_code == 200
    except httpx.TransportError:
        return False


@asynccontextmanager
async def _process(folder: Path, name: str, **environment: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """`hub NAME` with the company's configuration, ended by SIGTERM."""
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *hub_command(folder, name), stdin=quiet, stdout=quiet, env={**os.environ, **environment}
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), PATIENCE)
