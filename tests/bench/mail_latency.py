"""mail-latency: from the server's announcement (IDLE) until open desks hear that there is a new mail."""

from __future__ import annotations

import asyncio
import contextlib
import imaplib
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import uvloop

from hub.bootstrap import open_hub, prepare
from hub.database import embedded
from hub.jobs import listen, read
from hub.live import Happening
from hub.settings import Settings
from tests.bench.figures import Figure, say, unavailable
from tests.bench.letters import received
from tests.dovecot import PASSWORD, PROGRAM, Dovecot, dovecot

NAME, UNIT, GOAL = "mail-latency", "ms, p95", 700.0
MAILS = int(os.environ.get("BENCH_MAILS", "100"))
FOLDERS = ("INBOX", "Sales", "Orders", "Press", "Jobs")  # each is watched by itself


def measure() -> Figure:
    """The ratio says how many times quicker than 700 ms the p95 is. The database is durable."""
    if PROGRAM is None:
        return unavailable(NAME, UNIT, "700 ms", "Dovecot not found; Debian's dovecot-imapd has it")
    with (
        dovecot() as peer,
        tempfile.TemporaryDirectory(prefix="hub-bench-") as name,
        embedded.server(Path(name) / "postgres") as url,
    ):
        asyncio.run(prepare(url))
        _append(peer, dict(zip(FOLDERS, received(len(FOLDERS)), strict=True)))
        took = sorted(uvloop.run(_measure(peer, Path(name), url)))
    p95 = took[int(len(took) * 0.95)] * 1e3
    middle, most = statistics.median(took) * 1e3, took[-1] * 1e3
    say(
        f"{NAME}: {len(took)} mails in {len(FOLDERS)} folders: p50 {middle:.0f} ms, p95 {p95:.0f} ms, max {most:.0f} ms"
    )
    return Figure(NAME, UNIT, p95, "700 ms", GOAL / p95, 1.0, rounds=tuple(one * 1e3 for one in took))


async def _measure(peer: Dovecot, folder: Path, url: str) -> list[float]:
    way, stop = _Way(peer.port), asyncio.Event()
    server = await asyncio.start_server(way.serve, "127.0.0.1", 0)
    settings = Settings.model_validate(_settings(server.sockets[0].getsockname()[1], folder))
    async with open_hub(settings, url) as hub, hub.live.subscribe() as happenings:
        loops = [asyncio.create_task(loop(hub, stop)) for loop in (listen.run, read.run)]
        await way.quiet()
        took = [
            await _one(peer, way, happenings, FOLDERS[number % len(FOLDERS)], mail)
            for number, mail in enumerate(received(MAILS + len(FOLDERS))[len(FOLDERS) :])
        ]
        stop.set()
        await asyncio.gather(*loops)
    server.close()
    return took


async def _one(peer: Dovecot, way: _Way, happenings: asyncio.Queue[Happening], folder: str, mail: bytes) -> float:
    way.announced = 0.0
    delivering = asyncio.create_task(asyncio.to_thread(_append, peer, {folder: mail}))
    await _heard(happenings)
    took = time.perf_counter() - way.announced
    await delivering
    await way.quiet()
    return took


async def _heard(happenings: asyncio.Queue[Happening]) -> None:
    async with asyncio.timeout(60):
        while (await happenings.get()).topic != "conversation":
            pass


class _Way:
    """The way between hub and server, where the announcement passes."""

    def __init__(self, to: int) -> None:
        self._to = to
        self.announced = 0.0
        self._idling = 0
        self._changed = asyncio.Event()

    async def quiet(self) -> None:
        """Until every folder is waited on again."""
        async with asyncio.timeout(60):
            while self._idling < len(FOLDERS):
                self._changed.clear()
                await self._changed.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        with contextlib.suppress(OSError):
            await asyncio.gather(self._up(reader, far_writer), self._down(far_reader, writer))

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for data in _pieces(reader):
            if data == b"DONE\r\n":
                self._idling -= 1
            writer.write(data)
        writer.close()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for data in _pieces(reader):
            if waiting := data.count(b"+ idling"):  # on a busy machine behind something else in the same piece
                self._idling += waiting
                self._changed.set()
            if b" EXISTS" in data and not self.announced:
                self.announced = time.perf_counter()
            writer.write(data)
        writer.close()


async def _pieces(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while data := await reader.read(65_536):
        yield data


def _append(peer: Dovecot, mails: dict[str, bytes]) -> None:
    with imaplib.IMAP4("127.0.0.1", peer.port) as imap:
        imap.login("bench", PASSWORD)
        for folder, mail in mails.items():
            imap.create(folder)
            imap.append(folder, "", "", mail)


def _settings(port: int, folder: Path) -> dict[str, Any]:
    server = {"host": "127.0.0.1", "security": "none", "username": "bench", "password": PASSWORD}
    imap = {**server, "port": port, "folders": FOLDERS, "poll_seconds": 600, "since_days": 0}
    smtp = {**server, "port": 1}
    mail = {"kind": "email", "provider": "smtp", "address": "support@meadow.example", "smtp": smtp, "imap": imap}
    return {"hub": {"data_dir": str(folder / "data")}, "channels": {"mail": mail}}
