"""`hub run` watches over its processes: a crashed one comes back, a stop loses nothing and leaves nobody behind."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiosmtpd.smtp import SMTP
from sqlmodel import col, select

from channels.message import Kind
from hub import clock
from hub.bootstrap import Hub, open_hub
from hub.customers import directory
from hub.database import embedded
from hub.models import Interaction
from hub.models.vocabulary import Origin, Purpose, State
from hub.outbound import request
from hub.reports.health import doctor
from hub.settings import load
from tests.cli.shell import Shell, free_ports

STOP_SECONDS = 10.0
PATIENCE = 60
LETTERS = 3  # fewer than a mail server is asked to take at once


class Post:
    """A mail server that takes mail at once, or lets those who bring it wait for their receipt."""

    def __init__(self) -> None:
        self.brought: list[str] = []
        self.open = asyncio.Event()
        self.open.set()
        self._news = asyncio.Event()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.brought += envelope.rcpt_tos
        self._news.set()
        await self.open.wait()
        return "250 OK"

    async def until(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE):
            while len(self.brought) < count:
                await self._news.wait()
                self._news.clear()


@pytest.fixture
async def post() -> AsyncIterator[tuple[Post, int]]:
    post = Post()
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(post), "127.0.0.1", 0)
    async with server:
        yield post, server.sockets[0].getsockname()[1]


@pytest.fixture
def office(post: tuple[Post, int], tmp_path: Path) -> Shell:
    """A company with one mail account and the bundled database."""
    (port,) = free_ports(1)
    (tmp_path / "config.toml").write_text(f"""
[hub]
public_url = "http://127.0.0.1:{port}"
[web]
port = {port}
[channels.mail]
kind = "email"
provider = "smtp"
rate = 100
burst = 100
address = "support@meadow.example"
smtp = {{ host = "127.0.0.1", port = {post[1]}, security = "none" }}
""")
    return Shell(tmp_path)


async def test_a_killed_worker_comes_back_and_a_stop_settles_what_is_in_flight(
    office: Shell, post: tuple[Post, int]
) -> None:
    server, data = post[0], office.folder / "data"
    process = await office.start(("run",), {}, stderr=None)
    try:
        await _ready(office)
        async with _desk(office) as hub:
            (worker,) = await _children(process.pid, "worker")
            os.kill(worker, signal.SIGKILL)
            await _write(hub, "ana")
            await server.until(1)  # only another worker can have brought it
            (again,) = await _children(process.pid, "worker")
            assert again != worker
            await _settled(hub)

            server.open.clear()
            for number in range(LETTERS):
                await _write(hub, f"person{number}")
            await server.until(1 + LETTERS)
        family = [process.pid, *_descendants(process.pid), _postmaster(data)]
        began = time.monotonic()
        process.terminate()
        await _gone(office)
        server.open.set()
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
        assert time.monotonic() - began < STOP_SECONDS
        assert [pid for pid in family if _runs(pid)] == []
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()

    assert sorted(server.brought) == sorted(["ana@mail.example"] + [f"person{n}@mail.example" for n in range(LETTERS)])
    with embedded.server(data / "postgres"):
        async with _desk(office) as hub:
            await _settled(hub)
            async with hub.database.unit() as session:
                assert await doctor(session, now=clock.now()) == []


async def test_a_killed_bundled_database_comes_back_and_the_work_goes_on(office: Shell, post: tuple[Post, int]) -> None:
    data = office.folder / "data"
    process = await office.start(("run",), {}, stderr=None)
    try:
        await _ready(office)
        killed = _postmaster(data)
        os.kill(killed, signal.SIGKILL)
        await _unready(office)
        await _ready(office)
        assert _postmaster(data) != killed
        async with _desk(office) as hub:
            await _write(hub, "ana")
            await post[0].until(1)
            await _settled(hub)
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), PATIENCE)
    assert list((data / "postgres").glob("data-*/postmaster.pid")) == []  # it was stopped with the others


@asynccontextmanager
async def _desk(office: Shell) -> AsyncIterator[Hub]:
    """A hub on the same database and secret as the processes', to write with and to look into the log."""
    settings = load(office.folder / "config.toml")
    there = settings.model_copy(update={"hub": settings.hub.model_copy(update={"data_dir": office.folder / "data"})})
    async with open_hub(there, embedded.url(office.folder / "data" / "postgres")) as hub:
        yield hub


async def _write(hub: Hub, name: str) -> None:
    async with hub.database.unit() as session:
        new = directory.NewCustomer(name, emails=(f"{name}@mail.example",))
        customer = await directory.create(session, new, now=clock.now())
        words = request.Words("Hello", subject="Hello")
        asked = request.Request(customer.id, Purpose.SERVICE, Origin.AGENT, words, kinds=(Kind.EMAIL,))
        answer = await request.send(session, asked, gate=hub.gate, now=clock.now())
        assert isinstance(answer, request.Placed)


async def _settled(hub: Hub) -> None:
    """Every message is sent, and written down as such."""

    async def states() -> set[State]:
        async with hub.database.unit() as session:
            return set(await session.exec(select(col(Interaction.state))))

    async with asyncio.timeout(PATIENCE), hub.live.subscribe() as happenings:
        while await states() != {State.SENT}:
            await happenings.get()


async def _ready(office: Shell) -> None:
    await _health(office, 200)


async def _unready(office: Shell) -> None:
    await _health(office, 503)


async def _health(office: Shell, status: int) -> None:
    """The web server says so about itself."""
    async with aiohttp.ClientSession() as client:

        async def answers() -> bool:
            try:
                async with client.get(f"{_url(office)}/health/ready") as answer:
                    return answer.status == status
            except aiohttp.ClientError:
                return False

        await _eventually(answers)


async def _gone(office: Shell) -> None:
    """The web server takes no requests any more."""
    host, _, port = _url(office).removeprefix("http://").partition(":")

    async def refuses() -> bool:
        try:
            _, writer = await asyncio.open_connection(host, int(port))
        except OSError:
            return True
        writer.close()
        return False

    await _eventually(refuses)


def _url(office: Shell) -> str:
    return load(office.folder / "config.toml").hub.public_url


async def _eventually(is_so: Callable[[], Any]) -> None:
    """What happens in other processes announces itself to nobody: look until it is so."""
    async with asyncio.timeout(PATIENCE):
        while not await is_so():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def _children(parent: int, command: str) -> list[int]:
    return [pid for pid in _descendants(parent) if f"\0hub\0{command}\0" in _command(pid)]


def _descendants(parent: int) -> list[int]:
    try:
        direct = [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    except OSError:  # over in the meantime
        return []
    return direct + [below for pid in direct for below in _descendants(pid)]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def _runs(pid: int) -> bool:
    """Is it there, and no zombie?"""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _postmaster(data: Path) -> int:
    (file,) = (data / "postgres").glob("data-*/postmaster.pid")
    return int(file.read_text().split()[0])
