"""smtp-wire and smtp-distance: what the connections carry when the mails are already written.

On loopback against Postfix's smtp-source, which keeps its connections but does not pipeline; and 20 ms away against
aiosmtplib, one mail at a time on each of as many connections. The sink and the mails are the same.
"""

from __future__ import annotations

import asyncio
import gc
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import aiosmtplib
import uvloop

from channels.email.compose import compose
from channels.email.envelope import Mail, envelope_of, wire_form
from channels.email.pool import Pool
from channels.email.settings import Smtp
from channels.email.smtp_login import Login
from tests.bench.figures import Figure, compare, unavailable
from tests.bench.letters import OWN, outbound
from tests.bench.processes import free_port, listening

UNIT = "mails/s"
WIRE, SOURCE, WIRE_GOAL = "smtp-wire", "smtp-source -d", 1.3
FAR, LIBRARY, FAR_GOAL = "smtp-distance", "aiosmtplib at 20 ms", 3.5
MAILS, CONNECTIONS, AT_ONCE = 20_000, 16, 64
FAR_MAILS, FAR_CONNECTIONS, ROUND_TRIP_MS = 600, 4, 20


def measure() -> Figure:
    """Mails a second that were handed over, loopback, no TLS."""
    if missing := _missing("smtp-sink", "smtp-source"):
        return unavailable(WIRE, UNIT, SOURCE, missing)
    with _sink() as port, tempfile.TemporaryDirectory() as folder:
        letter = Path(folder) / "letter.eml"
        letter.write_bytes(_letter().replace(b"\r\n", b"\n"))
        source = [_tool("smtp-source"), "-d", "-s", str(CONNECTIONS), "-m", str(MAILS), "-F", str(letter)]
        source += ["-f", OWN.value, "-t", "customer@people.example", f"127.0.0.1:{port}"]
        figure = compare(
            WIRE, UNIT, SOURCE, lambda: uvloop.run(_carry(port, MAILS, CONNECTIONS, AT_ONCE)), lambda: _timed(source)
        )
    return replace(figure, goal=WIRE_GOAL)


def measure_far() -> Figure:
    """The same through a relay of 20 ms there and back; connecting is not counted."""
    if missing := _missing("smtp-sink"):
        return unavailable(FAR, UNIT, LIBRARY, missing)
    far = free_port()
    with _sink() as port:
        relay = [sys.executable, "-m", "tests.bench.delay_proxy", str(far), str(port), str(ROUND_TRIP_MS)]
        with listening(far, relay):
            ours = lambda: uvloop.run(_carry(far, FAR_MAILS, FAR_CONNECTIONS, FAR_CONNECTIONS * 3))  # noqa: E731
            figure = compare(FAR, UNIT, LIBRARY, ours, lambda: uvloop.run(_by_the_library(far)), rounds=3)
    return replace(figure, goal=FAR_GOAL)


def _missing(*tools: str) -> str:
    lacking = [tool for tool in tools if not _tool(tool)]
    return f"{' and '.join(lacking)} not found; Debian's postfix has them" if lacking else ""


def _tool(name: str) -> str:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin") or ""


@contextmanager
def _sink() -> Iterator[int]:
    port, as_nobody = free_port(), ["-u", "nobody"] if os.geteuid() == 0 else []
    with listening(port, [_tool("smtp-sink"), *as_nobody, f"127.0.0.1:{port}", "256"]):
        yield port


def _letter() -> bytes:
    return compose(outbound(0), OWN, datetime(2026, 3, 10, tzinfo=UTC))


def _timed(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return MAILS / (time.perf_counter() - began)


async def _carry(port: int, mails: int, connections: int, at_once: int) -> float:
    settings = Smtp.model_validate(
        {"host": "127.0.0.1", "port": port, "security": "none", "connections": connections}
        | {"mails_per_connection": mails}
    )
    pool = Pool(settings, Login("bench", settings, "meadow.example"))
    envelope, body, loop = envelope_of(outbound(0), OWN), wire_form(_letter()), asyncio.get_running_loop()

    async def worker(numbers: Iterator[int]) -> None:
        for _ in numbers:
            await pool.carry(Mail(envelope, body, loop.create_future()))

    async def run(count: int) -> None:
        numbers = iter(range(count))
        await asyncio.gather(*(worker(numbers) for _ in range(at_once)))

    await run(at_once)  # connects
    gc.collect()
    began = time.perf_counter()
    await run(mails)
    seconds = time.perf_counter() - began
    await pool.close()
    return mails / seconds


async def _by_the_library(port: int) -> float:
    """Its fastest honest way: bytes that are ready, connections kept."""
    letter, numbers = _letter(), iter(range(FAR_MAILS // 4))
    clients = [aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False) for _ in range(FAR_CONNECTIONS)]
    await asyncio.gather(*(client.connect() for client in clients))

    async def worker(client: aiosmtplib.SMTP) -> None:
        for _ in numbers:
            await client.sendmail(OWN.value, ["customer@people.example"], letter)

    began = time.perf_counter()
    await asyncio.gather(*map(worker, clients))
    seconds = time.perf_counter() - began
    await asyncio.gather(*(client.quit() for client in clients))
    return FAR_MAILS // 4 / seconds
